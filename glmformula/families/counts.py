"""Logarithms of count probabilities (log link) with their derivatives by eta and log(theta), sizes far and near."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from .link import Array, quiet

MOST_TABLED = 100_000
"""Counts up to this go by a table of sums, which holds one number for each count."""


class LogCount(NamedTuple):
    """log f(y) and its derivatives: by eta (e), by tau = log(theta) (t); None where there is no theta."""

    value: Array
    e: Array
    ee: Array
    t: Array | None = None
    tt: Array | None = None
    et: Array | None = None


def _by_count(y: Array, terms: Array) -> Array:
    """The sum of the first y terms, (m,)."""
    sums = np.concatenate([[0.0], np.cumsum(terms)])
    return sums[y.astype(np.intp)]


@quiet
def log_factorial(y: Array) -> Array:
    return np.asarray(scipy.special.gammaln(y + 1.0))


@quiet
def poisson(y: Array, eta: Array) -> LogCount:
    mu = np.exp(eta)
    return LogCount(np.where(y == 0, 0.0, y * eta) - mu - log_factorial(y), y - mu, -mu)


def _rising(y: Array, theta: float) -> tuple[Array, Array, Array]:
    """log [Gamma(y + theta) / (Gamma(theta) theta^y y!)] and its derivatives by log(theta), without y of the latter.

    The sum over j < y of log(1 + j/theta) - log(1 + j); its first derivative, plus y, is the sum of
    theta / (theta + j).
    """
    most = float(y.max(initial=0.0))
    if most <= MOST_TABLED:
        j = np.arange(most)
        share = theta / (theta + j)
        table = np.log1p(j / theta) - np.log1p(j)
        return _by_count(y, table), _by_count(y, share), _by_count(y, share * (1.0 - share))
    special = scipy.special
    value = special.gammaln(y + theta) - special.gammaln(theta) - y * np.log(theta) - special.gammaln(y + 1.0)
    first = theta * (special.digamma(y + theta) - special.digamma(theta))
    second = first + theta**2 * (special.polygamma(1, y + theta) - special.polygamma(1, theta))
    return value, first, second


@quiet
def negbin(y: Array, eta: Array, tau: Array) -> LogCount:
    """The negative binomial with mean exp(eta) and theta = exp(tau), one number."""
    theta = float(np.exp(tau))
    ratio = np.exp(eta - tau)  # mu / theta
    rest = 1.0 / (1.0 + ratio)
    share = np.where(np.isinf(ratio), 1.0, ratio * rest)
    log_one = np.where(np.isinf(ratio), eta - tau, np.log1p(ratio))
    value, first, second = _rising(y, theta)
    value = value + np.where(y == 0, 0.0, y * (eta - log_one)) - theta * log_one
    mu_rest = theta * share  # mu theta / (mu + theta)
    e = y * rest - mu_rest
    # theta (share - log(1 + ratio)), by its series where the two are nearly equal
    gap = np.where(ratio < 1e-4, -(ratio**2) * (0.5 - ratio * (2.0 / 3.0)), share - log_one)
    t = first - y * rest + theta * gap
    tt = second - y * share * rest + theta * gap + mu_rest * share
    return LogCount(value, e, -(y + theta) * share * rest, t, tt, e * share)


@quiet
def geometric(y: Array, eta: Array) -> LogCount:
    """The negative binomial with theta = 1."""
    return negbin(y, eta, np.array(0.0))._replace(t=None, tt=None, et=None)


class LogPositive(NamedTuple):
    """log(1 - f(0)) and its derivatives, as `LogCount`'s."""

    value: Array
    e: Array
    ee: Array
    t: Array | None = None
    tt: Array | None = None
    et: Array | None = None


@quiet
def positive(zero: LogCount) -> LogPositive:
    """The logarithm of the probability of a count above 0, from that of 0."""
    x = -zero.value
    value = np.where(x < 0.7, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
    odds = np.exp(-x) / -np.expm1(-x)  # f(0) / (1 - f(0))
    bend = odds * (1.0 + odds)

    def second(ab: Array, a: Array, b: Array) -> Array:
        return np.asarray(-odds * ab - bend * a * b)

    e, ee = -odds * zero.e, second(zero.ee, zero.e, zero.e)
    if zero.t is None or zero.tt is None or zero.et is None:
        return LogPositive(value, e, ee)
    return LogPositive(
        value, e, ee, -odds * zero.t, second(zero.tt, zero.t, zero.t), second(zero.et, zero.e, zero.t)
    )
