"""Does the model fit: overdispersion, Hosmer-Lemeshow, pseudo R^2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from ...engine.irls import fit_glm
from ...engine.rows import evaluate_rows
from ...errors import FamilyError
from ...families.distributions import POISSON
from ...formula.functions.intervals import interval_labels
from ...formula.functions.samples import Ranges, Tally, order_statistics
from ...formula.functions.summaries import quantiles
from ...render.htest import ALTERNATIVES, HTest
from ...render.table import StatTable
from ...sources.mapped import constant_only
from ..distributions import chisq_upper

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block


def overdispersion(fit: SingleIndex, alternative: str = "greater") -> HTest:
    """Pearson's X^2 / df_residual and its chi-squared test (McCullagh & Nelder 1989, section 4.5).

    Parameters
    ----------
    alternative : {"greater", "less", "two.sided"}

    Returns
    -------
    HTest whose `estimate` is the ratio, the dispersion that a quasi family would take.

    Raises
    ------
    FamilyError
        The family estimates its dispersion: there is nothing to test.
    ValueError
        An unknown alternative.

    Notes
    -----
    X^2 is not chi-squared for a 0/1 response or small counts; see `hosmer_lemeshow` and `dispersiontest`.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> round(fit.overdispersion().estimate, 3)
    1.212
    """
    _check_alternative(alternative)
    if fit.family.fixed_dispersion is None:
        raise FamilyError(
            f"family '{fit.family.name}' estimates its dispersion ({fit.dispersion:.4g}): overdispersion is "
            "tested for families that fix it, such as binomial and poisson"
        )
    total = fit.rows.source.map_reduce(partial(pearson_sum, fit.result, fit.family), add)
    statistic, df = total / fit.family.fixed_dispersion, fit.df_residual
    above = float(chisq_upper(np.array([statistic]), np.array([df]))[0])
    below = float(special.chdtr(df, statistic)) if df > 0 else np.nan
    return HTest(
        method="Pearson test of dispersion",
        data_name=fit.formula,
        statistic=statistic,
        parameter=float(df),
        p_value={"greater": above, "less": below, "two.sided": 2 * min(above, below)}[alternative],
        estimate=statistic / df if df > 0 else np.nan,
        null_value=1.0,
        estimate_name="dispersion",
        alternative=alternative,
    )


def pearson_sum(result: GlmFit, family: Family, block: Block) -> float:
    """Sum of w (y - mu)^2 / V(mu) over the rows of non-zero weight."""
    _, mu = evaluate_rows(block, result.coefficients, family)
    each = (block.y - mu) ** 2 / family.variance(mu)
    w = block.prior_weights
    return float(each.sum() if w is None else (w * each)[w > 0].sum())


def dispersiontest(
    fit: SingleIndex,
    trafo: float | Callable[[np.ndarray], np.ndarray] | None = None,
    alternative: str = "greater",
) -> HTest:
    """Cameron and Trivedi's (1990) test of Var y = mu in a Poisson model, AER's ``dispersiontest``.

    Parameters
    ----------
    trafo : number, function or None
        The alternative is  Var y = mu + alpha trafo(mu),  a number standing for that power of mu (2: NB2).
        None: Var y = dispersion mu, tested for 1.
    alternative : {"greater", "less", "two.sided"}

    Raises
    ------
    FamilyError
        The family is not poisson.
    ValueError
        An unknown alternative.

    Notes
    -----
    The t value of the regression of ((y - mu)^2 - y) / mu on trafo(mu) / mu without intercept, normal in
    large samples. Rows of zero weight are left out; other weights do not count, as in AER.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> fit.dispersiontest()
    <BLANKLINE>
        Overdispersion test
    <BLANKLINE>
    data:  sick_days ~ overtime_hours
    z = 2.9019, p-value = 0.001855
    alternative hypothesis: true dispersion is greater than 1
    sample estimates:
    dispersion
      1.206594
    """
    _check_alternative(alternative)
    if fit.family.distribution != POISSON:
        raise FamilyError(
            f"only Poisson GLMs can be tested, not family '{fit.family.name}'; overdispersion() takes others"
        )
    null, name = (1.0, "dispersion") if trafo is None else (0.0, "alpha")
    sums = partial(_excess_sums, fit.result, fit.family, trafo)
    products, squares, _ = fit.rows.source.map_reduce(partial(sums, 0.0), np.add)
    slope = float(products / squares)
    _, _, residual = fit.rows.source.map_reduce(partial(sums, slope), np.add)
    statistic = float(slope / np.sqrt(residual / (fit.nobs - 1) / squares))
    p_value = {
        "greater": special.ndtr(-statistic),
        "less": special.ndtr(statistic),
        "two.sided": 2 * special.ndtr(-abs(statistic)),
    }[alternative]
    titles = {
        "greater": "Overdispersion test",
        "less": "Underdispersion test",
        "two.sided": "Dispersion test",
    }
    return HTest(
        method=titles[alternative],
        data_name=fit.formula,
        statistic=statistic,
        statistic_name="z",
        p_value=float(p_value),
        estimate=slope + null,
        null_value=null,
        estimate_name=name,
        alternative=alternative,
    )


def _excess_sums(
    result: GlmFit,
    family: Family,
    trafo: float | Callable[[np.ndarray], np.ndarray] | None,
    slope: float,
    block: Block,
) -> np.ndarray:
    """x'e, x'x and the square of e - slope x, for e = ((y - mu)^2 - y) / mu and x = trafo(mu) / mu."""
    y, mu, _ = _counted(result, family, block)
    excess = ((y - mu) ** 2 - y) / mu
    x = np.ones_like(mu) if trafo is None else _transformed(trafo, mu) / mu
    residual = excess - slope * x
    return np.array([x @ excess, x @ x, residual @ residual])


def _counted(result: GlmFit, family: Family, block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, mu and prior weights of the rows of non-zero weight."""
    _, mu = evaluate_rows(block, result.coefficients, family)
    w = block.prior_weights
    if w is None:
        return block.y, mu, np.ones_like(mu)
    kept = w > 0
    return block.y[kept], mu[kept], w[kept]


def _transformed(trafo: float | Callable[[np.ndarray], np.ndarray], mu: np.ndarray) -> np.ndarray:
    if callable(trafo):
        values = np.asarray(trafo(mu), dtype=float)
        if values.shape != mu.shape:
            raise ValueError(
                f"trafo should give a value for each of {len(mu)} means; got shape {values.shape}"
            )
        return values
    if isinstance(trafo, bool) or not isinstance(trafo, int | float):
        raise ValueError(f"trafo should be a power, a function of mu, or None; got {trafo!r}")
    return mu ** float(trafo)


def _check_alternative(alternative: str) -> None:
    if alternative not in ALTERNATIVES:
        names = ", ".join(map(repr, ALTERNATIVES))
        raise ValueError(f"alternative should be one of {names}; got {alternative!r}")


@dataclass(frozen=True, repr=False, eq=False)
class HosmerLemeshow(HTest):
    """The test with its groups.

    Attributes
    ----------
    observed, expected : DataFrame (groups, 2)
        Weighted numbers of failures and successes in each group of fitted probabilities.
    """

    observed: pd.DataFrame = field(kw_only=True)
    expected: pd.DataFrame = field(kw_only=True)


def hosmer_lemeshow(fit: SingleIndex, g: int = 10) -> HosmerLemeshow:
    """Hosmer and Lemeshow's (1980) goodness-of-fit test, R's ``ResourceSelection::hoslem.test``.

    Rows are grouped by the quantiles of their fitted probabilities; sum (observed - expected)^2 / expected
    over failures and successes of the groups is compared with chi-squared on g - 2.

    Parameters
    ----------
    g : int
        Number of quantile groups, at least 3. Equal quantiles make fewer groups; df stays g - 2, as in R.

    Raises
    ------
    FamilyError
        The family is not binomial.
    ValueError
        `g` is below 3.

    Notes
    -----
    A row of several trials counts with its weight (ResourceSelection takes 0/1 only).

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.hosmer_lemeshow(g=5)
    <BLANKLINE>
        Hosmer and Lemeshow goodness of fit (GOF) test
    <BLANKLINE>
    data:  left ~ overtime_hours
    X-squared = 3.1128, df = 3, p-value = 0.3746
    """
    if not fit.family.is_binomial:
        raise FamilyError(f"the Hosmer-Lemeshow test is for binomial models, not family '{fit.family.name}'")
    if isinstance(g, bool) or not isinstance(g, int | np.integer) or g < 3:
        raise ValueError(f"g should be a whole number of groups, 3 or more; got {g!r}")
    source = fit.rows.source

    def tally(within: Ranges | None) -> Tally:
        return source.map_reduce(partial(_tally, fit.result, fit.family, within), Tally.merged)

    breaks = np.unique(order_statistics(tally, partial(quantiles, probs=np.arange(g + 1) * (1 / g))))
    labels = interval_labels(breaks, 3, True, True) if len(breaks) > 1 else [f"{breaks[0]:.3g}"]
    observed, expected = source.map_reduce(partial(_by_group, fit.result, fit.family, breaks), np.add)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return HosmerLemeshow(
        method="Hosmer and Lemeshow goodness of fit (GOF) test",
        data_name=fit.formula,
        statistic=statistic,
        parameter=float(g - 2),
        p_value=float(chisq_upper(np.array([statistic]), np.array([g - 2]))[0]),
        observed=pd.DataFrame(observed, index=labels, columns=["y0", "y1"]),
        expected=pd.DataFrame(expected, index=labels, columns=["yhat0", "yhat1"]),
    )


def _tally(result: GlmFit, family: Family, within: Ranges | None, block: Block) -> Tally:
    return Tally.of(_counted(result, family, block)[1], within)


def _by_group(result: GlmFit, family: Family, breaks: np.ndarray, block: Block) -> np.ndarray:
    """(2, groups, 2): observed and expected numbers of failures and successes."""
    y, mu, w = _counted(result, family, block)
    group = np.maximum(np.searchsorted(breaks, mu, side="left") - 1, 0)
    size = max(1, len(breaks) - 1)
    sums = [np.bincount(group, v, size) for v in (w * (1 - y), w * y, w * (1 - mu), w * mu)]
    return np.array([np.column_stack(sums[:2]), np.column_stack(sums[2:])])


def pseudo_r2(fit: SingleIndex) -> StatTable:
    """Measures of explained variation, against the model of an intercept alone (its offset kept).

    McFadden: 1 - l / l0; Cox-Snell: 1 - exp(2 (l0 - l) / n); Nagelkerke: Cox-Snell over its largest value
    1 - exp(2 l0 / n); deviance: 1 - deviance / null deviance. pscl's ``pR2`` calls the middle two r2ML and
    r2CU (and drops an ``offset()`` term from its null model).

    Returns
    -------
    StatTable with a row for each measure; NaN where the family has no likelihood.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.pseudo_r2().round(3)
                pseudo R^2
    McFadden         0.029
    Nagelkerke       0.034
    Cox-Snell        0.011
    deviance         0.029
    """
    loglik, null_deviance = float(fit.loglik), fit.null_deviance
    null = loglik + (fit.deviance - null_deviance) / 2
    if fit.family.fixed_dispersion is None or not fit.terms.intercept:
        constant = _constant_model(fit)
        null, null_deviance = -constant.minus2_loglik / 2, constant.deviance
    n = fit.nobs
    with np.errstate(all="ignore"):
        cox_snell = -np.expm1(2 * (null - loglik) / n)
        values = {
            "McFadden": 1 - np.float64(loglik) / null,
            "Nagelkerke": cox_snell / -np.expm1(2 * null / n),
            "Cox-Snell": cox_snell,
            "deviance": 1 - np.float64(fit.deviance) / null_deviance,
        }
    frame = pd.DataFrame({"pseudo R^2": list(values.values())}, index=list(values))
    return StatTable(frame, digits=4)


def _constant_model(fit: SingleIndex) -> GlmFit:
    """The intercept alone on the rows of the fit, with their weights and offset."""
    source = constant_only(fit.rows.source)
    return fit_glm(source, fit.family, names=("(Intercept)",), intercept=True, control=fit.control)
