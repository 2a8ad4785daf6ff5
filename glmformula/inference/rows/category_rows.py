"""Models of unordered categories: their summary, and what they leave of each row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...engine.likelihood.layout import predictors_by_chunk
from ...fitted.coefficients import over_all
from ...render.categories import MatrixTexts, blocks_of
from ...render.report import Block, Rendered
from ...sources.mapped import collect
from ..summaries.several_summary import notes
from ..wald import Vcov, Wald, resolved, test_columns
from .output import by_rows

if TYPE_CHECKING:
    from ...engine.likelihood.layout import Layout
    from ...families.likelihood import Quantity
    from ...fitted.protocols import Parametric
    from ...sources.base import Block as Rows


@dataclass(frozen=True, repr=False, eq=False)
class CategorySummary(Rendered):
    """What ``summary(multinom(...))`` says; prints as nnet's.

    Attributes
    ----------
    coefficients, standard_errors : DataFrame, a row for each category but the reference; Series for two categories
        Log odds against the reference.
    wald_ratios : DataFrame or Series
        The first divided by the second.
    tests : DataFrame
        Estimate, Std. Error, z value, Pr(>|z|) of each coefficient, under "category:column".
    correlation : DataFrame or None
    """

    texts: MatrixTexts
    coefficients: pd.DataFrame | pd.Series = field(repr=False)
    standard_errors: pd.DataFrame | pd.Series = field(repr=False)
    tests: pd.DataFrame = field(repr=False)
    correlation: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def wald_ratios(self) -> pd.DataFrame | pd.Series:
        """Coefficients divided by their standard errors."""
        return self.coefficients / self.standard_errors

    @property
    def frame(self) -> pd.DataFrame:
        """`tests`."""
        return self.tests

    def blocks(self, digits: int | None = None) -> list[Block]:
        return blocks_of(self.texts, digits)


def texts_of(
    fit: Parametric, rows: tuple[str, ...], values: np.ndarray, columns: tuple[str, ...]
) -> MatrixTexts:
    """The printed fit: `values` (rows, columns) of the categories `rows`, none where there is one log odds."""
    deviance = -2.0 * float(fit.loglik)
    aic = deviance + 2.0 * fit.result.layout.size
    return MatrixTexts(fit.call, rows, columns, values, deviance, aic, closing=notes(fit))


def category_summary(
    fit: Parametric,
    printed: MatrixTexts,
    correlation: bool,
    wald_ratios: bool,
    vcov: Vcov,
    digits: int,
) -> CategorySummary:
    """Estimates and standard errors as tables, from the printed fit."""
    kept = ~fit.aliased
    note: tuple[str, ...] = ()
    cov = fit.covariance
    if vcov is not None:
        cov, told = resolved(fit, vcov)
        note = Wald((), np.empty(0), np.empty((0, 0)), told).note
    estimates = fit.result.coefficients
    full = over_all(cov, kept, np.nan)
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diag(full)).reshape(printed.values.shape)
        related = full / np.outer(errors.ravel(), errors.ravel()) if correlation else None
    names = list(fit.column_names)
    tests = pd.DataFrame(
        Wald((), estimates, full).tests(np.inf), index=names, columns=list(test_columns(np.inf))
    )
    texts = replace(
        printed,
        errors=errors,
        ratios=wald_ratios,
        correlation=related,
        names=tuple(names),
        closing=(*note, *printed.closing),
    )
    tables = [_shaped(values, printed) for values in (printed.values, errors)]
    matrix = None if related is None else pd.DataFrame(related, index=names, columns=names)
    return CategorySummary(texts, tables[0], tables[1], tests, matrix)


def _shaped(values: np.ndarray, printed: MatrixTexts) -> pd.DataFrame | pd.Series:
    if printed.rows:
        return pd.DataFrame(values, index=list(printed.rows), columns=list(printed.columns))
    return pd.Series(values[0], index=list(printed.columns))


@by_rows("residual")
def category_residuals(fit: Parametric) -> pd.DataFrame | pd.Series:
    """What was observed (0 or 1; of counts the share) minus the probability, a column for each category."""
    quantity = fit.quantity("probs")
    levels = fit.likelihood.levels
    order = [fit.likelihood.parameters["levels"].index(level) for level in levels]
    question = partial(_left, quantity, fit.result.layout, fit.result.solved.parameters, order)
    values = np.concatenate(collect(fit.rows.source, question))
    if not quantity.columns:
        return fit.rows.labelled(values[:, 0])
    columns = [fit.rows.labelled(values[:, k]) for k in range(len(levels))]
    return pd.concat(columns, axis=1).set_axis(list(levels), axis=1)


def _left(
    quantity: Quantity, layout: Layout, parameters: np.ndarray, order: list[int], block: Rows
) -> np.ndarray:
    """(m, K), or (m, 1) of two categories."""
    single = not quantity.columns
    out = np.empty((len(block.y), 1 if single else len(order)))
    for rows, _, etas in predictors_by_chunk(layout, parameters, block):
        p = quantity.value(etas)
        y = block.y[rows]
        seen = y[:, order] if y.ndim == 2 else (y[:, None] == np.array(order)).astype(float)
        out[rows] = seen[:, 1:] - p[:, None] if single else seen - p
    return out
