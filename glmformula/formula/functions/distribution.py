"""A distribution as a record, and R's ``d``, ``p`` and ``q`` functions as what is computed of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Value
from .arithmetic import checked
from .vectors import flag_argument, is_text, kind

Array = Any
_FUZZ = 64 * np.finfo(float).eps  # R's leeway for the quantile of a discrete distribution
_MOST = 2.0**60


@dataclass(frozen=True)
class Distribution:
    """A family of distributions.

    Attributes
    ----------
    parameters : mapping
        R's argument name to its default; None: there is none.
    valid : callable
        ``valid(*parameters)``: where they are in the parameter space.
    log_density : callable
        ``log_density(x, *parameters)``; of a discrete one at whole numbers.
    tail : callable
        ``tail(x, lower, *parameters)``: P(X <= x), or P(X > x).
    quantile : callable, optional
        ``quantile(p, lower, *parameters)``, the inverse of `tail`; of a discrete one it is searched for.
    support : callable
        ``support(*parameters)``: the smallest and the largest value.
    discrete : bool
    log_tail, log_quantile : callable, optional
        The same on the log scale, where it is more than the log of the other.
    standard : callable
        ``standard(given)``: R's arguments as `parameters`, where R has two ways to give one.
    formals : tuple of str
        R's names of its arguments where they are more than `parameters`.
    """

    parameters: Mapping[str, float | None]
    valid: Callable[..., Array]
    log_density: Callable[..., Array]
    tail: Callable[..., Array]
    quantile: Callable[..., Array] | None = None
    support: Callable[..., tuple[Array, Array]] = lambda *_: (-np.inf, np.inf)
    discrete: bool = False
    log_tail: Callable[..., Array] | None = None
    log_quantile: Callable[..., Array] | None = None
    standard: Callable[[dict[str, Value]], dict[str, Value]] = dict
    formals: tuple[str, ...] = ()


# ---- what the three functions of all of them do ----


def _density(d: Distribution, log: bool, x: Array, *parameters: Array) -> Array:
    low, high = d.support(*parameters)
    inside = (x >= low) & (x <= high) & (np.abs(x) < np.inf)
    if d.discrete:
        inside = inside & (np.abs(x - np.round(x)) <= 1e-9 * np.maximum(1, np.abs(x)))
        x = np.round(x)
    value = np.where(inside, d.log_density(np.where(inside, x, 1.0), *parameters), -np.inf)
    return _known(d, value if log else np.exp(value), x, *parameters)


def _probability(d: Distribution, lower: bool, log: bool, q: Array, *parameters: Array) -> Array:
    low, high = d.support(*parameters)
    if d.discrete:
        q = np.floor(q + 1e-7)
    below, above = q < low, q >= high
    inside = ~(below | above)
    x = np.where(inside, q, np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0)))
    at_end = np.where(below, not lower, lower)
    if log and d.log_tail is not None:
        value = d.log_tail(x, lower, *parameters)
    else:
        value = d.tail(x, lower, *parameters)
        if log:
            lost = inside & (value == 0) & np.isfinite(d.log_density(x, *parameters))
            if np.any(lost):
                raise DataError(
                    "log.p: a probability is below 1e-308, the smallest number: its logarithm is not known"
                )
            other = d.tail(x, not lower, *parameters)
            value = np.where(value > 0.5, np.log1p(-other), np.log(value))
    ends = np.where(at_end, 0.0, -np.inf) if log else np.where(at_end, 1.0, 0.0)
    return _known(d, np.where(inside, value, ends), q, *parameters)


def _quantile(d: Distribution, lower: bool, log: bool, p: Array, *parameters: Array) -> Array:
    valid = (p <= 0) if log else (p >= 0) & (p <= 1)
    low, high = d.support(*parameters)
    if log and d.log_quantile is not None:
        value = d.log_quantile(p, lower, *parameters)
        first, last = np.isneginf(p), p == 0
    elif log:
        if np.any(np.isfinite(p) & (np.exp(p) == 0)):
            raise DataError("log.p: a probability below 1e-308, the smallest number, has no quantile here")
        first, last = np.isneginf(p), p == 0
        value = np.where(
            p < -math.log(2),
            _inverse(d, np.exp(p), lower, *parameters),
            _inverse(d, -np.expm1(p), not lower, *parameters),
        )
    else:
        value = _inverse(d, p, lower, *parameters)
        first, last = p == 0, p == 1
    if not lower:
        first, last = last, first
    value = np.where(first, low, np.where(last, high, value))
    return _known(d, np.where(valid, value, np.nan), p, *parameters)


def _inverse(d: Distribution, p: Array, lower: bool, *parameters: Array) -> Array:
    return d.quantile(p, lower, *parameters) if d.quantile else _searched(d, p, lower, *parameters)


def _searched(d: Distribution, p: Array, lower: bool, *parameters: Array) -> Array:
    """The smallest whole number whose lower tail is not below p (upper tail: not above)."""

    def reached(k: Array) -> Array:
        tail = d.tail(k, lower, *parameters)
        return tail >= p * (1 - _FUZZ) if lower else tail <= p * (1 + _FUZZ)

    _, most = np.broadcast_arrays(p, np.minimum(d.support(*parameters)[1], _MOST))
    low, high = np.full(most.shape, -1.0), np.minimum(np.ones(most.shape), most)
    while True:  # doubled until far enough
        short = ~reached(high) & (high < most) & ~np.isnan(p + sum(parameters))
        if not np.any(short):
            break
        low, high = np.where(short, high, low), np.where(short, np.minimum(2 * high, most), high)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        there = reached(middle)
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return high


def _known(d: Distribution, value: Array, x: Array, *parameters: Array) -> Array:
    """NaN for a missing value and outside the parameter space."""
    return np.where(d.valid(*parameters) & ~np.isnan(x + sum(parameters)), value, np.nan)


def polished(d: Distribution, x: Array, p: Array, lower: bool, *parameters: Array) -> Array:
    """Two steps of Newton's method: libraries invert to eight digits or to sixteen."""
    for _ in range(2):
        step = (d.tail(x, lower, *parameters) - p) / np.exp(d.log_density(x, *parameters))
        better = x - step if lower else x + step
        near = np.isfinite(better) & (np.abs(step) < 1e-4 * np.abs(x))
        x = np.where(near, better, x)
    return x


# ---- as functions of a formula ----

KINDS: dict[str, tuple[str, tuple[str, ...], Callable[..., Array]]] = {
    "d": ("x", ("log",), _density),
    "p": ("q", ("lower.tail", "log.p"), _probability),
    "q": ("p", ("lower.tail", "log.p"), _quantile),
}
_FLAGS = {"log": False, "lower_tail": True, "log_p": False}


def called(d: Distribution, name: str, **given: Any) -> Value:
    """``pnorm(q, mean, sd, lower.tail, log.p)`` and its like."""
    first, flags, compute = KINDS[name[0]]
    set_flags = [
        flag_argument(given.pop(key, _FLAGS[key]), flag) for flag in flags for key in [flag.replace(".", "_")]
    ]
    for value in given.values():
        if is_text(value) or isinstance(value, Factor):
            raise DataError(f"Non-numeric argument to mathematical function: a {kind(value)} was given")
    given = {key.rstrip("_"): value for key, value in given.items()}
    x = given.pop(first, None)
    given = {first: x} | dict(d.parameters) | d.standard(given)
    for key, value in given.items():
        if value is None:
            raise FormulaError(f'{name}(): argument "{key}" is missing, with no default')
    values = [given[key] for key in (first, *d.parameters)]
    return checked(partial(compute, d, *set_flags), name, *values)


def formals(letter: str, d: Distribution) -> str:
    """R's argument names of its ``d``, ``p`` or ``q`` function."""
    first, flags, _ = KINDS[letter]
    return ",".join([first, *(d.formals or d.parameters), *flags])
