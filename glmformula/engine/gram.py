"""X'WX and X'Wu of one block, and of all blocks, without the columns of wide factors.

Numeric pieces and narrow factors are gathered into a small dense buffer and multiplied by BLAS. A wide factor is
*counted*: its part of the Gram matrix is a table of weight sums by level (or by pair of levels), kept in the
indicator basis while blocks are added up; contrast matrices are applied once, to the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..design.pieces import Piece
from .columns import fill_columns, row_product
from .counts import by_level, by_pair, checked_codes

# Nanoseconds a row on one core: what decides whether a factor is counted or made dense.
MULTIPLY_COST, COLUMN_COST, COUNT_COST = 0.06, 2.0, 1.7


@dataclass(frozen=True, slots=True)
class Part:
    """A piece without its rows: its place among the columns, and whether it is counted by level."""

    start: int
    stop: int
    contrast: np.ndarray | None
    counted: bool


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


def plan(pieces: tuple[Piece, ...]) -> tuple[Part, ...]:
    """Which factors to count: the widest, as many as make a row cheapest."""
    factors = sorted([piece.width for piece in pieces if piece.codes is not None], reverse=True)
    width = sum([piece.width for piece in pieces])
    best = least = np.inf
    for count in range(len(factors) + 1):
        dense = width - sum(factors[:count])
        cost = MULTIPLY_COST * dense**2 + COLUMN_COST * dense + COUNT_COST * count * (dense + 2 + count / 2)
        if cost < best:
            best, least = cost, factors[count - 1] if count else np.inf
    parts, stop = [], 0
    for piece in pieces:
        start, stop = stop, stop + piece.width
        parts.append(Part(start, stop, piece.contrast, piece.codes is not None and piece.width >= least))
    return tuple(parts)


def dense_columns(pieces: tuple[Piece, ...], parts: tuple[Part, ...], m: int) -> np.ndarray:
    """[B, empty], (k + 1, m): the columns that are not counted, a row each."""
    dense = [piece for piece, part in zip(pieces, parts) if not part.counted]
    out = np.empty((sum([piece.width for piece in dense]) + 1, m))
    fill_columns(dense, out)
    return out


def tables(
    pieces: tuple[Piece, ...], parts: tuple[Part, ...], columns: np.ndarray, working_weights: np.ndarray
) -> Tables:
    """The sums of one block; `columns` is [B, u] by rows, overwritten."""
    counted = [piece for piece, part in zip(pieces, parts) if part.counted]
    if not counted:
        columns *= np.sqrt(working_weights)
        return Tables(parts, columns @ columns.T)
    weighted = columns * working_weights
    dense = weighted @ columns.T
    codes: dict[object, np.ndarray] = {}
    sizes, products, levels, squares = [], [], [], []
    for i, piece in enumerate(counted):
        assert piece.codes is not None and piece.contrast is not None
        key = i if piece.key is None else piece.key
        sizes.append(len(piece.contrast))
        if key not in codes:
            codes[key] = checked_codes(piece.codes, sizes[-1])
        product = row_product(piece)
        products.append((key, product))
        levels.append(by_level(codes[key], sizes[-1], weighted if product is None else weighted * product))
        square = working_weights if product is None else working_weights * product * product
        squares.append(by_level(codes[key], sizes[-1], square[None])[0])
    pairs = []
    for (i, (key, product)), (j, (other_key, other)) in combinations(enumerate(products), 2):
        w = working_weights
        for factor in (product, other):
            w = w if factor is None else w * factor
        if key == other_key:
            pairs.append(by_level(codes[key], sizes[i], w[None])[0])
        else:
            pairs.append(by_pair(codes[key], codes[other_key], (sizes[i], sizes[j]), w))
    return Tables(parts, dense, tuple(levels), tuple(squares), tuple(pairs))


def assemble(sums: Tables) -> tuple[np.ndarray, np.ndarray]:
    """X'WX (p, p) and X'Wu (p,): contrasts applied to the sums over all rows."""
    parts = sums.parts
    where = [np.arange(part.start, part.stop) for part in parts if not part.counted]
    dense = np.concatenate(where) if where else np.empty(0, int)
    k, p = len(dense), parts[-1].stop if parts else 0
    if k == p:
        return sums.dense[:p, :p], sums.dense[:p, p]
    gram, score = np.zeros((p, p)), np.zeros(p)
    gram[np.ix_(dense, dense)] = sums.dense[:k, :k]
    score[dense] = sums.dense[:k, k]
    counted = [part for part in parts if part.counted]
    for part, levels, square in zip(counted, sums.levels, sums.squares):
        columns = slice(part.start, part.stop)
        coded = levels @ part.contrast
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
    assert a.contrast is not None and b.contrast is not None
    right = table[:, None] * b.contrast if table.ndim == 1 else table @ b.contrast
    return a.contrast.T @ right
