"""Spline bases, R's ``splines::bs`` and ``splines::ns`` (de Boor, A Practical Guide to Splines, 1978)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError, DataWarning, FormulaError, give_warning
from ..values import Factor, Matrix, Value
from .registry import RFunction, function
from .samples import Sample
from .summaries import quantiles
from .vectors import flag_argument, is_text, kind, vector, whole_argument

MOST_KNOTS, MOST_DEGREES = 1000, 100  # more of them would fill the memory and fit nothing


def basis_matrix(x: np.ndarray, knots: np.ndarray, order: int, derivative: int = 0) -> np.ndarray:
    """B-splines of an order at `x`, or a derivative of theirs; beyond the boundary the end pieces go on.

    Parameters
    ----------
    x : ndarray, shape (n,), no NaN
    knots : ndarray, shape (m,)
        All knots, boundary knots repeated `order` times.
    order : int
        Degree + 1.
    derivative : int

    Returns
    -------
    ndarray, shape (n, m - order)
    """
    count = len(knots) - order
    if derivative:
        lower = basis_matrix(x, knots, order - 1, derivative - 1)
        gaps = knots[order - 1 :] - knots[: count + 1]
        with np.errstate(all="ignore"):
            slopes = np.where(gaps > 0, (order - 1) * lower / gaps, 0.0)
        return slopes[:, :-1] - slopes[:, 1:]
    first = np.searchsorted(knots, knots[order - 1], side="right") - 1  # the end intervals of positive length
    last = np.searchsorted(knots, knots[count], side="left") - 1
    interval = np.clip(np.searchsorted(knots, x, side="right") - 1, first, last)
    local = np.ones((1, len(x)))
    for k in range(1, order):
        grown = np.zeros((k + 1, len(x)))
        for j in range(k):
            right, left = knots[interval + j + 1], knots[interval + j + 1 - k]
            share = local[j] / (right - left)
            grown[j] += (right - x) * share
            grown[j + 1] += (x - left) * share
        local = grown
    out = np.zeros((len(x), count))
    for j in range(order):
        out[np.arange(len(x)), interval - order + 1 + j] = local[j]
    return out


def _inner_knots(x: np.ndarray | Sample, count: int, boundary: np.ndarray) -> np.ndarray:
    """Quantile knots; those that fall on a boundary are moved an eighth of the way to the next (R >= 4.3)."""
    low, high = boundary
    inside = x.between(low, high) if isinstance(x, Sample) else x[(x >= low) & (x <= high)]
    knots = quantiles(inside, np.linspace(0, 1, count + 2)[1:-1])
    for end, side in ((0, "left"), (1, "right")):
        on_boundary = knots == boundary[end]
        if not on_boundary.any():
            continue
        if on_boundary.all():
            raise DataError(
                f"all interior knots match {side} boundary knot: too many equal values for so many "
                "degrees of freedom; lower df or give knots"
            )
        nearest = knots[~on_boundary].min() if end == 0 else knots[~on_boundary].max()
        knots[on_boundary] = boundary[end] + (nearest - boundary[end]) / 8
        give_warning("shoving 'interior' knots matching boundary knots to inside", DataWarning)
    return knots


def _numeric(x: Value) -> np.ndarray:
    if isinstance(x, Factor) or is_text(x):
        raise DataError(f"a spline basis needs numbers, a {kind(x)} was given")
    return vector(x)


def _known(x: Value | Sample) -> np.ndarray | Sample:
    """The numbers that are not missing; a sample has no others."""
    if isinstance(x, Sample):
        return x
    values = _numeric(x)
    return values[~np.isnan(values)]


def _boundary(values: np.ndarray | Sample, given: Value | None) -> np.ndarray:
    if given is not None:
        ends = np.sort(vector(given))
        if ends.size != 2 or np.isnan(ends).any():
            raise FormulaError(f"'Boundary.knots' must be two numbers: {ends.size} were given")
    else:
        if not values.size:
            raise DataError("a spline basis needs at least one value that is not missing")
        ends = np.array([values.min(), values.max()])
    if not (np.isfinite(ends).all() and ends[0] < ends[1]):
        raise DataError(f"boundary knots must be finite and differ: they are {ends[0]:g} and {ends[1]:g}")
    return ends


def _knots(
    values: np.ndarray | Sample, df: Value | None, knots: Value | None, boundary: np.ndarray, least: int
) -> np.ndarray:
    """Inner knots given, or as many as `df` leaves over `least`."""
    if knots is not None:
        inner = np.sort(vector(knots))
        if not np.isfinite(inner).all():
            raise FormulaError("non-finite knots")
        if len(inner) > MOST_KNOTS:
            raise FormulaError(f"{len(inner)} knots are too many: at most {MOST_KNOTS}")
        return inner
    if df is None:
        return np.empty(0)
    count = whole_argument(df, "df") - least
    if count > max(values.size, 10):
        raise FormulaError(
            f"df = {count + least} asks for more knots than the {values.size} values can carry"
        )
    if count > MOST_KNOTS:
        raise FormulaError(f"df = {count + least} asks for too many knots: at most {MOST_KNOTS}")
    if count < 0:
        give_warning(f"'df' was too small; have used {least}", DataWarning)
    return _inner_knots(values, count, boundary) if count > 0 else np.empty(0)


def learn_bs(
    x: Value | Sample,
    df: Value | None = None,
    knots: Value | None = None,
    degree: Value = 3,
    intercept: Value = False,
    boundary_knots: Value | None = None,
) -> dict[str, Any]:
    values = _known(x)
    power, whole = whole_argument(degree, "degree"), flag_argument(intercept, "intercept")
    if not 1 <= power <= MOST_DEGREES:
        raise FormulaError(f"'degree' must be integer >= 1 and at most {MOST_DEGREES}: {power} was given")
    boundary = _boundary(values, boundary_knots)
    inner = _knots(values, df, knots, boundary, power + whole)
    return {"knots": inner, "boundary": boundary, "degree": power, "intercept": whole}


def learn_ns(
    x: Value | Sample,
    df: Value | None = None,
    knots: Value | None = None,
    intercept: Value = False,
    boundary_knots: Value | None = None,
) -> dict[str, Any]:
    values = _known(x)
    whole = flag_argument(intercept, "intercept")
    boundary = _boundary(values, boundary_knots)
    inner = _knots(values, df, knots, boundary, 1 + whole)
    return {"knots": inner, "boundary": boundary, "degree": 3, "intercept": whole}


def all_knots(state: dict[str, Any], order: int) -> np.ndarray:
    low, high = (float(b) for b in state["boundary"])
    inner = np.asarray(state["knots"], dtype=np.float64)
    return np.sort(np.concatenate([np.full(order, low), inner, np.full(order, high)]))


def _placed(known: np.ndarray, basis: np.ndarray) -> Matrix:
    """Rows of missing values are missing."""
    out = np.full((len(known), basis.shape[1]), np.nan)
    out[known] = basis
    return Matrix(out, tuple(str(i + 1) for i in range(basis.shape[1])))


def apply_bs(state: dict[str, Any], x: Value, *_args: Value, **_named: Value) -> Value:
    """The end pieces' polynomials go on beyond the boundary knots, with R's warning."""
    values = _numeric(x)
    known = ~np.isnan(values)
    inside, order = values[known], int(state["degree"]) + 1
    low, high = state["boundary"]
    if ((inside < low) | (inside > high)).any():
        give_warning("some 'x' values beyond boundary knots may cause ill-conditioned bases", DataWarning)
    basis = basis_matrix(inside, all_knots(state, order), order)
    return _placed(known, basis if state["intercept"] else basis[:, 1:])


def apply_ns(state: dict[str, Any], x: Value, *_args: Value, **_named: Value) -> Value:
    """Cubic splines without curvature at the boundary knots, straight lines beyond them."""
    values = _numeric(x)
    known = ~np.isnan(values)
    inside = values[known]
    ends = np.asarray(state["boundary"], dtype=np.float64)
    knots = all_knots(state, 4)
    nearest = np.clip(inside, ends[0], ends[1])
    basis = basis_matrix(nearest, knots, 4)
    beyond = inside != nearest
    if beyond.any():
        slope = basis_matrix(nearest[beyond], knots, 4, derivative=1)
        basis[beyond] += (inside - nearest)[beyond, None] * slope
    curvature = basis_matrix(ends, knots, 4, derivative=2)
    if not state["intercept"]:
        basis, curvature = basis[:, 1:], curvature[:, 1:]
    q, _ = np.linalg.qr(curvature.T, mode="complete")
    return _placed(known, basis @ q[:, 2:])


FUNCTIONS: tuple[RFunction, ...] = (
    function(
        "bs",
        apply_bs,
        "x, df, knots, degree, intercept, Boundary.knots",
        learn=learn_bs,
        namespaces=("splines",),
    ),
    function(
        "ns", apply_ns, "x, df, knots, intercept, Boundary.knots", learn=learn_ns, namespaces=("splines",)
    ),
)
