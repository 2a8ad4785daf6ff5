"""Parametric bootstrap of a mixed model, lme4's ``bootMer``: fits to responses simulated with new random effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ...engine.mixed.result import MixedFit
from ...errors import DataError, FitError, GLMFormulaWarning, choice, give_warning
from ...sources.memory import MemorySource
from .profile_limits import Element, elements, places
from .rows import filled, linear_predictor
from .simulate import drawn_modes

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

TYPES = ("perc", "basic", "norm")
FEWEST = 20


def bootstrap_limits(
    fit: Mixed, which: list[int], level: float, nsim: int, type: str, seed: Any
) -> np.ndarray:
    """(n, 2) limits of some of the parameters.

    Raises
    ------
    ValueError, DataError, FitError
    """
    choice("boot_type", type, TYPES)
    draws = replicates(fit, nsim, seed)[:, which]
    at = parameters(fit, fit.result)[which]
    if type == "norm":
        bias, half = draws.mean(axis=0) - at, special.ndtri((1 + level) / 2) * draws.std(axis=0, ddof=1)
        return np.column_stack([at - bias - half, at - bias + half])
    ends = np.array(
        [[quantile_of(column, p) for p in ((1 - level) / 2, (1 + level) / 2)] for column in draws.T]
    )
    return ends if type == "perc" else np.column_stack([2 * at - ends[:, 1], 2 * at - ends[:, 0]])


def replicates(fit: Mixed, nsim: int, seed: Any) -> np.ndarray:
    """(nsim, k): standard deviations and correlations, sigma, fixed effects of the fits that have an end.

    Raises
    ------
    ValueError
        Too few simulations.
    DataError
        The rows are not in memory.
    FitError
        Most fits fail.
    """
    if isinstance(nsim, bool) or not isinstance(nsim, int | np.integer) or nsim < FEWEST:
        raise ValueError(f"nsim should be a number of simulations, {FEWEST} or more; got {nsim!r}")
    source = fit.every_row.source
    if not isinstance(source, MemorySource):
        raise DataError(
            "a bootstrap fits the model to new responses of all rows: it needs the rows in memory; fit it to a "
            "DataFrame, or use confint(method='profile')"
        )
    rng = fit.every_row.generator(seed)
    out, failed = [], 0
    for _ in range(int(nsim)):
        try:
            found = fit.estimated(source.with_values(simulated(fit, source, rng)))
        except (FitError, FloatingPointError, np.linalg.LinAlgError):
            failed += 1
            continue
        out.append(parameters(fit, found))
    if failed > nsim / 2:
        raise FitError(f"{failed} of {nsim} fits to simulated responses failed: no quantiles can be told")
    if failed:
        give_warning(
            f"{failed} of {nsim} fits to simulated responses failed and are left out", GLMFormulaWarning
        )
    return np.array(out)


def simulated(fit: Mixed, source: MemorySource, rng: np.random.Generator) -> np.ndarray:
    """A response, its random effects drawn from their estimated distribution."""
    modes = drawn_modes(fit, [], rng)
    block = source.block(slice(0, source.nrows))
    eta = linear_predictor(fit.structure, filled(fit), modes, block)
    mu = fit.family.link.linkinv(eta)
    return np.asarray(fit.family.simulate(rng, mu, source.prior_weights, fit.sigma**2))


def parameters(fit: Mixed, result: MixedFit) -> np.ndarray:
    """Standard deviations and correlations, sigma where there is one, fixed effects."""
    scale = result.sigma if fit.has_scale else 1.0
    own = [_element(result.theta, scale, element) for element in elements(fit.structure)]
    sigma = [scale] if fit.has_scale else []
    return np.array([*own, *sigma, *result.coefficients[~fit.aliased]])


def _element(theta: np.ndarray, scale: float, element: Element) -> float:
    row = theta[places(element, element.row)]
    if element.row == element.column:
        return float(scale * np.linalg.norm(row))
    other = theta[places(element, element.column)]
    size = np.linalg.norm(row) * np.linalg.norm(other)
    return float(row[: len(other)] @ other / size) if size > 0 else math.nan


def quantile_of(values: np.ndarray, p: float) -> float:
    """That of a bootstrap, between order statistics on the normal scale (Davison & Hinkley 1997, equation 5.8)."""
    known = np.sort(values[~np.isnan(values)])
    n = len(known)
    if n < 2:
        return math.nan
    k = math.floor((n + 1) * p + 1e-9)
    if k < 1 or k >= n:
        return float(known[0] if k < 1 else known[-1])
    here, low, high = special.ndtri([p, k / (n + 1), (k + 1) / (n + 1)])
    return float(known[k - 1] + (here - low) / (high - low) * (known[k] - known[k - 1]))
