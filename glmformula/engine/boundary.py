"""The best valid fit, also at the edge of the valid means (identity Poisson, log-binomial).

Fisher scoring stalls there: at a zero count whose mean tends to 0 the expected information grows without
bound and holds the row where it is, right or wrong. So the deviance is minimised with a logarithmic barrier
at the ends of eta (Fiacco & McCormick 1968; Nocedal & Wright 2006, section 19.6), by Newton's method with
the observed information:

    D(beta) + 2 tau sum log(1 + room / distance of eta to its ends),   tau -> 0,

which ends, where the deviance is convex (both families above), within 2 tau a row of the constrained optimum.
A row without any column whose offset lies at an end is left as it is: it has nothing to decide. Where rows come so
near the ends that rounding hides their distance while others have not settled, they are held there, and the others
go on within what that leaves of the directions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..design.dense import dense
from ..families import Family
from ..families.link import EPS
from ..sources.base import Block, Source
from .columns import in_chunks, linear_predictor
from .thresholds import BARRIER, MOVES, PROMISES

# Newton's method takes at most MOST_STEPS steps; a step that does not lower the merit is cut to CUT of its length, at
# most MOST_CUTS times; no step goes further than TO_THE_WALL of the way to the nearest end of eta.
MOST_STEPS, MOST_CUTS, CUT, TO_THE_WALL = 80, 16, 0.25, 0.99
# An eta is at the wall where its distance from an end is rounding: below AT_THE_WALL of the room, plus BLUR of the
# sizes of the parts that it is summed of.
AT_THE_WALL, BLUR = 1e-13, 2 * EPS
# Rows up to TOGETHER times as far from the wall are held there together, at most MOST_HELD of a block. They are looked
# for once some row is nearer than NEAR_THE_WALL of the room: it may hide others that have not settled.
TOGETHER, MOST_HELD, NEAR_THE_WALL = 10.0, 1000, 1e-6
# Rows at the wall are pressed nearer by these shares of the way, the first at which the deviance is lower.
PRESSED = (0.999999, 0.9999, 0.99, 0.9, 0.5)
# A row's part of an orthonormal basis, or a singular value beside the largest, is zero below this.
STILL = 1e-9
# Slopes are differenced over this share of 1 + |eta| for the observed information.
STENCIL = 1e-5
# A deviance is nothing below this share of 0.1, or of what the responses cost where that is less.
SMALL = 1e-9
# Curvatures are lifted to this share of the largest.
LEAST_CURVATURE = 1e-12
# A curvature below -BENT of the slope by the distance from the ends is no convex deviance's.
BENT = 1e-6
# Where a convex deviance has to bend up, beside what is near the ends: the whole line as far as means differ there.
EVERYWHERE = np.linspace(-30.0, 30.0, 61)
# A variance, or a residual, is zero below this.
TINY = 1e-12
nothing = partial(np.empty, 0)


@dataclass(frozen=True, slots=True)
class Interior:
    """Sums at some coefficients: deviance and barrier, score (r,) and information (r, r) of both, along the basis.

    `least` is the smallest distance of a row's eta to an end, `clearance` the smallest one beside what is rounding,
    `rows` the rows that have one.
    """

    valid: bool
    deviance: float = 0.0
    barrier: float = 0.0
    score: np.ndarray = field(default_factory=nothing)
    information: np.ndarray = field(default_factory=nothing)
    least: float = np.inf
    clearance: float = np.inf
    rows: int = 0

    @property
    def at_the_wall(self) -> bool:
        return self.clearance < 1.0

    def merit(self, tau: float) -> float:
        return self.deviance + tau * self.barrier


def stacked(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate([a, b])


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
        min(a.clearance, b.clearance),
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
    columns; `room` is how far inside is far: the distance of the mean response from the nearer end; `small` a
    deviance that is nothing; `held` whether rows that the basis does not move are left out.
    """

    source: Source
    family: Family
    ends: tuple[float, float]
    basis: np.ndarray
    room: float = 1.0
    small: float = 0.1 * SMALL
    held: bool = False

    def at(self, beta: np.ndarray, tau: float, derivatives: bool = True) -> Interior:
        return self.source.map_reduce(partial(_interior, self, beta, tau, derivatives), merged)

    def reach(self, beta: np.ndarray, step: np.ndarray) -> float:
        """The longest multiple of a step that stays inside."""
        return self.source.map_reduce(partial(_reach, self.ends, beta, step), min)

    def minimise(self, beta: np.ndarray, apart: bool = False) -> Minimum | None:
        """From valid coefficients to the optimum, also one at infinity; None if it is not reached.

        `apart`: the optimum is known to be apart from the wall, near `beta`, and the barrier begins low.
        """
        whole, face, found = self, None, self.descended(beta, apart)
        while found is not None and found.at.at_the_wall:
            face = self.face(found.beta)
            if not face.basis.shape[1] or face.basis.shape == self.basis.shape:
                break
            further = face.further(found)
            if further is found:
                found = replace(found, runaway=found.runaway or face.unsettled(found))
                break
            self, found = face, further
        if face is None and found is not None and found.at.least < NEAR_THE_WALL * self.room:
            return self.by_columns().further(found)
        return found if found is None or face is None else whole.pressed(found)

    def by_columns(self) -> Bounded:
        """The same directions, along the columns: what rows at the wall weigh hides less of the others."""
        kept = np.flatnonzero(self.basis.any(axis=1))
        return (
            replace(self, basis=np.eye(len(self.basis))[:, kept])
            if len(kept) == self.basis.shape[1]
            else self
        )

    def further(self, found: Minimum) -> Minimum:
        """Down from a minimum along this basis, if that leads on."""
        more = self.descended(found.beta, True)
        if more is None or not more.at.deviance < found.at.deviance:
            return found
        return replace(more, steps=found.steps + more.steps)

    def unsettled(self, found: Minimum) -> bool:
        """Whether the deviance still falls along this basis, though rounding at the wall lets no step be taken."""
        here = self.at(found.beta, 0.0)
        left = float(newton(here.information, here.score) @ here.score) if here.valid else 0.0
        return left > PROMISES.unsettled * (here.deviance + self.small)

    def face(self, beta: np.ndarray) -> Bounded:
        """The directions that leave the rows at the wall where they are."""
        near, _ = self.near(beta)
        _, sizes, right = np.linalg.svd(near)
        rank = int((sizes > STILL * sizes.max(initial=0.0)).sum())
        return replace(self, basis=self.basis @ right[rank:].T, held=True)

    def near(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(k, r) and (k,): the rows at the wall along the basis, and the change of eta that takes them there."""
        rows = self.source.map_reduce(partial(_near, self, beta), stacked)
        return rows[:, :-1] @ self.basis, rows[:, -1]

    def pressed(self, found: Minimum) -> Minimum:
        """The rows at the wall a digit nearer and nearer to it, while the deviance falls."""
        along, away = self.near(found.beta)
        delta = self.basis @ np.linalg.lstsq(along, away, rcond=STILL)[0]
        for share in PRESSED:
            beta = found.beta + share * delta
            at = self.at(beta, 0.0, derivatives=False)
            if at.valid and at.deviance < found.at.deviance:
                return replace(found, beta=beta, at=at)
        return replace(found, at=self.at(found.beta, 0.0, derivatives=False))

    def descended(self, beta: np.ndarray, apart: bool) -> Minimum | None:
        """Down to the optimum, or the wall."""
        start, here = beta, self.at(beta, 0.0)
        if not here.valid:
            return None
        walled = bool(np.isfinite(here.least))
        share = (BARRIER.last if apart else BARRIER.first) if walled else 0.0
        tau = share * max(here.deviance, self.small) / max(here.rows, 1)
        here = self.at(beta, tau)
        reached: Minimum | None = None  # at the last tau that was done with
        for step in range(1, MOST_STEPS + 1):
            along = newton(here.information, here.score)
            delta, decrement = self.basis @ along, float(along @ here.score)
            unit = (here.deviance + self.small) / max(here.rows, 1)
            little = decrement <= PROMISES.little * (here.deviance + self.small)
            at_the_wall = little and here.at_the_wall
            settled = decrement <= max(tau, BARRIER.last * unit) * 0.1
            if settled and decrement > PROMISES.visible * (
                here.deviance + self.small
            ):  # a quadratic that far out is none
                settled = not self.stride(beta, delta) > MOVES.stride
            if not settled and not at_the_wall:
                moved = self.moved(beta, delta, here, tau, decrement)
                if moved is not None:
                    beta, here = moved
                    continue
                if not decrement <= PROMISES.nothing * (here.deviance + self.small):
                    stuck = walled and little and tau <= PROMISES.nothing * unit  # by rounding, at the wall
                    return Minimum(beta, here, step, False) if stuck and reached is None else reached
            if tau <= PROMISES.nothing * unit or at_the_wall:
                far = (
                    self.shift(beta, delta) > MOVES.runaway
                    or self.shift(start, beta - start) > MOVES.out_of_sight
                )
                reached = Minimum(beta, here, step, far)
            if tau <= BARRIER.last * unit or at_the_wall:
                return self.sharpened(reached, delta, tau, decrement) if reached else None
            tau = max(tau * BARRIER.shrink, BARRIER.last * unit)
            here = self.at(beta, tau)
        return Minimum(beta, here, step, True) if self.shift(beta, delta) > MOVES.runaway else reached

    def sharpened(self, found: Minimum, delta: np.ndarray, tau: float, decrement: float) -> Minimum:
        """One step more, where it can still be told from rounding."""
        moved = self.moved(found.beta, delta, found.at, tau, decrement) if decrement > 0 else None
        return found if moved is None else replace(found, beta=moved[0], at=moved[1])

    def shift(self, beta: np.ndarray, step: np.ndarray) -> float:
        """How far a step takes a row's eta, relative to 1 + |eta|."""
        return self.source.map_reduce(partial(stride, beta, step, (-np.inf, np.inf)), max)

    def stride(self, beta: np.ndarray, step: np.ndarray) -> float:
        """The same relative to the distance from the ends, where that is less."""
        return self.source.map_reduce(partial(stride, beta, step, self.ends), max)

    def moved(
        self, beta: np.ndarray, delta: np.ndarray, here: Interior, tau: float, decrement: float
    ) -> tuple[np.ndarray, Interior] | None:
        """Along `delta` as far as the merit falls well; None where it does not fall."""
        length = min(1.0, TO_THE_WALL * self.reach(beta, delta))
        for cut in range(MOST_CUTS):
            there = self.at(beta + length * delta, tau, derivatives=cut == 0)
            # the merit falls by 2 delta'score per unit of length at first
            fall = here.merit(tau) - there.merit(tau) if there.valid else 0.0
            if fall > 0 and fall >= 1e-4 * length * decrement:
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


def _interior(model: Bounded, beta: np.ndarray, tau: float, derivatives: bool, block: Block) -> Interior:
    with np.errstate(all="ignore"):
        total: Interior | None = None
        for chunk in in_chunks(block):
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
    unit = np.where(y == mu, 0.0, family.deviance_at(y, eta, mu))
    weights = np.ones(len(y)) if block.prior_weights is None else block.prior_weights
    deviance = float(np.where(weights > 0, weights * unit, 0.0).sum())
    if not ((distance > 0) | fixed).all() or not np.isfinite(deviance) or not np.isfinite(mu).all():
        return Interior(False)
    along = X @ model.basis if derivatives or model.held else None
    if model.held and along is not None:
        fixed |= np.abs(along).max(axis=1, initial=0.0) <= STILL
    blurred = blur(model, beta, X, block.offset)
    if fixed.any():
        moves = ~fixed
        along = None if along is None else along[moves]
        y, eta, weights, distance, blurred = (a[moves] for a in (y, eta, weights, distance, blurred))
    walls = [(sign, sign * (eta - end)) for sign, end in ((1.0, low), (-1.0, high)) if np.isfinite(end)]
    far = model.room
    barrier = 2.0 * sum([float(np.log1p(far / away).sum()) for _, away in walls])
    least, clearance = (float(np.min(a, initial=np.inf)) for a in (distance, distance / blurred))
    if not derivatives or along is None:
        return Interior(True, deviance, barrier, least=least, clearance=clearance, rows=len(y))
    width = np.minimum(STENCIL * (1.0 + np.abs(eta)), 0.3 * distance)
    three = _score(family, y, eta, width)
    slope = np.where(weights > 0, weights * three[0], 0.0)
    curvature = np.where(weights > 0, weights * (three[1] - three[2]) / (2 * width), 0.0)
    for sign, away in walls:
        slope += sign * tau * (1.0 / away - 1.0 / (away + far))
        curvature += tau * (1.0 / away**2 - 1.0 / (away + far) ** 2)
    return Interior(
        bool(np.isfinite(slope).all() and np.isfinite(curvature).all()),
        deviance,
        barrier,
        along.T @ slope,
        along.T @ (curvature[:, None] * along),
        least,
        clearance,
        len(y),
    )


def blur(model: Bounded, beta: np.ndarray, X: np.ndarray, offset: np.ndarray | None) -> np.ndarray:
    """The distance from the wall (m,) that is rounding."""
    sizes = np.abs(X) @ np.abs(beta)
    return np.asarray(AT_THE_WALL * model.room + BLUR * (sizes if offset is None else sizes + np.abs(offset)))


def _score(family: Family, y: np.ndarray, eta: np.ndarray, width: np.ndarray) -> np.ndarray:
    """-1/2 d deviance / d eta per unit of weight, (3, n): at eta, and this far below and above."""
    around = np.concatenate([eta, eta - width, eta + width])
    mu, slope, variance = (a.reshape(3, -1) for a in family.working(around))
    limited = (np.abs(slope) <= EPS) & (np.abs(y - mu) > TINY) & (np.abs(slope) < np.abs(mu))
    if limited.any():  # R's links hold slopes at eps, also where means stand still, or responses are far
        slope = np.where(limited, (mu[2] - mu[1]) / (2 * width), slope)
    score = np.asarray((y - mu) * (slope / variance))
    far = family.contrary(np.tile(y, 3), around, mu.ravel())
    if far is not None:
        score.reshape(-1)[far.rows] = far.score
    return score


def convex(family: Family, ends: tuple[float, float], room: float, responses: np.ndarray) -> bool:
    """Whether the deviance of these responses bends up wherever eta may be, so that there is one minimum."""
    away = room * np.logspace(-6, 6, 25)
    eta = np.concatenate([ends[0] + away, ends[1] - away, EVERYWHERE])
    eta = np.unique(eta[np.isfinite(eta) & (eta > ends[0]) & (eta < ends[1])])
    y, eta = (a.ravel() for a in np.meshgrid(responses, eta))
    distance = np.minimum(1.0 + np.abs(eta), np.minimum(eta - ends[0], ends[1] - eta))
    width = np.minimum(STENCIL * (1.0 + np.abs(eta)), 0.3 * distance)
    with np.errstate(all="ignore"):
        three = _score(family, y, eta, width)
        bend = (three[1] - three[2]) / (2 * width)
        return bool((bend >= -BENT * np.abs(three[0]) / distance).all())


def one_minimum(source: Source, family: Family, ends: tuple[float, float], room: float) -> bool:
    """Whether the deviance is convex, judged by the responses' range."""
    return convex(family, ends, room, np.linspace(*source.map_reduce(response_range, around), 5))


def response_range(block: Block) -> tuple[float, float]:
    return float(np.min(block.y, initial=np.inf)), float(np.max(block.y, initial=-np.inf))


def around(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return min(a[0], b[0]), max(a[1], b[1])


def _reach(ends: tuple[float, float], beta: np.ndarray, step: np.ndarray, block: Block) -> float:
    low, high = ends
    with np.errstate(all="ignore"):
        eta = linear_predictor(block.design, beta, block.offset)
        change = linear_predictor(block.design, step, None)
        room = np.where(change > 0, (high - eta) / change, np.where(change < 0, (low - eta) / change, np.inf))
    return float(np.min(room, initial=np.inf))


def _near(model: Bounded, beta: np.ndarray, block: Block) -> np.ndarray:
    """The rows [X, way to the wall] (k, p + 1) that are at the wall, at most MOST_HELD of them, the nearest."""
    eta = linear_predictor(block.design, beta, block.offset)
    below, above = eta - model.ends[0], model.ends[1] - eta
    distance = np.minimum(below, above)
    order = np.argsort(distance, kind="stable")[:MOST_HELD]
    X = dense(block.design.rows(order))
    offset = None if block.offset is None else block.offset[order]
    there = distance[order] < TOGETHER * blur(model, beta, X, offset)
    return np.column_stack([X, np.where(below < above, -below, above)[order]])[there]


def stride(beta: np.ndarray, step: np.ndarray, ends: tuple[float, float], block: Block) -> float:
    """How far a step takes a row's eta, relative to 1 + |eta| or its distance from the ends."""
    with np.errstate(all="ignore"):
        eta = linear_predictor(block.design, beta, block.offset)
        change = np.abs(linear_predictor(block.design, step, None))
        size = np.minimum(1.0 + np.abs(eta), np.minimum(eta - ends[0], ends[1] - eta))
        return float(np.max(change / size, initial=0.0, where=change > 0))
