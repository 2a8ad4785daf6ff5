"""How many rows each level of a factor has, and how many events: of the rows of a fit, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...fitted.protocols import has_one_mean
from ...formula.values import Factor
from ...frame.schema import plain_name

if TYPE_CHECKING:
    from ...design.build import DesignFrame
    from ...frame.pieces import Piece
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
    training = fit.rows
    names = [v.name for v in fit.schema.variables.values() if v.categorical]
    if training.streamed:
        from ...sources.streamed import beside  # few need it

        counts = beside(
            training.source, (), partial(_codes, fit.schema.variables, names), _block_counts, _added
        )
    else:
        codes = _codes(fit.schema.variables, names, None, training.frame)
        response = training.frame.response
        counts = _counts(codes, response.y, response.prior_weights, response.trials)
    events = not has_one_mean(fit) or fit.family.fixed_dispersion is not None
    out: dict[tuple[str, str], LevelCount] = {}
    for name in names:
        variable = fit.schema.variables[name]
        rows, sums = counts[name]
        for k, level in enumerate(variable.levels):
            out[plain_name(name), level] = LevelCount(float(rows[k]), float(sums[k]) if events else None)
    return out


def _codes(
    variables: Any, names: list[str], piece: Piece | None, frame: DesignFrame
) -> dict[str, tuple[np.ndarray, int]]:
    """Level of each row, of the factors of a frame whose levels are those of the schema."""
    out = {}
    for name in names:
        value = frame.variables[name]
        assert isinstance(value, Factor)
        out[name] = np.asarray(value.codes), len(variables[name].levels)
    return out


def _block_counts(codes: dict[str, tuple[np.ndarray, int]], block: Block) -> Counts:
    rows = slice(block.start, block.start + len(block.y))
    cut = {name: (values[rows], levels) for name, (values, levels) in codes.items()}
    return _counts(cut, block.y, block.prior_weights, block.trials)


def _counts(
    codes: dict[str, tuple[np.ndarray, int]],
    y: np.ndarray,
    prior_weights: np.ndarray | None,
    trials: np.ndarray | None,
) -> Counts:
    many = trials if trials is not None else np.ones(len(y))
    sums = y * many if y.ndim == 1 else y.sum(axis=1)
    return {
        name: (np.bincount(values, many, levels), np.bincount(values, sums, levels))
        for name, (values, levels) in codes.items()
    }


def _added(a: Counts, b: Counts) -> Counts:
    return {name: (a[name][0] + b[name][0], a[name][1] + b[name][1]) for name in a}
