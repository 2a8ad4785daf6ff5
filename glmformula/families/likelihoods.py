"""Minus twice the log-likelihood, as sums over rows.

Each is (prior weight) x (unit deviance) / dispersion plus the value of the saturated model, which depends on
y alone: the part that moves with mu is never a difference of large numbers (Loader 2000; Jorgensen 1997). Those that
have a `unit_deviance` take it from there (`Family.minus2_at`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from .link import Array, quiet
from .numerics import stirling_error
from .variances import (
    binomial_deviance,
    gamma_deviance,
    gaussian_deviance,
    inverse_gaussian_deviance,
    negative_binomial_deviance,
    poisson_deviance,
)

UnitDeviance = Callable[[Array, Array], Array]
TWO_PI = 2.0 * float(np.pi)
COUNT_TOLERANCE = 1e-9


def weighted_sum(terms: Array, prior_weights: Array | None) -> float:
    """sum(w * terms); a row of zero weight adds nothing, whatever its term."""
    if prior_weights is None:
        return float(np.sum(terms))
    return float(np.sum(np.where(prior_weights != 0.0, prior_weights * terms, 0.0)))


def is_count(x: Array) -> np.ndarray:
    """R's rule for an integer: within 1e-9 (R >= 4.4; 1e-7 before), relative above 1."""
    return np.abs(x - np.rint(x)) <= COUNT_TOLERANCE * np.maximum(1.0, np.abs(x))


@quiet
def gaussian(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
) -> float:
    """w (y - mu)^2 / dispersion + log(2 pi dispersion) - log w; a zero weight makes it infinite, as in R."""
    n = np.size(y)
    if dispersion == 0.0:
        return -np.inf
    spread = weighted_sum(gaussian_deviance(y, mu), prior_weights) / dispersion
    weights = 0.0 if prior_weights is None else float(np.sum(np.log(prior_weights)))
    return spread + n * float(np.log(TWO_PI * dispersion)) - weights


@quiet
def binomial(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
    unit_deviance: UnitDeviance = binomial_deviance,
) -> float:
    """round(m y) successes in round(m) trials, m the trials (default: the weights), each row times w / m."""
    if prior_weights is None and trials is None:
        return float(np.sum(unit_deviance(np.rint(y), mu)))
    weights = np.ones(np.shape(y)) if prior_weights is None else prior_weights
    totals = weights if trials is None else trials
    m, x = np.rint(totals), np.rint(totals * y)
    share = np.where(m > 0.0, x / m, 0.0)
    terms = m * unit_deviance(share, mu)
    mixed = np.flatnonzero((x > 0.0) & (x < m))
    if mixed.size:
        terms[mixed] += _binomial_saturated(x[mixed], m[mixed])
    return float(np.sum(np.where(totals > 0.0, weights / totals * terms, 0.0)))


def _binomial_saturated(x: Array, m: Array) -> Array:
    """-2 log P(X = x) at mu = x/m, for 0 < x < m."""
    errors = stirling_error(m) - stirling_error(x) - stirling_error(m - x)
    return np.asarray(np.log(TWO_PI * x * (1.0 - x / m)) - 2.0 * errors)


@quiet
def poisson(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
    unit_deviance: UnitDeviance = poisson_deviance,
) -> float:
    """Infinite if a count is not an integer, as in R."""
    x = np.rint(y)
    terms = np.array(unit_deviance(x, mu))
    table = _small_counts()
    terms += table[np.clip(x, 0.0, table.size - 1).astype(np.intp)]
    large = np.flatnonzero(x >= table.size)
    if large.size:
        terms[large] += _poisson_saturated(x[large]) - table[-1]
    return weighted_sum(np.where(is_count(y) & (x >= 0.0), terms, np.inf), prior_weights)


def _poisson_saturated(x: Array) -> Array:
    """-2 log P(X = x) at mu = x."""
    return np.where(x > 0.0, np.log(TWO_PI * x) + 2.0 * stirling_error(x), 0.0)


@cache
@quiet
def _small_counts() -> Array:
    return _poisson_saturated(np.arange(256.0))


@quiet
def gamma(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
) -> float:
    """Shape 1/dispersion and mean mu; weights multiply the log-density (R's rule), not the shape."""
    if dispersion == 0.0:
        return -np.inf
    shape = 1.0 / dispersion
    log_density_at_mean = 0.5 * np.log(shape / TWO_PI) - float(stirling_error(np.asarray(shape)))
    terms = shape * gamma_deviance(y, mu) + 2.0 * np.log(y) - 2.0 * log_density_at_mean
    return weighted_sum(terms, prior_weights)


@quiet
def inverse_gaussian(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
) -> float:
    if dispersion == 0.0:
        return -np.inf
    terms = inverse_gaussian_deviance(y, mu) / dispersion + 3.0 * np.log(y) + np.log(TWO_PI * dispersion)
    return weighted_sum(terms, prior_weights)


@quiet
def negative_binomial(
    theta: float,
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
    unit_deviance: UnitDeviance | None = None,
) -> float:
    """MASS's: theta known, any y >= 0."""
    errors = stirling_error(y + theta) - stirling_error(np.asarray(theta)) - stirling_error(y)
    saturated = np.where(y > 0.0, np.log(TWO_PI * y * (1.0 + y / theta)) - 2.0 * errors, 0.0)
    unit = unit_deviance or partial(negative_binomial_deviance, theta)
    return weighted_sum(unit(y, mu) + saturated, prior_weights)
