"""The full matrix, for those who ask for it."""

from __future__ import annotations

import numpy as np

from .pieces import Design, Piece, coded_rows


def dense(design: Design) -> np.ndarray:
    """The (n, p) float64 model matrix in Fortran order."""
    out = np.empty((design.nrows, design.ncols), order="F")
    stop = 0
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        _fill(piece, out[:, start:stop])
    return out


def _fill(piece: Piece, out: np.ndarray) -> None:
    if piece.codes is None or piece.contrast is None:
        out[:] = 1.0
    else:
        coded_rows(piece.contrast, piece.codes, out.T)
    for array in piece.numeric:
        out *= np.asarray(array, dtype=np.float64)[:, None]
