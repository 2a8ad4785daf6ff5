"""What each model says in a table of several: its estimates by part and name, and of the fit as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...fitted.coefficients import kept_of, names_of, response_of
from ...fitted.loglik import loglik_of
from ...fitted.protocols import is_mixed, is_parametric, is_single_index
from ...fitted.separation import infinite_names
from ..mixed.varcorr import VarCorr
from ..performance.level_counts import LevelCount, level_counts
from ..wald import Vcov, Wald, df_of

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

Key = tuple[str, str]
"""Part of the model ("" where there is one only) and coefficient."""


RANDOM = "Random effects"
"""The part that their standard deviations and correlations are."""
OBSERVATIONS = "SD (Observations)"
"""The residual standard deviation among them, the last."""


@dataclass(frozen=True)
class Entry:
    """An estimate as a table has it, exponentiated where asked for."""

    estimate: float
    error: float
    statistic: float
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelColumn:
    """One model's share of a table."""

    name: str
    entries: Mapping[Key, Entry]
    aliased: frozenset[Key] = frozenset()
    stats: Mapping[str, float | str | None] = field(default_factory=dict)
    errors: str = ""
    remark: str = ""
    response: str = ""
    counts: Mapping[tuple[str, str], LevelCount] = field(default_factory=dict)
    groups: Mapping[str, float] = field(default_factory=dict)


def keys_of(fit: Fit) -> list[Key]:
    """Part and name of each coefficient: the predictor's, where there are several with coefficients."""
    if not is_parametric(fit):
        return [("", name) for name in names_of(fit)]
    predictors, parts = fit.likelihood.predictors, fit.likelihood.parts
    wide = [k for k, part in enumerate(parts) if part is not None]
    kept = ~fit.aliased
    owner: list[int] = []
    sizes = iter(fit.result.layout.sizes[k] for k in wide)
    # aliased coefficients stand among those of their predictor
    left, current = next(sizes, 0), 0
    for estimated in kept.tolist():
        while estimated and left == 0:
            current, left = current + 1, next(sizes, 0)
        owner.append(wide[min(current, len(wide) - 1)])
        left -= estimated
    design = [fit.design_names[j] for j in fit.result.places.tolist()]
    several = len(wide) > 1
    keys = [(predictors[k] if several else "", name) for k, name in zip(owner, design, strict=True)]
    return keys + [("", name) for name in names_of(fit)[len(keys) :]]  # thresholds


def _entries(fit: Fit, vcov: Vcov, exponentiate: bool, level: float) -> tuple[dict[Key, Entry], str]:
    """All estimates, the constants of a model of several predictors too."""
    wald = Wald.of(fit, vcov)
    df = df_of(fit, vcov)
    keys = [key for key, kept in zip(keys_of(fit), kept_of(fit).tolist()) if kept]
    entries = _made(keys, wald, df, level, exponentiate)
    if is_parametric(fit) and len(names_of(fit)) == len(fit.aliased) and fit.result.constants.any():
        own = fit.result.constants
        constants = Wald((), fit.result.solved.parameters[own], fit.joint_covariance[np.ix_(own, own)])
        names = [("", name) for name in fit.parameter_names[int((~own).sum()) :]]
        entries |= _made(names, constants, math.inf, level, False)
    return entries, wald.errors


def _made(keys: list[Key], wald: Wald, df: float, level: float, exponentiate: bool) -> dict[Key, Entry]:
    table = wald.tests(df)
    low, high = wald.limits(level, df)
    out = {}
    for key, row, a, b in zip(keys, table.tolist(), low.tolist(), high.tolist(), strict=True):
        estimate, error, statistic, p = row
        if exponentiate:
            with np.errstate(over="ignore"):
                ratio = float(np.exp(estimate))
                estimate, error, a, b = ratio, ratio * error, float(np.exp(a)), float(np.exp(b))
        out[key] = Entry(estimate, error, statistic, p, a, b)
    return out


def column_of(
    fit: Fit, name: str, vcov: Vcov, exponentiate: bool, level: float, shown: Callable[[str], bool]
) -> ModelColumn:
    entries, errors = _entries(fit, vcov, exponentiate, level)
    entries |= _variances(fit)
    aliased = frozenset(key for key, kept in zip(keys_of(fit), kept_of(fit).tolist()) if not kept)
    return ModelColumn(
        name,
        {key: entry for key, entry in entries.items() if shown(key[1])},
        aliased,
        errors=errors,
        remark=_remark(fit),
        response=response_of(fit),
    )


def with_whole(column: ModelColumn, fit: Fit, stats: Sequence[str], counts: bool) -> ModelColumn:
    return replace(
        column,
        stats={name: STATS[name][1](fit) for name in stats},
        counts=level_counts(fit) if counts else {},
        groups=_groups(fit) if "groups" in stats else {},
    )


def _groups(fit: Any) -> dict[str, float]:
    """Levels of each grouping factor."""
    return {str(name): float(levels) for name, levels in fit.ngrps.items()} if is_mixed(fit) else {}


def _variances(fit: Any) -> dict[Key, Entry]:
    """Standard deviations and correlations of random effects, by modelsummary's names; they have no standard errors."""
    if not is_mixed(fit):
        return {}
    out: dict[Key, Entry] = {}
    for group, one, other, _, value in VarCorr(fit).frame.itertuples(index=False):
        if pd.isna(one):
            name = OBSERVATIONS
        elif pd.isna(other):
            name = f"SD ({_short(one)} {group})"
        else:
            name = f"Cor ({_short(one)}~{_short(other)} {group})"
        out[(RANDOM, name)] = Entry(value, *(math.nan,) * 5)
    return out


def first_parts_together(fits: Sequence[Any], columns: list[ModelColumn]) -> list[ModelColumn]:
    """Where models without parts stand beside models with, the first part of these shares the rows of those."""
    parted = {fit.likelihood.predictors[0] for fit in fits if is_parametric(fit) and len(fit.terms.parts) > 1}
    if not parted or all(is_parametric(fit) and fit.terms.parts for fit in fits):
        return columns

    def plain(key: Key) -> Key:
        return ("", key[1]) if key[0] in parted else key

    return [
        replace(
            column,
            entries={plain(key): entry for key, entry in column.entries.items()},
            aliased=frozenset(plain(key) for key in column.aliased),
        )
        for column in columns
    ]


def _short(name: str) -> str:
    return "Intercept" if name == "(Intercept)" else name


def univariable_of(
    fit: Any, name: str, vcov: Vcov, exponentiate: bool, level: float, shown: Callable[[str], bool]
) -> ModelColumn:
    """The models of each term alone, on the rows of the whole model."""
    if not (is_single_index(fit) or is_parametric(fit)) or fit.terms.parts:
        raise ValueError(
            f"univariable=True needs models whose terms can be fitted one by one; {fit.formula!r} is none"
        )
    entries: dict[Key, Entry] = {}
    errors = ""
    for k, order in enumerate(fit.terms.order):
        if order > 1:
            continue
        alone = fit.on_terms({0, k + 1})
        found, errors = _entries(alone, vcov, exponentiate, level)
        entries |= {key: entry for key, entry in found.items() if key[1] != "(Intercept)" and shown(key[1])}
    return ModelColumn(name, entries, errors=errors, response=response_of(fit))


def _remark(fit: Any) -> str:
    """What a reader has to know of a model's estimates."""
    limits: Any = None
    names: tuple[str, ...] = ()
    if is_parametric(fit):
        limits, names = fit.result.solved.limits, fit.parameter_names
    elif is_single_index(fit):
        limits, names = fit.result.limits, fit.column_names
    if limits is None or not np.isinf(limits).any():
        return ""
    return f"no finite estimate of {infinite_names(limits, names)}"


def _aic(fit: Fit, penalty: float) -> float:
    value = loglik_of(fit)
    return -2.0 * float(value) + penalty * value.df


def _attribute(name: str) -> Callable[[Any], float | None]:
    def asked(fit: Any) -> float | None:
        value = getattr(fit, name, None)
        return float(value) if isinstance(value, int | float | np.number) else None

    return asked


STATS: dict[str, tuple[str, Callable[[Any], float | None]]] = {
    "nobs": ("Observations", _attribute("nobs")),
    "groups": ("Groups", lambda fit: None),  # a row for each grouping factor
    "df_residual": ("Residual df", _attribute("df_residual")),
    "loglik": ("Log-likelihood", lambda fit: float(loglik_of(fit))),
    "aic": ("AIC", lambda fit: _aic(fit, 2.0)),
    "bic": ("BIC", lambda fit: _aic(fit, math.log(fit.nobs))),
    "deviance": ("Deviance", _attribute("deviance")),
    "r_squared": ("R squared", _attribute("r_squared")),
    "theta": ("Theta", _attribute("theta")),
    "dispersion": ("Dispersion", _attribute("dispersion")),
}
"""What a table says of a fit as a whole: its label, and where it comes from."""


# ---- what maketables, a package of tables for several estimators, asks of a model ----


def coefficient_table(fit: Any) -> pd.DataFrame:
    """Columns ``b se t p ci95l ci95u`` by coefficient, as that package's plug-in format has them."""
    entries, _ = _entries(fit, None, False, 0.95)
    rows = {
        ": ".join(part for part in key if part): (e.estimate, e.error, e.statistic, e.p, e.low, e.high)
        for key, e in entries.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["b", "se", "t", "p", "ci95l", "ci95u"])
    return table.rename_axis("Coefficient")


STAT_KEYS = {
    "N": "nobs",
    "ll": "loglik",
    "aic": "aic",
    "bic": "bic",
    "r2": "r_squared",
    "deviance": "deviance",
}
"""That package's names of what is said of a fit as a whole."""


def whole_statistic(fit: Any, key: str) -> float | None:
    """One of `STAT_KEYS`; None for anything else."""
    return STATS[STAT_KEYS[key]][1](fit) if key in STAT_KEYS else None
