"""Numbers into intervals: ``cut`` and ``findInterval``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Time, Value
from . import calendar, times
from .registry import RFunction, function
from .vectors import flag_argument, is_numeric, is_text, kind, size, texts, vector, whole_argument

_INFINITE = {math.inf: " Inf", -math.inf: "-Inf"}  # as formatC writes them


def interval_breaks(x: np.ndarray, count: int) -> np.ndarray:
    """R's breaks for `count` equal intervals: the range, its ends moved out by a thousandth of its width."""
    known = x[~np.isnan(x)]
    if not known.size or not np.isfinite(known).all():
        raise DataError(
            "cut() into a number of intervals needs finite values ('from' must be a finite number)"
        )
    low, high = float(known.min()), float(known.max())
    width = high - low
    if width == 0:
        width = abs(low)
        return np.linspace(low - width / 1000, high + width / 1000, count + 1)
    breaks = np.linspace(low, high, count + 1)
    breaks[0], breaks[-1] = low - width / 1000, high + width / 1000
    return breaks


def interval_labels(breaks: np.ndarray, digits: int, right: bool, include_lowest: bool) -> list[str]:
    """``(a,b]`` with as few digits (from `digits` up to 12) as keep neighbouring breaks apart."""
    for used in range(digits, max(12, digits) + 1):
        shown = [_INFINITE.get(b) or f"{b:.{used}g}" for b in breaks.tolist()]
        if all(a != b for a, b in zip(shown, shown[1:], strict=False)):
            break
    else:
        return [f"Range_{i}" for i in range(1, len(breaks))]
    left, close = ("(", "]") if right else ("[", ")")
    out = [f"{left}{a},{b}{close}" for a, b in zip(shown, shown[1:], strict=False)]
    if include_lowest:
        if right:
            out[0] = "[" + out[0][1:]
        else:
            out[-1] = out[-1][:-1] + "]"
    return out


def _numeric(x: Value) -> np.ndarray:
    if not is_numeric(x):
        raise DataError(f"'x' must be numeric: it is a {kind(x)}")
    return vector(x)


def learn_cut(
    x: Value,
    breaks: Value,
    labels: Value | None = None,
    include_lowest: Value = False,
    right: Value = True,
    dig_lab: Value = 3,
    ordered_result: Value = False,
) -> dict[str, Any]:
    """The breaks and the intervals' names."""
    if isinstance(x, Time):
        return _learn_time_cut(x, breaks, labels)
    values, given = _numeric(x), vector(breaks, "invalid 'breaks'")
    if given.size == 1:
        if not given[0] >= 2:
            raise FormulaError(
                f"invalid number of intervals: at least 2 are needed, {given[0]:g} was given "
                "(to cut at points of your own give at least two: breaks = c(...))"
            )
        if given[0] > 1e5:
            raise FormulaError(f"invalid number of intervals: {given[0]:g} are too many")
        edges = interval_breaks(values, int(given[0]))
    else:
        edges = np.sort(given)
        if np.isnan(edges).any():
            raise FormulaError("'breaks' must not be missing")
        if (np.diff(edges) == 0).any():
            raise FormulaError(f"'breaks' are not unique: {', '.join(f'{b:g}' for b in edges)}")
    if labels is None:
        names = interval_labels(
            edges,
            whole_argument(dig_lab, "dig.lab"),
            flag_argument(right, "right"),
            flag_argument(include_lowest, "include.lowest"),
        )
    elif isinstance(labels, bool):
        names = []
    else:
        names = [str(name) for name in texts(labels)]
        if len(names) != len(edges) - 1:
            raise FormulaError(
                f"number of intervals and length of 'labels' differ: {len(edges) - 1} and {len(names)}"
            )
    return {"breaks": edges, "labels": names}


def _learn_time_cut(x: Time, breaks: Value, labels: Value | None) -> dict[str, Any]:
    """Breaks of dates and times: a unit (``"month"``, ``"2 weeks"``), or dates."""
    if is_text(breaks) and size(breaks) == 1:
        edges, clock = calendar.breaks_by(x, str(texts(breaks)[0]))
    elif isinstance(breaks, Time) or is_text(breaks):
        edges = breaks if isinstance(breaks, Time) else times.read_as(x, breaks)
        if edges.kind != x.kind:
            raise DataError(f"'breaks' of a {x.kind} must be of its kind, not {edges.kind}")
        edges = Time(np.sort(edges.values), x.kind, x.unit)
        if len(edges.values) < 2 or np.isnan(edges.values).any() or (np.diff(edges.values) == 0).any():
            raise FormulaError("'breaks' of dates must be two or more different dates, none missing")
        clock = bool((calendar.floored(edges, "days").values != edges.values).any())
    else:
        raise FormulaError(
            "invalid specification of 'breaks': dates are cut by a unit, as in cut(day, \"month\"), or by dates"
        )
    if labels is None:
        form = "%Y-%m-%d %H:%M:%S" if clock else "%Y-%m-%d"
        names = calendar.written(edges, form)[:-1].tolist()
    else:
        names = [] if isinstance(labels, bool) else [str(name) for name in texts(labels)]
        if names and len(names) != len(edges.values) - 1:
            raise FormulaError(
                f"number of intervals and length of 'labels' differ: {len(edges.values) - 1} and {len(names)}"
            )
    return {"breaks": edges.values, "labels": names}


def apply_cut(
    state: dict[str, Any],
    x: Value,
    breaks: Value,
    labels: Value | None = None,
    include_lowest: Value = False,
    right: Value | None = None,
    dig_lab: Value = 3,
    ordered_result: Value = False,
) -> Value:
    """Values outside the breaks are NA."""
    values = x.values if isinstance(x, Time) else _numeric(x)
    edges = np.asarray(state["breaks"], dtype=np.float64)
    closed_right = not isinstance(x, Time) if right is None else flag_argument(right, "right")
    codes = np.searchsorted(edges, values, side="left" if closed_right else "right") - 1
    if flag_argument(include_lowest, "include.lowest"):
        if closed_right:
            codes[values == edges[0]] = 0
        else:
            codes[values == edges[-1]] = len(edges) - 2
    codes[np.isnan(values) | (codes >= len(edges) - 1)] = -1
    if not state["labels"]:
        return np.where(codes < 0, np.nan, codes + 1) if (codes < 0).any() else codes + 1
    levels = list(dict.fromkeys(state["labels"]))
    if len(levels) < len(state["labels"]):  # equal labels are one level
        table = np.array([levels.index(name) for name in state["labels"]] + [-1])
        codes = table[codes]
    return Factor(codes, tuple(levels), flag_argument(ordered_result, "ordered_result"))


def find_interval(
    x: Value,
    vec: Value,
    rightmost_closed: Value = False,
    all_inside: Value = False,
    left_open: Value = False,
) -> Value:
    """How many of the sorted `vec` are at or below each value."""
    values, edges = vector(x), vector(vec)
    if (np.diff(edges) < 0).any() or np.isnan(edges).any():
        raise FormulaError("'vec' must be sorted non-decreasingly and not contain NAs")
    left = flag_argument(left_open, "left.open")
    out = np.searchsorted(edges, values, side="left" if left else "right")
    if edges.size and flag_argument(rightmost_closed, "rightmost.closed"):
        out = np.where(values == (edges[0] if left else edges[-1]), 1 if left else edges.size - 1, out)
    if flag_argument(all_inside, "all.inside"):
        out = np.clip(out, 1, edges.size - 1)
    missing = np.isnan(values)
    out = np.where(missing, np.nan, out) if missing.any() else out
    return out[0].item() if size(x) == 1 and not isinstance(x, np.ndarray) else out


_CUT = "x, breaks, labels, include.lowest, right, dig.lab, ordered_result"

FUNCTIONS: tuple[RFunction, ...] = (
    function("cut", apply_cut, _CUT, learn=learn_cut),
    function("findInterval", find_interval, "x, vec, rightmost.closed, all.inside, left.open"),
)
