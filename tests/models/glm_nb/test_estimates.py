"""glm_nb against the exact maximum of the likelihood, which R found by Newton's method from MASS's answers."""

from __future__ import annotations

import numpy as np
import pytest
from reference.glm_nb.load import MODELS, answers, fitted
from tolerances import NB_COEFFICIENT, NB_LOGLIK

IDS = sorted(MODELS)


def values(numbers):
    return np.array([np.nan if v is None else v for v in numbers], dtype=float)


def test_there_are_enough_models():
    assert len(IDS) >= 30


@pytest.mark.parametrize("id_", IDS)
def test_coefficients_and_standard_errors(id_):
    fit, r = fitted(id_), answers()[id_]
    assert list(fit.coefficients.index) == r["names"]
    coef, se = values(r["coef"]), values(r["se"])
    ours = fit.coefficients.to_numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(coef))
    kept = ~np.isnan(coef)
    size = np.maximum(np.abs(coef[kept]), se[kept])
    assert np.max(np.abs(ours[kept] - coef[kept]) / size) < NB_COEFFICIENT
    np.testing.assert_allclose(fit.summary().coefficients["Std. Error"], se[kept], rtol=NB_COEFFICIENT)


@pytest.mark.parametrize("id_", IDS)
def test_theta_and_likelihood(id_):
    fit, r = fitted(id_), answers()[id_]
    assert abs(fit.theta - r["theta"]) < NB_COEFFICIENT * max(r["theta"], r["se_theta"])
    assert fit.se_theta == pytest.approx(r["se_theta"], rel=NB_COEFFICIENT)
    assert fit.twologlik == pytest.approx(2 * r["loglik"], rel=NB_LOGLIK)
    assert float(fit.loglik) == fit.twologlik / 2
    assert (fit.rank, fit.df_residual, fit.loglik.df) == (r["rank"], r["df_residual"], r["mass"]["df"])


@pytest.mark.parametrize("id_", IDS)
def test_what_mass_says_of_the_whole_fit(id_):
    """Its own digits: the alternation stops at 1e-8 of the deviance."""
    fit, mass = fitted(id_), answers()[id_]["mass"]
    assert fit.deviance == pytest.approx(mass["deviance"], rel=1e-4)
    assert fit.null_deviance == pytest.approx(mass["null_deviance"], rel=1e-4)
    assert fit.aic == pytest.approx(mass["aic"], rel=1e-8)
    assert fit.bic == pytest.approx(mass["bic"], rel=1e-8)
    assert fit.theta == pytest.approx(mass["theta"], rel=1e-5)
    assert (fit.dispersion, fit.converged, fit.iter) == (1.0, True, 1)
