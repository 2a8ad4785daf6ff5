"""Names and numbers of a fit's coefficients, which is all that Wald tests ask of it beside their covariance."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from .protocols import Fit


def series_of(fit: Fit) -> pd.Series:
    """The coefficients by name: the `estimates` of a fit whose `coefficients` may be a table for the user."""
    estimates = getattr(fit, "estimates", None)
    return fit.coefficients if estimates is None else estimates


def names_of(fit: Fit) -> tuple[str, ...]:
    """The coefficients' names, aliased ones among them."""
    return tuple(series_of(fit).index)


def values_of(fit: Fit) -> np.ndarray:
    """The coefficients (p,), NaN where aliased."""
    return series_of(fit).to_numpy(dtype=float)


def kept_of(fit: Fit) -> np.ndarray:
    """bool (p,): the coefficient has an estimate."""
    return ~np.isnan(values_of(fit))


def kept_names(fit: Fit) -> tuple[str, ...]:
    """Names of the coefficients that have an estimate."""
    return tuple(compress(names_of(fit), kept_of(fit)))


def over_all(cov: np.ndarray, kept: np.ndarray, beside: float) -> np.ndarray:
    """A covariance of the coefficients that are kept (bool (p,)) as one of all, others `beside` them: 0 or NaN."""
    out = np.full((len(kept), len(kept)), beside)
    out[np.ix_(kept, kept)] = cov
    return out


def response_of(fit: Fit) -> str:
    """The response as R deparses it, '' where there is none."""
    return fit.terms.names[0] if fit.terms.response is not None else ""
