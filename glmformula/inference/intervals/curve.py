"""The profile of one coefficient: its points as they are asked for, R's grid through them, and its roots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import add
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ...errors import ConvergenceWarning, FitError, give_warning
from ...runtime.tasks import one_team
from .constrained import OutsideError, Point, Surface

if TYPE_CHECKING:
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block

T = TypeVar("T")

BETTER = "profiling has found a better solution, so original fit had not converged"
REMEDY = "fit again with a smaller epsilon, more iterations (maxit) or other starting values"
# R's: a deviance lower than the fit's by less (in units of the dispersion) counts as the same.
SAME = 1e-3
RESTARTS = 5
MAX_PARTS = 10  # of a step, where one leads out of the valid region
MAX_TRIALS = 200
Z_TOLERANCE = 1e-8
RESIDUALS_ARE_ZERO = 1e-20  # deviance relative to that of responses about their mean


class BetterError(FitError):
    """A constrained fit that is better than the fit itself: `point` has its coefficients."""

    point: Point


@dataclass
class Curve:
    """The profile of one coefficient, its points computed as they are asked for."""

    surface: Surface
    column: int
    estimate: float
    se: float
    top: Point  # the fit itself
    best: float  # the deviance that others are compared with
    at_edge: bool = False  # whether a limit was read where the valid coefficients end
    points: dict[float, Point] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.points[self.estimate] = self.top

    def at(self, value: float) -> Point:
        """The fit with the coefficient held at `value`; OutsideError where there is none."""
        found = self.points.get(value)
        if found is None:
            found = self.points[value] = self.reach(value, MAX_PARTS)
            if (found.deviance - self.best) / self.surface.dispersion <= -SAME:
                better = BetterError(
                    f"{BETTER}: it has deviance {found.deviance:.7g}, the fit {self.best:.7g}; {REMEDY}"
                )
                better.point = found
                raise better
        return found

    def reach(self, value: float, parts: int) -> Point:
        """The fit there from the first start that leads to one; by way of the middle if none is valid."""
        stalled: Point | None = None
        for start in self.starts(value):
            try:
                found = self.surface.settle(start, self.column)
            except OutsideError:
                continue
            if not found.stalled:
                return found
            if stalled is None or found.deviance < stalled.deviance:
                stalled = found
        if stalled is not None:
            return stalled
        nearest = min(self.points, key=lambda b: abs(b - value))
        middle = (nearest + value) / 2
        if parts == 0 or middle in (nearest, value):
            raise OutsideError
        self.points[middle] = self.reach(middle, parts - 1)
        return self.reach(value, parts - 1)

    def starts(self, value: float) -> Iterator[np.ndarray]:
        """Coefficients extrapolated from the nearest points; theirs as they are; theirs in proportion."""
        known = [b for b, point in self.points.items() if not point.stalled or b == self.estimate]
        nodes = sorted(known, key=lambda b: abs(b - value))[:3]
        near, first = nodes[0], self.points[nodes[0]]
        beta = first.beta + (value - near) * first.tangent
        if len(nodes) > 1 and abs(value - near) <= 1.5 * abs(nodes[1] - near):
            beta = hermite(value, nodes, [self.points[b].beta for b in nodes], first.tangent)
        for start in (beta, first.beta.copy(), first.beta * (value / near) if value * near > 0 else None):
            if start is not None and np.isfinite(start).all():
                start[self.column] = value
                yield start

    def z(self, value: float, test: str = "LRT") -> float:
        """Signed root of the statistic of ``coefficient = value``, negative below the estimate."""
        point = self.at(value)
        statistic = point.score if test == "Rao" else point.deviance - self.best
        return math.copysign(math.sqrt(max(0.0, statistic) / self.surface.dispersion), value - self.estimate)

    def grid(self, zmax: float, step: float, maxsteps: int, test: str) -> np.ndarray:
        """(k, 2) values and z in order of z: R's steps outward from the estimate until z passes `zmax`."""
        rows = [(self.estimate, 0.0)]
        for sign in (-1, 1):
            for k in range(1, maxsteps):
                value = self.estimate + sign * k * step * self.se
                try:
                    z = self.z(value, test)
                except OutsideError:
                    break
                rows.append((value, sign * abs(z)))
                if not abs(z) < zmax:
                    break
        array = np.array(rows)
        return array[np.argsort(array[:, 1], kind="stable")]

    def stalls(self, limit: float) -> bool:
        """Whether a point between the estimate and `limit` stopped at the edge of the valid coefficients."""
        low, high = sorted((self.estimate, limit))
        return any(point.stalled for b, point in self.points.items() if low <= b <= high)

    def root(self, cutoff: float) -> float:
        """Where z is `cutoff`; infinite where the profile levels out below it.

        Where the valid coefficients end before, the end (and `at_edge` is set). Newton's method on the signed
        root, which is nearly a line, inside a bracket.
        """
        sign = math.copysign(1.0, cutoff)
        target, inside, outside = abs(cutoff), self.estimate, math.inf * sign
        value, miss = self.guess(cutoff), math.inf
        for _ in range(MAX_TRIALS):
            newton, before = math.nan, miss
            try:
                point, z = self.at(value), abs(self.z(value))
            except OutsideError:
                outside = value
            else:
                miss = abs(z - target)
                if miss <= Z_TOLERANCE:
                    return value
                if z < target and math.isinf(outside) and self.is_level(value, point, sign):
                    return sign * math.inf
                if z > 0 and point.slope * sign > 0:
                    newton = value + sign * (target - z) * 2 * z * self.surface.dispersion / abs(point.slope)
                inside, outside = (value, outside) if z < target else (inside, value)
            if abs(outside - inside) <= 1e-12 * max(abs(inside), 1e-3 * self.se):
                break
            value = newton
            if math.isinf(outside):
                reach = max(abs(inside - self.estimate), self.se)
                if not 0 < sign * (value - inside) <= 2 * reach:
                    value = inside + 2 * sign * reach
            elif not (min(inside, outside) < value < max(inside, outside) and miss < before / 2):
                value = (inside + outside) / 2
        self.at_edge = abs(abs(self.z(inside)) - target) > 1e-4
        return inside

    def guess(self, cutoff: float) -> float:
        """A first value for `root`: Wald's, unless known points on that side say better."""
        wald = self.estimate + cutoff * self.se
        side = [
            (abs(abs(self.z(b)) - abs(cutoff)), b) for b in self.points if (b - self.estimate) * cutoff > 0
        ]
        return min(side)[1] if side else wald

    def is_level(self, value: float, point: Point, sign: float) -> bool:
        """Whether going as far again would gain nothing: the profile has an asymptote below the cut-off."""
        way = abs(value - self.estimate)
        return way > 3 * self.se and point.slope * sign * way <= 1e-6 * self.surface.dispersion


def hermite(
    value: float, nodes: Sequence[float], betas: Sequence[np.ndarray], tangent: np.ndarray
) -> np.ndarray:
    """Newton's interpolation through the nodes, the first with its tangent."""
    xs = [nodes[0], *nodes]
    rows = [betas[0], *betas]
    table = [*rows]
    out, product = betas[0].copy(), 1.0
    for order in range(1, len(xs)):
        table = [
            tangent if xs[i + order] == xs[i] else (table[i + 1] - table[i]) / (xs[i + order] - xs[i])
            for i in range(len(table) - 1)
        ]
        product *= value - xs[order - 1]
        out += product * table[0]
    return out


def of_each(fit: SingleIndex, which: Sequence[int], question: Callable[[Curve], T]) -> dict[int, T]:
    """`question` of the profiles of the coefficients `which`; aliased ones are left out.

    Where a better solution turns up the profiles are taken about that, with a warning (R: an error).
    """
    surface = Surface.of(fit)
    errors = np.full(len(surface.free), np.nan)
    errors[surface.free] = np.sqrt(fit.dispersion * np.diag(fit.result.cov_unscaled))
    which = [j for j in dict.fromkeys(which) if np.isfinite(errors[j])]
    if not which:
        return {}
    if fit.family.fixed_dispersion is None and fit.deviance <= RESIDUALS_ARE_ZERO * whole_deviance(fit):
        raise FitError(
            f"the residuals are zero (deviance {fit.deviance:.2g}): the dispersion is round-off, so would "
            "a profile be; method='wald' shows its size"
        )
    beta = np.nan_to_num(fit.result.coefficients, nan=0.0)
    best = Point(beta, fit.deviance, 0.0, np.zeros_like(beta), 0.0)
    found = surface.settle(beta, None)
    for _ in range(RESTARTS):
        if (found.deviance - best.deviance) / surface.dispersion <= -SAME:
            best = found
        try:
            with one_team():
                answers = {j: question(curve) for j, curve in curves(surface, best, which, errors).items()}
        except BetterError as better:
            found, error = surface.settle(better.point.beta, None), better
            continue
        if best.deviance < fit.deviance:
            give_warning(
                f"{BETTER}: the profile is taken about the better one, deviance {best.deviance:.7g} in place "
                f"of {fit.deviance:.7g}; {REMEDY}",
                ConvergenceWarning,
            )
        return answers
    raise error


def whole_deviance(fit: SingleIndex) -> float:
    """The null deviance; where it is infinite, as of mu = 0 without an intercept, that about the mean response."""
    if math.isfinite(fit.null_deviance):
        return fit.null_deviance
    source = fit.rows.source
    weight, total = source.map_reduce(_weight_and_total, np.add)
    deviance: float = source.map_reduce(partial(_deviance_about, fit.family, float(total / weight)), add)
    return deviance


def _weight_and_total(block: Block) -> np.ndarray:
    w = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return np.array([w.sum(), w @ block.y])


def _deviance_about(family: Family, mean: float, block: Block) -> float:
    each = family.unit_deviance(block.y, np.full(len(block.y), mean))
    return float(each.sum() if block.prior_weights is None else block.prior_weights @ each)


def curves(surface: Surface, best: Point, which: Sequence[int], errors: np.ndarray) -> dict[int, Curve]:
    """The profiles without a point yet but the fit."""
    here = surface.at(best.beta)
    if here is None:
        raise FitError("the fitted values of the model are not valid: there is no point to profile from")
    out = {}
    for j in which:
        free = surface.free.copy()
        free[j] = False
        _, _, point = here.step(free, j)
        top = replace(best, tangent=point.tangent)
        out[j] = Curve(surface, j, float(best.beta[j]), float(errors[j]), top, best.deviance)
    return out
