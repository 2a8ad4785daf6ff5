"""Zero-inflated and hurdle models whose maximum lies at infinity: named, and without standard errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import degenerate, load

from glmformula import glm, hurdle, zeroinfl
from glmformula.errors import FormulaError, SeparationWarning

LINKS = ("logit", "probit", "cloglog", "cauchit")


def told(function: Any, *args: Any, **options: Any) -> tuple[Any, str]:
    """The fit and its one warning, or ''."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        fit = function(*args, **options)
    assert len(heard) <= 1, [str(w.message) for w in heard]
    assert all(issubclass(w.category, SeparationWarning) for w in heard)
    return fit, str(heard[0].message) if heard else ""


def limits(fit: Any) -> dict[str, float]:
    """Of the parameters without an estimate: inf, -inf or NaN."""
    found = fit.result.solved.limits
    return {name: float(v) for name, v in zip(fit.parameter_names, found, strict=True) if v != 0}


def errors(fit: Any) -> pd.Series:
    V = fit.vcov(complete_theta=True)
    return pd.Series(np.sqrt(np.diag(V)), index=V.index)


@pytest.mark.parametrize("link", [*LINKS, "log"])
@pytest.mark.parametrize("seed", range(4))
def test_a_constant_zero_part_without_inflation(link: str, seed: int) -> None:
    """By the derivative at no inflation: the sum of exp(mu) - 1 over the zeros less the number of others."""
    rng = np.random.default_rng(seed)
    n = (40, 300, 300, 3000)[seed]
    data = pd.DataFrame({"y": rng.poisson((0.3, 1, 3, 1)[seed], n), "x": rng.normal(size=n)})
    poisson = glm("y ~ x", data, "poisson")
    mu, y = poisson.fitted_values, data["y"]
    slope = float(np.where(y == 0, np.exp(mu) - 1, -1.0).sum())
    fit, said = told(zeroinfl, "y ~ x | 1", data, link=link)
    assert fit.converged
    if slope > 0:
        assert not said
        assert limits(fit) == {}
        assert fit.loglik > poisson.loglik
        return
    assert "no finite maximum-likelihood estimate of zero_(Intercept) (-Inf): the likelihood rises" in said
    assert limits(fit) == {"zero_(Intercept)": -np.inf}
    assert float(fit.loglik) == pytest.approx(float(poisson.loglik), abs=1e-3)
    np.testing.assert_allclose(fit.coefficients.iloc[:2], poisson.coefficients, atol=1e-3)
    se = errors(fit)
    assert np.isnan(se["zero_(Intercept)"])
    np.testing.assert_allclose(se.iloc[:2], np.sqrt(np.diag(poisson.vcov())), rtol=1e-2)
    assert "Note: no finite maximum-likelihood estimate: zero_(Intercept) (-Inf)" in str(fit.summary())


@pytest.mark.parametrize("id_", sorted(degenerate("zeroinfl")))
def test_where_pscl_gives_a_huge_standard_error(id_: str) -> None:
    r = degenerate("zeroinfl")[id_]
    given = {k: v.strip('"') for k, v in (r["args"] or {}).items()}
    fit, said = told(zeroinfl, r["formula"], load(r["data"]), **given)
    assert "zero_(Intercept) (-Inf)" in said
    assert max(r["package"]["se"]) > 10
    assert np.nanmax(errors(fit)) < 2
    if r["limit"] is not None:
        assert float(fit.loglik) == pytest.approx(r["limit"], abs=1e-4)
    at = [name for name in fit.coefficients.index if name.startswith("count_")]
    np.testing.assert_allclose(fit.coefficients[at], r["limit_coef"], atol=1e-3)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("dist", ["poisson", "negbin"])
def test_a_level_without_inflation(link: str, dist: str) -> None:
    rng = np.random.default_rng(8)
    n = 600
    g = np.repeat(["a", "b", "c"], n // 3)
    counts = rng.negative_binomial(3, 3 / (3 + np.full(n, np.exp(1.3))))
    y = np.where((rng.random(n) < 0.4) & (g == "a"), 0, counts)
    y = np.where((g == "c") & (y == 0), 1, y)
    y[-3:] = 0  # fewer zeros among c than counts have
    data = pd.DataFrame({"y": y, "g": g})
    fit, said = told(zeroinfl, "y ~ 1 | g", data, dist=dist, link=link)
    assert "zero_gc (-Inf)" in said
    found = limits(fit)
    assert found["zero_gc"] == -np.inf
    others = errors(fit).drop(list(found))
    assert others.max() < 20


@pytest.mark.parametrize("function", [zeroinfl, hurdle])
def test_counts_without_overdispersion(function: Any) -> None:
    rng = np.random.default_rng(4)
    n = 500
    x = rng.normal(size=n)
    y = rng.binomial(8, np.minimum(np.exp(0.7 + 0.4 * x) / 8, 0.95))
    data = pd.DataFrame({"y": np.where(rng.random(n) < 0.3, 0, y), "x": x})
    fit, said = told(function, "y ~ x | 1", data, dist="negbin")
    assert "Log(theta) (+Inf)" in said
    assert limits(fit) == {"Log(theta)": np.inf}
    poisson = function("y ~ x | 1", data)
    assert float(fit.loglik) == pytest.approx(float(poisson.loglik), abs=1e-3)
    np.testing.assert_allclose(errors(fit).iloc[:3], errors(poisson), rtol=1e-2)
    assert np.isnan(errors(fit)["Log(theta)"])
    assert "Theta = Inf" in str(fit)
    theta = fit.theta if function is zeroinfl else fit.theta["count"]
    assert theta == np.inf


@pytest.mark.parametrize("seed", range(5))
def test_a_zero_part_that_means_nothing_has_no_slope(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 3000
    x, z = rng.normal(size=(2, n))
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 + 0.4 * x)), "x": x, "z": z})
    for dist in ("poisson", "negbin"):
        fit, said = told(zeroinfl, "y ~ x | z", data, dist=dist)
        assert fit.converged
        found = limits(fit)
        assert np.nanmax(errors(fit)) < 20
        if "zero_(Intercept)" in found:
            assert "zero_z" in found
            assert "not determined" in said or "zero_z (" in said


def level_of_zeros() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    g, x = rng.choice(list("abcd"), n), rng.normal(size=n)
    y = np.where(rng.random(n) < 0.3, 0, rng.poisson(np.exp(1 + 0.3 * x)))
    return pd.DataFrame(
        {"y": np.where(g == "c", 0, y), "g": g, "x": x, "s": (y > 0) + 0.01 * x, "one": y > 0}
    )


def test_a_level_of_zeros_alone() -> None:
    data = level_of_zeros()
    for function, formula, expected in (
        (zeroinfl, "y ~ x + g | 1", {"count_gc": -np.inf}),
        (zeroinfl, "y ~ x | g", {"zero_gc": np.inf}),
        (hurdle, "y ~ x | g", {"zero_gc": -np.inf}),
    ):
        fit, said = told(function, formula, data)
        assert limits(fit) == expected
        assert next(iter(expected)) in said
        assert errors(fit).drop(list(expected)).max() < 1
    # where it is in both parts, either explains the zeros
    fit, said = told(zeroinfl, "y ~ x + g | g", data)
    assert set(limits(fit)) == {"count_gc", "zero_gc"}
    # among the counts of a hurdle the level is not there
    fit, said = told(hurdle, "y ~ x + g | 1", data)
    assert np.isnan(fit.coefficients["count_gc"])
    assert not fit.coefficients.drop("count_gc").isna().any()
    assert said == ""


@pytest.mark.parametrize("zero_dist", ["binomial", "poisson", "geometric"])
def test_separation_in_the_zero_part_of_a_hurdle(zero_dist: str) -> None:
    data = level_of_zeros()
    data["s"] = np.where(data["y"] > 0, 1.0, 0.0) + 0.01 * data["x"]
    fit, said = told(hurdle, "y ~ x | s", data, zero_dist=zero_dist)
    assert limits(fit) == {"zero_(Intercept)": -np.inf, "zero_s": np.inf}
    assert "zero_(Intercept) (-Inf), zero_s (+Inf)" in said


def test_counts_that_are_all_one() -> None:
    data = level_of_zeros().assign(y=lambda d: d["one"].astype(int))
    fit, said = told(hurdle, "y ~ x | 1", data)
    assert limits(fit)["count_(Intercept)"] == -np.inf
    assert "count_x is not determined there" in said
    assert "Note: not determined: count_x" in str(fit.summary())
    np.testing.assert_allclose(fit.fitted_values.mean(), data["y"].mean(), rtol=1e-6)


def test_a_negative_binomial_zero_part_needs_a_variable() -> None:
    with pytest.raises(
        FormulaError, match="not identified with only an intercept: give the zero part a variable"
    ):
        hurdle("y ~ x | 1", level_of_zeros(), zero_dist="negbin")


def test_a_large_but_finite_estimate_is_one() -> None:
    """Nearly dependent columns and far estimates have huge standard errors, and are told nothing of infinity."""
    rng = np.random.default_rng(1)
    n = 800
    x = rng.normal(size=n)
    y = np.where(rng.random(n) < 0.3, 0, rng.poisson(np.exp(1 + 0.3 * x)))
    data = pd.DataFrame({"y": y, "x": x, "near": x + 1e-5 * rng.normal(size=n)})
    fit, said = told(zeroinfl, "y ~ x + near | 1", data)
    assert said == ""
    assert errors(fit)["count_near"] > 1e3
    assert limits(fit) == {}


def test_what_a_parameter_at_infinity_does_not_touch_keeps_its_error() -> None:
    """The answers are those of the model in the limit, here a Poisson's."""
    rng = np.random.default_rng(4)
    n = 500
    x = rng.normal(size=n)
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 + 0.4 * x)), "x": x})
    poisson = glm("y ~ x", data, "poisson")
    fit, said = told(zeroinfl, "y ~ x | 1", data, dist="negbin")
    assert "zero_(Intercept) (-Inf), Log(theta) (+Inf)" in said
    new = data.head(4)
    known = poisson.predict(new, type="response", se_fit=True)
    for type_ in ("response", "count"):
        found = fit.predict(new, type=type_, se_fit=True)
        np.testing.assert_allclose(found, known, rtol=1e-3)
    assert (fit.predict(new, type="zero", se_fit=True)["se_fit"] < 1e-6).all()
    np.testing.assert_allclose(fit.vcov("HC0").iloc[:2, :2], poisson.vcov("HC0"), rtol=1e-2)
    assert fit.vcov("HC0")["zero_(Intercept)"].isna().all()
    robust = fit.predict(new, se_fit=True, vcov="HC0")["se_fit"]
    np.testing.assert_allclose(
        robust, poisson.predict(new, "response", True, vcov="HC0")["se_fit"], rtol=1e-2
    )
    wald = fit.linear_hypothesis("count_x = 0")["Chisq"].iloc[1]
    assert wald == pytest.approx(poisson.linear_hypothesis("x = 0")["Chisq"].iloc[1], rel=1e-2)
    assert np.isnan(fit.linear_hypothesis("zero_(Intercept) = 0")["Chisq"].iloc[1])


def test_an_interval_may_end_at_infinity() -> None:
    """A share of zeros that is estimated, but whose likelihood falls too little on the way to none."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=500)
    data = pd.DataFrame({"y": rng.poisson(np.exp(0.3 + 0.4 * x)), "x": x})
    fit, said = told(zeroinfl, "y ~ x | 1", data, dist="negbin")
    assert said == ""
    low, high = fit.confint(["zero_(Intercept)"], method="profile").loc["zero_(Intercept)"]
    assert low == -np.inf
    assert np.isfinite(high)
