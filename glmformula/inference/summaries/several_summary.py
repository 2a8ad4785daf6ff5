"""``summary`` of a model of several linear predictors: a coefficient table for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...fitted.separation import infinite_names, lost_names
from ...render.report import Block, Rendered, to_text
from ...render.several import SummaryTexts, print_blocks, summary_blocks
from ..wald import Vcov, Wald, resolved, test_columns

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric


@dataclass(frozen=True, repr=False, eq=False)
class SeveralSummary(Rendered):
    """What ``summary(fit)`` says; prints as R's.

    Attributes
    ----------
    tables : dict of str to DataFrame
        Of each predictor: Estimate, Std. Error, z value, Pr(>|z|), the constants beneath.
    """

    parts: SummaryTexts
    tables: dict[str, pd.DataFrame] = field(repr=False)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """All tables, one under another."""
        return pd.concat(self.tables)

    @property
    def frame(self) -> pd.DataFrame:
        """`coefficients`."""
        return self.coefficients

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__.get("tables", {})
        if name in tables:
            return tables[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute {name!r}")

    def blocks(self, digits: int | None = None) -> list[Block]:
        return summary_blocks(self.parts, digits)


def summary(
    fit: Parametric, vcov: Vcov = None, *, digits: int = 4, signif_stars: bool = True
) -> SeveralSummary:
    """Estimates, standard errors and normal tests of all predictors.

    Parameters
    ----------
    vcov : str, mapping, matrix or function, optional
        Another covariance of the coefficients: ``"HC1"``, ``{"cluster": "firm"}`` ...; the table names it.
    digits : int
        Significant digits of the printed numbers.
    signif_stars : bool
        Whether stars and their legend are printed.

    Returns
    -------
    SeveralSummary
        With a DataFrame for each predictor, under its name.

    Raises
    ------
    DataError, ValueError
        As of a ``glm``.
    """
    joint, note = fit.joint_covariance, ""
    if vcov is not None:
        cov, note = resolved(fit, vcov)
        joint = joint.copy()
        own = np.flatnonzero(~fit.result.constants)
        joint[np.ix_(own, own)] = cov
    wald = Wald((), fit.result.solved.parameters, joint, note)
    every = np.vstack([wald.tests(np.inf), np.full(4, np.nan)])  # the last row is for the aliased
    columns = tuple(test_columns(np.inf))
    printed = fit.printed()
    values = tuple(every[np.asarray(heading.parameters, dtype=int)] for heading in printed.tables)
    frames = {
        heading.key: pd.DataFrame(table, index=list(heading.names), columns=list(columns))
        for heading, table in zip(printed.tables, values, strict=True)
    }
    texts = SummaryTexts(
        call=fit.call,
        quantiles=fit.residual_quantiles,
        printed=printed,
        values=values,
        columns=columns,
        errors=wald.note,
        n_omitted=fit.n_omitted,
        notes=notes(fit),
        digits=digits,
        signif_stars=signif_stars,
    )
    return SeveralSummary(texts, frames)


def print_text(fit: Parametric) -> str:
    """The printed fit."""
    every = np.append(fit.result.solved.parameters, np.nan)
    printed = fit.printed()
    values = [every[np.asarray(heading.parameters, dtype=int)] for heading in printed.tables]
    return to_text(print_blocks(fit.call, printed, values, notes(fit))).removesuffix("\n")


def notes(fit: Parametric) -> tuple[str, ...]:
    """Our own lines after R's text."""
    lines = []
    if not fit.converged:
        lines.append("Note: the search for the maximum of the likelihood did not converge")
    limits = fit.result.solved.limits
    if np.isinf(limits).any():
        lines.append(
            f"Note: no finite maximum-likelihood estimate: {infinite_names(limits, fit.parameter_names)}"
        )
    if np.isnan(limits).any():
        lines.append(f"Note: not determined: {lost_names(limits, fit.parameter_names)}")
    return tuple(lines)
