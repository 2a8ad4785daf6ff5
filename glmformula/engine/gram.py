"""X'WX and X'Wu of one block, and of all blocks, without the columns of wide factors.

Numeric pieces and narrow factors are gathered into a small dense buffer and multiplied by BLAS. A wide factor
is *counted*: its part of the Gram matrix is a table of weight sums by level (or by pair of levels), kept in
the indicator basis while blocks are added up; contrast matrices are applied once, to the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..design.pieces import Contrast, Indicators, Piece
from .columns import Part, dense_indices, row_product
from .counts import by_level, by_pair, checked_codes


@dataclass(frozen=True, slots=True)
class Tables:
    """Sums over rows, W the working weights and u the working residual, B the dense columns (k of them).

    Attributes
    ----------
    parts : tuple of Part
    dense : ndarray (k + 1, k + 1)
        [B, u]'W[B, u].
    levels : tuple of ndarray (k + 1, levels)
        For each counted piece, [B, u]'W D with D its indicator columns.
    squares : tuple of ndarray (levels,)
        For each counted piece, the diagonal of D'WD.
    pairs : tuple of ndarray or csr_array
        D_i'WD_j for the pairs of counted pieces, in the order of ``itertools.combinations``; a vector (the
        diagonal) where the two pieces have the same codes.
    """

    parts: tuple[Part, ...]
    dense: np.ndarray
    levels: tuple[np.ndarray, ...] = ()
    squares: tuple[np.ndarray, ...] = ()
    pairs: tuple[np.ndarray | sp.csr_array, ...] = ()

    def __add__(self, other: Tables) -> Tables:
        def added(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple([x + y for x, y in zip(a, b)])

        return Tables(
            self.parts,
            self.dense + other.dense,
            added(self.levels, other.levels),
            added(self.squares, other.squares),
            added(self.pairs, other.pairs),
        )


def tables(
    pieces: tuple[Piece, ...], parts: tuple[Part, ...], columns: np.ndarray, working_weights: np.ndarray
) -> Tables:
    """The sums of one block; `columns` is [B, u] by rows, overwritten."""
    if not any(part.counted for part in parts):
        columns *= np.sqrt(working_weights)
        return Tables(parts, np.dot(columns, columns.T))  # np.matmul keeps the interpreter lock
    counted = [level_codes(i, piece) for i, (piece, part) in enumerate(zip(pieces, parts)) if part.counted]
    ones = ones_row(pieces, parts)
    weighted = columns * working_weights
    dense = np.dot(weighted, columns.T)
    pairs, margins = [], {}
    for (i, a), (j, b) in combinations(enumerate(counted), 2):
        w = working_weights
        for product in (a.product, b.product):
            w = w if product is None else w * product
        if a.key == b.key:
            pairs.append(by_level(a.codes, a.levels, w[None])[0])
            continue
        table = by_pair(a.codes, b.codes, (a.levels, b.levels), w)
        pairs.append(table)
        if b.product is None:
            margins[i] = table, 1
        if a.product is None:
            margins[j] = table, 0
    levels, squares = [], []
    for i, a in enumerate(counted):
        rows = weighted if a.product is None else weighted * a.product
        if ones is None or i not in margins:
            sums = by_level(a.codes, a.levels, rows)
        else:  # the weights alone are a margin of a table that is there already
            table, axis = margins[i]
            sums = np.empty((len(rows), a.levels))
            sums[ones] = table.sum(axis=axis)
            sums[:ones] = by_level(a.codes, a.levels, rows[:ones])
            sums[ones + 1 :] = by_level(a.codes, a.levels, rows[ones + 1 :])
        levels.append(sums)
        if a.product is None and ones is not None:
            squares.append(sums[ones])
        else:
            w = working_weights if a.product is None else working_weights * a.product * a.product
            squares.append(by_level(a.codes, a.levels, w[None])[0])
    return Tables(parts, dense, tuple(levels), tuple(squares), tuple(pairs))


@dataclass(frozen=True, slots=True)
class Counted:
    """A piece to be counted: equal keys mean the same codes."""

    key: object
    codes: np.ndarray
    levels: int
    product: np.ndarray | None


def level_codes(i: int, piece: Piece) -> Counted:
    assert piece.codes is not None
    assert piece.contrast is not None
    levels = len(piece.contrast)
    key = ("piece", i) if piece.key is None else ("key", piece.key)
    return Counted(key, checked_codes(piece.codes, levels), levels, row_product(piece))


def ones_row(pieces: tuple[Piece, ...], parts: tuple[Part, ...]) -> int | None:
    """Which dense column is constant 1, if there is one."""
    row = 0
    for piece, part in zip(pieces, parts):
        if not part.counted:
            if piece.codes is None and not piece.numeric:
                return row
            row += part.stop - part.start
    return None


def assemble(sums: Tables) -> tuple[np.ndarray, np.ndarray]:
    """X'WX (p, p) and X'Wu (p,): contrasts applied to the sums over all rows."""
    parts = sums.parts
    dense = dense_indices(parts)
    k, p = len(dense), parts[-1].stop if parts else 0
    if k == p:
        return sums.dense[:p, :p], sums.dense[:p, p]
    gram, score = np.zeros((p, p)), np.zeros(p)
    gram[np.ix_(dense, dense)] = sums.dense[:k, :k]
    score[dense] = sums.dense[:k, k]
    counted = [part for part in parts if part.counted]
    for part, levels, square in zip(counted, sums.levels, sums.squares):
        columns = slice(part.start, part.stop)
        coded = encoded(levels, part.contrast)
        gram[dense, columns] = coded[:k]
        gram[columns, dense] = coded[:k].T
        score[columns] = coded[k]
        gram[columns, columns] = contrasted(part, square, part)
    for (a, b), table in zip(combinations(counted, 2), sums.pairs):
        block = contrasted(a, table, b)
        gram[a.start : a.stop, b.start : b.stop] = block
        gram[b.start : b.stop, a.start : a.stop] = block.T
    return gram, score


def contrasted(a: Part, table: np.ndarray | sp.csr_array, b: Part) -> np.ndarray:
    """contrast_a' table contrast_b; a vector stands for a diagonal table."""
    half = encoded(np.diag(table) if table.ndim == 1 else table, b.contrast)
    out = encoded(half.T, a.contrast).T
    return out if isinstance(out, np.ndarray) else out.toarray()


def encoded(table: Any, contrast: Contrast | None) -> Any:
    """table contrast, for a table with a column for each level."""
    assert contrast is not None
    return table[:, contrast.chosen] if isinstance(contrast, Indicators) else table @ contrast
