"""Reference levels that run away: Gram matrices go on by levels and agree with QR."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.engine import levels, problem, scoring
from glmformula.engine.gram import assemble
from glmformula.engine.solve import IllConditioned, solve_gram

FORMULAS = {
    "y ~ f": "binomial",
    "y ~ f + x": "binomial",
    "y ~ f * h": "binomial",
    "y ~ f * h + x": "poisson",
    "y ~ f:h": "binomial",
    "y ~ f:h + x": "poisson",
    "y ~ f + h + h:x": "poisson",
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    n = 20_000
    f = rng.choice(40, n, p=np.r_[0.0005, np.full(38, (1 - 0.0007) / 38), 0.0002])
    out = pd.DataFrame({"f": [f"f{i:02d}" for i in f], "x": rng.normal(size=n)})
    out["h"] = rng.choice(list("pqrst"), n)
    out["y"] = 1.0 * (rng.random(n) < 0.1)
    out.loc[out["f"].isin(["f00", "f39"]) | ((out["f"] == "f07") & (out["h"] == "p")), "y"] = 0.0
    return out


def fitted(formula, data, family, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return g.glm(formula, data, family, method=method)


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_answer_is_that_of_qr(formula, data, monkeypatch):
    monkeypatch.setattr(problem, "SMALL_PROBLEM", 0)
    ours, qr = (fitted(formula, data, FORMULAS[formula], method) for method in ("auto", "qr"))
    assert ours.result.method == "cholesky"
    assert ours.result.iter == qr.result.iter
    np.testing.assert_array_equal(ours.aliased, qr.aliased)
    np.testing.assert_allclose(ours.result.coefficients, qr.result.coefficients, rtol=2e-6, atol=1e-6)
    sizes = [np.sqrt(np.diag(fit.result.cov_unscaled)) for fit in (ours, qr)]
    np.testing.assert_allclose(*sizes, rtol=1e-6)
    np.testing.assert_array_equal(ours.result.limits, qr.result.limits)


def test_a_step_by_levels_is_the_step_by_columns(data, monkeypatch):
    """Where both have the digits: coefficients, covariance, orthonormal directions, aliased columns."""
    found = []

    def both(fit, sums, beta, before):
        found.append((levels_step(fit, sums, beta, before), solve_gram(*assemble(sums), beta, strict=False)))
        return found[-1][0]

    def refused(sums, beta, strict, before):
        raise IllConditioned

    levels_step = levels.by_levels
    monkeypatch.setattr(problem, "SMALL_PROBLEM", 0)
    monkeypatch.setattr(scoring, "solved", refused)
    monkeypatch.setattr(scoring, "by_levels", both)
    rows = data[~data["f"].isin(["f00", "f39"])]
    rows = rows[(rows["f"] != "f07") | (rows["h"] != "p")]  # an empty cell
    fit = fitted("y ~ f * h + x", rows, "binomial", "auto")
    assert fit.result.method == "cholesky"
    assert fit.aliased.sum() == 1
    a, b = found[0]
    np.testing.assert_array_equal(a.pivot, b.pivot)
    np.testing.assert_allclose(a.beta, b.beta, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(a.cov_unscaled(), b.cov_unscaled(), rtol=1e-7, atol=1e-12)
    assert a.decrease == pytest.approx(b.decrease)
    directions = [s.directions() @ s.directions().T for s in (a, b)]
    np.testing.assert_allclose(*directions, rtol=1e-7, atol=1e-12)
