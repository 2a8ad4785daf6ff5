"""The distinct values of a response and their weights: what of a count's likelihood needs no row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from ..sources.base import Block, Source

# Counts up to here are summed one by one: sums of logarithms in place of differences of log-gammas.
MOST_COUNTED = 2**17
# Where theta starts and ends, beside the mean response.
LARGEST_START, END = 1e3, 1e10


@dataclass(frozen=True)
class Counts:
    """Distinct responses and the weight of each.

    Attributes
    ----------
    values : ndarray (k,)
        Ascending.
    weights : ndarray (k,)
        Sums of the prior weights.
    """

    values: np.ndarray
    weights: np.ndarray

    @cached_property
    def total(self) -> float:
        """Weighted sum of the responses."""
        return float(self.weights @ self.values)

    @cached_property
    def mean(self) -> float:
        return self.total / float(self.weights.sum())

    @property
    def level(self) -> float:
        """The mean response, or 1 where that is less."""
        return max(1.0, self.mean)

    @property
    def end(self) -> float:
        """A theta that is as good as infinite."""
        return END * self.level

    @cached_property
    def start(self) -> float:
        """theta by the moments of the responses, which is too small rather than too large: means differ too."""
        spread = float(self.weights @ np.square(self.values - self.mean)) / float(self.weights.sum())
        excess = max(spread - self.mean, self.mean**2 / (LARGEST_START * self.level))
        return self.mean**2 / excess

    @cached_property
    def log_factorials(self) -> float:
        """Sum of log y!."""
        return float(self.weights @ scipy.special.gammaln(self.values + 1.0))

    @cached_property
    def above(self) -> np.ndarray | None:
        """Weight of the responses above 0, 1, 2 ...; None where they are too large for that, or not whole."""
        top = float(self.values[-1]) if len(self.values) else 0.0
        if top > MOST_COUNTED or (self.values != np.rint(self.values)).any():
            return None
        table = np.zeros(int(top) + 1)
        table[self.values.astype(int)] = self.weights
        return np.asarray(np.cumsum(table[::-1])[::-1][1:])

    def at(self, theta: float) -> tuple[float, float, float]:
        """Sum of log G(y + theta) - log G(theta) - y log theta, its first and second derivative by theta."""
        above = self.above
        if above is None:
            y, w, special = self.values, self.weights, scipy.special
            return (
                float(w @ (special.gammaln(y + theta) - special.gammaln(theta) - y * np.log(theta))),
                float(w @ (special.digamma(y + theta) - special.digamma(theta) - y / theta)),
                float(w @ (special.polygamma(1, y + theta) - special.polygamma(1, theta) + y / theta**2)),
            )
        k = np.arange(len(above)) / theta
        share = k / (1.0 + k)
        return (
            float(above @ np.log1p(k)),
            -float(above @ share) / theta,
            float(above @ (share * (2.0 + k) / (1.0 + k))) / theta**2,
        )


def counts_of(source: Source) -> Counts:
    """Of all rows with a weight."""
    return source.map_reduce(counts_of_block, merged)


def counts_of_block(block: Block) -> Counts:
    return distinct(block.y, block.prior_weights)


def merged(a: Counts, b: Counts) -> Counts:
    return distinct(np.concatenate([a.values, b.values]), np.concatenate([a.weights, b.weights]))


def distinct(y: np.ndarray, weights: np.ndarray | None) -> Counts:
    """The different values among `y` (n,) and the sums of their weights."""
    if len(y) and y.min() >= 0 and y.max() <= MOST_COUNTED:
        whole = y.astype(np.intp)
        if (whole == y).all():
            table = np.bincount(whole, weights).astype(float)
            values = np.flatnonzero(table)
            return Counts(values.astype(float), table[values])
    values, places = np.unique(y, return_inverse=True)
    table = np.bincount(places, weights, minlength=len(values)).astype(float)
    kept = table > 0
    return Counts(values[kept], table[kept])
