"""The one contract between data and engine: row blocks and an associative reduction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from ..design.pieces import Design

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of the problem: what the engine sees of the data.

    All arrays are (m,) float64 or None; `y` is the proportion and `prior_weights` the trials for a binomial;
    `trials` are there only for counts of successes and failures, when some are above 1 (prior weights may
    multiply them). `start` is the place of the block's first row among the rows held in memory. Where `copies` is
    there a row stands for so many rows of the data, alike in everything, and its prior weight is that of all of them.
    """

    design: Design
    y: np.ndarray
    prior_weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    etastart: np.ndarray | None = None
    mustart: np.ndarray | None = None
    trials: np.ndarray | None = None
    start: int = field(default=0, kw_only=True)
    copies: np.ndarray | None = field(default=None, kw_only=True)

    @property
    def own_weights(self) -> np.ndarray | None:
        """Prior weights of one row of the data."""
        if self.copies is None or self.prior_weights is None:
            return self.prior_weights
        return self.prior_weights / self.copies


class Source(Protocol):
    """Anything that can run a function over its row blocks and merge what comes back.

    `block_fn` and `merge_fn` are picklable (module-level functions or ``functools.partial`` of them), since
    Dask and Spark send them to workers; `merge_fn` is associative. Threads merge in row order; a cluster in any, so
    what is merged is a sum, an extreme, or rows whose order means nothing.
    """

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T: ...

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> Source:
        """The same rows and columns with another response: no offset, no start values."""
        ...
