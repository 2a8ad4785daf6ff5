"""How the first grouping factor meets the others: Z1'WZ2, dense or sparse, and its products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

DENSE_SHARE, DENSE_CELLS = 0.15, 2**18
CHUNK_CELLS = 2**22
MOST_PRODUCTS = 8_000_000


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

    def scalars(self, lams: list[np.ndarray]) -> np.ndarray | None:
        """Lambda's diagonal (columns,) of the others, where each has one column a level; else None."""
        if any(width > 1 for _, width in self.others):
            return None
        return np.repeat([lam[0, 0] for lam in lams[1:]], [count for count, _ in self.others])

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

    def split(self, one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of each grouping factor (count, width, ...), from the first's and the others' one under another (Q, ...)."""
        rest = (
            two[start : start + count * width].reshape(count, width, *two.shape[1:])
            for (count, width), start in zip(self.others, self.offsets, strict=False)
        )
        return (one, *rest)

    def diagonal(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        """Where one of the others has its levels' blocks (count, width, width) in a matrix (columns, columns)."""
        count, width = self.others[which]
        at = self.offsets[which] + np.arange(count * width).reshape(count, width)
        return at[:, :, None], at[:, None, :]

    def blocks(self, M: np.ndarray, which: int, other: np.ndarray) -> np.ndarray:
        """Sum over the levels of one of the others of the diagonal blocks of M times `other`."""
        count, width = self.others[which]
        start, stop = self.offsets[which], self.offsets[which + 1]
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


@dataclass(frozen=True)
class Products:
    """Products of the entries of each row of a sparse C that stays, for C'DC and C_j Q C_j' with a diagonal D.

    Attributes
    ----------
    table : csr_array (m, rows)
        A row for each place below the diagonal of C'C that is not zero, C_jr C_js in column j.
    places : ndarray of int (m,)
        The places, r * columns + s with r >= s.
    twice : ndarray (m,)
        2 off the diagonal.
    """

    table: Any
    places: np.ndarray
    twice: np.ndarray
    columns: int

    @classmethod
    def of(cls, C: Any) -> Products | None:
        """None where there are too many."""
        counts = np.diff(C.indptr).astype(np.int64)
        if int((counts * (counts + 1) // 2).sum()) > MOST_PRODUCTS:
            return None
        entry = np.arange(C.nnz)
        row = np.repeat(np.arange(C.shape[0]), counts)
        after = C.indptr[row + 1] - entry  # partners from the entry on, of the same row
        left = np.repeat(entry, after)
        right = np.arange(len(left)) - np.repeat(np.cumsum(after) - after, after) + left
        place = C.indices[right].astype(np.int64) * C.shape[1] + C.indices[left]
        order = np.argsort(place, kind="stable")
        place, left, right = place[order], left[order], right[order]
        first = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
        indptr = np.append(first, len(place))
        data, owners = C.data[left] * C.data[right], row[left]
        table = sp.csr_array((data, owners, indptr), shape=(len(first), C.shape[0]))
        places = place[first]
        twice = np.where(places // C.shape[1] == places % C.shape[1], 1.0, 2.0)
        return cls(table, places, twice, C.shape[1])

    def inner(self, D: np.ndarray) -> np.ndarray:
        """C' diag(D) C, dense."""
        out = np.zeros(self.columns**2)
        out[self.places] = self.table @ D
        square = out.reshape(self.columns, self.columns)
        return square + np.tril(square, -1).T

    def forms(self, Q: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """C_j T Q T C_j' of each row, T = diag(scale); of Q the lower triangle is looked at."""
        values = Q.ravel()[self.places] * self.twice
        values *= scale[self.places // self.columns]
        values *= scale[self.places % self.columns]
        return np.asarray(self.table.T @ values)
