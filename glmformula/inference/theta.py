"""theta of a negative binomial at given means: MASS's ``theta.ml``, ``theta.md`` and ``theta.mm``."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from ..design.pieces import Design
from ..engine.counted import Counts, counts_of, counts_of_block
from ..engine.rows import evaluate_rows
from ..engine.theta_likelihood import RowSums, best_theta
from ..errors import ConvergenceWarning, DataError, give_warning
from ..families.variances import mixed, negative_binomial_deviance
from ..fitted.protocols import SingleIndex, is_model, require
from ..sources.base import Block

if TYPE_CHECKING:
    from ..families import Family

Sums = Callable[[Any], Any]
LOWEST, HIGHEST = 1e-12, 1e12
NO_END = (
    "the responses vary no more than a Poisson's: theta has no finite estimate, what is given is where a negative "
    "binomial is a Poisson"
)


class Theta(float):
    """An estimate of theta; `se` is its standard error, NaN where the method gives none.

    Examples
    --------
    >>> from glmformula import theta_mm
    >>> value = theta_mm([0, 1, 3, 9, 2], [2.0, 2.0, 4.0, 4.0, 3.0], df_residual=4)
    >>> round(value, 4), value.se
    (2.4552, nan)
    """

    se: float

    def __new__(cls, value: float, se: float = math.nan) -> Theta:
        self = super().__new__(cls, value)
        self.se = se
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), self.se


def theta_ml(y: Any, mu: Any = None, weights: Any = None) -> Theta:
    """theta by maximum likelihood at given means, MASS's ``theta.ml``.

    Parameters
    ----------
    y : array (n,) or GLM
        Counts, or a fitted model: its responses, fitted means and prior weights.
    mu : array (n,), optional
        Means (response scale), where `y` is counts.
    weights : array (n,), optional
        Where `y` is counts.

    Returns
    -------
    Theta
        A float; its ``se`` is 1 / sqrt(observed information).

    Raises
    ------
    DataError
        Negative counts, means that are not positive, arrays of different lengths.

    Warns
    -----
    ConvergenceWarning
        There is no finite estimate.

    Notes
    -----
    Solved to full digits, where MASS stops after 10 steps or at 1e-4. Of a fit with weights MASS leaves them out.

    Examples
    --------
    >>> from glmformula import datasets, glm, theta_ml
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> value = theta_ml(fit)
    >>> round(value, 3), round(value.se, 3)
    (31.383, 11.457)
    """
    at, counts, _ = given(y, mu, None, weights, "theta_ml()")
    theta, here = best_theta(lambda t: at(RowSums(t)), counts, counts.start)
    infinite = theta >= counts.end
    if infinite:
        give_warning(f"theta_ml: {NO_END}", ConvergenceWarning)
    return Theta(theta, math.inf if infinite else here.se)


def theta_md(y: Any, mu: Any = None, df_residual: float | None = None, weights: Any = None) -> Theta:
    """The theta at which the deviance is its degrees of freedom, MASS's ``theta.md``.

    Parameters
    ----------
    y, mu, weights
        As of `theta_ml`.
    df_residual : float
        Residual degrees of freedom, where `y` is counts (MASS's ``dfr``).

    Returns
    -------
    Theta

    Raises
    ------
    DataError
        As `theta_ml`; no `df_residual`.

    Warns
    -----
    ConvergenceWarning
        There is no finite solution.

    Examples
    --------
    >>> from glmformula import datasets, glm, theta_md
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> round(theta_md(fit), 3)
    23.815
    """
    return equated(negative_binomial_deviance, y, mu, df_residual, weights, "theta_md()")


def theta_mm(y: Any, mu: Any = None, df_residual: float | None = None, weights: Any = None) -> Theta:
    """The theta at which Pearson's statistic is its degrees of freedom, MASS's ``theta.mm``.

    Parameters
    ----------
    y, mu, df_residual, weights
        As of `theta_md`.

    Returns
    -------
    Theta

    Raises
    ------
    DataError
        As `theta_md`.

    Warns
    -----
    ConvergenceWarning
        There is no finite solution.

    Examples
    --------
    >>> from glmformula import datasets, glm, theta_mm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> round(theta_mm(fit), 3)
    32.2
    """
    return equated(pearson, y, mu, df_residual, weights, "theta_mm()")


def pearson(theta: float, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Pearson's statistic of each row."""
    return np.square(y - mu) / mixed(theta, mu)


def weighted(each: Callable[[np.ndarray, np.ndarray], np.ndarray], block: Block, mu: np.ndarray) -> float:
    """The sum over a block's rows."""
    values = each(block.y, mu)
    return float(values.sum() if block.prior_weights is None else block.prior_weights @ values)


def equated(
    statistic: Callable[[float, np.ndarray, np.ndarray], np.ndarray],
    y: Any,
    mu: Any,
    df_residual: float | None,
    weights: Any,
    verb: str,
) -> Theta:
    """The theta at which a statistic, which grows with theta, is its degrees of freedom."""
    at, counts, df = given(y, mu, df_residual, weights, verb)
    if df is None:
        raise DataError(f"{verb} of counts and means needs df_residual=, the degrees of freedom left")
    from scipy.optimize import brentq  # slow to import, rarely needed

    def miss(log_theta: float) -> float:
        return float(at(partial(weighted, partial(statistic, math.exp(log_theta))))) - df

    low, high = math.log(LOWEST), math.log(HIGHEST * counts.level)
    if miss(high) <= 0:
        give_warning(f"{verb.removesuffix('()')}: {NO_END}", ConvergenceWarning)
        return Theta(math.exp(high))
    if miss(low) >= 0:
        give_warning(f"{verb.removesuffix('()')}: estimate truncated at zero", ConvergenceWarning)
        return Theta(0.0)
    return Theta(math.exp(brentq(miss, low, high, xtol=1e-14, rtol=1e-14)))


def given(
    y: Any, mu: Any, df_residual: float | None, weights: Any, verb: str
) -> tuple[Sums, Counts, float | None]:
    """How sums over the rows are taken, the distinct counts, the degrees of freedom; of a fit, or of arrays."""
    if is_model(y):
        require(y, SingleIndex, verb, "give counts and means")
        source, df = y.rows.source, float(y.df_residual if df_residual is None else df_residual)
        ask = partial(_of_block, family=y.family, beta=y.result.coefficients)
        return lambda rows: source.map_reduce(partial(ask, rows), add), counts_of(source), df
    block, means = _arrays(y, mu, weights, verb)
    return lambda rows: rows(block, means), counts_of_block(block), df_residual


def _of_block(rows: Any, block: Block, *, family: Family, beta: np.ndarray) -> Any:
    return rows(block, evaluate_rows(block, beta, family)[1])


def _arrays(y: Any, mu: Any, weights: Any, verb: str) -> tuple[Block, np.ndarray]:
    if mu is None:
        raise DataError(f"{verb} is asked of a fitted model, or of counts and their means: {verb[:-1]}y, mu)")
    counts, means = np.asarray(y, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    w = None if weights is None else np.asarray(weights, dtype=np.float64)
    if counts.ndim != 1 or counts.shape != means.shape or (w is not None and w.shape != counts.shape):
        shapes = ", ".join(str(a.shape) for a in (counts, means, w) if a is not None)
        raise DataError(f"{verb}: counts, means and weights should be of one length; got shapes {shapes}")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise DataError(f"{verb}: counts should be 0, 1, 2 ...; got {counts[~(counts >= 0)][:1]} among them")
    if not (np.isfinite(means).all() and (means > 0).all()):
        raise DataError(f"{verb}: means should be positive; got {means[~(means > 0)][:1]} among them")
    if not counts.sum() > 0:
        raise DataError(f"{verb}: all counts are 0, and theta has no estimate")
    return Block(Design(len(counts), (), (), np.empty(0, int), ()), counts, w), means
