"""What users of R and of Python write in formulas out of habit: bars, empty arguments, Python's constants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import glm, load, model_matrix
from glmformula.errors import DataError, FormulaError
from glmformula.formula.deparse import deparse
from glmformula.formula.reader import read
from tests.formula.functions_support import both, value

Table = Callable[[pd.DataFrame], Any]


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n) + 3,
            "g": rng.choice(["u", "v", "w"], n),
            "a": rng.random(n) > 0.5,
            "b": rng.random(n) > 0.5,
        }
    )


@pytest.fixture(params=["memory", "parquet"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    def of(data: pd.DataFrame) -> Any:
        if request.param == "memory":
            return data
        path = tmp_path / "data.parquet"
        data.to_parquet(path, row_group_size=25)
        return str(path)

    return of


@pytest.mark.parametrize(
    ("formula", "bar"),
    [
        ("y ~ x + (1 | g)", "1 | g"),
        ("y ~ (x || g)", "x || g"),
        ("y ~ x | g", "x | g"),
        ("y ~ (x + 1 | g) + z", "x + 1 | g"),
        ("y ~ z * (1 | g)", "1 | g"),
        ("y ~ x - (a | b)", "a | b"),
        ("(y ~ x | g)", "x | g"),
    ],
)
def test_a_bar_names_the_mixed_models(formula: str, bar: str, table: Table) -> None:
    with pytest.raises(FormulaError) as caught:
        glm(formula, table(_data()))
    text = str(caught.value)
    assert f"`{bar}` as a term: glm() has no random effects" in text
    assert "lmer() and glmer()" in text
    assert f"write I({bar})" in text
    assert formula in text


def test_the_bar_comes_through_update_too() -> None:
    fit = glm("y ~ x", _data())
    with pytest.raises(FormulaError, match="no random effects"):
        fit.update(". ~ . + (1 | g)")
    with pytest.raises(FormulaError, match="no random effects"):
        fit.add1("~ . + (1 | g)")


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ I(a | b)", ["I(a | b)TRUE"]),
        ("y ~ ifelse(a | b, 1, 0)", ["ifelse(a | b, 1, 0)"]),
        ("y ~ factor((a | b))", ["factor((a | b))TRUE"]),
        ("y ~ x + !(a | b)", ["x", "!(a | b)TRUE"]),
        ("I(a | b) ~ x", ["x"]),
    ],
)
def test_the_bar_inside_a_call_is_or(formula: str, names: list[str], table: Table) -> None:
    family = "binomial" if formula.startswith("I") else "gaussian"
    assert list(glm(formula, table(_data()), family).coefficients.index) == ["(Intercept)", *names]


@pytest.mark.parametrize(("word", "spelled"), [("True", "TRUE"), ("False", "FALSE"), ("None", "NULL")])
def test_python_constants_name_those_of_r(word: str, spelled: str, table: Table) -> None:
    for formula in (f"y ~ poly(x, 2, raw = {word})", f"y ~ I(a == {word})"):
        with pytest.raises(FormulaError, match=f"object '{word}' not found: .* write {spelled}"):
            glm(formula, table(_data()))


def test_a_column_may_have_the_name_of_a_python_constant() -> None:
    data = _data().rename(columns={"x": "None"})
    assert "None" in glm("y ~ None", data).coefficients.index


@pytest.mark.parametrize(
    "text",
    [
        "C(f, , 1)",
        "x[, 1]",
        "x[1, ]",
        "x[, ]",
        "f(x)[, drop = TRUE]",
        "f(, a)",
        "f(a, )",
        "f(a = )",
        "f(, )",
        "f(a = , b)",
    ],
)
def test_empty_arguments_are_read_and_written(text: str) -> None:
    assert deparse(read(text)) == text
    assert deparse(read(f"y ~ {text}:x")) == f"y ~ {text}:x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x[1, ]", "incorrect number of dimensions"),
        ("c(x, )", r"c\(\): argument 2 is empty"),
        ("log(, 2)", 'argument "x" is missing, with no default'),
        ("cbind(x, z)[1, ]", "rows of a matrix cannot be picked"),
        ("cbind(x, z)[, 3]", "subscript out of bounds"),
        ("cbind(x, z)[, 'q']", "no column 'q'"),
        ("x[, drop = TRUE]", r"needs a factor"),
    ],
)
def test_what_an_empty_argument_cannot_stand_for(text: str, message: str) -> None:
    with pytest.raises((FormulaError, DataError), match=message):
        value(text, _data())


STREAMED = [
    "y ~ cbind(x, z)[, 2]",
    "y ~ poly(x, 2)[, 1]",
    "y ~ polym(x, z, degree = 2)",
    "y ~ factor(g)[, drop = TRUE]",
    "y ~ factor(g, levels = unique(g))",
    "y ~ I(x / length(unique(g)))",
    "y ~ C(factor(g), , 1)",
    "y ~ pnorm(x) + qlogis(plogis(z))",
    "y ~ addNA(h)",
    "y ~ x:addNA(h, TRUE)",
]


@pytest.mark.parametrize("formula", STREAMED)
def test_the_same_in_pieces_on_new_data_and_from_a_file(formula: str, tmp_path: Path) -> None:
    data = _data()
    data["h"] = data["g"].where(data["x"] < 1)
    new = data.iloc[[3, 1, 7, 40]]
    fit = glm(formula, data)
    data.to_parquet(tmp_path / "data.parquet", row_group_size=17)
    streamed = glm(formula, str(tmp_path / "data.parquet"))
    pd.testing.assert_series_equal(fit.coefficients, streamed.coefficients, rtol=1e-9)
    expected = fit.fitted_values.loc[new.index].to_numpy()
    fit.save(tmp_path / "fit.json")
    for same in (fit, streamed, load(tmp_path / "fit.json")):
        np.testing.assert_allclose(same.predict(new).to_numpy(), expected, rtol=1e-9)


def test_add_na_gives_the_missing_a_level() -> None:
    data = pd.DataFrame({"g": ["b", None, "a", "b"], "x": [1.0, 2, 3, 4]})
    assert list(model_matrix("~ addNA(g)", data).columns) == ["(Intercept)", "addNA(g)b", "addNA(g)NA"]
    first, second, _ = both("addNA(g, ifany = TRUE)", data, data.iloc[[0, 1]])
    assert first.levels == second.levels == ("a", "b", "NA")
    assert second.codes.tolist() == [1, 2]
    first, second, _ = both("addNA(g, ifany = TRUE)", data.iloc[[0, 2]], data)
    assert first.levels == ("a", "b")
    assert second.codes.tolist() == [1, -1, 0, 1]


def test_add_na_keeps_two_kinds_of_na_apart() -> None:
    data = pd.DataFrame({"g": ["NA", None, "a"]})
    with pytest.raises(DataError, match="a level that is written 'NA' already"):
        value("addNA(g)", data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pchisq(x, 3, ncp = 1)", "noncentral distributions are not available"),
        ("dnbinom(x, 2, 0.5, 3)", "'prob' and 'mu' both specified"),
        ("pgamma(z * 500, 2, lower.tail = FALSE, log.p = TRUE)", "below 1e-308"),
        ("qgamma(-z * 1000, 2, log.p = TRUE)", "below 1e-308"),
        ("pt(x)", 'argument "df" is missing'),
    ],
)
def test_a_distribution_says_what_it_cannot(text: str, message: str) -> None:
    with pytest.raises((FormulaError, DataError), match=message):
        value(text, _data())


@pytest.mark.parametrize("power", [2, 3, 4, 5, 7, 11])
def test_powers_of_whole_numbers_are_whole(power):
    """C's pow, which R calls, is exact there; NumPy's is not on every processor."""
    x = np.arange(0.0, 22.0)
    found = model_matrix(f"~ 0 + I(x^{power})", pd.DataFrame({"x": x})).iloc[:, 0].to_numpy()
    assert [int(v) for v in found] == [int(v) ** power for v in x]
    assert (found == np.rint(found)).all()
