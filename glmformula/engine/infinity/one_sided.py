"""Separation by levels, for designs that are too wide for a linear programme.

The rows of a level may all pull their eta the same way: a level of zero counts only, or of successes only. Such a level
has no finite estimate, whatever the other columns are, since its own column moves no other row.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ...design.pieces import Indicators
from ...families import Family
from ...sources.base import Block, Source
from ..columns import Part, plan
from ..eta_limits import drift
from ..result import GlmFit

Counts = list[np.ndarray]


def one_sided(source: Source, family: Family, fit: GlmFit) -> tuple[np.ndarray, bool] | None:
    """The direction (p,) along which the deviance falls for ever, and whether it moves every row (complete separation).

    It has 1 or -1 in the coefficient of each level whose rows all pull up or down. None where there is no such level.
    """
    parts, counts, rows = source.map_reduce(partial(pulls, family), added)
    direction = np.zeros(len(fit.coefficients))
    ones = [part.start for part in parts if part.contrast is None and not part.numeric]
    whole = 0
    for part, (low, high, hold) in zip(parts, counts):
        if not isinstance(part.contrast, Indicators):
            continue
        ends = np.where(hold > 0, 0.0, np.sign(high) - np.sign(low))
        whole = max(whole, int((low + high)[ends != 0].sum()))
        chosen = part.contrast.chosen
        base = np.setdiff1d(np.arange(part.contrast.levels), chosen)
        direction[part.start : part.stop] += ends[chosen]
        if (
            len(base) == 1 and ones and ends[base[0]]
        ):  # the intercept is the baseline's, the others differ from it
            direction[ones[0]] += ends[base[0]]
            direction[part.start : part.stop] -= ends[base[0]]
    dropped = np.flatnonzero(np.isnan(fit.coefficients))
    if len(dropped):
        by_column = np.argsort(fit.pivot[fit.rank :])
        direction = direction - fit.null_space[:, by_column] @ direction[dropped]
        direction[dropped] = 0.0
    return (direction, whole == rows) if direction.any() else None


def pulls(family: Family, block: Block) -> tuple[tuple[Part, ...], list[Counts], int]:
    """The terms of a block, counts of its rows by level of each plain factor, and the number of rows with a weight.

    The counts are three arrays (levels,): rows whose deviance falls as eta goes to -Inf, as it goes to +Inf, and rows
    that have a best eta of their own, which hold. Terms that are no plain factor have three empty arrays.
    """
    signs = drift(family, block.y, block.prior_weights)
    used = np.ones(len(signs), dtype=bool) if block.prior_weights is None else block.prior_weights > 0
    parts, out = plan(block.design.pieces, None), []
    for piece, part in zip(block.design.pieces, parts):
        plain = isinstance(part.contrast, Indicators) and not part.numeric
        found: Counts = [np.zeros(0)] * 3
        if plain and piece.codes is not None and part.contrast is not None:
            masks = (used & (signs < 0), used & (signs > 0), used & (signs == 0))
            found = [np.bincount(piece.codes[mask], minlength=len(part.contrast)) for mask in masks]
        out.append(found)
    plain_parts = tuple(
        p if len(f[0]) else p._replace(contrast=None, numeric=p.numeric or p.contrast is not None)
        for p, f in zip(parts, out)
    )
    return plain_parts, out, int(used.sum())


def added(
    a: tuple[tuple[Part, ...], list[Counts], int], b: tuple[tuple[Part, ...], list[Counts], int]
) -> tuple[tuple[Part, ...], list[Counts], int]:
    counts = [[x + y for x, y in zip(one, other)] for one, other in zip(a[1], b[1])]
    return a[0], counts, a[2] + b[2]
