"""The certificate: NIST's sets through glm(gaussian()), and what it says of other fits."""

from __future__ import annotations

import importlib.util
import math
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tolerances import CERTIFIED_DIGITS, NIST_ALLOWED

import glmformula as gf
from glmformula import DataError, glm
from glmformula.datasets import attrition
from glmformula.engine import refine
from glmformula.engine.problem import Problem
from glmformula.engine.scoring import solution_at
from glmformula.inference.checks import certificate as module

spec = importlib.util.spec_from_file_location(
    "nist_sets", Path(__file__).parent.parent / "reference" / "nist" / "sets.py"
)
nist = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nist)

extended = pytest.mark.skipif(not module.EXTENDED, reason="np.longdouble has no more digits here")


def digits(estimate, true):
    """Significant digits of a float that agree with a rational number."""
    lost = abs((Fraction(estimate) - true) / true)
    return min(16.0, -math.log10(lost)) if lost else 16.0


def set_of(name):
    rows = [[float(v) for v in row] for row in nist.rows(name)]
    return pd.DataFrame(rows, columns=["y", *(f"x{k}" for k in range(1, len(rows[0])))])


@pytest.mark.parametrize("name", nist.NAMES)
def test_the_sets_are_typed_as_published(name):
    """Rational arithmetic gives NIST's certified values to the digits printed."""
    for true, certified in zip(nist.exact(name), nist.CERTIFIED[name].split(), strict=True):
        assert true == Fraction(certified) or digits(float(certified), true) > CERTIFIED_DIGITS


def solved(fit):
    """The least-squares solution of the columns and the response as they are stored, in rational arithmetic."""
    X = [[Fraction(v) for v in row] for row in fit.model_matrix().to_numpy().tolist()]
    y, p = [Fraction(v) for v in fit.y.tolist()], fit.rank
    rows = [[sum(r[i] * r[j] for r in X) for j in range(p)] for i in range(p)]
    rows = [[*row, sum(r[i] * v for r, v in zip(X, y))] for i, row in enumerate(rows)]
    for i in range(p):
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in set(range(p)) - {i}:
            rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i])]
    return [row[p] for row in rows]


def fewest(fit, true):
    return min(digits(b, t) for b, t in zip(fit.result.coefficients, true, strict=True))


@extended
@pytest.mark.parametrize("name", nist.NAMES)
def test_nist(name):
    """Nine digits and more, wherever the columns in float64 still have them; the certificate knows how many."""
    fit = glm(nist.formula(name), set_of(name), gf.gaussian())
    assert fit.rank == len(fit.coefficients)
    reached, stored = fewest(fit, nist.exact(name)), solved(fit)
    assert reached > NIST_ALLOWED.get(name, 9.0)
    found = fit.certificate()
    assert found.digits.min() == pytest.approx(fewest(fit, stored), abs=0.75)
    assert found.correct_digits < reached + 0.75
    assert found.score < 1e-9
    assert found.converged
    assert found.extended


def test_filip_has_no_more_digits_in_float64():
    """x^10 rounded to float64: the exact solution of what is stored agrees with NIST's to 7.6 digits."""
    fit = glm(nist.formula("Filip"), set_of("Filip"), gf.gaussian())
    allowed = min(digits(float(s), t) for s, t in zip(solved(fit), nist.exact("Filip"), strict=True))
    assert 7 < allowed < 8


@pytest.mark.parametrize("name", ["Wampler4", "Wampler5"])
def test_exact_sums_give_what_qr_loses(name):
    """On any machine; weights, offset and blocks too."""
    data = set_of(name)
    fit = glm(nist.formula(name), data, gf.gaussian())
    assert fewest(fit, nist.exact(name)) > 13
    assert (fit.iter, fit.method) == (2, "qr")
    assert fit.certificate().correct_digits > 11
    data["w"], data["o"] = 3.7, 1000.25 * data["x1"]
    weighted = glm(nist.formula(name) + " + offset(o)", data, gf.gaussian(), weights="w")
    assert fewest(weighted, solved(replace_response(weighted))) > 12


def replace_response(fit):
    """The same fit with the offset taken from the response; `solved` knows neither it nor equal weights."""
    return glm(
        "I(y - o) ~ " + fit.formula.split("~")[1].replace("+ offset(o)", ""), fit.rows.arguments["data"]
    )


def test_steps_are_for_small_fits_that_need_them():
    data = set_of("Wampler5")
    fit = glm(nist.formula("Wampler5"), data, gf.gaussian())
    beta = fit.result.coefficients
    solution = solution_at(Problem(fit.rows.source, fit.family, 6, True, fit.control, "qr"), beta)
    assert refine.refined(fit.rows.source, solution, beta, 21) is not None
    assert refine.refined(fit.rows.source, solution, beta, 21_000) is None
    for diagonal in (1.0, 1e-9):  # nothing to gain, nothing to trust
        factor = np.triu(np.ones((6, 6)), 1) * (diagonal < 1) + np.diag([1.0] * 5 + [diagonal])
        assert refine.refined(fit.rows.source, replace(solution, factor=factor), beta, 21) is None


@extended
def test_a_step_of_the_certificate_mends_what_was_lost():
    """Adding it to the coefficients that a Gram matrix gives: the step is right, not only its size."""
    fit = glm(nist.formula("Wampler5"), set_of("Wampler5"), gf.gaussian(), method="cholesky")
    better = fit.result.coefficients + fit.certificate().steps.to_numpy()
    before = fewest(fit, nist.exact("Wampler5"))
    assert min(digits(b, Fraction(1)) for b in better) > before + 2


def test_condition_and_rank_are_those_of_the_scaled_columns():
    data = attrition()
    fit = glm("left ~ salary + experience_years", data, gf.binomial())
    found = fit.certificate()
    X = fit.model_matrix().to_numpy() * np.sqrt(fit.weights.to_numpy())[:, None]
    assert found.condition == pytest.approx(np.linalg.cond(X / np.linalg.norm(X, axis=0)), rel=1e-3)
    assert (found.rank, found.columns) == (3, 3)
    assert math.isnan(found.largest_dropped)
    r = np.linalg.qr(X, mode="r")
    shares = np.abs(np.diag(r)) / np.linalg.norm(X, axis=0)
    assert found.smallest_kept == pytest.approx(shares.min(), rel=1e-3)
    assert found.margin == pytest.approx(math.log10(found.smallest_kept / 1e-11))
    assert found.separation == ""


def test_many_columns():
    """The condition is estimated, and right to four digits; the step leads to where a sharper fit ends."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(900, 250)) + 3 * rng.normal(size=(900, 1))
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(250)])
    data["y"] = rng.poisson(np.exp(X[:, :4].sum(axis=1) / 20))
    rough, sharp = (glm("y ~ .", data, gf.poisson(), epsilon=e) for e in (1e-3, 1e-14))
    found = rough.certificate()
    X = rough.model_matrix().to_numpy() * np.sqrt(rough.fitted_values.to_numpy())[:, None]
    assert found.condition == pytest.approx(np.linalg.cond(X / np.linalg.norm(X, axis=0)), rel=1e-3)
    lost = np.abs(rough.coefficients - sharp.coefficients)
    assert (np.abs(rough.coefficients + found.steps - sharp.coefficients) < 0.1 * lost + 1e-7).all()
    assert found.separation == ""


def test_a_matrix_whose_condition_cannot_be_estimated():
    factor = np.diag(np.append(np.ones(module.LARGE), 0.0))
    assert module._condition(factor) > 1e300


def test_separation_is_not_looked_for_again(monkeypatch):
    """The linear programme of 1,000 columns took most of the time, and the fit knows already."""
    fit = glm("left ~ salary + experience_years", attrition(), gf.binomial())
    monkeypatch.setattr("glmformula.engine.infinity.separation.recession", None)
    assert fit.certificate().separation == ""


def test_what_an_early_stop_leaves_undone():
    """A fit stopped early has few digits, and its step leads to the optimum."""
    data = attrition()
    sharp = glm("left ~ salary + experience_years", data, gf.binomial(), epsilon=1e-14)
    rough = glm("left ~ salary + experience_years", data, gf.binomial(), epsilon=1e-2)
    lost = np.abs(rough.coefficients / sharp.coefficients - 1)
    found = rough.certificate()
    np.testing.assert_allclose(found.digits, -np.log10(lost), atol=0.3)
    off = (rough.coefficients - sharp.coefficients) / np.sqrt(np.diag(sharp.vcov()))
    assert found.distance > np.abs(off).max() * 0.9
    assert sharp.certificate().correct_digits > 11
    assert sharp.certificate().score < found.score


def test_links_weights_offset_and_zero_weights():
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    data = pd.DataFrame({"x": x, "y": rng.gamma(5, np.exp(x) / 5), "w": np.arange(200) % 4, "o": x / 7})
    for family in (gf.Gamma("log"), gf.inverse_gaussian("log"), gf.gaussian("log"), gf.tweedie(1.5, 0.0)):
        fit = glm("y ~ x + offset(o)", data, family, weights="w", epsilon=1e-15, maxit=200)
        found = fit.certificate()
        # the deviance is flat at its minimum: where it stops to change, half of the digits may be left
        assert found.correct_digits > 7, family
        assert found.score < 1e-9, family


def test_the_rank_decision_of_an_aliased_fit():
    data = attrition()
    data["twice"], data["near"] = 2 * data["salary"], data["salary"] + 1e-6 * data["overtime_hours"]
    found = glm("left ~ salary + twice + overtime_hours", data, gf.binomial()).certificate()
    assert (found.rank, found.columns) == (3, 4)
    assert found.largest_dropped < 1e-15
    assert math.isnan(found.digits["twice"])
    assert math.isnan(found.steps["twice"])
    assert "rank                       3 of 4 columns" in str(found)
    near = glm("left ~ salary + near", data, gf.binomial()).certificate()
    assert near.margin < found.margin
    assert near.data_digits < found.data_digits


def test_blocks_merge_to_the_same():
    data = pd.concat([attrition()] * 3, ignore_index=True)
    fit = glm("left ~ salary + experience_years + overtime_hours", data, gf.binomial())
    whole = fit.certificate()
    cut = replace(fit.rows.source, block_rows=97)
    parts = replace(fit, training=replace(fit.rows, source=cut)).certificate()
    assert parts.condition == pytest.approx(whole.condition, rel=1e-12)
    assert parts.distance == pytest.approx(whole.distance, rel=1e-6)
    np.testing.assert_allclose(parts.steps, whole.steps, rtol=1e-5)


def test_separation_is_named():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]})
    with pytest.warns(gf.GLMFormulaWarning):
        fit = glm("y ~ x", data, gf.binomial())
    found = fit.certificate()
    assert "x (+Inf)" in found.separation
    assert "separation                 (Intercept) (-Inf), x (+Inf)" in str(found)


def test_models_without_columns_and_with_an_exact_fit():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [2.0, 4, 6, 8]})
    none = glm("y ~ 0", data, gf.gaussian()).certificate()
    assert (none.rank, none.columns, none.condition, none.score) == (0, 0, 1.0, 0.0)
    assert "0 of 0 columns" in str(none)
    exact = glm("y ~ x", data, gf.gaussian()).certificate()
    assert exact.score < 1e-15
    assert exact.digits["x"] > 14


def test_text():
    found = glm("left ~ salary", attrition(), gf.binomial()).certificate()
    lines = str(found).splitlines()
    assert lines[0] == "Certificate"
    assert [line[2:28].rstrip() for line in lines[1:]] == [
        "converged",
        "score, relative",
        "distance to the optimum",
        "condition, scaled columns"[:26],
        "rank",
        "rank decision",
        "correct digits",
        "  of the solution",
        "  that the data allow",
        "separation",
    ]
    assert lines[1].split()[1:] == ["yes,", str(found.iterations), "iterations"]
    assert all(len(line) < 110 for line in lines)
    assert repr(found) == str(found)


def test_without_rows_there_is_no_certificate():
    with pytest.raises(DataError, match="holds no training rows"):
        glm("left ~ salary", attrition(), gf.binomial()).strip_data().certificate()


def test_a_sub_model_has_one_too():
    fit = glm("left ~ salary + experience_years", attrition(), gf.binomial())
    assert fit.on_terms([0, 1]).certificate().columns == 2


def test_a_coefficient_that_is_zero_does_not_lack_digits():
    """Balanced groups of equal means: the contrast is rounding around 0, and right."""
    y = np.array([1.1, 2.3, 3.7, 4.1, 5.9, 6.3])
    data = pd.DataFrame({"y": np.concatenate([y, y[::-1]]), "g": ["a"] * 6 + ["b"] * 6, "x": range(12)})
    found = glm("y ~ g", data, gf.gaussian()).certificate()
    assert found.correct_digits > 12


def test_at_the_boundary_no_digits_are_promised():
    data = pd.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "y": [0, 0, 1, 3, 4, 7]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gf.GLMFormulaWarning)
        fit = glm("y ~ x", data, gf.poisson("identity"), start=[0.5, 0.9])
    found = replace(fit, result=replace(fit.result, boundary=True)).certificate()
    assert math.isnan(found.correct_digits)
    assert found.digits.isna().all()
    assert "at the boundary of the valid means" in str(found)
    assert "not known at the boundary" in str(found)
