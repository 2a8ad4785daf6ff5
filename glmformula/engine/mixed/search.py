"""The minimum of a smooth function of few parameters with exact gradients: BFGS, finished by Newton's method.

The deviance of a mixed model is the same at Lambda and at Lambda with the signs of a column turned, so it is smooth
through zero standard deviations: the search is free, and a fit without variance is a minimum like others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Value = Callable[[np.ndarray], tuple[float, np.ndarray]]
STEP = 1e-4
LEAST = 1e-3  # of the largest eigenvalue: what one that is not positive is lifted to
PROMISE = 1e-13  # of the deviance: the fall that a last step promises
HALVINGS = 40


@dataclass(frozen=True)
class Found:
    """Where a search ended.

    Attributes
    ----------
    x : ndarray (k,)
    value : float
    gradient : ndarray (k,)
    hessian : ndarray (k, k)
        By central differences of the gradient.
    converged : bool
    iterations : int
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    converged: bool
    iterations: int


def lifted(H: np.ndarray) -> np.ndarray:
    """A symmetric matrix with its eigenvalues made positive."""
    values, vectors = np.linalg.eigh((H + H.T) / 2)
    sizes = np.abs(values)
    return np.asarray((vectors * np.maximum(sizes, LEAST * max(sizes.max(initial=0.0), 1e-300))) @ vectors.T)


def hessian(value: Value, x: np.ndarray, which: np.ndarray | None = None, step: float = STEP) -> np.ndarray:
    """Second derivatives by central differences of exact gradients, rows `which` of them."""
    which = np.arange(len(x)) if which is None else which
    out = np.empty((len(which), len(x)))
    for row, k in enumerate(which.tolist()):
        ahead, behind = x.copy(), x.copy()
        ahead[k] += step
        behind[k] -= step
        out[row] = (value(ahead)[1] - value(behind)[1]) / (2.0 * step)
    return out


def forward_hessian(value: Value, x: np.ndarray, g: np.ndarray, which: np.ndarray, step: float) -> np.ndarray:
    """The same by forward differences, for a search to begin with."""
    out = np.empty((len(which), len(x)))
    for row, k in enumerate(which.tolist()):
        ahead = x.copy()
        ahead[k] += step
        out[row] = (value(ahead)[1] - g) / step
    return out


def minimum(
    value: Value,
    x: np.ndarray,
    B: np.ndarray,
    maxit: int = 200,
    longest: float = np.inf,
    step: float = STEP,
    tighten: Callable[[], None] | None = None,
) -> Found:
    """The minimum near x.

    Parameters
    ----------
    value : callable
        x to (value, gradient).
    x : ndarray (k,)
    B : ndarray (k, k)
        Positive definite; near the second derivatives, if that is known.
    maxit : int
    longest : float
        Of a step, by its largest element.
    step : float
        Of the differences that second derivatives are taken by.
    tighten : callable, optional
        Makes `value` more exact; called before second derivatives are taken.
    """
    d, g = value(x)
    if not np.isfinite(d):
        raise FloatingPointError("the deviance is not finite where the search begins")
    done, it = False, 0
    while it < maxit:
        it += 1
        way = -np.linalg.solve(B, g)
        slope = float(g @ way)
        if not slope < 0:
            B = lifted(B)
            way = -np.linalg.solve(B, g)
            slope = float(g @ way)
        if -slope <= 1e-22 or not np.isfinite(slope):
            done = True
            break
        size = np.abs(way).max()
        scale = min(1.0, longest / size) if size > 0 else 1.0
        x_new, d_new, g_new = _line(value, x, d, scale * way, scale * slope)
        if d_new is None:
            done = -slope < 1e-9 * (abs(d) + 1.0)
            break
        s, y = x_new - x, g_new - g
        fell = d - d_new
        x, d, g = x_new, d_new, g_new
        sy, Bs = float(s @ y), B @ s
        sBs = float(s @ Bs)
        if sy < 0.2 * sBs:  # Powell's damping keeps B positive definite
            share = 0.8 * sBs / (sBs - sy)
            y = share * y + (1.0 - share) * Bs
            sy = float(s @ y)
        if sBs > 0 and sy > 0:
            B = B - np.outer(Bs, Bs) / sBs + np.outer(y, y) / sy
        if -slope < PROMISE * (abs(d) + 1.0) and fell < 1e-9 * (abs(d) + 1.0):
            done = True
            break
    if tighten is not None:
        tighten()
        d, g = value(x)
    return _finished(value, x, d, g, done, it, step)


def _line(
    value: Value, x: np.ndarray, d: float, step: np.ndarray, slope: float
) -> tuple[np.ndarray, float | None, np.ndarray]:
    """A point on the step that is low enough; None where there is none."""
    t = 1.0
    slack = 1e-13 * (abs(d) + 1.0)
    for _ in range(HALVINGS):
        d_new, g_new = value(x + t * step)
        if np.isfinite(d_new) and d_new <= d + 1e-4 * t * slope + slack:
            return x + t * step, d_new, g_new
        if np.isfinite(d_new):
            curve = d_new - d - t * slope
            best = -slope * t * t / (2.0 * curve) if curve > 0 else t / 2.0
            t = min(max(best, t / 10.0), t / 2.0)
        else:
            t /= 4.0
    return x, None, step


def _finished(
    value: Value, x: np.ndarray, d: float, g: np.ndarray, done: bool, it: int, width: float
) -> Found:
    """Newton steps with the second derivatives, until they promise nothing."""
    H = hessian(value, x, step=width)
    H = (H + H.T) / 2
    for _ in range(6):
        values, vectors = np.linalg.eigh(H)
        if values[0] <= 1e-8 * max(values[-1], 1e-300):
            break
        step = -(vectors @ ((vectors.T @ g) / values))
        promise = float(-(g @ step))
        if promise < 1e-21 * (abs(d) + 1.0):
            break
        d_new, g_new = value(x + step)
        if not np.isfinite(d_new) or d_new > d + 1e-10 * (abs(d) + 1.0) or not _smaller(g_new, g, H):
            break
        x, d, g = x + step, d_new, g_new
        if promise > 1e-9 * (abs(d) + 1.0):  # that far away they were others
            H = hessian(value, x, step=width)
            H = (H + H.T) / 2
    values = np.linalg.eigvalsh(H)
    scale = max(abs(values[-1]), 1e-300) if len(values) else 1.0
    flat = len(values) == 0 or values[0] > -1e-6 * scale
    near = _distance(g, H) < 1e-6 * (abs(d) + 1.0)
    return Found(x, d, g, H, bool((done or near) and flat), it)


def _smaller(new: np.ndarray, old: np.ndarray, H: np.ndarray) -> bool:
    return _distance(new, H) <= _distance(old, H)


def _distance(g: np.ndarray, H: np.ndarray) -> float:
    """What a Newton step of this gradient promises."""
    if not len(g):
        return 0.0
    return float(g @ np.linalg.solve(lifted(H), g))
