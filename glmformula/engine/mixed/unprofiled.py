"""The deviance of a linear mixed model where sigma and the coefficients are not at their optimum.

With V = I + Z Lambda Lambda' Z', b the coefficients that are best at theta, r^2 the penalised squares there and
G = X'V^-1 X,

    d(theta, sigma, beta) = log|V| + (r^2 + (beta - b)' G (beta - b)) / sigma^2 + n log(2 pi sigma^2) - sum(log w)
    REML, at beta = b:    + log|G| - p log(2 pi sigma^2)

(Bates et al. 2015, equations 31 and 39). Sigma enters by its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .profiled import AtTheta, Profiled

Deviance = Callable[[np.ndarray], tuple[float, np.ndarray]]
STEP, LEAST = 5e-3, 0.1  # of differences of order six: round-off and the remainder are both below 1e-9


def of_variances(profiled: Profiled) -> Deviance:
    """The deviance of (theta, log sigma), the coefficients at their optimum, and its gradient."""

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = profiled.at(x[:-1])
        d, slope, precision = _scaled(profiled, at, at.rss, float(x[-1]))
        return d, np.append(profiled.gradient(at, precision), slope)

    return value


def of_everything(profiled: Profiled) -> Deviance:
    """-2 log-likelihood as a function of (theta, log sigma, gamma), and its gradient; not for REML."""
    k = profiled.structure.n_theta

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = profiled.at(x[:k])
        gamma = x[k + 1 :]
        away = gamma - at.gamma
        pull = at.root.T @ (at.root @ away)
        d, slope, precision = _scaled(profiled, at, at.rss + float(away @ pull), float(x[k]))
        by_theta = profiled.gradient(at, precision, gamma)
        return d, np.concatenate([by_theta, [slope], 2.0 * precision * pull])

    return value


def _scaled(profiled: Profiled, at: AtTheta, squares: float, log_sigma: float) -> tuple[float, float, float]:
    """The deviance with these squares, its derivative by log sigma, and 1 / sigma^2."""
    df, precision = profiled.degrees, math.exp(-2.0 * log_sigma)
    known = at.deviance - df * (1.0 + math.log(2.0 * math.pi * at.rss / df))
    d = known + squares * precision + df * (math.log(2.0 * math.pi) + 2.0 * log_sigma)
    return d, 2.0 * (df - squares * precision), precision


def jacobian(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, step: float = STEP) -> np.ndarray:
    """Derivatives of f(x), along the last axis, by differences of order six."""
    out = []
    for k in range(len(x)):
        h = np.zeros(len(x))
        h[k] = step * max(LEAST, abs(x[k]))
        near, middle, far = (f(x + m * h) - f(x - m * h) for m in (1, 2, 3))
        out.append((45.0 * near - 9.0 * middle + far) / (60.0 * h[k]))
    return np.stack(out, axis=-1)


def hessian(value: Deviance, x: np.ndarray) -> np.ndarray:
    """Second derivatives, by differences of the exact gradient."""
    H = jacobian(lambda at: value(at)[1], x)
    return (H + H.T) / 2.0
