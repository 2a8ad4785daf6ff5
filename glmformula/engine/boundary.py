"""The best valid fit, also at the edge of the valid means (identity Poisson, log-binomial).

Fisher scoring stalls there: at a zero count whose mean tends to 0 the expected information grows without
bound and holds the row where it is, right or wrong. So the deviance is minimised with a logarithmic barrier
at the ends of eta (Fiacco & McCormick 1968; Nocedal & Wright 2006, section 19.6), by Newton's method with
the observed information:

    D(beta) - 2 tau sum log(distance of eta to its ends),   tau -> 0,

which ends, where the deviance is convex (both families above), within 2 tau a row of the constrained optimum.
A row without any column whose offset lies at an end is left as it is: it has nothing to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..design.dense import dense
from ..families import Family
from ..sources.base import Block, Source
from .columns import linear_predictor

CELLS = 2**17  # numbers in a dense chunk
FIRST, LAST, SHRINK = 0.1, 1e-13, 0.1  # tau: of a row's deviance at first, relative to the deviance at last
MOST_STEPS, MOST_HALVINGS = 200, 40
TO_THE_WALL = 0.99  # of the way a step may go
STENCIL = 1e-5
NOTHING_LEFT = 1e-7  # of the deviance, in a step that no longer lowers the merit
nothing = partial(np.empty, 0)


@dataclass(frozen=True, slots=True)
class Interior:
    """Sums at some coefficients: deviance and barrier, score (p,) and information (p, p) of both together.

    `least` is the smallest distance of a row's eta to an end, `rows` the rows that have one.
    """

    valid: bool
    deviance: float = 0.0
    barrier: float = 0.0
    score: np.ndarray = field(default_factory=nothing)
    information: np.ndarray = field(default_factory=nothing)
    least: float = np.inf
    rows: int = 0

    def merit(self, tau: float) -> float:
        return self.deviance + tau * self.barrier


def merged(a: Interior, b: Interior) -> Interior:
    if not (a.valid and b.valid):
        return Interior(False)
    return Interior(
        True,
        a.deviance + b.deviance,
        a.barrier + b.barrier,
        a.score + b.score,
        a.information + b.information,
        min(a.least, b.least),
        a.rows + b.rows,
    )


@dataclass(frozen=True, slots=True)
class Bounded:
    """A model whose eta must stay between `ends`, and the columns that may move, `kept` (r,) of p."""

    source: Source
    family: Family
    ends: tuple[float, float]
    kept: np.ndarray

    def at(self, beta: np.ndarray, tau: float) -> Interior:
        return self.source.map_reduce(partial(_interior, self, beta, tau), merged)

    def reach(self, beta: np.ndarray, step: np.ndarray) -> float:
        """The longest multiple of a step that stays inside."""
        return self.source.map_reduce(partial(_reach, self.ends, beta, step), min)

    def minimise(self, beta: np.ndarray) -> tuple[np.ndarray, Interior, int] | None:
        """From valid coefficients to the optimum: coefficients, sums there, steps; None if not reached."""
        here = self.at(beta, 0.0)
        if not here.valid:
            return None
        walled = bool(np.isfinite(here.least))
        tau = FIRST * max(here.deviance, 0.1) / max(here.rows, 1) if walled else 0.0
        here = self.at(beta, tau)
        for step in range(1, MOST_STEPS + 1):
            delta = np.zeros(len(beta))
            delta[self.kept] = newton(here.information, here.score, self.kept)
            decrement = float(delta @ here.score)
            last = LAST * (here.deviance + 0.1)
            if decrement <= max(tau, last) * 0.1:
                if tau <= last:
                    return beta, here, step
                tau = max(tau * SHRINK, last)
                here = self.at(beta, tau)
                continue
            length = min(1.0, TO_THE_WALL * self.reach(beta, delta))
            for _ in range(MOST_HALVINGS):
                there = self.at(beta + length * delta, tau)
                # the merit falls by 2 delta'score per unit of length at first
                if there.valid and there.merit(tau) <= here.merit(tau) - 1e-4 * length * decrement:
                    break
                length /= 2
            else:
                if not decrement <= NOTHING_LEFT * (here.deviance + 0.1):
                    return None
                if tau <= last:
                    return beta, here, step
                tau = max(tau * SHRINK, last)  # the merit is all rounding
                here = self.at(beta, tau)
                continue
            beta, here = beta + length * delta, there
        return None


def newton(information: np.ndarray, score: np.ndarray, kept: np.ndarray) -> np.ndarray:
    matrix, right = information[np.ix_(kept, kept)], score[kept]
    lengths = np.sqrt(np.maximum(matrix.diagonal(), np.finfo(float).tiny))
    scaled = matrix / np.multiply.outer(lengths, lengths)
    for ridge in (0.0, 1e-12, 1e-8, 1e-4):
        try:
            factor = cho_factor(scaled + ridge * np.eye(len(kept)))
            return np.asarray(cho_solve(factor, right / lengths) / lengths)
        except (LinAlgError, ValueError):
            continue
    return np.asarray(right / lengths**2)


def undecided(ends: tuple[float, float], block: Block) -> Block:
    """Weight 0 for rows without any column whose offset lies at an end: their weight would be infinite."""
    offset = np.zeros(len(block.y)) if block.offset is None else block.offset
    where = np.flatnonzero((offset == ends[0]) | (offset == ends[1]))
    where = where[~dense(block.design.rows(where)).any(axis=1)]
    if not len(where):
        return block
    weights = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights.copy()
    weights[where] = 0.0
    return replace(block, prior_weights=weights)


def _chunks(block: Block) -> Iterator[Block]:
    size = max(1, CELLS // max(1, block.design.ncols))
    for start in range(0, max(1, len(block.y)), size):
        rows = slice(start, min(start + size, len(block.y)))
        part = [None if a is None else a[rows] for a in (block.prior_weights, block.offset)]
        yield Block(block.design.rows(rows), block.y[rows], *part)


def _interior(model: Bounded, beta: np.ndarray, tau: float, block: Block) -> Interior:
    with np.errstate(all="ignore"):
        total: Interior | None = None
        for chunk in _chunks(block):
            part = _interior_rows(model, beta, tau, chunk)
            total = part if total is None else merged(total, part)
            if not total.valid:
                break
    assert total is not None
    return total


def _interior_rows(model: Bounded, beta: np.ndarray, tau: float, block: Block) -> Interior:
    family, y = model.family, block.y
    X = dense(block.design)
    eta = X @ beta
    if block.offset is not None:
        eta += block.offset
    low, high = model.ends
    distance = np.minimum(eta - low, high - eta)
    mu = family.link.linkinv(eta)
    fixed = distance == 0
    fixed[fixed] = ~X[fixed].any(axis=1)
    unit = np.where(y == mu, 0.0, family.unit_deviance(y, mu))
    weights = np.ones(len(y)) if block.prior_weights is None else block.prior_weights
    deviance = float(np.where(weights > 0, weights * unit, 0.0).sum())
    if not ((distance > 0) | fixed).all() or not np.isfinite(deviance) or not np.isfinite(mu).all():
        return Interior(False)
    moves = ~fixed
    X, y, eta, weights, distance = X[moves], y[moves], eta[moves], weights[moves], distance[moves]
    width = np.minimum(STENCIL * (1.0 + np.abs(eta)), 0.3 * distance)
    slope = _score(family, y, eta)
    curvature = (_score(family, y, eta - width) - _score(family, y, eta + width)) / (2 * width)
    curvature = np.where(weights > 0, weights * np.maximum(curvature, 0.0), 0.0)
    slope = np.where(weights > 0, weights * slope, 0.0)
    barrier = 0.0
    for end, away in ((low, eta - low), (high, eta - high)):
        if np.isfinite(end):
            slope = slope + tau / away
            curvature = curvature + tau / away**2
            barrier -= 2.0 * float(np.log(np.abs(away)).sum())
    return Interior(
        bool(np.isfinite(slope).all() and np.isfinite(curvature).all()),
        deviance,
        barrier,
        X.T @ slope,
        X.T @ (curvature[:, None] * X),
        float(distance.min(initial=np.inf)),
        len(y),
    )


def _score(family: Family, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """-1/2 d deviance / d eta, per unit of weight."""
    mu, slope, variance = family.working(eta)
    return np.asarray((y - mu) * slope / variance)


def _reach(ends: tuple[float, float], beta: np.ndarray, step: np.ndarray, block: Block) -> float:
    eta = linear_predictor(block.design, beta, block.offset)
    change = linear_predictor(block.design, step, None)
    low, high = ends
    with np.errstate(all="ignore"):
        room = np.where(change > 0, (high - eta) / change, np.where(change < 0, (low - eta) / change, np.inf))
    return float(np.min(room, initial=np.inf))
