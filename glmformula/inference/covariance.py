"""Covariance matrices of the coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from ..models.model import GLM


def vcov(fit: GLM, type: str | None = None, cluster: Any = None, complete: bool = True) -> pd.DataFrame:
    """Covariance of the coefficients, link scale: phi (X'WX)^-1, R's ``vcov.glm``.

    Parameters
    ----------
    complete : bool
        With aliased coefficients as rows and columns of NaN (R's default), or without them.
    """
    kept = ~fit.aliased
    names = np.asarray(fit.column_names, dtype=object)
    cov = fit.dispersion * fit.result.cov_unscaled
    if not complete or kept.all():
        return pd.DataFrame(cov, index=list(names[kept]), columns=list(names[kept]))
    full = np.full((len(names), len(names)), np.nan)
    full[np.ix_(kept, kept)] = cov
    return pd.DataFrame(full, index=list(names), columns=list(names))
