"""Iteratively reweighted least squares over row blocks: R's iterates, any source."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ..errors import ConvergenceWarning, FitError
from ..families import Family
from ..sources.base import Source
from .passes import Sums, Task, merge, run
from .result import Control, GlmFit
from .solve import Solution, solve_qr

SMALL_PROBLEM = 1e7  # n p^2 below which QR costs nothing worth saving


def fit_glm(
    source: Source,
    family: Family,
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control = Control(),
    start: np.ndarray | None = None,
    method: str = "auto",
) -> GlmFit:
    """Fit a generalized linear model.

    Parameters
    ----------
    source : Source
        Row blocks; their designs have `len(names)` columns, the first of them ones where `intercept`.
    family : Family
    names : tuple of str
        Column names, for messages.
    intercept : bool
        Whether the null model has an intercept.
    control : Control
    start : ndarray (p,), optional
        Starting coefficients; the blocks' `etastart` takes precedence, as in R.
    method : {'auto', 'qr', 'cholesky'}

    Returns
    -------
    GlmFit

    Raises
    ------
    FitError
        No valid start, no informative row, or no way back into the valid region.

    Notes
    -----
    Fisher scoring as in McCullagh and Nelder (1989, section 2.5), with the starting values, convergence rule and
    iteration count of R's ``glm.fit``, and standard errors from the last *solved* X'WX. Steps are increments
    G^-1 score, so the accuracy of the answer is that of the score. Differences from R: a deviance that ends
    above one it had passed, or iterations that fail on a rising deviance, are run again with step-halving
    (Marschner 2011, as in the package glm2).
    """
    fit = Fit(source, family, names, intercept, control, method)
    if not names:
        return fit.empty()
    path = fit.iterate(start)
    for message in path.messages:
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    return fit.report(path)


@dataclass
class Path:
    """Where the iterations stand."""

    beta: np.ndarray
    at: Sums
    solution: Solution
    solved_at: np.ndarray | None
    iter: int
    converged: bool = False
    boundary: bool = False
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fit:
    """What stays the same from pass to pass."""

    source: Source
    family: Family
    names: tuple[str, ...]
    intercept: bool
    control: Control
    method: str
    null_of: np.ndarray | None = None

    def at(self, beta: np.ndarray | None, **what: object) -> Sums:
        task = Task(self.family, beta, null_of=self.null_of, **what)  # type: ignore[arg-type]
        return self.source.map_reduce(partial(run, task), merge)

    def iterate(self, start: np.ndarray | None) -> Path:
        control = self.control
        epsilon, tolerance = control.epsilon, min(1e-7, control.epsilon / 1000)
        messages: list[str] = []
        beta = np.zeros(len(self.names))
        back: np.ndarray | None = None
        at = self.at(start, solve="qr")
        if start is not None:
            beta = back = np.asarray(start, float)
        if not at.valid:
            raise FitError("cannot find valid starting values: please specify some")
        previous = at.deviance
        solution: Solution | None = None
        solved_at: np.ndarray | None = None
        converged = boundary = False
        iteration = 0
        for iteration in range(1, control.maxit + 1):
            if at.triangle is None:
                at = self.at(beta, solve="qr")
            if at.fault:
                raise FitError(at.fault)
            if at.informative == 0:
                messages.append(f"no observations informative at iteration {iteration}")
                break
            solution = solve_qr(at.triangle, beta, tolerance)
            if not np.isfinite(solution.beta).all():
                messages.append(f"non-finite coefficients at iteration {iteration}")
                break
            solved_at, new = (None if at is None else back), solution.beta
            at = self.at(new, solve="qr")
            if control.trace:
                print(f"Deviance = {at.deviance:.7g} Iterations - {iteration}")
            boundary = False
            for bad, word in ((not np.isfinite(at.deviance), "due to divergence"), (not at.valid, ": out of bounds")):
                if not bad or (np.isfinite(at.deviance) and at.valid):
                    continue
                if back is None:
                    raise FitError(
                        "no valid set of coefficients has been found: please supply starting values"
                    )
                messages.append(f"step size truncated {word}".replace(" :", ":"))
                for _ in range(control.maxit):
                    new = (new + back) / 2
                    at = self.at(new, solve="qr")
                    if np.isfinite(at.deviance) and (word[0] != ":" or at.valid):
                        break
                else:
                    raise FitError("inner loop; cannot correct step size")
                boundary = True
                if control.trace:
                    print(f"Step halved: new deviance = {at.deviance:.7g}")
            beta = new
            if abs(at.deviance - previous) / (abs(at.deviance) + 0.1) < epsilon:
                converged = True
                break
            previous, back = at.deviance, new
        if not converged:
            messages.append("glm.fit: algorithm did not converge")
        if boundary:
            messages.append("glm.fit: algorithm stopped at boundary value")
        if solution is None:
            raise FitError(messages[0])
        return Path(beta, at, solution, solved_at, iteration, converged, boundary, messages)

    def empty(self) -> GlmFit:
        at = self.at(np.zeros(0))
        if not at.valid:
            raise FitError("invalid linear predictor values in empty model")
        nothing = np.empty(0)
        solution = Solution(nothing, np.empty(0, int), 0, np.empty((0, 0)), nothing, 0.0)
        return self.report(Path(nothing, at, solution, nothing, 0, True))

    def report(self, path: Path) -> GlmFit:
        family, at, solution = self.family, path.at, path.solution
        null_mu = at.weighted_y / at.weight_sum if self.intercept else None
        at = self.at(path.beta, final=True, null_mu=null_mu)
        m2ll = np.nan
        if family.has_likelihood:
            dispersion = family.loglik_dispersion(at.deviance, at.weight_sum, at.rows)
            m2ll = self.at(path.beta, dispersion=dispersion).minus2_loglik
        null_deviance = at.null_deviance
        if self.intercept and at.has_offset and self.null_of is None:
            null = replace(self, names=("(Intercept)",), null_of=path.beta)
            null_deviance = null.iterate(None).at.deviance
        coefficients = path.beta.copy()
        coefficients[solution.pivot[solution.rank :]] = np.nan
        return GlmFit(
            coefficients=coefficients,
            cov_unscaled=solution.cov_unscaled(),
            pivot=solution.pivot,
            rank=solution.rank,
            deviance=at.deviance,
            null_deviance=null_deviance,
            pearson=at.pearson,
            minus2_loglik=m2ll,
            nobs=at.rows,
            n_ok=at.n_ok,
            weight_sum=at.weight_sum,
            iter=path.iter,
            converged=path.converged,
            boundary=path.boundary,
            method="qr",
            solved_at=path.solved_at,
        )
