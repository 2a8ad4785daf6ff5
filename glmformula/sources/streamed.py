"""A table as a source: each piece becomes a block by the frozen schema, pass after pass, and is let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from ..design.build import DesignFrame
from ..design.streamed import Streamed
from ..errors import DataError, hearing
from ..formula.functions.vectors import rows
from ..formula.values import Factor
from ..frame.pieces import Piece, Table
from ..frame.recipe import Evaluated
from ..frame.variables import into_levels
from ..runtime.progress import showing
from .base import Block, Source
from .mapped import Mapped
from .memory import MemorySource, shared_rows

T = TypeVar("T")
V = TypeVar("V")
Counted = tuple[int, T | None]


class Kept(Protocol):
    """What the survey has seen of the rows in use, for the passes of the fit; `settle` comes between."""

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        ...

    def settle(self, streamed: Streamed, made: Callable[[Evaluated], MemorySource]) -> None: ...

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T: ...


@dataclass(frozen=True)
class StreamSource:
    """The rows of a fit that stay where they are.

    Parameters
    ----------
    table : Table
    streamed : Streamed
        What is frozen of the fit.
    store : Kept or None
        Holds the values that the survey has seen, for the passes of the fit.
    progress : bool or None
        Whether passes show themselves, as `progress.showing` has it.
    """

    table: Table
    streamed: Streamed
    store: Kept | None = field(default=None, repr=False, compare=False)
    progress: bool | None = field(default=None, compare=False)

    @property
    def nrows(self) -> int:
        return self.streamed.nrows

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block, merged in row order.

        Raises
        ------
        DataError
            The rows in use are not as many as they were: the data have changed.
        """
        if self.store is not None and self.store.complete:
            with showing(self.progress):
                return self.store.map_reduce(block_fn, merge_fn)
        function = partial(_piece, partial(_source, self.streamed), block_fn, merge_fn)
        return _counted(self, function, merge_fn, self.streamed.recipe.columns)

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> StreamSource:
        raise DataError(
            "a response in an array has no place among rows that arrive in blocks: make it a column"
        )


@dataclass(frozen=True)
class PairedSource:
    """Blocks made of what two fits take from the same rows of a table.

    Parameters
    ----------
    first, second : source of each fit
    combine : callable
        ``combine(block, other)`` of all rows of a piece; picklable.
    """

    first: Source
    second: Source
    combine: Callable[[Block, Block], Block]

    @property
    def nrows(self) -> int:
        return unmapped(self.first)[0].nrows

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        (one, transform), (other, second) = unmapped(self.first), unmapped(self.second)
        columns = dict.fromkeys([*one.streamed.recipe.columns, *other.streamed.recipe.columns])
        pair = partial(_pair, one.streamed, transform, other.streamed, second, self.combine)
        return _counted(one, partial(_piece, pair, block_fn, merge_fn), merge_fn, tuple(columns))

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> StreamSource:
        return unmapped(self.first)[0].with_response(y, prior_weights)


def beside(
    source: Any,
    columns: Sequence[str],
    values: Callable[[Piece, DesignFrame], V],
    block_fn: Callable[[V, Block], T],
    merge_fn: Callable[[T, T], T],
) -> T:
    """A pass in which blocks go with something else of their rows.

    Parameters
    ----------
    source : source of a table, or below changes of its blocks
    columns : sequence of str
        What else is read.
    values : callable
        ``values(piece, frame)`` of each piece with rows in use; the frame holds these.
    block_fn : callable
        ``block_fn(values, block)``; the places of the block's rows count from ``block.start``.
    """
    one, change = unmapped(source)
    function = partial(_beside, one.streamed, change, values, block_fn, merge_fn)
    return _counted(one, function, merge_fn, tuple(dict.fromkeys([*one.streamed.recipe.columns, *columns])))


def _beside(
    streamed: Streamed,
    change: Callable[[Block], Block],
    values: Callable[[Piece, DesignFrame], V],
    block_fn: Callable[[V, Block], T],
    merge_fn: Callable[[T, T], T],
    piece: Piece,
) -> Counted:
    frame = streamed.frame(piece)
    source = source_of(frame)
    if not source.nrows:
        return 0, None
    function = partial(block_fn, values(piece, frame))
    return source.nrows, Mapped(source, change).map_reduce(function, merge_fn)


def unmapped(source: Any) -> tuple[StreamSource, Callable[[Block], Block]]:
    """The source of a table below changes of its blocks, and these changes."""
    changes = []
    while isinstance(source, Mapped):
        changes.append(source.transform)
        source = source.source
    return source, partial(_changed, tuple(changes[::-1]))


def _changed(changes: tuple[Callable[[Block], Block], ...], block: Block) -> Block:
    for change in changes:
        block = change(block)
    return block


def _pair(
    one: Streamed,
    transform: Callable[[Block], Block],
    other: Streamed,
    second: Callable[[Block], Block],
    combine: Callable[[Block, Block], Block],
    piece: Piece,
) -> MemorySource:
    sources = source_of(one.frame(piece)), source_of(other.frame(piece))
    a, b = (change(whole(source)) for change, source in zip((transform, second), sources, strict=True))
    if len(a.y) != len(b.y):
        raise DataError("the two models use different rows")
    made = combine(a, b)
    return MemorySource(made.design, made.y, made.prior_weights, made.offset, threads=1)


def whole(source: MemorySource) -> Block:
    """All rows in one block."""
    return source.block(slice(0, source.nrows))


def source_of(frame: DesignFrame) -> MemorySource:
    """A piece's rows, to be gone through in blocks."""
    response = frame.response
    assert response is not None
    return MemorySource(
        frame.design,
        response.y,
        response.prior_weights,
        frame.offset,
        frame.etastart,
        frame.mustart,
        response.trials,
        block_rows=shared_rows(frame.design),
        threads=1,
    )


def _counted(
    source: StreamSource,
    function: Callable[[Piece], Counted],
    merge_fn: Callable[[T, T], T],
    columns: tuple[str, ...],
) -> T:
    """A pass over the table, and a count of the rows in use."""
    with showing(source.progress), hearing():  # the survey has given the warnings, once
        found = source.table.map_reduce(function, partial(_merged, merge_fn), columns)
    rows, out = found if found is not None else (0, None)
    if rows != source.nrows or out is None:
        raise DataError(
            f"the data have changed during the fit: {source.nrows} rows were in use at first, now {rows}; "
            "fit again, to data that stay as they are"
        )
    return out


def _source(streamed: Streamed, piece: Piece) -> MemorySource:
    return source_of(streamed.frame(piece))


def source_of_values(streamed: Streamed, values: Evaluated) -> MemorySource:
    """A piece's rows in use, of what has been evaluated before the levels were known."""
    known, variables = streamed.schema.variables, dict(values.variables)
    for name, value in variables.items():
        if isinstance(value, Factor) and known[name].categorical and value.levels != known[name].levels:
            variables[name] = into_levels(value, known[name], "na")
    index = pd.RangeIndex(rows(values.response))
    return source_of(streamed.frame_of(replace(values, variables=variables), index))


def _piece(
    made: Callable[[Piece], MemorySource],
    block_fn: Callable[[Block], T],
    merge_fn: Callable[[T, T], T],
    piece: Piece,
) -> Counted:
    source = made(piece)
    return source.nrows, source.map_reduce(block_fn, merge_fn) if source.nrows else None


def _merged(merge_fn: Callable[[Any, Any], Any], a: Counted, b: Counted) -> Counted:
    if a[1] is None or b[1] is None:
        return a[0] + b[0], a[1] if b[1] is None else b[1]
    return a[0] + b[0], merge_fn(a[1], b[1])
