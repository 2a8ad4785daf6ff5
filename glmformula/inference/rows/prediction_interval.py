"""Limits for a new response: the family's distribution, mixed over the uncertainty of eta."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ..distributions import quantile

if TYPE_CHECKING:
    from ...families import Family

NODES = 15  # Gauss-Hermite nodes for the normal distribution of eta


def predictive_limits(
    family: Family, eta: np.ndarray, se: np.ndarray, phi: float, df: float, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Equal-tailed limits (response scale) that a new response of unit weight falls into.

    Gaussian with the identity link: eta +- t sqrt(se^2 + phi), exact, R's ``predict.lm``. Otherwise the
    quantiles of  F(y) = integral F(y | mu(eta + se z)) dPhi(z), by Gauss-Hermite quadrature; phi is taken as
    known. Rows with a NaN give NaN.
    """
    if family.is_normal_linear:
        half = quantile((1 + level) / 2, df) * np.sqrt(se**2 + phi)
        return eta - half, eta + half
    lower, upper = np.full_like(eta, math.nan), np.full_like(eta, math.nan)
    ok = ~(np.isnan(eta) | np.isnan(se))
    if ok.any():
        nodes, weights = special.roots_hermitenorm(NODES)
        mu = family.link.linkinv(eta[ok, None] + se[ok, None] * nodes)
        mixture = family.response_distribution(mu, np.ones_like(mu), phi), weights / weights.sum()
        discrete = family.distribution is not None and family.distribution.discrete
        tails = ((1 - level) / 2, (1 + level) / 2)
        lower[ok], upper[ok] = (_mixture_quantile(*mixture, p, discrete) for p in tails)
    return lower, upper


def _mixture_quantile(distribution: object, weights: np.ndarray, p: float, discrete: bool) -> np.ndarray:
    """Smallest y with F(y) >= p, by bisection between the components' own quantiles."""
    ends = distribution.ppf(p)  # type: ignore[attr-defined]
    low, high = ends.min(axis=1), ends.max(axis=1)
    if discrete:
        low = low - 1  # F(low) < p for certain
    for _ in range(200):
        middle = np.floor((low + high) / 2) if discrete else (low + high) / 2
        if np.all(high - low <= (1 if discrete else 1e-12 * np.maximum(np.abs(high), 1e-300))):
            break
        enough = distribution.cdf(middle[:, None]) @ weights >= p  # type: ignore[attr-defined]
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    return high
