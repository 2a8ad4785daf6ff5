"""Hard cases and hostile input: a right answer, or an error or warning that names what is wrong.

One test a row, numbered as in the project's list. Numbers are R 4.2.2's (reference/models/hostile.R);
where R answers with an accident ("object 'fit' not found") or in silence, the outcome is the list's.
"""

from __future__ import annotations

import datetime
import decimal
import json
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from reference.models.load import HERE, load, numbers
from tolerances import CANCELLED_DEVIANCE, COEFFICIENT, DEVIANCE, NEAR_COLLINEAR, STANDARD_ERROR

import glmformula as g
from glmformula.errors import (
    ConvergenceWarning,
    DataError,
    DataWarning,
    FormulaError,
    GLMFormulaError,
    GLMFormulaWarning,
    RankWarning,
    SeparationWarning,
)


@cache
def reference():
    return json.loads((HERE / "hostile_reference.json").read_text(encoding="utf-8"))


def frame(missing: bool = False) -> pd.DataFrame:
    r = reference()
    data = pd.DataFrame({k: v if k in ("f", "g") else numbers(v) for k, v in r["data"].items()})
    if missing:
        for name, values in r["with_missing"].items():
            data[name] = values if name == "f" else numbers(values)
    for name in ("f", "g"):
        data[name] = pd.Categorical(data[name])
    return data


def fit(formula, data=None, family="gaussian", **options):
    """The fit and the warnings it gave."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = g.glm(formula, frame() if data is None else data, family, **options)
    assert all(issubclass(w.category, GLMFormulaWarning) for w in caught), [str(w.message) for w in caught]
    return out, caught


def same_as_r(row, ours, tolerance=COEFFICIENT, se_tolerance=STANDARD_ERROR, deviance_tolerance=None):
    r = reference()["fits"][row]
    theirs, se = numbers(r["coef"]), numbers(r["se"])
    coef = ours.coefficients.to_numpy()
    np.testing.assert_array_equal(np.isnan(coef), np.isnan(theirs))
    kept = ~np.isnan(theirs)
    scale = np.maximum(np.abs(theirs[kept]), np.nan_to_num(se))
    assert np.all(np.abs(coef[kept] - theirs[kept]) <= tolerance * scale + 1e-300)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "observations with zero weight not used")  # row 12 has it
        ours_se = ours.summary().coefficients["Std. Error"].to_numpy() if kept.any() else np.zeros(0)
    np.testing.assert_allclose(ours_se, se, rtol=se_tolerance, atol=0)
    deviance_tolerance = deviance_tolerance or max(DEVIANCE, tolerance * 1e-2)
    assert ours.deviance == pytest.approx(r["deviance"], rel=deviance_tolerance, abs=1e-20)
    assert ours.null_deviance == pytest.approx(r["null_deviance"], rel=DEVIANCE, abs=1e-20)
    aic = numbers([r["aic"]])[0]
    assert ours.aic == pytest.approx(aic, rel=deviance_tolerance, nan_ok=True)
    assert (ours.rank, ours.df_residual, ours.df_null) == (r["rank"], r["df_residual"], r["df_null"])
    assert (g.nobs(ours), ours.iter, bool(ours.converged)) == (r["nobs"], r["iter"], r["converged"])
    assert list(ours.coefficients.index) == (r["names"] or [])


def quiet(
    row, formula, data=None, family="gaussian", tolerance=COEFFICIENT, se_tolerance=STANDARD_ERROR, **options
):
    """R's numbers, and no warning."""
    ours, caught = fit(formula, data, family, **options)
    assert [str(w.message) for w in caught] == []
    same_as_r(row, ours, tolerance, se_tolerance)
    return ours


def warned(row, sentences, formula, data=None, family="gaussian", category=GLMFormulaWarning, **options):
    """R's numbers, and each sentence in exactly one warning."""
    ours, caught = fit(formula, data, family, **options)
    texts = [str(w.message) for w in caught if issubclass(w.category, category)]
    for sentence in sentences:
        assert sum(sentence in t for t in texts) == 1, (sentence, texts)
    same_as_r(row, ours)
    return ours


def refused(error, *parts, formula, data=None, family="gaussian", **options):
    """An error of this kind whose text holds every part."""
    with pytest.raises(error) as caught:
        fit(formula, data, family, **options)
    for part in parts:
        assert part in str(caught.value), (part, str(caught.value))
    assert isinstance(caught.value, GLMFormulaError)


def named(caught, which):
    """One warning, of separation, that says which coefficient."""
    assert [w.category for w in caught] == [SeparationWarning]
    assert which in str(caught[0].message)


# --- separation (deciding it exactly is for the separation check; the fit is R's) -------------------------
def test_row_1_complete_separation():
    ours, caught = fit("sep ~ x", family="binomial")
    text = " ".join(str(w.message) for w in caught)
    assert "fitted probabilities numerically 0 or 1 occurred" in text
    assert "did not converge" in text
    assert (
        "complete separation: no finite maximum-likelihood estimate of (Intercept) (-Inf), x (+Inf)" in text
    )
    r = reference()["fits"]["1"]
    assert ours.iter == r["iter"]
    assert ours.coefficients["x"] == pytest.approx(r["coef"][1], rel=1e-3)


def test_row_2_quasi_separation():
    ours, caught = fit("HG ~ NV + PI + EH", load("endometrial"), "binomial")
    named(caught, "of NV (+Inf);")
    same_as_r("2", ours)


def test_row_3_level_of_zero_counts():
    ours, caught = fit("zerocell ~ f", family="poisson")
    named(caught, "of fc (-Inf);")
    same_as_r("3", ours)


# --- collinearity -----------------------------------------------------------------------------------------
def test_row_4_exact_collinearity():
    ours = quiet("4", "y ~ x + I(2 * x) + z")
    assert "(1 not defined because of singularities)" in str(ours.summary())
    quiet("4b", "count ~ x + z + I(x - z)", family="poisson")


def test_row_5_near_collinearity():
    """R's tolerance (1e-11) keeps the column, with the digits a condition number of 1e9 leaves."""
    quiet("5", "y ~ x + near", tolerance=NEAR_COLLINEAR, se_tolerance=NEAR_COLLINEAR)


def test_row_6_all_zero_column():
    quiet("6", "bin ~ x + zero", family="binomial")
    quiet("6b", "y ~ zero + x")


def test_row_7_empty_interaction_cell():
    data = frame()
    data = data[~((data["f"] == "b") & (data["g"] == "q"))]
    quiet("7", "y ~ f * g", data)
    quiet("7b", "count ~ f:g", data, "poisson")


def test_row_8_unused_level():
    data = frame()
    quiet("8", "y ~ f", data[data["f"] != "c"])
    quiet("8b", "y ~ f", data[data["f"] != "a"])
    quiet("8c", "y ~ f * x", subset="f != 'a'")


# --- missing and infinite values --------------------------------------------------------------------------
def test_row_9_missing_values_cut_everything_together():
    quiet("9", "y ~ x + f + offset(log(expo))", frame(missing=True), weights="w")
    ours = quiet(
        "9b",
        "count ~ x",
        frame(missing=True),
        "poisson",
        weights="w",
        offset="log(expo)",
        na_action="na.exclude",
    )
    residuals = ours.residuals()
    assert len(residuals) == 40
    assert set(np.flatnonzero(residuals.isna())) >= {2, 10, 19}


def test_row_10_infinite_x():
    refused(DataError, "I(1/zero)", formula="y ~ I(1/zero)")
    data = frame()
    data.loc[[4, 9], "x"] = np.inf
    refused(DataError, "'x' is infinite in 2 of 40 rows, first rows: 4, 9", formula="y ~ x + z", data=data)


def test_row_11_log_of_zero_exposure():
    refused(DataError, "log(zero)", formula="count ~ x + offset(log(zero))", family="poisson")
    refused(DataError, "log(zero)", formula="count ~ x", family="poisson", offset="log(zero)")
    refused(DataError, "log(zero)", formula="count ~ x + log(zero)", family="poisson")


# --- weights ----------------------------------------------------------------------------------------------
def test_row_12_zero_weights():
    ours, caught = fit("y ~ x", weights="w")
    assert not caught
    with pytest.warns(
        GLMFormulaWarning, match="observations with zero weight not used for calculating dispersion"
    ):
        ours.summary()
    same_as_r("12", ours)
    assert len(ours.fitted_values) == 40
    assert ours.fitted_values.notna().all()
    quiet("12b", "bin ~ x", family="binomial", weights="w")
    quiet("12c", "pos ~ z", family="Gamma", weights="w")


def test_row_13_negative_weights():
    refused(
        DataError,
        "negative weights not allowed: 24 of 40 are below 0, the first -0.586 in row",
        formula="y ~ x",
        weights="x",
    )


def test_row_14_all_weights_zero():
    refused(
        GLMFormulaError, "40 rows, 0 of them with a non-zero prior weight", formula="y ~ x", weights="zero"
    )


# --- responses --------------------------------------------------------------------------------------------
def test_row_15_negative_poisson():
    refused(
        GLMFormulaError,
        "negative values not allowed for the 'Poisson' family",
        formula="y - 100 ~ x",
        family="poisson",
    )


def test_row_16_zero_gamma():
    refused(
        GLMFormulaError,
        "non-positive values not allowed for the 'Gamma' family",
        formula="allzero ~ x",
        family="Gamma",
    )


def test_row_17_counts_in_binomial():
    refused(GLMFormulaError, "y values must be 0 <= y <= 1", formula="count ~ x", family="binomial")


def test_row_18_non_integer_counts_warn_once():
    warned("18", ["non-integer"], "pos ~ x", family="poisson", category=DataWarning)


def test_row_19_proportions():
    warned(
        "19", ["non-integer #successes in a binomial glm!"], "p ~ x", family="binomial", category=DataWarning
    )
    quiet("19b", "p ~ x", family="quasibinomial")
    quiet("19c", "succ/trials ~ x", family="binomial", weights="trials")
    quiet("19d", "cbind(succ, trials - succ) ~ x", family="binomial")
    _, caught = fit("cbind(pos, pos) ~ x", family="binomial")
    assert ["non-integer counts in a binomial glm!" in str(w.message) for w in caught] == [True]


def test_row_20_logical_and_two_level_response():
    quiet("20", "bin == 1 ~ x", family="binomial")
    quiet("20b", "g ~ x", family="binomial")
    data = frame()
    data["yes"] = data["bin"] == 1
    quiet("20", "yes ~ x", data, "binomial")


def test_row_21_string_response():
    data = frame()
    data["g"] = data["g"].astype(str)
    quiet("20b", "g ~ x", data, "binomial")


def test_row_22_more_than_two_levels():
    levels = "the response 'f' has 4 levels ('a', 'b', 'c', 'd')"
    refused(GLMFormulaError, levels, "multinom", "polr", formula="f ~ x", family="binomial")


def test_row_23_all_zero_poisson():
    ours, caught = fit("allzero ~ 1", family="poisson")
    named(caught, "of (Intercept) (-Inf);")
    r = reference()["fits"]["23"]
    assert ours.iter == r["iter"]
    assert ours.coefficients.iloc[0] == pytest.approx(r["coef"][0], rel=1e-9)


def test_row_24_constant_gaussian():
    ours, _ = fit("const ~ x")
    assert ours.coefficients.to_numpy() == pytest.approx([4.25, 0.0], abs=1e-12)
    assert ours.deviance == pytest.approx(0.0, abs=1e-25)
    assert str(ours.summary())


# --- too few rows -----------------------------------------------------------------------------------------
def test_row_25_fewer_rows_than_columns():
    ours, _ = fit("y ~ x + z + u + f + I(x^2) + I(z^2)", frame().iloc[:6])
    r = reference()["fits"]["25"]
    np.testing.assert_array_equal(ours.coefficients.isna(), np.isnan(numbers(r["coef"])))
    np.testing.assert_allclose(ours.coefficients, numbers(r["coef"]), rtol=1e-9)
    assert ours.df_residual == 0
    summary = ours.summary().coefficients
    assert summary["Std. Error"].isna().all()
    assert "NaN" in str(ours.summary())


def test_row_26_no_rows():
    refused(DataError, "the data have no rows", formula="y ~ x", data=frame().iloc[:0])
    data = frame()
    data["x"] = np.nan
    data.loc[:4, "z"] = np.nan
    lost = "all 40 rows are lost to missing values (rows missing: x 40, z 5)"
    refused(DataError, lost, formula="y ~ x + z", data=data)


# --- bad scales -------------------------------------------------------------------------------------------
def test_row_27_columns_of_1e8_and_1e_8():
    quiet("27", "y ~ big + small")
    quiet("27b", "bin ~ big + small", family="binomial")


def test_row_28_shifted_by_1e9():
    quiet("28", "y ~ shifted", tolerance=NEAR_COLLINEAR, se_tolerance=NEAR_COLLINEAR)
    quiet("28b", "bin ~ shifted", family="binomial", tolerance=NEAR_COLLINEAR, se_tolerance=NEAR_COLLINEAR)


def test_row_29_raw_cubic_in_year():
    quiet("29", "y ~ year + I(year^2) + I(year^3)", tolerance=NEAR_COLLINEAR, se_tolerance=NEAR_COLLINEAR)
    quiet(
        "29b",
        "count ~ year + I(year^2) + I(year^3)",
        family="poisson",
        tolerance=NEAR_COLLINEAR,
        se_tolerance=NEAR_COLLINEAR,
    )


def test_row_30_offset_of_800():
    quiet("30", "count ~ x + offset(rep(800, 40))", family="poisson")


def test_row_31_counts_of_1e9():
    ours, caught = fit("huge ~ x", family="poisson")
    assert not caught
    same_as_r("31", ours, deviance_tolerance=CANCELLED_DEVIANCE)
    log_ratio = np.log1p((ours.y - ours.fitted_values) / ours.fitted_values)
    exact = 2 * (ours.y * log_ratio - (ours.y - ours.fitted_values))  # R takes log(y / mu)
    assert ours.deviance == pytest.approx(exact.sum(), rel=CANCELLED_DEVIANCE)


def test_row_32_leverage():
    quiet("32", "y ~ leverage")
    quiet("32b", "bin ~ leverage", family="binomial")


# --- predict ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def predictor():
    return g.glm("y ~ x + f + offset(log(expo))", frame())


def test_row_33_unseen_level(predictor):
    new = pd.DataFrame({"x": [0.0, 1.0], "f": ["a", "zz"], "expo": 2.0})
    with pytest.raises(DataError, match=r"factor f has new level") as caught:
        predictor.predict(new)
    assert "zz" in str(caught.value)
    answer = predictor.predict(new, new_levels="na")
    assert list(answer.isna()) == [False, True]


def test_row_34_missing_column(predictor):
    with pytest.raises(DataError, match="expo") as caught:
        predictor.predict(pd.DataFrame({"x": [0.0], "f": ["a"], "expos": [2.0]}))
    assert "expos" in str(caught.value)


def test_row_35_wrong_type(predictor):
    with pytest.raises(DataError) as caught:
        predictor.predict(pd.DataFrame({"x": ["1", "2"], "f": ["a", "b"], "expo": 2.0}))
    text = 'variable \'x\' was fitted with type "numeric" but type "character" was supplied'
    assert text in str(caught.value)
    with pytest.raises(
        DataError, match=r"'f' was fitted with type \"factor\" but .*\"numeric\".*levels of the fit"
    ):
        predictor.predict(pd.DataFrame({"x": [1.0], "f": [2.0], "expo": 2.0}))
    nothing = pd.DataFrame({"x": [1.0, 2.0], "f": [None, None], "expo": 2.0})
    assert predictor.predict(nothing).isna().all()  # no value is of any type
    assert len(predictor.predict(nothing.iloc[:0])) == 0


def test_row_36_offset_variable_absent(predictor):
    with pytest.raises(DataError, match="expo"):
        predictor.predict(pd.DataFrame({"x": [0.0], "f": ["a"]}))


def test_row_37_rank_deficient():
    deficient = quiet("37", "y ~ x + I(2 * x) + z")
    new = pd.DataFrame({"x": [1.0], "z": [2.0]})
    answer = deficient.predict(new)  # estimable: the alias holds in the new row too
    assert float(answer.iloc[0]) == pytest.approx(reference()["predict"]["37"]["fit"][0], rel=1e-12)
    data = frame().assign(copy=lambda d: 2 * d["x"])
    deficient = g.glm("y ~ x + copy + z", data)
    new = pd.DataFrame({"x": [1.0, 1.0], "copy": [2.0, 7.0], "z": [2.0, 2.0]})
    with pytest.warns(RankWarning, match="rank-deficient fit"):
        answer = deficient.predict(new, se_fit=True)
    assert list(answer["estimable"]) == [True, False]


# --- names and dtypes -------------------------------------------------------------------------------------
def test_row_38_awkward_names():
    data = frame()[["y", "x", "u", "z", "expo"]].set_axis(["x 1", "x.1", "class", "I", "T"], axis=1)
    quiet("38", "`x 1` ~ x.1 + class + log(I) + T", data)
    data = frame()[["y", "expo"]].assign(log=frame()["x"])
    ours, _ = fit("y ~ log(expo) + log", data)
    assert list(ours.coefficients.index) == ["(Intercept)", "log(expo)", "log"]


def test_row_39_nullable_integers():
    plain = frame(missing=True)
    nullable = plain.assign(count=plain["count"].astype("Int64"), x=plain["x"].astype("Float64"))
    a, _ = fit("count ~ x", plain, "poisson")
    b, _ = fit("count ~ x", nullable, "poisson")
    np.testing.assert_array_equal(a.coefficients, b.coefficients)
    assert g.nobs(b) == 39


def test_row_40_nullable_boolean():
    data = frame()
    data["flag"] = pd.array([True, None] + [False, True] * 19, dtype="boolean")
    ours, _ = fit("y ~ flag", data)
    assert list(ours.coefficients.index) == ["(Intercept)", "flagTRUE"]
    assert g.nobs(ours) == 39


def test_row_41_datetime():
    # as in R a number of seconds; periods and differences stay refused by name
    data = frame().assign(when=[datetime.datetime(2020, 1, 1 + i % 28) for i in range(40)])
    a, _ = fit("y ~ I(as.numeric(when) - 1577836800)", data)
    b, _ = fit("y ~ I(x * 86400)", data.assign(x=[float(i % 28) for i in range(40)]))
    np.testing.assert_allclose(a.coefficients, b.coefficients)
    refused(DataError, "when", "periods", formula="y ~ when", data=data.assign(when=pd.Period("2020", "Y")))
    refused(DataError, "when", "differences", formula="y ~ when", data=data.assign(when=pd.Timedelta(1, "D")))


def test_row_42_decimal():
    data = frame()
    data["dec"] = [decimal.Decimal(str(v)) for v in data["x"]]
    a, _ = fit("y ~ dec", data)
    b, _ = fit("y ~ x", data)
    np.testing.assert_array_equal(a.coefficients, b.coefficients)


def test_row_43_mixed_object_column():
    data = frame()
    data["mixed"] = pd.Series([1.0, "a"] * 20, dtype=object)
    refused(DataError, "'mixed'", "1.0 (float, row 0), 'a' (str, row 1)", formula="y ~ mixed", data=data)


def test_row_44_two_columns_of_one_name():
    data = pd.concat([frame(), frame()[["x"]]], axis=1)
    refused(DataError, "the data have 2 columns called 'x'", formula="y ~ x", data=data)


def test_row_45_duplicate_index():
    plain = frame(missing=True)
    doubled = plain.set_axis([0, 0] * 20, axis=0)
    a, _ = fit("y ~ x + f", plain, weights="w")
    b, _ = fit("y ~ x + f", doubled, weights="w")
    np.testing.assert_array_equal(a.coefficients, b.coefficients)
    assert g.nobs(a) == g.nobs(b)


def test_row_46_weights_of_wrong_length():
    refused(
        DataError,
        "variable lengths differ (found for '(weights)')",
        "3",
        "40",
        formula="y ~ x",
        weights=np.ones(3),
    )
    refused(
        DataError,
        "variable lengths differ (found for '(offset)')",
        "3",
        "40",
        formula="y ~ x",
        offset=np.ones(3),
    )


def test_row_47_scalar_offset():
    quiet("47", "count ~ x", family="poisson", offset=0.5)


# --- formulas ---------------------------------------------------------------------------------------------
def test_row_48_empty_model():
    ours = quiet("48", "y ~ 0")
    assert "No Coefficients" in str(ours.summary())
    quiet("48b", "count ~ 0 + offset(log(expo))", family="poisson")


def test_row_49_one_level_factor():
    refused(
        DataError,
        "contrasts can be applied only to factors with 2 or more levels",
        "variable 'f' has only the level 'a'",
        formula="y ~ x + f",
        subset="f == 'a'",
    )


def test_row_50_response_on_the_right():
    warned(
        "50",
        ["the response appeared on the right-hand side and was dropped"],
        "y ~ y + x",
        category=DataWarning,
    )


def test_row_51_power_of_a_variable():
    quiet("51", "y ~ x^2")
    quiet("51b", "y ~ (x + z)^2")


def test_row_52_unknown_variable():
    refused(GLMFormulaError, "object 'counts' not found", "'count'", formula="y ~ counts")


def test_row_53_callers_scope_is_not_searched():
    outside = np.arange(40.0)
    assert len(outside) == 40
    refused(GLMFormulaError, "outside", formula="y ~ outside")


def test_row_54_anova_of_different_rows():
    data = frame(missing=True)
    a, _ = fit("y ~ x", data)
    b, _ = fit("y ~ x + f", data)
    with pytest.raises(GLMFormulaError, match="models were not all fitted to the same size of dataset"):
        a.anova(b)


def test_row_55_too_few_iterations():
    ours = warned(
        "55",
        ["algorithm did not converge"],
        "bin ~ x",
        family="binomial",
        maxit=1,
        category=ConvergenceWarning,
    )
    assert "did not converge" in str(ours.summary())
    warned(
        "55b",
        ["algorithm did not converge"],
        "count ~ x",
        family="poisson",
        maxit=2,
        category=ConvergenceWarning,
    )


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ __import__('os').system('true')",
        "y ~ I(__import__('os').getcwd())",
        "y ~ x.__class__",
        "y ~ I(x.__class__.__bases__)",
        "y ~ eval(x)",
        "y ~ system('true')",
        "y ~ base::eval(x)",
        "y ~ (function(x) x)(x)",
        "y ~ lambda: 0",
        "y ~ x; z",
        "y ~ {x}",
        "y ~ x[[1]](2)",
        "y ~ " + "(" * 10_000 + "x" + ")" * 10_000,
        "y ~ " + "-" * 10_000 + "x",
        "y ~ " + "log(" * 10_000 + "x" + ")" * 10_000,
        "y ~ " + " + ".join(["x"] * 2_500_000),
        "y ~ '" + "x" * 10_000_000,
    ],
    ids=lambda f: f[:30] if len(f) < 100 else f"{f[:12]}...{len(f)} characters",
)
def test_row_56_code_in_a_formula(formula):
    with pytest.raises(FormulaError):
        g.glm(formula, frame())
