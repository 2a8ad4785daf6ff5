"""Clustered covariances, one-way and multi-way, as sandwich's ``vcovCL`` (Zeileis, Koell & Graham 2020)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ..engine.counts import by_level
from ..errors import FitError
from .clusters import Clusters, cluster_codes, intersections
from .leverage import Weighted, hat_of, weighted

if TYPE_CHECKING:
    from ..models.model import GLM
    from ..sources.base import Block, Source
    from .sandwich import Scores

CL_TYPES = ("HC", "HC0", "HC1", "HC2", "HC3")
FEW = 2**12  # so many groups are summed in a table a block; more are kept as (groups met, sums)
CELLS = 2**23  # sums held at once for leverage-adjusted clusters (64 MB); more groups take more passes
SINGULAR = 1e-10  # I - H of a cluster counts as singular below this

Sums = list[
    tuple[np.ndarray, np.ndarray]
]  # groups (u,) and their sums (u, k); one pair for each stretch of rows


def cluster_sums(source: Source, scores: Scores, clusters: Clusters) -> np.ndarray:
    """(size, r): the estimating functions `scores` (block -> (m, r)) of any model added up by cluster."""
    return collected(source, partial(_block_sums, scores, clusters), clusters.size)


def collected(source: Source, sums: Any, size: int) -> np.ndarray:
    """The sums of all blocks as one (size, k) table."""
    ((_, table),) = _compacted(source.map_reduce(sums, partial(_merged, size)), size)
    return table


def _block_sums(scores: Scores, clusters: Clusters, block: Block) -> Sums:
    codes = clusters.codes[block.start : block.start + len(block.y)]
    return by_group(codes, clusters.size, scores(block))


def by_group(codes: np.ndarray, size: int, values: np.ndarray) -> Sums:
    """The rows of `values` (m, k) added up by code; rows of code -1 are left out."""
    if len(codes) and codes.min() < 0:
        values, codes = values[codes >= 0], codes[codes >= 0]
    if size <= FEW:
        met, inverse = np.arange(size), codes
    else:
        met, inverse = np.unique(codes, return_inverse=True)
    rows = np.ascontiguousarray(values.T)
    return [(met, by_level(np.ascontiguousarray(inverse, dtype=np.int32), len(met), rows).T)]


def _merged(size: int, a: Sums, b: Sums) -> Sums:
    if size <= FEW:
        return [(a[0][0], a[0][1] + b[0][1])]
    both = a + b
    return _compacted(both, size) if sum(len(met) for met, _ in both) > 2 * size + FEW else both


def _compacted(sums: Sums, size: int) -> Sums:
    """One table with a row for every group."""
    if len(sums) == 1 and len(sums[0][0]) == size:
        return sums
    met = np.concatenate([m for m, _ in sums])
    values = np.concatenate([v for _, v in sums])
    ones = np.ones(len(met))
    table = sp.csr_array((ones, (met, np.arange(len(met)))), shape=(size, len(met))) @ values
    return [(np.arange(size), table)]


def cl_covariance(
    fit: GLM, cluster: Any, type: str = "HC0", cadjust: bool = True, multi0: bool = False, fix: bool = False
) -> np.ndarray:
    """(rank, rank): R's ``vcovCL``.

    Parameters
    ----------
    cluster : see :func:`glmformula.inference.clusters.cluster_codes`
    type : {"HC0", "HC1", "HC2", "HC3"}
        HC1 multiplies by (n - 1) / (n - rank); HC2 and HC3 adjust the scores of each cluster by powers -1/2
        and -1 of I - H (Bell & McCaffrey 2002).
    cadjust : bool
        Multiply by G / (G - 1) for G clusters.
    multi0 : bool
        With several ways: take the last intersection as the rows themselves, unadjusted.
    fix : bool
        Set negative eigenvalues to zero.

    Raises
    ------
    FitError
        HC2 or HC3 where a cluster decides a coefficient alone.
    """
    n, p = fit.nobs, fit.rank
    if p == 0:
        return np.empty((0, 0))
    ways = cluster_codes(fit, cluster)
    frame = weighted(fit)
    total = np.zeros((p, p))
    parts = intersections(ways)
    for k, (sign, groups) in enumerate(parts):
        alone = multi0 and len(ways) > 1 and k == len(parts) - 1
        if alone:
            groups = cluster_codes(fit, None)[0]
            adjust = (n - p) / (n - 1) if type == "HC1" else 1.0
        else:
            adjust = few_clusters(groups.size) if cadjust else 1.0
        if type in ("HC2", "HC3"):
            adjust *= (groups.size - 1) / groups.size
        total += sign * adjust * _inner(fit, frame, groups, type)
    if type == "HC1":
        total *= (n - 1) / (n - p) if n > p else np.nan
    out = frame.from_basis(total)
    return positive(out) if fix else out


def few_clusters(size: int) -> float:
    """G / (G - 1); NaN for a single cluster, which says nothing of variation between clusters."""
    return size / (size - 1) if size > 1 else np.nan


def positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with its negative eigenvalues set to zero."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if (values >= 0).all():
        return matrix
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _inner(fit: GLM, frame: Weighted, groups: Clusters, type: str) -> np.ndarray:
    """Sum of the outer products of the clusters' scores, in the basis y = T'x."""
    source = fit.rows.source
    adjusted = type in ("HC2", "HC3")
    if groups.size == fit.nobs:
        power = {"HC2": 1.0, "HC3": 2.0}.get(type, 0.0)
        total: np.ndarray = source.map_reduce(partial(_row_products, frame, power), np.add)
        return total
    if not adjusted:
        sums = cluster_sums(source, partial(_scores, frame), groups)
        return np.asarray(sums.T @ sums)
    power = -0.5 if type == "HC2" else -1.0
    p = fit.rank
    chunk = max(1, CELLS // (2 * p + p * (p + 1)))
    total = np.zeros((p, p))
    for low in range(0, groups.size, chunk):
        size = min(chunk, groups.size - low)
        inside = (groups.codes >= low) & (groups.codes < low + size)
        some = Clusters(np.where(inside, groups.codes - low, -1), size)
        sums = collected(source, partial(_leverage_sums, frame, some), size)
        scores = adjusted_scores(sums, p, power, type)
        total += scores.T @ scores
    return total


def _scores(frame: Weighted, block: Block) -> np.ndarray:
    """Working scores times y = T'x, (m, rank)."""
    _, u = frame.scores(block)
    return np.asarray(frame.basis(block) * u[:, None])


def _row_products(frame: Weighted, power: float, block: Block) -> np.ndarray:
    """Every row its own cluster: sum of u^2 / (1 - h)^power y y'."""
    weights, u = frame.scores(block)
    Y = frame.basis(block)
    squares = u * u
    if power:
        with np.errstate(all="ignore"):
            squares = np.where(
                weights > 0, squares / (1 - hat_of(Y * np.sqrt(weights)[:, None])) ** power, 0.0
            )
    return np.asarray((Y * squares[:, None]).T @ Y)


def _leverage_sums(frame: Weighted, groups: Clusters, block: Block) -> Sums:
    """For each cluster:  Y'u,  Y'Wu  and the upper triangles of  Y'Y  and  Y'WY,  with Y = X T.

    These are all that a power of I - H needs: H = Y Y'W has the rank of X, however many rows a cluster has.
    """
    codes = groups.codes[block.start : block.start + len(block.y)]
    chosen = codes >= 0
    if not chosen.any():
        return by_group(codes[:0], groups.size, np.empty((0, _width(len(frame.root)))))
    weights, u = frame.scores(block)
    Y = frame.basis(block)
    Y, weights, u, codes = Y[chosen], weights[chosen], u[chosen], codes[chosen]
    parts = []
    for w in (np.ones(len(u)), weights):
        weighted_rows = Y * w[:, None]
        parts.append(by_group(codes, groups.size, weighted_rows * u[:, None]))
        for j in range(Y.shape[1]):
            parts.append(by_group(codes, groups.size, weighted_rows[:, [j]] * Y[:, j:]))
    return [(parts[0][0][0], np.concatenate([part[0][1] for part in parts], axis=1))]


def _width(p: int) -> int:
    return 2 * p + p * (p + 1)


def adjusted_scores(sums: np.ndarray, p: int, power: float, type: str) -> np.ndarray:
    """(groups, p):  Y'(I - H)^power u  for each cluster, from its `_leverage_sums`.

    With S = Y'WY = U d U':  Y'u + Y'Y U f(d) U' Y'Wu,  f(d) = ((1 - d)^power - 1) / d.
    """
    half = sums.shape[1] // 2
    plain, weighted_ = (_unpacked(sums[:, k * half : (k + 1) * half], p) for k in range(2))
    d, U = np.linalg.eigh(weighted_[1])
    alone = (d > 1 - SINGULAR).any(axis=1)
    if alone.any():
        raise FitError(
            f"{type} with clusters: system is computationally singular: {int(alone.sum())} of {len(d)} "
            "clusters decide a coefficient alone (I - H of the cluster has no inverse); take HC0 or HC1, or leave the "
            "coefficient out"
        )
    d = np.maximum(d, 1e-300)
    f = np.expm1(power * np.log1p(-d)) / d
    inner = np.einsum("gji,gj->gi", U, weighted_[0]) * f
    return np.asarray(plain[0] + np.einsum("gij,gjk,gk->gi", plain[1], U, inner, optimize=True))


def _unpacked(sums: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray]:
    """A vector (groups, p) and a symmetric matrix (groups, p, p) from its upper triangle by rows."""
    matrices = np.empty((len(sums), p, p))
    i, j = np.triu_indices(p)
    matrices[:, i, j] = matrices[:, j, i] = sums[:, p:]
    return sums[:, :p], matrices
