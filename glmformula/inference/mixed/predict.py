"""Predictions of a mixed model: with all, some or none of its random effects, for new rows and new groups."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...sources.base import Block
from ...sources.mapped import collect
from ..distributions import quantile
from ..rows.prediction_interval import predictive_limits
from .newdata import chosen, new_rows
from .row_errors import row_errors
from .rows import filled, linear_predictor, row_parts, some_modes

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

TYPES = ("link", "response")
INTERVALS = ("confidence", "prediction")


def predict(
    fit: Mixed,
    newdata: Any = None,
    type: str = "link",
    se_fit: bool = False,
    *,
    re_form: str | None = None,
    allow_new_levels: bool = False,
    interval: str | None = None,
    level: float = 0.95,
    new_levels: str = "error",
) -> pd.Series | pd.DataFrame:
    """Predictions, lme4's ``predict``.

    Parameters
    ----------
    newdata : DataFrame, optional
        Default: the rows of the fit. Needs the variables of the fixed part and of the random effects that are taken.
    type : {"link", "response"}
    se_fit : bool
        Standard errors too (on the link scale; of "response" by the delta method): of X beta + Z b given the data,
        theta taken as known; the covariance of the fixed effects is `vcov`'s.
    re_form : str, optional
        None: with all random effects. "~0": without any, the population. "~ (1 | g)": with these.
    allow_new_levels : bool
        Groups that the fit has not seen have random effects of zero, with their whole variance in the standard errors.
    interval : {"confidence", "prediction"}, optional
        Limits of the mean (made on the link scale), or of a new response.
    level : float
    new_levels : {"error", "na"}
        What becomes of new levels of fixed factors.

    Returns
    -------
    Series; with `se_fit` or `interval` a DataFrame ``fit, se_fit, lwr, upr``.

    Raises
    ------
    DataError
        "new levels detected in newdata"; a variable is missing; no training rows where they are needed.
    FormulaError
        `re_form` has a term that the model has not.
    ValueError

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.predict({"experience_years": [3, 3], "sick_days": [6, 99]}, allow_new_levels=True).round(0).tolist()
    [55544.0, 55889.0]
    """
    if type not in TYPES:
        raise ValueError(f"type should be 'link' or 'response'; got {type!r}")
    if interval is not None and interval not in INTERVALS:
        raise ValueError(f"interval should be 'confidence' or 'prediction'; got {interval!r}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    terms = chosen(fit, re_form)
    errors = se_fit or interval is not None
    if newdata is None:
        eta, _, _ = row_parts(fit, terms)
        designs = collect(fit.every_row.source, _as_it_is) if errors else []
        se = np.concatenate([row_errors(fit, terms, design) for design in designs]) if errors else None
        labelled = fit.every_row.labelled
    else:
        rows = new_rows(fit, newdata, terms, allow_new_levels, new_levels)
        block = Block(rows.design, np.zeros(rows.design.nrows), offset=rows.offset)
        eta = linear_predictor(fit.structure, filled(fit), some_modes(fit, terms), block)
        eta[rows.missing] = np.nan
        se = row_errors(fit, terms, rows.design) if errors else None
        labelled = partial(pd.Series, index=rows.index)
    if se is None:
        return labelled(fit.family.link.linkinv(eta) if type == "response" else eta)
    return _with_errors(fit, eta, se, type, se_fit, interval, level, labelled)


def _as_it_is(block: Block) -> Any:
    return block.design


def _with_errors(
    fit: Mixed,
    eta: np.ndarray,
    se: np.ndarray,
    type: str,
    se_fit: bool,
    interval: str | None,
    level: float,
    labelled: Any,
) -> pd.DataFrame:
    link = fit.family.link
    response = type == "response"
    se = np.where(np.isnan(eta), np.nan, se)
    columns = {"fit": link.linkinv(eta) if response else eta}
    if se_fit:
        columns["se_fit"] = se * np.abs(link.mu_eta(eta)) if response else se
    if interval == "confidence":
        half = quantile((1 + level) / 2, np.inf) * se
        limits = np.stack([eta - half, eta + half])
        if response:
            limits = np.sort(link.linkinv(limits), axis=0)
        columns["lwr"], columns["upr"] = limits
    elif interval == "prediction":
        if not response and not fit.family.is_normal_linear:
            raise ValueError("interval='prediction' is of responses: give type='response'")
        columns["lwr"], columns["upr"] = predictive_limits(fit.family, eta, se, fit.sigma**2, np.inf, level)
    return pd.DataFrame({name: labelled(values) for name, values in columns.items()})


def of_population(fit: Mixed, newdata: Any, type: str, level: float) -> Any:
    """``fit lwr upr``: means of new rows with random effects of zero; NaN where a level is new."""
    return predict(fit, newdata, type, interval="confidence", level=level, re_form="~0", new_levels="na")


def fitted_values(fit: Mixed, scale: str = "response") -> pd.Series:
    """Means (or linear predictors) of the rows of the fit, given the random effects."""
    eta, _, _ = row_parts(fit)
    return fit.every_row.labelled(fit.family.link.linkinv(eta) if scale == "response" else eta)
