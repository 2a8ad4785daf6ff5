"""New responses from a fitted mean, R's ``family$simulate``: every function is vectorised over rows.

A row of zero prior weight has no finite variance; where that matters its draw is NaN.
"""

from __future__ import annotations

import numpy as np

from ..errors import DataWarning, FamilyError, give_warning
from .link import Array


def _positive(prior_weights: Array | None, mu: Array) -> tuple[Array, Array]:
    """Weights with 1 in place of 0, and a NaN mask to add for those rows."""
    weights = np.ones(np.shape(mu)) if prior_weights is None else np.asarray(prior_weights, dtype=np.float64)
    return np.where(weights > 0.0, weights, 1.0), np.where(weights > 0.0, 0.0, np.nan)


def _warn_ignored(prior_weights: Array | None) -> None:
    if prior_weights is not None and np.any(np.asarray(prior_weights) != 1.0):
        give_warning("ignoring prior weights: a count has no natural meaning for them", DataWarning)


def gaussian(
    rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
) -> Array:
    """Normal with variance dispersion / weight."""
    weights, missing = _positive(prior_weights, mu)
    return rng.normal(mu, np.sqrt(dispersion / weights)) + missing


def binomial(
    rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
) -> Array:
    """Proportions of successes in `prior_weights` trials."""
    if prior_weights is None:
        return rng.binomial(1, mu).astype(np.float64)
    trials = np.asarray(prior_weights, dtype=np.float64)
    broken = np.flatnonzero(trials % 1.0 != 0.0)
    if broken.size:
        raise FamilyError(
            f"cannot simulate from non-integer prior.weights: {broken.size} of {trials.size} weights,"
            f" the first at position {broken[0]} ({trials[broken[0]]:g}); a binomial's weights are trials"
        )
    weights, missing = _positive(trials, mu)
    return rng.binomial(trials.astype(np.int64), mu) / weights + missing


def poisson(
    rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
) -> Array:
    _warn_ignored(prior_weights)
    return rng.poisson(mu).astype(np.float64)


def gamma(
    rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
) -> Array:
    """Shape weight / dispersion; R estimates the shape with MASS::gamma.shape instead, so pass 1 / that."""
    weights, missing = _positive(prior_weights, mu)
    shape = weights / dispersion
    return rng.gamma(shape, mu / shape) + missing


def inverse_gaussian(
    rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
) -> Array:
    """Mean mu, lambda = weight / dispersion."""
    weights, missing = _positive(prior_weights, mu)
    return rng.wald(mu, weights / dispersion) + missing


def negative_binomial(
    theta: float,
    rng: np.random.Generator,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
) -> Array:
    _warn_ignored(prior_weights)
    return rng.poisson(rng.gamma(theta, np.asarray(mu) / theta)).astype(np.float64)
