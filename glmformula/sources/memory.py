"""Rows in memory: blocks are views of the data's own arrays, and threads share them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import TypeVar

import numpy as np

from ..design.pieces import Design
from .base import Block
from .blas import one_blas_thread
from .tasks import in_order, processors

T = TypeVar("T")

# Rows of a block: so many that NumPy's cost per call is small, enough blocks to share out, and no more than
# BLOCK_CELLS numbers in its numeric columns. It must not depend on the number of threads: the digits would
# too.
MOST_ROWS, FEWEST_ROWS, BLOCKS, BLOCK_CELLS = 2**16, 2**14, 16, 2**19


@dataclass(frozen=True)
class MemorySource:
    """A design and its response, cut into blocks of rows.

    Parameters
    ----------
    design : Design
        n rows.
    y, prior_weights, offset, etastart, mustart, trials : ndarray of float64 (n,) or None
    block_rows : int or None
        Rows of a block (None: chosen by the size of the design); the last one may have half as many more, so
        that no tiny block is left over.
    threads : int or None
        None: one for each processor, and a single one where there is only one block.

    Notes
    -----
    Results are merged in row order, whatever the number of threads, so they are the same bit for bit.
    """

    design: Design
    y: np.ndarray
    prior_weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    etastart: np.ndarray | None = None
    mustart: np.ndarray | None = None
    trials: np.ndarray | None = None
    block_rows: int | None = None
    threads: int | None = None

    @property
    def nrows(self) -> int:
        return self.design.nrows

    @cached_property
    def blocks(self) -> list[slice]:
        """Row ranges in order; one empty block when there is no row."""
        n, size = self.design.nrows, max(1, self.block_rows or usual_rows(self.design))
        count = max(1, int(n / size + 0.5))
        starts = [k * size for k in range(count)]
        return [slice(a, b) for a, b in zip(starts, [*starts[1:], n])]

    def block(self, rows: slice) -> Block:
        """Views of some rows."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[rows]

        whole = rows == slice(0, self.design.nrows)
        return Block(
            self.design if whole else self.design.rows(rows),
            self.y[rows],
            part(self.prior_weights),
            part(self.offset),
            part(self.etastart),
            part(self.mustart),
            part(self.trials),
            start=rows.start,
        )

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> MemorySource:
        """The same rows and columns with another response: no offset, no start values."""
        return replace(
            self, y=y, prior_weights=prior_weights, offset=None, etastart=None, mustart=None, trials=None
        )

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block, merged in row order."""
        workers = min(self.threads or processors(), len(self.blocks))
        tasks = (partial(block_fn, self.block(rows)) for rows in self.blocks)
        with one_blas_thread():  # small products gain nothing from more, and lose much on a busy machine
            if workers == 1:
                return reduce(merge_fn, (task() for task in tasks))
            return reduce(merge_fn, in_order(tasks, workers, ahead=workers))


def usual_rows(design: Design) -> int:
    """Rows of a block where nobody says."""
    numeric = sum(piece.codes is None for piece in design.pieces)
    rows = min(MOST_ROWS, max(FEWEST_ROWS, design.nrows // BLOCKS))
    return max(FEWEST_ROWS // 4, min(rows, BLOCK_CELLS // (numeric + 1)))
