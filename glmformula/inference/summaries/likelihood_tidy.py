"""A model of several linear predictors as plain DataFrames: ``glance`` and ``augment``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..rows.output import elsewhere, model_frame, written
from ..rows.quantities import predict, residuals

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric


def glance(fit: Parametric) -> pd.DataFrame:
    """One row for the whole fit.

    Returns
    -------
    DataFrame with ``logLik df AIC BIC df_residual nobs``.

    Examples
    --------
    >>> from glmformula import datasets, zeroinfl
    >>> fit = zeroinfl("sick_days ~ overtime_hours | 1", datasets.attrition())
    >>> fit.glance().round(1)
       logLik  df     AIC     BIC  df_residual  nobs
    0 -1464.3   3  2934.6  2947.3          497   500
    """
    return pd.DataFrame(
        {
            "logLik": [float(fit.loglik)],
            "df": [fit.n_parameters],
            "AIC": [fit.aic],
            "BIC": [fit.bic],
            "df_residual": [fit.df_residual],
            "nobs": [fit.nobs],
        }
    )


def augment(
    fit: Parametric,
    newdata: Any = None,
    type_predict: str | None = None,
    se_fit: bool = False,
    out: Any = None,
) -> Any:
    """One row for each observation: the model frame, or new data, and what the model says of it.

    Parameters
    ----------
    newdata : DataFrame, optional
        Predict these rows.
    type_predict : str, optional
        As `type` of ``fit.predict``.
    se_fit : bool
    out : path, optional
        Write them to this file, with the number of each row. Needed where the rows are files or a database.

    Returns
    -------
    DataFrame; for rows in files the path, for a Dask DataFrame one that is computed when asked for.
        ``_fitted`` (of several categories ``_fitted_`` and the category), ``_se_fit``, and ``_resid``, Pearson's
        residuals, where the model has them.
    """
    question = partial(_augmented, type_predict=type_predict, se_fit=se_fit)
    if out is not None or elsewhere(fit, newdata) is not None:
        return written(fit, question, newdata, out, every=True)  # type: ignore[arg-type]
    return question(fit, newdata)


def _augmented(fit: Parametric, newdata: Any, type_predict: str | None, se_fit: bool) -> pd.DataFrame:
    own: pd.DataFrame = model_frame(fit) if newdata is None else pd.DataFrame(newdata).copy()
    answer = predict(fit, newdata, type_predict, se_fit)
    columns = answer.to_frame("fit") if isinstance(answer, pd.Series) else answer
    named = {
        "_".join(["_fitted" if str(parts[0]) == "fit" else "_se_fit", *map(str, parts[1:])]): columns[key]
        for key, parts in ((key, _parts(key, se_fit)) for key in columns.columns)
    }
    own = own.reindex(columns.index) if newdata is None and len(own) != len(columns) else own
    for name, values in named.items():
        own[name] = values.to_numpy()
    if newdata is None and fit.likelihood.mean is not None:
        own["_resid"] = residuals(fit).to_numpy()
    return own


def _parts(key: Any, se_fit: bool) -> tuple[Any, ...]:
    """("fit", category): of a table of categories without standard errors the category alone is the name."""
    if isinstance(key, tuple):
        return key
    return (key,) if key in ("fit", "se_fit") else ("fit", key)
