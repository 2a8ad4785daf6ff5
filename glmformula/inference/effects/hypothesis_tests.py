"""Tests of coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...fitted.coefficients import kept_names
from ..wald import Vcov, Wald
from .averages import Estimates
from .degrees import with_degrees
from .table import Asking, Effects, effects_table

if TYPE_CHECKING:
    from ...fitted.protocols import Fit


def hypotheses(
    fit: Fit,
    hypothesis: Any = None,
    *,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    equivalence: Any = None,
    df: float | str = np.inf,
) -> Effects:
    """Tests of coefficients, and of what `avg_slopes` and its kin give; marginaleffects' ``hypotheses``.

    Parameters
    ----------
    hypothesis : optional
        As of `predictions`; default: each against 0. A coefficient is named as the model names it (odd names in
        backticks), or by its place, ``b1``.
    vcov, conf_level, equivalence, df
        As of `predictions`. A table of effects is tested too, with the covariance it has: ``hypotheses(table, ...)``.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FormulaError, FitError, ValueError

    Examples
    --------
    >>> from glmformula import datasets, glm, hypotheses
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(hypotheses(fit, "overtime_hours = 0.1"))
      Hypothesis           Estimate Std. Error    z Pr(>|z|)   S   2.5 % 97.5 %
    1 overtime_hours = 0.1   0.0910     0.0817 1.11    0.265 1.9 -0.0691  0.251
    """
    asking = with_degrees(fit, Asking(conf_level, hypothesis, equivalence, None, df), vcov)
    wald = Wald.of(fit, vcov)
    labels = pd.DataFrame({"term": list(kept_names(fit))})
    estimates = Estimates(labels, wald.estimate, np.eye(len(wald.estimate)))
    return effects_table(estimates, wald.cov, asking, wald.note)
