"""Which kind of data is opened how: a table of tests and openers, tried in order."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from ..frame.interchange import is_lazy, is_stream
from ..frame.pieces import Table

NOT_COUNTED = (
    "compress=True lets a database count equal rows: expected data=(sql, connection) or a relation of DuckDB, "
    "PostgreSQL, SQLite or Spark; compress='auto' reads other data as they are"
)
Opener = Callable[[Any], Table]


def _is_path(data: Any) -> bool:
    """One path, or a list of them."""
    if isinstance(data, list | tuple) and data:
        return all(isinstance(item, str | Path) for item in data)
    return isinstance(data, str | Path)


def _is_dataset(data: Any) -> bool:
    return type(data).__module__.startswith("pyarrow._dataset") and hasattr(data, "to_batches")


def _named(kind: str) -> Callable[[Any], bool]:
    """Of a class of that name."""
    return lambda data: type(data).__name__ == kind


def _is_dask(data: Any) -> bool:
    package = type(data).__module__.partition(".")[0]
    # the second before 2025.1: refused, but as Dask
    return package in ("dask", "dask_expr") and type(data).__name__ == "DataFrame"


def _is_spark(data: Any) -> bool:
    """Of a classic session or of Spark Connect."""
    return type(data).__module__.startswith("pyspark.sql") and type(data).__name__ == "DataFrame"


def _is_query(data: Any) -> bool:
    return isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], str)


def _opener(module: str, function: str) -> Opener:
    """A function of a neighbouring module, imported when it is first needed."""

    def open_with(data: Any) -> Table:
        opener: Opener = getattr(import_module(f".{module}", __package__), function)
        return opener(data)

    return open_with


def _is_table(data: Any) -> bool:
    return hasattr(data, "map_reduce") and hasattr(data, "meta")


def _itself(data: Any) -> Table:
    table: Table = data
    return table


OPENERS: list[tuple[Callable[[Any], bool], Opener]] = [
    (_is_path, _opener("files", "open_path")),
    (_is_dataset, _opener("files", "open_dataset")),
    (_is_dask, _opener("cluster", "open_dask")),
    (_is_spark, _opener("spark", "open_spark")),
    (_named("DuckDBPyRelation"), _opener("database", "open_relation")),
    (is_lazy, _opener("arrow_streams", "open_lazy")),
    (_is_query, _opener("database", "open_query")),
    (_is_table, _itself),
    (is_stream, _opener("arrow_streams", "open_stream")),
]
"""``(test, opener)``: the first whose test is true opens the data."""


def opened(data: Any) -> Table | None:
    """Data that are gone through in pieces, as a table; None for data in memory.

    Raises
    ------
    DataError
        There is no such file, it cannot be read, or its kind is not known.
    """
    if isinstance(data, pd.DataFrame):
        return None
    for test, opener in OPENERS:
        if test(data):
            return opener(data)
    return None
