"""Analysis of deviance of models whose theta is estimated: MASS's ``anova.negbin``."""

from __future__ import annotations

import math
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd

from ...errors import FitError, GLMFormulaWarning, give_warning
from ...fitted.protocols import SingleIndex, is_model, lacking, no_model
from ...render.negbin import ratio_heading
from ...render.table import StatTable
from ..distributions import chisq_upper
from .anova import anova as of_glm
from .compared_models import check_same_rows, of_one_response

HELD = "tests made without re-estimating 'theta'"


class WithTheta(SingleIndex, Protocol):
    """A model with a theta of its own."""

    @property
    def theta(self) -> float: ...
    @property
    def se_theta(self) -> float: ...
    @property
    def twologlik(self) -> float: ...


def anova(fit: WithTheta, *others: WithTheta, test: str | bool | None = "Chisq") -> StatTable:
    """Analysis of deviance of negative binomial models, MASS's ``anova.negbin``.

    Parameters
    ----------
    fit : GLMNB
        One model: its terms are added one after another, theta held at that of the model.
    *others : GLMNB
        With more models: likelihood ratio tests, each with its own theta, from the smallest to the largest.
    test : {"Chisq", "LRT", "F", "Rao", "Cp"}, False or None
        As for a glm; several models are compared by "Chisq" alone.

    Returns
    -------
    StatTable
        Of one model that of a glm; of several the columns Model, theta, Resid. df, 2 x log-lik., Test, df, LR stat.,
        Pr(Chi).

    Raises
    ------
    FitError
        One of several models has no theta; they are not fitted to the same rows.

    Warns
    -----
    GLMFormulaWarning
        "tests made without re-estimating 'theta'", of one model; "only Chi-squared LR tests are implemented", of
        several.

    Notes
    -----
    Venables & Ripley (2002), section 7.4. MASS takes 1 - pchisq(), which is 0 below 1e-16. `lrtest` compares with a
    Poisson model, too.

    Examples
    --------
    >>> from glmformula import datasets, glm_nb
    >>> fit = glm_nb("sick_days ~ overtime_hours + experience_years", datasets.attrition())
    >>> small = fit.update(". ~ . - experience_years")
    >>> small.anova(fit)
    Likelihood ratio tests of Negative Binomial Models
    <BLANKLINE>
    Response: sick_days
                                  Model    theta Resid. df    2 x log-lik.   Test
    1                    overtime_hours 31.38193       498       -2458.745
    2 overtime_hours + experience_years 31.47451       497       -2458.556 1 vs 2
         df  LR stat.   Pr(Chi)
    1
    2     1 0.1890137 0.6637388
    """
    if not others:
        table = of_glm(fit, test=test)
        give_warning(HELD, GLMFormulaWarning)
        return table
    if test != "Chisq":
        give_warning("only Chi-squared LR tests are implemented", GLMFormulaWarning)
    return ratio_tests([fit, *(with_theta(other, place) for place, other in enumerate(others, start=2))])


def with_theta(other: Any, place: int) -> WithTheta:
    if not is_model(other):
        raise no_model(other, "anova() of several models")
    if lacking(other, WithTheta):
        raise FitError(
            f'not all objects are of class "negbin": model {place} is a {type(other).__name__}, which has no theta; '
            "fit all models by glm_nb(), or compare them by lrtest()"
        )
    return cast(WithTheta, other)


def ratio_tests(fits: list[WithTheta]) -> StatTable:
    """Each model against the next smaller one."""
    fits = of_one_response(fits)
    check_same_rows(fits)
    fits = sorted(fits, key=lambda fit: -fit.df_residual)
    left = np.array([fit.df_residual for fit in fits])
    twice = np.array([fit.twologlik for fit in fits])
    df = np.array([math.nan, *-np.diff(left)])
    statistic = np.array([math.nan, *np.diff(twice)])
    table = pd.DataFrame(
        {
            "Model": [fit.formula.partition("~")[2].strip() for fit in fits],
            "theta": [fit.theta for fit in fits],
            "Resid. df": left,
            "   2 x log-lik.": twice,
            "Test": ["", *(f"{k} vs {k + 1}" for k in range(1, len(fits)))],
            "   df": df,
            "LR stat.": statistic,
            "Pr(Chi)": chisq_upper(statistic, df),
        },
        index=range(1, len(fits) + 1),
    )
    return StatTable(table, kind="blank", heading=ratio_heading(fits[0].response_name))
