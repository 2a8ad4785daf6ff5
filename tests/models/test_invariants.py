"""What must not change the answer: row order, block size, threads, repetition for weights, units of measurement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from tolerances import INVARIANT, STANDARD_ERROR

from glmformula import Gamma, binomial, gaussian, glm, poisson
from glmformula.engine.irls import fit_glm
from glmformula.engine.result import Control

TIGHT = {"epsilon": 1e-13, "maxit": 60}
FAMILIES = {
    "gaussian": gaussian,
    "binomial": binomial,
    "poisson": poisson,
    "Gamma": lambda: Gamma(link="log"),
}


def made(seed: int, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    f = rng.choice(list("abc"), n)
    eta = 0.3 + 0.4 * x - 0.2 * z + 0.3 * (f == "b")
    return pd.DataFrame(
        {
            "x": x,
            "z": z,
            "f": pd.Categorical(f),
            "gaussian": eta + rng.normal(size=n),
            "binomial": rng.binomial(1, 1 / (1 + np.exp(-eta))),
            "poisson": rng.poisson(np.exp(eta)),
            "Gamma": rng.gamma(2.0, np.exp(eta) / 2),
            "w": rng.integers(1, 4, n),
        }
    )


def fitted(name: str, data: pd.DataFrame, right: str = "x + z * f", **options):
    return glm(f"{name} ~ {right}", data, FAMILIES[name](), **{**TIGHT, **options})


def same(a, b, coefficients: bool = True) -> None:
    if coefficients:
        np.testing.assert_allclose(a.coefficients, b.coefficients, rtol=INVARIANT, atol=INVARIANT)
        np.testing.assert_allclose(
            a.result.cov_unscaled, b.result.cov_unscaled, rtol=INVARIANT, atol=INVARIANT
        )
    for name in ("deviance", "null_deviance", "aic"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), rel=INVARIANT)


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_row_order(name, seed):
    data = made(seed)
    same(fitted(name, data), fitted(name, data.sample(frac=1, random_state=seed)))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", ["qr", "cholesky"])
@pytest.mark.parametrize("rows", [7, 40, 1000])
def test_block_size_and_threads(name, method, rows):
    whole = fitted(name, made(1), method=method)
    for threads in (1, 2):
        source = replace(whole.rows.source, block_rows=rows, threads=threads)
        blocks = fit_glm(
            source,
            whole.family,
            names=whole.column_names,
            intercept=True,
            control=Control(**TIGHT),
            method=method,
        )
        np.testing.assert_allclose(blocks.coefficients, whole.coefficients, rtol=INVARIANT, atol=INVARIANT)
        np.testing.assert_allclose(
            blocks.cov_unscaled, whole.result.cov_unscaled, rtol=INVARIANT, atol=INVARIANT
        )


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_weights_are_repetitions(name, seed):
    data = made(seed)
    weighted = fitted(name, data, weights="w")
    repeated = fitted(name, data.loc[data.index.repeat(data["w"])])
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=INVARIANT, atol=INVARIANT)
    # the start depends on the weights, so the last Gram is taken at another iterate
    np.testing.assert_allclose(
        weighted.result.cov_unscaled, repeated.result.cov_unscaled, rtol=STANDARD_ERROR, atol=STANDARD_ERROR
    )
    assert weighted.deviance == pytest.approx(repeated.deviance, rel=INVARIANT)


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), power=st.integers(-6, 6))
def test_units_of_measurement(name, seed, power):
    data = made(seed)
    scale = 10.0**power
    plain, scaled = fitted(name, data), fitted(name, data.assign(x=data["x"] * scale))
    same(plain, scaled, coefficients=False)
    np.testing.assert_allclose(
        scaled.coefficients["x"] * scale, plain.coefficients["x"], rtol=1e-8, atol=1e-9
    )
    rest = [c for c in plain.coefficients.index if c != "x"]
    np.testing.assert_allclose(scaled.coefficients[rest], plain.coefficients[rest], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_coding_of_a_factor_changes_no_fit(name):
    data = made(3)
    plain = fitted(name, data)
    for contrast in ("contr.sum", "contr.helmert", "contr.poly", "contr.SAS"):
        coded = fitted(name, data, contrasts={"f": contrast})
        same(plain, coded, coefficients=False)
        np.testing.assert_allclose(plain.fitted_values, coded.fitted_values, rtol=INVARIANT)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_offset_is_a_known_coefficient(name):
    data = made(4)
    shifted = fitted(name, data, "x + z", offset="2 * x")
    plain = fitted(name, data, "x + z")
    assert shifted.coefficients["x"] + 2 == pytest.approx(plain.coefficients["x"], rel=1e-8)
    assert shifted.deviance == pytest.approx(plain.deviance, rel=INVARIANT)
    np.testing.assert_allclose(shifted.fitted_values, plain.fitted_values, rtol=1e-9)


def test_a_binomial_has_three_ways_to_be_written():
    rng = np.random.default_rng(5)
    n = rng.integers(3, 20, 40)
    x = rng.normal(size=40)
    s = rng.binomial(n, 1 / (1 + np.exp(-x)))
    grouped = pd.DataFrame({"s": s, "n": n, "x": x, "p": s / n})
    one = pd.DataFrame(
        {"x": np.repeat(x, n), "y": np.concatenate([[1] * a + [0] * (b - a) for a, b in zip(s, n)])}
    )
    counts = glm("cbind(s, n - s) ~ x", grouped, binomial, **TIGHT)
    proportion = glm("p ~ x", grouped, binomial, weights="n", **TIGHT)
    same(counts, proportion)
    single = glm("y ~ x", one, binomial, **TIGHT)
    np.testing.assert_allclose(counts.coefficients, single.coefficients, rtol=INVARIANT)
    np.testing.assert_allclose(counts.vcov(), single.vcov(), rtol=STANDARD_ERROR)
    assert counts.null_deviance - counts.deviance == pytest.approx(
        single.null_deviance - single.deviance, rel=1e-8
    )
