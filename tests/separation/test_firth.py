"""Bias-reduced fits: brglm2's numbers, and the limits of the penalised likelihood."""

from __future__ import annotations

import json
import pickle
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import load
from tolerances import FIRTH, FIRTH_LIMITS, NUMERICAL_DERIVATIVE

import glmformula as g
from glmformula.errors import ConvergenceWarning, FitError
from glmformula.families.curvature import relative_curvature

HERE = Path(__file__).parent.parent / "reference" / "separation"


@cache
def cases():
    return json.loads((HERE / "firth.json").read_text(encoding="utf-8"))["cases"]


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


@cache
def fitted(id_):
    case = cases()[id_]
    family = getattr(g, case["family"].replace(".", "_"))(case["link"])
    return g.glm(case["formula"], load(case["data"]), family, method="firth", weights=case.get("weights"))


@pytest.mark.parametrize("id_", list(cases()))
def test_against_brglm2(id_):
    case, ours = cases()[id_], fitted(id_)
    theirs = numbers(case["coef"])
    assert ours.converged
    assert list(ours.coefficients.index) == case["names"]
    np.testing.assert_array_equal(ours.coefficients.isna(), np.isnan(theirs))
    kept = ~np.isnan(theirs)
    se = numbers(case["se"])
    se = se[~np.isnan(se)]
    assert np.all(np.abs(ours.coefficients[kept] - theirs[kept]) <= FIRTH * se)
    np.testing.assert_allclose(ours.summary().coefficients["Std. Error"], se, rtol=FIRTH)
    assert ours.deviance == pytest.approx(case["deviance"], rel=FIRTH)
    assert ours.null_deviance == pytest.approx(case["null_deviance"], rel=FIRTH)
    assert ours.aic == pytest.approx(case["aic"], rel=FIRTH)
    assert ours.dispersion == pytest.approx(case["dispersion"], rel=FIRTH)


@pytest.mark.parametrize("id_", [i for i, c in cases().items() if "limits" in c])
def test_penalised_profile_limits(id_):
    case, ours = cases()[id_], fitted(id_)
    limits = ours.confint().frame.to_numpy()
    se = numbers(case["se"])[:, None]
    assert np.all(np.abs(limits - np.array(case["limits"])) <= FIRTH_LIMITS * se)


def test_endometrial_as_published():
    """Heinze & Schemper (2002), table 3: NV 2.929 (0.610, 7.855)."""
    limits = fitted("endometrial").confint("NV").frame.iloc[0]
    assert limits.tolist() == pytest.approx([0.6097, 7.8546], abs=5e-5)
    assert fitted("endometrial").coefficients["NV"] == pytest.approx(2.9293, abs=5e-5)


def test_no_separation_is_left():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = g.glm(
            "y ~ x", pd.DataFrame({"y": [0, 0, 1, 1], "x": [1.0, 2, 3, 4]}), "binomial", method="firth"
        )
    assert ours.method == "firth"
    assert np.isfinite(ours.coefficients).all()
    assert ours.separation().complete  # the data still are


def test_a_cell_of_one_proportion():
    """The intercept's logit is that of (s + 1/2) / (n + 1): half a success and half a failure more."""
    data = pd.DataFrame({"s": [7], "f": [0]})
    ours = g.glm("cbind(s, f) ~ 1", data, "binomial", method="firth")
    assert ours.coefficients.iloc[0] == pytest.approx(np.log(7.5 / 0.5), rel=1e-9)
    poisson = g.glm("y ~ 1", pd.DataFrame({"y": [0.0, 0, 0, 0]}), "poisson", method="firth")
    assert np.exp(poisson.coefficients.iloc[0]) == pytest.approx(0.5 / 4, rel=1e-9)


def test_families_that_brglm2_does_not_know():
    """Pearson's dispersion in the adjustment: a quasi fit with phi = 1 would be the Poisson one."""
    data = load("InsectSprays")
    quasi = g.glm("count ~ spray", data, "quasipoisson", method="firth")
    plain = g.glm("count ~ spray", data, "quasipoisson")
    poisson = g.glm("count ~ spray", data, "poisson", method="firth")
    X = quasi.model_matrix().to_numpy()
    mu = quasi.fitted_values.to_numpy()
    leverage = mu * np.einsum("ij,jk,ik->i", X, np.linalg.inv(X.T @ (mu[:, None] * X)), X)
    score = X.T @ (quasi.y.to_numpy() - mu + quasi.dispersion * leverage / 2)
    np.testing.assert_allclose(score, 0.0, atol=1e-7)
    assert quasi.dispersion == pytest.approx(((quasi.y - mu) ** 2 / mu).sum() / quasi.df_residual)
    assert not np.allclose(quasi.coefficients, poisson.coefficients)
    assert not np.allclose(quasi.coefficients, plain.coefficients)
    assert g.glm("count ~ spray", data, g.negative_binomial(3.0), method="firth").converged


def test_many_rows_go_by_gram_matrices():
    rng = np.random.default_rng(2)
    n = 250_000
    data = pd.DataFrame({"x": rng.normal(size=n), "f": rng.choice(list("abc"), n)})
    data["y"] = rng.binomial(1, 1 / (1 + np.exp(2 - data["x"])))
    firth = g.glm("y ~ x + f", data, "binomial", method="firth")
    plain = g.glm("y ~ x + f", data, "binomial")
    error = plain.summary().coefficients["Std. Error"]
    shift = (firth.coefficients - plain.coefficients) / error
    assert 0 < np.abs(shift).max() < 0.02  # of order 1 / sqrt(n)


@pytest.mark.parametrize("question", ["drop1", "step", "profile"])
def test_questions_about_the_likelihood_are_refused(question):
    ours = fitted("endometrial")
    with pytest.raises(FitError, match="bias-reduced"):
        getattr(ours, question)()


def test_intervals_without_a_penalised_likelihood():
    ours = fitted("endometrial-probit")
    with pytest.raises(
        FitError, match=r"canonical link .*binomial with link probit: use confint\(method='wald'\)"
    ):
        ours.confint()
    assert np.isfinite(ours.confint(method="wald").frame.to_numpy()).all()


def test_the_summary_says_the_method():
    note = "Note: bias-reduced estimates, method='firth' (adjusted score equations, brglm2's AS_mean)"
    assert note in str(fitted("endometrial").summary())
    assert note in str(fitted("endometrial").strip_data().summary())
    assert "bias-reduced" not in str(g.glm("am ~ wt", load("mtcars"), "binomial").summary())


def test_likelihood_and_bias_reduction_are_not_mixed():
    ours = fitted("endometrial")
    smaller = g.glm("HG ~ PI + EH", load("endometrial"), "binomial")
    for compare in (g.anova, g.lrtest):
        with pytest.raises(
            FitError, match=r"bias-reduced fits \(method='firth': model 1\) and maximum-likelihood"
        ):
            compare(ours, smaller)
    reduced = g.glm("HG ~ PI + EH", load("endometrial"), "binomial", method="firth")
    assert g.anova(ours, reduced).frame["Deviance"].iloc[1] == pytest.approx(ours.deviance - reduced.deviance)
    with pytest.raises(FitError, match="where a bias-reduced fit"):
        ours.certificate()


def test_objects_last(tmp_path):
    ours = fitted("trees-gamma-weights")
    ours.save(tmp_path / "m.json")
    new = load("trees").head(2)
    for again in (g.load(tmp_path / "m.json"), pickle.loads(pickle.dumps(ours)), ours.strip_data()):
        assert str(again.summary()) == str(ours.summary())
        assert again.dispersion == ours.dispersion
        assert again.predict(new, se_fit=True).equals(ours.predict(new, se_fit=True))


def test_sub_models_are_bias_reduced_too():
    ours = fitted("endometrial")
    table = ours.anova(test="Chisq").frame
    alone = g.glm("HG ~ NV", load("endometrial"), "binomial", method="firth")
    assert table["Resid. Dev"].iloc[1] == pytest.approx(alone.deviance, rel=1e-9)


def test_too_few_iterations_are_said():
    with pytest.warns(ConvergenceWarning, match="algorithm did not converge"):
        g.glm("HG ~ NV + PI + EH", load("endometrial"), "binomial", method="firth", maxit=1)


def test_a_link_of_the_users_own():
    own = g.Link("own", g.make_link("logit").linkfun, _inverse, _slope)
    ours = g.glm("HG ~ NV + PI + EH", load("endometrial"), g.binomial(own), method="firth")
    np.testing.assert_allclose(ours.coefficients, fitted("endometrial").coefficients, rtol=1e-6)


def _inverse(eta):
    return 1 / (1 + np.exp(-eta))


def _slope(eta):
    return _inverse(eta) * (1 - _inverse(eta))


LINKS = ["logit", "probit", "cauchit", "cloglog", "identity", "log", "sqrt", "inverse", "1/mu^2"]


POWERS = [g.power(0.3), g.tweedie(1.5, -0.5).link]


@pytest.mark.parametrize("link", [*map(g.make_link, LINKS), *POWERS], ids=lambda k: k.name)
def test_curvature_of_every_link(link):
    """d log|dmu/deta| / deta by differences."""
    eta = np.array([0.2, 0.7, 1.3, 2.0])
    h = 1e-3
    slope = {k: np.log(np.abs(link.mu_eta(eta + k * h))) for k in (-2, -1, 1, 2)}
    numeric = (slope[-2] - 8 * slope[-1] + 8 * slope[1] - slope[2]) / (12 * h)
    bar = NUMERICAL_DERIVATIVE
    np.testing.assert_allclose(relative_curvature(link, eta), numeric, rtol=bar, atol=bar)
