"""How true fitted probabilities are: observed against fitted by band, slope and intercept, Brier's score."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...render.cells import matrix
from ...render.report import Block, Rendered
from .discrimination import equal_bands, outcomes, wilson
from .observed import Observed

if TYPE_CHECKING:
    from ...fitted.protocols import MeanModel

STEPS = 50
EDGE = 1e-12  # of fitted probabilities, whose log odds are taken


@dataclass(frozen=True, repr=False, eq=False)
class Calibration(Rendered):
    """How true fitted probabilities are.

    Attributes
    ----------
    slope, intercept : float
        Of the observed log odds on the fitted: 1 and 0 where they are true (Cox 1958). A slope below 1: they are
        too extreme.
    ratio : float
        Observed over expected successes.
    brier : float
        Mean squared difference of outcome and probability.
    scaled_brier : float
        1 less its ratio to that of the mean alone.
    frame : DataFrame
        By band of equal size: n, fitted, observed, lower, upper.
    """

    slope: float
    intercept: float
    ratio: float
    brier: float
    scaled_brier: float
    frame: pd.DataFrame = field(repr=False)

    def blocks(self, digits: int | None = None) -> list[Block]:
        """Text and table.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> len(fit.calibration().blocks())
        2
        """
        text = (
            f"Calibration slope {self.slope:.4g}, intercept {self.intercept:.4g}; observed / expected "
            f"{self.ratio:.4g}\nBrier score {self.brier:.4g} (scaled {self.scaled_brier:.4g})\n\n"
        )
        names = [str(name) for name in self.frame.columns]
        columns = [self.frame[name].tolist() for name in names]
        return [text, matrix(columns, names, [str(k) for k in self.frame.index], digits or 4)]


@dataclass(frozen=True, repr=False, eq=False)
class Calibrations(Rendered):
    """How true the fitted probabilities of each category are.

    Attributes
    ----------
    each : dict of str to Calibration
        By category, against all others.
    frame : DataFrame
        By category: slope, intercept, ratio (observed over expected), brier.
    """

    each: dict[str, Calibration]

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each category."""
        rows = [(c.slope, c.intercept, c.ratio, c.brier) for c in self.each.values()]
        return pd.DataFrame(rows, index=list(self.each), columns=["slope", "intercept", "ratio", "brier"])

    def blocks(self, digits: int | None = None) -> list[Block]:
        """The text.

        Examples
        --------
        >>> from glmformula import datasets, polr
        >>> data = datasets.attrition().assign(sick=lambda d: d["sick_days"].clip(5, 8).astype(str))
        >>> len(polr("factor(sick) ~ overtime_hours", data).calibration(3).blocks())
        2
        """
        names = [str(name) for name in self.frame]
        columns = [self.frame[name].tolist() for name in names]
        table = matrix(columns, names, list(self.frame.index), digits or 4)
        return ["Each category against the others:\n\n", table]


def calibration(
    fit: MeanModel, bins: int = 10, newdata: Any = None, level: float = 0.95, category: str | None = None
) -> Calibration | Calibrations:
    """Calibration of a binomial model: in bands, by slope and intercept, by Brier's score.

    Parameters
    ----------
    bins : int
        Bands of equally many rows, by fitted probability.
    newdata : DataFrame, optional
        Rows with the response. On its own rows a logit model has slope 1 and intercept 0 by construction.
    level : float
        Of Wilson's intervals.
    category : str, optional
        Of a model of categories: this one against all others. Default: each, one after another.

    Returns
    -------
    Calibration, or Calibrations for all categories
        ``.slope .intercept .ratio .brier .frame``; `calibration_plot` draws it; rms's ``val.prob``.

    Raises
    ------
    FamilyError, DataError
        As of `roc`.
    ValueError
        Fewer than two bins; a level that is not between 0 and 1.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> data = datasets.attrition()
    >>> fit = glm("left ~ overtime_hours", data.iloc[:300], family="binomial")
    >>> fit.calibration(3, newdata=data.iloc[300:])
    Calibration slope 2.581, intercept 5.7; observed / expected 1.807
    Brier score 0.06089 (scaled -0.001961)
    <BLANKLINE>
       n  fitted observed    lower  upper
    1 64 0.02655  0.03125 0.008612 0.1070
    2 68 0.03414  0.02941 0.008103 0.1010
    3 68 0.04666  0.13235 0.071222 0.2328
    """
    if bins < 2:
        raise ValueError(f"bins should be 2 or more; got {bins}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    each = outcomes(fit, newdata, "calibration()", category)
    found = {name: _calibrated(rows, bins, level) for name, rows in each.items()}
    return next(iter(found.values())) if category is not None or "" in found else Calibrations(found)


def _calibrated(rows: Observed, bins: int, level: float) -> Calibration:
    slope, intercept = slope_of(rows)
    w = rows.weights
    total, successes = float(w.sum()), float(w @ rows.y)
    brier = float(w @ (rows.y * (1 - rows.mu) ** 2 + (1 - rows.y) * rows.mu**2)) / total
    mean = successes / total
    band = equal_bands(rows.mu, w, bins)
    count = int(band.max()) + 1
    n, hits, expected = (np.bincount(band, v, count) for v in (w, w * rows.y, w * rows.mu))
    bounds = [wilson(k, m, level) for k, m in zip(hits.tolist(), n.tolist(), strict=True)]
    frame = pd.DataFrame(
        {
            "n": n,
            "fitted": expected / n,
            "observed": hits / n,
            "lower": [low for low, _ in bounds],
            "upper": [high for _, high in bounds],
        },
        index=range(1, count + 1),
    )
    return Calibration(
        slope,
        intercept,
        successes / float(w @ rows.mu),
        brier,
        1 - brier / (mean * (1 - mean)),
        frame,
    )


def slope_of(rows: Observed) -> tuple[float, float]:
    """Slope and intercept of a logistic regression of the outcome on the fitted log odds."""
    p = np.clip(rows.mu, EDGE, 1 - EDGE)
    x = np.log(p / (1 - p))
    beta = np.array([1.0, 0.0])
    X = np.stack([x, np.ones_like(x)])
    for _ in range(STEPS):
        mu = 1 / (1 + np.exp(-np.clip(beta @ X, -700, 700)))
        information = (X * (rows.weights * mu * (1 - mu))) @ X.T
        try:
            step = np.linalg.solve(information, X @ (rows.weights * (rows.y - mu)))
        except np.linalg.LinAlgError:
            return math.nan, math.nan
        beta = beta + step
        if np.abs(step).max() < 1e-12 * (1 + np.abs(beta).max()):
            break
    return float(beta[0]), float(beta[1])
