"""Tests of coefficients, and of tables of effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError
from ...fitted.coefficients import kept_names
from ...fitted.protocols import is_model
from ..wald import Vcov, Wald
from .averages import Estimates
from .table import Asking, Effects, effects_table


def hypotheses(
    model: Any,
    hypothesis: Any = None,
    *,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    equivalence: Any = None,
    df: float = np.inf,
) -> Effects:
    """Tests of coefficients, or of the rows of a table of effects; marginaleffects' ``hypotheses``.

    Parameters
    ----------
    model : fitted model, or what `predictions`, `avg_comparisons` ... give
    hypothesis : optional
        As of `predictions`; default: each against 0. A coefficient is named as the model names it (odd names in
        backticks), or by its place, ``b1``.
    vcov, conf_level, equivalence, df
        As of `predictions`; a table has its own covariance.

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
    asking = Asking(conf_level, hypothesis, equivalence, None, df)
    if isinstance(model, Effects):
        if vcov is not None:
            raise DataError(
                "the table has the covariance that it was made with: give vcov= to the call that makes it"
            )
        if model.estimates.gradient is None:
            raise DataError(
                "a table with an effect for each row does not keep their covariance: give hypothesis= to the call"
            )
        return effects_table(model.estimates, model.covariance, asking, model.footer)
    if not is_model(model):
        raise DataError(
            f"hypotheses() takes a fitted model or a table of effects such as avg_slopes() gives; got "
            f"{type(model).__name__}"
        )
    wald = Wald.of(model, vcov)
    labels = pd.DataFrame({"term": list(kept_names(model))})
    estimates = Estimates(labels, wald.estimate, np.eye(len(wald.estimate)))
    return effects_table(estimates, wald.cov, asking, wald.note)
