"""Solutions with some rows and columns of a matrix, one set of them after another, by the factor of a set before.

The sets of a path differ by a few columns: those that came are borders of the factored matrix, those that went are
held at zero by a multiplier each, which is a border too.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from .piecewise import solved

# Fewer columns are solved for afresh; so are sets that differ by more columns than this share of the factored ones.
FEWEST, SHARE = 100, 0.12
# A factor with a smaller square on its diagonal, relative to the matrix, is of columns that depend on others.
LEAST = 1e-11


class Subsets:
    """Q x = c for sets of the rows and columns of `Q` (p, p), which is symmetric."""

    def __init__(self, Q: np.ndarray) -> None:
        self.Q = Q
        self.base, self.inside = np.empty(0, int), np.zeros(len(Q), bool)
        self.factor: np.ndarray | None = None
        # L^-1 of the borders in use, and where they are for a place in Q (-1: nowhere); of a column of the base it is
        # that of a unit vector
        self.borders = np.empty((0, 0), order="F")
        self.slots = np.full(len(Q), -1)

    def solve(self, at: np.ndarray, c: np.ndarray) -> np.ndarray:
        """x (k,) with Q[at, at] x = c; `at` (k,) ascends."""
        if self.factor is not None and np.array_equal(at, self.base):
            return np.asarray(lapack.dpotrs(self.factor, c, lower=1)[0])
        if len(at) >= FEWEST:
            wanted = np.zeros(len(self.Q), bool)
            wanted[at] = True
            gone, come = self.base[~wanted[self.base]], at[~self.inside[at]]
            if self.factor is None or len(gone) + len(come) > SHARE * len(self.base):
                self.start(at)
                if self.factor is not None:
                    return self.solve(at, c)
            else:
                x = self.by_borders(at, c, gone, come)
                if x is not None:
                    return x
        return solved(self.Q[np.ix_(at, at)], c)

    def start(self, at: np.ndarray) -> None:
        """Factor this set."""
        own = self.Q[np.ix_(at, at)]
        least = LEAST * float(np.diag(own).max())
        factor, info = lapack.dpotrf(own.T, lower=1, overwrite_a=1, clean=0)
        self.factor = factor if info == 0 and np.diag(factor).min() ** 2 > least else None
        self.base, self.inside = at, np.zeros(len(self.Q), bool)
        self.inside[at] = True
        self.borders, self.slots = np.empty((len(at), 0), order="F"), np.full(len(self.Q), -1)

    def by_borders(
        self, at: np.ndarray, c: np.ndarray, gone: np.ndarray, come: np.ndarray
    ) -> np.ndarray | None:
        L, base, Q = self.factor, self.base, self.Q
        assert L is not None
        where, rows = np.searchsorted(at, base), np.searchsorted(base, gone)
        stays = np.ones(len(base), bool)
        stays[rows] = False
        right = np.zeros(len(base))
        right[stays] = c[where[stays]]
        y = lapack.dtrtrs(L, right, lower=1)[0]
        borders = np.concatenate([come, gone])
        new = borders[self.slots[borders] < 0]
        if len(new):
            unit = self.inside[new]
            U = np.asfortranarray(np.where(unit, 0.0, Q[np.ix_(base, new)]))
            U[np.searchsorted(base, new[unit]), np.flatnonzero(unit)] = 1.0
            self.slots[new] = self.borders.shape[1] + np.arange(len(new))
            self.borders = np.concatenate([self.borders, lapack.dtrtrs(L, U, lower=1)[0]], axis=1)
        V = self.borders[:, self.slots[borders]]
        corner = np.zeros((len(borders), len(borders)))
        k = len(come)
        corner[:k, :k] = Q[np.ix_(come, come)]
        aims = np.zeros(len(borders))
        aims[:k] = c[np.searchsorted(at, come)]
        try:
            z = np.linalg.solve(corner - V.T @ V, aims - V.T @ y)
        except np.linalg.LinAlgError:
            return None
        inner = lapack.dtrtrs(L, y - V @ z, lower=1, trans=1)[0]
        x = np.empty(len(at))
        x[where[stays]] = inner[stays]
        x[np.searchsorted(at, come)] = z[:k]
        return x if np.isfinite(x).all() else None
