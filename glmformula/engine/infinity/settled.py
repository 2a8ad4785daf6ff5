"""Separation of many rows: a proof that most of them hold, and what the others say, by counting.

At coefficients beta let S be rows that have settled. The weighted least-squares step on S alone leaves

    sum over S of  w_i (u_i - x_i step) x_i = 0,

u_i the working residual. Where each of these residuals still has the sign of u_i, no direction of recession moves a
row of S (multiply by it: no term is negative, so all are zero; Albert & Anderson 1984 have it as overlap). So the
directions are among the few combinations of columns that vanish on S, and only the rows that ran away are left to
look at. They fall into groups that share no column: a group with one combination, such as a level or a cell of
factors whose responses are all at the end of their range, is decided by its signs, another by a linear programme.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from ...design.pieces import Piece
from ...families import Family
from ...sources.base import Block, Source
from ...sources.mapped import Mapped
from ..columns import linear_predictor, pieces_changed, sparse_rows
from ..eta_limits import drift
from ..patterns import same_rows
from ..problem import Problem
from ..result import Control
from ..scoring import scoring_step
from ..solve import IllConditioned
from .separation_lp import ZERO, distinct, recession

# The step on the settled rows alone may take this share of its working residual from a row that is to be one of them.
MOST_TAKEN = 0.9
# So many different rows that ran away, and numbers in the programme of one group of columns, are worked with at most.
MOST_ROWS, MOST_CELLS = 300_000, 5_000_000

Running = Callable[[Block], np.ndarray]


@dataclass(frozen=True, slots=True)
class Separation:
    """A direction without end.

    Attributes
    ----------
    direction : ndarray (p,)
        Coefficients change along it, deviance falls; 0 for those that have a finite estimate, and for
        aliased ones.
    complete : bool
        Whether it separates every row (of non-zero prior weight).
    """

    direction: np.ndarray
    complete: bool

    @property
    def limits(self) -> np.ndarray:
        """(p,): 0, inf or -inf, where each coefficient goes."""
        return np.where(self.direction == 0, 0.0, np.copysign(np.inf, self.direction))


@dataclass(frozen=True, slots=True)
class Escaped:
    """What rows that ran away say: X (m, u) of the different ones, where they pull to, and how many there are.

    X has the `columns` of the pieces that a direction can change. `settled`: how many rows hold; `proved`: whether
    all those do.
    """

    columns: np.ndarray
    X: sp.csr_array
    signs: np.ndarray
    counts: np.ndarray
    settled: int
    proved: bool


def both(a: Escaped, b: Escaped) -> Escaped:
    return Escaped(
        a.columns,
        sp.vstack([a.X, b.X], format="csr"),
        np.append(a.signs, b.signs),
        np.append(a.counts, b.counts),
        a.settled + b.settled,
        a.proved and b.proved,
    )


def by_settled_rows(
    source: Source, family: Family, beta: np.ndarray, aliased: np.ndarray, running: Running
) -> Separation | None:
    """What separates the rows that ran away (zeros: nothing does); None where the others are not proved to hold.

    Parameters
    ----------
    source : Source
    family : Family
    beta : ndarray (p,)
        Coefficients near which the other rows have settled.
    aliased : ndarray of int
        Columns that depend on others on all rows: directions leave them alone.
    running : callable
        Block to bool (m,), picklable: the rows that ran away.
    """
    p = len(beta)
    settled = Mapped(source, partial(without, running))
    problem = Problem(settled, family, p, False, Control(), "gram", strict=True)
    try:
        at = problem.at(beta, solve=True)
        if at.fault or not at.informative:
            return None
        solution = scoring_step(problem, at, beta, beta, None)
    except IllConditioned:
        return None
    step = solution.beta - beta
    if not np.isfinite(step).all():
        return None
    basis = solution.relations[~np.isin(solution.dropped, aliased)].T
    changed = np.asarray(basis.any(axis=1))
    found = source.map_reduce(partial(escaped, family, beta, step, changed, running), both)
    if not found.proved or found.X.shape[0] > MOST_ROWS:
        return None
    part = counted(found, sp.csc_array(basis[found.columns]))
    if part is None:
        return None
    gains = found.signs * (found.X @ part)
    direction = np.zeros(p)
    direction[found.columns] = part
    complete = not found.settled and bool((gains > ZERO * (abs(found.X) @ np.abs(part))).all())
    return Separation(direction, complete)


def without(running: Running, block: Block) -> Block:
    """The block with no weight on the rows that ran away."""
    weights = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return replace(block, prior_weights=np.where(running(block), 0.0, weights))


# -- rows that ran away ---------------------------------------------------------------------------------------


def escaped(
    family: Family, beta: np.ndarray, step: np.ndarray, changed: np.ndarray, running: Running, block: Block
) -> Escaped:
    """The rows of a block that ran away, in the pieces that some direction changes; the proof for the others."""
    weighted = np.ones(len(block.y), bool) if block.prior_weights is None else block.prior_weights > 0
    away = running(block) & weighted
    signs = drift(family, block.y, block.prior_weights)
    with np.errstate(all="ignore"):
        mu, slope, variance = family.working(linear_predictor(block.design, beta, block.offset))
        left = (block.y - mu) / slope
        taken = np.abs(linear_predictor(block.design, step, None))
        held = (taken < MOST_TAKEN * np.abs(left)) & (left * signs > 0) & (slope * slope / variance > 0)
    where = np.flatnonzero(away)
    rows, columns = pieces_changed(block.design, changed)
    rows, sides = rows.rows(where), signs[where].astype(float)
    codes, first = same_rows(replace(rows, pieces=(*rows.pieces, Piece((sides,)))), None)
    return Escaped(
        columns,
        sparse_rows(rows.rows(first)),
        sides[first],
        np.bincount(codes, minlength=len(first)).astype(float),
        int(np.count_nonzero(weighted)) - len(where),
        bool((held | away | (signs == 0)).all()),
    )


# -- what they say --------------------------------------------------------------------------------------------


def counted(found: Escaped, basis: sp.csc_array) -> np.ndarray | None:
    """A direction (u,) of the columns in play that separates each row that any does, None if that was not found out.

    A combination of columns that shares no row and no column with another is decided by the signs of its rows.
    """
    margins = sp.csr_array(sp.diags_array(found.signs) @ found.X @ basis)
    labels, alone = groups(margins, basis)
    sizes = (abs(found.X) @ abs(basis)).max(axis=0).toarray()
    low, high = (extreme(margins, axis=0).toarray() for extreme in (sp.csr_array.min, sp.csr_array.max))
    forth, back = high > ZERO * sizes, low < -ZERO * sizes
    direction = basis @ np.where(alone & (forth != back), np.where(forth, 1.0, -1.0), 0.0)
    of_rows = first_label(margins, labels)
    for label in np.unique(labels[~alone]):
        part = programme(found, np.flatnonzero(of_rows == label), basis[:, labels == label])
        if part is None:
            return None
        direction += part
    return np.asarray(direction)


def groups(margins: sp.csr_array, basis: sp.csc_array) -> tuple[np.ndarray, np.ndarray]:
    """The group of each combination of columns (k,), of those that share rows or columns; which are alone in theirs."""
    shared = sp.vstack([margins, basis]) != 0
    _, labels = connected_components(shared.T @ shared, directed=False)
    return labels, np.bincount(labels)[labels] == 1


def first_label(margins: sp.csr_array, labels: np.ndarray) -> np.ndarray:
    """The group of each row (m,), -1 where no combination moves it."""
    moved = np.diff(margins.indptr) > 0
    out = np.full(len(moved), -1)
    out[moved] = labels[margins.indices[margins.indptr[:-1][moved]]]
    return out


def programme(found: Escaped, which: np.ndarray, basis: sp.csc_array) -> np.ndarray | None:
    """The same of one group by linear programmes on its rows and columns."""
    places = np.unique(basis.indices)
    if len(which) * len(places) > MOST_CELLS:
        return None
    X = found.X[which][:, places].toarray()
    rows = distinct(X, found.signs[which], found.counts[which])
    out = np.zeros(basis.shape[0])
    for fine in (False, True):
        out[places], _ = recession(rows, basis[places].toarray(), fine)
        if out.any():
            gains = rows.signs * (rows.X @ out[places])
            right = (gains >= -ZERO * (np.abs(rows.X) @ np.abs(out[places]))).all()
            return out if right else None
    return out
