"""Responses that have no estimate of theta, or none at all; arguments that mean nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from mpmath import mp
from reference.models.load import load

import glmformula as gf
from glmformula import ConvergenceWarning, DataError, DataWarning, FamilyError, FitError, SeparationWarning


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    return pd.DataFrame(
        {
            "x": x,
            "y": rng.negative_binomial(2, 2 / (2 + np.exp(0.3 * x + 1))),
            "few": rng.binomial(5, 0.5, 300),
            "g": np.where(np.arange(300) % 3 == 0, "a", "b"),
        }
    )


def test_no_more_variance_than_a_poisson(data):
    with pytest.warns(
        ConvergenceWarning, match="theta has no finite estimate.*boundary.*p-value 1.*family='poisson'"
    ):
        fit = gf.glm_nb("few ~ x", data)
    poisson = gf.glm("few ~ x", data, "poisson", epsilon=1e-13)
    assert fit.se_theta == np.inf
    assert fit.theta > 1e9
    np.testing.assert_allclose(fit.coefficients, poisson.coefficients, rtol=1e-6)
    assert float(fit.loglik) == pytest.approx(float(poisson.loglik), rel=1e-9)
    assert "Warning while fitting theta: no finite estimate, the fit is a Poisson's" in str(fit.summary())
    assert "Std. Err.:  Inf" in str(fit.summary())
    assert gf.lrtest(poisson, fit)["Pr(>Chisq)"].iloc[1] == pytest.approx(1, abs=1e-3)
    with pytest.raises(FitError, match="theta has no finite estimate, and so no covariance"):
        fit.vcov(complete_theta=True)
    np.testing.assert_allclose(
        fit.confint(1, method="profile-joint"), poisson.confint(1, method="profile-exact"), rtol=1e-5
    )


def test_cancer_where_mass_fails_or_wanders():
    """MASS: theta 3168 with a warning at default control, an error at a sharper one."""
    formula = "ncases ~ agegp + alcgp + offset(log(ncases + ncontrols))"
    with pytest.warns(ConvergenceWarning, match="theta has no finite estimate"):
        fit = gf.glm_nb(formula, load("esoph"))
    assert fit.deviance == pytest.approx(gf.glm(formula, load("esoph"), "poisson").deviance, rel=1e-8)


@pytest.mark.filterwarnings("ignore:glm.fit. fitted means numerically 0")
def test_separated_counts_are_named(data):
    data["y"] = np.where(data["g"] == "a", 0, data["y"])
    with pytest.warns(SeparationWarning, match=r"gb \(\+Inf\)"):
        fit = gf.glm_nb("y ~ g", data)
    alone = gf.glm_nb("y ~ 1", data[data["g"] == "b"])
    assert fit.theta == pytest.approx(alone.theta, rel=1e-6)


@pytest.mark.parametrize("init_theta", [0, -1.0, np.inf, "a"])
def test_starts_of_theta_that_are_none(data, init_theta):
    with pytest.raises(FamilyError, match="'init_theta'"):
        gf.glm_nb("y ~ x", data, init_theta=init_theta)


def test_responses_that_are_no_counts(data):
    with pytest.warns(DataWarning, match="non-integer x = .*A negative binomial is a distribution of counts"):
        fit = gf.glm_nb("I(y + 0.5 * (y > 3)) ~ x", data)
    assert np.isfinite(fit.theta)
    with pytest.raises(FamilyError, match="negative values not allowed for the negative binomial family"):
        gf.glm_nb("I(y - 1) ~ x", data)
    with pytest.raises(FitError, match="all responses are 0: the mean's estimate is 0, and theta has none"):
        gf.glm_nb("I(0 * y) ~ x", data)
    with pytest.raises(FitError, match="no observations informative"):
        gf.glm_nb("y ~ x", data, weights=np.zeros(300))
    with pytest.raises(DataError, match="is a character"):
        gf.glm_nb("g ~ x", data)


def test_arguments_that_mean_nothing(data):
    with pytest.raises(TypeError, match=r"glm_nb\(\) has no family="):
        gf.glm_nb("y ~ x", data, family="poisson")
    with pytest.raises(TypeError, match=r"glm_nb\(\) has no family="):
        gf.glm_nb("y ~ x", data).update(family="poisson")
    with pytest.raises(ValueError, match=r"'firth'.*is of models with known theta"):
        gf.glm_nb("y ~ x", data, method="firth")
    with pytest.raises(FamilyError, match="link not recognised"):
        gf.glm_nb("y ~ x", data, link="logg")
    with pytest.raises(FamilyError, match=r"glm_nb\(formula, data\) estimates theta"):
        gf.glm("y ~ x", data, family="negbin")


def test_iterations_that_stop_early_say_so(data):
    with pytest.warns(ConvergenceWarning, match="alternation limit reached: raise maxit"):
        fit = gf.glm_nb("y ~ x", data, maxit=1)
    assert not fit.converged
    assert "Warning while fitting theta: alternation limit reached" in str(fit.summary())


@pytest.mark.parametrize("link", ["log", "sqrt"])
@pytest.mark.parametrize(
    "start", [{"init_theta": 1e6}, {"init_theta": 1e-6}, {"start": [5.0, 1.0]}, {"mustart": "y + 9"}]
)
def test_any_start_leads_to_the_estimates(data, link, start):
    usual = gf.glm_nb("y ~ x", data, link=link)
    fit = gf.glm_nb("y ~ x", data, link=link, **start)
    np.testing.assert_allclose(fit.coefficients, usual.coefficients, rtol=1e-6)
    assert fit.theta == pytest.approx(usual.theta, rel=1e-6)


def test_trace_has_a_line_for_each_step(data, capsys):
    fit = gf.glm_nb("y ~ x", data, trace=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert lines[-1].startswith(f"theta = {fit.theta:.7g}"[:12])
    assert f"2 x log-likelihood = {fit.twologlik:.7g}" in lines[-1]


@pytest.mark.parametrize("size", [1e-12, 1e9])
def test_weights_of_any_size_give_one_answer(data, size):
    usual = gf.glm_nb("y ~ x + g", data)
    fit = gf.glm_nb("y ~ x + g", data, weights=np.full(300, size))
    np.testing.assert_allclose(fit.coefficients, usual.coefficients, rtol=1e-7)
    found, wanted = (fit.theta, fit.se_theta, fit.twologlik), (usual.theta, usual.se_theta, usual.twologlik)
    np.testing.assert_allclose(found, wanted * np.array([1, size**-0.5, size]), rtol=1e-7)


def test_no_columns_and_no_intercept(data):
    offset = gf.glm_nb("y ~ 0 + offset(0.3 * x + 1)", data)
    assert offset.theta == pytest.approx(gf.theta_ml(data["y"], np.exp(0.3 * data["x"] + 1)), rel=1e-9)
    assert offset.loglik.df == 1


def test_huge_counts(data):
    data["y"] = (data["y"] + 1) * 10.0**6
    fit = gf.glm_nb("y ~ x", data)
    gamma = gf.glm("y ~ x", data, gf.Gamma("log"), epsilon=1e-13)
    np.testing.assert_allclose(fit.coefficients, gamma.coefficients, rtol=1e-3)


def test_counts_in_the_thousands_of_every_size():
    """Counts beyond the table of sums, beside small ones."""
    y = np.array([0, 1, 3, 200_000, 150_000, 40, 7, 0, 900_000, 2])
    fit = gf.glm_nb("y ~ 1", {"y": y})
    with mp.workdps(40):
        theta = mp.findroot(lambda t: mp.diff(lambda s: loglik(y, s), t), 0.085)
        assert fit.theta == pytest.approx(float(theta), rel=1e-8)
        assert float(fit.loglik) == pytest.approx(float(loglik(y, theta)), rel=1e-12)


def loglik(y, theta):
    """At the mean response, in many digits."""
    mean = mp.mpf(int(y.sum())) / len(y)
    share = theta / (theta + mean)
    parts = (
        mp.loggamma(k + theta)
        - mp.loggamma(theta)
        - mp.loggamma(k + 1)
        + theta * mp.log(share)
        + k * mp.log(1 - share)
        for k in map(int, y)
    )
    return mp.fsum(parts)
