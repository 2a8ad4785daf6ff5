"""A factor of many levels is eliminated from the normal equations: the answers are those of QR."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula.engine import bordered, columns, covariance, irls, problem
from glmformula.engine.covariance import BorderedCovariance

TIGHT = {"epsilon": 1e-13, "maxit": 60}
FORMULAS = [
    "y ~ x + g",
    "y ~ g",
    "y ~ 0 + g + x",
    "y ~ g + h + x",
    "y ~ h + g + x",
    "y ~ x + g + within",  # aliased behind the factor
    "y ~ within + g",  # aliased by it: R drops its last level
    "y ~ nest + g",
    "y ~ g + nest",
    "y ~ h * g + x",
    "y ~ g:h",  # cells without rows
    "y ~ x:g",
    "y ~ g + x:g",
    "y ~ g + big",
    "y ~ big + g",
    "y ~ within + x + g + h",
    "y ~ twice + x + g",
    "y ~ nest + h + big + x",
]


@pytest.fixture
def eliminating(monkeypatch):
    """Factors are counted and the largest is eliminated, however small; counts how often."""
    calls = []

    def solve(*arguments):
        calls.append(1)
        return solve_bordered(*arguments)

    solve_bordered = bordered.solve_bordered
    monkeypatch.setattr(bordered, "solve_bordered", solve)
    monkeypatch.setattr(bordered, "FEWEST_LEVELS", 2)
    monkeypatch.setattr(problem, "SMALL_PROBLEM", 0)
    monkeypatch.setattr(columns, "narrowest_counted", lambda widths, pieces: 2)
    return calls


def random_design(seed):
    rng = np.random.default_rng(seed)
    n, levels = int(rng.integers(150, 400)), int(rng.integers(5, 25))
    g, h, big = rng.integers(0, levels, n), rng.integers(0, 4, n), rng.integers(0, 40, n)
    data = pd.DataFrame({"x": rng.normal(size=n), "within": rng.normal(size=levels)[g]})
    data["twice"] = 2 * data["x"]
    for name, codes in {"g": g, "h": h, "big": big, "nest": g % 3}.items():
        data[name] = [f"{name}{code:02d}" for code in codes]
    data["w"] = rng.integers(0 if seed % 3 == 0 else 1, 4, n)
    for every, level in ((4, "g00"), (5, "g03")):  # levels without weight: the baseline, another one
        if seed % every == 0:
            data.loc[data["g"] == level, "w"] = 0
    eta = 0.3 * data["x"] + 0.3 * rng.normal(size=levels)[g]
    data["normal"], data["count"] = rng.normal(eta), rng.poisson(np.exp(eta + 1)) + 1
    data["gamma"] = rng.gamma(3, np.exp(eta))
    return data


@pytest.mark.parametrize("seed", range(54))
def test_random_designs(seed, eliminating):
    data = random_design(seed)
    kind, family = [("normal", "gaussian"), ("count", "poisson"), ("gamma", gf.Gamma("log"))][seed // 2 % 3]
    formula = FORMULAS[seed % len(FORMULAS)].replace("y", kind, 1)
    ours, qr = (
        gf.glm(formula, data, family, weights="w", method=method, **TIGHT).result
        for method in ("cholesky", "qr")
    )
    assert eliminating
    assert ours.iter == qr.iter
    np.testing.assert_array_equal(ours.pivot, qr.pivot)
    np.testing.assert_allclose(ours.coefficients, qr.coefficients, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.cov_unscaled, qr.cov_unscaled, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(ours.null_space, qr.null_space, atol=1e-8)
    assert ours.deviance == pytest.approx(qr.deviance, rel=1e-11)


def parts_of(rng, r=9, s=3, m=7):
    root = rng.normal(size=(s, s))
    turn = rng.normal(size=(r, s + m))
    turn[rng.random(turn.shape) < 0.5] = 0.0
    sparse = bordered.sp.csr_array(turn)
    return BorderedCovariance(root @ root.T, rng.normal(size=(s, m)), rng.random(m), sparse, 1.7)


def test_a_covariance_in_parts_answers_as_the_matrix(monkeypatch):
    rng = np.random.default_rng(1)
    parts = parts_of(rng)
    whole, X = np.asarray(parts), rng.normal(size=(5, 9))
    assert parts.shape == whole.shape
    assert len(parts) == 9
    for a, b in (
        (parts.diagonal(), whole.diagonal()),
        (np.diag(parts), np.diag(whole)),
        (np.sqrt(np.diag(2.5 * parts)), np.sqrt(np.diag(2.5 * whole))),
        (np.float64(2) * parts @ X.T, 2 * whole @ X.T),
        (X @ parts, X @ whole),
        (parts @ X[0], whole @ X[0]),
        (parts.quadratic(X), np.diag(X @ whole @ X.T)),
        (parts[np.ix_([1, 4], [0, 2, 8])], whole[np.ix_([1, 4], [0, 2, 8])]),
        (parts[2, 3], whole[2, 3]),
        (parts + 1, whole + 1),
        (np.trace(parts), np.trace(whole)),
        (parts.T, whole),
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(covariance, "MOST_BYTES", 100)
    with pytest.raises(
        gf.FitError, match=r"the covariance of 9 coefficients would take .* GB and is not formed"
    ):
        np.asarray(parts)
    np.testing.assert_allclose(parts.diagonal(), whole.diagonal())


@pytest.fixture
def wide(monkeypatch, eliminating):
    """And what is wide is worked with as if it were a hundred thousand columns."""
    from glmformula.engine.infinity import separation
    from glmformula.inference.checks import certificate
    from glmformula.inference.intervals import constrained
    from glmformula.inference.rows import predict

    for module in (bordered, separation, certificate, constrained, predict, irls, problem):
        monkeypatch.setattr(module, "WIDE", 3)
    return eliminating


def test_every_question_of_a_wide_model(wide, tmp_path, monkeypatch):
    data = random_design(1)
    formula = "count ~ x + within + g"  # the last level is aliased
    fit = gf.glm(formula, data, "poisson", weights="w")
    monkeypatch.setattr(bordered, "FEWEST_LEVELS", 10**9)
    plain = gf.glm(formula, data, "poisson", weights="w")
    assert isinstance(fit.result.cov_unscaled, BorderedCovariance)
    assert isinstance(plain.result.cov_unscaled, np.ndarray)

    def same(question):
        a, b = question(fit), question(plain)
        np.testing.assert_allclose(
            np.asarray(a, dtype=float), np.asarray(b, dtype=float), rtol=1e-6, atol=1e-9
        )

    new = data.head(7)
    same(lambda m: m.summary().coefficients)
    same(lambda m: m.vcov())
    same(lambda m: m.confint(method="wald"))
    same(lambda m: m.predict(new, se_fit=True, type="response"))
    same(lambda m: m.predict(new, type="terms", se_fit=True))
    same(lambda m: m.hatvalues())
    same(lambda m: m.strip_data().column_means)
    for kind in ("const", "HC0", "HC1", "HC3", "HC4", "HC5", "CL"):
        same(lambda m, kind=kind: m.vcov(kind))
    for cluster in ("h", "nest", "g", "big", "~ h + big"):
        same(lambda m, cluster=cluster: m.vcov("HC1", cluster=cluster))
    same(lambda m: m.vcov(cluster="~ h + big", multi0=True))
    same(lambda m: m.summary(vcov="HC1").coefficients)
    with pytest.raises(gf.FitError, match=r"HC2 with clusters takes .* for each cluster"):
        fit.vcov("HC2", cluster="h")
    with pytest.raises(gf.FitError, match=r"this needs .* numbers for each row"):
        gf.dfbetas(fit)
    with pytest.raises(gf.FitError, match=r"a profile fits the model again .* confint\(method='wald'\)"):
        fit.confint(["x"])
    assert not fit.separation().separation
    fit.save(tmp_path / "model.json")
    loaded = gf.load(tmp_path / "model.json")
    assert isinstance(loaded.result.cov_unscaled, BorderedCovariance)
    pd.testing.assert_frame_equal(loaded.summary().coefficients, fit.summary().coefficients)
    with pytest.raises(gf.FitError, match=r"certificate\(\) factors all columns together: this model has"):
        fit.certificate()


@pytest.mark.parametrize("baseline", [False, True])
def test_levels_without_events_are_named(wide, baseline):
    rng = np.random.default_rng(2)
    g = np.arange(4000) % 20
    data = pd.DataFrame(
        {"x": rng.normal(size=4000), "g": [f"l{v:02d}" for v in g], "y": rng.poisson(2, 4000)}
    )
    empty = ["l07", "l13", *(["l00"] if baseline else [])]
    data.loc[data["g"].isin(empty), "y"] = 0
    named = r"\(Intercept\) \(-Inf\)" if baseline else r"gl07 \(-Inf\), gl13 \(-Inf\);"
    with pytest.warns(gf.SeparationWarning, match=named):
        fit = gf.glm("y ~ x + g", data, "poisson")
    assert fit.converged
    np.testing.assert_array_equal(fit.separation().coefficients, fit.result.limits)
    limits = dict(zip(fit.column_names, fit.result.limits, strict=True))
    infinite = {name for name, limit in limits.items() if limit}
    if baseline:  # every level but those that go the same way differs from it without end
        assert infinite == {"(Intercept)", *(f"gl{k:02d}" for k in range(1, 20) if k not in (7, 13))}
    else:
        assert infinite == {"gl07", "gl13"}


def sparse_events(seed):
    data = random_design(seed)
    rng = np.random.default_rng(seed + 10_000)
    g = data["g"].str[1:].astype(int).to_numpy()
    eta = -1.0 - seed % 3 + data["x"] + rng.normal(size=g.max() + 1)[g]
    data["event"] = (rng.random(len(data)) < 1 / (1 + np.exp(-eta))).astype(int)
    data["rare"] = rng.poisson(np.exp(eta - 1))
    return data


# In the last but one the cell of all baselines has no event. Not 10: a column there is left by the rounding of QR.
@pytest.mark.parametrize("seed", [s for s in (*range(17), 27, 53) if s != 10])
def test_levels_of_one_kind_of_response(seed, eliminating):
    """Weights vanish: what is aliased does not change with them, and what has an estimate has that of QR."""
    data, formula = sparse_events(seed), FORMULAS[seed % len(FORMULAS)]
    kind, family = [("event", "binomial"), ("rare", "poisson"), ("event", gf.binomial("cloglog"))][
        seed // 2 % 3
    ]
    if seed == 27:
        kind, family = "rare", "poisson"
    fits = []
    for method in ("cholesky", "qr"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fits.append(
                gf.glm(formula.replace("y", kind, 1), data, family, weights="w", method=method).result
            )
    ours, qr = fits
    assert eliminating
    np.testing.assert_array_equal(ours.pivot, qr.pivot)
    assert (ours.iter, ours.converged) == (qr.iter, qr.converged)
    limits = [np.zeros(len(qr.pivot)) if fit.limits is None else fit.limits for fit in fits]
    np.testing.assert_array_equal(*limits)
    assert ours.deviance == pytest.approx(qr.deviance, rel=1e-8)
    estimated = limits[0] == 0
    np.testing.assert_allclose(ours.coefficients[estimated], qr.coefficients[estimated], rtol=1e-6, atol=1e-8)
    kept = estimated[~np.isnan(qr.coefficients)]
    errors = [np.sqrt(fit.cov_unscaled.diagonal()) for fit in fits]
    assert np.isfinite(errors[0]).all()
    np.testing.assert_allclose(errors[0][kept], errors[1][kept], rtol=1e-5)


@pytest.mark.parametrize("noise", [1e-6, 1e-8])  # kept by R; the second is beyond the digits of X'WX
def test_columns_that_nearly_depend_are_told_where_there_is_no_qr(noise, wide):
    data = random_design(1)
    data["near"] = data["x"] + noise * np.random.default_rng(1).normal(size=len(data))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gf.glm("count ~ x + near + g", data, "poisson")
    assert any(
        "has not enough digits" in str(w.message) and "a QR of so many" in str(w.message) for w in told
    )
