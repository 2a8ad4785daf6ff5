"""What the summary of a linear model tells of its rows, as plain numbers: a model without its rows keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..engine.rows import evaluate_rows
from ..errors import DataError
from ..formula.functions.samples import Ranges, Tally, order_statistics
from ..formula.functions.summaries import quantiles
from ..sources.mapped import collect
from .protocols import SingleIndex

if TYPE_CHECKING:
    from ..engine.result import GlmFit
    from ..families import Family
    from ..sources.base import Block

QUARTILES = np.linspace(0, 1, 5)
FEW = 5  # so many residual degrees of freedom, or fewer: every residual is printed
PERFECT, EXACT = 1e-30, 1e-10  # of the fitted values' squares: R's two bounds for a fit without residuals


@dataclass(frozen=True)
class RowSummary:
    """Of the rows of a linear model, those of zero weight among them.

    Attributes
    ----------
    residuals : ndarray
        sqrt(weight) times residual: minimum, quartiles and maximum; where few degrees of freedom are left, all.
    labels : tuple of str
        The rows' labels, where all residuals are there.
    weighted : bool
        Whether the weights differ.
    model_squares : float
        Sum of weighted squares of the fitted values without their offset, about their mean where there is an
        intercept: what R^2 is made of.
    fitted_squares : float
        Weighted squares of the fitted values.
    size : float
        Mean of the fitted values (without the offset), squared, plus their variance.
    log_weights : float
        Sum of the logarithms of the weights that are not zero.
    """

    residuals: np.ndarray
    labels: tuple[str, ...]
    weighted: bool
    model_squares: float
    fitted_squares: float
    size: float
    log_weights: float


class LinearModel(SingleIndex, Protocol):
    """A linear model with normal errors, fitted by weighted least squares."""

    @property
    def row_summary(self) -> RowSummary: ...
    @property
    def sigma(self) -> float: ...
    @property
    def weighted(self) -> bool: ...


@dataclass(frozen=True)
class Sums:
    """Sums over rows, the moments about their own mean (Chan, Golub & LeVeque 1983): no digits are lost."""

    rows: float
    mean: float
    squares: float
    weight: float
    weighted_mean: float
    weighted_squares: float
    least: float
    most: float
    log_weights: float
    fitted_squares: float

    def merged(self, other: Sums) -> Sums:
        rows, mean, squares = _together(
            self.rows, self.mean, self.squares, other.rows, other.mean, other.squares
        )
        weight, weighted_mean, weighted_squares = _together(
            *(self.weight, self.weighted_mean, self.weighted_squares),
            *(other.weight, other.weighted_mean, other.weighted_squares),
        )
        return Sums(
            *(rows, mean, squares, weight, weighted_mean, weighted_squares),
            min(self.least, other.least),
            max(self.most, other.most),
            self.log_weights + other.log_weights,
            self.fitted_squares + other.fitted_squares,
        )


def _together(
    n: float, mean: float, squares: float, m: float, other: float, more: float
) -> tuple[float, float, float]:
    """Count, mean and squares about the mean of two sets of numbers."""
    total, apart = n + m, other - mean
    if not total:
        return 0.0, 0.0, 0.0
    return total, mean + apart * (m / total), squares + more + apart * apart * (n * (m / total))


def row_summary(fit: SingleIndex) -> RowSummary:
    """By a pass over the rows, and a few more for the quantiles where the rows are not held.

    Quantiles are exact wherever the rows are: of very many distinct residuals the first pass counts ranges of
    numbers, the next ones look into those in which a quantile lies.
    """
    source = fit.rows.source
    sums: Sums = source.map_reduce(partial(_sums, fit.result, fit.family), Sums.merged)
    labels: tuple[str, ...] = ()
    few = fit.df_residual <= FEW
    if fit.df_residual > 0 and fit.rows.streamed and not few:
        residuals = order_statistics(partial(_tallied, fit), partial(quantiles, probs=QUARTILES))
    elif fit.df_residual > 0:
        residuals = np.concatenate(collect(source, partial(_residuals, fit.result, fit.family)))
        labels = _labels(fit) if few else ()
        residuals = residuals if few else quartiles(residuals)
    else:
        residuals = np.empty(0)
    intercept = fit.terms.intercept and fit.rank > 0
    about_zero = sums.weighted_squares + sums.weight * sums.weighted_mean**2
    variance = sums.squares / (sums.rows - 1) if sums.rows > 1 else np.nan
    return RowSummary(
        residuals,
        labels,
        sums.least < sums.most,
        sums.weighted_squares if intercept else about_zero,
        sums.fitted_squares,
        sums.mean**2 + variance,
        sums.log_weights,
    )


def quartiles(values: np.ndarray) -> np.ndarray:
    """Minimum, quartiles and maximum (R's type 7), without a sort of all: a fifth of its time for a million."""
    place = QUARTILES * (len(values) - 1)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, len(values) - 1)
    ordered = np.partition(values, np.unique([low, high]))
    share = place - low
    return np.asarray((1 - share) * ordered[low] + share * ordered[high])


def _labels(fit: SingleIndex) -> tuple[str, ...]:
    if fit.rows.streamed:
        return tuple(map(str, range(fit.nobs_rows)))
    return tuple(map(str, fit.rows.frame.index))


def _residuals(result: GlmFit, family: Family, block: Block) -> np.ndarray:
    """sqrt(weight) (y - mu) of a block's rows."""
    _, mu = evaluate_rows(block, result.coefficients, family)
    each: np.ndarray = block.y - mu
    return each if block.prior_weights is None else np.sqrt(block.prior_weights) * each


def _tallied(fit: SingleIndex, within: Ranges | None) -> Tally:
    question: Callable[[Block], Tally] = partial(_tally, fit.result, fit.family, within)
    return fit.rows.source.map_reduce(question, Tally.merged)


def _tally(result: GlmFit, family: Family, within: Ranges | None, block: Block) -> Tally:
    return Tally.of(_residuals(result, family, block), within)


def _sums(result: GlmFit, family: Family, block: Block) -> Sums:
    _, mu = evaluate_rows(block, result.coefficients, family)
    fitted = mu if block.offset is None else mu - block.offset
    weights = np.ones(len(mu)) if block.prior_weights is None else block.prior_weights
    counted = weights > 0
    mean = float(fitted.mean()) if len(fitted) else 0.0
    weight = float(weights.sum())
    weighted_mean = float(weights @ fitted) / weight if weight else 0.0
    return Sums(
        float(len(fitted)),
        mean,
        float(np.square(fitted - mean).sum()),
        weight,
        weighted_mean,
        float(weights @ np.square(fitted - weighted_mean)),
        float(weights.min(initial=np.inf)),
        float(weights.max(initial=-np.inf)),
        float(np.log(weights[counted]).sum()),
        float(weights @ np.square(mu)),
    )


def kept(summary: RowSummary) -> dict[str, Any]:
    """The record as a dict of plain data."""
    return dict(vars(summary))


def read(saved: Mapping[str, Any]) -> RowSummary:
    """What `kept` gave.

    Raises
    ------
    DataError
        Something is missing or is no number.
    """
    try:
        return RowSummary(
            np.asarray(saved["residuals"], dtype=float),
            tuple(map(str, saved["labels"])),
            bool(saved["weighted"]),
            *(float(saved[name]) for name in ("model_squares", "fitted_squares", "size", "log_weights")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the numbers kept of a linear model's rows are damaged: {error!r}") from None
