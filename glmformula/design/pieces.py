"""The design matrix as column pieces: it exists in full only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, compress

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Indicators:
    """A contrast matrix whose column j is 1 at the level ``chosen[j]`` and 0 elsewhere, without its zeros."""

    levels: int
    chosen: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.levels, len(self.chosen)

    def __len__(self) -> int:
        return self.levels

    def __matmul__(self, beta: np.ndarray) -> np.ndarray:
        """What each level adds to eta, (levels,), at the coefficients of the columns."""
        out = np.zeros(self.levels)
        out[self.chosen] = beta
        return out


Contrast = np.ndarray | Indicators


def some_columns(contrast: Contrast, which: Sequence[int]) -> Contrast:
    if isinstance(contrast, Indicators):
        return Indicators(contrast.levels, contrast.chosen[which])
    return contrast[:, which]


def kron(inner: Contrast, outer: Contrast) -> Contrast:
    """Contrasts of joint levels: rows and columns both with those of `inner` fastest."""
    if isinstance(outer, Indicators) and isinstance(inner, Indicators):
        joint = outer.chosen[:, None] * inner.levels + inner.chosen
        return Indicators(outer.levels * inner.levels, joint.ravel())
    return np.kron(as_matrix(outer), as_matrix(inner))


def as_matrix(contrast: Contrast) -> np.ndarray:
    """(levels, m), zeros and all."""
    if not isinstance(contrast, Indicators):
        return contrast
    out = np.zeros(contrast.shape)
    out[contrast.chosen, np.arange(len(contrast.chosen))] = 1.0
    return out


def coded_rows(contrast: Contrast, codes: np.ndarray, out: np.ndarray) -> None:
    """Write the columns of ``contrast[codes]`` into the rows of `out` (m, n)."""
    if isinstance(contrast, Indicators):
        for row, level in zip(out, contrast.chosen.tolist()):
            np.equal(codes, level, out=row)  # twice as fast as a look-up
    else:
        for row, column in zip(out, contrast.T):
            np.take(column, codes, out=row, mode="clip")


@dataclass(frozen=True, slots=True)
class Piece:
    """Adjacent columns  prod(numeric) * contrast[codes].

    Attributes
    ----------
    numeric : tuple of ndarray, each (n,), any real dtype
        Arrays multiplied together; empty means 1.
    codes : ndarray of int, (n,) or None
        Level of each row (an interaction of factors: joint level, the first factor fastest); never -1 here.
    contrast : ndarray or Indicators, (levels, m), or None
        Contrast matrix (the identity for full dummies). None exactly where `codes` is None (then one column).
    key : hashable
        Equal for two pieces that share the same codes array (``f`` and ``f:x``).
    """

    numeric: tuple[np.ndarray, ...]
    codes: np.ndarray | None = None
    contrast: Contrast | None = None
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
        kept = [term in keep for term in self.assign.tolist()]
        starts = accumulate([piece.width for piece in self.pieces], initial=0)
        return replace(
            self,
            pieces=tuple([piece for piece, start in zip(self.pieces, starts) if kept[start]]),
            names=tuple(compress(self.names, kept)),
            assign=self.assign[kept],
        )

    def rows(self, which: slice | np.ndarray) -> Design:
        """The same design on some rows (views where `which` is a slice)."""
        if isinstance(which, slice):
            n = len(range(*which.indices(self.nrows)))
        else:
            n = int(np.count_nonzero(which)) if which.dtype == bool else len(which)
        return replace(self, nrows=n, pieces=tuple(p.rows(which) for p in self.pieces))


def joined(parts: Sequence[Design]) -> Design:
    """The columns of several designs on the same rows, side by side.

    `assign` and `term_labels` of a further part count on from those before; its intercept is a term too.
    """
    if len(parts) == 1:
        return parts[0]
    assign, labels = [parts[0].assign], list(parts[0].term_labels)
    for part in parts[1:]:
        assign.append(part.assign + len(labels) + 1)
        labels += ["(Intercept)", *part.term_labels]
    return Design(
        nrows=parts[0].nrows,
        pieces=tuple(piece for part in parts for piece in part.pieces),
        names=tuple(name for part in parts for name in part.names),
        assign=np.concatenate(assign),
        term_labels=tuple(labels),
    )
