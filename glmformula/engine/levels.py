"""A least-squares step in the levels of the factors, where the columns of their contrasts lose the digits.

Where the rows of a reference level run away their weights vanish, and with them all that tells the other levels'
columns from the intercept: the Gram matrix of the contrasts knows the reference's weight only as a difference of
large sums. The counts know it by itself. So the equations are solved for an effect of every level, in the order
of the largest pivots, which leaves no difference of large sums, and the effects are carried over to the columns
by a map that does not depend on the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
from scipy.linalg import lapack

from ..design.pieces import Indicators, as_matrix
from ..families import gaussian
from ..sources.base import Block
from ..sources.mapped import Mapped
from .bordered import WIDE
from .gram import Tables, assemble
from .problem import Problem
from .solve import ALIASED_PIVOT, LARGEST_CONDITION, SMALLEST_PIVOT, IllConditioned, Solution, solve_gram


@dataclass(frozen=True, slots=True)
class Carried(Solution):
    """A solution by levels: `onto` (rank, levels) carries effects over, `root` root' is (X'WX)^-1 (rank, rank)."""

    onto: np.ndarray = field(kw_only=True)
    root: np.ndarray = field(kw_only=True)

    def cov_unscaled(self) -> np.ndarray:
        return np.asarray(self.root @ self.root.T)

    def directions(self) -> np.ndarray:
        out = np.zeros((len(self.pivot), self.rank))
        out[self.pivot[: self.rank]] = self.root
        return out


def by_levels(problem: Problem, sums: Tables, beta: np.ndarray, before: Solution | None) -> Carried:
    """`solve_by_levels` with the map of the step before, if that was one; IllConditioned where there is none."""
    if problem.p > WIDE:
        raise IllConditioned
    squares = assemble(sums)[0].diagonal()
    if isinstance(before, Carried):
        return solve_by_levels(sums, beta, before, before.onto, squares, problem.tolerance)
    if problem.null_of is not None or not any(part.counted for part in sums.parts):
        raise IllConditioned
    nothing = np.zeros(problem.p)
    source = Mapped(problem.source, used_alike)
    alike = replace(problem, source=source, family=gaussian(), first=None)
    counts = alike.at(nothing, solve=True).solve
    assert isinstance(counts, Tables)
    columns = solve_gram(*assemble(counts), nothing, strict=True)
    if len(columns.relations):
        columns = alike.checked(columns, nothing)
    return solve_by_levels(sums, beta, columns, carried_onto(counts, columns), squares, problem.tolerance)


def used_alike(block: Block) -> Block:
    """Ones and zeros for weights, nothing to fit."""
    weights = None if block.prior_weights is None else (block.prior_weights > 0).astype(float)
    return Block(block.design, np.zeros(len(block.y)), weights, start=block.start)


def with_levels(sums: Tables) -> Tables:
    """The same sums, for an indicator column of each level in place of counted contrasts."""
    contrasts = [level_columns(part.contrast) if part.counted else None for part in sums.parts]
    widths = [part.stop - part.start if c is None else c.levels for part, c in zip(sums.parts, contrasts)]
    stops = list(accumulate(widths))
    parts = [
        part._replace(start=stop - width, stop=stop, contrast=part.contrast if c is None else c)
        for part, c, width, stop in zip(sums.parts, contrasts, widths, stops)
    ]
    return replace(sums, parts=tuple(parts))


def level_columns(contrast: Indicators | np.ndarray | None) -> Indicators:
    assert contrast is not None
    return Indicators(len(contrast), np.arange(len(contrast)))


def columns_from_levels(sums: Tables) -> np.ndarray:
    """T (levels, p): the columns of the design are those of the levels times it."""
    wide = with_levels(sums).parts
    out = np.zeros((wide[-1].stop, sums.parts[-1].stop))
    for levels, part in zip(wide, sums.parts):
        block = np.eye(part.stop - part.start)
        if part.counted and part.contrast is not None:
            block = as_matrix(part.contrast)
        out[levels.start : levels.stop, part.start : part.stop] = block
    return out


def carried_onto(counts: Tables, columns: Solution) -> np.ndarray:
    """The least-squares map from effects of levels to the columns that are kept, on rows that weigh alike."""
    gram, _ = assemble(with_levels(counts))
    across = columns_from_levels(counts)[:, columns.pivot[: columns.rank]].T @ gram
    scaled, _ = lapack.dpotrs(columns.factor, across / columns.scale[:, None], lower=0)
    return np.asarray(scaled / columns.scale[:, None])


def solve_by_levels(
    sums: Tables, beta: np.ndarray, columns: Solution, onto: np.ndarray, squares: np.ndarray, tolerance: float
) -> Carried:
    """The next iterate from the sums of a pass.

    Parameters
    ----------
    sums : Tables
    beta : ndarray (p,)
    columns : Solution
        Which columns are aliased where all rows weigh alike.
    onto : ndarray (rank, levels)
        As `carried_onto` has it.
    squares : ndarray (p,)
        The columns' squared lengths under the weights.
    tolerance : float
        As `solve_qr` takes it.

    Raises
    ------
    IllConditioned
        Levels do not tell apart what the columns do, or R would drop a column at these weights.
    """
    gram, score = assemble(with_levels(sums))
    kept, rank = columns.pivot[: columns.rank], columns.rank
    if not np.isfinite(gram).all() or beta[columns.dropped].any():
        raise IllConditioned
    lengths = np.sqrt(gram.diagonal())
    lengths[lengths == 0] = 1.0
    factor, order, found, _ = lapack.dpstrf(gram / (lengths[:, None] * lengths), tol=ALIASED_PIVOT, lower=0)
    factor, order = np.triu(factor[:rank, :rank]), order[:rank] - 1
    if found != rank or factor[-1, -1] ** 2 <= SMALLEST_PIVOT:
        raise IllConditioned
    size = np.abs(factor.T @ factor).sum(axis=0).max()
    if lapack.dpocon(factor, size, uplo="U")[0] * LARGEST_CONDITION**2 < 1:
        raise IllConditioned
    lengths = lengths[order]
    effects = lapack.dpotrs(factor, score[order] / lengths, lower=0)[0] / lengths
    root = lapack.dtrtrs(factor, (onto[:, order] / lengths).T, trans=1)[0].T
    if not (tolerance**2 * np.square(root).sum(axis=1) * squares[kept] < 1).all():
        raise IllConditioned
    new = beta.copy()
    new[kept] += onto[:, order] @ effects
    decrease = float(effects @ score[order])
    return Carried(
        new, columns.pivot, rank, factor, lengths, decrease, columns.relations, onto=onto, root=root
    )
