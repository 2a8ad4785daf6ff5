"""The data of a fit as they were when it was fitted, whatever is written into them later.

pandas' copy-on-write does most of it, for nothing: our frame is another view of the same memory, and pandas
copies a column before it writes into it. Columns that it does not protect are copied (all that are used without
copy-on-write, else those of extension types and objects, whose arrays can be written into). What nothing
protects is memory that a NumPy array outside shares (``DataFrame(array, copy=False)``, an Arrow table made of an
array): there a fingerprint of the column tells that it was written into, and the model refuses to answer.

Measured, 1e6 rows x 20 numbers: the fingerprint takes 1 to 8 % of a logistic fit (medians of paired rounds) and no
memory; copying the columns takes 27 % and 160 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..formula.values import Factor, Logical, Value
from .columns import Columns, as_frame
from .interchange import foreign_names, is_foreign

Spread = Callable[[Sequence[Callable[[], list[int]]]], Iterable[list[int]]]
"""Runs tasks and gives their results in order."""
CHUNK, WIDTH = 2**16, 2**10  # rows looked at together, and how far apart rows are that are summed


class Kept:
    """Data that a model is asked about again.

    Attributes
    ----------
    given : DataFrame, other table or mapping, or None
        The user's own object, which may have new columns by now.
    frame : DataFrame
        The columns as they were: all of a DataFrame or mapping, those used of another table.
    """

    def __init__(self, given: Any, frame: pd.DataFrame | None = None) -> None:
        self.given = given
        self.frame = frame
        self._used: set[str] = set()
        self._shared: dict[str, np.ndarray] = {}
        self._marks: dict[str, int] = {}
        if frame is None and isinstance(given, pd.DataFrame | Mapping):
            self.frame = as_frame(given).copy(deep=False)
        elif frame is None and hasattr(given, "clone"):  # polars, which writes in place only into its own
            self.given = given.clone()

    def __reduce__(self) -> tuple[type[Kept], tuple[None, pd.DataFrame | None]]:
        """A copy shares memory with nobody."""
        return Kept, (None, self.frame)

    def frame_with(self, wanted: Callable[[list[str]], Sequence[str]]) -> pd.DataFrame:
        """The frame, with what ``wanted(names)`` says is needed; new columns come from the user's object.

        Raises
        ------
        DataError
            The data have been changed since, so that a new column need not be of the same rows.
        """
        if self.frame is None:
            self.frame = as_frame(self.given, wanted)
            return self.frame
        missing = self._missing(wanted)
        if missing:
            fresh = as_frame(self.given, lambda _: [*self._used, *missing])
            self._refuse_changed(fresh, missing)
            self.frame = pd.concat([self.frame, fresh[missing]], axis=1)
        return self.frame

    def _missing(self, wanted: Callable[[list[str]], Sequence[str]]) -> list[str]:
        if self.given is None:
            return []
        assert self.frame is not None
        if isinstance(self.given, pd.DataFrame) and self.given.columns.is_(self.frame.columns):
            return []
        names = foreign_names(self.given) if is_foreign(self.given) else list(self.given)
        absent = [name for name in map(str, names) if name not in self.frame.columns]
        return [name for name in wanted(absent) if name in absent] if absent else []

    def _refuse_changed(self, fresh: pd.DataFrame, missing: list[str]) -> None:
        assert self.frame is not None
        here, there = self.frame, fresh
        what = "their row labels" if not here.index.equals(there.index) else ""
        for name in sorted(self._used):
            if not what and (name not in there.columns or not here[name].equals(there[name])):
                what = f"column '{name}'"
        if what:
            raise DataError(
                f"column '{missing[0]}' came to the data after the fit, and {what} changed since, so the rows of "
                "one need not be those of the other: give the data, as in fit.update(..., data=data)"
            )

    def own(self, name: str, column: Any) -> Any:
        """A column about to be used, copied where a write into the user's object would reach it."""
        assert self.frame is not None
        twice = isinstance(column, pd.DataFrame)  # two of one name, which is refused elsewhere
        if twice or name in self._used:
            return column
        self._used.add(name)
        plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb"
        if plain and (copy_on_write() or not isinstance(self.given, pd.DataFrame)):
            return column
        self.frame[name] = column.copy()
        return self.frame[name]

    def see(self, name: str, value: Value) -> None:
        """A column as the model sees it, whose memory others may hold."""
        array = _shared(value)
        if array is not None and name not in self._shared:
            self._shared[name] = array

    def mark(self, spread: Spread) -> None:
        """Remember what the columns hold now that have been seen."""
        fresh = {name: array for name, array in self._shared.items() if name not in self._marks}
        self._marks |= zip(fresh, fingerprints(list(fresh.values()), spread))

    def check(self, spread: Spread) -> None:
        """DataError when a column that the model uses was written into since."""
        now = fingerprints([self._shared[name] for name in self._marks], spread)
        for (name, mark), found in zip(self._marks.items(), now):
            if mark != found:
                raise DataError(
                    f"column '{name}' of the data was written into since the fit, through an array that shares "
                    "its memory, so the model can say no more of its rows: fit again, to a copy of the array if "
                    "it will be written into"
                )


class KeptColumns(Columns):
    """The columns of kept data as R's vectors."""

    def __init__(self, kept: Kept) -> None:
        assert kept.frame is not None
        super().__init__(kept.frame)
        self.kept = kept

    def _convert(self, name: str) -> Value:
        value = super()._convert(name)
        self.kept.see(name, value)
        return value

    def _column(self, name: str) -> Any:
        return self.kept.own(name, super()._column(name))


def copy_on_write() -> bool:
    """Whether pandas copies what others see before it writes."""
    return int(pd.__version__.split(".")[0]) >= 3 or pd.options.mode.copy_on_write is True


def own_argument(value: Any) -> Any:
    """An argument of ``glm`` that nobody else can write into."""
    return list(value) if hasattr(value, "__next__") else deepcopy(value)


def _shared(value: Value) -> np.ndarray | None:
    """The array of a column's value, if it is a view of memory that another may hold."""
    array = (
        value.codes if isinstance(value, Factor) else value.values if isinstance(value, Logical) else value
    )
    return array if isinstance(array, np.ndarray) and array.base is not None else None


def in_turn(tasks: Sequence[Callable[[], list[int]]]) -> Iterable[list[int]]:
    return (task() for task in tasks)


def fingerprints(arrays: Sequence[np.ndarray], spread: Spread = in_turn) -> list[int]:
    """A number for each array (all of one length) that tells whether it is as it was.

    The bits are summed as whole numbers, of rows next to each other and of rows that are `WIDTH` apart: a value
    that changes changes a sum, and one that moves changes one of the two.
    """
    starts = range(0, len(arrays[0]), CHUNK) if arrays else range(0)
    tasks = [partial(_each, [array[start : start + CHUNK] for array in arrays]) for start in starts]
    found = (spread if len(tasks) > 1 else in_turn)(tasks)
    return [hash(sums) for sums in zip(*found)] if tasks else [0] * len(arrays)


def _each(parts: list[np.ndarray]) -> list[int]:
    """Of the same rows of all arrays: what lies together in memory is read once."""
    return [_sums(part) for part in parts]


def _sums(values: np.ndarray) -> int:
    bits = values.view(f"u{values.itemsize}")
    whole = len(bits) // WIDTH * WIDTH
    if not whole:
        return hash(bits.tobytes())
    square = bits[:whole].reshape(-1, WIDTH)
    down, across = (np.add.reduce(square, axis=axis, dtype=np.uint64) for axis in (0, 1))
    return hash((down.tobytes(), across.tobytes(), bits[whole:].tobytes()))
