"""Summaries of rows: one number (or a few) that is frozen for new data."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Time, Value
from .registry import RFunction, function
from .samples import Sample, Window
from .sequences import combine
from .vectors import (
    as_whole,
    flag_argument,
    is_integer,
    is_text,
    kind,
    number_argument,
    simplify,
    size,
    vector,
    whole_argument,
)

_OF_TIMES = ("mean", "median", "min", "max", "range", "var", "sd")


def _like(x: Value, out: Any) -> Value:
    """A summary of times is a time."""
    return (
        Time(np.atleast_1d(np.asarray(out, dtype=np.float64)), x.kind, x.unit) if isinstance(x, Time) else out
    )


def joined_values(*values: Value) -> Value:
    """``c`` of one or more vectors."""
    out = combine(*values)
    assert out is not None
    return out


def _data(name: str, x: Value, na_rm: Value = False) -> np.ndarray:
    if isinstance(x, Factor):
        raise DataError(f"‘{name}’ not meaningful for factors: need numeric data")
    if isinstance(x, Time) and name not in _OF_TIMES:
        raise DataError(f'{name} not defined for "{x.kind}" objects: write as.numeric() around it')
    if is_text(x) or x is None:
        raise DataError(f"{name}(): need numeric data, a {kind(x)} was given")
    values = vector(x)
    return values[~np.isnan(values)] if flag_argument(na_rm, "na.rm") else values


def _pooled(name: str, values: tuple[Value, ...], na_rm: Value) -> np.ndarray:
    return np.concatenate([_data(name, v, na_rm) for v in values]) if values else np.empty(0)


def mean_of(values: np.ndarray) -> float:
    """The mean, corrected once for the rounding of the sum, as in R."""
    if not values.size:
        return math.nan
    first = float(np.mean(values))
    return first + float(np.mean(values - first)) if math.isfinite(first) else first


def mean(x: Value, trim: Value = 0, na_rm: Value = False) -> Value:
    values, share = _data("mean", x, na_rm), number_argument(trim, "trim")
    if share > 0 and values.size:
        if np.isnan(values).any():
            return _like(x, math.nan)
        if share >= 0.5:
            return _like(x, float(np.median(values)))
        cut = int(values.size * share)
        values = np.sort(values)[cut : values.size - cut]
    return _like(x, mean_of(values))


def var(x: Value, y: Value | None = None, na_rm: Value = False) -> Value:
    a = _data("var", x, na_rm if y is None else False)
    b = a if y is None else _data("var", y)
    if a.size != b.size:
        raise FormulaError(f"incompatible dimensions: lengths {a.size} and {b.size}")
    if a.size < 2:
        return math.nan
    return float(((a - mean_of(a)) * (b - mean_of(b))).sum() / (a.size - 1))


def sd(x: Value, na_rm: Value = False) -> Value:
    return float(np.sqrt(np.asarray(var(x, na_rm=na_rm))))


def median(x: Value, na_rm: Value = False) -> Value:
    values = _data("median", x, na_rm)
    return _like(x, float(np.median(values)) if values.size and not np.isnan(values).any() else math.nan)


def mad(x: Value, center: Value | None = None, constant: Value = 1.4826, na_rm: Value = False) -> Value:
    values = _data("mad", x, na_rm)
    middle = median(values) if center is None else number_argument(center, "center")
    return number_argument(constant, "constant") * float(np.asarray(median(np.abs(values - middle))))


def quantiles(values: np.ndarray | Sample | Window, probs: np.ndarray, type_: int = 7) -> np.ndarray:
    """Sample quantiles of values without NaN, by the nine definitions of Hyndman & Fan (1996)."""
    ordered, n = np.sort(values) if isinstance(values, np.ndarray) else values, values.size
    if not n:
        return np.full(probs.size, np.nan)
    if type_ == 7:
        place = 1 + max(n - 1, 0) * probs
        low = np.floor(place)
        share = place - low
    elif type_ <= 3:
        raw = n * probs - (0.5 if type_ == 3 else 0.0)
        low = np.floor(raw + 4 * np.finfo(float).eps)
        inside = raw > low
        share = {
            1: inside.astype(float),
            2: np.where(inside, 1.0, 0.5),
            3: (inside | (np.mod(low, 2) == 1)).astype(float),
        }[type_]
    else:
        a, b = {4: (0, 1), 5: (0.5, 0.5), 6: (0, 0), 8: (1 / 3, 1 / 3), 9: (3 / 8, 3 / 8)}[type_]
        fuzz = 4 * np.finfo(float).eps
        raw = a + probs * (n + 1 - a - b)
        low = np.floor(raw + fuzz)
        share = np.where(np.abs(raw - low) < fuzz, 0.0, raw - low)
    below = ordered[np.clip(low, 1, n).astype(np.intp) - 1]
    above = ordered[np.clip(low + 1, 1, n).astype(np.intp) - 1]
    between = (1 - share) * below + share * above
    return np.asarray(np.where(share == 0, below, np.where(share == 1, above, between)))  # exact at the ends


def quantile(
    x: Value, probs: Value | None = None, na_rm: Value = False, names: Value = True, type: Value = 7
) -> Value:
    values = _data("quantile", x, na_rm)
    if np.isnan(values).any():
        raise DataError("missing values and NaN's not allowed if 'na.rm' is FALSE")
    wanted = np.linspace(0, 1, 5) if probs is None else vector(probs)
    if not ((wanted >= -1e-12) & (wanted <= 1 + 1e-12)).all():
        raise FormulaError("'probs' outside [0,1]")
    which = whole_argument(type, "type")
    if which not in range(1, 10):
        raise FormulaError(f"invalid 'type' argument: 1 ... 9 are known, {which} was given")
    return simplify(quantiles(values, np.clip(wanted, 0, 1), which))


def iqr(x: Value, na_rm: Value = False, type: Value = 7) -> Value:
    low, high = vector(quantile(x, np.array([0.25, 0.75]), na_rm, type=type))
    return float(high - low)


def _total(op: Callable[..., Any], name: str, *values: Value, na_rm: Value = False) -> Value:
    out = float(op(_pooled(name, values, na_rm)))
    return as_whole(out) if name == "sum" and all(map(is_integer, values)) else out


def _extreme(op: Callable[..., Any], name: str, *values: Value, na_rm: Value = False) -> Value:
    if isinstance(values[0] if values else None, Time):
        values = (joined_values(*values),)
    pooled = _pooled(name, values, na_rm)
    if not pooled.size:
        raise DataError(f"no non-missing arguments to {name}()")
    return (
        as_whole(float(op(pooled))) if all(map(is_integer, values)) else _like(values[0], float(op(pooled)))
    )


def value_range(*values: Value, na_rm: Value = False) -> Value:
    low, high = (_extreme(op, "range", *values, na_rm=na_rm) for op in (np.min, np.max))
    return joined_values(low, high)


def length(x: Value) -> Value:
    return size(x)


def _summary(name: str, call: Callable[..., Value], formals: str, package: str = "stats") -> RFunction:
    return function(name, call, formals, reduction=True, namespaces=(package,))


FUNCTIONS: tuple[RFunction, ...] = (
    _summary("mean", mean, "x, trim, na.rm", "base"),
    _summary("var", var, "x, y, na.rm"),
    _summary("sd", sd, "x, na.rm"),
    _summary("median", median, "x, na.rm"),
    _summary("mad", mad, "x, center, constant, na.rm"),
    _summary("quantile", quantile, "x, probs, na.rm, names, type"),
    _summary("IQR", iqr, "x, na.rm, type"),
    _summary("sum", partial(_total, np.sum, "sum"), "..., na.rm", "base"),
    _summary("prod", partial(_total, np.prod, "prod"), "..., na.rm", "base"),
    _summary("min", partial(_extreme, np.min, "min"), "..., na.rm", "base"),
    _summary("max", partial(_extreme, np.max, "max"), "..., na.rm", "base"),
    _summary("range", value_range, "..., na.rm", "base"),
    _summary("length", length, "x", "base"),
)
