"""What the engine does with a design's pieces on the rows of one block: linear predictor and dense columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..design.pieces import Design, Piece


def placed(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, int, int]]:
    """Each piece with its half-open range of columns."""
    stop = 0
    for piece in pieces:
        start, stop = stop, stop + piece.width
        yield piece, start, stop


def row_product(piece: Piece) -> np.ndarray | None:
    """The product of a piece's numeric arrays, or None for 1."""
    if not piece.numeric:
        return None
    product = piece.numeric[0]
    for other in piece.numeric[1:]:
        product = product * other
    return product


def linear_predictor(design: Design, beta: np.ndarray, offset: np.ndarray | None) -> np.ndarray:
    """offset + X beta on the rows of a block, (m,), without forming X."""
    eta = np.zeros(design.nrows) if offset is None else np.array(offset, dtype=np.float64)
    for piece, start, stop in placed(design.pieces):
        part: np.ndarray | float
        if piece.codes is None or piece.contrast is None:
            part = beta[start]
            if part == 0:
                continue
        else:
            part = np.take(piece.contrast @ beta[start:stop], piece.codes, mode="clip")
        product = row_product(piece)
        eta += part if product is None else part * product
    return eta


def fill_columns(pieces: Iterable[Piece], out: np.ndarray) -> None:
    """Write the columns of `pieces` into the rows of `out` (width, m)."""
    for piece, start, stop in placed(pieces):
        rows = out[start:stop]
        if piece.codes is None or piece.contrast is None:
            if len(piece.numeric) == 1:
                rows[0] = piece.numeric[0]
                continue
            rows[0] = 1.0
        else:
            for row, column in zip(rows, piece.contrast.T):
                np.take(column, piece.codes, out=row, mode="clip")
        for array in piece.numeric:
            rows *= array
