"""The best fit that the iterations or, where they stray, Newton's method within the valid means can find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import FitError
from .bordered import WIDE
from .constrained import inside, kept_inside
from .convergence import strayed
from .eta_limits import eta_interval
from .iteration import iterated
from .messages import NOWHERE, nothing_to_fit
from .path import Lost, Path
from .problem import Problem
from .solve import Solution


def best_path(problem: Problem, start: np.ndarray | None) -> Path:
    """R's iterations; the constrained optimum where they end at the edge of the means, or nowhere."""
    if problem.p == 0:
        return empty_path(problem)
    path: Path | None = None
    failure: Lost | None = None
    try:
        path = iterated(problem, start)
    except Lost as lost:
        failure = lost
    path = path and reported(problem, path)
    searched = problem.null_of is None and (path is None or problem.p <= WIDE)
    if searched and (path is None or strayed(problem, path, eta_interval(problem.family))):
        return mended(problem, path, failure)
    if path is None:
        raise failure or Lost("no path")
    return path


def reported(problem: Problem, path: Path) -> Path:
    """The path with the sums of a finished fit."""
    if path.at.reported or problem.null_of is not None:
        return path
    return replace(path, at=problem.at(path.beta, **problem.last_pass(path.at)))


def mended(problem: Problem, path: Path | None, failure: Lost | None) -> Path:
    """The constrained optimum, or the path that was not it."""
    path = inside(problem, eta_interval(problem.family), path)
    path = path and kept_inside(problem, path)
    if path is None:
        failure = failure or Lost("the working weights vanish on the way")
        raise Lost(f"{failure}{'' if 'no valid set' in str(failure) else NOWHERE}")
    return path


def empty_path(problem: Problem) -> Path:
    """No columns: R's answer has 0 iterations and is 'at the boundary'."""
    nothing = np.empty(0)
    at = problem.at(nothing)
    if at.n_ok == 0:
        raise FitError(nothing_to_fit(at.rows))
    if not at.usable:
        raise FitError(
            "invalid linear predictor values in empty model: the model has no column, so the offset "
            "alone gives the fitted values; supply a valid offset or add columns"
        )
    solution = Solution(nothing, np.empty(0, int), 0, np.empty((0, 0)), nothing, 0.0, np.empty((0, 0)))
    return Path(nothing, at, solution, nothing, 0, True, True, at.deviance, False)
