"""A model of ordered categories as plain DataFrames, broom's ``tidy.polr`` and ``glance.polr``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..wald import Vcov
from . import tidy as plain

if TYPE_CHECKING:
    from ...fitted.protocols import Ordinal


def tidy(
    fit: Ordinal,
    conf_int: bool = False,
    conf_level: float = 0.95,
    exponentiate: bool = False,
    conf_method: str | None = None,
    vcov: Vcov = None,
) -> pd.DataFrame:
    """One row for each coefficient and each threshold, broom's ``tidy.polr``.

    Parameters
    ----------
    conf_int : bool
        Add ``conf_low`` and ``conf_high``, NaN for the thresholds unless the limits are Wald's.
    conf_level : float
    exponentiate : bool
        Estimates and limits as exp(.), the thresholds' too, as broom's: with the logistic odds ratios.
    conf_method : {"profile", "wald"}, optional
        As `method` of ``fit.confint``: "profile" by default, "wald" with `vcov`.
    vcov : str, matrix or function, optional
        Another covariance of coefficients and thresholds.

    Returns
    -------
    DataFrame with ``term estimate std_error statistic p_value coef_type``, the last "coefficient" or "scale" (a
    threshold).
    """
    out = plain.tidy(fit, conf_int, conf_level, exponentiate, conf_method, vcov)
    out["coef_type"] = np.where(np.arange(len(out)) < len(fit.column_names), "coefficient", "scale")
    return out


def glance(fit: Ordinal) -> pd.DataFrame:
    """One row for the whole fit, broom's ``glance.polr``.

    Returns
    -------
    DataFrame with ``edf logLik AIC BIC deviance df_residual nobs``; `nobs` is the sum of the weights, as in MASS.
    """
    return pd.DataFrame(
        {
            "edf": [fit.n_parameters],
            "logLik": [float(fit.loglik)],
            "AIC": [fit.aic],
            "BIC": [fit.bic],
            "deviance": [fit.deviance],
            "df_residual": [fit.df_residual],
            "nobs": [fit.n_numbers],
        }
    )
