"""Optimisation for the checks: a damped Newton method on rows, and linear programmes. Small and slow on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from .oracle import Model

RANK = 1e-10  # a direction shorter than this, columns of unit length, is rounding
MOST_STEPS = 60


@dataclass(frozen=True)
class Rows:
    """The rows of a fit: a basis of the design's span, what is observed; rows of weight 0 only bound eta."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    offset: np.ndarray

    @property
    def counted(self) -> np.ndarray:
        return self.w > 0


def unit_columns(X: np.ndarray) -> np.ndarray:
    lengths = np.sqrt((X**2).sum(axis=0))
    return X[:, lengths > 0] / lengths[lengths > 0]


def deviance(m: Model, rows: Rows, eta: np.ndarray) -> float:
    if not m.valid(eta).all():
        return np.inf
    c = rows.counted
    return m.deviance(rows.y[c], rows.w[c], eta[c])


def whitened(m: Model, rows: Rows, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, g): directions of eta (n, r) along which the information is 1, and the score along them.

    g @ g is the decrease of the deviance that Fisher's quadratic promises, r <= p.
    """
    c = rows.counted
    score, information = m.score(rows.y[c], rows.w[c], eta[c])
    usable = np.isfinite(score) & np.isfinite(information) & (information > 0)
    root = np.sqrt(np.where(usable, information, 0.0))
    A = root[:, None] * rows.X[c]
    lengths = np.sqrt((A**2).sum(axis=0))
    kept = lengths > 0
    if not kept.any():
        return np.empty((len(eta), 0)), np.empty(0)
    U, sizes, right = np.linalg.svd(A[:, kept] / lengths[kept], full_matrices=False)
    r = int((sizes > RANK * sizes[0]).sum())
    B = rows.X[:, kept] / lengths[kept] @ (right[:r].T / sizes[:r])
    residual = np.where(usable, score, 0.0) / np.where(root > 0, root, 1.0)
    return B, U[:, :r].T @ residual


def distances(m: Model, eta: np.ndarray) -> np.ndarray:
    low, high = m.interval
    return np.minimum(eta - low, high - eta)


def curvature(m: Model, rows: Rows, eta: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Half the second derivatives of the deviance along B, by differences of the score."""
    c = rows.counted
    gap = np.where(np.isfinite(distances(m, eta[c])), distances(m, eta[c]), np.inf)
    if m.split:
        gap = np.abs(eta[c])
    h = np.minimum(1e-5 * (1 + np.abs(eta[c])), 0.1 * gap)
    with np.errstate(all="ignore"):
        lower, upper = (m.score(rows.y[c], rows.w[c], eta[c] + sign * h)[0] for sign in (-1, 1))
        bend = (lower - upper) / (2 * h)
    return np.asarray(B[c].T @ (np.where(np.isfinite(bend), bend, 0.0)[:, None] * B[c]))


def descend(m: Model, rows: Rows, eta: np.ndarray, barrier: float = 0.0) -> tuple[np.ndarray, float]:
    """Newton's method with |eigenvalues| from valid eta to a local minimum: (eta, deviance there).

    `barrier` is tau of the term -2 tau sum log(distance to the ends of eta).
    """
    low, high = m.interval

    def merit(eta: np.ndarray) -> float:
        total = deviance(m, rows, eta)
        if barrier and np.isfinite(total):
            with np.errstate(all="ignore"):
                for away in (eta - low, high - eta):
                    total -= 2 * barrier * float(np.log(away[np.isfinite(away) & (away != 0)]).sum())
        return total if np.isfinite(total) else np.inf

    here = merit(eta)
    for _ in range(MOST_STEPS):
        B, gradient = whitened(m, rows, eta)
        if not B.shape[1] or not np.isfinite(gradient).all():
            break
        H = curvature(m, rows, eta, B)
        if barrier:
            for sign, away in ((1, eta - low), (-1, high - eta)):
                there = np.isfinite(away) & (away > 0)
                gradient = gradient + sign * B[there].T @ (barrier / away[there])
                H = H + B[there].T @ (barrier / away[there, None] ** 2 * B[there])
        if not np.isfinite(H).all():
            H = np.eye(len(gradient))
        values, vectors = np.linalg.eigh((H + H.T) / 2)
        step = vectors @ (
            (vectors.T @ gradient) / np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300)
        )
        promise = float(step @ gradient)
        change = B @ step
        length, moved = 1.0, False
        for _ in range(50):
            there = merit(eta + length * change)
            if there < here - 1e-4 * length * promise:
                eta, here, moved = eta + length * change, there, True
                break
            length /= 2
        if not moved or promise < 1e-13 * (abs(here) + 1e-300):
            break
    return eta, deviance(m, rows, eta)


def inside(m: Model, rows: Rows) -> np.ndarray | None:
    """eta with every row as far inside as can be (at most 1); None where there is none, a linear programme says."""
    if m.split:
        return None
    low, high = m.interval
    if not np.isfinite([low, high]).any():
        return rows.offset.copy()
    X = unit_columns(rows.X)
    if X.shape[1]:
        U, sizes, _ = np.linalg.svd(X, full_matrices=False)
        X = U[:, sizes > RANK * sizes[0]]
    X = X / max(np.abs(X).max(initial=0.0), 1e-300)
    free = np.abs(X).max(axis=1, initial=0.0) > 1e-12
    if not m.valid(rows.offset[~free]).all():
        return None
    X, offset = X[free], rows.offset[free]
    size = 1.0 + np.abs(offset).max(initial=0.0)
    walls, limits = [], []
    for sign, end in ((-1.0, low), (1.0, high)):
        if np.isfinite(end):
            walls.append(np.column_stack([sign * X, np.ones(len(X))]))
            limits.append(sign * (end - offset) / size)
    answer = linprog(
        np.append(np.zeros(X.shape[1]), -1.0), A_ub=np.vstack(walls), b_ub=np.concatenate(limits),
        bounds=[(None, None)] * X.shape[1] + [(0.0, 1.0 / size)], method="highs",
    )  # fmt: skip
    if answer.x is None or answer.x[-1] <= 1e-9:
        return None
    eta = rows.offset.copy()
    eta[free] += size * (X @ answer.x[:-1])
    return eta


def bounded_minimum(m: Model, rows: Rows, eta: np.ndarray) -> tuple[np.ndarray, float]:
    """The minimum from valid eta on, also at the ends of eta: a barrier that shrinks."""
    if m.split or not np.isfinite(m.interval).any():
        return descend(m, rows, eta)
    best_eta, best = eta, deviance(m, rows, eta)
    tau = 1e-2 * max(best, 1e-3) / max(len(eta), 1) if np.isfinite(best) else 0.1
    for _ in range(6):
        eta, value = descend(m, rows, eta, tau)
        if value < best:
            best_eta, best = eta, value
        tau /= 30
    eta, value = descend(m, rows, eta)
    return (eta, value) if value < best else (best_eta, best)


def recession(X: np.ndarray, signs: np.ndarray) -> np.ndarray | None:
    """A direction (p,) with X d = 0 where the sign is 0, sign X d >= 0 elsewhere, not all 0; None: there is none."""
    lengths = np.abs(X).max(axis=0, initial=0.0)
    kept = np.flatnonzero(lengths > 0)
    if not len(kept) or not signs.any():
        return None
    A = X[:, kept] / lengths[kept]
    hold, pull = A[signs == 0], A[signs != 0] * signs[signs != 0, None]
    if len(hold):
        _, sizes, right = np.linalg.svd(hold, full_matrices=True)
        rank = int((sizes > 1e-9 * max(sizes.max(initial=0.0), 1e-300)).sum())
        space = right[rank:].T
    else:
        space = np.eye(len(kept))
    if not space.shape[1]:
        return None
    pull = pull @ space
    U, effects, right = np.linalg.svd(pull, full_matrices=False)
    told = effects > 1e-9  # of columns of length 1: less is rounding
    alike = right[told].T / effects[told]  # directions with effects of one size
    out = np.zeros(X.shape[1])
    for moves, turn in (pull, np.eye(pull.shape[1])), (U[:, told], alike):
        along = steepest(np.where(np.abs(moves) < 1e-9, 0.0, moves))
        if along is not None:
            out[kept] = space @ turn @ along / lengths[kept]
            return out
    return None


def steepest(moves: np.ndarray) -> np.ndarray | None:
    """Where no row of some goes the wrong way, most the right one; None: nowhere."""
    if not moves.any():
        return None
    slack = np.full(len(moves), 1e-9)  # a ray alone has no points within rounding
    answer = linprog(
        -moves.sum(axis=0), A_ub=-moves, b_ub=slack, bounds=[(-1, 1)] * moves.shape[1], method="highs"
    )
    return None if answer.x is None or not (moves @ answer.x).max() > 1e-3 else np.asarray(answer.x)
