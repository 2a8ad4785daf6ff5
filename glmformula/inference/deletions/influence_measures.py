"""All deletion diagnostics in one table, with the rows that R calls influential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from ...errors import FitError
from ...render.influence import abbreviate, measures_blocks, summary_blocks
from ...render.report import Block, Rendered
from ..rows.output import elsewhere, written
from .deletion import (
    coefficient_names,
    cooks,
    deletion,
    fitted_changes,
    labelled,
    one_step_changes,
    table_of,
    undefined,
)

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


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

    Examples
    --------
    >>> from glmformula import glm
    >>> data = {"x": [1, 2, 3, 4, 5, 6, 7, 20], "y": [1.1, 1.9, 3.2, 3.9, 5.1, 5.8, 7.2, 15.0]}
    >>> measures = glm("y ~ x", data).influence_measures()
    >>> measures.starred[measures.starred].index.tolist()
    [7]
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
        """The starred rows, R's ``summary`` of influence measures.

        Examples
        --------
        >>> from glmformula import glm
        >>> data = {"x": [1, 2, 3, 4, 5, 6, 7, 20], "y": [1.1, 1.9, 3.2, 3.9, 5.1, 5.8, 7.2, 15.0]}
        >>> glm("y ~ x", data).influence_measures().summary()
        Potentially influential observations of
             glm(formula = y ~ x, family = gaussian("identity"), data = data) :
        <BLANKLINE>
          dfb.1_   dfb.x    dffit    cov.r  cook.d   hat
        7  11.52_* -25.25_* -27.20_*   0.05  26.21_*   0.90_*
        """
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

    Examples
    --------
    >>> from glmformula import glm
    >>> data = {"x": [1, 2, 3, 4, 5, 6, 7, 20], "y": [1.1, 1.9, 3.2, 3.9, 5.1, 5.8, 7.2, 15.0]}
    >>> measures = glm("y ~ x", data).influence_measures()
    >>> measures.influential.round(2)
       dfb.1_  dfb.x  dffit  cov.r  cook.d  hat
    7   11.52 -25.25  -27.2   0.05   26.21  0.9
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
        dfb = one_step_changes(fit, d) / np.outer(d.sigma, np.sqrt(np.diag(fit.result.cov_unscaled)))
        ratio = (d.sigma / d.total) ** (2 * p) / (1 - d.hat)
    values = undefined(np.column_stack([dfb, fitted_changes(d, d.sigma), ratio, cooks(fit, d), d.hat]))
    short = abbreviate(["1_" if n == "(Intercept)" else n for n in coefficient_names(fit)])
    names = [*(f"dfb.{s}" for s in short), "dffit", "cov.r", "cook.d", "hat"]
    frame = table_of(fit, values, d.counted, names, padding=[0.0] * p + [np.nan, 1.0, np.nan, 0.0])
    absent = labelled(fit, np.zeros(len(values)), d.counted).isna().to_numpy()
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
