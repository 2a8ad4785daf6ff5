"""The constrained optimum where R's iterations end at none: Newton's, within the valid means, or word of none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..families import Family, gaussian
from ..sources.base import Block
from ..sources.mapped import Mapped
from .boundary import SMALL, Bounded, Minimum, one_minimum, stacked, undecided
from .columns import linear_predictor
from .convergence import at_an_edge, downhill, far_out, striding
from .eta_limits import eta_interval
from .passes import Sums
from .path import Path
from .problem import Problem
from .scoring import solution_at, unweighted
from .solve import Solution
from .starts import intercept_starts, room, some_inside, violated
from .thresholds import EDGE, FEW_ROWS, PROMISES

# So many of Fisher's steps at most go on from a minimum of Newton's.
MOST_ONWARDS = 25
# Coefficients at the wall are moved this share of the way to some that are inside.
OFF_THE_WALL, BARELY_OFF = 0.01, 1e-4
# The shares to try where rounding alone has a row beyond the wall.
BY_ROUNDING = tuple(10.0**k for k in range(-15, -5))
# So many fresh starts are tried where the iterations ended somewhere.
MOST_STARTS = 2


def inside(problem: Problem, ends: tuple[float, float], path: Path | None) -> Path | None:
    """`path`, or the best fit between the ends of eta where that is better."""
    found = Search.of(problem, ends, path).best()
    if found is not None:
        return replace(found, converged=False, runaway=True) if far_out(problem.family, found.at) else found
    if path is None or path.lost_rank:
        return None
    if path.converged:
        unsettled = path.promised > PROMISES.unsettled or striding(problem, path, ends)
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
        columns, free, small = unweighted(moving), room(problem.family, ends, at), SMALL * problem.apart
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
            return one_minimum(self.model.source, self.model.family, self.model.ends, self.model.room)
        return not better.runaway or (path is not None and better.at is path.at)

    def off_the_wall(self, found: Path) -> Path:
        """From next to a minimum at the wall: a row that was held there on the way may leave it now."""
        if self.feasible is None or not found.boundary:
            return found
        again = self.reached(found.beta + BARELY_OFF * (self.feasible - found.beta), True)
        return again if again is not None and again.at.deviance < found.at.deviance else found


def onwards(moving: Problem, columns: Solution, model: Bounded, found: Minimum) -> tuple[Minimum, Solution]:
    """Fisher's steps from a minimum as long as they lead down: QR has digits that an information matrix has not."""
    solution = solution_at(moving, found.beta)
    for _ in range(MOST_ONWARDS):
        if not PROMISES.left * (found.at.deviance + model.small) < solution.decrease < np.inf:
            break
        step = unaliased(columns, solution.beta) - found.beta
        with np.errstate(all="ignore"):
            moved = model.moved(found.beta, step, found.at, 0.0, solution.decrease)
        if moved is None:
            break
        found = replace(found, beta=moved[0], at=moved[1], steps=found.steps + 1)
        solution = solution_at(moving, found.beta)
    return found, solution


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
    runaway = found.runaway or (
        not edge and solution.decrease > PROMISES.left * (abs(at.deviance) + problem.apart)
    )
    if path is not None and not path.lost_rank:
        ahead = path.at.deviance - at.deviance
        scale = epsilon_of(problem, at.deviance)
        settled = path.converged and not path.boundary
        if runaway and (settled or ahead <= PROMISES.unsettled * (abs(at.deviance) + problem.apart)):
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
    return solution_at(plain, np.zeros(problem.p)).beta


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
