"""The linear programme of separation: a direction along which no row of some goes the wrong way, most the right one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..thresholds import RANK

# A direction, or a row's part of one, is zero below this (columns scaled to unit length, |delta| <= 1).
ZERO = 1e-7
# A coefficient of a direction is the rounding of the others below this share of the largest.
FAINT = 1e-9
# A coefficient is rounding below this share of the largest that a direction with an effect of 1 could have.
ROUNDED = 1e-13
# A row that gains less than this share of the largest gain waits for a programme of its own.
CLEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct rows of the design (k, p) with the end they pull to (k,) and how often they occur (k,)."""

    X: np.ndarray
    signs: np.ndarray
    counts: np.ndarray


def joined(a: Rows, b: Rows) -> Rows:
    if not len(a.signs) or not len(b.signs):
        return a if len(a.signs) else b
    return distinct(
        np.concatenate([a.X, b.X]), np.concatenate([a.signs, b.signs]), np.concatenate([a.counts, b.counts])
    )


def distinct(X: np.ndarray, signs: np.ndarray, counts: np.ndarray) -> Rows:
    """Equal rows together, in order of first appearance."""
    both = np.column_stack([X, signs]) + 0.0  # no -0.0, which has other bytes
    keys = np.ascontiguousarray(both).view(np.dtype((np.void, both.dtype.itemsize * both.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Rows(X[first[order]], signs[first[order]], np.bincount(group, counts)[order])


def scaled_margins(rows: Rows, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column sizes (p,), the basis by columns of unit size, of unit length (p, q), and the margins along it (m, q)."""
    sizes = np.abs(rows.X).max(axis=0, initial=0.0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    space = basis * sizes[:, None]  # columns scaled: X delta = (X / sizes) (sizes delta)
    lengths = np.sqrt(np.einsum("ij,ij->j", space, space))
    space = space / np.where(lengths > 0, lengths, 1.0)
    return sizes, space, (rows.X / sizes * rows.signs[:, None]) @ space


def by_effect(margins: np.ndarray) -> np.ndarray:
    """(q, q): directions with orthonormal effects on the rows, and those without any."""
    _, effects, right = np.linalg.svd(margins, full_matrices=True)
    effects = np.append(effects, np.zeros(len(right) - len(effects)))
    return right.T / np.where(effects > RANK * effects.max(initial=0.0), effects, 1.0)


def recession(rows: Rows, basis: np.ndarray, fine: bool) -> tuple[np.ndarray, np.ndarray]:
    """A direction (p,) that separates every row of `rows` that any does, and the space (p, k) of all of them.

    The directions are combinations of the columns of `basis` (p, q); `fine`: of such that have alike effects on the
    rows.
    """
    sizes, space, margins = scaled_margins(rows, basis)
    box = np.clip(sizes / sizes.max(), 1e-3, 1.0)  # R's |delta| <= 1, as far as scaling lets it
    if fine:
        turn = by_effect(margins)
        space, margins = space @ turn, margins @ turn
        box = np.full(len(box), np.inf)
    margins[np.abs(margins) < 1e-12] = 0.0
    open_ = np.ones(len(margins), bool)
    total = np.zeros(space.shape[1])
    while open_.any():
        part = steepest(margins[open_], rows.counts[open_], space, box)
        if part is None:
            break
        gains = margins @ part
        new = open_ & (gains > max(ZERO, CLEAR * float(gains[open_].max())))
        if not new.any():
            break
        done = ~open_
        ahead = margins[done] @ total
        total = total * (1.0 + 2.0 * float(np.max(-gains[done] / ahead, initial=0.0))) + part
        open_ &= ~new
    rest = null_space(margins[open_], space.shape[1])
    total = rest @ (rest.T @ total)  # exactly zero on the rows left, which the programme has to 1e-9
    if fine:
        most = np.sqrt(np.square(space).sum(axis=1))  # of a coefficient whose direction has an effect of 1
        total = total / max(float((margins @ total).max(initial=0.0)), 1e-300)
        direction, apart = space @ total, space @ rest
        direction[np.abs(direction) < np.maximum(ZERO, ROUNDED * most * np.linalg.norm(total))] = 0.0
        return direction / sizes, apart / sizes[:, None]
    return cleaned(space, total) / sizes, cleaned(space, rest) / sizes[:, None]


def cleaned(space: np.ndarray, along: np.ndarray) -> np.ndarray:
    """``space @ along``; what is rounding beside its own summands, or the largest of all, becomes 0."""
    values = space @ along
    largest = np.abs(values).max(axis=0, initial=0.0)
    return np.where(
        np.abs(values) < np.maximum(ZERO * (np.abs(space) @ np.abs(along)), FAINT * largest), 0.0, values
    )


def steepest(
    margins: np.ndarray, counts: np.ndarray, space: np.ndarray, box: np.ndarray
) -> np.ndarray | None:
    """Konis's programme; None where its maximum is zero."""
    from scipy.optimize import linprog  # slow to import, rarely needed

    keep = np.abs(margins).max(axis=1) > 0
    if not keep.any():
        return None
    used = margins[keep]
    gain = counts[keep] @ used
    free = np.isinf(box).all()
    square = free or (space.shape[0] == space.shape[1] and np.count_nonzero(space) == len(space))
    box = np.ones(space.shape[1]) if free else box
    walls = used if square else np.vstack([used, -space, space])
    slack = np.zeros(len(used)) if square else np.concatenate([np.zeros(len(used)), -box, -box])
    limits = box if square else np.full(space.shape[1], np.inf)
    answer = linprog(
        -gain / np.abs(gain).max(initial=1e-300),
        A_ub=-walls,
        b_ub=-slack,
        bounds=np.column_stack([-limits, limits]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    if answer.x is None or not (used @ answer.x).max() > ZERO:
        return None
    return np.asarray(answer.x)


def null_space(rows: np.ndarray, q: int) -> np.ndarray:
    """(q, k) orthonormal basis of the vectors that every row (m, q) maps to zero."""
    rows = rows[np.abs(rows).max(axis=1, initial=0.0) > 0]
    if not len(rows):
        return np.eye(q)
    if len(rows) > q:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    _, sizes, right = np.linalg.svd(rows)
    rank = int((sizes > ZERO * 1e-3 * sizes.max(initial=0.0)).sum())
    return np.asarray(right[rank:].T)
