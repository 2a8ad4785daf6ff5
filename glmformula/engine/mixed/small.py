"""Many small symmetric matrices at once: one for each level of a grouping factor."""

from __future__ import annotations

import numpy as np


def inverses(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses (J, K, K) and log determinants (J,) of positive definite matrices; in closed form up to K = 2.

    Raises
    ------
    LinAlgError
        One is not positive definite.
    """
    K = A.shape[1]
    if K == 1:
        if not (A > 0).all():
            raise np.linalg.LinAlgError("not positive definite")
        return 1.0 / A, np.log(A[:, 0, 0])
    if K == 2:
        a, b, c = A[:, 0, 0], A[:, 1, 0], A[:, 1, 1]
        determinant = a * c - b * b
        if not ((a > 0) & (determinant > 0)).all():
            raise np.linalg.LinAlgError("not positive definite")
        out = np.empty_like(A)
        out[:, 0, 0], out[:, 1, 1] = c / determinant, a / determinant
        out[:, 0, 1] = out[:, 1, 0] = -b / determinant
        return out, np.log(determinant)
    roots = np.linalg.cholesky(A)
    out = np.linalg.inv(A)
    out = (out + out.transpose(0, 2, 1)) / 2
    return out, 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)


def plus_one(A: np.ndarray) -> np.ndarray:
    """A + I, in place."""
    k = np.arange(A.shape[1])
    A[:, k, k] += 1.0
    return A


def times(A: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Each matrix (J, K, K) times the rows of its level (J, K, r)."""
    return A * v if A.shape[1] == 1 else A @ v


def congruent(lam: np.ndarray, A: np.ndarray) -> np.ndarray:
    """lam' A lam of each matrix, as one product of matrices."""
    K = len(lam)
    if K == 1:
        return A * lam[0, 0] ** 2
    both = np.multiply.outer(lam, lam).transpose(0, 2, 1, 3).reshape(K * K, K * K)  # lam x lam
    return np.asarray((A.reshape(-1, K * K) @ both).reshape(A.shape))


def summed(G: np.ndarray, lam: np.ndarray, A: np.ndarray) -> np.ndarray:
    """The sum of G lam A over the levels, (K, K)."""
    K = len(lam)
    left = (G.reshape(-1, K) @ lam).reshape(G.shape)
    return np.asarray(left.transpose(1, 0, 2).reshape(K, -1) @ A.reshape(-1, K))
