"""Confidence intervals of what a mixed model estimates: standard deviations, correlations and fixed effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.selection import positions
from ...errors import FitError, GLMFormulaWarning, choice, give_warning
from ...fitted.coefficients import kept_names
from ...render.table import StatTable
from ..intervals.limits import percent_names
from ..wald import Vcov, Wald
from .bootstrap import bootstrap_limits
from .profile_limits import elements, profile_limits
from .profiles import by_likelihood

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

METHODS = ("profile", "wald", "boot")
VARIANCES, COEFFICIENTS = "theta_", "beta_"


def confint(
    fit: Mixed,
    parm: Any = None,
    level: float = 0.95,
    method: str = "profile",
    *,
    old_names: bool = True,
    vcov: Vcov = None,
    nsim: int = 500,
    boot_type: str = "perc",
    seed: Any = None,
) -> StatTable:
    """Confidence intervals of standard deviations, correlations, sigma and fixed effects; lme4's ``confint``.

    Parameters
    ----------
    parm : str, int, list of them or mask, optional
        Which, by name, position (from 0) or a boolean for each; "theta_": what is of the random effects and sigma,
        "beta_": the fixed effects. Default all.
    level : float
    method : {"profile", "wald", "boot"}
        "profile": the values that a likelihood ratio test does not reject. "wald": estimate +- z se, of the fixed
        effects alone. "boot": quantiles over models fitted to simulated responses.
    old_names : bool
        ``.sig01``, ``.sigma`` as lme4 calls them; False for ``sd_(Intercept)|g``, ``cor_x.(Intercept)|g``, ``sigma``.
    vcov : matrix or function, optional
        With "wald": another covariance of the fixed effects.
    nsim : int
        With "boot": how many responses are simulated.
    boot_type : {"perc", "basic", "norm"}
        With "boot": quantiles, those turned round the estimate, or a normal distribution less the bias.
    seed : int or Generator, optional
        With "boot".

    Returns
    -------
    StatTable
        Columns such as ``2.5 %`` and ``97.5 %``: standard deviations and correlations in the response's units (`glmer`:
        of the linear predictor).

    Raises
    ------
    DataError
        An unknown parameter; a model without training rows, unless for Wald's intervals.
    ValueError
        An unknown method; a level that is not between 0 and 1.
    FitError
        A profile of a `glmer` whose family has a scale (Gamma ...), or of one with ``nAGQ=0``.

    Warns
    -----
    GLMFormulaWarning
        A limit that no path of the profile reaches: NaN.

    Notes
    -----
    A limit is solved for (Venzon & Moolgavkar 1988) to 1e-7 standard errors; lme4 reads it off a spline through the
    profile, up to 3e-3 off. A standard deviation whose profile at 0 is within the limit has the lower limit 0. REML
    fits are profiled by maximum likelihood, as lme4's. With prior weights lme4 1.1-31 profiles fixed effects
    wrongly: its intervals are a tenth as wide.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.confint(method="wald")
                          2.5 %     97.5 %
    .sig01                   NA         NA
    .sigma                   NA         NA
    (Intercept)      51058.7215 59223.6868
    experience_years  -181.0474   679.6655
    >>> fit.confint("theta_", old_names=False).round(-2)
                                2.5 %   97.5 %
    sd_(Intercept)|sick_days   3500.0  10400.0
    sigma                     10300.0  11700.0
    """
    choice("method", method, METHODS)
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if vcov is not None and method != "wald":
        raise ValueError(
            f"a covariance matrix says nothing of a {method}: give method='wald' with vcov, not {method!r}"
        )
    random, fixed = variance_names(fit, old_names), list(kept_names(fit))
    names = [*random, *fixed]
    which = chosen(parm, names, len(random))
    footer: tuple[str, ...] = ()
    if method == "wald":
        wald = Wald.of(fit, vcov)
        low, high = wald.limits(level)
        every = np.vstack([np.full((len(random), 2), math.nan), np.column_stack([low, high])])
        limits, footer = every[which], wald.note
    elif method == "boot":
        limits = bootstrap_limits(fit, which, level, nsim, boot_type, seed)
    else:
        limits = _profiled(fit, which, level, names)
    frame = pd.DataFrame(limits, index=[names[k] for k in which], columns=percent_names(level))
    return StatTable(frame, footer=footer)


def chosen(parm: Any, names: list[str], random: int) -> list[int]:
    """Positions of the parameters that are asked for."""
    if isinstance(parm, str) and parm in (VARIANCES, COEFFICIENTS):
        return list(range(random)) if parm == VARIANCES else list(range(random, len(names)))
    return positions(parm, names, "parameter")


def variance_names(fit: Mixed, old: bool) -> list[str]:
    """Names of the standard deviations, correlations and sigma."""
    own = elements(fit.structure)
    last = [".sigma" if old else "sigma"] if fit.has_scale else []
    if old:
        return [*(f".sig{k + 1:02d}" for k in range(len(own))), *last]
    out, starts = [], np.cumsum([0, *(term.n_theta for term in fit.structure.terms)])
    for element in own:
        term = fit.structure.terms[int(np.searchsorted(starts, element.start, side="right")) - 1]
        row, column = term.part.names[element.row], term.part.names[element.column]
        what = f"sd_{row}" if row == column else f"cor_{row}.{column}"
        out.append(f"{what}|{term.group}")
    return [*out, *last]


def _profiled(fit: Mixed, which: list[int], level: float, names: list[str]) -> np.ndarray:
    if fit.has_scale and not fit.family.is_normal_linear:
        raise FitError(
            f"can't profile a glmer whose scale is estimated (family {fit.family.name}): its deviance is not that of a "
            "likelihood of the scale; use confint(method='wald') or method='boot'"
        )
    if getattr(fit, "nAGQ", 1) == 0:
        raise FitError(
            "a fit with nAGQ=0 has no likelihood to profile: fit it with nAGQ=1, or use confint(method='wald')"
        )
    limits = profile_limits(by_likelihood(fit), which, level)
    lost = [names[k] for k, row in zip(which, limits) if np.isnan(row).any()]
    if lost:
        give_warning(
            f"no path of the profile reaches a limit of {', '.join(map(repr, lost))}: NaN; the likelihood is flat "
            "there, or a variance is at its edge (method='boot' needs no path)",
            GLMFormulaWarning,
        )
    return limits
