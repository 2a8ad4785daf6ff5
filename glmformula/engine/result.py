"""What the engine returns: a frozen record of numbers, no data, no methods."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Control:
    """R's glm.control: stop when |dev - dev_old| / (|dev| + 0.1) < epsilon.

    `tolerance` is the share of its length below which what is left of a column is nothing; None for the one that
    goes with epsilon.
    """

    epsilon: float = 1e-8
    maxit: int = 25
    trace: bool = False
    tolerance: float | None = None


@dataclass(frozen=True)
class GlmFit:
    """IRLS result (p columns, rank r).

    Attributes
    ----------
    coefficients : ndarray (p,)
        Link scale; NaN where the column is aliased.
    cov_unscaled : ndarray (r, r)
        Inverse of X'WX over the non-aliased columns in column order, W from the last solved iteration (R's). Beyond
        5,000 columns, where a factor has most of them, a `BorderedCovariance` in its place.
    null_space : ndarray (p, p - rank)
        Combinations of the columns that are zero on every row of the fit, one for each aliased column; sparse where
        it is very large.
    pivot : ndarray of int (p,)
        R's dqrdc2 order: the first `rank` are kept columns.
    rank : int
    deviance, null_deviance : float
    pearson : float
        Pearson's X^2 as R takes it: sum of working weights (at `solved_at`) times squared working residuals
        (at the final mu). NaN where the family's dispersion is known.
    minus2_loglik : float
        minus twice the log-likelihood at the family's own dispersion (NaN for quasi).
    nobs : int
        Rows in the fit; `n_ok` of them have non-zero prior weight.
    n_ok : int
    weight_sum : float
    iter : int
    converged, boundary : bool
    method : str
        'qr' or 'cholesky', what was used in the end.
    solved_at : ndarray (p,) or None
        The coefficients at which the last Gram was taken (aliased: 0); None when that was the start. Working
        weights as R reports them are the weights there.
    near_end : bool
        A fitted value is so near an end of its range that separation is not excluded.
    runaway : bool
        The deviance was followed downwards until it was clear that it has no minimum at finite coefficients.
    limits : ndarray (p,) or None
        inf or -inf where a coefficient has no finite estimate (separation), else 0; None where there is no
        separation, or nobody looked.
    dispersion : float
        The dispersion, where it was estimated together with the coefficients (bias reduction), else NaN.
    """

    coefficients: np.ndarray
    cov_unscaled: np.ndarray
    null_space: np.ndarray
    pivot: np.ndarray
    rank: int
    deviance: float
    null_deviance: float
    pearson: float
    minus2_loglik: float
    nobs: int
    n_ok: int
    weight_sum: float
    iter: int
    converged: bool
    boundary: bool
    method: str
    solved_at: np.ndarray | None
    near_end: bool = False
    runaway: bool = False
    limits: np.ndarray | None = None
    dispersion: float = math.nan
