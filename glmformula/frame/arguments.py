"""``weights``, ``offset``, ``subset`` and start values: from what a user writes to arrays over all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..formula.evaluate import Scope, evaluate
from ..formula.functions.vectors import kind
from ..formula.reader import read
from ..formula.tree import Name, Node
from ..formula.values import Logical, Matrix, Value


def expression(text: str, data: pd.DataFrame) -> Node:
    """A str argument: the column of that name, or an R expression."""
    return Name(text) if text in data.columns else read(text)


def numeric_argument(
    given: Any, what: str, data: pd.DataFrame, scope: Scope, scalar: bool = False
) -> np.ndarray | None:
    """An argument with one number a row, float64 of the data's length.

    Parameters
    ----------
    given : str, array-like, Series, number or None
        A str is a column's name or an R expression. A Series is matched by row labels, unless its index is
        the data's own; an array must have the data's length.
    what : str
        The argument's name.
    data : DataFrame
    scope : Scope
        Where expressions are evaluated.
    scalar : bool
        Whether one number stands for all rows.

    Raises
    ------
    DataError
        "variable lengths differ (found for '(weights)')", labels that do not match, or not numbers.
    """
    if given is None:
        return None
    n = len(data)
    if isinstance(given, str):
        value = numeric_value(evaluate(expression(given, data), scope), what)
    elif isinstance(given, pd.Series):
        value = numeric_value(_plain(aligned(given, what, data.index)), what)
    elif isinstance(given, pd.DataFrame):
        raise DataError(f"'{what}' must be a numeric vector, not a DataFrame: pass one column")
    else:
        value = numeric_value(_plain(given), what)
    if value.ndim == 0 or (scalar and value.shape == (1,)):
        if not scalar:
            raise lengths_differ(what, 1, n)
        return np.full(n, float(value.reshape(())))
    if value.ndim != 1 or len(value) != n:
        raise lengths_differ(what, len(value), n)
    return value


def lengths_differ(what: str, found: int, expected: int) -> DataError:
    """R's error, with both lengths."""
    return DataError(
        f"variable lengths differ (found for '({what})'): {found} values for {expected} rows of data"
    )


def aligned(series: pd.Series, what: str, index: pd.Index) -> pd.Series:
    """A Series in the order of the data's rows, by label; by position where the two indexes are equal."""
    if series.index is index or series.index.equals(index):
        return series
    if len(series) != len(index) and not series.index.is_unique:
        raise lengths_differ(what, len(series), len(index))
    if not series.index.is_unique:
        raise DataError(
            f"'{what}' is a Series whose index has duplicate labels and differs from the data's: "
            f"its rows cannot be matched; pass {what}.to_numpy() to match by position"
        )
    places = series.index.get_indexer(index)
    if (lost := np.flatnonzero(places < 0)).size:
        if len(series) != len(index):
            raise lengths_differ(what, len(series), len(index))
        raise DataError(
            f"'{what}' is a Series without the data's row label {index[lost[0]]!r} ({lost.size} of "
            f"{len(index)} rows are not in its index): give it the data's index, "
            f"or pass {what}.to_numpy() to match by position"
        )
    return series.iloc[places]


def numeric_value(value: Value | np.ndarray, what: str) -> np.ndarray:
    """A value as float64: numbers, or TRUE/FALSE as 1/0."""
    if isinstance(value, Logical):
        out = value.values.astype(np.float64)
        if value.missing is not None:
            out[value.missing] = np.nan
        return out
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return value.values[:, 0]
    if isinstance(value, np.ndarray | float | int | bool):
        out = np.asarray(value)
        if out.dtype.kind in "fiub" and out.ndim <= 1:
            return np.asarray(out, dtype=np.float64)
    raise DataError(f"'{what}' must be a numeric vector, not {_describe(value)}")


def subset_positions(subset: Any, data: pd.DataFrame, scope: Scope) -> np.ndarray | None:
    """Positions of the rows to use, in order; None for all.

    Parameters
    ----------
    subset : str, boolean mask, row labels or None
        In an R expression a logical NA drops the row, and numbers are R's: positions from 1, negative ones
        exclude.
        Anything else that is not boolean is row labels of the data's index.
    """
    if subset is None:
        return None
    n = len(data)
    if isinstance(subset, str):
        value = evaluate(expression(subset, data), scope)
        if isinstance(value, bool):
            return np.arange(n if value else 0)
        if isinstance(value, Logical):
            return _from_mask(value.values if value.missing is None else value.values & ~value.missing, n)
        if isinstance(value, np.ndarray | float | int):
            return _from_numbers(np.atleast_1d(np.asarray(value, dtype=float)), n, subset)
        raise DataError(f"'subset' must be logical: {subset} is {_describe(value)}")
    if isinstance(subset, pd.Series):
        if subset.dtype == bool or str(subset.dtype) in ("boolean", "bool[pyarrow]"):
            subset = aligned(subset, "subset", data.index).fillna(False).to_numpy(dtype=bool)
        elif subset.dtype == object and subset.map(lambda v: isinstance(v, bool) or pd.isna(v)).all():
            subset = np.array([v is True for v in aligned(subset, "subset", data.index)])
    if isinstance(subset, slice):
        subset = data.index[subset]
    wanted = subset if isinstance(subset, np.ndarray | pd.Index | pd.Series) else np.asarray(list(subset))
    if np.asarray(wanted).dtype.kind == "b":
        return _from_mask(np.asarray(wanted), n)
    if not len(wanted):
        return np.arange(0)
    if not data.index.is_unique:
        keep = data.index.isin(wanted)
        absent = pd.Index(wanted).difference(data.index)
        places = np.flatnonzero(keep)
    else:
        places = data.index.get_indexer(pd.Index(wanted))
        absent = pd.Index(wanted)[places < 0]
    if len(absent):
        shown = ", ".join(repr(v) for v in absent[:3])
        raise DataError(
            f"'subset' has {len(absent)} row labels that the data's index does not have: {shown}; "
            "a boolean mask or an R expression in a str selects rows by condition"
        )
    return places


def _from_mask(mask: np.ndarray, n: int) -> np.ndarray:
    if len(mask) != n:
        raise lengths_differ("subset", len(mask), n)
    return np.flatnonzero(mask)


def _from_numbers(numbers: np.ndarray, n: int, text: str) -> np.ndarray:
    numbers = numbers[~np.isnan(numbers)]
    if (np.abs(numbers) > 2.0**53).any():
        raise DataError(
            f"'subset' asks for row {numbers[np.abs(numbers).argmax()]:g}, the data have {n} rows: {text}"
        )
    numbers = numbers.astype(np.intp)
    if (numbers < 0).any():
        if (numbers > 0).any():
            raise DataError(f"'subset' mixes positive and negative row numbers: {text}")
        return np.setdiff1d(np.arange(n), -numbers - 1)
    numbers = numbers[numbers > 0] - 1
    if (numbers >= n).any():
        raise DataError(f"'subset' asks for row {int(numbers.max()) + 1}, the data have {n} rows: {text}")
    return numbers


def _plain(values: Any) -> np.ndarray:
    """NumPy numbers from any array-like, pandas' NA as NaN."""
    if isinstance(values, pd.Series | pd.Index) or hasattr(values, "_mask"):
        series = pd.Series(values)
        if series.dtype.kind in "biuf":
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
        return series.to_numpy()
    out = np.asarray(values)
    if out.dtype == object:
        try:
            return np.array([np.nan if v is None or v is pd.NA else float(v) for v in out])
        except (TypeError, ValueError):
            return out
    return out


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    return f"a {kind(value)}"
