"""Rows by the values of some columns: which group each is in, and which groups see the same levels of every factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, DataWarning, give_warning, nearest
from ..formula.values import Factor, Value

MOST_SEEN = 10**8  # groups times levels of a factor
FIRST = 5


@dataclass(frozen=True)
class Groups:
    """The rows of a table by group.

    Attributes
    ----------
    keys : DataFrame (g, columns)
        The values of each group, sorted (categories as they are declared).
    rows : ndarray of int
        Positions of the rows, group after group, in their order within each.
    starts : ndarray of int (g + 1,)
        Where a group begins among `rows`.
    """

    keys: pd.DataFrame
    rows: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, group: int) -> np.ndarray:
        """The positions of a group's rows."""
        return self.rows[self.starts[group] : self.starts[group + 1]]

    @property
    def codes(self) -> np.ndarray:
        """The group of each of `rows`."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def by_columns(by: Any, names: Sequence[str]) -> tuple[str, ...]:
    """What ``by=`` says, as names of columns.

    Raises
    ------
    DataError
        No names, or names of no column.
    """
    given = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, list | tuple) else ()
    if not given or not all(isinstance(name, str) for name in given):
        raise DataError(f"by= is the name of a column, or a list of such names; got {by!r}")
    if len(set(given)) < len(given):
        raise DataError(f"by= names a column twice: {', '.join(map(repr, given))}")
    for name in given:
        if name not in names:
            raise DataError(f"by= names {name!r}, which is no column of the data{nearest(name, names)}")
    return given


def grouped(frame: pd.DataFrame, by: Sequence[str]) -> Groups:
    """The groups of a frame's rows.

    Raises
    ------
    DataError
        No row has a group.

    Warns
    -----
    DataWarning
        Rows without a value of `by`: they are in no group.
    """
    columns = [frame[name] for name in by]
    try:
        places = pd.DataFrame(dict(zip(by, columns, strict=True))).groupby(
            list(by), observed=True, sort=True, dropna=True
        )
        codes = places.ngroup().fillna(-1).to_numpy(dtype=np.intp)
    except TypeError as error:
        raise DataError(f"the values of by={list(by)} cannot make groups: {error}") from error
    missing = int(np.count_nonzero(codes < 0))
    if missing == len(codes):
        raise DataError(f"no row has a value of {' and '.join(map(repr, by))}, so there is no group")
    if missing:
        give_warning(
            f"{missing} rows have no value of {' or '.join(map(repr, by))} and are in no group", DataWarning
        )
    order = np.argsort(codes, kind="stable")[missing:]
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes[order]))])
    keys = pd.DataFrame({name: column.iloc[order[starts[:-1]]].array for name, column in zip(by, columns)})
    return Groups(keys, order, starts)


def alike(values: Mapping[str, tuple[Value, str]], codes: np.ndarray, groups: int) -> np.ndarray | None:
    """A number for each group, the same where the same levels of every factor occur; None where that is too much.

    Parameters
    ----------
    values : mapping of str to (Value, kind)
        As ``coded`` gives them; logicals keep both levels whatever occurs.
    codes : ndarray of int (n,)
        The group of each row.
    groups : int
    """
    seen = []
    for value, kind in values.values():
        if not isinstance(value, Factor) or kind == "logical":
            continue
        if groups * len(value.levels) > MOST_SEEN:
            return None
        there = np.zeros((groups, len(value.levels)), dtype=bool)
        there[codes, value.codes] = True
        seen.append(np.packbits(there, axis=1))
    if not seen:
        return np.zeros(groups, dtype=np.intp)
    _, which = np.unique(np.concatenate(seen, axis=1), axis=0, return_inverse=True)
    return which.reshape(groups)
