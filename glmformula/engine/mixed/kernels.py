"""What a row says at its linear predictor: score, weights, and how the weight changes; by family and link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...families import Family, link as links, variances
from ...families.curvature import relative_curvature
from ...families.tweedie import power_variance

STEP = 1e-5  # relative, of a variance function of the user's own


@dataclass(frozen=True)
class Moments:
    """Of rows (m,).

    Attributes
    ----------
    score : -1/2 the derivative of the deviance by eta
    expected : Fisher's weights, w (dmu/deta)^2 / V
    observed : minus the derivative of the score
    change : derivative of `expected`
    deviance : of each row, or their sum where `summed`
    """

    score: np.ndarray
    expected: np.ndarray
    observed: np.ndarray
    change: np.ndarray
    deviance: np.ndarray


Kernel = Callable[[np.ndarray, np.ndarray, "np.ndarray | None"], Moments]


def kernel_for(family: Family) -> Kernel:
    """The function of (eta, y, prior weights)."""
    link = family.link
    if family.variance is variances.bernoulli and link.mu_eta is links.logit_mu_eta:
        return logistic
    if family.variance is variances.linear and link.linkinv is links.log_inv:
        return loglinear
    return partial(general, family)


def is_canonical(family: Family) -> bool:
    """Whether observed and expected weights are the same array."""
    return kernel_for(family) in (logistic, loglinear)


def logistic(eta: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> Moments:
    """Binomial, logit."""
    e = np.exp(-np.abs(eta))
    s = 1.0 / (1.0 + e)
    es = e * s
    mu = np.where(eta >= 0, s, es)
    weight = es * s
    score = y - mu
    change = weight * (1.0 - 2.0 * mu)
    # -2 [y eta - log(1 + exp(eta))], the constant of the saturated model left out
    deviance = 2.0 * (np.maximum(eta, 0.0) - np.log(s) - y * eta)
    if w is None:
        return Moments(score, weight, weight, change, deviance)
    weight = weight * w
    return Moments(score * w, weight, weight, change * w, deviance * w)


def loglinear(eta: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> Moments:
    """Poisson, log."""
    with np.errstate(over="ignore"):
        mu = np.exp(eta)
    deviance = 2.0 * (mu - y * eta)
    score = y - mu
    if w is None:
        return Moments(score, mu, mu, mu, deviance)
    weight = mu * w
    return Moments(score * w, weight, weight, weight, deviance * w)


def saturated(family: Family, y: np.ndarray, w: np.ndarray | None) -> float:
    """What the deviance of the two kernels lacks."""
    if kernel_for(family) is logistic:
        rest = 1.0 - y
        each = 2.0 * (_xlogx(y) + _xlogx(rest))
    elif kernel_for(family) is loglinear:
        each = 2.0 * (_xlogx(y) - y)
    else:
        return 0.0
    return float(each.sum() if w is None else (each * w).sum())


def _xlogx(y: np.ndarray) -> np.ndarray:
    return np.asarray(y * np.log(np.where(y > 0, y, 1.0)))


def general(family: Family, eta: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> Moments:
    """Any family; infinite deviance where a mean is not valid."""
    with np.errstate(all="ignore"):
        mu, slope, variance = family.working(eta)
        valid = family.valid_mu(mu) & family.link.valid_eta(eta)
        if not valid.all():
            infinite = np.where(valid, 0.0, np.inf)
            return Moments(infinite, infinite, infinite, infinite, infinite)
        ratio = slope / variance
        expected = slope * ratio
        curvature = relative_curvature(family.link, eta)
        relative = variance_slope(family, mu) * ratio  # V' mu' / V
        change = expected * (2.0 * curvature - relative)
        observed = expected - (y - mu) * ratio * (curvature - relative)
        score = (y - mu) * ratio
        deviance = family.deviance_at(y, eta, mu)
    if w is None:
        return Moments(score, expected, observed, change, deviance)
    return Moments(score * w, expected * w, observed * w, change * w, deviance * w)


def pearson(family: Family, eta: np.ndarray, y: np.ndarray, w: np.ndarray | None) -> float:
    """Pearson's sum of squares."""
    mu, _, variance = family.working(eta)
    squares = np.square(y - mu) / variance
    return float(squares.sum() if w is None else (squares * w).sum())


_SLOPES: dict[object, Callable[[np.ndarray], np.ndarray]] = {
    variances.constant: np.zeros_like,
    variances.bernoulli: lambda mu: 1.0 - 2.0 * mu,
    variances.linear: np.ones_like,
    variances.quadratic: lambda mu: 2.0 * mu,
    variances.cubic: lambda mu: 3.0 * np.square(mu),
}


def variance_slope(family: Family, mu: np.ndarray) -> np.ndarray:
    """dV/dmu; of a variance of the user's own by differences."""
    variance = family.variance
    known = _SLOPES.get(variance)
    if known is not None:
        return known(mu)
    if isinstance(variance, partial) and variance.func is variances.mixed:
        return 1.0 + 2.0 * mu / variance.args[0]
    if isinstance(variance, partial) and variance.func is power_variance:
        power = variance.args[0]
        return np.asarray(power * mu ** (power - 1.0))
    h = STEP * np.maximum(np.abs(mu), 1e-8)
    return np.asarray((variance(mu + h) - variance(mu - h)) / (2.0 * h))
