"""Normal equations bordered by a diagonal: a factor of very many levels is eliminated before anything is solved.

The levels of one factor meet no two on a row, so their part of X'WX is a diagonal D. With the other columns S
(s of them), an indicator L for each level and the cross part A = S'WL the normal equations are solved by the
complement  S'WS - A D^-1 A'  (s, s), and the covariance of the levels is  D^-1 + D^-1 A' C A D^-1,  C the inverse of
the complement (Björck 1996, section 6.3). Where a factor has R's treatment contrasts beside an intercept, the two
are taken as one indicator for each level, which has more digits: the intercept is the baseline's, a level's
coefficient the difference from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from ..design.pieces import Indicators
from ..families.link import EPS
from .columns import Part, dense_indices
from .covariance import BorderedCovariance
from .gram import Tables, assemble, encoded
from .solve import (
    LARGEST_CONDITION,
    SMALLEST_PIVOT,
    IllConditioned,
    Solution,
    cholesky_pivots,
    nearest_whole,
    solve_gram,
)

# A factor of at least FEWEST_LEVELS levels is eliminated: below that the p x p matrix is quicker. The cross part S'WL
# is a dense matrix up to DENSE_CROSS numbers (240 MB), beyond that a sparse one.
FEWEST_LEVELS, DENSE_CROSS = 1_000, 30_000_000
# Columns up to which QR, linear programmes and a search for constrained optima can be waited for.
WIDE = 5_000
# In a combination of columns that vanishes on all rows, a coefficient below NOTHING of the largest one is rounding,
# both in units of their columns' weighted lengths.
NOTHING = 1e-9
# Where the columns nearly depend on each other more digits are lost, and that share grows with the condition number of
# the complement, up to MOST_BLURRED.
MOST_BLURRED = 1e-6
# At most so many vanishing combinations of several columns are checked by a pass over the rows.
MOST_CHECKED = 20


@dataclass(frozen=True)
class Bordered:
    """Normal equations of the columns S and the levels of a factor.

    Attributes
    ----------
    p : int
    rest : ndarray of int (s,)
        The design columns S.
    levels : ndarray of int (m,)
        The design column of each level, -1 for the baseline where the intercept is taken together with the factor.
    gram : ndarray (s, s)
        S'WS, W the working weights.
    cross : ndarray or csr_array (s, m)
        S'WL, the sums of the weighted columns S over the rows of each level.
    diagonal : ndarray (m,)
        The sum of the working weights over the rows of each level.
    score, level_score : ndarray (s,), (m,)
        S'Wu and L'Wu, u the working residual (y - mu) / (dmu/deta): minus half the deviance's derivatives.
    intercept : int
        Its design column where it is taken together with the factor, else -1.
    """

    p: int
    rest: np.ndarray
    levels: np.ndarray
    gram: np.ndarray
    cross: Any
    diagonal: np.ndarray
    score: np.ndarray
    level_score: np.ndarray
    intercept: int

    @property
    def width(self) -> int:
        """How many unknowns the equations have: s + m."""
        return len(self.rest) + len(self.levels)

    @cached_property
    def turn(self) -> sp.csr_array:
        """(p, s + m): the coefficients of the design from those of S and the levels."""
        s, own = len(self.rest), np.flatnonzero(self.levels >= 0)
        rows, columns = [self.rest, self.levels[own]], [np.arange(s), s + own]
        values = [np.ones(s), np.ones(len(own))]
        if self.intercept >= 0:
            base = s + int(np.flatnonzero(self.levels < 0)[0])
            rows += [np.array([self.intercept]), self.levels[own]]
            columns += [np.array([base]), np.full(len(own), base)]
            values += [np.ones(1), np.full(len(own), -1.0)]
        parts = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
        return sp.csr_array(parts, shape=(self.p, self.width))


def eliminable(sums: Tables) -> int | None:
    """The index, among the factors that are counted, of the one to eliminate; None where none has many levels."""
    counted = [part for part in sums.parts if part.counted]
    sizes = [len(part.contrast.chosen) if isinstance(part.contrast, Indicators) else 0 for part in counted]
    if not sizes or max(sizes) < FEWEST_LEVELS:
        return None
    return int(np.argmax(sizes))


def bordered(sums: Tables) -> Bordered | None:
    """The normal equations without X'WX; None where no factor has many levels."""
    which = eliminable(sums)
    if which is None:
        return None
    counted = [part for part in sums.parts if part.counted]
    out = counted[which]
    assert isinstance(out.contrast, Indicators)
    rest = np.array(
        [j for part in sums.parts if part is not out for j in range(part.start, part.stop)], dtype=int
    )
    gram, score = assemble(without(sums, which))
    place = np.full(sums.parts[-1].stop, -1)
    place[rest] = np.arange(len(rest))
    k = len(sums.dense) - 1
    several = len(rest) * out.contrast.levels > DENSE_CROSS
    blocks: list[tuple[np.ndarray, Any]] = [(place[dense_indices(sums.parts)], sums.levels[which][:k])]
    for (i, j), table in zip(combinations(range(len(counted)), 2), sums.pairs):
        if which in (i, j):
            a = counted[j if i == which else i]
            full = sp.diags_array(table).tocsr() if table.ndim == 1 else table
            half = encoded(full if i == which else full.T, a.contrast).T
            blocks.append((place[a.start : a.stop], half))
    order = np.argsort(np.concatenate([where for where, _ in blocks]))
    if several:
        cross = sp.vstack([sp.csr_array(block) for _, block in blocks], format="csr")[order]
    else:
        cross = np.concatenate([b.toarray() if sp.issparse(b) else b for _, b in blocks])[order]
    used, columns, diagonal = out.contrast.chosen, np.arange(out.start, out.stop), sums.squares[which]
    intercept = with_intercept(sums, out)
    if intercept >= 0:
        used = np.arange(out.contrast.levels)
        columns = np.full(len(used), -1)
        columns[out.contrast.chosen] = np.arange(out.start, out.stop)
        stay = np.flatnonzero(rest != intercept)
        rest, gram, score, cross = rest[stay], gram[np.ix_(stay, stay)], score[stay], cross[stay]
    return Bordered(
        sums.parts[-1].stop,
        rest,
        columns,
        gram,
        cross[:, used],
        diagonal[used],
        score,
        sums.levels[which][k][used],
        intercept,
    )


def without(sums: Tables, which: int) -> Tables:
    """The sums of all terms but one of the factors that are counted, `which` among these."""
    counted = [k for k, part in enumerate(sums.parts) if part.counted]
    parts, stop = [], 0
    for k, part in enumerate(sums.parts):
        if k != counted[which]:
            parts.append(part._replace(start=stop, stop=stop + part.stop - part.start))
            stop = parts[-1].stop
    pairs = zip(combinations(range(len(counted)), 2), sums.pairs)
    return Tables(
        tuple(parts),
        sums.dense,
        tuple(x for k, x in enumerate(sums.levels) if k != which),
        tuple(x for k, x in enumerate(sums.squares) if k != which),
        tuple(table for pair, table in pairs if which not in pair),
    )


def with_intercept(sums: Tables, out: Part) -> int:
    """The intercept's column, where with it the factor spans an indicator for each level, else -1."""
    assert isinstance(out.contrast, Indicators)
    if out.numeric or len(out.contrast.chosen) != out.contrast.levels - 1:
        return -1
    ones = [part.start for part in sums.parts if part.contrast is None and not part.numeric]
    return ones[0] if ones else -1


@dataclass(frozen=True, slots=True)
class BorderedSolution(Solution):
    """A solution whose covariance is kept in parts; `factor` and `scale` are those of the complement."""

    parts: BorderedCovariance | None = field(default=None, kw_only=True)

    def cov_unscaled(self) -> Any:
        """(X'WX)^-1 over the kept columns; in parts where it is large."""
        assert self.parts is not None
        return np.asarray(self.parts) if self.rank <= WIDE else self.parts

    def directions(self) -> np.ndarray:
        assert self.parts is not None
        out = np.zeros((len(self.pivot), self.rank))
        root, failed = lapack.dpotrf(np.asarray(self.parts), lower=1, clean=1)
        out[self.pivot[: self.rank]] = np.nan if failed else root
        return out


def solve_bordered(
    equations: Bordered, beta: np.ndarray, strict: bool, before: Solution | None = None
) -> Solution:
    """The next coefficients, as `solve_gram` has them: solved for the increment, with R's choice of aliased columns.

    `beta` (p,) are the coefficients at which the equations were summed. `before` is the solution of the iteration
    before: if as many columns are aliased now, they are taken to be the same ones, and the combinations of columns that
    vanish to be those of then, which have more of their digits than weights that fade would leave. `strict`: raise
    IllConditioned where the complement has not enough digits, instead of marking the solution as inaccurate.
    """
    e, s = equations, len(equations.rest)
    if strict and not (np.isfinite(e.gram).all() and np.isfinite(e.diagonal).all()):  # weights without bound
        raise IllConditioned
    live = np.flatnonzero(e.diagonal > 0)
    cross, per_level = e.cross[:, live], 1.0 / e.diagonal[live]
    border = cross * per_level if isinstance(cross, np.ndarray) else sp.csr_array(cross.multiply(per_level))
    product = border @ cross.T
    lengths = np.sqrt(e.gram.diagonal())
    lengths = np.where(lengths > 0, lengths, 1.0)
    scaled = e.gram - (product if isinstance(product, np.ndarray) else product.toarray())
    del product
    scaled /= lengths[:, None] * lengths
    kept, gone, smallest = np.arange(s), np.empty(0, dtype=int), np.inf
    factor, info = lapack.dpotrf(scaled, lower=0, clean=1) if s else (scaled, 0)
    if s:
        smallest = (factor.diagonal() ** 2).min() if info == 0 else 0.0
    if smallest <= SMALLEST_PIVOT:
        order, rank, smallest = cholesky_pivots(scaled)
        kept, gone = order[:rank], order[rank:]
        factor, info = (
            lapack.dpotrf(scaled[np.ix_(kept, kept)], lower=0, clean=1) if rank else (factor[:0, :0], 0)
        )
    inaccurate, blur = False, NOTHING
    if len(kept):
        norm = np.abs(scaled[np.ix_(kept, kept)]).sum(0).max()
        reciprocal, _ = lapack.dpocon(factor, norm, uplo="U")
        inaccurate = bool(info != 0 or smallest <= SMALLEST_PIVOT or reciprocal * LARGEST_CONDITION**2 < 1)
        if strict and inaccurate:
            raise IllConditioned
        blur = max(NOTHING, min(10 * EPS / reciprocal if reciprocal else 1.0, MOST_BLURRED))

    def solve(right: np.ndarray) -> np.ndarray:
        unit = lengths[kept] if right.ndim == 1 else lengths[kept, None]
        return np.asarray(lapack.dpotrs(factor, right / unit, lower=0)[0] / unit if len(kept) else right)

    right = (e.score - border @ e.level_score[live])[kept]
    step = np.zeros(e.width)
    step[kept] = solve(right)
    step[s + live] = e.level_score[live] * per_level - border.T @ step[:s]
    vanishing = null_vectors(e, live, kept, gone, solve, scaled, lengths, border, blur)
    sizes = np.ones(e.p)
    sizes[e.rest] = lengths
    own = e.levels >= 0
    sizes[e.levels[own]] = np.sqrt(np.where(e.diagonal > 0, e.diagonal, 1.0))[own]
    if e.intercept >= 0:
        sizes[e.intercept] = np.sqrt(e.diagonal.sum()) or 1.0
    dropped, relations = r_choice(vanishing, sizes, None if before is None else before.dropped)
    if before is not None and len(dropped) and np.array_equal(dropped, before.dropped):
        relations = sp.csr_array(before.relations)
    new = beta + e.turn @ step
    if len(dropped):
        new = new - relations.T @ new[dropped]
        new[dropped] = 0.0
    inner = np.empty((0, 0))
    if len(kept):
        upper, _ = lapack.dpotri(factor, lower=0)
        inner = (upper + np.triu(upper, 1).T) / (lengths[kept][:, None] * lengths[kept])
    stay = np.setdiff1d(np.arange(e.p), dropped)
    turn = e.turn[:, np.concatenate([kept, s + live])]
    if len(dropped):
        turn = sp.csr_array(turn - relations.T @ turn[dropped])
    parts = BorderedCovariance(inner, border[kept], per_level, sp.csr_array(turn[stay]))
    decrease = float(step[kept] @ right + e.level_score[live] ** 2 @ per_level)
    return BorderedSolution(
        new,
        np.concatenate([stay, dropped]),
        len(stay),
        factor,
        lengths[kept],
        decrease,
        dense_if_small(relations),
        inaccurate,
        parts=parts,
    )


def solved(sums: Tables, beta: np.ndarray, strict: bool, before: Solution | None) -> Solution:
    """The step from the sums over all rows; `before`: the one before."""
    equations = bordered(sums)
    if equations is not None:
        return solve_bordered(equations, beta, strict and equations.p <= WIDE, before)
    return solve_gram(*assemble(sums), beta, strict, before)


def some_relations(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Combinations of several columns that vanish on the rows though none of the columns does.

    Returns their coefficients (k, p), and of each the column that R drops, as a row of one 1 among zeros (k, p). Of
    more than 5,000 columns only the first few combinations are returned.
    """
    relations = solution.relations
    if len(solution.pivot) > WIDE:
        relations = sp.csr_array(relations)
        several = np.flatnonzero(np.diff(relations.indptr) > 1)[:MOST_CHECKED]
    else:
        several = np.flatnonzero(np.count_nonzero(relations, axis=1) > 1)
    some: Any = relations[several]
    own = np.zeros((len(several), len(solution.pivot)))
    own[np.arange(len(several)), solution.dropped[several]] = 1.0
    return some.toarray() if sp.issparse(some) else some, own


def dense_if_small(relations: sp.csr_array) -> Any:
    cells = relations.shape[0] * relations.shape[1]
    return relations.toarray() if cells <= DENSE_CROSS else relations


def null_vectors(
    e: Bordered,
    live: np.ndarray,
    kept: np.ndarray,
    gone: np.ndarray,
    solve: Any,
    scaled: np.ndarray,
    lengths: np.ndarray,
    border: Any,
    blur: float,
) -> sp.csr_array:
    """Combinations of the design's columns that vanish under the working weights, (d, p).

    `live` are the levels with a weight; `kept` and `gone` the columns S in which the complement has its rank, and the
    others; `solve` solves with the complement of the kept ones; `scaled` is the complement over the `lengths` (s,) of
    the columns S; `border` is S'WL over the levels' weights. A coefficient below `blur` of the largest, in units of
    the columns' lengths, is rounding and becomes 0. A level without any weight vanishes by itself.
    """
    s = len(e.rest)
    dead = s + np.flatnonzero(~(e.diagonal > 0))
    units = sp.csr_array((np.ones(len(dead)), (np.arange(len(dead)), dead)), shape=(len(dead), e.width))
    if not len(gone):
        return sp.csr_array(units @ e.turn.T)
    unscaled = scaled[np.ix_(kept, gone)] * (lengths[kept][:, None] * lengths[gone])
    own = np.zeros((s, len(gone)))
    own[kept] = -solve(unscaled)
    own[gone, np.arange(len(gone))] = 1.0
    own[np.abs(own) * lengths[:, None] < blur * lengths[gone]] = 0.0
    along = -(border.T @ own)
    sizes = np.sqrt(e.diagonal[live])
    along[np.abs(along) * sizes[:, None] < blur * lengths[gone]] = 0.0
    whole = sp.vstack([sp.csr_array(own), sp.csr_array(along)], format="csr")
    back = sp.csr_array(
        (np.ones(s + len(live)), (np.append(np.arange(s), s + live), np.arange(s + len(live)))),
        shape=(e.width, s + len(live)),
    )
    return sp.vstack([units @ e.turn.T, (e.turn @ (back @ whole)).T], format="csr")


def r_choice(
    vanishing: sp.csr_array, sizes: np.ndarray, before: np.ndarray | None = None
) -> tuple[np.ndarray, sp.csr_array]:
    """The columns that R would drop, from the combinations that vanish (d, p).

    R drops a column that depends on those before it: the last one of each combination, once these are reduced by
    each other. `sizes` (p,) are the columns' weighted lengths. `before` are the columns that were dropped under the
    weights of the iteration before; they stay dropped if as many are to be dropped now, since rounding would choose
    anew where weights vanish. Returns the dropped columns in rising order, and for each the combination that has a 1
    in its column and 0 in the other dropped ones.
    """
    p = vanishing.shape[1]
    vanishing.eliminate_zeros()
    counts = np.diff(vanishing.indptr)
    single = counts == 1
    alone = vanishing.indices[vanishing.indptr[:-1][single]]
    units = sp.csr_array((np.ones(len(alone)), (np.arange(len(alone)), alone)), shape=(len(alone), p))
    rest = vanishing[np.flatnonzero(~single)].toarray() * sizes
    rest[:, alone] = 0.0
    known = np.empty(0, dtype=int) if before is None else np.setdiff1d(before, alone)
    dropped = known if independent(rest, known) else last_columns(rest)
    if len(dropped):
        rest = np.linalg.solve(rest[:, dropped], rest)
        rest[np.abs(rest) < NOTHING * np.abs(rest).max(axis=1, keepdims=True)] = 0.0
        rest[:, dropped] = np.eye(len(dropped))
    rest /= sizes
    rest *= sizes[dropped][:, None]
    whole = nearest_whole(rest)
    rest = np.where(whole == 0, rest, whole)
    columns = np.concatenate([alone, dropped]).astype(int)
    order = np.argsort(columns)
    return columns[order], sp.csr_array(sp.vstack([units, sp.csr_array(rest)], format="csr")[order])


def independent(combinations: np.ndarray, columns: np.ndarray) -> bool:
    """Whether each combination can be solved for one of these columns."""
    if len(columns) != len(combinations):
        return False
    sizes = np.abs(combinations).max(axis=1, initial=0.0, keepdims=True)
    return not len(columns) or bool(np.linalg.cond(combinations[:, columns] / sizes) < LARGEST_CONDITION)


def last_columns(combinations: np.ndarray) -> np.ndarray:
    """The last column of each combination, these being reduced by each other from the last column on."""
    rest, p = combinations.copy(), combinations.shape[1]
    rest[np.abs(rest) < NOTHING * np.abs(rest).max(axis=1, initial=0.0, keepdims=True)] = 0.0
    dropped: list[int] = []
    for k in range(len(rest)):
        most = np.abs(rest[k:]).max(axis=1, keepdims=True)
        there = np.abs(rest[k:]) > NOTHING * most
        column = int((p - 1 - np.argmax(there[:, ::-1], axis=1)).max())
        row = k + int(np.argmax(np.abs(rest[k:, column]) / most[:, 0]))
        rest[[k, row]] = rest[[row, k]]
        rest[k + 1 :] -= np.multiply.outer(rest[k + 1 :, column] / rest[k, column], rest[k])
        rest[:, column:] = 0.0  # what elimination leaves from this column on is rounding
        dropped.append(column)
    return np.array(dropped, dtype=int)
