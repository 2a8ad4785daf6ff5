"""A model is never worse than its null model, which is within it: far offsets, deviances of several minima."""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tolerances import EDGE_DEVIANCE, SAME_DEVIANCE

import glmformula as g
from glmformula.errors import FitError, GLMFormulaWarning

HERE = Path(__file__).parent.parent / "reference" / "starts"
# A deviance that separation takes towards 0 has no digits of its own below this.
NOTHING = 1e-6


@cache
def cases():
    return json.loads((HERE / "above_null.json").read_text(encoding="utf-8"))["cases"]


def fit(formula, data, family, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = g.glm(formula, data, family, **options)
    assert all(issubclass(w.category, GLMFormulaWarning) for w in caught)
    return out, [str(w.message) for w in caught]


def case(number):
    stored = cases()[number]
    return pd.DataFrame(stored["data"]), getattr(g, stored["family"])(stored["link"]), stored


@pytest.mark.parametrize("number", range(len(cases())))
def test_far_offsets(number):
    """Below the null model; where the deviance is convex, the optimum that optim() finds in R."""
    data, family, stored = case(number)
    ours, _ = fit("y ~ x + offset(o)", data, family)
    assert ours.converged
    assert ours.deviance <= ours.null_deviance * (1 + SAME_DEVIANCE)
    if family.link.name not in ("cauchit", "inverse"):
        assert ours.deviance == pytest.approx(stored["deviance"], rel=EDGE_DEVIANCE)
        assert ours.null_deviance == pytest.approx(stored["null"], rel=EDGE_DEVIANCE)


@pytest.mark.parametrize("number", range(len(cases())))
def test_sub_models(number):
    """The null model of the fit, of anova's table and of drop1's is one."""
    data, family, _ = case(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GLMFormulaWarning)
        ours = g.glm("y ~ x + offset(o)", data, family)
        table, dropped = ours.anova().frame, ours.drop1().frame
    assert table["Resid. Dev"].iloc[0] == pytest.approx(ours.null_deviance, rel=SAME_DEVIANCE)
    assert dropped["Deviance"].loc["x"] <= ours.null_deviance * (1 + 10 * SAME_DEVIANCE)


LINKS = [
    ("binomial", "cauchit"),
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("poisson", "sqrt"),
    ("gaussian", "log"),
    ("gaussian", "inverse"),
    ("Gamma", "log"),
    ("Gamma", "inverse"),
    ("Gamma", "identity"),
]


def drawn(name: str, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, size = int(rng.integers(6, 80)), 10 ** rng.uniform(0.5, 3)
    x, z = rng.normal(size=(2, n))
    kinds = (rng.normal(size=n), rng.uniform(-1, 1, n), np.sign(rng.normal(size=n)), rng.standard_cauchy(n))
    o = kinds[rng.integers(4)] * size
    y = {
        "binomial": (rng.standard_cauchy(n) + o * rng.uniform(-1, 1) > 0).astype(float),
        "poisson": rng.poisson(3.0, n),
        "gaussian": rng.normal(3.0, 1.0, n),
        "Gamma": rng.gamma(2.0, 1.0, n) + 0.01,
    }[name]
    return pd.DataFrame({"x": x, "z": z, "o": o, "y": y})


@pytest.mark.parametrize("right", ["x + offset(o)", "x + z + offset(o)"])
@pytest.mark.parametrize(("name", "link"), LINKS)
def test_draws(name, link, right):
    for seed in range(12):
        data = drawn(name, seed)
        if link in ("log", "inverse"):
            data["o"] = data["o"].clip(-30, 30)
        try:
            ours, _ = fit(f"y ~ {right}", data, getattr(g, name)(link))
        except FitError:
            continue  # no valid means, says the programme on the rows
        assert ours.deviance <= ours.null_deviance * (1 + 10 * SAME_DEVIANCE) + NOTHING, seed


def test_several_minima_are_told():
    """The minimum that the usual start leads to is one, with a score of 0, but above the null model."""
    told = {}
    for number in range(len(cases())):
        data, family, _ = case(number)
        _, said = fit("y ~ x + offset(o)", data, family)
        several = [text for text in said if "the deviance has several minima" in text]
        assert len(several) <= 1
        if several:
            told[number] = several[0]
            found = re.search(
                r"the usual start leads to (\S+), which is above the null model's (\S+); the fit is the minimum "
                r"reached from the null model, (\S+), and another start= may lead to a lower one",
                several[0],
            )
            usual, null, fitted = map(float, found.groups())
            assert fitted <= null < usual
    assert {cases()[number]["link"] for number in told} == {"cauchit", "inverse"}


def test_a_small_budget_is_the_users():
    data, family, _ = case(5)
    ours, said = fit("y ~ x + offset(o)", data, family, maxit=2)
    assert "glm.fit: algorithm did not converge" in said
    assert ours.iter == 2
    assert ours.deviance > ours.null_deviance


def test_whatever_the_users_start():
    data, family, _ = case(0)
    usual, _ = fit("y ~ x + offset(o)", data, family)
    for start in ({"etastart": np.linspace(-300, 300, len(data))}, {"start": [500.0, -80.0]}):
        ours, _ = fit("y ~ x + offset(o)", data, family, **start)
        assert ours.deviance <= usual.null_deviance * (1 + SAME_DEVIANCE)


def test_no_intercept():
    """The null model is the offset alone."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=30), "o": 100 * rng.normal(size=30)})
    data["y"] = (data["o"] + rng.standard_cauchy(30) > 0).astype(int)
    for link in ("cauchit", "logit", "probit", "cloglog"):
        ours, _ = fit("y ~ 0 + x + offset(o)", data, g.binomial(link))
        assert ours.deviance <= ours.null_deviance * (1 + SAME_DEVIANCE) + NOTHING


def test_without_an_offset():
    """Gamma means at the edge: the iterations end there above the mean's deviance."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        n = int(rng.integers(6, 40))
        data = pd.DataFrame(
            {"x": rng.normal(size=n) * 10 ** rng.uniform(0, 3, n), "y": rng.gamma(0.5, 1.0, n)}
        )
        ours, _ = fit("y ~ x", data, g.Gamma("identity"))
        assert ours.deviance <= ours.null_deviance * (1 + 10 * SAME_DEVIANCE)
