"""The smooth part of a penalised fit: least squares from one Gram matrix, any family by passes over the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import FitError
from ...families.link import quiet
from .grouped import Grouped
from .interpolated import anchors_of, bent, between, places
from .piecewise import minimum, residual
from .problem import Point, Scaled
from .subsets import Subsets
from .sums import Moments, Sweep, Swept, gram_rows, sweep, weighted_gram

# Passes for some lambdas that are solved together, at most.
MOST_PASSES = 100
# The information is summed at so many of them, which are solved for so many passes before the others.
ANCHORS, ALONE = 4, 3
# Rows that the first information is summed of, at least, and for each column.
MANY_ROWS, ROWS_EACH = 2**13, 40
# A first step is too long where the residual is more than twice this many times that of no step at all.
ASTRAY = 5.0
# Columns whose matrices cost more than passes do: one anchor, whose information is summed once.
MANY = 500
# Numbers in the matrices that are kept from one pass to the next, at most.
KEPT = 2**25
# The residual must fall by this in a pass; else the information is taken at that lambda itself.
SLOW = 0.15
# With a residual of so many tolerances the trapezoid rule sums changes of the deviance to all its digits.
NEARBY = 1e5
# Halvings of a step after which it is taken although the residual rises, as it may where a coefficient leaves zero.
HALVED = 3
# Columns whose Gram matrix is summed once and for all.
WHOLE = 2000
# A residual below this that falls no more is rounding.
STILL = 1e-6


@dataclass
class Quadratic:
    """Least squares: a Gram matrix says all, and once and for all where there are few columns."""

    problem: Scaled
    null_deviance: float
    spread: float
    whole: tuple[np.ndarray, np.ndarray] | None = None
    passes: int = 1
    # the columns that were solved for last, and their Gram matrix
    grown: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, problem: Scaled, sums: Moments) -> Quadratic:
        mean = sums.response / problem.weight if problem.has_intercept else 0.0
        spread = sums.square / problem.weight - mean * mean
        made = cls(problem, spread * problem.weight, spread)
        if problem.p <= min(WHOLE, max(problem.rows, 300)):
            made.whole = made.gram(problem), problem.scores(sums.products[None])[0]
        return made

    @property
    def narrows(self) -> bool:
        """Whether it is cheaper for fewer columns."""
        return self.whole is None and not isinstance(self.problem, Grouped)

    def gram(self, problem: Scaled) -> np.ndarray:
        if self.whole is not None and problem is self.problem:
            return self.whole[0]
        self.passes += 1
        if self.grown is None:
            Q = problem.matrix(weighted_gram(problem.source, problem.p))
        else:
            Q = self.more(problem, *self.grown)
        self.grown = (problem.places, Q) if self.whole is None else None
        return Q

    def more(self, problem: Scaled, places: np.ndarray, before: np.ndarray) -> np.ndarray:
        """The Gram matrix, of which much is known from other columns."""
        known = np.isin(problem.places, places)
        old, some = np.flatnonzero(known), np.flatnonzero(~known)
        Q = np.empty((len(known), len(known)))
        there = np.searchsorted(places, problem.places[old])
        Q[np.ix_(old, old)] = before[np.ix_(there, there)]
        if len(some):
            first = 1 if problem.has_intercept else 0
            asked = np.concatenate([np.arange(first), some])
            own = gram_rows(problem.source, problem.columns[asked])
            rows = problem.rows_of_matrix(own, asked)[first:]
            Q[some] = rows
            Q[:, some] = rows.T
        return Q

    def freed(self, some: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The minimum without a penalty where only some coefficients (their places) are not zero."""
        zero, b = np.zeros(len(some)), np.zeros((1, len(self.problem.factors)))
        c = -self.seen(b, True)[0][0, some]
        Q = (
            self.gram(self.problem.narrowed(some))
            if self.whole is None
            else self.whole[0][np.ix_(some, some)]
        )
        return minimum(Q, c, zero, start, self.problem.low[some], self.problem.high[some])

    def unpenalised(self, penalised: np.ndarray) -> tuple[Point, np.ndarray]:
        """The minimum where what is penalised is zero, and the share of the deviance that it explains (1,)."""
        b, some = np.zeros(len(penalised)), np.flatnonzero(~penalised)
        if len(some):
            b[some] = self.freed(some, b[some])
        slopes, share = self.seen(b[None], True)
        return Point(b, slopes[0]), share

    def solve(
        self, problem: Scaled, lambdas: np.ndarray, here: Point, at_lambda: float, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Coefficients and derivatives (L, q), residuals (L,), from a point solved before.

        And the shares of the deviance that are explained (L,), if they came along.
        """
        own, b, rows, all_slopes = self.gram(problem), here.b, [], []
        c = own @ b - here.slopes if self.whole is None else self.whole[1]
        known = Subsets(own)
        for one in lambdas.tolist():
            b = problem.least(own, c, one, b, known)
            rows.append(b)
            all_slopes.append(own @ b - c)
        left = problem.off(np.array(all_slopes), np.array(rows), lambdas).max(axis=1)
        return np.array(rows), np.array(all_slopes), left, None

    def seen(self, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives (L, q), if asked for, and the shares of the deviance that are explained."""
        if self.whole is None:
            return seen_by_rows(self, b, score)
        Q, c = self.whole
        first = 1 if self.problem.has_intercept else 0
        v, fitted = b[:, first:], np.zeros(len(b))
        if first:
            fitted -= (b[:, 0] - c[0]) ** 2
        fitted += 2 * v @ c[first:] - ((v @ Q[first:, first:]) * v).sum(axis=1)
        return b @ Q - c, fitted / self.spread


def swept(surface: Surface, problem: Scaled, b: np.ndarray, **asked: Any) -> Swept:
    surface.passes += 1
    return sweep(problem.source, Sweep(problem.family, problem.own(b), **asked))


def seen_by_rows(surface: Surface, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
    at = swept(surface, surface.problem, b, score=score, deviance=True)
    return surface.problem.scores(at.scores), 1 - at.deviances / surface.null_deviance


@dataclass
class Curved:
    """Any family: gradients by passes over the rows, of many lambdas at once."""

    problem: Scaled
    null: np.ndarray
    null_deviance: float
    passes: int = 1
    # the second derivatives at the last of the lambdas solved before
    last: np.ndarray | None = None

    @property
    def narrows(self) -> bool:
        return not isinstance(self.problem, Grouped)

    @classmethod
    def of(cls, problem: Scaled, sums: Moments) -> Curved:
        b = np.zeros(len(problem.factors))
        made = cls(problem, b, 0.0)
        if problem.has_intercept:
            mean = np.array([made.mean_response()])
            with np.errstate(all="ignore"):
                b[0] = problem.family.link.linkfun(mean)[0]
            if not np.isfinite(b[0]):
                raise FitError(
                    f"the mean of the response is {mean[0]:g}, where the {problem.family.link.name} link has no finite "
                    "value: expected responses of more than one kind"
                )
        first = np.arange(1 if problem.has_intercept else 0)
        b[first], made.null_deviance = made.newton(problem.narrowed(first), b[first])
        return made

    def mean_response(self) -> float:
        """Of all rows, with their weights."""
        total = self.problem.source.map_reduce(_weighted_response, _both)
        return float(total[0] / total[1])

    def newton(self, problem: Scaled, b: np.ndarray) -> tuple[np.ndarray, float]:
        """The minimum of the deviance without a penalty, by guarded steps."""
        zero = np.zeros(len(b))
        at = swept(self, problem, b[None], deviance=True, informed=(0,))
        if not (at.valid[0] and np.isfinite(at.deviances[0])):
            raise FitError(
                "the null model has means outside the family's range: expected an intercept, or a link whose means "
                "are valid at zero"
            )
        first: float | None = None
        for _ in range(MOST_PASSES if len(b) else 0):
            slopes, H = problem.scores(at.scores)[0], problem.matrix(at.matrix(0))
            size = float(residual(slopes, b, zero, problem.low, problem.high).max())
            first = size if first is None else first
            if size <= 1e-13 * max(first, float(np.abs(slopes).max())):
                break
            goal = minimum(H, H @ b - slopes, zero, b, problem.low, problem.high)
            share, before = 1.0, at.deviances[0]
            for _ in range(40):
                new = b + share * (goal - b)
                at = swept(self, problem, new[None], deviance=True, informed=(0,))
                if at.valid[0] and at.deviances[0] <= before * (1 + 1e-12) + 1e-300:
                    break
                share /= 2
            b = new
            if before - at.deviances[0] <= 1e-15 * abs(before):
                break
        return b, float(at.deviances[0])

    def freed(self, some: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The minimum without a penalty where only some coefficients (their places) are not zero."""
        return self.newton(self.problem.narrowed(some), start)[0]

    def unpenalised(self, penalised: np.ndarray) -> tuple[Point, np.ndarray]:
        """The minimum where what is penalised is zero, and the share of the deviance that it explains (1,)."""
        b, some = self.null.copy(), np.flatnonzero(~penalised)
        if len(some) > (1 if self.problem.has_intercept else 0):
            b[some] = self.freed(some, b[some])
        slopes, share = self.seen(b[None], True)
        return Point(b, slopes[0]), share

    def seen(self, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives (L, q), if asked for, and the shares of the deviance that are explained."""
        return seen_by_rows(self, b, score)

    @quiet
    def solve(
        self, problem: Scaled, lambdas: np.ndarray, here: Point, at_lambda: float, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Coefficients and derivatives (L, q), residuals (L,), from a point solved before.

        And the shares of the deviance that are explained (L,), if they came along.
        """
        L = len(lambdas)
        light, whole, deviances = problem.light, problem is self.problem, np.full(L, np.nan)
        thinnest = int(np.clip(problem.rows // max(MANY_ROWS, ROWS_EACH * len(here.b)), 1, 8))
        many = len(here.b) > MANY
        models = 1 if many else ALONE if thinnest > 1 else ALONE - 1
        if self.last is not None and whole:
            first = self.last
        else:
            at = swept(self, problem, here.b[None], score=False, informed=(0,), thin=int(light))
            first = problem.matrix(at.matrix(0))
        place = places(lambdas, at_lambda)
        anchors = anchors_of(place, 1 if many else ANCHORS)
        # matrices of second derivatives, and the aims of the quadratic models, at places solved before
        exact: dict[int, np.ndarray] = {}
        aims = {-1: first @ here.b - here.slopes}

        keeps = L * len(here.b) ** 2 <= KEPT
        kept: dict[int, Subsets] = {}

        def information(i: int) -> Subsets:
            if i in kept:
                return kept[i]
            knots = {k: Q for k, Q in exact.items() if k in anchors}
            Q = exact[i] if i in exact else between(i, place, {-1: first, **knots})
            made = Subsets(Q)
            if keeps:
                kept[i] = made
            return made

        b = np.empty((L, len(here.b)))
        back, size, halved = np.tile(here.b, (L, 1)), np.full(L, np.inf), np.zeros(L, int)
        kept_slopes = np.tile(here.slopes, (L, 1))
        least = ASTRAY * problem.off(kept_slopes, back, lambdas).max(axis=1)

        def started(which: list[int]) -> None:
            now = here.b
            for i in range(L):
                if i in which:
                    model = information(i)
                    b[i] = problem.least(model.Q, between(i, place, aims), lambdas[i], now, model)
                if i in which or i in exact:
                    now = b[i]

        started(sorted(anchors))
        open_, wanted, asked = sorted(anchors), set(anchors), list[int]()
        for turn in range(MOST_PASSES):
            if turn == ALONE:
                aims |= {i: exact[i] @ b[i] - kept_slopes[i] for i in anchors & exact.keys()}
                rest = [i for i in range(L) if i not in anchors]
                started(rest)
                open_ = sorted({*rest, *open_})
            if not open_:
                if turn >= ALONE:
                    break
                continue
            fresh, asked = set(asked), [i for i in open_ if i in wanted]
            thin = (thinnest if turn + 1 < models else 1) if light and turn < models else 0
            # near the solution: from there on the slopes say how the deviance changes
            summed = whole and bool(
                (size[open_] <= NEARBY * tolerance).all() and np.isnan(deviances[open_]).any()
            )
            informed = tuple(open_.index(i) for i in asked)
            at = swept(self, problem, b[open_], informed=informed, thin=thin, deviance=summed)
            slopes = problem.scores(at.scores)
            offs = problem.off(slopes, b[open_], lambdas[open_]).max(axis=1)
            for k, i in enumerate(asked):
                exact[i] = problem.matrix(at.matrix(k))
            if asked:
                kept.clear()
            wanted, still = (set(anchors) if turn + 1 < models else set()), []
            moved: set[int] = set()
            for k, i in enumerate(open_):
                new = float(offs[k])
                bad = not (at.valid[k] and np.isfinite(new))
                if bad or (new > 2 * least[i] and least[i] > STILL * tolerance and halved[i] < HALVED):
                    if not bad and least[i] <= 1e3 * tolerance and i in fresh:  # rounding
                        b[i] = back[i]
                        continue
                    b[i] = (b[i] + back[i]) / 2
                    halved[i] += not bad
                    exact.pop(i, None)
                    kept.pop(i, None)
                    light = False
                    wanted.add(i)
                    still.append(i)
                    moved.add(i)
                    continue
                slow = new > SLOW * size[i]
                step = b[i] - back[i]
                # of many columns a factor is worth more than a closer matrix
                if turn >= ALONE and np.isfinite(size[i]) and i not in asked and keeps and not many:
                    kept[i] = Subsets(bent(information(i).Q, step, slopes[k] - kept_slopes[i]))
                change = problem.weight * float((slopes[k] + kept_slopes[i]) @ step)
                deviances[i] = at.deviances[k] if summed else deviances[i] + change
                stuck = i in fresh and new > 0.97 * size[i] and new < 1e3 * tolerance
                size[i], kept_slopes[i] = new, slopes[k]
                least[i] = new if halved[i] >= HALVED else min(new, least[i])
                halved[i] = 0
                if new <= tolerance or stuck:
                    continue
                back[i] = b[i]
                still.append(i)
                if slow and turn >= models:
                    wanted.add(i)
            for i in still:
                if i not in moved:
                    model = information(i)
                    aim = model.Q @ b[i] - kept_slopes[i]
                    new_b = problem.least(model.Q, aim, lambdas[i], b[i], model)
                    if np.isfinite(new_b).all():
                        b[i] = new_b
                    else:
                        wanted.add(i)
            open_ = still
        if not whole:
            return b, kept_slopes, size, None
        self.last = information(L - 1).Q
        share, unseen = 1 - deviances / self.null_deviance, np.flatnonzero(np.isnan(deviances))
        if len(unseen):
            share[unseen] = self.seen(b[unseen], False)[1]
        return b, kept_slopes, size, share


def _weighted_response(block: Any) -> np.ndarray:
    w = block.prior_weights
    return np.array([block.y.sum(), len(block.y)] if w is None else [w @ block.y, w.sum()])


def _both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a + b)


Surface = Quadratic | Curved
