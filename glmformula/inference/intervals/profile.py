"""Profile likelihood: the best fit for each value of one coefficient, R's ``profile.glm``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import chdtri, fdtri, ndtri

from ...design.selection import place, positions, several, shared
from ...errors import ConvergenceWarning, DataError, choice, give_warning
from ...render.cells import matrix
from ...render.report import Block, Rendered
from ...render.table import StatTable
from .curve import Curve, of_each
from .interpolation import inverse_of_spline
from .limits import limits_table

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

TESTS = ("LRT", "Rao")
# Neighbouring points of the grid further apart than this many of R's intended steps: no basis for a spline.
COARSE = 2.0


@dataclass(frozen=True, repr=False, eq=False)
class Profile(Rendered):
    """Likelihood profiles of some coefficients, R's object of class ``profile.glm``.

    Attributes
    ----------
    fit : GLM
    kind : str
        ``"z"`` or, where R takes the cut-off from F, ``"tau"``: the name of the signed root of the statistic.
    test : {"LRT", "Rao"}
    grids : dict of int to DataFrame (k, 1 + p)
        For each coefficient, by position: z (or tau) and all coefficients at that point, in order of z.
    """

    fit: SingleIndex
    kind: str
    test: str
    alpha: float
    maxsteps: int
    del_: float
    grids: Mapping[int, pd.DataFrame]
    asked: Sequence[int] = field(repr=False)
    curves: Mapping[int, Curve] = field(repr=False)

    @property
    def values(self) -> Mapping[str, pd.DataFrame]:
        """`grids` by name.

        Raises
        ------
        DataError
            Two of them have one name.
        """
        for name, places in shared(self.names).items():
            raise DataError(f"{several(name, [list(self.grids)[k] for k in places])}: take them from grids")
        return dict(zip(self.names, self.grids.values(), strict=True))

    @property
    def names(self) -> list[str]:
        """Of the coefficients that are profiled."""
        return [self.fit.column_names[j] for j in self.grids]

    def __getitem__(self, which: str | int) -> pd.DataFrame:
        """The profile of a coefficient, by name or position."""
        return self.grids[place(which, self.fit.column_names) if isinstance(which, str) else which]

    @property
    def frame(self) -> pd.DataFrame:
        """All profiles under each other: ``parameter``, z (or tau), then every coefficient."""
        columns = ["parameter", self.kind, *self.fit.column_names]
        if not self.grids:
            return pd.DataFrame(columns=columns)
        names = [name for name, part in zip(self.names, self.grids.values()) for _ in range(len(part))]
        out = pd.concat(list(self.grids.values()), ignore_index=True)
        out.insert(0, "parameter", names, allow_duplicates=True)
        return out

    def confint(self, parm: Any = None, level: float = 0.95) -> StatTable:
        """Intervals read off these profiles, link scale; R's ``confint(profile(fit))``.

        Parameters
        ----------
        parm : str, int, list of them or mask, optional
            Of the coefficients that are profiled; default all.
        level : float

        Returns
        -------
        StatTable

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> fit.profile().confint(level=0.9).round(3)
                          5 %   95 %
        (Intercept)    -5.901 -3.396
        overtime_hours  0.057  0.326
        """
        which = positions(self.asked if parm is None else parm, self.fit.column_names)
        limits = {j: self._limits(curve, level) for j, curve in self.curves.items() if j in which}
        warn_of_edges(self.fit, [self.curves[j] for j in limits])
        return limits_table(self.fit, which, level, limits, "profile")

    def _limits(self, curve: Curve, level: float) -> tuple[float, float]:
        """R's limits: where the spline of z through the grid crosses the normal quantiles.

        Where the grid ends before the quantile, or is too coarse about it for a spline to mean anything, the
        root itself is solved: R gives NA there, or a number off by much.
        """
        part = self.grids[curve.column]
        z, b = part.iloc[:, 0].to_numpy(), part.iloc[:, 1 + curve.column].to_numpy()
        tail = float(ndtri((1 + level) / 2))
        low, high = inverse_of_spline(b, z, np.array([-tail, tail]))
        return self._limit(curve, z, float(low), -tail), self._limit(curve, z, float(high), tail)

    def _limit(self, curve: Curve, z: np.ndarray, read: float, cutoff: float) -> float:
        above = int(np.searchsorted(z, cutoff))
        fine = 0 < above < len(z) and z[above] - z[above - 1] <= COARSE * self.del_
        if self.test == "LRT" and not (fine and math.isfinite(read)):
            return curve.root(cutoff)
        curve.at_edge = curve.at_edge or curve.stalls(read)
        return read

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        out: list[Block] = []
        for name, part in zip(self.names, self.grids.values()):
            columns = part.to_numpy().T.tolist()
            out += [
                f"${name}\n",
                matrix(columns, list(part.columns), [str(k + 1) for k in range(len(part))], digits or 7),
                "\n",
            ]
        return out


def profile(
    fit: SingleIndex,
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
    which : str, int, list of them or mask, optional
        Coefficients by name, position (from 0) or a boolean for each; default all.
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
    Each point starts from its neighbours, and ends where the deviance is exact to about 1e-8 of the
    dispersion. R stops by a relative rule (1e-8 of the deviance), so its z is coarser where the deviance is
    large. Where the refits leave the region of valid coefficients the side ends; R gives up. The arguments of
    the grid are R's (`del_` is ``del``).

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> found = fit.profile("overtime_hours", maxsteps=3)
    >>> found["overtime_hours"].round(3)
           z  (Intercept)  overtime_hours
    0 -1.032       -3.863           0.107
    1 -0.516       -4.223           0.149
    2  0.000       -4.594           0.191
    3  0.514       -4.974           0.233
    4  1.026       -5.365           0.275
    """
    choice("test", test, TESTS)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha should be between 0 and 1; got {alpha!r}")
    known = fit.family.fixed_dispersion is not None
    zmax = largest_z(fit, alpha, known)
    step = zmax / 5 if del_ is None else float(del_)
    kind = "z" if known else "tau"
    asked = positions(which, fit.column_names)
    found = (
        of_each(fit, asked, lambda curve: (curve, curve.grid(zmax, step, maxsteps, test))) if zmax > 0 else {}
    )
    grids = {}
    for curve, grid in found.values():
        table = np.array([curve.at(b).beta for b in grid[:, 0]])
        table[:, fit.aliased] = np.nan
        frame = pd.DataFrame(table, columns=list(fit.column_names))
        frame.insert(0, kind, grid[:, 1], allow_duplicates=True)
        grids[curve.column] = frame
    return Profile(
        fit, kind, test, alpha, maxsteps, step, grids, asked, {j: c for j, (c, _) in found.items()}
    )


def largest_z(fit: SingleIndex, alpha: float, known: bool) -> float:
    """R's zmax, by whether the dispersion is known; NaN where no degrees of freedom are left."""
    df = fit.nobs_rows - len(fit.column_names)
    if not known and df <= 0:
        return math.nan
    return math.sqrt(chdtri(1, alpha) if known else fdtri(1, df, 1 - alpha))


def exact_limits(fit: SingleIndex, which: Sequence[int], level: float) -> dict[int, tuple[float, float]]:
    """Roots of the profiles at the normal quantiles."""
    tail = float(ndtri((1 + level) / 2))
    found = of_each(fit, which, lambda curve: (curve, (curve.root(-tail), curve.root(tail))))
    warn_of_edges(fit, [curve for curve, _ in found.values()])
    return {j: limits for j, (_, limits) in found.items()}


def warn_of_edges(fit: SingleIndex, curves: Sequence[Curve]) -> None:
    """One warning for all profiles that met the edge of the valid coefficients."""
    names = [f"'{fit.column_names[c.column]}'" for c in curves if c.at_edge]
    if names:
        give_warning(
            f"the profile of {', '.join(names)} meets the edge of the coefficients that give valid fitted "
            f"values (link '{fit.family.link.name}'): the limit there is where the profile ends, and may be "
            "too near",
            ConvergenceWarning,
        )
