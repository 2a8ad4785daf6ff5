"""A source whose blocks are changed on the way: fewer columns, another response. Works on every source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import add
from typing import Any, TypeVar

import numpy as np

from ..design.pieces import Piece
from .base import Block, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mapped:
    """`source` with `transform` (picklable) applied to every block."""

    source: Source
    transform: Callable[[Block], Block]

    def with_response(self, y: np.ndarray, prior_weights: np.ndarray) -> Mapped:
        """The same rows and columns with another response: no offset, no start values."""
        return replace(self, source=self.source.with_response(y, prior_weights))

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        return self.source.map_reduce(partial(_after, block_fn, self.transform), merge_fn)


def select_terms(source: Source, keep: frozenset[int]) -> Source:
    """The same rows, only the columns whose `assign` is in `keep` (0 is the intercept), without start values."""
    select = getattr(source, "select_terms", None)  # once, and not for every block of every pass
    selected: Source = Mapped(source, partial(_selected, keep)) if select is None else select(keep)
    return selected


def for_sums(source: Source) -> Source:
    """The source for passes that take prior weights and copies as they are meant: of the rows that differ, if known."""
    if isinstance(source, Mapped):
        inner = for_sums(source.source)
        return source if inner is source.source else Mapped(inner, source.transform)
    alike: Source = getattr(source, "alike", source)
    return alike


def constant_only(source: Source) -> Source:
    """The same rows, with their weights and offset, and the intercept as the only column; no start values."""
    return Mapped(source, _constant)


def collect(source: Source, block_fn: Callable[[Block], Any]) -> list[Any]:
    """What `block_fn` gives for each block, in row order."""
    return source.map_reduce(partial(_listed, block_fn), add)


def _after(block_fn: Callable[[Block], T], transform: Callable[[Block], Block], block: Block) -> T:
    return block_fn(transform(block))


def _selected(keep: frozenset[int], block: Block) -> Block:
    return replace(block, design=block.design.select_terms(keep), etastart=None, mustart=None)


def _constant(block: Block) -> Block:
    design = replace(block.design, pieces=(Piece(()),), names=("(Intercept)",), assign=np.zeros(1, dtype=int))
    return replace(block, design=design, etastart=None, mustart=None)


def _listed(block_fn: Callable[[Block], Any], block: Block) -> list[Any]:
    return [block_fn(block)]
