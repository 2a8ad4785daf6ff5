"""New rows for an effect plot: one or two variables move, the others are held, each as the data hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import DataError, nearest
from ..formula.algebra import variables_used
from ..formula.evaluate import CONSTANTS
from ..formula.functions.calendar import labels as time_labels
from ..formula.functions.convert import as_factor, column_value
from ..formula.values import Time, Value
from ..frame.columns import Columns
from ..frame.newdata import columns_of, new_frame
from ..frame.variables import drop_unused, variables_of
from ..render.numbers import format_number

if TYPE_CHECKING:
    from ..fitted.protocols import SingleIndex

POINTS = 101
FEW = 5  # values of a number that get a line each, where more are represented by their quartiles


@dataclass(frozen=True)
class Column:
    """A variable of the model as its rows hold it.

    Attributes
    ----------
    name : str
    values : Series (k,)
        Every level of a factor, or of a number of which the formula makes one; a fine grid of another number
        or time. As the data hold them.
    labels : tuple of str (k,)
    line : bool
        Whether the model can be asked between the values that the rows have.
    codes : ndarray of int (n,) or None
        Which of `values` each row has, -1 for none; None for a grid, and without rows.
    """

    name: str
    values: pd.Series
    labels: tuple[str, ...]
    line: bool
    codes: np.ndarray | None = None

    @classmethod
    def of(cls, fit: SingleIndex, name: str, data: pd.DataFrame | None) -> Column | None:
        """None where the fit has no rows and its formula makes something of the column."""
        if data is None:
            levels = fit.schema.xlevels.get(name)
            return None if levels is None else cls(name, pd.Series(levels, dtype=object), levels, False)
        value = Columns(data)(name)
        if isinstance(value, np.ndarray | Time):
            grid = spread(value)
            if _can_be_asked(fit, data, name, grid):
                return cls(name, grid, texts(grid), True)
        factor = drop_unused(as_factor(value), name)
        found, first = np.unique(factor.codes, return_index=True)
        values = data[name].iloc[first[found >= 0]].reset_index(drop=True)
        return cls(name, values, factor.levels, False, np.asarray(factor.codes))

    def at(self, wanted: Sequence[Any]) -> Column:
        """The column at these values: levels by their text, times by theirs."""
        if self.line:
            stamps = isinstance(column_value(self.values), Time)
            values = pd.Series([_stamp(v, self.values) for v in wanted] if stamps else list(wanted))
            return Column(self.name, values, texts(values), True)
        place = {label: k for k, label in enumerate(self.labels)}
        names = [texts(pd.Series([v]))[0] for v in wanted]
        if not set(names) <= set(place):  # the formula may know what to do with it
            values = pd.Series(list(wanted))
            return Column(self.name, values, tuple(names), False)
        kept = [place[label] for label in names]
        codes = None
        if self.codes is not None:
            table = np.full(len(self.labels) + 1, -1)
            table[kept] = np.arange(len(kept))
            codes = table[self.codes]
        return Column(self.name, self.values.iloc[kept].reset_index(drop=True), tuple(names), False, codes)

    def typical(self, data: pd.DataFrame) -> Column:
        """The mean of a number or time, the commonest level of a factor."""
        if self.codes is not None:
            most = int(np.argmax(np.bincount(self.codes[self.codes >= 0])))
            return self.at([self.labels[most]])
        value = Columns(data)(self.name)
        if isinstance(value, Time):
            mean = as_data(np.array([np.nanmean(value.values)]), value)
        else:
            mean = pd.Series([float(np.nanmean(np.asarray(value)))])
        return Column(self.name, mean, texts(mean), True)

    def few(self, data: pd.DataFrame) -> Column:
        """Values to draw a line for: the levels, or of a number its values or quartiles."""
        if not self.line:
            return self
        value = Columns(data)(self.name)
        numbers = value.values if isinstance(value, Time) else np.asarray(value, dtype=float)
        some = np.unique(numbers[np.isfinite(numbers)])
        if len(some) > FEW:
            some = np.unique(np.quantile(numbers[np.isfinite(numbers)], [0.25, 0.5, 0.75]))
        values = as_data(some, value)
        codes = None
        if len(values) == len(some):
            exact = numbers[:, None] == some
            codes = np.where(exact.any(axis=1), exact.argmax(axis=1), -1)
            codes = codes if (codes >= 0).all() else None
        return Column(self.name, values, texts(values), True, codes)


@dataclass(frozen=True)
class Grid:
    """The rows to predict: for each value of `by` (None: there is no such variable) all of `across`.

    `held` says at what the other variables are, those of `numbers` at one; `seen` are the data of the fit's rows,
    None where they are not at hand.
    """

    across: Column
    by: Column | None
    held: Mapping[str, str]
    rows: pd.DataFrame
    seen: pd.DataFrame | None
    numbers: frozenset[str] = frozenset()

    @property
    def shape(self) -> tuple[int, int]:
        return (1 if self.by is None else len(self.by.values)), len(self.across.values)


def effect_grid(fit: SingleIndex, variable: str, by: str | None, at: Mapping[str, Any]) -> Grid:
    """New rows in which only `variable` and `by` move.

    Raises
    ------
    DataError
        A name that the right side does not use; a fit without rows in memory, and `at` lacks what they would say.
    """
    wanted = columns_of(fit.schema)
    data = rows_at_hand(fit, wanted)
    used = sorted(wanted - CONSTANTS.keys()) if data is None else list(data.columns)
    for name in (variable, *([] if by is None else [by]), *at):
        if name not in used:
            raise DataError(f"'{name}' is not a variable of the model's right side{nearest(name, used)}")
    if by == variable:
        raise ValueError(f"by should be another variable than the one that moves, '{variable}'")
    if data is None:
        _need(fit, variable, by, at, used)
    columns = {name: Column.of(fit, name, data) for name in used}
    across = _moving(columns[variable], variable, at)
    group = None if by is None else _moving(columns[by], by, at)
    if group is not None and data is not None and group.name not in at:
        group = group.few(data)
    moving = {variable, by}
    held = {name: _held(columns[name], name, at, data) for name in used if name not in moving}
    times = 1 if group is None else len(group.values)
    count = times * len(across.values)
    rows = {name: column.values.iloc[[0] * count] for name, column in held.items()}
    rows[variable] = across.values.iloc[list(range(len(across.values))) * times]
    if group is not None:
        rows[group.name] = group.values.iloc[np.repeat(np.arange(times), len(across.values))]
    frame = pd.DataFrame({name: values.reset_index(drop=True) for name, values in rows.items()})
    step = len(across.values)
    first, moved, grouped = frame.iloc[:1], frame.iloc[:step], frame.iloc[::step]
    for asked, part in ((bool(at), first), (variable in at, moved), (by in at, grouped)):
        if asked:  # an unknown level is an error, as in predict; combinations that no row has are gaps
            new_frame(fit.schema, part)
    numbers = frozenset(name for name, column in held.items() if column.line)
    return Grid(
        across, group, {name: column.labels[0] for name, column in held.items()}, frame, data, numbers
    )


def rows_at_hand(fit: SingleIndex, used: set[str]) -> pd.DataFrame | None:
    """The columns of the data that the model uses, in the rows of the fit; None where these are not in memory."""
    if fit.training is None or fit.training.streamed:
        return None
    frame, data = fit.rows.frame, fit.rows.arguments["data"].frame
    data = data[[name for name in data.columns if name in used]]
    return data if frame.kept is None else data.iloc[frame.kept]


def offset_only(fit: SingleIndex) -> set[str]:
    """The columns that the model uses in offsets alone."""
    nodes = [(node, off) for _, node, _, off in variables_of(fit.schema.terms)]
    if fit.schema.offset is not None and not isinstance(fit.schema.offset, float):
        nodes.append((fit.schema.offset, True))
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for node, off in nodes:
        names[off].update(variables_used(node))
    return names[True] - names[False]


def _need(
    fit: SingleIndex, variable: str, by: str | None, at: Mapping[str, Any], used: Sequence[str]
) -> None:
    moving = [name for name in (variable, by) if name is not None and name not in fit.schema.xlevels]
    wanted = [name for name in used if name not in at and (name in moving or name not in (variable, by))]
    if not wanted:
        return
    why = (
        "this model holds no training rows"
        if fit.training is None
        else "the rows of this fit arrive in blocks"
    )
    raise DataError(
        f"an effect plot reads the values of variables off the rows, and {why}: at= lacks "
        + ", ".join(
            f"'{name}'" + (" (a list of values to draw)" if name in moving else "") for name in wanted
        )
        + "; or predict a grid of new rows and draw that"
    )


def _moving(column: Column | None, name: str, at: Mapping[str, Any]) -> Column:
    if name not in at:
        assert column is not None
        return column
    wanted = at[name]
    if isinstance(wanted, str) or not np.ndim(wanted) or not len(wanted):
        raise ValueError(f"at: '{name}' moves, so it takes a list of the values to draw; got {wanted!r}")
    return _as_given(column, name, wanted)


def _held(column: Column | None, name: str, at: Mapping[str, Any], data: pd.DataFrame | None) -> Column:
    if name in at:
        if np.ndim(at[name]):
            raise ValueError(
                f"at: '{name}' is held at one value; got {at[name]!r} (by='{name}' draws several)"
            )
        return _as_given(column, name, [at[name]])
    assert column is not None
    assert data is not None
    return column.typical(data)


def _as_given(column: Column | None, name: str, wanted: Sequence[Any]) -> Column:
    if column is not None:
        return column.at(wanted)
    values = pd.Series(list(wanted))
    return Column(name, values, texts(values), isinstance(column_value(values), np.ndarray | Time))


def _can_be_asked(fit: SingleIndex, data: pd.DataFrame, name: str, grid: pd.Series) -> bool:
    """Whether the values of a grid are none that the model has not seen, as those between factor(i)'s are."""
    rows = data.iloc[[0] * len(grid)].reset_index(drop=True)
    rows[name] = grid
    try:
        new_frame(fit.schema, rows)
    except DataError:
        return False
    return True


def spread(value: np.ndarray | Time) -> pd.Series:
    """A fine grid from the least to the greatest of numbers or times."""
    numbers = value.values if isinstance(value, Time) else np.asarray(value, dtype=float)
    return as_data(np.linspace(np.nanmin(numbers), np.nanmax(numbers), POINTS), value)


def as_data(numbers: np.ndarray, like: Value) -> pd.Series:
    """Numbers as a column of the kind of `like`: days are whole ones, times whole seconds."""
    if not isinstance(like, Time):
        return pd.Series(numbers)
    whole = np.unique(np.floor(numbers))
    if like.kind == "Date":
        return pd.Series(pd.to_datetime(whole, unit="D").date, dtype=object)
    stamps = pd.to_datetime(whole, unit="s", utc=True)
    return pd.Series(stamps.tz_localize(None) if like.unit == "UTC" else stamps.tz_convert(like.unit))


def places(column: pd.Series) -> np.ndarray:
    """Where the values of a column of numbers or times stand on an axis: a time by its own clock."""
    value = column_value(column)
    if not isinstance(value, Time):
        return np.asarray(value, dtype=float)
    if value.kind == "Date":
        return (value.values * 86400).astype("datetime64[s]")
    stamps = pd.DatetimeIndex(column)
    return (stamps if stamps.tz is None else stamps.tz_localize(None)).to_numpy()


def texts(column: pd.Series) -> tuple[str, ...]:
    """What is written for each value."""
    value = column_value(column)
    if isinstance(value, np.ndarray):
        return tuple(format_number(float(v), 4) for v in value)
    if isinstance(value, Time):
        return tuple(time_labels(value).tolist())
    factor = as_factor(value)
    return tuple(factor.levels[k] for k in factor.codes)


def _stamp(value: Any, like: pd.Series) -> Any:
    """A time written as text, as the column holds times."""
    if not isinstance(value, str):
        return value
    stamp = pd.Timestamp(value)
    if like.dtype == object:
        return stamp.date()
    zone = like.dt.tz
    return stamp if zone is None else stamp.tz_localize(zone)
