"""One step of Fisher scoring: the weighted least-squares problem of a pass, solved in the way that has the digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..families import gaussian
from ..families.link import quiet
from .bordered import solved
from .gram import Tables
from .levels import Carried, by_levels
from .passes import Sums
from .problem import Problem
from .solve import IllConditioned, Solution, solve_qr


@quiet
def scoring_step(
    problem: Problem, at: Sums, beta: np.ndarray, solved_at: np.ndarray | None, before: Solution | None
) -> Solution:
    """The next iterate, from the sums of a pass at `beta`.

    `solved_at` is `beta`, or None for the start values of the rows; `before` the step before this one. Working weights
    may vanish, or have no bound.
    """
    if not isinstance(at.solve, Tables):
        assert at.solve is not None
        return solve_qr(at.solve, beta, problem.tolerance)
    if isinstance(before, Carried):
        return by_levels(problem, at.solve, beta, before)
    try:
        solution = solved(at.solve, beta, problem.strict, before)
    except IllConditioned:
        return by_levels(problem, at.solve, beta, before)
    if solution.rank == problem.p:
        return solution
    if before is not None and before.rank == solution.rank and (before.pivot == solution.pivot).all():
        return replace(solution, inaccurate=solution.inaccurate or before.inaccurate)
    return problem.checked(solution, solved_at)


def solution_at(problem: Problem, beta: np.ndarray) -> Solution:
    """The step from these coefficients."""
    return scoring_step(problem, problem.at(beta, solve=True), beta, beta, None)


def unweighted(problem: Problem) -> Solution:
    """What the rows tell apart as their prior weights have them: working weights may vanish."""
    return solution_at(replace(problem, family=gaussian(), way="qr", first=None), np.zeros(problem.p))
