"""The covariance of the fixed effects of a mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...fitted.coefficients import kept_names, over_all

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


def vcov(fit: Mixed, complete: bool = True) -> pd.DataFrame:
    """Covariance of the fixed effects, lme4's ``vcov``.

    Parameters
    ----------
    complete : bool
        Keep aliased coefficients, as NaN.

    Returns
    -------
    DataFrame
        Of `lmer` sigma^2 (X'V^-1 X)^-1; of `glmer` the block of the inverse of the exact Hessian of the deviance, where
        lme4 takes finite differences.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.vcov().shape
    (2, 2)
    """
    names = list(kept_names(fit))
    out = pd.DataFrame(fit.covariance, index=names, columns=names)
    if complete and fit.aliased.any():
        every = over_all(fit.covariance, ~fit.aliased, np.nan)
        out = pd.DataFrame(every, index=list(fit.column_names), columns=list(fit.column_names))
    return out
