"""Data columns as R's vectors, and any vector as a factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError
from ..values import Factor, Logical, Matrix, Text, Time, Value
from .calendar import DAY, index_of, labels as time_labels, seconds_of, stamps_of
from .collation import sort_texts
from .strings import number_text, spread
from .vectors import ColumnText, factorized, kind, numbers


class ColumnTypeError(DataError):
    """A column whose type no model can use: names it and says what to turn it into."""


def as_factor(value: Any) -> Factor:
    """R's ``as.factor``: levels are the sorted unique values.

    Numbers sort as numbers and are printed with 15 significant digits, logicals are FALSE, TRUE, strings
    sort as R sorts them in a UTF-8 locale. A Factor comes back as it is, unused levels included.
    """
    match value:
        case Factor():
            return value
        case str():
            return Factor(np.zeros(1, dtype=np.intp), (value,))
        case Text():
            codes, uniques = factorized(value)
            return _relabel(codes, list(uniques), sort_texts(uniques))
        case bool():
            return as_factor(Logical(np.array([value])))
        case Logical():
            codes = value.values.astype(np.intp)
            if value.missing is not None:
                codes[value.missing] = -1
            present = [c for c in (0, 1) if (codes == c).any()]
            return _relabel(codes, [0, 1], present, ["FALSE", "TRUE"])
        case float() | int():
            return as_factor(np.array([value]))
        case np.ndarray():
            codes, uniques = pd.factorize(value, sort=True)
            text = str if value.dtype.kind in "iu" else number_text
            labels = [text(u) for u in uniques.tolist()]
            levels = list(dict.fromkeys(labels))
            if len(levels) == len(labels):
                return Factor(codes, tuple(levels))
            return _relabel(codes, labels, levels)  # numbers that print alike are one level
        case Matrix() if value.values.shape[1] == 1:
            return as_factor(value.values[:, 0])
        case Time():
            codes, uniques = pd.factorize(value.values, sort=True)
            names = time_labels(Time(uniques, value.kind, value.unit)).tolist()
            return _relabel(codes, names, list(dict.fromkeys(names)))
        case _:
            raise DataError(f"a factor was expected, a {kind(value)} was given")


def _relabel(codes: np.ndarray, old: Sequence[Any], new: Sequence[Any], names: Sequence[str] = ()) -> Factor:
    """Codes into `old` turned into codes into `new` (values not in it are NA)."""
    place = {level: i for i, level in enumerate(new)}
    table = np.array([place.get(level, -1) for level in old] + [-1], dtype=np.intp)
    return Factor(table[codes], tuple(names[c] if names else c for c in new))


def recode(value: Any, levels: Sequence[str], *, ordered: bool = False, open_ended: bool = True) -> Factor:
    """`value` as a factor with these levels.

    Values that are none of them are appended as further levels, so that whoever checks new data can name
    them; with ``open_ended=False`` they are NA.
    """
    base = as_factor(value)
    if base.levels == tuple(levels):
        return Factor(base.codes, base.levels, ordered, base.contrasts)
    known = set(levels)
    present = np.bincount(base.codes[base.codes >= 0], minlength=len(base.levels)) if open_ended else ()
    extra = (
        [lev for lev, n in zip(base.levels, present, strict=True) if n and lev not in known]
        if open_ended
        else []
    )
    out = _relabel(base.codes, base.levels, [*levels, *extra])
    return Factor(out.codes, out.levels, ordered, base.contrasts, len(levels) if extra else None)


def refuse_unknown(factor: Factor) -> None:
    """An error where a level's place among the levels matters and new data bring a level that has none."""
    if factor.known is not None:
        raise DataError(
            f"factor has new levels {', '.join(factor.levels[factor.known :])}: they have no place among "
            f"{', '.join(factor.levels[: factor.known])}"
        )


def column_value(series: Any, name: str | None = None) -> Value:
    """A pandas Series as an R vector.

    Parameters
    ----------
    series : pandas.Series
        Numbers are taken without a copy; nullable and Arrow numbers become their plain dtype with NaN for
        NA; bool
        becomes Logical; Categorical becomes Factor (categories as text, order kept); strings become Text;
        ``decimal.Decimal`` becomes float; time stamps become POSIXct, dates (objects, Arrow's) Date.
    name : str, optional
        What to call the column in messages (default: the Series' name).

    Raises
    ------
    DataError
        For periods, time differences, complex numbers, columns of mixed objects and two columns of one name, with the
        remedy.
    """
    if isinstance(series, pd.DataFrame):
        label = name if name is not None else (series.columns[0] if series.shape[1] else "")
        raise ColumnTypeError(
            f"the data have {series.shape[1]} columns called '{label}'{_alike(label)}: rename all but one of them"
        )
    label = str(series.name if name is None else name)
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        array: np.ndarray = series.to_numpy()
        return array if dtype.itemsize <= 8 else array.astype(np.float64)
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(series, label)
    if isinstance(dtype, pd.SparseDtype):
        return column_value(series.sparse.to_dense(), label)
    if pd.api.types.is_bool_dtype(dtype):
        return _logical(series)
    if pd.api.types.is_integer_dtype(dtype) or pd.api.types.is_float_dtype(dtype):
        whole = dtype.kind in "iu" and not series.isna().any()
        plain: np.ndarray = series.to_numpy(
            dtype=f"{dtype.kind}8" if whole else np.float64, **({} if whole else {"na_value": np.nan})
        )
        return plain
    if str(dtype).startswith("date") and isinstance(dtype, pd.ArrowDtype):
        days = series.astype("timestamp[s][pyarrow]").to_numpy(
            dtype="datetime64[s]", na_value=np.datetime64("NaT", "s")
        )
        return Time(seconds_of(pd.DatetimeIndex(days)) / DAY, "Date")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _stamps(series)
    if pd.api.types.is_string_dtype(dtype) and not pd.api.types.is_object_dtype(dtype):
        return ColumnText(series)
    _refuse_by_type(dtype, label)
    return _from_objects(series, label)


def _alike(label: str) -> str:
    """A column may be called by a number, which a formula cannot tell from its text."""
    number = label.lstrip("-").replace(".", "", 1).isdigit()
    return f" (in a formula the names {label} and {label!r} are one)" if number else ""


def _logical(series: pd.Series) -> Logical:
    missing = series.isna().to_numpy(dtype=bool)
    if not missing.any():
        return Logical(series.to_numpy(dtype=bool))
    return Logical(series.to_numpy(dtype=bool, na_value=False), missing)


def _categorical(series: pd.Series, label: str) -> Factor:
    values = series.array
    assert isinstance(values, pd.Categorical)
    levels = tuple(_level_text(c) for c in values.categories.tolist())
    if len(set(levels)) < len(levels):
        twice = next(lev for i, lev in enumerate(levels) if lev in levels[:i])
        raise ColumnTypeError(
            f"column '{label}': two categories are both written '{twice}': rename one of them"
        )
    return Factor(values.codes, levels, bool(values.ordered))


def _level_text(level: Any) -> str:
    if isinstance(level, str):
        return level
    if isinstance(level, bool | np.bool_):
        return "TRUE" if level else "FALSE"
    if isinstance(level, int | float | np.integer | np.floating):
        return number_text(level.item() if isinstance(level, np.generic) else level)
    return str(level)


def _stamps(series: pd.Series) -> Time:
    """Time stamps as seconds since 1970-01-01 UTC, with the zone of their clock (none: taken for UTC)."""
    index = pd.DatetimeIndex(series)
    unit = "UTC" if index.tz is None else str(index.tz)
    if index.tz is not None:
        index = index.tz_convert("UTC").tz_localize(None)
    return Time(seconds_of(index), "POSIXct", unit)


_REMEDIES = {
    "M": (
        "periods or times of day",
        "turn periods into time stamps with .dt.to_timestamp(), times of day into a number",
    ),
    "m": ("time differences", "take a number from it, for example .dt.total_seconds()"),
    "c": ("complex numbers", "use .real, .imag or abs()"),
    "V": ("records", "take one field of it"),
    "S": ("bytes", "decode it to strings"),
}
_OBJECT_REMEDIES = {
    "time": "M", "period": "M",
    "timedelta": "m", "timedelta64": "m", "complex": "c", "bytes": "S",
}  # fmt: skip


def _refuse(label: str, code: str) -> None:
    what, remedy = _REMEDIES[code]
    raise ColumnTypeError(f"column '{label}' holds {what}, which a model cannot use: {remedy}")


def _refuse_by_type(dtype: Any, label: str) -> None:
    if isinstance(dtype, pd.PeriodDtype):
        _refuse(label, "M")
    if isinstance(dtype, pd.IntervalDtype):
        raise ColumnTypeError(
            f"column '{label}' holds intervals, which a model cannot use: make it a category with "
            ".astype(str).astype('category'), or take .mid"
        )
    if dtype.kind in _REMEDIES:
        _refuse(label, dtype.kind)


def _from_objects(series: pd.Series, label: str) -> Value:
    """An object column, by what its values are."""
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred == "string":
        return ColumnText(series)
    values = series.to_numpy(dtype=object)
    missing = series.isna().to_numpy(dtype=bool)
    if inferred == "boolean":
        known = np.where(missing, False, values).astype(bool)
        return Logical(known, missing if missing.any() else None)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return np.where(missing, np.nan, values).astype(np.float64)
    if inferred == "date":
        return Time(seconds_of(stamps_of(values)) / DAY, "Date")
    if inferred in ("datetime", "datetime64"):
        return _stamps(pd.Series(pd.DatetimeIndex(series)))
    if inferred in _OBJECT_REMEDIES:
        _refuse(label, _OBJECT_REMEDIES[inferred])
    return _mixed(values, missing, label)


def _mixed(values: np.ndarray, missing: np.ndarray, label: str) -> Value:
    from decimal import Decimal

    kinds: dict[str, int] = {}
    for row in np.flatnonzero(~missing):
        kinds.setdefault(type(values[row]).__name__, int(row))
    present = [values[row] for row in kinds.values()]
    if all(isinstance(v, int | float | Decimal | np.number) and not isinstance(v, bool) for v in present):
        return np.array([np.nan if m else float(v) for v, m in zip(values, missing, strict=True)])
    shown = ", ".join(f"{values[row]!r} ({name}, row {row})" for name, row in list(kinds.items())[:3])
    remedy = (
        "make it one type, with pandas.to_numeric or .astype(str)"
        if len(kinds) > 1
        else "take a number or a string from it"
    )
    raise ColumnTypeError(f"column '{label}' is an object column that holds {shown}: {remedy}")


def as_objects(value: Any) -> Any:
    """A value as the plain array a user's own function sees (labels for a factor)."""
    match value:
        case Logical(missing=None):
            return value.values
        case Logical():
            return numbers(value)
        case Text():
            return value.values
        case Factor():
            return spread(value.levels, value.codes)
        case Matrix():
            return value.values
        case Time() if value.kind != "difftime":
            return index_of(value.values * (DAY if value.kind == "Date" else 1.0)).to_numpy()
        case Time():
            return value.values
        case _:
            return value
