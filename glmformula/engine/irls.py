"""Iteratively reweighted least squares over row blocks: R's iterates, any source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ConvergenceWarning, DataError, FitError, choice, give_warning
from ..families import Family
from ..runtime.tasks import one_team
from ..sources.base import Source
from ..sources.mapped import for_sums
from .best import best_path, reported
from .bordered import WIDE
from .eta_limits import near_an_end
from .messages import HIDDEN, INACCURATE, INACCURATE_WIDE, extreme_fits
from .null import Null, not_above, null_model
from .passes import Sums
from .path import Lost, Path
from .problem import Problem, is_small
from .refine import refined
from .result import Control, GlmFit
from .scoring import unweighted
from .solve import IllConditioned
from .thresholds import FEW_ROWS

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
    glm2); a fit that ends above its null model begins again there.
    """
    choice("method", method, METHODS)
    p, source = len(names), for_sums(source)
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
            path, null = best_fit(problem, start)
        except IllConditioned:
            problem = replace(problem, way="qr")
            path, null = best_fit(problem, start)
    except Lost as lost:
        raise FitError(str(lost)) from None
    fit, messages = finished(problem, refined_path(problem, path), null)
    for message in messages:
        give_warning(message, ConvergenceWarning)
    return fit


def best_fit(problem: Problem, start: np.ndarray | None) -> tuple[Path, Null]:
    """The best path that is found, not above the null model, which comes with it."""
    path = reported(problem, best_path(problem, start))
    null = null_model(problem, path.beta, path.at)
    return not_above(problem, path, null), null


def refined_path(problem: Problem, path: Path) -> Path:
    """A small least-squares fit with the digits that QR lost."""
    if not problem.family.is_normal_linear or problem.way != "qr" or not path.converged:
        return path
    beta = refined(problem.source, path.solution, path.beta, path.at.rows)
    at = path.at if beta is None else problem.at(beta, **problem.last_pass(path.at))
    return path if beta is None or not at.usable else replace(path, beta=beta, at=at)


def finished(problem: Problem, path: Path, null: Null | None = None) -> tuple[GlmFit, list[str]]:
    """The record of a fit, and its warnings in R's order; `null` is its null model, if that is known."""
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
    null = null or null_model(problem, path.beta, path.at)
    messages += null.messages
    coefficients = path.beta.copy()
    coefficients[solution.pivot[solution.rank :]] = np.nan
    fit = GlmFit(
        coefficients=coefficients,
        cov_unscaled=solution.cov_unscaled(),
        null_space=solution.relations.T,
        pivot=solution.pivot,
        rank=solution.rank,
        deviance=at.deviance,
        null_deviance=null.deviance,
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
