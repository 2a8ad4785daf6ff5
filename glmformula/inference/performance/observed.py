"""What was observed and what a fit expected, row by row: of the fit's own rows, or of new ones with the response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...design.build import design_for
from ...engine.rows import evaluate_rows
from ...errors import DataError
from ...fitted.asked import asked
from ...fitted.protocols import MeanModel, PenaltyPath, is_parametric, lacking, require
from ...formula.functions.convert import as_factor
from ...formula.values import Factor, Logical, Matrix, Text
from ...frame.model_frame import ModelFrame, model_frame
from ...frame.response import CATEGORIES, response_arrays
from ...sources.mapped import collect
from ...sources.memory import MemorySource
from ..checks.counted import row_logliks

if TYPE_CHECKING:
    from ...families import Family
    from ...fitted.asked import Asked
    from ...fitted.protocols import Parametric
    from ...sources.base import Block

INSTEAD = "it has no mean that rows could be laid beside"


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
    deviance : ndarray or None
        -2 log-likelihood per unit of weight, of a model without a family.
    """

    y: np.ndarray
    mu: np.ndarray
    weights: np.ndarray
    exposure: np.ndarray
    deviance: np.ndarray | None = None

    def rows(self, which: np.ndarray) -> Observed:
        """Some of the rows."""
        deviance = None if self.deviance is None else self.deviance[which]
        return Observed(self.y[which], self.mu[which], self.weights[which], self.exposure[which], deviance)

    @property
    def missing(self) -> np.ndarray:
        """Rows without a response."""
        return np.isnan(self.y)


@dataclass(frozen=True)
class Classified:
    """Rows whose response is a category.

    Attributes
    ----------
    seen : ndarray (n, K)
        1 in the column of the category, or the share of each; NaN where it is missing, or one that the fit has not.
    p : ndarray (n, K)
        Fitted probabilities.
    weights : ndarray (n,)
    levels : tuple of str (K,)
    ordered : bool
    """

    seen: np.ndarray
    p: np.ndarray
    weights: np.ndarray
    levels: tuple[str, ...]
    ordered: bool

    def rows(self, which: np.ndarray) -> Classified:
        """Some of the rows."""
        return Classified(self.seen[which], self.p[which], self.weights[which], self.levels, self.ordered)

    @property
    def missing(self) -> np.ndarray:
        """Rows without a response."""
        return np.isnan(self.seen).any(axis=1)

    def one(self, level: str) -> Observed:
        """One category against all others."""
        k = self.levels.index(level)
        return Observed(self.seen[:, k], self.p[:, k], self.weights, np.ones(len(self.weights)))


Outcome = Observed | Classified
Ask = Callable[["Block"], Outcome]
"""Of a block of rows what was observed and expected; picklable."""


def chosen(fit: Any, verb: str) -> Any:
    """The model itself; of a path of penalties the one that was chosen.

    Raises
    ------
    FitError
        It expects nothing of a row, or no penalty was chosen.
    """
    if not lacking(fit, PenaltyPath):
        return cast(PenaltyPath, fit).at_penalty()
    if not is_parametric(fit):
        require(fit, MeanModel, verb, INSTEAD)
    return fit


def observed(fit: Any, newdata: Any = None, verb: str = "this") -> Outcome:
    """The rows of the fit, or of a table in memory that has the response too; rows with missing values are left out.

    Raises
    ------
    DataError
        The model holds no training rows; `newdata` lacks the response, or has no complete row.
    """
    fit = chosen(fit, verb)
    if newdata is None:
        return joined(collect(fit.rows.source, asking(fit)))
    rows, _ = of_rows(fit, newdata)
    if not len(rows.weights):
        raise DataError(
            "newdata has no row without a missing value in the response or a variable of the model"
        )
    return rows


def of_rows(fit: Any, newdata: Any, new_levels: str = "error") -> tuple[Outcome, int]:
    """The complete rows of new data, and how many there are that are not."""
    made = design_for(fit.schema, newdata, new_levels=new_levels)
    y, weights = _response(fit, newdata, new_levels)
    source = MemorySource(made.design, y, prior_weights=weights, offset=made.offset)
    with np.errstate(invalid="ignore"):
        whole = joined(collect(source, asking(fit)))
    complete = ~made.missing & ~whole.missing
    return whole.rows(complete), int((~complete).sum())


def asking(fit: MeanModel | Parametric) -> Ask:
    """What to ask of blocks of rows."""
    if not is_parametric(fit):
        return partial(_of_mean, fit.result.coefficients, fit.family)
    if fit.likelihood.reading != CATEGORIES:
        return partial(_of_counts, asked(fit, "response"), row_logliks(fit, "this"))
    known = tuple(fit.likelihood.parameters["levels"])
    order = tuple(fit.likelihood.levels.index(level) for level in known)
    return partial(_of_categories, asked(fit, "probs"), order, known, fit.likelihood.ordered)


def _response(
    fit: MeanModel | Parametric, newdata: Any, new_levels: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """The response of new rows as the blocks of the fit have it."""
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
    if is_parametric(fit):
        if fit.likelihood.reading == CATEGORIES:
            return _categories(tuple(fit.likelihood.parameters["levels"]), frame, terms.names[0], new_levels)
        reading = fit.likelihood.reading
    elif isinstance(value, Factor) and fit.modelled is not None:
        if fit.modelled not in value.levels:
            return np.where(value.codes < 0, np.nan, 0.0), prior
        return np.where(value.codes < 0, np.nan, value.codes == value.levels.index(fit.modelled)), prior
    else:
        reading = fit.family.reading
    response = response_arrays(value, prior, reading, terms.names[0], frame.response_kind)
    return response.y, response.prior_weights


def _categories(
    levels: tuple[str, ...], frame: ModelFrame, name: str, new_levels: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Places among the levels of the fit, NaN of others if `new_levels` is "na"; of counts their shares.

    Raises
    ------
    DataError
    """
    value: Any = frame.response_value
    if isinstance(value, Matrix) and value.values.shape[1] > 1:
        response = response_arrays(value, frame.prior_weights, CATEGORIES, name, frame.response_kind)
        if response.levels != levels:
            raise DataError(
                f"newdata: '{name}' has the columns {', '.join(response.levels)}, and the fit {', '.join(levels)}"
            )
        return response.y, response.prior_weights
    if isinstance(value, Matrix):
        value = value.values[:, 0]
    if isinstance(value, Text | Logical) or not isinstance(value, Factor):
        value = as_factor(value)
    place = {level: float(k) for k, level in enumerate(levels)}
    other = sorted({value.levels[code] for code in np.unique(value.codes) if code >= 0} - set(levels))
    if other and new_levels == "error":
        raise DataError(
            f"newdata: '{name}' has the categories {', '.join(map(repr, other))}, which the fit has not seen: "
            f"{', '.join(map(repr, levels))}"
        )
    known = np.array([place.get(level, np.nan) for level in value.levels] + [np.nan])
    return known[value.codes], frame.prior_weights


def _of_mean(beta: np.ndarray, family: Family, block: Block) -> Observed:
    _, mu = evaluate_rows(block, beta, family)
    ones = np.ones(len(block.y))
    logs = family.link.name == "log" and block.offset is not None
    exposure = np.exp(block.offset) if logs and block.offset is not None else ones
    return Observed(np.asarray(block.y, dtype=float), mu, _weights(block), exposure)


def _of_counts(question: Asked, logliks: Callable[[Block], np.ndarray], block: Block) -> Observed:
    y = np.asarray(block.y, dtype=float)
    return Observed(y, question.values(block), _weights(block), np.ones(len(y)), -2 * logliks(block))


def _of_categories(
    question: Asked, order: tuple[int, ...], levels: tuple[str, ...], ordered: bool, block: Block
) -> Classified:
    p = question.values(block)
    p = np.stack([1 - p, p], axis=1) if p.ndim == 1 else p
    seen = block.y
    if seen.ndim == 1:
        seen = np.where(np.isnan(seen)[:, None], np.nan, seen[:, None] == np.arange(len(levels)))
    return Classified(seen, p[:, list(order)], _weights(block), levels, ordered)


def _weights(block: Block) -> np.ndarray:
    return np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights


def joined(parts: list[Any]) -> Any:
    """The rows of all parts, which are of one kind."""
    first = parts[0]

    def together(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    if isinstance(first, Classified):
        return Classified(together("seen"), together("p"), together("weights"), first.levels, first.ordered)
    deviance = None if first.deviance is None else together("deviance")
    return Observed(together("y"), together("mu"), together("weights"), together("exposure"), deviance)
