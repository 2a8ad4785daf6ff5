"""Variance inflation factors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import FitError, GLMFormulaWarning, give_warning
from ...fitted.protocols import is_mixed
from ...render.table import StatTable
from ..wald import refuse_aliased

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed, SingleIndex


def vif(fit: SingleIndex | Mixed) -> StatTable:
    """Variance inflation factors of the terms, generalized where a term has several columns; car's ``vif``.

    GVIF of a term = det(R_11) det(R_22) / det(R), R the correlation of the estimates without the intercept,
    R_11 the term's part and R_22 the rest (Fox & Monette 1992). Comparable between terms is GVIF^(1/(2 Df)).

    Returns
    -------
    StatTable
        A single column ``VIF``, or GVIF, Df and GVIF^(1/(2*Df)) where a term has more than one column.

    Raises
    ------
    FitError
        Aliased coefficients; fewer than two terms.

    Warns
    -----
    GLMFormulaWarning
        The model has no intercept.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ salary + overtime_hours + poly(experience_years, 2)", datasets.attrition(), "binomial")
    >>> fit.vif()
                                  GVIF Df GVIF^(1/(2*Df))
    salary                    1.006383  1        1.003186
    overtime_hours            1.006983  1        1.003486
    poly(experience_years, 2) 1.007873  2        1.001963
    """
    refuse_aliased(fit)
    labels = fit.terms.labels
    if fit.terms.intercept:
        kept = fit.assign > 0
    else:
        kept = np.ones(len(fit.assign), dtype=bool)
        give_warning("No intercept: vifs may not be sensible.", GLMFormulaWarning)
    if len(labels) < 2:
        raise FitError(f"model contains fewer than 2 terms: an inflation needs others; {fit.formula!r}")
    cov = (fit.covariance if is_mixed(fit) else fit.result.cov_unscaled)[np.ix_(kept, kept)]
    size = np.sqrt(np.diag(cov))
    correlation = cov / np.outer(size, size)
    assign = fit.assign[kept]
    whole = log_determinant(correlation)
    rows = []
    for term in range(1, len(labels) + 1):
        own = assign == term
        parts = [log_determinant(correlation[np.ix_(part, part)]) for part in (own, ~own)]
        df = int(own.sum())
        factor = sum(parts) - whole
        rows.append((math.exp(factor), float(df), math.exp(factor / (2 * df)) if df else math.nan))
    table = pd.DataFrame(rows, index=list(labels), columns=["GVIF", "Df", "GVIF^(1/(2*Df))"])
    if (table["Df"] == 1).all():
        return StatTable(table[["GVIF"]].rename(columns={"GVIF": "VIF"}), kind="vector")
    return StatTable(table)


def log_determinant(matrix: np.ndarray) -> float:
    return float(np.linalg.slogdet(matrix)[1])
