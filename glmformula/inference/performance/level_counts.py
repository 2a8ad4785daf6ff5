"""How many rows each level of a factor has, and how many events: of the rows of a fit, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...fitted.protocols import has_one_mean
from ...frame.schema import plain_name
from .beside import Values, beside_variables

if TYPE_CHECKING:
    from ...sources.base import Block

Counts = dict[str, tuple[np.ndarray, np.ndarray]]
"""Of each factor: rows and events by level."""


@dataclass(frozen=True)
class LevelCount:
    """Rows of one level, and the sum of the response over them where that counts events."""

    rows: float
    events: float | None


def level_counts(fit: Any) -> dict[tuple[str, str], LevelCount]:
    """By variable and level, over the rows of the fit; events for binomial responses and counts of 0, 1, 2 ...

    Raises
    ------
    DataError
        The model holds no training rows.
    """
    levels = {v.name: len(v.levels) for v in fit.schema.variables.values() if v.categorical}
    counts = beside_variables(fit, list(levels), partial(_counts, levels), _added)
    events = not has_one_mean(fit) or fit.family.fixed_dispersion is not None
    out: dict[tuple[str, str], LevelCount] = {}
    for name in levels:
        variable = fit.schema.variables[name]
        rows, sums = counts[name]
        for k, level in enumerate(variable.levels):
            out[plain_name(name), level] = LevelCount(float(rows[k]), float(sums[k]) if events else None)
    return out


def _counts(levels: dict[str, int], codes: Values, block: Block) -> Counts:
    y, trials = block.y, block.trials
    many = trials if trials is not None else np.ones(len(y))
    sums = y * many if y.ndim == 1 else y.sum(axis=1)
    return {
        name: (np.bincount(own, many, levels[name]), np.bincount(own, sums, levels[name]))
        for name, own in codes.items()
    }


def _added(a: Counts, b: Counts) -> Counts:
    return {name: (a[name][0] + b[name][0], a[name][1] + b[name][1]) for name in a}
