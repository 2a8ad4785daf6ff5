"""Passes over the rows of a fit in which blocks go with the variables that the formula was made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ...formula.values import Factor

if TYPE_CHECKING:
    from ...design.build import DesignFrame
    from ...frame.pieces import Piece
    from ...sources.base import Block

T = TypeVar("T")
Values = dict[str, np.ndarray]
"""Codes of factors and values of numbers, of some rows in use."""


def beside_variables(
    fit: Any, names: Sequence[str], block_fn: Callable[[Values, Block], T], merge_fn: Callable[[T, T], T]
) -> T:
    """``block_fn(values, block)`` of every block, merged; the values are those of the block's rows.

    Raises
    ------
    DataError
        The model holds no training rows.
    """
    training = fit.rows
    values, of_block = partial(_values, tuple(names)), partial(_of_block, block_fn)
    if training.streamed:
        from ...sources.streamed import beside  # few need it

        return beside(training.source, (), values, of_block, merge_fn)
    answer: T = training.source.map_reduce(partial(of_block, values(None, training.frame)), merge_fn)
    return answer


def _values(names: tuple[str, ...], piece: Piece | None, frame: DesignFrame) -> Values:
    out = {}
    for name in names:
        value: Any = frame.variables[name]
        out[name] = np.asarray(value.codes if isinstance(value, Factor) else value)
    return out


def _of_block(block_fn: Callable[[Values, Block], T], values: Values, block: Block) -> T:
    rows = slice(block.start, block.start + len(block.y))
    return block_fn({name: own[rows] for name, own in values.items()}, block)
