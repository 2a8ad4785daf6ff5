"""A covariance matrix of very many coefficients, held in parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import FitError

# Quadratic forms are computed for so many rows at a time that their part in the columns S has at most CELLS numbers
# (64 MB). A matrix of more than MOST_BYTES is not formed: that is an error.
CELLS, MOST_BYTES = 2**23, 2 * 10**9
# A level that more than so many coefficients depend on (the baseline, from which all others differ) is multiplied as a
# dense column, the others as sparse ones.
DENSE = 100


@dataclass(frozen=True, eq=False)
class BorderedCovariance(NDArrayOperatorsMixin):
    """The covariance of r coefficients, of which most are the levels of one factor; behaves as that matrix (r, r).

    It is  scale turn M turn',  where  M = [[inner, -inner border], [-border' inner, 1/D + border' inner border]]  is
    the inverse of X'WX in the columns S and L, an indicator for each level, and D = L'WL, a diagonal.
    What needs no more than its diagonal, its products or some of its rows has them without the matrix being formed;
    NumPy's functions get it in full, as long as it is not too large.

    Attributes
    ----------
    inner : ndarray (s, s)
        Unscaled covariance of the columns S: the inverse of the complement  S'WS - S'WL D^-1 L'WS.
    border : ndarray or csr_array (s, m)
        S'WL D^-1: the weighted mean of each column S over the rows of each level.
    per_level : ndarray (m,)
        1 / D: 1 over the sum of the working weights of each level.
    turn : csr_array (r, s + m)
        The coefficients of the design, as combinations of those of the columns S and the indicators.
    scale : float
        The dispersion, or 1 for the unscaled covariance.
    """

    inner: np.ndarray
    border: Any
    per_level: np.ndarray
    turn: sp.csr_array
    scale: float = 1.0

    ndim = 2
    dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        return self.turn.shape[0], self.turn.shape[0]

    @property
    def T(self) -> BorderedCovariance:
        return self

    def __len__(self) -> int:
        return int(self.turn.shape[0])

    def diagonal(self) -> np.ndarray:
        return self._quadratic(self.turn)

    def quadratic(self, X: Any) -> np.ndarray:
        """x' C x of each row x of X (n, r), dense or sparse."""
        return self._quadratic(sp.csr_array(sp.csr_array(X) @ self.turn))

    def _quadratic(self, Z: sp.csr_array) -> np.ndarray:
        s = len(self.inner)
        out, size = np.empty(Z.shape[0]), max(1, CELLS // (s + 1))
        for start in range(0, len(out), size):
            rows = Z[start : start + size]
            levels = sp.csr_array(rows[:, s:])
            inside = self.left(rows)
            squares = sp.csr_array(levels.multiply(levels)) @ self.per_level
            out[start : start + size] = np.einsum("ij,ij->i", inside @ self.inner, inside) + squares
        return self.scale * out

    def left(self, Z: sp.csr_array) -> np.ndarray:
        """Rows (n, s + m) in the columns S alone, (n, s): less what the means of S over their levels account for."""
        s = len(self.inner)
        through = sp.csr_array(Z[:, s:]) @ self.border.T
        through = through if isinstance(through, np.ndarray) else through.toarray()
        return np.asarray(Z[:, :s].toarray() - through)

    def between(self, X: Any, Y: Any) -> np.ndarray:
        """X C Y' (n, k) for rows X (n, r) and Y (k, r), C this matrix, dense or sparse."""
        s = len(self.inner)
        first, second = (sp.csr_array(sp.csr_array(part) @ self.turn) for part in (X, Y))
        levels = sp.csr_array(first[:, s:].multiply(self.per_level)) @ sp.csr_array(second[:, s:]).T
        return np.asarray(
            self.scale * (self.left(first) @ self.inner @ self.left(second).T + levels.toarray())
        )

    def __matmul__(self, other: Any) -> np.ndarray:
        other = np.asarray(other)
        out = self.between(sp.eye_array(len(self), format="csr"), np.atleast_2d(other.T))
        return out[:, 0] if other.ndim == 1 else out

    def __rmatmul__(self, other: Any) -> np.ndarray:
        return np.asarray((self @ np.asarray(other).T).T)

    def __getitem__(self, where: Any) -> Any:
        if isinstance(where, tuple) and len(where) == 2 and all(np.ndim(w) == 2 for w in where):
            rows, columns = (sp.eye_array(len(self), format="csr")[np.ravel(w)] for w in where)
            return self.between(rows, columns)
        return np.asarray(self)[where]

    def must_fit(self) -> None:
        """Raise FitError where the matrix is too large to be formed."""
        size = 8 * len(self) ** 2
        if size > MOST_BYTES:
            raise FitError(
                f"the covariance of {len(self):,} coefficients would take {size / 1e9:.1f} GB and is not formed: "
                "summary(), confint(method='wald') and predict(se_fit=True) do without it; ask vcov() of a model "
                "with fewer levels"
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        self.must_fit()
        s = len(self.inner)
        through, levels = self.left(self.turn), sp.csc_array(self.turn[:, s:])
        full = np.diff(levels.indptr) > DENSE  # the baseline's, that all levels differ from
        across = levels[:, np.flatnonzero(full)].toarray()
        weighed = np.hstack([through @ self.inner, across * self.per_level[full]])
        out = np.asarray(weighed @ np.hstack([through, across]).T)
        some = levels[:, np.flatnonzero(~full)]
        rest = sp.coo_array((some * self.per_level[~full]) @ some.T)
        out[rest.row, rest.col] += rest.data
        out *= self.scale
        return out if dtype is None else out.astype(dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is np.multiply and method == "__call__" and not kwargs:
            other = inputs[1] if inputs[0] is self else inputs[0]
            if np.ndim(other) == 0:
                return replace(self, scale=self.scale * float(other))
        if ufunc is np.matmul and method == "__call__" and not kwargs:
            left, right = inputs
            return left @ right if left is self else right.__rmatmul__(left)
        full = [np.asarray(x) if isinstance(x, BorderedCovariance) else x for x in inputs]
        return getattr(ufunc, method)(*full, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.diag, np.diagonal) and args == (self,) and not kwargs:
            return self.diagonal()
        full = [np.asarray(x) if isinstance(x, BorderedCovariance) else x for x in args]
        return function(*full, **kwargs)
