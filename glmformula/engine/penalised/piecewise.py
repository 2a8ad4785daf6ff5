"""Quadratic functions with a kink at zero, inside bounds: their exact minimum by active sets.

Feature-sign search (Lee, Battle, Raina & Ng 2007): each coefficient is at a kink (zero or a bound) or free in an
interval between two of them; there the function is quadratic, and one factor of a matrix finds its minimum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

Solve = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Steps at most, and for each coefficient: more of them go round in a circle, where rounding decides.
MOST_STEPS, STEPS_EACH = 100, 20
# A matrix that is not positive definite has this share added to its diagonal.
JITTER = 1e-10
# A slope may be wrong by so much of the largest term that it is summed of.
ROUNDING = 1e-14


def solved(Q: np.ndarray, c: np.ndarray) -> np.ndarray:
    """x with Q x = c, by Cholesky; of columns that are combinations of others some solution."""
    if not len(c):
        return np.asarray(c)
    # symmetric: its transpose is in LAPACK's order already
    factor, x, info = lapack.dposv(Q.T, c, lower=1)
    diagonal = np.diag(Q)
    if info == 0 and np.diag(factor).min() ** 2 > 1e-13 * diagonal.max(initial=0.0):
        return np.asarray(x)
    size = JITTER
    while size < 1:
        raised = Q + np.diag(size * diagonal + np.finfo(float).tiny)
        _, x, info = lapack.dposv(raised, c, lower=1)
        if info == 0:
            return np.asarray(x)
        size *= 100
    return np.asarray(np.linalg.lstsq(Q, c, rcond=None)[0])


def minimum(
    Q: np.ndarray,
    c: np.ndarray,
    penalty: np.ndarray,
    start: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    solve: Solve | None = None,
) -> np.ndarray:
    """The b that makes  b'Q b / 2 - c'b + sum(penalty |b|)  least, with low <= b <= high.

    Parameters
    ----------
    Q : ndarray (p, p)
        Symmetric, not negative.
    c, penalty, start : ndarray (p,)
    low, high : ndarray (p,)
        low <= 0 <= high; where they are equal the coefficient is held.
    solve : function of places (k,) and c (k,)
        x with Q[places, places] x = c, if it is known how to be quicker than by a new factor.

    Returns
    -------
    ndarray (p,)
    """
    b = np.clip(start, low, high)
    kinked = penalty > 0
    slack = ROUNDING * (np.abs(c) + penalty + np.abs(c).max(initial=0.0))
    # the interval in which each coefficient is free: [left, right]
    sign = np.sign(b)
    left = np.where(kinked & (sign > 0), 0.0, low)
    right = np.where(kinked & (sign < 0), 0.0, high)
    free = np.where(kinked, sign != 0, True) & (low < high) & (b > low) & (b < high)
    slopes: np.ndarray | None = None
    for _ in range(MOST_STEPS + STEPS_EACH * len(b)):
        at = np.flatnonzero(free)
        if len(at):
            direction = np.where(kinked[at], np.where(left[at] >= 0, 1.0, -1.0), 0.0)
            rest = np.flatnonzero(~free & (b != 0))
            aim = c[at] - penalty[at] * direction
            if len(rest):
                aim = aim - Q[np.ix_(at, rest)] @ b[rest]
            x = solved(Q[np.ix_(at, at)], aim) if solve is None else solve(at, aim)
            out = (x < left[at]) | (x > right[at])
            if out.any():
                step_to_kink(Q, aim, x, out, at, b, free, left, right)
                continue
            b[at] = x
        nonzero = np.flatnonzero(b)
        few = len(nonzero) < len(b) / 8
        slopes = (np.dot(Q[:, nonzero], b[nonzero]) if few else np.dot(Q, b)) - c
        up = slopes + np.where(b >= 0, penalty, -penalty)
        down = slopes + np.where(b > 0, penalty, -penalty)
        rising = ~free & (b < high) & (up < -slack)
        falling = ~free & (b > low) & (down > slack)
        if not (rising.any() or falling.any()):
            return b
        left = np.where(rising, np.where(kinked & (b >= 0), 0.0, low), left)
        right = np.where(rising, np.where(kinked & (b < 0), 0.0, high), right)
        left = np.where(falling, np.where(kinked & (b > 0), 0.0, low), left)
        right = np.where(falling, np.where(kinked & (b <= 0), 0.0, high), right)
        free = free | rising | falling
    return b


def step_to_kink(
    Q: np.ndarray,
    aim: np.ndarray,
    x: np.ndarray,
    out: np.ndarray,
    at: np.ndarray,
    b: np.ndarray,
    free: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
) -> None:
    """Go towards `x`, which leaves some intervals: to the clipped point if that is lower, else to the first end."""
    now = b[at]
    stuck = out & (((x < now) & (now <= left[at])) | ((x > now) & (now >= right[at])))
    if stuck.any():  # just set free, and it would go the wrong way
        free[at[stuck]] = False
        return
    clipped = np.clip(x, left[at], right[at])

    change, middle = np.zeros(len(b)), np.zeros(len(b))
    change[at], middle[at] = clipped - now, (clipped + now) / 2
    if change @ (Q @ middle) < aim @ change[at]:  # the quadratic function is lower there
        b[at] = clipped
        free[at[out]] = False
        return
    ends = np.where(x < now, left[at], right[at])
    share = np.where(out, (ends - now) / np.where(out, x - now, 1.0), np.inf)
    first = share.min()
    b[at] = now + first * (x - now)
    reached = share <= first
    b[at[reached]] = ends[reached]
    free[at[reached]] = False


def residual(
    slopes: np.ndarray, b: np.ndarray, penalty: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """How far each coefficient is from the conditions of a minimum (Karush, Kuhn & Tucker), (p,).

    `slopes` are the derivatives of the smooth part.
    """
    up = slopes + np.where(b >= 0, penalty, -penalty)
    down = slopes + np.where(b > 0, penalty, -penalty)
    return np.maximum(np.where(b < high, -up, 0.0), np.where(b > low, down, 0.0)).clip(0.0)
