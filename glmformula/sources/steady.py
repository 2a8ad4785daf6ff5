"""Whether a table gives the same rows pass after pass: a fingerprint of each pass against those before it.

A query that samples or draws, a database table that is updated, partitions that are made anew: nothing but the
rows themselves tells. The fingerprint is the number of rows and, for each column read, the sum of the values'
bits as whole numbers, which no order of rows or threads changes. Files are watched by size and time instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
import pandas as pd

from ..errors import DataError
from ..frame.pieces import Piece

T = TypeVar("T")
ROWS = ""  # where the number of rows is, beside the columns
Marks = Mapping[tuple[int, str], int]
"""By part of the table (0 where its parts have no fixed borders) and column."""


@dataclass(frozen=True)
class Steady:
    """What the passes over a table have seen.

    Parameters
    ----------
    parts : bool
        Whether its pieces are the same rows in each pass (partitions).
    """

    parts: bool = False
    seen: dict[tuple[int, str], int] = field(default_factory=dict)

    def watched(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T]
    ) -> tuple[Callable[[Piece], tuple[Marks, T]], Callable[[Any, Any], Any]]:
        """`function` and `merge` with the marks of the pieces; picklable."""
        return partial(_marked, self.parts, function), partial(_merged, merge)

    def compare(self, marks: Marks) -> None:
        """The marks of a whole pass; of columns not seen before they are remembered.

        Raises
        ------
        DataError
            Other rows than before.
        """
        refuse_other_rows(self.seen, marks)
        missing = {part for part, _ in self.seen} - {part for part, _ in marks}
        if missing and marks:
            raise _other_rows(f"partition {min(missing)} has no rows now")
        self.seen.update(marks)


def refuse_other_rows(seen: Marks, marks: Marks) -> None:
    """DataError where these marks are not those that have been seen."""
    changed = [key for key, mark in marks.items() if seen.get(key, mark) != mark]
    changed += [key for key in marks if key[1] == ROWS and seen and key not in seen]
    if changed:
        part, column = min(changed)
        place = f" of partition {part}" if any(other for other, _ in (*seen, *marks)) else ""
        if column == ROWS:
            raise _other_rows(
                f"{seen.get((part, ROWS), 0)} rows{place} were there at first, now {marks[part, ROWS]}"
            )
        raise _other_rows(f"the sum of column '{column}'{place} is another than at first")


def _other_rows(what: str) -> DataError:
    return DataError(
        f"the data have changed during the fit or since: {what}. Does the query or graph draw or sample, or was "
        "its table updated? Fit again, to data that stay as they are: write them to a table or a file first"
    )


def marks_of(piece: Piece, part: int = 0) -> Marks:
    """The number of rows, and of each column that is numbers, logicals or codes the sum of the bits."""
    frame = piece.frame
    marks = {(part, ROWS): len(frame)}
    for name in frame.columns:
        mark = _sum(frame[name])
        if mark is not None:
            marks[part, name] = mark
    return marks


def _sum(column: pd.Series) -> int | None:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        counts = np.bincount(codes[codes >= 0], minlength=len(dtype.categories)).tolist()
        return sum(n * crc32(str(level).encode()) for n, level in zip(counts, dtype.categories)) % 2**64
    if dtype.kind not in "iufb":
        return None
    if not isinstance(dtype, np.dtype):
        column = column.astype("Float64")
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = column.to_numpy()
    return int(np.add.reduce(values.view(f"u{values.itemsize}"), dtype=np.uint64))


def _marked(parts: bool, function: Callable[[Piece], T], piece: Piece) -> tuple[Marks, T]:
    return marks_of(piece, piece.number if parts else 0), function(piece)


def _merged(merge: Callable[[T, T], T], a: tuple[Marks, T], b: tuple[Marks, T]) -> tuple[Marks, T]:
    return added(a[0], b[0]), merge(a[1], b[1])


def added(a: Marks, b: Marks) -> Marks:
    return {key: (a.get(key, 0) + b.get(key, 0)) % 2**64 for key in {**a, **b}}
