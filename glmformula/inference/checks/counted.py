"""Probabilities of counts that fitted models give, whatever their class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.likelihood.layout import Layout, predictors_by_chunk
from ...engine.rows import evaluate_rows
from ...errors import FitError
from ...families.distributions import BINOMIAL
from ...fitted.asked import Asked, asked
from ...fitted.protocols import is_mixed, is_parametric, is_single_index, no_model

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...families.likelihood import Likelihood
    from ...sources.base import Block

Question = Callable[["Block"], np.ndarray]


def row_logliks(fit: Any, verb: str) -> Question:
    """Of a block: the log-likelihood of each row, (m,), prior weights left out.

    Raises
    ------
    FitError
        No fitted model, or one whose response is no count.
    """
    if is_parametric(fit):
        return partial(_parametric, fit.likelihood, fit.result.layout, fit.result.solved.parameters)
    return partial(_log_mass, fit.result, _family(fit, verb, binomial=True))


def count_probabilities(fit: Any, counts: tuple[int, ...], verb: str) -> Question:
    """Of a block: P(Y = k) for each row and each of the counts, (m, K); errors as `row_logliks`."""
    if is_parametric(fit):
        if fit.likelihood.reading != "numbers":
            raise _no_counts(fit, verb)
        return partial(_probabilities, asked(fit, "prob", list(counts)))
    return partial(_masses, fit.result, _family(fit, verb), np.array(counts))


def _family(fit: Any, verb: str, binomial: bool = False) -> Family:
    if is_mixed(fit):
        raise FitError(
            f"{verb} means nothing for a {type(fit).__name__}: its counts are of the family given the random effects, "
            "and those of the population of no family; simulate_residuals() and check_model() lay draws beside them"
        )
    if not is_single_index(fit):
        raise no_model(fit, verb)
    law = fit.family.distribution
    if law is None or not law.discrete or (law == BINOMIAL and not binomial):
        raise _no_counts(fit, verb)
    return fit.family


def _no_counts(fit: Any, verb: str) -> FitError:
    family = getattr(fit, "family", None)
    what = f"a {type(fit).__name__}" + (f" of family '{family.name}'" if family is not None else "")
    return FitError(
        f"{verb} is asked of models of counts: glm(family='poisson'), glm_nb(), zeroinfl(), hurdle(); got {what}, "
        "which has no probabilities of counts"
    )


def _parametric(likelihood: Likelihood, layout: Layout, parameters: np.ndarray, block: Block) -> np.ndarray:
    parts = [np.empty(0)]
    for rows, _, etas in predictors_by_chunk(layout, parameters, block):
        parts.append(likelihood.evaluate(block.y[rows], etas).loglik)
    return np.concatenate(parts)


def _log_mass(result: GlmFit, family: Family, block: Block) -> np.ndarray:
    _, mu = evaluate_rows(block, result.coefficients, family)
    trials = np.ones_like(mu)
    if family.distribution == BINOMIAL and block.prior_weights is not None:
        trials = block.prior_weights
    law = family.response_distribution(mu, trials, 1.0)
    return np.asarray(law.logpmf(np.round(block.y * trials)))


def _masses(result: GlmFit, family: Family, counts: np.ndarray, block: Block) -> np.ndarray:
    _, mu = evaluate_rows(block, result.coefficients, family)
    law = family.response_distribution(mu[:, None], np.ones((len(mu), 1)), 1.0)
    return np.asarray(law.pmf(counts[None, :]))


def _probabilities(question: Asked, block: Block) -> np.ndarray:
    return question.values(block)
