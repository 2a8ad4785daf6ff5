"""Logarithms of a probability and of its complement, by link, with derivatives by eta: exact at the far tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from .link import Array, quiet


class LogProbabilities(NamedTuple):
    """log p, log(1 - p), and their first and second derivatives by eta, (m,) each."""

    p: Array
    q: Array
    dp: Array
    dq: Array
    ddp: Array
    ddq: Array


@quiet
def logit(eta: Array) -> LogProbabilities:
    small = np.exp(-np.abs(eta))
    rest = np.log1p(small)
    share = 1.0 / (1.0 + small)
    p = np.where(eta >= 0, share, small * share)
    q = np.where(eta >= 0, small * share, share)
    curve = -p * q
    return LogProbabilities(np.minimum(eta, 0.0) - rest, -np.maximum(eta, 0.0) - rest, q, -p, curve, curve)


MILLS = (1.0, -2.0, 10.0, -74.0, 706.0, -8162.0, 110410.0)
"""The inverse Mills ratio at x less x is the sum of these times x^-1, x^-3 ... for large x."""


def _probit_tail(eta: Array) -> tuple[Array, Array]:
    """d log Phi / deta and its own derivative."""
    up = np.sqrt(2.0 / np.pi) / scipy.special.erfcx(-eta / np.sqrt(2.0))
    more = eta + up
    far = eta < -30.0
    if far.any():
        x = -eta[far]
        more[far] = np.polyval(MILLS[::-1], np.square(1.0 / x)) / x
        up[far] = x + more[far]
    return up, -up * more


@quiet
def probit(eta: Array) -> LogProbabilities:
    (up, curve), (down, bend) = _probit_tail(eta), _probit_tail(-eta)
    p, q = scipy.special.log_ndtr(eta), scipy.special.log_ndtr(-eta)
    return LogProbabilities(p, q, up, -down, curve, bend)


@quiet
def cloglog(eta: Array) -> LogProbabilities:
    u = np.exp(np.minimum(eta, 700.0))
    p = np.log(-np.expm1(-u))
    p = np.where(u < 1e-8, eta - 0.5 * u, p)
    rate = np.where(u < 1e-8, 1.0 - 0.5 * u, u / np.expm1(u))
    rate = np.where(u > 700.0, 0.0, rate)
    bend = np.where(u < 1e-4, -0.5 * u + u * u / 6.0, rate * (1.0 - u - rate))
    bend = np.where(u > 700.0, 0.0, bend)
    return LogProbabilities(p, -u, rate, -u, bend, -u)


@quiet
def cauchit(eta: Array) -> LogProbabilities:
    p, q = np.arctan2(1.0, -eta) / np.pi, np.arctan2(1.0, eta) / np.pi
    square = 1.0 + np.square(eta)
    density = 1.0 / (np.pi * square)
    slope = -2.0 * eta * density / square
    up, down = density / p, density / q
    return LogProbabilities(np.log(p), np.log(q), up, -down, slope / p - up * up, -slope / q - down * down)


@quiet
def log(eta: Array) -> LogProbabilities:
    """p = exp(eta), for eta below 0; NaN elsewhere."""
    valid = np.where(eta < 0.0, eta, np.nan)
    odds = 1.0 / np.expm1(-valid)  # p / q
    ones = np.ones_like(valid)
    return LogProbabilities(
        valid, np.log(-np.expm1(valid)), ones, -odds, np.zeros_like(valid), -odds * (1.0 + odds)
    )


BY_LINK: dict[str, Callable[[Array], LogProbabilities]] = {
    "logit": logit,
    "probit": probit,
    "cloglog": cloglog,
    "cauchit": cauchit,
    "log": log,
}
"""By R's name of the link."""
