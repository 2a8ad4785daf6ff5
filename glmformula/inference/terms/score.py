"""Rao's score statistic for adding columns to a model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...design.pieces import Design
from ...engine.irls import fit_glm
from ...engine.nested import Columns, Nested
from ...engine.passes import weights_at
from ...engine.result import Control
from ...engine.rows import evaluate_rows
from ...families import Family, gaussian
from ...sources.base import Block, Source
from ...sources.mapped import Mapped

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def score_statistic(small: SingleIndex, big: SingleIndex) -> float:
    """Score test of `big` against `small`, both on the same rows, not yet divided by the dispersion.

    The reduction in the weighted sum of squares when the working residuals of `small` are regressed on the
    columns of `big` with the working weights of `small`: r'W X (X'WX)^-1 X'W r (Rao 1948; Pregibon 1982),
    computed as R does in ``anova.glm(test = "Rao")``.
    """
    if big.rows.streamed:
        from ...sources.streamed import PairedSource

        combine = partial(_paired, small.family, small.result.coefficients, small.result.solved_at)
        source: Source = PairedSource(small.rows.source, big.rows.source, combine)
    else:
        state = small.row_state
        source = big.rows.source.with_response(state.working_residuals, state.working_weights)
    regression = fit_glm(
        source, gaussian(), names=big.column_names, intercept=small.terms.intercept, control=Control()
    )
    return max(0.0, regression.null_deviance - regression.deviance)  # negative by rounding only


def nested_score_statistic(columns: Columns, small: Nested, big: frozenset[int]) -> float:
    """The same for two sub-models of one set of columns, in passes over the rows; `big` are its terms.

    R's ``drop1`` and ``add1`` subtract the mean of the residuals even where the model has no intercept, which
    is not the score test; ``anova`` does it right in R, and this too.
    """
    source = Mapped(columns.source, partial(_selected, columns.family, small, big))
    chosen = np.isin(columns.assign, list(big))
    names = tuple(f"column {j}" for j in np.flatnonzero(chosen))
    regression = fit_glm(source, gaussian(), names=names, intercept=columns.intercept, control=Control())
    return max(0.0, regression.null_deviance - regression.deviance)  # negative by rounding only


def _paired(
    family: Family, beta: np.ndarray, solved_at: np.ndarray | None, small: Block, big: Block
) -> Block:
    """The columns of the big model, with what the small one leaves of its rows."""
    return _regression(family, beta, solved_at, small, big.design)


def _selected(family: Family, small: Nested, big: frozenset[int], block: Block) -> Block:
    """The same of two sub-models, by their terms."""
    inner = replace(block, design=block.design.select_terms(small.terms), etastart=None, mustart=None)
    return _regression(family, small.beta, small.solved_at, inner, block.design.select_terms(big))


def _regression(
    family: Family, beta: np.ndarray, solved_at: np.ndarray | None, small: Block, design: Design
) -> Block:
    """Working residuals and weights of the small model, at `beta`, as response and weights of the big one's columns."""
    eta, mu = evaluate_rows(small, beta, family)
    with np.errstate(all="ignore"):
        residuals = (small.y - mu) / family.link.mu_eta(eta)
        weights = weights_at(solved_at, family, small)
    used = weights > 0
    return Block(design, np.where(used, residuals, 0.0), np.where(used, weights, 0.0))
