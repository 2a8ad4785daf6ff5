"""Predictions, comparisons and slopes of some rows, with their derivatives by all parameters of the model.

What is asked of a row is one or more *parts* (a prediction; a comparison; the two predictions of a comparison of
means), each with a gradient that is a sum over scenes of (coefficient of the row) x (its columns). The columns of a
scene are those of the rows as they are but for the few that move, so the mean gradients of all parts are one product of
matrices and some small ones, and no gradient of a single row is formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.likelihood.layout import Layout
from ...families.curvature import relative_curvature
from ...families.link import Array
from ...fitted.asked import Asked
from .columns import Columns
from .compare import Comparison

if TYPE_CHECKING:
    from ...families import Family

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
    gradient : sequence of (Columns, Coefficients)
        Their sum is the derivative by the parameters.
    """

    value: Array
    gradient: Sequence[tuple[Columns, Coefficients]]


@dataclass(frozen=True)
class Model:
    """What is asked of rows; picklable.

    Attributes
    ----------
    asked : Asked
    family : Family or None
        Of a generalized linear model asked for its mean.
    null_space : ndarray (columns of the design, aliased) or None
        What a row must be orthogonal to, to be estimable; effects of others are NaN.
    """

    asked: Asked
    family: Family | None = None
    null_space: np.ndarray | None = None

    @property
    def layout(self) -> Layout:
        return self.asked.layout

    @property
    def width(self) -> int:
        """Columns of the value, 1 of a single quantity."""
        return max(1, len(self.asked.quantity.columns))


class View:
    """Some rows of a scene: what a model says of them."""

    def __init__(self, model: Model, columns: Columns, etas: tuple[Array, ...], rows: int) -> None:
        self.model, self.columns, self.etas, self.rows = model, columns, etas, rows

    @cached_property
    def _both(self) -> tuple[Array, Array]:
        """Mean and dmu/deta, with no exponential taken twice."""
        assert self.model.family is not None
        mean, slope, _ = self.model.family.working(self.etas[0])
        return mean, slope

    @cached_property
    def value(self) -> Array:
        """(c, K)."""
        if self.model.family is not None:
            return self._both[0][:, None]
        value = np.asarray(self.model.asked.quantity.value(self.etas), dtype=np.float64)
        value = value[:, None] if not self.model.asked.quantity.columns else value
        return np.broadcast_to(value, (self.rows, value.shape[1]))

    @cached_property
    def jacobian(self) -> Coefficients:
        if self.model.family is not None:
            return (self._both[1][:, None],)
        return self.jacobian_at(self.etas)

    def jacobian_at(self, etas: tuple[Array, ...]) -> Coefficients:
        """Derivatives of the value by the predictors."""
        assert self.model.asked.quantity.jacobian is not None
        return tuple(self._wide(j) for j in self.model.asked.quantity.jacobian(etas))

    def _wide(self, j: Array | float) -> Array | None:
        if isinstance(j, float | int):
            return None if j == 0 else np.full((self.rows, self.model.width), float(j))
        j = np.asarray(j, dtype=np.float64)
        j = j if self.model.asked.quantity.columns else j.reshape(-1, 1)
        return np.broadcast_to(j, (self.rows, self.model.width))

    @cached_property
    def curvature(self) -> Array:
        """d2mu/deta2 (c, 1)."""
        assert self.model.family is not None
        return self._both[1][:, None] * relative_curvature(self.model.family.link, self.etas[0])[:, None]


def times(factor: Array, coefficients: Coefficients) -> Coefficients:
    return tuple(None if one is None else factor * one for one in coefficients)


def prediction(view: View) -> Part:
    return Part(view.value, [(view.columns, view.jacobian)])


def compared(comparison: Comparison, hi: View, lo: View) -> Part:
    value, by_hi, by_lo = comparison.function(hi.value, lo.value)
    return Part(value, [(hi.columns, times(by_hi, hi.jacobian)), (lo.columns, times(by_lo, lo.jacobian))])


def slope(view: View, turn: Columns, offset: Array | None, kind: str, x: Array) -> Part:
    """The derivative of the value by a variable, or an elasticity.

    Parameters
    ----------
    turn : Columns
        The derivatives of the design's columns.
    offset : ndarray or None
        That of the offset.
    kind : str
        As of `SLOPES`.
    x : ndarray (c,)
        The variable itself.
    """
    layout, parameters = view.model.layout, view.model.asked.parameters
    turns = tuple(
        np.zeros(view.rows) if which is None else change
        for which, change in zip(layout.columns, changes_of(parameters, turn), strict=True)
    )
    turns = with_offsets(layout, turns, offset)
    moves = [j * each[:, None] for j, each in zip(view.jacobian, turns) if j is not None]
    value = reduce(np.add, moves) if moves else np.zeros_like(view.value)
    gradient: list[tuple[Columns, Coefficients]] = [
        (view.columns, bending(view, turns)),
        (turn, tuple(None if which is None else j for which, j in zip(layout.columns, view.jacobian))),
    ]
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


def with_offsets(layout: Layout, etas: tuple[Array, ...], offset: Array | None) -> tuple[Array, ...]:
    if offset is None:
        return etas
    return tuple(
        eta if own is None else eta + (offset if own < 0 else offset[:, own])
        for eta, own in zip(etas, layout.offsets, strict=True)
    )


def bending(view: View, turns: tuple[Array, ...]) -> Coefficients:
    """The change of the Jacobian while the predictors move by `turns`: sum_k d2 value / (deta_l deta_k) turn_k.

    Of a generalized linear model by the link's curvature; else by differences of the Jacobian along `turns`, at three
    widths and extrapolated (relative error near 1e-11).
    """
    if view.model.family is not None:
        return (view.curvature * turns[0][:, None],)
    largest = np.max([np.abs(turn) for turn in turns], axis=0)
    largest[largest == 0] = 1.0
    differences = []
    for width in (REACH, REACH / 2, REACH / 4):
        step = width / largest
        up, down = (view.jacobian_at(_on(view, turns, sign * step)) for sign in (1.0, -1.0))
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


def _on(view: View, turns: tuple[Array, ...], step: Array) -> tuple[Array, ...]:
    """The predictors a step on; constants stay what they are."""
    columns = view.model.layout.columns
    return tuple(
        eta if which is None else eta + step * turn for which, eta, turn in zip(columns, view.etas, turns)
    )


def changes_of(parameters: Array, columns: Columns) -> list[Array]:
    """What the columns that differ add to each predictor, (c,)."""
    return [
        parameters[places] @ (columns.rest if len(inside) == len(columns.rest) else columns.rest[inside])
        for inside, places in columns.owners
    ]


def row_gradients(part: Part, layout: Layout, base: Array) -> list[Array]:
    """(r, c) for each of K: derivatives of each row's value by the parameters."""
    c, K = part.value.shape
    out = [np.zeros((layout.size, c)) for _ in range(K)]
    for columns, coefficients in part.gradient:
        for which, place, one, (inside, places) in zip(
            layout.columns, layout.slices(), coefficients, columns.owners, strict=True
        ):
            if one is None:
                continue
            for k in range(K):
                if which is None:
                    out[k][place] += one[:, k]
                    continue
                if columns.whole:
                    out[k][place] += base[which] * one[:, k]
                if len(inside):
                    out[k][places] += columns.rest[inside] * one[:, k]
    return out


def summed_gradients(
    parts: Sequence[Part],
    layout: Layout,
    base: Array,
    weights: Array | None,
    groups: Sequence[tuple[int, Any]],
    G: int,
) -> Array:
    """(G, P, K, r): the sums of all parts' gradients in groups of rows.

    Parameters
    ----------
    weights : ndarray (c,) or None
    groups : sequence of (group, rows)
        The rows of each group: a slice, or places.
    """
    K = parts[0].value.shape[1]
    out = np.zeros((G, len(parts), K, layout.size))
    for at, (which, place) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        whole: dict[int, Array] = {}  # by part: (K, c), of all of its scenes together
        for p, part in enumerate(parts):
            for columns, coefficients in part.gradient:
                one = coefficients[at]
                if one is None:
                    continue
                weighted = one.T if weights is None else one.T * weights
                if which is None:
                    for g, rows in groups:
                        out[g, p, :, place.start] += weighted[:, rows].sum(axis=1)
                    continue
                if columns.whole:
                    whole[p] = whole[p] + weighted if p in whole else weighted
                inside, places = columns.owners[at]
                if len(inside):
                    rest = columns.rest if len(inside) == len(columns.rest) else columns.rest[inside]
                    for g, rows in groups:
                        out[g, p][:, places] += weighted[:, rows] @ rest[:, rows].T
        if not whole:
            continue
        stacked = np.concatenate(list(whole.values()))
        own = base[which]
        for g, rows in groups:
            sums = stacked[:, rows] @ own[:, rows].T
            for k, p in enumerate(whole):
                out[g, p, :, place] += sums[k * K : (k + 1) * K]
    return out
