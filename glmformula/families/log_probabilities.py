"""Logarithms of a probability and of its complement, by link, with derivatives by eta: exact at the far tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from .link import SQRT_2PI, Array, quiet


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


@quiet
def probit(eta: Array) -> LogProbabilities:
    p, q = scipy.special.log_ndtr(eta), scipy.special.log_ndtr(-eta)
    log_density = -0.5 * np.square(eta) - np.log(SQRT_2PI)
    up, down = np.exp(log_density - p), np.exp(log_density - q)
    return LogProbabilities(p, q, up, -down, -up * (eta + up), -down * (down - eta))


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
