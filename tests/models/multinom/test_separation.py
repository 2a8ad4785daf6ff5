"""Estimates that do not exist are named, each of them, and the others are those at the end of the way."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import degenerate, load
from scipy.optimize import linprog

from glmformula import ConvergenceWarning, SeparationWarning, detect_separation, multinom
from glmformula.engine.infinity.category_separation import category_separation
from glmformula.engine.likelihood.newton import NewtonControl


def named(fit):
    limits = fit.result.solved.limits
    return {n: s for n, s in zip(fit.estimates.index, np.sign(limits)) if s}


@pytest.fixture(scope="module")
def ill():
    rng = np.random.default_rng(1)
    n = 80
    d = pd.DataFrame({"NV": rng.integers(0, 2, n), "u": rng.normal(size=n), "g": rng.choice(list("pqr"), n)})
    eta = np.column_stack([np.zeros(n), 0.4 * d.u, 0.3 - 0.5 * d.u])
    d["y"] = np.array(list("abc"))[(eta + rng.gumbel(size=eta.shape)).argmax(axis=1)]
    return d


def test_a_level_that_a_category_never_has(ill):
    d = ill.assign(y=np.where((ill.NV == 1) & (ill.y == "c"), "b", ill.y))
    with pytest.warns(SeparationWarning, match=r"no finite maximum-likelihood estimate of c:NV \(-Inf\)"):
        fit = multinom("y ~ NV + u", d)
    assert named(fit) == {"c:NV": -1}
    assert fit.vcov().loc["c:NV"].isna().all()
    assert "Note: no finite maximum-likelihood estimate: c:NV (-Inf)" in str(fit)
    # what is left is the fit in which category c is impossible at NV = 1
    rows = {"a": np.array([1.0, 0, 0]), "b": np.array([0, 1.0, 0]), "c": np.array([0, 0, 1.0])}
    y = np.array([rows[k] for k in d.y])
    X = np.column_stack([np.ones(len(d)), d.NV, d.u])

    def probabilities(beta):
        eta = np.column_stack([np.zeros(len(d)), X @ beta[:3], X[:, [0, 2]] @ beta[3:]])
        eta[:, 2] = np.where(d.NV == 1, -np.inf, eta[:, 2])
        p = np.exp(eta - eta.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    beta = np.zeros(5)
    for _ in range(30):
        p = probabilities(beta)
        design = (
            [np.hstack([X[i], 0, 0]) for i in range(len(d))],
            [np.hstack([0, 0, 0, X[i, [0, 2]] * (d.NV[i] == 0)]) for i in range(len(d))],
        )
        J = np.stack([np.array(part) for part in design])
        score = sum(J[k].T @ (y - p)[:, k + 1] for k in range(2))
        info = sum(
            (J[k] * (p[:, k + 1] * ((k == l) - p[:, l + 1]))[:, None]).T @ J[l]
            for k in range(2)
            for l in range(2)
        )
        beta = beta + np.linalg.solve(info, score)
    finite = ["b:(Intercept)", "b:NV", "b:u", "c:(Intercept)", "c:u"]
    np.testing.assert_allclose(fit.estimates[finite], beta, rtol=1e-7)
    np.testing.assert_allclose(
        np.diag(fit.vcov().loc[finite, finite]), np.diag(np.linalg.inv(info)), rtol=1e-6
    )


def test_two_categories_are_decided_as_a_binomial_is(ill):
    d = ill.assign(y=np.where((ill.NV == 1) | (ill.y == "a"), "ill", "well"))
    expected = detect_separation('y == "well" ~ NV + u + g', d).coefficients
    with pytest.warns(SeparationWarning, match=r"NV \(-Inf\)"):
        fit = multinom("y ~ NV + u + g", d)
    assert named(fit) == {n: np.sign(v) for n, v in expected.items() if v}


@pytest.mark.parametrize("id_", sorted(degenerate("multinom")))
def test_what_nnet_passes_over_in_silence(id_):
    r = degenerate("multinom")[id_]
    with pytest.warns(SeparationWarning, match="no finite maximum-likelihood estimate of"):
        fit = multinom(r["formula"], load(r["data"]))
    expected = {
        "iris": {f"{k}:{c}": -1 if c == "(Intercept)" else 1 for k in ("versicolor", "virginica")
                 for c in ("(Intercept)", "Petal.Length", "Petal.Width")},
        "fgl": {"Tabl:Ba": -1},
    }  # fmt: skip
    assert named(fit) == expected[id_]
    assert fit.deviance <= r["package"]["deviance"]
    assert fit.converged


def test_counts_hold_what_they_share(ill):
    table = pd.DataFrame(
        {"a": [3, 0, 0, 5], "b": [2, 4, 1, 1], "c": [0, 0, 3, 1], "f": list("uvvu"), "x": [0.0, 1, 2, 0.5]}
    )
    with pytest.warns(SeparationWarning, match=r"b:fv \(\+Inf\), c:fv \(\+Inf\)"):
        fit = multinom("cbind(a, b, c) ~ f", table)
    assert named(fit) == {"b:fv": 1, "c:fv": 1}
    np.testing.assert_allclose(fit.predict(type="probs").iloc[1], [0, 5 / 8, 3 / 8], atol=1e-9)
    with pytest.warns(SeparationWarning, match=r"none:\(Intercept\) \(-Inf\)"):
        multinom("cbind(a, b, none) ~ 1", table.assign(none=0))


def test_rows_of_weight_zero_separate_nothing(ill):
    d = ill.assign(y=np.where((ill.NV == 1) & (ill.y == "c"), "b", ill.y), w=1.0)
    extra = d.head(1).assign(NV=1, y="c", w=0.0)
    with pytest.warns(SeparationWarning, match=r"c:NV \(-Inf\)"):
        multinom("y ~ NV + u", pd.concat([d, extra]), weights="w")


def test_finite_estimates_far_out_are_no_separation():
    """A slow way to a maximum that is there."""
    n = 4000
    d = pd.DataFrame(
        {"x": np.r_[np.zeros(n), np.ones(n)], "y": ["a", "b"] * (n // 2) + ["a"] * (n - 1) + ["c"]}
    )
    d.loc[0, "y"] = "c"
    d.loc[n, "y"] = "b"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = multinom("y ~ x", d)
    counts = pd.crosstab(d.x, d.y)
    np.testing.assert_allclose(
        fit.coefficients.loc["b", "(Intercept)"], np.log(counts.loc[0, "b"] / counts.loc[0, "a"])
    )
    assert category_separation(fit.rows.source, fit.result.layout, 0) is None


@pytest.mark.parametrize("tiny", [1e-3, 1e-6, 1e-12])
def test_all_categories_in_all_groups_have_estimates(tiny):
    """However small a count is; a coefficient far out is not taken for an infinite one."""
    table = pd.DataFrame({"a": [1e3, 1e3], "b": [1e3, tiny], "c": [500.0, 700.0], "g": ["u", "v"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = multinom("cbind(a, b, c) ~ g", table)
    error = np.sqrt(fit.vcov().loc["b:gv", "b:gv"])
    assert abs(fit.coefficients.loc["b", "gv"] - np.log(tiny / 1e3)) < 1e-6 * max(1.0, error)
    np.testing.assert_allclose(fit.coefficients.loc["c"], [np.log(0.5), np.log(1.4)], rtol=1e-6)


def test_too_few_iterations_are_said(ill):
    with pytest.warns(ConvergenceWarning, match="did not converge in 1 iterations"):
        fit = multinom("y ~ u", ill, control=NewtonControl(maxit=1))
    assert not fit.converged
    assert "Note: the search for the maximum of the likelihood did not converge" in str(fit)


def test_many_rows_are_decided_alike():
    rng = np.random.default_rng(8)
    n = 20_000
    d = pd.DataFrame({"x": rng.normal(size=n), "g": rng.choice(list("pqrs"), n)})
    eta = np.column_stack([np.zeros(n), d.x, -0.5 * d.x])
    d["y"] = np.array(list("abc"))[(eta + rng.gumbel(size=eta.shape)).argmax(axis=1)]
    d.loc[(d.g == "s") & (d.y == "b"), "y"] = "a"
    with pytest.warns(SeparationWarning, match=r"estimate of b:gs \(-Inf\): the"):
        fit = multinom("y ~ x + g", d)
    assert named(fit) == {"b:gs": -1}


def infinite(X, y, categories):
    """Which coefficients some direction moves along which no category that was seen loses, by a programme for each."""
    rows = []
    for x, k in zip(X, y):
        for other in range(categories):
            row = np.zeros((categories, X.shape[1]))
            row[k] += x
            row[other] -= x
            rows.append(row[1:].ravel())
    A = np.array(rows)
    out = []
    for j in range(A.shape[1]):
        ends = [
            linprog(sign * np.eye(A.shape[1])[j], -A, np.zeros(len(A)), bounds=(-1, 1)).fun
            for sign in (1, -1)
        ]
        out.append(min(ends) < -1e-7)
    return np.array(out)


@pytest.mark.parametrize("seed", range(40))
def test_infinite_estimates_are_those_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    categories, n = int(rng.integers(2, 5)), int(rng.integers(10, 50))
    d = pd.DataFrame(
        {"x": rng.normal(size=n).round(1), "g": rng.choice(list("pqr"), n), "z": rng.integers(0, 3, n)}
    )
    eta = rng.normal(size=(n, categories)) + np.outer(
        d["x"], rng.normal(size=categories) * rng.choice([0.3, 2, 6])
    )
    levels, y = np.unique(eta.argmax(axis=1), return_inverse=True)
    d["y"] = np.array(list("abcd"))[y]
    formula = ["y ~ x", "y ~ x + g", "y ~ g", "y ~ x * z", "y ~ 0 + g + x"][seed % 5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", SeparationWarning)
        fit = multinom(formula, d)
    expected = infinite(
        fit.model_matrix().to_numpy()[:, ~fit.aliased[: len(fit.terms_columns)]], y, len(levels)
    )
    assert fit.converged
    np.testing.assert_array_equal(fit.result.solved.limits != 0, expected)
