"""The covariance of coefficients whose theta is estimated beside them, with theta or without."""

from __future__ import annotations

import math
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...engine.bordered import WIDE
from ...engine.rows import columns_by_chunks, evaluate_rows
from ...errors import DataError, FitError
from ...families.curvature import relative_curvature
from ...fitted.coefficients import over_all
from .covariance import labelled, vcov as of_glm

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...sources.base import Block
    from ..terms.theta_anova import WithTheta

THETA = "theta"


def vcov(
    fit: WithTheta,
    type: str | None = None,
    cluster: Any = None,
    complete: bool = True,
    *,
    cadjust: bool = True,
    multi0: bool = False,
    fix: bool = False,
    dispersion: float | None = None,
    complete_theta: bool = False,
) -> pd.DataFrame:
    """Covariance of the coefficients of a negative binomial model, link scale.

    Parameters
    ----------
    type, cluster, complete, cadjust, multi0, fix, dispersion
        As of a glm: by default (X'WX)^-1, MASS's ``vcov``, which holds theta.
    complete_theta : bool
        The joint covariance of coefficients and theta: the inverse of the observed information of both.

    Returns
    -------
    DataFrame (p, p); with `complete_theta` (p + 1, p + 1), its last row and column ``theta``.

    Raises
    ------
    ValueError, DataError, FitError
        As of a glm; `complete_theta` with a robust type; theta has no finite estimate.

    Notes
    -----
    The joint covariance has other numbers for the coefficients too: observed for expected information, and what
    not knowing theta costs. In large samples both agree (Lawless 1987).

    Examples
    --------
    >>> from glmformula import datasets, glm_nb
    >>> fit = glm_nb("sick_days ~ overtime_hours", datasets.attrition())
    >>> fit.vcov(complete_theta=True).round(5)
                    (Intercept)  overtime_hours      theta
    (Intercept)         0.00388        -0.00044   -0.00449
    overtime_hours     -0.00044         0.00006    0.00057
    theta              -0.00449         0.00057  131.24123
    """
    if not complete_theta:
        return of_glm(
            fit, type, cluster, complete, cadjust=cadjust, multi0=multi0, fix=fix, dispersion=dispersion
        )
    if not (type is None and cluster is None and dispersion is None):
        raise ValueError(
            "complete_theta=True is of the model's own covariance: leave out type=, cluster= and dispersion="
        )
    if not math.isfinite(fit.se_theta):
        raise FitError(
            "theta has no finite estimate, and so no covariance: ask vcov() for that of the coefficients"
        )
    cov = np.linalg.inv(joint_information(fit))
    kept = np.append(~fit.aliased, True)
    names = pd.Index([*fit.column_names, THETA])
    if complete and not kept.all():
        whole = over_all(cov, kept, np.nan)
        return labelled(pd.DataFrame(whole, index=names, columns=names), "of the model with theta")
    return labelled(pd.DataFrame(cov, index=names[kept], columns=names[kept]), "of the model with theta")


def joint_information(fit: WithTheta) -> np.ndarray:
    """Observed information (rank + 1, rank + 1) of the coefficients that are not aliased and theta."""
    if fit.rank > WIDE:
        raise DataError(
            f"the joint covariance is formed of at most {WIDE:,} coefficients; here are {fit.rank:,}"
        )
    kept = ~fit.aliased
    pass_ = partial(information_sums, fit.result, fit.family, fit.theta, kept)
    total: np.ndarray = fit.rows.source.map_reduce(pass_, add)
    total[-1, -1] = 1.0 / fit.se_theta**2
    return total


def information_sums(
    result: GlmFit, family: Family, theta: float, kept: np.ndarray, block: Block
) -> np.ndarray:
    """Minus the second derivatives of a block's log-likelihoods, but that by theta alone."""
    eta, mu = evaluate_rows(block, result.coefficients, family)
    y, slope = block.y, family.link.mu_eta(eta)
    with np.errstate(all="ignore"):
        score = (y - mu) * theta / (mu * (mu + theta))  # by mu, as the next
        bend = (y + theta) / np.square(mu + theta) - y / np.square(mu)
        own = -(bend * slope * slope + score * slope * relative_curvature(family.link, eta))
        shared = -slope * (y - mu) / np.square(mu + theta)
    if block.prior_weights is not None:
        own, shared = (np.where(block.prior_weights > 0, block.prior_weights * v, 0.0) for v in (own, shared))
    r = int(kept.sum())
    out = np.zeros((r + 1, r + 1))
    for rows, columns in columns_by_chunks(block.design):
        X = columns[kept]
        out[:r, :r] += np.dot(X * own[rows], X.T)
        out[:r, r] += np.dot(X, shared[rows])
    out[r, :r] = out[:r, r]
    return out
