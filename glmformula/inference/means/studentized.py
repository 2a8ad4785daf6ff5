"""The distribution of the studentized range, by the quadratures that R has, so that the digits are R's."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.special import gammaln, ndtr

LARGE_DF = 25_000.0  # beyond which the standard deviation counts as known
FAR = 8.0  # half a range beyond which all of the normal distribution lies
CLOSE, MOST_STEPS = 1e-4, 50  # of the secant steps of the quantile


@cache
def _nodes(n: int) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(n)
    return x, w


def range_cdf(w: np.ndarray, k: float) -> np.ndarray:
    """P(range of k standard normals < w), of each of `w` (Hartley's form, Copenhaver & Holland 1988)."""
    half = np.asarray(w, dtype=float) / 2
    with np.errstate(over="ignore", under="ignore"):
        total = (2 * ndtr(half) - 1) ** k
        x, weight = _nodes(12)
        for several in (2, 3):  # so many intervals; fewer where the range is wide
            chosen = (half < FAR) & ((np.asarray(w) > 3.0) == (several == 2))
            if not chosen.any():
                continue
            low, wide = half[chosen][:, None], np.asarray(w, dtype=float)[chosen][:, None]
            step = (FAR - low) / several
            part = np.zeros(low.shape[0])
            for j in range(several):
                middle, reach = low + (j + 0.5) * step, step / 2
                at = middle + reach * x
                value = np.maximum(ndtr(at) - ndtr(at - wide), 0.0) ** (k - 1)
                density = np.where(at * at > 60.0, 0.0, np.exp(-0.5 * at * at))
                part += (weight * density * value).sum(axis=1) * (
                    2 * reach[:, 0] * k / math.sqrt(2 * math.pi)
                )
            total[chosen] += part
    return np.where(half >= FAR, 1.0, np.minimum(total, 1.0))


def ptukey(q: float, k: float, df: float) -> float:
    """P(studentized range of k means < q), R's ``ptukey``.

    Parameters
    ----------
    q : float
    k : float
        How many means; need not be whole.
    df : float
        Of the standard deviation.
    """
    if math.isnan(q) or math.isnan(df) or df < 2 or k < 2:
        return math.nan
    if q <= 0:
        return 0.0
    if math.isinf(q):
        return 1.0
    if df > LARGE_DF:
        return float(range_cdf(np.array([q]), k)[0])
    length = 1.0 if df <= 100 else 0.5 if df <= 800 else 0.25 if df <= 5000 else 0.125
    constant = df / 2 * math.log(df) - df * math.log(2) - float(gammaln(df / 2)) + math.log(length)
    x, weight = _nodes(16)
    answer = 0.0
    for i in range(1, 51):
        at = (2 * i - 1) * length + x * length
        exponent = constant + (df / 2 - 1) * np.log(at) - at * df / 4
        used = exponent >= -30.0
        part = 0.0
        if used.any():
            inner = range_cdf(q * np.sqrt(at[used] / 2), k)
            part = float((inner * weight[used] * np.exp(exponent[used])).sum())
        if i * length >= 1.0 and part <= 1e-14:
            break
        answer += part
    return min(answer, 1.0)


def qtukey(p: float, k: float, df: float) -> float:
    """The quantile of `ptukey`, R's ``qtukey``: secant steps from the same start, to the same closeness."""
    if math.isnan(p) or math.isnan(df) or df < 2 or k < 2:
        return math.nan
    if not 0 < p < 1:
        return 0.0 if p <= 0 else math.inf

    def above(x: float) -> float:
        return ptukey(x, k, df) - p

    return _secant(above, _start(p, k, df), p)


def _secant(above: Callable[[float], float], x0: float, p: float) -> float:
    before = above(x0)
    x1 = max(0.0, x0 - 1) if before > 0 and x0 > 1 else x0 + 1
    here = above(x1)
    answer = x1
    for _ in range(1, MOST_STEPS):
        answer = x1 - here * (x1 - x0) / (here - before)
        before, x0 = here, x1
        if answer < 0:
            answer, here = 0.0, -p
        here = above(answer)
        x1 = answer
        if abs(x1 - x0) < CLOSE:
            break
    return answer


def _start(p: float, k: float, df: float) -> float:
    """Odeh & Evans (1974), as R's ``qinv``."""
    y = math.sqrt(-2 * math.log(0.5 - 0.5 * p))
    top = (((y * -0.453642210148e-04 - 0.204231210125) * y - 0.342242088547) * y - 1.0) * y + 0.322232421088
    bottom = (
        ((y * 0.38560700634e-02 + 0.103537752850) * y + 0.531103462366) * y + 0.588581570495
    ) * y + 0.993484626060e-01
    t = y + top / bottom
    if df < 120:
        t += (t**3 + t) / df / 4
    q = 0.8832 - 0.2368 * t
    if df < 120:
        q += -1.214 / df + 1.208 * t / df
    return t * (q * math.log(k - 1) + 1.4142)
