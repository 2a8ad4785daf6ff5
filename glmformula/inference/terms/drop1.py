"""What each term is worth: the model without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.nested import Columns
from ...fitted.protocols import is_parametric
from ...formula.scope import Scope, drop_labels, positions
from ...render.table import StatTable
from . import likelihood_ratio
from .score import nested_score_statistic
from .single_term import Comparison, comparison, fit_one, single_term_table, test_name

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric, SingleIndex


def drop1(
    fit: SingleIndex | Parametric,
    scope: Scope | None = None,
    test: str | bool | None = "none",
    k: float = 2.0,
    *,
    scale: float = 0.0,
) -> StatTable:
    """Single term deletions, R's ``drop1.glm``.

    Parameters
    ----------
    fit : GLM
    scope : formula or labels of terms, optional
        What to leave out, one at a time. Default: every term that no other one contains (marginality).
    test : {"none", "LRT", "Chisq", "Rao", "F"} or None
        "Chisq" is "LRT". "F" divides by the model's deviance / residual df.
    k : float
        Penalty of the AIC.
    scale : float
        A known dispersion, 0 for the model's own.

    Returns
    -------
    StatTable
        Rows ``<none>`` and the terms; columns Df, Deviance, AIC (families with a likelihood), then LRT
        (scaled dev. where the dispersion is not 1), Rao score or F value, and its probability.

    Raises
    ------
    FormulaError
        "scope is not a subset of term labels".
    FitError
        A smaller model has no valid fit: the message names the term.

    Notes
    -----
    A model of several linear predictors has columns Df, AIC (-2 log-likelihood + k parameters), LRT.

    Each smaller model keeps the columns of the others as they are coded in `fit` and the rows of `fit`, as in
    R; nothing is read or coded again. Chambers & Hastie (1992), section 6.3.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.drop1(test="LRT")
    Single term deletions
    <BLANKLINE>
    Model:
    left ~ overtime_hours + salary
                   Df Deviance    AIC    LRT Pr(>Chi)
    <none>              186.13 192.13
    overtime_hours  1   191.79 195.79 5.6618  0.01734 *
    salary          1   187.07 191.07 0.9465  0.33062
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    """
    if is_parametric(fit):
        return likelihood_ratio.drop1(fit, scope, test, k)
    name = test_name(test)
    return single_term_table(fit, deletions(fit, scope, name == "Rao"), name, k, scale)


def deletions(fit: SingleIndex, scope: Scope | None, rao: bool) -> Comparison:
    """The model, and those without one of the terms; with Rao's statistics where asked for."""
    labels = drop_labels(fit.terms, scope)
    columns = columns_of(fit)
    everything = frozenset(range(len(fit.terms.labels) + 1))
    smaller = {
        label: fit_one(columns, everything - {place + 1}, f"without ‘{label}’", cold=rao)
        for label, place in zip(labels, positions(fit.terms, labels))
    }
    scores = (
        [nested_score_statistic(columns, model, everything) for model in smaller.values()] if rao else None
    )
    return comparison("deletions", fit, smaller, scores, fit.nobs)


def columns_of(fit: SingleIndex) -> Columns:
    """The fit's own columns, of which its sub-models have some."""
    training = fit.rows
    return Columns(
        training.source,
        fit.family,
        fit.assign,
        fit.terms.intercept,
        fit.control,
        fit.nobs_rows,
        np.nan_to_num(fit.result.coefficients),
        training.arguments.get("method", "auto"),
    )
