"""Predictions, their standard errors and intervals, on the training rows or new ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...design.build import NewData, design_for
from ...design.dense import column_sums, dense, sparse
from ...design.selection import positions
from ...engine.bordered import WIDE
from ...engine.columns import linear_predictor
from ...engine.covariance import BorderedCovariance
from ...engine.rows import quadratic_forms
from ...errors import RankWarning, choice, give_warning
from ...fitted.coefficients import over_all
from ...sources.base import Block, Source
from ...sources.mapped import collect
from ...sources.memory import MemorySource
from ..distributions import quantile
from ..wald import Vcov, covariance_of
from .output import elsewhere, written
from .prediction_interval import predictive_limits

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

TYPES = ("link", "response", "terms")
INTERVALS = (None, "confidence", "prediction")
ESTIMABLE = 1e-6  # relative size of a row's part in the null space, as R's predict.lm


def predict(
    fit: SingleIndex,
    newdata: Any = None,
    type: str = "link",
    se_fit: bool = False,
    *,
    dispersion: float | None = None,
    terms: Any = None,
    interval: str | None = None,
    level: float = 0.95,
    na_action: str = "na.pass",
    new_levels: str = "error",
    vcov: Vcov = None,
    out: Any = None,
) -> Any:
    """Predictions from a fitted model, R's ``predict.glm``.

    Parameters
    ----------
    newdata : DataFrame, optional
        Rows to predict, coded as frozen at the fit; ``offset()`` terms and ``offset=`` given as text are
        evaluated in it. Default: the training rows.
    type : {"link", "response", "terms"}
        Linear predictor, mean, or each term's contribution centred at the training means (link scale).
    se_fit : bool
        Add standard errors: sqrt(x' V x), times |dmu/deta| on the response scale (delta method).
    dispersion : float, optional
        phi for the standard errors; default: the summary's.
    terms : str, int, list of them or mask, optional
        With ``type="terms"``: only these, by label, position (from 0) or a boolean for each.
    interval : {None, "confidence", "prediction"}
        Confidence: for the mean, made on the link scale and carried over. Prediction: for a new response of
        unit weight (gaussian: R's ``predict.lm``; others: quantiles of the family's distribution, mixed over
        the uncertainty of eta). Student's t where phi is estimated, else normal.
    level : float
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
    for a rank-deficient fit). ``type="terms"``: a DataFrame with a column for each term, the constant in
    ``.attrs["constant"]``; with `se_fit` its columns are ``("fit", term)`` and ``("se_fit", term)``. For rows
    in files the path, for a Dask DataFrame one that is computed when asked for.

    Raises
    ------
    DataError
        A variable is missing, of another type, or has an unseen level.
    ValueError
        An unknown type, interval or level; arguments that exclude each other.

    Warns
    -----
    RankWarning
        Some rows are not estimable from a rank-deficient fit; they are NaN (R gives a number).

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> new = {"overtime_hours": [2, 10]}
    >>> fit.predict(new).round(3)
    0   -4.211
    1   -2.683
    dtype: float64
    >>> fit.predict(new, type="response", se_fit=True).round(3)
         fit  se_fit
    0  0.015   0.009
    1  0.064   0.014
    >>> fit.predict(new, type="response", interval="confidence").round(3)
         fit    lwr    upr
    0  0.015  0.005  0.046
    1  0.064  0.042  0.096
    """
    choice("type", type, TYPES)
    choice("interval", interval, INTERVALS)
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if out is not None or elsewhere(fit, newdata) is not None:
        question = partial(
            _predicted,
            type=type,
            se_fit=se_fit,
            dispersion=dispersion,
            terms=terms,
            interval=interval,
            level=level,
            na_action=na_action,
            new_levels=new_levels,
            vcov=None if vcov is None else covariance_of(fit, vcov),
        )
        return written(fit, question, newdata, out, terms=type == "terms")
    rows = PredictedRows.of(fit, newdata, na_action, new_levels)
    phi = fit.dispersion if dispersion is None or dispersion == 0 else float(dispersion)
    if type == "terms":
        if interval is not None:
            raise ValueError("interval goes with type='link' or 'response'; type='terms' has se_fit")
        return _terms(fit, rows, terms, _covariance(fit, phi, vcov) if se_fit else None)
    want_se = se_fit or interval is not None
    eta, se, estimable = rows.predict(fit, _covariance(fit, phi, vcov) if want_se else None)
    columns: dict[str, np.ndarray] = {}
    if type == "response":
        with np.errstate(invalid="ignore"):
            columns["fit"] = fit.response((eta,))
            if se is not None and se_fit:
                columns["se_fit"] = se * np.abs(fit.jacobian((eta,))[0])
    else:
        columns["fit"] = eta
        if se is not None and se_fit:
            columns["se_fit"] = se
    if interval is not None and se is not None:
        columns["lwr"], columns["upr"] = _limits(fit, eta, se, phi, type, interval, level)
    if not se_fit and interval is None:
        return rows.series(columns["fit"])
    if estimable is not None:
        columns["estimable"] = estimable
    return rows.frame(columns)


def _predicted(fit: SingleIndex, newdata: Any, **options: Any) -> pd.Series | pd.DataFrame:
    """`predict` of rows in memory."""
    answer: pd.Series | pd.DataFrame = predict(fit, newdata, **options)
    return answer


def model_matrix(fit: SingleIndex, newdata: Any = None, *, out: Any = None) -> Any:
    """The design, R's ``model.matrix``.

    Parameters
    ----------
    newdata : DataFrame, optional
        Other rows, with the columns as frozen at the fit; missing values are NaN.
    out : path, optional
        As for `predict`.

    Returns
    -------
    DataFrame (n, p); for rows in files the path, for a Dask DataFrame one that is computed when asked for.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.model_matrix({"overtime_hours": [2, 10]})
       (Intercept)  overtime_hours
    0          1.0             2.0
    1          1.0            10.0
    """
    if out is None and elsewhere(fit, newdata) is None:
        return _design(fit, newdata)
    return written(fit, _design, newdata, out)


def _design(fit: SingleIndex, newdata: Any) -> pd.DataFrame:
    rows = PredictedRows.of(fit, newdata, "na.pass", "error")
    X = np.concatenate([*collect(rows.source, dense_block), np.empty((0, len(fit.column_names)))])
    return rows.table(X, fit.column_names)


def column_means(source: Source, ncols: int) -> np.ndarray:
    """Unweighted means of the design's columns over the rows of a source."""
    total, count = source.map_reduce(_column_sums, _add_pairs)
    return total / count if count else np.full(ncols, np.nan)


class PredictedRows:
    """The rows to predict for: a source of blocks, and how to label what comes out."""

    def __init__(self, source: Source, label: Callable[[np.ndarray], pd.Series], training: bool) -> None:
        self.source, self.series, self.training = source, label, training

    @classmethod
    def of(cls, fit: SingleIndex, newdata: Any, na_action: str, new_levels: str) -> PredictedRows:
        if newdata is None:
            return cls(fit.rows.source, fit.rows.labelled, True)
        new: NewData = design_for(fit.schema, newdata, na_action=na_action, new_levels=new_levels)
        nothing = np.broadcast_to(np.float64(0), (new.design.nrows,))
        source = MemorySource(new.design, nothing, offset=new.offset)
        return cls(source, partial(pd.Series, index=new.index), False)

    def frame(self, columns: dict[Any, np.ndarray]) -> pd.DataFrame:
        made = {name: self.series(values) for name, values in columns.items()}
        index = next(iter(made.values())).index
        return pd.DataFrame({name: series.to_numpy() for name, series in made.items()}, index=index)

    def table(self, values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
        """A column for each name, also where there is none; `values` (n, len(names))."""
        index = self.series(np.zeros(len(values))).index
        columns = {k: self.series(column).to_numpy() for k, column in enumerate(values.T)}
        return pd.DataFrame(columns, index=index).set_axis(list(names), axis=1)

    def predict(
        self, fit: SingleIndex, cov: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """eta, its standard error (with `cov`), and whether each row is estimable (None: all are, full rank)."""
        aliased = fit.aliased
        check = bool(aliased.any()) and not self.training
        null = fit.result.null_space if check else None
        parts = collect(self.source, partial(_predict_block, fit.result.coefficients, cov, null))
        eta = np.concatenate([np.empty(0), *(p[0] for p in parts)])
        se = None if cov is None else np.concatenate([np.empty(0), *(p[1] for p in parts)])
        if not check:
            return eta, se, None
        estimable = np.concatenate([np.empty(0, dtype=bool), *(p[2] for p in parts)])
        lost = ~estimable & ~np.isnan(eta)
        if lost.any():
            give_warning(
                f"prediction from rank-deficient fit: {int(lost.sum())} of {len(lost)} rows are not estimable "
                f"and are NaN (first: {', '.join(map(str, np.flatnonzero(lost)[:5]))}, counted from 0); they "
                "need a combination of "
                f"{', '.join(np.asarray(fit.column_names, dtype=object)[aliased])} that the data never had",
                RankWarning,
            )
            eta = np.where(estimable, eta, np.nan)
            se = None if se is None else np.where(estimable, se, np.nan)
        return eta, se, estimable


def _limits(
    fit: SingleIndex, eta: np.ndarray, se: np.ndarray, phi: float, type: str, interval: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limits on the scale of `type`."""
    df = fit.test_df
    if interval == "prediction":
        lower, upper = predictive_limits(fit.family, eta, se, phi, df, level)
        if type == "link":
            lower, upper = fit.family.link.linkfun(lower), fit.family.link.linkfun(upper)
    else:
        half = quantile((1 + level) / 2, df) * se
        lower, upper = eta - half, eta + half
        if type == "response":
            with np.errstate(invalid="ignore"):
                lower, upper = fit.family.link.linkinv(lower), fit.family.link.linkinv(upper)
    return np.minimum(lower, upper), np.maximum(lower, upper)


def _terms(fit: SingleIndex, rows: PredictedRows, chosen: Any, kept_cov: np.ndarray | None) -> pd.DataFrame:
    places = positions(chosen, fit.terms.labels, "term")
    wanted = [fit.terms.labels[k] for k in places]
    beta = np.nan_to_num(fit.result.coefficients)
    kept = ~fit.aliased
    centre = fit.column_means if fit.terms.intercept else np.zeros(len(beta))
    cov = None
    wide = isinstance(kept_cov, BorderedCovariance) or (kept_cov is None and len(beta) > WIDE)
    if kept_cov is not None and not wide:
        cov = over_all(kept_cov, kept, 0.0)
    columns = [np.flatnonzero(fit.assign == 1 + k) for k in places]
    question: Callable[[Block], Any] = partial(_terms_block, columns, centre, beta, cov)
    if wide:
        question = partial(_wide_terms_block, columns, centre, beta, np.flatnonzero(kept), kept_cov)
    parts = collect(rows.source, question)
    empty = np.empty((0, len(wanted)))
    values = np.concatenate([empty, *(p[0] for p in parts)])
    out = rows.table(values, wanted)
    if kept_cov is not None:
        errors = np.concatenate([empty, *(p[1] for p in parts)])
        se = rows.table(errors, wanted)
        out = pd.concat({"fit": out, "se_fit": se}, axis=1)
    out.attrs["constant"] = float(centre @ beta) if fit.terms.intercept else 0.0
    return out


def _covariance(fit: SingleIndex, phi: float, vcov: Vcov) -> np.ndarray:
    return phi * fit.result.cov_unscaled if vcov is None else covariance_of(fit, vcov)


def dense_block(block: Block) -> np.ndarray:
    return dense(block.design)


def _column_sums(block: Block) -> tuple[np.ndarray, int]:
    design = block.design
    wide = design.ncols > WIDE
    return column_sums(design) if wide else dense(design).sum(axis=0), design.nrows


def _add_pairs(a: tuple[np.ndarray, int], b: tuple[np.ndarray, int]) -> tuple[np.ndarray, int]:
    return a[0] + b[0], a[1] + b[1]


def _predict_block(
    beta: np.ndarray, cov: Any, null: Any, block: Block
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    eta = linear_predictor(block.design, np.where(np.isnan(beta), 0.0, beta), block.offset)
    if cov is None and null is None:
        return eta, None, None
    se = estimable = None
    if isinstance(cov, BorderedCovariance):
        wide = sparse(block.design)
        se = np.sqrt(cov.quadratic(wide[:, np.flatnonzero(~np.isnan(beta))]))
        if null is not None:
            size = np.sqrt(wide.multiply(wide).sum(axis=1))
            part = sp.csr_array(wide @ sp.csr_array(null))
            reach = np.sqrt(part.multiply(part).sum(axis=1))
            estimable = reach < ESTIMABLE * np.maximum(size, np.finfo(float).tiny)
        return eta, se, estimable
    if cov is not None:
        se = np.sqrt(quadratic_forms(block.design, over_all(cov, ~np.isnan(beta), 0.0)))
    if null is not None:
        X = dense(block.design)
        size = np.sqrt(np.einsum("ij,ij->i", X, X))
        estimable = np.linalg.norm(X @ null, axis=1) < ESTIMABLE * np.maximum(size, np.finfo(float).tiny)
    return eta, se, estimable


def _wide_terms_block(
    columns: list[np.ndarray], centre: np.ndarray, beta: np.ndarray, kept: np.ndarray, cov: Any, block: Block
) -> tuple[np.ndarray, np.ndarray | None]:
    """The same where the columns are too many to be formed."""
    X = sparse(block.design)
    values = np.empty((X.shape[0], len(columns)))
    errors = None if cov is None else np.empty_like(values)
    for k, where in enumerate(columns):
        values[:, k] = X[:, where] @ beta[where] - centre[where] @ beta[where]
        if errors is not None:
            own = np.isin(kept, where)
            middle = np.where(own, centre[kept], 0.0)
            along = cov @ middle
            part = X[:, kept] @ sp.diags_array(own.astype(float))
            squares = cov.quadratic(part) - 2 * (part @ along) + middle @ along
            errors[:, k] = np.sqrt(np.maximum(squares, 0.0))
    return values, errors


def _terms_block(
    columns: list[np.ndarray], centre: np.ndarray, beta: np.ndarray, cov: np.ndarray | None, block: Block
) -> tuple[np.ndarray, np.ndarray | None]:
    X = dense(block.design) - centre
    values = np.empty((len(X), len(columns)))
    errors = None if cov is None else np.empty_like(values)
    for k, where in enumerate(columns):
        part = X[:, where]
        values[:, k] = part @ beta[where]
        if errors is not None and cov is not None:
            errors[:, k] = np.sqrt(np.einsum("ij,ij->i", part @ cov[np.ix_(where, where)], part))
    return values, errors
