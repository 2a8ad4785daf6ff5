"""A fit's columns on new data: frozen levels and state, and clear words where new data do not fit."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmformula.design.build import NewData, design_for, design_frame
from glmformula.design.dense import dense
from glmformula.errors import DataError, GLMFormulaError

R = json.loads(
    (Path(__file__).parent.parent / "reference" / "frames" / "frames.json").read_text(encoding="utf-8")
)["refused"]
DATA = pd.DataFrame(
    {
        "y": [1.0, 2, 3, 4, 5, 6],
        "x": [0.5, 1, 2, 3, 5, 8],
        "a": pd.Categorical(["u", "v", "w", "u", "v", "w"]),
        "s": ["b", "A", "a", "B", "b", "A"],
        "l": [True, False, True, True, False, False],
        "e": [1.0, 2, 3, 4, 5, 6],
    }
)


def new(
    formula: str, newdata: pd.DataFrame, options: dict[str, object] | None = None, **more: str
) -> NewData:
    return design_for(design_frame(formula, DATA, **(options or {})).schema, newdata, **more)


def test_levels_are_the_fits() -> None:
    found = new("y ~ a + s + l", pd.DataFrame({"a": ["w"], "s": ["B"], "l": [True]}, index=["k"]))
    assert found.design.names == ("(Intercept)", "av", "aw", "sA", "sb", "sB", "lTRUE")
    assert dense(found.design).tolist() == [[1, 0, 1, 0, 0, 1, 1]]
    assert list(found.index) == ["k"]
    assert found.offset is None


def test_categories_in_another_order_and_number() -> None:
    given = pd.DataFrame({"a": pd.Categorical(["v", "u"], categories=["zz", "w", "v", "u"])})
    assert dense(new("y ~ a", given).design).tolist() == [[1, 1, 0], [1, 0, 0]]


def test_response_and_weights_are_not_needed() -> None:
    found = new("log(y) ~ x", DATA[["x"]], {"weights": "e", "subset": "e < 5"})
    np.testing.assert_array_equal(dense(found.design)[:, 1], DATA["x"])


def test_state_is_frozen() -> None:
    for formula in ("y ~ scale(x)", "y ~ poly(x, 2)", "y ~ I(x - mean(x))", "y ~ cut(x, 3)"):
        frame = design_frame(formula, DATA)
        one = design_for(frame.schema, DATA.iloc[[3]])
        np.testing.assert_allclose(dense(one.design), dense(frame.design)[[3]], rtol=1e-12)


def test_missing_rows_stay_and_are_marked() -> None:
    given = pd.DataFrame({"x": [1.0, np.nan, 2], "a": ["u", "v", None]})
    found = new("y ~ x + a + x:a", given)
    X = pd.DataFrame(dense(found.design), columns=found.design.names)
    assert found.missing.tolist() == [False, True, True]
    assert X.isna().to_numpy().tolist() == [
        [False] * 6,
        [False, True, False, False, True, True],
        [False, False, True, True, True, True],
    ]


def test_omit_drops_missing_rows() -> None:
    found = new("y ~ x + offset(e)", DATA.assign(x=[1, np.nan, 3, 4, 5, 6]), na_action="na.omit")
    assert list(found.index) == [0, 2, 3, 4, 5]
    assert found.offset is not None
    assert found.offset.tolist() == [1, 3, 4, 5, 6]
    assert not found.missing.any()


def test_fail_names_variables() -> None:
    with pytest.raises(DataError, match=r"missing values in object: rows of newdata missing in x \(1\)"):
        new("y ~ x", DATA.assign(x=[1, np.nan, 3, 4, 5, 6]), na_action="na.fail")


def test_missing_column_with_the_nearest_names() -> None:
    with pytest.raises(DataError, match=r"object 'x' not found.*nearest names are: 'xx'"):
        new("y ~ x", pd.DataFrame({"xx": [1.0]}))


@pytest.mark.parametrize(
    ("formula", "column", "fitted", "supplied"),
    [
        ("y ~ x", {"x": ["u"]}, "numeric", "character"),
        ("y ~ x", {"x": [True]}, "numeric", "logical"),
        ("y ~ l", {"l": [1]}, "logical", "numeric"),
        ("y ~ x", {"x": pd.Categorical(["u"])}, "numeric", "factor"),
        ("y ~ a", {"a": [1.0]}, "factor", "numeric"),
        ("y ~ s", {"s": [1.0]}, "character", "numeric"),
    ],
)
def test_wrong_type_in_rs_words(formula: str, column: dict[str, object], fitted: str, supplied: str) -> None:
    name = next(iter(column))
    message = (
        R["type"].replace("'x'", f"'{name}'").replace("numeric", "FITTED").replace("character", "SUPPLIED")
    )
    message = message.replace("FITTED", fitted).replace("SUPPLIED", supplied)
    if fitted == "character":
        message = message.replace('type "character" but', 'type "(character|factor)" but')
    with pytest.raises(GLMFormulaError, match=message):
        new(formula, pd.DataFrame(column))


def test_new_level_in_rs_words() -> None:
    with pytest.raises(
        DataError, match=R["level"].replace("levels t", "level t") + r".*the fit has 'u', 'v', 'w'"
    ):
        new("y ~ a", pd.DataFrame({"a": ["u", "t"]}))
    with pytest.raises(DataError, match=r"factor s has new levels c, d \(first at position 1\)"):
        new("y ~ s", pd.DataFrame({"s": ["a", "c", "d"]}))


def test_new_level_as_missing() -> None:
    found = new("y ~ a * x", pd.DataFrame({"a": ["t", "v"], "x": [1.0, 2]}), new_levels="na")
    assert found.missing.tolist() == [True, False]
    assert np.isnan(dense(found.design)[0, 1])
    assert dense(found.design)[1].tolist() == [1, 1, 0, 2, 2, 0]


@pytest.mark.parametrize(("option", "value"), [("na_action", "drop"), ("new_levels", "drop")])
def test_unknown_choice(option: str, value: str) -> None:
    with pytest.raises(DataError, match=rf"{option} must be one of .* not 'drop'"):
        new("y ~ x", DATA, **{option: value})


def test_offsets_are_evaluated_again() -> None:
    given = pd.DataFrame({"x": [1.0], "e": [7.0]})
    for formula, options in (
        ("y ~ x + offset(log(e))", {}),
        ("y ~ x", {"offset": "log(e)"}),
        ("y ~ x + offset(log(e) - 1)", {"offset": 1}),
    ):
        found = new(formula, given, options)
        assert found.offset is not None
        assert found.offset.tolist() == pytest.approx([np.log(7)])


@pytest.mark.parametrize(("formula", "options"), [("y ~ x + offset(e)", {}), ("y ~ x", {"offset": "e"})])
def test_offset_variable_absent(formula: str, options: dict[str, object]) -> None:
    with pytest.raises(DataError, match="object 'e' not found"):
        new(formula, pd.DataFrame({"x": [1.0]}), options)


def test_offset_that_was_an_array() -> None:
    with pytest.raises(DataError, match=r"the fit's offset= was an array.*offset\(column\)"):
        new("y ~ x", DATA, {"offset": np.arange(6.0)})


def test_all_missing_columns_have_the_fits_type() -> None:
    given = pd.DataFrame({"x": [None], "l": [np.nan], "s": [None]}, dtype=object)
    found = new("y ~ x + l + s", given)
    assert found.missing.tolist() == [True]
    assert np.isnan(dense(found.design)[0, 1:]).all()


def test_schema_holds_no_rows_and_pickles_small() -> None:
    rng = np.random.default_rng(1)
    n = 20_000
    data = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "a": rng.choice(list("uvw"), n)})
    frame = design_frame("y ~ poly(x, 2) * a + offset(x)", data, weights=rng.random(n))
    stored = pickle.dumps(frame.schema)
    assert len(stored) < 12_000
    again = design_for(pickle.loads(stored), data.head(5))
    np.testing.assert_array_equal(dense(again.design), dense(frame.design.rows(slice(0, 5))))
    assert again.offset is not None


def test_response_inside_an_interaction_is_asked_for() -> None:
    with pytest.raises(DataError, match="object 'y' not found"):
        new("y ~ x + y:x", DATA[["x"]])
    assert new("y ~ x + y:x", DATA).design.names == ("(Intercept)", "x", "y:x")
