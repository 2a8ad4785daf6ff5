"""What each term of a linear model is worth: drop1, add1 and the criterion of step, in sums of squares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import GLMFormulaWarning, give_warning
from ...fitted.linear import EXACT
from ...formula.lines import formula_lines
from ...render.anova import scope_heading
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from .add1 import additions
from .drop1 import deletions
from .extract_aic import ExtractedAIC

if TYPE_CHECKING:
    from ...fitted.linear import LinearModel
    from ...formula.scope import Scope
    from .single_term import Comparison

TESTS = ("none", "Chisq", "F")


def drop1(
    fit: LinearModel,
    scope: Scope | None = None,
    test: str | bool | None = "none",
    k: float = 2.0,
    *,
    scale: float = 0.0,
) -> StatTable:
    """Single term deletions from a linear model, R's ``drop1.lm``.

    Parameters
    ----------
    fit : LM
    scope : formula or labels of terms
        What to leave out, one at a time. Default: every term that no other one contains (marginality).
    test : {"none", "Chisq", "F"} or None
        "F": the mean change of the residual squares over the model's residual variance. "Chisq": the change of
        n log(RSS / n), or of RSS / scale.
    k : float
        Penalty of the AIC.
    scale : float
        A known variance of the errors, 0 for none: Mallows' Cp in place of the AIC.

    Returns
    -------
    StatTable
        Rows ``<none>`` and the terms; columns Df, Sum of Sq, RSS, AIC (Cp), then F value and Pr(>F), or Pr(>Chi).

    Raises
    ------
    FormulaError
        "scope is not a subset of term labels".

    Warns
    -----
    GLMFormulaWarning
        R's "attempting model selection on an essentially perfect fit is nonsense".

    Notes
    -----
    AIC is  n log(RSS / n) + k p  (R's ``extractAIC.lm``), n the rows of non-zero weight.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    >>> fit.drop1(test="F")
    Single term deletions
    <BLANKLINE>
    Model:
    salary ~ experience_years + overtime_hours
                     Df Sum of Sq        RSS    AIC F value Pr(>F)
    <none>                        6.8899e+10 9376.7
    experience_years  1 263774490 6.9163e+10 9376.6  1.9027 0.1684
    overtime_hours    1  28278400 6.8928e+10 9374.9  0.2040 0.6517
    """
    name = test_name(test)
    check_exact(fit)
    compared = deletions(fit, scope, rao=False)
    return squares_table(fit, compared, name, k, scale)


def add1(
    fit: LinearModel,
    scope: Scope,
    test: str | bool | None = "none",
    k: float = 2.0,
    *,
    scale: float = 0.0,
) -> StatTable:
    """Single term additions to a linear model, R's ``add1.lm``.

    Parameters
    ----------
    fit : LM
    scope : formula or labels of terms
        What to add, one at a time: of a formula (``"~ . + x"``, ``"~ .^2"``) the terms whose margins the
        model has; labels as they are given.
    test, k, scale
        As `drop1`'s; "F" divides by the residual variance of the larger model.

    Returns
    -------
    StatTable
        As `drop1`'s.

    Raises
    ------
    FormulaError
        "no terms in scope for adding to object"; a term of the model that a scope formula lacks.

    Warns
    -----
    DataWarning
        "using the 70/80 rows from a combined fit".
    GLMFormulaWarning
        R's "attempting model selection on an essentially perfect fit is nonsense".

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years", datasets.attrition())
    >>> list(fit.add1("~ . + overtime_hours", test="F"))
    ['Df', 'Sum of Sq', 'RSS', 'AIC', 'F value', 'Pr(>F)']
    """
    name = test_name(test)
    check_exact(fit)
    return squares_table(fit, additions(fit, scope, rao=False), name, k, scale)


def extract_aic(fit: LinearModel, scale: float = 0.0, k: float = 2.0) -> ExtractedAIC:
    """n log(RSS / n) + k edf, R's ``extractAIC.lm``: the AIC but for a constant.

    Parameters
    ----------
    fit : LM
    scale : float
        A known variance of the errors, 0 for none: then RSS / scale - n + k edf, Mallows' Cp.
    k : float
        Penalty for a coefficient: 2 for AIC, log(n) for BIC's.

    Returns
    -------
    ExtractedAIC
        (edf, aic); edf is the number of estimated coefficients.

    Notes
    -----
    R counts rows of zero weight in n and edf; here neither does.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> edf, aic = lm("salary ~ experience_years", datasets.attrition()).extract_aic()
    >>> edf
    2.0
    """
    return ExtractedAIC(
        float(fit.rank), float(criterion(np.array(fit.deviance), fit.nobs, scale) + k * fit.rank)
    )


def criterion(rss: np.ndarray, n: int, scale: float) -> np.ndarray:
    """-2 log-likelihood but for a constant: profiled over sigma unless `scale` is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(rss / scale - n if scale > 0 else n * np.log(rss / n))


def test_name(test: str | bool | None) -> str:
    """One of R's tests; a unique beginning will do, None and False are "none"."""
    if test is None or test is False:
        return "none"
    matches = [name for name in TESTS if isinstance(test, str) and test and name.startswith(test)]
    if len(matches) != 1:
        raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}; got {test!r}")
    return matches[0]


def check_exact(fit: LinearModel) -> None:
    """R's warning where next to nothing of the response is left over."""
    if fit.deviance < EXACT * fit.row_summary.fitted_squares:
        give_warning(
            "attempting model selection on an essentially perfect fit is nonsense", GLMFormulaWarning
        )


def squares_table(fit: LinearModel, compared: Comparison, test: str, k: float, scale: float) -> StatTable:
    """R's columns: Df, Sum of Sq, RSS, AIC or Cp, and those of the test."""
    rss, n = compared.deviance, compared.n
    sign = -1 if compared.what == "deletions" else 1
    df = sign * (compared.rank - compared.rank[0]).astype(float)
    squares = sign * (rss[0] - rss)
    df[0] = squares[0] = math.nan
    values = criterion(rss, n, scale)
    table = {
        "Df": df,
        "Sum of Sq": squares,
        "RSS": rss,
        "Cp" if scale > 0 else "AIC": values + k * compared.rank,
    }
    if test == "Chisq":
        change = squares / scale if scale > 0 else sign * (values[0] - values)
        table["Pr(>Chi)"] = chisq_upper(change, df)
    elif test == "F":
        table["F value"], table["Pr(>F)"] = _f_tests(fit, sign, rss, squares, df)
    frame = pd.DataFrame(table, index=["<none>", *compared.labels])
    heading = scope_heading(compared.what, "\n".join(formula_lines(fit.formula)), scale)
    return StatTable(frame, kind="anova", heading=heading)


def _f_tests(
    fit: LinearModel, sign: int, rss: np.ndarray, squares: np.ndarray, df: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean squares over the residual variance of the larger model, and the tail probability."""
    residual = float(fit.df_residual)
    left = np.full(len(df), residual) if sign < 0 else residual - df
    larger = np.full(len(df), rss[0]) if sign < 0 else rss
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = squares / df / (larger / left)
    statistic[~(df > 1e-4)] = math.nan
    p = [float(f_upper(f, d, d2)) if d2 > 0 else math.nan for f, d, d2 in zip(statistic, df, left)]
    return statistic, np.array(p)
