"""Confidence intervals of the coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..design.selection import positions
from ..render.numbers import format_numbers, round_half
from ..render.table import StatTable
from .firth import firth_limits
from .profile import exact_limits, profile
from .summary import Vcov, covariance_of

if TYPE_CHECKING:
    from ..models.model import GLM

METHODS = ("profile", "wald", "profile-exact")


def confint(
    fit: GLM,
    parm: Any = None,
    level: float = 0.95,
    method: str = "profile",
    *,
    vcov: Vcov = None,
    test: str = "LRT",
) -> StatTable:
    """Confidence intervals, link scale.

    Parameters
    ----------
    parm : str, int, list of them or mask, optional
        Coefficients by name, position (from 0) or a boolean for each; default all.
    level : float
    method : {"profile", "wald", "profile-exact"}
        "profile": the values of a coefficient that a likelihood ratio test does not reject, as R's
        ``confint`` reads them off a spline through the profile. "profile-exact": the same, solved to 1e-8
        (R's are up to 2e-3 standard errors off). "wald": estimate +- z se, R's ``confint.default``. All
        take normal quantiles, for families with a dispersion too, as R does.
    vcov : str, matrix or function, optional
        With ``method="wald"``: another covariance of the coefficients (see ``fit.summary``).
    test : {"LRT", "Rao"}
        With ``method="profile"``: the statistic that is profiled.

    Returns
    -------
    StatTable with columns such as ``2.5 %`` and ``97.5 %``; NaN where aliased; -Inf or Inf where the profile
    never reaches the quantile (R: NA or an error), as under separation.

    Warns
    -----
    ConvergenceWarning
        The fit had not converged, or a profile ends at the edge of the valid coefficients.
    """
    if method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if vcov is not None and method != "wald":
        raise ValueError(
            f"a covariance matrix says nothing of a profile: give method='wald' with vcov, not {method!r}"
        )
    which = positions(parm, fit.column_names)
    if method == "wald":
        return limits_table(fit, which, level, wald_limits(fit, level, vcov), method)
    if fit.method == "firth":
        return limits_table(fit, which, level, firth_limits(fit, which, level), method)
    if method == "profile-exact":
        return limits_table(fit, which, level, exact_limits(fit, which, level), method)
    return profile(fit, which, alpha=(1 - level) / 4, test=test).confint(which, level)


def wald_limits(fit: GLM, level: float, vcov: Vcov = None) -> dict[int, tuple[float, float]]:
    """Limits estimate +- z se of the coefficients that are not aliased."""
    cov = fit.dispersion * fit.result.cov_unscaled if vcov is None else covariance_of(fit, vcov)
    half = float(ndtri((1 + level) / 2)) * np.sqrt(np.diag(cov))
    kept = np.flatnonzero(~fit.aliased).tolist()
    return {j: (b - h, b + h) for j, b, h in zip(kept, fit.result.coefficients[kept].tolist(), half.tolist())}


def limits_table(
    fit: GLM, which: Sequence[int], level: float, limits: Mapping[int, tuple[float, float]], method: str
) -> StatTable:
    """The limits as R prints them; a single profile interval as a named vector."""
    rows = [limits.get(j, (math.nan, math.nan)) for j in which]
    frame = pd.DataFrame(
        np.array(rows).reshape(-1, 2),
        index=[fit.column_names[k] for k in which],
        columns=percent_names(level, method),
    )
    return StatTable(frame, kind="vector" if len(which) == 1 and method != "wald" else "matrix")


def percent_names(level: float, method: str = "wald") -> list[str]:
    """``2.5 %``, ``97.5 %``: three digits for Wald's intervals, one decimal for a profile's, as R."""
    tail = (1 - level) / 2
    percent = [100 * tail, 100 * (1 - tail)]
    if method == "wald":
        return [f"{text} %" for text in three_digits(percent)]
    return [f"{format_numbers([v], 15)[0].strip()} %" for v in round_half(percent, 1)]


def three_digits(values: Sequence[float]) -> list[str]:
    """R's ``format(digits = 3, scientific = FALSE)``: as many decimals for all as any needs."""
    decimals = 0
    for value in values:
        mantissa, exponent = f"{value:.2e}".split("e")
        decimals = max(decimals, len(mantissa.rstrip("0").rstrip(".").replace(".", "")) - 1 - int(exponent))
    return [f"{value:.{decimals}f}" for value in values]
