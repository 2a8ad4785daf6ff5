"""Every mixed model of the references: at the exact minimum of lme4's own deviance function."""

from __future__ import annotations

import numpy as np
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import models, new_rows, symmetric
from tolerances import (
    MIXED_COVARIANCE,
    MIXED_DEVIANCE,
    MIXED_ERRORS,
    MIXED_MODES,
    MIXED_SIGMA,
)

MODELS = models()
fit_of = fitted

pytestmark = pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")


@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_of_the_fit(name):
    answer, fit = MODELS[name], fit_of(name)
    cov = symmetric(answer["vcov"])
    se = np.sqrt(np.diag(cov))
    assert fit.converged
    assert fit.result.deviance == pytest.approx(answer["value"], abs=MIXED_DEVIANCE)
    assert (np.abs(fit.fixef.to_numpy() - answer["beta"]) / se).max() < MIXED_ERRORS
    assert (np.abs(fit.covariance - cov) / np.outer(se, se)).max() < MIXED_COVARIANCE
    curvature = np.diag(symmetric(answer["hessian"]))[: fit.structure.n_theta]
    spread = np.sqrt(2 / np.maximum(np.abs(curvature), 1e-6))
    assert (np.abs(fit.result.theta - answer["theta"]) / spread).max() < MIXED_ERRORS
    assert fit.sigma == pytest.approx(answer["sigma"], rel=MIXED_SIGMA)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_counted(name):
    answer, fit = MODELS[name], fit_of(name)
    assert list(fit.fixef.index) == np.atleast_1d(answer["names"]).tolist()
    assert list(fit.theta.index) == np.atleast_1d(answer["theta_names"]).tolist()
    assert fit.ngrps.to_dict() == answer["groups"]
    assert (fit.nobs, fit.df_residual) == (answer["nobs"], answer["df_residual"])
    assert fit.loglik.df == answer["df"]
    assert fit.aic == pytest.approx(answer["aic"], rel=1e-9)
    assert fit.bic == pytest.approx(answer["bic"], rel=1e-9)
    assert fit.is_singular() == answer["singular"]


@pytest.mark.parametrize("name", MODELS)
def test_the_variances(name):
    answer, fit = MODELS[name]["varcorr"], fit_of(name)
    frame = fit.VarCorr().frame
    assert frame["grp"].tolist() == answer["grp"]
    assert [None if v != v else v for v in frame["var1"]] == answer["var1"]
    expected = np.array([np.nan if v is None else v for v in answer["vcov"]], dtype=float)
    assert frame["vcov"].to_numpy() == pytest.approx(expected, rel=1e-5, abs=1e-6 * expected.max())


@pytest.mark.parametrize("name", MODELS)
def test_the_modes_of_the_random_effects(name):
    answer, fit = MODELS[name]["ranef"], fit_of(name)
    found = fit.ranef(cond_var=True)
    assert list(found) == list(answer)
    for group, own in answer.items():
        table = found[group]
        assert table.columns.tolist() == np.atleast_1d(own["columns"]).tolist()
        assert len(table) == own["groups"]
        levels = [str(level) for level in own["levels"]]
        expected = np.array(own["modes"], dtype=float).reshape(len(table.columns), -1)
        got = table.loc[levels].to_numpy().T
        assert np.abs(got - expected).max() < MIXED_MODES * max(np.abs(expected).max(), 1e-3)
        where = table.index.get_indexer(levels)
        for j, lower in zip(where.tolist(), own["variance"], strict=True):
            expected = symmetric(np.atleast_1d(lower).tolist())
            own_blocks = expected != 0  # lme4 leaves the covariances between terms, (x || g), out
            got = found.cond_var[group][j][own_blocks]
            assert got == pytest.approx(expected[own_blocks], rel=1e-5, abs=1e-6 * expected.max())


def agree(found, expected, tolerance=1e-6):
    """Relative to the largest; NaN where the other has none."""
    expected = np.array([np.nan if v is None else v for v in np.atleast_1d(expected)], dtype=float)
    found = np.asarray(found, dtype=float)
    assert found == pytest.approx(
        expected, rel=1e-5, abs=tolerance * np.nanmax(np.abs(expected)), nan_ok=True
    )


@pytest.mark.parametrize("name", MODELS)
def test_rows_of_the_fit(name):
    answer, fit = MODELS[name], fit_of(name)
    where = np.asarray(answer["rows"])
    agree(fit.fitted_values.to_numpy()[where], answer["fitted"])
    agree(fit.residuals().to_numpy()[where], answer["residuals"])
    agree(fit.residuals("pearson").to_numpy()[where], answer["pearson"])
    assert fit.predict().equals(fit.linear_predictors)


# lme4 leaves an offset= argument out of predictions for new rows; an offset() in the formula it takes, as we take both.
PREDICTED = [name for name, answer in MODELS.items() if "offset" not in answer["parts"]]


@pytest.mark.parametrize("name", PREDICTED)
def test_predictions_of_new_rows(name):
    answer, fit = MODELS[name]["predict"], fit_of(name)
    data = new_rows(MODELS[name]["parts"]["data"])
    agree(fit.predict(data, type="response"), answer["response"])
    agree(fit.predict(data), answer["link"])
    agree(fit.predict(data, type="response", re_form="~0"), answer["population"])
    agree(fit.predict(data, re_form="~0"), answer["population_link"])
