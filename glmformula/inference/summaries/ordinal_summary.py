"""``summary`` of a model of ordered categories: coefficients and thresholds with their errors, MASS's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...render.ordinal import COLUMNS, OrdinalTexts, blocks_of
from ...render.report import Block, Rendered
from ..wald import Vcov, Wald
from .several_summary import notes

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric


@dataclass(frozen=True, repr=False, eq=False)
class OrdinalSummary(Rendered):
    """What ``summary(polr(...))`` says; prints as MASS's.

    Attributes
    ----------
    coefficients : DataFrame
        Value, Std. Error, t value of coefficients and thresholds; aliased coefficients are left out.
    correlation : DataFrame or None
    """

    texts: OrdinalTexts
    coefficients: pd.DataFrame = field(repr=False)
    correlation: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """`coefficients`."""
        return self.coefficients

    def blocks(self, digits: int | None = None) -> list[Block]:
        return blocks_of(self.texts, digits)


def texts_of(fit: Parametric) -> OrdinalTexts:
    """The printed fit."""
    names = tuple(compress(fit.column_names, (~fit.aliased).tolist()))
    return OrdinalTexts(
        fit.call,
        names,
        fit.parameter_names[len(names) :],
        fit.result.solved.parameters,
        fit.deviance,
        fit.aic,
        fit.n_omitted,
        closing=notes(fit),
    )


def summary(
    fit: Parametric, correlation: bool = False, digits: int = 4, *, vcov: Vcov = None
) -> OrdinalSummary:
    """Estimates with standard errors and t values, MASS's ``summary.polr``.

    Parameters
    ----------
    correlation : bool
        Also the correlations of the estimates.
    digits : int
        Significant digits of the printed numbers.
    vcov : str, mapping, matrix or function, optional
        Another covariance of coefficients and thresholds; the table names it.

    Returns
    -------
    OrdinalSummary
    """
    wald = Wald.of(fit, vcov)
    table = np.column_stack([wald.estimate, wald.error, wald.statistic()])
    with np.errstate(invalid="ignore"):
        related = wald.cov / np.outer(wald.error, wald.error) if correlation else None
    texts = texts_of(fit)
    names = list(wald.names)
    texts = replace(
        texts, table=table, correlation=related, closing=(*wald.note, *texts.closing), digits=digits
    )
    matrix = None if related is None else pd.DataFrame(related, index=names, columns=names)
    return OrdinalSummary(texts, pd.DataFrame(table, index=names, columns=list(COLUMNS)), matrix)
