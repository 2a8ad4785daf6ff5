"""The best valid fit, also at the edge of the valid means (identity Poisson, log-binomial).

Fisher scoring stalls there: at a zero count whose mean tends to 0 the expected information grows without
bound and holds the row where it is, right or wrong. So the deviance is minimised with a logarithmic barrier
at the ends of eta (Fiacco & McCormick 1968; Nocedal & Wright 2006, section 19.6), by Newton's method with
the observed information:

    D(beta) + 2 tau sum log(1 + room / distance of eta to its ends),   tau -> 0,

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
FIRST, LAST, SHRINK = 0.1, 1e-10, 0.003  # tau: of a row's deviance at first and at last
MOST_STEPS, MOST_CUTS, CUT = 80, 16, 0.25
AT_THE_WALL = 1e-13  # of the room: nearer than this is rounding
TO_THE_WALL = 0.99  # of the way a step may go
STENCIL = 1e-5
LITTLE_LEFT = 1e-3  # of the deviance, in a step that is taken no more at the wall
NOTHING_LEFT = 1e-8  # of the deviance, in a step that no longer lowers the merit
SMALL = 1e-10  # a deviance that is nothing
RUNAWAY = 1e-2  # of 1 + |eta|, in a last step: the optimum is at infinity
OUT_OF_SIGHT = 1e12  # of 1 + |eta|, from the start
LEAST_CURVATURE = 1e-8  # relative to the largest
TINY = 1e-12  # a variance that is none
nothing = partial(np.empty, 0)


@dataclass(frozen=True, slots=True)
class Interior:
    """Sums at some coefficients: deviance and barrier, score (r,) and information (r, r) of both, along the basis.

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
class Minimum:
    """Coefficients at an optimum, the sums there, the steps it took; `runaway`: where following it was given up."""

    beta: np.ndarray
    at: Interior
    steps: int
    runaway: bool


@dataclass(frozen=True, slots=True)
class Bounded:
    """A model whose eta must stay between `ends`.

    `basis` (p, r) holds the directions in which the coefficients may move, best such that X basis has orthonormal
    columns; `room` is how far inside is far: the distance of the mean response from the nearer end.
    """

    source: Source
    family: Family
    ends: tuple[float, float]
    basis: np.ndarray
    room: float = 1.0

    def at(self, beta: np.ndarray, tau: float, derivatives: bool = True) -> Interior:
        return self.source.map_reduce(partial(_interior, self, beta, tau, derivatives), merged)

    def reach(self, beta: np.ndarray, step: np.ndarray) -> float:
        """The longest multiple of a step that stays inside."""
        return self.source.map_reduce(partial(_reach, self.ends, beta, step), min)

    def minimise(self, beta: np.ndarray) -> Minimum | None:
        """From valid coefficients to the optimum, also one at infinity; None if it is not reached."""
        start, here = beta, self.at(beta, 0.0)
        if not here.valid:
            return None
        walled = bool(np.isfinite(here.least))
        tau = FIRST * max(here.deviance, SMALL) / max(here.rows, 1) if walled else 0.0
        here = self.at(beta, tau)
        reached: Minimum | None = None  # at the last tau that was done with
        for step in range(1, MOST_STEPS + 1):
            along = newton(here.information, here.score)
            delta, decrement = self.basis @ along, float(along @ here.score)
            unit = (here.deviance + SMALL) / max(here.rows, 1)
            little = decrement <= LITTLE_LEFT * (here.deviance + SMALL)
            at_the_wall = little and here.least < AT_THE_WALL * self.room
            if not decrement <= max(tau, LAST * unit) * 0.1 and not at_the_wall:
                moved = self.moved(beta, delta, here, tau, decrement)
                if moved is not None:
                    beta, here = moved
                    continue
                if not decrement <= NOTHING_LEFT * (here.deviance + SMALL):
                    return reached
            if tau <= NOTHING_LEFT * unit or at_the_wall:
                far = self.shift(beta, delta) > RUNAWAY or self.shift(start, beta - start) > OUT_OF_SIGHT
                reached = Minimum(beta, here, step, far)
            if tau <= LAST * unit or at_the_wall:
                return self.sharpened(reached, delta, tau, decrement) if reached else None
            tau = max(tau * SHRINK, LAST * unit)
            here = self.at(beta, tau)
        return Minimum(beta, here, step, True) if self.shift(beta, delta) > RUNAWAY else reached

    def sharpened(self, found: Minimum, delta: np.ndarray, tau: float, decrement: float) -> Minimum:
        """One step more, where it can still be told from rounding."""
        moved = self.moved(found.beta, delta, found.at, tau, decrement) if decrement > 0 else None
        return found if moved is None else replace(found, beta=moved[0], at=moved[1])

    def shift(self, beta: np.ndarray, step: np.ndarray) -> float:
        """How far a step takes a row's eta, relative to 1 + |eta|."""
        return self.source.map_reduce(partial(_shift, beta, step), max)

    def moved(
        self, beta: np.ndarray, delta: np.ndarray, here: Interior, tau: float, decrement: float
    ) -> tuple[np.ndarray, Interior] | None:
        """Along `delta` as far as the merit falls well; None where it does not fall."""
        length = min(1.0, TO_THE_WALL * self.reach(beta, delta))
        for cut in range(MOST_CUTS):
            there = self.at(beta + length * delta, tau, derivatives=cut == 0)
            # the merit falls by 2 delta'score per unit of length at first
            if there.valid and there.merit(tau) <= here.merit(tau) - 1e-4 * length * decrement:
                if cut:
                    there = self.at(beta + length * delta, tau)
                return (beta + length * delta, there) if there.valid else None
            length *= CUT
        return None


def newton(information: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The step of Newton's method; where the information is not positive, with the sizes of its eigenvalues."""
    with np.errstate(all="ignore"):
        return _newton(information, score)


def _newton(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.maximum(np.abs(matrix.diagonal()), np.finfo(float).tiny))
    scaled = matrix / np.multiply.outer(lengths, lengths)
    if not np.isfinite(scaled).all():
        return np.zeros(len(right))
    try:
        return np.asarray(cho_solve(cho_factor(scaled), right / lengths) / lengths)
    except (LinAlgError, ValueError):
        values, vectors = np.linalg.eigh(scaled)
        values = np.maximum(np.abs(values), LEAST_CURVATURE * np.abs(values).max() + np.finfo(float).tiny)
        return np.asarray(vectors @ (vectors.T @ (right / lengths) / values) / lengths)


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


def _interior(model: Bounded, beta: np.ndarray, tau: float, derivatives: bool, block: Block) -> Interior:
    with np.errstate(all="ignore"):
        total: Interior | None = None
        for chunk in _chunks(block):
            part = _interior_rows(model, beta, tau, derivatives, chunk)
            total = part if total is None else merged(total, part)
            if not total.valid:
                break
    assert total is not None
    return total


def _interior_rows(model: Bounded, beta: np.ndarray, tau: float, derivatives: bool, block: Block) -> Interior:
    family, y = model.family, block.y
    X = dense(block.design)
    eta = X @ beta
    if block.offset is not None:
        eta += block.offset
    low, high = model.ends
    distance = np.minimum(eta - low, high - eta)
    mu = family.link.linkinv(eta)
    fixed = distance == 0
    if fixed.any():  # where the mean there is y, or may differ from it
        fixed[fixed] = ~X[fixed].any(axis=1) & ((y == mu) | (family.variance(mu) > TINY))[fixed]
    unit = np.where(y == mu, 0.0, family.unit_deviance(y, mu))
    weights = np.ones(len(y)) if block.prior_weights is None else block.prior_weights
    deviance = float(np.where(weights > 0, weights * unit, 0.0).sum())
    if not ((distance > 0) | fixed).all() or not np.isfinite(deviance) or not np.isfinite(mu).all():
        return Interior(False)
    if fixed.any():
        moves = ~fixed
        X, y, eta, weights, distance = X[moves], y[moves], eta[moves], weights[moves], distance[moves]
    walls = [(sign, sign * (eta - end)) for sign, end in ((1.0, low), (-1.0, high)) if np.isfinite(end)]
    far = model.room
    barrier = 2.0 * sum([float(np.log1p(far / away).sum()) for _, away in walls])
    least = float(distance.min(initial=np.inf))
    if not derivatives:
        return Interior(True, deviance, barrier, least=least, rows=len(y))
    width = np.minimum(STENCIL * (1.0 + np.abs(eta)), 0.3 * distance)
    three = _score(family, np.tile(y, 3), np.concatenate([eta, eta - width, eta + width])).reshape(3, -1)
    slope = np.where(weights > 0, weights * three[0], 0.0)
    curvature = np.where(weights > 0, weights * (three[1] - three[2]) / (2 * width), 0.0)
    for sign, away in walls:
        slope += sign * tau * (1.0 / away - 1.0 / (away + far))
        curvature += tau * (1.0 / away**2 - 1.0 / (away + far) ** 2)
    X = X @ model.basis
    return Interior(
        bool(np.isfinite(slope).all() and np.isfinite(curvature).all()),
        deviance,
        barrier,
        X.T @ slope,
        X.T @ (curvature[:, None] * X),
        least,
        len(y),
    )


def _score(family: Family, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """-1/2 d deviance / d eta, per unit of weight."""
    mu, slope, variance = family.working(eta)
    return np.asarray((y - mu) * slope / variance)


def _reach(ends: tuple[float, float], beta: np.ndarray, step: np.ndarray, block: Block) -> float:
    low, high = ends
    with np.errstate(all="ignore"):
        eta = linear_predictor(block.design, beta, block.offset)
        change = linear_predictor(block.design, step, None)
        room = np.where(change > 0, (high - eta) / change, np.where(change < 0, (low - eta) / change, np.inf))
    return float(np.min(room, initial=np.inf))


def _shift(beta: np.ndarray, step: np.ndarray, block: Block) -> float:
    with np.errstate(all="ignore"):
        eta = linear_predictor(block.design, beta, block.offset)
        change = linear_predictor(block.design, step, None)
        return float(np.max(np.abs(change) / (1.0 + np.abs(eta)), initial=0.0))
