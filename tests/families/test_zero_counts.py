"""Zero-inflated and hurdle likelihoods: rows, scores and information against 320-digit arithmetic, far tails too."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from tolerances import LIKELIHOOD_ABSOLUTE, LIKELIHOOD_ROWS

from glmformula.families import counts
from glmformula.families.hurdles import ZERO_DISTS, crossed_ratio, draw_crossed, hurdle_likelihood
from glmformula.families.likelihood import Likelihood
from glmformula.families.zero_inflation import DISTS, LINKS, probabilities, zero_inflated

Function = Callable[..., Any]
ETAS = (-300.0, -30.0, -6.0, -0.4, 0.7, 5.0, 30.0, 300.0)
TAUS = (-30.0, -2.0, 0.0, 3.0, 30.0)
YS = (0.0, 1.0, 2.0, 35.0)
INFLATED = list(itertools.product(DISTS, LINKS))
HURDLES = [(d, z, k) for d in DISTS for z in ZERO_DISTS for k in (LINKS if z == "binomial" else ("logit",))]
STEP = mp.mpf(10) ** -60


def zero_term(dist: str, eta: Any, tau: Any) -> Any:
    """-log f(0)."""
    if dist == "poisson":
        return mp.exp(eta)
    theta = mp.mpf(1) if dist == "geometric" else mp.exp(tau)
    return theta * mp.log1p(mp.exp(eta) / theta)


def log_count(dist: str, y: int, eta: Any, tau: Any) -> Any:
    if dist == "poisson":
        return y * eta - mp.exp(eta) - mp.loggamma(y + 1)
    theta = mp.mpf(1) if dist == "geometric" else mp.exp(tau)
    risen = mp.fsum(mp.log(theta + j) for j in range(y)) - mp.loggamma(y + 1)
    return risen + y * (eta - mp.log(theta + mp.exp(eta))) - zero_term(dist, eta, tau)


def log_positive(dist: str, eta: Any, tau: Any) -> Any:
    return mp.log(-mp.expm1(-zero_term(dist, eta, tau)))


def log_both(link: str, eta: Any) -> tuple[Any, Any]:
    """log p and log(1 - p)."""
    if link == "logit":
        return -mp.log1p(mp.exp(-eta)), -mp.log1p(mp.exp(eta))
    if link == "probit":
        return mp.log(mp.erfc(-eta / mp.sqrt(2)) / 2), mp.log(mp.erfc(eta / mp.sqrt(2)) / 2)
    if link == "cloglog":
        return mp.log(-mp.expm1(-mp.exp(eta))), -mp.exp(eta)
    if link == "cauchit":
        return mp.log(mp.atan2(1, -eta) / mp.pi), mp.log(mp.atan2(1, eta) / mp.pi)
    return eta, mp.log(-mp.expm1(eta))


def inflated(dist: str, link: str, y: int) -> Function:
    def rows(eta: Any, zeta: Any, tau: Any = None) -> Any:
        p, q = log_both(link, zeta)
        own = q + log_count(dist, y, eta, tau)
        if y > 0:
            return own
        top = max(p, own)
        return top + mp.log1p(mp.exp(min(p, own) - top))

    return rows


def crossed(dist: str, zero_dist: str, link: str, y: int) -> Function:
    def rows(eta: Any, zeta: Any, *taus: Any) -> Any:
        tau, others = (taus[0], taus[1:]) if dist == "negbin" else (None, taus)
        if zero_dist == "binomial":
            above, below = log_both(link, zeta)
        else:
            last = others[0] if others else None
            above, below = log_positive(zero_dist, zeta, last), -zero_term(zero_dist, zeta, last)
        if y == 0:
            return below
        return above + log_count(dist, y, eta, tau) - log_positive(dist, eta, tau)

    return rows


def compare(likelihood: Likelihood, exact: Callable[[int], Function], log_link: bool, seed: int) -> None:
    """Value, scores and second derivatives at points drawn from the grid."""
    rng = np.random.default_rng(seed)
    constants = len(likelihood.predictors) - 2
    with mp.workdps(320):
        for _ in range(8):
            etas = [float(rng.choice(ETAS)) for _ in range(2)] + [
                float(rng.choice(TAUS)) for _ in range(constants)
            ]
            if log_link:
                etas[1] = -abs(etas[1])
            y = float(rng.choice(YS))
            arrays = (np.array(etas[:1]), np.array(etas[1:2]), *map(np.array, etas[2:]))
            found = likelihood.evaluate(np.array([y]), arrays)
            check(exact(int(y)), etas, y, found)


def check(exact: Function, etas: list[float], y: float, found: Any) -> None:
    at = [mp.mpf(eta) for eta in etas]

    def moved(*moves: tuple[int, int]) -> Any:
        point = list(at)
        for k, sign in moves:
            point[k] += sign * STEP
        return exact(*point)

    middle = exact(*at)
    close(found.loglik, middle, y, ("loglik", etas, y))
    for k in range(len(etas)):
        up, down = moved((k, 1)), moved((k, -1))
        close(found.score[k], (up - down) / (2 * STEP), y, ("score", k, etas, y))
        close(-value_of(found, k, k), (up - 2 * middle + down) / STEP**2, y, ("second", k, etas, y))
        for l in range(k):
            corners = [moved((k, a), (l, b)) * a * b for a in (1, -1) for b in (1, -1)]
            close(-value_of(found, l, k), mp.fsum(corners) / (4 * STEP**2), y, ("second", l, k, etas, y))


def value_of(found: Any, k: int, l: int) -> np.ndarray:
    return found.information.get((k, l), np.zeros(1))


def close(ours: np.ndarray, exact: Any, y: float, where: Any) -> None:
    size = max(1.0, y) * LIKELIHOOD_ABSOLUTE + LIKELIHOOD_ROWS * abs(float(exact))
    assert abs(float(ours[0]) - float(exact)) <= size, (where, float(ours[0]), float(exact))


@pytest.mark.parametrize(("dist", "link"), INFLATED)
def test_zero_inflated_rows(dist: str, link: str) -> None:
    compare(zero_inflated(dist, link), lambda y: inflated(dist, link, y), link == "log", 1)


@pytest.mark.parametrize(("dist", "zero_dist", "link"), HURDLES)
def test_hurdle_rows(dist: str, zero_dist: str, link: str) -> None:
    compare(
        hurdle_likelihood(dist, zero_dist, link),
        lambda y: crossed(dist, zero_dist, link, y),
        zero_dist == "binomial" and link == "log",
        2,
    )


@pytest.mark.parametrize("dist", DISTS)
@pytest.mark.parametrize("eta", ETAS)
def test_what_is_nearly_zero_keeps_its_digits(dist: str, eta: float) -> None:
    """log(1 - f(0)) and its slope, relative to themselves, where 1 - f(0) cancels."""
    for tau in TAUS if dist == "negbin" else (None,):
        args = (np.array([eta]),) if tau is None else (np.array([eta]), np.array(tau))
        ours = counts.positive(dist, *args)
        with mp.workdps(320):
            at = mp.mpf(eta), None if tau is None else mp.mpf(tau)
            exact = log_positive(dist, *at)
            up, down = (log_positive(dist, at[0] + s * STEP, at[1]) for s in (1, -1))
            assert float(ours.value[0]) == pytest.approx(float(exact), rel=1e-12, abs=1e-300)
            assert float(ours.e[0]) == pytest.approx(float((up - down) / (2 * STEP)), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("theta", [1e-6, 0.3, 4.0, 19.0, 21.0, 1e4, 1e12])
def test_sums_over_large_counts_without_a_table(theta: float) -> None:
    """Counts above the table: Stirling's series, or the gamma functions."""
    y = np.array([6e3, 1e5, 3e8])
    found = counts.rising(y, theta)
    with mp.workdps(60):
        for k, n in enumerate(map(int, y)):
            tau = mp.log(mp.mpf(theta))

            def exact(t: Any, n: int = n) -> Any:
                th = mp.exp(t)
                return mp.loggamma(n + th) - mp.loggamma(th) - n * t

            wanted = [exact(tau), mp.diff(exact, tau), mp.diff(exact, tau, 2)]
            for ours, true in zip(found, wanted, strict=True):
                assert float(ours[k]) == pytest.approx(float(true), rel=1e-10, abs=1e-14 * n)


def test_probabilities_sum_to_one() -> None:
    etas = (np.array([-2.0, 0.5, 1.0]), np.array([-1.0, 0.2, 2.0]), np.array(0.4), np.array(-0.3))
    for likelihood in [zero_inflated(d, k) for d, k in INFLATED] + [hurdle_likelihood(*h) for h in HURDLES]:
        own = etas[: len(likelihood.predictors)]
        if likelihood.parameters["link"] == "log":
            own = (own[0], -np.abs(own[1]), *own[2:])
        p = probabilities(likelihood.evaluate, tuple(range(400)), own)
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
        mean, variance = likelihood.mean(own), likelihood.variance(own)
        k = np.arange(400)
        np.testing.assert_allclose(p @ k, mean, rtol=1e-10)
        np.testing.assert_allclose(p @ k**2 - (p @ k) ** 2, variance, rtol=1e-10)


@pytest.mark.parametrize(
    "likelihood", [zero_inflated("negbin"), *(hurdle_likelihood(*h) for h in HURDLES[::3])]
)
def test_jacobians_are_derivatives(likelihood: Likelihood) -> None:
    etas = [np.array([-1.2, 0.5]), np.array([-1.0, -0.2]), np.array(0.4), np.array(-0.3)]
    etas = etas[: len(likelihood.predictors)]
    for quantity in likelihood.quantities.values():
        for k, slope in enumerate(quantity.jacobian(tuple(etas))):
            up, down = (
                quantity.value(tuple(e + s * 1e-5 * (j == k) for j, e in enumerate(etas))) for s in (1, -1)
            )
            np.testing.assert_allclose(np.broadcast_to(slope, 2), (up - down) / 2e-5, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dist", DISTS)
def test_draws_have_the_probabilities_of_the_model(dist: str) -> None:
    """Also where counts are rare, so that drawing until one is positive would not end."""
    rng = np.random.default_rng(5)
    n = 40_000
    for likelihood in (zero_inflated(dist), hurdle_likelihood(dist), hurdle_likelihood(dist, "poisson")):
        etas = (np.full(n, 0.3), np.full(n, 0.2), *[np.array(0.6)] * (dist == "negbin"))
        drawn = likelihood.draw(rng, etas)
        p = probabilities(likelihood.evaluate, (0, 1, 2, 3), etas)[0]
        shares = [(drawn == k).mean() for k in range(4)]
        np.testing.assert_allclose(shares, p, atol=4 * 0.5 / np.sqrt(n))
        assert abs(drawn.mean() - likelihood.mean(etas)[0]) < 4 * np.sqrt(likelihood.variance(etas)[0] / n)
    rare = (np.full(100, -40.0), np.full(100, 30.0), *[np.array(0.6)] * (dist == "negbin"))
    assert (draw_crossed(dist, "binomial", "logit", rng, rare) == 1.0).all()
    assert crossed_ratio(dist, "binomial", "logit", rare)[0] == pytest.approx(np.exp(40.0), rel=1e-9)
