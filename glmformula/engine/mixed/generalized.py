"""The fit of a generalized linear mixed model: a search over fixed effects and theta with exact gradients."""

from __future__ import annotations

import math

import numpy as np

from ...errors import FitError
from ...families import Family
from ...sources.base import Source
from ..result import GlmFit
from .approximation import Approximation
from .crossed import Crossed
from .grouped import Grouped
from .joint import joint_mode
from .linear import basis_of, settled
from .packed import Packed, packed
from .result import MixedFit
from .search import Found, forward_hessian, lifted, minimum
from .structure import Structure
from .sums import Basis

FIRST_THETA = 0.7
FIRST = 1e-3
STEP = 1e-3
NOTHING = 1e-5
OTHER_MODES = 3


def deviance_of(
    structure: Structure, rows: Packed, basis: Basis, family: Family, nodes: int
) -> Approximation:
    """The deviance of rows, by the quadrature of so many nodes where there is one grouping factor."""
    if len(structure.groupings) == 1:
        return Grouped(structure, rows, basis, family, max(1, nodes))
    return Crossed(structure, rows, basis, family)


def first_theta(structure: Structure, start: np.ndarray | None) -> np.ndarray:
    """Where the search begins."""
    return np.where(structure.diagonal, FIRST_THETA, 0.0) if start is None else np.array(start, float)


def fit_generalized(
    source: Source,
    structure: Structure,
    fixed: GlmFit,
    family: Family,
    nodes: int,
    start: np.ndarray | None = None,
) -> MixedFit:
    """Maximum-likelihood estimates of a generalized linear mixed model.

    Parameters
    ----------
    source : Source
    structure : Structure
    fixed : GlmFit
        The fit of the fixed part alone.
    family : Family
    nodes : int
        0: fixed effects at the mode of the penalised deviance; 1: Laplace's approximation; more: adaptive
        Gauss-Hermite quadrature, of one scalar term.
    start : ndarray (k,), optional
        theta to begin with.

    Raises
    ------
    FitError
    """
    basis = basis_of(fixed)
    model = deviance_of(structure, packed(structure, source, basis), basis, family, nodes)
    x = np.append(np.zeros(model.n_fixed), first_theta(structure, start))
    found = joint_mode(model, x) if nodes == 0 else searched(model, x)
    found = settled(model.value, structure, found, NOTHING)
    return result_of(model, found, fixed, nodes)


def searched(model: Approximation, x: np.ndarray) -> Found:
    """The minimum over (gamma, theta)."""
    r = model.n_fixed
    d, g, information = model.evaluated(x, "information")
    if not np.isfinite(d):
        raise FitError(
            "the deviance is not finite where the search begins: the means of the fixed effects alone are not valid "
            "with random effects; try another link, or give start= smaller values of theta"
        )
    rows = forward_hessian(model.value, x, g, np.arange(r, len(x)), FIRST)
    B = np.zeros((len(x), len(x)))
    B[:r, :r] = 2.0 * information
    B[r:, r:] = lifted(rows[:, r:])
    B[r:, :r], B[:r, r:] = rows[:, :r], rows[:, :r].T
    if len(B) and np.linalg.eigvalsh(B)[0] <= 1e-8 * abs(B).max():
        B[r:, :r] = B[:r, r:] = 0.0
    found = minimum(model.value, x, lifted(B), longest=20.0, step=STEP, tighten=model.tighten)
    for _ in range(OTHER_MODES):
        model.restarted()
        if not model.value(found.x)[0] < found.value - 1e-7:
            break
        found = minimum(model.value, found.x, lifted(found.hessian), longest=20.0, step=STEP)
    return found


def result_of(model: Approximation, found: Found, fixed: GlmFit, nodes: int) -> MixedFit:
    """The record of a fit."""
    basis, rows = model.basis, model.rows
    r = model.n_fixed
    modes, spreads, residual, squares = model.final(found.x)
    scale = model.criterion.estimated
    sigma = math.sqrt((residual + squares) / rows.rows) if scale else 1.0
    coefficients = np.full(len(fixed.coefficients), np.nan)
    coefficients[basis.kept] = basis.centre + basis.root @ found.x[:r]
    information = model.evaluated(found.x, "information")[2]
    working = sigma**2 * np.linalg.inv(information) if r else information
    own = gamma_covariance(found, r, nodes)
    return MixedFit(
        coefficients,
        basis.root @ (working if own is None else own) @ basis.root.T,
        basis.root @ working @ basis.root.T,
        fixed.null_space,
        found.x[r:],
        sigma,
        found.value,
        found.gradient,
        found.hessian,
        found.converged,
        model.evaluations,
        modes,
        tuple(sigma**2 * v for v in spreads),
        rows.rows,
        rows.rows,
        residual + squares,
    )


def gamma_covariance(found: Found, r: int, nodes: int) -> np.ndarray | None:
    """Twice the inverse of the Hessian's block; None with nodes = 0, or where it is not positive definite."""
    if nodes == 0 or not r:
        return None
    values, vectors = np.linalg.eigh(found.hessian)
    if not values[0] > 1e-10 * values[-1]:
        return None
    inverse = (vectors / values) @ vectors.T
    return np.asarray(2.0 * inverse[:r, :r])
