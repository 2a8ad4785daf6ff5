"""The table that ``drop1`` and ``add1`` share: a model and those that differ from it by one term."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...engine.nested import Columns, Nested
from ...errors import ConvergenceWarning, FitError, GLMFormulaWarning, give_warning
from ...families.distributions import NORMAL
from ...formula.lines import formula_lines
from ...render.anova import scope_heading
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from .extract_aic import extract_aic

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

TESTS = ("none", "Rao", "LRT", "Chisq", "F")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a table compares.

    Attributes
    ----------
    what : {'deletions', 'additions'}
    labels : sequence of str
        The terms, in the rows' order.
    rank, deviance : ndarray (1 + len(labels),)
        Of the model itself, then of the others.
    score : ndarray (1 + len(labels),) or None
        Rao's statistics, not divided by the dispersion; the first is not used.
    n : int
        Rows of non-zero weight.
    """

    what: str
    labels: Sequence[str]
    rank: np.ndarray
    deviance: np.ndarray
    score: np.ndarray | None
    n: int


def comparison(
    what: str,
    base: SingleIndex | Nested,
    models: Mapping[str, Nested],
    scores: Iterable[float] | None,
    n: int,
) -> Comparison:
    """Of a model with those that differ from it by a term, by its label; `scores` where Rao's test is asked for."""
    every = [base, *models.values()]
    return Comparison(
        what,
        list(models),
        np.array([model.rank for model in every]),
        np.array([model.deviance for model in every]),
        None if scores is None else np.array([math.nan, *scores]),
        n,
    )


def test_name(test: str | bool | None) -> str:
    """One of R's tests, "LRT" for "Chisq"; a unique beginning will do, None and False are "none"."""
    if test is None or test is False:
        return "none"
    matches = [name for name in TESTS if isinstance(test, str) and test and name.startswith(test)]
    if len(matches) != 1:
        raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}; got {test!r}")
    return "LRT" if matches[0] == "Chisq" else matches[0]


def fit_one(columns: Columns, terms: frozenset[int], described: str, cold: bool = False) -> Nested:
    """A sub-model; its warnings and errors say which one it is ('without ‘x’')."""
    try:
        fit = columns.fit(terms, cold)
    except FitError as error:
        raise FitError(f"the model {described} could not be fitted: {error}") from error
    for message in fit.messages:
        give_warning(f"{message} (the model {described})", ConvergenceWarning)
    return fit


def single_term_table(fit: SingleIndex, compared: Comparison, test: str, k: float, scale: float) -> StatTable:
    """R's columns: Df, Deviance, AIC (where there is one), and those of the test.

    `scale` above 0 takes the place of the dispersion.
    """
    deviance, rank = compared.deviance, compared.rank
    dispersion = scale if scale > 0 else fit.dispersion
    criterion = _criterion(fit, deviance, compared.n, scale, dispersion)
    sign = -1 if compared.what == "deletions" else 1
    df = sign * (rank - rank[0]).astype(float)
    df[0] = math.nan
    table = pd.DataFrame({"Df": df, "Deviance": deviance}, index=["<none>", *compared.labels])
    aic = criterion + k * rank
    aic += extract_aic(fit, scale, k).aic - aic[0]
    if not np.isnan(aic).all():
        table["AIC"] = aic
    scaled = dispersion != 1
    if test == "LRT":
        change = np.maximum(sign * (criterion[0] - criterion), 0.0)
        change[0] = math.nan
        table["scaled dev." if scaled else "LRT"] = change
        table["Pr(>Chi)"] = chisq_upper(change, df)
    elif test == "Rao" and compared.score is not None:
        score = np.maximum(compared.score, 0.0) / dispersion
        score[0] = math.nan
        table["scaled Rao sc." if scaled else "Rao score"] = score
        table["Pr(>Chi)"] = chisq_upper(score, df)
    elif test == "F":
        table["F value"], table["Pr(>F)"] = _f_tests(fit, compared.what, deviance, df)
    heading = scope_heading(compared.what, "\n".join(formula_lines(fit.formula)), scale)
    return StatTable(table, kind="anova", heading=heading)


def _criterion(fit: SingleIndex, deviance: np.ndarray, n: int, scale: float, dispersion: float) -> np.ndarray:
    """-2 log-likelihood but for a constant; gaussian: profiled over sigma unless `scale` is known."""
    if fit.family.distribution != NORMAL:
        return deviance / dispersion
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(deviance / scale - n if scale > 0 else n * np.log(deviance / n))


def _f_tests(
    fit: SingleIndex, what: str, deviance: np.ndarray, df: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean change of deviance over the mean deviance of the larger model, and its tail probability."""
    if fit.family.fixed_dispersion is not None:
        quoted = f"'quasi{fit.family.name}'" if what == "deletions" else f"quasi{fit.family.name}"
        give_warning(f"F test assumes {quoted} family", GLMFormulaWarning)
    residual = float(fit.df_residual)
    left = np.full(len(df), residual) if what == "deletions" else residual - df
    larger = deviance[0] if what == "deletions" else deviance
    change = np.maximum(deviance - deviance[0] if what == "deletions" else deviance[0] - deviance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = change / df / (larger / left)
    statistic[~(df > 1e-4)] = math.nan
    p = [float(f_upper(f, d, d2)) if d2 > 0 else math.nan for f, d, d2 in zip(statistic, df, left)]
    return statistic, np.array(p)
