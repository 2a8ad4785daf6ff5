"""Some rows of a penalised problem: linear predictors of many coefficient vectors, and products with the columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...design.pieces import Contrast, Piece
from ...sources.base import Block
from ..columns import Part, dense_columns, dense_indices, plan
from .formed import FormedBlock
from .levels import Levels, levels_of

# Numbers of linear predictors, and of columns, that are worked on together: few enough for a processor's cache, and
# enough that the interpreter's turn for each column costs little.
CELLS = 2**19
FEWEST, MOST = 2**11, 2**15


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows, with the columns (k + 1, m) that are formed, the last of them zero.

    `pieces` and `levels` are there if others are counted; `single` are the columns in single precision, where they are
    held.
    """

    pieces: tuple[Piece, ...]
    parts: tuple[Part, ...]
    columns: np.ndarray
    y: np.ndarray
    prior_weights: np.ndarray | None
    offset: np.ndarray | None
    folds: np.ndarray | None
    levels: Levels | None
    single: np.ndarray | None = None

    @property
    def formed(self) -> bool:
        """Whether no column is counted."""
        return self.levels is None

    @property
    def weights(self) -> np.ndarray:
        return np.ones(len(self.y)) if self.prior_weights is None else self.prior_weights

    def some(self, which: slice | np.ndarray) -> Rows:
        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[which]

        return Rows(
            tuple(piece.rows(which) for piece in self.pieces),
            self.parts,
            self.columns[:, which],
            self.y[which],
            part(self.prior_weights),
            part(self.offset),
            part(self.folds),
            None if self.levels is None else self.levels.rows(which),
            None if self.single is None else self.single[:, which],
        )

    @property
    def counted(self) -> Iterator[tuple[Piece, Part, Contrast]]:
        for piece, part in zip(self.pieces, self.parts):
            if part.counted:
                assert piece.contrast is not None
                yield piece, part, piece.contrast


def rows_of(block: Block, width: int = 1) -> Iterator[Rows]:
    """The rows of a block, so many at a time that their columns, or `width` others, are not too much memory."""
    whole, m = block.design.pieces, len(block.y)
    held = block if isinstance(block, FormedBlock) else None
    parts = plan(whole, "gram") if held is None else held.parts
    counted = any(part.counted for part in parts)
    size = max(FEWEST, min(MOST, CELLS // max(1, width, len(dense_indices(parts)))))
    for start in range(0, max(1, m), size):
        rows = slice(start, min(start + size, m))

        def part(values: np.ndarray | None, rows: slice = rows) -> np.ndarray | None:
            return None if values is None else values[rows]

        pieces = tuple(piece.rows(rows) for piece in whole) if held is None or counted else ()
        if held is None:
            columns, single = dense_columns(pieces, parts, rows.stop - rows.start), None
            columns[-1] = 0.0
            levels = levels_of(pieces, parts) if counted else None
        else:
            columns, single = held.columns[:, rows], None if held.single is None else held.single[:, rows]
            levels = None if held.levels is None else held.levels.rows(rows)
        yield Rows(
            pieces=pieces if counted else (),
            parts=parts,
            columns=columns,
            y=block.y[rows],
            prior_weights=part(block.prior_weights),
            offset=part(block.offset),
            folds=part(block.etastart),
            levels=levels,
            single=single,
        )


def predictors(rows: Rows, betas: np.ndarray) -> np.ndarray:
    """offset + X beta for each of `betas` (L, p), (L, m): by row in memory, where columns are counted by column."""
    if rows.levels is None:
        eta = np.dot(betas.astype(rows.columns.dtype, copy=False), rows.columns[:-1]).astype(
            float, copy=False
        )
        return np.asarray(eta if rows.offset is None else eta + rows.offset)
    columns = np.ascontiguousarray(rows.columns[:-1].T)
    across = np.dot(columns, betas[:, dense_indices(rows.parts)].T)
    if rows.offset is not None:
        across += rows.offset[:, None]
    rows.levels.add(betas, across)
    return across.T


def transposed_product(rows: Rows, r: np.ndarray) -> np.ndarray:
    """r X for r (L, m), (L, p)."""
    r = r.astype(rows.columns.dtype, copy=False)
    product = np.dot(rows.columns[:-1], r.T).T  # a transposed view on the left would be copied
    if rows.levels is None:
        return np.asarray(product)
    out = np.empty((len(r), rows.parts[-1].stop))
    out[:, dense_indices(rows.parts)] = product
    rows.levels.sums(r.T, out)
    return out
