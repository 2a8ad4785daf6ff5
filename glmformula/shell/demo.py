"""``glmformula demo``: two models of the attrition data, as R prints them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..datasets import attrition
from ..families import binomial, poisson
from ..models.glm import glm
from ..models.model import GLM
from ..render.table import StatTable

EVERYTHING = "salary + experience_years + overtime_hours"


def odds_ratios(fit: GLM) -> StatTable:
    """exp(estimate) with its 95 % Wald interval: R's ``exp(cbind(OR = coef(fit), confint.default(fit)))``."""
    limits = fit.confint(method="wald").frame
    return StatTable(pd.concat([fit.coefficients.rename("OR"), limits], axis=1).apply(np.exp))


def demo() -> None:
    """Print them."""
    data = attrition()
    left = glm(f"left ~ {EVERYTHING}", data=data, family=binomial())
    sick = glm(f"sick_days ~ {EVERYTHING}", data=data, family=poisson())
    without_overtime = glm("left ~ salary + experience_years", data=data, family=binomial())
    print(left.summary())
    print(sick.summary())
    print("Odds ratios of leaving, with 95 % Wald intervals:\n")
    print(odds_ratios(left))
    print("\nDoes overtime matter?\n")
    print(without_overtime.anova(left, test="Chisq"))
