"""Intervals, covariances and broom's glance of a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.selection import positions
from ...fitted.coefficients import names_of
from ...render.table import StatTable
from ..covariances.covariance import vcov as vcov_glm
from ..intervals.limits import limits_table, wald_limits
from ..wald import Vcov, Wald
from .linear_summary import adj_r_squared, f_statistic, p_value, r_squared

if TYPE_CHECKING:
    from ...fitted.linear import LinearModel


def confint(
    fit: LinearModel,
    parm: Any = None,
    level: float = 0.95,
    method: str | None = None,
    *,
    vcov: Vcov = None,
) -> StatTable:
    """Confidence intervals of a linear model's coefficients, R's ``confint.lm``.

    Parameters
    ----------
    fit : LM
    parm : str, int, list of them or mask, optional
        Coefficients by name, position (from 0) or a boolean for each; default all.
    level : float
    method : {"wald"}, optional
        estimate +- t se, t with the residual degrees of freedom: exact for normal errors, and what a profile gives.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``); the table names it.

    Returns
    -------
    StatTable with columns such as ``2.5 %`` and ``97.5 %``; NaN where aliased.

    Raises
    ------
    DataError
        An unknown coefficient; a covariance of another size.
    ValueError
        Another method; a level that is not between 0 and 1.

    Examples
    --------
    >>> from glmformula import lm
    >>> lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)}).confint().round(3)
                 2.5 %  97.5 %
    (Intercept) -1.030   3.230
    x           -0.038   2.238
    """
    if method not in (None, "wald"):
        raise ValueError(
            "method should be 'wald' for a linear model, whose t intervals are exact (a profile gives the same); "
            f"got {method!r}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    wald, which = Wald.of(fit, vcov), positions(parm, names_of(fit))
    df = float(fit.df_residual)
    limits = wald_limits(fit, wald, level, df) if df > 0 else {}
    return limits_table(fit, which, level, limits, "wald", wald.note)


def vcov(
    fit: LinearModel,
    type: str | None = None,
    cluster: Any = None,
    complete: bool = True,
    *,
    cadjust: bool = True,
    multi0: bool = False,
    fix: bool = False,
    dispersion: float | None = None,
) -> pd.DataFrame:
    """Covariance of a linear model's coefficients, R's ``vcov.lm``, and sandwich's for it.

    Parameters
    ----------
    fit : LM
    type : str, optional
        None: sigma^2 (X'WX)^-1. "const", "HC0" to "HC4", "HC4m", "HC5": sandwich's ``vcovHC``. "CL", or any of
        "HC0" to "HC3" with `cluster`: sandwich's ``vcovCL``, "CL" being its default for a linear model, HC1.
    cluster : str, array, Series, DataFrame or list, optional
        A column's name, an R expression or a formula such as ``"~ firm + year"``, evaluated in the data;
        values for the rows of the fit or of the data; several of them for multi-way clustering.
    complete : bool
        With aliased coefficients as rows and columns of NaN (R's default), or without them.
    cadjust, multi0, fix : bool
        As in ``vcovCL``: the factor G / (G - 1); rows instead of the last intersection; no negative
        eigenvalues.
    dispersion : float, optional
        Without a type: the variance of the errors, taken as known.

    Returns
    -------
    DataFrame (p, p)
        It knows its name, which tables made with it print.

    Raises
    ------
    ValueError
        An unknown type, or one that has no clustered form.
    DataError, FitError
        Clusters that do not fit the rows; leverages that leave no answer.

    Examples
    --------
    >>> from glmformula import lm
    >>> fit = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4), "g": [1, 1, 2, 2]})
    >>> fit.vcov().round(3)
                 (Intercept)      x
    (Intercept)        0.245 -0.105
    x                 -0.105  0.070
    >>> fit.vcov(cluster="g").equals(fit.vcov("HC1", cluster="g"))
    True
    """
    if type == "CL" or type is None and cluster is not None:
        type = "HC1"
    options: dict[str, Any] = {"cadjust": cadjust, "multi0": multi0, "fix": fix, "dispersion": dispersion}
    return vcov_glm(fit, type, cluster, complete, **options)


def glance(fit: LinearModel) -> pd.DataFrame:
    """One row for the whole fit, broom's ``glance.lm``.

    Parameters
    ----------
    fit : LM

    Returns
    -------
    DataFrame with ``r_squared adj_r_squared sigma statistic p_value df logLik AIC BIC deviance df_residual nobs``;
        `statistic`, `p_value` and `df` are those of the F test, NaN where a single coefficient was estimated.

    Examples
    --------
    >>> from glmformula import lm
    >>> row = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)}).glance().iloc[0]
    >>> row[["r_squared", "sigma", "statistic", "p_value", "nobs"]].round(3).tolist()
    [0.896, 0.592, 17.286, 0.053, 4.0]
    """
    found = None if fit.rank == 1 else f_statistic(fit)
    return pd.DataFrame(
        {
            "r_squared": [r_squared(fit)],
            "adj_r_squared": [adj_r_squared(fit)],
            "sigma": [fit.sigma],
            "statistic": [np.nan if found is None else found[0]],
            "p_value": [p_value(found)],
            "df": [np.nan if found is None else found[1]],
            "logLik": [float(fit.loglik)],
            "AIC": [fit.aic],
            "BIC": [fit.bic],
            "deviance": [fit.deviance],
            "df_residual": [fit.df_residual],
            "nobs": [fit.nobs],
        }
    )
