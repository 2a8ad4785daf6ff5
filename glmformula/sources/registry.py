"""Which kind of data is opened how: a table of tests and openers, tried in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..frame.pieces import Table

Opener = Callable[[Any], Table]


def _is_path(data: Any) -> bool:
    return isinstance(data, str | Path)


def _open_path(data: Any) -> Table:
    from .files import open_path

    return open_path(data)


def _module(data: Any) -> str:
    return type(data).__module__


def _is_dataset(data: Any) -> bool:
    return _module(data).startswith("pyarrow._dataset")


def _open_dataset(data: Any) -> Table:
    from .files import open_dataset

    return open_dataset(data)


OPENERS: list[tuple[Callable[[Any], bool], Opener]] = [
    (_is_path, _open_path),
    (_is_dataset, _open_dataset),
]
"""``(test, opener)``: the first whose test is true opens the data."""


def opened(data: Any) -> Table | None:
    """Data that are gone through in pieces, as a table; None for data in memory.

    Raises
    ------
    DataError
        There is no such file, it cannot be read, or its kind is not known.
    """
    for test, opener in OPENERS:
        if test(data):
            return opener(data)
    return None
