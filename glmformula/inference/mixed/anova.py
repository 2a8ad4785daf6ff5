"""``anova`` and ``drop1`` of mixed models: likelihood ratios, and F tests with Satterthwaite's degrees of freedom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import FitError
from ...fitted.loglik import loglik_of
from ...fitted.protocols import is_mixed, is_model, no_model
from ...formula.lines import formula_lines
from ...formula.scope import Scope, drop_labels
from ...render.anova import scope_heading
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from ..terms.compared_models import check_rows
from ..terms.update import update
from .profiles import by_likelihood
from .satterthwaite import satterthwaite_of
from .term_contrasts import fixed_columns, hypotheses

if TYPE_CHECKING:
    from ...fitted.protocols import Fit, Mixed

TYPES = {"I": "I", "II": "II", "III": "III", "1": "I", "2": "II", "3": "III"}
REFITTED = "refitting model(s) with ML (instead of REML)"
METHODS = ("Satterthwaite", "lme4")


def anova(
    fit: Mixed,
    *others: Fit,
    type: str | int | None = None,
    ddf: str | None = None,
    refit: bool = True,
    model_names: Sequence[str] | None = None,
) -> StatTable:
    """Likelihood ratio tests of several mixed models, or F tests of the terms of one; lme4's and lmerTest's ``anova``.

    Parameters
    ----------
    fit : LMM or GLMM
    *others : Fit
        With more models: each is compared with the one of fewer parameters before it.
    type : {"I", "II", "III", 1, 2, 3}, optional
        Of one linear model: which tests (see Notes); with `ddf` it is "III" if nobody says.
    ddf : {"Satterthwaite", "lme4"}, optional
        Of one model: denominator degrees of freedom. "lme4", the default without a `type`: sequential F values and no
        probabilities, since no F distribution is theirs.
    refit : bool
        Of several: REML fits are fitted again by maximum likelihood, since restricted likelihoods of different fixed
        effects cannot be compared; the table says so.
    model_names : sequence of str, optional
        Of several: what they are called; default "fit1", "fit2" ...

    Returns
    -------
    StatTable
        npar, AIC, BIC, logLik, deviance, Chisq, Df, Pr(>Chisq); or Sum Sq, Mean Sq, NumDF, DenDF, F value, Pr(>F); or
        npar, Sum Sq, Mean Sq, F value.

    Raises
    ------
    FitError
        The models are not fitted to the same rows; Satterthwaite's degrees of freedom of a `glmer`; fits by REML and by
        maximum likelihood with ``refit=False``.
    ValueError
        An unknown type or method; names of another number.

    Notes
    -----
    A test of a variance against 0 by the likelihood ratio is conservative: 0 is the edge of what it may be (Self &
    Liang 1987). Type I: each term given those before it. II: given all that do not contain it. III: SAS's estimable
    functions, which no choice of contrasts changes. Degrees of freedom: Fai & Cornelius (1996); Kuznetsova, Brockhoff
    & Christensen (2017), Journal of Statistical Software 82(13).

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> staff = datasets.attrition()
    >>> fit = lmer("salary ~ experience_years + overtime_hours + (1 | sick_days)", staff)
    >>> fit.anova(type="III")
    Type III Analysis of Variance Table with Satterthwaite's method
                        Sum Sq   Mean Sq NumDF  DenDF F value Pr(>F)
    experience_years 147989993 147989993     1 483.26  1.2355 0.2669
    overtime_hours    66702492  66702492     1 490.22  0.5569 0.4559
    """
    if others:
        if type is not None or ddf is not None:
            raise ValueError(
                "type and ddf are of the terms of one model: leave them out, or the other models"
            )
        return _compared([fit, *others], refit, model_names)
    if model_names is not None:
        raise ValueError("model_names are of several models: give the others, or leave them out")
    if ddf not in (None, *METHODS):
        raise ValueError(f"ddf should be 'Satterthwaite' or 'lme4'; got {ddf!r}")
    if type is not None and str(type) not in TYPES:
        raise ValueError(f"type should be 'I', 'II', 'III', 1, 2 or 3; got {type!r}")
    if ddf == "Satterthwaite" or (ddf is None and type is not None):
        return _tested(fit, TYPES["III" if type is None else str(type)])
    if type is not None and TYPES[str(type)] != "I":
        raise ValueError(f"ddf='lme4' has tests in sequence, type 'I', alone; got {type!r}")
    return _sequential(fit)


def _tested(fit: Mixed, type: str) -> StatTable:
    heading = f"Type {type} Analysis of Variance Table with Satterthwaite's method"
    return StatTable(_f_table(fit, hypotheses(fit, type)), kind="anova", heading=(heading,))


def _f_table(fit: Mixed, tested: Mapping[str, np.ndarray]) -> pd.DataFrame:
    known = satterthwaite_of(fit)
    found = np.array([known.test(L) for L in tested.values()]).reshape(-1, 3)
    F, num, den = found.T
    mean = F * fit.sigma**2
    num = np.where(num > 0, num, math.nan)  # a term whose columns are all aliased
    columns = {"Sum Sq": mean * num, "Mean Sq": mean, "NumDF": num, "DenDF": den, "F value": F}
    p = [float(f_upper(np.array(f), np.array(n), d)) if n else math.nan for f, n, d in found]
    return pd.DataFrame(columns | {"Pr(>F)": p}, index=list(tested))


def _sequential(fit: Mixed) -> StatTable:
    """lme4's: squared effects R beta, R'R = X'V^-1 X."""
    kept = np.flatnonzero(~fit.aliased)
    term = fit.assign[kept]
    beta = fit.result.coefficients[kept]
    effects = np.square(_effects(fit.result.working, beta)) * fit.sigma**2
    labels = fit.terms.labels
    present = [k for k in range(1, len(labels) + 1) if (term == k).any()]
    df = np.array([(term == k).sum() for k in present], dtype=float)
    squares = np.array([effects[term == k].sum() for k in present])
    mean = squares / df
    table = pd.DataFrame(
        {"npar": df, "Sum Sq": squares, "Mean Sq": mean, "F value": mean / fit.sigma**2},
        index=[labels[k - 1] for k in present],
    )
    return StatTable(table, kind="anova", heading=("Analysis of Variance Table",))


def _effects(cov: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """R beta with R'R = cov^-1, R upper triangular."""
    if not len(beta):
        return beta
    size = np.sqrt(np.diag(cov))
    turned = np.linalg.cholesky((cov / np.outer(size, size))[::-1, ::-1])
    return np.asarray(np.linalg.solve(turned, (beta / size)[::-1])[::-1])


def _compared(fits: list[Any], refit: bool, names: Sequence[str] | None) -> StatTable:
    for other in fits:
        if not is_model(other):
            raise no_model(other, "anova() of several models")
    if names is not None and (isinstance(names, str) or len(names) != len(fits)):
        raise ValueError(f"model_names should be {len(fits)} names, one for each model; got {names!r}")
    called = [str(n) for n in names] if names is not None else [f"fit{k + 1}" for k in range(len(fits))]
    reml = [fit.criterion == "REML" for fit in fits]
    notes: tuple[str, ...] = ()
    if any(reml) and refit:
        fits = [by_likelihood(fit) for fit in fits]
        notes = (REFITTED,)
    elif any(reml) and not all(reml):
        raise FitError(
            "some models fit with REML = TRUE, some not: restricted and unrestricted likelihoods cannot be compared; "
            "take refit=True"
        )
    check_rows(fits)
    fits, called = _ordered(fits, called)
    logliks = [loglik_of(fit) for fit in fits]
    npar = np.array([ll.df for ll in logliks], dtype=float)
    value, n = np.array([float(ll) for ll in logliks]), logliks[0].nobs
    chisq = np.array([math.nan, *(2.0 * np.maximum(np.diff(value), 0.0))])
    df = np.array([math.nan, *np.diff(npar)])
    table = pd.DataFrame(
        {
            "npar": npar,
            "AIC": -2.0 * value + 2.0 * npar,
            "BIC": -2.0 * value + math.log(n) * npar,
            "logLik": value,
            "deviance": -2.0 * value,
            "Chisq": chisq,
            "Df": df,
            "Pr(>Chisq)": chisq_upper(np.where(df > 0, chisq, math.nan), df),
        },
        index=called,
    )
    lines = (
        f"{name}: {fit.shown_formula if is_mixed(fit) else fit.formula}" for name, fit in zip(called, fits)
    )
    heading = (*notes, "Data: data", "Models:", *lines)
    return StatTable(table, kind="anova", heading=heading)


def _ordered(fits: list[Any], names: list[str]) -> tuple[list[Any], list[str]]:
    order = sorted(range(len(fits)), key=lambda k: loglik_of(fits[k]).df)
    return [fits[k] for k in order], [names[k] for k in order]


def drop1(
    fit: Mixed,
    scope: Scope | None = None,
    test: str | bool | None = "none",
    k: float = 2.0,
    *,
    ddf: str | None = None,
) -> StatTable:
    """Single deletions of fixed effects, lme4's ``drop1``; with `ddf` lmerTest's.

    Parameters
    ----------
    fit : LMM or GLMM
    scope : formula or labels of terms, optional
        What to leave out, one at a time. Default: every fixed term that no other one contains.
    test : {"none", "Chisq", "LRT"} or None
        Whether there is a likelihood ratio test.
    k : float
        Penalty of the AIC.
    ddf : {"Satterthwaite"}, optional
        F tests of the coefficients of each term instead, no model is fitted.

    Returns
    -------
    StatTable
        Rows ``<none>`` and the terms; npar, AIC, then LRT and Pr(Chi). With `ddf` as of ``anova(type=)``.

    Raises
    ------
    FormulaError
        "scope is not a subset of term labels".
    ValueError
        An unknown test or method.

    Notes
    -----
    Each smaller model is fitted anew, by maximum likelihood, to the rows of `fit`.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> staff = datasets.attrition()
    >>> fit = lmer("salary ~ experience_years + overtime_hours + (1 | sick_days)", staff, REML=False)
    >>> fit.drop1(test="Chisq")["Pr(Chi)"].round(3).tolist()
    [nan, 0.264, 0.472]
    """
    if test not in ("none", "Chisq", "LRT", None, False):
        raise ValueError(f"test should be 'none', 'Chisq' or 'LRT'; got {test!r}")
    if ddf not in (None, *METHODS):
        raise ValueError(f"ddf should be 'Satterthwaite' or 'lme4'; got {ddf!r}")
    labels = drop_labels(fit.terms, scope)
    formula = "\n".join(formula_lines(fit.shown_formula))
    if ddf == "Satterthwaite":
        term, every = fixed_columns(fit).term, fit.terms.labels
        rows = {label: np.eye(len(term))[term == every.index(label) + 1] for label in labels}
        heading = ("Single term deletions using Satterthwaite's method:", "\nModel:", formula)
        return StatTable(_f_table(fit, rows), kind="anova", heading=heading)
    whole = by_likelihood(fit)
    smaller = [update(whole, f". ~ . - {label}") for label in labels]
    check_rows([whole, *smaller])
    logliks = [loglik_of(model) for model in (whole, *smaller)]
    deviance, npar = np.array([-2.0 * float(ll) for ll in logliks]), np.array([ll.df for ll in logliks])
    df = np.array([math.nan, *(npar[0] - npar[1:])])
    columns = {"npar": df, "AIC": deviance + k * npar}
    if test in ("Chisq", "LRT"):
        change = np.array([math.nan, *(deviance[1:] - deviance[0])])
        columns |= {"LRT": change, "Pr(Chi)": chisq_upper(np.maximum(change, 0.0), df)}
    table = pd.DataFrame(columns, index=["<none>", *labels])
    return StatTable(table, kind="anova", heading=scope_heading("deletions", formula))
