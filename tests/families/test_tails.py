"""Far out in eta: deviances, scores and log-likelihoods against 60 digits; fits there, and in any unit."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import special
from tolerances import FAMILY_TRUTH

import glmformula as g
from glmformula.errors import FitError
from glmformula.families import Family

mp.mp.dps = 60

BERNOULLI = {
    "logit": (-1000.0, -50.0, -30.1, 18.1, 25.0, 30.5, 44.0, 400.0, 5000.0),
    "probit": (-300.0, -30.0, -8.2, 5.6, 7.0, 8.5, 40.0),
    "cloglog": (-600.0, -50.0, -36.1, 2.95, 3.6, 5.0, 12.0),
    "cauchit": (-1e60, -1e17, -1.1e8, 1.1e8, 1e12, 1e16, 1e200),
}


def exact_logs(link: str, eta: Any) -> tuple[Any, Any]:
    """log mu and log(1 - mu)."""
    if link == "cloglog":
        return mp.log(-mp.expm1(-mp.exp(eta))), -mp.exp(eta)

    def lower(t: Any) -> Any:
        if link == "logit":
            return -mp.log1p(mp.exp(-t))
        if link == "cauchit":
            return mp.log(mp.atan(-1 / t) / mp.pi) if t < 0 else mp.log1p(-mp.atan(1 / t) / mp.pi)
        return mp.log(mp.erfc(-t / mp.sqrt(2)) / 2) if t < 0 else mp.log1p(-mp.erfc(t / mp.sqrt(2)) / 2)

    return lower(eta), lower(-eta)


def exact_bernoulli(link: str, y: Any, eta: Any) -> Any:
    mean, rest = exact_logs(link, eta)
    return 2 * ((y * (mp.log(y) - mean) if y else 0) + ((1 - y) * (mp.log1p(-y) - rest) if y != 1 else 0))


@pytest.mark.parametrize("link", BERNOULLI)
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_bernoulli_rows(link: str, y: float) -> None:
    family = g.binomial(link)
    eta = np.array(BERNOULLI[link])
    response = np.full(eta.shape, y)
    mu = family.link.linkinv(eta)
    with mp.workdps(400):
        truth = [exact_bernoulli(link, mp.mpf(y), mp.mpf(e)) for e in eta]
        scores = [
            -mp.diff(lambda s, e=e: exact_bernoulli(link, mp.mpf(y), mp.mpf(e) * (1 + s)), 0)
            / (2 * mp.mpf(e))
            for e in eta
        ]
    deviance = family.deviance_at(response, eta, mu)
    np.testing.assert_allclose(deviance, [float(t) for t in truth], rtol=FAMILY_TRUTH, atol=2e-7)
    assert (deviance >= 0).all()
    far = family.contrary(response, eta, mu)
    assert far is not None
    np.testing.assert_allclose(far.score, np.array(scores, float)[far.rows], rtol=1e-11)
    left = np.setdiff1d(np.arange(len(eta)), far.rows)
    assert (np.abs(np.array(scores, float)[left]) < 1e-7).all()
    for trials in (1.0, 4.0):
        whole = np.round(response * trials) / trials
        ours = family.minus2_at(whole, eta, mu, np.full(eta.shape, trials), 1.0, None)
        ways = np.log(special.binom(trials, whole[0] * trials))
        exact = sum(trials * exact_bernoulli(link, mp.mpf(whole[0]), mp.mpf(e)) for e in eta)
        entropy = trials * 2 * (special.entr(whole[0]) + special.entr(1 - whole[0]))
        assert ours == pytest.approx(float(exact) + len(eta) * (entropy - 2 * ways), rel=1e-11)


COUNTS: dict[str, Family] = {
    "poisson": g.poisson(),
    "quasipoisson": g.quasipoisson(),
    "quasi": g.quasi("log", "mu"),
    "negative.binomial": g.negative_binomial(1.7),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_under_the_log_link(name: str) -> None:
    family = COUNTS[name]
    y, eta = (
        a.ravel()
        for a in np.meshgrid(
            [0.0, 1e-200, 1e-20, 1.0, 7.0, 1e9], [-5000.0, -720.0, -705.0, -301.0, -299.0, -50.0, -37.0]
        )
    )

    def exact(y: Any, eta: Any) -> Any:
        mu = mp.exp(eta)
        ratio = y * (mp.log(y) - eta) if y else mp.mpf(0)
        if name == "negative.binomial":
            theta = mp.mpf(1.7)
            return 2 * (ratio - (y + theta) * mp.log((y + theta) / (mu + theta)))
        return 2 * (ratio - y + mu)

    with mp.workdps(600):
        truth = np.array([float(exact(mp.mpf(a), mp.mpf(b))) for a, b in zip(y, eta, strict=True)])
    ours = family.deviance_at(y, eta, family.link.linkinv(eta))
    np.testing.assert_allclose(ours, truth, rtol=1e-12, atol=1e-307)
    if family.has_likelihood:
        whole = y == np.rint(y)
        y, eta, truth = y[whole], eta[whole], truth[whole]
        mu = family.link.linkinv(eta)
        saturated = family.minus2_loglik(y, np.maximum(y, 1e-300))
        assert family.minus2_at(y, eta, mu, None, 1.0, None) == pytest.approx(
            truth.sum() + saturated, rel=1e-12
        )


# -- fits -----------------------------------------------------------------------------------------------------------

LOGS = {
    "logit": lambda e: (-np.logaddexp(0, -e), -np.logaddexp(0, e)),
    "probit": lambda e: (special.log_ndtr(e), special.log_ndtr(-e)),
    "cloglog": lambda e: (np.log(-np.expm1(-np.exp(e))), -np.exp(e)),
}


def far_data(scale: float) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 150
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "day": rng.integers(1, 366, n) * scale,
            "b": (rng.random(n) < 0.4).astype(float),
            "y": rng.poisson(3.0, n).astype(float),
        }
    )


def quietly(*args: Any, **options: Any) -> tuple[g.GLM, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = g.glm(*args, **options)
    return fit, [str(w.message) for w in caught]


def is_lowest(deviance: Any, fit: g.GLM) -> None:
    """The fit's deviance is that of its coefficients, and no step aside leads lower by what R's rule would see."""
    beta, here = fit.coefficients.to_numpy(), fit.deviance
    assert here == pytest.approx(deviance(beta), rel=1e-11)
    assert -2 * fit.loglik == pytest.approx(here + fit.aic - 2 * fit.rank - here, rel=1e-12)
    for j in range(len(beta)):
        for step in (1e-6, 1e-4, 1e-2, 1.0):
            for sign in (-1, 1):
                aside = beta.copy()
                aside[j] += sign * step
                assert deviance(aside) >= here * (1 - 3e-8)


@pytest.mark.parametrize("link", LOGS)
@pytest.mark.parametrize("scale", [0.1, 1.0])
@pytest.mark.parametrize("formula", ["b ~ 1", "b ~ x"])
@pytest.mark.parametrize("method", ["auto", "cholesky"])
def test_a_day_of_the_year_as_offset(link: str, scale: float, formula: str, method: str) -> None:
    data = far_data(scale)
    X = np.column_stack([np.ones(len(data)), data["x"]])[:, : 1 + ("x" in formula)]

    def deviance(beta: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            mean, rest = LOGS[link](X @ beta + data["day"].to_numpy())
        return -2 * float(np.where(data["b"] == 1, mean, rest).sum())

    fit, told = quietly(formula, data, g.binomial(link), offset="day", method=method)
    assert fit.converged, told
    is_lowest(deviance, fit)
    alone, _ = quietly("b ~ 1", data, g.binomial(link), offset="day")
    assert fit.null_deviance == pytest.approx(alone.deviance, rel=1e-7)
    residuals = fit.residuals("deviance")
    assert float(np.square(residuals).sum()) == pytest.approx(fit.deviance, rel=1e-12)
    quantiles = fit.residuals("quantile", seed=1).to_numpy()
    assert np.isfinite(quantiles).all()
    assert np.abs(quantiles).max() > 8.3 or scale < 1.0  # where eps in place of the tail would end


@pytest.mark.parametrize("formula", ["y ~ 1", "y ~ x"])
@pytest.mark.parametrize(
    "family", [g.poisson(), g.quasipoisson(), g.quasi("log", "mu")], ids=lambda f: f.name
)
def test_exposure_as_offset_without_its_logarithm(formula: str, family: Family) -> None:
    data = far_data(1.0)
    data["pop"] = np.random.default_rng(8).uniform(10, 1000, len(data))
    X = np.column_stack([np.ones(len(data)), data["x"]])[:, : 1 + ("x" in formula)]
    y = data["y"].to_numpy()

    def deviance(beta: np.ndarray) -> float:
        eta = X @ beta + data["pop"].to_numpy()
        with np.errstate(all="ignore"):
            return 2 * float((special.xlogy(y, y) - y * eta - y + np.exp(eta)).sum())

    fit, told = quietly(formula, data, family, offset="pop")
    assert fit.converged, told
    beta = fit.coefficients.to_numpy()
    assert fit.deviance == pytest.approx(deviance(beta), rel=1e-11)
    score = X.T @ (y - np.exp(X @ beta + data["pop"].to_numpy()))
    assert np.abs(score).max() < 1e-4 * y.sum()
    level = np.log(y.sum()) - special.logsumexp(data["pop"])
    assert fit.null_deviance == pytest.approx(
        2 * float((special.xlogy(y, y) - y * (data["pop"] + level)).sum())
    )


def test_far_rows_and_tiny_units_from_a_file(tmp_path: Path) -> None:
    data = far_data(1.0).assign(tiny=unit_data()["y"] * 1e-20)
    data["tiny"] = data["tiny"].fillna(1e-20)
    path = tmp_path / "far.parquet"
    data.to_parquet(path, row_group_size=40)
    for formula, family, options in (
        ("b ~ x", g.binomial(), {"offset": "day"}),
        ("b ~ x", g.binomial("probit"), {"offset": "day"}),
        ("y ~ x", g.poisson(), {"offset": "day"}),
        ("tiny ~ x", g.Gamma("log"), {}),
    ):
        here, _ = quietly(formula, data, family, **options)
        there, _ = quietly(formula, str(path), family, **options)
        assert there.converged
        np.testing.assert_allclose(there.coefficients, here.coefficients, rtol=1e-6)
        for value in ("deviance", "null_deviance", "loglik"):
            assert getattr(there, value) == pytest.approx(getattr(here, value), rel=1e-8)


@pytest.mark.parametrize("link", LOGS)
def test_one_gross_outlier_in_an_ordinary_fit(link: str) -> None:
    rng = np.random.default_rng(11)
    x = np.append(rng.normal(size=400), 60.0)
    eta = {"logit": 1.5, "probit": 1.0, "cloglog": 1.0}[link] * x
    data = pd.DataFrame({"x": x, "b": (rng.random(401) < special.expit(eta)).astype(float)})
    data.loc[400, "b"] = 0.0
    fit, _ = quietly("b ~ x", data, g.binomial(link), start=[0.0, 1.0])
    mean, rest = LOGS[link](fit.linear_predictors.to_numpy())
    assert fit.deviance == pytest.approx(-2 * float(np.where(data["b"] == 1, mean, rest).sum()), rel=1e-10)


def test_pearson_residuals_beyond_the_clamps() -> None:
    data = pd.DataFrame({"b": [0.0, 1.0] * 4, "o": [50.0, 0.0, 0.1, -40.0, 0.2, 0.3, -0.1, 0.0]})
    fit, _ = quietly("b ~ 1", data, g.quasibinomial(), offset="o", start=[0.0])
    eta = fit.linear_predictors.to_numpy()
    exact = np.where(data["b"] == 1, np.exp(-eta / 2), -np.exp(eta / 2))
    np.testing.assert_allclose(fit.residuals("pearson"), exact, rtol=1e-9)
    assert fit.dispersion == pytest.approx(float(np.square(exact).sum()) / 7, rel=1e-6)


# -- other units ----------------------------------------------------------------------------------------------------

UNITS = (1e-80, 1e-40, 1e-20, 1e-16, 1e-11, 1e-6, 1e6, 1e16, 1e40, 1e80)
# family, variance's power, what is drawn
ANY_UNIT: dict[str, tuple[Any, float]] = {
    "Gamma": (g.Gamma, 2),
    "gaussian": (g.gaussian, 0),
    "inverse.gaussian": (g.inverse_gaussian, 3),
    "quasipoisson": (g.quasipoisson, 1),
    "poisson": (g.poisson, 1),
    "quasi mu^2": (lambda link: g.quasi(link, "mu^2"), 2),
    "quasi mu^3": (lambda link: g.quasi(link, "mu^3"), 3),
    "quasi constant": (lambda link: g.quasi(link, "constant"), 0),
    "tweedie": (lambda link: g.tweedie(1.5, 0.0), 1.5),
}


def unit_data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 120
    data = pd.DataFrame(
        {"x": rng.normal(size=n), "f": rng.choice(list("abc"), n), "w": rng.uniform(0.5, 2, n)}
    )
    data["o"] = 0.3 * rng.normal(size=n)
    data["y"] = rng.gamma(3.0, np.exp(0.5 + 0.4 * data["x"] + 0.7 * (data["f"] == "b") + data["o"]) / 3.0)
    return data


@pytest.mark.parametrize("name", ANY_UNIT)
@pytest.mark.parametrize("method", ["auto", "cholesky"])
@pytest.mark.parametrize(
    "options", [{}, {"weights": "w", "offset": "o"}], ids=["plain", "weights and offset"]
)
def test_responses_in_any_unit(name: str, method: str, options: dict[str, str]) -> None:
    family, power = ANY_UNIT[name]
    data = unit_data()
    options = {**options, "method": method, "epsilon": 1e-10}
    one, _ = quietly("y ~ x + f", data, family("log"), **options)
    for unit in UNITS:
        fit, told = quietly("y ~ x + f", data.assign(y=data["y"] * unit), family("log"), **options)
        told = [t for t in told if "non-integer" not in t and "rates numerically 0" not in t]
        assert fit.converged, unit
        assert not told, unit
        shift = np.array([np.log(unit), 0, 0, 0])
        np.testing.assert_allclose(fit.coefficients - shift, one.coefficients, atol=3e-5, err_msg=str(unit))
        scale = unit ** (2 - power)
        assert fit.deviance / scale == pytest.approx(one.deviance, rel=1e-7)
        assert fit.null_deviance / scale == pytest.approx(one.null_deviance, rel=1e-7)
        np.testing.assert_allclose(fit.fitted_values / unit, one.fitted_values, rtol=3e-5)
        if name != "poisson":  # its dispersion is 1 in any unit
            assert fit.dispersion / scale == pytest.approx(one.dispersion, rel=3e-5)
            ours, theirs = (m.summary().coefficients["Std. Error"] for m in (fit, one))
            np.testing.assert_allclose(ours, theirs, rtol=1e-4)


OTHER_LINKS = [
    (g.Gamma("inverse"), -1.0),
    (g.Gamma(g.power(0.5)), 0.5),
    (g.gaussian(), 1.0),
    (g.inverse_gaussian(), -2.0),
    (g.Gamma("identity"), 1.0),
    (g.quasi(g.power(1 / 3), "mu^2"), 1 / 3),
]


@pytest.mark.parametrize(("family", "exponent"), OTHER_LINKS, ids=[f.link.name for f, _ in OTHER_LINKS])
def test_other_links_in_any_unit(family: Family, exponent: float) -> None:
    data = unit_data()
    data["y"] += 2.0
    one, _ = quietly("y ~ f", data, family, epsilon=1e-10)
    for unit in (1e-40, 1e-20, 1e-11, 1e6, 1e20, 1e40):
        fit, told = quietly("y ~ f", data.assign(y=data["y"] * unit), family, epsilon=1e-10)
        assert fit.converged, unit
        assert not told, unit
        np.testing.assert_allclose(fit.coefficients / unit**exponent, one.coefficients, rtol=1e-6)


def test_units_whose_variances_underflow_are_refused() -> None:
    data = unit_data()
    with pytest.raises(FitError, match=r"0s in V\(mu\).*look at the sizes of response"):
        g.glm("y ~ x", data.assign(y=data["y"] * 1e-200), g.Gamma("log"))
