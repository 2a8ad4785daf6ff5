"""A family's parameters are data in full precision, and no verb reads them out of its printed name."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmformula as gf
from glmformula.families.records import family_of, family_record
from glmformula.inference.rows.prediction_interval import predictive_limits

THETAS = [4e-5, 4.567e-4, 1 / 3, 2.0, 123456.78901]
INFERENCE = sorted(Path(gf.__file__).parent.glob("inference/**/*.py"))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    x = rng.normal(size=200)
    return pd.DataFrame({"x": x, "y": rng.negative_binomial(0.7, 0.7 / (0.7 + np.exp(1 + 0.4 * x)))})


@pytest.mark.parametrize("theta", THETAS)
def test_theta_is_what_was_given(theta):
    family = gf.negative_binomial(theta)
    assert family.parameters == {"theta": theta}
    assert family_record(family)["theta"] == theta
    assert family_of(family_record(family)).parameters == {"theta": theta}


def test_a_tweedie_has_its_power():
    family = gf.tweedie(1.23456789, 0.5)
    assert family.parameters == {"var_power": 1.23456789}
    assert family_of(family_record(family)).parameters == family.parameters
    named = gf.tweedie(1.23456789, link="log")
    assert family_of(family_record(named)).link.name == "log"


@pytest.mark.parametrize("theta", THETAS)
def test_quantile_residuals_take_theta_in_full(theta, data):
    fit = gf.glm("y ~ x", data, gf.negative_binomial(theta))
    mu, y = fit.fitted_values, data["y"]
    law = stats.nbinom(theta, theta / (theta + mu))
    below, at = law.cdf(y - 1), law.cdf(y)
    u = np.random.default_rng(4).random(len(y))
    expected = stats.norm.ppf(below + u * (at - below))
    found = fit.residuals("quantile", seed=4)
    near = np.abs(expected) < 5  # where the plain formula has its digits
    assert near.sum() > 50
    np.testing.assert_allclose(found[near], expected[near], rtol=1e-6, atol=1e-9)
    assert not found.isna().any()


@pytest.mark.parametrize("k", range(len(THETAS)))
def test_the_distribution_and_its_limits_are_r_s(k, reference):
    """With eta known for certain the limits are the distribution's quantiles."""
    r = json.loads((reference / "negbin" / "negbin.json").read_text())
    family, mu = gf.negative_binomial(THETAS[k]), np.array(r["mu"])
    law = family.response_distribution(mu[:, None], np.ones((3, 1)), 1.0)
    np.testing.assert_allclose(law.cdf(np.array(r["y"])), r["p"][k], rtol=1e-11)
    lower, upper = predictive_limits(family, np.log(mu), np.zeros(3), phi=1.0, df=np.inf, level=0.9)
    np.testing.assert_array_equal(lower, np.array(r["lower"])[:, k])
    np.testing.assert_array_equal(upper, np.array(r["upper"])[:, k])


def test_a_family_under_another_name_is_asked_of_as_what_it_is(data):
    """Verbs go by the record: a Poisson family renamed has Poisson's tests, residuals and limits."""
    renamed = replace(gf.poisson(), name="counts")
    one, other = (gf.glm("y ~ x", data, family) for family in (gf.poisson(), renamed))
    questions = (
        lambda fit: fit.residuals("quantile", seed=1),
        lambda fit: fit.rstudent(),
        lambda fit: fit.estfun(),
        lambda fit: fit.predict(data.iloc[:5], interval="prediction"),
        lambda fit: fit.confint(),
        lambda fit: pd.Series(gf.dispersiontest(fit).statistic),
    )
    for ask in questions:
        assert np.allclose(np.asarray(ask(one)), np.asarray(ask(other)), rtol=1e-12)


@pytest.mark.parametrize("module", INFERENCE, ids=lambda p: p.stem)
def test_no_verb_tests_a_family_s_name(module):
    """The name is for print: it is compared with nothing, and nothing is cut out of it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Compare):
            compared = [node.left, *node.comparators]
            assert not any("family.name" in ast.unparse(part) for part in compared), ast.unparse(node)
        if isinstance(node, ast.Call):
            assert not ast.unparse(node.func).startswith(("fit.family.name.", "family.name.")), ast.unparse(
                node
            )
