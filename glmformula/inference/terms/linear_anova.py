"""Analysis of variance of linear models: terms in sequence, models compared, type II and III tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from ...engine.covariance import BorderedCovariance
from ...errors import FitError, GLMFormulaWarning, give_warning
from ...fitted.linear import EXACT
from ...fitted.protocols import is_model, no_model
from ...formula.lines import formula_lines
from ...render.linear import compared_squares_heading, sequential_squares_heading
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from ..hypotheses.linear_hypothesis import linear_hypothesis as linear_hypothesis_of_any
from ..wald import Vcov, Wald, refuse_aliased
from .compared_models import check_same_rows, of_one_response
from .marginal_anova import TYPES, deviances, wald_table

if TYPE_CHECKING:
    from ...fitted.linear import LinearModel

TESTS = ("F", "Chisq", "Cp")
# Of X, its columns of unit length: the effects lose so much of 16 digits to the covariance's own rounding.
WELL_CONDITIONED = 1e4
# Of more coefficients than this, models are fitted and compared: a term of 6,000 levels would take minutes to solve.
MOST_SOLVED = 1000


def anova(
    fit: LinearModel, *others: LinearModel, test: str | bool | None = "F", scale: float = 0.0
) -> StatTable:
    """Analysis of variance table, R's ``anova.lm``.

    Parameters
    ----------
    fit : LM
        One model: the sum of squares that each term takes off what the terms before it leave.
    *others : LM
        With more models: each is compared with the one before it.
    test : {"F", "Chisq", "Cp"}, False or None
        Of several models; False and None for none.
    scale : float
        Of several models: a known variance of the errors; 0 for that of the model with fewest residual degrees of
        freedom.

    Returns
    -------
    StatTable
        Df, Sum Sq, Mean Sq, F value, Pr(>F) with a row of residuals; of several models Res.Df, RSS, Df, Sum of Sq,
        then the statistic and its probability.

    Raises
    ------
    FitError
        The models are not fitted to the same rows, or one is no linear model.
    ValueError
        An unknown test.

    Warns
    -----
    GLMFormulaWarning
        R's "ANOVA F-tests on an essentially perfect fit are unreliable".

    Notes
    -----
    Chambers & Hastie (1992), chapter 4. The sums of squares of one model are the squared effects  U'b,  U U' the
    inverse of X'WX and U upper triangular: no pass over the rows, unless columns are so collinear that digits would
    be lost; the models in sequence are then fitted.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    >>> fit.anova()
    Analysis of Variance Table
    <BLANKLINE>
    Response: salary
                      Df     Sum Sq   Mean Sq F value Pr(>F)
    experience_years   1 2.5962e+08 259618155  1.8727 0.1718
    overtime_hours     1 2.8278e+07  28278400  0.2040 0.6517
    Residuals        497 6.8899e+10 138630354
    >>> fit.update(". ~ . - overtime_hours").anova(fit)
    Analysis of Variance Table
    <BLANKLINE>
    Model 1: salary ~ experience_years
    Model 2: salary ~ experience_years + overtime_hours
      Res.Df        RSS Df Sum of Sq     F Pr(>F)
    1    498 6.8928e+10
    2    497 6.8899e+10  1  28278400 0.204 0.6517
    """
    if not isinstance(test, str | None) and test is not False or isinstance(test, str) and test not in TESTS:
        raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}, False or None; got {test!r}")
    for other in others:
        if not is_model(other):
            raise no_model(other, "anova() of several models")
        if not hasattr(type(other), "row_summary"):
            raise FitError(
                f"anova() compares linear models with linear models, not with a {type(other).__name__}: fit all of "
                "them by lm(), or compare them by lrtest(), AIC() and BIC()"
            )
    if others:
        return _several([fit, *others], test or "", scale)
    return _sequential(fit)


def _sequential(fit: LinearModel) -> StatTable:
    if fit.deviance < EXACT * fit.row_summary.fitted_squares:
        give_warning("ANOVA F-tests on an essentially perfect fit are unreliable", GLMFormulaWarning)
    present, counts = np.unique(fit.assign[~fit.aliased], return_counts=True)
    squares = sequential_squares(fit, present)
    shown = present > 0 if fit.terms.intercept else np.full(len(present), True)
    ss = np.array([*squares[shown], fit.deviance])
    df = np.array([*counts[shown], fit.df_residual], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = ss / df
        statistic = np.array([*(mean[:-1] / mean[-1]), math.nan])
    labels = ("(Intercept)", *fit.terms.labels)
    table = pd.DataFrame(
        {
            "Df": df,
            "Sum Sq": ss,
            "Mean Sq": mean,
            "F value": statistic,
            "Pr(>F)": f_upper(statistic, df, float(fit.df_residual)) if fit.df_residual > 0 else math.nan,
        },
        index=[*(labels[k] for k in present[shown]), "Residuals"],
    )
    nan = np.zeros(table.shape, dtype=bool)
    nan[:, 2:] = np.isnan(table.to_numpy()[:, 2:])
    nan[-1, 3:] = False
    return StatTable(table, kind="anova", heading=sequential_squares_heading(fit.response_name), nan=nan)


def sequential_squares(fit: LinearModel, present: np.ndarray) -> np.ndarray:
    """What each of the terms `present` takes off the residual squares, the terms before it given."""
    if not len(present):
        return np.empty(0)
    effects = _effects(fit)
    if effects is not None:
        term = np.searchsorted(present, fit.assign[~fit.aliased])
        return np.bincount(term, np.square(effects), len(present))
    left = [fit.on_terms(present[:k].tolist()).deviance for k in range(len(present))]
    return np.maximum(-np.diff([*left, fit.deviance]), 0.0)


def _effects(fit: LinearModel) -> np.ndarray | None:
    """R b (rank,), R'R = X'WX with R upper triangular; None where the covariance has too few digits for it.

    A fit without rows has no other way, so it takes what digits there are.
    """
    cov: Any = fit.result.cov_unscaled
    if isinstance(cov, BorderedCovariance):
        return None
    size = np.sqrt(np.diag(cov))
    scaled = cov / np.outer(size, size)
    if fit.training is not None and not math.sqrt(np.linalg.cond(scaled)) < WELL_CONDITIONED:
        return None
    # U U' = cov with U upper triangular: a Cholesky factor of the matrix turned round
    turned = np.linalg.cholesky(scaled[::-1, ::-1])
    b = fit.result.coefficients[~fit.aliased] / size
    return np.asarray(np.linalg.solve(turned, b[::-1])[::-1])


def _several(fits: list[LinearModel], test: str, scale: float) -> StatTable:
    fits = of_one_response(fits)
    check_same_rows(fits)
    if len(fits) == 1:
        return _sequential(fits[0])
    df_residual = np.array([f.df_residual for f in fits], dtype=float)
    rss = np.array([f.deviance for f in fits])
    table = {
        "Res.Df": df_residual,
        "RSS": rss,
        "Df": np.array([math.nan, *-np.diff(df_residual)]),
        "Sum of Sq": np.array([math.nan, *-np.diff(rss)]),
    }
    big = fits[int(np.argmin(df_residual))]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = scale if scale > 0 else float(np.float64(big.deviance) / big.df_residual)
        df, change = table["Df"], table["Sum of Sq"]
        if test == "F" and big.df_residual > 0:
            statistic = np.where(df == 0, math.nan, change / df / variance)
            statistic = np.where(statistic < 0, math.nan, statistic)
            table["F"] = statistic
            table["Pr(>F)"] = f_upper(statistic, np.abs(df), float(big.df_residual))
        elif test == "Chisq":
            statistic = np.where(df == 0, math.nan, change / variance * np.sign(df))
            table["Pr(>Chi)"] = chisq_upper(np.where(statistic < 0, math.nan, statistic), np.abs(df))
        elif test == "Cp":
            table["Cp"] = rss + 2 * variance * (big.nobs_rows - df_residual)
    heading = compared_squares_heading(["\n".join(formula_lines(f.formula)) for f in fits])
    rows = [str(k + 1) for k in range(len(fits))]
    return StatTable(pd.DataFrame(table, index=rows), kind="anova", heading=heading)


def Anova(
    fit: LinearModel, type: str | int = "II", *, error: LinearModel | None = None, vcov: Vcov = None
) -> StatTable:
    """Type II or type III tests of the terms of a linear model, car's ``Anova`` of an lm.

    Type II: each term given all that do not contain it. Type III: each term, and the intercept, given all others,
    the columns as they are coded (sensible with contrasts that sum to zero; Fox 2016, section 8.2).

    Parameters
    ----------
    fit : LM
    type : {"II", "III", 2, 3}
    error : LM, optional
        The model that gives the error variance and its degrees of freedom; default `fit`.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``): Wald's F tests, without sums of squares.

    Returns
    -------
    StatTable
        Sum Sq, Df, F value, Pr(>F) with a row of residuals; with `vcov` Df, F, Pr(>F).

    Raises
    ------
    FitError
        No residual degrees of freedom, or residuals that are all zero (car's sentences); type III, or another
        covariance, with aliased coefficients.
    ValueError
        An unknown type; `error` together with `vcov`.

    Warns
    -----
    GLMFormulaWarning
        An intercept alone (type III instead).

    Notes
    -----
    Sums of squares are Wald's, so no smaller model is fitted; with aliased coefficients type II compares models,
    as car does, and so do both types beyond 1,000 coefficients.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    >>> fit.Anova()
    Anova Table (Type II tests)
    <BLANKLINE>
    Response: salary
                         Sum Sq  Df F value Pr(>F)
    experience_years 2.6377e+08   1  1.9027 0.1684
    overtime_hours   2.8278e+07   1  0.2040 0.6517
    Residuals        6.8899e+10 497
    """
    chosen = TYPES.get(str(type))
    if chosen is None:
        raise ValueError(f"type should be 'II', 'III', 2 or 3; got {type!r}")
    if error is not None and vcov is not None:
        raise ValueError(
            "error= gives the model's variance of the errors and vcov= another one: give one of them"
        )
    if fit.df_residual == 0:
        raise FitError(
            "residual df = 0: the model has as many coefficients as rows, nothing is left to test with"
        )
    if fit.deviance < math.sqrt(np.finfo(float).eps):
        raise FitError("residual sum of squares is 0 (within rounding error): there is nothing to test with")
    if chosen == "II" and fit.terms.intercept and not fit.terms.labels:
        give_warning("the model contains only an intercept: Type III test substituted", GLMFormulaWarning)
        chosen = "III"
    if chosen == "III" or vcov is not None:
        refuse_aliased(fit)
    heading = f"Type {chosen} tests)\n", f"Response: {fit.response_name}"
    if vcov is not None:
        wald = Wald.of(fit, vcov)
        table = _robust_table(fit, wald_table(fit, chosen, wald))
        return StatTable(
            table,
            kind="anova",
            heading=(f"Analysis of Deviance Table ({heading[0]}", heading[1]),
            footer=wald.note,
        )
    table = _squares_table(fit, chosen, fit if error is None else error)
    return StatTable(table, kind="anova", heading=(f"Anova Table ({heading[0]}", heading[1]))


def _squares_table(fit: LinearModel, type: str, error: LinearModel) -> pd.DataFrame:
    many = fit.rank > MOST_SOLVED and fit.training is not None
    if many or fit.aliased.any():
        squares, df = deviances(fit, type)
        labels = list(fit.terms.labels)
        if type == "III" and fit.terms.intercept:
            own = fit.result.coefficients[0] ** 2 / np.diag(fit.result.cov_unscaled)[0]
            squares, df = np.concatenate([[own], squares]), np.concatenate([[1.0], df])
            labels = ["(Intercept)", *labels]
    else:
        tested = wald_table(fit, type, Wald.of(fit))
        squares, df = tested["Chisq"].to_numpy() * fit.dispersion, tested["Df"].to_numpy()
        labels = list(tested.index)
    left = float(error.df_residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = squares / df / (error.deviance / left)
    return pd.DataFrame(
        {
            "Sum Sq": [*squares, error.deviance],
            "Df": [*df, left],
            "F value": [*statistic, math.nan],
            "Pr(>F)": [*f_upper(statistic, df, left), math.nan],
        },
        index=[*labels, "Residuals"],
    )


def _robust_table(fit: LinearModel, tested: pd.DataFrame) -> pd.DataFrame:
    df, left = tested["Df"].to_numpy(), float(fit.df_residual)
    statistic = tested["Chisq"].to_numpy() / df
    return pd.DataFrame(
        {
            "Df": [*df, left],
            "F": [*statistic, math.nan],
            "Pr(>F)": [*f_upper(statistic, df, left), math.nan],
        },
        index=[*cast("list[str]", list(tested.index)), "Residuals"],
    )


def linear_hypothesis(
    fit: LinearModel,
    hypothesis: Any,
    rhs: Any = None,
    test: str = "F",
    *,
    vcov: Vcov = None,
    singular_ok: bool = False,
) -> StatTable:
    """Test L beta = rhs in a linear model, car's ``linearHypothesis`` of an lm.

    Parameters
    ----------
    fit : LM
    hypothesis, rhs, vcov, singular_ok
        As for a glm: restrictions such as ``"x1 = x2"``, or a matrix L.
    test : {"F", "Chisq"}

    Returns
    -------
    StatTable
        Res.Df, RSS, Df, Sum of Sq, F or Chisq, and its probability; with `vcov` without the sums of squares.

    Raises
    ------
    FormulaError
        A restriction that cannot be read: points at the character.
    FitError
        Aliased coefficients; no residual degrees of freedom; restrictions that depend on each other.
    DataError
        A matrix of another width or with labels that are not the coefficients; right sides of another number.

    Examples
    --------
    >>> from glmformula import lm
    >>> fit = lm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)})
    >>> fit.linear_hypothesis("x = 1")
    Linear hypothesis test
    <BLANKLINE>
    Hypothesis:
    x = 1
    <BLANKLINE>
    Model 1: restricted model
    Model 2: y ~ x
    <BLANKLINE>
      Res.Df  RSS Df Sum of Sq      F Pr(>F)
    1      3 0.75
    2      2 0.70  1      0.05 0.1429 0.7418
    """
    table = linear_hypothesis_of_any(fit, hypothesis, rhs, test, vcov=vcov, singular_ok=singular_ok)
    if vcov is not None:
        return table
    frame = table.frame
    restrictions = frame["Df"].iloc[1] if test == "F" else 1.0
    squares = frame[test].iloc[1] * restrictions * fit.dispersion
    frame.insert(1, "RSS", [fit.deviance + squares, fit.deviance])
    frame.insert(3, "Sum of Sq", [math.nan, squares])
    return StatTable(frame, kind="anova", heading=table.heading, footer=table.footer)
