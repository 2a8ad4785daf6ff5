"""The design matrix as column pieces: it exists in full only when somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Piece:
    """Adjacent columns  prod(numeric) * contrast[codes].

    Attributes
    ----------
    numeric : tuple of ndarray, each (n,), any real dtype
        Arrays multiplied together; empty means 1.
    codes : ndarray of int, (n,) or None
        Level of each row (an interaction of factors: joint level, the first factor fastest); never -1 here.
    contrast : ndarray, (levels, m) or None
        Contrast matrix (identity for full dummies). None exactly where `codes` is None (then one column).
    key : hashable
        Equal for two pieces that share the same codes array (``f`` and ``f:x``).
    """

    numeric: tuple[np.ndarray, ...]
    codes: np.ndarray | None = None
    contrast: np.ndarray | None = None
    key: object = None

    @property
    def width(self) -> int:
        return 1 if self.contrast is None else self.contrast.shape[1]

    def rows(self, which: slice | np.ndarray) -> Piece:
        numeric = tuple([a[which] for a in self.numeric])
        return Piece(numeric, None if self.codes is None else self.codes[which], self.contrast, self.key)


@dataclass(frozen=True, slots=True)
class Design:
    """Pieces in column order, with R's column names and `assign`.

    `names` and `assign` have length p = sum of the pieces' widths; `assign[j]` is 0 for the intercept, else
    1 + index into `term_labels`.
    """

    nrows: int
    pieces: tuple[Piece, ...]
    names: tuple[str, ...]
    assign: np.ndarray
    term_labels: tuple[str, ...]

    @property
    def ncols(self) -> int:
        return len(self.names)

    def select_terms(self, keep: frozenset[int]) -> Design:
        """The same rows, only the pieces whose term (`assign`) is in `keep`."""
        starts = np.cumsum([0, *(p.width for p in self.pieces)])[:-1]
        chosen = [k for k, start in enumerate(starts) if int(self.assign[start]) in keep]
        columns = np.isin(self.assign, list(keep))
        return replace(
            self,
            pieces=tuple(self.pieces[k] for k in chosen),
            names=tuple(n for n, kept in zip(self.names, columns, strict=True) if kept),
            assign=self.assign[columns],
        )

    def rows(self, which: slice | np.ndarray) -> Design:
        """The same design on some rows (views where `which` is a slice)."""
        if isinstance(which, slice):
            n = len(range(*which.indices(self.nrows)))
        else:
            n = int(np.count_nonzero(which)) if which.dtype == bool else len(which)
        return replace(self, nrows=n, pieces=tuple(p.rows(which) for p in self.pieces))
