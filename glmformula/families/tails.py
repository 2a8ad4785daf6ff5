"""Deviances and scores far out in eta, where a mean is rounded to an end of its range, or its link holds it there.

R's links keep means at machine epsilon from the ends, so R's deviance of a contrary response stops growing there:
a logit row costs 72 at most, wherever eta is. Beyond the limits below both are taken from logarithms of the means,
which eta gives exactly; within them everything is R's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from . import link as links
from .link import EPS, Array, Link, Positions, quiet
from .variances import binomial_deviance, negative_binomial_deviance, poisson_deviance

LOG_EPS = float(np.log(EPS))
RATIOS = -300.0  # of eta: ratios to the mean may overflow below
LOG_PI = float(np.log(np.pi))
AT_THE_END = 1e-6  # a residual of rows that are where their response is
RateFunction = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Contrary:
    """Positions (k,) of rows, the score of each and its information, per unit of weight.

    (y - mu) / sqrt(V) is score / sqrt(information), whatever the digits of mu.
    """

    rows: Positions
    score: Array
    information: Array

    @property
    def pearson(self) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(self.score / np.sqrt(self.information))


@dataclass(frozen=True)
class Tail:
    """What holds for eta below `low` and above `high`.

    `deviance` is the unit deviance of (y, eta); `score` its derivative over -2, with the information: (s, i).
    None: the working quantities of the family are good as they are.
    """

    low: float
    high: float
    deviance: Callable[[Array, Array], Array]
    score: Callable[[Array, Array], tuple[Array, Array]] | None = None

    def contrary(self, y: Array, eta: Array, mu: Array) -> Contrary | None:
        """Rows beyond the limits whose response is not at their end, if any."""
        if self.score is None:
            return None
        rows = self.rows(y, eta, mu)
        return Contrary(rows, *self.score(y[rows], eta[rows])) if len(rows) else None

    def rows(self, y: Array, eta: Array, mu: Array) -> Positions:
        """The positions of the rows beyond the limits; where a response is at its end mu is near enough."""
        if eta.size and eta.min() >= self.low and eta.max() <= self.high:
            return np.empty(0, np.intp)
        rows = np.flatnonzero((eta < self.low) | (eta > self.high))
        return rows if self.score is None else rows[np.abs(y[rows] - mu[rows]) > AT_THE_END]


def _logit_logs(eta: Array) -> tuple[Array, Array]:
    return -np.logaddexp(0.0, -eta), -np.logaddexp(0.0, eta)


def _logit_rates(eta: Array) -> tuple[Array, Array]:
    return np.asarray(scipy.special.expit(-eta)), np.asarray(scipy.special.expit(eta))


def _probit_logs(eta: Array) -> tuple[Array, Array]:
    return np.asarray(scipy.special.log_ndtr(eta)), np.asarray(scipy.special.log_ndtr(-eta))


def _probit_rates(eta: Array) -> tuple[Array, Array]:
    mean, rest = _probit_logs(eta)
    slope = -0.5 * np.square(eta) - np.log(links.SQRT_2PI)
    return np.exp(slope - mean), np.exp(slope - rest)


def _cloglog_logs(eta: Array) -> tuple[Array, Array]:
    rate = np.exp(eta)
    log_mean = np.where(eta < 0.0, np.log(-np.expm1(-rate)), np.log1p(-np.exp(-rate)))
    return np.where(eta < LOG_EPS, eta, log_mean), -rate


def _cloglog_rates(eta: Array) -> tuple[Array, Array]:
    rate = np.exp(eta)
    return np.where(eta < LOG_EPS, 1.0, np.exp(eta - rate) / -np.expm1(-rate)), rate


def _cauchit_logs(eta: Array) -> tuple[Array, Array]:
    """Of eta so large that arctan(1/eta) is 1/eta."""
    near = -LOG_PI - np.log(np.abs(eta))
    rest = np.log1p(-np.exp(near))
    return np.where(eta < 0.0, near, rest), np.where(eta < 0.0, rest, near)


def _cauchit_rates(eta: Array) -> tuple[Array, Array]:
    near = 1.0 / np.abs(eta)
    rest = near * near / np.pi
    return np.where(eta < 0.0, near, rest), np.where(eta < 0.0, rest, near)


@quiet
def _bernoulli_deviance(logs: RateFunction, y: Array, eta: Array) -> Array:
    """2 [y (log y - log mu) + (1 - y) (log(1 - y) - log(1 - mu))]."""
    log_mean, log_rest = logs(eta)
    special = scipy.special
    success = np.where(y > 0.0, special.xlogy(y, y) - y * log_mean, 0.0)
    failure = np.where(y < 1.0, special.xlog1py(1.0 - y, -y) - (1.0 - y) * log_rest, 0.0)
    return np.asarray(2.0 * np.maximum(success + failure, 0.0))


@quiet
def _bernoulli_score(rates: RateFunction, y: Array, eta: Array) -> tuple[Array, Array]:
    """`rates`: slope / mu and slope / (1 - mu), whose product is the information."""
    of_mean, of_rest = rates(eta)
    score = np.where(y > 0.0, y * of_mean, 0.0) - np.where(y < 1.0, (1.0 - y) * of_rest, 0.0)
    return score, np.where(of_mean == 0.0, 0.0, of_mean * of_rest)


@quiet
def _log_deviance(
    unit_deviance: Callable[[Array, Array], Array], theta: float, y: Array, eta: Array
) -> Array:
    """2 [y (log y - eta) - (y - mu)], theta infinite; else the negative binomial's: y / mu may overflow."""
    mu, ratio = np.exp(eta), np.log(y) - eta
    rest = (y + theta) * np.log1p((y - mu) / (mu + theta)) if np.isfinite(theta) else y - mu
    return np.where((y > 0.0) & (np.abs(ratio) > 1.0), 2.0 * (y * ratio - rest), unit_deviance(y, mu))


def _bernoulli(low: float, high: float, logs: RateFunction, rates: RateFunction) -> Tail:
    return Tail(low, high, partial(_bernoulli_deviance, logs), partial(_bernoulli_score, rates))


# Below `low` the link holds the mean; above `high` less than half the digits of 1 - mu are left.
_BERNOULLI: dict[object, Tail] = {
    links.logit_inv: _bernoulli(-links.LOGIT_LIMIT, 18.0, _logit_logs, _logit_rates),
    links.probit_inv: _bernoulli(-links.PROBIT_LIMIT, 5.5, _probit_logs, _probit_rates),
    links.cloglog_inv: _bernoulli(LOG_EPS, 2.9, _cloglog_logs, _cloglog_rates),
    links.cauchit_inv: _bernoulli(-1e8, 1e8, _cauchit_logs, _cauchit_rates),
}


def tail_of(unit_deviance: object, link: Link) -> Tail | None:
    """The tail of a deviance under a link, None where means have the digits wherever eta is."""
    if unit_deviance is binomial_deviance:
        return _BERNOULLI.get(link.linkinv)
    if link.linkinv is not links.log_inv:
        return None
    if unit_deviance is poisson_deviance:
        return Tail(RATIOS, np.inf, partial(_log_deviance, poisson_deviance, np.inf))
    if isinstance(unit_deviance, partial) and unit_deviance.func is negative_binomial_deviance:
        return Tail(RATIOS, np.inf, partial(_log_deviance, unit_deviance, unit_deviance.args[0]))
    return None
