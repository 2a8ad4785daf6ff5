"""Deviance terms and Stirling errors without cancellation, vectorised (Loader 2000, "Fast and accurate
computation of binomial probabilities"; R's dbinom, dpois and dgamma rest on the same two functions)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from .link import TINY, Array, quiet

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
    if 2 * (some := np.flatnonzero(x)).size < x.size:  # counts: most are 0
        return patched(m - x, some, deviance_term, x, m)
    difference = x - m
    near = np.abs(difference) < NEAR * (x + m)
    # what most rows need is computed for all of them, the rest is gathered
    mostly_near = 2 * np.count_nonzero(near) > near.size
    usual, other = (_term_near, _term_far) if mostly_near else (_term_far, _term_near)
    total = usual(x, m, difference)
    rest = np.flatnonzero(~near if mostly_near else near)
    return patched(total, rest, other, x, m, difference) if rest.size else total


def patched(total: Array, rows: Any, function: Callable[..., Array], *arrays: Array) -> Array:
    """`total` with ``function(*arrays)`` in the given rows (flat positions)."""
    total = np.asarray(total, order="C")
    total.reshape(-1)[rows] = function(*(a.ravel()[rows] for a in arrays))
    return total


def _term_far(x: Array, m: Array, difference: Array) -> Array:
    return x * np.log(np.fmax(x / m, TINY)) - difference  # fmax: 0 at x = m = 0


def _term_near(x: Array, m: Array, difference: Array) -> Array:
    """With v = (x - m)/(x + m):  v (x - m) + 2 x (v^3/3 + v^5/5 + ...)."""
    v = difference / (x + m)
    square = v * v
    return v * (difference + 2.0 * x * square * polynomial(_SERIES, square))


def log1p_excess(x: Array) -> Array:
    """x - log1p(x) for small x (|x| < 2 NEAR), without cancellation: never negative."""
    # the series of deviance_term(1, 1 + x), whose v is -x / (2 + x): 1 + x is never rounded
    v = x / (2.0 + x)
    square = v * v
    return v * (x - 2.0 * square * polynomial(_SERIES, square))


@quiet
def stirling_error(n: Array) -> Array:
    """log Gamma(n + 1) - [(n + 1/2) log n - n + log sqrt(2 pi)] for n > 0, 0 at n = 0 (a convention)."""
    n = np.asarray(n, dtype=np.float64)
    large = np.maximum(n, _STIRLING_FROM)
    series = polynomial(_STIRLING, 1.0 / np.square(large)) / large
    few = np.flatnonzero(n < _STIRLING_FROM)
    return patched(series, few, _stirling_error_small, n) if few.size else series


def _stirling_error_small(n: Array) -> Array:
    direct = scipy.special.gammaln(n + 1.0) - (n + 0.5) * np.log(n) + n - HALF_LOG_2PI
    return np.where(n > 0.0, direct, 0.0)
