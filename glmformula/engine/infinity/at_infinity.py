"""Whether a likelihood has its maximum at infinity, and which parameters go there.

On the way to infinity the information about a parameter dies away: by a factor e at each of Newton's steps where the
likelihood has exponential tails. Where a search has ended far out by itself, the likelihood is flat on one side.
Parameters are compared in units of the linear predictor: times the root mean square of their column.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

DIES_AWAY = 0.5
"""Information below this share of what it was a step ago."""
INVOLVED, MOVING = 0.01, 0.05
"""Shares of the largest component from which a parameter belongs to a direction, and goes to infinity along it."""
STEADY = 0.7
"""A step to infinity is no shorter than this share of the one before; on the way to a finite value they shrink."""
WEAK = 50.0
"""Standard errors, in units of the linear predictor, from which it is looked whether there is a maximum."""
PROBE = 100.0
"""Units of the linear predictor: no probe is longer."""
PROBES = 8
NO_INFORMATION = 1e-13
"""Share of the largest information that is rounding: dependent columns were left out at 1e-7, whose square is more."""


def running(
    units: np.ndarray,
    informations: tuple[np.ndarray, np.ndarray],
    steps: tuple[np.ndarray, np.ndarray],
    free: np.ndarray,
) -> np.ndarray:
    """Which parameters run to infinity, by the last two steps (r,) and the information (r, r) before each.

    Returns
    -------
    ndarray (r,)
        inf or -inf; NaN for a parameter about which the information dies away though it need not move; 0 elsewhere.
    """
    limits = np.zeros(len(units))
    lost = dying(units, informations, free)
    if not lost.any():
        return limits
    before, last = (np.abs(step * units) for step in steps)
    moving = lost & (last > max(MOVING * last[lost].max(), 1e-3)) & (last > STEADY * before)
    if not moving.any():
        return limits
    limits[moving] = np.sign(steps[1][moving]) * np.inf
    limits[dying(units, informations, free & ~moving)] = np.nan
    return limits


def dying(units: np.ndarray, informations: tuple[np.ndarray, np.ndarray], free: np.ndarray) -> np.ndarray:
    """Parameters, bool (r,), that belong to directions in which the information dies away, the others held."""
    out = np.zeros(len(units), dtype=bool)
    which = np.flatnonzero(free)
    old, new = (H[np.ix_(which, which)] for H in informations)
    scale = np.sqrt(np.maximum(np.diag(old), 0.0))
    if not len(which) or not (scale > 0).all():
        return out
    factor, failed = lapack.dpotrf(old / np.outer(scale, scale), lower=1)
    if failed:
        return out
    half = lapack.dtrtrs(factor, new / np.outer(scale, scale), lower=1)[0]
    ratio = lapack.dtrtrs(factor, half.T, lower=1)[0]
    values, vectors = np.linalg.eigh((ratio + ratio.T) / 2)
    directions = lapack.dtrtrs(factor, vectors[:, values < DIES_AWAY], lower=1, trans=1)[0]
    if directions.size:
        directions *= (units[which] / scale)[:, None]
        directions /= np.abs(directions).max(axis=0)
        out[which] = (np.abs(directions) > INVOLVED).any(axis=1)
    return out


def probed(
    units: np.ndarray,
    information: np.ndarray,
    loglik: float,
    free: np.ndarray,
    at: Callable[[np.ndarray], float],
) -> np.ndarray:
    """As `running`, where the search ended: does the likelihood fall on both sides of it?

    Parameters
    ----------
    units : ndarray (r,)
    information : ndarray (r, r)
    loglik : float
    free : ndarray of bool (r,)
    at : callable
        The log-likelihood at the estimates and a move (r,).
    """
    limits = np.zeros(len(units))
    which = np.flatnonzero(free)
    values, vectors = np.linalg.eigh(information[np.ix_(which, which)] / np.outer(units[which], units[which]))
    weak = np.flatnonzero(values < WEAK**-2)
    noise = 1e-11 * (1.0 + abs(loglik))
    for j in weak[:PROBES].tolist():
        value, vector = max(float(values[j]), 0.0), vectors[:, j]
        far = PROBE if value == 0 else min(0.5 / np.sqrt(value), PROBE)
        expected = 0.5 * far**2 * value
        move = np.zeros(len(units))
        move[which] = far * vector / units[which]
        drops = np.array([loglik - at(sign * move) for sign in (1.0, -1.0)])
        drops[~np.isfinite(drops)] = np.inf
        flat = drops < noise
        if not flat.any():
            continue
        own = which[np.abs(vector) > INVOLVED * np.abs(vector).max()]
        if (
            flat.all()
        ):  # dependent columns are that, nearly: they have an estimate as long as they have information
            if value < NO_INFORMATION * values[-1]:
                limits[own] = np.nan
        elif drops.max() > 10.0 * max(expected, noise):
            part = vector[np.abs(vector) > INVOLVED * np.abs(vector).max()] * (1.0 if flat[0] else -1.0)
            moving = np.abs(part) > MOVING * np.abs(part).max()
            limits[own] = np.where(moving, np.sign(part) * np.inf, np.nan)
    return limits
