"""Deviance terms and Stirling errors without cancellation, vectorised (Loader 2000, "Fast and accurate
computation of binomial probabilities"; R's dbinom, dpois and dgamma rest on the same two functions)."""

from __future__ import annotations

import numpy as np
from scipy import special

from .link import Array, quiet

TINY = float(np.finfo(np.float64).tiny)
HALF_LOG_2PI = 0.5 * float(np.log(2.0 * np.pi))
# Where |x - m| < NEAR (x + m) the plain formula loses more than three digits and the series is used; its
# first neglected term is NEAR^14.
NEAR = 0.05
_SERIES = tuple(1.0 / (2 * j + 1) for j in range(6, 0, -1))
# stirling_error(n) ~ sum of c_j / n^(2j+1) (Abramowitz & Stegun 6.1.41), good to 1e-17 from n = 16 on
_STIRLING = (
    1.0 / 156.0,
    -691.0 / 360360.0,
    1.0 / 1188.0,
    -1.0 / 1680.0,
    1.0 / 1260.0,
    -1.0 / 360.0,
    1.0 / 12.0,
)
_STIRLING_FROM = 16.0


def polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Horner's rule, highest power first."""
    total = np.full(np.shape(x), coefficients[0])
    for c in coefficients[1:]:
        total *= x
        total += c
    return total


@quiet
def deviance_term(x: Array, m: Array) -> Array:
    """x log(x/m) - x + m for x >= 0, m > 0 (Loader's bd0): never negative, 0 exactly at x = m.

    Relative accuracy is about 1e-13 everywhere, also where x and m are close.
    """
    x, m = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64))
    difference = x - m
    total = x * np.log(np.maximum(x / m, TINY)) - difference
    near = np.flatnonzero(np.abs(difference) < NEAR * (x + m))
    if near.size:
        xn, mn, dn = x.ravel()[near], m.ravel()[near], difference.ravel()[near]
        v = dn / (xn + mn)
        square = v * v
        total = np.asarray(total, order="C")
        total.reshape(-1)[near] = v * (dn + 2.0 * xn * square * polynomial(_SERIES, square))
    return total


@quiet
def log1p_excess(x: Array) -> Array:
    """x - log1p(x) for x > -1 without cancellation: never negative."""
    # deviance_term(1, 1 + x) = -log(1 + x) + x, but in terms of v = x / (2 + x), so that 1 + x is never rounded
    x = np.asarray(x, dtype=np.float64)
    v = x / (2.0 + x)
    square = v * v
    series = v * (x - 2.0 * square * polynomial(_SERIES, square))
    return np.where(np.abs(v) < NEAR, series, x - np.log1p(x))


@quiet
def stirling_error(n: Array) -> Array:
    """log Gamma(n + 1) - [(n + 1/2) log n - n + log sqrt(2 pi)] for n > 0, 0 at n = 0 (by convention here)."""
    n = np.asarray(n, dtype=np.float64)
    large = np.maximum(n, _STIRLING_FROM)
    series = polynomial(_STIRLING, 1.0 / np.square(large)) / large
    small = n < _STIRLING_FROM
    if not np.any(small):
        return series
    few = np.where(small & (n > 0.0), n, 1.0)
    direct = special.gammaln(few + 1.0) - ((few + 0.5) * np.log(few) - few + HALF_LOG_2PI)
    return np.where(small, np.where(n > 0.0, direct, 0.0), series)
