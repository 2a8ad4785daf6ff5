"""Hat values and what is built on them: passes over the row blocks, no n x p matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import lapack

from ...design.dense import dense, sparse
from ...engine.covariance import BorderedCovariance
from ...engine.rows import row_arrays, squared_images, working_weights
from ...errors import FitError
from ...fitted.training import Whole
from ...sources.mapped import collect

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block

# A hat value this near to 1 is 1. R takes 10 eps, after a QR of the whole matrix; blocks round a little more.
FULL = 1e-13


@dataclass(frozen=True)
class FitRows:
    """What the rows of a block say once a model is fitted: X without aliased columns, weights and scores."""

    result: GlmFit
    family: Family

    def design(self, block: Block) -> np.ndarray:
        """X' (rank, m): a row for each coefficient."""
        X = dense(block.design).T
        aliased = np.isnan(self.result.coefficients)
        return X[~aliased] if aliased.any() else X

    def weights(self, block: Block) -> np.ndarray:
        """Working weights (m,) of the last solved iteration."""
        return working_weights(block, self.result, self.family)

    def scores(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Working weights w and working scores  w (y - mu) / (dmu/deta),  0 where w is 0; each (m,).

        X times its row's score is the derivative of the log-likelihood, but for the dispersion.
        """
        *_, residuals, weights = row_arrays(block, self.result, self.family)
        return weights, np.where(weights > 0, weights * residuals, 0.0)


@dataclass(frozen=True)
class Weighted(FitRows):
    """The same with an inverse root T of the information: T T' = (X'WX)^-1, T (rank, rank)."""

    root: np.ndarray

    def basis(self, block: Block) -> np.ndarray:
        """Y = T'X' (rank, m), in which (X'WX)^-1 is the identity."""
        return np.asarray(np.dot(self.root.T, self.design(block)))

    def from_basis(self, inner: np.ndarray) -> np.ndarray:
        """T inner T': a covariance in the basis of Y as one of the coefficients."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.root @ inner @ self.root.T)

    def orthogonal(self, block: Block) -> np.ndarray:
        """T'X' sqrt(W) (rank, m), orthonormal over all rows."""
        return self.basis(block) * np.sqrt(self.weights(block))

    def hat_in(self, Y: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Hat values (m,) of rows in the basis."""
        return hat_of(Y * np.sqrt(weights))

    def products(self, Y: np.ndarray, each: np.ndarray) -> np.ndarray:
        """Sum of  each y y'  over the rows."""
        return np.asarray(np.dot(Y * each, Y.T))

    def hat(self, block: Block) -> np.ndarray:
        """Hat values (m,): sums of squares of `orthogonal`, 1 where they are 1 but for rounding."""
        root = np.zeros((self.root.shape[1], len(self.result.coefficients)))
        root[:, ~np.isnan(self.result.coefficients)] = self.root.T
        return at_most_one(squared_images(block.design, root, np.sqrt(self.weights(block))))


def weighted(fit: SingleIndex) -> Weighted:
    """The fit's weighted design with its inverse root.

    From the covariance where a Gram matrix was found to carry enough digits, else from a QR of the rows.
    """
    if fit.rank == 0:
        return Weighted(fit.result, fit.family, np.empty((0, 0)))
    if (whole := fit.rows.whole) is not None:
        return Weighted(fit.result, fit.family, whole.root)
    cov: Any = fit.result.cov_unscaled
    if isinstance(cov, BorderedCovariance):
        raise FitError(
            f"this needs {fit.rank:,} numbers for each row, one for each coefficient, and is not formed: "
            "hatvalues(), cooks_distance() and rstandard() do without them"
        )
    if fit.result.method == "cholesky":
        size = np.sqrt(np.diag(cov))
        factor, fault = lapack.dpotrf(cov / np.outer(size, size), lower=1, clean=1)
        if not fault:
            return Weighted(fit.result, fit.family, factor * size[:, None])
    triangle = fit.rows.source.map_reduce(partial(_triangle, FitRows(fit.result, fit.family)), _stacked)
    return Weighted(fit.result, fit.family, lapack.dtrtri(triangle)[0])


def hat_of(Q: np.ndarray) -> np.ndarray:
    """Sums of squares of the columns, 1 where they are 1 but for rounding."""
    return at_most_one(np.einsum("ij,ij->j", Q, Q))


def at_most_one(hat: np.ndarray) -> np.ndarray:
    hat[hat > 1 - FULL] = 1.0
    return hat


def leverages(fit: SingleIndex) -> np.ndarray:
    """Diagonal of  W^1/2 X (X'WX)^-1 X' W^1/2  over all rows of the fit, (n,); 0 for rows of zero weight."""
    cov: Any = fit.result.cov_unscaled
    if isinstance(cov, BorderedCovariance):
        parts = collect(fit.rows.source, partial(_wide_hat, FitRows(fit.result, fit.family), cov))
    else:
        parts = collect(fit.rows.source, weighted(fit).hat)
    return np.concatenate([np.empty(0), *parts])


def coefficient_changes(fit: SingleIndex, scaled_residuals: np.ndarray) -> np.ndarray:
    """(n, rank): row i is (X'WX)^-1 x sqrt(w) r, r the i-th of `scaled_residuals` (n,)."""
    frame = weighted(fit)
    rows = np.concatenate([np.empty((0, fit.rank)), *collect(fit.rows.source, partial(_changes, frame))])
    rows *= scaled_residuals[:, None]
    return rows


def _triangle(frame: FitRows, block: Block) -> np.ndarray:
    X = frame.design(block) * np.sqrt(frame.weights(block))
    return np.asarray(np.linalg.qr(X.T, mode="r"))


def _stacked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(np.concatenate([a, b]), mode="r"))


def whole_of(fit: SingleIndex) -> Whole:
    """What the deletion diagnostics of a row must know of all rows, in a pass."""
    frame = weighted(fit)
    pearson, levers = fit.rows.source.map_reduce(partial(_whole_sums, frame), np.add)
    squares = {"deviance": fit.deviance if fit.df_residual > 0 else 0.0, "pearson": float(pearson)}
    return Whole(frame.root, squares, int(levers))


def _whole_sums(frame: Weighted, block: Block) -> np.ndarray:
    """Sum of W r^2 for the working residuals r, and how many hat values are above 0."""
    *_, residuals, weights = row_arrays(block, frame.result, frame.family)
    squares = np.where(weights > 0, weights * residuals**2, 0.0).sum()
    return np.array([squares, np.count_nonzero(frame.hat(block) > 0)])


def _wide_hat(frame: FitRows, cov: BorderedCovariance, block: Block) -> np.ndarray:
    kept = np.flatnonzero(~np.isnan(frame.result.coefficients))
    return at_most_one(frame.weights(block) * cov.quadratic(sparse(block.design)[:, kept]))


def _changes(frame: Weighted, block: Block) -> np.ndarray:
    return np.asarray((frame.root @ frame.orthogonal(block)).T)
