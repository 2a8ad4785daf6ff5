"""The smooth part of a penalised least-squares fit: one Gram matrix says all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...sources.base import Source
from ..gram import assemble
from .grouped import Grouped
from .piecewise import minimum
from .problem import Point, Scaled
from .subsets import Subsets
from .sums import Moments, gram_rows, weighted_gram
from .surface import seen_by_rows

# Columns whose Gram matrix is summed once and for all.
WHOLE = 2000


def summed_once(source: Source, p: int) -> bool:
    """Whether the products of all columns are worth a pass."""
    return p <= min(WHOLE, max(getattr(source, "nrows", p), 300))


@dataclass
class Quadratic:
    """Least squares: a Gram matrix says all, and once and for all where there are few columns."""

    problem: Scaled
    null_deviance: float
    spread: float
    whole: tuple[np.ndarray, np.ndarray] | None = None
    passes: int = 1
    # the columns that were solved for last, and their Gram matrix
    grown: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, problem: Scaled, sums: Moments) -> Quadratic:
        mean = sums.response / problem.weight if problem.has_intercept else 0.0
        spread = sums.square / problem.weight - mean * mean
        made = cls(problem, spread * problem.weight, spread)
        if sums.gram is not None:
            made.whole = problem.matrix(assemble(sums.gram)[0]), problem.scores(sums.products[None])[0]
        return made

    @property
    def narrows(self) -> bool:
        """Whether it is cheaper for fewer columns."""
        return self.whole is None and not isinstance(self.problem, Grouped)

    def gram(self, problem: Scaled) -> np.ndarray:
        if self.whole is not None and problem is self.problem:
            return self.whole[0]
        self.passes += 1
        if self.grown is None:
            Q = problem.matrix(weighted_gram(problem.source, problem.p))
        else:
            Q = self.more(problem, *self.grown)
        self.grown = (problem.places, Q) if self.whole is None else None
        return Q

    def more(self, problem: Scaled, places: np.ndarray, before: np.ndarray) -> np.ndarray:
        """The Gram matrix, of which much is known from other columns."""
        known = np.isin(problem.places, places)
        old, some = np.flatnonzero(known), np.flatnonzero(~known)
        Q = np.empty((len(known), len(known)))
        there = np.searchsorted(places, problem.places[old])
        Q[np.ix_(old, old)] = before[np.ix_(there, there)]
        if len(some):
            first = 1 if problem.has_intercept else 0
            asked = np.concatenate([np.arange(first), some])
            own = gram_rows(problem.source, problem.columns[asked])
            rows = problem.rows_of_matrix(own, asked)[first:]
            Q[some] = rows
            Q[:, some] = rows.T
        return Q

    def freed(self, some: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The minimum without a penalty where only some coefficients (their places) are not zero."""
        zero, b = np.zeros(len(some)), np.zeros((1, len(self.problem.factors)))
        c = -self.seen(b, True)[0][0, some]
        Q = (
            self.gram(self.problem.narrowed(some))
            if self.whole is None
            else self.whole[0][np.ix_(some, some)]
        )
        return minimum(Q, c, zero, start, self.problem.low[some], self.problem.high[some])

    def unpenalised(self, penalised: np.ndarray) -> tuple[Point, np.ndarray]:
        """The minimum where what is penalised is zero, and the share of the deviance that it explains (1,)."""
        b, some = np.zeros(len(penalised)), np.flatnonzero(~penalised)
        if len(some):
            b[some] = self.freed(some, b[some])
        slopes, share = self.seen(b[None], True)
        return Point(b, slopes[0]), share

    def solve(
        self, problem: Scaled, lambdas: np.ndarray, here: Point, at_lambda: float, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Coefficients and derivatives (L, q), residuals (L,), from a point solved before.

        And the shares of the deviance that are explained (L,), if they came along.
        """
        own, b, rows, all_slopes = self.gram(problem), here.b, [], []
        c = own @ b - here.slopes if self.whole is None else self.whole[1]
        known = Subsets(own)
        for one in lambdas.tolist():
            b = problem.least(own, c, one, b, known)
            rows.append(b)
            all_slopes.append(own @ b - c)
        left = problem.off(np.array(all_slopes), np.array(rows), lambdas).max(axis=1)
        return np.array(rows), np.array(all_slopes), left, None

    def seen(self, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives (L, q), if asked for, and the shares of the deviance that are explained."""
        if self.whole is None:
            return seen_by_rows(self, b, score)
        Q, c = self.whole
        first = 1 if self.problem.has_intercept else 0
        v, fitted = b[:, first:], np.zeros(len(b))
        if first:
            fitted -= (b[:, 0] - c[0]) ** 2
        fitted += 2 * v @ c[first:] - ((v @ Q[first:, first:]) * v).sum(axis=1)
        return b @ Q - c, fitted / self.spread
