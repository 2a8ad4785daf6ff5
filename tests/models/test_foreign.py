"""A model that is none of ours, and what it gets of the verbs by being a `Fit`."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula.errors import FitError
from glmformula.fitted.protocols import Fit, SingleIndex, lacking


class Logit:
    """A user's own maximum-likelihood fit, by Newton's method."""

    call, criterion, test_df = "logit()", "ML", math.inf

    def __init__(self, formula, data):
        self.formula, self.data, self.terms = formula, data, gf.terms(formula)
        X, y = gf.model_matrix(formula, data), data["y"].to_numpy()
        beta = np.zeros(X.shape[1])
        for _ in range(25):
            mu = 1 / (1 + np.exp(-X.to_numpy() @ beta))
            self.cov = np.linalg.inv(X.T.to_numpy() * (mu * (1 - mu)) @ X.to_numpy())
            beta = beta + self.cov @ (X.T.to_numpy() @ (y - mu))
        self.coefficients = pd.Series(beta, index=X.columns)
        self.loglik, self.nobs = float(np.log(np.where(y == 1, mu, 1 - mu)).sum()), len(y)
        self.df_residual = len(y) - len(beta)

    def vcov(self):
        return self.cov

    def refit(self, **changes):
        return Logit(**{"formula": self.formula, "data": self.data, **changes})


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(2, 300))
    g = rng.choice(["a", "b", "c"], 300)
    y = (rng.random(300) < 1 / (1 + np.exp(-0.4 - x + 0.8 * (g == "b")))).astype(float)
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": g})


@pytest.fixture(scope="module")
def own(data):
    return Logit("y ~ x + z + g", data)


@pytest.fixture(scope="module")
def ours(data):
    return gf.glm("y ~ x + z + g", data, "binomial", epsilon=1e-14)


QUESTIONS = {
    "AIC": lambda fit: gf.AIC(fit),
    "BIC": lambda fit: gf.BIC(fit),
    "coef": lambda fit: gf.coef(fit),
    "coeftest": lambda fit: gf.coeftest(fit),
    "coeftest t": lambda fit: gf.coeftest(fit, df=20),
    "coeftest matrix": lambda fit: gf.coeftest(fit, vcov=np.diag([1.0, 2.0, 3.0, 4.0, 5.0])),
    "coeftest function": lambda fit: gf.coeftest(fit, vcov=lambda f: 2 * np.asarray(f.vcov())),
    "confint": lambda fit: gf.confint(fit, method="wald"),
    "confint some": lambda fit: gf.confint(fit, ["gb", "x"], 0.9, method="wald"),
    "linear_hypothesis": lambda fit: gf.linear_hypothesis(fit, ["gb = gc", "x = 1"]),
    "linear_hypothesis F": lambda fit: gf.linear_hypothesis(fit, "gb = 0", test="F"),
    "delta_method": lambda fit: gf.delta_method(fit, {"ratio": "exp(x) / gb"}, rhs=1.0),
    "tidy": lambda fit: gf.tidy(fit, conf_int=True, conf_method="wald", exponentiate=True),
    "lrtest": lambda fit: gf.lrtest(fit),
    "lrtest terms": lambda fit: gf.lrtest(fit, "g", ". ~ . - z"),
    "waldtest": lambda fit: gf.waldtest(fit, "g"),
    "update": lambda fit: gf.coeftest(gf.update(fit, ". ~ . - g")),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_gets_the_answers_of_a_glm(question, own, ours):
    mine, theirs = QUESTIONS[question](own), QUESTIONS[question](ours)
    if isinstance(mine, float):
        assert mine == pytest.approx(theirs, rel=1e-9)
        return
    if isinstance(mine, pd.Series):
        pd.testing.assert_series_equal(mine, theirs, rtol=1e-7)
        return
    pd.testing.assert_frame_equal(pd.DataFrame(mine), pd.DataFrame(theirs), rtol=1e-6, check_dtype=False)
    assert getattr(mine, "heading", ()) == getattr(theirs, "heading", ())


def test_it_is_a_fit_and_no_more(own, ours):
    assert lacking(own, Fit) == []
    assert lacking(ours, SingleIndex) == []
    assert "family" in lacking(own, SingleIndex)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda fit: gf.summary(fit),
            r"summary\(\) means nothing for a Logit, which has no .*: coeftest\(\) and tidy",
        ),
        (
            lambda fit: gf.anova(fit),
            r"anova\(\) means nothing for a Logit.*: lrtest\(\) and waldtest\(\) compare",
        ),
        (
            lambda fit: gf.Anova(fit),
            r"Anova\(\) means nothing .*: linear_hypothesis\(\) and waldtest\(\) test",
        ),
        (
            lambda fit: gf.drop1(fit),
            r"drop1\(\) means nothing .*: waldtest\(\), lrtest\(\) and AIC\(\) compare",
        ),
        (lambda fit: gf.step(fit), r"step\(\) means nothing .*: compare models with AIC\(\), lrtest\(\)"),
        (
            lambda fit: gf.glance(fit),
            r"glance\(\) means nothing .*: AIC\(\), BIC\(\), logLik\(\) and nobs\(\)",
        ),
        (
            lambda fit: gf.confint(fit),
            r"confint\(method='profile'\) means nothing .*: use confint\(method='wald'\)",
        ),
        (
            lambda fit: gf.profile(fit),
            r"profile\(\) means nothing .*: confint\(method='wald'\) gives intervals",
        ),
        (lambda fit: gf.hatvalues(fit), r"hatvalues\(\) means nothing .*: any fit has AIC, BIC, lrtest"),
        (
            lambda fit: gf.meat(fit),
            r"meat\(\) means nothing for a Logit, which has no inverse_information, rows",
        ),
        (lambda fit: gf.fitted(fit), r"fitted\(\) means nothing for a Logit, which has no fitted_values"),
        (lambda fit: gf.deviance(fit), r"deviance\(\) means nothing for a Logit, which has no deviance"),
        (lambda fit: gf.model_frame(fit), r"model_frame\(\) means nothing for a Logit"),
        (lambda fit: gf.model_matrix(fit), r"model_matrix\(\) means nothing for a Logit"),
        (lambda fit: gf.terms(3), r"terms\(\) means nothing for a int.*: give a formula or a fitted model"),
        (
            lambda fit: gf.coeftest(fit, vcov="HC1"),
            r"vcov='HC1': the vcov\(\) of a Logit does not take 'type'; give",
        ),
    ],
)
def test_where_a_verb_means_nothing_it_says_so_and_names_one_that_does(ask, sentence, own):
    with pytest.raises(FitError, match=sentence):
        ask(own)


def test_its_own_method_goes_before_the_verb(own):
    class Summarised(Logit):
        def summary(self, word="short"):
            return f"{word}: {len(self.coefficients)} coefficients"

    assert gf.summary(Summarised(own.formula, own.data)) == "short: 5 coefficients"
    assert gf.summary(Summarised(own.formula, own.data), "long") == "long: 5 coefficients"


def test_fits_by_different_criteria_are_not_compared(own, data):
    other = Logit("y ~ x", data)
    other.criterion = "penalised"
    with pytest.raises(
        FitError, match=r"different criteria cannot be compared \(model 1: ML, model 2: penalised\)"
    ):
        gf.lrtest(own, other)


def test_fits_to_other_rows_are_not_compared(own, data):
    with pytest.raises(FitError, match="model 1 has 300 rows, model 2 has 250"):
        gf.lrtest(own, Logit("y ~ x", data.iloc[:250]))
