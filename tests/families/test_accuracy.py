"""Links, deviances and log-likelihoods against 60-digit arithmetic, far tails included; derivatives too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from tolerances import FAMILY_TRUTH, FAMILY_WITH_SADDLE_POINT, NUMERICAL_DERIVATIVE, ROUNDING, UNIT_DEVIANCE

from .instances import FAMILIES, LINKS, grid

mp.mp.dps = 60
WITH_DISPERSION = ("gaussian", "Gamma", "inverse.gaussian")
EPS = float(np.finfo(float).eps)


def exact_inverse(name: str) -> Callable[[Any], Any]:
    if name.startswith("power"):
        exponent = 1 / mp.mpf({"0.333": 1 / 3, "3.14": 3.14159}.get(name[6:-1]) or float(name[6:-1]))
        return lambda eta: eta**exponent
    return {
        "logit": lambda eta: 1 / (1 + mp.exp(-eta)),
        "probit": mp.ncdf,
        "cauchit": lambda eta: (
            mp.acot(-eta) / mp.pi if eta < 0 else 1 - mp.acot(eta) / mp.pi if eta > 0 else mp.mpf(0.5)
        ),
        "cloglog": lambda eta: -mp.expm1(-mp.exp(eta)),
        "identity": lambda eta: eta,
        "log": mp.exp,
        "sqrt": lambda eta: eta**2,
        "inverse": lambda eta: 1 / eta,
        "1/mu^2": lambda eta: eta ** mp.mpf(-0.5),
    }[name]


# Where R's clamps do not act: mu and dmu/deta above machine epsilon, mu below 1 - epsilon.
FREE_OF_CLAMPS = {
    "logit": np.array([-30, -29.9, -12, -3, -1e-9, 0.5, 2, 9, 20, 29.9, 30]),
    "probit": np.array([-8.1, -8, -5, -1, -1e-9, 0.3, 1, 4, 8]),
    "cauchit": np.array([-3.5e7, -1e4, -20, -1.1, -1, -0.9, -1e-9, 0.3, 1, 5, 3e7]),
    "cloglog": np.array([-36, -20, -5, -1, -1e-9, 0.1, 1, 3, 3.5]),
    "identity": np.array([-1e300, -2.0, 1e-300, 5]),
    "log": np.array([-36, -10, -1e-9, 1, 30, 700]),
    "sqrt": np.array([1e-150, 1e-3, 1, 7, 1e150]),
    "inverse": np.array([-1e150, -1e-3, 1e-150, 0.4, 9, 1e150]),
    "1/mu^2": np.array([1e-200, 1e-3, 0.4, 9, 1e200]),
}
POWERS = np.array([1e-4, 0.03, 0.4, 1.7, 9, 1e5])


@pytest.mark.parametrize("name", LINKS)
def test_inverse_link_and_its_derivative(name: str) -> None:
    link, exact = LINKS[name], exact_inverse(name)
    eta = FREE_OF_CLAMPS.get(name, POWERS)
    mu = [float(exact(mp.mpf(e))) for e in eta]
    # in units of eta itself, since it runs over 450 orders of magnitude
    slope = [float(mp.diff(lambda s, e=e: exact(mp.mpf(e) * s), 1) / mp.mpf(e)) for e in eta]
    np.testing.assert_allclose(link.linkinv(eta), mu, rtol=FAMILY_TRUTH)
    np.testing.assert_allclose(link.mu_eta(eta), slope, rtol=FAMILY_TRUTH)


@pytest.mark.parametrize("name", LINKS)
def test_links_round_trip(name: str) -> None:
    """eta -> mu -> eta, as far as a rounding of mu allows: eps mu / (dmu/deta)."""
    link = LINKS[name]
    eta = FREE_OF_CLAMPS.get(name, POWERS)
    mu = link.linkinv(eta)
    allowed = 8 * ROUNDING * (np.abs(eta) + np.abs(mu / link.mu_eta(eta)))
    assert (np.abs(link.linkfun(mu) - eta) <= allowed).all()
    tails = np.array([1e-13, 1e-9, 1e-4, 0.3, 0.5, 0.9, 1 - 1e-4, 1 - 1e-9])
    np.testing.assert_allclose(link.linkinv(link.linkfun(tails)), tails, rtol=1e-13)


def exact_deviance(name: str) -> Callable[[Any, Any], Any]:
    """2 times the integral of (y - t)/V(t) from mu to y."""

    def xlog(x: Any, ratio: Any) -> Any:
        return x * mp.log(ratio) if x else mp.mpf(0)

    def bernoulli(y: Any, mu: Any) -> Any:
        return 2 * (xlog(y, y / mu) + xlog(1 - y, (1 - y) / (1 - mu)))

    def power(p: float) -> Callable[[Any, Any], Any]:
        p = mp.mpf(p)
        if p == 1:
            return lambda y, mu: 2 * (xlog(y, y / mu) - (y - mu))
        if p == 2:
            return lambda y, mu: 2 * ((y - mu) / mu - mp.log(y / mu))
        return lambda y, mu: (
            2
            * (
                max(y, 0) ** (2 - p) / ((1 - p) * (2 - p))
                - y * mu ** (1 - p) / (1 - p)
                + mu ** (2 - p) / (2 - p)
                if p
                else (y - mu) ** 2 / 2
            )
        )

    kind, _, rest = name.partition(" ")
    if kind == "negative.binomial":
        theta = mp.mpf(float(rest))
        return lambda y, mu: 2 * (xlog(y, y / mu) - (y + theta) * mp.log((y + theta) / (mu + theta)))
    if kind == "tweedie":
        return power(float(rest))
    if kind in ("binomial", "quasibinomial") or rest == "mu(1-mu)":
        return bernoulli
    return power(
        {
            "gaussian": 0,
            "quasi constant": 0,
            "poisson": 1,
            "quasipoisson": 1,
            "quasi mu": 1,
            "Gamma": 2,
            "quasi mu^2": 2,
            "inverse.gaussian": 3,
            "quasi mu^3": 3,
        }[name]
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_unit_deviance(name: str) -> None:
    family, exact = FAMILIES[name], exact_deviance(name)
    y, mu = grid(family)
    with mp.workdps(350):  # 1 - 1e-300 must not be rounded
        truth = np.array(
            [float(exact(mp.mpf(a), mp.mpf(b))) if a != b else 0.0 for a, b in zip(y, mu, strict=True)]
        )
    ours = family.unit_deviance(y, mu)
    np.testing.assert_allclose(ours, truth, rtol=UNIT_DEVIANCE, atol=1e-300)
    assert (ours >= 0).all()
    inside = family.valid_mu(y)
    assert (family.unit_deviance(y[inside], y[inside]) == 0).all()


def stencil(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Five-point derivative."""
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


@pytest.mark.parametrize("name", FAMILIES)
def test_deviance_belongs_to_the_variance(name: str) -> None:
    """d/dmu of the unit deviance is -2 (y - mu) / V(mu); of minus2_loglik that over the dispersion."""
    family = FAMILIES[name]
    high = family.mu_interval[1]
    mu = np.array([0.12, 0.35, 0.61, 0.93]) if high == 1 else np.array([0.2, 0.9, 1.7, 6.0, 40.0])
    step = 1e-3 * (np.minimum(mu, 1 - mu) if high == 1 else mu)
    for y in (0.0, 1.0) if high == 1 else (1.0, 3.0, 20.0):
        slope = stencil(lambda m, y=y: family.unit_deviance(np.full(m.shape, y), m), mu, step)
        np.testing.assert_allclose(
            slope, -2 * (y - mu) / family.variance(mu), rtol=NUMERICAL_DERIVATIVE, atol=NUMERICAL_DERIVATIVE
        )
        if family.has_likelihood:
            phi = 0.37 if name in WITH_DISPERSION else 1.0
            one = np.array([y])
            slope = stencil(
                lambda m, one=one, phi=phi: np.array(
                    [family.minus2_loglik(one, k, None, phi) for k in m[:, None]]
                ),
                mu,
                step,
            )
            np.testing.assert_allclose(
                slope,
                -2 * (y - mu) / family.variance(mu) / phi,
                rtol=NUMERICAL_DERIVATIVE,
                atol=NUMERICAL_DERIVATIVE,
            )


def exact_minus2(name: str, y: Any, mu: Any, m: Any, phi: Any) -> Any:
    """-2 log density or probability of one row."""
    gamma = mp.loggamma
    kind, _, rest = name.partition(" ")
    if kind == "gaussian":
        return (y - mu) ** 2 * m / phi + mp.log(2 * mp.pi * phi / m)
    if kind == "binomial":
        x = mp.nint(m * y)
        log_p = gamma(m + 1) - gamma(x + 1) - gamma(m - x + 1)
        return -2 * (log_p + (x * mp.log(mu) if x else 0) + ((m - x) * mp.log(1 - mu) if m - x else 0))
    if kind == "poisson":
        return -2 * m * (y * mp.log(mu) - mu - gamma(y + 1))
    if kind == "Gamma":
        a = 1 / phi
        return -2 * m * (a * mp.log(a / mu) - gamma(a) + (a - 1) * mp.log(y) - a * y / mu)
    if kind == "inverse.gaussian":
        return m * ((y - mu) ** 2 / (mu**2 * y * phi) + mp.log(2 * mp.pi * phi * y**3))
    theta = mp.mpf(float(rest))
    log_p = (
        gamma(theta + y)
        - gamma(theta)
        - gamma(y + 1)
        + theta * mp.log(theta)
        - (y + theta) * mp.log(mu + theta)
    )
    return -2 * m * (log_p + (y * mp.log(mu) if y else 0))


LIKELIHOODS = [
    (k, phi)
    for k, f in FAMILIES.items()
    if f.has_likelihood and not k.startswith("tweedie")  # test_tweedie.py
    for phi in ((1e-6, 0.4, 30.0) if k in WITH_DISPERSION else (1.0,))
]


@pytest.mark.parametrize(("name", "phi"), LIKELIHOODS)
def test_minus2_loglik(name: str, phi: float) -> None:
    family = FAMILIES[name]
    y, mu = grid(family)
    for m in (1.0, 3.0, 1e9) if family.is_binomial else (1.0, 2.5):
        response = np.round(y * m) / m if family.is_binomial else y
        for a, b in zip(response, mu, strict=True):
            truth = float(exact_minus2(name, mp.mpf(a), mp.mpf(b), mp.mpf(m), mp.mpf(phi)))
            ours = family.minus2_loglik(np.array([a]), np.array([b]), np.array([m]), phi)
            # a proportion holds its count to a rounding only: with 1e9 trials that is what limits the answer
            slack = 1e-14 * m if family.is_binomial else 1e-13
            assert ours == pytest.approx(truth, rel=FAMILY_WITH_SADDLE_POINT, abs=slack), (a, b, m)


def test_stirling_error_and_deviance_term() -> None:
    from glmformula.families.numerics import deviance_term, stirling_error

    n = np.array([1e-6, 0.3, 0.5, 1, 2, 9.5, 15.999, 16, 17, 40, 1e3, 1e8, 1e15])
    truth = [
        float(mp.loggamma(mp.mpf(k) + 1) - (mp.mpf(k) + 0.5) * mp.log(k) + k - mp.log(2 * mp.pi) / 2)
        for k in n
    ]
    np.testing.assert_allclose(stirling_error(n), truth, rtol=1e-13, atol=1e-14)
    assert stirling_error(np.array([0.0]))[0] == 0
    mean = 1e6
    x = mean * (1 + np.array([0, 1e-15, 1e-12, 1e-6, 0.01, 0.049, 0.0999, 0.1001, 0.1053, 0.11, 3]))
    exact = [float(mp.mpf(k) * mp.log(mp.mpf(k) / mean) - mp.mpf(k) + mean) for k in x]
    np.testing.assert_allclose(deviance_term(x, np.full(x.shape, mean)), exact, rtol=FAMILY_TRUTH)
    # all rows near, no row near, a matrix in column order, a scalar
    two = np.asfortranarray(np.array([[1.0, 2.0, 30.0], [4.0, 5.0, 6.0]]))
    together = deviance_term(two, np.full(two.shape, 4.1))
    one_by_one = [[float(deviance_term(np.array(v), np.array(4.1))) for v in row] for row in two]
    np.testing.assert_array_equal(together, one_by_one)
