"""How the first grouping factor meets the others: Z1'WZ2, dense or sparse, and its products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

DENSE_SHARE, DENSE_CELLS = 0.15, 2**18
CHUNK_CELLS = 2**22


@dataclass(frozen=True)
class Shape:
    """Levels and columns a level: of the first grouping factor, and of the others one after another."""

    first: tuple[int, int]
    others: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        return self.first[0] * self.first[1]

    @property
    def offsets(self) -> list[int]:
        """Where each of the others begins, and the end."""
        return np.cumsum([0, *(count * width for count, width in self.others)]).tolist()

    @property
    def columns(self) -> int:
        return self.offsets[-1]

    def scaled(self, lams: list[np.ndarray], M: np.ndarray, transpose: bool) -> np.ndarray:
        """Lambda M of the others' rows (columns, r), or Lambda' M."""
        out = np.empty_like(M)
        for (count, width), lam, start, stop in zip(
            self.others, lams[1:], self.offsets, self.offsets[1:], strict=False
        ):
            own = M[start:stop]
            if width == 1:
                np.multiply(own, lam[0, 0], out=out[start:stop])
            else:
                left = lam.T if transpose else lam
                out[start:stop] = (left @ own.reshape(count, width, -1)).reshape(own.shape)
        return out

    def blocks(self, M: np.ndarray, which: int, other: np.ndarray | None = None) -> np.ndarray:
        """Sum over the levels of one of the others of the diagonal blocks of M, or of M times `other`."""
        count, width = self.others[which]
        start, stop = self.offsets[which], self.offsets[which + 1]
        if other is None:
            own = M[start:stop, start:stop].reshape(count, width, count, width)
            return np.asarray(np.einsum("jajb->ab", own))
        left = M[start:stop].reshape(count, width, -1)
        right = other[:, start:stop].reshape(-1, count, width)
        return np.asarray(np.einsum("jaq,qjb->ab", left, right, optimize=False))


@dataclass(frozen=True)
class Pattern:
    """The entries of Z1'WZ2 that are not zero by the design: (rows, columns), sorted by row."""

    shape: Shape
    rows: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    order: np.ndarray
    dense: bool

    @classmethod
    def of(cls, shape: Shape, rows: np.ndarray, columns: np.ndarray) -> Pattern:
        order = np.lexsort((columns, rows))
        rows, columns = rows[order], columns[order]
        starts = np.searchsorted(rows, np.arange(shape.rows + 1))
        cells = shape.rows * shape.columns
        dense = cells <= DENSE_CELLS or len(rows) > DENSE_SHARE * cells
        return cls(shape, rows, columns, starts, order, dense)

    def matrix(self, values: np.ndarray) -> Any:
        """(rows, columns), from the entries in the order in which they were given."""
        size = self.shape.rows, self.shape.columns
        if self.dense:
            out = np.zeros(size)
            out[self.rows, self.columns] = values[self.order]
            return out
        return sp.csr_array((values[self.order], self.columns, self.starts), shape=size)


def block_times(D: np.ndarray, C: Any) -> Any:
    """blockdiag(D) C, of the kind of C."""
    J, K = D.shape[:2]
    if isinstance(C, np.ndarray):
        return (D @ C.reshape(J, K, -1)).reshape(C.shape)
    if K == 1:
        scale = np.repeat(D[:, 0, 0], np.diff(C.indptr))
        return sp.csr_array((C.data * scale, C.indices, C.indptr), shape=C.shape)
    blocks = sp.bsr_array((D, np.arange(J), np.arange(J + 1)), shape=(J * K, J * K))
    return sp.csr_array(blocks @ C)


def inner(C: Any, DC: Any) -> np.ndarray:
    """C' D C, dense."""
    out = C.T @ DC
    return out if isinstance(out, np.ndarray) else out.toarray()


def row_chunks(C: Any, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of levels whose rows, made dense, are not too many numbers."""
    levels = C.shape[0] // width
    step = max(1, CHUNK_CELLS // (width * max(1, C.shape[1])))
    for first in range(0, levels, step):
        yield first, min(levels, first + step)


def level_forms(C: Any, Q: np.ndarray, width: int) -> np.ndarray:
    """C_j Q C_j' of each level j of the first factor, (J, K, K)."""
    levels = C.shape[0] // width
    out = np.empty((levels, width, width))
    for a, b in row_chunks(C, width):
        part = C[a * width : b * width]
        product = part @ Q
        if isinstance(part, np.ndarray):
            left = product.reshape(b - a, width, -1)
            out[a:b] = left @ part.reshape(b - a, width, -1).transpose(0, 2, 1)
            continue
        for i in range(width):
            for j in range(i + 1):
                one = part[j::width].multiply(product[i::width])
                out[a:b, i, j] = out[a:b, j, i] = np.asarray(one.sum(axis=1)).ravel()
    return out
