"""Tail probabilities and quantiles as tests need them: accurate in the far tail, infinite df allowed."""

from __future__ import annotations

from typing import overload

import numpy as np
from scipy import special


def two_sided(statistic: np.ndarray, df: float | np.ndarray) -> np.ndarray:
    """P(|T| > |statistic|) for Student's t with `df`, one or one each; normal where `df` is infinite."""
    t = np.abs(np.asarray(statistic, dtype=float))
    if isinstance(df, float) and np.isinf(df):
        return np.asarray(2 * special.ndtr(-t))
    t, d = np.broadcast_arrays(t, np.asarray(df, dtype=float))
    normal = np.isinf(d)
    d = np.where(normal, 1.0, d)
    with np.errstate(over="ignore"):  # t**2 = inf gives 0, which is the answer
        tail = special.betainc(d / 2, 0.5, d / (d + t**2))
    return np.where(normal, 2 * special.ndtr(-t), np.where(np.isnan(t), np.nan, tail))


@overload
def quantile(probability: float, df: float) -> float: ...
@overload
def quantile(probability: float, df: np.ndarray) -> np.ndarray: ...
def quantile(probability: float, df: float | np.ndarray) -> float | np.ndarray:
    """Student's t quantile, of one number of degrees of freedom or of each; normal where it is infinite."""
    if np.ndim(df):
        return np.where(np.isinf(df), special.ndtri(probability), special.stdtrit(df, probability))
    return float(special.ndtri(probability) if np.isinf(df) else special.stdtrit(df, probability))


def chisq_upper(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """P(chi-squared(df) > statistic); NaN stays NaN."""
    x, k = np.broadcast_arrays(np.asarray(statistic, dtype=float), np.asarray(df, dtype=float))
    ok = ~np.isnan(x) & (k > 0)
    out = np.full(x.shape, np.nan)
    out[ok] = special.gammaincc(k[ok] / 2, np.maximum(x[ok], 0) / 2)
    return out


def f_upper(statistic: np.ndarray, df1: np.ndarray, df2: float) -> np.ndarray:
    """P(F(df1, df2) > statistic); chi-squared / df1 where `df2` is infinite."""
    x, k = np.broadcast_arrays(np.asarray(statistic, dtype=float), np.asarray(df1, dtype=float))
    if np.isinf(df2):
        return chisq_upper(x * k, k)
    ok = ~np.isnan(x) & (k > 0)
    out = np.full(x.shape, np.nan)
    out[ok] = special.betainc(df2 / 2, k[ok] / 2, df2 / (df2 + k[ok] * x[ok]))
    return out
