"""The fit as plain DataFrames: broom's ``tidy``, ``glance`` and ``augment`` for a glm."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError
from ...fitted.coefficients import names_of
from ...fitted.own import own
from ...fitted.protocols import is_mixed
from ...frame.columns import as_frame
from ..covariances.covariance import NAME
from ..deletions.influence import augmenting
from ..intervals.confint import confint
from ..rows.output import elsewhere, model_frame, written
from ..rows.predict import predict
from ..rows.residuals import residuals
from ..wald import Vcov, Wald, all_rows, df_of

if TYPE_CHECKING:
    from ...fitted.protocols import Fit, SingleIndex


def tidy(
    fit: Fit,
    conf_int: bool = False,
    conf_level: float = 0.95,
    exponentiate: bool = False,
    conf_method: str | None = None,
    vcov: Vcov = None,
) -> pd.DataFrame:
    """One row for each coefficient, broom's ``tidy.glm``.

    Parameters
    ----------
    conf_int : bool
        Add ``conf_low`` and ``conf_high``.
    conf_level : float
    exponentiate : bool
        Estimates and limits as exp(.): odds ratios of a logit, rate ratios of a log link. Standard errors stay
        on the link scale, as broom's.
    conf_method : {"profile", "wald", "profile-exact"}, optional
        As `method` of ``fit.confint``: "profile" by default, "wald" with `vcov`.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``), for errors, tests and limits.

    Returns
    -------
    DataFrame with ``term estimate std_error statistic p_value`` (NaN where aliased); ``.attrs`` names the
    standard errors of `vcov`.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.tidy(exponentiate=True, conf_int=True).round(3)
                 term  estimate  std_error  statistic  p_value  conf_low  conf_high
    0     (Intercept)     0.010      0.759     -6.052    0.000     0.002      0.042
    1  overtime_hours     1.211      0.081      2.349    0.019     1.032      1.422
    """
    wald = Wald.of(fit, vcov)
    table = all_rows(fit, wald.tests(df_of(fit, vcov)))
    out = pd.DataFrame(table, columns=["estimate", "std_error", "statistic", "p_value"])
    out.insert(0, "term", list(names_of(fit)))
    if conf_int:
        limits = _limits(fit, conf_level, conf_method, vcov)
        rows = len(limits)  # thresholds, after the coefficients, have none but where they are asked for
        out.loc[: rows - 1, ["conf_low", "conf_high"]] = limits.to_numpy()
    if exponentiate:
        ratios = out.columns.intersection(["estimate", "conf_low", "conf_high"])
        out[ratios] = np.exp(out[ratios])
    if wald.errors:
        out.attrs[NAME] = wald.errors
    return out


def _limits(fit: Fit, level: float, method: str | None, vcov: Vcov) -> pd.DataFrame:
    """Of the coefficients: those of the fixed effects alone, where a model has more of them."""
    verb = own(fit, confint)
    if not is_mixed(fit):
        return verb(fit, level=level, method=method, vcov=vcov).frame
    usual = "profile" if vcov is None else "wald"
    found = verb(fit, "beta_", level=level, method=method or usual, vcov=vcov).frame
    return found.reindex(list(names_of(fit)))  # aliased ones have none


def glance(fit: SingleIndex) -> pd.DataFrame:
    """One row for the whole fit, broom's ``glance.glm``.

    Returns
    -------
    DataFrame with ``null_deviance df_null logLik AIC BIC deviance df_residual nobs``.
        NaN where the family has no likelihood.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.glance().round(2)
       null_deviance  df_null  logLik     AIC    BIC  deviance  df_residual  nobs
    0         192.58      499  -93.54  191.07  199.5    187.07          498   500
    """
    return pd.DataFrame(
        {
            "null_deviance": [fit.null_deviance],
            "df_null": [fit.df_null],
            "logLik": [float(fit.loglik)],
            "AIC": [fit.aic],
            "BIC": [fit.bic],
            "deviance": [fit.deviance],
            "df_residual": [fit.df_residual],
            "nobs": [fit.nobs],
        }
    )


def augment(
    fit: SingleIndex,
    newdata: Any = None,
    type_predict: str = "link",
    type_residuals: str = "deviance",
    se_fit: bool = False,
    out: Any = None,
    *,
    data: Any = None,
) -> Any:
    """One row for each observation, broom's ``augment.glm``.

    Parameters
    ----------
    newdata : DataFrame, optional
        Predict these rows: their own columns, then ``_fitted`` (and ``_se_fit``). The very data of the fit are
        taken as `data`.
    type_predict : {"link", "response"}
    type_residuals : {"deviance", "pearson"}
        Of ``_resid``, and so of ``_sigma`` and ``_std_resid``.
    se_fit : bool
    out : path, optional
        Write them to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed
        where the rows are files or a database.
    data : DataFrame, optional
        The rows of the fit with all of their columns, to stand before the answer in place of the model frame.

    Returns
    -------
    DataFrame; for rows in files the path, for a Dask DataFrame one that is computed when asked for.
        The model frame, then ``_fitted``, ``_se_fit`` if asked for, ``_resid _hat _sigma _cooksd _std_resid``.
        Broom's names with ``_`` for ``.``; ``na.exclude`` pads with NaN.

    Raises
    ------
    DataError
        `newdata` that does not fit the model; the model holds no training rows.
    ValueError
        An unknown type.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.augment(type_predict="response").head(2).round(3)
       left  overtime_hours  _fitted  _resid   _hat  _sigma  _cooksd  _std_resid
    0     0               6    0.031  -0.250  0.003   0.613      0.0      -0.251
    1     0               4    0.021  -0.207  0.004   0.613      0.0      -0.208
    """
    if data is None and newdata is not None and own_data(fit) is newdata:
        data, newdata = newdata, None
    if data is not None and newdata is not None:
        raise DataError("data= are the rows of the fit, newdata= are others: give one of them")
    options: dict[str, Any] = {"type_predict": type_predict, "type_residuals": type_residuals}
    options["se_fit"] = se_fit
    if data is not None:
        options["base"] = rows_of(fit, data)
    if out is None and elsewhere(fit, newdata) is None:
        return _augmented(fit, newdata, **options)
    return written(fit, partial(_augmented, **options), newdata, out, every=True, whole=newdata is None)


def _augmented(
    fit: SingleIndex,
    newdata: Any,
    type_predict: str,
    type_residuals: str,
    se_fit: bool,
    base: pd.DataFrame | None = None,
) -> pd.DataFrame:
    fitted = predict(fit, newdata, type_predict, se_fit)
    frame = fitted.to_frame("fit") if isinstance(fitted, pd.Series) else fitted
    frame = frame.rename(columns={"fit": "_fitted", "se_fit": "_se_fit"})
    if newdata is not None:
        return pd.concat([as_frame(newdata), frame], axis=1)
    frame["_resid"] = residuals(fit, type_residuals)
    for name, column in augmenting(fit, type_residuals).items():
        frame[name] = column.reindex_like(frame["_fitted"])
    if base is None:
        base = model_frame(fit).reindex(frame.index)
    return pd.concat([base, frame], axis=1)


def own_data(fit: SingleIndex) -> Any:
    """The user's own object that the model was fitted to, None where its rows are not in memory."""
    return None if fit.training is None else getattr(fit.training.arguments["data"], "given", None)


def rows_of(fit: SingleIndex, data: Any) -> pd.DataFrame:
    """All columns of the fit's data for the rows of its answers.

    Raises
    ------
    DataError
        Other rows, by their labels; rows that are not in memory.
    """
    if fit.rows.streamed:
        raise DataError(
            "data= adds columns to rows in memory, and those of this fit arrive in blocks: leave it out for the "
            "variables of the model, or give the table as newdata= for all of its columns"
        )
    frame, table = fit.rows.frame, as_frame(data)
    index = fit.rows.labelled(np.zeros(frame.nrows)).index
    if table.index.equals(frame.data_index):
        kept = np.arange(frame.nrows) if frame.kept is None else frame.kept
        places = kept if len(kept) == len(index) else np.sort(np.concatenate([kept, frame.omitted]))
        return table.iloc[places]
    if table.index.equals(index):
        return table
    raise DataError(
        f"data= should be the data of the fit, {len(frame.data_index)} rows under their labels; got {len(table)} "
        "rows: other rows are newdata="
    )
