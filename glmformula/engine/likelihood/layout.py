"""Where the parameters of a likelihood's predictors are, and the predictors of rows at given parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...families.link import Array
from ...sources.base import Block
from ..columns import dense_columns, plan

CELLS = 2**16  # numbers in the columns of the rows that are gone through together: half a megabyte
Columns = slice | np.ndarray


@dataclass(frozen=True)
class Layout:
    """Where the parameters are.

    Attributes
    ----------
    columns : tuple of slice, ndarray of int, or None
        For each predictor the columns of a block's design that it has; None for a constant.
    sizes : tuple of int
        Parameters of each; they follow one another.
    offsets : tuple of int or None
        Which column of the blocks' offsets each has; -1 where an offset (m,) is all of it.
    basis : ndarray (columns of the design, the same) or None
        The columns are those of X times it.
    reference : int or None
        Of categories: which column of a matrix of offsets, one for each of them, is that of the reference.
    """

    columns: tuple[Columns | None, ...]
    sizes: tuple[int, ...]
    offsets: tuple[int | None, ...]
    basis: np.ndarray | None = None
    reference: int | None = None

    @property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def alike(self) -> bool:
        """Whether all predictors have the same columns."""
        first = self.columns[0]
        return isinstance(first, slice) and all(isinstance(c, slice) and c == first for c in self.columns)

    def slices(self) -> list[slice]:
        """The place of each predictor's parameters."""
        stops = np.cumsum(self.sizes).tolist()
        return [slice(stop - size, stop) for stop, size in zip(stops, self.sizes, strict=True)]


def etas_of(
    layout: Layout, parameters: np.ndarray, columns: np.ndarray, offset: np.ndarray | None
) -> tuple[Array, ...]:
    """The predictors of rows whose design is `columns` (p, m)."""
    if layout.alike and len(layout.sizes) > 1:
        every = np.dot(parameters.reshape(len(layout.sizes), -1), columns[layout.columns[0]])
        if offset is not None:
            for k, eta in enumerate(every):
                eta += offset_of(layout, k, offset)
        return tuple(every)
    etas = []
    for k, (which, place) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        beta = parameters[place]
        if which is None:
            etas.append(np.array(float(beta[0])))
            continue
        eta = np.dot(beta, columns[which])
        if offset is not None:
            eta += offset_of(layout, k, offset)
        etas.append(eta)
    return tuple(etas)


def offset_of(layout: Layout, k: int, offset: np.ndarray) -> np.ndarray | float:
    """What is added to predictor k, of the offsets of some rows (m,) or (m, columns)."""
    own, reference = layout.offsets[k], layout.reference
    if own is None:
        return 0.0
    if own >= 0:
        return offset[:, own]
    if offset.ndim == 1 or reference is None:
        return offset
    return np.asarray(offset[:, k + (k >= reference)] - offset[:, reference])


def rows_in_columns(block: Block, chunk: int | None = None) -> Iterator[tuple[slice, np.ndarray]]:
    """Some rows at a time, `chunk` of them: (rows of the block, X' (p, c))."""
    design = block.design
    chunk = chunk or max(64, CELLS // (design.ncols + 1))
    parts = plan(design.pieces, "qr")
    for start in range(0, len(block.y), chunk):
        rows = slice(start, min(start + chunk, len(block.y)))
        pieces = tuple([piece.rows(rows) for piece in design.pieces])
        yield rows, dense_columns(pieces, parts, rows.stop - rows.start)[:-1]


def predictors_by_chunk(
    layout: Layout, parameters: np.ndarray, block: Block
) -> Iterator[tuple[slice, np.ndarray, tuple[Array, ...]]]:
    """Some rows at a time: (rows of the block, X' (p, c), their predictors with their offsets)."""
    for rows, columns in rows_in_columns(block):
        offset = None if block.offset is None else block.offset[rows]
        yield rows, columns, etas_of(layout, parameters, columns, offset)


def formed(layout: Layout, block: Block, chunk: int | None = None) -> Iterator[tuple[slice, np.ndarray]]:
    """The same in the layout's basis."""
    for rows, columns in rows_in_columns(block, chunk):
        yield rows, columns if layout.basis is None else np.dot(layout.basis.T, columns)
