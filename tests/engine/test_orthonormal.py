"""Columns that nearly depend on each other: the digits are those of the columns, not of their Gram matrix."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from glmformula import multinom
from glmformula.engine.likelihood.layout import Layout
from glmformula.engine.likelihood.likelihood_fit import as_slice
from glmformula.engine.likelihood.orthonormal import basis_of, ill_conditioned
from glmformula.engine.likelihood.row_sums import at


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    n = 150
    x = rng.normal(size=n)
    d = pd.DataFrame({"x": x, "z": x + 1e-5 * rng.normal(size=n), "far": 1e7 + rng.normal(size=n)})
    d["year"], d["w"] = 2000 + rng.integers(0, 20, n), rng.integers(0, 3, n)
    eta = np.column_stack([np.zeros(n), d.x, -d.x])
    d["y"] = np.array(list("abc"))[(eta + rng.gumbel(size=eta.shape)).argmax(axis=1)]
    return d


def exact(X, y, w, start):
    """Newton's method in 50 digits from `start`: coefficients and standard errors."""
    K, p = 3, X.shape[1]
    with mp.workdps(50):
        rows = [[mp.mpf(float(v)) for v in row] for row in X]
        beta = mp.matrix([mp.mpf(float(b)) for b in start])
        for _ in range(8):
            g, H = mp.zeros(p * (K - 1), 1), mp.zeros(p * (K - 1))
            for x, k_own, weight in zip(rows, y, w):
                if not weight:
                    continue
                e = [mp.exp(mp.fsum(x[j] * beta[k * p + j] for j in range(p))) for k in range(K - 1)]
                P = [v / (1 + mp.fsum(e)) for v in e]
                for k in range(K - 1):
                    left = int(weight) * ((k_own == k + 1) - P[k])
                    for j in range(p):
                        g[k * p + j] += left * x[j]
                    for l in range(K - 1):
                        h = int(weight) * P[k] * ((k == l) - P[l])
                        for j in range(p):
                            for i in range(p):
                                H[k * p + j, l * p + i] += h * x[j] * x[i]
            step = mp.lu_solve(H, g)
            beta += step
            if max(abs(s) for s in step) < mp.mpf(10) ** -25 * max(abs(b) for b in beta):
                break
        V = H**-1
        return np.array([float(b) for b in beta]), np.array(
            [float(mp.sqrt(V[i, i])) for i in range(len(beta))]
        )


@pytest.mark.parametrize(
    ("formula", "columns"),
    [("y ~ x + z", ["x", "z"]), ("y ~ far", ["far"]), ("y ~ year + I(year^2)", ["year", "square"])],
)
def test_estimates_and_errors(data, formula, columns):
    fit = multinom(formula, data, weights="w")
    X = np.column_stack([np.ones(len(data)), data.assign(square=data.year**2)[columns]])
    beta, se = exact(X, data.y.map({"a": 0, "b": 1, "c": 2}), data.w, fit.estimates)
    size = np.maximum(np.abs(beta), se)
    np.testing.assert_allclose(fit.estimates / size, beta / size, atol=1e-7)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.vcov())), se, rtol=1e-7)


def test_the_basis_is_orthonormal_and_goes_back(data):
    fit = multinom("y ~ x + z", data)
    layout, source = fit.result.layout, fit.rows.source
    basis = basis_of(source, layout)
    assert basis is not None
    X = fit.model_matrix().to_numpy() @ basis.layout.basis
    np.testing.assert_allclose(X.T @ X, np.eye(3), atol=1e-8)
    np.testing.assert_allclose(basis.out @ basis.into, np.eye(6), atol=1e-8)
    inner = basis.into @ fit.result.solved.parameters
    sums = at(source, fit.likelihood, basis.layout, inner)
    assert sums.loglik == pytest.approx(float(fit.loglik), rel=1e-10)
    assert ill_conditioned(fit.result.solved.information, layout)
    assert not ill_conditioned(sums.information, basis.layout)


def test_predictors_that_share_some_columns_have_no_basis(data):
    fit = multinom("y ~ x + z", data)
    shared = Layout((as_slice(np.array([0, 1])), as_slice(np.array([1, 2]))), (2, 2), (None, None))
    assert basis_of(fit.rows.source, shared) is None


def test_badly_scaled_columns_are_as_good_as_others(data):
    plain = multinom("y ~ x", data)
    scaled = multinom("y ~ I(1e9 * x)", data)
    np.testing.assert_allclose(scaled.summary().wald_ratios, plain.summary().wald_ratios, rtol=1e-8)
