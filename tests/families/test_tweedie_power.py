"""The power of a Tweedie family by maximum likelihood, against the same in R by its own sums."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tolerances import POWER, SAME_ROWS, SHARP

import glmformula as gf
from glmformula.engine import free
from glmformula.errors import ConvergenceWarning, FamilyError, FitError
from glmformula.families.tweedie_series import log_density_at_mean, slopes_at_mean


@pytest.fixture(scope="module")
def answers(reference):
    return json.loads((reference / "tweedie" / "power.json").read_text())


@pytest.fixture(scope="module")
def data(answers):
    return pd.DataFrame(answers["data"]).astype(dict.fromkeys("x z e y7".split(), float))


NAMES = ["plain", "low", "high", "offset", "no_zeros", "weights", "constant", "identity", "missing"]
EDGES = {"no_zeros": (True, False), "identity": (False, True)}  # the interval reaches an end of the range


def fitted(case, data, **options):
    family = gf.tweedie("ml", link_power=case.get("link", 0))
    return gf.glm(
        case["formula"], data, family, weights=case.get("weights"), offset=case.get("offset"), **options
    )


@pytest.mark.parametrize("name", NAMES)
def test_against_r(name, answers, data):
    case = answers["cases"][name]
    fit = fitted(case, data)
    se = (case["upper"] - case["lower"]) / 4
    assert abs(fit.var_power - case["power"]) < POWER * se
    assert np.abs(np.subtract(fit.var_power_interval, (case["lower"], case["upper"]))).max() < POWER * se
    assert [fit.var_power_interval[0] == 1.01, fit.var_power_interval[1] == 1.99] == list(
        EDGES.get(name, (False, False))
    )
    assert float(fit.loglik) == pytest.approx(case["loglik"], rel=SHARP)
    assert fit.parameter.dispersion == pytest.approx(case["phi"], rel=POWER)
    table = fit.summary().coefficients
    np.testing.assert_allclose(table["Std. Error"], case["se"], rtol=POWER)
    assert np.abs((fit.coefficients - case["coef"]) / np.array(case["se"])).max() < POWER
    assert fit.dispersion == pytest.approx(case["dispersion"], rel=POWER)
    assert fit.loglik.df == fit.rank + 2
    assert fit.aic == pytest.approx(-2 * case["loglik"] + 2 * (fit.rank + 2), rel=SHARP)


def test_all_else_is_the_fit_at_that_power(answers, data):
    fit = fitted(answers["cases"]["plain"], data)
    known = gf.glm("y1 ~ x + f", data, gf.tweedie(fit.var_power, link_power=0))
    assert known.var_power == fit.var_power
    assert known.var_power_interval is None
    pd.testing.assert_frame_equal(fit.summary().coefficients, known.summary().coefficients)
    assert str(fit.anova()) == str(known.anova())
    assert fit.deviance == known.deviance
    assert float(fit.loglik) > float(known.loglik)  # taken at the dispersion of maximum likelihood
    assert 'family = tweedie(var_power = "ml", link = "mu^0")' in " ".join(fit.call.split())
    assert str(fit.summary()).splitlines()[-1] == (
        f"var_power {fit.var_power:.5g} by maximum likelihood, 95 % profile interval 1.4056 to 1.5726"
    )


def test_the_likelihood_is_largest_there(answers, data):
    fit = fitted(answers["cases"]["high"], data)
    for power in (fit.var_power - 0.01, fit.var_power + 0.01):
        other = gf.glm("y3 ~ x + z", data, gf.tweedie(power, link_power=0))
        assert float(other.loglik) < float(fit.loglik)


def test_verbs(answers, data, tmp_path):
    fit = fitted(answers["cases"]["plain"], data)
    smaller = fit.update(". ~ . - f")
    assert smaller.var_power != fit.var_power
    assert smaller.var_power_interval is not None
    table = gf.lrtest(smaller, fit)
    assert table["#Df"].tolist() == [4, 6]
    assert fit.on_terms([0, 1]).var_power == fit.var_power
    fit.save(tmp_path / "fit.json")
    again = gf.load(tmp_path / "fit.json")
    assert str(again.summary()) == str(fit.summary())
    assert again.parameter == fit.parameter
    assert again.aic == fit.aic
    assert fit.update(family=gf.tweedie(1.5, link_power=0)).parameter is None
    assert gf.glm("y1 ~ x", data, "gaussian").var_power is None


@pytest.mark.parametrize("name", ["weights", "offset"])
def test_rows_in_files(name, answers, data, tmp_path):
    case = answers["cases"][name]
    path = tmp_path / "rows.parquet"
    data.to_parquet(path, row_group_size=40)
    ours, here = fitted(case, path), fitted(case, data)
    assert abs(ours.var_power - here.var_power) < POWER * np.diff(here.var_power_interval)[0]
    np.testing.assert_allclose(float(ours.loglik), float(here.loglik), **SAME_ROWS)


def test_rows_without_weight_say_nothing(answers, data):
    case, few = answers["cases"]["plain"], np.arange(150) < 120
    ours = fitted(case | {"weights": few.astype(float)}, data)
    here = fitted(case, data[few])
    assert abs(ours.var_power - here.var_power) < POWER * np.diff(here.var_power_interval)[0]


def test_slopes_are_those_of_the_density():
    y = np.array([1e-4, 0.03, 1.0, 7.5, 40.0, 3e3])
    for p in (1.02, 1.3, 1.7, 1.95):
        for phi in (1e-3, 0.4, 3.0):
            value, first, second = slopes_at_mean(p, y, phi)
            np.testing.assert_array_equal(value, log_density_at_mean(p, y, phi))
            h = 1e-3
            stencil = [log_density_at_mean(p, y, phi * np.exp(k * h)) for k in (-2, -1, 0, 1, 2)]
            slope = np.array([1, -8, 0, 8, -1]) @ stencil / (12 * h)
            bend = np.array([-1, 16, -30, 16, -1]) @ stencil / (12 * h * h)
            np.testing.assert_allclose(first, slope, rtol=1e-6, atol=1e-5)
            np.testing.assert_allclose(second, bend, rtol=1e-3, atol=1e-3)


def test_counts_and_gammas_are_told():
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    with pytest.warns(ConvergenceWarning, match=r"var_power falls to the end of its range, 1.01: .*counts"):
        fit = gf.glm("y ~ x", {"y": rng.poisson(np.exp(1 + 0.3 * x)), "x": x}, gf.tweedie("ml"))
    assert fit.var_power == pytest.approx(1.01, abs=2e-4)
    y = rng.gamma(2.0, np.exp(0.3 * x))
    with pytest.warns(ConvergenceWarning, match=r"var_power rises to the end of its range, 1.99: .*zeros"):
        fit = gf.glm("y ~ x", {"y": y, "x": x}, gf.tweedie("ml"))
    assert fit.var_power_interval[1] == 1.99


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (
            lambda data: gf.tweedie("reml"),
            FamilyError,
            "a number, or 'ml' for its maximum-likelihood estimate, not 'reml'",
        ),
        (lambda data: gf.tweedie("ml", link_power=0, link="log"), FamilyError, "not both"),
        (lambda data: gf.glm("y1 ~ x", data, gf.tweedie("ml"), method="firth"), ValueError, "that is known"),
        (lambda data: gf.glm("x ~ z", data, gf.tweedie("ml")), FamilyError, "negative values not allowed"),
        (
            lambda data: gf.glm("0 * z ~ x", data, gf.tweedie("ml")),
            FitError,
            "all responses are 0: the likelihood",
        ),
    ],
)
def test_what_goes_wrong_is_said(ask, error, text, data):
    with pytest.raises(error, match=text):
        ask(data)


def test_the_family_prints_what_it_estimates():
    assert "mu^ml" in repr(gf.tweedie("ml"))
    assert gf.tweedie("ml").link.name == "mu^0"


def test_no_fit_at_any_power(data, monkeypatch):
    def refuse(*args, **options):
        raise FitError("no valid set of coefficients")

    monkeypatch.setattr(free, "fit_glm", refuse)
    with pytest.raises(
        FitError, match=r"no fit at any var_power between 1.01 and 1.99: no valid set of coef"
    ):
        gf.glm("y1 ~ x", data, gf.tweedie("ml"))
