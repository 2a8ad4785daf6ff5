"""Tests of the single coefficients with any covariance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..render.table import StatTable
from .distributions import two_sided
from .summary import Vcov, covariance_of

if TYPE_CHECKING:
    from ..models.model import GLM


def coeftest(fit: GLM, vcov: Vcov = None, df: float | None = None) -> StatTable:
    """z or t tests of the coefficients, lmtest's ``coeftest``.

    Parameters
    ----------
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``); aliased coefficients are then left out.
    df : float, optional
        Degrees of freedom of t tests; default infinite, so z tests, for every glm (summary takes t where the
        dispersion is estimated). 0 or below: z tests too.

    Returns
    -------
    StatTable
        Estimate, Std. Error, t value / z value, Pr(>|t|) / Pr(>|z|).
    """
    kept = ~fit.aliased
    cov = fit.dispersion * fit.result.cov_unscaled if vcov is None else covariance_of(fit, vcov)
    estimate = fit.result.coefficients
    error = np.full(len(estimate), np.nan)
    error[kept] = np.sqrt(np.diag(cov))
    student = df is not None and math.isfinite(df) and df > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / error
    p_value = two_sided(statistic, float(df) if student and df is not None else math.inf)
    letter = "t" if student else "z"
    table = pd.DataFrame(
        {
            "Estimate": estimate,
            "Std. Error": error,
            f"{letter} value": statistic,
            f"Pr(>|{letter}|)": p_value,
        },
        index=list(fit.column_names),
    )
    return StatTable(
        table if vcov is None else table[kept],
        kind="coefmat",
        heading=(f"\n{letter} test of coefficients:\n",),
        footer=("",),
    )
