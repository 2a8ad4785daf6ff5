"""The summary of a fit: R's coefficient table and the numbers printed around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import GLMFormulaWarning, give_warning
from ...fitted.separation import infinite_names
from ...frame.schema import Variable, plain_name
from ...render.report import Block, Rendered, to_text
from ...render.summary import DIGITS, PrintParts, SummaryParts, print_blocks, summary_blocks
from ..wald import Vcov, Wald, df_of, resolved, test_columns

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

MANY_LEVELS = 20  # of text that holds numbers, and more than half as many as rows: probably meant as numbers


@dataclass(frozen=True, repr=False, eq=False)
class GLMSummary(Rendered):
    """What ``summary(fit)`` says; prints as R's ``print(summary.glm(...))``.

    Attributes
    ----------
    coefficients : DataFrame (rank, 4)
        Estimate, Std. Error, t value / z value, Pr(>|t|) / Pr(>|z|); aliased coefficients are left out, as in R.
    dispersion : float
    df : tuple (rank, df_residual, columns)
    cov_unscaled, cov_scaled : DataFrame (rank, rank)
        (X'WX)^-1 and, multiplied by the dispersion (or the robust covariance asked for), the variance of the
        coefficients.
    aliased : Series of bool (p,)
    correlation : DataFrame (rank, rank) or None
    """

    parts: SummaryParts
    df: tuple[int, int, int]
    unscaled: np.ndarray = field(repr=False)
    scaled: np.ndarray = field(repr=False)

    # the frames are made when asked for: printing needs none of them

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Estimate, Std. Error, t value / z value, Pr(>|t|) / Pr(>|z|); link scale."""
        return pd.DataFrame(self.parts.coefficients, index=self._kept, columns=list(self.parts.columns))

    @property
    def frame(self) -> pd.DataFrame:
        """`coefficients`."""
        return self.coefficients

    @property
    def dispersion(self) -> float:
        """phi as the summary takes it."""
        return self.parts.dispersion

    @property
    def cov_unscaled(self) -> pd.DataFrame:
        """(X'WX)^-1."""
        return self._square(self.unscaled)

    @property
    def cov_scaled(self) -> pd.DataFrame:
        """Covariance of the estimates: phi (X'WX)^-1, or the robust one asked for."""
        return self._square(self.scaled)

    @property
    def correlation(self) -> pd.DataFrame | None:
        """Correlation of the estimates, where it was asked for."""
        return None if self.parts.correlation is None else self._square(self.parts.correlation)

    @property
    def aliased(self) -> pd.Series:
        """Whether a coefficient is not defined because of singularities."""
        return pd.Series(self.parts.aliased, index=list(self.parts.names))

    @property
    def _kept(self) -> list[str]:
        return [n for n, gone in zip(self.parts.names, self.parts.aliased, strict=True) if not gone]

    def _square(self, matrix: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(matrix, index=self._kept, columns=self._kept)

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return summary_blocks(self.parts, digits)


def summary(
    fit: SingleIndex,
    dispersion: float | None = None,
    correlation: bool = False,
    vcov: Vcov = None,
    *,
    digits: int = DIGITS,
    signif_stars: bool = True,
) -> GLMSummary:
    """Summarise a fit, R's ``summary.glm``.

    Parameters
    ----------
    dispersion : float, optional
        phi, taken as known (z tests); default: the family's fixed value, or Pearson's estimate (t tests).
    correlation : bool
        Also the correlation of the estimates.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients: a type for ``fit.vcov``, a (p, p) or (rank, rank) matrix, or
        a function of the fit. Tests then use it, and normal quantiles, as `coeftest` does; the table names it.
    digits : int
        Significant digits of the printed numbers, as in R's ``print(summary(fit), digits = 4)``.
    signif_stars : bool
        Whether stars and their legend are printed.

    Returns
    -------
    GLMSummary

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
    >>> fit.summary()
    <BLANKLINE>
    Call:
    glm(formula = left ~ overtime_hours, family = binomial("logit"),
        data = data)
    <BLANKLINE>
    Coefficients:
                   Estimate Std. Error z value Pr(>|z|)
    (Intercept)    -4.59361    0.75896  -6.052 1.43e-09 ***
    overtime_hours  0.19108    0.08133   2.349   0.0188 *
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    <BLANKLINE>
    (Dispersion parameter for binomial family taken to be 1)
    <BLANKLINE>
        Null deviance: 192.58  on 499  degrees of freedom
    Residual deviance: 187.07  on 498  degrees of freedom
    AIC: 191.07
    <BLANKLINE>
    Number of Fisher Scoring iterations: 6
    >>> fit.summary().coefficients["Std. Error"].round(3)
    (Intercept)       0.759
    overtime_hours    0.081
    Name: Std. Error, dtype: float64
    """
    estimated = dispersion is None and fit.family.fixed_dispersion is None
    phi = fit.dispersion if dispersion is None else float(dispersion)
    if estimated and fit.nobs < fit.nobs_rows:
        give_warning("observations with zero weight not used for calculating dispersion", GLMFormulaWarning)
    rank, unscaled = fit.rank, fit.result.cov_unscaled
    with np.errstate(over="ignore", invalid="ignore"):  # coefficients without end have covariances to match
        scaled, errors = (phi * unscaled, "") if vcov is None else resolved(fit, vcov)
    df = df_of(fit, vcov) if estimated else math.inf
    columns = test_columns(math.inf if (not estimated or vcov is not None) and rank else fit.df_residual)
    wald = Wald((), fit.result.coefficients[~fit.aliased], scaled, errors)
    table = wald.tests(df)
    correlations = None
    if correlation and rank:
        size = np.sqrt(np.diag(unscaled))
        correlations = unscaled / np.outer(size, size)
    return GLMSummary(
        parts=SummaryParts(
            coefficients=table,
            columns=tuple(columns),
            aliased=fit.aliased,
            family=fit.family.name,
            dispersion=phi,
            iter=fit.iter,
            correlation=correlations,
            digits=digits,
            signif_stars=signif_stars,
            errors=wald.note,
            footer=fit.summary_footer,
            **_common(fit, _modelled(fit)),
        ),
        df=(fit.rank, fit.df_residual, len(fit.column_names)),
        unscaled=unscaled,
        scaled=scaled,
    )


def print_text(fit: SingleIndex) -> str:
    """R's ``print.glm``."""
    parts = PrintParts(coefficients=fit.result.coefficients, **_common(fit))
    return to_text(print_blocks(parts)).removesuffix("\n")


def _common(fit: SingleIndex, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """What both prints say; `notes` come before the others."""
    return {
        "call": fit.call,
        "names": fit.column_names,
        "null_deviance": fit.null_deviance,
        "deviance": fit.deviance,
        "df_null": fit.df_null,
        "df_residual": fit.df_residual,
        "aic": fit.aic,
        "n_omitted": fit.n_omitted,
        "notes": (*notes, *_notes(fit)),
    }


def _modelled(fit: SingleIndex) -> tuple[str, ...]:
    """Which level of a categorical response is success: R leaves one to look it up."""
    return () if fit.modelled is None else (f"Note: modelling P({fit.response_name} = {fit.modelled})",)


def _notes(fit: SingleIndex) -> tuple[str, ...]:
    """Our own lines after R's text."""
    notes = []
    if not fit.converged:
        notes.append("Note: the algorithm did not converge; raise maxit or look at the data")
    if fit.method == "firth":
        notes.append(
            "Note: bias-reduced estimates, method='firth' (adjusted score equations, brglm2's AS_mean)"
        )
    if fit.result.limits is not None:
        infinite = infinite_names(fit.result.limits, fit.column_names)
        notes.append(f"Note: separation, no finite maximum-likelihood estimate: {infinite}")
    return (*notes, *coding_notes(fit))


def coding_notes(fit: SingleIndex) -> tuple[str, ...]:
    """What the types of columns, perhaps not meant so, have done to their coefficients."""
    return tuple(note for v in fit.schema.variables.values() if (note := _coding_note(v, fit.nobs)))


def _coding_note(variable: Variable, nobs: int) -> str | None:
    """What a column's type, perhaps not meant so, has done to its coefficients."""
    name = plain_name(variable.name)
    if variable.contrast is None:
        return None
    if variable.intervals and variable.contrast_label == "contr.poly":
        return (
            f"Note: {name} is an ordered factor of intervals, .L .Q .C are polynomials over them; for a "
            f"coefficient each: contrasts={{{name!r}: 'contr.treatment'}} or .cat.as_unordered()"
        )
    count = len(variable.levels)
    if variable.numbers_as_text and count >= MANY_LEVELS and 2 * count > nobs:
        return (
            f"Note: {name} is text that holds numbers ({count} levels in {nobs} rows); for one slope make it "
            "numeric: pandas.to_numeric"
        )
    return None
