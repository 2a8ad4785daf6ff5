"""The blocked deviance of mixed models against dense matrices, and its gradient against differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula.inference.mixed.profiles import profiled

FORMULAS = [
    "y ~ x + (1 | g)",
    "y ~ x + (x | g)",
    "y ~ x + (x || g)",
    "y ~ x + f + (x | g) + (1 | h)",
    "y ~ x + (x | g) + (f | h)",
    "y ~ x + (1 | h/k)",
    "y ~ x + (1 | g) + (1 | h) + (0 + x | k)",
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    n = 240
    d = pd.DataFrame({"x": rng.normal(size=n), "g": rng.integers(0, 17, n), "h": rng.integers(0, 5, n)})
    d["k"] = rng.integers(0, 4, n)
    d["f"] = pd.Categorical.from_codes(rng.integers(0, 2, n), ["a", "b"])
    d["w"] = rng.uniform(0.5, 2, n)
    d["y"] = (
        1
        + d.x
        + rng.normal(size=17)[d.g] * (1 + d.x / 2)
        + rng.normal(size=5)[d.h]
        + rng.normal(size=(5, 4))[d.h, d.k]
        + rng.normal(size=n) / np.sqrt(d.w)
    )
    return d


def dense_deviance(fit, theta, reml):
    """The definition, with V as an n by n matrix."""
    rows = fit.every_row
    design = rows.source.design
    structure = fit.structure
    X = structure.layout.fixed.columns(design)
    n = len(X)
    V = np.zeros((n, n))
    for code, Z, lam in zip(structure.codes(design), structure.varying(design), structure.factors(theta)):
        columns = np.column_stack([np.ones(n) if z is None else z for z in Z]) @ lam
        V += (columns @ columns.T) * (code[:, None] == code)
    w = rows.source.prior_weights
    w = np.ones(n) if w is None else w
    V += np.diag(1 / w)
    inverse = np.linalg.inv(V)
    G = X.T @ inverse @ X
    beta = np.linalg.solve(G, X.T @ inverse @ rows.source.y)
    e = rows.source.y - X @ beta
    r2, df = e @ inverse @ e, n - reml * X.shape[1]
    out = np.linalg.slogdet(V)[1] + df * (1 + np.log(2 * np.pi * r2 / df))
    return out + (np.linalg.slogdet(G)[1] if reml else 0.0), beta, np.linalg.inv(G) * r2 / df


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_the_deviance_is_that_of_the_definition(data, formula, reml):
    fit = gf.lmer(formula, data, REML=reml, weights="w")
    theta = np.where(fit.structure.diagonal, 0.7, 0.2)
    function = profiled(fit, reml)
    assert function.at(theta).deviance == pytest.approx(dense_deviance(fit, theta, reml)[0], rel=1e-11)
    deviance, beta, cov = dense_deviance(fit, fit.result.theta, reml)
    assert fit.result.deviance == pytest.approx(deviance, rel=1e-11)
    assert fit.coefficients.to_numpy() == pytest.approx(beta, rel=1e-9)
    assert fit.vcov().to_numpy() == pytest.approx(cov, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_the_gradient_is_that_of_the_deviance(data, formula, reml):
    fit = gf.lmer(formula, data, REML=reml)
    function = profiled(fit, reml)
    theta = np.where(fit.structure.diagonal, 0.7, 0.2)
    h = 1e-5
    differences = [
        (function.at(theta + h * e).deviance - function.at(theta - h * e).deviance) / (2 * h)
        for e in np.eye(len(theta))
    ]
    assert function.gradient(function.at(theta)) == pytest.approx(differences, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_the_search_ends_at_a_minimum(data, formula):
    fit = gf.lmer(formula, data)
    assert fit.converged
    assert np.abs(fit.result.gradient).max() < 1e-4
    assert np.linalg.eigvalsh(fit.result.hessian)[0] > -1e-5


def test_modes_and_their_covariances_are_those_of_the_definition(data):
    fit = gf.lmer("y ~ x + (x | g) + (1 | h)", data)
    design = fit.every_row.source.design
    X = fit.structure.layout.fixed.columns(design)
    blocks = []
    for code, Z, lam in zip(
        fit.structure.codes(design), fit.structure.varying(design), fit.structure.factors(fit.result.theta)
    ):
        own = np.column_stack([np.ones(len(X)) if z is None else z for z in Z])
        J = code.max() + 1
        wide = np.zeros((len(X), J, own.shape[1]))
        wide[np.arange(len(X)), code] = own @ lam
        blocks.append((wide.reshape(len(X), -1), lam, J))
    ZL = np.hstack([block for block, _, _ in blocks])
    H = ZL.T @ ZL + np.eye(ZL.shape[1])
    u = np.linalg.solve(H, ZL.T @ (data.y - X @ fit.coefficients.to_numpy()))
    spread = np.linalg.inv(H) * fit.sigma**2
    at = 0
    for (_, lam, J), modes, spreads in zip(blocks, fit.result.modes, fit.result.spreads):
        K = len(lam)
        own = u[at : at + J * K].reshape(J, K) @ lam.T
        assert modes == pytest.approx(own, rel=1e-7, abs=1e-9)
        for j in range(J):
            where = slice(at + j * K, at + (j + 1) * K)
            assert spreads[j] == pytest.approx(lam @ spread[where, where] @ lam.T, rel=1e-7)
        at += J * K
