"""Tests of each term given the others: type II and type III analysis of deviance, car's ``Anova``."""

from __future__ import annotations

import math
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...engine.nested import Columns, Nested
from ...errors import FitError, GLMFormulaWarning, choice, give_warning
from ...fitted.protocols import is_parametric
from ...render.table import StatTable
from ..checks.goodness import pearson_sum
from ..distributions import chisq_upper, f_upper
from ..wald import Vcov, Wald, refuse_aliased
from . import likelihood_ratio
from .drop1 import columns_of
from .single_term import fit_one

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed, Parametric, SingleIndex

TYPES = {"II": "II", "III": "III", "2": "II", "3": "III"}
TESTS = ("LR", "F", "Wald")
ERRORS = {"pearson": "Pearson residuals", "dispersion": "estimated dispersion", "deviance": "deviance"}


def Anova(
    fit: SingleIndex | Parametric,
    type: str | int = "II",
    test: str = "LR",
    *,
    error: SingleIndex | None = None,
    error_estimate: str = "pearson",
    vcov: Vcov = None,
) -> StatTable:
    """Type II or type III tests of the terms, car's ``Anova`` of a glm.

    Type II: each term given all that do not contain it. Type III: each term given all others, the columns as
    they are coded (sensible with contrasts that sum to zero; Fox 2016, section 8.2).

    Parameters
    ----------
    type : {"II", "III", 2, 3}
    test : {"LR", "F", "Wald"}
        "LR": change in deviance over the dispersion, chi-squared. "F": mean change over the error variance.
        "Wald": from the coefficients and their covariance; type III has a row for the intercept.
    error : SingleIndex, optional
        With "F": the model that gives the error variance and its degrees of freedom; default `fit`.
    error_estimate : {"pearson", "dispersion", "deviance"}
        With "F": Pearson's statistic, the dispersion of the summary, or the deviance.
    vcov : str, matrix or function, optional
        With "Wald": another covariance of the coefficients (see ``fit.summary``).

    Returns
    -------
    StatTable
        LR Chisq, Df, Pr(>Chisq); or Sum Sq, Df, F value, Pr(>F) with a row of residuals; or Df, Chisq,
        Pr(>Chisq).

    Raises
    ------
    FitError
        Type III with aliased coefficients; no terms to test; a smaller model that cannot be fitted.
    ValueError
        An unknown type, test or estimate.

    Warns
    -----
    GLMFormulaWarning
        An intercept alone (type III instead); "dispersion" for binomial and Poisson (Pearson's instead);
        `vcov` without "Wald".

    Notes
    -----
    A model of several linear predictors has likelihood ratio tests, as car's of ``multinom`` and ``polr``.

    Smaller models keep the columns of the others as they are coded in `fit`, and its rows. Aliased columns
    are left out of type II Wald tests, where car stops ("non-conformable arguments").

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.Anova()
    Analysis of Deviance Table (Type II tests)
    <BLANKLINE>
    Response: left
                   LR Chisq Df Pr(>Chisq)
    overtime_hours   5.6618  1    0.01734 *
    salary           0.9465  1    0.33062
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    """
    chosen = TYPES.get(str(type))
    if chosen is None:
        raise ValueError(f"type should be 'II', 'III', 2 or 3; got {type!r}")
    choice("test", test, TESTS)
    if error_estimate not in ERRORS:
        known = ", ".join(map(repr, ERRORS))
        raise ValueError(f"error_estimate should be one of {known}; got {error_estimate!r}")
    if vcov is not None and test != "Wald":
        _warn(f"test='{test}'; vcov argument ignored")
    if is_parametric(fit):
        if test != "LR":
            raise ValueError(
                f"test should be 'LR' for a {fit.__class__.__name__}; got {test!r}: waldtest() and "
                "linear_hypothesis() make Wald tests"
            )
        lines = (f"Analysis of Deviance Table (Type {chosen} tests)\n", f"Response: {fit.response_name}")
        return StatTable(likelihood_ratio.ratio_table(fit, chosen), kind="anova", heading=lines)
    if chosen == "II" and fit.terms.intercept and not fit.terms.labels:
        _warn("the model contains only an intercept: Type III test substituted")
        chosen = "III"
    if chosen == "III":
        refuse_aliased(fit)
    more: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    if test == "Wald":
        wald = Wald.of(fit, vcov)
        table, footer = wald_table(fit, chosen, wald), wald.note
    elif not fit.terms.labels:
        raise FitError(f"the model has no term to leave out: {fit.formula!r}; test='Wald' tests an intercept")
    elif test == "LR":
        table = ratio_table(fit, chosen)
    else:
        table, more = f_table(fit, chosen, error or fit, error_estimate)
    heading = (f"Analysis of Deviance Table (Type {chosen} tests)\n", f"Response: {fit.response_name}", *more)
    return StatTable(table, kind="anova", heading=heading, footer=footer)


def _warn(message: str) -> None:
    give_warning(message, GLMFormulaWarning)


def ratio_table(fit: SingleIndex, type: str) -> pd.DataFrame:
    change, df = deviances(fit, type)
    statistic = change / fit.dispersion
    return pd.DataFrame(
        {"LR Chisq": statistic, "Df": df, "Pr(>Chisq)": chisq_upper(statistic, df)},
        index=list(fit.terms.labels),
    )


def f_table(
    fit: SingleIndex, type: str, error: SingleIndex, estimate: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if fit.family.fixed_dispersion is not None and estimate == "dispersion":
        _warn("dispersion parameter estimated from the Pearson residuals, not taken as 1")
        estimate = "pearson"
    residual = float(error.df_residual)
    if estimate == "deviance":
        total = error.deviance
    elif estimate == "dispersion":
        total = residual * error.dispersion
    else:
        total = pearson_statistic(error)
    change, df = deviances(fit, type)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = change / df / (np.float64(total) / residual)
    table = pd.DataFrame(
        {
            "Sum Sq": [*change, total],
            "Df": [*df, residual],
            "F value" if type == "II" else "F values": [*statistic, math.nan],
            "Pr(>F)": [*f_upper(statistic, df, residual), math.nan],
        },
        index=[*fit.terms.labels, "Residuals"],
    )
    return table, (f"Error estimate based on {ERRORS[estimate]} \n",)


def pearson_statistic(fit: SingleIndex) -> float:
    """Sum of the squared Pearson residuals at the final mean (the summary's: the last solved weights)."""
    return float(fit.rows.source.map_reduce(partial(pearson_sum, fit.result, fit.family), add))


def deviances(fit: SingleIndex, type: str) -> tuple[np.ndarray, np.ndarray]:
    """What each term takes off the deviance, and its degrees of freedom (NaN, 0 for an aliased term)."""
    labels = fit.terms.labels
    everything = frozenset(range(len(labels) + 1))
    columns = columns_of(fit)
    known: dict[frozenset[int], tuple[float, int]] = {everything: (fit.deviance, fit.rank)}

    def at(terms: frozenset[int], label: str) -> tuple[float, int]:
        if terms not in known:
            smaller = sub_model(columns, terms, label)
            known[terms] = smaller.deviance, smaller.rank
        return known[terms]

    change, df = [], []
    for k, label in enumerate(labels):
        above = frozenset(j + 1 for j in containing(fit, k)) if type == "II" else frozenset[int]()
        (large, more), (small, fewer) = at(everything - above, label), at(everything - above - {k + 1}, label)
        df.append(float(more - fewer))
        change.append(small - large if more > fewer else math.nan)
    return np.array(change), np.array(df)


def sub_model(columns: Columns, terms: frozenset[int], label: str) -> Nested:
    return fit_one(columns, terms, f"for the test of ‘{label}’")


def containing(fit: SingleIndex | Mixed, term: int) -> list[int]:
    """Positions of the other terms that have all the variables of this one."""
    present = np.asarray(fit.terms.factors) > 0
    own = present[:, term]
    return [j for j in range(present.shape[1]) if j != term and present[own, j].all()]


def wald_table(fit: SingleIndex | Mixed, type: str, wald: Wald) -> pd.DataFrame:
    """Chi-squared of each term; type II: of what its estimates add to those of the terms that contain it."""
    assign, estimate, cov = fit.assign[~fit.aliased], wald.estimate, wald.cov
    labels = ["(Intercept)", *fit.terms.labels]
    first = 0 if type == "III" and fit.terms.intercept else 1
    rows, names = [], []
    for term in range(first, len(labels)):
        own = np.flatnonzero(assign == term)
        if not len(own):
            continue
        value, spread = estimate[own], cov[np.ix_(own, own)]
        relatives = [j + 1 for j in containing(fit, term - 1)] if type == "II" else []
        above = np.flatnonzero(np.isin(assign, relatives))
        if len(above):
            theirs = wald.part(above.tolist())
            if np.isfinite(theirs.cov).all():
                theirs.correlation()  # which refuses a covariance without an inverse
            slope = np.linalg.solve(theirs.cov, cov[np.ix_(above, own)]).T
            value = value - slope @ estimate[above]
            spread = spread - slope @ cov[np.ix_(above, own)]
        rows.append((float(len(own)), Wald((), value, spread).chisq()))
        names.append(labels[term])
    table = pd.DataFrame(rows, index=names, columns=["Df", "Chisq"])
    table["Pr(>Chisq)"] = chisq_upper(table["Chisq"].to_numpy(), table["Df"].to_numpy())
    return table
