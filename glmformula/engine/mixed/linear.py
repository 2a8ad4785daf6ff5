"""The fit of a linear mixed model: sums over the rows, then a search over theta that sees no rows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.linalg import cho_solve

from ...errors import FitError
from ...sources.base import Source
from ..result import GlmFit
from .profiled import Profiled
from .result import MixedFit
from .search import Found, Value, forward_hessian, lifted, minimum
from .structure import Structure
from .sums import Basis, gathered

FIRST = 1e-3
SMALLEST, LARGEST = 0.05, 20.0  # of a standard deviation over sigma to begin with
NOTHING = 1e-6
FALL = 1e-9
EXACT, HUGE, LARGE = 1e-20, 1e5, 1e2
NOTHING_LEFT = (
    "the fixed and random effects fit the response exactly: no residual variance is left, and the variances of the "
    "random effects over it run to infinity; expected rows that differ from what the model says of them"
)


def basis_of(fixed: GlmFit) -> Basis:
    """Near orthonormal columns from the fit without random effects."""
    return Basis.around(fixed.coefficients, np.asarray(fixed.cov_unscaled))


def fit_linear(
    source: Source, structure: Structure, fixed: GlmFit, reml: bool, start: np.ndarray | None = None
) -> MixedFit:
    """REML or maximum-likelihood estimates of a linear mixed model.

    Parameters
    ----------
    source : Source
        Rows with all columns that `structure` knows.
    structure : Structure
    fixed : GlmFit
        Least squares of the fixed part alone.
    reml : bool
    start : ndarray (k,), optional
        theta to begin with.

    Raises
    ------
    FitError
        No residual variance is left, or the search fails.
    """
    basis = basis_of(fixed)
    profiled = Profiled(structure, gathered(structure, source, basis), basis, reml)
    if profiled.degrees < 1:
        raise FitError(
            f"{profiled.sums.rows} rows for {len(basis.kept)} fixed effects leave nothing for a variance: expected "
            "more rows than coefficients"
        )
    if fixed.deviance <= EXACT * fixed.null_deviance:
        raise FitError(NOTHING_LEFT)
    found = searched(profiled, start)
    if np.abs(found.x).max(initial=0.0) > (HUGE if found.converged else LARGE):
        raise FitError(NOTHING_LEFT)
    return result_of(profiled, found, fixed)


def searched(profiled: Profiled, start: np.ndarray | None = None) -> Found:
    """The theta of the least deviance.

    Raises
    ------
    FitError
    """
    theta = moments(profiled) if start is None else np.array(start, dtype=np.float64)
    d, g = profiled.value(theta)
    if not np.isfinite(d):
        raise FitError(NOTHING_LEFT)
    B = lifted(forward_hessian(profiled.value, theta, g, np.arange(len(theta)), FIRST))
    found = minimum(profiled.value, theta, B, longest=10.0)
    return settled(profiled.value, profiled.structure, found, NOTHING)


def moments(profiled: Profiled) -> np.ndarray:
    """theta by the method of moments, each column that varies by itself: where the search begins.

    Of the residuals r of the fixed part, E sum_j (z_j'r)^2 / z_j'z_j = J sigma^2 + z'z sigma_z^2, the other terms left
    out.
    """
    structure, sums = profiled.structure, profiled.sums
    squares, levels, sizes = [], [], []
    for G, zy in zip(sums.own, sums.columns, strict=True):
        for a in range(G.shape[1]):
            own = G[:, a, a]
            known = own > 0
            squares.append(float((zy[known, a, -1] ** 2 / own[known]).sum()))
            levels.append(int(known.sum()))
            sizes.append(float(own.sum()))
    share = 1.0 - sum(levels) / sums.rows
    total = float(sums.squares[-1, -1])
    residual = (total - sum(squares)) / (sums.rows * share) if share > 0.1 else 0.0
    residual = max(residual, 0.1 * total / sums.rows)
    ratios = [
        (s - j * residual) / (size * residual) for s, j, size in zip(squares, levels, sizes, strict=True)
    ]
    deviations = np.sqrt(np.clip(ratios, SMALLEST**2, LARGEST**2))
    lams, at = [], 0
    for width in structure.widths:
        lams.append(np.diag(deviations[at : at + width]))
        at += width
    return structure.thetas(lams)


def settled(value: Value, structure: Structure, found: Found, nothing: float) -> Found:
    """The same minimum with non-negative diagonals, and zero where a standard deviation is nothing.

    The numbers of theta are the last of `value`'s.
    """
    r = len(found.x) - structure.n_theta
    gamma, theta = found.x[:r], turned(structure, found.x[r:])
    for k in np.flatnonzero(structure.diagonal & (np.abs(theta) < nothing)).tolist():
        other = theta.copy()
        other[k] = 0.0
        if value(np.append(gamma, other))[0] <= found.value + FALL:
            theta = other
    x = np.append(gamma, theta)
    if np.array_equal(x, found.x):
        return found
    d, g = value(x)
    flip = np.where(x * found.x < 0, -1.0, 1.0)
    return replace(found, x=x, value=d, gradient=g, hessian=found.hessian * np.outer(flip, flip))


def turned(structure: Structure, theta: np.ndarray) -> np.ndarray:
    """The same variances with no negative number on a diagonal."""
    lams = structure.factors(theta)
    for lam in lams:
        lam *= np.where(np.diag(lam) < 0, -1.0, 1.0)
    return structure.thetas(lams)


def result_of(profiled: Profiled, found: Found, fixed: GlmFit) -> MixedFit:
    """The record of a fit."""
    basis, at = profiled.basis, profiled.at(found.x)
    sigma = math.sqrt(at.rss / profiled.degrees)
    coefficients = np.full(len(fixed.coefficients), np.nan)
    coefficients[basis.kept] = basis.centre + basis.root @ at.gamma
    inverse = cho_solve((at.root, False), np.eye(len(at.gamma))) if len(at.gamma) else np.empty((0, 0))
    contrast = np.append(-at.gamma, 1.0)
    modes = profiled.shape.split(at.modes[0] @ contrast, at.modes[1] @ contrast)
    covariance = sigma**2 * (basis.root @ inverse @ basis.root.T)
    return MixedFit(
        coefficients,
        covariance,
        covariance,
        fixed.null_space,
        found.x,
        sigma,
        at.deviance,
        found.gradient,
        found.hessian,
        found.converged,
        profiled.evaluations,
        modes,
        tuple(sigma**2 * v for v in at.system.level_covariances()),
        profiled.sums.rows,
        profiled.sums.rows,
        at.rss,
    )
