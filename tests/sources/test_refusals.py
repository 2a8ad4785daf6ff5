"""What a stream cannot do, and what no fit can use: one error, with R's sentence and the counts of all rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sources.tables import Cut, parquet, policies

from glmformula import DataError, DataWarning, FamilyError, FormulaError, effect_plot, glm, register_function
from glmformula.design import streamed
from glmformula.formula.functions import TABLE
from glmformula.frame.pieces import Piece
from glmformula.sources.registry import opened


@pytest.fixture(scope="module")
def data():
    return policies()


@pytest.fixture
def table(data):
    return Cut(data, (100, 100, 250))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("weights", np.ones(400)),
        ("offset", pd.Series(np.ones(400))),
        ("subset", np.ones(400, bool)),
        ("etastart", [0.0] * 400),
        ("mustart", np.ones(400)),
    ],
)
def test_arrays_have_no_place_among_blocks(table, argument, value):
    with pytest.raises(DataError, match=f"'{argument}' must be a column name or an R expression in a str"):
        glm("claims ~ size", table, "poisson", **{argument: value})


def test_start_values_may_be_expressions(data, table):
    options = {"family": "poisson", "etastart": "log(claims + 0.1)"}
    a, b = glm("claims ~ size", data, **options), glm("claims ~ size", table, **options)
    assert a.iter == b.iter
    np.testing.assert_allclose(b.coefficients, a.coefficients, rtol=1e-9)
    start = glm("claims ~ size", table, "poisson", start=[0.0, 0.0])
    np.testing.assert_allclose(
        start.coefficients, glm("claims ~ size", data, "poisson", start=[0.0, 0.0]).coefficients
    )


@pytest.mark.parametrize(
    ("formula", "options", "error", "sentence"),
    [
        ("claims ~ sise", {}, FormulaError, "object 'sise' not found.*the nearest names are: 'size'"),
        ("claims ~ size", {"weights": "ww"}, FormulaError, "object 'ww' not found"),
        (
            "claims ~ cumsum(size)",
            {},
            FormulaError,
            "cumsum\\(\\) cannot be used here: a row's value depends",
        ),
        ("claims ~ size", {"subset": "years"}, DataError, "'subset' must be logical"),
        ("claims ~ size", {"subset": "size < 0"}, DataError, "'subset' selects none of the 400 rows"),
        ("claims ~ size", {"na_action": "omit"}, DataError, "na_action must be one of"),
        (
            "claims ~ age + area",
            {"na_action": "na.fail"},
            DataError,
            "missing values in object: rows missing in age \\(2\\), area \\(2\\)",
        ),
        ("claims ~ I(age * NA)", {}, DataError, "all 400 rows are lost to missing values \\(rows missing: I"),
        (
            "claims ~ log(years - 1)",
            {},
            DataError,
            "NA/NaN/Inf in 'x': 'log\\(years - 1\\)' is infinite in .* of 400 rows, first rows: ",
        ),
        ("I(1 / (years - 1)) ~ size", {}, DataError, "NA/NaN/Inf in 'y'"),
        (
            "claims ~ age",
            {"na_action": "na.pass"},
            DataError,
            "'age' is missing in 2 of 400 rows, first rows: 3, 77",
        ),
        (
            "claims ~ size",
            {"weights": "w - 2"},
            DataError,
            "negative weights not allowed: .* of 400 are below 0",
        ),
        ("area ~ size", {"family": "binomial"}, DataError, "has 5 levels .* a binomial response has two"),
        ("won ~ size", {}, DataError, "this family needs numbers"),
        ("~ size", {}, FormulaError, "the formula has no response"),
        ("claims ~ urban", {"subset": "urban"}, DataError, None),
        (
            "claims ~ band",
            {"subset": 'band == "low"'},
            DataError,
            "factors with 2 or more levels: variable 'band'",
        ),
        ("claims ~ size", {"offset": "area"}, DataError, "'offset' must be a numeric vector"),
        ("claims ~ c(size, w)", {}, DataError, "variable lengths differ"),
        (
            "claims ~ size",
            {"weights": "sum(w)"},
            DataError,
            "variable lengths differ \\(found for '\\(weights\\)'",
        ),
    ],
)
def test_errors(table, formula, options, error, sentence):
    if sentence is None:  # a logical keeps both its levels: the column is aliased, as in R
        assert np.isnan(glm(formula, table, **options).coefficients.iloc[1])
        return
    with pytest.raises(error, match=sentence):
        glm(formula, table, **options)


def test_a_piece_that_cannot_be_worked_on_names_itself(data, monkeypatch, tmp_path):
    def fails(self, piece):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(streamed.Streamed, "frame", fails)
    fit = glm("claims ~ size + years", parquet(data, tmp_path), "poisson")
    fit.training.source.store.complete = False
    with pytest.raises(DataError, match=r"policies.parquet, row groups 0 to 5 failed: Zero.*: by nothing"):
        fit.anova()


def response_data(y):
    return pd.DataFrame({"y": y, "x": np.arange(len(y), dtype=float)})


@pytest.mark.parametrize(
    ("family", "y", "sentence"),
    [
        (
            "poisson",
            [1, 2, -1, 3, -2, 0, 1, -4, 2, -5],
            "negative values not allowed .* 4 of 10 values, at rows 2 \\(-1\\), 4 \\(-2\\), 7 \\(-4\\), \\.\\.\\.",
        ),
        (
            "Gamma",
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
            "non-positive values not allowed .* 1 of 10 values, at row 9 \\(0\\)",
        ),
        (
            "binomial",
            [0, 1, 1, 0, 1, 0, 2, 1, 0, 1],
            "y values must be 0 <= y <= 1: 1 of 10 values, at row 6 \\(2\\)",
        ),
    ],
)
def test_the_response_is_refused_once_for_all_rows(family, y, sentence):
    data = response_data(np.array(y, dtype=float))
    errors = []
    for rows in (data, Cut(data, (3, 3, 6))):
        with pytest.raises(FamilyError, match=sentence) as caught:
            glm("y ~ x", rows, family)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    ("formula", "family", "y"),
    [
        ("y ~ x", "poisson", [1, 2.5, 1, 3, 2, 0.5, 1, 4, 2, 5.5]),
        ("y ~ x", "binomial", [0, 1, 0.5, 0, 1, 0, 1, 0.25, 0, 1]),
        ("cbind(y, 3 - y) ~ x", "binomial", [0, 1, 0.5, 0, 1, 0, 1, 0.25, 0, 1]),
    ],
)
def test_the_response_is_warned_of_once_for_all_rows(formula, family, y):
    data = response_data(np.array(y, dtype=float))
    texts = []
    for rows in (data, Cut(data, (3, 3, 6))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            glm(formula, rows, family)
        texts.append([str(w.message) for w in caught if w.category is DataWarning])
    assert len(texts[0]) == 1
    assert texts[0] == texts[1]


def test_warnings_of_blocks_are_one_warning(data):
    with pytest.warns(
        DataWarning, match="NaNs produced in log.* \\(and in 2 more blocks of rows\\)"
    ) as caught:
        glm("claims ~ log(age - 40)", Cut(data, (100, 200)), "poisson")
    assert len(caught) == 1


def centred(x):
    return x - x.mean()


def doubled(x):
    return 2 * x


def learned(x, state):
    state.setdefault("m", x.mean())
    return x - state["m"]


@pytest.fixture
def registered():
    for function in (centred, doubled, learned):
        register_function(function.__name__, function, stateful=function is learned)
    yield
    for function in (centred, doubled, learned):
        del TABLE[function.__name__]


def test_registered_functions_must_work_row_by_row(table, data, registered):
    fit = glm("claims ~ doubled(size)", table, "poisson")
    np.testing.assert_allclose(
        fit.coefficients, glm("claims ~ doubled(size)", data, "poisson").coefficients, rtol=1e-9
    )
    with pytest.raises(FormulaError, match="'centred' gives a row another value when other rows are there"):
        glm("claims ~ centred(size)", table, "poisson")
    with pytest.raises(
        FormulaError, match="learned\\(\\) cannot be used here: it learns from all rows at once"
    ):
        glm("claims ~ learned(size)", table, "poisson")


def test_columns_of_unusable_types_are_refused_before_a_row_is_read(data):
    dated = data.assign(day=pd.Period("2020-01-01", "D"))
    with pytest.raises(DataError, match="column 'day' holds periods or times of day"):
        glm("claims ~ day", Cut(dated, (100,)), "poisson")


def test_a_column_of_two_types_is_refused(data):
    class Changing(Cut):
        def results(self, function, merge, columns):
            for k, result in enumerate((self.frame, self.frame.astype({"size": str}))):
                yield function(type(self).piece(result[list(columns)], k))

        @staticmethod
        def piece(frame, number):
            return Piece(frame, number=number)

    with pytest.raises(
        DataError, match='variable \'size\' is "character" in some rows of the data and "numeric"'
    ):
        glm("claims ~ size", Changing(data, ()), "poisson")


def test_rows_that_come_and_go_are_an_error(data):
    class Growing(Cut):
        passes = 0

        def results(self, function, merge, columns):
            type(self).passes += 1
            rows = self.frame if self.passes < 2 else self.frame.iloc[:300]
            yield from Cut(rows, (100,)).results(function, merge, columns)

    fit = glm("claims ~ size + years", Growing(data, ()), "poisson")  # later passes see what the survey saw
    fit.training.source.store.complete = False
    with pytest.raises(
        DataError, match="the data have changed during the fit: 400 rows were in use at first, now 300"
    ):
        fit.anova()


@pytest.mark.parametrize(
    ("ask", "instead"),
    [
        (lambda fit: fit.fitted_values, r"write it out with fit\.predict\(type='response', out="),
        (lambda fit: fit.linear_predictors, r"write it out with fit\.predict\(out="),
        (lambda fit: fit.y, r"write it out with fit\.model_frame\(out="),
        (lambda fit: fit.prior_weights, r"write it out with fit\.model_frame\(out="),
        (lambda fit: fit.weights, "fit a part of the rows in memory"),
        (lambda fit: fit.na_action, "fit a part of them in memory"),
        (lambda fit: fit.plot(), "fit a part of the rows in memory"),
        (lambda fit: effect_plot(fit, "size"), "predict a grid of new rows and draw that"),
        *(
            (lambda fit, verb=verb: getattr(fit, verb)(), r"say where to write it, out='answer\.parquet'")
            for verb in (
                "predict", "residuals", "augment", "model_frame", "model_matrix", "estfun", "simulate", "hatvalues",
                "cooks_distance", "rstandard", "rstudent", "dffits", "dfbeta", "dfbetas", "covratio",
                "influence_measures",
            )
        ),
    ],
)  # fmt: skip
def test_row_level_answers_say_where_to(table, ask, instead):
    fit = glm("claims ~ size", table, "poisson")
    with pytest.raises(DataError, match=instead):
        ask(fit)
    assert fit.offset is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("nowhere.parquet", "no such file, directory or pattern of files was found"),
        ("nowhere/*.csv", "no such file, directory or pattern"),
        (("select 1", None), "needs a DuckDB connection, not NoneType"),
    ],
)
def test_what_cannot_be_opened(data, sentence):
    with pytest.raises(DataError, match=sentence):
        glm("y ~ x", data)


def test_what_is_no_data():
    assert opened(pd.DataFrame()) is None
    with pytest.raises(DataError, match=r"data must be a pandas DataFrame .* not int"):
        glm("y ~ x", 3)
