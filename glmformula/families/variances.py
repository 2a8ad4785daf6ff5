"""Variances V(mu) and unit deviances d(y, mu) (McCullagh & Nelder 1989, table 2.1; Jorgensen 1997)."""

from __future__ import annotations

import numpy as np

from .link import Array, quiet
from .numerics import deviance_term, log1p_excess

# A log1p of the missing probability is exact up to here; beyond it the log of the probability itself is.
_MISSED = -0.9


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
    if np.any(y * (1.0 - y)):
        return 2.0 * (deviance_term(y, mu) + deviance_term(1.0 - y, 1.0 - mu))
    missed = -np.abs(y - mu)
    total = np.asarray(np.log1p(missed))
    far = np.flatnonzero(missed < _MISSED)
    if far.size:
        y, mu = (a.ravel()[far] for a in np.broadcast_arrays(y, mu))
        total.reshape(-1)[far] = np.log(np.where(y > 0.5, mu, 1.0 - mu))
    total *= -2.0
    return total


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
    y, mu = np.asarray(y, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    difference = y - mu
    low, high = np.minimum(y, mu), np.maximum(y, mu)
    size = np.abs(difference)
    first = np.where(y > 0.0, y * np.log1p(theta * size / (low * (high + theta))), 0.0)
    total = np.sign(difference) * (first - theta * np.log1p(size / (low + theta)))
    near = size < 0.1 * mu
    if np.any(near):
        a = theta * difference / (mu * (y + theta))
        b = difference / (mu + theta)
        total = np.where(near, theta * a * b + theta * log1p_excess(b) - y * log1p_excess(a), total)
    return 2.0 * total
