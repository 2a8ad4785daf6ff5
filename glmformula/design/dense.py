"""The full matrix, for those who ask for it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .pieces import Contrast, Design, Indicators, Piece, coded_rows


def dense(design: Design) -> np.ndarray:
    """The (n, p) float64 model matrix in Fortran order."""
    out = np.empty((design.nrows, design.ncols), order="F")
    stop = 0
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        _fill(piece, out[:, start:stop])
    return out


def sparse(design: Design) -> sp.csr_array:
    """The same without its zeros, (n, p): for designs of very many columns."""
    n, stop = design.nrows, 0
    rows, columns, values = [], [], []
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        product = np.ones(n)
        for array in piece.numeric:
            product = product * np.asarray(array, dtype=np.float64)
        if piece.codes is None or piece.contrast is None:
            where, place, weight = np.arange(n), np.full(n, start), product
        else:
            coded = sp.csr_array(as_sparse(piece.contrast))[piece.codes].tocoo()
            where, place, weight = coded.row, start + coded.col, coded.data * product[coded.row]
        rows.append(where)
        columns.append(place)
        values.append(weight)
    if not rows:
        return sp.csr_array((n, 0))
    parts = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return sp.coo_array(parts, shape=(n, design.ncols)).tocsr()


def as_sparse(contrast: Contrast) -> sp.csr_array:
    if not isinstance(contrast, Indicators):
        return sp.csr_array(contrast)
    m = len(contrast.chosen)
    return sp.coo_array((np.ones(m), (contrast.chosen, np.arange(m))), shape=contrast.shape).tocsr()


def column_sums(design: Design) -> np.ndarray:
    """Sums of the columns over the rows, (p,)."""
    return np.concatenate([np.empty(0), *(_piece_sums(piece, design.nrows) for piece in design.pieces)])


def _piece_sums(piece: Piece, n: int) -> np.ndarray:
    product = np.ones(n)
    for array in piece.numeric:
        product = product * np.asarray(array, dtype=np.float64)
    if piece.codes is None or piece.contrast is None:
        return np.array([product.sum()])
    return np.asarray(as_sparse(piece.contrast).T @ np.bincount(piece.codes, product, len(piece.contrast)))


def _fill(piece: Piece, out: np.ndarray) -> None:
    if piece.codes is None or piece.contrast is None:
        out[:] = 1.0
    else:
        coded_rows(piece.contrast, piece.codes, out.T)
    for array in piece.numeric:
        out *= np.asarray(array, dtype=np.float64)[:, None]
