"""Verbs of multinom against the texts of car, lmtest and nnet."""

from __future__ import annotations

import re

import numpy as np
import pytest
from models.multinom.test_reference import fitted
from reference.likelihoods.load import load as reference_data, texts

import glmformula
from glmformula import Anova, SeparationWarning, anova, load, lrtest, multinom
from glmformula.datasets import attrition

R = texts("multinom")


def named(pattern):
    return sorted(name for name in R if re.match(pattern, name))


def same(ours, name):
    assert str(ours).rstrip() == R[name]["exact"].rstrip()


@pytest.mark.parametrize(
    "name", named(r"Anova (?!\S+ two)")
)  # of which the models that car fits have not converged
def test_anova_of_terms_is_cars(name):
    _, type_, id_ = name.split()
    same(Anova(fitted(id_), type=type_), name)


@pytest.mark.parametrize("name", named("anova"))
def test_anova_of_several_is_nnets(name):
    ours, theirs = str(anova(*map(fitted, R[name]["models"]))), R[name]["exact"]
    digits = re.compile(r"\d\.\d+e-16")  # R takes 1 - P, and has two digits of it
    assert digits.sub("", ours).rstrip() == digits.sub("", theirs).rstrip()


def test_lrtest_is_lmtests():
    same(lrtest(*map(fitted, R["lrtest"]["models"])), "lrtest")


def test_loglik():
    same(fitted("housing").loglik, "logLik housing")


@pytest.mark.parametrize("name", named("drop1"))
def test_drop1_has_nnets_aic(name):
    """nnet's column Df counts the coefficients of each model, R's other drop1s those that go."""
    fit = fitted(name.split()[1])
    table = fit.drop1().frame
    rows = [line.split() for line in R[name]["exact"].splitlines()[-len(table) :]]
    edf = [fit.edf - (0 if np.isnan(df) else df) for df in table["Df"]]
    assert [(str(label), float(k)) for label, k in zip(table.index, edf)] == [
        (r[0], float(r[1])) for r in rows
    ]
    np.testing.assert_allclose(table["AIC"], [float(r[2]) for r in rows], atol=6e-5)


@pytest.mark.parametrize("name", named("confint"))
def test_wald_intervals_are_nnets(name):
    fit = fitted(name.split()[1])
    table = fit.confint(method="wald").frame
    numbers = [
        [float(x) for x in line.split()[-2:]]
        for line in R[name]["exact"].splitlines()
        if line and not line.startswith((",", " "))
    ]
    np.testing.assert_allclose(table, numbers, rtol=1e-6, atol=1e-7)


def test_step_and_update():
    fit = fitted("factors")
    chosen = fit.step(trace=0)
    assert chosen.formula == "mode ~ x + age + h"
    assert type(chosen) is type(fit)
    np.testing.assert_allclose(chosen.estimates, fit.update("~ . - g").estimates, rtol=1e-8)


def test_sandwich_and_clusters():
    fit = fitted("factors")
    scores = fit.estfun().to_numpy()
    np.testing.assert_allclose(scores.sum(axis=0), 0, atol=1e-6)
    bread = fit.vcov().to_numpy()
    np.testing.assert_allclose(fit.vcov("HC0"), bread @ scores.T @ scores @ bread, rtol=1e-9, atol=1e-14)
    robust = fit.summary(vcov="HC0")
    np.testing.assert_allclose(robust.standard_errors.to_numpy().ravel(), np.sqrt(np.diag(fit.vcov("HC0"))))
    assert "Standard errors: HC0" in str(robust)


@pytest.mark.parametrize("id_", ["factors", "two", "counts"])
def test_saved_and_loaded(id_, tmp_path):
    fit = fitted(id_)
    fit.save(tmp_path / "fit.json")
    again = load(tmp_path / "fit.json")
    assert type(again) is type(fit)
    assert str(again) == str(fit)
    assert str(again.summary()) == str(fit.summary())
    new = {"x": [0.1, 1.0], "age": [30, 50], "g": ["p", "q"], "h": ["n", "s"]}
    np.testing.assert_array_equal(again.predict(new, type="probs"), fit.predict(new, type="probs"))
    assert again.predict(new).tolist() == fit.predict(new).tolist()
    stripped = fit.strip_data()
    assert stripped.predict(new).tolist() == fit.predict(new).tolist()


def test_profile_and_wald_intervals_agree_nearly():
    fit = fitted("mtcars")
    profile, wald = fit.confint(method="profile").frame, fit.confint(method="wald").frame
    assert np.abs(profile - wald).max().max() < np.abs(wald).max().max()
    assert np.abs(profile - wald).max().max() > 1e-3


def test_offsets_of_each_category():
    fit = fitted("offset")
    d = reference_data("choices")
    twice = multinom("mode ~ x + offset(cbind(0, o2, o3, o4)) + offset(cbind(o1, 0 * o2, 0 * o3, 0 * o4))", d)
    np.testing.assert_allclose(twice.estimates, fit.estimates, rtol=1e-9, atol=1e-12)
    other = multinom("mode ~ x + offset(cbind(o1, o2, o3, o4))", d, reference="walk")
    np.testing.assert_allclose(float(other.loglik), float(fit.loglik), rtol=1e-12)
    dropped = glmformula.Anova(fit).frame.loc["x"].iloc[0]
    smaller = multinom("mode ~ offset(cbind(o1, o2, o3, o4))", d)
    np.testing.assert_allclose(dropped, 2 * (float(fit.loglik) - float(smaller.loglik)), rtol=1e-8)
    with pytest.raises(glmformula.DataError, match="must be a numeric vector, not a matrix"):
        glmformula.glm("yes ~ x + offset(cbind(o1, o2))", d, family="binomial")


def test_tables_are_brooms():
    fit = fitted("factors")
    table = fit.tidy(conf_int=True, exponentiate=True)
    assert list(table.columns) == [
        *("y_level", "term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    ]
    assert [f"{r.y_level}:{r.term}" for r in table.itertuples()] == list(fit.estimates.index)
    np.testing.assert_allclose(np.log(table["estimate"]), fit.estimates)
    assert glmformula.tidy(fit).equals(fit.tidy())
    two = fitted("two").tidy()
    assert (two["y_level"] == "yes").all()
    assert list(two["term"]) == ["(Intercept)", "x", "gq", "gr"]
    row = fit.glance().iloc[0]
    assert (row["edf"], row["nobs"]) == (18, 280)
    assert (row["deviance"], row["AIC"]) == (fit.deviance, fit.aic)


def test_certificate():
    assert "The estimates are a maximum of the likelihood." in str(fitted("factors").certificate())


def test_functions_ask_the_methods():
    fit = fitted("factors")
    assert glmformula.fitted(fit).equals(fit.fitted_values)
    assert glmformula.coef(fit).equals(fit.coefficients)
    assert glmformula.deviance(fit) == fit.deviance
    assert glmformula.residuals(fit).equals(fit.residuals())
    assert str(glmformula.summary(fit)) == str(fit.summary())
    assert glmformula.model_frame(fit).equals(fit.model_frame())
    assert glmformula.model_matrix(fit).equals(fit.model_matrix())


def test_a_model_without_columns_is_the_uniform_one():
    fit = multinom("factor((sick_days > 4) + (sick_days > 8)) ~ 0", attrition())
    assert float(fit.loglik) == pytest.approx(-len(attrition()) * np.log(3))
    assert fit.edf == 0
    np.testing.assert_allclose(fit.predict(type="probs"), 1 / 3)


def test_separated_fits_answer_too():
    with pytest.warns(SeparationWarning):
        fit = multinom("y ~ x", {"y": list("aabbccab"), "x": [1, 2, 3, 4, 5, 6, 1.5, 4.5]})
    assert fit.summary().standard_errors.isna().any().any()
    assert fit.predict({"x": [1.0, 5.5]}).tolist() == ["a", "c"]
