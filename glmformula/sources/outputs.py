"""Files that a model reads, as far as one can know them: none of them may be where an answer is written."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import DataError
from ..frame.kept import Kept
from .files import KINDS, ending

QUOTED = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"")
BESIDE = "(SELECT list(sql) FROM duckdb_views()), (SELECT list(path) FROM duckdb_databases())"
SCANNED = re.compile(r"SCAN \[(.*?)\]", re.DOTALL)


def refuse_inputs(out: Any, *data: Any) -> None:
    """An error where writing to `out` would replace, or join, what these data are read from.

    Raises
    ------
    DataError
        With both names. Links and other spellings of a path are seen through.
    """
    if not isinstance(out, str | Path):
        return  # no path: whoever writes there says so
    path = Path(out)
    here = _identity(path)
    for given in _each(data):
        for name in _files(given):
            if here is not None and _identity(name) == here:
                raise DataError(
                    f"out={str(out)!r} is a file that the model or the new data are read from ({name}), and the "
                    "answer would replace it: write to another name"
                )
        if isinstance(given, str | Path) and _would_join(path, os.fspath(given)):
            raise DataError(
                f"out={str(out)!r} would be one of the files that {os.fspath(given)!r} stands for, and be read as "
                "data the next time: write to another directory"
            )


def _each(data: Iterable[Any]) -> Iterator[Any]:
    """The data, lists of paths one by one and ~ as the home directory."""
    for given in data:
        if isinstance(given, list | tuple) and all(isinstance(part, str | Path) for part in given):
            yield from _each(given)
        else:
            yield os.path.expanduser(given) if isinstance(given, str | Path) else given


def _identity(path: str | Path) -> tuple[int, int] | None:
    """The same for all names of a file; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _files(data: Any) -> Iterator[str]:
    """The files that data are read from."""
    data = data.given if isinstance(data, Kept) else data
    if isinstance(data, pd.DataFrame | Mapping) or type(data).__module__.startswith("pyspark."):
        return  # an answer about Spark's rows is Spark's, whose DataFrames say that they have any attribute
    if isinstance(data, str | Path):
        yield from _named(os.fspath(data))
    elif isinstance(data, tuple) and len(data) == 2:
        yield from _named_in_sql(str(data[0]))
        with suppress(Exception):  # what cannot be asked names no file
            yield from _of_relation(data[1].sql(data[0]))
    elif type(data).__name__ == "DuckDBPyRelation":
        with suppress(Exception):
            yield from _of_relation(data)
    elif type(data).__name__ == "LazyFrame":
        with suppress(Exception):
            for names in SCANNED.findall(data.explain(optimized=False)):
                yield from names.split(", ")
    elif hasattr(data, "map_reduce"):  # opened already
        files = getattr(data, "files", None)
        yield from files.paths if files is not None else ()
        yield from _files(getattr(data, "frame", None))
        yield from _files(getattr(getattr(data, "read", None), "relation", None))
    elif hasattr(data, "expr"):  # Dask
        with suppress(Exception):
            for node in data.expr.walk():
                yield from _texts(getattr(node, "operands", ()))
    elif hasattr(data, "children"):  # a union of datasets
        for child in data.children:
            yield from _files(child)
    else:
        yield from map(str, getattr(data, "files", ()))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    """The strings in nested lists, as files and patterns of them."""
    for value in values:
        if isinstance(value, str | Path):
            yield from _named(str(value))
        elif isinstance(value, list | tuple):
            yield from _texts(value)


def _named(text: str) -> Iterator[str]:
    """A file, those in a directory, those of a pattern."""
    text = text.removeprefix("file://")
    if os.path.isdir(text):
        for root, _, names in os.walk(text):
            yield from (os.path.join(root, name) for name in names)
    elif os.path.exists(text):
        yield text
    elif glob.has_magic(text):
        yield from glob.iglob(text, recursive=True)


def _of_relation(relation: Any) -> Iterator[str]:
    """Files named in a query and in the views of its connection, and the databases that are attached."""
    yield from _named_in_sql(relation.sql_query())
    ((views, paths),) = relation.limit(1).project(BESIDE).fetchall()
    for sql in views or ():
        yield from _named_in_sql(sql)
    yield from filter(None, paths or ())


def _named_in_sql(sql: str) -> Iterator[str]:
    for single, double in QUOTED.findall(sql):
        yield from _named(single.replace("''", "'") or double.replace('""', '"'))


def _would_join(path: Path, given: str) -> bool:
    """Whether a new file would be in a directory or among the files of a pattern."""
    if ending(path.name) not in KINDS or path.name[:1] in "._":
        return False
    where = os.path.realpath(path)
    if os.path.isdir(given):
        return where.startswith(os.path.join(os.path.realpath(given), ""))
    if not glob.has_magic(given) or os.path.exists(given):
        return False
    pattern = os.path.abspath(given)
    whole = os.path.abspath(path)
    if "**" in pattern:
        return fnmatch(whole, pattern.replace("**/", "*"))
    parts, wanted = whole.split(os.sep), pattern.split(os.sep)
    return len(parts) == len(wanted) and all(map(fnmatch, parts, wanted))
