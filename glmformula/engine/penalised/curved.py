"""The smooth part of a penalised fit of any family: passes over the rows, of many lambdas at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import add
from typing import Any

import numpy as np

from ...errors import FitError
from ...families.link import quiet
from .grouped import Grouped
from .interpolated import anchors_of, between, places
from .piecewise import minimum, residual
from .problem import Point, Scaled
from .subsets import Subsets
from .sums import Moments, Swept
from .surface import seen_by_rows, swept

# Passes for some lambdas that are solved together, at most.
MOST_PASSES = 100
# The information is summed at so many of them, which are solved for so many passes before the others.
ANCHORS, ALONE = 4, 3
# Rows that the first information is summed of, at least, and for each column.
MANY_ROWS, ROWS_EACH = 2**13, 40
# A first step is too long where the residual is more than twice this many times that of no step at all.
ASTRAY = 5.0
# Columns whose matrices cost more than passes do: one anchor, whose information is summed once and serves its
# neighbours too.
MANY = 350
# Numbers in the matrices that are kept from one pass to the next, at most.
KEPT = 2**25
# The residual must fall by this in a pass; else the information is taken at that lambda itself.
SLOW = 0.15
# With a residual of so many tolerances the trapezoid rule sums changes of the deviance to all its digits.
NEARBY = 1e5
# With more, single precision says where to go.
COARSE = 1e5
# Halvings of a step after which it is taken although the residual rises, as it may where a coefficient leaves zero.
HALVED = 3
# A residual below this that falls no more is rounding.
STILL = 1e-6


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
        total = self.problem.source.map_reduce(_weighted_response, add)
        return float(total[0] / total[1])

    def newton(self, problem: Scaled, b: np.ndarray) -> tuple[np.ndarray, float]:
        """The minimum of the deviance without a penalty, by guarded steps."""
        zero = np.zeros(len(b))
        at = swept(self, problem, b[None], deviance=(0,), informed=(0,))
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
                at = swept(self, problem, new[None], deviance=(0,), informed=(0,))
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
        whole = problem is self.problem
        if self.last is not None and whole:
            first = self.last
        else:
            at = swept(self, problem, here.b[None], score=False, informed=(0,), thin=int(problem.light))
            first = problem.matrix(at.matrix(0))
        batch = Batch(problem, lambdas, here, at_lambda, tolerance, first, explained=whole)
        for turn in range(MOST_PASSES):
            if turn == ALONE:
                batch.join()
            if batch.open:
                ask = batch.ask(turn)
                at = swept(
                    self,
                    problem,
                    batch.b[ask.which],
                    informed=ask.informed,
                    thin=ask.thin,
                    single=ask.single,
                    deviance=ask.summed,
                )
                batch.take(turn, ask, at)
            elif turn >= ALONE:
                break
        if not whole:
            return batch.b, batch.slopes, batch.size, None
        self.last = batch.information(len(lambdas) - 1).Q
        share, unseen = 1 - batch.deviances / self.null_deviance, np.flatnonzero(np.isnan(batch.deviances))
        if len(unseen):
            share[unseen] = self.seen(batch.b[unseen], False)[1]
        return batch.b, batch.slopes, batch.size, share


@dataclass(frozen=True)
class Ask:
    """A pass: the lambdas that are looked at, which of them (their places in `which`) for more, and how closely."""

    which: list[int]
    informed: tuple[int, ...]
    summed: tuple[int, ...]
    thin: int
    single: bool


@dataclass
class Batch:
    """Lambdas that are solved together: how far each is, and what is known of the second derivatives between them.

    The anchors are solved by themselves for some passes; the others begin at minima of what their quadratic models
    say between the anchors.
    """

    problem: Scaled
    lambdas: np.ndarray
    here: Point
    at_lambda: float
    tolerance: float
    first: np.ndarray
    explained: bool
    # matrices of second derivatives where they were summed; models of all lambdas, while they hold
    exact: dict[int, np.ndarray] = field(default_factory=dict)
    kept: dict[int, Subsets] = field(default_factory=dict)

    def __post_init__(self) -> None:
        L, q = len(self.lambdas), len(self.here.b)
        problem = self.problem
        self.thinnest = int(np.clip(problem.rows // max(MANY_ROWS, ROWS_EACH * q), 1, 8))
        self.many, self.light = q > MANY, problem.light
        # where all columns are formed a few rows are much cheaper, and serve for one step more
        self.models = 1 if self.many else ALONE if self.thinnest > 1 and problem.single else ALONE - 1
        self.keeps = L * q**2 <= KEPT
        self.place = places(self.lambdas, self.at_lambda)
        self.anchors = anchors_of(self.place, 1 if self.many else ANCHORS)
        # the aims of quadratic models, at places solved before
        self.aims = {-1: self.first @ self.here.b - self.here.slopes}
        self.b, self.back = np.empty((L, q)), np.tile(self.here.b, (L, 1))
        self.slopes = np.tile(self.here.slopes, (L, 1))
        self.rough = np.zeros(L, bool)  # of slopes in single precision
        self.size, self.halved, self.deviances = np.full(L, np.inf), np.zeros(L, int), np.full(L, np.nan)
        self.least = ASTRAY * problem.off(self.slopes, self.back, self.lambdas).max(axis=1)
        self.open, self.wanted, self.fresh = sorted(self.anchors), set(self.anchors), set[int]()
        self.start(self.open)

    def information(self, i: int) -> Subsets:
        """The second derivatives at a lambda."""
        at = self.knot(i) if self.many else i
        if at in self.kept:
            return self.kept[at]
        knots = {-1: self.first} | {k: Q for k, Q in self.exact.items() if k in self.anchors}
        Q = self.exact[at] if at in self.exact else between(at, self.place, knots)
        made = Subsets(Q)
        if self.keeps:
            self.kept[at] = made
        return made

    def knot(self, i: int) -> int:
        """The nearest place whose second derivatives were summed."""
        known = [-1, *self.exact]
        at = np.array([0.0, *self.place[known[1:]]])
        return i if i in self.exact else known[int(np.abs(at - self.place[i]).argmin())]

    def start(self, which: list[int]) -> None:
        """Go to the minima of the quadratic models between the places solved before."""
        now = self.here.b
        for i in range(len(self.lambdas)):
            if i in which:
                model = self.information(i)
                aim = self.aims[self.knot(i)] if self.many else between(i, self.place, self.aims)
                self.b[i] = self.problem.least(model.Q, aim, self.lambdas[i], now, model)
            if i in which or i in self.exact:
                now = self.b[i]

    def join(self) -> None:
        """Take up the lambdas that are no anchors."""
        done = self.anchors & self.exact.keys()
        self.aims |= {i: self.exact[i] @ self.b[i] - self.slopes[i] for i in done}
        rest = [i for i in range(len(self.lambdas)) if i not in self.anchors]
        self.start(rest)
        self.open = sorted({*rest, *self.open})

    def ask(self, turn: int) -> Ask:
        """The next pass: far away in single precision, where only second derivatives are wanted of fewer rows."""
        size = self.size[self.open]
        far = size > COARSE * self.tolerance
        single = self.problem.single and turn + 1 != self.models and 2 * far.sum() >= len(far)
        which = [i for i, distant in zip(self.open, far) if distant or not single]
        # near the solution: from there on the slopes say how the deviance changes
        near = (self.size[which] <= NEARBY * self.tolerance) & np.isnan(self.deviances[which])
        thin = (self.thinnest if turn + 1 < self.models else 1) if self.light and turn < self.models else 0
        return Ask(
            which,
            tuple(k for k, i in enumerate(which) if i in self.wanted),
            tuple(np.flatnonzero(near).tolist()) if self.explained and not single else (),
            thin,
            single,
        )

    def take(self, turn: int, ask: Ask, at: Swept) -> None:
        """What the pass has shown, and where to look next."""
        which, slopes = ask.which, self.problem.scores(at.scores)
        offs = self.problem.off(slopes, self.b[which], self.lambdas[which]).max(axis=1)
        asked = {which[k] for k in ask.informed}
        for place, k in enumerate(ask.informed):
            self.exact[which[k]] = self.problem.matrix(at.matrix(place))
        if asked:
            self.kept.clear()
        self.wanted = set(self.anchors) if turn + 1 < self.models else set()
        still = set(self.open) - set(which)
        for k, i in enumerate(which):
            new = float(offs[k])
            bad = not (at.valid[k] and np.isfinite(new))
            if bad or self.too_far(i, new):
                if not bad and self.least[i] <= 1e3 * self.tolerance and i in self.fresh:  # rounding
                    self.b[i] = self.back[i]
                    continue
                self.halve(i, bad)
                still.add(i)
                continue
            size, step = self.size[i], self.b[i] - self.back[i]
            known = np.isfinite(size) and (ask.single or not self.rough[i])
            change = self.problem.weight * float((slopes[k] + self.slopes[i]) @ step)
            self.deviances[i] += np.nan if ask.single else change
            if k in ask.summed:
                self.deviances[i] = at.deviances[k]
            self.size[i], self.slopes[i] = new, slopes[k]
            self.least[i] = new if self.halved[i] >= HALVED else min(new, self.least[i])
            self.halved[i] = 0
            stuck = known and i in self.fresh and new > 0.97 * size and new < 1e3 * self.tolerance
            if stuck or (new <= self.tolerance and not ask.single):
                continue
            self.back[i] = self.b[i]
            still.add(i)
            if new > SLOW * size and turn >= self.models and known:
                self.wanted.add(i)
            self.rough[i] = ask.single
            self.step(i)
        self.open, self.fresh = sorted(still), asked

    def too_far(self, i: int, new: float) -> bool:
        least = self.least[i]
        return bool(new > 2 * least and least > STILL * self.tolerance and self.halved[i] < HALVED)

    def halve(self, i: int, bad: bool) -> None:
        """Half the step, and second derivatives at its end."""
        self.b[i] = (self.b[i] + self.back[i]) / 2
        self.halved[i] += not bad
        self.exact.pop(i, None)
        self.kept.pop(i, None)
        self.light = False
        self.wanted.add(i)

    def step(self, i: int) -> None:
        """Go to the minimum of the quadratic model at the point that was looked at."""
        model = self.information(i)
        aim = model.Q @ self.b[i] - self.slopes[i]
        new = self.problem.least(model.Q, aim, self.lambdas[i], self.b[i], model)
        if np.isfinite(new).all():
            self.b[i] = new
        else:
            self.wanted.add(i)


def _weighted_response(block: Any) -> np.ndarray:
    w = block.prior_weights
    return np.array([block.y.sum(), len(block.y)] if w is None else [w @ block.y, w.sum()])
