"""Rows of the fit and new rows of every mixed model of the references."""

from __future__ import annotations

import numpy as np
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import models, new_rows
from tolerances import MIXED_ROWS

MODELS = models()
# lme4 leaves an offset= argument out of predictions for new rows; an offset() in the formula it takes, as we take both.
PREDICTED = [name for name, answer in MODELS.items() if "offset" not in answer["parts"]]


def agree(found, expected):
    """Relative to the largest; NaN where the other has none."""
    expected = np.array([np.nan if v is None else v for v in np.atleast_1d(expected)], dtype=float)
    size = np.nanmax(np.abs(expected))
    assert np.asarray(found, float) == pytest.approx(expected, rel=0, abs=MIXED_ROWS * size, nan_ok=True)


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_the_fit(name):
    answer, fit = MODELS[name], fitted(name)
    where = np.asarray(answer["rows"])
    agree(fit.fitted_values.to_numpy()[where], answer["fitted"])
    agree(fit.residuals().to_numpy()[where], answer["residuals"])
    agree(fit.residuals("pearson").to_numpy()[where], answer["pearson"])
    assert fit.predict().equals(fit.linear_predictors)
    quantiles = np.asarray(answer["scaled_quantiles"], dtype=float)
    assert np.asarray(fit.residual_quantiles) == pytest.approx(quantiles, abs=1e-5)


@pytest.mark.parametrize("name", PREDICTED)
def test_predictions_of_new_rows(name):
    answer, fit = MODELS[name]["predict"], fitted(name)
    data = new_rows(MODELS[name]["parts"]["data"])
    agree(fit.predict(data, type="response"), answer["response"])
    agree(fit.predict(data), answer["link"])
    agree(fit.predict(data, type="response", re_form="~0"), answer["population"])
    agree(fit.predict(data, re_form="~0"), answer["population_link"])
