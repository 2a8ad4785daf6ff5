"""Maximum likelihood for rows with several linear predictors: Newton's method over row blocks.

With X_k the columns of predictor k, the score is X_k' s_k and the observed information X_k' diag(h_kl) X_l, sums
over rows that any source adds up. Where the information is not positive definite its negative curvatures are turned
around (Nocedal & Wright 2006, section 3.4), and a step that does not raise the log-likelihood is halved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from ...errors import FitError
from ...families.likelihood import Likelihood
from ...sources.base import Source
from ..infinity.at_infinity import probed, running
from .layout import Layout
from .orthonormal import Basis, basis_of, ill_conditioned
from .row_sums import Sums, at, column_sizes, slopes_alone

ROUNDING = 1e-6
"""The log-likelihood that a step promises may be rounding from here on."""


@dataclass(frozen=True)
class NewtonControl:
    """When the search ends.

    Attributes
    ----------
    maxit : int
        Iterations.
    tolerance : float
        The squared length of a step, in standard errors, below which it is the last one: the estimates are then
        wrong by its square.
    halvings : int
    next_tolerance : float
        The same of the step that would follow, as the two steps before let expect (their lengths square).
    exact : float
        Where the last step may change a standard error by more than this share, they are summed again.
    stalled : float
        A step below this that is no shorter than the one before is rounding.
    flat : float
        Eigenvalues of the scaled information below this share of the largest are taken as this.
    runs : int
        So many full steps, each promising nearly nothing yet none shorter, mean that a maximum is at infinity.
    nothing : float
        What such a step promises at most.
    """

    maxit: int = 100
    tolerance: float = 1e-14
    next_tolerance: float = 1e-20
    exact: float = 5e-11
    halvings: int = 40
    stalled: float = 1e-8
    flat: float = 1e-7
    runs: int = 4
    nothing: float = 1e-4


@dataclass(frozen=True)
class Solved:
    """Where the search ended.

    Attributes
    ----------
    parameters, score : ndarray (r,)
    information, covariance : ndarray (r, r)
        Observed information and its inverse, NaN for parameters that run to infinity.
    loglik : float
    iter : int
    converged : bool
    limits : ndarray (r,)
        inf or -inf for a parameter that runs there, NaN for one that then is not determined, else 0.
    """

    parameters: np.ndarray
    score: np.ndarray
    information: np.ndarray
    covariance: np.ndarray
    loglik: float
    iter: int
    converged: bool
    limits: np.ndarray


def maximum(
    source: Source,
    likelihood: Likelihood,
    layout: Layout,
    start: np.ndarray,
    control: NewtonControl,
    fixed: np.ndarray | None = None,
    guess: np.ndarray | None = None,
) -> Solved:
    """The maximum of the log-likelihood near `start` (r,), with the parameters `fixed`, bool (r,), held.

    `guess` (r, r): about the information there, which is good enough for a first step.

    Raises
    ------
    FitError
        The log-likelihood is not finite at the start.
    """
    free = np.ones(len(start), dtype=bool) if fixed is None else ~fixed
    parameters = start.copy()
    if not slopes_alone(likelihood, layout):
        guess = None
    sums = at(source, likelihood, layout, parameters, sized=True, slopes=guess is not None)
    if guess is not None:
        sums = replace(sums, information=guess)
    if fixed is None and layout.basis is None and ill_conditioned(sums.information, layout):
        basis = basis_of(source, layout)
        if basis is not None:
            units = column_sizes(sums.squares[:-1], sums.squares[-1])
            return back(basis, units, maximum(source, likelihood, basis.layout, basis.into @ start, control))
    units = column_sizes(sums.squares[:-1], sums.squares[-1])
    if not np.isfinite(sums.loglik):
        raise FitError(
            f"the log-likelihood is {sums.loglik} where the search starts: no valid linear predictors were found; "
            "give start= where the model takes it, add an intercept, or take another link"
        )
    before, slow, converged, iterations = np.inf, 0, False, 0
    limits, taken = np.zeros(len(parameters)), np.zeros(len(parameters))
    last: Sums | None = None
    while iterations < control.maxit:
        step, promise, convex = newton_step(sums, free, control)
        slow = slow + 1 if convex and promise < control.nothing and 0.02 < promise / before < 0.9 else 0
        if slow >= control.runs and last is not None:
            limits = running(units, (last.information, sums.information), (taken, step), free)
            if limits.any():
                converged = True
                break
        if convex and last_step(promise, before, control):
            ends = step, promise, before
            parameters, sums = stepped(source, likelihood, layout, parameters, ends, sums, last, control)
            converged = True
            break
        step = shortened(step, layout, likelihood.longest)
        before = promise
        found = climbed(source, likelihood, layout, parameters, step, sums.loglik, control, promise)
        iterations += 1
        if found is None:
            converged = bool(convex and promise < ROUNDING)
            break
        last, taken = sums, found[0] - parameters
        parameters, sums = found
    if converged and fixed is None and not limits.any():

        def moved(move: np.ndarray) -> float:
            return at(source, likelihood, layout, parameters + move).loglik

        limits = probed(units, sums.information, sums.loglik, free, moved)
    return Solved(
        parameters=parameters,
        score=sums.score,
        information=sums.information,
        covariance=covariance_of(sums.information, free, limits),
        loglik=sums.loglik,
        iter=iterations,
        converged=converged,
        limits=limits,
    )


def back(basis: Basis, units: np.ndarray, solved: Solved) -> Solved:
    """What was found in a basis, for the columns themselves; `units` are those of their parameters."""
    limits, ends = np.zeros(len(units)), np.isinf(solved.limits)
    if solved.limits.any():
        move = basis.out @ np.where(ends, np.nan_to_num(solved.limits, posinf=1.0, neginf=-1.0), 0.0)
        far = np.abs(move * units) > 0.05 * np.abs(move * units).max(initial=0.0)
        limits[far] = np.sign(move[far]) * np.inf
        unknown = (np.abs(basis.out[:, np.isnan(solved.limits)]) * units[:, None] > 0.01).any(axis=1)
        limits[unknown & ~far] = np.nan
    covariance = basis.out @ np.nan_to_num(solved.covariance) @ basis.out.T
    if np.isnan(solved.covariance).all():
        covariance[:] = np.nan
    lost = limits != 0
    covariance[lost] = covariance[:, lost] = np.nan
    return replace(
        solved,
        parameters=basis.out @ solved.parameters,
        score=basis.into.T @ solved.score,
        information=basis.into.T @ solved.information @ basis.into,
        covariance=covariance,
        limits=limits,
    )


def last_step(promise: float, before: float, control: NewtonControl) -> bool:
    """Whether the step that promises this is the last one."""
    if promise <= control.tolerance or (promise < control.stalled and promise >= 0.25 * before):
        return True
    return (
        bool(np.isfinite(before))
        and promise < 0.1 * before
        and promise * (promise / before) ** 2 <= control.next_tolerance
    )


def stepped(
    source: Source,
    likelihood: Likelihood,
    layout: Layout,
    parameters: np.ndarray,
    ends: tuple[np.ndarray, float, float],
    sums: Sums,
    last: Sums | None,
    control: NewtonControl,
) -> tuple[np.ndarray, Sums]:
    """The parameters after the last step, and the sums there: by the quadratic, if the step is too short to matter."""
    step, promise, before = ends
    parameters = parameters + step
    if last is not None and promise > 0:
        scale = np.sqrt(np.abs(np.diag(sums.information)))
        scale[scale == 0] = 1.0
        changed = np.abs(sums.information - last.information) / np.outer(scale, scale)
        if changed.max(initial=0.0) * np.sqrt(promise / before) > control.exact:
            found = at(source, likelihood, layout, parameters)
            if np.isfinite(found.loglik):
                return parameters, found
    at_end = sums.score - sums.information @ step
    return parameters, replace(sums, loglik=sums.loglik + promise / 2, score=at_end)


def shortened(step: np.ndarray, layout: Layout, longest: float) -> np.ndarray:
    """The step, or a part of it, such that no constant moves further than `longest`."""
    constants = [place for which, place in zip(layout.columns, layout.slices(), strict=True) if which is None]
    most = max((float(np.abs(step[place]).max(initial=0.0)) for place in constants), default=0.0)
    return step if most <= longest else step * (longest / most)


def newton_step(sums: Sums, free: np.ndarray, control: NewtonControl) -> tuple[np.ndarray, float, bool]:
    """The step, what it promises (its squared length in standard errors), and whether the information is one."""
    which = np.flatnonzero(free)
    if not which.size:
        return np.zeros(len(free)), 0.0, True
    H, g = sums.information[np.ix_(which, which)], sums.score[which]
    scale = np.sqrt(np.abs(np.diag(H)))
    scale[scale == 0] = 1.0
    scaled = H / np.outer(scale, scale)
    step = np.zeros(len(free))
    factor, failed = lapack.dpotrf(scaled, lower=1)
    convex = failed == 0 and np.diag(factor).min(initial=1.0) > 1e-7
    if convex:
        part, _ = lapack.dpotrs(factor, g / scale, lower=1)
    else:
        values, vectors = np.linalg.eigh(scaled)
        least = control.flat * np.abs(values).max(initial=1.0)
        part = vectors @ ((vectors.T @ (g / scale)) / np.maximum(np.abs(values), least))
    step[which] = part / scale
    return step, float(g @ step[which]), bool(convex)


def climbed(
    source: Source,
    likelihood: Likelihood,
    layout: Layout,
    parameters: np.ndarray,
    step: np.ndarray,
    loglik: float,
    control: NewtonControl,
    promise: float,
) -> tuple[np.ndarray, Sums] | None:
    """The first of the halved steps that does not lower the log-likelihood; None where none does.

    A step that promises nearly nothing may lower it by as much: that is rounding, of large counts for example.
    """
    slack = max(1e-12 * (1.0 + abs(loglik)), promise if promise < ROUNDING else 0.0)
    for _ in range(control.halvings):
        tried = parameters + step
        sums = at(source, likelihood, layout, tried)
        if np.isfinite(sums.loglik) and sums.loglik >= loglik - slack:
            return tried, sums
        step = step / 2
    return None


def with_limits(solved: Solved, limits: np.ndarray) -> Solved:
    """The same, when it is known which parameters run to infinity."""
    covariance = solved.covariance.copy()
    if np.isnan(covariance).any():
        covariance = covariance_of(solved.information, np.ones(len(limits), dtype=bool), limits)
    lost = limits != 0
    covariance[lost] = covariance[:, lost] = np.nan
    return replace(solved, limits=limits, covariance=covariance)


def covariance_of(information: np.ndarray, free: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Of the free parameters; NaN for those that run to infinity, which are held where there is no inverse else."""
    out = inverse(information, free)
    ends = limits != 0
    if ends.any():
        if np.isnan(out[np.ix_(free, free)]).any():
            return inverse(information, free & ~ends)
        out[ends] = out[:, ends] = np.nan
    return out


def inverse(information: np.ndarray, which: np.ndarray) -> np.ndarray:
    """The inverse over some of the parameters, NaN elsewhere; all NaN where there is none."""
    out = np.full_like(information, np.nan)
    places = np.flatnonzero(which)
    H = information[np.ix_(places, places)]
    scale = np.sqrt(np.abs(np.diag(H)))
    scale[scale == 0] = 1.0
    factor, failed = lapack.dpotrf(H / np.outer(scale, scale), lower=1)
    if failed == 0 and len(places):
        inverted, _ = lapack.dpotri(factor, lower=1)
        inverted = np.tril(inverted) + np.tril(inverted, -1).T
        out[np.ix_(places, places)] = inverted / np.outer(scale, scale)
    return out
