"""Rao's score statistic for adding columns to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.irls import fit_glm
from ..engine.result import Control
from ..families import gaussian

if TYPE_CHECKING:
    from ..models.model import GLM


def score_statistic(small: GLM, big: GLM) -> float:
    """Score test of `big` against `small`, both on the same rows, not yet divided by the dispersion.

    The reduction in the weighted sum of squares when the working residuals of `small` are regressed on the
    columns of `big` with the working weights of `small`: r'W X (X'WX)^-1 X'W r (Rao 1948; Pregibon 1982),
    computed as R does in ``anova.glm(test = "Rao")``.
    """
    state = small.row_state
    source = big.rows.source.with_response(state.working_residuals, state.working_weights)
    regression = fit_glm(source, gaussian(), names=big.column_names, intercept=small.terms.intercept, control=Control())
    return regression.null_deviance - regression.deviance
