"""Variances V(mu) and unit deviances d(y, mu) (McCullagh & Nelder 1989, table 2.1; Jorgensen 1997)."""

from __future__ import annotations

from functools import partial

import numpy as np

from .link import Array, quiet
from .numerics import NEAR, deviance_term, log1p_excess, patched

# log(1 - mu) has lost three digits here; log1p is exact but costs twice as much
RARE = 1e-3


def constant(mu: Array) -> Array:
    return np.ones(np.shape(mu))


def bernoulli(mu: Array) -> Array:
    return mu * (1.0 - mu)


def linear(mu: Array) -> Array:
    return np.asarray(mu, dtype=np.float64)


def quadratic(mu: Array) -> Array:
    return np.square(mu)


def cubic(mu: Array) -> Array:
    return mu * np.square(mu)


@quiet
def mixed(theta: float, mu: Array) -> Array:
    """Negative binomial: mu + mu^2 / theta."""
    return mu + np.square(mu) / theta


@quiet
def gaussian_deviance(y: Array, mu: Array) -> Array:
    return np.square(y - mu)


@quiet
def binomial_deviance(y: Array, mu: Array) -> Array:
    """2 [y log(y/mu) + (1 - y) log((1 - y)/(1 - mu))] for proportions y."""
    success = np.equal(y, 1.0)
    if not np.equal(y, success).all():
        return 2.0 * (deviance_term(y, mu) + deviance_term(1.0 - y, 1.0 - mu))
    total = np.log(np.where(success, mu, 1.0 - mu))
    rare = (mu < RARE) & ~success
    if rare.any():
        total = patched(total, np.flatnonzero(rare), _log_failure, np.broadcast_to(mu, total.shape))
    total *= -2.0
    return total


def _log_failure(mu: Array) -> Array:
    return np.log1p(-mu)


@quiet
def poisson_deviance(y: Array, mu: Array) -> Array:
    """2 [y log(y/mu) - (y - mu)]."""
    return 2.0 * deviance_term(y, mu)


@quiet
def gamma_deviance(y: Array, mu: Array) -> Array:
    """2 [(y - mu)/mu - log(y/mu)]; infinite at y = 0."""
    return 2.0 * deviance_term(mu, y) / mu


@quiet
def inverse_gaussian_deviance(y: Array, mu: Array) -> Array:
    """(y - mu)^2 / (y mu^2)."""
    return np.square((y - mu) / mu) / y


@quiet
def quasi_gamma_deviance(y: Array, mu: Array) -> Array:
    """Gamma's; at y = 0, where that is infinite, R's max(2 log(mu) - 2, 0)."""
    return np.where(y == 0.0, np.maximum(2.0 * np.log(mu) - 2.0, 0.0), gamma_deviance(y, mu))


@quiet
def negative_binomial_deviance(theta: float, y: Array, mu: Array) -> Array:
    """2 [y log(y/mu) - (y + theta) log((y + theta)/(mu + theta))].

    Written through the ratios 1 + a = y (mu + theta) / (mu (y + theta)) and 1 + b = (y + theta)/(mu + theta),
    which stays accurate for theta far above and far below the counts. MASS takes log(max(1, y)/mu), which
    differs for 0 < y < 1 only; here the deviance is 0 at y = mu there too.
    """
    y, mu = np.broadcast_arrays(np.asarray(y, dtype=np.float64), np.asarray(mu, dtype=np.float64))
    difference = y - mu
    size = np.abs(difference)
    low, high = np.minimum(y, mu), np.maximum(y, mu)
    counts = np.where(y > 0.0, y * np.log1p(theta * size / (low * (high + theta))), 0.0)
    total = np.sign(difference) * (counts - theta * np.log1p(size / (low + theta)))
    near = np.flatnonzero(size < NEAR * (y + mu))
    if near.size:
        total = patched(total, near, partial(_negative_binomial_near, theta), y, mu, difference)
    return 2.0 * total


def _negative_binomial_near(theta: float, y: Array, mu: Array, difference: Array) -> Array:
    a = theta * difference / (mu * (y + theta))
    b = difference / (mu + theta)
    return theta * a * b + theta * log1p_excess(b) - y * log1p_excess(a)
