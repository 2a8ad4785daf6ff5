"""The response's distribution at a mean: cumulative probabilities and quantiles, for families that have one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .link import Array

# scipy.stats is imported where it is used: it costs more than all the rest of the package together


@dataclass(frozen=True)
class Distribution:
    """A distribution by its mean.

    Attributes
    ----------
    at : callable, (mu, prior_weights, dispersion) -> frozen scipy.stats distribution
        Of the response; of the counts, not the proportions, for a binomial.
    discrete : bool
        The response is a whole number (a count).
    """

    at: Callable[[Array, Array, float], Any]
    discrete: bool = False


def _normal(mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.norm(mu, np.sqrt(phi / w))


def _binomial(mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.binom(np.round(w), mu)


def _poisson(mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.poisson(mu)


def _gamma(mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.gamma(w / phi, scale=mu * phi / w)


def _inverse_gaussian(mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.invgauss(mu * phi / w, scale=w / phi)


def _negative_binomial(theta: float, mu: Array, w: Array, phi: float) -> Any:
    from scipy import stats

    return stats.nbinom(theta, theta / (theta + mu))


NORMAL = Distribution(_normal)
BINOMIAL = Distribution(_binomial, discrete=True)
POISSON = Distribution(_poisson, discrete=True)
GAMMA = Distribution(_gamma)
INVERSE_GAUSSIAN = Distribution(_inverse_gaussian)


def negative_binomial(theta: float) -> Distribution:
    """Var = mu + mu^2 / theta."""
    return Distribution(partial(_negative_binomial, theta), discrete=True)
