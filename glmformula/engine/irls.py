"""Iteratively reweighted least squares over row blocks: R's iterates, any source."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from ..errors import ConvergenceWarning, DataError, FitError, give_warning
from ..families import Family
from ..runtime.tasks import one_team
from ..sources.base import Source
from ..sources.mapped import select_terms
from .bordered import WIDE
from .constrained import inside, kept_inside
from .convergence import FEW_ROWS, strayed
from .eta_limits import eta_interval, near_an_end
from .iteration import iterated
from .messages import HIDDEN, INACCURATE, INACCURATE_WIDE, NOWHERE, extreme_fits, nothing_to_fit
from .passes import Sums
from .path import Lost, Path
from .problem import Problem, is_small
from .refine import refined
from .result import Control, GlmFit
from .scoring import unweighted
from .solve import IllConditioned, Solution

METHODS = ("auto", "qr", "cholesky")


@one_team()
def fit_glm(
    source: Source,
    family: Family,
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control | None = None,
    start: np.ndarray | None = None,
    method: str = "auto",
) -> GlmFit:
    """Fit a generalized linear model by Fisher scoring (McCullagh and Nelder 1989, section 2.5).

    Parameters
    ----------
    source : Source
        Row blocks; their designs have `len(names)` columns, the first of them ones where `intercept`.
    family : Family
    names : tuple of str
        Column names, for messages.
    intercept : bool
        Whether the null model has an intercept.
    control : Control, optional
    start : ndarray (p,), optional
        Starting coefficients; the blocks' `etastart` takes precedence, as in R.
    method : {'auto', 'qr', 'cholesky'}
        'qr': a QR factor of each block, merged: R's accuracy and R's rule for aliased columns. 'cholesky':
        Gram matrices. 'auto': QR for small problems; Gram matrices for large ones as long as they carry
        enough digits, else the fit starts again with QR.

    Returns
    -------
    GlmFit

    Raises
    ------
    FitError
        No valid start, no informative row, or no way back into the valid region.
    DataError
        `start` has the wrong length.

    Notes
    -----
    Starting values, convergence rule, iteration count and warnings of R's ``glm.fit``, and standard errors
    from the last *solved* X'WX as there. Differences: where the first step leaves the valid region and R
    gives up, the step is halved towards a line that is valid; iterations that end above a deviance they had
    passed, or fail after the deviance rose, are run again with step-halving (Marschner 2011, R's package
    glm2).
    """
    if method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    p = len(names)
    if start is not None:
        start = np.asarray(start, dtype=np.float64)
        if start.shape != (p,):
            quoted = ", ".join(f'"{name}"' for name in names)
            raise DataError(
                f"length of 'start' should equal {p} and correspond to initial coefs for c({quoted}); "
                f"got {start.size} values"
            )
    small = method == "auto" and p > 0 and is_small(source, p)
    way = "qr" if method == "qr" or small or p == 0 else "gram"
    problem = Problem(source, family, p, intercept, control or Control(), way, strict=method == "auto")
    try:
        try:
            path = best_path(problem, start)
        except IllConditioned:
            problem = replace(problem, way="qr")
            path = best_path(problem, start)
    except Lost as lost:
        raise FitError(str(lost)) from None
    fit, messages = finished(problem, refined_path(problem, path))
    for message in messages:
        give_warning(message, ConvergenceWarning, stacklevel=4)
    return fit


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


def refined_path(problem: Problem, path: Path) -> Path:
    """A small least-squares fit with the digits that QR lost."""
    plain = problem.family.name == "gaussian" and problem.family.link.name == "identity"
    if not plain or problem.way != "qr" or not path.converged:
        return path
    beta = refined(problem.source, path.solution, path.beta, path.at.rows)
    at = path.at if beta is None else problem.at(beta, **problem.last_pass(path.at))
    return path if beta is None or not at.usable else replace(path, beta=beta, at=at)


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


def finished(problem: Problem, path: Path) -> tuple[GlmFit, list[str]]:
    """The record of a fit, and its warnings in R's order."""
    path = reported(problem, path)
    family, at, solution = problem.family, path.at, path.solution
    messages = list(path.messages)
    if problem.p:
        if not path.converged:
            messages.append("glm.fit: algorithm did not converge")
        if path.boundary:
            messages.append("glm.fit: algorithm stopped at boundary value")
        if solution.inaccurate:
            messages.append(INACCURATE if problem.p <= WIDE else INACCURATE_WIDE)
        few = at.rows < FEW_ROWS and problem.p <= WIDE
        if 0 < solution.rank < problem.p and few and unweighted(problem).rank > solution.rank:
            messages.append(HIDDEN)
    more = at
    if family.fixed_dispersion is None:
        dispersion = family.loglik_dispersion(at.deviance, at.weight_sum, at.rows)
        more = problem.at(path.beta, dispersion=dispersion, pearson=True, solved_at=path.solved_at)
    if problem.p:
        messages += extreme_fits(family, at.mu_range)
    null_deviance = at.null_deviance
    if problem.intercept and at.has_offset:
        null_deviance, warned = null_with_offset(problem, path.beta, at)
        messages += warned
    coefficients = path.beta.copy()
    coefficients[solution.pivot[solution.rank :]] = np.nan
    fit = GlmFit(
        coefficients=coefficients,
        cov_unscaled=solution.cov_unscaled(),
        null_space=solution.relations.T,
        pivot=solution.pivot,
        rank=solution.rank,
        deviance=at.deviance,
        null_deviance=null_deviance,
        pearson=more.pearson if family.fixed_dispersion is None else np.nan,
        minus2_loglik=more.minus2_loglik if family.has_likelihood else np.nan,
        nobs=at.rows,
        n_ok=at.n_ok,
        weight_sum=at.weight_sum,
        iter=path.iter,
        converged=path.converged,
        boundary=path.boundary,
        method="cholesky" if problem.way == "gram" else "qr",
        solved_at=path.solved_at,
        near_end=bool(problem.p) and near_end(problem, path, at),
        runaway=path.runaway,
    )
    return fit, messages


def near_end(problem: Problem, path: Path, at: Sums) -> bool:
    """Whether separation is not excluded by what the iterations know."""
    if not path.converged or path.boundary or path.own_start or path.lost_rank:
        return True
    return near_an_end(problem.family, at.mu_range, path.solution.decrease, at.least_weight)


def null_with_offset(problem: Problem, beta: np.ndarray, at: Sums) -> tuple[float, list[str]]:
    """Deviance of the intercept with the offset: of R's ``glm``, which refits from the fitted values.

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
                return path.at.deviance, []
    try:
        if path is None or strayed(alone, path, ends):
            path = mended(alone, path, None)
    except FitError as error:
        return np.nan, [f"fitting to calculate the null deviance failed: {error}"]
    if path.converged:
        return path.at.deviance, []
    return path.at.deviance, ["fitting to calculate the null deviance did not converge -- increase 'maxit'?"]
