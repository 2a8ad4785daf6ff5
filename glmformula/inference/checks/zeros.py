"""How many zeros a model of counts expects, and how many there are."""

from __future__ import annotations

import math
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from ...engine.rows import evaluate_rows
from ...fitted.asked import Asked, asked
from ..rows.quantities import row_residuals
from ..terms.marginal_anova import pearson_statistic

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import Parametric, Scored, SingleIndex
    from ...sources.base import Block


def observed_zeros(fit: Scored) -> tuple[float, float]:
    """Sum of the prior weights of the rows that are 0, and of all rows."""
    zeros, total = fit.rows.source.map_reduce(_observed, np.add)
    return float(zeros), float(total)


def expected_zeros(fit: SingleIndex) -> float:
    """Sum of weight times P(Y = 0) over the rows; NaN where the family has no distribution."""
    if fit.family.distribution is None:
        return math.nan
    question = partial(_expected, fit.result, fit.family, fit.dispersion)
    return float(fit.rows.source.map_reduce(question, add))


def expected_zeros_of_parts(fit: Parametric) -> float:
    """The same of a model that predicts probabilities of counts, ``predict(type="prob")``."""
    return float(fit.rows.source.map_reduce(partial(_of_parts, asked(fit, "prob", [0])), add))


def pearson_dispersion(fit: SingleIndex) -> float:
    """Pearson's X^2 over the residual degrees of freedom."""
    return pearson_statistic(fit) / fit.df_residual if fit.df_residual > 0 else math.nan


def pearson_dispersion_of_parts(fit: Parametric) -> float:
    """The same of a model of several linear predictors."""
    squares = float(np.square(row_residuals(fit, "pearson")).sum())
    return squares / fit.df_residual if fit.df_residual > 0 else math.nan


def _weights(block: Block) -> np.ndarray:
    return np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights


def _observed(block: Block) -> np.ndarray:
    w = _weights(block)
    return np.array([w[block.y == 0].sum(), w.sum()])


def _expected(result: GlmFit, family: Family, dispersion: float, block: Block) -> float:
    _, mu = evaluate_rows(block, result.coefficients, family)
    law = family.response_distribution(mu, np.ones_like(mu), dispersion)
    return float(_weights(block) @ law.pmf(0))


def _of_parts(question: Asked, block: Block) -> float:
    return float(_weights(block) @ question.values(block)[:, 0])
