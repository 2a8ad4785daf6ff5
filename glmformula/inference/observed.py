"""What was observed and what a fit expected, row by row: of the fit's own rows, or of new ones with the response."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..design.build import design_for
from ..engine.rows import evaluate_rows
from ..errors import DataError
from ..formula.values import Factor
from ..frame.model_frame import model_frame
from ..frame.response import response_arrays
from ..sources.mapped import collect
from ..sources.memory import MemorySource

if TYPE_CHECKING:
    from ..families import Family
    from ..fitted.protocols import SingleIndex
    from ..sources.base import Block


@dataclass(frozen=True)
class Observed:
    """Rows with a response, (n,) each.

    Attributes
    ----------
    y, mu : ndarray
        Observed and expected, response scale: a proportion for a binomial.
    weights : ndarray
        Prior weights; the number of trials of a binomial in two columns.
    exposure : ndarray
        exp(offset) of a log link, else 1; not multiplied by the weights.
    """

    y: np.ndarray
    mu: np.ndarray
    weights: np.ndarray
    exposure: np.ndarray

    def rows(self, which: np.ndarray) -> Observed:
        """Some of the rows."""
        return Observed(self.y[which], self.mu[which], self.weights[which], self.exposure[which])


def observed(fit: SingleIndex, newdata: Any = None) -> Observed:
    """The rows of the fit, or of a table in memory that has the response too; rows with missing values are left out.

    Raises
    ------
    DataError
        The model holds no training rows; `newdata` lacks the response, or has no complete row.
    """
    if newdata is None:
        return _joined(collect(fit.rows.source, partial(_of_block, fit.result.coefficients, fit.family)))
    rows, _ = of_rows(fit, newdata)
    if not len(rows.y):
        raise DataError(
            "newdata has no row without a missing value in the response or a variable of the model"
        )
    return rows


def of_rows(fit: SingleIndex, newdata: Any, new_levels: str = "error") -> tuple[Observed, int]:
    """The complete rows of new data, and how many there are that are not."""
    made = design_for(fit.schema, newdata, new_levels=new_levels)
    y, weights = _response(fit, newdata)
    complete = ~made.missing & ~np.isnan(y)
    source = MemorySource(made.design, y, prior_weights=weights, offset=made.offset)
    whole = _joined(collect(source, partial(_of_block, fit.result.coefficients, fit.family)))
    return whole.rows(complete), int((~complete).sum())


def _response(fit: SingleIndex, newdata: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """The response of new rows: for categories 1 where it is the level that the fit models."""
    terms = fit.terms
    if terms.response is None:
        raise DataError("the model has no response")
    weights = fit.rows.arguments.get("weights") if fit.training is not None else None
    frame = model_frame(
        f"{terms.names[0]} ~ 1",
        newdata,
        weights=weights if isinstance(weights, str) else None,
        na_action="na.pass",
    )
    value, prior = frame.response_value, frame.prior_weights
    assert value is not None
    if isinstance(value, Factor) and fit.modelled is not None:
        if fit.modelled not in value.levels:
            return np.where(value.codes < 0, np.nan, 0.0), prior
        return np.where(value.codes < 0, np.nan, value.codes == value.levels.index(fit.modelled)), prior
    reading = fit.family.reading
    response = response_arrays(value, prior, reading, terms.names[0], frame.response_kind)
    return response.y, response.prior_weights


def _of_block(beta: np.ndarray, family: Family, block: Block) -> Observed:
    _, mu = evaluate_rows(block, beta, family)
    ones = np.ones(len(block.y))
    logs = family.link.name == "log" and block.offset is not None
    exposure = np.exp(block.offset) if logs and block.offset is not None else ones
    weights = ones if block.prior_weights is None else block.prior_weights
    return Observed(np.asarray(block.y, dtype=float), mu, weights, exposure)


def _joined(parts: list[Observed]) -> Observed:
    columns = zip(*((part.y, part.mu, part.weights, part.exposure) for part in parts), strict=True)
    return Observed(*(np.concatenate(column) for column in columns))
