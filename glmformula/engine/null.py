"""The null model of a fit, and the fits that ended above it: a model is never worse than a model within it.

Where the deviance has several minima (cauchit, an inverse link of means of either sign), or the means of the first
steps are at an end of their range (offsets of a hundred), Fisher scoring may end far above the deviance that the
intercept alone has. Such a fit begins again at the null model, with steps that never raise the deviance: so it ends
below it. R's ``glm`` reports the other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from ..errors import FitError
from ..sources.mapped import select_terms
from .best import best_path, mended, reported
from .constrained import epsilon_of
from .convergence import strayed
from .eta_limits import eta_interval
from .iteration import iterated_from
from .messages import SEVERAL, seven_digits
from .passes import Sums
from .path import Path
from .problem import Problem, cost_of_mean
from .result import Control
from .scoring import solution_at


@dataclass(frozen=True, slots=True)
class Null:
    """The model of the intercept (where there is one) and the offset.

    Attributes
    ----------
    deviance : float
        NaN where it could not be fitted.
    level : float
        Its intercept, 0 where it has none; the link of the mean response where there is no offset.
    messages : tuple of str
        What its fit has to say.
    """

    deviance: float
    level: float
    messages: tuple[str, ...] = ()


def null_model(problem: Problem, beta: np.ndarray, at: Sums) -> Null:
    """The null model, from the sums of a last pass (at `beta`): all of it unless intercept and offset are there."""
    if not problem.intercept:
        return Null(at.null_deviance, 0.0)
    if at.has_offset:
        return null_with_offset(problem, beta, at)
    with np.errstate(all="ignore"):
        return Null(at.null_deviance, float(problem.family.link.linkfun(mean_response(at))[0]))


def mean_response(at: Sums) -> np.ndarray:
    """The weighted mean of the responses, (1,)."""
    return np.array([at.weighted_y]) / at.weight_sum


def null_with_offset(problem: Problem, beta: np.ndarray, at: Sums) -> Null:
    """The intercept with the offset: of R's ``glm``, which refits from the fitted values, those of `beta`.

    A fit from where the mean offset leaves the mean response (the answer itself for the log and the
    identity link) comes first: it needs fewer passes, and none over the columns.
    """
    null = replace(problem, p=1, null_of=beta, way="gram", strict=False)
    alone = replace(null, source=select_terms(problem.source, frozenset({0})), null_of=None)
    ends = eta_interval(problem.family)
    means = np.array([at.weighted_y, at.weighted_offset_mu]) / at.weight_sum
    with np.errstate(all="ignore"):
        near = np.subtract(*problem.family.link.linkfun(means))
    path: Path | None = None
    for start in (np.array([near]), None) if np.isfinite(near) else (None,):
        with suppress(FitError):
            path = best_path(null, start)
            if path.converged and not strayed(alone, path, ends):
                return Null(path.at.deviance, float(path.beta[0]))
    try:
        if path is None or strayed(alone, path, ends):
            path = mended(alone, path, None)
    except FitError as error:
        return Null(np.nan, np.nan, (f"fitting to calculate the null deviance failed: {error}",))
    words = "fitting to calculate the null deviance did not converge -- increase 'maxit'?"
    return Null(path.at.deviance, float(path.beta[0]), () if path.converged else (words,))


def above(problem: Problem, path: Path, null: Null) -> bool:
    """Whether a fit, on a budget that is not small, ended above its null model by more than the iterations leave."""
    if path.at.deviance <= null.deviance or (not path.converged and problem.control.maxit < Control.maxit):
        return False
    scale = epsilon_of(replace(problem, apart=min(0.1, cost_of_mean(problem.family, path.at))), null.deviance)
    return bool(path.at.deviance > null.deviance + scale)


def not_above(problem: Problem, path: Path, null: Null) -> Path:
    """The path; where it ended above the null model, the one that begins there, if that is better.

    Without an intercept the means of the null model may be invalid: then its deviance says nothing.
    """
    if not (problem.p and np.isfinite(null.level) and above(problem, path, null)):
        return path
    start = np.zeros(problem.p)
    start[0] = null.level
    at = problem.at(start)
    if not at.usable:
        return path
    with suppress(FitError):
        again = onwards(problem, start, at)
        if strayed(problem, again, eta_interval(problem.family)):
            again = mended(problem, again, None)
        if again.at.deviance < path.at.deviance:
            return reported(problem, replace(again, messages=again.messages + several(path, null, again)))
    return path


def several(path: Path, null: Null, again: Path) -> tuple[str, ...]:
    """What to say where both paths ended at a minimum."""
    if not (path.converged and again.converged) or path.runaway or again.runaway:
        return ()
    return (SEVERAL.format(*map(seven_digits, (path.at.deviance, null.deviance, again.at.deviance))),)


def onwards(problem: Problem, start: np.ndarray, at: Sums) -> Path:
    """The guarded iterations from here; their start, where Fisher's first steps lead nowhere."""
    try:
        return iterated_from(problem, start)
    except FitError:
        solution = solution_at(problem, start)
        return Path(start, at, solution, start, 0, False, False, at.deviance, rose=False, own_start=True)
