"""Deletion diagnostics: what each row does to the fit (Belsley, Kuh & Welsch 1980; Williams 1987)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from ..errors import FitError
from ..render.influence import abbreviate, measures_blocks, summary_blocks
from ..render.report import Block, Rendered
from .leverage import coefficient_changes, leverages
from .output import by_rows, elsewhere, written
from .residuals import deviance_residuals, pearson_residuals

if TYPE_CHECKING:
    from ..fitted.protocols import SingleIndex

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
    if type not in TYPES:
        raise ValueError(f"type should be one of {', '.join(map(repr, TYPES))}; got {type!r}")
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


@by_rows("hat", whole=True)
def hatvalues(fit: SingleIndex) -> pd.Series:
    """Leverages: the diagonal of  W^1/2 X (X'WX)^-1 X' W^1/2,  R's ``hatvalues``.

    W are the working weights of the last solved iteration. Rows of zero prior weight are left out, and rows
    padded by ``na.exclude`` are 0, both as in R.

    Returns
    -------
    Series
    """
    state = fit.row_state
    return _labelled(fit, leverages(fit), state.prior_weights != 0, padding=0.0)


@by_rows("cooksd", whole=True)
def cooks_distance(fit: SingleIndex) -> pd.Series:
    """Cook's distances  (p / (1 - h))^2 h / (phi rank),  p the Pearson residual: R's ``cooks.distance``."""
    d = deletion(fit, "deviance")
    return _labelled(fit, _cooks(fit, d), d.counted)


@by_rows("rstandard", whole=True)
def rstandard(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Standardised residuals  r / sqrt(phi (1 - h)),  R's ``rstandard``; NaN where h = 1.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        Which residual r. R >= 4.6 takes "pearson" by default, R < 4.6 "deviance".
    """
    d = deletion(fit, type)
    return _labelled(fit, _standardised(fit, d, type), d.counted)


@by_rows("rstudent", whole=True)
def rstudent(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Studentised residuals: the row's effect on the deviance, standardised; R's ``rstudent``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        "pearson" (R >= 4.6): p / (s sqrt(1 - h)), s the deviation without the row where the dispersion is
        estimated, else its square root. "deviance" (R < 4.6): sign(d) sqrt(d^2 + h p^2 / (1 - h)), divided by
        the deviation without the row unless the family is binomial or Poisson (Williams 1987).
    """
    d = deletion(fit, type)
    with np.errstate(all="ignore"):
        if type == "deviance":
            out = np.sign(d.deviance) * np.sqrt(d.deviance**2 + d.hat * d.pearson**2 / (1 - d.hat))
            if fit.family.fixed_dispersion is None:
                out = out / d.sigma
        elif fit.family.fixed_dispersion is not None:
            out = _standardised(fit, d, "pearson")
        else:
            out = d.pearson / (d.sigma * np.sqrt(1 - d.hat))
    return _labelled(fit, _undefined(out), d.counted)


@by_rows("dffits", whole=True)
def dffits(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Change of the fitted value in standard errors,  r sqrt(h) / (s (1 - h)):  R's ``dffits``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        "pearson" (R >= 4.6): r is the working residual times sqrt(W), s as in `rstudent`. "deviance"
        (R < 4.6): r is the deviance residual and s the deviation without the row.
    """
    d = deletion(fit, type)
    return _labelled(fit, _dffits(d, _spread(fit, d, type)), d.counted)


@by_rows("covratio", whole=True)
def covratio(fit: SingleIndex, type: str = "pearson") -> pd.Series:
    """Ratio of the covariance determinants without and with the row, R's ``covratio``.

    1 / ((1 - h) ((n - p - 1 + e^2) / (n - p))^p),  e = r / (s sqrt(1 - h)); `type` as in `dffits`.
    """
    d = deletion(fit, type)
    n, p = fit.nobs, fit.rank
    with np.errstate(all="ignore"):
        e = _undefined(d.residual / (_spread(fit, d, type) * np.sqrt(1 - d.hat)))
        out = 1 / ((1 - d.hat) * ((n - p - 1 + e**2) / np.float64(n - p)) ** p)
    return _labelled(fit, _undefined(out), d.counted)


@by_rows("dfbeta", whole=True)
def dfbeta(fit: SingleIndex, type: str = "pearson") -> pd.DataFrame:
    """Change of each coefficient when the row is left out (one step): R's ``dfbeta``.

    (X'WX)^-1 x sqrt(w) r / (1 - h), and 0 where h = 1; `type` as in `dffits`.

    Returns
    -------
    DataFrame (n, rank), a column for each coefficient that is not aliased.
    """
    d = deletion(fit, type)
    return _table(fit, _dfbeta(fit, d), d.counted, _coefficient_names(fit))


@by_rows("dfbetas", whole=True)
def dfbetas(fit: SingleIndex, type: str = "pearson") -> pd.DataFrame:
    """`dfbeta` in standard errors, R's ``dfbetas``; `type` as in `dffits`."""
    d = deletion(fit, type)
    size = np.sqrt(np.diag(fit.result.cov_unscaled))
    with np.errstate(all="ignore"):
        if type == "pearson" and fit.family.fixed_dispersion is not None:
            spread = np.full(len(d.sigma), np.sqrt(np.sqrt(fit.dispersion)))  # R >= 4.6 takes the root twice
        else:
            spread = d.sigma
        out = _dfbeta(fit, d) / np.outer(spread, size)
    return _table(fit, out, d.counted, _coefficient_names(fit))


@dataclass(frozen=True, repr=False, eq=False)
class InfluenceMeasures(Rendered):
    """The table of all measures; prints as R's ``influence.measures``.

    Attributes
    ----------
    frame : DataFrame (n, rank + 4)
        ``dfb.*`` (DFBETAS), ``dffit``, ``cov.r``, ``cook.d``, ``hat``; R's abbreviated names.
    is_influential : DataFrame of bool (n, rank + 4)
        |dfbetas| > 1, |dffit| > 3 sqrt(p / (n - p)), |1 - cov.r| > 3 p / (n - p), cook.d beyond the median of
        F(p, n - p), hat > 3 p / n; NaN is not influential.
    call : str
    """

    frame: pd.DataFrame
    is_influential: pd.DataFrame
    call: str
    absent: np.ndarray = field(repr=False)

    @property
    def starred(self) -> pd.Series:
        """bool (n,): rows influential by any measure."""
        return self.is_influential.any(axis=1)

    @property
    def influential(self) -> pd.DataFrame:
        """The starred rows of `frame`."""
        return self.frame[self.starred.to_numpy()]

    def summary(self) -> InfluenceSummary:
        """The starred rows, R's ``summary`` of influence measures."""
        chosen = self.starred.to_numpy()
        return InfluenceSummary(self.frame[chosen], self.is_influential[chosen], self.call)

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return measures_blocks(
            self.call,
            list(self.frame.columns),
            list(map(str, self.frame.index)),
            self.frame.to_numpy(),
            self.starred.to_numpy(),
            self.absent,
            digits or 3,
        )


@dataclass(frozen=True, repr=False, eq=False)
class InfluenceSummary(Rendered):
    """Potentially influential rows (k of them): `frame` (k, rank + 4) and `is_influential`, of bool."""

    frame: pd.DataFrame
    is_influential: pd.DataFrame
    call: str

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return summary_blocks(
            self.call,
            list(self.frame.columns),
            list(map(str, self.frame.index)),
            self.frame.to_numpy(),
            self.is_influential.to_numpy(),
            digits or 2,
        )


def influence_measures(fit: SingleIndex, type: str = "pearson", *, out: Any = None) -> Any:
    """All deletion diagnostics in one table, R's ``influence.measures``.

    Parameters
    ----------
    type : {"pearson", "deviance"}
        The residual in DFBETAS, DFFITS and the covariance ratio: R >= 4.6 takes working residuals times
        sqrt(W), R < 4.6 deviance residuals.
    out : path, optional
        Write the table's rows to this file, as `residuals` does, with a column ``influential``. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    InfluenceMeasures; a DataFrame with `out`. For rows in files the path, for a Dask DataFrame one that is
    computed when asked for.

    Raises
    ------
    FitError
        There are no more rows with h > 0 than coefficients.
    """
    if out is None and elsewhere(fit, None) is None:
        return _measures(fit, type)
    return written(fit, partial(_measured_rows, type=type), None, out, whole=True)


def _measured_rows(fit: SingleIndex, newdata: None, type: str) -> pd.DataFrame:
    found = _measures(fit, type)
    return found.frame.assign(influential=found.starred)


def _measures(fit: SingleIndex, type: str) -> InfluenceMeasures:
    d = deletion(fit, type)
    p = fit.rank
    n = int(np.count_nonzero(d.hat > 0)) if fit.rows.whole is None else fit.rows.whole.levers
    if n <= p:
        raise FitError(
            f"too few cases i with h_ii > 0: {n} of {fit.nobs} rows, and {p} coefficients; influence "
            "measures need more rows than coefficients"
        )
    with np.errstate(all="ignore"):
        dfb = _dfbeta(fit, d) / np.outer(d.sigma, np.sqrt(np.diag(fit.result.cov_unscaled)))
        ratio = (d.sigma / d.total) ** (2 * p) / (1 - d.hat)
    values = _undefined(np.column_stack([dfb, _dffits(d, d.sigma), ratio, _cooks(fit, d), d.hat]))
    short = abbreviate(["1_" if n == "(Intercept)" else n for n in _coefficient_names(fit)])
    names = [*(f"dfb.{s}" for s in short), "dffit", "cov.r", "cook.d", "hat"]
    frame = _table(fit, values, d.counted, names, padding=[0.0] * p + [np.nan, 1.0, np.nan, 0.0])
    absent = _labelled(fit, np.zeros(len(values)), d.counted).isna().to_numpy()
    return InfluenceMeasures(frame, is_influential(frame, p, n), fit.call, absent)


def is_influential(frame: pd.DataFrame, p: int, n: int) -> pd.DataFrame:
    """Which measures of which rows pass R's limits (p coefficients, n rows with h > 0)."""
    values = frame.to_numpy()
    share = p / (n - p)
    # Cook's distance against the median of F(p, n - p)
    median = special.fdtri(p, n - p, 0.5)
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        marks = np.column_stack(
            [
                size[:, :p] > 1,
                size[:, p] > 3 * np.sqrt(share),
                np.abs(1 - values[:, p + 1]) > 3 * share,
                values[:, p + 2] > median,
                values[:, p + 3] > 3 * p / n,
            ]
        )
    return pd.DataFrame(marks, index=frame.index, columns=frame.columns)


def augmenting(fit: SingleIndex, type: str) -> dict[str, pd.Series]:
    """The columns of broom's ``augment.glm`` that are made of hat values, by one pass for them."""
    d = deletion(fit, type)
    return {
        "_hat": _labelled(fit, d.hat, d.counted, padding=0.0),
        "_sigma": fit.rows.labelled(d.sigma),
        "_cooksd": _labelled(fit, _cooks(fit, d), d.counted),
        "_std_resid": _labelled(fit, _standardised(fit, d, type), d.counted),
    }


def _coefficient_names(fit: SingleIndex) -> list[str]:
    return [name for name, gone in zip(fit.column_names, fit.aliased, strict=True) if not gone]


def _undefined(values: np.ndarray) -> np.ndarray:
    """Infinite values become NaN, as R has them."""
    return np.where(np.isinf(values), np.nan, values)


def _spread(fit: SingleIndex, d: Deletion, type: str) -> np.ndarray:
    """The standard deviation that residuals are divided by."""
    if type == "pearson" and fit.family.fixed_dispersion is not None:
        return np.full(len(d.sigma), np.sqrt(fit.dispersion))
    return d.sigma


def _standardised(fit: SingleIndex, d: Deletion, type: str) -> np.ndarray:
    residual = d.pearson if type == "pearson" else d.deviance
    with np.errstate(all="ignore"):
        return _undefined(np.where(d.hat < 1, residual / np.sqrt(fit.dispersion * (1 - d.hat)), np.nan))


def _cooks(fit: SingleIndex, d: Deletion) -> np.ndarray:
    with np.errstate(all="ignore"):
        scale = np.float64(fit.dispersion) * fit.rank
        return _undefined(np.where(d.hat < 1, (d.pearson / (1 - d.hat)) ** 2 * d.hat / scale, np.nan))


def _dffits(d: Deletion, spread: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return _undefined(d.residual * np.sqrt(d.hat) / (spread * (1 - d.hat)))


def _dfbeta(fit: SingleIndex, d: Deletion) -> np.ndarray:
    """One-step changes (n, rank): 0 where rounding beside their bound, sqrt(h) |r| / (1 - h) standard errors."""
    with np.errstate(all="ignore"):
        moved = np.where(d.hat < 1, d.residual / (1 - d.hat), 0.0)
        changes = coefficient_changes(fit, moved)
        bound = np.outer(np.abs(moved) * np.sqrt(d.hat), np.sqrt(np.diag(fit.result.cov_unscaled)))
        return np.where(np.abs(changes) < TINY * bound, 0.0, changes)


def _labelled(fit: SingleIndex, values: np.ndarray, counted: np.ndarray, padding: float = np.nan) -> pd.Series:
    """A Series under the data's labels without rows of zero weight; ``na.exclude`` pads with `padding`."""
    out = fit.rows.labelled(values)
    if len(out) == len(values):
        return out if counted.all() else out[counted]
    places = fit.rows.labelled(counted.astype(float)).to_numpy()  # NaN: padded, 0: of zero weight
    if not np.isnan(padding):
        out = out.mask(np.isnan(places), padding)
    return out[places != 0]


def _table(
    fit: SingleIndex,
    values: np.ndarray,
    counted: np.ndarray,
    names: Sequence[str],
    padding: Sequence[float] | None = None,
) -> pd.DataFrame:
    padding = [0.0] * len(names) if padding is None else padding
    columns = {k: _labelled(fit, v, counted, pad) for k, (v, pad) in enumerate(zip(values.T, padding))}
    index = _labelled(fit, np.zeros(len(counted)), counted).index
    return pd.DataFrame(columns, index=index).set_axis(list(names), axis=1)
