"""How much of the variance a mixed model explains: ICC and Nakagawa's R2; and whether it leaves too much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from ...errors import FamilyError, FitError, choice, hearing
from ...families.distributions import BINOMIAL, GAMMA, POISSON
from ...fitted.protocols import is_mixed, shown
from ...render.htest import ALTERNATIVES, HTest
from ...render.table import StatTable
from ..distributions import chisq_upper
from .rows import filled, residuals_at, row_parts
from .varcorr import VarCorr

if TYPE_CHECKING:
    from ...engine.mixed.structure import Structure
    from ...fitted.protocols import Mixed
    from ...sources.base import Block

OF_BINOMIAL_LINKS = {"logit": math.pi**2 / 3, "probit": 1.0, "cloglog": math.pi**2 / 6}
OF_SQUARE_ROOT = 0.25


@dataclass(frozen=True)
class Variances:
    """Parts of the variance on the scale of the linear predictor.

    Attributes
    ----------
    fixed : float
        Of X beta over the rows.
    random : ndarray (terms,)
        Of each random-effects term, the mean over the rows of z' Sigma z.
    observation : ndarray of bool (terms,)
        Terms with a level for each row: they are dispersion, and not of groups.
    distribution : float
        Of the response given the linear predictor.
    """

    fixed: float
    random: np.ndarray
    observation: np.ndarray
    distribution: float

    @property
    def of_groups(self) -> float:
        return float(self.random[~self.observation].sum())

    @property
    def residual(self) -> float:
        return self.distribution + float(self.random[self.observation].sum())

    @property
    def total(self) -> float:
        return self.fixed + self.of_groups + self.residual


def r2(fit: Mixed) -> StatTable:
    """Conditional and marginal R2 of a mixed model by Nakagawa, Johnson & Schielzeth; performance's ``r2_nakagawa``.

    Marginal: the share of the variance, on the scale of the linear predictor, that is of the fixed effects;
    conditional: of fixed and random effects.

    Returns
    -------
    StatTable
        One row with R2_conditional, R2_marginal.

    Raises
    ------
    FamilyError
        A family and link for which no variance on the scale of the linear predictor is known.
    FitError
        The model has no random effects.
    DataError
        The model holds no rows.

    Notes
    -----
    f / (f + g + e) and (f + g) / (f + g + e), with f the variance of X beta over the rows, g the mean of z' Sigma z, e
    sigma^2 (`lmer`); pi^2/3, 1, pi^2/6 (binomial: logit, probit, cloglog), log(1 + V(m)/m^2) (counts, log link, m the
    mean of the model without fixed effects, which is fitted), 1/4 (their square root link), sigma^2 (Gamma). A term
    with a level for each row counts to e. Nakagawa, Johnson & Schielzeth (2017), Journal of the Royal Society Interface
    14; Johnson (2014) for slopes. Of a singular fit performance gives NA, here a variance of zero counts as it is.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.r2().round(3)
       R2_conditional  R2_marginal
    1           0.257        0.002
    """
    v = variances(fit)
    values = [[(v.fixed + v.of_groups) / v.total, v.fixed / v.total]]
    return StatTable(pd.DataFrame(values, index=["1"], columns=["R2_conditional", "R2_marginal"]))


def icc(fit: Mixed, by_group: bool = False) -> StatTable:
    """Intraclass correlation: the share of the variance that is of the groups; performance's ``icc``.

    Parameters
    ----------
    by_group : bool
        Of each grouping factor's intercept, adjusted.

    Returns
    -------
    StatTable
        ICC_adjusted (the fixed effects' variance is left out) and ICC_unadjusted; or ICC with a row a term.

    Raises
    ------
    FamilyError, DataError
        As `r2`.

    Notes
    -----
    g / (g + e) and g / (f + g + e); the parts are those of `r2`. With random slopes g is a mean over the rows, and that
    of a single factor is that of its intercept alone.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.icc().round(3)
       ICC_adjusted  ICC_unadjusted
    1         0.256           0.255
    """
    v = variances(fit)
    if not by_group:
        values = [[v.of_groups / (v.of_groups + v.residual), v.of_groups / v.total]]
        return StatTable(pd.DataFrame(values, index=["1"], columns=["ICC_adjusted", "ICC_unadjusted"]))
    found = VarCorr(fit)
    own = {
        name: cov[columns.index("(Intercept)")][columns.index("(Intercept)")]
        for name, columns, cov in zip(found.names, found.columns, found.covariances)
        if "(Intercept)" in columns
    }
    share = np.array(list(own.values())) / (v.of_groups + v.residual)
    return StatTable(pd.DataFrame({"ICC": share}, index=list(own)))


def variances(fit: Mixed) -> Variances:
    """The parts of the variance.

    Raises
    ------
    FamilyError, DataError, FitError
    """
    if not is_mixed(fit):
        raise FitError(
            f"r2() and icc() are of mixed models, such as lmer() and glmer() give; got {shown(fit)}: pseudo_r2() is of "
            "a glm, summary() has the R squared of an lm"
        )
    structure = fit.structure
    work = partial(_sums, structure, filled(fit), tuple(VarCorr(fit).covariances))
    rows, total, squares, random = fit.every_row.source.map_reduce(work, _added)
    fixed = (squares - total * total / rows) / (rows - 1)
    counts = {t: g.count for g in structure.groupings for t in g.terms}
    observation = np.array([counts[t] == fit.nobs for t in range(len(structure.terms))])
    if fit.family.is_normal_linear:
        observation[:] = False
    return Variances(max(fixed, 0.0), random / rows, observation, distribution_variance(fit))


Sums = tuple[int, float, float, np.ndarray]


def _sums(structure: Structure, beta: np.ndarray, covariances: tuple[np.ndarray, ...], block: Block) -> Sums:
    eta = structure.layout.fixed.columns(block.design) @ beta
    random = []
    for term, cov in zip(structure.terms, covariances, strict=True):
        Z = term.part.columns(block.design)
        random.append(float(np.einsum("ia,ab,ib->", Z, cov, Z)))
    return len(eta), float(eta.sum()), float(eta @ eta), np.array(random)


def _added(a: Sums, b: Sums) -> Sums:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


def distribution_variance(fit: Mixed) -> float:
    """The variance of the response given the linear predictor, on its scale.

    Raises
    ------
    FamilyError
    """
    family = fit.family
    if family.is_normal_linear:
        return fit.sigma**2
    counts = family.distribution is POISSON or "theta" in family.parameters
    if family.distribution is BINOMIAL and family.link.name in OF_BINOMIAL_LINKS:
        return OF_BINOMIAL_LINKS[family.link.name]
    if counts and family.link.name == "log":
        mean = mean_alone(fit)
        return math.log1p(float(family.variance(np.array([mean]))[0]) / mean**2)
    if counts and family.link.name == "sqrt":
        return OF_SQUARE_ROOT
    if family.distribution is GAMMA:
        return fit.sigma**2
    raise FamilyError(
        f"family '{family.name}' with link '{family.link.name}' has no known variance on the scale of the linear "
        "predictor: expected gaussian; binomial with logit, probit or cloglog; poisson or negative binomial with log "
        "or sqrt; Gamma"
    )


def mean_alone(fit: Mixed) -> float:
    """The mean of the model of an intercept, the offset and these random effects; the latter two at zero."""
    offsets = [fit.terms.names[k] for k in fit.terms.offsets]
    bars = [f"({bar.text})" for bar in fit.random.formula.bars]
    with hearing():
        alone = fit.refit(formula=" + ".join([f"{fit.response_name} ~ 1", *offsets, *bars]))
    return math.exp(float(alone.coefficients.iloc[0]))


def overdispersion(fit: Mixed, alternative: str = "greater") -> HTest:
    """Squared Pearson residuals over df_residual, and their chi-squared test; performance's ``check_overdispersion``.

    Parameters
    ----------
    alternative : {"greater", "less", "two.sided"}

    Returns
    -------
    HTest whose `estimate` is the ratio.

    Raises
    ------
    FamilyError
        The family estimates its dispersion: there is nothing to test.
    FitError
        No residual degrees of freedom.
    ValueError
        An unknown alternative.

    Notes
    -----
    Residuals are given the random effects, so the test is approximate; Bolker et al. (2009), Trends in Ecology &
    Evolution 24. See ``simulate_residuals``.

    Examples
    --------
    >>> from glmformula import datasets, glmer
    >>> fit = glmer("sick_days ~ salary + (1 | overtime_hours)", datasets.attrition(), family="poisson")
    >>> round(fit.overdispersion().estimate, 2)
    1.05
    """
    choice("alternative", alternative, ALTERNATIVES)
    if fit.has_scale:
        raise FamilyError(
            f"family '{fit.family.name}' estimates its dispersion ({fit.sigma**2:.4g}): overdispersion is tested for "
            "families that fix it, such as binomial and poisson"
        )
    df = fit.df_residual
    if not df > 0:
        raise FitError("no residual degrees of freedom are left: there is nothing to test with")
    statistic = float(np.nansum(np.square(residuals_at(fit.family, "pearson", *row_parts(fit)))))
    above = float(chisq_upper(np.array([statistic]), np.array([df]))[0])
    below = float(special.chdtr(df, statistic))
    return HTest(
        method="Pearson test of dispersion",
        data_name=fit.formula,
        statistic=statistic,
        parameter=float(df),
        p_value={"greater": above, "less": below, "two.sided": min(1.0, 2 * min(above, below))}[alternative],
        estimate=statistic / df,
        null_value=1.0,
        estimate_name="dispersion",
        alternative=alternative,
    )
