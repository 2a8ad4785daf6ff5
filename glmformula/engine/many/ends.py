"""Whether the fit of a group is done, and `fit_glm` would have nothing to add to it."""

from __future__ import annotations

import numpy as np

from ...families import Family
from ...families.curvature import relative_curvature
from ...families.link import EPS
from ..convergence import FAR_ABOVE, HUGE, LEAP, NO_LEAP, levels_off
from ..eta_limits import SETTLED, SUSPICION, eta_interval, far_ends
from ..iteration import LITTLE
from ..messages import TEN_EPS
from ..result import Control
from ..thresholds import EDGE, MOVES, PROMISES
from .stack import Means, Stack


def surely_settled(
    family: Family,
    usual: np.ndarray,
    control: Control,
    decrease: np.ndarray | None,
    previous: np.ndarray,
    there: Means,
) -> np.ndarray:
    """What of `iteration.settled` can be said without another pass."""
    sure = there.deviance == 0
    if family.fixed_dispersion is not None:
        sure |= usual
    if decrease is None:
        return sure
    level = there.deviance - previous <= LITTLE * there.deviance
    share = np.where(usual, PROMISES.settled, control.epsilon)
    return sure | (level & (decrease <= share * there.deviance))


def well_ended(
    stack: Stack,
    at: Means,
    there: Means,
    done: np.ndarray,
    begins: bool,
    decrease: np.ndarray,
    previous: np.ndarray,
    beta: np.ndarray,
    fresh: np.ndarray,
) -> np.ndarray:
    """Whether `fit_glm` would have nothing to add: no stray end, no warning, no separation to look for."""
    family = stack.family
    decrease, previous, beta, fresh = decrease[done], previous[done], beta[done], fresh[done]
    mu, slope, eta, before = there.mu[done], there.slope[done], there.eta[done], at.eta[done]
    low, high = mu.min(axis=1), mu.max(axis=1)
    fine = decrease <= PROMISES.unsettled * (np.abs(previous) + 0.1)
    for end in eta_interval(family):
        if np.isfinite(end):
            limit = float(family.link.linkinv(np.array([end]))[0])
            near = EDGE * np.abs(stack.means - limit)
            fine &= (np.abs(low - limit) >= near) & (np.abs(high - limit) >= near)
    fine &= (high < HUGE) | (slope > EPS).all(axis=1)
    far_off = levels_off(family)
    if far_off:
        fine &= ~(high > FAR_ABOVE * stack.y.max(axis=1))
        fine &= _bent_up(stack, eta, mu, slope, there.variance[done])
    if not begins:
        change, ends = np.abs(eta - before), eta_interval(family)
        size = np.minimum(1.0 + np.abs(before), np.minimum(before - ends[0], ends[1] - before))
        strides = np.max(np.where(change > 0, change / size, 0.0), axis=1)
        sizes = np.maximum(LEAP * np.abs(beta), NO_LEAP * np.abs(beta).max(axis=1, keepdims=True))
        leaps = (np.abs(fresh - beta) > sizes).any(axis=1) | far_off
        fine &= ~(leaps & (strides > MOVES.stride))
    if np.isfinite(family.mu_interval[0]):
        fine &= low >= TEN_EPS
    fine &= (high <= 1 - TEN_EPS) | (high > 1)
    least = np.minimum(1.0, np.where(stack.weights > 0, stack.weights, np.inf).min(axis=1))
    most = SUSPICION * decrease + SETTLED
    for _, end, _ in far_ends(family):
        for mean in (low, high):
            variance = family.variance(mean)
            fine &= (variance > 0) & (least * (mean - end) ** 2 > most * variance)
    return fine


def _bent_up(
    stack: Stack, eta: np.ndarray, mu: np.ndarray, slope: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    """Whether the observed information is positive: the end is a minimum of the deviance."""
    family = stack.family
    width = 1e-6 * mu
    growth = (family.variance(mu + width) - family.variance(mu - width)) / (2 * width)  # V'
    bend = relative_curvature(family.link, eta.ravel()).reshape(eta.shape)
    residual = stack.y - mu
    observed = slope**2 / variance - residual * (slope / variance) * (bend - slope * growth / variance)
    information = stack.X.transpose(0, 2, 1) @ (stack.X * (stack.weights * observed)[:, :, None])
    whole = np.isfinite(information).all(axis=(1, 2))
    lengths = np.sqrt(np.abs(np.einsum("gjj->gj", information)))
    lengths = np.where(lengths > 0, lengths, 1.0)
    scaled = information / (lengths[:, :, None] * lengths[:, None])
    bends = np.linalg.eigvalsh(np.where(whole[:, None, None], scaled, 0.0))[:, 0]
    return np.asarray(whole & (bends > 0))
