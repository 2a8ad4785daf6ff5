"""Rows in memory: blocks are views of the data's own arrays, and threads share them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from typing import TypeVar

import numpy as np

from ..design.pieces import Design
from ..runtime.blas import one_blas_thread
from ..runtime.tasks import in_order, processors
from .base import Block

T = TypeVar("T")

# Rows of a block: enough of them that the turns of the threads at the interpreter cost little (each takes as
# long as 50,000 multiplications), enough blocks to share out, and no more than BLOCK_CELLS numbers in the
# columns that may be formed. It must not depend on the number of threads: the digits would too.
MOST_ROWS, FEWEST_ROWS, BLOCKS, BLOCK_CELLS = 2**17, 2**16, 8, 2**22
# Fewer where rows are shared out already and no block has tables of counts to be added up: the columns stay in a
# processor's cache (passes over 20 columns: a quarter faster on a core of its own, measured).
CACHED_ROWS = 3 * 2**14
LEAST_ROWS, NARROW = 2**12, 16


@dataclass(frozen=True)
class MemorySource:
    """A design and its response, cut into blocks of rows.

    Parameters
    ----------
    design : Design
        n rows.
    y, prior_weights, offset, etastart, mustart, trials, copies : ndarray of float64 (n,) or None
    block_rows : int or None
        Least rows of a block (None: chosen by the size of the design); there are as many blocks as that
        allows, all of one size.
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
    copies: np.ndarray | None = None
    block_rows: int | None = None
    threads: int | None = None

    @property
    def nrows(self) -> int:
        return self.design.nrows

    @cached_property
    def blocks(self) -> list[slice]:
        """Row ranges in order; one empty block when there is no row."""
        n = self.design.nrows
        count = max(1, n // max(1, self.block_rows or usual_rows(self.design)))
        return [slice(n * k // count, n * (k + 1) // count) for k in range(count)]

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
            copies=part(self.copies),
        )

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> MemorySource:
        """The same rows and columns with another response: no offset, no start values."""
        return replace(
            self, y=y, prior_weights=prior_weights, offset=None, etastart=None, mustart=None, trials=None
        )

    def with_values(self, y: np.ndarray) -> MemorySource:
        """The same rows, columns, weights and offset with other values of the response."""
        return replace(self, y=y, etastart=None, mustart=None)

    def select_terms(self, keep: frozenset[int]) -> MemorySource:
        """The same rows, only the columns whose `assign` is in `keep`, without start values."""
        return replace(self, design=self.design.select_terms(keep), etastart=None, mustart=None)

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block, merged in row order."""
        blocks = self.blocks
        workers = 1 if len(blocks) == 1 else min(self.threads or processors(), len(blocks))
        if workers == 1:
            with one_blas_thread():  # small products gain nothing from more, and lose much on a busy machine
                return reduce(merge_fn, (block_fn(self.block(rows)) for rows in blocks))
        tasks = (partial(block_fn, self.block(rows)) for rows in blocks)
        return reduce(merge_fn, in_order(tasks, workers, ahead=workers))


def every(source: MemorySource, step: int) -> MemorySource:
    """Every so many-th row, copied (views would read as much memory as all rows), without start values."""
    return replace(rows_at(source, np.arange(0, source.nrows, step)), etastart=None)


def rows_at(source: MemorySource, which: np.ndarray) -> MemorySource:
    """The rows at these places, copied, without start values of the mean."""

    def part(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[which]

    return replace(
        source,
        design=source.design.rows(which),
        y=source.y[which],
        prior_weights=part(source.prior_weights),
        offset=part(source.offset),
        etastart=part(source.etastart),
        mustart=None,
        trials=part(source.trials),
        copies=part(source.copies),
    )


def usual_rows(design: Design) -> int:
    """Least rows of a block where nobody says."""
    return within(design, min(MOST_ROWS, max(FEWEST_ROWS, design.nrows // BLOCKS)))


def shared_rows(design: Design) -> int:
    """Least rows of a block of rows that are shared out already."""
    factors = any(piece.codes is not None for piece in design.pieces)
    return within(design, MOST_ROWS if factors else CACHED_ROWS)


def within(design: Design, most: int) -> int:
    """So many rows, or fewer where the columns that may be formed are many."""
    columns = 1 + sum([piece.width for piece in design.pieces if piece.width <= NARROW])
    return max(LEAST_ROWS, min(most, BLOCK_CELLS // columns))
