"""Wald tests of nested models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import FitError, choice
from ...fitted.coefficients import kept_of, names_of
from ...fitted.protocols import has_one_mean, is_parametric
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from ..wald import Vcov, Wald, refuse_aliased
from .compared_models import compared_models, model_lines, of_one_response

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

TESTS = ("F", "Chisq")


def waldtest(fit: Fit, *others: object, test: str | None = None, vcov: Vcov = None) -> StatTable:
    """Wald tests of nested models, lmtest's ``waldtest``.

    b' V^-1 b for the coefficients b of the larger model that the smaller one has not, V their covariance.

    Parameters
    ----------
    *others : GLM, formula or terms
        As in :func:`lrtest`.
    test : {"F", "Chisq"}, optional
        F divides by the number of coefficients; residual degrees of freedom of the larger model. Default: Chisq for
        models of several linear predictors, F for others, as lmtest has it for `glm` and for `zeroinfl`.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients of the larger model (see ``fit.summary``).

    Returns
    -------
    StatTable
        Res.Df, Df, F or Chisq, and its probability.

    Raises
    ------
    FitError
        "there are aliased coefficients in the model"; "nesting of models cannot be determined": the terms and
        columns of one are not among those of the other; models on different rows.
    ValueError
        An unknown test; a matrix for more than one comparison.
    DataError
        An unknown term; a covariance of another size.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.waldtest("salary", test="Chisq")
    Wald test
    <BLANKLINE>
    Model 1: left ~ overtime_hours + salary
    Model 2: left ~ overtime_hours
      Res.Df Df  Chisq Pr(>Chisq)
    1    497
    2    498 -1 0.9339     0.3339
    """
    test = ("Chisq" if is_parametric(fit) else "F") if test is None else test
    choice("test", test, TESTS)
    refuse_aliased(fit)
    fits = of_one_response(compared_models(fit, others, ". ~ 1" if fit.terms.intercept else ". ~ 0"))
    if len(fits) < 2:
        raise FitError(f"there is no model left to compare with {fit.formula!r}")
    if len(fits) > 2 and vcov is not None and not (callable(vcov) or isinstance(vcov, str | dict)):
        raise ValueError(
            "to compare more than 2 models `vcov' needs to be a function or a type such as 'HC1'"
        )
    residual = np.array([float(f.df_residual) for f in fits])
    df, statistic, larger = [math.nan], [math.nan], [math.nan]
    note: tuple[str, ...] = ()
    for first, second in zip(fits, fits[1:]):
        change, tested = compare(first, second, vcov)
        df.append(change)
        statistic.append(tested.chisq())
        note = tested.note
        larger.append(float((first if change < 0 else second).df_residual))
    value, count = np.array(statistic), np.abs(df)
    if test == "F":
        value = value / count
        p_value = np.array([float(f_upper(v, k, n)) for v, k, n in zip(value, count, larger)])
    else:
        p_value = chisq_upper(value, count)
    table = pd.DataFrame(
        {"Res.Df": residual, "Df": df, test: value, f"Pr(>{test})": p_value},
        index=[str(k + 1) for k in range(len(fits))],
    )
    return StatTable(table, kind="anova", heading=("Wald test\n", model_lines(fits)), footer=note)


def compare(first: Fit, second: Fit, vcov: Vcov) -> tuple[float, Wald]:
    """Change in the number of coefficients, and those that only the larger model has."""
    change = int(kept_of(second).sum() - kept_of(first).sum())
    larger, smaller = (first, second) if change < 0 else (second, first)
    fewer = set(columns_by_term(smaller))
    own = [k for k, column in enumerate(columns_by_term(larger)) if column not in fewer]
    if not set(smaller.terms.labels) <= set(larger.terms.labels) or len(own) != abs(change) or not own:
        raise FitError(
            f"nesting of models cannot be determined: {smaller.formula!r} should have some of the terms and "
            f"columns of {larger.formula!r}, and no others"
        )
    return float(change), Wald.of(larger, vcov).part(own)


def columns_by_term(fit: Fit) -> list[tuple[str, str]]:
    """Term and name of each coefficient that is not aliased; two terms may have a column of one name."""
    labels = ("", *fit.terms.labels)
    terms = [labels[term] for term in fit.assign.tolist()] if has_one_mean(fit) else [""] * len(names_of(fit))
    return [(term, name) for term, name, kept in zip(terms, names_of(fit), kept_of(fit)) if kept]
