"""``weights``, ``offset``, ``subset`` and start values: from what a user writes to arrays over all rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        A mask has a boolean for each row (a Series: by label), and a missing one drops it; a slice counts rows.
        Anything else is row labels of the data's index.

    Raises
    ------
    DataError
        A mask of another length, labels that the data have not, or neither.
    """
    if subset is None:
        return None
    n = len(data)
    if isinstance(subset, str):
        value = evaluate(expression(subset, data), scope)
        if (mask := condition(value, n)) is not None:
            return _from_mask(mask, n)
        if isinstance(value, np.ndarray | float | int):
            return _from_numbers(np.atleast_1d(np.asarray(value, dtype=float)), n, subset)
        raise DataError(f"'subset' must be logical: {subset} is {_describe(value)}")
    if isinstance(subset, slice):
        return np.arange(n)[subset]
    if isinstance(subset, bool | np.bool_):
        return np.arange(n if subset else 0)
    values = _one_dimensional(subset)
    mask = _mask(values)
    if mask is None:
        return _from_labels(values, data.index)
    if isinstance(subset, pd.Series):
        mask = aligned(pd.Series(mask, index=subset.index), "subset", data.index).to_numpy()
    return _from_mask(mask, n)


def _one_dimensional(subset: Any) -> pd.Series | pd.Index | np.ndarray:
    """A mask or labels of any kind as one of pandas' or NumPy's; a list keeps the types of its values."""
    if hasattr(subset, "to_pylist"):  # Arrow
        subset = subset.to_pylist()
    elif isinstance(subset, np.ndarray) and subset.ndim == 2 and subset.shape[1] == 1:
        subset = subset[:, 0]
    if isinstance(subset, pd.Series | pd.Index) or (isinstance(subset, np.ndarray) and subset.ndim == 1):
        return subset
    if isinstance(subset, pd.DataFrame | np.ndarray | Mapping) or not isinstance(subset, Iterable):
        shape = f" of shape {subset.shape}" if hasattr(subset, "shape") else ""
        raise DataError(
            "'subset' should be an R expression in a str, a boolean for each row, or a list of row labels; "
            f"got a {type(subset).__name__}{shape}"
        )
    listed = list(subset)
    values = np.empty(len(listed), dtype=object)
    values[:] = listed
    return values


def _mask(values: pd.Series | pd.Index | np.ndarray) -> np.ndarray | None:
    """The values as a mask, its missing ones False as in R; None where they are labels."""
    if pd.api.types.is_bool_dtype(values.dtype):
        flags = pd.Series(values)
        return flags.fillna(False).to_numpy(dtype=bool)
    if values.dtype != object or not any(isinstance(v, bool | np.bool_) for v in values):
        return None
    if (kind := pd.api.types.infer_dtype(values, skipna=True)) != "boolean":
        raise DataError(f"'subset' should hold booleans or row labels, not both (the values are {kind})")
    return np.fromiter((isinstance(v, bool | np.bool_) and bool(v) for v in values), bool, len(values))


def _from_labels(values: pd.Series | pd.Index | np.ndarray, index: pd.Index) -> np.ndarray:
    if not len(values):
        return np.arange(0)
    wanted = _label_index(values, index)
    if index.is_unique:
        places = index.get_indexer(wanted)
        absent = wanted[places < 0]
    else:
        places = np.flatnonzero(index.isin(wanted))
        absent = wanted[~wanted.isin(index)]
    if len(absent):
        shown = ", ".join(repr(v) for v in absent[:3])
        raise DataError(
            f"'subset' has {len(absent)} row labels that the data's index does not have: {shown}; "
            "a boolean mask or an R expression in a str selects rows by condition"
        )
    return places


def _label_index(values: pd.Series | pd.Index | np.ndarray, index: pd.Index) -> pd.Index:
    """Row labels as an index of the data's kind."""
    if isinstance(values, pd.Index) or not isinstance(index, pd.MultiIndex):
        return values if isinstance(values, pd.Index) else pd.Index(values, tupleize_cols=False)
    for label in values:
        if not isinstance(label, tuple) or len(label) != index.nlevels:
            raise DataError(
                f"'subset' should have row labels of {index.nlevels} levels, such as {index[0]!r}; got {label!r}"
            )
    return pd.MultiIndex.from_tuples(list(values))


def condition(value: Value, n: int) -> np.ndarray | None:
    """A logical value as a mask, NA as False; a single one is for all rows. None for anything else."""
    if isinstance(value, bool):
        return np.full(n, value)
    if not isinstance(value, Logical):
        return None
    mask = value.values if value.missing is None else value.values & ~value.missing
    return np.full(n, mask[0]) if len(mask) == 1 else mask


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
