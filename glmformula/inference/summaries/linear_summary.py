"""The summary of a linear model: residuals, coefficients, R squared and the F statistic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import GLMFormulaWarning, give_warning
from ...fitted.linear import PERFECT, LinearModel
from ...render.linear import LinearParts, linear_print_blocks, linear_summary_blocks
from ...render.report import Block, to_text
from ...render.summary import DIGITS
from ..distributions import f_upper
from ..wald import Vcov, Wald, df_of, resolved, test_columns
from .summary import GLMSummary, coding_notes


@dataclass(frozen=True, repr=False, eq=False)
class LMSummary(GLMSummary):
    """What ``summary(fit)`` of a linear model says; prints as R's ``print(summary.lm(...))``.

    Attributes
    ----------
    coefficients : DataFrame (rank, 4)
        Estimate, Std. Error, t value, Pr(>|t|); aliased coefficients are left out, as in R.
    sigma, r_squared, adj_r_squared : float
    fstatistic : tuple (value, numdf, dendf) or None
    p_value : float
    residuals : ndarray
    df : tuple (rank, df_residual, columns)
    """

    parts: LinearParts  # type: ignore[assignment]  # it has what the tables above are made of

    @property
    def sigma(self) -> float:
        """Residual standard error: the root of the weighted residual squares over their degrees of freedom."""
        return self.parts.sigma

    @property
    def r_squared(self) -> float:
        """Multiple R squared; about zero for a model without an intercept, as in R."""
        return self.parts.r_squared

    @property
    def adj_r_squared(self) -> float:
        """R squared adjusted for the number of coefficients."""
        return self.parts.adj_r_squared

    @property
    def fstatistic(self) -> tuple[float, float, float] | None:
        """F of all coefficients but the intercept, and its two degrees of freedom; None without any."""
        return self.parts.fstatistic

    @property
    def p_value(self) -> float:
        """Tail probability of the F statistic."""
        return self.parts.p_value

    @property
    def residuals(self) -> np.ndarray:
        """Weighted residuals: minimum, quartiles and maximum, or all where few degrees of freedom are left."""
        return self.parts.residuals

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return linear_summary_blocks(self.parts, digits)


def summary(
    fit: LinearModel,
    correlation: bool = False,
    vcov: Vcov = None,
    *,
    digits: int = DIGITS,
    signif_stars: bool = True,
) -> LMSummary:
    """Summarise a linear model, R's ``summary.lm``.

    Parameters
    ----------
    fit : LM
    correlation : bool
        Also the correlation of the estimates.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients: a type for ``fit.vcov``, a (p, p) or (rank, rank) matrix, or
        a function of the fit. The t tests and the F statistic then use it; the table names it.
    digits : int
        Significant digits of the printed numbers, as in R's ``print(summary(fit), digits = 4)``.
    signif_stars : bool
        Whether stars and their legend are printed.

    Returns
    -------
    LMSummary
        ``.sigma .r_squared .adj_r_squared .fstatistic .p_value .residuals .coefficients``.

    Raises
    ------
    DataError
        A covariance of another size or with labels that are not the coefficients.
    ValueError
        An unknown type of covariance.

    Warns
    -----
    GLMFormulaWarning
        R's "essentially perfect fit: summary may be unreliable".

    Notes
    -----
    R^2 = M / (M + RSS), M the weighted sum of squares of the fitted values (without their offset) about their
    mean, about 0 without an intercept. The printed quantiles of the residuals are exact also where the rows are
    files or a database; they then take a pass or two over the rows.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    >>> fit.summary()
    <BLANKLINE>
    Call:
    lm(formula = salary ~ experience_years + overtime_hours, data = data)
    <BLANKLINE>
    Residuals:
       Min     1Q Median     3Q    Max
    -39448  -8370    307   7912  45037
    <BLANKLINE>
    Coefficients:
                     Estimate Std. Error t value Pr(>|t|)
    (Intercept)      52737.52    2100.58  25.106   <2e-16 ***
    experience_years   321.22     232.87   1.379    0.168
    overtime_hours      94.35     208.91   0.452    0.652
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    <BLANKLINE>
    Residual standard error: 11770 on 497 degrees of freedom
    Multiple R-squared:  0.004161,	Adjusted R-squared:  0.0001537
    F-statistic: 1.038 on 2 and 497 DF,  p-value: 0.3548
    <BLANKLINE>
    >>> round(fit.summary().r_squared, 4)
    0.0042
    """
    rows, df, rank = fit.row_summary, fit.df_residual, fit.rank
    dispersion = fit.dispersion
    if dispersion < PERFECT * rows.size:
        give_warning("essentially perfect fit: summary may be unreliable", GLMFormulaWarning)
    unscaled = fit.result.cov_unscaled
    with np.errstate(over="ignore", invalid="ignore"):
        scaled, errors = (dispersion * unscaled, "") if vcov is None else resolved(fit, vcov)
    wald = Wald((), fit.result.coefficients[~fit.aliased], scaled, errors)
    correlations = None
    if correlation and rank:
        size = np.sqrt(np.diag(unscaled))
        correlations = unscaled / np.outer(size, size)
    statistic = f_statistic(fit) if vcov is None else robust_f_statistic(fit, wald)
    return LMSummary(
        parts=LinearParts(
            call=fit.call,
            names=fit.column_names,
            coefficients=wald.tests(df_of(fit, vcov)),
            columns=tuple(test_columns(df)),
            aliased=fit.aliased,
            residuals=rows.residuals,
            labels=rows.labels,
            weighted=rows.weighted,
            sigma=fit.sigma,
            df_residual=df,
            r_squared=r_squared(fit),
            adj_r_squared=adj_r_squared(fit),
            fstatistic=statistic,
            p_value=p_value(statistic),
            n_omitted=fit.n_omitted,
            correlation=correlations,
            notes=coding_notes(fit),
            errors=wald.note,
            digits=digits,
            signif_stars=signif_stars,
        ),
        df=(rank, df, len(fit.column_names)),
        unscaled=unscaled,
        scaled=scaled,
    )


def _slopes(fit: LinearModel) -> int:
    """Coefficients beside the intercept."""
    return fit.rank - int(fit.terms.intercept and fit.rank > 0)


def r_squared(fit: LinearModel) -> float:
    """Multiple R squared, 0 where there is no coefficient beside the intercept."""
    if not _slopes(fit):
        return 0.0
    model = fit.row_summary.model_squares
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.float64(model) / (model + fit.deviance))


def adj_r_squared(fit: LinearModel) -> float:
    """1 - (1 - R^2) (n - 1) / df, n - 0 without an intercept."""
    if not _slopes(fit):
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.float64(fit.nobs - int(fit.terms.intercept)) / fit.df_residual
        return float(1 - (1 - r_squared(fit)) * ratio)


def f_statistic(fit: LinearModel) -> tuple[float, float, float] | None:
    """F of all coefficients but the intercept with its degrees of freedom, None where there is none."""
    slopes = _slopes(fit)
    if not slopes:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(np.float64(fit.row_summary.model_squares) / slopes / fit.dispersion)
    return value, float(slopes), float(fit.df_residual)


def robust_f_statistic(fit: LinearModel, wald: Wald) -> tuple[float, float, float] | None:
    """The same with the covariance of `wald`."""
    slopes = np.flatnonzero(fit.assign[~fit.aliased] > 0)
    if not len(slopes):
        return None
    tested = Wald((), wald.estimate[slopes], wald.cov[np.ix_(slopes, slopes)])
    return tested.chisq() / len(slopes), float(len(slopes)), float(fit.df_residual)


def p_value(statistic: tuple[float, float, float] | None) -> float:
    """Its tail probability; NaN without degrees of freedom."""
    if statistic is None or statistic[2] <= 0:
        return math.nan
    value, numerator, denominator = statistic
    return float(f_upper(np.array(value), np.array(numerator), denominator))


def print_text(fit: LinearModel) -> str:
    """R's ``print.lm``."""
    blocks = linear_print_blocks(fit.call, fit.column_names, fit.result.coefficients, coding_notes(fit))
    return to_text(blocks).removesuffix("\n")
