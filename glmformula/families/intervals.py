"""The probability that a variable falls between two ends, log(F(a) - F(b)), with derivatives: exact in both tails.

An end may be infinite, b = -inf or a = inf. With p = F(a) - F(b) and f the density, the derivatives of log p are
U = f(a)/p by a and L = -f(b)/p by b; s = U + L is that of moving both. The second ones follow from three numbers:

    su = -(aa + ab),  sl = -(bb + ab),  ab = -U L        (aa, bb, ab: second derivatives by both ends)

Where p is small because the ends are near each other nothing is a difference of near numbers: s, su and sl stay as
large as the density's slopes are, while U and L grow as 1/(a - b).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package
from numpy.typing import NDArray

from .link import SQRT_2PI, Array, quiet

NODES, SHARES = np.polynomial.legendre.leggauss(12)
Places = NDArray[np.intp]
LEFT_ALONE = 700.0  # exp(-exp(x)) is 0 where exp(x) is above it


class Interval(NamedTuple):
    """log p; its derivatives U, L and s; su, sl (see the module), (m,) each."""

    value: Array
    up: Array
    low: Array
    s: Array
    su: Array
    sl: Array


class Gap(NamedTuple):
    """The length a - b of the intervals, and what depends on it alone; `codes` where it has few values, else None.

    Attributes
    ----------
    length : ndarray
        Infinite where an end is.
    rest : ndarray
        log(1 - exp(-length)).
    odds : ndarray
        1 / (exp(length) - 1).
    codes : ndarray of int (m,) or None
        Which of the values each row has.
    """

    length: Array
    rest: Array
    odds: Array
    codes: Places | None

    @classmethod
    def of(cls, length: Array, codes: Places | None = None) -> Gap:
        return cls(length, np.log(-np.expm1(-length)), 1.0 / np.expm1(length), codes)

    def each(self, values: Array) -> Array:
        """The values as rows have them, (m,)."""
        return values if self.codes is None else np.take(values, self.codes)


@quiet
def logistic(a: Array, b: Array, gap: Gap) -> Interval:
    """p = F(a) (1 - F(b)) (1 - exp(-(a - b)))."""
    ea, eb = np.exp(-np.abs(a)), np.exp(-np.abs(b))
    pa, pb = 1.0 / (1.0 + ea), 1.0 / (1.0 + eb)
    over_a, under_b = np.where(a > 0, ea, 1.0) * pa, np.where(b > 0, 1.0, eb) * pb  # 1 - F(a), F(b)
    value = np.minimum(a, 0.0) - np.maximum(b, 0.0) + np.log(pa * pb) + gap.each(gap.rest)
    odds = gap.each(gap.odds)
    return Interval(value, over_a + odds, -(under_b + odds), over_a - under_b, ea * pa * pa, eb * pb * pb)


@quiet
def smallest(a: Array, b: Array, gap: Gap) -> Interval:
    """F(x) = 1 - exp(-exp(x)): p = exp(-exp(b)) (1 - exp(-T)), T = exp(a) - exp(b) = exp(a) (1 - exp(-(a - b)))."""
    eb, odds = np.exp(b), gap.each(gap.odds)
    log_t = a + gap.each(gap.rest)
    t = np.exp(np.minimum(log_t, LEFT_ALONE))
    tiny, huge = t < 1e-8, log_t > np.log(LEFT_ALONE)
    rate = np.where(tiny, 1.0 - 0.5 * t, np.where(huge, 0.0, t / np.expm1(t)))
    square = t * t
    short = t * (-0.5 + t * (1 / 6 + square * (-1 / 180 + square * (1 / 5040 - square / 151200))))
    bend = np.where(t < 0.2, short, np.where(huge, 0.0, rate * (1.0 - t - rate)))
    value = np.where(tiny, log_t - 0.5 * t, np.log(-np.expm1(-t))) - eb
    s = rate - eb
    up, low = (1.0 + odds) * rate, -eb - odds * rate
    return Interval(value, up, low, s, -(1.0 + odds) * bend, eb + odds * bend)


@quiet
def largest(a: Array, b: Array, gap: Gap) -> Interval:
    """F(x) = exp(-exp(-x)): the mirror image of `smallest`."""
    found = smallest(-b, -a, gap)
    return Interval(found.value, -found.low, -found.up, -found.s, found.sl, found.su)


@quiet
def cauchit(a: Array, b: Array, gap: Gap) -> Interval:
    """p pi = atan(a) - atan(b) = the angle of (1 + a b, a - b)."""
    length = gap.each(gap.length)
    first, last = np.isinf(b), np.isinf(a)
    angle = np.arctan2(
        np.where(first | last, 1.0, length), np.where(first, -a, np.where(last, b, 1.0 + a * b))
    )
    aa, bb, total = 1.0 + a * a, 1.0 + b * b, a + b
    up, low = 1.0 / (aa * angle), -1.0 / (bb * angle)
    s = np.where(first, up, np.where(last, low, -length * (total / aa) / (bb * angle)))
    inner_a, inner_b = aa * s + 2.0 * a, bb * s + 2.0 * b
    tangent = length / (1.0 + a * b)
    near = (tangent > 0.0) & (tangent < 0.03)
    if near.any():  # tangent / angle - 1 by its series
        x = tangent * tangent
        more = x * (1 / 3 + x * (-4 / 45 + x * (44 / 945)))
        inner_a = np.where(near, length * (1.0 - total * b * (1.0 + more) / bb) - total * more, inner_a)
        inner_b = np.where(near, -length * (1.0 - total * a * (1.0 + more) / aa) - total * more, inner_b)
    return Interval(
        np.log(angle / np.pi),
        up,
        low,
        s,
        np.where(last, 0.0, up * inner_a / aa),
        np.where(first, 0.0, low * inner_b / bb),
    )


@quiet
def probit(a: Array, b: Array, gap: Gap) -> Interval:
    """The normal distribution; an interval whose middle is above 0 is looked at from the other side."""
    turned = a + b > 0
    a, b = np.where(turned, -b, a), np.where(turned, -a, b)
    length = gap.each(gap.length)
    found = _below(a, b, length)
    near = length * (1.0 + np.abs(a + b) / 2.0) < 1.0
    if near.any():
        exact = _near(a[near], b[near], length[near])
        for values, better in zip(found, exact, strict=True):
            values[near] = better
    value, up, low, s, su, sl = found
    return Interval(
        value,
        np.where(turned, -low, up),
        np.where(turned, -up, low),
        np.where(turned, -s, s),
        np.where(turned, sl, su),
        np.where(turned, su, sl),
    )


def _below(a: Array, b: Array, length: Array) -> Interval:
    """Of intervals that are not short, by the ratio F(b) / F(a); their middle is not above 0."""
    special = scipy.special
    root = np.sqrt(0.5)
    scaled = special.erfcx(-root * np.minimum(a, 0.0))
    ratio = np.where(
        a <= 0.0,
        special.erfcx(-root * b) / scaled * np.exp(length * (a + b) / 2.0),
        special.ndtr(b) / special.ndtr(a),
    )
    ratio = np.where(np.isinf(b), 0.0, ratio)
    hazard = np.where(
        a <= 0.0, np.sqrt(2.0 / np.pi) / scaled, np.exp(-0.5 * a * a) / (SQRT_2PI * special.ndtr(a))
    )
    up = hazard / (1.0 - ratio)
    hazard_b = np.sqrt(2.0 / np.pi) / special.erfcx(-root * np.where(np.isinf(b), 0.0, b))
    low = -hazard_b * ratio / (1.0 - ratio)
    s = up + low
    value = special.log_ndtr(a) + np.log1p(-ratio)
    return Interval(
        value, up, low, s, np.where(up > 0, up * (s + a), 0.0), np.where(low < 0, low * (s + b), 0.0)
    )


def _near(a: Array, b: Array, length: Array) -> Interval:
    """Of short intervals, by Gaussian quadrature of the density over them."""
    middle, half = (a + b) / 2.0, length / 2.0
    moved = np.multiply.outer(NODES, half)
    parts = SHARES[:, None] * np.exp(-moved * (middle + 0.5 * moved))
    total = parts.sum(axis=0)
    mean = NODES @ parts / total  # of what lies within, -1 to 1
    mass, edge = half * total, -0.5 * half * half
    up, low = np.exp(edge - middle * half) / mass, -np.exp(edge + middle * half) / mass
    value = np.log(mass) - 0.5 * middle * middle - np.log(SQRT_2PI)
    return Interval(
        value, up, low, -(middle + half * mean), up * half * (1.0 - mean), -low * half * (1.0 + mean)
    )


BY_METHOD: dict[str, Callable[[Array, Array, Gap], Interval]] = {
    "logistic": logistic,
    "probit": probit,
    "loglog": largest,
    "cloglog": smallest,
    "cauchit": cauchit,
}
"""By MASS's name of the method."""
