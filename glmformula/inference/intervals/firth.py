"""Penalised profile-likelihood intervals of a bias-reduced fit (Heinze & Schemper 2002; R's logistf)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from ...engine.firth import Adjusted, Firth
from ...engine.problem import Problem, is_small
from ...errors import FitError
from .constrained import is_canonical

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

Z_TOLERANCE = 1e-9
MOST_STEPS = 100


def firth_limits(fit: SingleIndex, which: Sequence[int], level: float) -> dict[int, tuple[float, float]]:
    """Where the penalised likelihood, profiled, falls by the square of the normal quantile; not the aliased ones.

    The penalised log-likelihood is  l(beta) + log |X'WX| / 2,  maximised over the other coefficients for each
    value of one; the determinant is that of all columns throughout, as in logistf.

    Raises
    ------
    FitError
        The link is not canonical, or the dispersion not known: then nothing is maximised by the estimate. Or a
        profile cannot be followed.
    """
    if fit.family.fixed_dispersion is None or not is_canonical(fit.family):
        raise FitError(
            "a bias-reduced fit has a penalised likelihood to profile only with the canonical link and a known "
            f"dispersion (binomial logit, Poisson log); this one is {fit.family.name} with link "
            f"{fit.family.link.name}: use confint(method='wald')"
        )
    source, p = fit.rows.source, len(fit.column_names)
    way = "qr" if is_small(source, p) else "gram"
    firth = Firth(Problem(source, fit.family, p, fit.terms.intercept, fit.control, way))
    top = firth.adjusted(np.nan_to_num(fit.result.coefficients), None)
    if top is None:
        raise FitError("the fitted values of the model are not valid: there is no point to profile from")
    errors = np.full(p, np.nan)
    errors[~fit.aliased] = np.sqrt(np.diag(fit.result.cov_unscaled))
    tail = float(ndtri((1 + level) / 2))
    return {
        j: (limit(firth, top, j, float(errors[j]), -tail), limit(firth, top, j, float(errors[j]), tail))
        for j in which
        if math.isfinite(errors[j])
    }


def limit(firth: Firth, top: Adjusted, column: int, se: float, cutoff: float) -> float:
    """The value of a coefficient at which the signed root of the statistic is `cutoff`."""
    estimate, best, sign = float(top.beta[column]), top.penalised(), math.copysign(1.0, cutoff)
    free = np.ones(len(top.beta), bool)
    free[column] = False
    inside, outside, nearest = estimate, math.inf, top
    z_inside, z_outside = 0.0, math.nan
    value = estimate + cutoff * se
    for _ in range(MOST_STEPS):
        point = held(firth, nearest, column, value, free)
        z = math.sqrt(max(0.0, point.penalised() - best))
        if abs(z - abs(cutoff)) < Z_TOLERANCE:
            return value
        if z < abs(cutoff):
            inside, z_inside, nearest = value, z, point
        else:
            outside, z_outside = value, z
        if abs(outside - inside) <= 1e-13 * max(abs(inside), se):
            return value
        if math.isinf(outside):
            value = inside + sign * max(se, abs(inside - estimate))
        else:  # z is nearly a line in the coefficient
            share = (abs(cutoff) - z_inside) / (z_outside - z_inside)
            value = inside + min(max(share, 0.02), 0.98) * (outside - inside)
    raise FitError(
        f"the penalised profile of coefficient {column} could not be followed to {cutoff:.4g}; use "
        "confint(method='wald')"
    )


def held(firth: Firth, start: Adjusted, column: int, value: float, free: np.ndarray) -> Adjusted:
    """The best point with a coefficient held at `value`, nearer values first where the way is too long."""
    begin = float(start.beta[column])
    here, parts = start, 1
    while parts <= 64:
        here = start
        for k in range(1, parts + 1):
            beta = here.beta.copy()
            beta[column] = begin + (value - begin) * k / parts
            at = firth.adjusted(beta, here.dispersion, free)
            if at is None:
                break
            here, _, converged = firth.solve(at, free)
            if not converged:
                break
        else:
            return here
        parts *= 4
    raise FitError(f"no bias-reduced fit was found with a coefficient held at {value:.6g}")
