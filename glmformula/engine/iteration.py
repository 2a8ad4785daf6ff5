"""Fisher scoring from step to step: R's iterates, R's reasons to halve a step, R's rule of convergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import FitError
from ..families.link import EPS
from .columns import longest_move
from .messages import nothing_to_fit, seven_digits
from .passes import Sums
from .path import Lost, Path
from .problem import Problem, cost_of_mean
from .scoring import scoring_step
from .solve import Solution
from .starts import valid_start
from .thresholds import PROMISES

# Two steps in a row that promise less than NEGLIGIBLE of the deviance (1e-10 standard errors or so) have converged,
# however small epsilon is: what the deviance changes then, if that is LITTLE, is rounding.
NEGLIGIBLE, LITTLE = 1e-20, 1e-6
# Rows that run away promise an e-th (log, logit) of what they promised before, other rows far less; so a step that
# promises RUNS of the one before is theirs, and the deviance falls by MORE_THAN_PROMISED of that: (e - 1) 2 / e.
RUNS, MORE_THAN_PROMISED = 0.2, 1.27
# A relative rise in deviance below this is rounding, however small epsilon is.
SMALLEST_RISE = 1e-10
# The rounding of an eta, relative to the largest of the parts that it is summed of.
BLUR = 4 * EPS
# R's rule is also believed where the last step promised less than SETTLED_OF_SCALE of the responses' scale; a deviance
# below PERFECT of that scale is nothing.
SETTLED_OF_SCALE, PERFECT = 1e-11, 1e-10


def iterated(problem: Problem, start: np.ndarray | None) -> Path:
    """R's iterations; run again with step-halving where a rising deviance led them astray."""
    first: Path | None = None
    try:
        first = iterate(problem, start)
        scale = problem.control.epsilon * (abs(first.lowest) + 0.1)
        if (
            not first.rose
            or first.boundary
            or (first.converged and first.at.deviance <= first.lowest + scale)
        ):
            return first
    except Lost as lost:
        if not lost.rose:
            raise
        error = lost
    try:
        second = iterate(problem, start, guarded=True)
    except Lost:
        if first is None:
            raise error from None
        return first
    if first is None:
        return second
    path = first if first.at.deviance <= second.at.deviance else second
    low = first if first.lowest < second.lowest else second
    return replace(path, lowest=low.lowest, lowest_at=low.lowest_at)


def iterate(problem: Problem, start: np.ndarray | None, guarded: bool = False) -> Path:
    """Fisher scoring with R's rules; `guarded` also halves steps that raise the deviance."""
    at = problem.at(start, solve=True, collect=True)
    if start is not None and at.has_etastart:
        start, at = None, problem.at(None, solve=True, collect=True)
    return begun(replace(problem, first=at), start, at, guarded).path()


def iterated_from(problem: Problem, start: np.ndarray) -> Path:
    """Guarded iterations from coefficients of ours, whatever start the rows or the user have."""
    at = problem.at(start, solve=True, collect=True)
    return replace(begun(replace(problem, first=at), start, at, guarded=True).path(), own_start=True)


def begun(problem: Problem, start: np.ndarray | None, at: Sums, guarded: bool) -> Iterations:
    """The iterations at their start; at one of ours where R's own start values are not valid."""
    last = problem.last_pass(at)
    if at.n_ok == 0:
        raise FitError(nothing_to_fit(at.rows))
    beta, back, own_start = (np.zeros(problem.p) if start is None else start), start, not at.usable
    if own_start:
        if start is not None or at.has_start:  # the user's to mend
            raise FitError("cannot find valid starting values: please specify some")
        beta, at = valid_start(problem, at, solve=True)
        back = beta
    apart = min(0.1, cost_of_mean(problem.family, at))
    return Iterations(
        problem, guarded, last, apart, own_start, beta, at, back, at.deviance, at.deviance, back
    )


def finite(at: Sums) -> bool:
    return bool(np.isfinite(at.deviance))


def usable(at: Sums) -> bool:
    return at.usable


def not_above(deviance: float, at: Sums) -> bool:
    return at.deviance <= deviance


# R's two reasons to halve a step, in its order and words.
RETREATS = (
    (finite, "step size truncated due to divergence", "inner loop 1; cannot correct step size"),
    (usable, "step size truncated: out of bounds", "inner loop 2; cannot correct step size"),
)


@dataclass(slots=True)
class Iterations:
    """Fisher scoring on its way; its methods are what an iteration does, in their order.

    Attributes
    ----------
    problem : Problem
    guarded : bool
        Whether steps that raise the deviance are halved.
    last : dict
        What a pass that may be the last computes besides the deviance.
    apart : float
        R's 0.1, which is added to a deviance to compare others with it; less where that is more than all responses
        cost.
    own_start : bool
        As in `Path`, like `lowest`, `lowest_at`, `solved_at`, `rose` and `boundary` below.
    beta, at
        The coefficients, and the sums of the pass there.
    back, previous
        Coefficients and deviance before the step; `back` is None where the rows gave the start values.
    promised : float
        What the step before promised, relative to the deviance.
    solution : Solution or None
        The last step that was solved.
    rank : int
        The largest rank so far.
    """

    problem: Problem
    guarded: bool
    last: dict[str, Any]
    apart: float
    own_start: bool
    beta: np.ndarray
    at: Sums
    back: np.ndarray | None
    previous: float
    lowest: float
    lowest_at: np.ndarray | None
    promised: float = np.inf
    solution: Solution | None = None
    solved_at: np.ndarray | None = None
    rose: bool = False
    boundary: bool = False
    converged: bool = False
    iteration: int = 0
    rank: int = 0
    messages: list[str] = field(default_factory=list)

    def path(self) -> Path:
        """Iterations until they converge, cannot go on or are `maxit`."""
        for iteration in range(1, self.problem.control.maxit + 1):
            self.iteration = iteration
            solution = self.solved()
            if solution is None:
                break
            promise = self.step(solution)
            self.retreat()
            change = self.compared()
            if self.back is None or self.at.deviance < self.lowest:
                self.lowest, self.lowest_at = self.at.deviance, self.beta
            self.converged = self.is_still(solution, change, promise)
            if self.converged:
                break
            self.promised, self.previous, self.back = promise, self.at.deviance, self.beta
        return self.ended()

    def solved(self) -> Solution | None:
        """The least-squares problem at the coefficients, None where it has no answer."""
        if self.at.solve is None:
            self.at = self.problem.at(self.beta, solve=True)
        if self.at.fault:
            raise Lost(self.at.fault, self.rose)
        if self.at.informative == 0:
            self.messages.append(f"no observations informative at iteration {self.iteration}")
            return None
        solution = scoring_step(self.problem, self.at, self.beta, self.back, self.solution)
        if not np.isfinite(solution.beta).all():
            self.messages.append(f"non-finite coefficients at iteration {self.iteration}")
            return None
        return solution

    def step(self, solution: Solution) -> float:
        """Take the step; what it promised of the deviance. Where that is little the pass may be the last."""
        control = self.problem.control
        promise = solution.decrease / (abs(self.previous) + self.apart)
        self.solution, self.solved_at, self.beta = solution, self.back, solution.beta
        self.rank = max(self.rank, solution.rank)
        falls = promise * (MORE_THAN_PROMISED if promise > RUNS * self.promised else 1.0)
        more = falls > control.epsilon and self.iteration < control.maxit
        self.at = self.problem.at(self.beta, **({"solve": True} if more else self.last))
        trace(self.problem, "Deviance = {} Iterations - {}", self.at, self.iteration)
        return promise

    def retreat(self) -> None:
        """Halve a step that left the finite deviances or the valid means."""
        self.boundary = False
        for good, why, hopeless in RETREATS:
            if not good(self.at):
                if self.back is None:
                    self.back, _ = valid_start(self.problem, self.at, solve=False)
                self.messages.append(why)
                self.beta, self.at = halved(self.problem, self.beta, self.back, good)
                if not good(self.at):
                    raise Lost(hopeless, self.rose)
                self.boundary = True

    def compared(self) -> float:
        """The relative change of the deviance; where the iterations are guarded, after a rise was taken back."""
        change = self.change()
        if (
            self.back is None
            or not change >= max(self.problem.control.epsilon, SMALLEST_RISE)
            or rounding(self.problem, change, self.beta, self.at)
        ):
            return change
        self.rose = True
        if not self.guarded:
            return change
        self.messages.append("step size truncated due to increasing deviance")
        self.beta, self.at = halved(self.problem, self.beta, self.back, partial(not_above, self.previous))
        if not self.at.deviance <= self.previous:
            self.beta, self.at = self.back, self.problem.at(self.back)
        return self.change()

    def change(self) -> float:
        """R's measure of a change of the deviance."""
        return (self.at.deviance - self.previous) / (abs(self.at.deviance) + 0.1)

    def is_still(self, solution: Solution, change: float, promise: float) -> bool:
        """R's rule of convergence where that means anything; else steps that promise nothing more."""
        decrease = None if self.back is None else solution.decrease
        if abs(change) < self.problem.control.epsilon and settled(
            self.problem, decrease, self.previous, self.at
        ):
            return True
        return abs(change) < LITTLE and max(promise, self.promised) < NEGLIGIBLE

    def ended(self) -> Path:
        """The record of the iterations."""
        solution, problem = self.solution, self.problem
        if solution is None:
            why = f"{self.messages[0]}: please supply starting values" if self.messages else ""
            raise Lost(why or "maxit should be at least 1")
        if problem.way == "gram" and solution.rank < problem.p and self.iteration > 1:
            solution = problem.checked(solution, self.solved_at)  # the rows weighed otherwise at first
        return Path(
            self.beta,
            self.at,
            solution,
            self.solved_at,
            self.iteration,
            self.converged,
            self.boundary,
            self.lowest,
            self.rose,
            tuple(self.messages),
            self.own_start,
            lost_rank=solution.rank < self.rank or bool(self.beta[solution.dropped].any()),
            promised=solution.decrease / (abs(self.previous) + 0.1),
            lowest_at=self.lowest_at,
        )


def rounding(problem: Problem, change: float, beta: np.ndarray, at: Sums) -> bool:
    """Whether the rounding of eta, whose parts may be large, makes so little a difference to the deviance."""
    if change >= LITTLE or problem.null_of is not None:
        return False
    blur = BLUR * problem.source.map_reduce(partial(longest_move, beta), max)
    return change * (abs(at.deviance) + 0.1) <= 2 * np.sqrt(max(at.deviance, 0.0)) * blur


def settled(problem: Problem, decrease: float | None, previous: float, at: Sums) -> bool:
    """Whether R's rule, relative to the deviance plus 0.1, means anything where all deviances are far below 0.1.

    `decrease` is what the last step promised, None for the first from the start values; `previous` the deviance
    before it.
    """
    usual = problem.usual(at)
    if at.deviance == 0 or (problem.family.fixed_dispersion is not None and usual):
        return True
    level = at.deviance - previous <= LITTLE * at.deviance
    share = PROMISES.settled if usual else problem.control.epsilon
    if decrease is not None and decrease <= share * at.deviance and level:
        return True
    scale = problem.scale(at)
    return not (at.deviance > PERFECT * scale if decrease is None else decrease > SETTLED_OF_SCALE * scale)


def halved(
    problem: Problem, beta: np.ndarray, back: np.ndarray, good: Callable[[Sums], bool]
) -> tuple[np.ndarray, Sums]:
    """Half way back to `back`, again and again, until the pass is good or `maxit` halvings are done."""
    for _ in range(max(1, problem.control.maxit)):
        beta = (beta + back) / 2
        at = problem.at(beta)
        if good(at):
            break
    trace(problem, "Step halved: new deviance = {}", at)
    return beta, at


def trace(problem: Problem, text: str, at: Sums, *more: object) -> None:
    """R's lines of ``trace = TRUE``."""
    if problem.control.trace and problem.null_of is None:
        print(text.format(seven_digits(at.deviance), *more))
