"""Verbs asked of hurdle models: what they must be by definition, and R's texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import load, texts

from glmformula import DataError, Hurdle, glm, hurdle, load as load_model, lrtest, waldtest, zeroinfl

FORMULA = "y ~ x + g | x + u"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return load("hurdles")


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> Hurdle:
    return hurdle(FORMULA, data, dist="negbin", zero_dist="negbin")


def close(a: Any, b: Any, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=tolerance, atol=tolerance)


def test_the_parts_are_fits_of_their_own(data: pd.DataFrame) -> None:
    """The zero part is a binomial glm; a Poisson's censored at 1 is one with a complementary log-log link."""
    fit = hurdle("y ~ x | x + u", data)
    apart = glm("(y > 0) ~ x + u", data, "binomial", epsilon=1e-14)
    close(fit.coefficients.iloc[2:], apart.coefficients)
    close(fit.vcov().iloc[2:, 2:], apart.vcov(), 1e-7)
    assert (fit.vcov().iloc[:2, 2:] == 0).all().all()
    one, two = (hurdle("y ~ x | x + u", data, **o) for o in ({"zero_dist": "poisson"}, {"link": "cloglog"}))
    close(one.coefficients, two.coefficients)
    assert float(one.loglik) == pytest.approx(float(two.loglik), rel=1e-12)
    logit, geometric = (hurdle("y ~ x | x + u", data, **o) for o in ({}, {"zero_dist": "geometric"}))
    close(logit.coefficients, geometric.coefficients)
    positive = hurdle("y ~ x | 1", data)
    close(positive.coefficients.iloc[:2], fit.coefficients.iloc[:2])


def test_the_thetas(fit: Hurdle) -> None:
    assert fit.theta is not None
    assert fit.se_logtheta is not None
    assert list(fit.theta.index) == list(fit.se_logtheta.index) == ["count", "zero"]
    joint = fit.vcov(complete_theta=True)
    assert list(joint.columns[-2:]) == ["Log(theta_count)", "Log(theta_zero)"]
    close(np.sqrt(np.diag(joint)[-2:]), fit.se_logtheta)
    table = fit.summary()
    close(np.log(fit.theta["count"]), table.count.loc["Log(theta)", "Estimate"])
    close(np.log(fit.theta["zero"]), table.zero.loc["Log(theta)", "Estimate"])
    assert f"Theta: count = {fit.theta['count']:.4f}" in str(table)


def test_saved_and_loaded(fit: Hurdle, data: pd.DataFrame, tmp_path: Path) -> None:
    fit.strip_data().save(tmp_path / "hurdle.json")
    back = load_model(tmp_path / "hurdle.json")
    assert isinstance(back, Hurdle)
    assert str(back) == str(fit)
    for type_ in ("response", "count", "zero"):
        close(back.predict(data.head(5), type=type_), fit.predict(data.head(5), type=type_), 1e-12)
    close(back.vcov(), fit.vcov(), 1e-12)
    close(
        back.predict(data.head(5), type="prob", at=[0]), fit.predict(data.head(5), type="prob", at=[0]), 1e-12
    )
    with pytest.raises(DataError, match=r"the largest count is not known: give at=.*such as at=range\(10\)"):
        back.predict(data.head(5), type="prob")


def test_terms_are_left_out_part_by_part(fit: Hurdle, data: pd.DataFrame) -> None:
    table = fit.drop1(test="Chisq")
    assert list(table.index) == ["<none>", "count_x", "count_g", "zero_x", "zero_u"]
    smaller = hurdle("y ~ x | x + u", data, dist="negbin", zero_dist="negbin")
    close(table.loc["count_g", "LRT"], 2 * (fit.loglik - smaller.loglik), 1e-6)
    assert fit.update(". ~ . - g | .").formula == smaller.formula
    close(lrtest(smaller, fit)["Chisq"].iloc[1], table.loc["count_g", "LRT"], 1e-6)


def test_profile_limits(fit: Hurdle, data: pd.DataFrame) -> None:
    limits = fit.confint(["count_x"], method="profile")
    for value in limits.loc["count_x"]:
        held = hurdle(
            f"y ~ g + offset({float(value)!r} * x) | x + u", data, dist="negbin", zero_dist="negbin"
        )
        assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841458820694124, abs=1e-6)


def test_rows(fit: Hurdle, data: pd.DataFrame) -> None:
    p = fit.predict(type="prob", at=range(400))
    close(p.sum(axis=1), np.ones(len(data)), 1e-9)
    close(p @ np.arange(400.0), fit.predict(), 1e-7)
    close(fit.residuals("response"), data["y"] - fit.fitted_values)
    assert fit.certificate().ok
    drawn = fit.simulate(50, seed=3)
    assert drawn.shape == (len(data), 50)
    close(drawn.to_numpy().mean(), fit.fitted_values.mean(), 0.05)
    close((drawn == 0).to_numpy().mean(), p["0"].mean(), 0.02)
    close(fit.estfun().sum(), np.zeros(len(fit.coefficients)), 1e-5)


@pytest.mark.parametrize(("function", "y"), [(zeroinfl, "zip"), (hurdle, "cut")])
def test_wald_tests_are_chi_squared_ones(function: Any, y: str) -> None:
    zeros = load("zeros")
    smaller = function(f"{y} ~ x + g | z + h", zeros, link="probit")
    larger = function(f"{y} ~ x * g | z * h", zeros)
    wanted = texts(function.__name__)["waldtest nested"]["exact"].rstrip("\n")
    assert str(waldtest(smaller, larger)) == wanted
