"""Orthogonal and raw polynomials, R's ``poly``.

The orthogonal ones are fixed by the three-term recurrence (Kennedy & Gentle 1980, pp. 343-4): its constants
are the state, and the values on fitted and on new data come from the same recurrence.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Matrix, Value
from .registry import RFunction, function
from .summaries import mean_of
from .vectors import common_rows, flag_argument, is_scalar, is_text, kind, rows, size, vector, whole_argument

_RANK_TOLERANCE = 1e-7  # R's qr()
Recurrence = dict[str, Any]  # alpha (degree,), norm2 (degree + 2,)


def learn_recurrence(x: np.ndarray, degree: int) -> Recurrence:
    """Constants of the orthogonal polynomials over the points `x`, from a QR factorisation as in R.

    Parameters
    ----------
    x : ndarray, shape (n,)
    degree : int

    Returns
    -------
    dict
        ``alpha`` (degree,): shifts; ``norm2`` (degree + 2,): squared norms, the first 1.

    Raises
    ------
    DataError
        For missing values and for too few distinct points, in R's words.
    """
    if np.isnan(x).any():
        row = int(np.flatnonzero(np.isnan(x))[0])
        raise DataError(f"missing values are not allowed in 'poly': the first is in row {row}")
    if not np.isfinite(x).all():
        raise DataError(
            f"infinite values are not allowed in 'poly': row {int(np.flatnonzero(np.isinf(x))[0])}"
        )
    distinct = len(np.unique(x[: 10 * degree]))
    distinct = distinct if distinct > degree else len(np.unique(x))
    if degree >= distinct:
        raise too_few_points(degree, distinct)
    middle = mean_of(x)
    centred = x - middle
    unit = np.abs(centred).max()  # powers of a centred variable in its own unit do not overflow
    q, r = np.linalg.qr(np.vander(centred / unit, degree + 1, increasing=True))
    _refuse_equal_points(r)
    raw = q * (np.diag(r) * unit ** np.arange(degree + 1))
    norm2 = (raw**2).sum(axis=0)
    alpha = (centred[:, None] * raw**2).sum(axis=0) / norm2 + middle
    return {"alpha": alpha[:degree], "norm2": np.concatenate([[1.0], norm2])}


def recurrence_of(R: np.ndarray, middle: float, unit: float) -> Recurrence:
    """The same constants from the triangular factor of the powers 1, t ... t^degree, t = (x - middle) / unit.

    The monic orthogonal polynomial of degree k has the norm |R[k, k]|, and its shift is the difference of
    R[k, k+1] / R[k, k] and R[k-1, k] / R[k-1, k-1]: so blocks of rows need only be merged into one R.
    """
    _refuse_equal_points(R)
    diagonal = np.diag(R)
    ratio = np.diag(R, 1) / diagonal[:-1]
    alpha = middle + unit * np.diff(ratio, prepend=0.0)
    norm2 = (diagonal * unit ** np.arange(len(R))) ** 2
    return {"alpha": alpha, "norm2": np.concatenate([[1.0], norm2])}


def too_few_points(degree: int, distinct: int) -> DataError:
    return DataError(
        f"'degree' must be less than number of unique points: degree {degree}, {distinct} unique points"
    )


def _refuse_equal_points(R: np.ndarray) -> None:
    if (np.abs(np.diag(R)) < _RANK_TOLERANCE * np.sqrt((R**2).sum(axis=0))).any():
        raise DataError(
            "'degree' must be less than number of unique points: "
            "numerically some points are equal; lower the degree"
        )


def orthogonal(x: np.ndarray, constants: Recurrence) -> np.ndarray:
    """The polynomials of degree 1 ... at `x`, (n, degree)."""
    alpha, norm2 = (np.asarray(constants[k], dtype=np.float64) for k in ("alpha", "norm2"))
    degree = len(alpha)
    out = np.empty((len(x), degree), order="F")
    before, now = np.ones(len(x)), x - alpha[0]
    out[:, 0] = now
    for i in range(1, degree):
        before, now = now, (x - alpha[i]) * now - norm2[i + 1] / norm2[i] * before
        out[:, i] = now
    return out / np.sqrt(norm2[2:])


def _variables(x: Value, dots: tuple[Value, ...], degree: Value) -> tuple[list[np.ndarray], int]:
    """The variables, and the degree (``poly(x, 2)``: the only unnamed scalar after the first)."""
    given = list(dots)
    if len(given) == 1 and size(given[0]) == 1 and is_scalar(given[0]):
        degree = given.pop()
    for value in (x, *given):
        if isinstance(value, Factor) or is_text(value):
            raise DataError(f"poly() needs numbers, a {kind(value)} was given")
    columns = [c for v in (x, *given) for c in (v.values.T if isinstance(v, Matrix) else [vector(v)])]
    power = whole_argument(degree, "degree")
    if power < 1:
        raise FormulaError(f"'degree' must be at least 1: {power} was given")
    if power > 100:
        raise FormulaError(f"'degree' is too high: {power}")
    if len({len(c) for c in columns}) > 1:
        hint = (
            " (name the degree when there are several variables: degree = 2)" if is_scalar(given[-1]) else ""
        )
        raise FormulaError(f"arguments must have the same length{hint}")
    common_rows(columns)
    return columns, power


def learn_poly(
    x: Value,
    *dots: Value,
    degree: Value = 1,
    coefs: Value | None = None,
    raw: Value = False,
    simple: Value = False,
) -> dict[str, Any]:
    if coefs is not None:
        raise FormulaError("poly(coefs =) is how R predicts; it is kept for you when the model is fitted")
    columns, power = _variables(x, dots, degree)
    if flag_argument(raw, "raw"):
        return {"degree": power, "raw": True}
    return {"degree": power, "raw": False, "coefs": [learn_recurrence(c, power) for c in columns]}


def apply_poly(
    state: dict[str, Any],
    x: Value,
    *dots: Value,
    degree: Value = 1,
    coefs: Value | None = None,
    raw: Value = False,
    simple: Value = False,
) -> Value:
    columns, _ = _variables(x, dots, degree)
    power = int(state["degree"])
    if state["raw"]:
        single = [np.vander(c, power + 1, increasing=True)[:, 1:] for c in columns]
    else:
        single = [orthogonal(c, constants) for c, constants in zip(columns, state["coefs"], strict=True)]
    if len(single) == 1:
        return Matrix(single[0], tuple(str(i + 1) for i in range(power)))
    exponents = [e[::-1] for e in product(range(power + 1), repeat=len(single)) if 0 < sum(e) <= power]
    values = np.empty((rows(columns[0]), len(exponents)), order="F")
    for j, powers in enumerate(exponents):
        parts = [basis[:, p - 1] for basis, p in zip(single, powers, strict=True) if p]
        values[:, j] = np.multiply.reduce(parts)
    return Matrix(values, tuple(".".join(map(str, powers)) for powers in exponents))


def learn_polym(
    *dots: Value, degree: Value = 1, coefs: Value | None = None, raw: Value = False
) -> dict[str, Any]:
    if not dots:
        raise FormulaError("polym() needs at least one variable")
    return learn_poly(dots[0], *_vectors(dots[1:]), degree=degree, coefs=coefs, raw=raw)


def apply_polym(
    state: dict[str, Any],
    *dots: Value,
    degree: Value = 1,
    coefs: Value | None = None,
    raw: Value = False,
) -> Value:
    return apply_poly(state, dots[0], *_vectors(dots[1:]), degree=degree, raw=raw)


def _vectors(dots: tuple[Value, ...]) -> list[Value]:
    """Variables, also the single number that ``poly(x, 2)`` would take for the degree."""
    return [vector(v) if is_scalar(v) else v for v in dots]


FUNCTIONS: tuple[RFunction, ...] = (
    function(
        "poly", apply_poly, "x, ..., degree, coefs, raw, simple", learn=learn_poly, namespaces=("stats",)
    ),
    function("polym", apply_polym, "..., degree, coefs, raw", learn=learn_polym, namespaces=("stats",)),
)
