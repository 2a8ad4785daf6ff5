"""The verbs of every model, asked of mixed ones: of the population, and what lme4 refuses by its own sentences."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import load

import glmformula as gf


@pytest.fixture(scope="module")
def cbpp():
    return fitted("cbpp")


@pytest.fixture(scope="module")
def sleep():
    return fitted("sleep")


def test_marginal_means_are_of_the_population(cbpp):
    means = gf.emmeans(cbpp, "~ period").frame
    beta, V = cbpp.coefficients.to_numpy(), cbpp.vcov().to_numpy()
    L = np.column_stack([np.ones(4), np.vstack([np.zeros(3), np.eye(3)])])
    assert means["emmean"].to_numpy() == pytest.approx(L @ beta)
    assert means["SE"].to_numpy() == pytest.approx(np.sqrt(np.diag(L @ V @ L.T)))
    assert np.isinf(means["df"]).all()
    pairs = gf.pairs(gf.emmeans(cbpp, "~ period")).frame
    assert pairs["estimate"].iloc[0] == pytest.approx(-beta[1])


def test_trends_and_slopes(sleep, cbpp):
    assert gf.emtrends(sleep, "~ 1", "Days").frame.iloc[0, 1] == pytest.approx(sleep.fixef["Days"])
    slope = gf.avg_slopes(sleep).frame
    assert slope["estimate"].iloc[0] == pytest.approx(sleep.fixef["Days"])
    assert slope["std_error"].iloc[0] == pytest.approx(np.sqrt(sleep.vcov().iloc[1, 1]), rel=1e-6)
    mean = gf.avg_predictions(cbpp).frame["estimate"].iloc[0]
    assert mean == pytest.approx(cbpp.predict(type="response", re_form="~0").mean(), rel=1e-8)


def test_tests_of_coefficients(cbpp):
    z = cbpp.coeftest().frame.iloc[:, 2]
    assert z.to_numpy() == pytest.approx(cbpp.summary().coefficients["z value"].to_numpy())
    wald, chisq = (
        cbpp.waldtest(test="Chisq").frame,
        cbpp.linear_hypothesis(["period2", "period3", "period4"]).frame,
    )
    assert wald["Chisq"].iloc[1] == pytest.approx(chisq["Chisq"].iloc[1], rel=1e-8)
    assert gf.lrtest(cbpp).frame["Chisq"].iloc[1] == pytest.approx(25.60996, rel=1e-5)
    assert len(gf.etable(cbpp, fitted("sleep")).frame) > 4


def test_frames_of_the_whole_fit(sleep, cbpp):
    assert sleep.glance()["REMLcrit"].iloc[0] == pytest.approx(1743.62827195849)
    assert gf.sigma(sleep) == sleep.sigma
    assert cbpp.extract_aic()[0] == 5.0
    assert cbpp.extract_aic()[1] == pytest.approx(gf.AIC(cbpp))
    assert sleep.augment()["_resid"].to_numpy() == pytest.approx(sleep.residuals().to_numpy())
    new = load("sleepstudy").head(2).assign(Subject="new")
    assert sleep.augment(new)["_fitted"].to_numpy() == pytest.approx(sleep.augment(new)["_fixed"].to_numpy())
    assert sleep.model_frame().columns.tolist() == ["Reaction", "Days", "Subject"]
    assert sleep.model_matrix().equals(sleep.model_matrix(load("sleepstudy")))
    assert gf.coef(sleep)["Subject"].loc["308"].to_numpy() == pytest.approx(
        (sleep.fixef + sleep.ranef()["Subject"].loc["308"]).to_numpy()
    )
    assert gf.fixef(sleep).equals(sleep.fixef)


def test_limits_beside_the_coefficients(sleep, small):
    beside = ["conf_low", "conf_high"]
    profile = gf.tidy(sleep, conf_int=True)[beside].to_numpy()
    np.testing.assert_array_equal(profile, sleep.confint("beta_").frame.to_numpy())
    V = 4 * sleep.vcov()
    wald = gf.tidy(sleep, conf_int=True, vcov=V)[beside].to_numpy()
    np.testing.assert_array_equal(wald, sleep.confint("beta_", method="wald", vcov=V).frame.to_numpy())
    aliased = gf.lmer("y ~ x + I(2 * x) + (1 | g)", small)
    table = gf.tidy(aliased, conf_int=True, conf_method="wald").set_index("term")[beside]
    assert table.isna().all(axis=1).tolist() == [False, False, True]


def test_the_certificate(sleep):
    assert sleep.certificate().ok
    assert str(sleep.certificate()).startswith("The estimates are a minimum of the deviance.")
    edge = fitted("dyestuff2").certificate()
    assert edge.singular
    assert "at the edge" in str(edge)


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.fixture
def small():
    rng = np.random.default_rng(2)
    d = pd.DataFrame({"g": np.repeat(list("abcdefgh"), 5), "x": rng.normal(size=40)})
    d["row"], d["one"] = np.arange(40), "a"
    d["f"] = np.where(d.g < "e", "p", "q")
    d["y"] = rng.normal(size=40) + np.repeat(rng.normal(size=8), 5)
    d["k"] = rng.poisson(2, 40)
    return d


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y ~ x + (1 | one)", "grouping factors must have > 1 sampled level"),
        ("y ~ x + (1 | row)", "number of levels of each grouping factor must be < number of observations"),
        (
            "y ~ x + (x + I(x^2) + I(x^3) + I(x^4) | g)",
            r"number of observations \(=40\) <= number of random effects",
        ),
        ("y ~ x + (1 | nowhere)", "nowhere"),
        ("y ~ x", "No random effects terms specified in formula"),
    ],
)
def test_groups_that_tell_nothing_are_refused(small, formula, said):
    with pytest.raises((gf.DataError, gf.FormulaError), match=said):
        gf.lmer(formula, small)


def test_a_second_factor_of_too_many_levels_is_refused(small, monkeypatch):
    monkeypatch.setattr("glmformula.engine.mixed.checks.MOST_DENSE", 1)
    with pytest.raises(gf.DataError, match="the grouping factors beside g have 2 random effects"):
        gf.lmer("y ~ x + (1 | g) + (1 | f)", small)


def test_a_level_for_each_row_is_an_overdispersion_of_glmer(small):
    fit = gf.glmer("k ~ x + (1 | row)", small.assign(k=small.k * 5), "poisson")
    assert fit.ngrps["row"] == 40


def said_by(make):
    """The warnings of a fit, by category."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        make()
    return [(warning.category, str(warning.message)) for warning in heard]


def test_a_slope_that_does_not_vary_within_groups_is_named(small):
    heard = said_by(lambda: gf.lmer("y ~ x + (f | g)", small))
    assert any(c is gf.DataWarning and "random effects of (f | g) are not determined" in m for c, m in heard)


def test_a_singular_fit_is_said_as_lme4_says_it():
    with pytest.warns(gf.SingularWarning, match=r"boundary \(singular\) fit: see help\('isSingular'\)"):
        gf.lmer("Yield ~ 1 + (1 | Batch)", load("Dyestuff2"))


def test_arguments_that_are_none(small):
    with pytest.raises(gf.FamilyError, match="call lmer"):
        gf.glmer("y ~ x + (1 | g)", small, "gaussian")
    with pytest.raises(gf.FamilyError, match="cannot be used in glmer"):
        gf.glmer("k ~ x + (1 | g)", small, "quasipoisson")
    with pytest.raises(ValueError, match="nAGQ should be a whole number"):
        gf.glmer("k ~ x + (1 | g)", small, "poisson", nAGQ=-1)
    with pytest.raises(ValueError, match="nAGQ > 1 is only available for models with a single, scalar"):
        gf.glmer("k ~ x + (x | g)", small, "poisson", nAGQ=5)
    with pytest.raises(ValueError, match="start should be the 1 numbers of theta"):
        gf.lmer("y ~ x + (1 | g)", small, start=[1.0, 2.0])
    with pytest.raises(TypeError, match="REML should be True or False"):
        gf.lmer("y ~ x + (1 | g)", small, REML="yes")
    with pytest.raises(gf.DataError, match="weights of 0"):
        gf.lmer("y ~ x + (1 | g)", small, weights=np.r_[0.0, np.ones(39)])
    with pytest.raises(gf.FormulaError, match="the formula must be a str"):
        gf.lmer(3, small)
    with pytest.raises(gf.FitError, match="fixef"):
        gf.fixef(gf.lm("y ~ x", small))


def test_glm_names_the_function_for_bars(small):
    with pytest.raises(gf.FormulaError, match=r"lmer\(\) and glmer\(\)"):
        gf.glm("y ~ x + (1 | g)", small)


def test_an_exact_fit_is_named(small):
    exact = small.assign(y=2.0 * small.x + small.g.map(ord))
    with pytest.raises(gf.FitError, match="no residual variance is left"):
        gf.lmer("y ~ x + factor(g) + (1 | f)", exact)


def test_aliased_columns_are_left_out_as_lme4_says(small):
    fit = gf.lmer("y ~ x + I(2 * x) + (1 | g)", small)
    assert fit.coefficients.isna().tolist() == [False, False, True]
    assert "fixed-effect model matrix is rank deficient so dropping 1 column / coefficient" in str(fit)
    assert fit.vcov().isna().to_numpy()[2].all()


def test_separated_fixed_effects_are_named(small):
    d = small.assign(b=(small.x > 0).astype(int))
    heard = said_by(lambda: gf.glmer("b ~ x + (1 | g)", d, "binomial"))
    assert any(c is gf.SeparationWarning and "x" in m for c, m in heard)


def test_groups_that_are_all_alike_are_named(small):
    d = small.assign(b=small.g.isin(list("aceg")).astype(int))
    heard = said_by(lambda: gf.glmer("b ~ 1 + (1 | g)", d, "binomial"))
    assert any(c is gf.SeparationWarning and "every group of g is all 0 or all 1" in m for c, m in heard)


def test_groups_that_explain_everything_are_named(small):
    constant = small.assign(y=small.g.map(ord).astype(float))
    with pytest.raises(gf.FitError, match="no residual variance is left"):
        gf.lmer("y ~ 1 + (1 | g)", constant)


# -- other sources -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_rows_in_files_give_the_same_fit(small, tmp_path):
    path = tmp_path / "rows.parquet"
    small.to_parquet(path, row_group_size=7)
    for formula in ("y ~ x + (x | g) + (1 | f)", "y ~ x + (1 | f/g)"):
        inside, outside = gf.lmer(formula, small), gf.lmer(formula, str(path))
        assert outside.result.deviance == pytest.approx(inside.result.deviance, rel=1e-10)
        assert outside.fixef.to_numpy() == pytest.approx(inside.fixef.to_numpy(), rel=1e-8)
        assert list(outside.ranef()) == list(inside.ranef())
        assert "Scaled residuals" not in str(outside.summary())
    inside = gf.glmer("k ~ x + (1 | g)", small, "poisson")
    outside = gf.glmer("k ~ x + (1 | g)", str(path), "poisson")
    assert outside.result.deviance == pytest.approx(inside.result.deviance, rel=1e-10)
    assert outside.vcov().to_numpy() == pytest.approx(inside.vcov().to_numpy(), rel=1e-6)
    assert outside.predict(small).to_numpy() == pytest.approx(inside.predict().to_numpy(), rel=1e-8)
