"""The negative binomial's theta and the coefficients by maximum likelihood: one pass over the rows a step.

Coefficients and log theta move by Newton's method each (coefficients by Fisher's scoring where the link is not the
logarithm), both from one pass: their estimates are independent in large samples (Lawless 1987), so that this converges
nearly as fast as Newton's method in all parameters together. Where it meets an edge or gets lost, MASS's alternation
goes on: a whole fit at each theta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import add

import numpy as np

from ..errors import ConvergenceWarning, FitError, give_warning, hearing
from ..families import Family
from ..families.link import log_inv
from ..runtime.tasks import one_team
from ..sources.base import Source
from ..sources.memory import MemorySource, every
from .convergence import strayed
from .counted import Counts, counts_of
from .eta_limits import eta_interval
from .irls import finished, fit_glm
from .messages import nothing_to_fit, seven_digits
from .passes import Sums, count_rows
from .path import Path
from .problem import Problem, is_small
from .result import Control, GlmFit
from .scoring import scoring_step
from .solve import IllConditioned, Solution
from .theta_likelihood import Likelihood, RowSums, moved, rises, theta_at

# A step is the last where the next, by the rate at which they shorten, would promise less than this (in units of the
# deviance: squared standard errors).
SETTLED = 1e-15
# Very many rows start at the estimates of every PARTS-th of them, if these are FEWEST or more.
PARTS, FEWEST, MOST_COLUMNS = 16, 4000, 200
# log theta was sent to an end where it differs from its step by more.
LITTLE = 1e-6
HALVINGS = 12
# MASS's alternation ends where log theta moves by less.
STILL = 1e-9


@dataclass(frozen=True, slots=True)
class ThetaFit:
    """A fit with its theta.

    Attributes
    ----------
    result : GlmFit
    theta : float
    se_theta : float
        1 / sqrt of minus the second derivative of the log-likelihood by theta (MASS's); infinite with theta.
    infinite : bool
        The likelihood rises as theta grows without end: `theta` is where it is the Poisson's.
    messages : tuple of str
        Why theta or the coefficients are not the estimates, if so.
    """

    result: GlmFit
    theta: float
    se_theta: float
    infinite: bool
    messages: tuple[str, ...] = ()


@one_team()
def fit_theta(
    source: Source,
    family: Callable[[float], Family],
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control,
    start: np.ndarray | None = None,
    method: str = "auto",
    theta: float | None = None,
) -> ThetaFit:
    """Coefficients and theta of a negative binomial by maximum likelihood.

    Parameters
    ----------
    source, names, intercept, control, start, method
        As `fit_glm`.
    family : callable, theta -> Family
    theta : float, optional
        Where to start.

    Raises
    ------
    FitError
        All responses are zero; as `fit_glm`.
    """
    counts = counts_of(source)
    if not len(counts.values):
        raise FitError(nothing_to_fit(source.map_reduce(count_rows, add)))
    if not counts.total > 0:
        raise FitError(
            "all responses are 0: the mean's estimate is 0, and theta has none; a model of counts needs some above 0"
        )
    first = counts.start if theta is None else theta
    p = len(names)
    small = method == "auto" and is_small(source, p)
    way = "qr" if method == "qr" or small else "gram"
    problem = Problem(source, family(first), p, intercept, control, way, strict=method == "auto")
    found = None
    if p:
        try:
            found = joint(problem, family, counts, first, start)
        except IllConditioned:
            found = joint(replace(problem, way="qr"), family, counts, first, start)
    if found is None:
        options = {"names": names, "intercept": intercept, "method": method}
        return alternated(source, family, counts, first, start, control, options)
    return found


def joint(
    problem: Problem,
    family: Callable[[float], Family],
    counts: Counts,
    theta: float,
    start: np.ndarray | None,
) -> ThetaFit | None:
    """Both by one pass a step; None where the way is not a plain one."""
    near = of_some_rows(problem, family, theta) if start is None else None
    if near is not None:
        top = climbed(problem, family, counts, near.beta, near.theta)
        if top is not None:
            return settled(problem, family, counts, top)
    top = from_start(problem, family, counts, theta, start)
    return None if top is None else settled(problem, family, counts, top)


@dataclass(frozen=True, slots=True)
class Top:
    """Where the steps ended, the last of them, and the pass before it."""

    beta: np.ndarray
    theta: float
    solution: Solution
    at: Sums


def of_some_rows(problem: Problem, family: Callable[[float], Family], theta: float) -> Top | None:
    """The estimates of a part of the rows, from which those of very many are two or three steps away."""
    source = problem.source
    if not isinstance(source, MemorySource) or source.nrows < PARTS * FEWEST or problem.p > MOST_COLUMNS:
        return None
    if source.etastart is not None or source.mustart is not None:
        return None
    some = every(source, PARTS)
    silent = replace(problem.control, trace=False)
    try:
        top = from_start(replace(problem, source=some, control=silent), family, counts_of(some), theta, None)
    except IllConditioned:  # some rows may be, where all are not
        return None
    return None if top is None or top.solution.rank < problem.p else top


def from_start(
    problem: Problem,
    family: Callable[[float], Family],
    counts: Counts,
    theta: float,
    start: np.ndarray | None,
) -> Top | None:
    """The top from given coefficients, or the start values of the rows."""
    if not counts.total > 0:
        return None
    problem = replace(problem, family=family(theta))
    at = problem.at(start, solve=True)
    if start is not None and at.has_etastart:
        start, at = None, problem.at(None, solve=True)
    solution = solved(problem, at, np.zeros(problem.p) if start is None else start, start, None)
    return None if solution is None else climbed(problem, family, counts, solution.beta, theta)


def climbed(
    problem: Problem, family: Callable[[float], Family], counts: Counts, beta: np.ndarray, theta: float
) -> Top | None:
    """Step by step upwards; None where that does not end, or leaves the valid means."""
    before: tuple[np.ndarray, float, float] | None = None
    solution: Solution | None = None
    halvings, last, newton = 0, 0.0, problem.family.link.linkinv is log_inv
    for _ in range(problem.control.maxit):
        problem = replace(problem, family=family(theta))
        at = problem.at(beta, solve=True, rows=RowSums(theta, newton))
        here = None if at.more is None else Likelihood.of(at.more, counts, theta)
        if here is None or not at.usable or rises(here, before):
            if before is None or halvings == HALVINGS:
                return None
            halvings, last = halvings + 1, 0.0
            beta, theta = (beta + before[0]) / 2, math.sqrt(theta * before[1])
            continue
        solution = solved(problem, at, beta, beta, solution)
        if solution is None:
            return None
        move = 0.0 if theta >= counts.end and here.score >= 0 else here.step
        promise = abs(solution.decrease + move * here.score)
        trace(problem, theta, here)
        before, halvings = (beta, theta, here.minus2), 0
        beta, theta = solution.beta, moved(theta, move, here, counts)
        jumped = abs(math.log(theta / before[1]) - move) > LITTLE
        left = promise * min(1.0, promise / last) if last > 0 else promise
        if left < SETTLED * min(1.0, at.weight_sum / at.n_ok) and not jumped:
            return Top(beta, theta, solution, at)
        last = promise
    return None


def trace(problem: Problem, theta: float, here: Likelihood) -> None:
    """A line for each step, of ``trace = TRUE``."""
    if problem.control.trace:
        print(f"theta = {seven_digits(theta)}, 2 x log-likelihood = {seven_digits(-here.minus2)}")


def solved(
    problem: Problem, at: Sums, beta: np.ndarray, solved_at: np.ndarray | None, last: Solution | None
) -> Solution | None:
    """The next step of the coefficients; None where there is none."""
    if not at.usable or at.fault or not at.informative:
        return None
    solution = scoring_step(problem, at, beta, solved_at, last)
    return solution if np.isfinite(solution.beta).all() else None


def settled(problem: Problem, family: Callable[[float], Family], counts: Counts, top: Top) -> ThetaFit | None:
    """The record of the fit at the estimates; None where they are not a plain optimum."""
    problem, beta, theta = replace(problem, family=family(top.theta)), top.beta, top.theta
    report = problem.last_pass(top.at)["report"]
    at = problem.at(beta, solve=True, rows=RowSums(theta), report="fit" if report == "mean" else report)
    solution = solved(problem, at, beta, beta, top.solution)
    if solution is None or at.more is None:
        return None
    path = Path(beta, at, solution, beta, 1, True, False, at.deviance, False)
    if strayed(problem, path, eta_interval(problem.family)):
        return None
    result, messages = finished(problem, path)
    for message in messages:
        give_warning(message, ConvergenceWarning)
    result = replace(result, minus2_loglik=at.deviance + saturated(problem.family, counts))
    if report == "mean":
        result = replace(result, null_deviance=deviance_of_mean(problem.family, counts))
    return with_theta(result, Likelihood.of(at.more, counts, theta), theta, counts)


def saturated(family: Family, counts: Counts) -> float:
    """-2 log-likelihood of means that are the responses: a sum over the distinct ones."""
    return float(family.minus2_loglik(counts.values, counts.values, counts.weights))


def deviance_of_mean(family: Family, counts: Counts) -> float:
    """The deviance of the mean response, by the distinct ones."""
    return float(
        counts.weights @ family.unit_deviance(counts.values, np.full(len(counts.values), counts.mean))
    )


def with_theta(
    result: GlmFit, here: Likelihood, theta: float, counts: Counts, messages: tuple[str, ...] = ()
) -> ThetaFit:
    infinite = theta >= counts.end
    return ThetaFit(result, theta, math.inf if infinite else here.se, infinite, messages)


# -- MASS's alternation ---------------------------------------------------------------------------------------


def alternated(
    source: Source,
    family: Callable[[float], Family],
    counts: Counts,
    theta: float,
    start: np.ndarray | None,
    control: Control,
    options: dict[str, object],
) -> ThetaFit:
    """A whole fit at each theta, a theta at the means of each fit."""
    messages: tuple[str, ...] = ("alternation limit reached",)
    sharp = replace(control, epsilon=min(control.epsilon, 1e-14), maxit=4 * control.maxit)
    for _ in range(max(2, control.maxit)):
        with hearing() as heard:
            result = fit_glm(source, family(theta), control=sharp, start=start, **options)  # type: ignore[arg-type]
        start = np.nan_to_num(result.coefficients)
        last, (theta, here) = theta, theta_at(source, family(theta), start, counts, theta)
        if abs(math.log(theta / last)) < STILL:
            messages = ()
            break
    for category, text in heard:
        give_warning(text, category)
    if messages:
        result = replace(result, converged=False)
    return with_theta(result, here, theta, counts, messages)
