"""Likelihood ratio tests of nested models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...fitted.loglik import loglik_of
from ...render.table import StatTable
from ..distributions import chisq_upper
from .compared_models import check_restricted, compared_models, model_lines

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

SAME = 1e-9  # difference of two log-likelihoods, relative: the same model in other columns


def lrtest(fit: Fit, *others: object) -> StatTable:
    """Likelihood ratio tests, lmtest's ``lrtest``.

    Parameters
    ----------
    *others : GLM, formula or terms
        Each is compared with the model before it. A formula (``". ~ . - x"``) updates that model; a label or
        position (from 0; R counts from 1) of a term, or a list of them, is left out of it. By default the
        model with the intercept alone.

    Returns
    -------
    StatTable
        #Df (estimated parameters, the dispersion where there is one), LogLik, Df, Chisq = 2 |difference|,
        Pr(>Chisq). NaN for families without a likelihood.

    Raises
    ------
    DataError, FitError
        An unknown term; models on different rows.

    Notes
    -----
    A model that a change gives is fitted to the rows of the first, also where the variables left out had
    missing values; lmtest picks other rows there (it applies positions in the model frame to the data). Where
    Df is 0 the probability is 1 for the same model and NaN for another, where lmtest has 0.

    A Poisson model is on the edge of the negative binomial ones (theta infinite), where the statistic of the same
    columns is 0 with probability 1/2, else chi-squared(1): the probability is half of lmtest's, and the heading
    says so; with q more columns it is the mean of those of chi-squared(q) and (q + 1) (Self & Liang 1987).

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.lrtest(". ~ . - salary")
    Likelihood ratio test
    <BLANKLINE>
    Model 1: left ~ overtime_hours + salary
    Model 2: left ~ overtime_hours
      #Df  LogLik Df  Chisq Pr(>Chisq)
    1   3 -93.063
    2   2 -93.536 -1 0.9465     0.3306
    """
    fits = compared_models(fit, others)
    check_restricted(fits)
    logs = [loglik_of(f) for f in fits]
    df = np.array([float(ll.df) for ll in logs])
    value = np.array([float(ll) for ll in logs])
    change = np.concatenate([[math.nan], np.diff(df)])
    statistic = np.concatenate([[math.nan], 2 * np.abs(np.diff(value))])
    p = upper_tail(statistic, np.abs(change), value)
    lines = [model_lines(fits)]
    for k in range(1, len(fits)):
        small, large = (k - 1, k) if change[k] > 0 else (k, k - 1)
        if on_edge(fits[small], fits[large]):
            more = abs(change[k]) - 1
            few = upper_tail(statistic, np.full(len(df), more), value)[k]
            p[k] = (p[k] + np.nan_to_num(few)) / 2
            lines.append(edge_line(small + 1, large + 1, int(more)))
    table = pd.DataFrame(
        {
            "#Df": df,
            "LogLik": value,
            "Df": change,
            "Chisq": statistic,
            "Pr(>Chisq)": p,
        },
        index=[str(k + 1) for k in range(len(fits))],
    )
    return StatTable(table, kind="anova", heading=("Likelihood ratio test\n", "\n".join(lines)))


def on_edge(small: Fit, large: Fit) -> bool:
    """Whether one model is what the other becomes where its parameter beside the coefficients has no finite estimate.

    It has the same terms, or some of them.
    """
    family, edge = getattr(small, "family", None), getattr(large, "edge", None)
    if family is None or edge is None or not set(small.terms.labels) <= set(large.terms.labels):
        return False
    return bool(family.distribution == edge.distribution and family.link.name == edge.link.name)


def edge_line(small: int, large: int, more: int) -> str:
    law = f"the mean of chi-squared({more})'s and ({more + 1})'s" if more else "half of chi-squared(1)'s"
    return f"Model {small} is on the edge of model {large} (theta infinite): Pr(>Chisq) is {law}"


def upper_tail(statistic: np.ndarray, df: np.ndarray, loglik: np.ndarray) -> np.ndarray:
    """P(chi-squared(df) > statistic); without degrees of freedom 1 for the same model, else no answer."""
    same = statistic <= SAME * np.abs(loglik)
    return np.where(df == 0, np.where(same, 1.0, np.nan), chisq_upper(statistic, df))
