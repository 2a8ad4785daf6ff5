"""Covariate patterns: rows with equal columns and offset, made one row.

At any coefficients such rows have one mean, so their total weight and weighted mean response give the same
score, the same X'WX and, but for a constant, the same deviance (McCullagh & Nelder 1989, section 3.5.1). Where
every variable takes few values a table of many rows is a small one; the passes after the first go over that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..design.pieces import Design, Piece
from ..families import Family
from ..sources.base import Block, Source
from ..sources.memory import MemorySource

# Patterns are looked for in blocks of at least FEWEST_ROWS rows; they are given up where there are more than
# MOST_PATTERNS, or where a pattern stands for fewer than FEWEST_SHARING rows of a block on average: passes over so many
# patterns would save less than finding them costs.
FEWEST_ROWS, MOST_PATTERNS, FEWEST_SHARING = 2**12, 2**15, 8
# Of each block SAMPLE rows are looked at first; the others only if at least the share REPEATED of these repeat another.
SAMPLE, REPEATED = 2**11, 0.1
# The columns of a row are coded as one integer up to this number, so that int64 holds it.
LARGEST_KEY = 2**62


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of a design, in the order of their keys.

    Attributes
    ----------
    family : Family
    design : Design
        k rows.
    offset : ndarray (k,) or None
    y, weights : ndarray (k,)
        Weighted mean response and total prior weight.
    within : float
        The deviance of the rows from the mean responses of their patterns: by this constant the deviance of a fit to
        the patterns is less than that of the same fit to the rows.
    """

    family: Family
    design: Design
    offset: np.ndarray | None
    y: np.ndarray
    weights: np.ndarray
    within: float

    @property
    def source(self) -> MemorySource:
        return MemorySource(self.design, self.y, self.weights, self.offset)


def patterns(family: Family, design: Design, block: Block) -> Patterns | None:
    """The patterns of a block's rows under a design, None where they are many."""
    m = len(block.y)
    if m < FEWEST_ROWS or not family.averages or not repetitive(design, block.offset):
        return None
    weights = np.ones(m) if block.prior_weights is None else block.prior_weights
    found = grouped(Patterns(family, design, block.offset, block.y, weights, 0.0))
    return found if len(found.y) * FEWEST_SHARING <= m else None


def condensed(source: Source, family: Family) -> tuple[Source, float]:
    """A source of the patterns where they are few, else `source`; and the deviance that the change leaves out."""
    found = source.map_reduce(partial(patterns_of, family), joined)
    return (source, 0.0) if found is None else (found.source, found.within)


def patterns_of(family: Family, block: Block) -> Patterns | None:
    return patterns(family, block.design, block)


def joined(a: Patterns | None, b: Patterns | None) -> Patterns | None:
    """The patterns of the rows of `a` and of `b`, None where they are many."""
    if a is None or b is None:
        return None
    offset = None if a.offset is None or b.offset is None else np.concatenate([a.offset, b.offset])
    design = replace(
        a.design,
        nrows=a.design.nrows + b.design.nrows,
        pieces=tuple(stacked(one, other) for one, other in zip(a.design.pieces, b.design.pieces)),
    )
    both = Patterns(
        a.family, design, offset, np.append(a.y, b.y), np.append(a.weights, b.weights), a.within + b.within
    )
    found = grouped(both)
    return found if len(found.y) <= MOST_PATTERNS else None


def stacked(a: Piece, b: Piece) -> Piece:
    numeric = tuple(np.concatenate([one, other]) for one, other in zip(a.numeric, b.numeric))
    codes = None if a.codes is None or b.codes is None else np.concatenate([a.codes, b.codes])
    return replace(a, numeric=numeric, codes=codes)


def repetitive(design: Design, offset: np.ndarray | None) -> bool:
    """Whether some rows taken from all over repeat others often enough."""
    which, most = np.linspace(0, design.nrows - 1, SAMPLE).astype(int), (1 - REPEATED) * SAMPLE
    for values, levels in distinct_arrays(design, offset):
        if levels == 0 and len(np.unique(values[which])) > most:  # most often the first column decides
            return False
    _, first = same_rows(design.rows(which), None if offset is None else offset[which])
    return len(first) <= most


def grouped(rows: Patterns) -> Patterns:
    """One row for each set of rows with the same columns and offset."""
    codes, first = same_rows(rows.design, rows.offset)
    k = len(first)
    weights = np.bincount(codes, rows.weights, k)
    sums = np.bincount(codes, rows.weights * rows.y, k)
    mean = np.where(weights > 0, sums / np.where(weights > 0, weights, 1.0), rows.y[first])
    fitted = mean[codes]
    apart = np.where(rows.y == fitted, 0.0, rows.family.unit_deviance(rows.y, fitted))
    offset = None if rows.offset is None else rows.offset[first]
    within = rows.within + float(rows.weights @ apart)
    return Patterns(rows.family, rows.design.rows(first), offset, mean, weights, within)


def same_rows(design: Design, offset: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The pattern of each row, (n,), and a row of each pattern, (k,)."""
    key, size = np.zeros(design.nrows, dtype=np.int64), 1
    for values, levels in distinct_arrays(design, offset):
        if levels == 0:
            values, unique = pd.factorize(values, use_na_sentinel=False)
            levels = max(1, len(unique))
        if size * levels > LARGEST_KEY:
            key, unique = pd.factorize(key)
            size = max(1, len(unique))
        key *= levels
        key += values
        size *= levels
    if size <= 4 * design.nrows:  # a table of all keys is quicker than looking keys up
        there = np.bincount(key, minlength=size) > 0
        codes = (np.cumsum(there) - 1)[key]
    else:
        codes, _ = pd.factorize(key)
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(design.nrows - 1, -1, -1)
    return codes, first


def distinct_arrays(design: Design, offset: np.ndarray | None) -> Iterator[tuple[np.ndarray, int]]:
    """Numeric arrays (0 levels), then codes with their number of levels; what pieces share only once."""
    numeric = [(array, 0) for piece in design.pieces for array in piece.numeric]
    offsets = [] if offset is None else [(offset, 0)]
    codes = [
        (piece.codes, len(piece.contrast))
        for piece in design.pieces
        if piece.codes is not None and piece.contrast is not None
    ]
    seen: set[Any] = set()
    for array, levels in [*numeric, *offsets, *codes]:
        if (where := place(array)) not in seen:
            seen.add(where)
            yield array, levels


def place(array: np.ndarray) -> tuple[Any, ...]:
    """A key of where an array's numbers lie in memory: equal for two views of the same numbers."""
    return array.__array_interface__["data"], array.strides, array.dtype.str
