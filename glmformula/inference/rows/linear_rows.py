"""Row-level answers of a linear model: predictions and their intervals, residuals, broom's augment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError, DataWarning, choice, give_warning
from ...frame.columns import as_frame
from ..deletions.influence import augmenting
from ..distributions import quantile
from ..summaries.tidy import own_data, rows_of
from ..wald import Vcov, covariance_of
from .output import elsewhere, model_frame, written
from .predict import TYPES as KINDS, predict as predict_glm
from .residuals import residuals as residuals_glm

if TYPE_CHECKING:
    from ...fitted.linear import LinearModel

TYPES = {"working": "response", "response": "response", "deviance": "pearson", "pearson": "pearson"}
RESIDUALS = (*TYPES, "partial", "quantile")
INTERVALS = (None, "confidence", "prediction")


def residuals(fit: LinearModel, type: str = "working", seed: Any = None, *, out: Any = None) -> Any:
    """Residuals of a linear model, R's ``residuals.lm``.

    Parameters
    ----------
    fit : LM
    type : {"working", "response", "deviance", "pearson", "partial", "quantile"}
        working, response: y - mu; deviance, pearson: sqrt(weight) (y - mu); partial: y - mu plus each term's
        centred contribution, a column for each term; quantile: standard normal for the true model.
    seed : int, optional
        Not used: the response is continuous.
    out : path, optional
        Write them to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed
        where the rows of the fit are files or a database.

    Returns
    -------
    Series (n,) or, for "partial", DataFrame (n, terms); ``na.exclude`` pads with NaN.

    Raises
    ------
    ValueError
        An unknown type.
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import lm
    >>> fit = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)}, weights=[1, 1, 4, 4])
    >>> fit.residuals().round(3).tolist()
    [-0.494, -0.449, 0.596, -0.36]
    >>> fit.residuals("pearson").round(3).tolist()
    [-0.494, -0.449, 1.191, -0.719]
    """
    choice("type", type, RESIDUALS)
    return residuals_glm(fit, TYPES.get(type, type), seed, out=out)


def predict(
    fit: LinearModel,
    newdata: Any = None,
    type: str = "response",
    se_fit: bool = False,
    *,
    dispersion: float | None = None,
    terms: Any = None,
    interval: str | None = None,
    level: float = 0.95,
    weights: Any = None,
    na_action: str = "na.pass",
    new_levels: str = "error",
    vcov: Vcov = None,
    out: Any = None,
) -> Any:
    """Predictions from a linear model, R's ``predict.lm``.

    Parameters
    ----------
    fit : LM
    newdata : DataFrame, optional
        Rows to predict, coded as frozen at the fit; ``offset()`` terms and ``offset=`` given as text are
        evaluated in it. Default: the training rows.
    type : {"response", "link", "terms"}
        Mean (the link is the identity), or each term's contribution centred at the training means.
    se_fit : bool
        Add standard errors of the mean: sqrt(x' V x).
    dispersion : float, optional
        A known variance of the errors, R's ``scale^2``.
    terms : str, int, list of them or mask, optional
        With ``type="terms"``: only these.
    interval : {None, "confidence", "prediction"}
        Student's t limits for the mean, or for a new response: fit +- t sqrt(se^2 + sigma^2 / weight).
    level : float
    weights : number or array, optional
        Weights of the new responses; default 1, and the fit's own on the training rows.
    na_action : {"na.pass", "na.omit", "na.exclude", "na.fail"}
        What a row of `newdata` with a missing value gives: NaN, nothing, NaN, an error.
    new_levels : {"error", "na"}
        What a level not seen at the fit gives.
    vcov : str, mapping, matrix or function, optional
        Another covariance of the coefficients for the standard errors (see ``fit.summary``).
    out : path, optional
        Write the predictions to this file (``.parquet``, ``.arrow``, ``.csv``), with the number of each row.
        Needed where `newdata`, or the rows of the fit, are files or a database.

    Returns
    -------
    Series, or DataFrame with columns ``fit``, ``se_fit``, ``lwr``, ``upr`` as asked for (and ``estimable``
    for a rank-deficient fit); ``type="terms"``: a column for each term, the constant in ``.attrs["constant"]``.

    Raises
    ------
    DataError
        A variable is missing, of another type, or has an unseen level; weights of another number than rows.
    ValueError
        An unknown type, interval or level; arguments that exclude each other.

    Warns
    -----
    DataWarning
        R's remarks on prediction intervals: of the training rows ("predictions on current data refer to _future_
        responses"), and where a weighted fit predicts new rows without weights.
    RankWarning
        Some rows are not estimable from a rank-deficient fit; they are NaN (R gives a number).

    Examples
    --------
    >>> from glmformula import lm
    >>> fit = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)})
    >>> fit.predict({"x": [4]}, interval="prediction").round(3)
        fit    lwr     upr
    0  5.5  1.475  9.525
    """
    choice("interval", interval, INTERVALS)
    if weights is not None and interval != "prediction":
        raise ValueError("weights= are those of new responses, for interval='prediction'")
    options: dict[str, Any] = {
        "type": type,
        "dispersion": dispersion,
        "terms": terms,
        "level": level,
        "na_action": na_action,
        "new_levels": new_levels,
    }
    if interval != "prediction" or type == "terms" or type not in KINDS:
        return predict_glm(fit, newdata, se_fit=se_fit, interval=interval, vcov=vcov, out=out, **options)
    if newdata is None:
        give_warning("predictions on current data refer to _future_ responses", DataWarning)
    if fit.weighted and weights is None:
        give_warning(
            "assuming prediction variance inversely proportional to weights used for fitting"
            if newdata is None
            else "Assuming constant prediction variance even though model fit is weighted",
            DataWarning,
        )
    answering = options | {
        "se_fit": se_fit,
        "weights": weights,
        "vcov": None if vcov is None else covariance_of(fit, vcov),
    }
    if out is None and elsewhere(fit, newdata) is None:
        return _prediction_limits(fit, newdata, **answering)
    if weights is not None and np.ndim(weights):
        raise DataError(
            "weights= for rows in a table should be one number: predict parts of it in memory for others"
        )
    return written(fit, partial(_prediction_limits, **answering), newdata, out)


def _prediction_limits(
    fit: LinearModel, newdata: Any, se_fit: bool, weights: Any, vcov: Any, level: float, **options: Any
) -> pd.DataFrame:
    """Fit and limits for a new response of rows in memory."""
    answer: pd.DataFrame = predict_glm(fit, newdata, se_fit=True, vcov=vcov, level=level, **options)
    if weights is None:
        own = fit.rows.labelled(fit.row_state.prior_weights).to_numpy() if newdata is None else 1.0
        each = np.asarray(own, dtype=float)
    else:
        each = np.asarray(weights, dtype=float)
    if each.ndim and each.shape != (len(answer),):
        raise DataError(
            f"weights should be one number or one for each of the {len(answer)} rows; got {each.size}"
        )
    known = options["dispersion"]
    phi, df = (fit.dispersion, fit.test_df) if not known else (float(known), np.inf)
    with np.errstate(divide="ignore"):
        half = quantile((1 + level) / 2, df) * np.sqrt(np.square(answer["se_fit"]) + phi / each)
    answer.insert(len(answer.columns), "lwr", answer["fit"] - half)
    answer.insert(len(answer.columns), "upr", answer["fit"] + half)
    if "estimable" in answer:
        answer["estimable"] = answer.pop("estimable")  # last
    return answer if se_fit else answer.drop(columns="se_fit")


def augment(
    fit: LinearModel,
    newdata: Any = None,
    se_fit: bool = False,
    interval: str | None = None,
    out: Any = None,
    *,
    data: Any = None,
    conf_level: float = 0.95,
) -> Any:
    """One row for each observation, broom's ``augment.lm``.

    Parameters
    ----------
    fit : LM
    newdata : DataFrame, optional
        Predict these rows: their own columns, then ``_fitted`` and what is asked for. The very data of the fit are
        taken as `data`.
    se_fit : bool
    interval : {None, "confidence", "prediction"}
        Add ``_lower`` and ``_upper``.
    out : path, optional
        Write them to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed
        where the rows are files or a database.
    data : DataFrame, optional
        The rows of the fit with all of their columns, to stand before the answer in place of the model frame.
    conf_level : float

    Returns
    -------
    DataFrame; for rows in files the path, for a Dask DataFrame one that is computed when asked for.
        The model frame, then ``_fitted``, ``_lower _upper`` and ``_se_fit`` if asked for, ``_resid _hat _sigma
        _cooksd _std_resid``. Broom's names with ``_`` for ``.``; ``na.exclude`` pads with NaN.

    Raises
    ------
    DataError
        `newdata` that does not fit the model; the model holds no training rows.
    ValueError
        An unknown interval.

    Examples
    --------
    >>> from glmformula import lm
    >>> fit = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)})
    >>> fit.augment().head(2).round(3)
         y  x  _fitted  _resid  _hat  _sigma  _cooksd  _std_resid
    0  1.0  0      1.1    -0.1   0.7   0.816    0.111      -0.309
    1  2.0  1      2.2    -0.2   0.3   0.802    0.035      -0.404
    """
    if data is None and newdata is not None and own_data(fit) is newdata:
        data, newdata = newdata, None
    if data is not None and newdata is not None:
        raise DataError("data= are the rows of the fit, newdata= are others: give one of them")
    options: dict[str, Any] = {"se_fit": se_fit, "interval": interval, "level": conf_level}
    if data is not None:
        options["base"] = rows_of(fit, data)
    if out is None and elsewhere(fit, newdata) is None:
        return _augmented(fit, newdata, **options)
    return written(fit, partial(_augmented, **options), newdata, out, every=True, whole=newdata is None)


def _augmented(
    fit: LinearModel,
    newdata: Any,
    se_fit: bool,
    interval: str | None,
    level: float,
    base: pd.DataFrame | None = None,
) -> pd.DataFrame:
    fitted = predict(fit, newdata, se_fit=se_fit, interval=interval, level=level)
    frame = fitted.to_frame("fit") if isinstance(fitted, pd.Series) else fitted
    names = {"fit": "_fitted", "lwr": "_lower", "upr": "_upper", "se_fit": "_se_fit"}
    frame = frame[[name for name in names if name in frame]].rename(columns=names)
    if newdata is not None:
        return pd.concat([as_frame(newdata), frame], axis=1)
    frame["_resid"] = residuals(fit)
    for name, column in augmenting(fit, "pearson").items():
        frame[name] = column.reindex_like(frame["_fitted"])
    if base is None:
        base = model_frame(fit).reindex(frame.index)
    return pd.concat([base, frame], axis=1)
