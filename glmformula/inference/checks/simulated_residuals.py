"""Residuals by simulation: where each response stands among responses drawn from the model (Dunn & Smyth 1996)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from ...errors import DataError, FamilyError
from ...fitted.protocols import PenaltyPath, Simulating, is_parametric, is_single_index, lacking, require
from ...render.cells import coefmat
from ...render.report import Block as TextBlock, Rendered
from ...sources.mapped import collect
from ..rows.quantities import draws_of

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block

Draw = Callable[[np.random.Generator], np.ndarray]
FEWEST = 20


@dataclass(frozen=True, repr=False, eq=False)
class SimulatedResiduals(Rendered):
    """Uniform residuals and what they say of the model.

    Attributes
    ----------
    residuals : Series (n,)
        Uniform on (0, 1) if the model is true.
    fitted : ndarray (n,)
        Means of the draws.
    tests : DataFrame
        uniformity, dispersion, outliers, zeros: statistic and p_value.
    nsim : int
    """

    residuals: pd.Series
    fitted: np.ndarray
    tests: pd.DataFrame
    nsim: int

    @property
    def frame(self) -> pd.DataFrame:
        """`tests`."""
        return self.tests

    def blocks(self, digits: int | None = None) -> list[TextBlock]:
        """Text and table.

        Examples
        --------
        >>> from glmformula import datasets, glm, simulate_residuals
        >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
        >>> len(simulate_residuals(fit, 50, seed=1).blocks())
        2
        """
        heading = f"Residuals by simulation, {self.nsim} draws of each of {len(self.residuals)} rows\n\n"
        columns = [self.tests["statistic"].tolist(), self.tests["p_value"].tolist()]
        table = coefmat(
            columns,
            ("statistic", "p-value"),
            list(self.tests.index),
            digits or 4,
            cs_ind=(0,),
            tst_ind=(),
            has_p=True,
        )
        return [heading, table]


def simulate_residuals(fit: Any, nsim: int = 250, seed: int | None = None) -> SimulatedResiduals:
    """Residuals that are uniform if the model is true, whatever its distribution, and tests of them.

    Parameters
    ----------
    nsim : int
        Responses drawn for each row.
    seed : int, optional
        The same seed gives the same residuals.

    Returns
    -------
    SimulatedResiduals
        ``.residuals``: the share of draws below the response, ties broken at random. ``.tests``: *uniformity*,
        Kolmogorov and Smirnov's distance; *dispersion*, the variance of observed less expected over that of draws;
        *outliers*, the share of responses outside of all their draws; *zeros*, observed over expected zeros (responses
        that are counts). ``check_model`` draws them.

    Raises
    ------
    FamilyError
        The family has no distribution to draw from.
    DataError
        The rows are not in memory.
    ValueError
        Fewer than 20 draws.

    Notes
    -----
    R's package DHARMa, whose definitions these are; p-values of dispersion and zeros are two-sided, from the draws.

    Examples
    --------
    >>> from glmformula import datasets, glm, simulate_residuals
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> found = simulate_residuals(fit, 100, seed=1)
    >>> bool(found.residuals.between(0, 1).all())
    True
    >>> list(found.tests.index)
    ['uniformity', 'dispersion', 'outliers', 'zeros']
    """
    if nsim < FEWEST:
        raise ValueError(f"nsim should be {FEWEST} draws or more; got {nsim}")
    y, draw = _drawn(fit)
    rng = fit.rows.generator(seed)
    n = len(y)
    below, equal, total = np.zeros(n), np.zeros(n), np.zeros(n)
    drawn = np.empty((nsim, n), dtype=np.float32 if n * nsim > 2**24 else np.float64)
    for k in range(nsim):
        one = draw(rng)
        below += one < y
        equal += one == y
        total += one
        drawn[k] = one
    mean = total / nsim
    # the response and its draws are in random order among equals: exactly uniform if the model is true
    scaled = (below + rng.random(n) * (equal + 1)) / (nsim + 1)
    rows = {
        "uniformity": _uniformity(scaled),
        "dispersion": _dispersion(y, drawn, mean),
        "outliers": _outliers(scaled, nsim),
    }
    if _counts(y) and not (is_parametric(fit) and fit.likelihood.ordered):
        rows["zeros"] = _zeros(y, drawn)
    tests = pd.DataFrame(rows.values(), index=list(rows), columns=["statistic", "p_value"])
    return SimulatedResiduals(fit.rows.labelled(scaled).rename("residual"), mean, tests, nsim)


def _drawn(fit: Any) -> tuple[np.ndarray, Draw]:
    """The response, and a function that draws another."""
    if not lacking(fit, Simulating) and fit.rows.streamed:
        raise DataError("residuals by simulation need the rows in memory: fit a part of them there")
    if not lacking(fit, PenaltyPath):
        raise FamilyError(
            "residuals by simulation draw from a fitted distribution, and penalised means are no estimate of one: ask "
            "fit.refit_selected(s) for a GLM of the selected terms"
        )
    if is_parametric(fit):
        if fit.likelihood.mean is None and not fit.likelihood.ordered:
            raise FamilyError(
                f"residuals by simulation are of numbers or of ordered categories; those of '{fit.response_name}' have "
                "no order: calibration() and roc() look at one after another"
            )
        y = np.concatenate([np.empty(0), *collect(fit.rows.source, _response)])
        return y, draws_of(fit)
    if not is_single_index(fit):
        require(fit, Simulating, "simulate_residuals()", "nothing can be drawn from it")
        y = np.concatenate([np.empty(0), *collect(fit.rows.source, _response)])
        return y, partial(_simulated, fit)
    state = fit.row_state
    return state.y, partial(_from_family, fit, state.mu, state.prior_weights)


def _simulated(fit: Simulating, rng: np.random.Generator) -> np.ndarray:
    """A response that the model itself draws, random effects anew where it has some."""
    drawn = fit.simulate(1, seed=int(rng.integers(2**31))).to_numpy(dtype=float)
    return np.asarray(drawn[:, 0])


def _from_family(
    fit: SingleIndex, mu: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    return fit.family.simulate(rng, mu, weights, fit.dispersion)


def _response(block: Block) -> np.ndarray:
    return np.asarray(block.y, dtype=float)


def _counts(y: np.ndarray) -> bool:
    return bool((y >= 0).all() and (y == np.floor(y)).all() and y.max(initial=0.0) > 1)


def _uniformity(scaled: np.ndarray) -> tuple[float, float]:
    found = stats.kstest(scaled, "uniform")
    return float(found.statistic), float(found.pvalue)


def _dispersion(y: np.ndarray, drawn: np.ndarray, mean: np.ndarray) -> tuple[float, float]:
    spread = np.array([float(np.var(one - mean)) for one in drawn])
    own = float(np.var(y - mean))
    return own / float(spread.mean()) if spread.mean() > 0 else math.nan, _two_sided(own, spread)


def _zeros(y: np.ndarray, drawn: np.ndarray) -> tuple[float, float]:
    zeros = (drawn == 0).sum(axis=1)
    own = float((y == 0).sum())
    return own / float(zeros.mean()) if zeros.mean() > 0 else math.nan, _two_sided(own, zeros)


def _two_sided(own: float, drawn: np.ndarray) -> float:
    lower, upper = float((drawn <= own).mean()), float((drawn >= own).mean())
    return min(1.0, 2.0 * min(lower, upper))


def _outliers(scaled: np.ndarray, nsim: int) -> tuple[float, float]:
    """Responses below or above all their draws; among equals by their random order, so that the share is exact."""
    place = np.floor(scaled * (nsim + 1))
    outside, n = int(((place == 0) | (place >= nsim)).sum()), len(scaled)
    return outside / n, float(stats.binomtest(outside, n, 2.0 / (nsim + 1)).pvalue)
