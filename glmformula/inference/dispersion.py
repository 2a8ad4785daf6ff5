"""The dispersion that standard errors and tests use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fitted.protocols import SingleIndex


def dispersion(fit: SingleIndex) -> float:
    """phi: the family's fixed value, else Pearson's X^2 / df_residual (NaN without degrees of freedom).

    As R's ``summary.glm``: the sum takes the working weights of the last solved iteration and the working
    residuals of the final one, so the digits are R's at any ``epsilon``. A bias-reduced fit has its own.
    """
    if not math.isnan(fit.result.dispersion):
        return fit.result.dispersion
    fixed = fit.family.fixed_dispersion
    if fixed is not None:
        return fixed
    return fit.result.pearson / fit.df_residual if fit.df_residual > 0 else math.nan
