"""Bread, meat and estimating functions, and the covariances made of them (Zeileis 2004, 2006; R's sandwich).

A model that gives a bread (the scaled inverse information) and, block by block, the estimating functions of
its rows has a robust covariance  bread meat bread / n.  Everything here is a pass over row blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import GLMFormulaWarning, give_warning
from ...fitted.coefficients import kept_names
from ...sources.mapped import collect
from ..deletions.leverage import FitRows, Weighted
from ..rows.output import elsewhere, written
from .in_parts import InParts, frame_of

if TYPE_CHECKING:
    from ...fitted.protocols import Fit, Scored, SingleIndex
    from ...sources.base import Block, Source

LEVERAGED = ("HC2", "HC3", "HC4", "HC4m", "HC5")
ROWS_SHOWN = 10
UNSTABLE = 1 - float(np.sqrt(np.finfo(float).eps))  # hat values above it make a warning, as in sandwich

Scores = Callable[["Block"], np.ndarray]


def crossproduct(source: Source, scores: Scores) -> np.ndarray:
    """Sum over rows of psi psi', for the estimating functions `scores` (block -> (r, m)) of any model."""
    total: np.ndarray = source.map_reduce(partial(_crossproduct, scores), add)
    return total


def _crossproduct(scores: Scores, block: Block) -> np.ndarray:
    psi = scores(block)
    return np.asarray(np.dot(psi, psi.T))


def score_dispersion(fit: SingleIndex) -> float:
    """The dispersion in a GLM's estimating functions: 1 for Poisson, binomial and negative binomial.

    Else the sum of squared working scores over the sum of working weights, as sandwich takes it. It cancels
    in every covariance.
    """
    if not fit.family.likelihood_has_dispersion:
        return 1.0
    squares, weights = fit.rows.source.map_reduce(
        partial(_score_sums, FitRows(fit.result, fit.family)), _added
    )
    return squares / weights


def _score_sums(frame: FitRows, block: Block) -> tuple[float, float]:
    weights, u = frame.scores(block)
    return float(u @ u), float(weights.sum())


def _added(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] + b[0], a[1] + b[1]


def glm_scores(fit: SingleIndex) -> Scores:
    """The estimating functions of a GLM, block -> (rank, m)."""
    return partial(_glm_scores, FitRows(fit.result, fit.family), score_dispersion(fit))


def _glm_scores(frame: FitRows, phi: float, block: Block) -> np.ndarray:
    _, u = frame.scores(block)
    return np.asarray(frame.design(block) * (u / phi))


def estfun(fit: SingleIndex, *, out: Any = None) -> Any:
    """Estimating functions of the rows, R's ``estfun``:  w (y - mu) / (dmu/deta) x / phi.

    Parameters
    ----------
    out : path, optional
        As for `residuals`.

    Returns
    -------
    DataFrame (n, rank): the derivatives of the log-likelihood by the coefficients that are not aliased;
    ``na.exclude`` pads with NaN.

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.estfun().head(2).round(3)
       (Intercept)  overtime_hours
    0       -0.031          -0.185
    1       -0.021          -0.085
    """
    scores = fit.scores
    if out is None and elsewhere(fit, None) is None:
        return _estfun(fit, None, scores)
    return written(fit, partial(_estfun, scores=scores), None, out)


def _estfun(fit: SingleIndex, newdata: None, scores: Scores) -> pd.DataFrame:
    names = kept_names(fit)
    values = np.concatenate([np.empty((len(names), 0)), *collect(fit.rows.source, scores)], axis=1).T
    index = fit.rows.labelled(np.zeros(len(values))).index
    columns = {k: fit.rows.labelled(column) for k, column in enumerate(values.T)}
    return pd.DataFrame(columns, index=index).set_axis(list(names), axis=1)


def bread(fit: Scored) -> pd.DataFrame:
    """n phi (X'WX)^-1 over the coefficients that are not aliased, sandwich's ``bread`` (Zeileis 2006).

    Returns
    -------
    DataFrame (rank, rank)
        Rows of zero weight are not in n.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.bread().round(2)
                    (Intercept)  overtime_hours
    (Intercept)          288.01          -29.65
    overtime_hours       -29.65            3.31
    """
    return _named(fit, fit.nobs * fit.inverse_information)


def meat(fit: Scored, adjust: bool = False) -> pd.DataFrame:
    """Mean of the outer products of the estimating functions, sandwich's ``meat`` (Zeileis 2006).

    Parameters
    ----------
    adjust : bool
        Divide by n - rank instead of n.

    Returns
    -------
    DataFrame (rank, rank)

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> bread, meat = fit.bread(), fit.meat()
    >>> (bread @ meat @ bread / fit.nobs).round(4)  # fit.vcov("HC0")
                    (Intercept)  overtime_hours
    (Intercept)          0.4298         -0.0433
    overtime_hours      -0.0433          0.0049
    """
    total = crossproduct(fit.rows.source, fit.scores)
    return _named(fit, total / (fit.nobs - len(total) if adjust else fit.nobs))


def _named(fit: Fit, values: np.ndarray) -> pd.DataFrame:
    names = pd.Index(kept_names(fit))
    return pd.DataFrame(values, index=names, columns=names)


@dataclass(frozen=True)
class Omega:
    """The weight of a row's xx' in a heteroscedasticity-consistent meat (HC4 and on: Cribari-Neto 2004).

    Attributes
    ----------
    type : str
    n, p : int
        Rows of non-zero weight, rank.
    constant : float
        For "const": the mean of the squared working scores.
    largest : float
        For "HC5": the largest hat value.
    """

    type: str
    n: int
    p: int
    constant: float = 0.0
    largest: float = 0.0

    def __call__(self, u: np.ndarray, hat: np.ndarray | None) -> np.ndarray:
        if self.type == "const":
            return np.full(len(u), self.constant)
        squares = u * u
        if self.type == "HC1":
            squares *= self.n / (self.n - self.p) if self.n > self.p else np.nan
        if hat is None:
            return squares
        left, share = 1 - hat, hat * (self.n / self.p)
        power: np.ndarray | float
        match self.type:
            case "HC2":
                power = 1.0
            case "HC3":
                power = 2.0
            case "HC4":
                power = np.minimum(4, share)
            case "HC4m":
                power = np.minimum(1, share) + np.minimum(1.5, share)
            case _:
                power = np.minimum(share, max(4, self.n * 0.7 * self.largest / self.p)) / 2
        return np.asarray(squares / left**power)


def hc_covariance(fit: SingleIndex, type: str) -> np.ndarray:
    """(rank, rank): R's ``vcovHC`` of `type`, "const" or "HC" to "HC5".

    Rows of zero weight do not count (sandwich counts them in n, which makes its answer too small).

    Warns
    -----
    GLMFormulaWarning
        Hat values close to 1 (HC2 to HC5): their rows, and a covariance that is NaN where one is 1.
    """
    type = "HC0" if type == "HC" else type
    n, p = fit.nobs, fit.rank
    source = fit.rows.source
    if p == 0:
        return np.empty((0, 0))
    frame = frame_of(fit)
    omega = Omega(type, n, p)
    if type == "const":
        squares, _ = source.map_reduce(partial(_score_sums, frame), _added)
        omega = Omega(type, n, p, constant=squares / (n - p) if n > p else np.nan)
    elif type == "HC5":
        omega = Omega(type, n, p, largest=source.map_reduce(partial(_largest_hat, frame), max))
    inner, unstable = source.map_reduce(partial(_hc_sums, frame, omega), _joined)
    if unstable:
        labels = "that are not held in memory"
        if not fit.rows.streamed:
            labels = ", ".join(str(fit.rows.frame.index[k]) for k in unstable[:ROWS_SHOWN])
        more = ", ..." if len(unstable) > ROWS_SHOWN else ""
        give_warning(
            f"{type} covariances become numerically unstable if hat values are close to 1 as for "
            f"observations {labels}{more}: these rows decide coefficients alone; leave them out, or take HC0 "
            "or HC1",
            GLMFormulaWarning,
        )
    return frame.from_basis(inner)


def _hc_sums(frame: Weighted | InParts, omega: Omega, block: Block) -> tuple[Any, list[int]]:
    """Sum of omega y y' with y = T'x, and the places of rows with a hat value close to 1."""
    weights, u = frame.scores(block)
    Y: Any = frame.basis(block)
    hat, unstable = None, []
    if omega.type in LEVERAGED:
        hat = frame.hat_in(Y, weights)
        unstable = (block.start + np.flatnonzero(hat > UNSTABLE)).tolist()[: ROWS_SHOWN + 1]
    with np.errstate(all="ignore"):
        each = omega(u, hat)
        if block.prior_weights is not None:
            each = np.where(block.prior_weights > 0, each, 0.0)
        return frame.products(Y, each), unstable


def _joined(a: tuple[Any, list[int]], b: tuple[Any, list[int]]) -> tuple[Any, list[int]]:
    return a[0] + b[0], (a[1] + b[1])[: ROWS_SHOWN + 1]


def _largest_hat(frame: Weighted | InParts, block: Block) -> float:
    return float(frame.hat(block).max(initial=0.0))
