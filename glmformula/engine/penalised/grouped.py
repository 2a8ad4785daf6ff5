"""Quadratic functions with a norm of each group: their minimum, and a problem whose groups are made orthonormal.

The group lasso (Yuan & Lin 2006) in the form of Simon & Tibshirani (2012): the penalty is the length of what a group
adds to the rows, so that the coding of a factor does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from .problem import Scaled
from .subsets import Subsets

MOST_SWEEPS = 500
# Relative to the largest derivative at zero: what is left is rounding.
ROUNDING = 1e-14
# Directions of a group with a smaller share of its variance are combinations of the others.
SHARE = 1e-10


def blocks_of(groups: np.ndarray) -> list[np.ndarray]:
    """The places of each group; -1 is in none."""
    return [np.flatnonzero(groups == k) for k in range(int(groups.max(initial=-1)) + 1)]


def one_block(values: np.ndarray, turned: np.ndarray, penalty: float) -> np.ndarray:
    """The t with  t't diag(values) / 2 - turned't + penalty |t|  least, `values` not negative."""
    if np.sqrt(turned @ turned) <= penalty:
        return np.zeros(len(turned))
    length = (
        0.0  # of t: the root of a function that is almost a line, which Newton's steps approach from one side
    )
    for _ in range(100):
        below = values * length + penalty
        t = turned / below
        size = np.sqrt(t @ t)
        step = size * size * (size - 1) / (t * t @ (values / below))
        if not step > 1e-16 * length:
            break
        length += step
    if not length > 0:  # as long as the penalty, but for rounding
        return np.zeros(len(turned))
    return np.asarray(turned / (values + penalty / length))


def group_residual(slopes: np.ndarray, b: np.ndarray, penalty: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """How far each coefficient's group is from the conditions of a minimum, (r,) or (L, r)."""
    out = np.abs(slopes)
    for block in blocks_of(groups):
        s, t, pen = slopes[..., block], b[..., block], penalty[..., block[:1]]
        length = np.sqrt((t * t).sum(axis=-1, keepdims=True))
        active = s + pen * t / np.where(length > 0, length, 1.0)
        inside = np.maximum(np.sqrt((s * s).sum(axis=-1, keepdims=True)) - pen, 0.0)
        off = np.where(length > 0, np.sqrt((active * active).sum(axis=-1, keepdims=True)), inside)
        out[..., block] = off
    return out


def group_minimum(
    Q: np.ndarray, c: np.ndarray, penalty: np.ndarray, start: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """The b that makes  b'Q b / 2 - c'b + sum over groups of penalty_g |b_g|  least.

    Sweeps over the groups find which of them are zero, Newton's steps for the others give the digits.

    Parameters
    ----------
    Q : ndarray (r, r)
    c, penalty, start : ndarray (r,)
        `penalty` has one value in a group, and is 0 outside of the groups.
    groups : ndarray of int (r,)
        -1: of no group.
    """
    if not (np.isfinite(Q).all() and np.isfinite(c).all()):
        return np.full(len(start), np.nan)
    b, blocks = np.array(start), [block for block in blocks_of(groups) if penalty[block[0]] > 0]
    loose = np.flatnonzero(penalty == 0)
    turns: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    scale = float(np.abs(c).max(initial=0.0) + penalty.max(initial=0.0))
    best, idle = np.inf, 0
    for _ in range(MOST_SWEEPS):
        slopes = Q @ b - c
        left = float(group_residual(slopes, b, penalty, groups).max(initial=0.0))
        idle = 0 if left < 0.5 * best else idle + 1
        best = min(left, best)
        if left <= ROUNDING * scale or (idle > 20 and best < 1e-11 * scale):
            break
        if len(loose):
            step = np.linalg.lstsq(Q[np.ix_(loose, loose)], slopes[loose], rcond=None)[0]
            b[loose] -= step
            slopes -= Q[:, loose] @ step
        for k, block in enumerate(blocks):
            if not b[block].any() and np.sqrt(slopes[block] @ slopes[block]) <= penalty[block[0]]:
                continue
            if k not in turns:
                values, vectors = np.linalg.eigh(Q[np.ix_(block, block)])
                turns[k] = np.maximum(values, 0.0), vectors
            values, V = turns[k]
            old = V.T @ b[block]
            new = one_block(values, values * old - V.T @ slopes[block], penalty[block[0]])
            change = V @ (new - old)
            b[block] = V @ new if new.any() else 0.0
            slopes += Q[:, block] @ change
        b = newton_step(Q, c, penalty, b, blocks, loose)
    return b


def newton_step(
    Q: np.ndarray,
    c: np.ndarray,
    penalty: np.ndarray,
    b: np.ndarray,
    blocks: list[np.ndarray],
    loose: np.ndarray,
) -> np.ndarray:
    """One step for the groups that are not zero, if it lowers their residual."""
    active = [block for block in blocks if b[block].any()]
    at = np.concatenate([loose, *active])
    if not len(at):
        return b
    H = Q[np.ix_(at, at)]
    stop = len(loose)
    gradient = (Q @ b - c)[at]
    for block in active:
        start, stop = stop, stop + len(block)
        length = np.sqrt(b[block] @ b[block])
        u = b[block] / length
        H[start:stop, start:stop] += penalty[block[0]] / length * (np.eye(len(block)) - np.outer(u, u))
        gradient[start:stop] += penalty[block[0]] * u
    try:
        step = cho_solve(cho_factor(H, check_finite=False), gradient, check_finite=False)
    except LinAlgError:
        return b
    new = b.copy()
    new[at] -= step
    after = (Q @ new - c)[at]
    stop = len(loose)
    for block in active:
        start, stop = stop, stop + len(block)
        length = np.sqrt(new[block] @ new[block])
        if not length > 0 or new[block] @ b[block] <= 0:
            return b
        after[start:stop] += penalty[block[0]] * new[block] / length
    return new if np.abs(after).max() < np.abs(gradient).max() else b


@dataclass(frozen=True)
class Grouped(Scaled):
    """A scaled problem in coordinates in which each group's columns are orthonormal.

    `turn` (q, r) makes the scaled coefficients of them; `low`, `high` and `factors` are by coordinate (r,), `groups`
    (r,) their groups, `roots` (r,) the square roots of the groups' numbers of coordinates.
    """

    turn: np.ndarray
    groups: np.ndarray
    roots: np.ndarray

    def own(self, b: np.ndarray) -> np.ndarray:
        return super().own(b @ self.turn.T)

    def scores(self, own: np.ndarray) -> np.ndarray:
        return np.asarray(super().scores(own) @ self.turn)

    def matrix(self, own: np.ndarray) -> np.ndarray:
        return np.asarray(self.turn.T @ super().matrix(own) @ self.turn)

    def penalty(self, lambda_: float) -> np.ndarray:
        return lambda_ * self.alpha * self.factors * self.roots

    def narrowed(self, some: np.ndarray) -> Scaled:
        """The plain problem of coordinates that are of no group."""
        columns = np.flatnonzero(self.turn[:, some].any(axis=1))
        plain = {name: getattr(self, name) for name in Scaled.__dataclass_fields__}
        edges = {"low": -np.inf, "high": np.inf, "factors": 0.0}
        plain |= {name: np.full(len(self.columns), value) for name, value in edges.items()}
        return Scaled(**plain).narrowed(columns)

    def least(
        self, Q: np.ndarray, c: np.ndarray, lambda_: float, start: np.ndarray, known: Subsets | None = None
    ) -> np.ndarray:
        ridge = self.ridge(lambda_)
        raised = Q + np.diag(ridge) if ridge.any() else Q
        return group_minimum(raised, c, self.penalty(lambda_), start, self.groups)

    def off(self, slopes: np.ndarray, b: np.ndarray, lambdas: np.ndarray) -> np.ndarray:
        pens, ridges = self.penalties(lambdas)
        return group_residual(slopes + ridges * b, b, pens, self.groups)

    def reach(self, slopes: np.ndarray) -> np.ndarray:
        """For each coordinate, the length of its group's derivatives over its penalty at lambda alpha = 1."""
        out = np.zeros(len(slopes))
        for block in blocks_of(self.groups):
            pen = self.factors[block[0]] * self.roots[block[0]]
            out[block] = np.sqrt(slopes[block] @ slopes[block]) / pen if pen > 0 else 0.0
        return out


def grouped(problem: Scaled, gram: np.ndarray, labels: np.ndarray) -> Grouped:
    """The problem with a group for each label of `labels` (q,) that is penalised; `gram` (q, q) is X'WX / W."""
    q = len(problem.columns)
    turns: list[np.ndarray] = []
    groups: list[int] = []
    factors: list[float] = []
    roots: list[float] = []
    order = [0] if problem.has_intercept else []
    for label in dict.fromkeys(labels[len(order) :].tolist()):
        block = np.flatnonzero(labels == label)
        block = block[block >= len(order)]
        if problem.factors[block[0]] > 0:
            values, V = np.linalg.eigh(gram[np.ix_(block, block)])
            good = values > SHARE * values.max()
            local = V[:, good] / np.sqrt(values[good])
            groups += [len(set(groups) - {-1})] * local.shape[1]
            roots += [np.sqrt(local.shape[1])] * local.shape[1]
        else:
            local = np.eye(len(block))
            groups += [-1] * len(block)
            roots += [1.0] * len(block)
        whole = np.zeros((q, local.shape[1]))
        whole[block] = local
        turns.append(whole)
        factors += [problem.factors[block[0]]] * local.shape[1]
    if order:
        first = np.zeros((q, 1))
        first[0] = 1.0
        turns, groups, factors, roots = [first, *turns], [-1, *groups], [0.0, *factors], [1.0, *roots]
    turn = np.concatenate(turns, axis=1)
    r = turn.shape[1]
    plain = {name: getattr(problem, name) for name in Scaled.__dataclass_fields__}
    plain |= {"low": np.full(r, -np.inf), "high": np.full(r, np.inf), "factors": np.array(factors)}
    return Grouped(**plain, turn=turn, groups=np.array(groups), roots=np.array(roots))
