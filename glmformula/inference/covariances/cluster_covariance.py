"""Clustered covariances, one-way and multi-way, as sandwich's ``vcovCL`` (Zeileis, Koell & Graham 2020)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.counts import by_level
from ...errors import FitError
from ..deletions.leverage import Weighted
from .clusters import Clusters, cluster_codes, every_row, intersections
from .in_parts import InParts, frame_of

if TYPE_CHECKING:
    from ...fitted.protocols import Scored, SingleIndex
    from ...sources.base import Block, Source
    from .sandwich import Scores
    from .streamed_clusters import StreamedClusters

    Grouping = Clusters | StreamedClusters

FEW = 2**12  # so many groups are summed in a table a block; more are kept as (groups met, sums)
CELLS = 2**23  # sums held at once (64 MB): more groups take more passes over the rows
SINGULAR = 1e-10  # I - H of a cluster counts as singular below this

# Groups met (u,) and their sums (k, u), for one stretch of rows after another.
Sums = list[tuple[np.ndarray, np.ndarray]]


def groupings(fit: Scored, cluster: Any) -> Sequence[tuple[int, Grouping]]:
    """Sign and grouping of every combination of the ways of clustering (Cameron et al. 2011).

    1 for one way, -1 for pairs ...; where `cluster` is None every row is its own.

    Raises
    ------
    DataError
        As `cluster_codes`; for rows that arrive in blocks, values in place of names.
    """
    if cluster is None:
        return [(1, every_row(fit))]
    if not fit.rows.streamed:
        return intersections(cluster_codes(fit, cluster))
    from .streamed_clusters import streamed_groupings  # few need it

    return streamed_groupings(fit, cluster)


def cluster_products(source: Source, scores: Scores, clusters: Grouping, r: int) -> np.ndarray:
    """Sum over clusters of s s', s the sum of the estimating functions `scores` (block -> (r, m)) in one."""
    total = np.zeros((r, r))
    for some in parts_of(clusters, r):
        sums = collected(source, partial(_block_sums, scores), some)
        total += sums @ sums.T
    return total


def parts_of(clusters: Grouping, width: int) -> Iterator[Grouping]:
    """The clusters in parts so small that `width` sums for each of them fit in `CELLS`."""
    chunk = max(1, CELLS // width)
    if clusters.size <= chunk:
        yield clusters
        return
    for low in range(0, clusters.size, chunk):
        yield clusters.part(low, min(chunk, clusters.size - low))


def collected(source: Source, sums: Callable[[Clusters, Block], Sums], clusters: Grouping) -> np.ndarray:
    """The sums of all blocks as one table (k, clusters)."""
    size = clusters.size
    ((_, table),) = _compacted(clusters.reduce(source, sums, partial(_merged, size)), size)
    return table


def _block_sums(scores: Scores, clusters: Clusters, block: Block) -> Sums:
    return by_group(clusters.codes[block.start : block.start + len(block.y)], clusters.size, scores(block))


def by_group(codes: np.ndarray, size: int, values: np.ndarray) -> Sums:
    """The columns of `values` (k, m) added up by code; those of code -1 are left out."""
    inside = codes >= 0
    if not inside.all():
        values, codes = values[:, inside], codes[inside]
    if size <= FEW:
        met, inverse = np.arange(size), codes
    else:
        met, inverse = np.unique(codes, return_inverse=True)
    rows = np.ascontiguousarray(values)
    return [(met, by_level(np.ascontiguousarray(inverse, dtype=np.int32), len(met), rows))]


def _merged(size: int, a: Sums, b: Sums) -> Sums:
    if size <= FEW:
        return [(a[0][0], a[0][1] + b[0][1])]
    both = a + b
    return _compacted(both, size) if sum(len(met) for met, _ in both) > 2 * max(size, FEW) else both


def _compacted(sums: Sums, size: int) -> Sums:
    """One table with a column for every group."""
    if len(sums) == 1 and len(sums[0][0]) == size:
        return sums
    table = np.zeros((len(sums[0][1]), size))
    for met, values in sums:  # no group twice in one of them
        table[:, met] += values
    return [(np.arange(size), table)]


def described(type: str, parts: Sequence[tuple[int, Grouping]]) -> str:
    """How a clustered covariance is named: ``clustered by firm (50 clusters)``."""
    ways = " and ".join(f"{groups.name} ({groups.size} clusters)" for _, groups in parts if groups.name)
    kind = "" if type == "HC0" else f"{type}, "
    return f"{kind}clustered by {ways}" if ways else f"{kind}each row its own cluster"


def cl_covariance(
    fit: SingleIndex,
    parts: Sequence[tuple[int, Grouping]],
    type: str = "HC0",
    cadjust: bool = True,
    multi0: bool = False,
    fix: bool = False,
) -> np.ndarray:
    """(rank, rank): R's ``vcovCL``.

    Parameters
    ----------
    parts : see `groupings`
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
    frame = frame_of(fit)
    total: Any = None
    for k, (sign, groups) in enumerate(parts):
        if multi0 and k == len(parts) - 1 > 0:
            groups = every_row(fit)
            adjust = (n - p) / (n - 1) if type == "HC1" else 1.0
        else:
            adjust = few_clusters(groups.size) if cadjust else 1.0
        if type in ("HC2", "HC3"):
            adjust *= (groups.size - 1) / groups.size
        some = _inner(fit, frame, groups, type) * (sign * adjust)
        total = some if total is None else total + some
    if type == "HC1":
        total = total * ((n - 1) / (n - p) if n > p else np.nan)
    out = frame.from_basis(total)
    return positive(np.asarray(out)) if fix else out


def few_clusters(size: int) -> float:
    """G / (G - 1); NaN for a single cluster, which says nothing of variation between clusters."""
    return size / (size - 1) if size > 1 else np.nan


def positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with its negative eigenvalues set to zero."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if (values >= 0).all():
        return matrix
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _inner(fit: SingleIndex, frame: Weighted | InParts, groups: Grouping, type: str) -> Any:
    """Sum of the outer products of the clusters' scores, in the basis y = T'x."""
    source = fit.rows.source
    adjusted = type in ("HC2", "HC3")
    if groups.size == fit.nobs:
        power = {"HC2": 1.0, "HC3": 2.0}.get(type, 0.0)
        return source.map_reduce(partial(_row_products, frame, power), add)
    if isinstance(frame, InParts):
        return frame.cluster_products(source, groups, type)
    if not adjusted:
        return cluster_products(source, partial(_scores, frame), groups, fit.rank)
    p = fit.rank
    total = np.zeros((p, p))
    for some in parts_of(groups, width(p)):
        sums = collected(source, partial(_leverage_sums, frame), some)
        scores = adjusted_scores(sums.T, p, type)
        total += scores.T @ scores
    return total


def _scores(frame: Weighted, block: Block) -> np.ndarray:
    """Working scores times Y, (rank, m)."""
    _, u = frame.scores(block)
    return frame.basis(block) * u


def _row_products(frame: Weighted | InParts, power: float, block: Block) -> Any:
    """Every row its own cluster: sum of u^2 / (1 - h)^power y y'."""
    weights, u = frame.scores(block)
    Y: Any = frame.basis(block)
    squares = u * u
    if power:
        hat = frame.hat_in(Y, weights)
        with np.errstate(all="ignore"):
            squares = np.where(weights > 0, squares / (1 - hat) ** power, 0.0)
    return frame.products(Y, squares)


def _leverage_sums(frame: Weighted, groups: Clusters, block: Block) -> Sums:
    """For each cluster:  Yu,  YY' (its upper triangle by rows),  YWu  and  YWY',  with Y = T'X'.

    These are all that a power of I - H needs: H = Y'YW has the rank of X, however many rows a cluster has.
    """
    codes = groups.codes[block.start : block.start + len(block.y)]
    weights, u = frame.scores(block)
    Y = frame.basis(block)
    chosen = codes >= 0
    if not chosen.all():
        Y, weights, u, codes = Y[:, chosen], weights[chosen], u[chosen], codes[chosen]
    parts = []
    for WY in (Y, Y * weights):
        parts.append(by_group(codes, groups.size, WY * u))
        parts += [by_group(codes, groups.size, WY[j] * Y[j:]) for j in range(len(Y))]
    return [(parts[0][0][0], np.concatenate([part[0][1] for part in parts]))]


def width(p: int) -> int:
    """How many sums a cluster has in `_leverage_sums`."""
    return 2 * p + p * (p + 1)


def adjusted_scores(sums: np.ndarray, p: int, type: str) -> np.ndarray:
    """(groups, p):  Y(I - H)^power u  for each cluster, from its `_leverage_sums` (groups, width).

    With S = YWY':  Yu + YY' f(S) YWu,  f(d) = ((1 - d)^power - 1) / d on the eigenvalues of S, which is the
    inverse of I - S for the power -1 (HC3).

    Raises
    ------
    FitError
        I - S has no inverse.
    """
    half = sums.shape[1] // 2
    (Yu, YY), (YWu, S) = (_unpacked(sums[:, k * half : (k + 1) * half], p) for k in range(2))
    if type == "HC3":
        left = np.eye(p) - S
        pivots = np.diagonal(_cholesky(left), axis1=1, axis2=2)
        _check(~((pivots**2).min(axis=1) > SINGULAR), type)
        inner = np.linalg.solve(left, YWu[:, :, None])[:, :, 0]
    else:
        d, U = np.linalg.eigh(S)
        _check(d[:, -1] > 1 - SINGULAR, type)
        d = np.maximum(d, 1e-300)
        f = np.expm1(-0.5 * np.log1p(-d)) / d
        inner = np.einsum("gij,gj->gi", U, f * np.einsum("gji,gj->gi", U, YWu))
    return np.asarray(Yu + np.einsum("gij,gj->gi", YY, inner))


def _cholesky(matrices: np.ndarray) -> np.ndarray:
    """Factors of each matrix; zeros for all when one has none (they are then looked at one by one)."""
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(matrices)[:, 0]
        return np.sqrt(np.maximum(smallest, 0))[:, None, None] * np.eye(matrices.shape[1])


def _check(alone: np.ndarray, type: str) -> None:
    if alone.any():
        raise FitError(
            f"{type} with clusters: system is computationally singular: {int(alone.sum())} of {len(alone)} "
            "clusters decide a coefficient alone (I - H of the cluster has no inverse); take HC0 or HC1, or "
            "leave the coefficient out"
        )


def _unpacked(sums: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray]:
    """A vector (groups, p) and a symmetric matrix (groups, p, p) from its upper triangle by rows."""
    matrices = np.empty((len(sums), p, p))
    i, j = np.triu_indices(p)
    matrices[:, i, j] = matrices[:, j, i] = sums[:, p:]
    return sums[:, :p], matrices
