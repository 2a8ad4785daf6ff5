"""Analysis of deviance: the terms of one model in sequence, or several nested models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...errors import GLMFormulaWarning, give_warning
from ...fitted.protocols import Parametric, SingleIndex, is_model, is_parametric, no_model, require
from ...render.anova import models_heading, sequential_heading
from ...render.table import StatTable
from ..dispersion import dispersion as estimated_dispersion
from ..distributions import chisq_upper, f_upper
from . import likelihood_ratio
from .compared_models import check_same_rows, of_one_response
from .score import score_statistic

TESTS = ("Rao", "LRT", "Chisq", "F", "Cp")


def anova(
    fit: SingleIndex | Parametric,
    *others: Any,
    test: str | bool | None = None,
    dispersion: float | None = None,
) -> StatTable:
    """Analysis of deviance table.

    Parameters
    ----------
    fit : GLM
        One model: its terms are added one after another, each step a new fit.
    *others : GLM
        With more models: each is compared with the one before it.
    test : {"Chisq", "LRT", "F", "Rao", "Cp"}, False or None
        None picks as R >= 4.4: "F" where the dispersion is estimated, "Chisq" where it is known (or given).
    dispersion : float, optional
        phi used by the test; default: that of the model (of several: of the one with fewest residual df).

    Returns
    -------
    StatTable
        R's columns: Df, Deviance, Resid. Df, Resid. Dev (several models: Resid. Df, Resid. Dev, Df, Deviance),
        Rao with ``test="Rao"``, then the statistic and its probability.

    Raises
    ------
    FitError
        The models are not fitted to the same number (or, where both are known, the same labels) of rows.
    ValueError
        `test` is not one of R's.

    Notes
    -----
    A model of several linear predictors has likelihood ratio tests (MASS's and nnet's table of several models).

    R's ``anova.glm`` and ``anova.glmlist`` (McCullagh & Nelder 1989, section 2.3). F divides the mean deviance
    by phi; Rao's statistic is the score test at the smaller model.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.anova()
    Analysis of Deviance Table
    <BLANKLINE>
    Model: binomial, link: logit
    <BLANKLINE>
    Response: left
    <BLANKLINE>
    Terms added sequentially (first to last)
    <BLANKLINE>
    <BLANKLINE>
                   Df Deviance Resid. Df Resid. Dev Pr(>Chi)
    NULL                             499     192.58
    overtime_hours  1   5.5117       498     187.07  0.01889 *
    salary          1   0.9465       497     186.13  0.33062
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    >>> small = fit.update(". ~ . - salary")
    >>> small.anova(fit).round(3)
       Resid. Df  Resid. Dev   Df  Deviance  Pr(>Chi)
    1      498.0     187.072  NaN       NaN       NaN
    2      497.0     186.126  1.0     0.946     0.331
    """
    for other in others:
        if not is_model(other):
            raise no_model(other, "anova() of several models")
    if is_parametric(fit):
        for other in others:
            require(
                other,
                Parametric,
                "anova() of several models",
                "lrtest() compares models by their likelihoods",
            )
        return likelihood_ratio.anova([fit, *others]) if others else likelihood_ratio.sequential(fit)
    name = _test_name(test)
    for other in others:
        require(other, SingleIndex, "anova() of several models", "lrtest() and waldtest() compare models")
    if others:
        return _several([fit, *others], name, dispersion)
    return _sequential(fit, name, dispersion)


def _test_name(test: str | bool | None) -> str | None:
    """The test's name, '' for none, None for R's own choice."""
    if test is None:
        return None
    if test is False:
        return ""
    matches = [t for t in TESTS if isinstance(test, str) and test and t.startswith(test)]
    if test in TESTS:
        return str(test)
    if len(matches) == 1:
        return matches[0]
    raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}, False or None; got {test!r}")


def _sequential(fit: SingleIndex, test: str | None, phi: float | None) -> StatTable:
    labels = list(fit.terms.labels)
    steps = [fit.on_terms(range(k + 1)) for k in range(1, len(labels))]
    resid_df = [fit.df_null, *(s.df_residual for s in steps)]
    resid_dev = [fit.null_deviance, *(s.deviance for s in steps)]
    if labels:
        resid_df.append(fit.df_residual)
        resid_dev.append(fit.deviance)
    table = {
        "Df": _differences(resid_df, sign=-1),
        "Deviance": np.maximum(_differences(resid_dev, sign=-1), 0),
        "Resid. Df": np.asarray(resid_df, dtype=float),
        "Resid. Dev": np.asarray(resid_dev, dtype=float),
    }
    if test == "Rao":
        path = [fit.on_terms(range(1)), *steps, fit] if labels else [fit]
        statistics = [score_statistic(a, b) for a, b in zip(path, path[1:], strict=False)]
        table["Rao"] = np.array([math.nan, *statistics])
    heading = sequential_heading(fit.family.name, fit.family.link.name, fit.response_name)
    return _tested(table, ["NULL", *labels], heading, test, phi, fit, df_scale=fit.test_df)


def _several(fits: list[SingleIndex], test: str | None, phi: float | None) -> StatTable:
    fits = of_one_response(fits)
    check_same_rows(fits)
    if len(fits) == 1:
        return _sequential(fits[0], test, phi)
    resid_df = np.array([f.df_residual for f in fits], dtype=float)
    resid_dev = np.array([f.deviance for f in fits])
    table = {
        "Resid. Df": resid_df,
        "Resid. Dev": resid_dev,
        "Df": _differences(resid_df, sign=-1),
        "Deviance": _differences(resid_dev, sign=-1),
    }
    if test == "Rao":
        statistics = [_signed_score(a, b) for a, b in zip(fits, fits[1:], strict=False)]
        table["Rao"] = np.array([math.nan, *statistics])
    heading = models_heading([f.formula for f in fits])
    big = fits[int(np.argmin(resid_df))]
    return _tested(
        table, [str(k + 1) for k in range(len(fits))], heading, test, phi, big, df_scale=big.test_df
    )


def _tested(
    table: dict[str, np.ndarray],
    rows: list[str],
    heading: tuple[str, ...],
    test: str | None,
    phi: float | None,
    model: SingleIndex,
    df_scale: float,
) -> StatTable:
    """The table with R's statistic and probability columns, as ``stat.anova``."""
    fixed = model.family.fixed_dispersion is not None
    if test is None:
        test = "Chisq" if fixed or phi is not None else "F"
    if test == "F" and df_scale == 0:
        test = ""
    if not test:
        return StatTable(pd.DataFrame(table, index=rows), kind="anova", heading=heading)
    scale = estimated_dispersion(model) if phi is None else phi
    if test == "F" and math.isinf(df_scale):
        give_warning(f"using F test with a '{model.family.name}' family is inappropriate", GLMFormulaWarning)
    df, change = table["Df"], table["Rao" if test == "Rao" else "Deviance"]
    if test == "Cp":
        table["Cp"] = table["Resid. Dev"] + 2 * scale * (model.nobs_rows - table["Resid. Df"])
    elif test == "F":
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(df == 0, np.nan, change / df / scale)
        statistic = np.where(statistic < 0, np.nan, statistic)
        table["F"] = statistic
        table["Pr(>F)"] = f_upper(statistic, np.abs(df), df_scale)
    else:
        statistic = np.where(df == 0, np.nan, change / scale * np.sign(df))
        table["Pr(>Chi)"] = chisq_upper(np.where(statistic < 0, np.nan, statistic), np.abs(df))
    return StatTable(pd.DataFrame(table, index=rows), kind="anova", heading=heading)


def _differences(values: Sequence[float] | np.ndarray, sign: int) -> np.ndarray:
    return np.concatenate([[np.nan], sign * np.diff(np.asarray(values, dtype=float))])


def _signed_score(first: SingleIndex, second: SingleIndex) -> float:
    if first.df_residual > second.df_residual:
        return score_statistic(first, second)
    value = score_statistic(second, first)
    return -value if first.df_residual < second.df_residual else value
