"""What a linear mixed model needs of its rows: sums over blocks, gathered by level and by pair of levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from ...sources.base import Block, Source
from .coupling import Pattern, Shape
from .structure import Structure
from .system import Gram

Pairs = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Basis:
    """The fixed columns as the engine takes them: near orthonormal, around a first estimate.

    Attributes
    ----------
    kept : ndarray of int (r,)
        Columns that are not aliased.
    root : ndarray (r, r)
        The columns used are X root.
    centre : ndarray (r,)
        Coefficients of X, where the search is from.
    """

    kept: np.ndarray
    root: np.ndarray
    centre: np.ndarray

    @classmethod
    def around(cls, coefficients: np.ndarray, covariance: np.ndarray) -> Basis:
        """Around an estimate: coefficients (p,), NaN where aliased, and a covariance (r, r) of the others."""
        kept = np.flatnonzero(~np.isnan(coefficients))
        root = np.linalg.cholesky((covariance + covariance.T) / 2) if len(kept) else np.empty((0, 0))
        return cls(kept, root, coefficients[kept])

    def columns(self, structure: Structure, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """X root (m, r), and offset + X centre (m,)."""
        X = structure.layout.fixed.columns(block.design)
        if len(self.kept) != X.shape[1]:
            X = X[:, self.kept]
        eta = X @ self.centre
        return X @ self.root, eta if block.offset is None else eta + block.offset


@dataclass(frozen=True)
class Sums:
    """Sums over rows; those of two sets of rows add up.

    Attributes
    ----------
    rows : int
    log_weights : float
    squares : ndarray (r + 1, r + 1)
        [X y]'W[X y].
    own : list of ndarray (J, K, K)
        Z'WZ of the levels of each grouping factor.
    columns : list of ndarray (J, K, r + 1)
        Z'W[X y].
    pairs : dict of (f, g) to (keys, sums)
        Z_f'WZ_g of the pairs of levels that occur, (m, K_f, K_g); a key is level_f * J_g + level_g.
    """

    rows: int
    log_weights: float
    squares: np.ndarray
    own: list[np.ndarray]
    columns: list[np.ndarray]
    pairs: Pairs

    def plus(self, other: Sums) -> Sums:
        return Sums(
            self.rows + other.rows,
            self.log_weights + other.log_weights,
            self.squares + other.squares,
            [a + b for a, b in zip(self.own, other.own, strict=True)],
            [a + b for a, b in zip(self.columns, other.columns, strict=True)],
            {key: _merged(value, other.pairs[key]) for key, value in self.pairs.items()},
        )


def _merged(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    keys, inverse = np.unique(np.concatenate([a[0], b[0]]), return_inverse=True)
    values = np.zeros((len(keys), *a[1].shape[1:]))
    values[inverse[: len(a[0])]] = a[1]
    values[inverse[len(a[0]) :]] += b[1]
    return keys, values


def product(*arrays: np.ndarray | None) -> np.ndarray | None:
    """Their product, None standing for ones."""
    out = None
    for array in arrays:
        if array is not None:
            out = array if out is None else out * array
    return out


def by_level(codes: np.ndarray, values: np.ndarray | None, count: int) -> np.ndarray:
    """Sums (count,) of the rows of each level."""
    return np.bincount(codes, values, count).astype(np.float64, copy=False)


def level_grams(
    codes: np.ndarray, Z: list[np.ndarray | None], weights: np.ndarray | None, count: int
) -> np.ndarray:
    """Z'WZ (count, K, K) of the rows of each level."""
    out = np.empty((count, len(Z), len(Z)))
    for a, left in enumerate(Z):
        for b, right in enumerate(Z[: a + 1]):
            out[:, a, b] = out[:, b, a] = by_level(codes, product(weights, left, right), count)
    return out


def gathered(structure: Structure, source: Source, basis: Basis) -> Sums:
    """The sums of all rows."""
    return source.map_reduce(partial(block_sums, structure, basis), Sums.plus)


def block_sums(structure: Structure, basis: Basis, block: Block) -> Sums:
    """Those of one block."""
    X, eta = basis.columns(structure, block)
    weights = block.prior_weights
    Y = [*X.T, block.y - eta]
    WY = Y if weights is None else [column * weights for column in Y]
    stacked = np.stack(Y)
    squares = stacked @ (stacked if weights is None else np.stack(WY)).T
    codes, columns = structure.codes(block.design), structure.varying(block.design)
    own, with_columns = [], []
    for grouping, code, Z in zip(structure.groupings, codes, columns, strict=True):
        zy = np.empty((grouping.count, len(Z), len(Y)))
        for a, z in enumerate(Z):
            for k, column in enumerate(WY):
                zy[:, a, k] = by_level(code, product(column, z), grouping.count)
        own.append(level_grams(code, Z, weights, grouping.count))
        with_columns.append(zy)
    pairs = {}
    for f, g in combinations(range(len(codes)), 2):
        keys, inverse = np.unique(codes[f] * structure.groupings[g].count + codes[g], return_inverse=True)
        values = np.empty((len(keys), len(columns[f]), len(columns[g])))
        for a, left in enumerate(columns[f]):
            for b, right in enumerate(columns[g]):
                values[:, a, b] = by_level(inverse, product(weights, left, right), len(keys))
        pairs[f, g] = keys, values
    log_weights = 0.0 if weights is None else float(np.log(weights).sum())
    return Sums(len(block.y), log_weights, squares, own, with_columns, pairs)


def shape_of(structure: Structure) -> Shape:
    """Levels and widths of the grouping factors."""
    sizes = [(g.count, k) for g, k in zip(structure.groupings, structure.widths, strict=True)]
    return Shape(sizes[0], tuple(sizes[1:]))


def places(keys: np.ndarray, sizes: tuple[tuple[int, int], tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the entries of pair sums (m, K_f, K_g), flat, counted from the factors' own beginnings."""
    (_, kf), (jg, kg) = sizes
    left, right = keys // jg, keys % jg
    rows = left[:, None, None] * kf + np.arange(kf)[:, None]
    columns = right[:, None, None] * kg + np.arange(kg)
    return np.broadcast_to(rows, (len(keys), kf, kg)).ravel(), np.broadcast_to(
        columns, (len(keys), kf, kg)
    ).ravel()


def gram_of(shape: Shape, own: list[np.ndarray], pairs: Pairs, lasting: bool = False) -> Gram:
    """Z'WZ by blocks; `lasting` where it will be factorised many times."""
    if not shape.others:
        return Gram(shape, own[0], None, np.empty((0, 0)))
    sizes = (shape.first, *shape.others)
    found = [(places(keys, (sizes[f], sizes[g])), values, f, g) for (f, g), (keys, values) in pairs.items()]
    first = [(r, c + shape.offsets[g - 1], v.ravel()) for (r, c), v, f, g in found if f == 0]
    rows, columns, values = (np.concatenate(part) for part in zip(*first, strict=True))
    cross = Pattern.of(shape, rows, columns).matrix(values)
    rest = np.zeros((shape.columns, shape.columns))
    for which, blocks in enumerate(own[1:]):
        rest[shape.diagonal(which)] = blocks
    for (r, c), v, f, g in found:
        if f > 0:
            rest[r + shape.offsets[f - 1], c + shape.offsets[g - 1]] = v.ravel()
            rest[c + shape.offsets[g - 1], r + shape.offsets[f - 1]] = v.ravel()
    return Gram(shape, own[0], cross, rest, lasting)


def stacked_columns(shape: Shape, columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Z1'W[X y] (J, K, r + 1), and those of the other factors one under another (Q, r + 1)."""
    width = columns[0].shape[2]
    rest = [c.reshape(-1, width) for c in columns[1:]]
    return columns[0], np.concatenate([np.empty((0, width)), *rest])
