"""Rows that are alike, counted where they are: a database groups them, and the fit goes over those that differ.

Rows equal in every column that a formula reads are equal in everything that a fit asks of them, so one of them with the
number of its copies stands for all, exactly: in start values, iterations, deviance, likelihood and degrees of freedom.
What asks for rows (residuals, clusters, robust errors) reads the table itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from ..design.streamed import Streamed
from ..errors import DataError
from ..frame.interchange import arrow
from ..frame.pieces import Piece, Table
from .memory import MemorySource
from .reading import piece_of
from .streamed import StreamSource, source_of

SAMPLE, REPEATED = 100_000, 0.5  # "auto": so many rows are looked at, and this share must repeat another
MOST = 2**24  # rows that differ; more do not come here


class Counter(Protocol):
    """What can count the rows of a table by some columns."""

    def sampled(self, columns: tuple[str, ...], sample: int) -> tuple[int, int]: ...
    def counted(self, columns: tuple[str, ...], name: str) -> Iterator[tuple[Any, str]]: ...


def counter_of(table: Table) -> Counter | None:
    """The table's database, None where it has none."""
    candidates: tuple[Any, ...] = (table, getattr(table, "read", None))
    return next((found for found in candidates if hasattr(found, "counted")), None)


def counted(counter: Counter, always: bool, columns: tuple[str, ...]) -> Piece | None:
    """The rows that differ in these columns, with their copies; None where that would save nothing.

    Parameters
    ----------
    counter : Counter
    always : bool
        Whatever the first rows look like.

    Raises
    ------
    DataError
        The query fails; `always`, and too many rows differ.
    """
    if not columns or not (always or _repetitive(counter, columns)):
        return None
    name = "(rows)"
    while name in columns:
        name = f"({name})"
    batches, rows = [], 0
    for batch, _ in counter.counted(columns, name):
        batches.append(batch)
        rows += batch.num_rows
        if rows > MOST:
            if always:
                raise DataError(
                    f"compress=True: more than {MOST:,} rows differ in {', '.join(columns)}; leave compress= out, and "
                    "the rows are read in blocks"
                )
            return None
    if not rows:
        return None
    table = arrow().Table.from_batches(batches)
    copies = table[name].to_numpy().astype(np.float64)
    return replace(piece_of(table.drop_columns([name])), copies=copies)


def _repetitive(counter: Counter, columns: tuple[str, ...]) -> bool:
    """Whether enough of the first rows repeat another."""
    rows, distinct = counter.sampled(columns, SAMPLE)
    return rows > 0 and 1 - distinct / rows >= REPEATED


@dataclass(frozen=True)
class CompressedSource(StreamSource):
    """Rows of a table, which can be read, and those that differ, for the passes of a fit.

    Parameters
    ----------
    alike : MemorySource
        As `mapped.for_sums` gives it.
    """

    alike: MemorySource = field(kw_only=True, repr=False, compare=False)


def source_of_copies(streamed: Streamed, piece: Piece) -> MemorySource:
    """The rows in use of a piece, with their copies."""
    assert piece.copies is not None
    frame = streamed.frame(piece)
    source = source_of(frame)
    copies = piece.copies if frame.kept is None else piece.copies[frame.kept]
    weights = copies if source.prior_weights is None else source.prior_weights * copies
    return replace(source, prior_weights=weights, copies=copies, block_rows=None, threads=None)
