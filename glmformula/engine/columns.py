"""A design's pieces on the rows of one block: linear predictor, and the columns that are formed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ..design.pieces import Contrast, Design, Indicators, Piece, coded_rows
from ..sources.base import Block

# Nanoseconds a row on one core: what decides whether a factor is counted or made dense.
MULTIPLY_COST, COLUMN_COST, COUNT_COST = 0.05, 2.0, 1.7
# Numbers in the columns of some rows that are made dense together: 1 MB, which a processor's cache holds.
CHUNK_CELLS = 2**17


class Part(NamedTuple):
    """A piece without its rows: its place among the columns, and whether its columns are not to be formed.

    `numeric`: numbers multiply its columns.
    """

    start: int
    stop: int
    contrast: Contrast | None
    counted: bool
    numeric: bool = False


def plan(pieces: tuple[Piece, ...], solve: str | None) -> tuple[Part, ...]:
    """Which pieces to form as columns.

    All of them for QR; only those without levels where nothing is solved; for a Gram matrix all but the
    widest factors, as many as make a row cheapest.
    """
    least = np.inf if solve == "qr" else 0.0
    if solve == "gram":
        least = narrowest_counted([piece.width for piece in pieces if piece.codes is not None], pieces)
    parts, stop = [], 0
    for piece in pieces:
        start, stop = stop, stop + piece.width
        counted = piece.codes is not None and piece.width >= least
        parts.append(Part(start, stop, piece.contrast, counted, bool(piece.numeric)))
    return tuple(parts)


def narrowest_counted(factors: list[int], pieces: tuple[Piece, ...]) -> float:
    """Width from which on factors are counted by level."""
    factors = sorted(factors, reverse=True)
    width = sum([piece.width for piece in pieces])
    best = least = np.inf
    for count in range(len(factors) + 1):
        dense = width - sum(factors[:count])
        cost = MULTIPLY_COST * dense**2 + COLUMN_COST * dense + COUNT_COST * count * (dense + 2 + count / 2)
        if cost < best:
            best, least = cost, factors[count - 1] if count else np.inf
    return least


def dense_indices(parts: tuple[Part, ...]) -> np.ndarray:
    """The design columns that are formed, in order."""
    return np.array(
        [j for part in parts if not part.counted for j in range(part.start, part.stop)], dtype=int
    )


def dense_columns(pieces: tuple[Piece, ...], parts: tuple[Part, ...], m: int) -> np.ndarray:
    """[B, empty], (k + 1, m): the columns that are formed, a row each, and one to write the response into."""
    width = sum([part.stop - part.start for part in parts if not part.counted])
    out = np.empty((width + 1, m))
    write_columns(pieces, parts, out)
    return out


def write_columns(pieces: tuple[Piece, ...], parts: tuple[Part, ...], out: np.ndarray) -> None:
    """Write the columns that are formed into the first rows of `out`."""
    stop = 0
    for piece, part in zip(pieces, parts):
        if part.counted:
            continue
        start, stop = stop, stop + piece.width
        fill(piece, out[start:stop])


def fill(piece: Piece, out: np.ndarray) -> None:
    """Write the columns of a piece into the rows of `out` (width, m)."""
    if piece.codes is None or piece.contrast is None:
        if len(piece.numeric) == 1:
            out[0] = piece.numeric[0]
            return
        out[0] = 1.0
    else:
        coded_rows(piece.contrast, piece.codes, out)
    for array in piece.numeric:
        out *= array


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
    stop = 0
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        add_piece(eta, piece, beta[start:stop])
    return eta


def longest_move(step: np.ndarray, block: Block) -> float:
    """A bound of |X step| over the rows, piece by piece."""
    total, stop = 0.0, 0
    for piece in block.design.pieces:
        start, stop = stop, stop + piece.width
        part = step[start:stop] if piece.contrast is None else piece.contrast @ step[start:stop]
        size = float(np.abs(part).max(initial=0.0))
        for array in piece.numeric:
            size *= max(float(array.max(initial=0)), -float(array.min(initial=0)))
        total += size
    return total


def predictor_from_columns(
    pieces: tuple[Piece, ...],
    parts: tuple[Part, ...],
    columns: np.ndarray,
    beta: np.ndarray,
    offset: np.ndarray | None,
) -> np.ndarray:
    """offset + X beta, (m,), by the columns that are formed and the levels of those that are not."""
    k = len(columns) - 1
    formed = beta if k == len(beta) else beta[dense_indices(parts)]
    eta = np.dot(formed, columns[:k]) if k else np.zeros(columns.shape[1])
    if offset is not None:
        eta += offset
    if k < len(beta):
        for piece, part in zip(pieces, parts):
            if part.counted:
                add_piece(eta, piece, beta[part.start : part.stop])
    return np.asarray(eta)


def add_piece(eta: np.ndarray, piece: Piece, beta: np.ndarray) -> None:
    part: np.ndarray | float
    if piece.codes is None or piece.contrast is None:
        part = float(beta[0])
        if part == 0.0:
            return
    else:
        part = np.take(piece.contrast @ beta, piece.codes, mode="clip")
    product = row_product(piece)
    eta += part if product is None else part * product


def in_chunks(block: Block, cells: int = CHUNK_CELLS) -> Iterator[Block]:
    """The rows of a block in parts whose columns have at most `cells` numbers; of a block without rows one part."""
    size = max(1, cells // max(1, block.design.ncols))
    for start in range(0, max(1, len(block.y)), size):
        rows = slice(start, min(start + size, len(block.y)))
        weights, offset = (None if a is None else a[rows] for a in (block.prior_weights, block.offset))
        yield Block(block.design.rows(rows), block.y[rows], weights, offset)


def pieces_changed(design: Design, changed: np.ndarray) -> tuple[Design, np.ndarray]:
    """The design of the pieces that have a column of `changed`, bool (p,), and the place of its columns."""
    stops = np.cumsum([piece.width for piece in design.pieces]).tolist()
    kept = [
        (piece, np.arange(stop - piece.width, stop))
        for piece, stop in zip(design.pieces, stops)
        if changed[stop - piece.width : stop].any()
    ]
    columns = np.concatenate([np.empty(0, int), *(columns for _, columns in kept)])
    return replace(design, pieces=tuple(piece for piece, _ in kept)), columns


def sparse_rows(design: Design) -> sp.csr_array:
    """X of a design's pieces (n, p), without its zeros."""
    parts = [sp.csr_array((design.nrows, 0))]
    for piece in design.pieces:
        product = row_product(piece)
        values = np.ones(design.nrows) if product is None else np.asarray(product, dtype=float)
        if piece.codes is None or piece.contrast is None:
            parts.append(sp.csr_array(values[:, None]))
        else:
            parts.append(sp.diags_array(values) @ sparse_contrast(piece.contrast)[piece.codes])
    return sp.csr_array(sp.hstack(parts))


def sparse_contrast(contrast: Contrast) -> sp.csr_array:
    if not isinstance(contrast, Indicators):
        return sp.csr_array(contrast)
    chosen = contrast.chosen
    return sp.csr_array((np.ones(len(chosen)), (chosen, np.arange(len(chosen)))), shape=contrast.shape)
