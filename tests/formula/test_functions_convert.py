"""Data columns as R's vectors, levels in R's order, contrast matrices."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from glmformula.errors import DataError, FormulaError
from glmformula.formula.functions import as_factor, column_value, contrast_matrix, sort_texts
from glmformula.formula.functions.vectors import number_text
from glmformula.formula.values import Factor, Logical, Matrix, Text


def series(values: Any, **options: Any) -> pd.Series:
    return pd.Series(values, name="v", **options)


# ---- column_value ----


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "uint16", "int32"])
def test_plain_numbers_are_taken_as_they_are(dtype: str) -> None:
    data = series(np.arange(5), dtype=dtype)
    out = column_value(data)
    assert out.dtype == dtype
    assert np.shares_memory(out, data.to_numpy())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (series([1, None, 3], dtype="Int64"), [1, np.nan, 3]),
        (series([1, 2, 3], dtype="Int64"), [1, 2, 3]),
        (series([0.5, None], dtype="Float64"), [0.5, np.nan]),
        (series([1, None], dtype="UInt8"), [1, np.nan]),
        (series([1.5, None], dtype="float64[pyarrow]"), [1.5, np.nan]),
        (series([2, None], dtype="int32[pyarrow]"), [2, np.nan]),
        (series([Decimal("1.5"), None, Decimal(2)]), [1.5, np.nan, 2]),
        (series([1, 2.5, None], dtype=object), [1, 2.5, np.nan]),
        (series([Decimal(1), 2.5], dtype=object), [1, 2.5]),
        (series([1, pd.NA], dtype=object), [1, np.nan]),
        (series([None, None], dtype=object), [np.nan, np.nan]),
        (series(pd.arrays.SparseArray([0.0, 1.0])), [0, 1]),
    ],
)
def test_numbers_of_other_kinds(data: pd.Series, expected: list[float]) -> None:
    out = column_value(data)
    assert isinstance(out, np.ndarray)
    assert out.dtype.kind in "if"
    np.testing.assert_array_equal(out, expected)


def test_whole_nullable_integers_stay_whole() -> None:
    assert column_value(series([2**60 + 1, 2], dtype="Int64")).tolist() == [2**60 + 1, 2]


@pytest.mark.parametrize(
    "data",
    [
        series([True, False, None], dtype="boolean"),
        series([True, False, None], dtype="bool[pyarrow]"),
        series([True, False, None], dtype=object),
    ],
)
def test_logical_with_missing(data: pd.Series) -> None:
    out = column_value(data)
    assert isinstance(out, Logical)
    assert out.values.tolist() == [True, False, False]
    assert out.missing is not None
    assert out.missing.tolist() == [False, False, True]


def test_logical() -> None:
    out = column_value(series([True, False]))
    assert isinstance(out, Logical)
    assert out.missing is None


@pytest.mark.parametrize("dtype", ["str", "string", "object", "string[pyarrow]"])
def test_strings(dtype: str) -> None:
    out = column_value(series(["b", None, "a", "b"], dtype=dtype))
    assert isinstance(out, Text)
    assert out.values.tolist() == ["b", None, "a", "b"]
    factor = as_factor(out)
    assert factor.levels == ("a", "b")
    assert factor.codes.tolist() == [1, -1, 0, 1]


def test_categories_become_text_and_keep_their_order() -> None:
    out = column_value(series(pd.Categorical(["x", None, "y"], categories=["y", "z", "x"], ordered=True)))
    assert out.levels == ("y", "z", "x")
    assert out.codes.tolist() == [2, -1, 0]
    assert out.ordered
    numbers = column_value(series(pd.Categorical([1.5, 2.0, 1e5])))
    assert numbers.levels == ("1.5", "2", "1e+05")
    assert column_value(series(pd.Categorical([True, False]))).levels == ("FALSE", "TRUE")
    assert column_value(series(pd.cut([1.0, 2.0], [0, 1.5, 3]))).levels == ("(0.0, 1.5]", "(1.5, 3.0]")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (series([datetime.time(10, 30)]), "column 'v' holds periods or times of day, .* into a number"),
        (series(pd.period_range("2020", periods=1, freq="D")), "column 'v' holds periods .*to_timestamp"),
        (series(pd.to_timedelta([1], unit="D")), "column 'v' holds time differences, .*total_seconds"),
        (series([1 + 2j]), "column 'v' holds complex numbers"),
        (series([1.0, "a"], dtype=object), r"'v' .* holds 1.0 \(float, row 0\), 'a' \(str, row 1\): make"),
        (series([[1], [2]]), "column 'v' is an object column that holds .*list"),
        (series([b"a"]), "column 'v' holds bytes"),
        (series(pd.interval_range(0, 2)), "column 'v' holds intervals"),
        (series(pd.Categorical([1, "1"])), "column 'v': two categories are both written '1'"),
    ],
)  # fmt: skip
def test_what_no_model_can_use_is_refused_by_name(data: pd.Series, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        column_value(data)


def test_two_columns_of_one_name_are_refused() -> None:
    data = pd.DataFrame([[1, 2]], columns=["v", "v"])
    with pytest.raises(DataError, match="the data have 2 columns called 'v': rename all but one of them"):
        column_value(data["v"], "v")


# ---- as_factor ----


@pytest.mark.parametrize(
    ("value", "levels", "codes"),
    [
        (np.array([10.0, 9.0, np.nan, 10.0]), ("9", "10"), [1, 0, -1, 1]),
        (np.array([3, 1]), ("1", "3"), [1, 0]),
        (np.array([100000, 5]), ("5", "100000"), [1, 0]),
        (np.array([1e5, 5]), ("5", "1e+05"), [1, 0]),
        (np.array([0.3, 0.1 + 0.2]), ("0.3",), [0, 0]),
        (Logical(np.array([True, True])), ("TRUE",), [0, 0]),
        (
            Logical(np.array([True, False, False]), np.array([False, False, True])),
            ("FALSE", "TRUE"),
            [1, 0, -1],
        ),
        (Text(np.array(["b", "A", None, "a", "B"], dtype=object)), ("a", "A", "b", "B"), [2, 1, -1, 0, 3]),
        (Matrix(np.array([[2.0], [1.0]]), ("",)), ("1", "2"), [1, 0]),
        ("a", ("a",), [0]),
        (True, ("TRUE",), [0]),
        (2.0, ("2",), [0]),
    ],
)
def test_levels_are_r_s(value: Any, levels: tuple[str, ...], codes: list[int]) -> None:
    out = as_factor(value)
    assert out.levels == levels
    assert out.codes.tolist() == codes


def test_a_factor_is_kept_with_unused_levels() -> None:
    factor = Factor(np.array([0]), ("a", "b"))
    assert as_factor(factor) is factor


def test_a_matrix_is_no_factor() -> None:
    with pytest.raises(DataError, match="a factor was expected, a matrix was given"):
        as_factor(Matrix(np.ones((2, 2)), ("1", "2")))


@given(st.lists(st.text(max_size=6)))
def test_sorting_is_an_order_of_the_strings_themselves(texts: list[str]) -> None:
    assert sorted(sort_texts(texts)) == sorted(texts)
    assert sort_texts(texts[::-1]) == sort_texts(texts)


@given(st.floats(-1e15, 1e15))
def test_numbers_as_text_have_fifteen_digits(x: float) -> None:
    assert float(number_text(x)) == float(f"{x:.15g}")


# ---- contrast_matrix ----


def test_default_contrasts() -> None:
    matrix, names = contrast_matrix(None, ["a", "b", "c"])
    assert names == ("b", "c")
    assert matrix.tolist() == [[0, 0], [1, 0], [0, 1]]
    matrix, names = contrast_matrix(None, list("abcde"), ordered=True)
    assert names == (".L", ".Q", ".C", "^4")
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(4), atol=1e-14)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("contr.sum", ("1", "2")),
        ("contr.helmert", ("1", "2")),
        ("contr.SAS", ("a", "b")),
        ("contr.poly", (".L", ".Q")),
        (np.array([[1.0], [0], [-1]]), ("1",)),
        ([1, 0, -1], ("1",)),
        (pd.DataFrame({"lin": [1, 0, -1]}), ("lin",)),
        (pd.DataFrame([[1, 2], [0, 3], [4, 5]]), ("1", "2")),
        (Matrix(np.eye(3)[:, :2], ("x", "")), ("x", "")),
        (lambda levels: np.eye(len(levels))[:, 1:], ("1", "2")),
    ],
)
def test_contrast_names(spec: Any, names: tuple[str, ...]) -> None:
    matrix, got = contrast_matrix(spec, ["a", "b", "c"])
    assert got == names
    assert matrix.shape == (3, len(names))


def test_rows_called_as_the_levels_are_put_in_their_order() -> None:
    matrix, _ = contrast_matrix(pd.DataFrame({"k": [3.0, 1, 2]}, index=["c", "a", "b"]), ["a", "b", "c"])
    assert matrix.ravel().tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("spec", "levels", "error", "sentence"),
    [
        ("contr.summ", "abc", FormulaError, "'contr.summ' is no contrast function; .* 'contr.sum'"),
        (np.eye(2), "abc", FormulaError, r"wrong number of contrast matrix rows: 2 for 3 levels \(a, b, c\)"),
        (np.array([["x"], ["y"], ["z"]]), "abc", FormulaError, "must hold numbers"),
        (np.array([[1], [np.nan], [0]]), "abc", FormulaError, "must hold finite numbers"),
        (pd.DataFrame({"k": [1, 2, 3]}, index=list("abd")), "abc", FormulaError, "are called a, b, d, the"),
        (None, "a", DataError, "only to factors with 2 or more levels: this one has 1"),
    ],
)  # fmt: skip
def test_contrasts_that_do_not_fit(spec: Any, levels: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        contrast_matrix(spec, list(levels))
