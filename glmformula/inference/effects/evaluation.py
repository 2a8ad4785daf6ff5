"""Predictions, comparisons and slopes of some rows, with their derivatives by all parameters of the model.

What is asked of a row is one or more *parts* (a prediction; a comparison; the two predictions of a comparison of
means), each with a gradient that is a sum over scenes of (coefficient of the row) x (its columns). The columns of a
scene are those of the rows as they are but for the few that move, so the mean gradients of all parts are one product of
matrices and some small ones, and no gradient of a single row is formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ...design.pieces import Design
from ...engine.columns import dense_columns, plan
from ...engine.layout import Layout, etas_of
from ...families.curvature import relative_curvature
from ...families.link import Array
from ...fitted.asked import Asked
from ..predict import ESTIMABLE
from .compare import Comparison

if TYPE_CHECKING:
    from ...families import Family

Coefficients = tuple[Array | None, ...]
"""For each predictor (c, K), or None where it does not matter."""
REACH = 2.0**-8
"""The first step in eta, where the change of a Jacobian is found by differences."""
CELLS, FEWEST = 2**17, 2**10


Owners = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of some rows: ``base`` (if `whole`), and added to it those that differ.

    Attributes
    ----------
    whole : bool
    rest : ndarray (q, c)
        What is added to them.
    owners : tuple of (ndarray, ndarray)
        For each predictor: which of these it has, and the places of their parameters.
    """

    whole: bool
    rest: Array
    owners: Owners


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
class Moved:
    """A scene that differs from the rows as they are.

    Attributes
    ----------
    design : Design
        The columns that differ.
    which : ndarray of int (q,)
        Their places.
    offset : ndarray or None
        All of it.
    """

    design: Design
    which: np.ndarray
    offset: np.ndarray | None


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
        for which, change in zip(layout.columns, _changes(parameters, turn), strict=True)
    )
    turns = _with_offsets(layout, turns, offset)
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


def _with_offsets(layout: Layout, etas: tuple[Array, ...], offset: Array | None) -> tuple[Array, ...]:
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


def owners_of(layout: Layout, places_: np.ndarray) -> Owners:
    """For each predictor: which of these columns of the design it has, and the places of their parameters."""
    out = []
    for which, place in zip(layout.columns, layout.slices(), strict=True):
        if which is None:
            out.append((np.empty(0, dtype=int), np.empty(0, dtype=int)))
            continue
        if isinstance(which, slice):
            inside = np.flatnonzero((places_ >= which.start) & (places_ < which.stop))
            out.append((inside, place.start + places_[inside] - which.start))
            continue
        order = {int(column): k for k, column in enumerate(which)}
        found = [k for k, column in enumerate(places_.tolist()) if column in order]
        places = [place.start + order[column] for column in places_[found].tolist()]
        out.append((np.array(found, dtype=int), np.array(places, dtype=int)))
    return tuple(out)


def _changes(parameters: Array, columns: Columns) -> list[Array]:
    """What the columns that differ add to each predictor, (c,)."""
    return [
        parameters[places] @ (columns.rest if len(inside) == len(columns.rest) else columns.rest[inside])
        for inside, places in columns.owners
    ]


class Views:
    """Some rows of all scenes; what a scene says is found when it is first asked for.

    Attributes
    ----------
    base : ndarray (p, c)
        The columns of the rows as they are.
    """

    def __init__(
        self,
        model: Model,
        base: Array,
        offset: Array | None,
        scenes: Mapping[Any, Moved],
        owners: Mapping[Any, Owners],
        rows: slice,
    ) -> None:
        self.model, self.base, self.scenes, self.owners, self.rows = model, base, scenes, owners, rows
        self.count = rows.stop - rows.start
        layout, parameters = model.layout, model.asked.parameters
        none = np.empty(0, dtype=int)
        nothing = Columns(True, np.empty((0, self.count)), ((none, none),) * len(layout.columns))
        self.plain = etas_of(layout, parameters, base, None)
        etas = self._estimable(_with_offsets(layout, self.plain, offset), base)
        self._seen: dict[Any, View] = {(): View(model, nothing, etas, self.count)}

    def __getitem__(self, key: Any) -> View:
        if key not in self._seen:
            scene, layout = self.scenes[key], self.model.layout
            rest = self.columns(scene.design)
            rest -= self.base[scene.which]
            columns = Columns(True, rest, self.owners[key])
            changes = _changes(self.model.asked.parameters, columns)
            etas = tuple(
                eta if which is None else eta + change
                for which, eta, change in zip(layout.columns, self.plain, changes)
            )
            offset = None if scene.offset is None else scene.offset[self.rows]
            etas = _with_offsets(layout, etas, offset)
            if self.model.null_space is not None:
                whole = self.base.copy()
                whole[scene.which] += columns.rest
                etas = self._estimable(etas, whole)
            self._seen[key] = View(self.model, columns, etas, self.count)
        return self._seen[key]

    def columns(self, design: Design) -> Array:
        """(q, c): the columns of a design on these rows."""
        return formed(design, self.rows)

    def _estimable(self, etas: tuple[Array, ...], columns: Array) -> tuple[Array, ...]:
        if self.model.null_space is None:
            return etas
        size = np.sqrt(np.einsum("pc,pc->c", columns, columns))
        reach = np.linalg.norm(self.model.null_space.T @ columns, axis=0)
        lost = ~(reach < ESTIMABLE * np.maximum(size, np.finfo(float).tiny))
        return tuple(np.where(lost, np.nan, eta) for eta in etas) if lost.any() else etas


def formed(design: Design, rows: slice) -> Array:
    """(p, c): the columns of some rows."""
    pieces = tuple([piece.rows(rows) for piece in design.pieces])
    return dense_columns(pieces, plan(pieces, "qr"), rows.stop - rows.start)[:-1]


def views(
    model: Model, design: Design, offset: np.ndarray | None, scenes: Mapping[Any, Moved]
) -> Iterator[Views]:
    """A few rows at a time, so that their columns stay in a processor's cache."""
    chunk = max(FEWEST, CELLS // (design.ncols + 1))
    owners = {key: owners_of(model.layout, scene.which) for key, scene in scenes.items()}
    for start in range(0, design.nrows, chunk):
        rows = slice(start, min(start + chunk, design.nrows))
        own = None if offset is None else offset[rows]
        yield Views(model, formed(design, rows), own, scenes, owners, rows)


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
        whole: list[Array] = []
        owners: list[int] = []
        for p, part in enumerate(parts):
            for columns, coefficients in part.gradient:
                one = coefficients[at]
                if one is None:
                    continue
                weighted = one if weights is None else one * weights[:, None]
                if which is None:
                    for g, rows in groups:
                        out[g, p, :, place.start] += weighted[rows].sum(axis=0)
                    continue
                if columns.whole:
                    whole.append(weighted)
                    owners.append(p)
                inside, places = columns.owners[at]
                if len(inside):
                    rest = columns.rest if len(inside) == len(columns.rest) else columns.rest[inside]
                    for g, rows in groups:
                        out[g, p][:, places] += weighted[rows].T @ rest[:, rows].T
        if not whole:
            continue
        stacked = np.concatenate(whole, axis=1)
        own = base[which]
        for g, rows in groups:
            sums = own[:, rows] @ stacked[rows]
            for k, p in enumerate(owners):
                out[g, p, :, place] += sums[:, k * K : (k + 1) * K].T
    return out
