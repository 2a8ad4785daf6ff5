"""Vuong's (1989) test of two models that are not nested, as pscl's ``vuong``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from ...errors import FitError
from ...fitted.coefficients import response_of
from ...fitted.protocols import is_model, no_model
from ...render.table import StatTable
from ...sources.base import Block
from ...sources.mapped import collect
from ..terms.compared_models import check_same_rows
from .counted import Question, row_logliks

HEADING = (
    "Vuong Non-Nested Hypothesis Test-Statistic: ",
    "(test-statistic is asymptotically distributed N(0,1) under the",
    " null that the models are indistinguishible)",
    "-------------------------------------------------------------",
)


def vuong(fit: Any, other: Any) -> StatTable:
    """Vuong's test of two models of one response that are not nested, pscl's ``vuong``.

    With m the differences of the rows' log-likelihoods,  z = sum(m - c) / (sd(m) sqrt(n)),  where c is 0 (raw), or
    the difference of the numbers of coefficients over n (AIC), times log(n)/2 (BIC).

    Parameters
    ----------
    other : GLM, ZeroInflated, Hurdle ...
        A second model of the same rows and response; both are models of counts, or of 0 and 1.

    Returns
    -------
    StatTable
        Rows Raw, AIC-corrected, BIC-corrected; ``Vuong z-statistic`` (above 0: the first model is nearer to the
        data), ``H_A``, the model that is, and the one-sided ``p-value``.

    Raises
    ------
    FitError
        Models of other rows or another response; a response that has no probabilities.

    Notes
    -----
    Prior weights do not count, as in pscl, but rows of weight zero are left out; theta is no coefficient. Of models
    that are nested, a Poisson in a zero-inflated one, it is no valid test (Wilson 2015): see `zero_test` and `lrtest`.

    Examples
    --------
    >>> from glmformula import datasets, glm_nb, vuong, zeroinfl
    >>> data = datasets.attrition()
    >>> inflated = zeroinfl("sick_days ~ overtime_hours | 1", data)
    >>> vuong(glm_nb("sick_days ~ overtime_hours", data), inflated)
    Vuong Non-Nested Hypothesis Test-Statistic:
    (test-statistic is asymptotically distributed N(0,1) under the
     null that the models are indistinguishible)
    -------------------------------------------------------------
                  Vuong z-statistic             H_A   p-value
    Raw                    1.413682 model1 > model2 0.0787277
    AIC-corrected          1.732609 model1 > model2 0.0415826
    BIC-corrected          2.404685 model1 > model2 0.0080932
    """
    for model in (fit, other):
        if not is_model(model):
            raise no_model(model, "vuong()")
    own, theirs = row_logliks(fit, "vuong()"), row_logliks(other, "vuong()")
    if response_of(fit) != response_of(other):
        raise FitError(
            f"Models appear to have different values on dependent variables: {response_of(fit)} and "
            f"{response_of(other)}; fit both to one response"
        )
    check_same_rows((fit, other))
    m = _rows(fit, own) - _rows(other, theirs)
    known = np.isfinite(m)
    m, n = m[known], int(known.sum())
    k = _coefficients(fit) - _coefficients(other)
    corrections = np.array([0.0, k / n, k / (2 * n) * np.log(n)])
    spread = m.std(ddof=1) if n > 1 else np.nan
    with np.errstate(all="ignore"):
        z = (m.sum() - n * corrections) / (spread * np.sqrt(n))
    better = np.where(z > 0, "model1 > model2", "model2 > model1")
    table = pd.DataFrame(
        {"Vuong z-statistic": z, "H_A": better, "p-value": special.ndtr(-np.abs(z))},
        index=["Raw", "AIC-corrected", "BIC-corrected"],
    )
    lost = len(known) - n
    dropped = (
        "NA or numerical zeros or ones encountered in fitted probabilities",
        f"dropping these {lost} cases, but proceed with caution",
    )
    return StatTable(table, kind="p-value", heading=(*dropped[: 2 * bool(lost)], *HEADING))


def _coefficients(fit: Any) -> int:
    return int(fit.coefficients.notna().sum())


def _rows(fit: Any, question: Question) -> np.ndarray:
    """Log-likelihoods of the rows of non-zero weight, in row order."""
    return np.concatenate([np.empty(0), *collect(fit.rows.source, partial(_weighted, question))])


def _weighted(question: Question, block: Block) -> np.ndarray:
    values = question(block)
    return values if block.prior_weights is None else values[block.prior_weights > 0]
