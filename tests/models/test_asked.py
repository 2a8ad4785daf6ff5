"""Quantities with their derivatives by the parameters: of every class of models alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glmformula import datasets, glm
from glmformula.design.build import design_for
from glmformula.fitted.asked import Asked, asked
from glmformula.models.zero_counts import zeroinfl
from glmformula.sources.memory import MemorySource

DATA = datasets.attrition()
NEW = DATA.head(7)
FITS = {
    "logit": lambda: glm("left ~ salary + overtime_hours", DATA, family="binomial"),
    "log, aliased, offset": lambda: glm(
        "sick_days ~ overtime_hours + I(2 * overtime_hours) + offset(experience_years / 50)", DATA, "poisson"
    ),
    "zeros": lambda: zeroinfl("sick_days ~ overtime_hours | experience_years", DATA),
}


def block(fit: object, new: pd.DataFrame):
    made = design_for(fit.schema, new)  # type: ignore[attr-defined]
    source = MemorySource(made.design, np.zeros(len(new)), offset=made.offset)
    return source.block(slice(0, len(new)))


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("type", [None, "link", "prob"])
def test_values_are_predictions_and_gradients_their_derivatives(name: str, type: str | None) -> None:
    fit = FITS[name]()
    if type == ("link" if name == "zeros" else "prob"):
        with pytest.raises(ValueError, match="type should be one of"):
            asked(fit, type)
        return
    question = asked(fit, type, at=[0, 2] if type == "prob" else None)
    options = {"at": [0, 2]} if type == "prob" else {}
    rows = block(fit, NEW)
    expected = fit.predict(NEW, type=type or "response", **options)
    np.testing.assert_allclose(question.values(rows), expected, rtol=1e-12)
    gradients = question.gradients(rows)
    assert gradients.shape[-1] == len(question.names) == len(question.parameters)
    cov = np.diag(np.arange(1.0, len(question.names) + 1))
    spread = np.einsum("...r,rs,...s->...", gradients, cov, gradients)
    np.testing.assert_allclose(question.errors(rows, cov), np.sqrt(spread), rtol=1e-12)
    h = 1e-6
    for j in range(len(question.parameters)):
        size = h * max(abs(question.parameters[j]), 1e-3)
        up, down = (moved(question, j, sign * size).values(rows) for sign in (1, -1))
        np.testing.assert_allclose(
            gradients[..., j], (up - down) / (2 * size), rtol=2e-4, atol=1e-7 * np.abs(gradients).max()
        )


def moved(question: Asked, j: int, by: float) -> Asked:
    parameters = question.parameters.copy()
    parameters[j] += by
    return replace(question, parameters=parameters)
