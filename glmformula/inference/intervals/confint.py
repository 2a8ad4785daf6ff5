"""Confidence intervals of the coefficients."""

from __future__ import annotations

from typing import Any

from ...design.selection import positions
from ...errors import choice
from ...fitted.coefficients import names_of
from ...fitted.protocols import Fit, is_parametric, single_index
from ...render.table import StatTable
from ..wald import Vcov, Wald
from .firth import firth_limits
from .likelihood_profile import profile_limits
from .limits import limits_table, wald_limits
from .profile import exact_limits, profile

METHODS = ("profile", "wald", "profile-exact", "profile-joint")


def confint(
    fit: Fit,
    parm: Any = None,
    level: float = 0.95,
    method: str | None = None,
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
    method : {"profile", "wald", "profile-exact", "profile-joint"}, optional
        Default "profile" (of models of several linear predictors R's own: "wald" but for `polr`, whose "profile" is
        solved exactly); with `vcov`, "wald". "profile": the values of a coefficient that a likelihood ratio
        test does not reject, as R's ``confint`` reads them off a spline through the profile. "profile-exact":
        the same, solved to 1e-8 (R's are up to 2e-3 standard errors off). "wald": estimate +- z se, R's
        ``confint.default``. "profile-joint", of `glm_nb`: solved, with theta estimated anew along the profile,
        which the others hold (as MASS). All take normal quantiles, for families with a dispersion too, as R does.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``), for Wald's intervals; the table names it.
    test : {"LRT", "Rao"}
        With ``method="profile"``: the statistic that is profiled.

    Returns
    -------
    StatTable with columns such as ``2.5 %`` and ``97.5 %``; NaN where aliased; -Inf or Inf where the profile
    never reaches the quantile (R: NA or an error), as under separation.

    Raises
    ------
    DataError
        An unknown coefficient; a profile of a model without training rows; a covariance of another size.
    ValueError
        An unknown method or test; a level that is not between 0 and 1.

    Warns
    -----
    ConvergenceWarning
        The fit had not converged, or a profile ends at the edge of the valid coefficients.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.confint().round(3)
                    2.5 %  97.5 %
    (Intercept)    -6.166  -3.178
    overtime_hours  0.032   0.352
    >>> fit.confint("overtime_hours", level=0.9, method="wald").round(3)
                      5 %   95 %
    overtime_hours  0.057  0.325
    """
    usual = getattr(fit, "default_interval", "profile") if vcov is None else "wald"
    method = choice("method", method or usual, METHODS)
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if vcov is not None and method != "wald":
        raise ValueError(
            f"a covariance matrix says nothing of a profile: give method='wald' with vcov, not {method!r}"
        )
    which = positions(parm, names_of(fit))
    if parm is None and is_parametric(fit):
        which = which[: len(fit.column_names)]  # constants such as thresholds where they are asked for
    if method == "wald":
        wald = Wald.of(fit, vcov)
        return limits_table(fit, which, level, wald_limits(fit, wald, level), method, wald.note)
    if is_parametric(fit):
        return limits_table(fit, which, level, profile_limits(fit, which, level), method)
    fit = single_index(fit, f"confint(method={method!r})", "use confint(method='wald')")
    if fit.method == "firth":
        return limits_table(fit, which, level, firth_limits(fit, which, level), method)
    if method == "profile-joint":
        joint = getattr(fit, "joint_limits", None)
        if joint is None:
            raise ValueError(
                "method='profile-joint' is of fits that estimate a parameter beside the coefficients, as glm_nb() "
                "gives; here 'profile-exact' is the same"
            )
        return limits_table(fit, which, level, joint(which, level), method)
    if method == "profile-exact":
        return limits_table(fit, which, level, exact_limits(fit, which, level), method)
    return profile(fit, which, alpha=(1 - level) / 4, test=test).confint(which, level)
