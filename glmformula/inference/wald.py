"""The Wald kernel: coefficients and a covariance in; errors, statistics, probabilities and intervals out."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..design.selection import square_in_order
from ..errors import DataError, FitError
from ..fitted.coefficients import kept_names, kept_of, names_of, values_of
from ..fitted.protocols import is_single_index
from .covariances.covariance import label_of
from .distributions import quantile, two_sided

if TYPE_CHECKING:
    from ..fitted.protocols import Fit

Vcov = str | Mapping[str, Any] | np.ndarray | pd.DataFrame | Callable[[Any], Any] | None
LARGEST_CONDITION = 1e14  # of a covariance, scaled to unit variances, that still has an inverse


@dataclass(frozen=True)
class Wald:
    """Estimates that are normal, with their covariance.

    Attributes
    ----------
    names : tuple of str (r,)
    estimate : ndarray (r,)
    cov : ndarray (r, r)
    errors : str
        Which standard errors these are; '' for the model's own.
    """

    names: tuple[str, ...]
    estimate: np.ndarray
    cov: np.ndarray
    errors: str = ""

    @classmethod
    def of(cls, fit: Fit, vcov: Vcov = None) -> Wald:
        """The coefficients of a fit that are not aliased, with the covariance that `vcov` stands for."""
        return cls(kept_names(fit), values_of(fit)[kept_of(fit)], *resolved(fit, vcov))

    @property
    def note(self) -> tuple[str, ...]:
        """The line under a table that names the standard errors, if they are not the model's own."""
        return (f"Standard errors: {self.errors}",) if self.errors else ()

    @cached_property
    def error(self) -> np.ndarray:
        """Standard errors (r,)."""
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.diag(self.cov))

    def statistic(self, null: float = 0.0) -> np.ndarray:
        """Estimates, less `null`, in standard errors."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.estimate - null) / self.error

    def p_value(self, df: float = math.inf, null: float = 0.0) -> np.ndarray:
        """Two-sided, of Student's t with `df`; normal where that is infinite."""
        return two_sided(self.statistic(null), df)

    def limits(self, level: float, df: float = math.inf) -> tuple[np.ndarray, np.ndarray]:
        """Estimates minus and plus the quantile's number of standard errors."""
        half = quantile((1 + level) / 2, df) * self.error
        return self.estimate - half, self.estimate + half

    def part(self, which: Sequence[int]) -> Wald:
        """Some of the estimates, by position."""
        chosen = np.asarray(which, dtype=int)
        names = tuple(self.names[k] for k in which)
        return Wald(names, self.estimate[chosen], self.cov[np.ix_(chosen, chosen)], self.errors)

    def linear(self, L: np.ndarray, right: np.ndarray | float = 0.0) -> Wald:
        """L b - right, for L (q, r)."""
        cov = self.cov
        if np.isnan(cov).any():  # estimates without an error matter only where they are asked for
            used = (L != 0).any(axis=0)
            cov = np.where(used[:, None] & used, cov, 0.0)
        return Wald((), L @ self.estimate - right, L @ cov @ L.T, self.errors)

    def chisq(self) -> float:
        """b' V^-1 b: are all of the estimates 0? Scaled first, since they may differ by many powers of ten.

        NaN where there is no covariance.

        Raises
        ------
        FitError
            The covariance is singular.
        """
        if not np.isfinite(self.cov).all():
            return math.nan
        size, scaled = self.error, self.correlation()
        return float((self.estimate / size) @ np.linalg.solve(scaled, self.estimate / size))

    def correlation(self) -> np.ndarray:
        """The covariance scaled to unit variances, which has an inverse.

        Raises
        ------
        FitError
            It has none.
        """
        size = self.error
        scaled = self.cov / np.outer(size, size) if (size > 0).all() else np.zeros_like(self.cov)
        if not np.linalg.cond(scaled) < LARGEST_CONDITION:
            raise FitError(
                "system is computationally singular: the covariance of what is tested has no inverse (fewer "
                "clusters than restrictions, or a fit without residuals?)"
            )
        return scaled

    def tests(self, df: float = math.inf) -> np.ndarray:
        """(r, 4): estimate, standard error, statistic, probability; NaN for the latter three where df <= 0."""
        if df <= 0:
            nothing = np.full(len(self.estimate), math.nan)
            return np.array([self.estimate, nothing, nothing, nothing]).T
        statistic = self.statistic()
        return np.array([self.estimate, self.error, statistic, two_sided(statistic, df)]).T


def test_columns(df: float) -> list[str]:
    """R's names of the columns of `Wald.tests`."""
    letter = "z" if math.isinf(df) else "t"
    return ["Estimate", "Std. Error", f"{letter} value", f"Pr(>|{letter}|)"]


def df_of(fit: Fit, vcov: Vcov) -> float:
    """Degrees of freedom of the tests of coefficients.

    With another covariance those that `robust_df` of the fit says, infinite (normal tests) where it says nothing,
    as lmtest's ``coeftest``.
    """
    return robust_df(fit) if vcov is not None else fit.test_df


def robust_df(fit: Fit) -> float:
    """Degrees of freedom that `coeftest` takes: the residual ones of a linear model, infinite for a glm."""
    return float(getattr(fit, "robust_df", math.inf))


def all_rows(fit: Fit, table: np.ndarray) -> np.ndarray:
    """A row of the table for each coefficient, NaN for the aliased ones."""
    values = np.full((len(names_of(fit)), table.shape[1]), np.nan)
    values[kept_of(fit)] = table
    return values


def covariance_of(fit: Fit, vcov: Vcov) -> np.ndarray:
    """The (rank, rank) covariance that `vcov` stands for.

    None for the model's own, a type (``"HC3"``), arguments of ``fit.vcov`` (``{"cluster": "firm"}``), a matrix
    over all columns or those that are not aliased (a DataFrame in any order), or a function of the fit that
    gives one of these.

    Raises
    ------
    DataError
        A matrix of another shape, or with labels that are not the coefficients.
    FitError
        A type, of a model whose ``vcov()`` has none.
    """
    return resolved(fit, vcov)[0]


def resolved(fit: Fit, vcov: Vcov) -> tuple[np.ndarray, str]:
    """The covariance as `covariance_of`, and the name of its standard errors, '' for the model's own."""
    if vcov is None:
        return fit.covariance if is_single_index(fit) else _in_order(fit, fit.vcov()), ""
    value = _covariance_value(fit, vcov)
    return _in_order(fit, value), label_of(value) or _described(vcov)


def _described(vcov: Vcov) -> str:
    """What was asked for, where the covariance has no name."""
    if isinstance(vcov, str):
        return vcov
    if isinstance(vcov, Mapping):
        parts = (f"{key}={value!r}" if isinstance(value, str) else key for key, value in vcov.items())
        return f"vcov({', '.join(parts)})"
    return "by a function that was given" if callable(vcov) else "of a matrix that was given"


def _in_order(fit: Fit, value: Any) -> np.ndarray:
    """The matrix over the coefficients that have an estimate."""
    names, kept = names_of(fit), kept_of(fit)
    if np.shape(value)[:1] != (len(names),):
        names = tuple(compress(names, kept))
    matrix = square_in_order(value, names, "vcov")
    rank = int(kept.sum())
    if matrix.shape == (len(kept), len(kept)):
        return matrix if rank == len(kept) else matrix[np.ix_(kept, kept)]
    if matrix.shape == (rank, rank):
        return matrix
    raise DataError(
        f"vcov should be a matrix of shape ({rank}, {rank}), one row and column for each coefficient; "
        f"got shape {matrix.shape}"
    )


def _covariance_value(fit: Fit, vcov: Vcov) -> Any:
    if callable(vcov):
        return vcov(fit)
    if not isinstance(vcov, str | Mapping):
        return vcov
    options = {"type": vcov} if isinstance(vcov, str) else dict(vcov)
    try:
        inspect.signature(fit.vcov).bind(**options)
    except TypeError:
        raise FitError(
            f"vcov={vcov!r}: the vcov() of a {type(fit).__name__} does not take {', '.join(map(repr, options))}; "
            "give the covariance as a matrix, or as a function of the fit"
        ) from None
    return fit.vcov(**options)


def refuse_aliased(fit: Fit) -> None:
    """An error that names the coefficients without an estimate, if there are any."""
    names = [name for name, kept in zip(names_of(fit), kept_of(fit)) if not kept]
    if names:
        raise FitError(
            f"there are aliased coefficients in the model: {', '.join(map(repr, names))} have no estimate; "
            "leave out the columns that are combinations of others"
        )
