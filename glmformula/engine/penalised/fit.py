"""Paths of penalised fits, glmnet's (Friedman, Hastie & Tibshirani 2010): many lambdas, from the largest down.

The objective, with W the sum of the prior weights and s_j the standard deviation of column j (1/W):

    deviance / (2 W) + lambda sum_j f_j (alpha s_j |b_j| + (1 - alpha) s_j^2 b_j^2 / (2 v))

f_j are the penalty factors, scaled to sum to their number; v is 1, for least squares the standard deviation of the
response. Inside, columns are centred and divided by s_j. The quadratic model of the deviance takes the information
at some of the lambdas and is interpolated between them; gradients are exact, of many lambdas in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...errors import FitError
from ...families import Family
from ...runtime.tasks import one_team
from ...sources.base import Source
from ..gram import assemble
from .curved import Curved
from .formed import formed
from .grouped import Grouped, grouped
from .path import STOPS, Stop, by_level, by_share, followed
from .problem import Penalty, Scaled, scaled, standardised
from .quadratic import Quadratic, summed_once
from .relaxed import relaxed
from .sums import weighted_gram
from .surface import Surface

# The first lambda is as if alpha were at least this.
LEAST_ALPHA = 1e-3
# How far a given lambda may be below the one before; others are put between.
GAP = 3.0
# A solution whose residual is above this share of the null model's gradient is none: the path ends before it.
FAILED = 1e-3


@dataclass(frozen=True)
class Grid:
    """Which lambdas: those given, or `count` of them, the last `ratio` (None: glmnet's) times the first."""

    given: np.ndarray | None = None
    count: int = 100
    ratio: float | None = None


@dataclass(frozen=True)
class PenalisedPath:
    """A path of fits.

    Attributes
    ----------
    lambdas, dev_ratio, residuals : ndarray (L,)
        `residuals`: of the conditions of a minimum, relative to the largest gradient of the null model.
    beta : ndarray (L, p)
        By column of the design, zero where it is left out.
    null_deviance : float
    nobs : int
    weight_sum, y_scale : float
    mean, sd : ndarray (p,)
        What the columns are centred and divided by.
    factors : ndarray (p,)
        Penalty factors as scaled, 0 for what is not penalised, NaN for columns left out.
    passes : int
        Sweeps over the rows.
    relaxed_beta, relaxed_dev_ratio : ndarray (L, p), (L,) or None
        Where they were asked for: of the columns that are not zero, without a penalty; NaN where they are too many.
    failed_at : float
        The lambda before which the path ends, since there was no solution; NaN where it is whole.
    """

    lambdas: np.ndarray
    dev_ratio: np.ndarray
    residuals: np.ndarray
    beta: np.ndarray
    null_deviance: float
    nobs: int
    weight_sum: float
    y_scale: float
    mean: np.ndarray
    sd: np.ndarray
    factors: np.ndarray
    passes: int
    failed_at: float
    relaxed_beta: np.ndarray | None = None
    relaxed_dev_ratio: np.ndarray | None = None


@one_team()
def fit_path(
    source: Source,
    family: Family,
    names: tuple[str, ...],
    assign: np.ndarray,
    penalty: Penalty,
    grid: Grid,
    relax: bool = False,
) -> PenalisedPath:
    """The path, with its relaxed fits if asked for.

    Raises
    ------
    FitError
        Nothing varies, nothing is penalised, or no coefficients have valid means.
    """
    once = family.is_normal_linear and summed_once(source, len(names))
    made, sums = scaled(source if once else formed(source), family, names, assign, penalty, once)
    plain, sums = standardised(made, sums)
    problem = plain
    if penalty.grouped:
        gram = weighted_gram(problem.source, problem.p) if sums.gram is None else assemble(sums.gram)[0]
        problem = grouped(problem, problem.matrix(gram), assign[made.columns])
    kind: type[Quadratic | Curved] = Quadratic if family.is_normal_linear else Curved
    surface: Surface = kind.of(problem, sums)
    penalised = problem.factors > 0
    free, share = surface.unpenalised(penalised)
    if penalty.alpha == 0 and grid.given is None:
        free = replace(free, b=free.b - faint(problem, free.slopes))
    slopes = problem.reach(free.slopes)
    size = float(np.abs(free.slopes[penalised]).max()) or 1.0
    top = float(slopes.max() if slopes.any() else size) / max(penalty.alpha, LEAST_ALPHA)
    lambdas, wanted = grid_of(grid, top, problem.rows, int((assign != 0).sum()))
    stop = null_share = None
    if grid.given is None:
        null_share = share if penalty.alpha else surface.seen(free.b[None], False)[1]
        no_change = bool((penalty.lower[assign != 0] == 0).any() or (penalty.upper[assign != 0] == 0).any())
        stop = Stop(STOPS.get(family.name, by_level if not family.is_normal_linear else by_share), no_change)

    def own(of: Scaled, b: np.ndarray) -> np.ndarray:
        there = of.own(b)
        return there if plain is made else made.own(there)

    tolerance = penalty.thresh * size
    found = followed(surface, lambdas, free, tolerance, stop, top, null_share, FAILED * size)
    failed = np.flatnonzero(~(found.residuals <= FAILED * size))
    k = int(failed[0]) if len(failed) else len(found.b)
    if not wanted[:k].any():
        raise FitError(
            f"no penalised fit was found at lambda {lambdas[k]:.4g}: its means leave the range of the family "
            f"{family.name} with link {family.link.name}; take a link whose means are always valid"
        )
    chosen = np.flatnonzero(wanted[:k])
    more: dict[str, np.ndarray] = {}
    if relax:
        b = found.b[chosen]
        if isinstance(problem, Grouped):
            surface, b = kind.of(plain, sums), b @ problem.turn.T
        again, explained = relaxed(surface, b)
        more = {"relaxed_beta": own(plain, again), "relaxed_dev_ratio": explained}
    sd, mean, factors = np.ones(made.p), np.zeros(made.p), np.full(made.p, np.nan)
    sd[made.columns], mean[made.columns], factors[made.columns] = made.sd, made.mean, made.factors
    return PenalisedPath(
        lambdas=lambdas[chosen],
        dev_ratio=found.dev_ratio[chosen],
        residuals=found.residuals[chosen] / size,
        beta=own(problem, found.b[chosen]),
        null_deviance=surface.null_deviance,
        nobs=problem.rows,
        weight_sum=problem.weight,
        y_scale=problem.y_scale,
        mean=mean,
        sd=sd,
        factors=factors,
        passes=found.passes,
        failed_at=float(lambdas[k]) if len(failed) else float("nan"),
        **more,
    )


def faint(problem: Scaled, slopes: np.ndarray) -> np.ndarray:
    """What a ridge leaves of the coefficients at a penalty as good as infinite, glmnet's 9.9e35: it counts them."""
    ridge = problem.ridge(9.9e35)
    left = np.where(ridge > 0, slopes / np.where(ridge > 0, ridge, 1.0), 0.0)
    return np.asarray(np.clip(left, -problem.high, -problem.low))


def grid_of(grid: Grid, top: float, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Lambdas from the largest down, and which of them were asked for."""
    if grid.given is None:
        ratio = grid.ratio if grid.ratio is not None else (1e-2 if rows < columns else 1e-4)
        count = grid.count
        powers = np.arange(count) / max(1, count - 1)
        return top * max(ratio, 1e-6) ** powers, np.ones(count, bool)
    lambdas, wanted, before = [], [], top
    for one in np.sort(grid.given)[::-1].tolist():
        goal = max(one, 1e-5 * top)
        steps = int(np.ceil(np.log(before / goal) / np.log(GAP) - 1e-9)) if goal < before else 1
        for k in range(1, steps):
            lambdas.append(before * (goal / before) ** (k / steps))
            wanted.append(False)
        lambdas.append(one)
        wanted.append(True)
        before = min(before, goal)
    return np.array(lambdas), np.array(wanted)
