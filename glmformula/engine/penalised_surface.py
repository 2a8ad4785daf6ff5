"""The smooth part of a penalised fit: least squares from one Gram matrix, any family by passes over the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FitError
from ..families.link import quiet
from .path_sums import Moments, Sweep, Swept, sweep, weighted_gram
from .penalised_problem import Scaled
from .piecewise import minimum, residual

# Lambdas that are solved together, and passes for them at most.
TOGETHER, MOST_PASSES = 25, 100
# The information is summed at so many of them, and so many times again after steps.
ANCHORS, AGAIN = 3, 1
# The residual must fall by this in a pass; else the information is taken at that lambda itself.
SLOW = 0.15
# A residual below this that falls no more is rounding.
STILL = 1e-6
# glmnet's: a path ends where the deviance explained rises by less than CHANGE, or is MOST_EXPLAINED, not before FEWEST
# lambdas.
CHANGE, MOST_EXPLAINED, FEWEST = 1e-5, 0.999, 5


# ---------------------------------------------------------------- where a path ends


def by_share(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - 1] < CHANGE * explained[k])


def by_level(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - 1] < CHANGE)


def by_several(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - FEWEST + 1] < 10 * CHANGE * explained[k])


STOPS = {"poisson": by_several}


@dataclass(frozen=True)
class Stop:
    """glmnet's rules; with a bound of zero only the share that is explained counts."""

    rule: Callable[[np.ndarray, int], bool]
    bounded: bool

    def at(self, explained: np.ndarray, count: int) -> int | None:
        """The place of the last lambda of the path among those solved so far, if it ends there."""
        for k in range(min(count, FEWEST) - 1, len(explained)):
            if explained[k] > MOST_EXPLAINED or (not self.bounded and k and self.rule(explained, k)):
                return k
        return None


# ---------------------------------------------------------------- the smooth part


@dataclass(frozen=True)
class Point:
    """Scaled coefficients, the derivatives there and the information, which may be of elsewhere nearby."""

    b: np.ndarray
    slopes: np.ndarray
    information: np.ndarray


@dataclass(frozen=True)
class Found:
    b: np.ndarray
    dev_ratio: np.ndarray
    residuals: np.ndarray
    passes: int


@dataclass
class Quadratic:
    """Least squares: one Gram matrix says all."""

    problem: Scaled
    Q: np.ndarray
    c: np.ndarray
    null_deviance: float
    spread: float

    @classmethod
    def of(cls, problem: Scaled, sums: Moments) -> Quadratic:
        Q = problem.matrix(weighted_gram(problem.source, problem.p))
        c = problem.scores(sums.products[None])[0]
        mean = sums.response / problem.weight if problem.has_intercept else 0.0
        spread = sums.square / problem.weight - mean * mean
        return cls(problem, Q, c, spread * problem.weight, spread)

    def unpenalised(self, penalised: np.ndarray) -> Point:
        held = self.problem.held(penalised)
        zero = np.zeros(len(self.c))
        b = minimum(self.Q, self.c, zero, zero, held.low, held.high)
        return Point(b, self.Q @ b - self.c, self.Q)

    def path(
        self, lambdas: np.ndarray, free: Point, tolerance: float, stop: Stop | None, from_null: bool
    ) -> Found:
        problem, b = self.problem, free.b
        rows, explained, residuals = [], [], []
        for i, one in enumerate(lambdas.tolist()):
            pen, ridge = problem.penalty(one), problem.ridge(one)
            if i or not from_null:
                Q = self.Q + np.diag(ridge) if ridge.any() else self.Q
                b = minimum(Q, self.c, pen, b, problem.low, problem.high)
                slopes = Q @ b - self.c
                residuals.append(float(residual(slopes, b, pen, problem.low, problem.high).max()))
            else:
                residuals.append(0.0)
            mean = self.c[0] if problem.has_intercept else 0.0
            rest = slice(1 if problem.has_intercept else 0, None)
            v = b[rest]
            fitted = 2 * self.c[rest] @ v - v @ (self.Q[rest, rest] @ v)
            if problem.has_intercept:
                fitted -= (b[0] - mean) ** 2
            rows.append(b)
            explained.append(float(fitted / self.spread))
            if stop is not None and stop.at(np.array(explained), len(lambdas)) is not None:
                break
        return Found(np.array(rows), np.array(explained), np.array(residuals), 2)


@dataclass
class Curved:
    """Any family: gradients by passes over the rows, of many lambdas at once."""

    problem: Scaled
    null: Point
    null_deviance: float
    passes: int = 0

    @classmethod
    def of(cls, problem: Scaled, sums: Moments) -> Curved:
        q = len(problem.columns)
        b = np.zeros(q)
        made = cls(problem, Point(b, b, np.empty((0, 0))), 0.0)
        if problem.has_intercept:
            mean = np.array([made.mean_response()])
            with np.errstate(all="ignore"):
                b[0] = problem.family.link.linkfun(mean)[0]
            if not np.isfinite(b[0]):
                raise FitError(
                    f"the mean of the response is {mean[0]:g}, where the {problem.family.link.name} link has no finite "
                    "value: expected responses of more than one kind"
                )
        held = problem.held(np.arange(q) >= (1 if problem.has_intercept else 0))
        made.null, made.null_deviance = made.newton(held, b)
        return made

    def mean_response(self) -> float:
        """Of all rows, with their weights."""
        total = self.problem.source.map_reduce(_weighted_response, _both)
        return float(total[0] / total[1])

    def swept(self, b: np.ndarray, **asked: Any) -> Swept:
        self.passes += 1
        return sweep(self.problem.source, Sweep(self.problem.family, self.problem.own(b), **asked))

    def newton(self, held: Scaled, b: np.ndarray) -> tuple[Point, float]:
        """The minimum of the deviance over what is not held, by guarded steps."""
        zero = np.zeros(len(b))
        at = self.swept(b[None], deviance=True, informed=(0,))
        if not (at.valid[0] and np.isfinite(at.deviances[0])):
            raise FitError(
                "the null model has means outside the family's range: expected an intercept, or a link whose means "
                "are valid at zero"
            )
        first: float | None = None
        for _ in range(MOST_PASSES):
            slopes, H = self.problem.scores(at.scores)[0], self.problem.matrix(at.matrix(0))
            size = float(residual(slopes, b, zero, held.low, held.high).max())
            first = size if first is None else first
            if size <= 1e-13 * max(first, float(np.abs(slopes).max())):
                break
            goal = minimum(H, H @ b - slopes, zero, b, held.low, held.high)
            share, before = 1.0, at.deviances[0]
            for _ in range(40):
                new = b + share * (goal - b)
                at = self.swept(new[None], deviance=True, informed=(0,))
                if at.valid[0] and at.deviances[0] <= before * (1 + 1e-12) + 1e-300:
                    break
                share /= 2
            b = new
            if before - at.deviances[0] <= 1e-15 * abs(before):
                slopes, H = self.problem.scores(at.scores)[0], self.problem.matrix(at.matrix(0))
                break
        return Point(b, slopes, H), float(at.deviances[0])

    def unpenalised(self, penalised: np.ndarray) -> Point:
        inside = ~penalised
        inside[: 1 if self.problem.has_intercept else 0] = False
        if not inside.any():
            return self.null
        return self.newton(self.problem.held(penalised), self.null.b)[0]

    def path(
        self, lambdas: np.ndarray, free: Point, tolerance: float, stop: Stop | None, from_null: bool
    ) -> Found:
        done, explained, residuals = [], np.empty(0), []
        here, at_lambda = free, np.inf
        if from_null:
            done, residuals, at_lambda = [free.b], [0.0], lambdas[0]
            explained = self.explained(free.b[None])
        while len(done) < len(lambdas):
            some = lambdas[len(done) : len(done) + TOGETHER]
            b, left, here = self.solve(some, here, at_lambda, tolerance)
            at_lambda = some[-1]
            done.extend(b)
            residuals.extend(left)
            explained = np.concatenate([explained, self.explained(b)])
            last = None if stop is None else stop.at(explained, len(lambdas))
            if last is not None:
                k = last + 1
                return Found(np.array(done[:k]), explained[:k], np.array(residuals[:k]), self.passes)
        return Found(np.array(done), explained, np.array(residuals), self.passes)

    def explained(self, b: np.ndarray) -> np.ndarray:
        """The share of the null deviance."""
        deviances = self.swept(b, score=False, deviance=True).deviances
        return 1 - deviances / self.null_deviance

    @quiet
    def solve(
        self, lambdas: np.ndarray, here: Point, at_lambda: float, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, Point]:
        """Some lambdas together, from a point solved before: coefficients (L, q), residuals (L,), the last point."""
        problem, L = self.problem, len(lambdas)
        pens = [problem.penalty(one) for one in lambdas.tolist()]
        ridges = [problem.ridge(one) for one in lambdas.tolist()]

        def step(Q: np.ndarray, i: int, b: np.ndarray, slopes: np.ndarray) -> np.ndarray:
            raised = Q + np.diag(ridges[i]) if ridges[i].any() else Q
            return minimum(raised, Q @ b - slopes, pens[i], b, problem.low, problem.high)

        b = np.empty((L, len(here.b)))
        # the quadratic model here gives the starts
        aim = here.information @ here.b - here.slopes
        now = here.b
        for i in range(L):
            raised = here.information + np.diag(ridges[i]) if ridges[i].any() else here.information
            b[i] = now = minimum(raised, aim, pens[i], now, problem.low, problem.high)
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(lambdas, 1e-12 * lambdas[0])) if lambdas[0] > 0 else np.zeros(L)
            origin = np.log(at_lambda) if np.isfinite(at_lambda) and at_lambda > 0 else logs[0] + 0.1
        length = logs[-1] - origin
        place = (logs - origin) / length if length else np.ones(L)
        back, size = np.tile(here.b, (L, 1)), np.full(L, np.inf)
        kept_slopes = np.tile(here.slopes, (L, 1))
        exact: dict[int, np.ndarray] = {}
        anchors = {L - 1 - k * L // ANCHORS for k in range(ANCHORS)}
        open_, wanted = list(range(L)), set(anchors)
        moved: set[int] = set()
        for turn in range(MOST_PASSES):
            asked = [i for i in open_ if i in wanted]
            at = self.swept(b[open_], informed=tuple(open_.index(i) for i in asked))
            slopes = problem.scores(at.scores)
            for k, i in enumerate(asked):
                exact[i] = problem.matrix(at.matrix(k))
            wanted, still = set(), []
            for k, i in enumerate(open_):
                whole = slopes[k] + ridges[i] * b[i]
                new = float(residual(whole, b[i], pens[i], problem.low, problem.high).max())
                bad = not (at.valid[k] and np.isfinite(new))
                if bad or (new > 2 * size[i] and size[i] > STILL * tolerance):
                    if not bad and size[i] <= 1e3 * tolerance:  # rounding
                        b[i], slopes[k] = back[i], kept_slopes[i]
                        continue
                    b[i] = (b[i] + back[i]) / 2
                    exact.pop(i, None)
                    wanted.add(i)
                    still.append(i)
                    moved.add(i)
                    continue
                slow = new > SLOW * size[i]
                stuck = i in exact and new > 0.97 * size[i] and new < 1e3 * tolerance
                size[i], kept_slopes[i] = new, slopes[k]
                if new <= tolerance or stuck:
                    continue
                back[i] = b[i]
                still.append(i)
                if slow:
                    wanted.add(i)
            for i in still:
                if i in moved:
                    continue
                Q = between(i, place, exact, here.information)
                new_b = step(Q, i, b[i], kept_slopes[i])
                b[i] = new_b if np.isfinite(new_b).all() else b[i]
            moved.clear()
            if turn < AGAIN:  # the anchors' starts were far from their solutions
                wanted |= anchors
            open_ = still
            if not open_:
                break
        information = exact.get(L - 1, here.information)
        return b, size, Point(b[-1], kept_slopes[-1], information)


def between(i: int, place: np.ndarray, known: dict[int, np.ndarray], first: np.ndarray) -> np.ndarray:
    """The information at the i-th lambda, from those around it; `first` is that before all of them."""
    if i in known:
        return known[i]
    above = [k for k in known if k > i]
    below = [k for k in known if k < i]
    if not above:
        return known[max(below)] if below else first
    right = min(above)
    matrix, at = (known[max(below)], place[max(below)]) if below else (first, 0.0)
    share = (place[i] - at) / (place[right] - at) if place[right] > at else 1.0
    return np.asarray(matrix * (1 - share) + known[right] * share)


def _weighted_response(block: Any) -> np.ndarray:
    w = block.prior_weights
    return np.array([block.y.sum(), len(block.y)] if w is None else [w @ block.y, w.sum()])


def _both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a + b)


Surface = Quadratic | Curved
