"""Logarithms of count probabilities (log link) with their derivatives by eta and log(theta), exact at the far tails.

What is nearly 0 is never a difference of numbers that are not: 1 - f(0) and what follows from it come from series
where the mean is small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from .link import Array, quiet

MOST_TABLED = 5000
"""Sums over j < y go by a table where the largest y is below this, or below the number of rows."""
STIRLING = 20.0
"""From this theta on Stirling's series below has 16 digits."""


class LogCount(NamedTuple):
    """log f(y), or log(1 - f(0)), and its derivatives: by eta (e), by tau = log(theta) (t), None without theta."""

    value: Array
    e: Array
    ee: Array
    t: Array | None = None
    tt: Array | None = None
    et: Array | None = None


class ZeroTail(NamedTuple):
    """x = -log f(0) and what it is made of, (m,) each.

    Attributes
    ----------
    x, log_x, log_one : ndarray
        log_one is log(1 + mu/theta).
    a, c : ndarray
        dx/deta and dx/dtau.
    rest, share : ndarray
        theta / (mu + theta) and mu / (mu + theta).
    growth : ndarray
        a/x - 1 = -c/x.
    """

    x: Array
    log_x: Array
    log_one: Array
    a: Array
    c: Array
    rest: Array
    share: Array
    growth: Array


# -- series --------------------------------------------------------------------------------------------------


def _with_series(small: np.ndarray, values: Array, series: Callable[[Array], Array], x: Array) -> Array:
    """`values`, those of the rows `small` by a series."""
    if small.any():
        values[small] = series(x[small])
    return values


def _bernoulli(x: Array) -> Array:
    s = x * x
    higher = s * (1 / 30240 - s * (1 / 1209600 - s * (1 / 47900160 - s / 1892437580.318378)))
    return x * (0.5 + x * (1 / 12 - s * (1 / 720 - higher)))


@quiet
def ratio_less_one(x: Array) -> Array:
    """x / (1 - exp(-x)) - 1 for x >= 0."""
    below = -np.expm1(-x)
    return _with_series(x < 0.25, (x - below) / below, _bernoulli, x)


def _same(x: Array) -> Array:
    return x


def _log_rest(s: Array) -> Array:
    """-log(1 - s) - s: the sum of s^k / k from k = 2 on."""
    total = np.zeros_like(s)
    for k in range(12, 1, -1):
        total = (total + 1.0 / k) * s
    return total * s


# -- sums over the counts below y ------------------------------------------------------------------------------


@cache
def _log_factorials() -> Array:
    return np.asarray(scipy.special.gammaln(np.arange(MOST_TABLED) + 1.0))


@quiet
def log_factorial(y: Array) -> Array:
    if y.max(initial=0.0) < MOST_TABLED:
        return _log_factorials()[y.astype(np.intp)]
    return np.asarray(scipy.special.gammaln(y + 1.0))


def _stirling(z: Array) -> tuple[Array, Array, Array]:
    """What Stirling's formula leaves of log Gamma(z); z times its first and z^2 times its second derivative."""
    r = 1.0 / z
    s = r * r
    return (
        r * (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))),
        -r * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240))),
        r * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s / 30))),
    )


def rising(y: Array, theta: float) -> tuple[Array, Array, Array]:
    """log [Gamma(y + theta) / (Gamma(theta) theta^y)] and its two derivatives by log(theta), (m,) each.

    The sums over j < y of log(1 + j/theta), -j / (theta + j) and theta j / (theta + j)^2.
    """
    most = float(y.max(initial=0.0))
    if most < max(MOST_TABLED, len(y)):
        j = np.arange(most)
        part = j / (theta + j)
        sums = np.zeros((3, len(j) + 1))
        np.cumsum([np.log1p(j / theta), -part, part * (1.0 - part)], axis=1, out=sums[:, 1:])
        which = y.astype(np.intp)
        return sums[0][which], sums[1][which], sums[2][which]
    z = y + theta
    if theta >= STIRLING:
        grown, share = np.log1p(y / theta), y / z
        near, far = _stirling(np.array(theta)), _stirling(z)
        ratio = theta / z
        first, second = ratio * far[1] - near[1], np.square(ratio) * far[2] - near[2]
        return (
            (z - 0.5) * grown - y + far[0] - near[0],
            theta * grown - y + 0.5 * share + first,
            theta * (grown - share) - 0.5 * share * ratio + first + second,
        )
    special = scipy.special
    first = theta * (special.digamma(z) - special.digamma(theta))
    return (
        special.gammaln(z) - special.gammaln(theta) - y * np.log(theta),
        first - y,
        first + theta**2 * (special.polygamma(1, z) - special.polygamma(1, theta)),
    )


# -- distributions -------------------------------------------------------------------------------------------


@quiet
def poisson(y: Array, eta: Array) -> LogCount:
    mu = np.exp(eta)
    return LogCount(y * eta - mu - log_factorial(y), y - mu, -mu)


def poisson_zero(eta: Array) -> ZeroTail:
    mu = np.exp(eta)
    none = np.zeros_like(mu)
    return ZeroTail(mu, eta, none, mu, none, none + 1.0, none, none)


def negbin_zero(eta: Array, tau: Array) -> ZeroTail:
    """Of the negative binomial with mean exp(eta) and theta = exp(tau), one number."""
    theta = float(np.exp(tau))
    ratio = np.exp(eta - tau)  # mu / theta
    rest = 1.0 / (1.0 + ratio)
    share = 1.0 - rest
    share = _with_series(ratio < 0.5, share, lambda r: r / (1.0 + r), ratio)
    log_one = np.log1p(ratio)
    if np.isinf(ratio).any():
        log_one = np.where(np.isinf(ratio), eta - tau, log_one)
    gap = _with_series(share < 0.02, log_one - share, _log_rest, share)
    log_x = _with_series(ratio < 1e-8, np.log(log_one), _same, eta - tau - 0.5 * ratio) + tau
    growth = -gap / np.where(log_one > 0.0, log_one, 1.0)
    return ZeroTail(theta * log_one, log_x, log_one, theta * share, theta * gap, rest, share, growth)


@quiet
def negbin(y: Array, eta: Array, tau: Array) -> LogCount:
    """The negative binomial with mean exp(eta) and theta = exp(tau), one number."""
    zero = negbin_zero(eta, tau)
    value, first, second = rising(y, float(np.exp(tau)))
    up = y * zero.share
    both = up * zero.rest
    e = y * zero.rest - zero.a
    return LogCount(
        value - log_factorial(y) + y * (eta - zero.log_one) - zero.x,
        e,
        -both - zero.a * zero.rest,
        first + up - zero.c,
        second - both - zero.c + zero.a * zero.share,
        e * zero.share,
    )


@quiet
def geometric(y: Array, eta: Array) -> LogCount:
    """The negative binomial with theta = 1."""
    zero = negbin_zero(eta, np.array(0.0))
    e = y * zero.rest - zero.a
    share = np.where(eta > 0.0, -np.log1p(np.exp(-eta)), eta - zero.log_one)  # its logarithm
    return LogCount(y * share - zero.x, e, -(y * zero.share + zero.a) * zero.rest)


def geometric_zero(eta: Array) -> ZeroTail:
    return negbin_zero(eta, np.array(0.0))


COUNTS: dict[str, Callable[..., LogCount]] = {"poisson": poisson, "negbin": negbin, "geometric": geometric}
ZEROS: dict[str, Callable[..., ZeroTail]] = {
    "poisson": poisson_zero,
    "negbin": negbin_zero,
    "geometric": geometric_zero,
}


# -- counts above zero -----------------------------------------------------------------------------------------


def _positive(zero: ZeroTail, ratio: Array) -> LogCount:
    """log(1 - f(0)); `ratio` is x / (1 - f(0)) - 1."""
    f0 = np.exp(-zero.x)
    value = np.where(zero.x < 0.7, zero.log_x - np.log1p(ratio), np.log1p(-f0))
    above = zero.growth + ratio + zero.growth * ratio  # a / (1 - f(0)) - 1
    e = (1.0 + above) * f0
    steep = zero.growth * (1.0 + ratio)  # -c / (1 - f(0))
    t = -steep * f0
    return LogCount(
        value, e, -e * (zero.share + above), t, t - e * zero.share + t * steep, e * (zero.share + steep)
    )


def _own(dist: str, found: LogCount) -> LogCount:
    return found if dist == "negbin" else LogCount(*found[:3])


@quiet
def positive(dist: str, *etas: Array) -> LogCount:
    """log(1 - f(0)): the probability of a count above 0."""
    zero = ZEROS[dist](*etas)
    return _own(dist, _positive(zero, ratio_less_one(zero.x)))


@quiet
def nothing(dist: str, *etas: Array) -> LogCount:
    """log f(0)."""
    zero = ZEROS[dist](*etas)
    both = zero.a * zero.share
    return _own(dist, LogCount(-zero.x, -zero.a, -zero.a * zero.rest, -zero.c, both - zero.c, -both))


@quiet
def truncated(dist: str, y: Array, *etas: Array) -> LogCount:
    """log [f(y) / (1 - f(0))] for y above 0."""
    zero = ZEROS[dist](*etas)
    ratio = ratio_less_one(zero.x)
    above = _positive(zero, ratio)
    up = y * zero.share
    both = up * zero.rest
    value = y * (etas[0] - zero.log_one) - zero.x - above.value
    e = (y - 1.0) - up - (zero.growth + ratio + zero.growth * ratio)
    ee = -both - zero.a * zero.rest - above.ee
    if dist == "geometric":
        return LogCount(value, e, ee)
    value = value - log_factorial(y)
    if dist == "poisson" or above.t is None or above.tt is None or above.et is None:
        return LogCount(value, e, ee)
    risen, first, second = rising(y, float(np.exp(etas[1])))
    return LogCount(
        value + risen,
        e,
        ee,
        first + up - zero.c - above.t,
        second - both - zero.c + zero.a * zero.share - above.tt,
        both - zero.a * zero.share - above.et,
    )
