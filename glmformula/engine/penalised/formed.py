"""Rows in memory with their columns formed once, for what passes over them many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TypeVar

import numpy as np

from ...sources.base import Block, Source
from ...sources.memory import MemorySource
from ..columns import Part, dense_indices, plan, write_columns
from .levels import Levels, levels_of

T = TypeVar("T")

# Numbers in the columns that are held, at most: 256 MB.
CELLS = 2**25
# Rows that are formed together: a cache holds what lies between the numbers of a column.
FILLED = 2**11
# Blocks that threads share out, of so many rows at least.
BLOCKS, LEAST_ROWS = 4, 2**12


@dataclass(frozen=True, slots=True)
class FormedBlock(Block):
    """A block with the columns that a Gram matrix forms, (k + 1, m), a row each and the last of them zero.

    `single` are they in single precision, or None; `levels` the others, which are counted.
    """

    parts: tuple[Part, ...] = field(kw_only=True)
    columns: np.ndarray = field(kw_only=True)
    single: np.ndarray | None = field(kw_only=True)
    levels: Levels | None = field(kw_only=True)


@dataclass(frozen=True)
class Formed:
    """Rows in memory, and their columns (k + 1, n) as `parts` say; the others are counted."""

    source: MemorySource
    parts: tuple[Part, ...]
    columns: np.ndarray
    single: np.ndarray | None = None
    levels: Levels | None = None

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        return self.source.map_reduce(partial(self._after, block_fn), merge_fn)

    def _after(self, block_fn: Callable[[Block], T], block: Block) -> T:
        rows = slice(block.start, block.start + len(block.y))
        own = {one.name: getattr(block, one.name) for one in fields(block)}
        single = None if self.single is None else self.single[:, rows]
        levels = None if self.levels is None else self.levels.rows(rows)
        columns = self.columns[:, rows]
        return block_fn(FormedBlock(**own, parts=self.parts, columns=columns, single=single, levels=levels))

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> Formed:
        """The same rows and columns with another response: no offset, no start values."""
        return replace(self, source=self.source.with_response(y, prior_weights))

    @property
    def whole(self) -> bool:
        """Whether no column is counted."""
        return not any(part.counted for part in self.parts)

    def select_terms(self, keep: frozenset[int]) -> Formed:
        """The same rows, only the columns of some terms."""
        kept = np.isin(self.source.design.assign, list(keep))
        parts, stop = [], 0
        for part in self.parts:
            width = int(kept[part.start : part.stop].sum())
            if width:
                start, stop = stop, stop + width
                parts.append(part._replace(start=start, stop=stop))
        some = np.append(kept[dense_indices(self.parts)], True)
        single = None if self.single is None else self.single[some]
        source, columns = self.source.select_terms(keep), self.columns[some]
        return with_levels(Formed(source, tuple(parts), columns, single))

    def standardised(self, which: np.ndarray, mean: np.ndarray, sd: np.ndarray, halves: bool) -> Formed:
        """The same rows with the columns `which` (q,) alone, less `mean` (q,) and divided by `sd`; `self` is spent.

        `halves`: in single precision too. No column must be counted.
        """
        design = self.source.design
        names = tuple(design.names[j] for j in which.tolist())
        design = replace(design, names=names, assign=design.assign[which])
        every = len(which) == len(self.columns) - 1 and bool((np.diff(which) == 1).all())
        columns = self.columns if every else self.columns[np.append(which, -1)]
        single = np.empty(columns.shape, np.float32) if halves else None
        source = replace(self.source, design=design)
        source.map_reduce(partial(_standardise, columns, single, mean, sd), _nothing)
        return Formed(source, (Part(0, len(which), None, False),), columns, single)


def formed(source: Source) -> Source:
    """The source with its columns formed, if it is in memory and they are not too many."""
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
    source.map_reduce(partial(_fill, parts, columns), _nothing)
    made = Formed(source, parts, columns)
    # what is formed is not asked for again
    design = replace(source.design, pieces=())
    return replace(made, source=replace(source, design=design)) if made.whole else with_levels(made)


def with_levels(source: Formed) -> Formed:
    pieces = source.source.design.pieces
    return source if source.whole else replace(source, levels=levels_of(pieces, source.parts))


def chunks(block: Block) -> Iterator[slice]:
    """Some rows after the others, by their places in the source."""
    for start in range(block.start, block.start + len(block.y), FILLED):
        yield slice(start, min(start + FILLED, block.start + len(block.y)))


def _fill(parts: tuple[Part, ...], columns: np.ndarray, block: Block) -> None:
    for rows in chunks(block):
        some = block.design.rows(slice(rows.start - block.start, rows.stop - block.start))
        write_columns(some.pieces, parts, columns[:, rows])
        columns[-1, rows] = 0.0


def _standardise(
    columns: np.ndarray, single: np.ndarray | None, mean: np.ndarray, sd: np.ndarray, block: Block
) -> None:
    for rows in chunks(block):
        own = columns[:-1, rows]
        own -= mean[:, None]
        own /= sd[:, None]
        if single is not None:
            single[:, rows] = columns[:, rows]


def _nothing(a: None, b: None) -> None:
    return None
