"""Separation of unordered categories: which coefficients of a baseline-category logit have no finite estimate.

With delta_k the change of category k's coefficients (0 for the reference) there is none where, for every row,
x'(delta_y - delta_k) >= 0  for the observed category y and each other k, and not 0 for all: the likelihood rises all
the way along it (Albert & Anderson 1984). Each difference is a row of the linear programme of `separation`; of counts
those between two observed categories must be 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...runtime.tasks import one_team
from ...sources.base import Block, Source
from ..likelihood.layout import Layout, rows_in_columns
from .separation import FINE, HELD, MOST_ROWS, Contradiction, searched
from .separation_lp import ZERO, Rows, distinct, joined, null_space

FREE = 1e-6
"""Components of a basis of unit vectors below this are rounding."""


@one_team()
def category_separation(source: Source, layout: Layout, place: int) -> np.ndarray | None:
    """A direction (r,) along which the likelihood never falls; None where every coefficient has a finite estimate.

    NaN for a coefficient that it leaves where it is and that other such directions move: on the way to infinity nothing
    is left to tell it by. All such directions move only what this one separates.

    Parameters
    ----------
    source : Source
    layout : Layout
        Predictors that all have the same columns, one for each category but the one at `place`.
    place : int
    """
    question = Differences(layout, place)
    held: np.ndarray = source.map_reduce(partial(holding, question), triangles)
    basis = np.eye(layout.size)
    if len(held):
        sizes = np.where(held.any(axis=0), np.abs(held).max(axis=0), 1.0)
        basis = null_space(held / sizes, layout.size) / sizes[:, None]
    rows = source.map_reduce(partial(pulling, question), joined)
    if not len(rows.signs) or not basis.shape[1]:
        return None
    for fine in (False, True):
        found = searched(source, partial(against, question), rows, basis, fine)
        if found is not None:
            return with_undetermined(source, question, found.direction)
    return None


def with_undetermined(source: Source, question: Differences, direction: np.ndarray) -> np.ndarray:
    """The direction, NaN where it is 0 and some combination of the differences that it leaves alone is not."""
    left: np.ndarray = source.map_reduce(partial(unseparated, question, direction), triangles)
    sizes = np.where(left.any(axis=0), np.abs(left).max(axis=0, initial=0.0), 1.0)
    free = np.abs(null_space(left / sizes, len(direction))).max(axis=1, initial=0.0) > FREE
    return np.where(free & (direction == 0), np.nan, direction)


def unseparated(question: Differences, direction: np.ndarray, block: Block) -> np.ndarray:
    """A triangular factor of the differences that a direction leaves alone."""
    unit = float(np.abs(direction).max())
    out = np.empty((0, len(direction)))
    for X, _, first in question.chunks(block):
        margin, scale = margins(question, X, first, direction / unit, False)
        still = (np.arange(question.categories)[:, None] != first) & (np.abs(margin) <= ZERO * scale)
        out = stacked_triangle(out, question, X, first, np.nonzero(still))
    return out


class Differences:
    """The rows of the programme: x at the observed category's coefficients, -x at another's."""

    def __init__(self, layout: Layout, place: int) -> None:
        self.columns: Any = layout.columns[0]
        self.p, self.place, self.categories = layout.sizes[0], place, len(layout.sizes) + 1

    def chunks(self, block: Block) -> Any:
        """(columns (p, c), seen (K, c): which categories a row has, first (c,): one of them); no rows of weight 0."""
        for rows, columns in rows_in_columns(block):
            y, weights = block.y[rows], block.prior_weights
            on = np.ones(len(y), bool) if weights is None else weights[rows] > 0
            seen = y.T > 0 if y.ndim == 2 else y == np.arange(self.categories)[:, None]
            yield columns[self.columns][:, on], seen[:, on], seen[:, on].argmax(axis=0)

    def stacked(self, X: np.ndarray, first: np.ndarray, which: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(q, r): the differences between a row's first category and another, for (category, row) in `which`."""
        other, row = which
        out = np.zeros((len(row), self.categories, self.p))
        places = np.arange(len(row))
        out[places, first[row]] = X[:, row].T
        out[places, other] -= X[:, row].T
        return np.delete(out, self.place, axis=1).reshape(len(row), (self.categories - 1) * self.p)

    def moves(self, X: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(K, c): how a direction (r,) moves the log odds."""
        out = np.dot(direction.reshape(-1, self.p), X)
        return np.insert(out, self.place, 0.0, axis=0)


def holding(question: Differences, block: Block) -> np.ndarray:
    """A triangular factor of the rows that must not move."""
    out = np.empty((0, (question.categories - 1) * question.p))
    for X, seen, first in question.chunks(block):
        other, row = np.nonzero(seen)
        both = other != first[row]
        out = stacked_triangle(out, question, X, first, (other[both], row[both]))
    return out


def stacked_triangle(
    out: np.ndarray, question: Differences, X: np.ndarray, first: np.ndarray, which: tuple[np.ndarray, ...]
) -> np.ndarray:
    """The factor `out` and these differences, some at a time."""
    other, row = which
    for some in np.array_split(np.arange(len(row)), 1 + len(row) // MOST_ROWS):
        if some.size:
            out = triangles(out, question.stacked(X, first, (other[some], row[some])))
    return out


def triangles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One factor of both."""
    both = np.concatenate([a, b])
    return both if len(both) <= both.shape[1] else np.asarray(np.linalg.qr(both, mode="r"))


def pulling(question: Differences, block: Block) -> Rows:
    """Some of the differences that may grow."""
    parts = [
        chosen(question, X, first, np.nonzero(~seen))
        for X, seen, first in question.chunks(block)
        if seen.size
    ]
    return thinned(parts, question)


def chosen(question: Differences, X: np.ndarray, first: np.ndarray, which: tuple[np.ndarray, ...]) -> Rows:
    other, row = which
    if len(row) > MOST_ROWS:
        some = np.linspace(0, len(row) - 1, MOST_ROWS).astype(int)
        other, row = other[some], row[some]
    rows = question.stacked(X, first, (other, row))
    return distinct(rows, np.ones(len(rows)), np.ones(len(rows)))


def thinned(parts: list[Rows], question: Differences) -> Rows:
    """All of them together, at most MOST_ROWS."""
    r = (question.categories - 1) * question.p
    out = Rows(np.empty((0, r)), np.empty(0), np.empty(0))
    for part in parts:
        out = joined(out, part)
    if len(out.signs) <= MOST_ROWS:
        return out
    some = np.linspace(0, len(out.signs) - 1, MOST_ROWS).astype(int)
    return Rows(out.X[some], out.signs[some], out.counts[some])


def against(
    question: Differences, direction: np.ndarray, rest: np.ndarray, fine: bool, block: Block
) -> Contradiction:
    """Differences that the direction takes the wrong way, or leaves alone though one in `rest` would not."""
    unit = 1.0 if fine else float(np.abs(direction).max(initial=0.0)) or 1.0
    wrong_rows: list[Rows] = []
    separated, complete, moved = False, True, False
    for X, seen, first in question.chunks(block):
        margin, scale = margins(question, X, first, direction / unit, fine)
        other = np.arange(question.categories)[:, None] != first
        pull = other & ~seen
        moved = moved or bool((np.abs(margin) > HELD * scale)[other & seen].any())
        wrong = pull & (margin < -ZERO * scale)
        if not wrong.any():
            still = pull & (margin <= ZERO * scale)
            if still.any():
                reach = np.zeros(margin.shape)
                for column in rest.T:
                    reach = np.maximum(reach, np.abs(margins(question, X, first, column, fine)[0]))
                size = margins(question, X, first, np.abs(rest).max(axis=1), fine)[1]
                wrong = still & (reach > ZERO * size)
        ahead = margin > ZERO * scale
        separated = separated or bool((ahead & pull).any())
        complete = complete and bool(ahead[pull].all())
        if wrong.any():
            wrong_rows.append(chosen(question, X, first, np.nonzero(wrong)))
    return Contradiction(thinned(wrong_rows, question), separated, complete, moved)


def margins(
    question: Differences, X: np.ndarray, first: np.ndarray, direction: np.ndarray, fine: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(K, c): by how much the observed category gains on each, and the size of its rounding."""
    moves, sizes = question.moves(X, direction), question.moves(np.abs(X), np.abs(direction))
    rows = np.arange(len(first))
    scale = sizes[first, rows] + sizes
    return moves[first, rows] - moves, np.maximum(1.0, FINE * scale) if fine else scale
