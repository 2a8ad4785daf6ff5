"""Residuals of every kind R's ``residuals.glm`` has, and randomized quantile residuals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import choice
from .output import elsewhere, written

if TYPE_CHECKING:
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...fitted.training import RowState

TYPES = ("deviance", "pearson", "working", "response", "partial", "quantile")


def residuals(fit: SingleIndex, type: str = "deviance", seed: Any = None, *, out: Any = None) -> Any:
    """Residuals, R's ``residuals.glm`` (McCullagh & Nelder 1989, section 2.4).

    Parameters
    ----------
    type : {"deviance", "pearson", "working", "response", "partial", "quantile"}
        deviance: sign(y - mu) sqrt(w d(y, mu)); pearson: (y - mu) sqrt(w / V(mu)); working:
        (y - mu) / (dmu/deta), link scale; response: y - mu; partial: working plus each term's centred
        contribution, a column for each term; quantile: standard normal for the true model (Dunn & Smyth
        1996), see :func:`glmformula.inference.rows.quantile_residuals.quantile_residuals`.
    seed : int, optional
        Of the draws that make quantile residuals of a discrete family continuous.
    out : path, optional
        Write them to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed
        where the rows of the fit are files or a database.

    Returns
    -------
    Series (n,) or, for "partial", DataFrame (n, terms); ``na.exclude`` pads with NaN. For rows in files the
    path, for a Dask DataFrame one that is computed when asked for.

    Raises
    ------
    ValueError
        An unknown type.
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.residuals().head(2).round(3)
    0   -0.250
    1   -0.207
    dtype: float64
    >>> fit.residuals("pearson").head(2).round(3)
    0   -0.178
    1   -0.147
    dtype: float64
    """
    choice("type", type, TYPES)
    if out is not None or elsewhere(fit, None) is not None:
        return written(fit, partial(_own, type=type, seed=seed), None, out, "residual", type == "partial")
    if type == "partial":
        from .predict import predict

        terms = predict(fit, type="terms")
        working = fit.rows.labelled(fit.row_state.working_residuals)
        return terms.add(working.to_numpy(), axis=0)
    if type == "quantile":
        from .quantile_residuals import quantile_residuals

        return fit.rows.labelled(quantile_residuals(fit, seed))
    return fit.rows.labelled(_KINDS[type](fit.row_state, fit.family, fit.df_residual))


def _own(fit: SingleIndex, newdata: None, type: str, seed: Any) -> pd.Series | pd.DataFrame:
    """`residuals` of rows in memory."""
    answer: pd.Series | pd.DataFrame = residuals(fit, type, seed)
    return answer


def deviance_residuals(state: RowState, family: Family, df_residual: int) -> np.ndarray:
    """sign(y - mu) sqrt(w d); zeros where no degrees of freedom are left, as R."""
    if df_residual <= 0:
        return np.zeros_like(state.mu)
    size = np.sqrt(np.maximum(state.prior_weights * family.deviance_at(state.y, state.eta, state.mu), 0))
    return np.where(state.y > state.mu, size, -size)


def pearson_residuals(state: RowState, family: Family, df_residual: int = 1) -> np.ndarray:
    """(y - mu) sqrt(w / V(mu))."""
    root = np.sqrt(state.prior_weights)
    residuals = (state.y - state.mu) * root / np.sqrt(family.variance(state.mu))
    far = family.contrary(state.y, state.eta, state.mu)
    if far is not None:
        residuals[far.rows] = far.pearson * root[far.rows]
    return residuals


def working_residuals(state: RowState, family: Family, df_residual: int = 1) -> np.ndarray:
    return state.working_residuals


def response_residuals(state: RowState, family: Family, df_residual: int = 1) -> np.ndarray:
    return state.y - state.mu


_KINDS = {
    "deviance": deviance_residuals,
    "pearson": pearson_residuals,
    "working": working_residuals,
    "response": response_residuals,
}
