"""Order statistics of more numbers than one wants to hold: exact, in bounded memory, in a pass or two.

A float64 is mapped to an integer that sorts alike. A `Tally` counts the distinct integers; when there are
more than `MOST`, it drops low bits until there are not, so that it counts ranges of numbers. A `Sample`
answers "the k-th smallest" from a tally, and notes the ranges that a further pass has to look into (radix
selection).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")

MOST = 2**20  # distinct numbers, or ranges, in one tally: 16 MB
STEP = 8  # bits dropped at a time
SIGN = np.uint64(2**63)


@dataclass(frozen=True)
class Tally:
    """How many numbers fall in each range.

    Attributes
    ----------
    keys : ndarray of uint64, sorted
        First key of each range; a range is the keys that agree in all but the last `shift` bits.
    counts : ndarray of int64
    shift : int
        0: every range is one number.
    low, high : float
        The smallest and the largest number.
    """

    keys: np.ndarray
    counts: np.ndarray
    shift: int
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray, within: Ranges | None = None) -> Tally:
        """Of numbers without NaN; with `within` only those in these ranges are counted."""
        keys = ordered_keys(values)
        if within is not None:
            keys = keys[within.contain(keys)]
        low, high = (values.min(), values.max()) if values.size else (np.inf, -np.inf)
        return cls(*np.unique(keys, return_counts=True), 0, float(low), float(high)).coarse()

    def merged(self, other: Tally) -> Tally:
        shift = max(self.shift, other.shift)
        a, b = self.coarse(shift), other.coarse(shift)
        keys, counts = np.concatenate([a.keys, b.keys]), np.concatenate([a.counts, b.counts])
        order = np.argsort(keys, kind="stable")  # two sorted runs: linear
        low, high = min(a.low, b.low), max(a.high, b.high)
        return Tally(*_summed(keys[order], counts[order]), shift, low, high).coarse()

    def coarse(self, shift: int = 0) -> Tally:
        """With at least so many bits dropped, and as many as it takes to stay within `MOST` ranges."""
        out = self
        while out.shift < shift or len(out.keys) > MOST:
            dropped = np.uint64(out.shift + STEP)
            keys = (out.keys >> dropped) << dropped
            out = Tally(*_summed(keys, out.counts), out.shift + STEP, out.low, out.high)
        return out


@dataclass(frozen=True)
class Ranges:
    """Ranges of keys to be looked into, first to last, sorted and apart."""

    first: np.ndarray
    last: np.ndarray

    def contain(self, keys: np.ndarray) -> np.ndarray:
        place = np.searchsorted(self.first, keys, side="right") - 1
        return (place >= 0) & (keys <= self.last[np.maximum(place, 0)])


class Sample:
    """Numbers in order: ``sample[k]`` is the (k+1)-th smallest, or stands in until a further pass tells.

    Attributes
    ----------
    size : int
        How many numbers there are, NaN not counted.
    missing : int
        How many values were NaN.
    wanted : set of int
        Places of the ranges that were asked for and are not yet one number.
    """

    def __init__(self, tally: Tally, missing: int = 0) -> None:
        self.keys, self.counts = tally.keys, tally.counts
        self.shifts = np.full(len(tally.keys), tally.shift, dtype=np.uint64)
        self.low, self.high, self.missing = tally.low, tally.high, missing
        self.ends = np.cumsum(self.counts)
        self.size = int(self.ends[-1]) if len(self.ends) else 0
        self.wanted: set[int] = set()

    def min(self) -> float:
        return self.low

    def max(self) -> float:
        return self.high

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        places = np.searchsorted(self.ends, index, side="right")
        inner = (np.asarray(index) > 0) & (np.asarray(index) < self.size - 1)  # the ends are known
        self.wanted.update(places[inner & (self.shifts[places] > 0)].tolist())
        out = numbers_of(self.keys[places])
        return np.where(inner, out, np.where(np.asarray(index) == 0, self.low, self.high))

    def between(self, low: float, high: float) -> Sample | Window:
        """The numbers from `low` to `high`."""
        if low <= self.low and self.high <= high:
            return self
        first, last = self._count(low, below=True), self._count(high, below=False)
        return Window(self, first, max(0, last - first))

    def _count(self, bound: float, below: bool) -> int:
        """How many numbers are below a bound, or at most it."""
        key = ordered_keys(np.array([bound]))
        place = int(np.searchsorted(self.keys, key, side="right")[0]) - 1
        if place < 0:
            return 0
        if self.shifts[place] and key[0] <= self.keys[place] + ((np.uint64(1) << self.shifts[place]) - 1):
            self.wanted.add(place)
        whole = not below or self.keys[place] != key[0]
        return int(self.ends[place] - (0 if whole else self.counts[place]))

    def ranges(self) -> Ranges:
        """What was asked for and is not known."""
        places = sorted(self.wanted)
        first, one = self.keys[places], np.uint64(1)
        return Ranges(first, first + ((one << self.shifts[places]) - one))

    def refined(self, tally: Tally) -> None:
        """Take in what a pass over `ranges` has found."""
        keep = np.setdiff1d(np.arange(len(self.keys)), sorted(self.wanted))
        keys = np.concatenate([self.keys[keep], tally.keys])
        shifts = np.full(len(tally.keys), tally.shift, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        self.counts = np.concatenate([self.counts[keep], tally.counts])[order]
        self.shifts = np.concatenate([self.shifts[keep], shifts])[order]
        self.ends = np.cumsum(self.counts)
        self.wanted = set()

    def expand(self) -> np.ndarray | None:
        """All numbers in order, where each is known and they are few."""
        if self.shifts.any() or self.size > MOST:
            return None
        return np.repeat(numbers_of(self.keys), self.counts)


def order_statistics(tally: Callable[[Ranges | None], Tally], compute: Callable[[Sample], T]) -> T:
    """``compute(sample)`` of numbers without NaN; ``tally(within)`` is a pass over them."""
    sample = Sample(tally(None))
    while True:
        out = compute(sample)
        if not sample.wanted:
            return out
        sample.refined(tally(sample.ranges()))


@dataclass(frozen=True)
class Window:
    """Some neighbours of a sample."""

    sample: Sample
    first: int
    size: int

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        return self.sample[np.asarray(index) + self.first]


def ordered_keys(values: np.ndarray) -> np.ndarray:
    """float64 to uint64 that sorts alike; -0 is 0."""
    bits = (np.asarray(values, dtype=np.float64) + 0.0).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def numbers_of(keys: np.ndarray) -> np.ndarray:
    """The inverse of `ordered_keys`."""
    return np.where(keys & SIGN, keys & ~SIGN, ~keys).view(np.float64)


def _summed(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted keys once each, their counts added up."""
    if not len(keys):
        return keys, counts
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)
