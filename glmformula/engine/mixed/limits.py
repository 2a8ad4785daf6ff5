"""Profile limits: how far a function of the parameters can go until the deviance has risen by a given amount.

The largest c(x) with  d(x) = d0 + q^2  solves  d'(x) = m c'(x),  d(x) = d0 + q^2  (Venzon & Moolgavkar 1988, Applied
Statistics 37). Newton's method in (x, m) starts where the deviance's curvature at the minimum puts the limit; where it
does not arrive, q is reached in smaller steps along the path of constrained minima, each starting from those before.
The matrix of second derivatives is taken once a step by differences of exact gradients, and then updated (SR1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .search import lifted, minimum

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]
ITERATIONS = 15
SHORTEST = 1 / 64  # of q: a smaller step is not tried
LONGEST = 1.5  # of a Newton step, in standard errors
NEAR = 1e-7  # a step below it, in standard errors, is the last
RISE = 1e-8  # how exactly the deviance is met
DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Minimum:
    """Where the deviance is least.

    Attributes
    ----------
    value : callable
        x to (deviance, gradient).
    x : ndarray (k,)
    deviance : float
    hessian : ndarray (k, k)
        Positive definite.
    """

    value: Function
    x: np.ndarray
    deviance: float
    hessian: np.ndarray


def limit(at: Minimum, goal: Function, q: float, direction: int) -> float | None:
    """The largest (direction 1) or least (-1) value of `goal` that the deviance allows; None where no path leads there.

    Parameters
    ----------
    at : Minimum
    goal : callable
        x to (value, gradient).
    q : float
        Square root of the rise of the deviance.
    direction : {1, -1}
    """
    start, slope = goal(at.x)
    way = np.linalg.solve(at.hessian, slope)
    squares = float(slope @ way)
    if not (squares > 0 and np.isfinite(squares)):
        return None
    pace = direction * np.sqrt(2.0 / squares)
    path = [(0.0, at.x, 0.0, start)]
    step = q
    while path[-1][0] < q:
        level, x, m, reached = path[-1]
        new = min(q, level + step)
        if len(path) == 1:
            guess, multiplier = at.x + new * pace * way, new * pace
        else:
            before = path[-2]
            share = (new - level) / (level - before[0])
            guess, multiplier = x + share * (x - before[1]), m + share * (m - before[2])
        found = _corrected(at, goal, guess, multiplier, at.deviance + new * new)
        if found is not None and direction * (found[2] - reached) > 0 and direction * found[1] > 0:
            path.append((new, *found))
            step *= 2.0
            continue
        step /= 2.0
        if step < SHORTEST * q:
            return None
    return float(path[-1][3])


def _corrected(
    at: Minimum, goal: Function, x: np.ndarray, m: float, level: float
) -> tuple[np.ndarray, float, float] | None:
    """x, the multiplier and the goal where the deviance is `level` and least for its goal, by Newton's method."""
    k = len(x)
    d, g = at.value(x)
    c, a = goal(x)
    if not (np.isfinite(d) and np.isfinite(a).all()):
        return None
    A = _second(at, goal, x, m, g - m * a)
    K = np.zeros((k + 1, k + 1))
    for _ in range(ITERATIONS):
        K[:k, :k], K[:k, k], K[k, :k] = A, -a, g
        try:
            step = np.linalg.solve(K, -np.append(g - m * a, d - level))
        except np.linalg.LinAlgError:
            return None
        size = float(np.sqrt(max(step[:k] @ at.hessian @ step[:k], 0.0) / 2.0))
        if not np.isfinite(size):
            return None
        if size < NEAR and abs(d - level) < RISE * (1.0 + abs(level)):
            return x, m, c
        step = step * min(1.0, LONGEST / size) if size > 0 else step
        x_new, m = x + step[:k], m + step[k]
        d_new, g_new = at.value(x_new)
        c, a_new = goal(x_new)
        if not (np.isfinite(d_new) and np.isfinite(a_new).all()):
            return None
        off = (g_new - m * a_new) - (g - m * a) - A @ step[:k]
        share = float(off @ step[:k])
        if abs(share) > 1e-8 * np.linalg.norm(off) * np.linalg.norm(step[:k]):
            A = A + np.outer(off, off) / share
        x, d, g, a = x_new, d_new, g_new, a_new
    return None


def _second(at: Minimum, goal: Function, x: np.ndarray, m: float, here: np.ndarray) -> np.ndarray:
    """Second derivatives of  d - m c,  by forward differences."""
    out = np.empty((len(x), len(x)))
    for k in range(len(x)):
        ahead = x.copy()
        ahead[k] += DIFFERENCE
        g, a = at.value(ahead)[1], goal(ahead)[1]
        out[k] = (g - m * a - here) / DIFFERENCE
    return (out + out.T) / 2.0


def least_aligned(at: Minimum, first: np.ndarray, second: np.ndarray, direction: int) -> float:
    """The least deviance where a vector of elements is a multiple of another: a correlation of 1 or -1.

    Parameters
    ----------
    at : Minimum
    first, second : ndarray of int
        Where x has the two; `second`, the longer one, is the multiple, zero beyond the length of `first`.
    direction : {1, -1}
        The multiple's sign.
    """
    free = np.setdiff1d(np.arange(len(at.x)), second)
    inner = np.searchsorted(free, first)

    def whole(y: np.ndarray) -> np.ndarray:
        x = np.zeros(len(at.x))
        x[free] = y[:-1]
        x[second[: len(first)]] = y[-1] * x[first]
        return x

    def value(y: np.ndarray) -> tuple[float, np.ndarray]:
        x = whole(y)
        d, g = at.value(x)
        gradient = np.append(g[free], g[second[: len(first)]] @ x[first])
        gradient[inner] += y[-1] * g[second[: len(first)]]
        return d, gradient

    size = float(np.linalg.norm(at.x[second])) / max(float(np.linalg.norm(at.x[first])), 1e-8)
    y = np.append(at.x[free], direction * max(size, 1e-2))
    B = np.zeros((len(y), len(y)))
    B[:-1, :-1] = at.hessian[np.ix_(free, free)]
    own = at.hessian[np.ix_(second[: len(first)], second[: len(first)])]
    B[-1, -1] = max(float(at.x[first] @ own @ at.x[first]), 1e-3)
    found = minimum(value, y, lifted(B), longest=5.0)
    if found.x[-1] * direction >= 0:
        return found.value
    nothing = at.x.copy()
    nothing[second] = 0.0  # the other sign is better: on this side the least is at none
    return least_with(at, nothing, second)


def least_with(at: Minimum, x: np.ndarray, fixed: np.ndarray) -> float:
    """The least deviance with some elements held where x has them."""
    free = np.setdiff1d(np.arange(len(x)), fixed)

    def value(part: np.ndarray) -> tuple[float, np.ndarray]:
        whole = x.copy()
        whole[free] = part
        d, g = at.value(whole)
        return d, g[free]

    if not len(free):
        return at.value(x)[0]
    return minimum(value, x[free], lifted(at.hessian[np.ix_(free, free)]), longest=5.0).value
