"""Weight sums by level and by pair of levels: the counting loop behind factors."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def count_publicly(
    rows: int, columns: int, n: int, i: np.ndarray, j: np.ndarray, w: np.ndarray, out: np.ndarray, order: int
) -> None:
    """SciPy's counting loop through its public class: the same, with more overhead a call."""
    out += sp.coo_array((w, (i, j)), shape=(rows, columns)).toarray().ravel()


def products_publicly(
    rows: int,
    columns: int,
    k: int,
    starts: np.ndarray,
    i: np.ndarray,
    w: np.ndarray,
    x: np.ndarray,
    out: np.ndarray,
) -> None:
    """SciPy's product of a matrix that is sparse by column, through its public class."""
    out += (sp.csc_array((w, i, starts), shape=(rows, columns)) @ x.reshape(columns, k)).ravel()


def gathered_publicly(
    rows: int,
    columns: int,
    k: int,
    starts: np.ndarray,
    j: np.ndarray,
    w: np.ndarray,
    x: np.ndarray,
    out: np.ndarray,
) -> None:
    """SciPy's product of a matrix that is sparse by row, through its public class."""
    out += (sp.csr_array((w, j, starts), shape=(rows, columns)) @ x.reshape(columns, k)).ravel()


try:
    # out[i, j] += w over two arrays of codes; needs no joint codes and releases the interpreter lock, which
    # numpy.bincount does not (about 1.6 ns a row each)
    from scipy.sparse._sparsetools import coo_todense, csc_matvecs, csr_matvecs
except ImportError:
    coo_todense, csc_matvecs, csr_matvecs = count_publicly, products_publicly, gathered_publicly

# A table of more cells than this is kept sparse while blocks are added up.
SPARSE_CELLS = 2**20


def checked_codes(codes: np.ndarray, levels: int) -> np.ndarray:
    """Contiguous int32 codes; IndexError where one is not a level, since the loops below do not look."""
    codes = np.ascontiguousarray(codes, dtype=np.int32)
    if len(codes) and (codes.min() < 0 or codes.max() >= levels):
        raise IndexError(f"level codes should lie in 0..{levels - 1}; got {codes.min()}..{codes.max()}")
    return codes


def by_level(codes: np.ndarray, levels: int, weights: np.ndarray) -> np.ndarray:
    """(k, levels) sums of the rows of `weights` (k, m) by level."""
    out = np.zeros((len(weights), levels))
    only = np.zeros(len(codes), dtype=np.int32)
    for row, w in zip(out, weights):
        coo_todense(1, levels, len(codes), only, codes, w, row, 0)
    return out


def row_places(places: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts, places and weights as a sparse matrix has them; `places` int32 and `weights` (m, c), None for 1."""
    m, c = places.shape
    starts = np.arange(0, (m + 1) * c, c, dtype=np.int32)
    return starts, places.ravel(), np.ones(m * c) if weights is None else weights.ravel()


def sums_at(places: np.ndarray, weights: np.ndarray | None, count: int, values: np.ndarray) -> np.ndarray:
    """(count, k): the rows of `values` (m, k), times their weights (m, c), summed up at their places (m, c)."""
    m, k = values.shape
    out = np.zeros((count, k))
    csc_matvecs(count, m, k, *row_places(places, weights), np.ascontiguousarray(values).ravel(), out.ravel())
    return out


def add_from(places: np.ndarray, weights: np.ndarray | None, table: np.ndarray, out: np.ndarray) -> None:
    """Add to the rows of `out` (m, k) those of `table` (count, k) at their places (m, c), times their weights."""
    m, k = out.shape
    csr_matvecs(m, len(table), k, *row_places(places, weights), table.ravel(), out.ravel())


def by_pair(
    first: np.ndarray, second: np.ndarray, shape: tuple[int, int], weights: np.ndarray
) -> np.ndarray | sp.csr_array:
    """Sums of `weights` (m,) by pair of levels; sparse where the table is very large."""
    if shape[0] * shape[1] > SPARSE_CELLS:
        return sp.coo_array((weights, (first, second)), shape=shape).tocsr()
    out = np.zeros(shape)
    coo_todense(*shape, len(first), first, second, weights, out.ravel(), 0)
    return out
