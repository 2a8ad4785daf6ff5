"""A penalised problem in columns that are centred and divided by their standard deviations, as glmnet has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...errors import FitError
from ...families import Family
from ...sources.base import Source
from ...sources.mapped import select_terms
from .formed import Formed
from .piecewise import minimum, residual
from .subsets import Subsets
from .sums import Moments, moments

# Columns whose standard deviation is less than this share of their length are looked at again, about their mean.
SHARE, CONSTANT = 1e-6, 1e-26
# A mean of more standard deviations costs second derivatives more than two digits.
FAR = 10.0


@dataclass(frozen=True)
class Penalty:
    """What is penalised, and how.

    Attributes
    ----------
    alpha : float
        Share of the absolute values, from 0 (ridge) to 1 (lasso).
    factors, lower, upper : ndarray (p,)
        By column of the design, that of the intercept too, where they mean nothing; an infinite factor leaves the
        column out.
    standardize, intercept : bool
    thresh : float
        Residual of the conditions of a minimum, relative to the largest gradient of the null model.
    grouped : bool
        The columns of a term are zero together or not at all.
    """

    alpha: float
    factors: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    standardize: bool = True
    intercept: bool = True
    thresh: float = 1e-9
    grouped: bool = False


@dataclass(frozen=True)
class Point:
    """Scaled coefficients (q,) and the derivatives of the smooth part there, without the penalty."""

    b: np.ndarray
    slopes: np.ndarray


@dataclass(frozen=True)
class Scaled:
    """The problem in columns that are centred and divided by their standard deviations, the intercept first.

    `columns` (q,) are those of the design that take part; `mean` and `sd` are theirs (0 and 1 for an intercept);
    `low` and `high` the bounds, `factors` the penalties; `places` (q,) say which coefficients they are of the problem
    that this one is narrowed from.
    """

    source: Source
    family: Family
    p: int
    assign: np.ndarray
    has_intercept: bool
    columns: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    factors: np.ndarray
    alpha: float
    weight: float
    rows: int
    y_scale: float
    places: np.ndarray

    def own(self, b: np.ndarray) -> np.ndarray:
        """Coefficients (L, p) of the design."""
        out = np.zeros((len(b), self.p))
        out[:, self.columns] = b / self.sd
        if self.has_intercept:
            out[:, self.columns[0]] -= out[:, self.columns] @ self.mean
        return out

    def scores(self, own: np.ndarray) -> np.ndarray:
        """Derivatives by the scaled coefficients (L, q), of those by the design's."""
        out = own[:, self.columns]
        if self.has_intercept:
            out = out - self.mean * out[:, :1]
        return np.asarray(out / (self.sd * self.weight))

    def matrix(self, own: np.ndarray) -> np.ndarray:
        """Second derivatives (q, q)."""
        own = own if len(own) == len(self.columns) else own[self.columns]
        return self.rows_of_matrix(own, np.arange(len(self.columns)))

    def rows_of_matrix(self, own: np.ndarray, some: np.ndarray) -> np.ndarray:
        """Those of some coefficients (their places, the intercept's first) and all, of rows of the design's."""
        every = len(self.columns) == self.p
        if self.standard:
            return np.asarray((own if every else own.take(self.columns, axis=1)) / self.weight)
        out = own.take(self.columns, axis=1)
        if self.has_intercept:
            m, u = self.mean, out[0] - self.mean * (out[0, 0] / 2)
            out -= np.dot(np.stack([m, u], axis=1)[some], np.stack([u, m]))
        out *= 1 / self.sd[some, None]
        out *= 1 / (self.sd * self.weight)
        return np.asarray(out)

    @cached_property
    def standard(self) -> bool:
        """Whether the design's columns are centred and scaled themselves."""
        return bool((self.mean == 0).all() and (self.sd == 1).all())

    @property
    def light(self) -> bool:
        """Whether second derivatives may be summed in single precision: no column's mean is far from zero."""
        return bool((np.abs(self.mean) <= FAR * self.sd).all())

    @property
    def single(self) -> bool:
        """Whether the columns are at hand in single precision."""
        return isinstance(self.source, Formed) and self.source.single is not None

    def penalty(self, lambda_: float) -> np.ndarray:
        return lambda_ * self.alpha * self.factors

    def ridge(self, lambda_: float) -> np.ndarray:
        return lambda_ * (1 - self.alpha) / self.y_scale * self.factors

    def penalties(self, lambdas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of absolute values, and of squares, at each lambda: (L, q)."""
        listed = lambdas.tolist()
        return np.array([self.penalty(one) for one in listed]), np.array([self.ridge(one) for one in listed])

    def least(
        self, Q: np.ndarray, c: np.ndarray, lambda_: float, start: np.ndarray, known: Subsets | None = None
    ) -> np.ndarray:
        """The coefficients that make  b'Q b / 2 - c'b  and the penalty least; `known` is of Q."""
        ridge = self.ridge(lambda_)
        solve = None if known is None else known.solve
        if ridge.any():
            Q, solve = Q + np.diag(ridge), None
        return minimum(Q, c, self.penalty(lambda_), start, self.low, self.high, solve)

    def off(self, slopes: np.ndarray, b: np.ndarray, lambdas: np.ndarray) -> np.ndarray:
        """How far coefficients (L, q) are from the conditions of a minimum; `slopes` without the penalty's."""
        pens, ridges = self.penalties(lambdas)
        return residual(slopes + ridges * b, b, pens, self.low, self.high)

    def reach(self, slopes: np.ndarray) -> np.ndarray:
        """For each coefficient, the penalty lambda alpha at which it leaves zero, from derivatives at zero."""
        penalised = self.factors > 0
        steep = np.where(penalised, slopes / np.where(penalised, self.factors, 1.0), 0.0)
        return np.where(np.where(steep < 0, self.high > 0, self.low < 0), np.abs(steep), 0.0)

    def narrowed(self, some: np.ndarray) -> Scaled:
        """The same for some of the coefficients (their places, ascending); the others are zero."""
        columns = self.columns[some]
        terms = frozenset(self.assign[columns].tolist())
        kept = np.flatnonzero(np.isin(self.assign, list(terms)))
        return replace(
            self,
            source=self.source if len(kept) == self.p else select_terms(self.source, terms),
            p=len(kept),
            assign=self.assign[kept],
            columns=np.searchsorted(kept, columns),
            **{
                name: getattr(self, name)[some] for name in ("mean", "sd", "low", "high", "factors", "places")
            },
        )

    def held(self, penalised: np.ndarray) -> Scaled:
        """The same with these coefficients held at zero, and no penalty."""
        zero = np.zeros(len(self.columns))
        return replace(
            self,
            low=np.where(penalised, 0.0, self.low),
            high=np.where(penalised, 0.0, self.high),
            factors=zero,
        )


def scaled(
    source: Source,
    family: Family,
    names: tuple[str, ...],
    assign: np.ndarray,
    penalty: Penalty,
    gram: bool = False,
) -> tuple[Scaled, Moments]:
    """The scaled problem, and the moments that it was made of; with `gram` the products of all columns too.

    Raises
    ------
    FitError
        There is nothing to penalise, or no row.
    """
    p = len(names)
    sums = moments(source, gram=gram)
    if not sums.weight > 0:
        raise FitError("all weights are zero, or there is no row: expected observations to fit")
    mean, square = sums.columns / sums.weight, sums.squares / sums.weight
    variance = square - mean * mean
    is_intercept = assign == 0
    if (variance < SHARE * square)[~is_intercept].any():
        variance = moments(source, mean).squares / sums.weight
    constant = variance <= CONSTANT * square
    left_out = is_intercept | constant | np.isinf(penalty.factors)
    columns = np.flatnonzero(~left_out)
    if not len(columns):
        raise FitError(
            "All used predictors have zero variance: expected at least one column that is not constant in the rows of "
            "the fit"
        )
    sd = np.sqrt(np.maximum(variance, 0.0)) if penalty.standardize else np.ones(p)
    factors = np.where(constant | np.isinf(penalty.factors), 1.0, penalty.factors)
    counted = ~is_intercept
    if not factors[counted].max() > 0:
        raise FitError(
            "All penalty factors are <= 0: expected at least one above 0, or fit the model with glm()"
        )
    factors = factors * counted.sum() / factors[counted].sum()
    intercept = penalty.intercept and bool(is_intercept.any())
    if intercept:
        columns = np.concatenate([np.flatnonzero(is_intercept)[:1], columns])
    first = is_intercept[columns]
    about = sums.response**2 / sums.weight if intercept else 0.0
    y_scale = 1.0
    if family.is_normal_linear:
        y_scale = float(np.sqrt(max(sums.square - about, 0.0) / sums.weight))
        if not y_scale > 1e-14 * np.sqrt(sums.square / sums.weight):
            raise FitError(
                "y is constant; gaussian glmnet fails at standardization step: there is nothing to explain"
            )
    own_sd = np.where(first, 1.0, sd[columns])
    made = Scaled(
        source=source,
        family=family,
        p=p,
        assign=assign,
        has_intercept=intercept,
        columns=columns,
        mean=np.where(first, 0.0, mean[columns]) if intercept else np.zeros(len(columns)),
        sd=own_sd,
        low=np.where(first, -np.inf, penalty.lower[columns] * own_sd),
        high=np.where(first, np.inf, penalty.upper[columns] * own_sd),
        factors=np.where(first, 0.0, factors[columns]),
        alpha=penalty.alpha,
        weight=sums.weight,
        rows=sums.rows,
        y_scale=y_scale,
        places=np.arange(len(columns)),
    )
    return made, sums


def standardised(problem: Scaled, sums: Moments) -> tuple[Scaled, Moments]:
    """The same problem of columns that are centred and scaled themselves, where they are at hand, and its moments."""
    if not (isinstance(problem.source, Formed) and problem.source.whole):
        return problem, sums
    columns, q = problem.columns, len(problem.columns)
    halves = not problem.family.is_normal_linear  # which has no passes far from the solution
    made = replace(
        problem,
        source=problem.source.standardised(columns, problem.mean, problem.sd, halves),
        p=q,
        assign=problem.assign[columns],
        columns=np.arange(q),
        mean=np.zeros(q),
        sd=np.ones(q),
    )
    return made, replace(sums, products=problem.scores(sums.products[None])[0] * problem.weight)
