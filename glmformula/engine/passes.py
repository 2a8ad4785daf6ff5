"""One pass over the rows at given coefficients: what each block adds up, and how two sums become one.

Everything here is a module-level function of a frozen `Task` and a `Block`, so that it can be sent to workers.
Blocks are merged in row order, which makes a result independent of the number of threads, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lapack

from ..design.pieces import Design, Piece
from ..families import Family
from ..sources.base import Block
from .columns import fill_columns, linear_predictor

INTERCEPT = Piece(numeric=())


@dataclass(frozen=True, slots=True)
class Task:
    """What to compute at which coefficients.

    Attributes
    ----------
    family : Family
    beta : ndarray (p,) or None
        None: at the start values of the rows (etastart, mustart or the family's own).
    solve : {'qr', 'gram', None}
        Which sums the next step needs.
    final : bool
        Also what a finished fit reports: Pearson statistic, null deviance, range of mu.
    null_mu : float or None
        Mean of the null model; None: the inverse link of the offset.
    dispersion : float or None
        Take the log-likelihood at this dispersion.
    null_of : ndarray or None
        The design is a single column of ones, and where `beta` is None mu starts at the fitted values of
        these coefficients of the full design.
    """

    family: Family
    beta: np.ndarray | None
    solve: str | None = None
    final: bool = False
    null_mu: float | None = None
    dispersion: float | None = None
    null_of: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over rows; `triangle` is the factor of [sqrt(W) X, sqrt(W) u]."""

    rows: int
    n_ok: int
    weight_sum: float
    weighted_y: float
    has_offset: bool
    valid: bool
    deviance: float
    informative: int = 0
    fault: str = ""
    triangle: np.ndarray | None = None
    pearson: float = 0.0
    null_deviance: float = 0.0
    minus2_loglik: float = 0.0
    mu_range: tuple[float, float] = (np.inf, -np.inf)


def merge(a: Sums, b: Sums) -> Sums:
    """The sums of the rows of `a` followed by those of `b`."""
    return Sums(
        rows=a.rows + b.rows,
        n_ok=a.n_ok + b.n_ok,
        weight_sum=a.weight_sum + b.weight_sum,
        weighted_y=a.weighted_y + b.weighted_y,
        has_offset=a.has_offset or b.has_offset,
        valid=a.valid and b.valid,
        deviance=a.deviance + b.deviance,
        informative=a.informative + b.informative,
        fault=a.fault or b.fault,
        triangle=None
        if a.triangle is None or b.triangle is None
        else triangular(np.concatenate([a.triangle, b.triangle]).T),
        pearson=a.pearson + b.pearson,
        null_deviance=a.null_deviance + b.null_deviance,
        minus2_loglik=a.minus2_loglik + b.minus2_loglik,
        mu_range=(min(a.mu_range[0], b.mu_range[0]), max(a.mu_range[1], b.mu_range[1])),
    )


def total(values: np.ndarray, weights: np.ndarray | None) -> float:
    return float(values.sum() if weights is None else weights @ values)


def state_at(task: Task, block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """eta, mu, dmu/deta and V(mu) on the rows of a block."""
    family, design = task.family, block.design
    if task.beta is not None:
        if task.null_of is not None:
            design = Design(design.nrows, (INTERCEPT,), ("(Intercept)",), np.zeros(1, int), ())
        eta = linear_predictor(design, task.beta, block.offset)
    elif task.null_of is not None:
        eta = linear_predictor(design, task.null_of, block.offset)
    elif block.etastart is not None:
        eta = np.asarray(block.etastart, dtype=np.float64)
    else:
        start = block.mustart
        if start is None:
            start = family.initial_mu(block.y, block.prior_weights)
        eta = family.link.linkfun(start)
    return (eta, *family.working(eta))


def run(task: Task, block: Block) -> Sums:
    """The sums of one block."""
    with np.errstate(all="ignore"):
        return _run(task, block)


def _run(task: Task, block: Block) -> Sums:
    family, y, weights = task.family, block.y, block.prior_weights
    m = len(y)
    eta, mu, slope, variance = state_at(task, block)
    unit = family.unit_deviance(y, mu)
    out = Sums(
        rows=m,
        n_ok=m if weights is None else int(np.count_nonzero(weights)),
        weight_sum=total(np.ones(m), weights) if weights is not None else float(m),
        weighted_y=total(y, weights),
        has_offset=block.offset is not None,
        valid=bool(family.link.valid_eta(eta).all() and family.valid_mu(mu).all()),
        deviance=total(unit, weights),
    )
    if task.solve:
        out = replace(out, **_to_solve(task, block, eta, mu, slope, variance))
    if task.final:
        out = replace(out, **_to_report(task, block, mu, variance))
    if task.dispersion is not None:
        prior = np.ones(m) if weights is None else weights
        out = replace(out, minus2_loglik=float(family.minus2_loglik(y, mu, prior, task.dispersion)))
    return out


def _to_report(task: Task, block: Block, mu: np.ndarray, variance: np.ndarray) -> dict[str, object]:
    family, y, weights = task.family, block.y, block.prior_weights
    null_mu: np.ndarray
    if task.null_mu is not None:
        null_mu = np.full(len(y), task.null_mu)
    else:
        null_mu = family.link.linkinv(np.zeros(len(y)) if block.offset is None else block.offset)
    residual = y - mu
    return {
        "pearson": total(residual * residual / variance, weights),
        "null_deviance": total(family.unit_deviance(y, null_mu), weights),
        "mu_range": (float(mu.min()), float(mu.max())) if len(mu) else (np.inf, -np.inf),
    }


def _to_solve(
    task: Task, block: Block, eta: np.ndarray, mu: np.ndarray, slope: np.ndarray, variance: np.ndarray
) -> dict[str, object]:
    """Working weights W and working residual u, and the factor or Gram matrix they give."""
    y, prior = block.y, block.prior_weights
    m = len(y)
    working = slope * slope / variance
    if prior is not None:
        working *= prior
    u = (y - mu) / slope
    if task.beta is None:
        u += eta if block.offset is None else eta - block.offset
    informative, fault = m, ""
    if not np.isfinite(working @ u) or not working.all():
        good = np.ones(m, bool) if prior is None else prior > 0
        fault = _fault(slope[good], variance[good])
        good &= slope != 0
        informative = int(np.count_nonzero(good))
        working, u = np.where(good, working, 0.0), np.where(good, u, 0.0)
    root = np.sqrt(working)
    if task.null_of is not None:
        pieces: tuple[Piece, ...] = (INTERCEPT,)
    else:
        pieces = block.design.pieces
    p = sum([piece.width for piece in pieces])
    columns = np.empty((p + 1, m))
    fill_columns(pieces, columns)
    columns[p] = u
    columns *= root
    return {"informative": informative, "fault": fault, "triangle": triangular(columns)}


def _fault(slope: np.ndarray, variance: np.ndarray) -> str:
    """R's sentences about rows that carry weight but no information."""
    if np.isnan(variance).any():
        return "NAs in V(mu)"
    if (variance == 0).any():
        return "0s in V(mu)"
    if np.isnan(slope).any():
        return "NAs in d(mu)/d(eta)"
    return ""


def triangular(columns: np.ndarray) -> np.ndarray:
    """Upper trapezoidal factor of the matrix whose columns are the rows of `columns` (overwritten)."""
    factor, *_ = lapack.dgeqrf(columns.T, lwork=32 * len(columns), overwrite_a=1)
    return np.triu(factor[: len(columns)])
