"""Likelihood intervals of coefficients with theta estimated anew at each value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from ...engine.counted import Counts, counts_of
from ...engine.theta_likelihood import theta_at
from ...errors import ConvergenceWarning, FitError, give_warning
from ...runtime.tasks import one_team
from .constrained import OutsideError, Point, Surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...families import Family
    from ..terms.theta_anova import WithTheta

# A limit is found where the signed root is so near its quantile; theta has settled where its logarithm moves by less
# (what is left of -2 log-likelihood is the square of that).
Z_TOLERANCE, SETTLED = 1e-7, 1e-6
MOST_TRIALS, MOST_TURNS = 60, 100
# Standard errors from the estimate where the search for a limit ends: the profile is level.
FURTHEST = 200.0


@dataclass(frozen=True)
class Held:
    """The best fit with one coefficient held: -2 log-likelihood, its slope by that coefficient, coefficients, theta.

    `tangent` is how the coefficients follow the held one; `stalled`: they met the edge of those that give valid means.
    """

    minus2: float
    slope: float
    beta: np.ndarray
    theta: float
    tangent: np.ndarray
    stalled: bool = False


@dataclass
class JointProfile:
    """-2 log-likelihood as a function of one coefficient, all else at its best."""

    surface: Surface
    family: Callable[[float], Family]
    counts: Counts
    column: int
    best: Held
    se: float

    @property
    def estimate(self) -> float:
        return float(self.best.beta[self.column])

    def at(self, value: float, near: Held) -> Held:
        """The fit there, by turns of coefficients and theta, from a fit near by."""
        theta = near.theta
        point = self.settled(value, near)
        for _ in range(MOST_TURNS):
            surface = replace(self.surface, family=self.family(theta))
            point = surface.settle(point.beta, self.column)
            beta, last = point.beta, theta
            theta, here = theta_at(surface.source, surface.family, beta, self.counts, theta)
            if abs(math.log(theta / last)) < SETTLED:
                break
        return Held(here.minus2, point.slope, beta, theta, point.tangent, point.stalled)

    def settled(self, value: float, near: Held) -> Point:
        """The fit at the theta near by, from the first start that is valid; OutsideError where none is."""
        surface = replace(self.surface, family=self.family(near.theta))
        here = float(near.beta[self.column])
        starts = [near.beta + (value - here) * near.tangent, near.beta.copy()]
        if value * here > 0:
            starts.append(near.beta * (value / here))
        for start in starts:
            start[self.column] = value
            with suppress(OutsideError):
                return surface.settle(start, self.column)
        raise OutsideError

    def root(self, cutoff: float) -> float:
        """Where the signed root of the change is `cutoff`; infinite where the profile levels out below."""
        sign, target = math.copysign(1.0, cutoff), abs(cutoff)
        inside, outside = self.estimate, math.inf * sign
        near, value = self.best, self.estimate + cutoff * self.se
        for _ in range(MOST_TRIALS):
            newton = math.nan
            try:
                near = self.at(value, near)
            except OutsideError:
                outside = value
            else:
                z = math.sqrt(max(0.0, near.minus2 - self.best.minus2))
                if abs(z - target) <= Z_TOLERANCE:
                    return self.told(value) if near.stalled else value
                inside, outside = (value, outside) if z < target else (inside, value)
                if z > 0 and near.slope * sign > 0:
                    newton = value + sign * (target - z) * 2 * z / abs(near.slope)
            if math.isinf(outside):
                if abs(inside - self.estimate) > FURTHEST * self.se:
                    return sign * math.inf
                reach = 2 * max(abs(inside - self.estimate), self.se)
                value = newton if 0 < sign * (newton - inside) <= reach else inside + sign * reach
            else:
                between = min(inside, outside) < newton < max(inside, outside)
                value = newton if between else (inside + outside) / 2
                if abs(outside - inside) <= 1e-10 * self.se:
                    break
        return self.told(inside)

    def told(self, value: float) -> float:
        """The limit, and a warning that it is where the profile met an edge."""
        give_warning(
            "the joint profile ends at the edge of the coefficients that give valid fitted values: the limit there is "
            "where it ends, and may be too near",
            ConvergenceWarning,
        )
        return value


@one_team()
def joint_limits(
    fit: WithTheta, family: Callable[[float], Family], which: Sequence[int], level: float
) -> dict[int, tuple[float, float]]:
    """Limits of the coefficients `which` that are not aliased, by the likelihood maximised over all else and theta."""
    tail = float(ndtri((1 + level) / 2))
    way = "gram" if fit.method == "cholesky" else "qr"
    source = fit.rows.source
    surface = Surface(source, fit.family, ~fit.aliased, way, 1.0)
    beta = np.nan_to_num(fit.result.coefficients)
    counts = counts_of(source)
    theta, here = theta_at(source, fit.family, beta, counts, fit.theta)
    local = surface.at(beta)
    if local is None:
        raise FitError("the fitted values of the model are not valid: there is no point to profile from")
    errors = np.full(len(beta), np.nan)
    errors[~fit.aliased] = np.sqrt(np.diag(fit.result.cov_unscaled))
    out = {}
    for j in dict.fromkeys(which):
        if math.isfinite(errors[j]):
            free = ~fit.aliased
            free[j] = False
            best = Held(here.minus2, 0.0, beta, theta, local.step(free, j)[2].tangent)
            profile = JointProfile(surface, family, counts, j, best, float(errors[j]))
            out[j] = profile.root(-tail), profile.root(tail)
    return out
