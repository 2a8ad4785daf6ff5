"""Tests of the single coefficients with any covariance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...design.selection import positions
from ...fitted.coefficients import names_of
from ...render.table import StatTable
from ..intervals.limits import limits_table, wald_limits
from ..wald import Vcov, Wald, all_rows, robust_df, test_columns

if TYPE_CHECKING:
    from ...fitted.protocols import Fit


def coeftest(fit: Fit, vcov: Vcov = None, df: float | None = None) -> StatTable:
    """z or t tests of the coefficients, lmtest's ``coeftest``.

    Parameters
    ----------
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``); aliased coefficients are then left out.
    df : float, optional
        Degrees of freedom of t tests; default those of the residuals for a linear model, infinite, so z tests,
        for every glm (summary takes t where the dispersion is estimated). 0 or below: z tests too.

    Returns
    -------
    StatTable
        Estimate, Std. Error, t value / z value, Pr(>|t|) / Pr(>|z|).

    Raises
    ------
    DataError
        A covariance of another size or with labels that are not the coefficients.
    ValueError
        An unknown type of covariance.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.coeftest(vcov="HC1").round(3)
                    Estimate  Std. Error  z value  Pr(>|z|)
    (Intercept)       -4.594       0.657   -6.993     0.000
    overtime_hours     0.191       0.070    2.735     0.006
    """
    wald, free = Wald.of(fit, vcov), _freedom(fit, df)
    table, names = wald.tests(free), wald.names
    if vcov is None:
        table, names = all_rows(fit, table), names_of(fit)
    return StatTable(
        pd.DataFrame(table, index=list(names), columns=test_columns(free)),
        kind="coefmat",
        heading=(f"\n{'z' if math.isinf(free) else 't'} test of coefficients:\n",),
        footer=tuple(f"\n{line}\n" for line in wald.note) or ("",),
    )


def coefci(
    fit: Fit, parm: Any = None, level: float = 0.95, vcov: Vcov = None, df: float | None = None
) -> StatTable:
    """Wald intervals of the coefficients, lmtest's ``coefci``.

    ``confint(method="wald")``, and with `df` of Student's t.

    Parameters
    ----------
    parm : str, int, list of them or mask, optional
        Coefficients by name, position (from 0) or a boolean for each; default all.
    level : float
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``).
    df : float, optional
        Degrees of freedom of Student's t; default those of the residuals for a linear model, infinite, so
        normal, for every glm. 0 or below: normal too.

    Returns
    -------
    StatTable with columns such as ``2.5 %`` and ``97.5 %``.

    Examples
    --------
    >>> from glmformula import coefci, glm
    >>> fit = glm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0, 7.0], "x": range(5)})
    >>> print(coefci(fit, "x", df=3))
          2.5 %   97.5 %
    x 0.6650455 2.134954
    """
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    wald, which = Wald.of(fit, vcov), positions(parm, names_of(fit))
    limits = wald_limits(fit, wald, level, _freedom(fit, df))
    return limits_table(fit, which, level, limits, "wald", wald.note)


def _freedom(fit: Fit, df: float | None) -> float:
    """Degrees of freedom as lmtest takes them: infinite where there are none."""
    chosen = robust_df(fit) if df is None else float(df)
    return chosen if chosen > 0 else math.inf
