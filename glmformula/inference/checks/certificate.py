"""How far a fit can be trusted: what is left of the score, condition, rank, and how many digits are right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from ...design.dense import dense
from ...engine.bordered import WIDE
from ...engine.columns import in_chunks
from ...engine.infinity.separation import separation_of_fit
from ...engine.passes import triangular
from ...engine.problem import Problem
from ...engine.refine import MOST_CELLS, exact_score
from ...errors import FitError
from ...families import Family
from ...fitted.separation import infinite_names
from ...sources.base import Block

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

MOST_DIGITS = 16.0
# A coefficient smaller than this share of its standard error is 0 with rounding: its own digits mean nothing.
NEGLIGIBLE = 1e-8
# Columns from which on a condition number is estimated; numbers in extended precision at a time: 16 MB.
LARGE, EXTENDED_CELLS = 200, 2**20
# A step is refined until what is added is such a share of it, at most so many times.
ENOUGH, MOST_STEPS = 1e-3, 6
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
        The coefficients without a finite estimate and where they go, as the fit's own look at it decided; empty
        where there is none.
    extended : bool
        The step was computed in more than double precision; where it could not be (the machine has no longer
        type) `digits` is rougher.
    others : mapping of str to float
        Of parameters beside the coefficients (theta of `glm_nb`): their distance from the optimum in standard errors,
        in double precision.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> certificate = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson").certificate()
    >>> certificate.rank, certificate.margin > 3, certificate.correct_digits > 6
    (2, True, True)
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
    others: Mapping[str, float] = field(default_factory=dict)

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
            *((f"  {name}", f"{distance:.1e} standard errors") for name, distance in self.others.items()),
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


def certificate(fit: SingleIndex) -> Certificate:
    """Check a fit against its data in extended precision.

    One pass over the rows takes a triangular factor of  sqrt(W) X  at the coefficients as they are, in float64, block
    after block: it gives condition and rank. Another sums the score X'Wr, with eta and the working residuals r, in
    np.longdouble; of small least-squares fits the score is summed without rounding. The step that scoring would still
    make is solved from the two, and refined by further passes where the factor has not the digits (Björck 1996,
    section 6.6.5). R has nothing like it.

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
        The fit is bias-reduced, or has more than 5,000 columns.

    Notes
    -----
    Digits are estimates. Columns that formulas compute (``I(x^10)``) are taken as they are stored in float64;
    what their rounding costs is in `data_digits`.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> certificate = glm("left ~ overtime_hours", datasets.attrition(), family="binomial").certificate()
    >>> certificate.rank, bool((certificate.digits > 6).all())
    (2, True)
    """
    result = fit.result
    if fit.method == "firth":
        raise FitError(
            "certificate() measures the distance from the maximum of the likelihood, where a bias-reduced fit "
            "(method='firth') is not meant to be: fit with method='auto', or look at fit.converged"
        )
    source, beta = fit.rows.source, np.nan_to_num(result.coefficients)
    if len(fit.column_names) > WIDE:
        raise FitError(
            f"certificate() factors all columns together: this model has {len(fit.column_names):,}, at most {WIDE:,} "
            "are possible; certify a model with fewer levels"
        )
    names = list(fit.column_names)
    pivot, rank, p = result.pivot, result.rank, len(names)
    kept = pivot[:rank]
    triangle = _triangle(fit, beta)[:, pivot]
    if (pivot != np.arange(p)).any():
        triangle = triangular(triangle.T.copy())
    lengths = np.sqrt((triangle**2).sum(axis=0))
    factor = triangle[:rank, :rank]
    scaled = factor / lengths[:rank]
    condition = _condition(scaled)
    found = source.map_reduce(partial(_score, fit.family, beta), _added)
    score = found.gradient[kept]
    if _linear(fit):
        score = source.map_reduce(partial(exact_score, beta), add)[kept].astype(np.longdouble)
    steps = np.full(p, np.nan)
    steps[kept], length = _solved(fit, factor, score, beta)
    size = lengths[:rank] * np.sqrt(found.response)
    relative = np.divide(np.abs(score), size, out=np.zeros_like(score), where=size > 0)
    residual = np.sqrt((triangle[rank:, rank:] ** 2).sum(axis=0))
    shares = np.divide(residual, lengths[rank:], out=np.zeros_like(residual), where=lengths[rank:] > 0)
    phi = fit.dispersion
    return Certificate(
        converged=fit.converged,
        boundary=fit.boundary,
        iterations=fit.iter,
        score=float(relative.max(initial=0.0)),
        distance=length / math.sqrt(phi) if phi > 0 else math.nan,
        condition=condition,
        rank=rank,
        columns=p,
        smallest_kept=float(np.min(np.abs(np.diag(scaled)), initial=1.0)),
        largest_dropped=float(shares.max()) if rank < p else math.nan,
        tolerance=min(1e-7, fit.control.epsilon / 1000),
        steps=pd.Series(steps, index=names),
        digits=pd.Series(_digits(fit, steps), index=names),
        data_digits=float(np.clip(-math.log10(condition * EPS), 0.0, MOST_DIGITS)),
        separation=_infinite(fit),
        extended=EXTENDED,
        others=fit.other_distances,
    )


def _triangle(fit: SingleIndex, beta: np.ndarray) -> np.ndarray:
    """Triangular factor of sqrt(W) X, W at the final coefficients."""
    p = len(beta)
    at = Problem(fit.rows.source, fit.family, p, False, fit.control, "qr").at(beta, solve=True)
    assert isinstance(at.solve, np.ndarray)
    return at.solve[:, :p]


@dataclass(frozen=True, slots=True)
class _Score:
    """Sums over rows in extended precision."""

    gradient: np.ndarray  # (p,): X'Wr
    response: np.longdouble  # sum of W z^2


def _added(a: _Score, b: _Score) -> _Score:
    return _Score(a.gradient + b.gradient, a.response + b.response)


def _score(family: Family, beta: np.ndarray, block: Block) -> _Score:
    gradient, response = np.zeros(len(beta), dtype=np.longdouble), np.longdouble(0.0)
    for part in in_chunks(block, EXTENDED_CELLS):
        X = dense(part.design).astype(np.longdouble)
        weights, working, linear = _rows_at(family, beta, part, X)
        gradient += X.T @ np.where(weights > 0, weights * working, 0.0)
        response += np.where(weights > 0, weights * (working + linear) ** 2, 0.0).sum()
    return _Score(gradient, response)


def _effect(family: Family, beta: np.ndarray, step: np.ndarray, block: Block) -> np.ndarray:
    """X'WX step, (p,)."""
    out = np.zeros(len(beta), dtype=np.longdouble)
    for part in in_chunks(block, EXTENDED_CELLS):
        X = dense(part.design).astype(np.longdouble)
        weights, _, _ = _rows_at(family, beta, part, X)
        out += X.T @ (weights * (X @ step))
    return out


def _rows_at(
    family: Family, beta: np.ndarray, block: Block, X: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Working weights (0 where a row is not informative), working residuals and X beta."""
    linear = X @ beta.astype(np.longdouble)
    eta = linear if block.offset is None else linear + block.offset
    short = eta.astype(np.float64)
    with np.errstate(all="ignore"):
        mu, slope, variance = family.working(short)
        # the link's functions take doubles: what rounding eta left out is put back to first order
        exact = mu + slope * (eta - short)
        prior = 1.0 if block.prior_weights is None else block.prior_weights
        weights = np.asarray(prior * slope**2 / variance, dtype=np.longdouble)
        working = (block.y - exact) / slope
    return np.where(weights > 0, weights, 0.0), working, linear


def _solved(
    fit: SingleIndex, factor: np.ndarray, score: np.ndarray, beta: np.ndarray
) -> tuple[np.ndarray, float]:
    """The step of the kept columns, (X'WX)^-1 score, and its length sqrt(step' X'WX step).

    The triangular factor has the digits of float64, so the step is refined until it is right to a thousandth
    (Björck 1996, section 6.6.5): each time an error shrinks by the condition times 1e-16.
    """
    kept = fit.result.pivot[: len(score)]
    step, along, left = np.zeros_like(score), np.zeros_like(score), score
    last = math.inf
    for _ in range(MOST_STEPS):
        right = _substituted(factor.T[::-1, ::-1], left[::-1])[::-1]  # upper triangular, back to front
        size = float(np.sqrt((right**2).sum()))
        if not size < last:
            break
        step, along, last = step + _substituted(factor, right), along + right, size
        if size <= ENOUGH * float(np.sqrt((along**2).sum())):
            break
        whole = np.zeros(len(beta), dtype=np.longdouble)
        whole[kept] = step
        left = score - fit.rows.source.map_reduce(partial(_effect, fit.family, beta, whole), add)[kept]
    return step, float(np.sqrt((along**2).sum()))


def _condition(factor: np.ndarray) -> float:
    """2-norm condition of a triangular matrix; of a large one to four digits, by Lanczos steps."""
    k = len(factor)
    if k == 0:
        return 1.0
    if k < LARGE:
        return float(np.linalg.cond(factor))
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh  # slow to import, rarely needed

    def up(v: np.ndarray) -> np.ndarray:
        return np.asarray(factor.T @ (factor @ v))

    def down(v: np.ndarray) -> np.ndarray:
        return np.asarray(solve_triangular(factor, solve_triangular(factor, v, trans=1)))

    start = np.linspace(1.0, 2.0, k)
    try:
        ends = [
            eigsh(LinearOperator((k, k), matvec=way), 1, v0=start, tol=1e-4, return_eigenvectors=False)[0]
            for way in (up, down)
        ]
    except (ArpackError, ValueError):  # no convergence; numbers without bound
        return float(np.linalg.cond(factor))
    return math.sqrt(ends[0]) * math.sqrt(ends[1])


def _infinite(fit: SingleIndex) -> str:
    """The coefficients without a finite estimate, looked for where the iterations do not exclude them."""
    limits = fit.result.limits
    if limits is None:
        found = separation_of_fit(fit.rows.source, fit.family, fit.result)
        limits = np.zeros(0) if found is None else found.limits
    return infinite_names(limits, fit.column_names) if len(limits) else ""


def _linear(fit: SingleIndex) -> bool:
    """Least squares whose score can be summed without rounding."""
    family, cells = fit.family, fit.nobs_rows * len(fit.column_names)
    return family.is_normal_linear and cells <= MOST_CELLS


def _substituted(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of a triangular system in the precision of the right-hand side."""
    out = np.zeros_like(right)
    for j in reversed(range(len(right))):
        out[j] = (right[j] - factor[j, j + 1 :] @ out[j + 1 :]) / factor[j, j]
    return out


def _standard_errors(fit: SingleIndex) -> np.ndarray:
    out = np.full(len(fit.column_names), np.nan)
    out[~fit.aliased] = np.sqrt(fit.dispersion * fit.result.cov_unscaled.diagonal())
    return out


def _digits(fit: SingleIndex, steps: np.ndarray) -> np.ndarray:
    """-log10 |step / size|, between 0 and 16."""
    if fit.boundary:
        return np.full(len(steps), np.nan)
    beta, errors = np.abs(fit.result.coefficients), _standard_errors(fit)
    size = np.where(beta < NEGLIGIBLE * errors, errors, beta)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log10(np.abs(steps) / np.where(size > 0, size, 1.0))
    return np.clip(-lost, 0.0, MOST_DIGITS)
