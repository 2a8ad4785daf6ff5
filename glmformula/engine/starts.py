"""Coefficients with valid means, for the fits where R's own start leaves the valid region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import numpy as np

from ..design.dense import dense
from ..families import Family
from ..sources.base import Block, Source
from .boundary import Bounded, stacked
from .columns import linear_predictor
from .eta_limits import eta_interval
from .passes import Sums
from .path import Lost
from .problem import Problem
from .thresholds import RANK

# One pass brings at most MOST_ROWS rows of a block into the linear programme; rows are added in at most ROUNDS passes.
MOST_ROWS, ROUNDS = 300, 60
# The distance that rows are to keep from the ends, as far as they can, is at most ROOMIEST times that of the offset,
# which more would hide from the solver, and at least LEAST_ROOM of it: less is within the solver's tolerance.
ROOMIEST, LEAST_ROOM = 1e6, 1e-4
# Shares of the mean response's distance from the ends that a start keeps: where columns are of many sizes the means at
# the whole of it are extreme.
INSIDE = (1.0, 1e-3)


def valid_start(problem: Problem, at: Sums, solve: bool) -> tuple[np.ndarray, Sums]:
    """Coefficients with valid fitted values where R's own start, or first step, is not valid."""
    if problem.intercept:
        mean = at.weighted_y / at.weight_sum
        for beta in intercept_starts(problem.source, problem.family, problem.p, mean):
            valid = problem.at(beta, solve=solve)
            if valid.usable:
                return beta, valid
    if problem.null_of is not None:
        raise Lost("no valid set of coefficients has been found: please supply starting values")
    start = far_inside(problem, at)
    if start is not None:
        valid = problem.at(start, solve=solve)
        if valid.usable:
            return start, valid
    raise Lost(
        "no valid set of coefficients has been found: the deviance is not finite at any that was tried, though "
        "they give valid means; look at the response (zeros?), the offset and the weights"
    )


def far_inside(problem: Problem, at: Sums) -> np.ndarray | None:
    """Valid coefficients, far inside or less far; None where the deviance is not finite at any.

    Raises
    ------
    Lost
        No coefficients are valid.
    """
    ends = eta_interval(problem.family)
    model = Bounded(problem.source, problem.family, ends, np.eye(problem.p))
    free = room(problem.family, ends, at)
    found = False
    for share in INSIDE:
        beta = feasible_start(problem.source, ends, problem.p, free * share)
        if beta is not None:
            found = True
            if model.at(beta, 0.0, derivatives=False).valid:
                return beta
    if found:
        return None
    raise Lost(
        "no valid set of coefficients has been found: there is none, a linear programme on the rows shows"
    )


def some_inside(problem: Problem, at: Sums) -> np.ndarray | None:
    """What `far_inside` finds, if anything: where eta has ends."""
    if np.isfinite(eta_interval(problem.family)).any():
        with suppress(Lost):
            return far_inside(problem, at)
    return None


def room(family: Family, ends: tuple[float, float], at: Sums) -> float:
    """The distance of the mean response from the nearer end of eta: how far inside is far enough."""
    with np.errstate(all="ignore"):
        eta = family.link.linkfun(np.array([at.weighted_y / at.weight_sum if at.weight_sum else np.nan]))[0]
        distance = min(eta - ends[0], ends[1] - eta)
    return float(distance) if 0 < distance < np.inf else 1.0


def intercept_starts(source: Source, family: Family, p: int, mean: float) -> Iterator[np.ndarray]:
    """Intercepts to try, all else 0: the mean response, less the mean or an end of the offset."""
    with np.errstate(all="ignore"):
        level = float(family.link.linkfun(np.array([mean]))[0])
    if not np.isfinite(level):
        return
    low, high, total, n = source.map_reduce(offset_range, wider)
    for shift in dict.fromkeys((total / n, low, high)):
        beta = np.zeros(p)
        beta[0] = level - shift
        yield beta


def offset_range(block: Block) -> tuple[float, float, float, int]:
    offset = np.zeros(1) if block.offset is None else block.offset
    return float(offset.min()), float(offset.max()), float(offset.sum()), len(offset)


def wider(
    a: tuple[float, float, float, int], b: tuple[float, float, float, int]
) -> tuple[float, float, float, int]:
    return min(a[0], b[0]), max(a[1], b[1]), a[2] + b[2], a[3] + b[3]


def feasible_start(source: Source, ends: tuple[float, float], p: int, room: float) -> np.ndarray | None:
    """Coefficients (p,) whose eta lies between `ends` on every row; None where there are none.

    A linear programme on some rows, to which rows that its answer violates are added until none is left: so
    None is a proof, whatever rows were not looked at. Every row is kept away from the ends as far as it can
    be, up to `room`. Rows without any column that lie at an end are left out: no coefficient moves them.
    """
    nothing = np.zeros(p)
    rows = source.map_reduce(partial(violated, ends, nothing, True), stacked)
    for _ in range(ROUNDS):
        beta = roomiest(rows, ends, room)
        if beta is None:
            return None
        more = source.map_reduce(partial(violated, ends, beta, False), stacked)
        if not len(more):
            return beta
        rows = np.concatenate([rows, more])
    return None


def violated(ends: tuple[float, float], beta: np.ndarray, first: bool, block: Block) -> np.ndarray:
    """[X, offset] (k, p + 1) of the rows that lie farthest outside; at `first` of some of all rows."""
    eta = linear_predictor(block.design, beta, block.offset)
    outside = np.maximum(ends[0] - eta, eta - ends[1])
    which = np.arange(len(eta)) if first else np.flatnonzero(outside >= 0)
    if len(which) > MOST_ROWS:
        spread = np.linspace(0, len(which) - 1, MOST_ROWS).astype(int)
        which = which[spread] if first else which[np.argsort(-outside[which], kind="stable")[:MOST_ROWS]]
    X = dense(block.design.rows(which))
    offset = np.zeros(len(which)) if block.offset is None else block.offset[which]
    moves = X.any(axis=1) | (outside[which] > 0)
    return np.column_stack([X, offset])[moves]


def roomiest(rows: np.ndarray, ends: tuple[float, float], room: float) -> np.ndarray | None:
    """The coefficients that keep these rows farthest inside, all by the same distance, at most `room`."""
    X, offset = np.unique(rows, axis=0)[:, :-1], np.unique(rows, axis=0)[:, -1]
    sizes = np.abs(X).max(axis=0, initial=0.0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    X = X / sizes
    beta = inmost(X, offset, ends, room)
    if beta is None:  # columns that nearly depend on each other hide from the solver what only they can do
        U, effects, right = np.linalg.svd(X, full_matrices=False)
        kept = effects > RANK * effects.max(initial=0.0)
        turned = inmost(U[:, kept], offset, ends, room)
        beta = None if turned is None else right[kept].T @ (turned / effects[kept])
    return None if beta is None else beta / sizes


def inmost(X: np.ndarray, offset: np.ndarray, ends: tuple[float, float], room: float) -> np.ndarray | None:
    """The linear programme, columns of X of similar size."""
    from scipy.optimize import linprog  # slow to import, rarely needed

    p = X.shape[1]
    walls, limits = [], []
    for sign, end in ((-1.0, ends[0]), (1.0, ends[1])):
        if np.isfinite(end):  # sign (X beta + offset - end) + t <= 0
            walls.append(np.column_stack([sign * X, np.ones(len(X))]))
            limits.append(sign * (end - offset))
    if not walls or not len(X):
        return np.zeros(p)
    limit = np.concatenate(limits)
    size = float(np.abs(limit).max()) or room
    for most in dict.fromkeys((min(room, ROOMIEST * size), min(room, size))):
        unit = max(most, size)  # the solver's tolerances are absolute
        top = max(most / unit, LEAST_ROOM)
        answer = linprog(
            np.append(np.zeros(p), -1.0),
            A_ub=np.vstack(walls),
            b_ub=limit / unit,
            bounds=[(None, None)] * p + [(0.0, top)],
            method="highs",
        )
        if answer.x is None or not answer.x[-1] > 1e-9 * top:
            continue
        beta = np.asarray(answer.x[:-1] * unit)
        eta = X @ beta + offset
        if ((eta > ends[0]) & (eta < ends[1])).all():  # not by the solver's tolerance alone
            return beta
    return None
