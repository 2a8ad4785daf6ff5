"""Small random tables: the warning comes where an independent linear programme finds a direction, and only there."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import glmformula as g
from glmformula.engine.infinity import separation as engine, settled
from glmformula.errors import SeparationWarning

FAMILIES = [
    *(g.binomial(link) for link in ("logit", "probit", "cauchit", "cloglog")),
    *(g.quasibinomial(), g.poisson(), g.quasipoisson(), g.negative_binomial(2.0)),
]
TERMS = ["a", "a + b", "a * b", "f", "f + a", "x", "x + a", "f * a", "0 + f + x", "a + b + x + f"]


def spans(X, signs):
    """Of each coefficient the least and the largest change over the cone of directions, |delta| <= 1; the gain."""
    hold, pull = X[signs == 0], (X * signs[:, None])[signs != 0]
    programme = {"bounds": [(-1, 1)] * X.shape[1], "method": "highs"}
    if len(pull):
        programme |= {"A_ub": -pull, "b_ub": np.zeros(len(pull))}
    if len(hold):
        programme |= {"A_eq": hold, "b_eq": np.zeros(len(hold))}
    found = [[sign * linprog(sign * e, **programme).fun for sign in (1, -1)] for e in np.eye(X.shape[1])]
    return np.round(found, 6), len(pull) and -linprog(-pull.sum(axis=0), **programme).fun > 1e-6


def check(formula, data, family, w):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = g.glm(formula, data, family, weights=w)
    found = g.detect_separation(formula, data, family, weights=w)
    same = fit.separation().coefficients
    np.testing.assert_array_equal(np.isnan(same), np.isnan(found.coefficients))
    limits = found.coefficients.to_numpy()
    y = data["y"].to_numpy()
    signs = np.where(y == 0, -1, np.where((y == 1) & family.is_binomial, 1, 0))
    used, known = np.ones(len(y), bool) if w is None else w > 0, ~np.isnan(limits)
    X = g.model_matrix(formula, data).to_numpy()[np.ix_(used, known)]
    (low, high), separated = np.transpose(spans(X, signs[used])[0]), spans(X, signs[used])[1]
    assert found.separation == separated
    assert any(issubclass(c.category, SeparationWarning) for c in caught) == separated
    limits = limits[known]
    assert (limits[(low == 0) & (high == 0)] == 0).all()
    assert (limits[(low == 0) & (high > 0)] == np.inf).all()
    assert (limits[(low < 0) & (high == 0)] == -np.inf).all()


def drawn(seed):
    rng = np.random.default_rng(seed)
    n, family = int(rng.integers(5, 25)), FAMILIES[seed % len(FAMILIES)]
    data = pd.DataFrame(
        {"a": rng.integers(0, 3, n), "b": rng.integers(-2, 3, n), "x": rng.normal(size=n).round(1)}
    )
    data["f"] = rng.choice(list("pqr"), n)
    data.loc[:2, "f"] = list("pqr")
    if family.is_binomial:
        data["y"] = rng.binomial(
            1, 1 / (1 + np.exp(-rng.normal() * 3 * data["a"] - rng.normal() * 2 * data["x"]))
        )
    else:
        data["y"] = rng.poisson(0.7, n) * rng.integers(0, 2, n)
    w = rng.integers(0, 2, n).astype(float) if rng.random() < 0.2 else None
    if w is not None:
        w[:3] = 1.0
    return f"y ~ {rng.choice(TERMS)}", data, family, w


@pytest.mark.parametrize("seed", range(64))
def test_drawn_tables(seed):
    check(*drawn(seed))


HARD = {  # formula, f, a, y, weights
    "the last weights alias a column": "y~f rrrqprpqrqrrrp - 00000000101100 00000011001111",
    "and make a mean settle elsewhere": "y~a - 221122121 011111111 -",
    "a singular covariance": "y~f*a rprpqqppprrrpq 11010001221201 10110110101100 -",
    "eta of 1e13 at zero weights": "y~f*a rrqrrpqqrpprpq 00110101120100 01010000000101 11111010010001",
    "eta of 1e15": "y~f*a pqprqqrqqqqqqprrrrprqrrr 101011122022011210122022 111110111011011110111011 -",
}


@pytest.mark.parametrize("case", HARD)
def test_cauchit_far_out(case):
    """Cauchit doubles eta at every step, until rounding is all that is left of it."""
    formula, f, *columns = HARD[case].split()
    a, y, w = (None if text == "-" else np.array([float(v) for v in text]) for text in columns)
    data = pd.DataFrame({"y": y})
    data["f"], data["a"] = list(f) if f != "-" else "p", 0.0 if a is None else a
    check(formula, data, g.binomial("cauchit"), w)


FORMULAS = ["f + x", "f * h", "f * h + x", "f:h", "h + f:x", "0 + f + h", "f + h + f:z", "f:z"]


def drawn_sparse(seed):
    """A sparse design of two factors, a number and one of few values; most rows do not have the rare response."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 200))
    f, h = (rng.choice(k, n, p=rng.dirichlet(np.full(k, 0.7))) for k in (6, 4))
    data = pd.DataFrame({"f": np.char.add("f", f.astype(str)), "h": np.char.add("h", h.astype(str))})
    data["x"], data["z"] = rng.normal(size=n), rng.integers(-1, 3, n)
    rare = rng.random(n) < rng.uniform(0.05, 0.3)
    family = (g.binomial(), g.binomial("probit"), g.poisson(), g.binomial("cloglog"))[seed % 4]
    data["y"] = rare * (1 if family.is_binomial else rng.integers(1, 4, n)) * 1.0
    if family.is_binomial and seed % 8 == 0:
        data["y"] = 1 - data["y"]
    weights = rng.integers(0, 3, n).astype(float) if seed % 5 == 0 else None
    return f"y ~ {FORMULAS[seed % len(FORMULAS)]}", data, family, weights


@pytest.mark.parametrize("seed", range(80))
def test_counting_and_programmes_agree(seed, monkeypatch):
    formula, data, family, weights = drawn_sparse(seed)
    monkeypatch.setattr(engine, "MANY_ROWS", 0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = g.glm(formula, data, family, weights=weights)
    ours = fit.result.limits
    warned = any(issubclass(c.category, SeparationWarning) for c in caught)
    whole = g.detect_separation(formula, data, family, weights=weights).coefficients.to_numpy()
    assert warned == (ours is not None) == bool(np.isinf(whole).any())
    if ours is None:
        return
    kept, used = ~np.isnan(whole), np.ones(len(data), bool) if weights is None else weights > 0
    X = g.model_matrix(formula, data).to_numpy()[np.ix_(used, kept)]
    y = data["y"].to_numpy()[used]
    signs = np.where(y == 0, -1, np.where((y == 1) & family.is_binomial, 1, 0))
    low, high = np.transpose(spans(X, signs)[0])
    assert (ours[~kept] == 0).all()
    decided = (low == 0) | (high == 0)  # elsewhere there are directions both ways
    wanted = np.where(high > 0, np.inf, np.where(low < 0, -np.inf, 0.0))
    np.testing.assert_array_equal(ours[kept][decided], wanted[decided])


def test_most_sparse_designs_need_no_programme_on_all_rows(monkeypatch):
    """The programmes of `recession` see one group of columns, or none."""
    monkeypatch.setattr(engine, "MANY_ROWS", 0)
    monkeypatch.setattr(engine, "separation", None)
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"f": rng.choice([f"l{i}" for i in range(40)], 6000), "x": rng.normal(size=6000)})
    data["y"] = 1.0 * (rng.random(6000) < 0.2)
    empty = data["f"].isin(["l7", "l12", "l33"])
    data.loc[empty, "y"] = 0.0
    monkeypatch.setattr(settled, "programme", None)
    with pytest.warns(SeparationWarning, match=r"of fl12 \(-Inf\), fl33 \(-Inf\), fl7 \(-Inf\);"):
        fit = g.glm("y ~ f + x", data, "binomial")
    assert np.isinf(fit.result.limits).sum() == 3
    assert not fit.separation().complete
