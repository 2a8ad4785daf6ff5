"""The Tweedie log-likelihood: against sums to 40 digits, and against the families at powers 0, 2 and 3."""

from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
import scipy.integrate

from glmformula import AIC, BIC, FamilyError, Gamma, gaussian, glm, inverse_gaussian, logLik, tweedie

POWERS = (1.001, 1.01, 1.1, 1.3, 1.5, 1.7, 1.9, 1.99, 1.999)


def log_density(p: float, y: float, mu: float, phi: float) -> mpmath.mpf:
    """Poisson many gamma variables, summed term by term."""
    with mpmath.workdps(40):
        p, y, mu, phi = map(mpmath.mpf, (p, y, mu, phi))
        shape, rate = (2 - p) / (p - 1), mu ** (2 - p) / (phi * (2 - p))
        if y == 0:
            return -rate
        scale = phi * (p - 1) * mu ** (p - 1)
        middle = y ** (2 - p) / (phi * (2 - p))
        reach = 14 * mpmath.sqrt(middle / (1 + shape))
        terms = [
            j * mpmath.log(rate) - rate - mpmath.loggamma(j + 1)
            + (shape * j - 1) * mpmath.log(y) - y / scale - shape * j * mpmath.log(scale) - mpmath.loggamma(shape * j)
            for j in range(max(1, int(middle - reach - 5)), int(middle + reach + 60))
        ]  # fmt: skip
        largest = max(terms)
        return largest + mpmath.log(mpmath.fsum(mpmath.exp(t - largest) for t in terms))


@pytest.mark.parametrize("p", POWERS)
@pytest.mark.parametrize("phi", [1e-4, 0.02, 0.7, 5.0, 300.0])
def test_the_density_is_that_of_its_series(p: float, phi: float) -> None:
    y = np.array([0.0, 1e-3, 0.4, 1.0, 3.7, 50.0])
    mu = np.array([0.5, 2e-3, 0.5, 1.0, 2.5, 90.0])
    family = tweedie(p, 0.0)
    for i in range(len(y)):
        if y[i] ** (2 - p) / (phi * (2 - p)) > 3e4:  # mpmath's sum has too many terms
            continue
        ours = family.minus2_loglik(y[i : i + 1], mu[i : i + 1], None, phi)
        theirs = float(-2 * log_density(p, y[i], mu[i], phi))
        assert ours == pytest.approx(theirs, rel=1e-11, abs=2e-11)


@pytest.mark.parametrize("p", [1.2, 1.5, 1.8])
@pytest.mark.parametrize("phi", [0.3, 2.0])
def test_the_density_integrates_to_one(p: float, phi: float) -> None:
    family, mu = tweedie(p, 0.0), 1.3

    def density(y: float) -> float:
        return float(np.exp(-0.5 * family.minus2_loglik(np.array([y]), np.array([mu]), None, phi)))

    ends = [0.0, 1e-3, 0.1, 1.0, 10.0, 100.0]
    mass = density(0.0) + sum(scipy.integrate.quad(density, a, b)[0] for a, b in zip(ends, ends[1:]))
    assert mass == pytest.approx(1.0, rel=1e-6)


def test_small_dispersions_cost_no_digits() -> None:
    """Towards phi = 0 the density at its mean is the saddlepoint's, 1 / sqrt(2 pi phi y^p)."""
    y = np.array([0.3, 1.0, 20.0])
    for phi in (1e-6, 1e-9, 1e-12):
        ours = tweedie(1.6, 0.0).minus2_loglik(y, y, None, phi)
        assert ours == pytest.approx(np.sum(np.log(2 * np.pi * phi * y**1.6)), abs=10 * phi + 1e-9)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    x = rng.normal(size=80)
    claims = rng.poisson(np.exp(0.3 + 0.4 * x))
    cost = np.array([rng.gamma(2.0, 1.5, n).sum() for n in claims])
    w = rng.integers(1, 4, 80).astype(float)
    return pd.DataFrame({"x": x, "cost": cost, "positive": cost + 0.5, "w": w})


@pytest.mark.parametrize(("p", "q", "usual"), [(0, 0, gaussian), (2, 0, Gamma), (3, 0, inverse_gaussian)])
def test_at_whole_powers_the_likelihood_is_the_usual_family_s(data, p, q, usual) -> None:
    ours = glm("positive ~ x", data, tweedie(p, q), weights="w")
    theirs = glm("positive ~ x", data, usual("log"), weights="w")
    assert AIC(ours) == pytest.approx(AIC(theirs), rel=1e-9)
    assert logLik(ours).df == logLik(theirs).df == 3


def test_weights_are_repetitions_and_the_dispersion_is_the_mean_deviance(data) -> None:
    weighted = glm("cost ~ x", data, tweedie(1.5, 0), weights="w")
    repeated = glm("cost ~ x", data.loc[data.index.repeat(data["w"].astype(int))], tweedie(1.5, 0))
    assert float(weighted.loglik) == pytest.approx(float(repeated.loglik), rel=1e-9)
    phi = repeated.deviance / repeated.nobs
    by_hand = sum(
        float(log_density(1.5, y, mu, phi)) for y, mu in zip(repeated.y, repeated.fitted_values, strict=True)
    )
    assert float(repeated.loglik) == pytest.approx(by_hand, rel=1e-10)
    assert BIC(repeated) == pytest.approx(-2 * by_hand + 3 * np.log(repeated.nobs), rel=1e-10)
    assert "AIC: NA" not in str(repeated.summary())


def test_powers_without_a_density_have_no_aic(data) -> None:
    assert np.isnan(AIC(glm("positive ~ x", data, tweedie(2.5, 0))))
    assert np.isnan(AIC(glm("positive ~ x", data, tweedie(1, 0))))


def test_models_are_chosen_by_it(data) -> None:
    fit = glm("cost ~ x", data, tweedie(1.5, 0))
    assert np.isfinite(fit.drop1().frame["AIC"]).all()
    assert fit.step(trace=0).formula in ("cost ~ x", "cost ~ 1")


def test_the_link_by_name(data, tmp_path) -> None:
    by_power = glm("cost ~ x", data, tweedie(1.5, 0))
    for family in (tweedie(1.5, "log"), tweedie(var_power=1.5, link="log")):
        assert family.link.name == "log"
        np.testing.assert_allclose(glm("cost ~ x", data, family).coefficients, by_power.coefficients)
    assert tweedie(1.5, "sqrt").link.name == "sqrt"
    with pytest.raises(FamilyError, match=r"give link_power or link, not both; got 0 and 'log'"):
        tweedie(1.5, 0, link="log")
    with pytest.raises(FamilyError, match="link"):
        tweedie(1.5, "lgo")


def test_print_says_which_variance() -> None:
    assert (
        repr(tweedie(1.5, "log")) == "\nFamily: Tweedie \nLink function: log \nVariance function: mu^1.5 \n"
    )


@pytest.mark.parametrize("name", ["nb", "negbin", "nbinom", "negative_binomial", "negative.binomial"])
def test_a_negative_binomial_without_theta_is_told_how(data, name) -> None:
    with pytest.raises(FamilyError, match=r"theta.*negative_binomial\(theta\)"):
        glm("cost ~ x", data, name)
