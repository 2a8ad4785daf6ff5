"""The Tweedie density between var_power 1 and 2 by its series (Dunn & Smyth 2005, "Series evaluation of Tweedie
exponential dispersion model densities", Statistics and Computing 15, 267-280, doi.org/10.1007/s11222-005-4070-y).

A response is the sum of a Poisson number of gamma variables. With a = (2 - p) / (p - 1) the gamma's shape and
lambda = y^(2 - p) / (phi (2 - p)) the Poisson mean at mu = y, the density at its own mean is

    y f(y; y, phi) = sqrt(a) / (2 pi)  sum over j >= 1 of  exp(-(1 + a) bd0(j, lambda) - delta(j) - delta(a j))

where bd0(j, m) = j log(j / m) - j + m and delta is the error of Stirling's formula: the terms are Loader's (2000)
Poisson and gamma densities multiplied, so that no large numbers are subtracted however small phi is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .link import Array
from .numerics import deviance_term, stirling_error

# Terms beyond so many standard deviations of j from the largest one are below 1e-16 of the sum.
REACH = 9.0
# Terms this many to a standard deviation: the trapezoid rule is then exact to exp(-2 pi^2 2^2), below 1e-34.
DENSITY = 2.0
# Terms that a small rate needs: the last one is below 1e-16 of the first.
FIRST = 24
# Rows are taken together in batches of about so many terms: arrays of 2 MB stay in the cache.
BATCH = 1 << 18


def log_density_at_mean(p: float, y: Array, dispersion: float) -> Array:
    """log f(y; mu = y, phi) for 1 < p < 2 and y > 0, shape (m,)."""
    return _series(p, y, dispersion, _log_sum)[0]


def slopes_at_mean(p: float, y: Array, dispersion: float) -> tuple[Array, Array, Array]:
    """log f(y; mu = y, phi) and its first two derivatives by log phi, each (m,).

    The number of gamma variables given y has the series' terms as probabilities: with its mean m and variance v the
    derivatives are  (1 + a) (lambda - m)  and  (1 + a) ((1 + a) v - lambda).
    """
    value, mean, variance = _series(p, y, dispersion, _moments)
    more = 1.0 / (p - 1.0)  # 1 + a
    rate = _rate(p, y, dispersion)
    return value, more * (rate - mean), more * (more * variance - rate)


def _rate(p: float, y: Array, dispersion: float) -> Array:
    return np.asarray(np.power(y, 2.0 - p) / (dispersion * (2.0 - p)))


def _series(p: float, y: Array, dispersion: float, summed: Summed) -> Array:
    """What `summed` makes of the terms of each row, (k, m); its first row becomes the log density."""
    shape = (2.0 - p) / (p - 1.0)
    rate = _rate(p, y, dispersion)
    total = np.full((summed.size, *y.shape), np.nan)
    # Beyond this the bell of the terms ends well above j = 1.
    wide = rate > np.square(REACH) / (1.0 + shape) + REACH * DENSITY + 1.0
    usual = np.flatnonzero(~wide)
    usual = usual[np.argsort(rate[usual])]
    while usual.size:
        count = _terms(shape, float(rate[usual[0]]))
        rows, usual = np.split(usual, [max(1, BATCH // count)])
        total[:, rows] = _every_term(shape, rate[rows], summed)
    batches = np.count_nonzero(wide) * int(2.0 * REACH * DENSITY) // BATCH + 1
    for rows in np.array_split(np.flatnonzero(wide), batches):
        total[:, rows] = _on_a_grid(shape, rate[rows], summed)
    total[0] += 0.5 * np.log(shape) - np.log(2.0 * np.pi) - np.log(y)
    return total


def _terms(shape: float, rate: float) -> int:
    return int(rate + REACH * np.sqrt(rate / (1.0 + shape))) + FIRST


def _every_term(shape: float, rate: Array, summed: Summed) -> Array:
    """The logarithm of the sum over j = 1, 2, ...; what depends on j alone is worked out once."""
    j = np.arange(1.0, _terms(shape, float(rate.max())) + 1.0)
    alone = (1.0 + shape) * (j * np.log(j) - j) + stirling_error(j) + stirling_error(shape * j)
    return summed.of((1.0 + shape) * (np.log(rate)[:, None] * j - rate[:, None]) - alone, j)


def _on_a_grid(shape: float, rate: Array, summed: Summed) -> Array:
    """The same far from j = 1: where the terms are a wide bell, few j and their distance give the sum."""
    step = np.maximum(1.0, np.sqrt(rate / (1.0 + shape)) / DENSITY)
    middle = np.where(step > 1.0, rate, np.rint(rate))
    j = middle[:, None] + step[:, None] * np.arange(-REACH * DENSITY, REACH * DENSITY + 1.0)
    exponent = -(1.0 + shape) * deviance_term(j, rate[:, None])
    found = summed.of(exponent - stirling_error(j) - stirling_error(shape * j), j)
    found[0] += np.log(step)
    return found


@dataclass(frozen=True)
class Summed:
    """What is made of the terms: `of` takes their logarithms (m, terms) and j, and gives (size, m)."""

    size: int
    of: Callable[[Array, Array], Array]


def _sum_of(exponent: Array, j: Array) -> Array:
    """The logarithm of the sum."""
    largest = exponent.max(axis=1)
    return np.asarray(largest + np.log(np.exp(exponent - largest[:, None]).sum(axis=1)))[None, :]


def _moments_of(exponent: Array, j: Array) -> Array:
    """The logarithm of the sum, and mean and variance of j with the terms as weights."""
    largest = exponent.max(axis=1)
    terms = np.exp(exponent - largest[:, None])
    total = terms.sum(axis=1)
    j = np.broadcast_to(j, terms.shape)
    mean = np.einsum("ij,ij->i", terms, j) / total
    variance = np.einsum("ij,ij->i", terms, np.square(j - mean[:, None])) / total
    return np.stack([largest + np.log(total), mean, variance])


_log_sum, _moments = Summed(1, _sum_of), Summed(3, _moments_of)
