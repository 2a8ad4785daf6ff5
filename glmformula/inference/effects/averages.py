"""Means of effects over rows, by groups, with their derivatives: sums of blocks, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError
from .evaluation import row_gradients, summed_gradients
from .population import Population
from .scenes import Scene
from .tasks import Plan, parts_of

MOST_GROUPS = 100

if TYPE_CHECKING:
    from collections.abc import Hashable

    Key = tuple[Hashable, ...]


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
    if plan.by and len(keys) > max(MOST_GROUPS, scene.nrows / 2):
        raise DataError(
            f"by={', '.join(map(repr, plan.by))} has {len(keys)} groups in {scene.nrows} rows, nearly one a row: "
            "average over a column of few values (cut the numbers into bands), or ask for the rows without by="
        )
    G, layout = len(keys), plan.model.layout
    weights = scene.weights
    count = len(plan.keys)
    value = np.zeros((G, count, plan.model.width))
    gradient = np.zeros((G, count, plan.model.width, layout.size))
    for here, parts in parts_of(plan, scene):
        own = None if weights is None else weights[here.rows]
        together = rows_by_group(codes[here.rows]) if plan.by else [(0, slice(None))]
        for p, part in enumerate(parts):
            weighted = part.value.T if own is None else part.value.T * own
            for g, rows in together:
                value[g, p] += weighted[:, rows].sum(axis=1)
        gradient += summed_gradients(parts, layout, here.base, own, together, G)
    grouped = codes >= 0
    rows_in = np.bincount(codes[grouped], minlength=G)
    weight = rows_in.astype(float) if weights is None else np.bincount(codes[grouped], weights[grouped], G)
    return Sums(keys, rows_in, weight, value, gradient)


def rows_by_group(codes: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """The groups that there are (-1 is none), and the places of their rows."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = (
        np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(codes) else np.empty(0, dtype=int)
    )
    stops = np.r_[starts[1:], len(codes)]
    return [(int(ordered[a]), order[a:b]) for a, b in zip(starts, stops) if ordered[a] >= 0]


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


@dataclass(frozen=True)
class Composed:
    """How an average is made of means: the sum of ``factor`` times the mean of a part, column and group.

    Attributes
    ----------
    group : int
    column : int
    factors : tuple of (part, factor)
    """

    group: int
    column: int
    factors: tuple[tuple[int, float], ...]


def averages(plan: Plan, rows: Population) -> Estimates:
    """The means over the rows in each group."""
    return composed(plan, rows)[0]


def composed(plan: Plan, rows: Population) -> tuple[Estimates, list[Composed], Sums]:
    """The same, and to first order what each is made of."""
    found = rows.run(partial(sums, plan), _add)
    if found is None:
        raise DataError("no row is left to average over: each misses a variable of the model")
    order = _order(found.keys, plan.by, rows)
    with np.errstate(all="ignore"):
        value = found.value / found.weight[:, None, None]
        gradient = found.gradient / found.weight[:, None, None, None]
    categories = plan.model.asked.quantity.columns
    labels, values, gradients, made = [], [], [], []
    places = {key: p for p, key in enumerate(plan.keys)}
    for task in plan.tasks:
        p, *second = (places[key] for key in task.needs())
        one, slope_ = value[:, p], gradient[:, p]
        by_hi, by_lo = np.ones_like(one), np.zeros_like(one)
        if task.of_means:
            assert task.comparison is not None
            low = second[0]
            with np.errstate(all="ignore"):
                one, by_hi, by_lo = task.comparison.function(value[:, p], value[:, low])
                slope_ = by_hi[..., None] * gradient[:, p] + by_lo[..., None] * gradient[:, low]
        for k in range(one.shape[1]):
            for g in order:
                label = dict(task.labels)
                if categories:
                    label["group"] = categories[k]
                labels.append(label | dict(zip(plan.by, found.keys[g])))
                values.append(one[g, k])
                gradients.append(slope_[g, k])
                others = tuple((lo, float(by_lo[g, k])) for lo in second)
                made.append(Composed(g, k, ((p, float(by_hi[g, k])), *others)))
    frame = pd.DataFrame(labels, index=pd.RangeIndex(len(values)))
    return Estimates(frame, np.array(values), np.array(gradients)), made, found


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


def each_row(plan: Plan, rows: Population, cov: np.ndarray, keep: bool) -> Estimates:
    """The effects of every row, one task after another.

    Parameters
    ----------
    keep : bool
        Their gradients too.
    """
    assert rows.scene is not None
    scene = rows.scene
    pieces = rows.run(partial(_unit, plan, cov, keep), _join)
    categories = plan.model.asked.quantity.columns or ("",)
    n, K, r = scene.nrows, len(categories), plan.model.layout.size
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
    if plan.model.asked.quantity.columns:
        columns["group"] = np.tile(np.repeat(np.array(categories, dtype=object), n), tasks)
    data = scene.data if tasks * K == 1 else scene.data.iloc[np.tile(np.arange(n), tasks * K)]
    data = data.reset_index(drop=True)
    flat = gradient.transpose(1, 2, 0, 3).reshape(-1, r) if gradient is not None else None
    return Estimates(
        pd.DataFrame(columns, copy=False),
        value.transpose(1, 2, 0).reshape(-1),
        flat,
        error.transpose(1, 2, 0).reshape(-1),
        data,
    )


Unit = tuple[np.ndarray, np.ndarray, np.ndarray]


def _unit(plan: Plan, cov: np.ndarray, keep: bool, scene: Scene) -> list[Unit]:
    """Values (n, tasks, K), standard errors and, where they are kept, gradients (n, tasks, K, r) of some rows."""
    out, layout = [], plan.model.layout
    places = [plan.keys.index(task.needs()[0]) for task in plan.tasks]
    for here, found in parts_of(plan, scene):
        parts = [found[place] for place in places]
        value = np.stack([part.value for part in parts], axis=1)
        error = np.full(value.shape, np.nan)
        kept = np.zeros((*value.shape, layout.size) if keep else (here.count, 0))
        for t, part in enumerate(parts):
            for k, gradient in enumerate(row_gradients(part, layout, here.base)):
                product = cov @ gradient
                product *= gradient
                error[:, t, k] = np.sqrt(np.maximum(product.sum(axis=0), 0.0))
                if keep:
                    kept[:, t, k] = gradient.T
        out.append((value, error, kept))
    return out


def _join(a: list[Unit], b: list[Unit]) -> list[Unit]:
    return a + b
