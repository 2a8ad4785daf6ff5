"""What a glm_nb fit has beside a glm's verbs, and what theta changes in them."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reference.glm_nb.load import MODELS, answers, fitted, thetas
from reference.models.load import load as data_of
from tolerances import COVARIANCE, NB_JOINT, NB_PROFILE, PROFILE_EXACT

import glmformula as gf
from glmformula import DataError, FitError

PROFILED = [id_ for id_, r in answers().items() if "confint" in r]
JOINT = [id_ for id_, r in answers().items() if "joint_limits" in r]
HELD = pytest.mark.filterwarnings("ignore:tests made without re-estimating")


@pytest.fixture(scope="module")
def quine():
    return data_of("quine")


@pytest.fixture(scope="module")
def fit(quine):
    return gf.glm_nb("Days ~ Eth * Age + Sex", quine)


@pytest.mark.parametrize("id_", PROFILED)
def test_intervals_hold_theta_as_mass(id_):
    fit, r = fitted(id_), answers()[id_]
    theirs = np.array(r["confint"], dtype=float)
    se = fit.summary().coefficients["Std. Error"].to_numpy()[:, None]
    assert np.max(np.abs(fit.confint().to_numpy() - theirs) / se) < NB_PROFILE


@pytest.mark.parametrize("id_", PROFILED)
def test_sandwich(id_):
    ours = np.sqrt(np.diag(fitted(id_).vcov("HC0")))
    np.testing.assert_allclose(ours, answers()[id_]["hc0"], rtol=10 * COVARIANCE)


@pytest.mark.parametrize("id_", JOINT)
def test_joint_profile(id_):
    fit = fitted(id_)
    ours = fit.confint(1, method="profile-joint").to_numpy().ravel()
    np.testing.assert_allclose(ours, answers()[id_]["joint_limits"], rtol=PROFILE_EXACT)
    held = fit.confint(1).to_numpy().ravel()
    assert not np.allclose(ours, held, rtol=1e-4)


@pytest.mark.parametrize("id_", MODELS)
def test_joint_covariance(id_):
    joint = fitted(id_).vcov(complete_theta=True, complete=False)
    assert joint.index[-1] == "theta"
    np.testing.assert_allclose(np.sqrt(np.diag(joint)), answers()[id_]["joint_se"], rtol=NB_JOINT)


def test_joint_covariance_of_aliased_columns():
    fit = fitted("quine-aliased")
    joint = fit.vcov(complete_theta=True)
    assert list(joint.index) == [*fit.column_names, "theta"]
    assert joint.isna().all(axis=1).sum() == fit.aliased.sum()


def test_vcov_is_a_glms_but_for_theta(fit):
    np.testing.assert_array_equal(fit.vcov(), fit.result.cov_unscaled)
    with pytest.raises(ValueError, match="complete_theta=True is of the model's own covariance"):
        fit.vcov("HC0", complete_theta=True)
    pd.testing.assert_frame_equal(gf.vcov(fit, complete_theta=True), fit.vcov(complete_theta=True))


def test_thetas_at_given_means_are_masss(quine):
    poisson, r = gf.glm("Days ~ Eth * Age", quine, "poisson"), thetas()
    y, mu, df, w = quine["Days"], poisson.fitted_values, poisson.df_residual, 1 + quine["Days"] % 3
    found = [gf.theta_ml(y, mu), gf.theta_md(y, mu, df), gf.theta_mm(y, mu, df)]
    weighted = [gf.theta_ml(y, mu, w), gf.theta_md(y, mu, df, w), gf.theta_mm(y, mu, df, w)]
    np.testing.assert_allclose(found, [r["ml"], r["md"], r["mm"]], rtol=1e-9)
    np.testing.assert_allclose(weighted, [r["ml_w"], r["md_w"], r["mm_w"]], rtol=1e-9)
    assert found[0].se == pytest.approx(r["se"], rel=1e-9)
    of_fit = [gf.theta_ml(poisson), gf.theta_md(poisson), gf.theta_mm(poisson)]
    np.testing.assert_allclose(of_fit, found, rtol=1e-12)
    assert pickle.loads(pickle.dumps(found[0])).se == found[0].se


def test_theta_of_a_fit_is_its_own(fit):
    assert gf.theta_ml(fit) == pytest.approx(fit.theta, rel=1e-8)
    assert gf.theta_ml(fit).se == pytest.approx(fit.se_theta, rel=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2],), "asked of a fitted model, or of counts and their means"),
        (([1, 2], [1.0]), r"one length; got shapes \(2,\), \(1,\)"),
        (([1, -2], [1.0, 1.0]), r"counts should be 0, 1, 2 ...; got \[-2.\]"),
        (([1, 2], [1.0, 0.0]), r"means should be positive; got \[0.\]"),
        (([0, 0], [1.0, 1.0]), "all counts are 0"),
    ],
)
def test_thetas_refuse(arguments, message):
    with pytest.raises(DataError, match=message):
        gf.theta_ml(*arguments)


def test_thetas_that_have_no_finite_value():
    y, mu = [2, 3, 2, 3], [2.5, 2.5, 2.5, 2.5]
    with pytest.warns(gf.ConvergenceWarning, match="theta_ml: the responses vary no more than a Poisson's"):
        value = gf.theta_ml(y, mu)
    assert value > 1e9
    assert value.se == np.inf
    with pytest.warns(gf.ConvergenceWarning, match="theta_mm: the responses vary no more"):
        assert gf.theta_mm(y, mu, 3) > 1e9
    with pytest.warns(gf.ConvergenceWarning, match="theta_md: estimate truncated at zero"):
        assert gf.theta_md([1, 4], [2.0, 3.0], 0.0) == 0.0
    with pytest.raises(DataError, match=r"theta_md\(\) of counts and means needs df_residual="):
        gf.theta_md(y, mu)


@HELD
def test_anova_of_one_holds_theta_and_says_so(fit):
    with pytest.warns(gf.GLMFormulaWarning, match="tests made without re-estimating 'theta'"):
        table = fit.anova()
    held = gf.glm("Days ~ Eth * Age + Sex", fit.rows.arguments["data"].given, gf.negative_binomial(fit.theta))
    np.testing.assert_allclose(table["Resid. Dev"], held.anova(test=False)["Resid. Dev"], rtol=1e-9)
    assert list(fit.anova(test="Rao").columns)[-2:] == ["Rao", "Pr(>Chi)"]


def test_anova_of_several_wants_theta(fit, quine):
    with pytest.raises(FitError, match='not all objects are of class "negbin": model 2 is a GLM'):
        fit.anova(gf.glm("Days ~ Eth", quine, "poisson"))
    with pytest.raises(FitError, match=r"anova\(\) of several models is asked of a fitted model"):
        fit.anova("Days ~ Eth")
    with pytest.warns(gf.GLMFormulaWarning, match="only Chi-squared LR tests are implemented"):
        fit.anova(fit.update(". ~ . - Sex"), test="F")


def test_update_and_step_estimate_theta_again(fit):
    smaller = fit.update(". ~ Eth")
    assert type(smaller) is gf.GLMNB
    assert smaller.theta == pytest.approx(answers()["quine-one"]["theta"], rel=0.5)
    assert smaller.theta != fit.theta
    chosen = fit.step(trace=0)
    assert chosen.formula == "Days ~ Eth + Age + Eth:Age"
    assert chosen.theta == pytest.approx(1.357377778, rel=1e-8)
    with pytest.warns(gf.GLMFormulaWarning, match="without re-estimating"):
        assert list(chosen.anova().index)[:2] == ["NULL", "Eth"]
    assert fit.update(link="sqrt").family.link.name == "sqrt"
    assert fit.update(init_theta=50.0).theta == pytest.approx(fit.theta, rel=1e-8)


def test_lrtest_knows_the_boundary(quine):
    poisson, nb = gf.glm("Days ~ Eth", quine, "poisson"), gf.glm_nb("Days ~ Eth + Sex", quine)
    same = nb.update(". ~ Eth")
    table = gf.lrtest(poisson, same)
    assert (
        "Model 1 is on the edge of model 2 (theta infinite): Pr(>Chisq) is half of chi-squared(1)'s"
        in str(table)
    )
    from scipy.stats import chi2

    overdispersed = gf.glm_nb("sick_days ~ overtime_hours", gf.datasets.attrition())
    flat = gf.glm("sick_days ~ overtime_hours", gf.datasets.attrition(), "poisson")
    for table in (gf.lrtest(flat, overdispersed), gf.lrtest(overdispersed, flat)):
        statistic = 2 * (overdispersed.loglik - flat.loglik)
        assert table["Chisq"].iloc[1] == pytest.approx(statistic)
        assert table["Pr(>Chisq)"].iloc[1] == pytest.approx(chi2.sf(statistic, 1) / 2)
    more = gf.lrtest(flat, overdispersed.update(". ~ . + salary"))
    statistic = more["Chisq"].iloc[1]
    assert "is the mean of chi-squared(1)'s and (2)'s" in str(more)
    assert more["Pr(>Chisq)"].iloc[1] == pytest.approx((chi2.sf(statistic, 1) + chi2.sf(statistic, 2)) / 2)


def test_lrtest_of_other_models_has_no_boundary(fit, quine):
    for other in (
        gf.glm("Days ~ Eth + Lrn", quine, "poisson"),
        gf.glm("Days ~ Eth", quine, gf.poisson("sqrt")),
    ):
        assert "edge" not in str(gf.lrtest(other, fit))


def test_criteria_count_theta_but_extract_aic_does_not(fit):
    assert fit.loglik.df == fit.rank + 1
    assert gf.AIC(fit) == fit.aic == pytest.approx(-fit.twologlik + 2 * (fit.rank + 1))
    assert gf.BIC(fit) == fit.bic == pytest.approx(-fit.twologlik + np.log(146) * (fit.rank + 1))
    assert fit.extract_aic() == (fit.rank, pytest.approx(fit.aic - 2))
    assert fit.glance()["AIC"].item() == fit.aic


def test_what_a_glm_has(fit, quine):
    held = gf.glm("Days ~ Eth * Age + Sex", quine, gf.negative_binomial(fit.theta), epsilon=1e-13)
    np.testing.assert_allclose(fit.coefficients, held.coefficients, rtol=1e-6)
    np.testing.assert_allclose(fit.residuals(), held.residuals(), rtol=1e-6)
    np.testing.assert_allclose(fit.residuals("pearson"), held.residuals("pearson"), rtol=1e-6)
    np.testing.assert_allclose(
        fit.residuals("quantile", seed=1), held.residuals("quantile", seed=1), atol=1e-6
    )
    np.testing.assert_allclose(fit.hatvalues(), held.hatvalues(), rtol=1e-6)
    new = quine.iloc[:3]
    theirs = held.predict(new, type="response", se_fit=True, dispersion=1.0)
    np.testing.assert_allclose(fit.predict(new, type="response", se_fit=True), theirs, rtol=1e-6)
    assert (fit.simulate(3, seed=2) == held.simulate(3, seed=2)).all(axis=None)
    np.testing.assert_allclose(fit.vcov("HC3"), held.vcov("HC3"), rtol=1e-5)
    np.testing.assert_allclose(fit.vcov(cluster="Lrn"), held.vcov(cluster="Lrn"), rtol=1e-5, atol=1e-9)
    assert list(fit.tidy().columns) == ["term", "estimate", "std_error", "statistic", "p_value"]
    assert fit.augment().shape == held.augment().shape
    certificate = fit.certificate()
    assert certificate.correct_digits > 6
    assert certificate.others["theta"] < 1e-6
    assert re.search(r"\n    theta +\d\.\de-\d\d standard errors\n", str(certificate))
    assert dict(held.certificate().others) == {}
    moved = replace(fit, theta=fit.theta + fit.se_theta / 100)
    assert moved.certificate().others["theta"] == pytest.approx(0.01, rel=0.1)


def test_saved_stripped_and_pickled_models_keep_theta(fit, tmp_path):
    fit.save(tmp_path / "nb.json")
    loaded = gf.load(tmp_path / "nb.json")
    for kept in (loaded, fit.strip_data(), pickle.loads(pickle.dumps(fit))):
        assert type(kept) is gf.GLMNB
        assert (kept.theta, kept.se_theta, kept.twologlik) == (fit.theta, fit.se_theta, fit.twologlik)
        assert str(kept.summary()) == str(fit.summary())
        assert kept.vcov().equals(fit.vcov())
    with pytest.raises(DataError, match="holds no training rows"):
        loaded.vcov(complete_theta=True)


def test_profile_joint_is_of_models_with_a_parameter(quine):
    plain = gf.glm("Days ~ Eth", quine, "poisson")
    with pytest.raises(ValueError, match="'profile-joint' is of fits that estimate a parameter beside"):
        plain.confint(method="profile-joint")


@pytest.mark.filterwarnings("ignore:glm.fit. algorithm stopped at boundary value")
def test_joint_profile_meets_the_edge_of_valid_means():
    x = np.repeat([0, 1, 2, 4], [10, 10, 10, 2])
    y = [2, 8, 2, 6, 5, 10, 9, 5, 5, 5, 13, 3, 5, 9, 2, 3, 12, 5, 0, 6, 7, 4, 6, 0, 1, 9, 7, 7, 1, 10, 0, 0]
    with pytest.warns(gf.ConvergenceWarning) as said:  # the maximum is at the edge itself
        fit = gf.glm_nb("y ~ x", {"x": x, "y": y}, link="identity")
    assert any("stopped at boundary value" in str(w.message) for w in said)
    with pytest.warns(gf.ConvergenceWarning, match="the joint profile ends at the edge"):
        low, high = fit.confint("x", method="profile-joint").to_numpy().ravel()
    assert low < fit.coefficients["x"] < high < 0
