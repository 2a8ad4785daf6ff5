"""Queries of databases by their own drivers: SQLite (stdlib), PostgreSQL (psycopg), any database by ADBC.

The query runs anew for each pass, for the columns that are asked for, and its rows come as Arrow batches. Which type
a column has is known before the first row: PostgreSQL says it, ADBC's schema does, and SQLite, where each value has a
type of its own, is asked which of them occur.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import DataError
from ..frame.interchange import DECLARED, arrow, marked
from .batches import Batches, BatchTable
from .reading import first_line, meta_of

FETCHED = 2**14  # rows of a driver that gives tuples


@dataclass(frozen=True)
class Column:
    """A column of a query.

    Attributes
    ----------
    name : str
    read : str
        The expression that reads it.
    field : pyarrow.Field
        As it comes.
    text : bool
        Compared by a collation, under which unequal strings may be equal.
    """

    name: str
    read: str
    field: Any
    text: bool


class Driver(Protocol):
    """What is known of a database."""

    @property
    def name(self) -> str: ...
    @property
    def collation(self) -> str: ...

    def columns(self, connection: Any, sql: str) -> list[Column]: ...
    def batches(
        self, connection: Any, statement: str, columns: Sequence[Column]
    ) -> Generator[Any, None, None]: ...


def open_sql(sql: str, connection: Any) -> BatchTable:
    """The rows of a query.

    Raises
    ------
    DataError
        No driver that is known, or the query fails.
    """
    driver = driver_of(connection)
    text = sql.strip().rstrip(";")
    with querying(driver):
        columns = driver.columns(connection, text)
    names = [column.name for column in columns]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"the query gives two columns called '{twice[0]}': rename one, with AS")
    schema = arrow().schema([column.field for column in columns])
    read = Query(connection, text, tuple(columns), driver)
    return BatchTable(read, meta_of(marked(schema)), (driver.name, id(connection), text))


def driver_of(connection: Any) -> Driver:
    """Of a connection.

    Raises
    ------
    DataError
    """
    package = type(connection).__module__.partition(".")[0]
    if hasattr(connection, "adbc_get_info"):
        return Adbc(vendor_of(connection))
    if package == "sqlite3":
        return SQLite()
    if package == "psycopg" and hasattr(connection, "cursor"):
        return PostgreSQL()
    raise DataError(
        f"data=(sql, connection) needs a DuckDB connection, not {type(connection).__name__}, or one of sqlite3, "
        "psycopg or an ADBC driver"
    )


@dataclass(frozen=True)
class Query:
    """Batches of some columns of a query; equal rows are counted on request."""

    connection: Any
    sql: str
    columns: tuple[Column, ...]
    driver: Driver

    def __call__(self, columns: tuple[str, ...]) -> Batches:
        wanted = self.chosen(columns)
        chosen = ", ".join(f"{column.read} AS {quoted(column.name)}" for column in wanted) or "1 AS one"
        yield from self.batches(f"SELECT {chosen} FROM ({self.sql}) AS t", wanted)

    def batches(self, statement: str, columns: Sequence[Column]) -> Batches:
        with (
            querying(self.driver),
            closing(self.driver.batches(self.connection, statement, columns)) as batches,
        ):
            for batch in batches:
                yield batch, f"the {self.driver.name} query"

    def chosen(self, names: tuple[str, ...]) -> list[Column]:
        known = {column.name: column for column in self.columns}
        return [known[name] for name in names]

    def sampled(self, columns: tuple[str, ...], sample: int) -> tuple[int, int]:
        """How many rows there are of the first so many, and how many of them differ."""
        names = ", ".join(map(quoted, columns))
        some = f"SELECT {names} FROM ({self.sql}) AS t LIMIT {sample}"
        with querying(self.driver), closing(self.connection.cursor()) as cursor:
            return (
                _value(cursor, f"SELECT count(*) FROM ({some}) AS s"),
                _value(cursor, f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM ({some}) AS s) AS d"),
            )

    def counted(self, columns: tuple[str, ...], name: str) -> Batches:
        """The rows that differ, and under `name` how many there are of each."""
        wanted = self.chosen(columns)
        keys = [
            f"{column.read}{self.driver.collation * column.text} AS {quoted(column.name)}"
            for column in wanted
        ]
        groups = ", ".join(str(k + 1) for k in range(len(keys)))
        statement = (
            f"SELECT {', '.join(keys)}, count(*) AS {quoted(name)} FROM ({self.sql}) AS t GROUP BY {groups}"
        )
        count = Column(name, "", arrow().field(name, arrow().int64()), False)
        yield from self.batches(statement, [*wanted, count])


def quoted(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _value(cursor: Any, statement: str) -> Any:
    """The one value that a query gives."""
    cursor.execute(statement)
    return cursor.fetchone()[0]


@contextmanager
def querying(driver: Driver) -> Iterator[None]:
    """Names the database where a query fails."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg", "adbc_driver_manager"):
            raise
        raise DataError(f"{driver.name} could not run the query: {first_line(error)}") from error


def of_tuples(rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> Any:
    """A batch of rows that came as tuples."""
    pa = arrow()
    values = list(zip(*rows, strict=True))
    fields = [column.field for column in columns] or [pa.field("one", pa.int64())]
    arrays = []
    for field, column in zip(fields, values, strict=True):
        if pa.types.is_dictionary(field.type):
            place = {level: k for k, level in enumerate(field.metadata[LEVELS].decode().split("\0"))}
            codes = pa.array([None if v is None else place[v] for v in column], pa.int32())
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array(list(place))))
        else:
            arrays.append(pa.array(column, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


LEVELS = b"glmformula:levels"


class SQLite:
    """sqlite3: values have types, columns have not."""

    name = "SQLite"
    collation = " COLLATE BINARY"

    def columns(self, connection: Any, sql: str) -> list[Column]:
        pa = arrow()
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM ({sql}) AS t LIMIT 0")
            names = [entry[0] for entry in cursor.description]
            kinds = ("text", "real", "blob", "integer")
            asked = [f"max(typeof({quoted(name)}) = '{kind}')" for name in names for kind in kinds]
            cursor.execute(f"SELECT {', '.join(asked)} FROM ({sql}) AS t")
            found = cursor.fetchone()
        out = []
        for k, name in enumerate(names):
            text, real, blob, integer = map(bool, found[4 * k : 4 * k + 4])
            kind = pa.float64() if real else pa.int64()
            if text and not (real or integer):
                kind = pa.string()
            elif text or blob:
                kind = pa.binary()  # of more than one kind: refused by name where it is used
            elif not integer and not real:
                kind = pa.float64()
            read = quoted(name)
            if kind == pa.binary():
                read = f"CAST({read} AS BLOB)"
            out.append(Column(name, read, pa.field(name, kind), text))
        return out

    def batches(
        self, connection: Any, statement: str, columns: Sequence[Column]
    ) -> Generator[Any, None, None]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(FETCHED):
                yield of_tuples(rows, columns)


class PostgreSQL:
    """psycopg 3: COPY gives the rows as they come, in a transaction or without."""

    name = "PostgreSQL"
    collation = ' COLLATE "C"'
    texts = frozenset({18, 19, 25, 1042, 1043})

    def columns(self, connection: Any, sql: str) -> list[Column]:
        pa = arrow()
        kinds = {
            16: pa.bool_(),
            **dict.fromkeys((20, 21, 23, 26), pa.int64()),
            **dict.fromkeys((700, 701, 1700), pa.float64()),
            **dict.fromkeys(self.texts, pa.string()),
            1082: pa.date32(),
            1114: pa.timestamp("us"),
            1184: pa.timestamp("us", "UTC"),
        }
        out = []
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({sql}) AS t LIMIT 0")
            described = [(entry.name, entry.type_code) for entry in cursor.description]
            for name, code in described:
                read, kind, levels = quoted(name), kinds.get(code), []
                if kind is None:
                    cursor.execute(
                        "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s ORDER BY enumsortorder", (code,)
                    )
                    levels = [row[0] for row in cursor.fetchall()]
                    read = f"CAST({read} AS text)"
                    kind = pa.dictionary(pa.int32(), pa.string()) if levels else pa.string()
                elif code == 1700:
                    read = f"CAST({read} AS double precision)"
                elif code in (18, 19, 1042):
                    read = f"CAST({read} AS text)"
                meta = {DECLARED: b"", LEVELS: "\0".join(levels).encode()} if levels else None
                text = not levels and pa.types.is_string(kind)
                out.append(Column(name, read, pa.field(name, kind, metadata=meta), text))
        return out

    def batches(
        self, connection: Any, statement: str, columns: Sequence[Column]
    ) -> Generator[Any, None, None]:
        pa = arrow()
        named = {pa.bool_(): "bool", pa.int64(): "int8", pa.float64(): "float8", pa.date32(): "date"}
        named |= {pa.timestamp("us"): "timestamp", pa.timestamp("us", "UTC"): "timestamptz"}
        types = [named.get(column.field.type, "text") for column in columns] or ["int8"]
        casts = ", ".join(
            f"CAST({quoted(name)} AS {kind})"
            for name, kind in zip([column.name for column in columns] or ["one"], types, strict=True)
        )
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY (SELECT {casts} FROM ({statement}) AS r) TO STDOUT (FORMAT BINARY)") as copy,
        ):
            copy.set_types(types)
            rows = []
            for row in copy.rows():
                rows.append(row)
                if len(rows) == FETCHED:
                    yield of_tuples(rows, columns)
                    rows = []
            if rows:
                yield of_tuples(rows, columns)


@dataclass(frozen=True)
class Adbc:
    """ADBC: the driver gives Arrow batches."""

    vendor: str
    name = "ADBC"

    @property
    def collation(self) -> str:
        by_bytes = {"postgresql": PostgreSQL.collation, "sqlite": SQLite.collation, "duckdb": " COLLATE C"}
        return by_bytes.get(self.vendor, "")

    def columns(self, connection: Any, sql: str) -> list[Column]:
        pa = arrow()
        limit = "" if self.vendor == "sqlite" else " LIMIT 0"  # SQLite's driver tells types by the first rows
        out = []
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM ({sql}) AS t{limit}")
            with cursor.fetch_record_batch() as reader:
                schema = reader.schema
        for field in schema:
            read, kind = quoted(field.name), field.type
            if (field.metadata or {}).get(b"ADBC:postgresql:typname") == b"numeric":
                read, kind = f"CAST({read} AS double precision)", pa.float64()
            out.append(Column(field.name, read, pa.field(field.name, kind), pa.types.is_string(kind)))
        return out

    def batches(
        self, connection: Any, statement: str, columns: Sequence[Column]
    ) -> Generator[Any, None, None]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            with cursor.fetch_record_batch() as reader:
                for batch in reader:
                    kinds = [
                        column.field
                        if batch.schema.field(k).type != column.field.type
                        else batch.schema.field(k)
                        for k, column in enumerate(columns)
                    ]
                    yield batch.cast(arrow().schema(kinds)) if columns else batch


def vendor_of(connection: Any) -> str:
    """The database behind an ADBC driver, in lower case."""
    try:
        return str(connection.adbc_get_info().get("vendor_name", "")).lower()
    except Exception:  # a driver need not know
        return ""
