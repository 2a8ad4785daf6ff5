"""Anova, lrtest, waldtest, linear_hypothesis, coeftest, vif, delta_method against car and lmtest."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import fitted, numbers, reference
from tolerances import COMPARISON, P_VALUE

import glmformula
from glmformula import (
    Anova,
    DataError,
    DataWarning,
    FitError,
    FormulaError,
    GLMFormulaWarning,
    coeftest,
    delta_method,
    glm,
    linear_hypothesis,
    lrtest,
    vif,
    waldtest,
)

HERE = Path(__file__).parents[1] / "reference" / "comparisons"


@cache
def answers():
    return json.loads(gzip.decompress((HERE / "comparisons.json.gz").read_bytes()))


MODELS = answers()["models"]
IDS = [i for i in MODELS if not reference()[i]["reasons"]]
CHECKED = [i for k, i in enumerate(IDS) if k % 5 < 3]
# R's refits of quasi(mu(1-mu)) models run away (deviances of thousands); ours do not.
RUN_AWAY = {i for i in IDS if i.startswith(("quasi-logit-mu", "quasi-probit-mu"))}
# sandwich counts rows of zero weight among n; see the robust covariances.
ZERO_WEIGHTS = {
    "quasi-log-constant/weights",
    "quasi-sqrt-mu/weights",
    "Gamma-power0.333/weights",
    "classic/zero-weights-binomial",
}
# lmtest fits the smaller model to other rows where the variables left out have missing values.
OTHER_ROWS = {"gaussian-identity/missing", "classic/airquality-log"}


def restrictions(p):
    L = np.zeros((2, p))
    L[0, :2], L[1, p - 1] = (2, -1), 1
    return L


def questions(fit):
    """Name in the reference to the same question asked of us; terms count from 0 here."""
    kept = [n for n, aliased in zip(fit.column_names, fit.aliased, strict=True) if not aliased]
    names = [f"b{k + 1}" for k in range(len(fit.column_names))]
    text = [f"2*{kept[-2]} - {kept[-1]} = 1", f"{kept[-1]} = 0.5"] if len(kept) > 1 else []
    return {
        "II_LR": lambda: Anova(fit),
        "III_LR": lambda: Anova(fit, "III"),
        "II_F": lambda: Anova(fit, test="F"),
        "II_F_deviance": lambda: Anova(fit, test="F", error_estimate="deviance"),
        "III_F_dispersion": lambda: Anova(fit, 3, "F", error_estimate="dispersion"),
        "II_Wald": lambda: Anova(fit, 2, "Wald"),
        "III_Wald": lambda: Anova(fit, "III", "Wald"),
        "II_Wald_HC1": lambda: Anova(fit, test="Wald", vcov="HC1"),
        "lr": lambda: lrtest(fit),
        "lr_term": lambda: lrtest(fit, 0),
        "wald": lambda: waldtest(fit),
        "wald_term": lambda: waldtest(fit, 0, test="Chisq"),
        "wald_HC0": lambda: waldtest(fit, vcov="HC0"),
        "coef": lambda: coeftest(fit),
        "coef_HC1": lambda: coeftest(fit, "HC1", fit.df_residual),
        "vif": lambda: vif(fit),
        "matrix": lambda: linear_hypothesis(fit, restrictions(len(kept)), [1, 0.5], singular_ok=True),
        "matrix_F": lambda: linear_hypothesis(
            fit, restrictions(len(kept)), test="F", vcov="HC0", singular_ok=True
        ),
        "text": lambda: linear_hypothesis(fit, text, singular_ok=True),
        "delta": lambda: delta_method(fit, "b2 / b3", names=names),
        "delta_2": lambda: delta_method(
            fit,
            "exp(-b1^2/100) * log(1 + b2^2) / sqrt(1 + pnorm(b3))",
            level=0.9,
            names=names,
            rhs=1,
        ),
        "delta_3": lambda: delta_method(
            fit, "sin(b1) + atan(b2) - (b3 - 2)^3 * cosh(b2 / 10)", names=names, vcov="HC0"
        ),
    }


def left_out(id_, name):
    """Answers of R that are not the question's."""
    return (
        (id_ in RUN_AWAY and name.endswith(("LR", "F", "deviance", "dispersion")))
        or (id_ in ZERO_WEIGHTS and name in ("II_Wald_HC1", "wald_HC0", "coef_HC1", "matrix_F", "delta_3"))
        or (id_ in OTHER_ROWS and name in ("lr", "lr_term"))
        or (id_.startswith("tweedie") and name in ("lr", "lr_term"))  # statmod has no likelihood
    )


def check(ours, theirs, scale):
    """Every number within COMPARISON; p-values as far as their statistic decides them."""
    columns = [name for name in theirs if name != "rows"]
    assert list(ours.index) == theirs["rows"]
    assert ours.shape[1] == len(columns)
    for name, values in zip(columns, ours.to_numpy(dtype=float).T, strict=True):
        if name == "#Df":
            continue  # R 4.6 counts the dispersion of quasi families, the reference's R 4.2 does not
        expected = numbers(theirs[name])
        np.testing.assert_array_equal(np.isnan(values), np.isnan(expected))
        finite = np.isfinite(expected)
        if name == "Pr(>Chisq)" and "#Df" in theirs:
            finite &= (
                numbers(theirs["Df"]) != 0
            )  # R: 0 where rounding leaves a difference, 1 where it does not
        infinite = np.isinf(expected)
        np.testing.assert_array_equal(values[infinite], expected[infinite])
        tolerance = P_VALUE if name.startswith("Pr(") else COMPARISON
        floor = 1e-6 if name.startswith("Pr(") else scale
        gap = np.abs(values - expected)[finite] / np.maximum(np.abs(expected[finite]), floor)
        assert np.max(gap, initial=0) <= tolerance, name


@pytest.mark.parametrize("id_", CHECKED)
def test_numbers(id_):
    fit = fitted(id_).fit
    asked = questions(fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, theirs in MODELS[id_].items():
            if "error" in theirs or left_out(id_, name):
                continue
            ours = asked[name]().frame
            statistic = theirs.get("Chisq") or theirs.get("F") or [0]
            if numbers(statistic)[-1] > 1e12:
                continue  # a coefficient of 1e-8 set to 0.5: rounding
            # sums of squares are differences of deviances
            scale = 1e-3 if "deviance" not in name and "LR" not in name else 1e-2
            check(ours, theirs, scale)


def test_enough_models_are_compared():
    assert len(CHECKED) >= 150
    assert len({i.split("/")[0] for i in CHECKED}) >= 40


SHOWN = answers()["texts"]
DIFFERENT = {  # R stops; R 4.2 counts no dispersion for quasi families; other rows
    ("binomial-logit/aliased", "Anova_Wald"),
    ("binomial-logit/aliased", "delta"),
    ("binomial-logit/aliased", "delta_rhs"),
    ("quasipoisson-log/weights", "lrtest"),
    ("quasipoisson-log/weights", "lrtest_term"),
    ("gaussian-identity/missing", "lrtest"),
}


def texts(fit):
    names, short = list(fit.column_names), [f"b{k + 1}" for k in range(len(fit.column_names))]
    return {
        "Anova": lambda: Anova(fit),
        "Anova_F": lambda: Anova(fit, test="F"),
        "Anova_Wald": lambda: Anova(fit, test="Wald"),
        "Anova_III": lambda: Anova(fit, 3),
        "Anova_III_F": lambda: Anova(fit, 3, "F", error_estimate="deviance"),
        "Anova_III_Wald": lambda: Anova(fit, "3", "Wald"),
        "Anova_F_dispersion": lambda: Anova(fit, test="F", error_estimate="dispersion"),
        "lrtest": lambda: lrtest(fit),
        "lrtest_term": lambda: lrtest(fit, 0),
        "waldtest": lambda: waldtest(fit),
        "waldtest_Chisq": lambda: waldtest(fit, 0, test="Chisq"),
        "coeftest": lambda: coeftest(fit),
        "coeftest_t": lambda: coeftest(fit, "HC1", fit.df_residual),
        "vif": lambda: vif(fit),
        "hypothesis": lambda: linear_hypothesis(fit, f"{names[1]} = 0"),
        "hypothesis_F": lambda: linear_hypothesis(
            fit, f"{names[0]} + 2*{names[1]} = 3", test="F", vcov="HC0"
        ),
        "delta": lambda: delta_method(fit, "b1^2 / b2", names=short),
        "delta_rhs": lambda: delta_method(fit, "exp(b2)", names=short, rhs=1),
    }


NAMED = {"coeftest_t": "HC1", "hypothesis_F": "HC0"}  # after R's text: which standard errors it has
CASES = [(i, name) for i in SHOWN for name in SHOWN[i] if (i, name) not in DIFFERENT]


@pytest.mark.parametrize(("id_", "name"), CASES)
@pytest.mark.filterwarnings("ignore:dispersion parameter estimated")
def test_text(id_, name):
    theirs, ask = SHOWN[id_][name], texts(fitted(id_).fit)[name]
    if theirs.startswith("error: "):
        with pytest.raises(FitError, match=theirs.removeprefix("error: ").split(":")[0]):
            ask()
    else:
        ours = str(ask()).rstrip("\n")
        if name in NAMED:
            assert ours.endswith(f"\nStandard errors: {NAMED[name]}")
            ours = ours.removesuffix(f"Standard errors: {NAMED[name]}").rstrip("\n")
        assert ours == theirs.rstrip("\n")


def test_there_are_enough_texts():
    assert sum(not SHOWN[i][name].startswith("error") for i, name in CASES) >= 150


@cache
def made():
    data = pd.DataFrame(answers()["data"])
    return data, glm("y ~ x1 * x2 + f", data, "poisson")


def more():
    data, fit = made()
    bigger = glm("y ~ x1 * x2 * f", data, "poisson")
    gappy = data.copy()
    gappy.loc[2:4, "x2"] = np.nan
    less = glm("y ~ x1 + x2", gappy, "poisson")
    return {
        "error": lambda: Anova(fit, test="F", error=bigger),
        "error_III": lambda: Anova(fit, 3, "F", error=bigger, error_estimate="deviance"),
        "several_lr": lambda: lrtest(bigger, fit, ". ~ . - f", "x2", 0),
        "several_wald": lambda: waldtest(bigger, fit, ". ~ . - f - x1:x2", test="Chisq"),
        "up": lambda: waldtest(fit, bigger),
        "up_lr": lambda: lrtest(fit, bigger),
        "delta": lambda: delta_method(fit, "(Intercept) / x1"),
        "delta_pi": lambda: delta_method(fit, "pi * exp(x1) - 1e-3", level=0.99),
        "vif_terms": lambda: vif(glm("y ~ x1 + x2 + f", data, "poisson")),
        "vif_plain": lambda: vif(glm("y ~ x1 + x2", data, "poisson")),
        "null_wald": lambda: Anova(glm("y ~ 1", data, "poisson"), test="Wald"),
        "rows_lr": lambda: lrtest(less, "x2"),
        "rows_wald": lambda: waldtest(less, ". ~ . - x2"),
    }


@pytest.mark.parametrize("name", sorted(more()))
@pytest.mark.filterwarnings("ignore:the model contains only an intercept")
def test_more_texts(name):
    theirs = answers()["more"][name]
    if name.startswith("rows"):  # lmtest takes the wrong rows
        table = more()[name]().frame
        assert table.iloc[1, 0] == table.iloc[0, 0] + (1 if name == "rows_wald" else -1)
        return
    assert str(more()[name]()).rstrip("\n") == theirs.rstrip("\n")


def test_the_smaller_model_keeps_the_rows():
    """Variables left out had missing values: the larger model's rows stay."""
    data, _ = made()
    gappy = data.copy()
    gappy.loc[2:4, "x2"] = np.nan
    table = lrtest(glm("y ~ x1 + x2", gappy, "poisson"), "x2").frame
    small = glm("y ~ x1", gappy.dropna(), "poisson")
    assert table["LogLik"].iloc[1] == pytest.approx(float(small.loglik), rel=1e-12)


# What car's printing mangles: names and numbers that hold a sign or a number after a blank.
MANGLED = ("fC 1", "e", "100000", "1234567")


@pytest.mark.parametrize("case", answers()["written"], ids=lambda c: " & ".join(c["restriction"]))
def test_restrictions_read_and_written(case):
    _, fit = made()
    table = linear_hypothesis(fit, case["restriction"])
    joined = " & ".join(case["restriction"])
    if "error" in case or "1e-3" in joined:  # x1 + x1; a number that car takes for 1 - 3
        return
    assert table.frame["Chisq"].iloc[1] == pytest.approx(case["chisq"], rel=1e-9)
    np.testing.assert_allclose(table.frame.attrs["value"], case["value"], rtol=1e-9, atol=1e-12)
    if not any(part in joined for part in MANGLED if part != "e"):
        assert "\n".join(table.heading) == "\n".join(case["heading"])


def test_restrictions_that_car_misreads():
    _, fit = made()
    b = fit.coefficients
    for text, value in (
        ("-2 x1 - 3.25 x2 = 1e-3", -2 * b["x1"] - 3.25 * b["x2"] - 1e-3),
        ("x1 + x1 = 1", 2 * b["x1"] - 1),
        ("2*(x1 - x2) = x1 * 3 / 4", 1.25 * b["x1"] - 2 * b["x2"]),
        ("-(x1 + 1) = 0", -b["x1"] - 1),
        ("`fC 1`".strip("`") + " = 1/3", b["fC 1"] - 1 / 3),
    ):
        table = linear_hypothesis(fit, text)
        assert table.frame.attrs["value"][0] == pytest.approx(value, rel=1e-12)
    assert linear_hypothesis(fit, "-2 x1 = 1e-3").heading[1] == "- 2 x1 = 0.001"
    assert linear_hypothesis(fit, "fC 1 = 100000*x1").heading[1] == "- 1e+05 x1  + fC 1 = 0"


@pytest.mark.parametrize("case", answers()["matrices"])
def test_matrices_written(case):
    _, fit = made()
    table = linear_hypothesis(fit, case["L"], 0.1)
    assert table.frame["Chisq"].iloc[1] == pytest.approx(case["chisq"], rel=1e-9)
    if max(map(abs, case["L"])) < 1e5 and 1e-7 not in case["L"]:
        assert table.heading[1] == case["heading"][1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x3 = 0", r"'x3' is not a coefficient of the model; the nearest names are: 'x2', 'x1'"),
        ("x1 * x2 = 0", "a product of coefficients is not linear"),
        ("1 / x1 = 0", "only division by a number other than 0 is linear"),
        ("x1 = 1 = 2", "contains more than one = sign"),
        ("x1 + = 2", "expected a coefficient or a number"),
        ("x1 = ", "a coefficient or a number is missing"),
        ("(x1 + x2 = 0", "`\\(` is never closed"),
        ("x1)", "an operator is missing"),
        ("x1 & x2", "expected a coefficient or a number"),
        ("(" * 60 + "x1", "nested deeper than 50"),
    ],
)
def test_restrictions_that_cannot_be_read(text, message):
    with pytest.raises(FormulaError, match=message) as caught:
        linear_hypothesis(made()[1], text)
    assert text[:20] in str(caught.value)


def test_messages_of_linear_hypothesis():
    _, fit = made()
    with pytest.raises(FormulaError, match="a `=` sign although rhs was given"):
        linear_hypothesis(fit, "x1 = 1", 2)
    with pytest.raises(DataError, match=r"should have 6 columns.*got shape \(1, 2\)"):
        linear_hypothesis(fit, [1, 2])
    with pytest.raises(FitError, match="the 2 restrictions depend on each other"):
        linear_hypothesis(fit, ["x1 = x2", "2*x1 = 2*x2"])
    with pytest.raises(ValueError, match="test should be one of 'Chisq', 'F'; got 'LR'"):
        linear_hypothesis(fit, "x1", test="LR")
    with pytest.raises(FitError, match="there are aliased coefficients in the model: 'I"):
        linear_hypothesis(fitted("binomial-logit/aliased").fit, "age = 0")
    with pytest.raises(FitError, match="residual df = 0"):
        linear_hypothesis(fitted("classic/saturated").fit, restrictions(fitted("classic/saturated").fit.rank))
    singular = np.zeros((6, 6))
    with pytest.raises(FitError, match="system is computationally singular"):
        linear_hypothesis(fit, "x1", vcov=singular)


def test_messages_of_anova():
    data, fit = made()
    with pytest.raises(ValueError, match="type should be 'II', 'III', 2 or 3; got 'I'"):
        Anova(fit, "I")
    with pytest.raises(ValueError, match="test should be one of 'LR', 'F', 'Wald'; got 'Rao'"):
        Anova(fit, test="Rao")
    with pytest.raises(ValueError, match=r"error_estimate should be one of 'pearson', .*; got 'residual'"):
        Anova(fit, test="F", error_estimate="residual")
    with pytest.raises(FitError, match="there are aliased coefficients in the model"):
        Anova(fitted("binomial-logit/aliased").fit, "III")
    null = glm("y ~ 1", data, "poisson")
    with (
        pytest.warns(GLMFormulaWarning, match="only an intercept: Type III test substituted"),
        pytest.raises(FitError, match="the model has no term to leave out"),
    ):
        Anova(null)
    with pytest.warns(GLMFormulaWarning, match="test='LR'; vcov argument ignored"):
        Anova(fit, vcov="HC1")
    with pytest.warns(GLMFormulaWarning, match="dispersion parameter estimated from the Pearson residuals"):
        Anova(fit, test="F", error_estimate="dispersion")


def test_messages_of_nested_tests():
    data, fit = made()
    other = glm("y ~ f + I(x1^2)", data, "poisson")
    with pytest.raises(FitError, match="nesting of models cannot be determined"):
        waldtest(fit, other)
    with pytest.raises(FitError, match="models were not all fitted to the same size of dataset"):
        lrtest(fit, glm("y ~ x1", data[1:], "poisson"))
    with pytest.raises(
        DataError, match=r"terms specified that are not in the model: 'x3'.*nearest names are: 'x2'"
    ):
        lrtest(fit, "x3")
    with pytest.raises(DataError, match="it has 4, counted from 0"):
        lrtest(fit, 4)
    with pytest.raises(DataError, match="empty model specification"):
        lrtest(fit, [])
    with pytest.raises(ValueError, match="test should be one of 'F', 'Chisq'; got 'LR'"):
        waldtest(fit, test="LR")
    with pytest.raises(ValueError, match="to compare more than 2 models `vcov' needs to be a function"):
        waldtest(fit, "f", "x1:x2", vcov=np.eye(6))
    with pytest.raises(FitError, match="there are aliased coefficients"):
        waldtest(fitted("binomial-logit/aliased").fit)
    with pytest.warns(
        DataWarning, match="models with response ‘x2’ removed because response differs from model 1"
    ):
        table = waldtest(fit, glm("x2 ~ x1", data), glm("y ~ x1 + x2", data, "poisson"))
    assert len(table.frame) == 2
    with (
        pytest.warns(DataWarning, match="response differs"),
        pytest.raises(FitError, match="there is no model left to compare"),
    ):
        waldtest(fit, glm("x2 ~ x1", data))


def test_several_terms_and_functions():
    data, fit = made()
    table = waldtest(fit, ["f", "x1:x2"], vcov=lambda f: f.vcov("HC0"), test="Chisq").frame
    assert table["Df"].iloc[1] == -3
    b, V = fit.coefficients.to_numpy()[3:], fit.vcov("HC0").to_numpy()[3:, 3:]
    assert table["Chisq"].iloc[1] == pytest.approx(b @ np.linalg.solve(V, b), rel=1e-10)
    no_intercept = glm("y ~ 0 + x1", data, "poisson")
    assert list(waldtest(no_intercept).frame["Df"].dropna()) == [-1]
    same = (
        glm("y ~ x1", data, "poisson"),
        glm("y ~ I(2 * x1)", data, "poisson"),
        glm("y ~ x2", data, "poisson"),
    )
    assert list(lrtest(*same[:2]).frame["Pr(>Chisq)"].dropna()) == [1.0]
    assert lrtest(same[0], same[2]).frame["Pr(>Chisq)"].isna().all()


def test_coeftest_leaves_out_what_has_no_covariance():
    fit = fitted("binomial-logit/aliased").fit
    assert coeftest(fit).frame.isna().any(axis=None)
    robust = coeftest(fit, "HC0").frame
    assert len(robust) == fit.rank
    assert list(coeftest(fit, df=10).frame.columns)[2:] == ["t value", "Pr(>|t|)"]
    assert list(coeftest(fit, df=0).frame.columns)[2:] == ["z value", "Pr(>|z|)"]


def test_vif():
    data, fit = made()
    with pytest.raises(FitError, match="model contains fewer than 2 terms"):
        vif(glm("y ~ x1", data, "poisson"))
    with pytest.warns(GLMFormulaWarning, match="No intercept: vifs may not be sensible"):
        table = vif(glm("y ~ 0 + x1 + x2", data, "poisson")).frame
    assert list(table.columns) == ["VIF"]
    assert list(vif(fit).frame.index) == list(fit.terms.labels)


def derivative(expression, at):
    """Five-point central differences of an expression of b1, b2."""
    from glmformula.formula.reader import read
    from glmformula.inference.hypotheses.derivatives import Dual, evaluate

    node, unit = read(expression), np.eye(2)

    def value(x):
        return evaluate(node, {f"b{k + 1}": Dual(x[k], unit[k]) for k in (0, 1)}, expression)

    found, h = value(at), 1e-3
    numerical = [
        sum(w * value(at + s * h * unit[k]).value for s, w in ((-2, 1), (-1, -8), (1, 8), (2, -1))) / (12 * h)
        for k in (0, 1)
    ]
    return found.gradient, np.array(numerical)


FUNCTIONS = sorted(
    name
    for name in __import__("glmformula.inference.hypotheses.derivatives", fromlist=["FUNCTIONS"]).FUNCTIONS
    if name != "("
)


@pytest.mark.parametrize(
    "expression",
    [
        *(f"{name}(b1)" for name in FUNCTIONS),
        "b1 + b2",
        "b1 - 2 * b2",
        "-b1 / b2",
        "b1^b2",
        "b2^3",
        "2^b1",
        "b1^0",
        "log(b2, 10)",
        "log(b2, base = b1 + 2)",
        "((b1))",
        "+b2 * exp(-b1 / (1 + b2^2))",
    ],
)
def test_derivatives(expression):
    exact, numerical = derivative(expression, np.array([0.37, 1.6]))
    np.testing.assert_allclose(exact, numerical, rtol=1e-7, atol=1e-8)


def test_delta_method_of_any_names():
    _, fit = made()
    b, V = fit.coefficients, fit.vcov()
    table = delta_method(
        fit,
        {"difference": "`fC 1` - fB", "slope at 2": "x1 + 2 * `x1:x2`"},
        names={"crossed": "x1:x2"},
    )
    assert list(table.frame.index) == ["difference", "slope at 2"]
    assert table.frame["Estimate"].iloc[1] == pytest.approx(b["x1"] + 2 * b["x1:x2"])
    variance = V.loc["fB", "fB"] + V.loc["fC 1", "fC 1"] - 2 * V.loc["fB", "fC 1"]
    assert table.frame["SE"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-10)
    two = delta_method(fit, ["crossed", "Intercept"], names={"crossed": "x1:x2"}).frame
    np.testing.assert_allclose(two["SE"], np.sqrt(np.diag(V))[[5, 0]], rtol=1e-12)
    assert str(table).startswith("            Estimate")
    aliased = fitted("binomial-logit/aliased").fit
    assert delta_method(aliased, "lwt / age").frame["SE"].notna().all()


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("exp(dose)", "'dose' is not a coefficient of the model"),
        ("x1 + floor(x2)", r"`floor` with 1 argument\(s\) has no derivative here"),
        ("x1 > x2", "`>` with 2"),
        ("base::exp(x1)", "`exp` with 1"),
        ("x1 + 'a'", '"a" is not a number'),
        ("x1 + TRUE", "TRUE is not a number"),
        ("__import__('os')", "`_`"),
        ("x1 +", "wants something on its right"),
    ],
)
def test_delta_method_refuses(expression, message):
    with pytest.raises(FormulaError, match=message):
        delta_method(made()[1], expression)


def test_messages_of_delta_method():
    _, fit = made()
    with pytest.raises(DataError, match="names should have 6 entries, one for each coefficient; got 2"):
        delta_method(fit, "a / b", names=["a", "b"])
    with pytest.raises(DataError, match="names: 'x9' is not a coefficient"):
        delta_method(fit, "a", names={"a": "x9"})
    with pytest.raises(ValueError, match="level should be between 0 and 1; got 95"):
        delta_method(fit, "x1", level=95)


def test_functions_and_methods_are_one():
    fit = fitted("classic/attrition-logit").fit
    for name, arguments in (
        ("Anova", ()),
        ("lrtest", ("salary",)),
        ("waldtest", ("salary",)),
        ("linear_hypothesis", ("salary = 0",)),
        ("coeftest", ()),
        ("vif", ()),
        ("delta_method", ("exp(salary)",)),
    ):
        assert str(getattr(fit, name)(*arguments)) == str(getattr(glmformula, name)(fit, *arguments))


def test_questions_that_need_no_rows():
    """A model without its data answers all that comes from coefficients and their covariance."""
    fit = fitted("classic/attrition-logit").fit
    bare = fit.strip_data()
    for ask in (
        lambda f: Anova(f, test="Wald"),
        coeftest,
        vif,
        lambda f: linear_hypothesis(f, "salary = 0"),
        lambda f: delta_method(f, "exp(salary)"),
    ):
        assert str(ask(bare)) == str(ask(fit))
    with pytest.raises(DataError, match="holds no training rows"):
        Anova(bare)
