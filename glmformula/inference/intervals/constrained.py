"""The best fit with one coefficient held: what a likelihood profile is made of.

The held column stays where it is: one pass over the rows gives X'WX (or its QR factor) and the score of *all*
columns, and the step is taken in the others. So nothing of the data is copied for a profile, and each pass
also says how the held coefficient pulls: the slope of the profile, and the way in which the others follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cholesky, lapack, solve_triangular

from ...engine.bordered import WIDE
from ...engine.gram import Tables, assemble
from ...engine.passes import Task, merge, run
from ...engine.patterns import condensed
from ...errors import FitError
from ...families import Family
from ...sources.base import Source
from ...sources.mapped import for_sums

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

MAX_STEPS, MAX_HALVINGS = 60, 12
# A step that promises to lower the deviance by less (in units of the dispersion) is the last: what remains is
# this times the rate of convergence; where that is quadratic (canonical links) a power of 1.5 of it.
LAST_STEP, LAST_STEP_CANONICAL = 1e-8, 1e-5
NO_GAIN = 1e-6  # of a step cut at the edge of the valid region, in units of the dispersion
ROUNDING = 1e-12  # relative, of a deviance
SMALLEST_PIVOT = 1e-11


class OutsideError(ArithmeticError):
    """No valid fit could be reached with the coefficient held there."""


@dataclass(frozen=True, slots=True)
class Point:
    """A constrained fit.

    Attributes
    ----------
    beta : ndarray (p,)
        Coefficients, aliased ones 0.
    deviance : float
    slope : float
        d deviance / d held coefficient along the profile.
    tangent : ndarray (p,)
        d beta / d held coefficient along the profile (1 for the held one).
    score : float
        Rao's statistic for freeing the coefficient, not divided by the dispersion.
    stalled : bool
        The steps ended at the edge of the valid coefficients, before the deviance was at its minimum.
    """

    beta: np.ndarray
    deviance: float
    slope: float
    tangent: np.ndarray
    score: float
    stalled: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """The deviance about some coefficients: ``deviance - |r|^2 + |r - R d|^2`` after a change d.

    R (q, p) has X'WX = R'R, r (q,) has R'r = score.
    """

    deviance: float
    R: np.ndarray
    r: np.ndarray

    def step(self, free: np.ndarray, held: int | None) -> tuple[np.ndarray, float, Point]:
        """The change of the free coefficients, the decrease it promises, the point at its end (less beta)."""
        columns = self.R[:, free]
        right = self.r[:, None] if held is None else np.column_stack([self.r, self.R[:, held]])
        change, rest = least_squares(columns, right)
        delta = np.zeros(self.R.shape[1])
        delta[free] = change[:, 0]
        explained = right[:, 0] - rest[:, 0]
        decrease = float(explained @ explained)
        if held is None:
            return delta, decrease, Point(delta, self.deviance - decrease, 0.0, np.zeros_like(delta), 0.0)
        tangent = np.zeros_like(delta)
        tangent[free], tangent[held] = -change[:, 1], 1.0
        pull, length = float(rest[:, 1] @ rest[:, 0]), float(rest[:, 1] @ rest[:, 1])
        score = pull * pull / length if length > 0 else 0.0
        return delta, decrease, Point(delta, self.deviance - decrease, -2 * pull, tangent, score)


@dataclass(frozen=True)
class Surface:
    """The deviance of a model as a function of its coefficients.

    Attributes
    ----------
    source : Source
    family : Family
    free : ndarray of bool (p,)
        Coefficients that are not aliased.
    way : {"qr", "gram"}
    dispersion : float
        The unit in which decreases of the deviance are judged.
    within : float
        Deviance that does not depend on the coefficients and that `source` leaves out.
    """

    source: Source
    family: Family
    free: np.ndarray
    way: str
    dispersion: float
    within: float = 0.0

    @classmethod
    def of(cls, fit: SingleIndex) -> Surface:
        if fit.method == "firth":
            raise FitError(
                "profile() follows the likelihood, which a bias-reduced fit (method='firth') does not maximise: "
                "use confint(), which profiles the penalised likelihood"
            )
        if fit.rank > WIDE:
            raise FitError(
                f"a profile fits the model again and again with a coefficient held: of {fit.rank:,} coefficients, at "
                f"most {WIDE:,}; take confint(method='wald'), or an lrtest() of the models with and without the column"
            )
        way = "gram" if fit.method == "cholesky" else "qr"
        phi = fit.dispersion
        unit = phi if np.isfinite(phi) and phi > 0 else 1.0
        source, within = condensed(for_sums(fit.rows.source), fit.family)  # a profile makes many passes
        return cls(source, fit.family, ~fit.aliased, way, unit, within)

    @cached_property
    def canonical(self) -> bool:
        return is_canonical(self.family)

    @property
    def last_step(self) -> float:
        return self.dispersion * (LAST_STEP_CANONICAL if self.canonical else LAST_STEP)

    def at(self, beta: np.ndarray) -> Local | None:
        """One pass over the rows; None where the coefficients are not valid."""
        sums = self.source.map_reduce(partial(run, Task(self.family, beta, self.way)), merge)
        if not sums.usable or sums.fault:
            return None
        if isinstance(sums.solve, Tables):
            R, r = root_of(*assemble(sums.solve))
        else:
            assert sums.solve is not None
            p = len(beta)  # a row more holds what no column explains
            R = sums.solve[:p, :p]
            r = sums.solve[:p, p] - R @ beta
        return (
            Local(sums.deviance + self.within, R, r)
            if np.isfinite(R).all() and np.isfinite(r).all()
            else None
        )

    def settle(self, beta: np.ndarray, held: int | None) -> Point:
        """Fisher scoring from `beta` in the coefficients that are not held, accelerated, with halved steps.

        Raises
        ------
        OutsideError
            `beta` is not valid.
        """
        free = self.free.copy()
        if held is not None:
            free[held] = False
        here = self.at(beta)
        if here is None:
            raise OutsideError
        past: list[tuple[np.ndarray, np.ndarray]] = []
        for _ in range(MAX_STEPS):
            delta, decrease, point = here.step(free, held)
            if decrease <= self.last_step or decrease <= ROUNDING * abs(here.deviance):
                return replace(point, beta=beta + delta)
            new, walled = None, False
            if past and not self.canonical:
                new, _ = self.downhill(beta, accelerated(here.R, beta, delta, past), here.deviance, 0)
            if new is None:
                new, walled = self.downhill(beta, delta, here.deviance, MAX_HALVINGS)
            if new is None:
                break
            past = [*past[-1:], (beta, delta)]
            gain = here.deviance - new[1].deviance
            beta, here = new
            if walled and gain < self.dispersion * NO_GAIN:
                break
        return replace(point, beta=beta, deviance=here.deviance, stalled=True)

    def downhill(
        self, beta: np.ndarray, delta: np.ndarray, deviance: float, halvings: int
    ) -> tuple[tuple[np.ndarray, Local] | None, bool]:
        """The first of beta + delta, beta + delta / 2 ... that is valid and not worse; None if there is none.

        Also whether a longer one was not valid.
        """
        limit, walled = deviance + ROUNDING * (abs(deviance) + 1), False
        for _ in range(halvings + 1):
            there = self.at(beta + delta)
            if there is not None and there.deviance <= limit:
                return (beta + delta, there), walled
            walled = walled or there is None
            delta = delta / 2
        return None, walled


def accelerated(
    R: np.ndarray, beta: np.ndarray, delta: np.ndarray, past: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Anderson's step: the combination of the last steps that would have been shortest, lengths by X'WX.

    Fisher scoring converges linearly where the link is not canonical; this about squares the rate.
    """
    steps = np.column_stack([delta - d for _, d in past])
    moves = np.column_stack([beta - b for b, _ in past])
    share = least_squares(R @ steps, (R @ delta)[:, None])[0][:, 0]
    out: np.ndarray = delta - (moves + steps) @ share
    return out


def is_canonical(family: Family) -> bool:
    """Whether dmu/deta is proportional to V(mu): then Fisher scoring is Newton's method."""
    mu = np.array([0.3, 0.6])  # valid means of every family
    with np.errstate(all="ignore"):
        _, slope, variance = family.working(family.link.linkfun(mu))
    ratio = slope / variance
    return bool(np.isclose(ratio[0], ratio[1], rtol=1e-9, atol=0.0))


def root_of(gram: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R and r with R'R = gram and R'r = score."""
    lengths = np.sqrt(gram.diagonal())
    lengths = np.where(lengths > 0, lengths, 1.0)
    scaled = gram / np.multiply.outer(lengths, lengths)
    try:
        factor = cholesky(scaled)
        if (factor.diagonal() ** 2).min(initial=1.0) > SMALLEST_PIVOT:
            return factor * lengths, solve_triangular(factor, score / lengths, trans="T")
    except (LinAlgError, ValueError):
        pass
    if not np.isfinite(scaled).all():
        return np.full_like(gram, np.nan), score
    values, vectors = np.linalg.eigh(scaled)
    kept = values > SMALLEST_PIVOT
    root = np.sqrt(values[kept])
    return (vectors[:, kept] * root).T * lengths, vectors[:, kept].T @ (score / lengths) / root


def least_squares(columns: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (k, m) and residuals (q, m) of `right` (q, m) on `columns` (q, k)."""
    k = columns.shape[1]
    if k == 0:
        return np.zeros((0, right.shape[1])), right
    lengths = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    lengths[lengths == 0] = 1.0
    scaled = columns / lengths
    change = None
    if len(columns) >= k:
        factor, solved, info = lapack.dgels(scaled, right)
        if info == 0 and np.abs(factor.diagonal()).min() > SMALLEST_PIVOT:
            change = solved[:k]
    if change is None:
        change = np.linalg.lstsq(scaled, right, rcond=SMALLEST_PIVOT)[0]
    return change / lengths[:, None], right - scaled @ change
