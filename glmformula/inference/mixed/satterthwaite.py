"""Satterthwaite's degrees of freedom of linear functions of a linear mixed model's fixed effects, as of lmerTest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.linalg import cho_solve

from ...engine.mixed.unprofiled import hessian, jacobian, of_variances
from ...errors import FitError
from ...runtime.blas import one_blas_thread
from .profiles import profiled

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

FLAT = 1e-8  # a curvature of the deviance below it is none: no variance is known in that direction
RANK = math.sqrt(
    np.finfo(float).eps
)  # of the covariance of what is tested, relative to the largest eigenvalue
ALIKE = 1e-8


@dataclass(frozen=True)
class Satterthwaite:
    """What the degrees of freedom are computed of.

    Attributes
    ----------
    beta : ndarray (r,)
    cov : ndarray (r, r)
        Covariance of the fixed effects.
    slopes : ndarray (r, r, m)
        Its derivatives by the variance parameters.
    spread : ndarray (m, m)
        Asymptotic covariance of these: twice the inverse of the Hessian of the deviance.
    """

    beta: np.ndarray
    cov: np.ndarray
    slopes: np.ndarray
    spread: np.ndarray

    def variances(self, L: np.ndarray) -> np.ndarray:
        """Of L beta, for rows of L (n, r)."""
        return np.einsum("na,ab,nb->n", L, self.cov, L)

    def degrees(self, L: np.ndarray) -> np.ndarray:
        """Degrees of freedom of the t test of each row of L (n, r): 2 v^2 / Var(v), v the row's variance."""
        slopes = np.einsum("na,abm,nb->nm", L, self.slopes, L)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                2.0 * np.square(self.variances(L)) / np.einsum("nm,mk,nk->n", slopes, self.spread, slopes)
            )

    def test(self, L: np.ndarray) -> tuple[float, int, float]:
        """F, its numerator's and its denominator's degrees of freedom, of the hypothesis L beta = 0.

        Fai & Cornelius (1996): the hypothesis in independent t tests, whose F's expectation gives the denominator's.
        """
        values, vectors = np.linalg.eigh(L @ self.cov @ L.T)
        values, vectors = values[::-1], vectors[:, ::-1]
        q = int((values > max(RANK * values[0], 0.0)).sum()) if len(values) else 0
        if q == 0:
            return math.nan, 0, math.nan
        rows = vectors[:, :q].T @ L
        statistic = float(np.sum(np.square(rows @ self.beta) / values[:q]) / q)
        return statistic, q, denominator(self.degrees(rows))


def denominator(df: np.ndarray) -> float:
    """The denominator's degrees of freedom of an F whose parts are squared t's with these."""
    if len(df) == 1 or (np.abs(np.diff(df)) < ALIKE).all():
        return float(df.mean())
    if (df <= 2).any():
        return 2.0
    expected = float(np.sum(df / (df - 2)))
    return 2.0 * expected / (expected - len(df))


def satterthwaite_of(fit: Mixed) -> Satterthwaite:
    """What the degrees of freedom of a linear mixed model are computed of; its rows are gathered once.

    Raises
    ------
    FitError
        The model is no linear one.
    DataError
        It holds no rows.
    """
    known = getattr(fit, "satterthwaite", None)
    if known is None:
        raise FitError(
            f"Satterthwaite's degrees of freedom are of linear mixed models, such as lmer() gives; a "
            f"{type(fit).__name__} has normal tests: summary() and Wald's intervals"
        )
    return cast(Satterthwaite, known)


def computed(fit: Mixed) -> Satterthwaite:
    """The same, without asking what is known."""
    with one_blas_thread():
        function = profiled(fit, fit.criterion == "REML")
        x = np.append(fit.result.theta, math.log(fit.sigma))
        root = function.basis.root

        def covariance(at: np.ndarray) -> np.ndarray:
            found = function.at(at[:-1])
            inverse = cho_solve((found.root, False), np.eye(len(found.gamma)))
            return np.asarray(math.exp(2.0 * at[-1]) * (root @ inverse @ root.T))

        H = hessian(of_variances(function), x)
        slopes = jacobian(covariance, x)
        # in units of sigma, as lmerTest has them: what counts as flat is told there
        scale = np.append(np.ones(len(x) - 1), fit.sigma)
        values, vectors = np.linalg.eigh(H / np.outer(scale, scale))
        sure = values > FLAT
        inner = 2.0 * (vectors[:, sure] / values[sure]) @ vectors[:, sure].T
        spread = inner / np.outer(scale, scale)
        cov = covariance(x)
    return Satterthwaite(fit.result.coefficients[~fit.aliased], cov, slopes, spread)
