"""Predictors that all have the same columns, and information diag(P) - PP': the sums of a block in few products.

With A = [diag(P_1) X ... diag(P_k) X] the information is  blockdiag(X' diag(P_j) X) - A'A,  and the blocks on the
diagonal are rows of A'X: one product of A with X, one of A with itself.
"""

from __future__ import annotations

import numpy as np

from ...families.likelihood import RowSums
from ...families.link import Array

CELLS = 2**17
"""Numbers in A for the rows that are gone through together: a megabyte."""


def chunk_rows(width: int) -> int:
    """Rows at a time, where A has so many columns."""
    return max(128, CELLS // max(1, width) // 32 * 32)


class AlikeSums:
    """Sums over rows, chunk by chunk.

    Parameters
    ----------
    predictors, columns : int
        k and p.
    slopes : bool
        Leave the information out.
    """

    def __init__(self, predictors: int, columns: int, slopes: bool = False) -> None:
        self.k, self.p, self.slopes = predictors, columns, slopes
        self.loglik = 0.0
        self.score = np.zeros((predictors, columns))
        self.products = np.zeros((predictors * columns, columns))
        self.squares = np.zeros((predictors * columns, predictors * columns))
        self.room = np.empty(0)

    def add(self, X: np.ndarray, found: RowSums, weights: Array | None) -> None:
        """Add rows whose columns are `X` (p, c)."""
        k, p, c = self.k, self.p, X.shape[1]
        score, outer, loglik = np.array(found.score), found.outer, found.loglik
        assert outer is not None
        side = X
        if weights is not None:
            if weights.all():
                loglik, score = loglik * weights, score * weights
            else:  # rows of weight 0 say nothing, valid or not
                on = weights > 0
                loglik = np.where(on, loglik * weights, 0.0)
                score, outer = np.where(on, score * weights, 0.0), np.where(on, outer, 0.0)
            side = X if self.slopes else X * np.sqrt(weights)
        self.loglik += float(loglik.sum())
        self.score += np.dot(score, X.T)
        if self.slopes:
            return
        if len(self.room) < k * p * c:
            self.room = np.empty(k * p * c)
        A = self.room[: k * p * c].reshape(k * p, c)
        np.multiply(outer[:, None, :], side, out=A.reshape(k, p, c))
        self.products += np.dot(A, side.T)
        self.squares += np.dot(A, A.T)  # a symmetric product: half the work

    def information(self) -> np.ndarray:
        """(kp, kp), all of it."""
        out = -self.squares
        for j in range(self.k):
            place = slice(j * self.p, (j + 1) * self.p)
            out[place, place] += self.products[place]
        return out
