"""What the fit of a mixed model found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MixedFit:
    """Estimates of a mixed model (p columns, r of them not aliased).

    Attributes
    ----------
    coefficients : ndarray (p,)
        Fixed effects; NaN where aliased.
    covariance : ndarray (r, r)
        Of those that are not aliased.
    working : ndarray (r, r)
        sigma^2 times the inverse of the information at theta as it is: of `lmer` the same; of `glmer` what lme4 has
        without the Hessian, which its tables of terms in sequence take.
    null_space : ndarray (p, p - r)
        Combinations of the fixed columns that are zero on every row of the fit.
    theta : ndarray (k,)
        Relative Cholesky factors in lme4's order.
    sigma : float
        Residual standard deviation (1 where the family's dispersion is known and it has no scale).
    deviance : float
        What was made as small as can be: the REML criterion, or minus twice the log-likelihood.
    gradient : ndarray (m,)
        Its derivatives by theta (`glmer`: and the fixed effects in the engine's basis) where the search ended.
    hessian : ndarray (m, m)
        Second derivatives there.
    converged : bool
    evaluations : int
    modes : tuple of ndarray (J, K)
        Of each grouping factor, the random effects' conditional modes.
    spreads : tuple of ndarray (J, K, K)
        Their conditional covariances.
    rows : int
        Rows of the fit.
    nobs : int
        The same: lme4 counts rows of weight 0 too.
    squares : float
        Penalised weighted residual sum of squares.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    working: np.ndarray
    null_space: np.ndarray
    theta: np.ndarray
    sigma: float
    deviance: float
    gradient: np.ndarray
    hessian: np.ndarray
    converged: bool
    evaluations: int
    modes: tuple[np.ndarray, ...]
    spreads: tuple[np.ndarray, ...]
    rows: int
    nobs: int
    squares: float

    @property
    def aliased(self) -> np.ndarray:
        """bool (p,)"""
        return np.isnan(self.coefficients)
