"""Wald tests of each term of a mixed model given the others: types II and III, car's ``Anova``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import GLMFormulaWarning, give_warning
from ...render.table import StatTable
from ..terms.marginal_anova import TYPES, wald_table
from ..wald import Vcov, Wald

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


def Anova(fit: Mixed, type: str | int = "II", test: str = "Chisq", *, vcov: Vcov = None) -> StatTable:
    """Type II or type III Wald tests of the fixed effects' terms, car's ``Anova`` of a mixed model.

    With b the estimates of a term and V their covariance, b' V^-1 b is chi-squared with as many degrees of freedom as
    estimates, in large samples. Type II: of what the term adds to those that contain it. Type III: of its own
    coefficients as they are coded (sensible with contrasts that sum to zero; Fox 2016, section 8.2), and the
    intercept's.

    Parameters
    ----------
    type : {"II", "III", 2, 3}
    test : {"Chisq"}
        car's "F" has Kenward and Roger's degrees of freedom, which are not there: `anova` has F tests with
        Satterthwaite's.
    vcov : matrix or function, optional
        Another covariance of the fixed effects.

    Returns
    -------
    StatTable
        Chisq, Df, Pr(>Chisq); of a term whose columns are all aliased NaN, 0, NaN, as car's.

    Raises
    ------
    ValueError
        An unknown type, or test.
    FitError
        A covariance that has no inverse; one by name, since `vcov` of a mixed model has no types.
    DataError
        One of another shape.

    Warns
    -----
    GLMFormulaWarning
        Type II of a model whose only fixed effect is the intercept: type III instead, where car stops.

    Notes
    -----
    The standard errors of a `glmer` are those of the exact Hessian, as `vcov`.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> staff = datasets.attrition()
    >>> lmer("salary ~ experience_years + overtime_hours + (1 | sick_days)", staff).Anova()
    Analysis of Deviance Table (Type II Wald chisquare tests)
    <BLANKLINE>
    Response: salary
                      Chisq Df Pr(>Chisq)
    experience_years 1.2355  1     0.2663
    overtime_hours   0.5569  1     0.4555
    """
    chosen = TYPES.get(str(type))
    if chosen is None:
        raise ValueError(f"type should be 'II', 'III', 2 or 3; got {type!r}")
    if test == "F":
        raise ValueError(
            "test should be 'Chisq' for a mixed model; got 'F': car's F tests have Kenward and Roger's degrees of "
            "freedom, which are not there; anova(type='III') of an lmer() has F tests with Satterthwaite's"
        )
    if test != "Chisq":
        raise ValueError(f"test should be 'Chisq' for a mixed model; got {test!r}")
    intercept = fit.terms.intercept
    if chosen == "II" and intercept and not fit.terms.labels:
        give_warning("the model contains only an intercept: Type III test substituted", GLMFormulaWarning)
        chosen = "III"
    wald = Wald.of(fit, vcov)
    first = ("(Intercept)",) if chosen == "III" and intercept else ()
    table = wald_table(fit, chosen, wald).reindex([*first, *fit.terms.labels])
    table["Df"] = table["Df"].fillna(0.0)  # a term whose columns are all aliased
    heading = (
        f"Analysis of Deviance Table (Type {chosen} Wald chisquare tests)\n",
        f"Response: {fit.response_name}",
    )
    return StatTable(table[["Chisq", "Df", "Pr(>Chisq)"]], kind="anova", heading=heading, footer=wald.note)
