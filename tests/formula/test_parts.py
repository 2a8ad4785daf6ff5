"""Formulas in parts, ``y ~ x | z``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula.design.build import design_for, design_frame
from glmformula.design.dense import dense
from glmformula.errors import FormulaError
from glmformula.formula.parts import Parted, terms_of, update_parts

TWO = ("count", "zero")
DATA = pd.DataFrame(
    {
        "y": [0, 1, 2, 3, 0, 1.0],
        "x": [1.0, 2, 3, np.nan, 5, 6],
        "z": [0.5, 1, 2, 4, 8, 16],
        "g": ["a", "b", "c", "a", "b", "c"],
    }
)


def test_parts_share_the_response_and_have_each_variable_once() -> None:
    found = terms_of(Parted("log(y) ~ x * g | g + offset(z)", TWO))
    assert found.names == ("log(y)", "x", "g", "offset(z)")
    assert found.offsets == (3,)
    assert [part.labels for part in found.parts] == [("x", "g", "x:g"), ("g",)]
    assert [part.offsets for part in found.parts] == [(), (2,)]
    assert found.text == "log(y) ~ x * g | g + offset(z)"


def test_without_a_bar_the_right_side_is_that_of_each_part() -> None:
    found = terms_of(Parted("y ~ x + offset(z)", TWO))
    assert [part.labels for part in found.parts] == [("x",), ("x",)]
    assert [part.offsets for part in found.parts] == [(2,), (2,)]
    assert found.text == "y ~ x + offset(z)"


def test_a_dot_stands_for_the_columns_in_each_part() -> None:
    found = terms_of(Parted("y ~ . | g", TWO), DATA.columns)
    assert [part.labels for part in found.parts] == [("x", "z", "g"), ("g",)]
    assert found.text == "y ~ x + z + g | g"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y ~ x | z | g", r"the formula has 3 parts, the model 2: count \| zero; write `y ~ x \| z`"),
        ("y ~ x | ", r"the formula ends where `\|` wants something on its right"),
        ("y ~ | z", r"there is nothing between `~` and `\|`"),
        ("y ~ (1 | g) | z", r"`1 \| g` as a term"),
        ("y + x", "there is no `~`"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        terms_of(Parted(text, TWO))


def test_the_design_has_the_parts_side_by_side() -> None:
    frame = design_frame(Parted("y ~ x + g | 0 + g", TWO), DATA)
    assert frame.nrows == 5  # a missing x drops the row in both parts
    design = frame.design
    assert design.names == ("(Intercept)", "x", "gb", "gc", "ga", "gb", "gc")
    assert design.assign.tolist() == [0, 1, 2, 2, 4, 4, 4]
    assert design.term_labels == ("x", "g", "(Intercept)", "g")
    X = dense(design)
    np.testing.assert_array_equal(X[:, 4:].sum(axis=1), np.ones(5))
    np.testing.assert_array_equal(X[:, 2:4], X[:, 5:])


def test_offsets_have_a_column_for_each_part() -> None:
    frame = design_frame(Parted("y ~ g + offset(z) | x", TWO), DATA, offset="x / 10")
    expected = DATA.dropna()
    assert frame.offset is not None
    np.testing.assert_allclose(frame.offset[:, 0], expected["z"] + expected["x"] / 10)
    np.testing.assert_array_equal(frame.offset[:, 1], 0.0)
    assert design_frame(Parted("y ~ g | x", TWO), DATA).offset is None


def test_new_data_have_the_frozen_columns_of_each_part() -> None:
    frame = design_frame(Parted("y ~ poly(x, 2) | scale(z) + offset(z)", TWO), DATA.dropna())
    new = design_for(frame.schema, DATA.dropna().iloc[[1, 3]])
    np.testing.assert_allclose(dense(new.design), dense(frame.design)[[1, 3]])
    assert new.offset is not None
    np.testing.assert_allclose(new.offset[:, 1], [1, 8])


@pytest.mark.parametrize(
    ("old", "change", "new"),
    [
        ("y ~ x + g | z", ". ~ . - x", "y ~ g | z"),
        ("y ~ x + g | z", ". ~ . | . + g", "y ~ x + g | z + g"),
        ("y ~ x", ". ~ . | 1", "y ~ x | 1"),
        ("y ~ x | z", "log(y) ~ .", "log(y) ~ x | z"),
        ("y ~ x | z", "~ 1", "y ~ 1 | 1"),
    ],
)
def test_updates(old: str, change: str, new: str) -> None:
    assert update_parts(old, change, 2) == new
