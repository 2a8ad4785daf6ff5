"""The rows of fits by group: the columns that are needed, in memory, or gathered from a table that comes in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, FormulaError
from ..formula.algebra import refuse_bars
from ..formula.evaluate import Scope, variables_used
from ..formula.parts import terms_of
from ..formula.reader import read
from ..formula.terms import Terms
from ..frame.arguments import numeric_argument, subset_positions
from ..frame.columns import Columns, as_frame
from ..frame.groups import by_columns
from ..frame.interchange import foreign_names, is_foreign
from ..frame.pieces import Piece, Table
from ..runtime.progress import showing
from ..sources.registry import opened

MOST_GATHERED = 2**27  # numbers that are gathered from a table at a time (1 GB)
BY_ROW = ("weights", "offset", "etastart", "mustart")


@dataclass(frozen=True)
class GroupTable:
    """Data to be fitted by group: a table in memory (`frame` is the user's), or one in pieces."""

    by: tuple[str, ...]
    names: tuple[str, ...]
    frame: Any
    table: Table | None


def held(data: Any, by: Any) -> GroupTable:
    """The data and the columns of ``by=``.

    Raises
    ------
    DataError
        `by` names no columns of the data.
    """
    table = opened(data)
    if table is not None:
        names = tuple(map(str, table.meta.columns))
        return GroupTable(by_columns(by, names), names, None, table)
    if is_foreign(data):
        names = tuple(map(str, foreign_names(data)))
    else:
        data = as_frame(data)
        names = tuple(data.columns)
    return GroupTable(by_columns(by, names), names, data, None)


def described(formula: Any, table: GroupTable) -> Terms:
    """The formula's terms; ``.`` stands for the columns that `by` does not name.

    Raises
    ------
    FormulaError
        As `glm`; a variable of `by` in the formula, where it has but one value.
    """
    if not isinstance(formula, str):
        raise FormulaError(f'the formula must be a str such as "y ~ x + z", not {type(formula).__name__}')
    refuse_bars(formula)
    terms = terms_of(formula, [name for name in table.names if name not in table.by])
    used = set().union(*map(variables_used, terms.variables))
    if inside := [name for name in table.by if name in used]:
        raise FormulaError(
            f"'{inside[0]}' is in by= and in the formula: it has one value in each group, so it can have no "
            f"coefficient there; leave it out of one of the two: {formula}"
        )
    return terms


def spelt_out(formula: str, terms: Terms) -> str:
    """The formula without ``.``, which would stand for more in a group's own fit."""
    return terms.text if "." in variables_used(read(formula)) else formula


def row_arguments(
    table: GroupTable, terms: Terms, arguments: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame of the columns that are needed, and the arguments as names or expressions in it.

    What was given as an array is a column, ``(weights)``; a `subset` of positions, labels or a mask is applied.

    Raises
    ------
    DataError
        As `glm`, of arrays that do not fit the rows.
    """
    used = needed(table, terms, arguments)
    data = as_frame(table.frame, lambda _: used)
    frame = data[[name for name in data.columns if name in used]]  # copied
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"two columns of the data have the name {twice!r}: rename one")
    given = dict(arguments)
    scope = Scope(Columns(data), len(data), {}, False)
    for what in BY_ROW:
        value = given[what]
        if value is None or isinstance(value, str) or (what == "offset" and np.ndim(value) == 0):
            continue
        frame[f"({what})"] = numeric_argument(value, what, data, scope)
        given[what] = f"({what})"
    if given["subset"] is not None and not isinstance(given["subset"], str):
        chosen = subset_positions(given["subset"], data, scope)
        assert chosen is not None
        frame = frame.iloc[chosen]
        given["subset"] = None
    return frame, given


def needed(table: GroupTable, terms: Terms, arguments: Mapping[str, Any]) -> list[str]:
    """The columns that the fits read, and those of `by`."""
    texts = [v for name in (*BY_ROW, "subset") if isinstance(v := arguments[name], str)]
    nodes = [*terms.variables, *(read(text) for text in texts if text not in table.names)]
    used = {*table.by, *texts}.union(*map(variables_used, nodes))
    return [name for name in table.names if name in used]


def gathered(
    table: GroupTable, terms: Terms, arguments: Mapping[str, Any], keys: pd.DataFrame | None = None
) -> Iterator[pd.DataFrame]:
    """The rows of whole groups, in the order of the table, as many groups at a time as memory holds.

    Parameters
    ----------
    keys : DataFrame, optional
        Of these groups only.

    Raises
    ------
    DataError
        As the table; an array among the arguments.
    """
    assert table.table is not None
    for what in (*BY_ROW, "subset"):
        value = arguments[what]
        if (
            value is not None
            and not isinstance(value, str)
            and not (what == "offset" and np.ndim(value) == 0)
        ):
            raise DataError(
                f"'{what}' must be a column name or an R expression in a str where the data arrive in blocks of "
                f"rows, not {type(value).__name__}: an array has no place there, make it a column of the data"
            )
    columns, by = needed(table, terms, arguments), list(table.by)
    with showing(arguments["progress"]):
        if keys is not None:
            yield _rows(table.table, columns, by, keys)
            return
        counts = table.table.map_reduce(partial(_counted, by), _added, by)
        if counts is None or not len(counts):
            raise DataError("0 (non-NA) cases: the data have no rows")
        share = np.cumsum(counts["(rows)"].to_numpy()) * len(columns) // MOST_GATHERED
        for number in np.unique(share):
            some = counts.loc[share == number, by]
            yield _rows(table.table, columns, by, None if len(some) == len(counts) else some)


def _rows(table: Table, columns: Sequence[str], by: list[str], keys: pd.DataFrame | None) -> pd.DataFrame:
    parts = table.map_reduce(partial(_chosen, by, keys), list.__add__, columns) or []
    frame = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return frame[[name for name in columns if name in frame.columns]]


def plain(piece: Piece) -> pd.DataFrame:
    """A piece's columns, its strings as strings."""
    return piece.frame.assign(**{name: piece.frame[name].astype(object) for name in piece.texts})


def _chosen(by: list[str], keys: pd.DataFrame | None, piece: Piece) -> list[pd.DataFrame]:
    frame = plain(piece)
    if keys is None:
        return [frame]
    marked = frame[by].merge(keys.assign(**{"(in)": True}), on=by, how="left")
    return [frame[marked["(in)"].notna().to_numpy()]]


def _counted(by: list[str], piece: Piece) -> pd.DataFrame:
    return _sorted(plain(piece)[by].assign(**{"(rows)": 1}), by)


def _added(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    return _sorted(pd.concat([a, b], ignore_index=True), list(a.columns[:-1]))


def _sorted(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    places = frame.groupby(by, observed=True, sort=True, dropna=True)
    return places["(rows)"].sum().reset_index()
