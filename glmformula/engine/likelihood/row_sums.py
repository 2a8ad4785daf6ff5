"""One pass over the rows of a likelihood: the log-likelihood with its first and second derivatives.

With X_k the columns of predictor k, the score is X_k' s_k and the observed information X_k' diag(h_kl) X_l, sums over
rows that any source adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...families.likelihood import Likelihood, RowSums
from ...families.link import Array, quiet
from ...sources.base import Block, Source
from .alike import AlikeSums, chunk_rows
from .layout import Layout, etas_of, formed, predictors_by_chunk


@dataclass(frozen=True)
class Task:
    """A pass: the log-likelihood with its derivatives at these parameters (r,), and perhaps the columns' sizes.

    `slopes`: predictors of the same columns need no information.
    """

    likelihood: Likelihood
    layout: Layout
    parameters: np.ndarray
    sized: bool = False
    slopes: bool = False


@dataclass(frozen=True)
class Sums:
    """Sums over rows: log-likelihood, score (r,), observed information (r, r).

    `squares`: of each parameter's column (1 for a constant), and the rows, (r + 1,), where that was asked for.
    """

    loglik: float
    score: np.ndarray
    information: np.ndarray
    squares: np.ndarray

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.loglik + other.loglik,
            self.score + other.score,
            self.information + other.information,
            self.squares + other.squares,
        )


@quiet
def run(task: Task, block: Block) -> Sums:
    """The sums of one block."""
    layout, size = task.layout, task.layout.size
    if slopes_alone(task.likelihood, layout):
        return alike(task, block)
    total, score, information = 0.0, np.zeros(size), np.zeros((size, size))
    squares = np.zeros(size + 1)
    places = layout.slices()
    for rows, columns in formed(layout, block):
        if task.sized:
            squares += column_squares(layout, places, columns)
        offset = None if block.offset is None else block.offset[rows]
        etas = etas_of(layout, task.parameters, columns, offset)
        found = task.likelihood.evaluate(block.y[rows], etas)
        weights = None if block.prior_weights is None else block.prior_weights[rows]
        if weights is not None:
            found = weighted(found, weights)
        total += float(found.loglik.sum())
        if not np.isfinite(total):
            break
        add_up(layout, places, columns, found, score, information)
    return Sums(total, score, information, squares)


def column_squares(layout: Layout, places: list[slice], columns: np.ndarray) -> np.ndarray:
    """Sums of squares of the parameters' columns, then the number of rows, (r + 1,)."""
    rows = columns.shape[1]
    out = np.full(layout.size + 1, float(rows))
    for which, place in zip(layout.columns, places, strict=True):
        if which is not None:
            out[place] = np.einsum("pm,pm->p", columns[which], columns[which])
    return out


def slopes_alone(likelihood: Likelihood, layout: Layout) -> bool:
    """Whether a pass may leave the information out, which is most of its work."""
    return layout.alike and likelihood.simplex is not None


def alike(task: Task, block: Block) -> Sums:
    """The same where all predictors have the same columns and the information is that of shares."""
    layout = task.layout
    which, p = layout.columns[0], layout.sizes[0]
    sums = AlikeSums(len(layout.sizes), p, task.slopes)
    squares = np.zeros(layout.size + 1)
    for rows, columns in formed(layout, block, chunk_rows(layout.size)):
        if task.sized:
            squares += column_squares(layout, layout.slices(), columns)
        offset = None if block.offset is None else block.offset[rows]
        found = task.likelihood.evaluate(block.y[rows], etas_of(layout, task.parameters, columns, offset))
        weights = None if block.prior_weights is None else block.prior_weights[rows]
        sums.add(columns[which], found, weights)
        if not np.isfinite(sums.loglik):
            break
    return Sums(sums.loglik, sums.score.ravel(), sums.information(), squares)


def weighted(found: RowSums, weights: Array) -> RowSums:
    """Times prior weights; rows of weight 0 say nothing, valid or not."""
    if not weights.all():
        on = weights > 0

        def times(values: Array) -> Array:
            return np.where(on, values * weights, 0.0)
    else:

        def times(values: Array) -> Array:
            return values * weights

    return RowSums(
        times(found.loglik),
        tuple([times(s) for s in found.score]),
        {kl: times(h) for kl, h in found.information.items()},
        None if found.outer is None else np.where(weights > 0, found.outer * np.sqrt(weights), 0.0),
    )


def add_up(
    layout: Layout,
    places: list[slice],
    columns: np.ndarray,
    found: RowSums,
    score: np.ndarray,
    information: np.ndarray,
) -> None:
    """Add X_k's_k and the upper part of X_k' diag(h_kl) X_l; np.dot, since np.matmul keeps the interpreter lock."""
    own = [None if which is None else columns[which] for which in layout.columns]
    for k, (X, s) in enumerate(zip(own, found.score, strict=True)):
        score[places[k]] += s.sum() if X is None else np.dot(X, s)
    for (k, l), h in found.information.items():
        X, Z = own[k], own[l]
        part: Any
        if X is None:
            part = h.sum() if Z is None else np.dot(Z, h)
        elif Z is None:
            part = np.dot(X, h)[:, None]
        else:
            part = np.dot(X * h, Z.T)
        information[places[k], places[l]] += part
    if found.outer is not None:
        root = np.concatenate(
            [r[None] if X is None else X * r for X, r in zip(own, found.outer, strict=True)]
        )
        information -= np.dot(root, root.T)


@quiet
def row_scores(likelihood: Likelihood, layout: Layout, parameters: np.ndarray, block: Block) -> np.ndarray:
    """Derivatives of each row's weighted log-likelihood by the parameters, (r, m)."""
    out = np.empty((layout.size, len(block.y)))
    for rows, columns, etas in predictors_by_chunk(layout, parameters, block):
        found = likelihood.evaluate(block.y[rows], etas)
        if block.prior_weights is not None:
            found = weighted(found, block.prior_weights[rows])
        for which, place, s in zip(layout.columns, layout.slices(), found.score, strict=True):
            out[place, rows] = s if which is None else columns[which] * s
    return out


def at(
    source: Source,
    likelihood: Likelihood,
    layout: Layout,
    parameters: np.ndarray,
    sized: bool = False,
    slopes: bool = False,
) -> Sums:
    """A pass over all rows."""
    task = Task(likelihood, layout, parameters, sized, slopes)
    sums: Sums = source.map_reduce(partial(run, task), Sums.__add__)
    upper = np.triu(sums.information)
    return replace(sums, information=upper + np.triu(upper, 1).T)


def column_sizes(squares: np.ndarray, rows: float) -> np.ndarray:
    """Root mean square of each parameter's column, (r,); 1 for one of zeros."""
    return np.where(squares > 0, np.sqrt(squares / max(rows, 1.0)), 1.0)
