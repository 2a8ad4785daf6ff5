"""Sandwiches of fits whose covariance is kept in parts: products of the columns, counts of the levels.

With (X'WX)^-1 = P + F C F' (P diagonal over the levels, F the columns less what the levels explain, s of them) the
product with any meat M is  P M P + F C G' + G C F' + F (C F'MF C) F',  G = P M F: again of rank 2s but for P M P.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ...design.dense import sparse
from ...engine.covariance import DENSE, BorderedCovariance
from ...errors import FitError
from ..deletions.leverage import FitRows, Weighted, at_most_one, weighted

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block, Source
    from .clusters import Clusters
    from .streamed_clusters import StreamedClusters

# Sums of clusters held at once; the share of cells from which a product of levels is formed in full.
CELLS, FULL = 2**23, 0.1


@dataclass(frozen=True)
class Meat:
    """F'MF (s, s), the levels' part of M F (m, s), and M between levels (m, m), sparse where it can be."""

    inner: np.ndarray
    across: np.ndarray
    levels: Any

    def __add__(self, other: Meat) -> Meat:
        return Meat(self.inner + other.inner, self.across + other.across, self.levels + other.levels)

    def __mul__(self, by: float) -> Meat:
        return Meat(self.inner * by, self.across * by, self.levels * by)


@dataclass(frozen=True)
class Basis:
    """Rows of a block: the columns less what the levels explain (k, s), and their levels (k, m)."""

    left: np.ndarray
    levels: sp.csr_array


@dataclass(frozen=True)
class InParts(FitRows):
    """As `Weighted`, of a covariance in parts."""

    parts: BorderedCovariance

    def basis(self, block: Block) -> Basis:
        kept = np.flatnonzero(~np.isnan(self.result.coefficients))
        rows = sp.csr_array(sparse(block.design)[:, kept] @ self.parts.turn)
        return Basis(self.parts.left(rows), sp.csr_array(rows[:, len(self.parts.inner) :]))

    def hat_in(self, basis: Basis, weights: np.ndarray) -> np.ndarray:
        parts = self.parts
        inside = np.einsum("ij,ij->i", basis.left @ parts.inner, basis.left)
        own = sp.csr_array(basis.levels.multiply(basis.levels)) @ parts.per_level
        return at_most_one(weights * parts.scale * (inside + own))

    def hat(self, block: Block) -> np.ndarray:
        return self.hat_in(self.basis(block), self.weights(block))

    def products(self, basis: Basis, each: np.ndarray) -> Meat:
        weighed = basis.left * each[:, None]
        squares = sp.csr_array(basis.levels.multiply(basis.levels)).T @ each  # a row has one level
        return Meat(basis.left.T @ weighed, basis.levels.T @ weighed, sp.diags_array(squares))

    def cluster_products(self, source: Source, clusters: Clusters | StreamedClusters, type: str) -> Meat:
        """Sum over clusters of s s', s the sum of the scores in one."""
        if type in ("HC2", "HC3"):
            raise FitError(
                f"{type} with clusters takes {len(self.parts):,} x {len(self.parts):,} numbers for each cluster, which "
                f"a model of {len(self.parts):,} coefficients has no room for: take HC0 or HC1"
            )
        s, m = self.parts.border.shape
        total = Meat(np.zeros((s, s)), np.zeros((m, s)), sp.csr_array((m, m)))
        chunk = max(1, CELLS // max(s, 1))
        for low in range(0, clusters.size, chunk):
            some = clusters if clusters.size <= chunk else clusters.part(low, min(chunk, clusters.size - low))
            left, levels = some.reduce(source, partial(_cluster_sums, self), _both)
            total += Meat(left.T @ left, levels.T @ left, _square(levels))
        return total

    def from_basis(self, meat: Meat) -> Any:
        parts, s = self.parts, len(self.parts.inner)
        C, per_level = parts.scale * parts.inner, parts.scale * parts.per_level
        K = np.block([[C @ meat.inner @ C, C], [C, np.zeros((s, s))]])
        border = parts.border if isinstance(parts.border, np.ndarray) else parts.border.toarray()
        across = meat.across * per_level[:, None]
        nothing = sp.csr_array((len(parts), s))
        turn = sp.hstack([parts.turn[:, :s], nothing, parts.turn[:, s:]], format="csr")
        low = BorderedCovariance(K, np.vstack([border, -across.T]), np.zeros(len(per_level)), turn)
        if sp.issparse(meat.levels) and meat.levels.format == "dia":
            return replace(low, per_level=per_level**2 * meat.levels.diagonal())
        whole, middle = np.asarray(low), _between(meat.levels, per_level)
        own = sp.csc_array(parts.turn[:, s:])
        full = np.diff(own.indptr) > DENSE  # the baseline's, that all levels differ from
        some, base = own[:, np.flatnonzero(~full)], own[:, np.flatnonzero(full)].toarray()
        if base.size:
            left = middle[np.flatnonzero(~full)][:, full], middle[np.flatnonzero(full)][:, full]
            from_some, from_base = (x.toarray() if sp.issparse(x) else x for x in left)
            beside = some @ from_some + base @ from_base / 2
            whole += beside @ base.T
            whole += base @ beside.T
        middle = middle[np.flatnonzero(~full)][:, ~full]
        if not sp.issparse(middle):
            whole += some @ (some @ middle).T
            return whole
        more = sp.coo_array(some @ sp.csr_array(middle) @ some.T)
        whole[more.row, more.col] += more.data
        return whole


def frame_of(fit: SingleIndex) -> Weighted | InParts:
    """The fit's design in which its covariance is the identity, or the parts that the covariance has."""
    cov: Any = fit.result.cov_unscaled
    if isinstance(cov, BorderedCovariance):
        cov.must_fit()
        return InParts(fit.result, fit.family, cov)
    return weighted(fit)


def _between(levels: Any, per_level: np.ndarray) -> Any:
    scale = sp.diags_array(per_level)
    return (
        sp.csr_array(scale @ levels @ scale)
        if sp.issparse(levels)
        else per_level[:, None] * levels * per_level
    )


Sums = tuple[np.ndarray, sp.csr_array]


def _cluster_sums(frame: InParts, clusters: Clusters, block: Block) -> Sums:
    codes = clusters.codes[block.start : block.start + len(block.y)]
    _, u = frame.scores(block)
    rows = np.flatnonzero(codes >= 0)
    by = sp.csr_array((u[rows], (codes[rows], rows)), shape=(clusters.size, len(codes)))
    basis = frame.basis(block)
    return np.asarray(by @ basis.left), sp.csr_array(by @ basis.levels)


def _both(a: Sums, b: Sums) -> Sums:
    return a[0] + b[0], a[1] + b[1]


def _square(levels: sp.csr_array) -> Any:
    """levels' levels, sparse if clusters have few levels each."""
    cells, m = float(np.square(np.diff(levels.indptr), dtype=float).sum()), levels.shape[1]
    if cells < FULL * m * m:
        return sp.csr_array(levels.T @ levels)
    out, chunk = np.zeros((m, m)), max(1, CELLS // m)
    for low in range(0, levels.shape[0], chunk):
        some = levels[low : low + chunk].toarray()
        out += some.T @ some
    return out
