"""What marginal means of a mixed model are of: its fixed effects, with Satterthwaite's degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..hypotheses.null_space import orthonormal_null_space
from ..mixed.satterthwaite import Satterthwaite, satterthwaite_of
from ..wald import Vcov, resolved
from .estimates import Basis

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

METHODS = ("satterthwaite", "asymptotic")


def mixed_basis(fit: Mixed, vcov: Vcov, lmer_df: str | None) -> Basis:
    """Fixed effects and covariance, and the tests they get.

    Raises
    ------
    ValueError
        Another method than are known.
    """
    if lmer_df is not None and lmer_df not in METHODS:
        raise ValueError(f"lmer_df should be 'satterthwaite' or 'asymptotic'; got {lmer_df!r}")
    cov, errors = resolved(fit, vcov)
    estimates = fit.coefficients.to_numpy(dtype=float)
    basis = Basis(estimates, cov, orthonormal_null_space(fit), math.inf, errors)
    held = fit.training is not None and vcov is None
    if not fit.family.is_normal_linear or lmer_df == "asymptotic" or not (held or lmer_df is not None):
        return basis
    known = satterthwaite_of(fit)
    degrees = partial(_degrees, known, ~fit.aliased)
    return replace(basis, degrees=degrees, method="satterthwaite")


def _degrees(known: Satterthwaite, kept: np.ndarray, L: np.ndarray) -> np.ndarray:
    return known.degrees(L[:, kept])
