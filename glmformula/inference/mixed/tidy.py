"""A mixed model as plain DataFrames: ``glance``, ``augment``, and the columns of its fixed part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.build import as_dataframe, design_for
from ...sources.mapped import collect
from .predict import fitted_values, predict
from .rows import residuals

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed
    from ...sources.base import Block


def glance(fit: Mixed) -> pd.DataFrame:
    """One row for the whole fit, as broom.mixed's.

    Returns
    -------
    DataFrame with ``nobs sigma logLik AIC BIC deviance df_residual``; of a REML fit ``REMLcrit`` in the place of
        ``deviance``.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.glance().columns.tolist()
    ['nobs', 'sigma', 'logLik', 'AIC', 'BIC', 'REMLcrit', 'df_residual']
    """
    criterion = "REMLcrit" if fit.criterion == "REML" else "deviance"
    return pd.DataFrame(
        {
            "nobs": [fit.nobs],
            "sigma": [fit.sigma],
            "logLik": [float(fit.loglik)],
            "AIC": [fit.aic],
            "BIC": [fit.bic],
            criterion: [fit.result.deviance if criterion == "REMLcrit" else fit.deviance],
            "df_residual": [fit.df_residual],
        }
    )


def augment(fit: Mixed, newdata: Any = None, *, re_form: str | None = None) -> pd.DataFrame:
    """One row for each observation: the model frame, or new data, and what the model says of it.

    Parameters
    ----------
    newdata : DataFrame, optional
        Predict these rows; groups that are new have random effects of zero.
    re_form : str, optional
        As of ``predict``.

    Returns
    -------
    DataFrame with ``_fitted`` (link scale), ``_fixed`` (of the population), and of the fit's rows ``_mu``, ``_resid``.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.augment().columns.tolist()
    ['salary', 'experience_years', 'sick_days', '_fitted', '_fixed', '_mu', '_resid']
    """
    own = model_frame(fit) if newdata is None else pd.DataFrame(newdata).copy()
    groups = newdata is not None
    columns = {
        "_fitted": predict(fit, newdata, re_form=re_form, allow_new_levels=groups),
        "_fixed": predict(fit, newdata, re_form="~0"),
    }
    if newdata is None:
        columns |= {"_mu": fitted_values(fit), "_resid": residuals(fit)}
        own = own.reindex(columns["_fitted"].index) if len(own) != len(columns["_fitted"]) else own
    for name, values in columns.items():
        own[name] = np.asarray(values)
    return own


def model_frame(fit: Mixed) -> pd.DataFrame:
    """The variables of the model, grouping factors too, R's ``model.frame``.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.model_frame().shape
    (500, 3)
    """
    frame = fit.every_row.frame.to_dataframe()
    names = {f"factor({text})": text for text in fit.random.formula.members if f"factor({text})" in frame}
    whole = frame.rename(columns={k: v for k, v in names.items() if v not in frame})
    return whole[[c for c in whole.columns if c not in names]]


def model_matrix(fit: Mixed, newdata: Any = None) -> pd.DataFrame:
    """The fixed part's columns, lme4's ``model.matrix(fit, type = "fixed")``.

    Parameters
    ----------
    newdata : DataFrame, optional
        Default: the rows of the fit.

    Returns
    -------
    DataFrame (n, p)

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.model_matrix().shape
    (500, 2)
    """
    if newdata is not None:
        made = design_for(fit.schema, newdata)
        return as_dataframe(made.design, made.index)
    part = fit.structure.layout.fixed
    X = np.concatenate(collect(fit.every_row.source, _Columns(part)))
    label = fit.every_row.labelled
    return pd.DataFrame({name: label(X[:, j]) for j, name in enumerate(fit.column_names)})


class _Columns:
    """The columns of a part, of a block."""

    def __init__(self, part: Any) -> None:
        self.part = part

    def __call__(self, block: Block) -> np.ndarray:
        return np.asarray(self.part.columns(block.design))
