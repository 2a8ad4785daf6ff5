"""Profile likelihood intervals of a model of several linear predictors, solved to full digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...engine.likelihood.newton import NewtonControl, Solved, maximum
from ...errors import ConvergenceWarning, FitError, give_warning
from ..distributions import quantile

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric

TOLERANCE = 1e-8  # of the signed root of the statistic
MOST_TRIALS = 40
NEAR = 5.0  # standard errors over which the other parameters are taken to move in a straight line
FURTHEST = 1e4  # standard errors from the estimate: beyond, the profile is taken as level


@dataclass
class Profiled:
    """The profile of one parameter: the maximum over the others at each of its values."""

    fit: Parametric
    place: int
    points: dict[float, Solved] = field(default_factory=dict)

    def __post_init__(self) -> None:
        solved = self.fit.result.solved
        self.estimate = float(solved.parameters[self.place])
        self.error = math.sqrt(float(solved.covariance[self.place, self.place]))
        self.best = solved.loglik
        # how the others move with this one, at the estimate
        self.along = solved.covariance[:, self.place] / solved.covariance[self.place, self.place]
        self.held = np.zeros(len(solved.parameters), dtype=bool)
        self.held[self.place] = True

    def at(self, value: float) -> Solved:
        """The maximum with the parameter held at a value, from the nearest point that is known."""
        if value not in self.points:
            near = min(self.points, key=lambda known: abs(known - value), default=self.estimate)
            base = self.points[near].parameters if near in self.points else self.fit.result.solved.parameters
            starts = [np.where(self.held, value, base)]
            if (
                abs(value - near) <= NEAR * self.error
            ):  # further away the straight line along may lead anywhere
                along = base + np.nan_to_num(self.along) * (value - near)
                starts.insert(0, np.where(self.held, value, along))
            for k, start in enumerate(starts):
                try:
                    found = maximum(
                        self.fit.rows.source,
                        self.fit.likelihood,
                        self.fit.result.layout,
                        start,
                        NewtonControl(tolerance=1e-12),
                        self.held,
                    )
                    break
                except FitError:
                    if k == len(starts) - 1:
                        raise
            self.points[value] = found
        return self.points[value]

    def root_of(self, value: float) -> tuple[float, float]:
        """|z| of the statistic 2 (best - profile), and its derivative by the value."""
        found = self.at(value)
        statistic = 2.0 * (self.best - found.loglik)
        if statistic < -1e-6 * (1.0 + abs(self.best)):
            give_warning(
                "profiling has found a better solution, so original fit had not converged: fit again from other "
                "starting values",
                ConvergenceWarning,
            )
        z = math.sqrt(max(statistic, 0.0))
        slope = -float(found.score[self.place]) / z if z > 0 else 1.0 / self.error
        return z, slope

    def limit(self, cutoff: float, sign: float) -> float:
        """Where |z| is the cutoff, on one side; infinite where the profile levels out below it."""
        inside, outside = self.estimate, sign * math.inf
        value = self.estimate + sign * cutoff * self.error
        for _ in range(MOST_TRIALS):
            try:
                z, slope = self.root_of(value)
            except FitError:
                outside = value
                value = (inside + value) / 2
                continue
            if abs(z - cutoff) <= TOLERANCE:
                return value
            inside, outside = (value, outside) if z < cutoff else (inside, value)
            if math.isinf(outside) and abs(value - self.estimate) > FURTHEST * self.error:
                return sign * math.inf
            step = (cutoff - z) / slope if slope * sign > 0 else math.inf
            tried = value + step
            if math.isinf(outside):
                reach = max(abs(inside - self.estimate), self.error)
                value = tried if 0 < sign * (tried - inside) <= 3 * reach else inside + 2 * sign * reach
            else:
                low, high = min(inside, outside), max(inside, outside)
                value = tried if low < tried < high else (inside + outside) / 2
                if high - low <= 1e-12 * max(abs(inside), self.error):
                    break
        return value if math.isfinite(outside) else outside


def profile_limits(fit: Parametric, which: Sequence[int], level: float) -> dict[int, tuple[float, float]]:
    """Limits of the coefficients `which` (positions among all); those without an estimate are left out."""
    cutoff = float(quantile((1 + level) / 2, math.inf))
    aliased = np.concatenate([fit.aliased, np.zeros(int(fit.result.constants.sum()), dtype=bool)])
    kept = np.cumsum(~aliased) - 1
    out: dict[int, tuple[float, float]] = {}
    for j in which:
        if aliased[j] or not np.isfinite(fit.joint_covariance[kept[j], kept[j]]):
            continue
        curve = Profiled(fit, int(kept[j]))
        out[j] = curve.limit(cutoff, -1.0), curve.limit(cutoff, 1.0)
    return out
