"""One pass over the rows at given coefficients: what each block adds up, and how two sums become one.

Everything here is a module-level function of a frozen `Task` and a `Block`, so that it can be sent to
workers. Blocks are merged in row order, which makes a result independent of the number of threads, bit for
bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from scipy.linalg import lapack

from ..design.dense import dense
from ..design.pieces import Piece
from ..families import Family
from ..families.link import EPS, everywhere, quiet
from ..sources.base import Block
from .columns import (
    Part,
    dense_columns,
    linear_predictor,
    pieces_changed,
    plan,
    predictor_from_columns,
    sparse_rows,
)
from .gram import Tables, tables
from .patterns import Patterns, joined, patterns, same_rows

INTERCEPT = Piece(numeric=())
QR_CELLS = 2**17  # one QR takes rows of at most so many numbers (1 MB), which stay in the cache


class RowFunction(Protocol):
    """Sums over the rows of a block at their means; picklable."""

    def __call__(self, block: Block, mu: np.ndarray) -> np.ndarray: ...
    def observed(self, y: np.ndarray, mu: np.ndarray) -> np.ndarray | None:
        """By how much the information of eta that the step takes is more than Fisher's, (m,); None: it is Fisher's."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to compute, and at which coefficients.

    Attributes
    ----------
    family : Family
    beta : ndarray (p,) or None
        None: at the start values of the rows (etastart, mustart or the family's own).
    solve : {'qr', 'gram', None}
        Which sums the next step needs.
    relations : ndarray (d, p) or None
        Combinations of columns whose squared weighted lengths are wanted instead.
    report : {'', 'fit', 'mean', 'offset'}
        The pass may be the last; with 'mean' or 'offset' also the null deviance, at the mean `null_mu` or at
        the inverse link of the offset; with 'fit', where it must be fitted, the sum of these means.
    null_mu : float
    dispersion : float or None
        Take the log-likelihood at this dispersion.
    pearson : bool
        Pearson's statistic, with the working weights at `solved_at` (None: the start values).
    null_of : ndarray or None
        The design is a single column of ones, and where `beta` is None mu starts at the fitted values of
        these coefficients of the full design.
    collect : bool
        Also the covariate patterns, where they are few.
    rows : RowFunction or None
        More sums. Unless the pass may be the last, the first of them, if it is finite,
        says that the coefficients are usable, and the deviance is not computed.
    """

    family: Family
    beta: np.ndarray | None
    solve: str | None = None
    relations: np.ndarray | None = None
    report: str = ""
    null_mu: float = 0.0
    dispersion: float | None = None
    null_of: np.ndarray | None = None
    pearson: bool = False
    solved_at: np.ndarray | None = None
    collect: bool = False
    rows: RowFunction | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the rows of a block, or of several.

    Attributes
    ----------
    rows, n_ok : int
        All rows, and those of a non-zero prior weight.
    weight_sum, weighted_y : float
        Sums of prior_weights, and of prior_weights * y.
    has_offset, has_start, has_etastart : bool
        Whether the blocks have an offset; start values of eta or mu; of eta.
    valid : bool
        All means and linear predictors are inside their intervals.
    deviance : float
    informative : int
        Rows with a working weight above 0.
    fault : str
        What is wrong with variances or slopes, in R's words.
    solve : ndarray, Tables or None
        A triangular factor of [sqrt(W) X, sqrt(W) u], or what X'WX and X'Wu are made of; W the working weights, u the
        working residual (`working_response` says where it is the response).
    lengths : ndarray (d,) or None
        Squared lengths, under W, of the combinations of columns that were asked about.
    pearson : float
        Pearson's statistic, not divided by the dispersion.
    null_deviance : float
        At the mean response, or at the inverse link of the offset, as the task's `report` says.
    weighted_offset_mu : float
        Sum of prior_weights times the means that the offset alone gives.
    minus2_loglik : float
    mu_range : (float, float)
        The smallest and the largest mean.
    largest_y : float
    reported : bool
        Whether the sums of a finished fit are among these.
    least_weight : float
        The smallest prior weight above 0, at most 1.
    patterns : Patterns or None
    """

    rows: int
    n_ok: int
    weight_sum: float
    weighted_y: float
    has_offset: bool
    has_start: bool
    has_etastart: bool
    valid: bool
    deviance: float
    informative: int = 0
    fault: str = ""
    solve: np.ndarray | Tables | None = None
    lengths: np.ndarray | None = None
    pearson: float = 0.0
    null_deviance: float = 0.0
    weighted_offset_mu: float = 0.0
    minus2_loglik: float = 0.0
    mu_range: tuple[float, float] = (np.inf, -np.inf)
    largest_y: float = -np.inf
    reported: bool = False
    least_weight: float = 1.0
    patterns: Patterns | None = None
    more: np.ndarray | None = None

    @property
    def usable(self) -> bool:
        """Whether iterations may go on from here: valid means, a finite deviance."""
        return self.valid and bool(np.isfinite(self.deviance))


def merge(a: Sums, b: Sums) -> Sums:
    """The sums of the rows of `a` followed by those of `b`."""
    solve: np.ndarray | Tables | None = None
    if isinstance(a.solve, Tables) and isinstance(b.solve, Tables):
        solve = a.solve + b.solve
    elif isinstance(a.solve, np.ndarray) and isinstance(b.solve, np.ndarray):
        solve = triangular(np.concatenate([a.solve, b.solve]).T)
    return Sums(
        rows=a.rows + b.rows,
        n_ok=a.n_ok + b.n_ok,
        weight_sum=a.weight_sum + b.weight_sum,
        weighted_y=a.weighted_y + b.weighted_y,
        has_offset=a.has_offset or b.has_offset,
        has_start=a.has_start or b.has_start,
        has_etastart=a.has_etastart or b.has_etastart,
        valid=a.valid and b.valid,
        deviance=a.deviance + b.deviance,
        informative=a.informative + b.informative,
        fault=a.fault or b.fault,
        solve=solve,
        lengths=None if a.lengths is None or b.lengths is None else a.lengths + b.lengths,
        pearson=a.pearson + b.pearson,
        null_deviance=a.null_deviance + b.null_deviance,
        weighted_offset_mu=a.weighted_offset_mu + b.weighted_offset_mu,
        minus2_loglik=a.minus2_loglik + b.minus2_loglik,
        mu_range=(min(a.mu_range[0], b.mu_range[0]), max(a.mu_range[1], b.mu_range[1])),
        largest_y=max(a.largest_y, b.largest_y),
        reported=a.reported,
        least_weight=min(a.least_weight, b.least_weight),
        patterns=joined(a.patterns, b.patterns),
        more=None if a.more is None or b.more is None else a.more + b.more,
    )


@quiet
def run(task: Task, block: Block) -> Sums:
    """The sums of one block."""
    family, y, weights = task.family, block.y, block.prior_weights
    m = len(y)
    design = block.design if task.null_of is None else replace(block.design, pieces=(INTERCEPT,))
    pieces = design.pieces
    p = sum([piece.width for piece in pieces])
    chunk = max(4 * (p + 1), QR_CELLS // (p + 1)) if task.solve == "qr" else m
    parts = plan(pieces, task.solve if m <= 2 * chunk else None)
    columns = dense_columns(pieces, parts, m)
    if task.beta is None:
        eta = start_eta(task, block)
    else:
        eta = predictor_from_columns(pieces, parts, columns, task.beta, block.offset)
    mu, slope, variance = family.working(eta)
    low, high = family.mu_interval
    mu_range = (float(mu.min()), float(mu.max())) if m else (np.inf, -np.inf)
    more: dict[str, Any] = {}
    if task.solve or task.relations is not None:
        working, u, fault = working_response(task, block, eta, mu, slope, variance)
        if fault is not None:
            more["fault"] = fault
            more["informative"] = int(np.count_nonzero(working))
        if task.relations is not None:
            more["lengths"] = squared_lengths(block, task.relations, working)
        elif m > 2 * chunk:
            more["solve"] = triangular_by_chunks(pieces, working, u, chunk)
        else:
            columns[-1] = u
            more["solve"] = for_the_step(task, pieces, parts, columns, working)
    if task.report:
        more |= reported(task, block, mu)
    if task.pearson:
        more["pearson"] = pearson_sum(task, block, eta, mu, slope)
    if task.dispersion is not None:
        more["minus2_loglik"] = minus2_loglik(family, block, eta, mu, task.dispersion)
    if task.rows is not None:
        more["more"] = task.rows(block, mu)
    if task.collect:
        more["patterns"] = patterns(family, design, block)
    return Sums(
        rows=count_rows(block),
        n_ok=rows_that_count(block),
        weight_sum=float(m) if weights is None else float(weights.sum()),
        weighted_y=total(y, weights),
        has_offset=block.offset is not None,
        has_start=block.etastart is not None or block.mustart is not None,
        has_etastart=block.etastart is not None,
        valid=bool(
            low < mu_range[0]
            and mu_range[1] < high
            and (family.link.valid_eta is everywhere or family.link.valid_eta(eta).all())
            and (task.beta is not None or np.isfinite(eta).all())  # the logarithm of a zero is no start
        ),
        deviance=float(more["more"][0])
        if task.rows is not None and not task.report
        else total(family.deviance_at(y, eta, mu), weights),
        mu_range=mu_range,
        **{"informative": m, **more},
    )


def count_rows(block: Block) -> int:
    return len(block.y) if block.copies is None else int(block.copies.sum())


def rows_that_count(block: Block) -> int:
    """Rows with a prior weight."""
    weights, copies = block.prior_weights, block.copies
    if weights is None:
        return len(block.y)
    return int(np.count_nonzero(weights) if copies is None else copies[weights != 0].sum())


def minus2_loglik(family: Family, block: Block, eta: np.ndarray, mu: np.ndarray, dispersion: float) -> float:
    """Minus twice the log-likelihood of the rows; where they stand for several, each of these counts."""
    y, weights, trials, copies = block.y, block.own_weights, block.trials, block.copies
    if copies is None:
        return float(family.minus2_at(y, eta, mu, weights, dispersion, trials))
    order = np.argsort(copies, kind="stable")
    total = 0.0
    for rows in np.split(order, np.flatnonzero(np.diff(copies[order])) + 1):
        parts = [None if values is None else values[rows] for values in (weights, trials)]
        total += copies[rows[0]] * family.minus2_at(
            y[rows], eta[rows], mu[rows], parts[0], dispersion, parts[1]
        )
    return float(total)


def total(values: np.ndarray, weights: np.ndarray | None) -> float:
    """The weighted sum; what has no weight counts nothing, infinite or not."""
    if weights is None:
        return float(np.add.reduce(values))
    out = float(np.dot(weights, values))
    return out if np.isfinite(out) else float(np.dot(weights, np.where(weights > 0, values, 0.0)))


def start_eta(task: Task, block: Block) -> np.ndarray:
    """eta on the rows of a block where the task has no coefficients."""
    if task.null_of is not None:
        return linear_predictor(block.design, task.null_of, block.offset)
    if block.etastart is not None:
        return np.asarray(block.etastart, dtype=np.float64)
    mu = block.mustart
    if mu is None:
        mu = task.family.initial_mu(block.y, block.own_weights, block.trials)
    return task.family.link.linkfun(mu)


def working_response(
    task: Task, block: Block, eta: np.ndarray, mu: np.ndarray, slope: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Working weights W and working residual u; None where every row is informative, else what is wrong ('').

    `u` is (y - mu) / (dmu/deta), and with QR or at the start values R's whole working response less offset:
    solved by QR that is the more accurate form (the rounding of eta cancels), from a Gram matrix the first.
    """
    y, prior = block.y, block.prior_weights
    working = slope * slope
    working /= variance
    if prior is not None:
        working *= prior
    u = y - mu
    u /= slope
    ratio = None if task.rows is None else task.rows.observed(y, mu)
    if ratio is not None:
        working *= ratio
        u /= ratio
    shorten(task.family, block, eta, mu, slope, variance, working, u)
    if task.beta is None or task.solve == "qr":
        u += eta
        if block.offset is not None:
            u -= block.offset
    if np.isfinite(np.dot(working, u)) and working.all():
        return working, u, None
    good = np.ones(len(y), bool) if prior is None else prior > 0
    v, d = variance[good], slope[good]
    fault = ""
    if np.isnan(v).any():
        fault = "NAs in V(mu)"
    elif (v == 0).any():
        fault = "0s in V(mu)"
    elif np.isnan(d).any():
        fault = "NAs in d(mu)/d(eta)"
    good &= slope != 0
    return np.where(good, working, 0.0), np.where(good, u, 0.0), fault


def shorten(
    family: Family,
    block: Block,
    eta: np.ndarray,
    mu: np.ndarray,
    slope: np.ndarray,
    variance: np.ndarray,
    working: np.ndarray,
    u: np.ndarray,
) -> None:
    """Give rows far from their response, in place, working weights and residuals whose product is their exact score.

    Fisher's weights vanish there and the working residual has no bound, so only the score (y - mu) (dmu/deta) / V says
    which way to go. The weight is raised until the residual is at most 1 / eps of 1 + |eta|, as R's clamped means have
    it: that shortens the step and leaves the score as it is.
    """
    far = family.contrary(block.y, eta, mu)
    if far is not None:
        rows, score, information = far.rows, far.score, far.information
        reach = np.ones(len(rows))
    elif family.mu_interval[0] == 0.0 and mu.size and mu.min() < EPS:
        reach = 1.0 + np.abs(eta)
        rows = np.flatnonzero(np.abs(u) * EPS > reach)
        information = slope[rows] * (slope[rows] / variance[rows])
        score, reach = (block.y - mu)[rows] * (slope[rows] / variance[rows]), reach[rows]
    else:
        return
    weight = np.maximum(np.maximum(information, EPS), EPS * np.abs(score) / reach)
    u[rows] = score / weight
    working[rows] = weight if block.prior_weights is None else weight * block.prior_weights[rows]


def weights_at(beta: np.ndarray | None, family: Family, block: Block) -> np.ndarray:
    """Working weights (m,) at `beta` (None: the start values): prior_weights (dmu/deta)^2 / V(mu)."""
    eta = (
        start_eta(Task(family, None), block)
        if beta is None
        else linear_predictor(block.design, beta, block.offset)
    )
    _, slope, variance = family.working(eta)
    weights = slope * slope / variance
    if block.prior_weights is not None:
        weights *= block.prior_weights
        weights[block.prior_weights == 0] = 0.0
    weights[slope == 0] = 0.0
    return weights


def pearson_sum(task: Task, block: Block, eta: np.ndarray, mu: np.ndarray, slope: np.ndarray) -> float:
    """Sum of working weights times squared working residuals: R's, the weights of the last *solved* pass."""
    working = weights_at(task.solved_at, task.family, block)
    residual = (block.y - mu) / slope
    terms = np.where(working > 0, working * residual * residual, 0.0)
    far = task.family.contrary(block.y, eta, mu)
    if far is not None:
        prior = 1.0 if block.prior_weights is None else block.prior_weights[far.rows]
        terms[far.rows] = prior * np.square(far.pearson)
    return float(terms.sum())


def reported(task: Task, block: Block, mu: np.ndarray) -> dict[str, Any]:
    """The sums of a finished fit."""
    family, y, weights = task.family, block.y, block.prior_weights
    out: dict[str, Any] = {"reported": True, "largest_y": float(y.max(initial=-np.inf))}
    own = block.own_weights
    if own is not None:
        out["least_weight"] = float(np.min(own, where=own > 0, initial=1.0))
    if task.report == "mean":
        null_mu = np.full(len(y), task.null_mu)
        null_eta = family.link.linkfun(null_mu)
    else:
        null_eta = np.zeros(len(y)) if block.offset is None else block.offset
        null_mu = family.link.linkinv(null_eta)
    if task.report == "fit":
        return {**out, "weighted_offset_mu": total(null_mu, weights)}
    unit = family.deviance_at(y, null_eta, null_mu)
    null = total(unit, weights)
    if not np.isfinite(null):  # a mean at the end of its range fits y there exactly
        null = total(np.where(y == null_mu, 0.0, unit), weights)
    return {**out, "null_deviance": null}


def for_the_step(
    task: Task,
    pieces: tuple[Piece, ...],
    parts: tuple[Part, ...],
    columns: np.ndarray,
    working_weights: np.ndarray,
) -> np.ndarray | Tables:
    """What the next step is solved from; `columns` is [B, u] by rows, overwritten."""
    if task.solve == "gram":
        return tables(pieces, parts, columns, working_weights)
    columns *= np.sqrt(working_weights)
    return triangular(columns)


def squared_lengths(block: Block, relations: np.ndarray, working_weights: np.ndarray) -> np.ndarray:
    """Sum of W (X r)^2 over the rows, for each of the combinations r of the columns in `relations` (k, p): (k,)."""
    design, columns = pieces_changed(block.design, np.asarray(relations.any(axis=0)))
    if not any(piece.numeric for piece in design.pieces):  # the few combinations of levels say it all
        codes, first = same_rows(design, None)
        along = sparse_rows(design.rows(first)) @ relations[:, columns].T
        return np.bincount(codes, working_weights, len(first)) @ np.square(along)
    design = block.design
    if design.ncols > 4 * len(design.pieces):  # factors: most of X is zeros
        along = [linear_predictor(design, relation, None) for relation in relations]
        return np.array([working_weights @ np.square(values) for values in along])
    total, chunk = np.zeros(len(relations)), max(1, QR_CELLS // design.ncols)
    for start in range(0, design.nrows, chunk):
        rows = slice(start, start + chunk)
        total += working_weights[rows] @ np.square(dense(design.rows(rows)) @ relations.T)
    return total


def triangular(columns: np.ndarray) -> np.ndarray:
    """Upper trapezoidal factor of the matrix whose columns are the rows of `columns` (p, m), overwritten."""
    p = len(columns)
    factor, *_ = lapack.dgeqrf(columns.T, lwork=32 * p, overwrite_a=1)
    triangle: np.ndarray = factor[:p]
    triangle[below_diagonal(*triangle.shape)] = 0.0
    return triangle


def triangular_by_chunks(
    pieces: tuple[Piece, ...], working_weights: np.ndarray, u: np.ndarray, chunk: int
) -> np.ndarray:
    """The factor of [sqrt(W) X, sqrt(W) u] a cacheful of rows at a time: X is never there at once."""
    parts = plan(pieces, "qr")
    triangle = None
    for start in range(0, len(u), chunk):
        rows = slice(start, start + chunk)
        root = np.sqrt(working_weights[rows])
        columns = dense_columns(tuple([piece.rows(rows) for piece in pieces]), parts, len(root))
        columns[-1] = u[rows]
        columns *= root
        triangle = triangular(columns if triangle is None else np.concatenate([triangle.T, columns], axis=1))
    assert triangle is not None
    return triangle


@lru_cache(maxsize=8)
def below_diagonal(rows: int, columns: int) -> np.ndarray:
    return np.tri(rows, columns, -1, dtype=bool)
