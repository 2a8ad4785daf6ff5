"""The score test of zero inflation of a Poisson model (van den Broek 1995)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...engine.likelihood.layout import rows_in_columns
from ...engine.rows import evaluate_rows
from ...errors import FamilyError
from ...families.distributions import POISSON
from ...fitted.protocols import single_index
from ...render.htest import HTest
from ..distributions import chisq_upper

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...sources.base import Block


def zero_test(fit: SingleIndex) -> HTest:
    """Score test of a Poisson model against a zero-inflated one with a constant share of further zeros.

    With p = exp(-mu), the statistic is  S^2 / (sum(w (1 - p) / p) - b' V b),  S the sum of w (1(y = 0) - p) / p, b that
    of w dmu/deta x and V the covariance of the coefficients: chi-squared with one degree of freedom.

    Returns
    -------
    HTest
        Its `estimate` is the observed number of zeros over the expected one.

    Raises
    ------
    FamilyError
        The family is not poisson.

    Notes
    -----
    Prior weights count as numbers of rows. The test is two-sided: too few zeros are found too.

    Examples
    --------
    >>> from glmformula import datasets, glm, zero_test
    >>> zero_test(glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson"))
    <BLANKLINE>
        Score test of zero inflation
    <BLANKLINE>
    data:  sick_days ~ overtime_hours
    X-squared = 2.328, df = 1, p-value = 0.1271
    sample estimates:
    observed / expected zeros
                     1.651338
    """
    single_index(fit, "zero_test()", "simulate_residuals() tests the zeros of other models")
    if fit.family.distribution is not POISSON:
        raise FamilyError(
            f"zero_test() is asked of Poisson models, glm(family='poisson'); got family '{fit.family.name}'. Compare "
            "glm_nb() with zeroinfl(dist='negbin') by vuong()"
        )
    sums = fit.rows.source.map_reduce(partial(_sums, fit.result, fit.family), np.add)
    excess, size, zeros, expected = sums[:4].tolist()
    b = sums[4:][~fit.aliased]
    left = size - float(b @ np.asarray(fit.covariance) @ b)
    with np.errstate(all="ignore"):
        statistic = float(np.float64(excess) ** 2 / left)
        ratio = float(np.float64(zeros) / expected)
    return HTest(
        method="Score test of zero inflation",
        data_name=fit.formula,
        statistic=statistic,
        parameter=1.0,
        p_value=float(chisq_upper(np.array([statistic]), np.array([1.0]))[0]),
        estimate=ratio,
        estimate_name="observed / expected zeros",
    )


def _sums(result: GlmFit, family: Family, block: Block) -> np.ndarray:
    """S, the sum of w (1 - p) / p, observed and expected zeros, then b (p,)."""
    eta, mu = evaluate_rows(block, result.coefficients, family)
    w = np.ones_like(mu) if block.prior_weights is None else block.prior_weights
    none = block.y == 0
    with np.errstate(all="ignore"):
        odds = np.expm1(mu)  # (1 - p) / p
        first = np.array(
            [
                (w * np.where(none, odds, -1.0))[w > 0].sum(),
                (w * odds)[w > 0].sum(),
                w[none].sum(),
                (w * np.exp(-mu)).sum(),
            ]
        )
        pull = w * family.link.mu_eta(eta)
    b = np.zeros(block.design.ncols)
    for rows, columns in rows_in_columns(block):
        b += np.dot(columns, pull[rows])
    return np.concatenate([first, b])
