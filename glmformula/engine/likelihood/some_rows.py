"""Many rows in memory: blocks that are worth sharing out, and a search that begins at the maximum of some of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import FitError, hearing
from ...families.likelihood import Likelihood
from ...sources.base import Source
from ...sources.memory import LEAST_ROWS, MemorySource, usual_rows
from .layout import Layout
from .newton import NewtonControl, maximum, newton_step
from .row_sums import at, slopes_alone

ROUGHLY = NewtonControl(maxit=12, tolerance=0.1, next_tolerance=0.1, exact=np.inf)
EACH, FEWEST_EACH = 8, 50
"""With so many rows a parameter in every eighth row, their maximum is a good start."""
BLOCK_WORK = 2**25
"""Rows of a block times the square of the parameters: some milliseconds."""


def in_small_blocks(source: Source, size: int) -> Source:
    """The same rows in blocks of so few that a pass is worth sharing out: its work grows with the square of `size`."""
    if not isinstance(source, MemorySource):
        return source
    rows = max(LEAST_ROWS, min(usual_rows(source.design), BLOCK_WORK // max(1, size) ** 2))
    return replace(source, block_rows=rows)


def from_some_rows(
    source: Source, likelihood: Likelihood, layout: Layout, beginning: np.ndarray, given: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """The maximum of every eighth of many rows, and about the information of all there; else where the search began."""
    if given or not isinstance(source, MemorySource):
        return beginning, None
    if source.nrows < EACH * FEWEST_EACH * layout.size:
        return beginning, None
    with hearing():
        try:
            found = maximum(every(source, EACH), likelihood, layout, beginning, ROUGHLY)
        except FitError:
            return beginning, None
    if not found.converged or found.limits.any() or not np.isfinite(found.parameters).all():
        return beginning, None
    guess = EACH * found.information
    if slopes_alone(likelihood, layout):  # a step by the guess costs little, and takes nearly all of the way
        sums = replace(at(source, likelihood, layout, found.parameters, slopes=True), information=guess)
        step = newton_step(sums, np.ones(layout.size, dtype=bool), ROUGHLY)[0]
        return found.parameters + step, guess
    return found.parameters, guess


def every(source: MemorySource, step: int) -> MemorySource:
    """Each so many-th row."""

    def part(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[::step]

    return replace(
        source,
        design=source.design.rows(np.arange(0, source.nrows, step)),
        y=source.y[::step],
        prior_weights=part(source.prior_weights),
        offset=part(source.offset),
        etastart=None,
        mustart=None,
        trials=None,
    )
