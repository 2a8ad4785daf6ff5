"""Rows in memory with their columns formed once, for what passes over them many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import accumulate
from typing import TypeVar

import numpy as np

from ...sources.base import Block, Source
from ...sources.memory import MemorySource
from ..columns import Part, plan, write_columns

T = TypeVar("T")

# Numbers in the columns that are held, at most: 256 MB.
CELLS = 2**25
# Rows that are formed together: a cache holds what lies between the numbers of a column.
FILLED = 2**11
# Blocks that threads share out, of so many rows at least.
BLOCKS, LEAST_ROWS = 8, 2**12


@dataclass(frozen=True, slots=True)
class FormedBlock(Block):
    """A block with the columns that a Gram matrix forms, (k + 1, m), a row each and the last of them zero.

    `single` are they in single precision, or None.
    """

    parts: tuple[Part, ...] = field(kw_only=True)
    columns: np.ndarray = field(kw_only=True)
    single: np.ndarray | None = field(kw_only=True)


@dataclass(frozen=True)
class Formed:
    """Rows in memory, and their columns (k + 1, n) as `parts` say; the others are counted."""

    source: MemorySource
    parts: tuple[Part, ...]
    columns: np.ndarray
    single: np.ndarray | None = None

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        return self.source.map_reduce(partial(self._after, block_fn), merge_fn)

    def _after(self, block_fn: Callable[[Block], T], block: Block) -> T:
        rows = slice(block.start, block.start + len(block.y))
        own = {one.name: getattr(block, one.name) for one in fields(block)}
        single = None if self.single is None else self.single[:, rows]
        return block_fn(FormedBlock(**own, parts=self.parts, columns=self.columns[:, rows], single=single))

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> Formed:
        """The same rows and columns with another response: no offset, no start values."""
        return replace(self, source=self.source.with_response(y, prior_weights))

    def select_terms(self, keep: frozenset[int]) -> Formed:
        """The same rows, only the columns of some terms."""
        assign = self.source.design.assign
        kept = [part for part in self.parts if int(assign[part.start]) in keep]
        stops = accumulate([part.stop - part.start for part in kept])
        parts = tuple(
            part._replace(start=stop - (part.stop - part.start), stop=stop) for part, stop in zip(kept, stops)
        )
        dense = [
            int(assign[j]) in keep
            for part in self.parts
            if not part.counted
            for j in range(part.start, part.stop)
        ]
        some = np.array([*dense, True])
        single = None if self.single is None else self.single[some]
        return Formed(self.source.select_terms(keep), parts, self.columns[some], single)


def formed(source: Source, halves: bool) -> Source:
    """The source with its columns formed, if it is in memory and they are not too many.

    `halves`: in single precision too.
    """
    if not isinstance(source, MemorySource):
        return source
    pieces, n = source.design.pieces, source.nrows
    parts = plan(pieces, "gram")
    width = sum([part.stop - part.start for part in parts if not part.counted])
    if (width + 1) * n > CELLS:
        return source
    if source.block_rows is None:
        source = replace(source, block_rows=max(LEAST_ROWS, -(-n // BLOCKS)))
    columns = np.empty((width + 1, n))
    every = not any(part.counted for part in parts)
    single = np.empty(columns.shape, np.float32) if every and halves else None
    source.map_reduce(partial(_fill, parts, columns, single), _nothing)
    if every:
        source = replace(source, design=replace(source.design, pieces=()))
    return Formed(source, parts, columns, single)


def _fill(parts: tuple[Part, ...], columns: np.ndarray, single: np.ndarray | None, block: Block) -> None:
    for start in range(0, len(block.y), FILLED):
        some = block.design.rows(slice(start, start + FILLED))
        rows = slice(block.start + start, block.start + start + some.nrows)
        own = columns[:, rows]
        write_columns(some.pieces, parts, own)
        own[-1] = 0.0
        if single is not None:
            single[:, rows] = own


def _nothing(a: None, b: None) -> None:
    return None
