"""DuckDB: a relation, or SQL and a connection; the query runs anew for each pass, read as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DataError
from ..frame.interchange import marked
from .batches import Batches, BatchTable
from .reading import first_line, meta_of, piece_rows
from .sql import open_sql, quoted


def open_relation(relation: Any) -> BatchTable:
    """A DuckDB relation; only the columns that are used are asked of it.

    Raises
    ------
    DataError
        The query fails.
    """
    with querying():
        reader = _reader(relation.limit(0), 1)
        schema = marked(reader.schema, everything=True)
        reader.read_all()
    return BatchTable(_Read(relation), meta_of(schema), ("duckdb", id(relation), relation.sql_query()))


def open_query(query: tuple[str, Any]) -> BatchTable:
    """SQL on a connection."""
    sql, connection = query
    if not hasattr(connection, "sql"):
        return open_sql(sql, connection)
    with querying():
        relation = connection.sql(sql)
    if relation is None:
        raise DataError(f"the SQL gives no table: expected a query, got {sql!r}")
    return open_relation(relation)


@contextmanager
def querying() -> Iterator[None]:
    """Names the database where a query fails."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.lstrip("_").startswith("duckdb"):
            raise
        raise DataError(f"DuckDB could not run the query: {first_line(error)}") from error


class _Read:
    """Batches of some columns of a relation."""

    def __init__(self, relation: Any) -> None:
        self.relation = relation

    def __call__(self, columns: tuple[str, ...]) -> Batches:
        chosen = ", ".join(map(quoted, columns)) or "1"
        with querying():
            yield from _batches(self.relation.project(chosen), piece_rows(len(columns)))

    def sampled(self, columns: tuple[str, ...], sample: int) -> tuple[int, int]:
        """How many rows there are of the first so many, and how many of them differ."""
        with querying():
            some = self.relation.limit(sample).project(", ".join(map(quoted, columns)))
            ((n,),), ((distinct,),) = (
                rows.aggregate("count(*)").fetchall() for rows in (some, some.distinct())
            )
        return n, distinct

    def counted(self, columns: tuple[str, ...], name: str) -> Batches:
        """The rows that differ, and under `name` how many there are of each."""
        texts = {
            column
            for column, kind in zip(self.relation.columns, self.relation.types, strict=True)
            if str(kind) == "VARCHAR"
        }
        keys = [f"{quoted(c)} COLLATE C" if c in texts else quoted(c) for c in columns]
        chosen = [f"{key} AS {quoted(c)}" for key, c in zip(keys, columns, strict=True)]
        values = ", ".join([*chosen, f"count(*) AS {quoted(name)}"])
        with querying():
            yield from _batches(self.relation.aggregate(values, ", ".join(keys)), piece_rows(len(columns)))


def _batches(relation: Any, rows: int) -> Batches:
    reader = _reader(relation, rows)
    try:
        schema = marked(reader.schema, everything=True)  # a dictionary is an ENUM, which has an order
        for batch in reader:
            yield batch.replace_schema_metadata(None).cast(schema), "the DuckDB query"
    finally:
        reader.close()


def _reader(relation: Any, rows: int) -> Any:
    """A record batch reader, by the name that this version of DuckDB has for it."""
    for name in ("to_arrow_reader", "fetch_arrow_reader", "fetch_record_batch"):
        if (method := getattr(relation, name, None)) is not None:
            return method(rows)
    raise DataError("this version of DuckDB cannot be read as Arrow batches: install duckdb 1.0 or later")
