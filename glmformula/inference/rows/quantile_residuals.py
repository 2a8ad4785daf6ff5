"""Randomized quantile residuals (Dunn & Smyth 1996): normal for the true model, whatever the family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def quantile_residuals(fit: SingleIndex, seed: int | None = None) -> np.ndarray:
    """Normal quantiles of the fitted distribution functions at the responses, (n,).

    Phi^-1(F(y)) for a continuous family; for a discrete one Phi^-1(u), u uniform between F(y-) and F(y). The
    smaller tail is the one that is computed. R: statmod's ``qresiduals``, with the dispersion that the summary
    shows (its inverse gaussian takes deviance / df and leaves the weights out).

    Parameters
    ----------
    seed : int, optional
        Of the uniform draws; families without atoms need none. Rows that arrive in pieces are drawn piece by
        piece, so other pieces give other draws.

    Raises
    ------
    FamilyError
        The family has no distribution of the response.
    """
    state = fit.row_state
    w = np.where(state.prior_weights > 0, state.prior_weights, np.nan)
    distribution = fit.family.response_distribution(state.mu, w, fit.dispersion)
    y = np.round(state.y * w) if fit.family.is_binomial else state.y
    counts = fit.family.distribution is not None and fit.family.distribution.discrete
    with np.errstate(invalid="ignore"):
        lower, upper = distribution.cdf(y), distribution.sf(y)
        if counts:
            u = np.maximum(fit.rows.generator(seed).random(len(y)), np.finfo(float).tiny)
            below, above = distribution.cdf(y - 1), distribution.sf(y - 1)
            lower, upper = below + u * (lower - below), upper + (1 - u) * (above - upper)
        residuals = np.where(lower < upper, special.ndtri(lower), -special.ndtri(upper))
    far = fit.family.contrary(state.y, state.eta, state.mu)
    if far is not None and counts:
        rows = far.rows
        deviance = fit.family.deviance_at(state.y[rows], state.eta[rows], state.mu[rows])
        residuals[rows] = far_quantiles(y[rows], w[rows], deviance, u[rows], far.score > 0)
    return residuals


def far_quantiles(
    successes: np.ndarray, trials: np.ndarray, deviance: np.ndarray, u: np.ndarray, above: np.ndarray
) -> np.ndarray:
    """Of binomial rows whose tail, above or below, is the one probability of what was observed, beyond digits."""
    failures = trials - successes
    ways = special.gammaln(trials + 1) - special.gammaln(successes + 1) - special.gammaln(failures + 1)
    saturated = special.xlogy(successes, successes / trials) + special.xlogy(failures, failures / trials)
    logs = ways + saturated - trials * deviance / 2 + np.log(np.where(above, 1 - u, u))
    return np.asarray(np.where(above, -1.0, 1.0) * special.ndtri_exp(logs))
