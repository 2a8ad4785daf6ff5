"""Deletion diagnostics: what each row does to the fit (Belsley, Kuh & Welsch 1980; Williams 1987)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..rows.output import by_rows
from .deletion import (
    coefficient_names,
    cooks,
    deletion,
    fitted_changes,
    labelled,
    one_step_changes,
    spread_of,
    standardised,
    table_of,
    undefined,
)
from .leverage import leverages

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


@by_rows("hat", whole=True)
def hatvalues(fit: SingleIndex) -> pd.Series:
    """Leverages: the diagonal of  W^1/2 X (X'WX)^-1 X' W^1/2,  R's ``hatvalues``.

    W are the working weights of the last solved iteration. Rows of zero prior weight are left out, and rows
    padded by ``na.exclude`` are 0, both as in R.

    Parameters
    ----------
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.hatvalues().head(2).round(4)
    0    0.0031
    1    0.0043
    dtype: float64
    """
    state = fit.row_state
    return labelled(fit, leverages(fit), state.prior_weights != 0, padding=0.0)


@by_rows("cooksd", whole=True)
def cooks_distance(fit: SingleIndex) -> pd.Series:
    """Cook's distances  (p / (1 - h))^2 h / (phi rank),  p the Pearson residual: R's ``cooks.distance``.

    Parameters
    ----------
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.cooks_distance().nlargest(2).round(4)
    34     0.0709
    173    0.0622
    dtype: float64
    """
    d = deletion(fit, "deviance")
    return labelled(fit, cooks(fit, d), d.counted)


@by_rows("rstandard", whole=True)
def rstandard(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Standardised residuals  r / sqrt(phi (1 - h)),  R's ``rstandard``; NaN where h = 1.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        Which residual r. R >= 4.6 takes "pearson" by default, R < 4.6 "deviance".
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.rstandard().head(2).round(3)
    0   -0.179
    1   -0.148
    dtype: float64
    """
    d = deletion(fit, type)
    return labelled(fit, standardised(fit, d, type), d.counted)


@by_rows("rstudent", whole=True)
def rstudent(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Studentised residuals: the row's effect on the deviance, standardised; R's ``rstudent``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        "pearson" (R >= 4.6): p / (s sqrt(1 - h)), s the deviation without the row where the dispersion is
        estimated, else its square root. "deviance" (R < 4.6): sign(d) sqrt(d^2 + h p^2 / (1 - h)), divided by
        the deviation without the row unless the family is binomial or Poisson (Williams 1987).
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.rstudent().head(2).round(3)
    0   -0.179
    1   -0.148
    dtype: float64
    """
    d = deletion(fit, type)
    with np.errstate(all="ignore"):
        if type == "deviance":
            out = np.sign(d.deviance) * np.sqrt(d.deviance**2 + d.hat * d.pearson**2 / (1 - d.hat))
            if fit.family.fixed_dispersion is None:
                out = out / d.sigma
        elif fit.family.fixed_dispersion is not None:
            out = standardised(fit, d, "pearson")
        else:
            out = d.pearson / (d.sigma * np.sqrt(1 - d.hat))
    return labelled(fit, undefined(out), d.counted)


@by_rows("dffits", whole=True)
def dffits(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Change of the fitted value in standard errors,  r sqrt(h) / (s (1 - h)):  R's ``dffits``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        "pearson" (R >= 4.6): r is the working residual times sqrt(W), s as in `rstudent`. "deviance"
        (R < 4.6): r is the deviance residual and s the deviation without the row.
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.dffits().head(2).round(4)
    0   -0.0099
    1   -0.0097
    dtype: float64
    """
    d = deletion(fit, type)
    return labelled(fit, fitted_changes(d, spread_of(fit, d, type)), d.counted)


@by_rows("covratio", whole=True)
def covratio(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Ratio of the covariance determinants without and with the row, R's ``covratio``.

    1 / ((1 - h) ((n - p - 1 + e^2) / (n - p))^p),  e = r / (s sqrt(1 - h)); r and s as in `dffits`.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        As in `dffits`.
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    Series

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.covratio().head(2).round(4)
    0    1.0070
    1    1.0083
    dtype: float64
    """
    d = deletion(fit, type)
    n, p = fit.nobs, fit.rank
    with np.errstate(all="ignore"):
        e = undefined(d.residual / (spread_of(fit, d, type) * np.sqrt(1 - d.hat)))
        out = 1 / ((1 - d.hat) * ((n - p - 1 + e**2) / np.float64(n - p)) ** p)
    return labelled(fit, undefined(out), d.counted)


@by_rows("dfbeta", whole=True)
def dfbeta(fit: SingleIndex, type: str = "pearson") -> pd.DataFrame:
    """Change of each coefficient when the row is left out (one step), link scale: R's ``dfbeta``.

    (X'WX)^-1 x sqrt(w) r / (1 - h), and 0 where h = 1; r as in `dffits`.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        As in `dffits`.
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    DataFrame (n, rank), a column for each coefficient that is not aliased.

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.dfbeta().head(2).round(5)
       (Intercept)  overtime_hours
    0     -0.00682         0.00061
    1     -0.00724         0.00070
    """
    d = deletion(fit, type)
    return table_of(fit, one_step_changes(fit, d), d.counted, coefficient_names(fit))


@by_rows("dfbetas", whole=True)
def dfbetas(fit: SingleIndex, type: str = "pearson") -> pd.DataFrame:
    """`dfbeta` in standard errors, each from the fit without the row: R's ``dfbetas``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        As in `dffits`.
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    DataFrame (n, rank), a column for each coefficient that is not aliased.

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.dfbetas().head(2).round(4)
       (Intercept)  overtime_hours
    0      -0.0090          0.0075
    1      -0.0095          0.0086
    """
    d = deletion(fit, type)
    size = np.sqrt(np.diag(fit.result.cov_unscaled))
    with np.errstate(all="ignore"):
        if type == "pearson" and fit.family.fixed_dispersion is not None:
            spread = np.full(len(d.sigma), np.sqrt(np.sqrt(fit.dispersion)))  # R >= 4.6 takes the root twice
        else:
            spread = d.sigma
        out = one_step_changes(fit, d) / np.outer(spread, size)
    return table_of(fit, out, d.counted, coefficient_names(fit))


def augmenting(fit: SingleIndex, type: str) -> dict[str, pd.Series]:
    """The columns of broom's ``augment.glm`` that are made of hat values, by one pass for them."""
    d = deletion(fit, type)
    return {
        "_hat": labelled(fit, d.hat, d.counted, padding=0.0),
        "_sigma": fit.rows.labelled(d.sigma),
        "_cooksd": labelled(fit, cooks(fit, d), d.counted),
        "_std_resid": labelled(fit, standardised(fit, d, type), d.counted),
    }
