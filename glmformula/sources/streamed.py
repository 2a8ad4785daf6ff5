"""A table as a source: each piece becomes a block by the frozen schema, pass after pass, and is let go."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..design.streamed import Streamed
from ..errors import DataError, DataWarning
from ..frame.pieces import Piece, Table
from .base import Block
from .memory import MemorySource

T = TypeVar("T")
Counted = tuple[int, T | None]


@dataclass(frozen=True)
class StreamSource:
    """The rows of a fit that stay where they are.

    Parameters
    ----------
    table : Table
    streamed : Streamed
        What is frozen of the fit.
    """

    table: Table
    streamed: Streamed

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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the survey has given them, once
            found = self.table.map_reduce(
                partial(_piece, self.streamed, block_fn, merge_fn),
                partial(_merged, merge_fn),
                self.streamed.recipe.columns,
            )
        rows, out = found if found is not None else (0, None)
        if rows != self.nrows or out is None:
            raise DataError(
                f"the data have changed during the fit: {self.nrows} rows were in use at first, now {rows}; "
                "fit again, to data that stay as they are"
            )
        return out

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> StreamSource:
        raise DataError(
            "a response in an array has no place among rows that arrive in blocks: make it a column"
        )


def blocks(streamed: Streamed, piece: Piece) -> MemorySource | None:
    """The piece's rows in use, to be gone through in blocks that fit the cache."""
    rows = streamed.rows(piece)
    if rows is None:
        return None
    response = rows.response
    return MemorySource(
        rows.design,
        response.y,
        response.prior_weights,
        rows.offset,
        rows.etastart,
        rows.mustart,
        response.trials,
        threads=1,
    )


def _piece(
    streamed: Streamed, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T], piece: Piece
) -> Counted:
    source = blocks(streamed, piece)
    return (0, None) if source is None else (source.nrows, source.map_reduce(block_fn, merge_fn))


def _merged(merge_fn: Callable[[Any, Any], Any], a: Counted, b: Counted) -> Counted:
    if a[1] is None or b[1] is None:
        return a[0] + b[0], a[1] if b[1] is None else b[1]
    return a[0] + b[0], merge_fn(a[1], b[1])
