"""Tables over many fits of one formula: coefficients, tests, whole-fit numbers, predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..design.build import design_for
from ..design.dense import dense
from ..errors import DataError, GLMFormulaError, nearest
from ..frame.columns import as_frame
from ..frame.newdata import columns_of
from .distributions import quantile, two_sided
from .means.adjust import p_adjust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..families import Family
    from ..fitted.many import Together
    from ..fitted.protocols import SingleIndex

ADJUSTMENTS = ("BH", "fdr", "BY", "holm", "hochberg", "hommel", "bonferroni", "none")
GLANCE = ("null_deviance", "df_null", "logLik", "AIC", "BIC", "deviance", "df_residual", "nobs")


class OneFit(Protocol):
    """A group that was fitted by itself."""

    @property
    def fit(self) -> SingleIndex | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def failed(self) -> bool: ...
    @property
    def rows(self) -> int: ...


class Many(Protocol):
    """Fits of one formula to groups of rows."""

    @property
    def by(self) -> tuple[str, ...]: ...
    @property
    def groups(self) -> pd.DataFrame: ...
    @property
    def index(self) -> pd.Index: ...
    @property
    def family(self) -> Family: ...
    @property
    def together(self) -> tuple[Together, ...]: ...
    @property
    def ones(self) -> Mapping[int, OneFit]: ...
    @property
    def rows(self) -> Callable[[int | None], pd.DataFrame]: ...


def dispersions(many: Many, part: Together) -> np.ndarray:
    """phi of each group, as `summary` takes it."""
    fixed = many.family.fixed_dispersion
    if fixed is not None:
        return np.full(len(part.groups), fixed)
    return np.asarray(part.fits.pearson / (part.rows - len(part.names)))


def coefficients(many: Many) -> pd.DataFrame:
    """Coefficients (groups, names), NaN where there is none."""
    fits = [one.fit for one in many.ones.values() if one.fit is not None and not one.failed]
    each: list[tuple[str, ...]] = [
        *(part.names for part in many.together),
        *(fit.column_names for fit in fits),
    ]
    longest_first = dict.fromkeys(name for own in sorted(each, key=len, reverse=True) for name in own)
    names = {name: place for place, name in enumerate(longest_first)}
    out = np.full((len(many.groups), len(names)), np.nan)
    for part in many.together:
        places = np.array([names[name] for name in part.names])
        out[np.ix_(part.groups, places)] = part.fits.coefficients
    for group, one in many.ones.items():
        if one.fit is not None and not one.failed:
            out[group, [names[name] for name in one.fit.column_names]] = one.fit.coefficients.to_numpy()
    return pd.DataFrame(out, index=many.index, columns=list(names))


def tidy(many: Many, conf_int: bool, conf_level: float, exponentiate: bool, adjust: str) -> pd.DataFrame:
    """As ``GLMs.tidy``."""
    if not isinstance(adjust, str) or adjust not in ADJUSTMENTS:
        raise ValueError(f"adjust must be one of {', '.join(map(repr, ADJUSTMENTS))}; got {adjust!r}")
    if isinstance(conf_level, bool) or not isinstance(conf_level, int | float) or not 0 < conf_level < 1:
        raise ValueError(f"conf_level must be a number between 0 and 1; got {conf_level!r}")
    parts = list(_rows_of(many, conf_int, conf_level))
    out = pd.concat(parts, ignore_index=True).sort_values("(group)", kind="stable", ignore_index=True)
    adjusted = out.groupby("term", dropna=True)["p_value"].transform(lambda p: p_adjust(p.to_numpy(), adjust))
    out.insert(list(out).index("p_value") + 1, "p_adjusted", adjusted)
    if exponentiate:
        ratios = out.columns.intersection(["estimate", "conf_low", "conf_high"])
        out[ratios] = np.exp(out[ratios])
    keys = many.groups.iloc[out.pop("(group)").to_numpy()].reset_index(drop=True)
    reasons = out.pop("reason")
    return pd.concat([keys, out, reasons], axis=1)


def _rows_of(many: Many, conf_int: bool, level: float) -> Iterator[pd.DataFrame]:
    for part in many.together:
        g, p = part.fits.coefficients.shape
        error = np.sqrt(dispersions(many, part)[:, None] * np.einsum("gjj->gj", part.fits.cov_unscaled))
        fixed = many.family.fixed_dispersion is not None
        df = np.full(g, math.inf) if fixed else (part.rows - p).astype(float)
        groups, names = np.repeat(part.groups, p), np.tile(np.array(part.names, dtype=object), g)
        yield _tests(
            groups,
            names,
            part.fits.coefficients.ravel(),
            error.ravel(),
            np.repeat(df, p),
            "",
            conf_int,
            level,
        )
    for group, one in many.ones.items():
        if one.fit is None or one.failed:
            nothing = np.full(1, math.nan)
            none = np.array([None], dtype=object)
            yield _tests(np.array([group]), none, nothing, nothing, nothing, one.reason, conf_int, level)
            continue
        fit = one.fit
        error = np.full(len(fit.column_names), math.nan)
        error[~fit.aliased] = np.sqrt(np.diag(fit.covariance))
        p = len(error)
        df = np.full(p, fit.test_df if fit.test_df > 0 else math.nan)
        names = np.array(fit.column_names, dtype=object)
        yield _tests(
            np.full(p, group), names, fit.coefficients.to_numpy(), error, df, one.reason, conf_int, level
        )


def _tests(
    groups: np.ndarray,
    names: np.ndarray,
    estimate: np.ndarray,
    error: np.ndarray,
    df: np.ndarray,
    reason: str,
    conf_int: bool,
    level: float,
) -> pd.DataFrame:
    error = np.where(np.isnan(df), math.nan, error)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / error
    p_value = np.full(len(df), math.nan)
    for one in np.unique(df[~np.isnan(df)]):
        rows = df == one
        p_value[rows] = two_sided(statistic[rows], float(one))
    out = pd.DataFrame(
        {
            "(group)": groups,
            "term": pd.Series(names, dtype=object),
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "p_value": p_value,
        }
    )
    if conf_int:
        half = quantile((1 + level) / 2, math.inf) * error  # as R's confint.default, of t tests too
        out["conf_low"], out["conf_high"] = estimate - half, estimate + half
    out["reason"] = reason
    return out


def glance(many: Many) -> pd.DataFrame:
    """As ``GLMs.glance``."""
    family, g = many.family, len(many.groups)
    out = {name: np.full(g, math.nan) for name in GLANCE}
    converged, reason = np.ones(g, dtype=bool), np.full(g, "", dtype=object)
    for part in many.together:
        fits, p = part.fits, len(part.names)
        intercept = part.schema.terms.intercept
        k = p + family.extra_df
        own = {
            "null_deviance": fits.null_deviance,
            "df_null": part.rows - int(intercept),
            "logLik": -fits.minus2_loglik / 2,
            "AIC": fits.minus2_loglik + 2 * k,
            "BIC": fits.minus2_loglik + np.log(part.rows) * k,
            "deviance": fits.deviance,
            "df_residual": part.rows - p,
            "nobs": part.rows,
        }
        for name, values in own.items():
            out[name][part.groups] = values
    for group, one in many.ones.items():
        reason[group], converged[group] = one.reason, one.fit is not None and one.fit.converged
        out["nobs"][group] = one.rows
        if one.fit is not None:
            fit = one.fit
            values = (fit.null_deviance, fit.df_null, float(fit.loglik), fit.aic, fit.bic, fit.deviance)
            for name, value in zip(GLANCE, (*values, fit.df_residual, fit.nobs), strict=True):
                out[name][group] = value
    table = pd.DataFrame(out)
    counts = dict.fromkeys(("df_null", "df_residual", "nobs"), "Int64")
    return pd.concat(
        [many.groups, table.astype(counts), pd.DataFrame({"converged": converged, "reason": reason})], axis=1
    )


def predict(many: Many, newdata: Any, type: str, se_fit: bool, new_levels: str) -> Any:
    """As ``GLMs.predict``."""
    if type not in ("link", "response"):
        raise ValueError(
            f"type should be 'link' or 'response' of all groups; got {type!r}, which fits[group].predict() may know"
        )
    data = many.rows(None) if newdata is None else as_frame(newdata)
    for name in many.by:
        if name not in data.columns:
            raise DataError(f"newdata has no column '{name}', which by= names{nearest(name, data.columns)}")
    numbers = _numbers(many, data)
    fit, error = np.full(len(data), math.nan), np.full(len(data), math.nan)
    for part in many.together:
        place = np.full(len(many.groups) + 1, -1)
        place[part.groups] = np.arange(len(part.groups))
        rows = np.flatnonzero(place[numbers] >= 0)
        if not len(rows):
            continue
        which = place[numbers[rows]]
        X, offset = _design(part.schema, data.iloc[rows], new_levels)
        eta = np.einsum("ij,ij->i", X, part.fits.coefficients[which])
        fit[rows] = eta if offset is None else eta + offset
        if se_fit:
            scale = np.sqrt(dispersions(many, part))[which]
            error[rows] = scale * np.sqrt(np.einsum("ij,ijk,ik->i", X, part.fits.cov_unscaled[which], X))
    for group, one in many.ones.items():
        rows = np.flatnonzero(numbers == group)
        if one.fit is None or one.failed or not len(rows):
            continue
        X, offset = _design(one.fit.schema, data.iloc[rows], new_levels)
        beta = one.fit.coefficients.to_numpy()
        eta = X[:, ~one.fit.aliased] @ beta[~one.fit.aliased]
        fit[rows] = eta if offset is None else eta + offset
        if se_fit:
            own = X[:, ~one.fit.aliased]
            error[rows] = np.sqrt(np.einsum("ij,jk,ik->i", own, one.fit.covariance, own))
    if type == "response":
        link, known = many.family.link, ~np.isnan(fit)
        eta = fit[known]
        error[known] *= np.abs(link.mu_eta(eta))
        fit[known] = link.linkinv(eta)
    if se_fit:
        return pd.DataFrame({"fit": fit, "se_fit": error}, index=data.index)
    return pd.Series(fit, index=data.index)


def _numbers(many: Many, data: pd.DataFrame) -> np.ndarray:
    """The group of each row, -1 where it is none that was fitted."""
    own = many.index
    keys = pd.Index(data[many.by[0]]) if len(many.by) == 1 else pd.MultiIndex.from_frame(data[list(many.by)])
    return np.asarray(own.get_indexer(keys))


def _design(schema: Any, rows: pd.DataFrame, new_levels: str) -> tuple[np.ndarray, np.ndarray | None]:
    data = rows[[name for name in rows.columns if name in columns_of(schema)]]
    try:
        new = design_for(schema, data, new_levels=new_levels)
    except GLMFormulaError as error:
        error.add_note("in groups that were fitted by by=: new_levels='na' gives NaN there")
        raise
    return dense(new.design), new.offset
