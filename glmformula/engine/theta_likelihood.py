"""The log-likelihood of a negative binomial as a function of theta, at given means.

With q = mu / theta it is, of a row (Lawless 1987, Canadian Journal of Statistics 15),

    log G(y + theta) - log G(theta) - y log theta - log y!  +  y log mu - (y + theta) log(1 + q).

What stands before the plus depends on y and theta alone and is summed over the distinct counts, once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import add

import numpy as np

from ..families import Family
from ..families.link import EPS, quiet
from ..sources.base import Block, Source
from .counted import Counts, counts_of
from .rows import evaluate_rows

# log theta moves by at most so much in a step, and by UPHILL where its curvature is of no use.
LONGEST, UPHILL = 1.5, 0.7
# A rise of -2 log-likelihood below these shares of it, and of the sums that it is the difference of, is rounding.
ROUNDING, BLUR = 1e-11, 128 * EPS
# Beyond FAR times the mean response theta is taken to its end, if the responses vary less than a Poisson's: there the
# likelihood is the Poisson's to ten digits.
FAR, SMALLEST = 1e3, 1e-12
# Steps of log theta at given means, and one that is none.
MOST_STEPS, NO_STEP = 200, 1e-11


@dataclass(frozen=True, slots=True)
class RowSums:
    """Of rows at their means: y log mu - (y + theta) log(1 + q), its first and second derivative by theta, the excess.

    The excess is (y - mu)^2 - y, twice the slope of the log-likelihood by 1 / theta where that is 0.
    `newton`: coefficients move by the observed information, which is positive under the log link.
    """

    theta: float
    newton: bool = False

    @quiet
    def __call__(self, block: Block, mu: np.ndarray) -> np.ndarray:
        y, weights, theta = block.y, block.prior_weights, self.theta
        q = mu * (1.0 / theta)
        one = 1.0 + q
        d = 1.0 / one
        log_one = np.log(one)
        one -= 1.0
        log_one += (q - one) * d  # log1p(q) to the last digit, by the vectorised log
        qd = q * d
        y_qd = y * qd
        parts = (
            y * np.log(np.where(y > 0.0, mu, 1.0)) - (y + theta) * log_one,
            qd - log_one + y_qd / theta,
            qd * qd / theta - y_qd * (2.0 * d + qd) / theta**2,
            np.square(y - mu) - y,
        )
        if weights is None:
            return np.array([part.sum() for part in parts])
        return np.array([np.dot(weights, np.where(weights > 0.0, part, 0.0)) for part in parts])

    def observed(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray | None:
        """Observed over expected information of eta, (m,): (y + theta) / (mu + theta)."""
        return (y + self.theta) / (mu + self.theta) if self.newton else None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Of all rows at some means: -2 log-likelihood, score and curvature of log theta, of theta, and the excess."""

    minus2: float
    score: float
    curvature: float
    information: float
    excess: float
    blur: float

    @classmethod
    def of(cls, rows: np.ndarray, counts: Counts, theta: float) -> Likelihood:
        value, first, second = counts.at(theta)
        score, curvature = theta * (rows[1] + first), theta * theta * (rows[2] + second)
        return cls(
            -2.0 * float(rows[0] + value - counts.log_factorials),
            float(score),
            float(curvature + score),
            -float(rows[2] + second),
            float(rows[3]),
            BLUR * (abs(float(rows[0])) + abs(value) + counts.log_factorials),
        )

    @property
    def step(self) -> float:
        """Of log theta."""
        newton = self.score / -self.curvature if self.curvature < 0 else math.copysign(UPHILL, self.score)
        return max(-LONGEST, min(LONGEST, newton))

    @property
    def se(self) -> float:
        return 1.0 / math.sqrt(self.information) if self.information > 0 else math.inf


def rises(here: Likelihood, before: tuple[np.ndarray, float, float] | None) -> bool:
    if before is None:
        return False
    return not here.minus2 <= before[2] + ROUNDING * (abs(before[2]) + 1.0) + here.blur


def moved(theta: float, move: float, here: Likelihood, counts: Counts) -> float:
    """theta after a step of its logarithm; its end where the responses vary less than a Poisson's."""
    theta = theta * math.exp(move)
    if theta > FAR * counts.level and here.excess <= 0:
        return counts.end
    return min(max(theta, SMALLEST), counts.end)


def theta_at(
    source: Source, family: Family, beta: np.ndarray, counts: Counts, theta: float
) -> tuple[float, Likelihood]:
    """The theta of largest likelihood at given coefficients."""
    return best_theta(
        lambda theta: source.map_reduce(partial(sums_at, RowSums(theta), family, beta), add), counts, theta
    )


def best_theta(sums: Callable[[float], np.ndarray], counts: Counts, theta: float) -> tuple[float, Likelihood]:
    """Newton's method on log theta, with halved steps; `sums` are those of `RowSums`, at given means."""
    here = Likelihood.of(sums(theta), counts, theta)
    for _ in range(MOST_STEPS):
        if theta >= counts.end and here.score >= 0:
            break
        move = here.step
        while True:
            new = moved(theta, move, here, counts)
            there = Likelihood.of(sums(new), counts, new)
            if not rises(there, (np.empty(0), theta, here.minus2)) or abs(move) < NO_STEP:
                break
            move /= 2
        theta, here = new, there
        if abs(move) < NO_STEP or theta <= SMALLEST:
            break
    return theta, here


def distance_of_theta(source: Source, family: Family, beta: np.ndarray, theta: float) -> float:
    """The next step of log theta in its standard errors."""
    rows = source.map_reduce(partial(sums_at, RowSums(theta), family, beta), add)
    here = Likelihood.of(rows, counts_of(source), theta)
    return abs(here.score) / math.sqrt(abs(here.curvature))


def sums_at(rows: RowSums, family: Family, beta: np.ndarray, block: Block) -> np.ndarray:
    return rows(block, evaluate_rows(block, beta, family)[1])
