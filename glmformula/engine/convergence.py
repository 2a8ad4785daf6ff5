"""Whether iterations that stopped did so at an optimum: not at an edge, on a plateau or on their way to infinity."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..families import Family
from ..families.link import EPS
from ..sources.base import Block
from .boundary import Bounded, one_minimum, stride
from .columns import linear_predictor
from .eta_limits import drift
from .messages import TEN_EPS
from .passes import Sums
from .path import Path
from .problem import Problem
from .result import Control
from .thresholds import EDGE, FEW_ROWS, MOVES, PROMISES, RUNAWAY

# Below this mean no power link is so flat that its slope is held at eps.
HUGE = 1e5
# A last step is a leap where it is more than LEAP of its coefficient, but never below NO_LEAP of the largest one.
LEAP, NO_LEAP = 0.1, 1e-12
# A curvature below -BENT_DOWN, beside Fisher's information, is downhill; it is followed at first until some eta has
# changed by ASIDE of 1 + |eta|.
BENT_DOWN, ASIDE = 1e-4, 0.3
# No optimum has a mean so many times above the largest response.
FAR_ABOVE = 1e3

# Of the deviance, in units of epsilon: a last step that promised less leaves less than what counts as no change.
SOON_OVER = 5.0


def strayed(problem: Problem, path: Path, ends: tuple[float, float]) -> bool:
    """Whether the iterations ended at the edge of the valid means, or nowhere, on a budget that is not small."""
    if path.boundary or path.lost_rank:
        return True
    if not path.converged:
        return problem.control.maxit >= Control.maxit
    return (
        path.promised > (PROMISES.left if path.rose else PROMISES.unsettled)
        or at_an_edge(problem.family, ends, path.at)
        or far_out(problem.family, path.at)
        or held_slope(problem.family, path.at)
        or (striding(problem, path, ends) and not on_the_way_out(problem, path, ends))
        or downhill(problem, path, ends) is not None
    )


def downhill(problem: Problem, path: Path, ends: tuple[float, float]) -> np.ndarray | None:
    """A change of the coefficients along which the deviance bends down, None at a minimum.

    Looked for where V grows faster than mu^2 or the start was ours: the iterations may end between two minima.
    """
    if path.at.rows >= FEW_ROWS or not (path.own_start or levels_off(problem.family)):
        return None
    directions = path.solution.directions()
    if not directions.shape[1] or not np.isfinite(directions).all():
        return None
    with np.errstate(all="ignore"):
        at = Bounded(problem.source, problem.family, ends, directions).at(path.beta, 0.0)
    if not (at.valid and np.isfinite(at.information).all()):
        return None
    bends, vectors = np.linalg.eigh(at.information)
    if bends[0] > -BENT_DOWN:
        return None
    along = np.asarray(directions @ vectors[:, 0])
    longest = problem.source.map_reduce(partial(stride, path.beta, along, (-np.inf, np.inf)), max)
    return along * (ASIDE / longest) if 0 < longest < np.inf else None


def striding(problem: Problem, path: Path, ends: tuple[float, float]) -> bool:
    """Whether eta still changed much at the last step, which the deviance may not tell.

    Looked at where V grows faster than mu^2, and after a leap: two deviances may be alike by chance.
    """
    if path.solved_at is None:
        return False
    step = path.beta - path.solved_at
    sizes = np.maximum(LEAP * np.abs(path.beta), NO_LEAP * np.abs(path.beta).max(initial=0.0))
    if not ((np.abs(step) > sizes).any() or levels_off(problem.family)):
        return False
    return problem.source.map_reduce(partial(stride, path.solved_at, step, ends), max) > MOVES.stride


def on_the_way_out(problem: Problem, path: Path, ends: tuple[float, float]) -> bool:
    """Whether only rows that run away stride still, and there is nowhere else to go.

    They go on for ever, the deviance falls by what the steps promise, and where it is convex no search finds another
    minimum: R's iterates stand, and who asks for separation is told of it (`separation`).
    """
    if np.isfinite(ends).any() or path.promised > SOON_OVER * problem.control.epsilon or path.own_start:
        return False
    if not one_minimum(problem.source, problem.family, ends, 1.0):
        return False
    ask = partial(strides_elsewhere, problem.family, path.beta, path.beta - path.solved_at)
    return not problem.source.map_reduce(ask, max)


def strides_elsewhere(family: Family, beta: np.ndarray, step: np.ndarray, block: Block) -> bool:
    """Whether a row strode that is not on its way to an infinite end of eta, with as much left to go."""
    with np.errstate(all="ignore"):
        eta, moved = (
            linear_predictor(block.design, beta, block.offset),
            linear_predictor(block.design, step, None),
        )
        rows = np.flatnonzero(np.abs(moved) > MOVES.stride * (1.0 + np.abs(eta - moved)))
        y, eta, moved = block.y[rows], eta[rows], moved[rows]
        mu, slope, _ = family.working(eta)
        weights = None if block.prior_weights is None else block.prior_weights[rows]
        away = moved * drift(family, y, weights) > 0
        return not bool((away & ~(np.abs(moved) < RUNAWAY * np.abs((y - mu) / slope))).all())


def at_an_edge(family: Family, ends: tuple[float, float], at: Sums) -> bool:
    """Whether a mean is next to one that a finite end of eta gives."""
    if not np.isfinite(ends).any():
        return False
    with np.errstate(all="ignore"):
        limits = family.link.linkinv(np.array([end for end in ends if np.isfinite(end)]))
        mean = at.weighted_y / at.weight_sum
        gaps = np.abs(np.subtract.outer(np.array(at.mu_range), limits))
    return bool((gaps < EDGE * np.abs(mean - limits)).any())


def far_out(family: Family, at: Sums) -> bool:
    """Whether a mean is far above all responses though the deviance levels off there: V grows faster than mu^2."""
    if not at.reported or not at.mu_range[1] > FAR_ABOVE * at.largest_y > 0:
        return False
    return levels_off(family)


def held_slope(family: Family, at: Sums) -> bool:
    """Whether R's link holds a slope at eps where the mean is not at an end (a power of a huge eta)."""
    if at.mu_range[1] < HUGE:
        return False
    means = np.array(at.mu_range)
    with np.errstate(all="ignore"):
        slopes = family.link.mu_eta(family.link.linkfun(means))
    low, high = family.mu_interval
    return bool(((slopes <= EPS) & (means > low + TEN_EPS) & (means < high - TEN_EPS)).any())


def levels_off(family: Family) -> bool:
    """Whether the deviance of large means is bounded."""
    with np.errstate(all="ignore"):
        low, high = family.variance(np.array([1.0, 10.0]))
        return bool(high > 101.0 * low)
