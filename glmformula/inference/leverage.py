"""Hat values and what is built on them: passes over the row blocks, no n x p matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack

from ..design.dense import dense
from ..engine.rows import working_weights
from ..sources.mapped import collect

if TYPE_CHECKING:
    from ..engine.result import GlmFit
    from ..families import Family
    from ..models.model import GLM
    from ..sources.base import Block

# A hat value this near to 1 is 1: R's 10 eps is for a QR of the whole matrix; a Gram matrix leaves p eps more.
FULL = 1e-13


@dataclass(frozen=True)
class Weighted:
    """What a block needs for sqrt(W) X: W of the last solved iteration, X without aliased columns.

    Attributes
    ----------
    result : GlmFit
    family : Family
    root : ndarray (rank, rank) or None
        T with T T' = (X'WX)^-1, so that rows of Q are sqrt(w) x'T.
    """

    result: GlmFit
    family: Family
    root: np.ndarray | None = None

    def columns(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """X (m, rank) and the working weights (m,)."""
        X = dense(block.design)
        aliased = np.isnan(self.result.coefficients)
        if aliased.any():
            X = X[:, ~aliased]
        return X, working_weights(block, self.result, self.family)

    def orthogonal(self, X: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Q (m, rank) = sqrt(W) X T, orthonormal columns over all rows."""
        assert self.root is not None
        Q: np.ndarray = X @ self.root
        Q *= np.sqrt(weights)[:, None]
        return Q


def weighted(fit: GLM) -> Weighted:
    """The fit's weighted design with its inverse root.

    From the covariance where a Gram matrix was found to carry enough digits, else from a QR of the rows, as R.
    """
    bare = Weighted(fit.result, fit.family)
    if fit.rank == 0:
        return Weighted(fit.result, fit.family, np.empty((0, 0)))
    if fit.result.method == "cholesky":
        cov = fit.result.cov_unscaled
        size = np.sqrt(np.diag(cov))
        root = np.linalg.cholesky(cov / np.outer(size, size)) * size[:, None]
    else:
        triangle = fit.rows.source.map_reduce(partial(_triangle, bare), _stacked)
        root = lapack.dtrtri(triangle)[0]
    return Weighted(fit.result, fit.family, root)


def hat_of(Q: np.ndarray) -> np.ndarray:
    """Row sums of squares, 1 where they are 1 but for rounding."""
    hat = np.einsum("ij,ij->i", Q, Q)
    hat[hat > 1 - FULL] = 1.0
    return hat


def leverages(fit: GLM) -> np.ndarray:
    """Diagonal of  W^1/2 X (X'WX)^-1 X' W^1/2  over all rows of the fit, (n,); 0 for rows of zero weight."""
    parts = collect(fit.rows.source, partial(_hat, weighted(fit)))
    return np.concatenate([np.empty(0), *parts])


def coefficient_changes(fit: GLM, scaled_residuals: np.ndarray) -> np.ndarray:
    """(n, rank): row i is (X'WX)^-1 x sqrt(w) r, r the i-th of `scaled_residuals` (n,)."""
    frame = weighted(fit)
    rows = np.concatenate([np.empty((0, fit.rank)), *collect(fit.rows.source, partial(_changes, frame))])
    rows *= scaled_residuals[:, None]
    return rows


def _triangle(frame: Weighted, block: Block) -> np.ndarray:
    X, weights = frame.columns(block)
    X *= np.sqrt(weights)[:, None]
    return np.asarray(np.linalg.qr(X, mode="r"))


def _stacked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(np.concatenate([a, b]), mode="r"))


def _hat(frame: Weighted, block: Block) -> np.ndarray:
    return hat_of(frame.orthogonal(*frame.columns(block)))


def _changes(frame: Weighted, block: Block) -> np.ndarray:
    assert frame.root is not None
    return np.asarray(frame.orthogonal(*frame.columns(block)) @ frame.root.T)
