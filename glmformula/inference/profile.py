"""Profile likelihood: the best fit for each value of one coefficient, R's ``profile.glm``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import chdtri, fdtri, ndtri

from ..errors import ConvergenceWarning, FitError
from ..render.cells import matrix
from ..render.report import Block, Rendered
from ..render.table import StatTable
from .constrained import OutsideError, Point, Surface
from .interpolation import inverse_of_spline

if TYPE_CHECKING:
    from ..models.model import GLM

TESTS = ("LRT", "Rao")
BETTER = "profiling has found a better solution, so original fit had not converged"
# R's: a deviance lower than the fit's by less (in units of the dispersion) counts as the same.
SAME = 1e-3
MAX_PARTS = 10  # of a step, where one leads out of the valid region
Z_TOLERANCE = 1e-8
# Neighbouring points of the grid further apart than this many of R's intended steps in z: no basis for a spline.
COARSE = 2.0


@dataclass
class Curve:
    """The profile of one coefficient, its points computed as they are asked for."""

    surface: Surface
    column: int
    estimate: float
    se: float
    top: Point  # the fit itself
    best: float  # the deviance that others are compared with
    points: dict[float, Point] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.points[self.estimate] = self.top

    def at(self, value: float) -> Point:
        """The fit with the coefficient held at `value`; OutsideError where there is none."""
        found = self.points.get(value)
        if found is None:
            found = self.points[value] = self.reach(value, MAX_PARTS)
            if (found.deviance - self.best) / self.surface.dispersion <= -SAME:
                raise FitError(
                    f"{BETTER}: holding coefficient {self.column} at {value:.6g} gives deviance "
                    f"{found.deviance:.6g}, the fit has {self.best:.6g}; fit again with a smaller epsilon, more "
                    "iterations (maxit) or other starting values"
                )
        return found

    def reach(self, value: float, parts: int) -> Point:
        try:
            return self.surface.settle(self.start(value), self.column)
        except OutsideError:
            nearest = min(self.points, key=lambda b: abs(b - value))
            middle = (nearest + value) / 2
            if parts == 0 or middle in (nearest, value):
                raise
            self.points[middle] = self.reach(middle, parts - 1)
            return self.reach(value, parts - 1)

    def start(self, value: float) -> np.ndarray:
        """Coefficients extrapolated from the nearest points: cubic, with the nearest one's tangent."""
        nodes = sorted(self.points, key=lambda b: abs(b - value))[:3]
        first = self.points[nodes[0]]
        beta = first.beta + (value - nodes[0]) * first.tangent
        if len(nodes) > 1 and abs(value - nodes[0]) <= 1.5 * abs(nodes[1] - nodes[0]):
            beta = hermite(value, nodes, [self.points[b].beta for b in nodes], first.tangent)
        beta[self.column] = value
        return beta

    def z(self, value: float, test: str = "LRT") -> float:
        """Signed root of the statistic of ``coefficient = value``, negative below the estimate."""
        point = self.at(value)
        statistic = point.score if test == "Rao" else point.deviance - self.best
        return math.copysign(math.sqrt(max(0.0, statistic) / self.surface.dispersion), value - self.estimate)

    def grid(self, zmax: float, step: float, maxsteps: int, test: str) -> np.ndarray:
        """(k, 2) values and z of R's steps, in order of z: outward from the estimate until z passes `zmax`."""
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

    def root(self, cutoff: float) -> tuple[float, bool]:
        """Where z is `cutoff`, and whether it is so there: False where the valid region ends before.

        Infinite where the profile levels out below the cut-off. Newton's method on the signed root, which is
        nearly a line, inside a bracket.
        """
        sign = math.copysign(1.0, cutoff)
        target, inside, outside = abs(cutoff), self.estimate, math.inf * sign
        value, level = self.guess(cutoff), False
        for _ in range(200):
            try:
                point = self.at(value)
                z = abs(self.z(value))
                newton = math.nan
                if z > 0 and point.slope * sign > 0:
                    newton = value + (target - z) * 2 * z * self.surface.dispersion / point.slope
                if abs(z - target) <= Z_TOLERANCE:
                    return value, True
                if z < target and math.isinf(outside) and self.is_level(value, point, sign):
                    return sign * math.inf, True
                inside, outside = (value, outside) if z < target else (inside, value)
                level = z < target
            except OutsideError:
                outside, newton = value, math.nan
            if abs(outside - inside) <= 1e-12 * max(abs(inside), 1e-3 * self.se):
                return inside, not level or abs(self.z(inside) - cutoff) < 1e-4
            value = newton
            if math.isinf(outside):
                reach = abs(inside - self.estimate)
                if not (sign * (value - inside) > 0 and abs(value - inside) <= 2 * max(reach, self.se)):
                    value = inside + sign * max(2 * reach, self.se)
            elif not min(inside, outside) < value < max(inside, outside):
                value = (inside + outside) / 2
        return value, False

    def guess(self, cutoff: float) -> float:
        """A first value for `root`: Wald's, unless known points on that side say better."""
        wald = self.estimate + cutoff * self.se
        side = [(abs(abs(self.z(b)) - abs(cutoff)), b) for b in self.points if (b - self.estimate) * cutoff > 0]
        return min(side)[1] if side else wald

    def is_level(self, value: float, point: Point, sign: float) -> bool:
        """Whether going as far again would gain nothing: the profile has an asymptote below the cut-off."""
        way = abs(value - self.estimate)
        return way > 3 * self.se and point.slope * sign * way <= 1e-6 * self.surface.dispersion


def hermite(value: float, nodes: Sequence[float], betas: Sequence[np.ndarray], tangent: np.ndarray) -> np.ndarray:
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


def curves_of(fit: GLM, which: Sequence[int]) -> dict[int, Curve]:
    """The profiles of the coefficients `which`, without a point yet but the fit; aliased ones are left out."""
    surface = Surface.of(fit)
    beta = np.nan_to_num(fit.result.coefficients, nan=0.0)
    kept = np.flatnonzero(~fit.aliased)
    errors = np.full(len(beta), np.nan)
    errors[kept] = np.sqrt(fit.dispersion * np.diag(fit.result.cov_unscaled))
    which = [j for j in which if j in kept]
    if not which or not np.isfinite(errors[which]).all():
        return {}
    best = fit.deviance
    at_fit = surface.at(beta)
    if at_fit is None:
        raise FitError("the fitted values of the model are not valid: there is no point to profile from")
    settled = surface.settle(beta, None)
    if (settled.deviance - best) / surface.dispersion <= -SAME:
        warnings.warn(
            f"{BETTER}: the profile is taken about the better one, deviance {settled.deviance:.7g} in place of "
            f"{best:.7g}; fit again with a smaller epsilon or more iterations (maxit)",
            ConvergenceWarning,
            stacklevel=5,
        )
        beta, best = settled.beta, settled.deviance
        at_fit = surface.at(beta) or at_fit
    out = {}
    for j in which:
        free = surface.free.copy()
        free[j] = False
        _, _, point = at_fit.step(free, j)
        assert point is not None
        top = Point(beta, best, 0.0, point.tangent, 0.0)
        out[j] = Curve(surface, j, float(beta[j]), float(errors[j]), top, best)
    return out


@dataclass(frozen=True, repr=False, eq=False)
class Profile(Rendered):
    """Likelihood profiles of some coefficients, R's object of class ``profile.glm``.

    Attributes
    ----------
    fit : GLM
    kind : str
        ``"z"`` or, where R takes the cut-off from F, ``"tau"``: the name of the signed root of the statistic.
    test : {"LRT", "Rao"}
    values : dict of name to DataFrame (k, 1 + p)
        For each coefficient: z (or tau) and all coefficients at that point, in order of z.
    """

    fit: GLM
    kind: str
    test: str
    alpha: float
    maxsteps: int
    del_: float
    values: Mapping[str, pd.DataFrame]
    curves: Mapping[int, Curve] = field(repr=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.values[name]

    @property
    def frame(self) -> pd.DataFrame:
        """All profiles under each other: ``parameter``, z (or tau), then every coefficient."""
        columns = ["parameter", self.kind, *self.fit.column_names]
        if not self.values:
            return pd.DataFrame(columns=columns)
        names = [name for name, part in self.values.items() for _ in range(len(part))]
        out = pd.concat(list(self.values.values()), ignore_index=True)
        out.insert(0, "parameter", names, allow_duplicates=True)
        return out

    def confint(self, parm: Any = None, level: float = 0.95) -> StatTable:
        """Intervals read off these profiles, R's ``confint(profile(fit))``."""
        from .confint import limits_table, positions

        names = list(self.fit.column_names)
        which = positions(self.fit, [n for n in names if n in self.values] if parm is None else parm)
        limits = np.array([spline_limits(self, j, level) for j in which]).reshape(-1, 2)
        return limits_table(self.fit, which, level, limits, "profile")

    def blocks(self) -> Sequence[Block]:
        out: list[Block] = []
        for name, part in self.values.items():
            columns = [part[c].tolist() for c in part.columns]
            out += [f"${name}\n", matrix(columns, list(part.columns), [str(k + 1) for k in range(len(part))]), "\n"]
        return out


def profile(
    fit: GLM,
    which: Any = None,
    alpha: float = 0.01,
    maxsteps: int = 10,
    del_: float | None = None,
    test: str = "LRT",
) -> Profile:
    """Profile the likelihood of a fit, R's ``profile.glm``.

    For values of one coefficient on a grid about the estimate the others are fitted again; the signed root of
    the change in deviance over the dispersion is recorded (Venables & Ripley 2002, section 8.4).

    Parameters
    ----------
    which : str, int or list of them, optional
        Coefficients by name or position (from 0); default all.
    alpha : float
        The grid goes on until z passes its two-sided quantile (chi-squared for binomial and Poisson, else F).
    maxsteps : int
        At most ``maxsteps - 1`` steps to either side.
    del_ : float, optional
        Length of a step in standard errors; default: a fifth of that quantile.
    test : {"LRT", "Rao"}
        The statistic: change in deviance, or the score.

    Returns
    -------
    Profile

    Raises
    ------
    FitError
        R's "profiling has found a better solution", where the deviance has another, lower minimum.
    DataError
        The model holds no rows.

    Warns
    -----
    ConvergenceWarning
        The fit was not at the minimum of its deviance; the profile is taken about that minimum. R: an error.

    Notes
    -----
    Each point starts from its neighbours, and ends where the deviance is exact to about 1e-8 of the dispersion.
    R stops by a relative rule (1e-8 of the deviance), so its z is coarser where the deviance is large. Where the
    refits leave the region of valid coefficients the side ends; R gives up. The arguments of the grid are R's
    (`del_` is ``del``).
    """
    from .confint import positions

    if test not in TESTS:
        raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}; got {test!r}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha should be between 0 and 1; got {alpha!r}")
    discrete = fit.family.name in ("binomial", "poisson")
    zmax = largest_z(fit, alpha, discrete)
    step = zmax / 5 if del_ is None else float(del_)
    kind = "z" if discrete else "tau"
    curves = curves_of(fit, list(dict.fromkeys(positions(fit, which).tolist()))) if math.isfinite(zmax) else {}
    values = {}
    for j, curve in curves.items():
        grid = curve.grid(zmax, step, maxsteps, test)
        table = np.array([curve.at(b).beta for b in grid[:, 0]])
        table[:, fit.aliased] = np.nan
        frame = pd.DataFrame(table, columns=list(fit.column_names))
        frame.insert(0, kind, grid[:, 1], allow_duplicates=True)
        values[fit.column_names[j]] = frame
    return Profile(fit, kind, test, alpha, maxsteps, step, values, curves)


def largest_z(fit: GLM, alpha: float, discrete: bool) -> float:
    """R's zmax; NaN where no degrees of freedom are left."""
    df = fit.nobs_rows - len(fit.column_names)
    if not discrete and df <= 0:
        return math.nan
    return math.sqrt(chdtri(1, alpha) if discrete else fdtri(1, df, 1 - alpha))


def spline_limits(profile: Profile, column: int, level: float) -> tuple[float, float]:
    """R's limits: where the spline of z through the grid crosses the normal quantiles.

    Where the grid ends before the quantile, or is too coarse about it for a spline to mean anything, the root
    itself is solved: R gives NA, or a number off by much. Infinite where the profile never gets there.
    """
    curve = profile.curves.get(column)
    if curve is None:
        return math.nan, math.nan
    part = profile.values[profile.fit.column_names[column]]
    z = part.iloc[:, 0].to_numpy()
    b = part.iloc[:, 1 + column].to_numpy()
    tail = float(ndtri((1 + level) / 2))
    found = inverse_of_spline(b, z, np.array([-tail, tail]))
    return (
        lower_or_upper(profile, curve, z, found[0], -tail),
        lower_or_upper(profile, curve, z, found[1], tail),
    )


def lower_or_upper(profile: Profile, curve: Curve, z: np.ndarray, limit: float, cutoff: float) -> float:
    ordered = np.sort(z)
    above = int(np.searchsorted(ordered, cutoff))
    covered = 0 < above < len(ordered)
    fine = covered and ordered[above] - ordered[above - 1] <= COARSE * profile.del_
    if (fine and math.isfinite(limit)) or profile.test != "LRT":
        return limit
    return exact_limit(curve, cutoff, profile.fit.column_names[curve.column])


def exact_limit(curve: Curve, cutoff: float, name: str) -> float:
    """The root of the profile; a warning where the valid region ends before it."""
    value, crossed = curve.root(cutoff)
    if not crossed:
        warnings.warn(
            f"the profile of '{name}' ends at {value:.6g} before it reaches {cutoff:.4g}: beyond that no "
            "coefficients give valid fitted values; the end of the profile is returned as the limit",
            ConvergenceWarning,
            stacklevel=6,
        )
    return value


def exact_limits(fit: GLM, which: Sequence[int], level: float) -> np.ndarray:
    """(k, 2) roots of the profiles at the normal quantiles."""
    tail = float(ndtri((1 + level) / 2))
    curves = curves_of(fit, list(dict.fromkeys(which)))
    rows = {
        j: [exact_limit(curve, cutoff, fit.column_names[j]) for cutoff in (-tail, tail)]
        for j, curve in curves.items()
    }
    return np.array([rows.get(j, [math.nan, math.nan]) for j in which]).reshape(-1, 2)
