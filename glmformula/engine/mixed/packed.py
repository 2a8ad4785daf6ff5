"""The rows of a generalized linear mixed model, gathered once and sorted by the first grouping factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...families import Family
from ...sources.base import Block, Source
from ...sources.mapped import collect
from .structure import Structure
from .sums import Basis

RUN = 16_384  # rows worked on at once: they stay in a processor's cache


@dataclass(frozen=True)
class Job:
    """A run of whole groups: levels `first` to `last` of the first factor, rows `start` to `stop`."""

    first: int
    last: int
    start: int
    stop: int


@dataclass(frozen=True)
class Packed:
    """Rows in order of the levels of the first grouping factor.

    Attributes
    ----------
    X : ndarray (r, n)
        The fixed columns in the engine's basis.
    eta : ndarray (n,)
        Offset and first estimate.
    y : ndarray (n,)
    weights, trials : ndarray (n,) or None
    codes : list of ndarray (n,)
    columns : list of list of (ndarray (n,) or None)
    starts : ndarray (J,)
        First row of each level of the first factor.
    counts : ndarray (J,)
    jobs : list of Job
    """

    X: np.ndarray
    eta: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    trials: np.ndarray | None
    codes: list[np.ndarray]
    columns: list[list[np.ndarray | None]]
    starts: np.ndarray
    counts: np.ndarray
    jobs: list[Job]

    @property
    def rows(self) -> int:
        return len(self.y)


def packed(structure: Structure, source: Source, basis: Basis) -> Packed:
    """All rows, sorted."""
    pieces = collect(source, partial(_arrays, structure, basis))
    several = len(pieces) > 1
    codes = [
        np.concatenate(part) if several else part[0] for part in zip(*(p[0] for p in pieces), strict=True)
    ]
    order = np.argsort(codes[0], kind="stable")
    same = bool((codes[0][1:] >= codes[0][:-1]).all())

    def joined(parts: list[Any]) -> np.ndarray:
        whole = np.concatenate(parts) if several else parts[0]
        return whole if same else whole[order]

    def known(parts: list[Any]) -> np.ndarray | None:
        return None if parts[0] is None else joined(parts)

    columns = [
        [known([p[1][f][k] for p in pieces]) for k in range(len(pieces[0][1][f]))]
        for f in range(len(pieces[0][1]))
    ]
    X = np.concatenate([p[2] for p in pieces], axis=1) if several else pieces[0][2]
    first = codes[0] if same else codes[0][order]
    counts = np.bincount(first, minlength=structure.groupings[0].count)
    ends = np.cumsum(counts)
    starts = ends - counts
    return Packed(
        np.ascontiguousarray(X if same else X[:, order]),
        joined([p[3] for p in pieces]),
        joined([p[4] for p in pieces]),
        known([p[5] for p in pieces]),
        known([p[6] for p in pieces]),
        [first, *((c if same else c[order]) for c in codes[1:])],
        columns,
        starts,
        counts,
        jobs_of(starts, counts),
    )


def jobs_of(starts: np.ndarray, counts: np.ndarray) -> list[Job]:
    """Runs of whole groups of about `RUN` rows."""
    ends = starts + counts
    n, J = int(ends[-1]), len(starts)
    cuts = np.unique(np.append(np.searchsorted(ends, np.arange(RUN, n + RUN, RUN)), J))
    cuts = np.unique(np.concatenate([[0], np.minimum(cuts, J)]))
    return [
        Job(int(a), int(b), int(starts[a]), int(ends[b - 1])) for a, b in zip(cuts, cuts[1:], strict=False)
    ]


def _arrays(structure: Structure, basis: Basis, block: Block) -> tuple[object, ...]:
    X, eta = basis.columns(structure, block)
    codes = [c.astype(np.int32, copy=False) for c in structure.codes(block.design)]
    return (
        codes,
        structure.varying(block.design),
        np.ascontiguousarray(X.T),
        eta,
        np.asarray(block.y, dtype=np.float64),
        block.prior_weights,
        block.trials,
    )


@dataclass(frozen=True)
class Criterion:
    """What the sum of the rows' deviances adds to the deviance of the model: -2 log-likelihood.

    ``A(dev) = dev / phi + C(phi)``, phi = 1 where it is known, else at its estimate, dev / sum of weights, as R's
    ``family$aic``; `slope` is its derivative.
    """

    family: Family
    constant: float
    weight_sum: float
    rows: Packed

    @property
    def estimated(self) -> bool:
        """Whether the family has a dispersion to estimate."""
        return self.family.likelihood_has_dispersion

    def at(self, deviance: float) -> tuple[float, float]:
        """(A, A')."""
        if not self.estimated:
            return deviance + self.constant, 1.0
        phi = self.family.loglik_dispersion(deviance, self.weight_sum, self.rows.rows)
        h = 1e-3
        near = [self._saturated(phi * np.exp(k * h)) for k in (-2, -1, 0, 1, 2)]
        slope = (near[0] - 8 * near[1] + 8 * near[3] - near[4]) / (12 * h * phi)  # dC/dphi
        change = phi / deviance
        value = deviance / phi + near[2] + 2.0 * self.family.extra_df
        return value, 1.0 / phi + (slope - deviance / phi**2) * change

    def _saturated(self, phi: float) -> float:
        y, w = self.rows.y, self.rows.weights
        return self.family.minus2_loglik(y, y, w, phi, self.rows.trials)


def criterion_of(family: Family, rows: Packed) -> Criterion:
    """Of the rows of a fit."""
    weights = rows.weights
    total = float(rows.rows if weights is None else weights.sum())
    if family.likelihood_has_dispersion:
        return Criterion(family, 0.0, total, rows)
    mu = family.initial_mu(rows.y, weights, rows.trials)
    deviance = family.unit_deviance(rows.y, mu)
    whole = float(deviance.sum() if weights is None else (deviance * weights).sum())
    constant = family.minus2_loglik(rows.y, mu, weights, 1.0, rows.trials) - whole
    return Criterion(family, constant, total, rows)
