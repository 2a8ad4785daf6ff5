"""Predictions, comparisons and slopes of some rows, with their derivatives by all parameters of the model.

What is asked of a row is one or more *parts* (a prediction; a comparison; the two predictions of a comparison of
means), each with a gradient that is a sum over scenes of (coefficient of the row) x (its columns): so a mean over rows
needs one product with the columns and no gradient of a single row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ...design.pieces import Design
from ...engine.columns import dense_columns, fill, plan
from ...engine.layout import CELLS, Layout, etas_of
from ...families.curvature import relative_curvature
from ...families.link import Array, Link
from ...fitted.asked import Asked
from ..predict import ESTIMABLE
from .compare import Comparison

if TYPE_CHECKING:
    from ...sources.base import Block

Coefficients = tuple[Array | None, ...]
"""For each predictor (c, K), or None where it does not matter."""
REACH = 2.0**-8
"""The first step in eta, where the change of a Jacobian is found by differences."""


@dataclass(frozen=True)
class Part:
    """A quantity of some rows.

    Attributes
    ----------
    value : ndarray (c, K)
    gradient : sequence of (columns (p, c), Coefficients)
        Their sum is the derivative by the parameters.
    """

    value: Array
    gradient: Sequence[tuple[Array, Coefficients]]


@dataclass
class View:
    """Some rows of a scene in columns: what a model says of them."""

    asked: Asked
    columns: Array
    offset: Array | None
    null_space: Array | None = None
    etas: tuple[Array, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.etas = etas_of(self.asked.layout, self.asked.parameters, self.columns, self.offset)
        if self.null_space is None:
            return
        size = np.sqrt(np.einsum("pc,pc->c", self.columns, self.columns))
        reach = np.linalg.norm(self.null_space.T @ self.columns, axis=0)
        lost = ~(reach < ESTIMABLE * np.maximum(size, np.finfo(float).tiny))
        if lost.any():
            self.etas = tuple(np.where(lost, np.nan, eta) for eta in self.etas)

    @property
    def rows(self) -> int:
        return self.columns.shape[1]

    @cached_property
    def value(self) -> Array:
        """(c, K); K = 1 of a single quantity."""
        value = np.asarray(self.asked.quantity.value(self.etas), dtype=np.float64)
        value = value[:, None] if not self.asked.quantity.columns else value
        return np.broadcast_to(value, (self.rows, value.shape[1]))

    @cached_property
    def jacobian(self) -> Coefficients:
        return self.jacobian_at(self.etas)

    def jacobian_at(self, etas: tuple[Array, ...]) -> Coefficients:
        """Derivatives of the value by the predictors."""
        assert self.asked.quantity.jacobian is not None
        return tuple(self._wide(j) for j in self.asked.quantity.jacobian(etas))

    def _wide(self, j: Array | float) -> Array | None:
        if isinstance(j, float | int):
            if j == 0:
                return None
            return np.full((self.rows, max(1, len(self.asked.quantity.columns))), float(j))
        j = np.asarray(j, dtype=np.float64)
        if not self.asked.quantity.columns:
            return np.broadcast_to(j.reshape(-1, 1), (self.rows, 1))
        return np.broadcast_to(j, (self.rows, j.shape[-1]))


def times(factor: Array, coefficients: Coefficients) -> Coefficients:
    return tuple(None if one is None else factor * one for one in coefficients)


def prediction(view: View) -> Part:
    return Part(view.value, [(view.columns, view.jacobian)])


def compared(comparison: Comparison, hi: View, lo: View) -> Part:
    value, by_hi, by_lo = comparison.function(hi.value, lo.value)
    return Part(value, [(hi.columns, times(by_hi, hi.jacobian)), (lo.columns, times(by_lo, lo.jacobian))])


def slope(view: View, moved: Array, offset: Array | None, link: Link | None, kind: str, x: Array) -> Part:
    """The derivative of the value by a variable, or an elasticity.

    Parameters
    ----------
    moved : ndarray (p, c)
        The derivatives of the design's columns.
    offset : ndarray or None
        That of the offset.
    link : Link or None
        Of a generalized linear model asked for its mean.
    kind : str
        As of `SLOPES`.
    x : ndarray (c,)
        The variable itself.
    """
    layout = view.asked.layout
    turns = etas_of(layout, view.asked.parameters, moved, offset)
    turns = tuple(
        np.zeros(view.rows) if which is None else turn
        for which, turn in zip(layout.columns, turns, strict=True)
    )
    value = sum(
        (j * turn[:, None] for j, turn in zip(view.jacobian, turns) if j is not None),
        np.zeros_like(view.value),
    )
    bent = bending(view, turns, link)
    gradient: list[tuple[Array, Coefficients]] = [(view.columns, bent), (moved, without_constants(view))]
    if kind == "dydx":
        return Part(value, gradient)
    factor = np.ones_like(value)
    if kind.endswith("ex"):
        factor = factor * x[:, None]
    if kind.startswith("ey"):
        factor = factor / view.value
    made = [(columns, times(factor, c)) for columns, c in gradient]
    if kind.startswith("ey"):
        made.append((view.columns, times(-factor * value / view.value, view.jacobian)))
    return Part(factor * value, made)


def without_constants(view: View) -> Coefficients:
    """The Jacobian; None for the constants, which no variable moves."""
    return tuple(None if which is None else j for which, j in zip(view.asked.layout.columns, view.jacobian))


def bending(view: View, turns: tuple[Array, ...], link: Link | None) -> Coefficients:
    """The change of the Jacobian while the predictors move by `turns`: sum_k d2 value / (deta_l deta_k) turn_k.

    Of a generalized linear model by the link's curvature; else by differences of the Jacobian along `turns`, at three
    widths and extrapolated (relative error near 1e-11).
    """
    if link is not None:
        (j,), (turn,) = view.jacobian, turns
        if j is None:
            return (None,)
        return (j * (relative_curvature(link, view.etas[0]) * turn)[:, None],)
    largest = np.max([np.abs(turn) for turn in turns], axis=0)
    largest[largest == 0] = 1.0
    differences = []
    for width in (REACH, REACH / 2, REACH / 4):
        step = width / largest
        up, down = (view.jacobian_at(_moved(view, turns, sign * step)) for sign in (1.0, -1.0))
        differences.append(
            [None if a is None or b is None else (a - b) / (2 * step)[:, None] for a, b in zip(up, down)]
        )
    out: list[Array | None] = []
    for wide, mid, narrow in zip(*differences):
        if wide is None or mid is None or narrow is None:
            out.append(None)
            continue
        first, second = (4 * mid - wide) / 3, (4 * narrow - mid) / 3
        out.append((16 * second - first) / 15)
    return tuple(out)


def _moved(view: View, turns: tuple[Array, ...], step: Array) -> tuple[Array, ...]:
    """The predictors a step on; constants stay what they are."""
    columns = view.asked.layout.columns
    return tuple(
        eta if which is None else eta + step * turn for which, eta, turn in zip(columns, view.etas, turns)
    )


def row_gradient(part: Part, layout: Layout) -> Array:
    """(c, K, r): derivatives of each row's value by the parameters."""
    c, K = part.value.shape
    out = np.zeros((c, K, layout.size))
    for columns, coefficients in part.gradient:
        for which, place, one in zip(layout.columns, layout.slices(), coefficients, strict=True):
            if one is None:
                continue
            if which is None:
                out[..., place] += one[..., None]
            else:
                out[..., place] += one[..., None] * columns[which].T[:, None, :]
    return out


def summed_gradient(part: Part, layout: Layout, spread: Any) -> Array:
    """(G, K, r): the sums of the rows' gradients in groups.

    `spread` (G, c) is the rows' weights in their groups, dense or sparse.
    """
    G, K = spread.shape[0], part.value.shape[1]
    out = np.zeros((G, K, layout.size))
    for columns, coefficients in part.gradient:
        for which, place, one in zip(layout.columns, layout.slices(), coefficients, strict=True):
            if one is None:
                continue
            if which is None:
                out[..., place] += (spread @ one)[..., None]
                continue
            own = columns[which]
            for k in range(K):
                if G == 1 and isinstance(spread, np.ndarray):
                    out[0, k, place] += own @ (spread[0] * one[:, k])
                else:
                    out[:, k, place] += spread @ (own * one[:, k]).T
    return out


class Views:
    """Some rows of all scenes; the columns of one are formed when they are first asked for."""

    def __init__(
        self,
        asked: Asked,
        blocks: Mapping[Any, Block],
        plans: Mapping[Any, Any],
        rows: slice,
        null_space: Array | None,
    ) -> None:
        self.asked, self.blocks, self.plans, self.rows = asked, blocks, plans, rows
        self.null_space = null_space
        self._seen: dict[Any, View] = {}

    def __getitem__(self, key: Any) -> View:
        if key not in self._seen:
            block = self.blocks[key]
            pieces = tuple([piece.rows(self.rows) for piece in block.design.pieces])
            columns = dense_columns(pieces, self.plans[key], self.rows.stop - self.rows.start)[:-1]
            offset = None if block.offset is None else block.offset[self.rows]
            self._seen[key] = View(self.asked, columns, offset, self.null_space)
        return self._seen[key]


def views(asked: Asked, blocks: Mapping[Any, Block], null_space: Array | None) -> Iterator[Views]:
    """A few rows at a time, so that their columns stay in a processor's cache."""
    first = next(iter(blocks.values()))
    chunk = max(64, CELLS // (first.design.ncols + 1))
    plans = {key: plan(block.design.pieces, "qr") for key, block in blocks.items()}
    for start in range(0, len(first.y), chunk):
        yield Views(asked, blocks, plans, slice(start, min(start + chunk, len(first.y))), null_space)


def marked_columns(design: Design, mask: np.ndarray, rows: slice) -> Array:
    """(p, c): the columns that are marked, 0 in place of the others."""
    out = np.zeros((design.ncols, rows.stop - rows.start))
    stop = 0
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        if mask[start:stop].any():
            fill(piece.rows(rows), out[start:stop])
    out[~mask] = 0.0
    return out
