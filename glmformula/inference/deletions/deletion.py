"""What deletion diagnostics are made of: leverages, residuals and one-step changes of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import choice
from ..rows.residuals import deviance_residuals, pearson_residuals
from .leverage import coefficient_changes, leverages

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

TYPES = ("deviance", "pearson")
TINY = 100 * float(np.finfo(float).eps)  # residuals below this share of their median size count as 0, as in R


@dataclass(frozen=True)
class Deletion:
    """What the measures are made of, (n,) over all rows of the fit; NaN where the prior weight is zero.

    Attributes
    ----------
    hat : ndarray
    residual : ndarray
        Deviance residuals, or working residuals times sqrt(W).
    deviance, pearson : ndarray
    sigma : ndarray
        Residual standard deviation without the row.
    counted : ndarray of bool
        Rows of non-zero prior weight.
    total : float
        sqrt(sum of squared residuals / df_residual).
    """

    hat: np.ndarray
    residual: np.ndarray
    deviance: np.ndarray
    pearson: np.ndarray
    sigma: np.ndarray
    counted: np.ndarray
    total: float


def deletion(fit: SingleIndex, type: str) -> Deletion:
    """Hat values, residuals and leave-one-out standard deviations."""
    choice("type", type, TYPES)
    state = fit.row_state
    counted = state.prior_weights != 0

    def kept(values: np.ndarray) -> np.ndarray:
        return values if counted.all() else np.where(counted, values, np.nan)

    with np.errstate(all="ignore"):
        deviance = kept(deviance_residuals(state, fit.family, fit.df_residual))
        pearson = kept(pearson_residuals(state, fit.family))
        residual = deviance
        if type == "pearson":
            residual = kept(state.working_residuals * np.sqrt(state.working_weights))
        size = np.abs(residual)
        residual = np.where(size < TINY * (np.nanmedian(size) if len(size) else 0.0), 0.0, residual)
        hat = kept(leverages(fit))
        known = fit.rows.whole
        total = np.nansum(residual**2) if known is None else known.squares[type]
        without = total - np.where(hat < 1, residual**2 / (1 - hat), 0.0)
        left = fit.df_residual - 1  # where 0, `without` is 0 but for rounding
        sigma = kept(np.sqrt(without / left) if left else np.full_like(hat, np.nan))
        size = float(np.sqrt(np.float64(total) / fit.df_residual))
    return Deletion(hat, residual, deviance, pearson, sigma, counted, size)


def coefficient_names(fit: SingleIndex) -> list[str]:
    return [name for name, gone in zip(fit.column_names, fit.aliased, strict=True) if not gone]


def undefined(values: np.ndarray) -> np.ndarray:
    """Infinite values become NaN, as R has them."""
    return np.where(np.isinf(values), np.nan, values)


def spread_of(fit: SingleIndex, d: Deletion, type: str) -> np.ndarray:
    """The standard deviation that residuals are divided by."""
    if type == "pearson" and fit.family.fixed_dispersion is not None:
        return np.full(len(d.sigma), np.sqrt(fit.dispersion))
    return d.sigma


def standardised(fit: SingleIndex, d: Deletion, type: str) -> np.ndarray:
    residual = d.pearson if type == "pearson" else d.deviance
    with np.errstate(all="ignore"):
        return undefined(np.where(d.hat < 1, residual / np.sqrt(fit.dispersion * (1 - d.hat)), np.nan))


def cooks(fit: SingleIndex, d: Deletion) -> np.ndarray:
    with np.errstate(all="ignore"):
        scale = np.float64(fit.dispersion) * fit.rank
        return undefined(np.where(d.hat < 1, (d.pearson / (1 - d.hat)) ** 2 * d.hat / scale, np.nan))


def fitted_changes(d: Deletion, spread: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return undefined(d.residual * np.sqrt(d.hat) / (spread * (1 - d.hat)))


def one_step_changes(fit: SingleIndex, d: Deletion) -> np.ndarray:
    """One-step changes (n, rank): 0 where rounding beside their bound, sqrt(h) |r| / (1 - h) standard errors."""
    with np.errstate(all="ignore"):
        moved = np.where(d.hat < 1, d.residual / (1 - d.hat), 0.0)
        changes = coefficient_changes(fit, moved)
        bound = np.outer(np.abs(moved) * np.sqrt(d.hat), np.sqrt(np.diag(fit.result.cov_unscaled)))
        return np.where(np.abs(changes) < TINY * bound, 0.0, changes)


def labelled(fit: SingleIndex, values: np.ndarray, counted: np.ndarray, padding: float = np.nan) -> pd.Series:
    """A Series under the data's labels without rows of zero weight; ``na.exclude`` pads with `padding`."""
    out = fit.rows.labelled(values)
    if len(out) == len(values):
        return out if counted.all() else out[counted]
    places = fit.rows.labelled(counted.astype(float)).to_numpy()  # NaN: padded, 0: of zero weight
    if not np.isnan(padding):
        out = out.mask(np.isnan(places), padding)
    return out[places != 0]


def table_of(
    fit: SingleIndex,
    values: np.ndarray,
    counted: np.ndarray,
    names: Sequence[str],
    padding: Sequence[float] | None = None,
) -> pd.DataFrame:
    padding = [0.0] * len(names) if padding is None else padding
    columns = {k: labelled(fit, v, counted, pad) for k, (v, pad) in enumerate(zip(values.T, padding))}
    index = labelled(fit, np.zeros(len(counted)), counted).index
    return pd.DataFrame(columns, index=index).set_axis(list(names), axis=1)
