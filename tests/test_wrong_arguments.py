"""Arguments of the wrong kind: a sentence of ours that says what was expected, never a bare error of Python's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmformula as gf
from glmformula import DataError, FitError, FormulaError, glm

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
        with pytest.raises(DataError, match=r"expected the path of a file, such as 'model\.json', not NoneType"):
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
