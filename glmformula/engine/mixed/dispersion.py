"""theta of a negative binomial mixed model: the maximum over log theta of the profile over all else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import ConvergenceWarning, give_warning
from ...families import Family
from ...sources.base import Source
from ..result import GlmFit
from .approximation import Approximation
from .generalized import NOTHING, STEP, deviance_of, first_theta, result_of, searched
from .linear import basis_of, settled
from .packed import packed
from .result import MixedFit
from .search import hessian, minimum
from .structure import Structure

FIRST = math.log(5.0)
LARGEST = math.log(1e6)
LEAST = math.log(1e-4)


def fit_negative_binomial(
    source: Source,
    structure: Structure,
    fixed: GlmFit,
    family_at: Callable[[float], Family],
    nodes: int,
    start: np.ndarray | None = None,
) -> tuple[float, float, MixedFit]:
    """theta, the standard error of its logarithm, and the fit there."""
    basis = basis_of(fixed)
    rows = packed(structure, source, basis)
    modes: Any = None

    def model_at(log_theta: float) -> Approximation:
        family = family_at(math.exp(min(max(log_theta, LEAST), LARGEST)))
        model = deviance_of(structure, rows, basis, family, nodes)
        if modes is not None:
            model.modes = modes
        model.tighten()
        return model

    def value(z: np.ndarray) -> tuple[float, np.ndarray]:
        """The deviance of (gamma, theta of Lambda, log theta); by log theta by differences of order four."""
        nonlocal modes
        model = model_at(z[-1])
        d, g = model.value(z[:-1])
        if not np.isfinite(d):
            return np.inf, np.zeros_like(z)
        modes = model.modes
        h = 2e-3
        around = [model_at(z[-1] + k * h).value(z[:-1])[0] for k in (-2, -1, 1, 2)]
        slope = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * h)
        return d, np.append(g, slope)

    first = searched(model_at(FIRST), np.append(np.zeros(len(basis.kept)), first_theta(structure, start)))
    z = np.append(first.x, FIRST)
    B = np.zeros((len(z),) * 2)
    B[:-1, :-1] = first.hessian
    B[-1, -1] = max(1.0, abs(hessian(value, z, np.array([len(z) - 1]), 1e-2)[0, -1]))
    found = minimum(value, z, B, longest=3.0, step=STEP)
    log_theta = float(found.x[-1])
    model = model_at(log_theta)
    if log_theta > LARGEST - 1.0:
        give_warning(
            "theta has no finite estimate: the counts vary no more than Poisson ones given the random effects, and "
            "glmer(family='poisson') says the same with one parameter less",
            ConvergenceWarning,
        )
    own = replace(found, x=found.x[:-1], gradient=found.gradient[:-1], hessian=found.hessian[:-1, :-1])
    own = settled(model.value, structure, own, NOTHING)
    values, vectors = np.linalg.eigh(found.hessian)
    inverse = (vectors / np.where(values > 1e-12 * values[-1], values, np.inf)) @ vectors.T
    result = result_of(model, own, fixed, max(1, nodes))
    return math.exp(log_theta), math.sqrt(max(0.0, 2.0 * inverse[-1, -1])), result
