"""What marginal means of a mixed model are of: its fixed effects, with Satterthwaite's degrees of freedom."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...design.dense import dense
from ..mixed.satterthwaite import Satterthwaite, satterthwaite_of
from ..wald import Vcov, resolved
from .estimates import Basis

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed
    from ...sources.base import Block

METHODS = ("satterthwaite", "asymptotic")
NOTHING = 1e-10  # of the largest eigenvalue of X'X, its columns of unit length


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
    null = null_space(fit) if fit.aliased.any() else None
    estimates = fit.coefficients.to_numpy(dtype=float)
    basis = Basis(estimates, cov, null, math.inf, errors)
    held = fit.training is not None and vcov is None
    if not fit.family.is_normal_linear or lmer_df == "asymptotic" or not (held or lmer_df is not None):
        return basis
    known = satterthwaite_of(fit)
    degrees = partial(_degrees, known, ~fit.aliased)
    return Basis(estimates, cov, null, math.inf, errors, degrees, "satterthwaite")


def _degrees(known: Satterthwaite, kept: np.ndarray, L: np.ndarray) -> np.ndarray:
    return known.degrees(L[:, kept])


def null_space(fit: Mixed) -> np.ndarray:
    """Combinations of the fixed columns that are zero in all rows, orthonormal."""
    gram = fit.rows.source.map_reduce(_gram, np.add)
    size = np.sqrt(np.diag(gram))
    size[size == 0] = 1.0
    values, vectors = np.linalg.eigh(gram / np.outer(size, size))
    lost = vectors[:, values < NOTHING * values[-1]] / size[:, None]
    return np.asarray(np.linalg.qr(lost)[0])


def _gram(block: Block) -> np.ndarray:
    X = dense(block.design)
    return np.asarray(X.T @ X)
