"""Arguments of the wrong kind: a sentence of ours that says what was expected, never a bare error of Python's."""

from __future__ import annotations

import inspect
import traceback
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmformula as gf
from glmformula import DataError, FitError, FormulaError, glm
from glmformula.models import generics

RNG = np.random.default_rng(0)
N = 30
DATA = pd.DataFrame({
    "y": RNG.poisson(2, N).astype(float), "x": RNG.normal(size=N), "x y": RNG.normal(size=N),
    "g": RNG.choice(list("ab"), N), "k": RNG.integers(1, 4, N), "ok": RNG.random(N) < 0.5,
})  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    return glm("y ~ x + g + factor(k) + ok", DATA, "poisson")


@pytest.mark.parametrize("formula", [None, ["y ~ x"], 3, b"y ~ x", {"y": "x"}, DATA])
def test_a_formula_that_is_no_text(formula):
    sentence = rf'the formula must be a str such as "y ~ x \+ z", not {type(formula).__name__}'
    with pytest.raises(FormulaError, match=sentence):
        glm(formula, DATA)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (None, "data must be a pandas DataFrame .*, not NoneType"),
        (DATA["x"], r"data must be a pandas DataFrame, not a Series: .*series\.to_frame\('name'\)"),
        (pl.Series("x", [1.0]), "a Series could not be read as a table with named columns"),
        ([1, 2], "not list"),
        ([], "not list"),
        (b"a.csv", "not bytes"),
        (DATA.to_numpy(), "not ndarray"),
        ({"y": [1, 2], "x": [1]}, "the columns of a dict must have one length: 'y' 2, 'x' 1"),
        (DATA.iloc[:0], "the data have no rows"),
        (("select 1", None), "needs a DuckDB connection, not NoneType"),
    ],
    ids=str,
)
def test_data_that_are_no_table(data, sentence):
    with pytest.raises(DataError, match=sentence):
        glm("y ~ x", data)


# ---- one row ----


@pytest.mark.parametrize("columns", [list(DATA), ["g", "k", "ok", "x"]])
def test_a_row_of_a_frame_is_one_row(fit, columns):
    for place in range(5):
        row, frame = DATA[columns].iloc[place], DATA[columns].iloc[place : place + 1]
        pd.testing.assert_series_equal(fit.predict(row), fit.predict(frame))
        assert fit.predict(dict(row)).item() == fit.predict(frame).item()


def test_a_row_of_numbers_and_of_categories():
    data = DATA.assign(c=pd.Categorical(DATA["g"]))
    numbers, levels = glm("y ~ x + factor(k)", data), glm("y ~ c + x", data)
    assert numbers.predict(data[["x", "k"]].iloc[2]).item() == numbers.predict(data.iloc[2:3]).item()
    assert levels.predict(data.iloc[2]).item() == levels.predict(data.iloc[2:3]).item()


def test_a_column_is_no_row(fit):
    with pytest.raises(DataError, match=r"a Series is taken as one row.*its labels are 0, 1, 2"):
        fit.predict(DATA["x"])
    with pytest.raises(DataError, match="object 'g' not found"):
        fit.predict(DATA[["x", "k", "ok"]].iloc[0])


def test_new_data_without_rows(fit):
    assert fit.predict(DATA.iloc[:0]).empty


# ---- numbers, text, files ----


@pytest.mark.parametrize("family", ["gaussian", "Gamma", "quasi"])
def test_responses_whose_squares_overflow(family):
    data = pd.DataFrame({"y": [1e155, 2e155, 3e155, 1e155], "x": [1, 2, 3, 4]})
    with pytest.raises(FitError, match="the numbers of 'y' are so large that their squares overflow"):
        glm("y ~ x", data, family)


@pytest.mark.parametrize(
    ("encoding", "text", "sentence"),
    [
        ("utf-16", "y,x\n1,2\n2,3\n", r"t\.csv is UTF-16 text, expected UTF-8.*encoding='utf-16'"),
        ("utf-16-le", "\ufeffy,x\n1,2\n2,3\n", "is UTF-16 text"),
        ("latin-1", "y,x,é\n1,2,3\n2,3,4\n", r"t\.csv is not UTF-8 text.*encoding='latin-1'"),
        ("latin-1", "y,x\n1,é\n2,b\n3,é\n4,b\n", r"t\.csv is not UTF-8 text"),
    ],
)
def test_text_in_another_encoding(encoding, text, sentence, tmp_path):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match=sentence):
        glm("y ~ x", tmp_path / "t.csv")


def test_text_in_another_encoding_that_is_not_used(tmp_path):
    (tmp_path / "t.csv").write_bytes("y,x,z\n1,2,é\n2,3,b\n4,9,é\n".encode("latin-1"))
    assert glm("y ~ x", tmp_path / "t.csv").nobs == 3


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("no/such/a.parquet", "there is no directory 'no/such'; make it first"),
        (3, "out= is the path of a file, such as 'answer.parquet', not int"),
        (b"a.csv", "not bytes"),
        ("a.txt", r"expected a name that ends in \.parquet"),
    ],
)
def test_files_that_cannot_be_written(fit, out, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        fit.predict(out=out)
    DATA.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match=sentence):
        fit.predict(tmp_path / "d.parquet", out=out)


def test_models_that_cannot_be_saved_there(fit, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="there is no directory 'no/such'; make it first"):
        fit.save("no/such/model.json")
    for ask in (fit.save, gf.load):
        with pytest.raises(
            DataError, match=r"expected the path of a file, such as 'model\.json', not NoneType"
        ):
            ask(None)
    monkeypatch.setenv("HOME", str(tmp_path))
    fit.save("~/model.json")
    fit.predict(out="~/answer.csv")
    np.testing.assert_array_equal(gf.load("~/model.json").coefficients, fit.coefficients)
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "answer.csv"}


def test_names_in_backticks_in_expressions():
    fit = glm("y ~ x * `x y`", DATA)
    b = fit.coefficients
    table = fit.delta_method(["`x y` / x", "`x:x y` * 2", "`(Intercept)` + `x y`"])
    wanted = [b["`x y`"] / b["x"], 2 * b["x:`x y`"], b["(Intercept)"] + b["`x y`"]]
    np.testing.assert_allclose(table["Estimate"], wanted, rtol=1e-12)


# ---- verbs ----

NO_MODELS = [None, [], {}, 3, 1.5, "y ~ x", object(), DATA, np.ones(3)]
ASKED_OF_FITS = sorted({*generics.FUNCTIONS, *"AIC BIC coef deviance fitted logLik nobs sigma".split()})
ASKED_OF_FITS += ["case_names", "variable_names", "coefficient_plot"]
NEEDED = {
    "add1": {"scope": "~ . + x2"},
    "addterm": {"scope": "~ . + x2"},
    "delta_method": {"expression": "x"},
    "linear_hypothesis": {"hypothesis": "x"},
    **{verb: {"treatment": "x"} for verb in ("nnt", "odds_ratio", "risk_difference", "risk_ratio")},
}
WRONG = [None, 3, "a", [], object(), 1.5, -1, float("nan"), True, {}, np.array([1, 2]), b"x"]


@pytest.mark.parametrize("verb", sorted(ASKED_OF_FITS))
@pytest.mark.parametrize("given", NO_MODELS, ids=lambda value: type(value).__name__)
def test_a_first_argument_that_is_no_model(verb, given):
    with pytest.raises(
        FitError, match=rf"^{verb}\(\) is asked of a fitted model, such as glm\(\) gives; got "
    ):
        getattr(gf, verb)(given, **NEEDED.get(verb, {}))


@pytest.mark.parametrize("verb", ["AIC", "BIC", "anova"])
@pytest.mark.parametrize("given", NO_MODELS, ids=lambda value: type(value).__name__)
def test_another_argument_that_is_no_model(fit, verb, given):
    with pytest.raises(
        FitError, match=rf"^{verb}\(\).* is asked of a fitted model, such as glm\(\) gives; got "
    ):
        getattr(gf, verb)(fit, given)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda fit: fit.confint(level="a"), r"^confint\(\): level should be a number; got 'a'$"),
        (lambda fit: gf.confint(fit, level=None), r"^confint\(\): level should be a number; got None$"),
        (lambda fit: fit.coeftest(df="x"), r"^coeftest\(\): df should be a number; got 'x'$"),
        (lambda fit: fit.simulate("a"), r"^simulate\(\): nsim should be a whole number; got 'a'$"),
        (lambda fit: fit.simulate(1.5), r"^simulate\(\): nsim should be a whole number; got 1\.5$"),
        (
            lambda fit: fit.simulate(seed=-1),
            r"^simulate\(\): seed should be a whole number from 0, or a list",
        ),
        (
            lambda fit: fit.drop1(scope=3),
            r"^drop1\(\): scope should be a formula such as '\. ~ \. \+ x', or labels",
        ),
        (lambda fit: gf.add1(fit, None), r"^add1\(\): scope should be a formula .*; got None$"),
        (
            lambda fit: fit.delta_method(3),
            r"^delta_method\(\): expression should be an expression such as .*; got 3$",
        ),
        (lambda fit: fit.delta_method("x", names=3), r"^delta_method\(\): names should be a list; got 3$"),
        (lambda fit: fit.delta_method("x", rhs=[1, 2]), r"^rhs should be one number, for every expression;"),
        (
            lambda fit: fit.linear_hypothesis("x", "a"),
            r"^linear_hypothesis\(\): rhs should be a number, or numbers;",
        ),
        (
            lambda fit: fit.linear_hypothesis(object()),
            r"^linear_hypothesis\(\): hypothesis should be restrictions",
        ),
        (lambda fit: fit.profile(1.5), r"^a coefficient is picked by its name.*; got 1\.5$"),
        (
            lambda fit: fit.confint(object()),
            r"^expected a list, an array or a column; got an object of type object$",
        ),
        (lambda fit: fit.anova(dispersion="a"), r"^anova\(\): dispersion should be a number; got 'a'$"),
        (lambda fit: fit.anova(test=np.ones(2)), r"^anova\(\): test should be a name, as a str; got array"),
        (
            lambda fit: fit.Anova(error_estimate=[]),
            r"^Anova\(\): error_estimate should be a name, as a str; got \[\]$",
        ),
        (
            lambda fit: fit.coeftest(b"HC1"),
            r"^coeftest\(\): vcov should be a type such as 'HC1', .*; got b'HC1'$",
        ),
        (lambda fit: fit.predict(se_fit="yes"), r"^predict\(\): se_fit should be True or False; got 'yes'$"),
        (lambda fit: gf.dose_p(fit, p="a"), r"^dose_p\(\): p should be a number, or numbers; got 'a'$"),
        (lambda fit: gf.AIC(fit, k="a"), r"^AIC\(\): k should be a number; got 'a'$"),
        (
            lambda fit: gf.profile_plot(fit),
            r"^profile_plot\(\): profile should be a profile, as profile\(fit\) gives;",
        ),
        (lambda fit: gf.detect_separation(None, DATA), "^the formula must be a str .*, not NoneType$"),
        (lambda fit: fit.update(3), "must be a str|formula"),
    ],
)
def test_arguments_of_verbs(fit, ask, sentence):
    with pytest.raises((ValueError, DataError, FormulaError), match=sentence):
        ask(fit)


ANSWERS = {*"certificate effect_plot plot profile_plot save step stepAIC update".split()}
SEVERAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
OPTIONS = [
    (verb, name)
    for verb in sorted({*ASKED_OF_FITS} - ANSWERS - {"coefficient_plot"})
    for name, parameter in list(inspect.signature(getattr(gf, verb)).parameters.items())[1:]
    if parameter.kind not in SEVERAL
]


def error_of(ask):
    try:
        ask()
    except (gf.GLMFormulaError, ValueError, TypeError) as error:
        return error
    return None


@pytest.mark.parametrize(("verb", "name"), OPTIONS)
@pytest.mark.filterwarnings("ignore")
def test_no_option_ends_in_a_bare_error(verb, name, tmp_path, monkeypatch):
    """An answer, or an error that our own code raises."""
    monkeypatch.chdir(tmp_path)  # "a" is a file's name to some
    data = DATA.assign(y=np.arange(N) ** 1.5, x2=DATA["x"] ** 2)
    fit = glm("y ~ x + g", data)
    for value in WRONG:
        error = error_of(lambda value=value: getattr(gf, verb)(fit, **NEEDED.get(verb, {}) | {name: value}))
        if error is not None:
            raised_in = traceback.extract_tb(error.__traceback__)[-1]
            assert Path(gf.__file__).parent in Path(raised_in.filename).parents, (value, error)
            assert (raised_in.line or "").startswith("raise "), (value, error)


def test_arguments_that_are_right_stay_right(fit):
    for level in (0.9, np.float64(0.9), np.array(0.9)):
        assert fit.confint(method="wald", level=level).equals(fit.confint(method="wald", level=0.9))
    assert (
        fit.simulate(np.int64(2), np.random.default_rng(1)).shape[1] == fit.simulate(2, [1, 2]).shape[1] == 2
    )
    more = [fit.update(f". ~ . - {term}") for term in ("ok", "ok - g", "ok - g - x")]
    assert (
        len(gf.AIC(fit, *more))
        == len(fit.anova(*more))
        == len(fit.lrtest(*more))
        == len(fit.waldtest(*more))
        == 4
    )
    assert fit.coeftest("HC1", np.inf).equals(fit.coeftest("HC1", None))
    assert fit.anova(test=False).shape[1] == 4
    assert fit.predict(se_fit=np.True_).shape == (N, 2)


def test_no_weight_at_all():
    todo = "0 of them with a non-zero prior weight; give the rows that count a weight above 0 .* or leave weights= out"
    for formula, options in [
        ("y ~ x", {"weights": np.zeros(N)}),
        ("y ~ 0", {"weights": np.zeros(N)}),
        ("ok ~ x", {"weights": np.zeros(N), "family": "binomial", "method": "firth"}),
        ("cbind(zero, zero) ~ x", {"family": "binomial"}),
    ]:
        with pytest.raises(
            FitError, match=f"no observations informative at iteration 1: there are {N} rows, {todo}"
        ):
            glm(formula, DATA.assign(zero=0), **options)
