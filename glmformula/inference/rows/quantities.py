"""What a model of several linear predictors says of each row: means, probabilities, residuals, draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...engine.likelihood.layout import Layout, predictors_by_chunk
from ...families.link import Array
from ...fitted.asked import Asked, asked
from ...sources.mapped import collect
from ..covariances.likelihood_covariance import settled_covariance
from ..distributions import quantile
from ..wald import Vcov, covariance_of
from .output import by_rows, elsewhere, written
from .predict import PredictedRows, dense_block

if TYPE_CHECKING:
    from ...families.likelihood import Etas, Likelihood, Quantity
    from ...fitted.protocols import Parametric
    from ...sources.base import Block

INTERVALS = (None, "confidence")


def predict(
    fit: Parametric,
    newdata: Any = None,
    type: str | None = None,
    se_fit: bool = False,
    *,
    interval: str | None = None,
    level: float = 0.95,
    at: Any = None,
    na_action: str = "na.pass",
    new_levels: str = "error",
    vcov: Vcov = None,
    out: Any = None,
) -> Any:
    """Predictions for the training rows or new data.

    Parameters
    ----------
    newdata : DataFrame or other table, optional
        The variables of the formula, the response left out. Default: the rows of the fit.
    type : str, optional
        What to predict; each model says which there are, the first is the default.
    se_fit : bool
        Add standard errors, by the delta method: sqrt(g' V g), g the derivatives by all parameters.
    interval : {None, "confidence"}
        Add limits: estimate +- z se on the scale where that is sensible (logarithms of means, log odds of
        probabilities), carried back.
    level : float
    at : list of int, optional
        With ``type="prob"`` of counts: which counts; default 0 to the largest of the fit.
    na_action : {"na.pass", "na.omit", "na.exclude", "na.fail"}
        What a row of `newdata` with a missing value gives: NaN, nothing, NaN, an error.
    new_levels : {"error", "na"}
        What a level not seen at the fit gives.
    vcov : str, mapping, matrix or function, optional
        Another covariance of the coefficients; constants such as log(theta) then count as known.
    out : path, optional
        Write the predictions to this file, with the number of each row. Needed where the rows are files.

    Returns
    -------
    Series; DataFrame with a column for each category or count; with `se_fit` or `interval` a DataFrame ``fit``,
    ``se_fit``, ``lwr``, ``upr``, or of several columns ``("fit", column)`` ....

    Raises
    ------
    ValueError
        An unknown type or interval; a level that is not between 0 and 1; errors of a class.
    DataError
        As of a ``glm``.
    """
    if interval not in INTERVALS:
        raise ValueError(f"interval should be None or 'confidence'; got {interval!r}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    quantity = fit.quantity(type, at)
    want = se_fit or interval is not None
    if want and type is None and quantity.jacobian is None:
        type = next(name for name, one in fit.likelihood.quantities.items() if one.jacobian is not None)
        quantity = fit.quantity(type, at)
    if want and quantity.jacobian is None:
        raise ValueError(f"type={type!r} has no standard errors: it is no number; take type='probs'")
    cov = None
    if want:
        cov = settled_covariance(fit)
        if vcov is not None:
            given = covariance_of(fit, vcov)
            own = np.arange(len(cov)) if len(given) == len(cov) else np.flatnonzero(~fit.result.constants)
            cov = np.zeros_like(cov)
            cov[np.ix_(own, own)] = given
            cov = settled_covariance(fit, cov)
    question = partial(
        _predicted,
        quantity=quantity,
        cov=cov,
        se_fit=se_fit,
        interval=interval,
        level=level,
        na_action=na_action,
        new_levels=new_levels,
    )
    if out is not None or elsewhere(fit, newdata) is not None:
        return written(fit, question, newdata, out)  # type: ignore[arg-type]
    return question(fit, newdata)


def _predicted(
    fit: Parametric,
    newdata: Any,
    *,
    quantity: Quantity,
    cov: np.ndarray | None,
    se_fit: bool,
    interval: str | None,
    level: float,
    na_action: str,
    new_levels: str,
) -> pd.Series | pd.DataFrame:
    rows = PredictedRows.of(fit, newdata, na_action, new_levels)  # type: ignore[arg-type]
    question = partial(_block_values, replace(asked(fit), quantity=quantity), cov)
    parts = collect(rows.source, question)
    value = np.concatenate([part[0] for part in parts])
    made: dict[str, np.ndarray] = {"fit": value}
    if cov is not None:
        error = np.concatenate([part[1] for part in parts])
        if se_fit:
            made["se_fit"] = error
        if interval is not None:
            made["lwr"], made["upr"] = limits(value, error, quantity.scale, level)
    if quantity.levels:
        return labelled_categories(rows.series(value), quantity.levels)
    if value.ndim == 1:
        return rows.series(value) if len(made) == 1 else rows.frame(made)
    tables = {name: rows.table(values, quantity.columns) for name, values in made.items()}
    return tables["fit"] if len(tables) == 1 else pd.concat(tables, axis=1)


def labelled_categories(places: pd.Series, levels: tuple[str, ...]) -> pd.Series:
    """Places among the levels (NaN: missing) as a Series of categories."""
    codes = np.where(np.isnan(places), -1, places).astype(np.intp)
    dtype = pd.CategoricalDtype(list(levels))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=places.index)


def _block_values(question: Asked, cov: np.ndarray | None, block: Block) -> tuple[Array, Array | None]:
    """Values (m,) or (m, K) of a block's rows, and their standard errors."""
    return question.values(block), None if cov is None else question.errors(block, cov)


def limits(value: Array, error: Array, scale: str, level: float) -> tuple[Array, Array]:
    """Estimate +- z se on the scale, carried back."""
    z = quantile((1 + level) / 2, np.inf)
    with np.errstate(all="ignore"):
        if scale == "log":
            factor = np.exp(z * error / value)
            return value / factor, value * factor
        if scale == "logit":
            logit, half = np.log(value / (1 - value)), z * error / (value * (1 - value))
            lower, upper = (1 / (1 + np.exp(-(logit + sign * half))) for sign in (-1, 1))
            return lower, upper
    return value - z * error, value + z * error


def model_matrix(fit: Parametric, newdata: Any = None, *, out: Any = None) -> Any:
    """The design: the columns of all parts of the formula side by side.

    Parameters
    ----------
    newdata : DataFrame, optional
        Other rows, with the columns as frozen at the fit; missing values are NaN.
    out : path, optional
        As for `predict`.

    Returns
    -------
    DataFrame; of a formula in parts the names carry the part before them.
    """
    if out is None and elsewhere(fit, newdata) is None:
        return _design(fit, newdata)
    return written(fit, _design, newdata, out)  # type: ignore[arg-type]


def _design(fit: Parametric, newdata: Any) -> pd.DataFrame:
    rows = PredictedRows.of(fit, newdata, "na.pass", "error")  # type: ignore[arg-type]
    names = fit.column_names if fit.terms.parts else fit.design_names
    X = np.concatenate([*collect(rows.source, dense_block), np.empty((0, len(names)))])
    return rows.table(X, names)


@by_rows("residual")
def residuals(fit: Parametric, type: str = "pearson") -> pd.Series:
    """Residuals: Pearson's (y - mean) / sqrt(variance), times sqrt(prior weight), or of the response, y - mean.

    Parameters
    ----------
    type : {"pearson", "response"}
    out : path, optional
        Write them to this file, with the number of each row. Needed where the rows of the fit are files.

    Returns
    -------
    Series (n,)

    Raises
    ------
    ValueError
        An unknown type.
    DataError
        The model holds no training rows.
    """
    if type not in ("pearson", "response"):
        raise ValueError(f"type should be one of 'pearson', 'response'; got {type!r}")
    return fit.rows.labelled(row_residuals(fit, type))


def row_residuals(fit: Parametric, type: str) -> np.ndarray:
    """(n,), in row order."""
    question = partial(
        _block_residuals, fit.likelihood, fit.result.layout, fit.result.solved.parameters, type
    )
    return np.concatenate([np.empty(0), *collect(fit.rows.source, question)])


def each_chunk(
    layout: Layout, parameters: np.ndarray, block: Block, question: Callable[[slice, Etas], Array]
) -> np.ndarray:
    """A value for each row of a block, by its linear predictors."""
    parts = [np.empty(0)]
    with np.errstate(all="ignore"):
        for rows, _, etas in predictors_by_chunk(layout, parameters, block):
            parts.append(question(rows, etas))
    return np.concatenate(parts)


def _block_residuals(
    likelihood: Likelihood, layout: Layout, parameters: np.ndarray, type: str, block: Block
) -> np.ndarray:
    mean, variance = likelihood.mean, likelihood.variance
    assert mean is not None
    assert variance is not None

    def of(rows: slice, etas: Etas) -> Array:
        left = block.y[rows] - mean(etas)
        if type == "response":
            return np.asarray(left)
        weights = 1.0 if block.prior_weights is None else np.sqrt(block.prior_weights[rows])
        return np.asarray(left * weights / np.sqrt(variance(etas)))

    return each_chunk(layout, parameters, block, of)


@by_rows("sim")
def simulate(fit: Parametric, nsim: int = 1, seed: int | None = None) -> pd.DataFrame:
    """Draw `nsim` responses for every row of the fit (the random stream is NumPy's).

    Parameters
    ----------
    nsim : int
    seed : int, optional
        The same seed gives the same draws.
    out : path, optional
        As for `residuals`.

    Returns
    -------
    DataFrame (n, nsim) with columns ``sim_1`` ...
    """
    rng, levels = fit.rows.generator(seed), fit.likelihood.levels
    draw = draws_of(fit)
    drawn = {f"sim_{k + 1}": fit.rows.labelled(draw(rng)) for k in range(nsim)}
    if levels:
        drawn = {name: labelled_categories(places, levels) for name, places in drawn.items()}
    return pd.DataFrame(drawn)


def draws_of(fit: Parametric) -> Callable[[np.random.Generator], Array]:
    """A function that draws a response for each row of the fit.

    Raises
    ------
    ValueError
        The response is counts of categories.
    """
    draw = fit.likelihood.draw
    if draw is None:
        raise ValueError(
            "simulate() draws one category for each row; expected a response of categories, the response of this "
            "model is counts of each: draw from predict(type='probs') with numpy's Generator.multinomial"
        )
    question = partial(_block_etas, fit.result.layout, fit.result.solved.parameters)
    parts = collect(fit.rows.source, question)
    etas = tuple(
        np.asarray(columns[0]) if np.ndim(columns[0]) == 0 else np.concatenate(columns)
        for columns in zip(*parts, strict=True)
    )
    return partial(_drawn_at, draw, etas)


def _drawn_at(
    draw: Callable[[np.random.Generator, Etas], Array], etas: Etas, rng: np.random.Generator
) -> Array:
    return draw(rng, etas)


def _block_etas(layout: Layout, parameters: np.ndarray, block: Block) -> tuple[Array, ...]:
    parts = [etas for _, _, etas in predictors_by_chunk(layout, parameters, block)]
    return tuple(
        np.asarray(columns[0]) if np.ndim(columns[0]) == 0 else np.concatenate(columns)
        for columns in zip(*parts, strict=True)
    )
