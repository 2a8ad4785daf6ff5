"""One weighted least-squares step: from a triangular factor or a Gram matrix to new coefficients.

Both return R's next iterate: the least-squares fit of the whole working response on the columns that are not
aliased.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

# A Gram matrix is trusted with pivots (squared lengths that are left of columns of length 1) above SMALLEST_PIVOT, and
# with a condition number of the scaled columns below LARGEST_CONDITION.
SMALLEST_PIVOT = 1e-9
LARGEST_CONDITION = 1e5
# Rounding may leave this squared length where a column of length 1 is a combination of others.
ALIASED_PIVOT = 1e-12
# A column's share in such a combination is the rounding of the others below this, all columns scaled to length 1.
ROUNDING = 1e-13
# A share that is so near a whole number is that number.
NEARLY_WHOLE = 1e-10
# Columns that are factored together.
PANEL = 48


@dataclass(frozen=True, slots=True)
class Solution:
    """The next iterate and what it was solved with.

    Attributes
    ----------
    beta : ndarray (p,)
        New coefficients, 0 where aliased.
    pivot : ndarray of int (p,)
        R's order of the columns: the first `rank` are kept.
    rank : int
    factor : ndarray (rank, rank)
        Upper triangular, ``factor.T @ factor`` = scaled X'WX of the kept columns.
    scale : ndarray (rank,)
        Lengths the kept columns were divided by before factoring.
    decrease : float
        The decrease in deviance that the step promises (score times increment).
    relations : ndarray (p - rank, p)
        For each dropped column the combination of columns that vanishes on the rows (1 for itself).
    inaccurate : bool
        A Gram matrix was used that does not carry enough digits.
    """

    beta: np.ndarray
    pivot: np.ndarray
    rank: int
    factor: np.ndarray
    scale: np.ndarray
    decrease: float
    relations: np.ndarray
    inaccurate: bool = False

    def cov_unscaled(self) -> np.ndarray:
        """(X'WX)^-1 over the kept columns, (rank, rank)."""
        if self.rank == 0:
            return np.empty((0, 0))
        inverse, _ = lapack.dpotri(self.factor, lower=0)
        with np.errstate(all="ignore"):  # weights that vanish
            inverse = inverse + np.triu(inverse, 1).T  # dpotri leaves the other triangle zero
            return inverse / (self.scale[:, None] * self.scale)

    @property
    def dropped(self) -> np.ndarray:
        """The aliased columns."""
        return self.pivot[self.rank :]

    def directions(self) -> np.ndarray:
        """(p, rank): combinations of the kept columns that are orthonormal under the weights."""
        out = np.zeros((len(self.pivot), self.rank))
        if self.rank:
            out[self.pivot[: self.rank]] = lapack.dtrtri(self.factor)[0] / self.scale[:, None]
        return out


class IllConditioned(ArithmeticError):
    """The Gram matrix does not carry enough digits; the fit goes over to QR."""


def solve_qr(triangle: np.ndarray, beta: np.ndarray, tolerance: float) -> Solution:
    """The next iterate from a triangular factor of [sqrt(W) X, sqrt(W) z].

    Parameters
    ----------
    triangle : ndarray (q, p + 1), q <= p + 1
        Upper trapezoidal; its last column is Q'z, z the working response less offset.
    beta : ndarray (p,)
        Current coefficients, for `decrease` only.
    tolerance : float
        A column whose residual length falls below this share of its length is aliased, as in LINPACK's
        dqrdc2.
    """
    p = len(beta)
    diagonal = np.abs(triangle.diagonal()[:p])
    lengths = np.sqrt(np.add.reduce(np.square(triangle[:, :p])))
    if len(diagonal) == p and (diagonal > tolerance * lengths).all():
        upper, pivot, rank = triangle, np.arange(p), p
        factor = upper[:p, :p]
    else:
        upper, pivot, rank = limited_pivoting(triangle, lengths, tolerance)
        factor = upper[:rank, pivot[:rank]]
    right = upper[:rank, p]
    new = np.zeros(p)
    if rank:
        new[pivot[:rank]] = lapack.dtrtrs(factor, right)[0]
    change = right - upper[:rank, :p] @ beta
    relations = np.zeros((p - rank, p))
    if rank < p:
        relations[:, pivot[:rank]] = -lapack.dtrtrs(factor, upper[:rank, pivot[rank:]])[0].T if rank else 0.0
        relations[np.arange(p - rank), pivot[rank:]] = 1.0
    return Solution(new, pivot, rank, factor, np.ones(rank), float(change @ change), relations)


def limited_pivoting(
    triangle: np.ndarray, lengths: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """LINPACK dqrdc2's rule on a triangular factor: columns that depend on earlier kept ones go to the end.

    Returns the new factor (columns where they were), the order of the columns and the rank.
    """
    upper = np.array(triangle)
    p = len(lengths)
    limit = min(len(upper), p)
    order = list(range(p))
    least = tolerance * np.where(lengths > 0, lengths, 1.0)
    kept, end = 0, p
    while kept < min(end, limit):
        while kept < end and not np.linalg.norm(upper[kept : order[kept] + 1, order[kept]]) >= max(
            least[order[kept]], np.finfo(float).tiny
        ):
            order.append(order.pop(kept))
            end -= 1
        if kept >= end:
            break
        low = order[kept] + 1
        if low - kept > 1:  # the columns dropped so far left entries below the diagonal
            reflect(upper[kept:low], order[kept])
        kept += 1
    return upper, np.array(order), min(end, limit)


def reflect(rows: np.ndarray, column: int) -> None:
    """Householder reflection in place that leaves only the first entry of a column."""
    v = rows[:, column].copy()
    length = np.linalg.norm(v)
    v[0] += np.copysign(length, v[0])
    v /= np.linalg.norm(v)
    rows -= np.multiply.outer(2 * v, v @ rows)
    rows[1:, column] = 0.0


def solve_gram(
    gram: np.ndarray, score: np.ndarray, beta: np.ndarray, strict: bool, known: Solution | None = None
) -> Solution:
    """The step from X'WX and X'Wu: columns scaled to unit length, Cholesky in column order.

    Solved for the increment, so that the accuracy of the answer is that of the score. A column that is
    aliased now but had a coefficient before is moved to the right-hand side.

    Parameters
    ----------
    gram : ndarray (p, p)
    score : ndarray (p,)
        X'Wu with u the working residual (at R's start values the working response: then `beta` is zero).
    beta : ndarray (p,)
    strict : bool
        Raise `IllConditioned` where the digits of the Gram matrix do not suffice.
    known : Solution, optional
        Of the step before: what it dropped is looked at first. Its combinations of columns stay, as long as they
        vanish: weights that fade would leave fewer of their digits.

    Notes
    -----
    A column is dropped where its pivot falls below 1e-12 of its squared length. Rounding can hide there what
    R would keep (its rule is 1e-11 of the length itself), so the caller checks `relations` on the rows.
    """
    p = len(beta)
    if strict and not np.isfinite(gram).all():  # weights without bound
        raise IllConditioned
    with np.errstate(all="ignore"):
        lengths = np.sqrt(gram.diagonal())
        if not lengths.all():
            lengths = np.where(lengths > 0, lengths, 1.0)
        scaled = gram / (lengths[:, None] * lengths)
    pivot, rank = known_pivots(gram, known)
    scaled = scaled if rank == p else scaled[np.ix_(pivot[:rank], pivot[:rank])]
    factor, info = lapack.dpotrf(scaled, lower=0, clean=1) if rank else (scaled, 0)
    smallest = (factor.diagonal() ** 2).min(initial=np.inf) if info == 0 else 0.0
    if smallest <= SMALLEST_PIVOT:
        order, left, smallest = cholesky_pivots(scaled)
        pivot = np.append(pivot[order[:left]], np.sort(np.append(pivot[order[left:]], pivot[rank:])))
        rank = left
        scaled = scaled[np.ix_(order[:rank], order[:rank])]
        factor, info = lapack.dpotrf(scaled, lower=0, clean=1) if rank else (scaled, 0)
    inaccurate = False
    if rank:
        reciprocal, _ = lapack.dpocon(factor, np.abs(scaled).sum(0).max(), uplo="U")
        inaccurate = bool(info != 0 or smallest <= SMALLEST_PIVOT or reciprocal * LARGEST_CONDITION**2 < 1)
        if strict and inaccurate:
            raise IllConditioned
    kept, dropped = pivot[:rank], pivot[rank:]

    def solve(right: np.ndarray) -> np.ndarray:
        unit = lengths[kept] if right.ndim == 1 else lengths[kept, None]
        return np.asarray(lapack.dpotrs(factor, right / unit, lower=0)[0] / unit if rank else right)

    right = score[kept]
    relations = np.zeros((p - rank, p))
    if rank < p and beta[dropped].any():
        right = right + gram[np.ix_(kept, dropped)] @ beta[dropped]
    if known is not None and rank == known.rank and pivot is known.pivot:
        relations = known.relations
    elif rank < p:
        shares = -solve(gram[np.ix_(kept, dropped)])
        noise = np.abs(shares * lengths[kept, None]) <= ROUNDING * lengths[dropped]
        shares = nearest_whole(shares)
        relations[:, kept] = np.where(noise, 0.0, shares).T
        relations[np.arange(p - rank), dropped] = 1.0
    step = np.zeros(p)
    step[kept] = solve(right)
    new = beta + step
    new[dropped] = 0.0
    return Solution(new, pivot, rank, factor, lengths[kept], float(step[kept] @ right), relations, inaccurate)


def nearest_whole(shares: np.ndarray) -> np.ndarray:
    """The shares, those that are nearly whole numbers without their rounding.

    They are combinations of levels then, which vanish on every row, however little it weighs.
    """
    whole = np.rint(shares)
    return np.where(np.abs(shares - whole) < NEARLY_WHOLE, whole, shares)


def known_pivots(gram: np.ndarray, known: Solution | None) -> tuple[np.ndarray, int]:
    """Order and rank without a search: columns of zeros dropped, or what the step before dropped, if that vanishes."""
    if known is not None and len(known.relations):
        left = np.einsum("ij,ij->i", known.relations @ gram, known.relations)
        if (np.abs(left) <= ALIASED_PIVOT * gram.diagonal()[known.dropped]).all():
            return known.pivot, known.rank
    there = gram.diagonal() != 0
    return np.argsort(~there, kind="stable"), int(np.count_nonzero(there))


def cholesky_pivots(scaled: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Order, rank and smallest kept pivot by limited pivoting; unit diagonal, but 0 for a zero column.

    Right-looking by panels: columns are judged one by one inside a panel, the rest is updated with BLAS.
    """
    p = len(scaled)
    rest = np.array(scaled)
    kept: list[int] = []
    dropped: list[int] = []
    smallest = np.inf
    for start in range(0, p, PANEL):
        stop = min(start + PANEL, p)
        panel = rest[start:stop, start:stop].copy()
        good = []
        for j in range(stop - start):
            if panel[j, j] <= ALIASED_PIVOT:
                dropped.append(start + j)
                continue
            good.append(start + j)
            smallest = min(smallest, panel[j, j])
            row = panel[j, j:] / np.sqrt(panel[j, j])
            panel[j:, j:] -= row[:, None] * row
        kept += good
        if good and stop < p:
            factor, _ = lapack.dpotrf(rest[np.ix_(good, good)], lower=0, clean=1)
            across, _ = lapack.dtrtrs(factor, rest[good, stop:], trans=1)
            rest[stop:, stop:] -= across.T @ across
    return np.array(kept + dropped, dtype=int), len(kept), float(smallest)
