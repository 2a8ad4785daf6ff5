"""Means of effects over rows, by groups, with their derivatives: sums of blocks, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...design.pieces import Design
from ...families.link import Array, Link
from ...fitted.asked import Asked
from .compare import Comparison
from .contrasts import Move
from .evaluation import (
    Part,
    Views,
    compared,
    marked_columns,
    prediction,
    row_gradient,
    slope,
    summed_gradient,
    views,
)
from .population import Population
from .scenes import Scene
from .steps import Derivative, derivative

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ...sources.base import Block

    Key = tuple[Hashable, ...]


@dataclass(frozen=True)
class Task:
    """One row of the answer, or one for each category of the response.

    Attributes
    ----------
    labels : tuple of (str, value)
        Its columns ``term``, ``contrast`` ...
    hi : Move
        What is predicted, or the high end of a comparison.
    lo : Move or None
        Its low end.
    comparison : Comparison or None
    of_means : bool
        Whether the comparison is one of mean predictions.
    variable : str or None
        By which a slope is taken.
    kind : str
        Of the slope.
    """

    labels: tuple[tuple[str, Any], ...]
    hi: Move = ()
    lo: Move | None = None
    comparison: Comparison | None = None
    of_means: bool = False
    variable: str | None = None
    kind: str = "dydx"

    @property
    def parts(self) -> int:
        return 2 if self.of_means else 1


@dataclass(frozen=True)
class Plan:
    """What is asked of each row; picklable.

    Attributes
    ----------
    asked : Asked
    tasks : tuple of Task
    link : Link or None
        Of a generalized linear model asked for its mean.
    by : tuple of str
        Columns whose values are the groups.
    spreads : tuple of (str, float)
        Standard deviations of the variables by which slopes are taken.
    null_space : ndarray (columns of the design, aliased) or None
        What a row must be orthogonal to, to be estimable; effects of others are NaN.
    """

    asked: Asked
    tasks: tuple[Task, ...]
    link: Link | None = None
    by: tuple[str, ...] = ()
    spreads: tuple[tuple[str, float], ...] = ()
    null_space: np.ndarray | None = None


def parts_of(plan: Plan, scene: Scene) -> Iterator[tuple[slice, list[Part]]]:
    """The parts of all tasks, a few rows at a time."""
    blocks: dict[Any, Block] = {(): scene.block()}
    slopes: dict[str, Derivative] = {}
    spreads = dict(plan.spreads)
    for task in plan.tasks:
        for move in (task.hi, task.lo):
            if move is not None and move not in blocks:
                blocks[move] = scene.block({name: shift.of(scene, name) for name, shift in move})
        if task.variable is not None and task.variable not in slopes:
            slopes[task.variable] = derivative(scene, task.variable, spreads[task.variable])
    numbers = {name: np.asarray(scene.columns(name), dtype=np.float64) for name in slopes}
    for here in views(plan.asked, blocks, plan.null_space):
        with np.errstate(all="ignore"):
            yield (
                here.rows,
                [part for task in plan.tasks for part in _parts(plan, task, here, slopes, numbers)],
            )


def _parts(
    plan: Plan, task: Task, here: Views, slopes: dict[str, Derivative], numbers: dict[str, Array]
) -> list[Part]:
    if task.variable is not None:
        made, base = slopes[task.variable], here[()]
        moved = _columns_of(made.parts, base, here.rows)
        offset = None if made.offset is None else made.offset[here.rows]
        return [slope(base, moved, offset, plan.link, task.kind, numbers[task.variable][here.rows])]
    hi = here[task.hi]
    if task.lo is None:
        return [prediction(hi)]
    lo = here[task.lo]
    if task.of_means:
        return [prediction(hi), prediction(lo)]
    assert task.comparison is not None
    return [compared(task.comparison, hi, lo)]


def _columns_of(parts: tuple[tuple[Design, np.ndarray], ...], base: Any, rows: slice) -> Array:
    if not parts:
        return np.zeros_like(base.columns)
    out = marked_columns(*parts[0], rows)
    for design, mask in parts[1:]:
        out += marked_columns(design, mask, rows)
    return out


@dataclass(frozen=True)
class Sums:
    """Of the rows in each group: weights (G,), values (G, P, K) and gradients (G, P, K, r) of all parts.

    `rows` (G,) counts them.
    """

    keys: tuple[Key, ...]
    rows: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    gradient: np.ndarray

    def __add__(self, other: Sums) -> Sums:
        if self.keys == other.keys:
            return Sums(
                self.keys,
                self.rows + other.rows,
                self.weight + other.weight,
                self.value + other.value,
                self.gradient + other.gradient,
            )
        keys = tuple(dict.fromkeys([*self.keys, *other.keys]))
        a, b = self._spread(keys), other._spread(keys)
        return a + b

    def _spread(self, keys: tuple[Key, ...]) -> Sums:
        """With groups that have no row."""
        place = {key: k for k, key in enumerate(keys)}
        where = [place[key] for key in self.keys]

        def wide(values: np.ndarray) -> np.ndarray:
            out = np.zeros((len(keys), *values.shape[1:]), dtype=values.dtype)
            out[where] = values
            return out

        return Sums(keys, *(wide(v) for v in (self.rows, self.weight, self.value, self.gradient)))


def sums(plan: Plan, scene: Scene) -> Sums:
    """What some rows add."""
    codes, keys = groups(scene.data, plan.by)
    G, layout = len(keys), plan.asked.layout
    weights = np.ones(scene.nrows) if scene.weights is None else scene.weights
    value: np.ndarray | None = None
    gradient = np.zeros(0)
    for rows, parts in parts_of(plan, scene):
        own, at = weights[rows], codes[rows]
        spread: Any
        if G == 1 and not plan.by:
            spread = own[None, :]
        else:
            inside = np.flatnonzero(at >= 0)
            spread = sp.csr_array((own[inside], (at[inside], inside)), shape=(G, len(at)))
        if value is None:
            K = parts[0].value.shape[1]
            value = np.zeros((G, len(parts), K))
            gradient = np.zeros((G, len(parts), K, layout.size))
        for p, part in enumerate(parts):
            value[:, p] += spread @ part.value
            gradient[:, p] += summed_gradient(part, layout, spread)
    assert value is not None
    grouped = codes >= 0
    count = np.bincount(codes[grouped], minlength=G)
    weight = np.bincount(codes[grouped], weights[grouped], minlength=G)
    return Sums(keys, count, weight, value, gradient)


def groups(data: pd.DataFrame, by: tuple[str, ...]) -> tuple[np.ndarray, tuple[Key, ...]]:
    """Which group each row is in (-1: it misses a value), and the groups' values."""
    if not by:
        return np.zeros(len(data), dtype=np.intp), ((),)
    if len(by) == 1:
        own, found = pd.factorize(data[by[0]])
        return np.asarray(own), tuple((value,) for value in found.tolist())
    each = [groups(data, (name,)) for name in by]
    joint = np.zeros(len(data), dtype=np.intp)
    lost = np.zeros(len(data), dtype=bool)
    for codes, keys in each:
        joint = joint * max(1, len(keys)) + codes
        lost |= codes < 0
    joint[lost] = -1
    values, first, place = np.unique(joint, return_index=True, return_inverse=True)
    present = values >= 0
    table = np.where(present, np.cumsum(present) - 1, -1)
    keys_of = [tuple(keys[int(c[row])][0] for c, keys in each) for row in first[present].tolist()]
    return table[place.ravel()], tuple(keys_of)


@dataclass(frozen=True)
class Estimates:
    """Effects before they are tested.

    Attributes
    ----------
    labels : DataFrame (E rows)
        ``term``, ``contrast``, ``group`` and the groups' columns, those that there are.
    value : ndarray (E,)
    gradient : ndarray (E, r) or None
    error : ndarray (E,) or None
        Standard errors, where there are no gradients.
    rows : DataFrame or None
        The columns of the rows they are of.
    """

    labels: pd.DataFrame
    value: np.ndarray
    gradient: np.ndarray | None
    error: np.ndarray | None = None
    rows: pd.DataFrame | None = None


def averages(plan: Plan, rows: Population) -> Estimates:
    """The means over the rows in each group."""
    found = rows.run(partial(sums, plan), _add)
    if found is None:
        from ...errors import DataError

        raise DataError("no row is left to average over: each misses a variable of the model")
    order = _order(found.keys, plan.by, rows)
    with np.errstate(all="ignore"):
        value = found.value / found.weight[:, None, None]
        gradient = found.gradient / found.weight[:, None, None, None]
    categories = plan.asked.quantity.columns
    labels, values, gradients = [], [], []
    p = 0
    for task in plan.tasks:
        one, slope_ = value[:, p], gradient[:, p]
        if task.of_means:
            assert task.comparison is not None
            with np.errstate(all="ignore"):
                made, by_hi, by_lo = task.comparison.function(value[:, p], value[:, p + 1])
            one = made
            slope_ = by_hi[..., None] * gradient[:, p] + by_lo[..., None] * gradient[:, p + 1]
        p += task.parts
        for k in range(one.shape[1]):
            for g in order:
                label = dict(task.labels)
                if categories:
                    label["group"] = categories[k]
                labels.append(label | dict(zip(plan.by, found.keys[g])))
                values.append(one[g, k])
                gradients.append(slope_[g, k])
    frame = pd.DataFrame(labels, index=pd.RangeIndex(len(values)))
    return Estimates(frame, np.array(values), np.array(gradients))


def _add(a: Sums, b: Sums) -> Sums:
    return a + b


def _order(keys: tuple[Key, ...], by: tuple[str, ...], rows: Population) -> list[int]:
    """Groups by their values: levels as the column orders them, else sorted."""
    if not by:
        return list(range(len(keys)))
    meta = rows.sample.data
    ranks = []
    for j, name in enumerate(by):
        dtype = meta[name].dtype
        values = {key[j] for key in keys}
        if isinstance(dtype, pd.CategoricalDtype):
            listed = [value for value in dtype.categories.tolist() if value in values]
        else:
            try:
                listed = sorted(values)
            except TypeError:
                listed = sorted(values, key=str)
        ranks.append({value: k for k, value in enumerate(listed)})
    return sorted(range(len(keys)), key=lambda g: tuple(rank[keys[g][j]] for j, rank in enumerate(ranks)))


def each_row(plan: Plan, rows: Population, cov: np.ndarray | None, keep: bool) -> Estimates:
    """The effects of every row, one task after another.

    Parameters
    ----------
    keep : bool
        Their gradients too.
    """
    assert rows.scene is not None
    scene = rows.scene
    pieces = rows.run(partial(_unit, plan, cov, keep), _join)
    categories = plan.asked.quantity.columns or ("",)
    n, K, r = scene.nrows, len(categories), plan.asked.layout.size
    present = np.ones(n, dtype=bool) if scene.missing is None else ~scene.missing
    tasks = len(plan.tasks)
    value, error = np.full((n, tasks, K), np.nan), np.full((n, tasks, K), np.nan)
    gradient = np.full((n, tasks, K, r), np.nan) if keep else None
    if pieces is not None:
        value[present] = np.concatenate([piece[0] for piece in pieces])
        error[present] = np.concatenate([piece[1] for piece in pieces])
        if gradient is not None:
            gradient[present] = np.concatenate([piece[2] for piece in pieces])
    columns: dict[str, Any] = {"rowid": np.tile(np.arange(n), tasks * K)}
    names = list(dict.fromkeys(name for task in plan.tasks for name, _ in task.labels))
    for name in names:
        texts = np.array([dict(task.labels).get(name) for task in plan.tasks], dtype=object)
        columns[name] = np.repeat(texts, n * K)
    if plan.asked.quantity.columns:
        columns["group"] = np.tile(np.repeat(np.array(categories, dtype=object), n), tasks)
    data = scene.data.iloc[np.tile(np.arange(n), tasks * K)].reset_index(drop=True)
    flat = gradient.transpose(1, 2, 0, 3).reshape(-1, r) if gradient is not None else None
    return Estimates(
        pd.DataFrame(columns),
        value.transpose(1, 2, 0).reshape(-1),
        flat,
        error.transpose(1, 2, 0).reshape(-1),
        data,
    )


Unit = tuple[np.ndarray, np.ndarray, np.ndarray]


def _unit(plan: Plan, cov: np.ndarray | None, keep: bool, scene: Scene) -> list[Unit]:
    """Values (n, tasks, K), standard errors and, where they are kept, gradients (n, tasks, K, r) of some rows."""
    out, layout = [], plan.asked.layout
    for rows, parts in parts_of(replace(plan), scene):
        value = np.stack([part.value for part in parts], axis=1)
        error = np.full(value.shape, np.nan)
        kept = np.zeros((rows.stop - rows.start, 0))
        if cov is not None:
            grads = [row_gradient(part, layout) for part in parts]
            for t, gradient in enumerate(grads):
                for k in range(gradient.shape[1]):
                    one = gradient[:, k]
                    error[:, t, k] = np.sqrt(np.maximum(np.einsum("cr,cr->c", one @ cov, one), 0.0))
            if keep:
                kept = np.stack(grads, axis=1)
        out.append((value, error, kept))
    return out


def _join(a: list[Unit], b: list[Unit]) -> list[Unit]:
    return a + b
