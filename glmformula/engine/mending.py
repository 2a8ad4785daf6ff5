"""Where R's iterations end at no optimum: Newton's, within the valid means, or word that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..errors import FitError
from ..families import Family, gaussian
from ..families.link import EPS
from ..sources.base import Block
from ..sources.mapped import Mapped
from .boundary import SMALL, STRIDE, UNSETTLED, Bounded, Minimum, convex, stride, undecided
from .columns import linear_predictor
from .edges import eta_interval
from .notes import TEN_EPS
from .passes import Sums
from .result import Control
from .solve import Solution
from .starts import feasible_start, intercept_starts, stacked, violated

if TYPE_CHECKING:
    from .irls import Problem

# Below this mean no power link is so flat.
HUGE = 1e5
# A distance to the end of eta below this share of the mean response's is the boundary.
EDGE = 1e-6
# What a step may promise at what is to be a minimum, Newton's method having got there.
LEFT = 1e-7
# Fisher's steps from there.
MOST_ONWARDS = 25
# Shares of that distance at which starts are tried: where columns are of many sizes the means at 1 are extreme.
INSIDE = (1.0, 1e-3)
# From coefficients at the wall this share of the way to some inside.
OFF_THE_WALL, BARELY_OFF = 0.01, 1e-4
# The same where rounding alone is beyond the wall.
BY_ROUNDING = tuple(10.0**k for k in range(-15, -5))
# A last step that is a leap: of its coefficient; what never is, of the largest.
LEAP, NO_LEAP = 0.1, 1e-12
# A curvature, beside Fisher's information, that is downhill; how far that is followed at first, of 1 + |eta|.
BENT_DOWN, ASIDE = 1e-4, 0.3
# Rows up to which more starts are tried where the deviance may have several minima (at an end, on a plateau); how many
# fresh ones where the iterations ended somewhere.
FEW_ROWS, MOST_STARTS = 10_000, 2
# No optimum has a mean so many times above the largest response.
FAR_ABOVE = 1e3


@dataclass(frozen=True, slots=True)
class Path:
    """Where the iterations ended.

    `solved_at` holds the coefficients of the last solved pass, None for the start values of the rows;
    `lowest` is the lowest deviance passed (at `lowest_at`), `rose` whether the deviance went up on the way,
    `own_start` whether the iterations began at coefficients that R would not have found, `lost_rank` whether they
    ended with fewer columns than they had on the way (weights that vanish), `promised` what the last step promised
    of the deviance, `runaway` whether the deviance was found to fall for ever.
    """

    beta: np.ndarray
    at: Sums
    solution: Solution
    solved_at: np.ndarray | None
    iter: int
    converged: bool
    boundary: bool
    lowest: float
    rose: bool
    messages: tuple[str, ...] = ()
    own_start: bool = False
    lost_rank: bool = False
    promised: float = 0.0
    runaway: bool = False
    lowest_at: np.ndarray | None = None


class Lost(FitError):
    """The iterations cannot go on; `rose` as in Path."""

    def __init__(self, message: str, rose: bool = False) -> None:
        super().__init__(message)
        self.rose = rose


def strayed(problem: Problem, path: Path, ends: tuple[float, float]) -> bool:
    """Whether the iterations ended at the edge of the valid means, or nowhere, on a budget that is not small."""
    if path.boundary or path.lost_rank:
        return True
    if not path.converged:
        return problem.control.maxit >= Control.maxit
    return (
        path.promised > (LEFT if path.rose else UNSETTLED)
        or at_an_edge(problem.family, ends, path.at)
        or far_out(problem.family, path.at)
        or held_slope(problem.family, path.at)
        or striding(problem, path, ends)
        or downhill(problem, path, ends) is not None
    )


def downhill(problem: Problem, path: Path, ends: tuple[float, float]) -> np.ndarray | None:
    """A change of the coefficients along which the deviance bends down, None at a minimum.

    Looked for where V grows faster than mu^2 or the start was ours: the iterations may end between two minima.
    """
    if path.at.rows >= FEW_ROWS or not (path.own_start or levels_off(problem.family)):
        return None
    directions = path.solution.directions()
    if not directions.shape[1] or not np.isfinite(directions).all():
        return None
    with np.errstate(all="ignore"):
        at = Bounded(problem.source, problem.family, ends, directions).at(path.beta, 0.0)
    if not (at.valid and np.isfinite(at.information).all()):
        return None
    bends, vectors = np.linalg.eigh(at.information)
    if bends[0] > -BENT_DOWN:
        return None
    along = np.asarray(directions @ vectors[:, 0])
    longest = problem.source.map_reduce(partial(stride, path.beta, along, (-np.inf, np.inf)), max)
    return along * (ASIDE / longest) if 0 < longest < np.inf else None


def striding(problem: Problem, path: Path, ends: tuple[float, float]) -> bool:
    """Whether eta still changed much at the last step, which the deviance may not tell.

    Looked at where V grows faster than mu^2, and after a leap: two deviances may be alike by chance.
    """
    if path.solved_at is None:
        return False
    step = path.beta - path.solved_at
    sizes = np.maximum(LEAP * np.abs(path.beta), NO_LEAP * np.abs(path.beta).max(initial=0.0))
    if not ((np.abs(step) > sizes).any() or levels_off(problem.family)):
        return False
    return problem.source.map_reduce(partial(stride, path.solved_at, step, ends), max) > STRIDE


def inside(problem: Problem, ends: tuple[float, float], path: Path | None) -> Path | None:
    """`path`, or the best fit between the ends of eta where that is better."""
    found = Search.of(problem, ends, path).best()
    if found is not None:
        return replace(found, converged=False, runaway=True) if far_out(problem.family, found.at) else found
    if path is None or path.lost_rank:
        return None
    if path.converged:
        unsettled = path.promised > UNSETTLED or striding(problem, path, ends)
        unsettled = unsettled and not at_an_edge(problem.family, ends, path.at)
        if unsettled or far_out(problem.family, path.at):
            return replace(path, runaway=True, converged=not path.boundary)
    return path


@dataclass(frozen=True, slots=True)
class Search:
    """For a better fit than `path`, whose sums are `at`, between the ends of eta (`model`).

    `moving` leaves out rows that no column moves, `columns` has the directions that its rows tell apart, `feasible`
    are coefficients inside, if there are any.
    """

    problem: Problem
    path: Path | None
    at: Sums
    model: Bounded
    moving: Problem
    columns: Solution
    feasible: np.ndarray | None

    @classmethod
    def of(cls, problem: Problem, ends: tuple[float, float], path: Path | None) -> Search:
        at = problem.at(None if path is None else path.beta)
        problem = replace(problem, apart=problem.nothing_beside(at))
        moving = replace(problem, source=Mapped(problem.source, partial(undecided, ends)))
        columns, free, small = moving.unweighted(), room(problem.family, ends, at), SMALL * problem.apart
        model = Bounded(problem.source, problem.family, ends, columns.directions(), free, small)
        return cls(problem, path, at, model, moving, columns, some_inside(problem, at))

    def best(self) -> Path | None:
        """The first minimum that is beyond doubt, or the lowest of all."""
        lowest: Path | None = None
        for beta, apart in valid_points(self.problem, self.model.ends, self.path, self.at, self.feasible):
            better = self.reached(beta, apart)
            if better is None:
                continue
            if self.beyond_doubt(better):
                return better
            if lowest is None or better.at.deviance < lowest.at.deviance:
                lowest = better
        return lowest and self.off_the_wall(lowest)

    def reached(self, beta: np.ndarray, apart: bool) -> Path | None:
        """The minimum that valid coefficients lead to, where it is better than the path."""
        with np.errstate(all="ignore"):
            found = self.model.minimise(unaliased(self.columns, beta), apart)
        if found is None:
            return None
        found, solution = onwards(self.moving, self.columns, self.model, found)
        if set(solution.dropped) != set(self.columns.dropped):
            nothing = np.full_like(self.columns.factor, np.nan)
            solution = replace(self.columns, factor=nothing, decrease=np.inf)
        return the_better(self.problem, self.path, found, solution, self.model)

    def beyond_doubt(self, better: Path) -> bool:
        path = self.path
        if path is not None and better.at.deviance > path.lowest + epsilon_of(self.problem, path.lowest):
            return False
        if far_out(self.problem.family, better.at):
            return False
        if self.at.rows >= FEW_ROWS:
            return True
        if better.boundary:
            return one_minimum(self.model)
        return not better.runaway or (path is not None and better.at is path.at)

    def off_the_wall(self, found: Path) -> Path:
        """From next to a minimum at the wall: a row that was held there on the way may leave it now."""
        if self.feasible is None or not found.boundary:
            return found
        again = self.reached(found.beta + BARELY_OFF * (self.feasible - found.beta), True)
        return again if again is not None and again.at.deviance < found.at.deviance else found


def onwards(moving: Problem, columns: Solution, model: Bounded, found: Minimum) -> tuple[Minimum, Solution]:
    """Fisher's steps from a minimum as long as they lead down: QR has digits that an information matrix has not."""
    solution = moving.solution_at(found.beta)
    for _ in range(MOST_ONWARDS):
        if not LEFT * (found.at.deviance + model.small) < solution.decrease < np.inf:
            break
        step = unaliased(columns, solution.beta) - found.beta
        with np.errstate(all="ignore"):
            moved = model.moved(found.beta, step, found.at, 0.0, solution.decrease)
        if moved is None:
            break
        found = replace(found, beta=moved[0], at=moved[1], steps=found.steps + 1)
        solution = moving.solution_at(found.beta)
    return found, solution


def one_minimum(model: Bounded) -> bool:
    """Whether the deviance is convex, judged by the responses' range."""
    low, high = model.source.map_reduce(response_range, around)
    return convex(model.family, model.ends, model.room, np.linspace(low, high, 5))


def response_range(block: Block) -> tuple[float, float]:
    return float(np.min(block.y, initial=np.inf)), float(np.max(block.y, initial=-np.inf))


def around(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return min(a[0], b[0]), max(a[1], b[1])


def has_means(family: Family, beta: np.ndarray, block: Block) -> bool:
    with np.errstate(all="ignore"):
        return bool(
            np.isfinite(family.link.linkinv(linear_predictor(block.design, beta, block.offset))).all()
        )


def kept_inside(problem: Problem, path: Path) -> Path | None:
    """The path, off the wall by a little where a row's own arithmetic has it beyond; None if a row has no mean."""
    ends = eta_interval(problem.family)
    if np.isfinite(ends).any():
        if not beyond(problem, ends, path.beta):
            return path
        goal = some_inside(problem, problem.at(path.beta))
        goal = path.beta if goal is None else unaliased(path.solution, goal)
        for share in BY_ROUNDING:
            beta = path.beta + share * (goal - path.beta)
            at = problem.at(beta, **problem.last_pass(path.at))
            if at.usable and not beyond(problem, ends, beta):
                return replace(path, beta=beta, at=at, boundary=True)
    return path if problem.source.map_reduce(partial(has_means, problem.family, path.beta), min) else None


def unaliased(solution: Solution, beta: np.ndarray) -> np.ndarray:
    """The same predictors without the aliased columns."""
    return np.asarray(beta - beta[solution.dropped] @ solution.relations)


def beyond(problem: Problem, ends: tuple[float, float], beta: np.ndarray) -> bool:
    """Whether a row that the coefficients can move is not between the ends."""
    return bool(len(problem.source.map_reduce(partial(violated, ends, beta, False), stacked)))


def epsilon_of(problem: Problem, deviance: float) -> float:
    """A change of the deviance that is none."""
    return 10 * problem.control.epsilon * (abs(deviance) + problem.apart)


def the_better(
    problem: Problem, path: Path | None, found: Minimum, solution: Solution, model: Bounded
) -> Path | None:
    """The minimum, or R's path where that has got as far, or the minimum is at infinity."""
    at = problem.at(found.beta, **problem.last_pass(problem.at(found.beta)))
    if not np.isfinite(at.deviance):
        return None
    edge = found.at.least < EDGE * model.room or at_an_edge(problem.family, model.ends, at)
    runaway = found.runaway or (not edge and solution.decrease > LEFT * (abs(at.deviance) + problem.apart))
    if path is not None and not path.lost_rank:
        ahead = path.at.deviance - at.deviance
        scale = epsilon_of(problem, at.deviance)
        settled = path.converged and not path.boundary
        if runaway and (settled or ahead <= UNSETTLED * (abs(at.deviance) + problem.apart)):
            return replace(path, runaway=True) if ahead > -scale else None
        if ahead <= scale and path.converged:
            return replace(path, boundary=path.boundary or edge)
        if ahead < -scale:
            return None
    return Path(
        found.beta,
        at,
        solution,
        found.beta,
        found.steps,
        not runaway,
        edge,
        at.deviance,
        rose=False,
        own_start=True,
        runaway=runaway,
    )


def valid_points(
    problem: Problem, ends: tuple[float, float], path: Path | None, at: Sums, feasible: np.ndarray | None
) -> Iterator[tuple[np.ndarray, bool]]:
    """Coefficients to begin at: where the iterations ended; by deviance, the mean's, the responses', a programme's.

    With each whether the end is known to be apart from the wall.
    """
    if (
        path is not None
        and path.lowest_at is not None
        and path.lowest < path.at.deviance - epsilon_of(problem, path.lowest)
    ):
        yield path.lowest_at, False
    aside = None if path is None else downhill(problem, path, ends)
    if path is not None and aside is not None:
        yield path.beta + aside, False
        yield path.beta - aside, False
    if path is not None and not far_out(problem.family, path.at):
        if feasible is None or not (path.boundary or at_an_edge(problem.family, ends, path.at)):
            yield path.beta, True
        if feasible is not None:
            yield path.beta + OFF_THE_WALL * (feasible - path.beta), False
    fresh = [least_squares(problem)] if feasible is None else [least_squares(problem), feasible]
    if problem.intercept:
        mean = at.weighted_y / at.weight_sum
        fresh += intercept_starts(problem.source, problem.family, problem.p, mean)
    reached = [problem.at(beta) for beta in fresh]
    order = np.argsort([there.deviance if there.usable else np.inf for there in reached], kind="stable")
    for i in order if path is None else order[:MOST_STARTS]:
        yield fresh[i], False


def least_squares(problem: Problem) -> np.ndarray:
    """The responses' eta on the columns: valid or not, near where the fit should be."""
    source = Mapped(problem.source, partial(as_eta, problem.family))
    plain = replace(problem, source=source, family=gaussian(), way="qr", first=None)
    return plain.solution_at(np.zeros(problem.p)).beta


def as_eta(family: Family, block: Block) -> Block:
    """The link of the responses, as far as that is finite, less the offset; weights of 1 and 0."""
    weights = (
        np.ones(len(block.y)) if block.prior_weights is None else (block.prior_weights > 0).astype(float)
    )
    with np.errstate(all="ignore"):
        eta = family.link.linkfun(family.initial_mu(block.y, block.prior_weights, block.trials))
    known = np.isfinite(eta)
    eta = np.where(known, eta, 0.0) - (0.0 if block.offset is None else block.offset)
    return Block(block.design, eta, np.where(known, weights, 0.0))


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


def cost_of_mean(family: Family, at: Sums) -> float:
    """What means would cost that are wrong by as much as the mean response; 0.1 where that is no number."""
    with np.errstate(all="ignore"):
        mean = np.array([at.weighted_y]) / at.weight_sum
        cost = float(at.weight_sum * (mean * (mean / family.variance(mean)))[0])
    return cost if 0.0 < cost < np.inf else 0.1


def at_an_edge(family: Family, ends: tuple[float, float], at: Sums) -> bool:
    """Whether a mean is next to one that a finite end of eta gives."""
    if not np.isfinite(ends).any():
        return False
    with np.errstate(all="ignore"):
        limits = family.link.linkinv(np.array([end for end in ends if np.isfinite(end)]))
        mean = at.weighted_y / at.weight_sum
        gaps = np.abs(np.subtract.outer(np.array(at.mu_range), limits))
    return bool((gaps < EDGE * np.abs(mean - limits)).any())


def far_out(family: Family, at: Sums) -> bool:
    """Whether a mean is far above all responses though the deviance levels off there: V grows faster than mu^2."""
    if not at.reported or not at.mu_range[1] > FAR_ABOVE * at.largest_y > 0:
        return False
    return levels_off(family)


def held_slope(family: Family, at: Sums) -> bool:
    """Whether R's link holds a slope at eps where the mean is not at an end (a power of a huge eta)."""
    if at.mu_range[1] < HUGE:
        return False
    means = np.array(at.mu_range)
    with np.errstate(all="ignore"):
        slopes = family.link.mu_eta(family.link.linkfun(means))
    low, high = family.mu_interval
    return bool(((slopes <= EPS) & (means > low + TEN_EPS) & (means < high - TEN_EPS)).any())


def levels_off(family: Family) -> bool:
    """Whether the deviance of large means is bounded."""
    with np.errstate(all="ignore"):
        low, high = family.variance(np.array([1.0, 10.0]))
        return bool(high > 101.0 * low)
