"""Every family and link against R's own functions on grids (tests/reference/families.R)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import numpy as np
import pytest
from tolerances import FAMILY_VALUES, FAMILY_WITH_SADDLE_POINT, ROUNDING

from glmformula.families import Family, get_family, make_link, negative_binomial, power, quasi, tweedie
from glmformula.families.link import EPS

from .instances import REFERENCE

VERSIONS = ("4.2", "4.6")
ANSWERS = {
    v: json.loads(gzip.decompress((REFERENCE / f"families_{v}.json.gz").read_bytes())) for v in VERSIONS
}
LINK_CASES = [(v, name) for v in VERSIONS for name in ANSWERS[v]["links"]]
FAMILY_CASES = [(v, name) for v in VERSIONS for name in ANSWERS[v]["families"]]


def numbers(values: list[str]) -> np.ndarray:
    return np.array([float(x) for x in values])


def family_of(name: str, answer: dict) -> Family:
    kind, _, rest = name.partition(" ")
    if kind == "quasi":
        return quasi(power(1 / 3) if answer["link"] == "mu^0.333" else answer["link"], rest)
    if kind == "negative.binomial":
        return negative_binomial(float(rest))
    if kind == "tweedie":
        return tweedie(*numbers(answer["power"]))
    return get_family(kind.partition("_")[0])


def size_of_terms(name: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """How large the numbers are that R subtracts in its unit deviance: their rounding bounds its accuracy."""
    kind, _, rest = name.partition(" ")
    if kind == "negative.binomial":
        theta = float(rest)
        return lambda y, mu: (
            (y + theta) * (1 + np.abs(np.log((y + theta) / (mu + theta)))) + y * np.abs(np.log(mu))
        )
    if kind == "Gamma" or rest == "mu^2":
        return lambda y, mu: 1 + y / mu + np.abs(np.log(mu))
    if kind == "tweedie":
        p = float(rest.split()[0])
        if p == 2:
            return lambda y, mu: 1 + y / mu + np.abs(np.log(mu))
        return lambda y, mu: y * mu ** (1 - p) + np.where(y > 0, y, 0.1) ** (2 - p) + mu ** (2 - p)
    if kind in ("binomial", "quasibinomial") or rest == "mu(1-mu)":
        return lambda y, mu: np.ones_like(y)
    return lambda y, mu: np.where(np.isfinite(y), np.abs(y) + np.abs(mu), 0.0)


@pytest.mark.parametrize(("version", "name"), LINK_CASES)
def test_link_is_rs(version: str, name: str) -> None:
    answer = ANSWERS[version]["links"][name]
    link = power(float(name[6:-1])) if name.startswith("power") else make_link(name)
    eta, mu = numbers(answer["eta"]), numbers(answer["mu"])
    assert link.name == answer["name"]
    # the log and the power links go on where R's hold means and slopes at eps: responses may be in any unit
    least = EPS if link.name == "log" or link.name.startswith("mu^") else -np.inf
    for function in ("linkinv", "mu_eta"):
        ours = np.maximum(getattr(link, function)(eta), least)
        np.testing.assert_allclose(ours, numbers(answer[function]), rtol=FAMILY_VALUES)
    np.testing.assert_array_equal(link.valid_eta(eta), numbers(answer["valid_eta"]) == 1)
    # R's cloglog takes log(1 - mu): right to rounding / mu only; its qcauchy is off by 1e-16 near 1/2
    clear = mu > 1e-3 if name == "cloglog" else np.full(mu.shape, True)
    np.testing.assert_allclose(
        link.linkfun(mu)[clear], numbers(answer["linkfun"])[clear], rtol=1e-13, atol=ROUNDING
    )


@pytest.mark.parametrize(("version", "name"), FAMILY_CASES)
def test_family_is_rs(version: str, name: str) -> None:
    answer = ANSWERS[version]["families"][name]
    family = family_of(name, answer)
    assert (family.name, family.link.name) == (answer["family"], answer["link"])
    variance = f"Variance function: {family.variance_name} \n" if family.variance_name else ""  # ours alone
    assert repr(family) == answer["printed"] + variance
    np.testing.assert_allclose(
        family.variance(numbers(answer["mu"])), numbers(answer["variance"]), rtol=FAMILY_VALUES
    )
    y, mu = numbers(answer["y"]), numbers(answer["y_mu"])
    ours, theirs = family.unit_deviance(y, mu), numbers(answer["unit_deviance"])
    with np.errstate(all="ignore"):
        slack = FAMILY_VALUES * np.abs(theirs) + 16 * ROUNDING * size_of_terms(name)(y, mu)
    same = (ours == theirs) | (np.abs(ours - np.where(np.isfinite(theirs), theirs, 0)) <= slack)
    if name.startswith("tweedie 2"):  # statmod goes below zero for y = 0, mu < 0.1
        same |= (y == 0) & (theirs < 0) & (ours == 0)
    assert same.all(), list(zip(y[~same], mu[~same], ours[~same], theirs[~same], strict=True))
    start = family.initial_mu(numbers(answer["start_y"]), numbers(answer["start_weights"]))
    np.testing.assert_allclose(start, numbers(answer["start_mu"]), rtol=FAMILY_VALUES)
    if name != "inverse.gaussian":  # R lets its mean be negative
        tried = numbers(answer["mu_tried"])
        boundary = tried == 0 if name.startswith("tweedie") else np.full(tried.shape, False)
        np.testing.assert_array_equal(
            family.valid_mu(tried)[~boundary], (numbers(answer["valid_mu"]) == 1)[~boundary]
        )


@pytest.mark.parametrize(
    ("version", "name"),
    [c for c in FAMILY_CASES if ANSWERS[c[0]]["families"][c[1]]["aic"] and not c[1].startswith("tweedie")],
)
def test_aic_is_rs(version: str, name: str) -> None:
    answer = ANSWERS[version]["families"][name]
    family = family_of(name, answer)
    size = size_of_terms(name)
    for case in answer["aic"]:
        y, mu, weights = (numbers(case[k]) for k in ("y", "mu", "weights"))
        trials = numbers(case["trials"]) if case["trials"] else None
        if trials is not None and not (trials > 1).any():
            trials = None
        with np.errstate(all="ignore"):
            noise = 16 * ROUNDING * np.nansum(weights * size(y, mu))
        deviance = float(np.sum(weights * family.unit_deviance(y, mu)))
        assert deviance == pytest.approx(float(case["deviance"][0]), rel=FAMILY_VALUES, abs=noise)
        dispersion = family.loglik_dispersion(deviance, float(weights.sum()), len(y))
        aic = family.minus2_loglik(y, mu, weights, dispersion, trials) + 2 * family.extra_df
        assert aic == pytest.approx(
            float(case["aic"][0]), rel=FAMILY_WITH_SADDLE_POINT, abs=noise, nan_ok=True
        ), name


def test_tweedie_links_are_statmods() -> None:
    for name, answer in ANSWERS["4.2"]["families"].items():
        if name.startswith("tweedie"):
            link, eta = family_of(name, answer).link, numbers(answer["eta"])
            for function in ("linkfun", "linkinv", "mu_eta"):
                np.testing.assert_allclose(
                    getattr(link, function)(eta), numbers(answer[function]), rtol=FAMILY_VALUES
                )
