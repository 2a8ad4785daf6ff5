"""How far a fit can be trusted: what is left of the score, condition, rank, and how many digits are right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..design.dense import dense
from ..engine.refine import MOST_CELLS, exact_score
from ..engine.result import GlmFit
from ..errors import FitError
from ..families import Family
from ..models.separation import infinite_names
from ..sources.base import Block

if TYPE_CHECKING:
    from ..models.model import GLM

MOST_DIGITS = 16.0
# A coefficient smaller than this share of its standard error is 0 with rounding: its own digits mean nothing.
NEGLIGIBLE = 1e-8
# Condition up to which the semi-normal equations in extended precision have digits: its square times 1e-19.
EXACT_WITHIN = 1e7
EPS = float(np.finfo(np.float64).eps)
EXTENDED = float(np.finfo(np.longdouble).eps) < EPS / 100
"""Whether np.longdouble carries more digits than float64 (not on Windows and most ARM machines)."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """What `certificate` found; prints as a short table.

    Attributes
    ----------
    converged : bool
    boundary : bool
        The fit ends at the edge of the valid means, where the score need not vanish.
    iterations : int
    score : float
        The largest component of X'Wr, the columns sqrt(W) X and the working response sqrt(W) z scaled to unit
        length: about 1e-16 at best, 0 at an exact optimum.
    distance : float
        Length of the step that is left, in standard errors: sqrt(U' (X'WX)^-1 U / phi). Of an exact fit the
        standard errors are rounding, and this says nothing.
    condition : float
        2-norm condition number of sqrt(W) X, columns scaled to unit length.
    rank, columns : int
    smallest_kept : float
        The smallest residual length of a kept column given the kept columns before it, as a share of its own
        length; `tolerance` is where a column counts as aliased.
    largest_dropped : float
        The same of the columns left out, given the kept ones; NaN where there are none.
    tolerance : float
    steps : Series (p,)
        What a further step in extended precision would change, link scale; NaN where aliased.
    digits : Series (p,)
        Significant decimal digits that the step leaves alone: of the coefficients as the solution of the
        problem as it is stored. Where a coefficient is 0 beside its standard error (below 1e-8 of it), the
        step is compared with the standard error. NaN at the boundary, where a free step is no measure.
    data_digits : float
        Digits that survive the rounding of columns and response to float64, -log10(condition * eps): what is
        lost here is lost for any algorithm.
    separation : str
        The coefficients without a finite estimate and where they go, as ``fit.separation()`` decides; empty
        where there is none.
    extended : bool
        The step was computed in more than double precision; where it could not be (the machine has no longer
        type) `digits` is rougher.
    """

    converged: bool
    boundary: bool
    iterations: int
    score: float
    distance: float
    condition: float
    rank: int
    columns: int
    smallest_kept: float
    largest_dropped: float
    tolerance: float
    steps: pd.Series
    digits: pd.Series
    data_digits: float
    separation: str
    extended: bool

    @property
    def margin(self) -> float:
        """Powers of ten between the rank decision and the nearest column that would change it."""
        kept = math.log10(self.smallest_kept / self.tolerance) if self.smallest_kept > 0 else -math.inf
        if math.isnan(self.largest_dropped) or self.largest_dropped == 0:
            return kept
        return min(kept, math.log10(self.tolerance / self.largest_dropped))

    @property
    def correct_digits(self) -> float:
        """The fewest of all coefficients, at most what rounding of the data leaves; NaN at the boundary."""
        return math.nan if self.boundary else min([self.data_digits, *self.digits.dropna()])

    def __str__(self) -> str:
        lines = self._lines()
        width = max(len(name) for name, _ in lines)
        return "\n".join(["Certificate", *(f"  {name:<{width}}  {text}" for name, text in lines), ""])

    __repr__ = __str__

    def _lines(self) -> list[tuple[str, str]]:
        ended = "yes" if self.converged else "NO"
        edge = ", at the boundary of the valid means" if self.boundary else ""
        plural = "" if self.iterations == 1 else "s"
        known = self.digits.dropna()
        fewest, worst = (known.min(), f" ({known.idxmin()})") if len(known) else (MOST_DIGITS, "")
        aliased = self.columns - self.rank
        dropped = f"; largest left out {self.largest_dropped:.1e}" if aliased else ""
        decision = f"smallest kept {self.smallest_kept:.1e}{dropped}; tolerance {self.tolerance:.0e}"
        how = "extended" if self.extended else "double"
        solved = "-" if self.boundary else f"{fewest:.1f}{worst}, one step in {how} precision"
        lines = [
            ("converged", f"{ended}, {self.iterations} iteration{plural}{edge}"),
            ("score, relative", f"{self.score:.1e}"),
            ("distance to the optimum", f"{self.distance:.1e} standard errors"),
            ("condition, scaled columns", f"{self.condition:.3g}"),
            ("rank", f"{self.rank} of {self.columns} columns"),
            ("rank decision", f"{decision}, margin 10^{self.margin:.1f}"),
            (
                "correct digits",
                "not known at the boundary" if self.boundary else f"{self.correct_digits:.1f}",
            ),
            ("  of the solution", solved),
            ("  that the data allow", f"{self.data_digits:.1f}"),
        ]
        return [*lines, ("separation", self.separation or "none")]


def certificate(fit: GLM) -> Certificate:
    """Check a fit against its data in extended precision.

    One pass over the rows takes a triangular factor of  sqrt(W) [X, r]  at the coefficients as they are, eta
    and the working residuals r in np.longdouble, by Householder reflections, block after block (Golub & Van
    Loan 2013, section 5.2). Its last column is the score and the step that scoring would still make; the
    other columns give condition and rank. Of small least-squares fits the score is summed without rounding. R has
    nothing like it.

    Parameters
    ----------
    fit : GLM
        With its training rows.

    Returns
    -------
    Certificate

    Raises
    ------
    DataError
        The model holds no training rows.
    FitError
        The fit is bias-reduced.

    Notes
    -----
    Digits are estimates. Columns that formulas compute (``I(x^10)``) are taken as they are stored in float64;
    what their rounding costs is in `data_digits`.
    """
    result = fit.result
    if fit.method == "firth":
        raise FitError(
            "certificate() measures the distance from the maximum of the likelihood, where a bias-reduced fit "
            "(method='firth') is not meant to be: fit with method='auto', or look at fit.converged"
        )
    tall = fit.rows.source.map_reduce(partial(_triangle, fit.family, result), _stacked)
    names = list(fit.column_names)
    pivot, rank, p = result.pivot, result.rank, len(fit.column_names)
    lengths = np.sqrt((tall.triangle[:, :p] ** 2).sum(axis=0))
    factor, right = tall.triangle[:rank, :rank], tall.triangle[:rank, p]
    kept = lengths[:rank]
    scaled = (factor / kept).astype(np.float64)
    condition = float(np.linalg.cond(scaled)) if rank else 1.0
    if _linear(fit) and condition < EXACT_WITHIN:
        exact = fit.rows.source.map_reduce(partial(exact_score, np.nan_to_num(result.coefficients)), add)
        lower = factor.T[::-1, ::-1]  # upper triangular, back to front
        right = _back_substituted(lower, exact[pivot[:rank]][::-1].astype(np.longdouble))[::-1]
    score = factor.T @ right
    steps = np.full(p, np.nan)
    steps[pivot[:rank]] = _back_substituted(factor, right)
    size = kept * np.sqrt(tall.response)
    relative = np.divide(np.abs(score), size, out=np.zeros_like(score), where=size > 0)
    residual = np.sqrt((tall.triangle[rank:, rank:p] ** 2).sum(axis=0))
    shares = np.divide(residual, lengths[rank:], out=np.zeros_like(residual), where=lengths[rank:] > 0)
    phi = fit.dispersion
    return Certificate(
        converged=fit.converged,
        boundary=fit.boundary,
        iterations=fit.iter,
        score=float(relative.max(initial=0.0)),
        distance=float(np.sqrt((right**2).sum() / phi)) if phi > 0 else math.nan,
        condition=condition,
        rank=rank,
        columns=p,
        smallest_kept=float(np.min(np.abs(np.diag(scaled)), initial=1.0)),
        largest_dropped=float(shares.max()) if rank < p else math.nan,
        tolerance=min(1e-7, fit.control.epsilon / 1000),
        steps=pd.Series(steps, index=names),
        digits=pd.Series(_digits(fit, steps), index=names),
        data_digits=float(np.clip(-math.log10(condition * EPS), 0.0, MOST_DIGITS)),
        separation=infinite_names(fit.separation().coefficients.to_numpy(), fit.column_names),
        extended=EXTENDED,
    )


@dataclass(frozen=True, slots=True)
class _Triangle:
    triangle: np.ndarray  # longdouble (k, p + 1): of sqrt(W) X in pivot order, and sqrt(W) r
    response: np.longdouble  # sum of W z^2


def _triangle(family: Family, result: GlmFit, block: Block) -> _Triangle:
    beta = np.nan_to_num(result.coefficients).astype(np.longdouble)
    X = dense(block.design).astype(np.longdouble)
    linear = X @ beta
    eta = linear if block.offset is None else linear + block.offset
    short = eta.astype(np.float64)
    with np.errstate(all="ignore"):
        mu, slope, variance = family.working(short)
        # the link's functions take doubles: what rounding eta left out is put back to first order
        exact = mu + slope * (eta - short)
        prior = 1.0 if block.prior_weights is None else block.prior_weights
        weights = np.sqrt(np.asarray(prior * slope**2 / variance, dtype=np.longdouble))
        working = (block.y - exact) / slope
        used = weights > 0
        residual = np.where(used, weights * working, 0.0)
        response = np.where(used, weights * (working + linear), 0.0)
        rows = np.where(used[:, None], weights[:, None] * X, 0.0)[:, result.pivot]
    return _Triangle(_reduced(np.column_stack([rows, residual])), (response**2).sum())


def _linear(fit: GLM) -> bool:
    """Least squares whose score can be summed without rounding."""
    family, cells = fit.family, fit.nobs_rows * len(fit.column_names)
    return family.name == "gaussian" and family.link.name == "identity" and cells <= MOST_CELLS


def _stacked(a: _Triangle, b: _Triangle) -> _Triangle:
    return _Triangle(_reduced(np.vstack([a.triangle, b.triangle])), a.response + b.response)


def _reduced(rows: np.ndarray) -> np.ndarray:
    """The triangular factor of a matrix by Householder reflections in its own precision; uses `rows` up."""
    for j in range(min(len(rows) - 1, rows.shape[1])):
        v = rows[j:, j].copy()
        length = np.sqrt((v**2).sum())
        if length == 0:
            continue
        v[0] += np.copysign(length, v[0])
        rows[j:, j:] -= np.multiply.outer(v, 2 * (v @ rows[j:, j:]) / (v**2).sum())
        rows[j + 1 :, j] = 0.0
    return rows[: rows.shape[1]]


def _back_substituted(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    out = np.zeros_like(right)
    for j in reversed(range(len(right))):
        out[j] = (right[j] - factor[j, j + 1 :] @ out[j + 1 :]) / factor[j, j]
    return out


def _standard_errors(fit: GLM) -> np.ndarray:
    out = np.full(len(fit.column_names), np.nan)
    out[~fit.aliased] = np.sqrt(fit.dispersion * fit.result.cov_unscaled.diagonal())
    return out


def _digits(fit: GLM, steps: np.ndarray) -> np.ndarray:
    """-log10 |step / size|, between 0 and 16."""
    if fit.boundary:
        return np.full(len(steps), np.nan)
    beta, errors = np.abs(fit.result.coefficients), _standard_errors(fit)
    size = np.where(beta < NEGLIGIBLE * errors, errors, beta)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log10(np.abs(steps) / np.where(size > 0, size, 1.0))
    return np.clip(-lost, 0.0, MOST_DIGITS)
