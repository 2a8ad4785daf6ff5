"""A path of penalised fits, by working sets: columns that may not be zero at the next lambdas, then a look at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .problem import Point, Scaled
from .surface import Surface

# Numbers of lambdas that are solved together: the first for which few columns may not be zero, or the last.
TOGETHER = (36, 24, 16, 10, 5)
# So many columns that may not be zero are few.
FEW = 300
# Nothing is left out where the terms that stay have more of the columns than this.
WORTHLESS = 0.8
# glmnet's: a path ends where the deviance explained rises by less than CHANGE, or is MOST_EXPLAINED, not before FEWEST
# lambdas.
CHANGE, MOST_EXPLAINED, FEWEST = 1e-5, 0.999, 5
# The end is foreseen from the deviance of so many lambdas, and that many times as far: beginning once more costs much.
SEEN, LONGER = 14, 1.1


# ---------------------------------------------------------------- where a path ends


def by_share(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - 1] < CHANGE * explained[k])


def by_level(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - 1] < CHANGE)


def by_several(explained: np.ndarray, k: int) -> bool:
    return bool(explained[k] - explained[k - FEWEST + 1] < 10 * CHANGE * explained[k])


STOPS = {"poisson": by_several}


@dataclass(frozen=True)
class Stop:
    """glmnet's rules; with a bound of zero only the share that is explained counts."""

    rule: Callable[[np.ndarray, int], bool]
    bounded: bool

    def at(self, explained: np.ndarray, count: int) -> int | None:
        """The place of the last lambda of the path among those solved so far, if it ends there."""
        for k in range(min(count, FEWEST) - 1, len(explained)):
            if explained[k] > MOST_EXPLAINED or (not self.bounded and k and self.rule(explained, k)):
                return k
        return None

    def ahead(self, explained: np.ndarray, most: int) -> int:
        """Lambdas to solve together: up to the end that the last changes of the deviance promise, or `most`."""
        changes = np.diff(explained[-SEEN:])
        if len(changes) < SEEN - 1 or not (changes > 0).all():
            return most
        slope = min(0.0, float(np.polyfit(np.arange(SEEN - 1), np.log(changes), 1)[0]))
        promised = explained[-1] + changes[-1] * np.cumsum(np.exp(slope * np.arange(1, most + 1)))
        k = self.at(np.concatenate([explained, promised]), FEWEST)
        return most if k is None else min(most, int(LONGER * (k + 1 - len(explained))) + 1)


# ---------------------------------------------------------------- the path


@dataclass(frozen=True)
class Found:
    """Solutions (L, q), the shares of the deviance they explain, their residuals, sweeps over the rows."""

    b: np.ndarray
    dev_ratio: np.ndarray
    residuals: np.ndarray
    passes: int


def followed(
    surface: Surface,
    lambdas: np.ndarray,
    free: Point,
    tolerance: float,
    stop: Stop | None,
    top: float,
    null_share: np.ndarray | None,
    failed: float,
) -> Found:
    """Solutions at the lambdas, the largest first, from that at `top`, till one has a residual above `failed`.

    With a `null_share`, of the deviance that it explains, that one is the first of the path.
    """
    problem, q = surface.problem, len(free.b)
    done: list[np.ndarray] = []
    explained, residuals = np.empty(0), np.empty(0)
    here, at_lambda, forced, most = free, top, np.zeros(q, bool), TOGETHER[0]
    if null_share is not None:
        done, residuals, explained = [free.b], np.zeros(1), null_share
    while len(done) < len(lambdas):
        some, inside = lambdas[len(done) : len(done) + most], np.ones(q, bool)
        if surface.narrows:
            some, inside = working(problem, some, here, forced)
        narrow, count = not inside.all(), len(some)
        small = problem.narrowed(np.flatnonzero(inside)) if narrow else problem
        start = Point(here.b[inside], here.slopes[inside])
        b = np.zeros((count, q))
        b[:, inside], slopes, left, share = surface.solve(small, some, start, at_lambda, tolerance)
        if narrow or share is None:
            everywhere, share = surface.seen(b, narrow)
        if narrow:
            slopes = everywhere
            off = problem.off(slopes, b, some)
            left = off.max(axis=1)
            off[:, inside] = 0.0
            bad = np.flatnonzero(off.max(axis=1) > tolerance)
            if len(bad):
                count = int(bad[0])
                forced = forced | (off[count] > 0)
        # what was not solved among others may be from nearer by; what is alone is taken as it is
        unsolved = np.flatnonzero(~(left[:count] <= tolerance)) if len(some) > 1 else np.empty(0, int)
        alone = None
        if len(unsolved):
            count = int(unsolved[0])
            alone = max(1, count)
        done.extend(b[:count])
        residuals = np.concatenate([residuals, left[:count]])
        explained = np.concatenate([explained, share[:count]])
        last = None if stop is None else stop.at(explained, len(lambdas))
        if last is None and not (residuals <= failed).all():
            last = len(done) - 1
        if last is not None:
            k = last + 1
            return Found(np.array(done[:k]), explained[:k], residuals[:k], surface.passes)
        most = alone or (TOGETHER[0] if stop is None else stop.ahead(explained, TOGETHER[0]))
        if count:
            here, at_lambda = Point(b[count - 1], slopes[count - 1]), float(some[count - 1])
    return Found(np.array(done), explained, residuals, surface.passes)


def working(
    problem: Scaled, lambdas: np.ndarray, here: Point, forced: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The lambdas to solve together, and the coefficients that may not be zero there, bool (q,).

    Those whose derivative is above the penalty at the last of them. Bolder than the strong rule of Tibshirani et al.
    (2012), which leaves three times as many columns in; where it is wrong the look at all columns tells.
    """
    always = forced | (here.b != 0) | (problem.factors == 0)
    most = max(FEW, 3 * int(always.sum()) // 2)
    for size in TOGETHER:
        some = lambdas[:size]
        inside = always | (np.abs(here.slopes) >= problem.penalty(float(some[-1])))
        if inside.sum() <= most:
            break
    # a term's columns are summed together
    if np.isin(problem.assign, problem.assign[problem.columns[inside]]).mean() > WORTHLESS:
        inside = np.ones(len(inside), bool)
    return some, inside
