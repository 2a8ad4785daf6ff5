"""The fitted object: labels, generics, pickling, what is left without its rows, its errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError, FitError, FormulaError, RankWarning, anova, binomial, gaussian, glm, poisson
from glmformula.datasets import attrition


@pytest.fixture(scope="module")
def fit():
    return glm("left ~ salary + experience_years + overtime_hours", attrition(), binomial())


@pytest.fixture
def gaps():
    return pd.DataFrame(
        {"y": [1.0, 2.5, np.nan, 4.0, 4.5, 7.0], "x": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0]}, index=list("abcdef")
    )


def test_series_carry_the_row_labels(gaps):
    fit = glm("y ~ x", gaps)
    for values in (
        fit.fitted_values,
        fit.linear_predictors,
        fit.residuals(),
        fit.weights,
        fit.prior_weights,
        fit.y,
    ):
        assert list(values.index) == list("abef")
    assert list(fit.na_action.index) == ["c", "d"]
    assert fit.n_omitted == 2


def test_na_exclude_pads(gaps):
    fit = glm("y ~ x", gaps, na_action="na.exclude")
    for values in (fit.fitted_values, fit.residuals("pearson"), fit.predict(), fit.predict(type="response")):
        assert list(values.index) == list("abcdef")
        assert list(values.isna()) == [False, False, True, True, False, False]


def test_generics_ask_the_model(fit):
    assert gf.coef(fit).equals(fit.coefficients)
    assert gf.vcov(fit).equals(fit.vcov())
    assert gf.deviance(fit) == fit.deviance
    assert gf.nobs(fit) == 500
    assert gf.AIC(fit) == pytest.approx(fit.aic)
    assert gf.BIC(fit) == pytest.approx(fit.bic)
    assert gf.fitted(fit).equals(fit.fitted_values)
    assert gf.residuals(fit, "working").equals(fit.residuals("working"))
    assert str(gf.summary(fit)) == str(fit.summary())
    assert gf.predict(fit, type="response").equals(fit.fitted_values)
    assert str(gf.confint(fit, method="wald")) == str(fit.confint(method="wald"))
    assert gf.model_matrix(fit).shape == (500, 4)
    assert list(gf.model_frame(fit)) == ["left", "salary", "experience_years", "overtime_hours"]
    log_likelihood = gf.logLik(fit)
    assert isinstance(log_likelihood, float)
    assert (log_likelihood.df, log_likelihood.nobs) == (4, 500)
    assert pickle.loads(pickle.dumps(log_likelihood)) == log_likelihood


def test_aic_of_several_models_is_a_table(fit):
    other = glm("left ~ salary", attrition(), binomial())
    table = gf.AIC(fit, other)
    assert list(table["df"]) == [4, 2]
    assert table["AIC"].iloc[1] == pytest.approx(other.aic)
    assert gf.BIC(fit, other)["BIC"].iloc[0] == pytest.approx(fit.bic)


def test_model_matrix_and_frame_of_a_formula():
    data = attrition()
    matrix = gf.model_matrix("left ~ poly(salary, 2)", data)
    assert list(matrix) == ["(Intercept)", "poly(salary, 2)1", "poly(salary, 2)2"]
    again = gf.model_matrix("left ~ poly(salary, 2)", data, newdata=data.head(3))
    np.testing.assert_allclose(again, matrix.head(3), rtol=1e-9)
    assert list(gf.model_frame("left ~ log(salary)", data)) == ["left", "log(salary)"]


def test_terms_of_a_formula_and_of_a_model(fit):
    assert gf.terms(fit) is fit.terms
    assert gf.terms("y ~ a * b").labels == ("a", "b", "a:b")
    assert gf.terms("left ~ . - sick_days", attrition()).labels == fit.terms.labels


def test_pickle_and_copy(fit):
    for again in (pickle.loads(pickle.dumps(fit)), copy.deepcopy(fit)):
        assert str(again.summary()) == str(fit.summary())
        assert again.predict(attrition().head(2)).equals(fit.predict(attrition().head(2)))


def test_a_stripped_model_answers_without_its_rows(fit):
    data = attrition()
    bare = fit.strip_data()
    small = pickle.dumps(bare)
    assert len(small) < 20_000
    assert str(bare.summary()) == str(fit.summary())
    assert bare.vcov().equals(fit.vcov())
    assert str(bare.confint(method="wald")) == str(fit.confint(method="wald"))
    new = data.head(4)
    pd.testing.assert_frame_equal(bare.predict(new, se_fit=True), fit.predict(new, se_fit=True))
    pd.testing.assert_frame_equal(bare.predict(new, type="terms"), fit.predict(new, type="terms"))
    other = glm("left ~ salary", data, binomial()).strip_data()
    full = glm("left ~ salary", data, binomial())
    assert str(anova(other, bare)) == str(anova(full, fit))
    with pytest.raises(DataError, match="holds no training rows"):
        bare.residuals()


def test_predict_checks_what_it_is_asked(fit):
    with pytest.raises(ValueError, match="type should be one of"):
        fit.predict(type="odds")
    with pytest.raises(ValueError, match="interval should be one of"):
        fit.predict(interval="both")
    with pytest.raises(ValueError, match="level should be between 0 and 1"):
        fit.predict(interval="confidence", level=95)
    with pytest.raises(ValueError, match="interval goes with type='link' or 'response'"):
        fit.predict(type="terms", interval="confidence")
    with pytest.raises(
        DataError, match="'salry' is not a term of the model; the nearest names are: 'salary'"
    ):
        fit.predict(type="terms", terms="salry")
    with pytest.raises(ValueError, match="type should be one of"):
        fit.residuals("raw")


def test_confint_finds_coefficients_by_name_or_place(fit):
    assert list(fit.confint(["salary"], method="wald").frame.index) == ["salary"]
    assert list(fit.confint(-1, method="wald", level=0.9).frame.columns) == ["5 %", "95 %"]
    with pytest.raises(DataError, match="'salry' is not a coefficient of the model; the nearest names are"):
        fit.confint("salry", method="wald")
    with pytest.raises(DataError, match="coefficient 7 does not exist: the model has 4"):
        fit.confint(7, method="wald")
    with pytest.raises(ValueError, match="level should be between 0 and 1"):
        fit.confint(level=95, method="wald")


def test_intervals_hold_the_fit(fit):
    new = attrition().head(20)
    confidence = fit.predict(new, type="response", interval="confidence", se_fit=True)
    assert list(confidence) == ["fit", "se_fit", "lwr", "upr"]
    assert ((confidence.lwr < confidence.fit) & (confidence.fit < confidence.upr)).all()
    prediction = fit.predict(new, type="response", interval="prediction")
    assert set(np.unique(prediction[["lwr", "upr"]])) <= {0.0, 1.0}
    wider = fit.predict(new, interval="confidence", level=0.99)
    link = fit.predict(new, interval="confidence")
    assert (wider.lwr < link.lwr).all()


def test_prediction_interval_of_a_gaussian_is_that_of_lm():
    cars = pd.DataFrame(
        {"speed": [4, 7, 8, 9, 10, 11, 12, 13, 14], "dist": [2, 4, 16, 10, 18, 17, 24, 34, 26]}
    )
    out = glm("dist ~ speed", cars, gaussian()).predict(
        pd.DataFrame({"speed": [10.0, 20.0]}), interval="prediction"
    )
    # predict(lm(dist ~ speed, cars), data.frame(speed = c(10, 20)), interval = "prediction") in R
    expected = [
        [17.4441340782123, 5.97133006190931, 28.9169380945153],
        [47.4301675977654, 30.48726159698863, 64.3730735985421],
    ]
    np.testing.assert_allclose(out[["fit", "lwr", "upr"]], expected, rtol=1e-10)


def test_prediction_interval_of_counts_covers_as_it_says():
    data = attrition()
    fit = glm("sick_days ~ salary + overtime_hours", data, poisson())
    limits = fit.predict(data, type="response", interval="prediction", level=0.9)
    inside = (data["sick_days"] >= limits.lwr) & (data["sick_days"] <= limits.upr)
    assert 0.9 <= inside.mean() <= 0.99
    assert (limits.lwr == limits.lwr.round()).all()


def test_rows_that_cannot_be_estimated_are_marked():
    data = pd.DataFrame({"y": [1.0, 2, 4, 3, 6], "x": [1.0, 2, 3, 4, 5]}).assign(z=lambda d: 2 * d.x)
    fit = glm("y ~ x + z", data)
    assert fit.coefficients.isna().tolist() == [False, False, True]
    new = pd.DataFrame({"x": [1.0, 1.0], "z": [2.0, 5.0]})
    with pytest.warns(RankWarning, match="1 of 2 rows are not estimable and are NaN"):
        out = fit.predict(new, se_fit=True)
    assert out["estimable"].tolist() == [True, False]
    assert out["fit"].isna().tolist() == [False, True]


def test_anova_refuses_other_rows_and_unknown_tests(fit):
    data = attrition()
    with pytest.raises(FitError, match="models were not all fitted to the same size of dataset"):
        anova(fit, glm("left ~ salary", data.head(400), binomial()))
    with pytest.raises(FitError, match="500 other ones"):
        anova(fit, glm("left ~ salary", data.set_index(data.index + 7), binomial()))
    with pytest.raises(ValueError, match="test should be one of"):
        anova(fit, test="Wald")
    with pytest.warns(gf.DataWarning, match="removed because response differs from model 1"):
        anova(fit, glm("sick_days ~ salary", data, poisson()))
    with pytest.warns(gf.GLMFormulaWarning, match="using F test with a 'binomial' family is inappropriate"):
        anova(fit, test="F")


def test_glm_checks_its_arguments():
    data = attrition()
    with pytest.raises(ValueError, match="'auto', 'qr', 'cholesky', 'firth'; got 'lbfgs'"):
        glm("left ~ salary", data, binomial(), method="lbfgs")
    with pytest.raises(TypeError, match="unexpected arguments 'tolerance'"):
        glm("left ~ salary", data, binomial(), tolerance=1)
    with pytest.raises(TypeError, match="control should be glm_control"):
        glm("left ~ salary", data, binomial(), control={"maxit": 3})
    with pytest.raises(ValueError, match="value of 'epsilon' must be > 0"):
        glm("left ~ salary", data, binomial(), epsilon=0)
    with pytest.raises(ValueError, match="maximum number of iterations must be > 0"):
        gf.glm_control(maxit=0)
    with pytest.raises(FormulaError, match="the formula has no response"):
        glm("~ salary", data, binomial())
    with pytest.raises(gf.GLMFormulaError, match="length of 'start' should equal 2"):
        glm("left ~ salary", data, binomial(), start=[1, 2, 3])


def test_a_covariance_of_the_wrong_size_is_refused(fit):
    with pytest.raises(DataError, match=r"vcov should be a matrix of shape \(4, 4\).*got shape \(2, 2\)"):
        fit.summary(vcov=np.eye(2))
    twice = fit.summary(vcov=lambda f: 4 * f.vcov())
    np.testing.assert_allclose(
        twice.coefficients["Std. Error"], 2 * fit.summary().coefficients["Std. Error"], rtol=1e-12
    )


def test_a_model_that_did_not_converge_says_so():
    with pytest.warns(gf.ConvergenceWarning, match="algorithm did not converge"):
        fit = glm("left ~ salary", attrition(), binomial(), maxit=1)
    assert "did not converge" in str(fit.summary())


def test_simulate_draws_from_the_model(fit):
    draws = gf.simulate(fit, nsim=3, seed=1)
    assert list(draws) == ["sim_1", "sim_2", "sim_3"]
    assert draws.equals(fit.simulate(3, seed=1))
    assert set(np.unique(draws)) <= {0.0, 1.0}
    assert draws.index.equals(attrition().index)


def test_summary_frames(fit):
    summary = fit.summary(correlation=True)
    assert list(summary.coefficients) == ["Estimate", "Std. Error", "z value", "Pr(>|z|)"]
    assert summary.df == (4, 496, 4)
    np.testing.assert_allclose(np.diag(summary.correlation), 1)
    np.testing.assert_allclose(summary.cov_scaled, summary.dispersion * summary.cov_unscaled)
    assert not summary.aliased.any()
    for text in (summary.to_markdown(), summary.to_html(), summary.to_latex()):
        assert "overtime" in text


LEAVERS = pd.DataFrame({
    "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "left": ["no", "yes", "no", "yes", "no", "yes"], "n": 3,
    "k": [0, 1, 0, 1, 0, 1], "stays": pd.Categorical(["no", "yes", "no", "yes", "no", "yes"], ["yes", "no", "never"]),
})  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("left ~ x", "Note: modelling P(left = yes)"),
        ("stays ~ x", "Note: modelling P(stays = no)"),
        ('relevel(factor(left), "yes") ~ x', 'Note: modelling P(relevel(factor(left), "yes") = no)'),
        ("factor(k) ~ x", "Note: modelling P(factor(k) = 1)"),
        ("k ~ x", None),
        ('I(left == "yes") ~ x', None),
        ("cbind(k, n - k) ~ x", None),
    ],
)
@pytest.mark.parametrize("family", ["binomial", "quasibinomial"])
def test_the_summary_says_which_level_is_modelled(formula, line, family, tmp_path):
    fit = glm(formula, LEAVERS, family)
    assert [text for text in str(fit.summary()).splitlines() if "modelling" in text] == (
        [line] if line else []
    )
    assert "modelling" not in str(fit)
    fit.save(tmp_path / "model.json")
    assert str(gf.load(tmp_path / "model.json").summary()) == str(fit.summary())
    LEAVERS.to_parquet(tmp_path / "rows.parquet")
    streamed = glm(formula, tmp_path / "rows.parquet", family)
    assert (line or "modelling") in str(streamed.summary()) or line is None
    assert str(fit.update(". ~ 1").summary()).count("modelling") == bool(line)
