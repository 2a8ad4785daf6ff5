"""``weights``, ``offset``, ``subset``, start values: what may be given, and what is never guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula.errors import DataError, FormulaError
from glmformula.frame.model_frame import model_frame

DATA = pd.DataFrame(
    {"y": [1.0, 2, 3, 4], "x": [4.0, 3, 2, 1], "w": [1, 2, 3, 4], "s": list("abca"), "x 1": [1.0, 1, 2, 2]},
    index=["p", "q", "r", "s"],
)


def weights(given: object, data: pd.DataFrame = DATA) -> list[float]:
    found = model_frame("y ~ x", data, weights=given).prior_weights
    assert found is not None
    assert found.dtype == np.float64
    return found.tolist()


@pytest.mark.parametrize(
    "given",
    [
        "w",
        "1 * w",
        [1, 2, 3, 4],
        np.array([1.0, 2, 3, 4]),
        pd.Series([1, 2, 3, 4], index=DATA.index),
        pd.Series([4, 3, 2, 1], index=list("srqp")),
        pd.Series([9, 4, 3, 2, 1], index=list("zsrqp")),
        pd.Series([1, 2, 3, 4], index=DATA.index, dtype="Int64"),
        pd.array([1, 2, 3, 4], dtype="Float64"),
        pd.Index([1, 2, 3, 4]),
    ],
    ids=str,
)
def test_weights_in_any_form(given: object) -> None:
    assert weights(given) == [1, 2, 3, 4]


def test_a_column_whose_name_is_no_expression() -> None:
    assert weights("x 1") == [1, 1, 2, 2]


def test_logical_weights_are_numbers() -> None:
    assert weights("w > 2") == [0, 0, 1, 1]


def test_missing_weights_drop_their_rows() -> None:
    assert weights(pd.array([1, None, 3, 4], dtype="Int64")) == [1, 3, 4]
    assert weights([1, None, 3, 4]) == [1, 3, 4]


def test_series_of_other_labels_is_never_matched_by_position() -> None:
    with pytest.raises(
        DataError, match=r"'weights' is a Series without the data's row label 'p' \(4 of 4 rows"
    ):
        weights(pd.Series([1, 2, 3, 4]))


def test_series_of_other_length_and_labels() -> None:
    with pytest.raises(
        DataError, match=r"variable lengths differ \(found for '\(weights\)'\): 3 values for 4 rows"
    ):
        weights(pd.Series([1, 2, 3]))


def test_series_with_repeated_labels_must_have_the_datas_index() -> None:
    repeated = DATA.set_axis(list("aabb"))
    assert weights(pd.Series([1, 2, 3, 4], index=list("aabb")), repeated) == [1, 2, 3, 4]
    with pytest.raises(DataError, match="duplicate labels and differs from the data's"):
        weights(pd.Series([1, 2, 3, 4], index=list("abab")), repeated)


@pytest.mark.parametrize("given", [[1, 2, 3], 1.0, "mean(w)"], ids=str)
def test_wrong_length(given: object) -> None:
    with pytest.raises(
        DataError, match=r"variable lengths differ \(found for '\(weights\)'\): \d+ values? for 4 rows"
    ):
        weights(given)


@pytest.mark.parametrize(
    "given",
    ["s", list("abcd"), DATA, "factor(s)", np.ones((4, 2))],
    ids=["column", "list", "frame", "factor", "matrix"],
)
def test_not_numbers(given: object) -> None:
    with pytest.raises(DataError, match="'weights' must be a numeric vector, not"):
        weights(given)


def test_negative_weights() -> None:
    with pytest.raises(DataError, match="negative weights not allowed: 2 of 4 are below 0, the first -1"):
        weights([1, -1, -2, 1])


def test_unknown_weights_column() -> None:
    with pytest.raises(DataError, match=r"object 'ww' not found.*'w'"):
        weights("ww")


def test_unreadable_expression() -> None:
    with pytest.raises(FormulaError):
        weights("w +")


@pytest.mark.parametrize(
    "given", [2, 2.0, np.float64(2), [2.0]], ids=["int", "float", "numpy", "list of one"]
)
def test_scalar_offset_is_broadcast(given: object) -> None:
    frame = model_frame("y ~ x", DATA, offset=given)
    assert frame.offset is not None
    assert frame.offset.tolist() == [2, 2, 2, 2]
    assert frame.schema.offset == 2.0


def test_offsets_add_up() -> None:
    frame = model_frame("y ~ offset(x) + offset(w)", DATA, offset=[10, 20, 30, 40])
    assert frame.offset is not None
    assert frame.offset.tolist() == [15, 25, 35, 45]
    assert frame.schema.offset_lost


def test_start_values_are_cut_along() -> None:
    frame = model_frame("y ~ x", DATA.assign(x=[4.0, np.nan, 2, 1]), etastart="w", mustart=[5, 6, 7, 8])
    assert frame.etastart is not None
    assert frame.mustart is not None
    assert frame.etastart.tolist() == [1, 3, 4]
    assert frame.mustart.tolist() == [5, 7, 8]


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ("x > 1.5", "pqr"),
        ("x > 1.5 & s != 'b'", "pr"),
        ("TRUE", "pqrs"),
        ("c(1, 3)", "pr"),
        ("2:3", "qr"),
        ("-1", "qrs"),
        ([True, False, True, False], "pr"),
        (np.array([True, True, False, False]), "pq"),
        (DATA["x"] > 2.5, "pq"),
        ((DATA["x"] > 2.5)[::-1], "pq"),
        (pd.Series([True, None, False, True], index=DATA.index, dtype="boolean"), "ps"),
        (pd.Series([True, None, False, True], index=DATA.index, dtype=object), "ps"),
        (["s", "p"], "sp"),
        (pd.Index(["q"]), "q"),
        (slice(1, 3), "qr"),
    ],
    ids=str,
)
def test_subset_in_any_form(given: object, rows: str) -> None:
    assert list(model_frame("y ~ x", DATA, subset=given).index) == list(rows)


def test_subset_by_label_takes_all_rows_of_a_repeated_label() -> None:
    frame = model_frame("y ~ x", DATA.set_axis(list("abab")), subset=["b"])
    assert frame.response is None
    assert frame.index.tolist() == ["b", "b"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([True, False], r"variable lengths differ \(found for '\(subset\)'\): 2 values for 4 rows"),
        (["p", "t", "u"], r"'subset' has 2 row labels that the data's index does not have: 't', 'u'"),
        ("9:10", "'subset' asks for row 10, the data have 4 rows"),
        ("c(-1, 2)", "'subset' mixes positive and negative row numbers"),
        ("s", "'subset' must be logical: s is a character"),
        ("nothing > 1", "object 'nothing' not found"),
    ],
    ids=str,
)
def test_subset_that_cannot_be(given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        model_frame("y ~ x", DATA, subset=given)
