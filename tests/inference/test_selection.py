"""drop1, add1, step and update: marginality, what differs from R, large data, messages."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reference.models.load import fitted, load
from tolerances import ANOVA, SAME_DEVIANCE

import glmformula
from glmformula import (
    GLM,
    ConvergenceWarning,
    DataError,
    DataWarning,
    FitError,
    FormulaError,
    GLMFormulaWarning,
    add1,
    anova,
    drop1,
    extractAIC,
    glm,
    step,
    update,
)
from glmformula.engine import nested
from glmformula.formula.algebra import terms
from glmformula.formula.lines import formula_lines
from glmformula.formula.scope import add_scope, drop_scope
from glmformula.sources.mapped import Mapped


@pytest.fixture(scope="module")
def warp():
    return load("warpbreaks")


@pytest.fixture(scope="module")
def cars():
    return load("mtcars")


@pytest.fixture(scope="module")
def gappy(cars):
    """mtcars with three missing values in qsec."""
    return cars.assign(qsec=cars["qsec"].mask(np.arange(len(cars)) < 3))


# --- marginality (the answers are R's drop.scope and add.scope) ---------------------------------------------


@pytest.mark.parametrize(
    ("model", "lower", "dropped"),
    [
        ("y ~ a*b + c", None, ["c", "a:b"]),
        ("y ~ a*b + c", "~ c", ["a:b"]),
        ("y ~ a*b + c", "~ b:a", ["c"]),  # R would drop a and b from under a:b
        ("y ~ a*b + c", "~ a*b + c", []),
        ("y ~ a*b + c", "~ 1", ["c", "a:b"]),
        ("y ~ a:b + b:c:a", None, ["a:b:c"]),
        ("y ~ 1", None, []),
        ("y ~ x + I(x^2)", None, ["x", "I(x^2)"]),
    ],
)
def test_what_may_be_dropped(model, lower, dropped):
    assert drop_scope(terms(model), lower and terms(lower)) == dropped


@pytest.mark.parametrize(
    ("model", "upper", "added"),
    [
        ("y ~ a*b + c", "~ a*b*c", ["a:c", "b:c"]),
        ("y ~ a*b + c", "~ b*a*c + d:e + d", ["d", "b:c", "a:c"]),
        ("y ~ 1", "~ a*b", ["a", "b"]),
        ("y ~ 1", "~ a:b + a", ["a"]),
        ("y ~ a:b", "~ a*b", ["a", "b"]),
    ],
)
def test_what_may_be_added(model, upper, added):
    assert add_scope(terms(model), terms(upper)) == added


def test_long_formulas_break_where_r_breaks_them(reference):
    blocks = (reference / "selection" / "lines.txt").read_text(encoding="utf-8").split("\n#")
    for block in blocks:
        whole, *lines = block.lstrip("#").rstrip("\n").split("\n")
        assert formula_lines(terms(whole).text) == lines
    assert len(blocks) >= 50


# --- where we differ from R, on purpose ---------------------------------------------------------------------


def test_rao_without_intercept_is_anovas(cars):
    fit = glm("am ~ 0 + wt + hp", cars, "binomial")
    small = fit.update("~ . - wt")
    expected = anova(small, fit, test="Rao").frame["Rao"].iloc[1]
    assert fit.drop1("wt", test="Rao").frame["Rao score"].iloc[1] == pytest.approx(expected, rel=ANOVA)
    assert small.add1("wt", test="Rao").frame["Rao score"].iloc[1] == pytest.approx(expected, rel=ANOVA)


def test_rao_with_an_offset_is_anovas(warp):
    data = warp.assign(e=np.tile([1.0, 2, 3], 18))
    small = glm("breaks ~ 1 + offset(log(e))", data, "poisson")
    score = small.add1("~ . + wool", test="Rao").frame["Rao score"]["wool"]
    assert score == pytest.approx(16.011, abs=5e-4)  # R's anova(f0, f1, test = "Rao") and drop1; its add1: 0


def test_rows_of_weight_zero_are_no_parameters(cars):
    weights = np.where(np.arange(32) < 3, 0.0, 1.0)
    all_rows = glm("carb ~ wt + hp", cars, "poisson", weights=weights)
    without = glm("carb ~ wt + hp", cars[3:], "poisson")
    assert extractAIC(all_rows, k=3) == pytest.approx(extractAIC(without, k=3))
    assert extractAIC(all_rows).edf == 3
    pd.testing.assert_frame_equal(all_rows.drop1(test="LRT").frame, without.drop1(test="LRT").frame)


@pytest.mark.filterwarnings("ignore::glmformula.GLMFormulaWarning")
def test_a_start_belongs_to_its_columns():
    cars = load("cars")
    fit = glm("dist ~ speed", cars, "poisson", start=[3.0, 0.05])
    larger = fit.update("~ . + I(speed^2)")
    assert larger.rows.arguments["start"] is None
    assert len(larger.coefficients) == 3
    assert fit.update(data=cars[:40]).rows.arguments["start"] == [3.0, 0.05]


# --- the numbers of large data ------------------------------------------------------------------------------

LARGE = [
    "classic/warp-4",
    "classic/birthwt-mass",
    "classic/salaries",
    "classic/quine-nb",
    "classic/leuk-inverse",
    "classic/infert-help",
    "classic/insurance-ordered",
    "classic/mroz-cloglog",
    "classic/npk-nested",
    "classic/cpus",
    "classic/ornstein-quasi",
    "gaussian-identity/aliased",
    "binomial-logit/aliased",
    "poisson-log/weights",
    "Gamma-log/offset",
]


@pytest.mark.parametrize("id_", LARGE)
def test_a_common_start_leads_to_the_same_deviances(id_, monkeypatch):
    """A table as of large data (one pass gives all sub-models their start) against R's own iterates."""
    fit = fitted(id_).fit
    cold = fit.drop1(test="LRT").frame
    monkeypatch.setattr(nested, "SMALL_ROWS", 0)
    ways = []
    warm_of = nested.Columns.warm
    monkeypatch.setattr(nested.Columns, "warm", lambda *args: ways.append(warm_of(*args)) or ways[-1])
    warm = fit.drop1(test="LRT").frame
    assert len(ways) == len(warm) - 1
    assert all(way is not None for way in ways)
    np.testing.assert_array_equal(warm["Df"], cold["Df"])
    np.testing.assert_allclose(warm["Deviance"], cold["Deviance"], rtol=SAME_DEVIANCE)
    if "AIC" in cold:
        small = fit.update("~ 1")
        more = small.add1(fit.formula).frame
        monkeypatch.undo()
        np.testing.assert_allclose(more, small.add1(fit.formula).frame, rtol=SAME_DEVIANCE)


def test_a_start_that_leads_nowhere_is_left(warp, monkeypatch):
    fit = glm("breaks ~ wool + tension", warp, "poisson")
    expected = fit.drop1().frame
    monkeypatch.setattr(nested, "SMALL_ROWS", 0)
    far = np.array([800.0, -3.0, 5.0, 1.0])
    monkeypatch.setattr(nested.Columns, "start", lambda self, terms: far[np.isin(self.assign, list(terms))])
    pd.testing.assert_frame_equal(fit.drop1().frame, expected, rtol=ANOVA)


@pytest.mark.parametrize("test", ["LRT", "Rao"])
def test_any_source_will_do(warp, test):
    """Not only rows in memory: here the same rows behind a change of their blocks."""
    fit = glm("breaks ~ wool * tension", warp, "poisson")
    other = replace(fit, training=replace(fit.rows, source=Mapped(fit.rows.source, same)))
    pd.testing.assert_frame_equal(other.drop1(test=test).frame, fit.drop1(test=test).frame)


def same(block):
    return block


def test_rows_in_a_file(tmp_path):
    pytest.importorskip("pyarrow")
    data = load("birthwt").reset_index(drop=True)
    data.to_parquet(tmp_path / "birthwt.parquet")
    call = "low ~ age + lwt + factor(race) + smoke"
    held, filed = (glm(call, source, "binomial") for source in (data, tmp_path / "birthwt.parquet"))
    assert str(filed.drop1(test="Rao")) == str(held.drop1(test="Rao"))
    assert str(filed.add1("~ . + ht", test="LRT")) == str(held.add1("~ . + ht", test="LRT"))
    assert str(filed.step(trace=0).anova) == str(held.step(trace=0).anova)


# --- missing values -----------------------------------------------------------------------------------------


def test_add1_says_when_rows_go(gappy):
    fit = glm("mpg ~ hp", gappy)
    with pytest.warns(
        DataWarning, match=r"using the 29/32 rows from a combined fit \(rows missing: qsec 3\)"
    ):
        table = fit.add1("~ . + qsec + wt", test="F")
    # R 4.6's numbers: the residual df of the model on all its rows, its AIC
    np.testing.assert_allclose(table.frame["F value"].iloc[1:], [4.6047, 43.0802], atol=5e-5)
    np.testing.assert_allclose(table.frame["AIC"], [181.24, 178.97, 156.84], atol=6e-3)


def test_step_refuses_other_rows(gappy, capsys):
    fit = glm("mpg ~ hp", gappy)
    with (
        pytest.warns(DataWarning, match="using the 29/32 rows"),
        pytest.raises(
            FitError,
            match=r"number of rows in use has changed: remove missing values\? \(from 32 to 29 .*‘\+ qsec’",
        ),
    ):
        fit.step("~ . + qsec", direction="forward")
    assert "+ qsec" in capsys.readouterr().out


# --- step ---------------------------------------------------------------------------------------------------


def test_the_chosen_model_is_a_model_and_knows_its_path(cars, capsys):
    start = glm("mpg ~ wt + hp + qsec", cars)
    chosen = start.step(trace=0)
    assert capsys.readouterr().out == ""
    assert isinstance(chosen, GLM)
    assert chosen.formula == "mpg ~ wt + hp"
    assert list(chosen.anova.frame["Step"]) == ["", "- qsec"]
    assert chosen.anova.frame.attrs["heading"] == (  # attr(fit$anova, "heading")
        "Stepwise Model Path \nAnalysis of Deviance Table",
        "\nInitial Model:",
        "mpg ~ wt + hp + qsec",
        "\nFinal Model:",
        "mpg ~ wt + hp",
        "\n",
    )
    plain = glm("mpg ~ wt + hp", cars)
    assert str(chosen.anova()) == str(plain.anova()) == str(anova(chosen))
    assert str(anova(chosen, start)) == str(anova(plain, start))
    assert str(chosen.summary()) == str(plain.summary())
    again = pickle.loads(pickle.dumps(chosen))
    assert str(again.anova) == str(chosen.anova)
    assert chosen.update("~ . - hp").formula == "mpg ~ wt"


def test_scopes_may_be_said_in_several_ways(warp):
    full, null = glm("breaks ~ wool * tension", warp, "poisson"), glm("breaks ~ 1", warp, "poisson")
    ways = ["~ wool * tension", (None, "~ wool * tension"), {"lower": "~ 1", "upper": full}, [null, full]]
    assert {null.step(way, trace=0).formula for way in ways} == {"breaks ~ tension + wool + tension:wool"}
    kept = full.step({"lower": "~ . "}, k=100, trace=0)
    assert kept.formula == full.formula
    assert step(full, k=100, trace=0).formula == "breaks ~ 1"


def test_the_functions_ask_the_model(warp):
    fit = glm("breaks ~ wool + tension", warp, "poisson")
    assert str(drop1(fit, test="LRT")) == str(fit.drop1(test="Chisq")) == str(fit.drop1(test="L"))
    assert str(add1(fit, "~ .^2", test="Rao")) == str(fit.add1(["wool:tension"], test="Rao"))
    assert update(fit, "~ . - wool").formula == fit.update(". ~ . - wool").formula == "breaks ~ tension"
    assert extractAIC(fit) == fit.extract_aic() == (4.0, fit.aic)
    assert np.isnan(extractAIC(glm("breaks ~ wool", warp, "quasipoisson")).aic)


# --- update -------------------------------------------------------------------------------------------------


def test_update_changes_what_it_is_told(warp):
    fit = glm("breaks ~ .", warp, "poisson", weights=np.arange(54.0), epsilon=1e-10)
    assert fit.update(weights=None).deviance == pytest.approx(glm("breaks ~ .", warp, "poisson").deviance)
    assert fit.update(family="quasipoisson").family.name == "quasipoisson"
    assert fit.update(maxit=50).control == glmformula.glm_control(epsilon=1e-10, maxit=50)
    assert fit.update(subset="wool == 'A'", formula="~ . - wool").nobs == 26
    assert fit.update(data=warp[:40], weights=None).nobs == 40
    assert fit.update("log(breaks) ~ tension", family="gaussian").formula == "log(breaks) ~ tension"


def test_update_does_not_take_what_glm_does_not(warp):
    fit = glm("breaks ~ wool", warp, "poisson")
    with pytest.raises(FormulaError, match="there is no `~`"):
        fit.update("tension")
    with pytest.raises(TypeError, match="'wieghts'"):
        fit.update(wieghts=None)
    with pytest.raises(DataError, match="holds no training rows"):
        fit.strip_data().update("~ . - wool")


# --- messages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda f: f.drop1("wol"),
            FormulaError,
            "scope is not a subset of term labels: ‘wol’ .*nearest.*'wool'",
        ),
        (lambda f: f.drop1("wool*tension"), FormulaError, "scope is not a subset of term labels"),
        (lambda f: f.drop1([1]), TypeError, "formula or labels of terms.* got 1"),
        (lambda f: f.add1([]), FormulaError, "no terms in scope for adding to object"),
        (lambda f: f.add1("~ wool"), FormulaError, "upper scope has term ‘tension’ not included in model"),
        (lambda f: f.add1("weather"), FormulaError, "weather"),
        (
            lambda f: f.drop1(test="chi"),
            ValueError,
            "test should be one of 'none', 'Rao', 'LRT', 'Chisq', 'F'",
        ),
        (
            lambda f: f.step(direction="up"),
            ValueError,
            "direction should be one of 'both', 'backward', 'forward'",
        ),
        (lambda f: f.step({"lower": "~ 1", "uper": "~ ."}), FormulaError, "'lower' and 'upper'; got 'uper'"),
        (lambda f: f.step(("~ 1",)), FormulaError, r"a pair \(lower, upper\); got tuple"),
        (lambda f: f.step((None, 3)), TypeError, "a formula or a fitted model; got int"),
        (lambda f: f.step({"lower": "~ a + b"}), FormulaError, "lower scope has terms ‘a’, ‘b’ not included"),
        (lambda f: f.strip_data().drop1(), DataError, "holds no training rows"),
    ],
)
def test_wrong_scopes_tests_and_directions(warp, call, error, message):
    fit = glm("breaks ~ wool + tension", warp, "poisson")
    with pytest.raises(error, match=message):
        call(fit)


def test_step_needs_an_aic(warp):
    with pytest.raises(FitError, match="AIC is not defined for this model, so 'step' cannot proceed"):
        glm("breaks ~ wool", warp, "quasipoisson").step()
    exact = glm("y ~ x", pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [0.0, 0, 0, 0]}))
    with pytest.raises(FitError, match="AIC is -infinity"):
        exact.step()


def test_f_tests_of_known_dispersions_warn_as_r(warp):
    fit = glm("breaks ~ wool", warp, "poisson")
    with pytest.warns(GLMFormulaWarning, match="F test assumes 'quasipoisson' family"):
        fit.drop1(test="F")
    with pytest.warns(GLMFormulaWarning, match="F test assumes quasipoisson family"):
        fit.add1("~ . + tension", test="F")


def test_a_sub_model_without_an_answer_is_named():
    data = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]})
    fit = glm("y ~ 0 + x", data, glmformula.poisson("identity"))
    with pytest.raises(FitError, match=r"the model without ‘x’ could not be fitted: .*empty model"):
        fit.drop1()


def test_warnings_of_sub_models_say_which(warp):
    fit = replace(glm("breaks ~ wool", warp, "poisson"), control=glmformula.glm_control(maxit=1))
    with pytest.warns(ConvergenceWarning, match=re.escape("did not converge (the model without ‘wool’)")):
        fit.drop1()
