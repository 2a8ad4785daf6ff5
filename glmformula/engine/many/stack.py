"""Groups of rows as arrays (groups, rows, columns): those of about one size together, padded with rows of weight 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from ...families import Family
from ...families.link import EPS

R = TypeVar("R")
CELLS = 2**18  # numbers of a stack's columns: what is worked on stays in the cache
SLACK = 1.125  # the largest group of a stack, beside its smallest


@dataclass(frozen=True, slots=True)
class GroupRows:
    """The rows of all groups, those of a group together.

    Attributes
    ----------
    X : ndarray (n, p)
    y : ndarray (n,)
        For a binomial the proportion.
    starts : ndarray of int (g + 1,)
        Where the rows of a group begin; n at the end.
    prior_weights, offset, trials : ndarray (n,) or None
        As in a `Block`.
    """

    X: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    prior_weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    trials: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Groups as arrays (g, m); `X` (g, m, p). Rows that pad a group are copies of its first, of weight 0."""

    family: Family
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray | None
    trials: np.ndarray | None
    weighted: bool

    def part(self, which: np.ndarray) -> Stack:
        return replace(
            self,
            X=self.X[which],
            y=self.y[which],
            weights=self.weights[which],
            offset=None if self.offset is None else self.offset[which],
            trials=None if self.trials is None else self.trials[which],
        )

    def eta(self, beta: np.ndarray) -> np.ndarray:
        eta = (self.X @ beta[:, :, None])[:, :, 0]
        return eta if self.offset is None else eta + self.offset

    def start_eta(self) -> np.ndarray:
        weights = self.weights.ravel() if self.weighted else None
        trials = None if self.trials is None else self.trials.ravel()
        mu = self.family.initial_mu(self.y.ravel(), weights, trials)
        return np.reshape(self.family.link.linkfun(mu), self.y.shape)

    def deviance(self, eta: np.ndarray, mu: np.ndarray) -> np.ndarray:
        unit = self.family.deviance_at(self.y.ravel(), eta.ravel(), mu.ravel()).reshape(self.y.shape)
        return sums(self.weights, unit)

    @property
    def means(self) -> np.ndarray:
        """Of the responses, (g,)."""
        return sums(self.weights, self.y) / self.weights.sum(axis=1)


@dataclass(frozen=True, slots=True)
class Means:
    """A pass at some eta: what the family says of each row, the deviance of each group, and whether all is well."""

    eta: np.ndarray
    mu: np.ndarray
    slope: np.ndarray
    variance: np.ndarray
    deviance: np.ndarray
    good: np.ndarray

    @classmethod
    def at(cls, stack: Stack, eta: np.ndarray) -> Means:
        family, shape = stack.family, eta.shape
        mu, slope, variance = (a.reshape(shape) for a in family.working(eta.ravel()))
        low, high = family.mu_interval
        good = (mu.min(axis=1) > low) & (mu.max(axis=1) < high) & np.isfinite(eta).all(axis=1)
        good &= family.link.valid_eta(eta.ravel()).reshape(shape).all(axis=1)
        if low == 0.0:
            good &= mu.min(axis=1) > EPS
        far = family.contrary(stack.y.ravel(), eta.ravel(), mu.ravel())
        if far is not None:
            good[far.rows // shape[1]] = False
        deviance = stack.deviance(eta, mu)
        return cls(eta, mu, slope, variance, deviance, good & np.isfinite(deviance))

    def working(self, stack: Stack) -> np.ndarray:
        return stack.weights * (self.slope * self.slope / self.variance)


def in_stacks(groups: np.ndarray, sizes: np.ndarray, p: int) -> Iterator[np.ndarray]:
    """Groups of about one size, as many as a stack holds."""
    order = groups[np.argsort(sizes[groups], kind="stable")]
    start = 0
    while start < len(order):
        least = sizes[order[start]]
        stop = int(np.searchsorted(sizes[order], SLACK * least, side="right"))
        stop = min(stop, start + max(1, int(CELLS // (SLACK * least * p))))
        yield order[start:stop]
        start = stop


def stacked(rows: GroupRows, which: np.ndarray, family: Family) -> Stack:
    sizes = np.diff(rows.starts)[which]
    places = np.arange(int(sizes.max()))
    there = places < sizes[:, None]
    index = rows.starts[which][:, None] + np.where(there, places, 0)

    def part(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[index]

    weights = there.astype(np.float64)
    if rows.prior_weights is not None:
        weights *= rows.prior_weights[index]
    return Stack(
        family,
        rows.X[index],
        rows.y[index],
        weights,
        part(rows.offset),
        part(rows.trials),
        rows.prior_weights is not None,
    )


def sums(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of each group, (g,)."""
    return np.asarray(np.einsum("gm,gm->g", weights, values))


def part(record: R, which: np.ndarray) -> R:
    """A record of arrays by group, of some groups."""
    return type(record)(*(getattr(record, field.name)[which] for field in fields(record)))  # type: ignore[arg-type]
