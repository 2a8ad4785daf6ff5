"""Model frames against R's: rows kept under subset, missing values, weights and offsets, cut together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tolerances import DESIGN_VALUES

from glmformula.design.build import design_frame
from glmformula.design.dense import dense
from glmformula.errors import DataError, FormulaError
from glmformula.frame.model_frame import model_frame

R = json.loads(
    (Path(__file__).parent.parent / "reference" / "frames" / "frames.json").read_text(encoding="utf-8")
)
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("y ~ x + a", {}),
    "weights": ("y ~ x", {"weights": "w"}),
    "weights_expression": ("y ~ z", {"weights": "w * 2"}),
    "offset": ("y ~ x", {"offset": "log(e)"}),
    "offsets": ("y ~ x + offset(log(e)) + offset(z)", {"offset": "w"}),
    "subset": ("y ~ x + a", {"subset": "x > 1"}),
    "subset_na": ("y ~ z", {"subset": "l"}),
    "subset_rows": ("y ~ z", {"subset": "c(5, 1, 9, 9)"}),
    "subset_negative": ("y ~ z", {"subset": "-(1:5)"}),
    "subset_levels": ("y ~ a + s", {"subset": 'a != "v"'}),
    "everything": ("cbind(n1, n2) ~ x * a + offset(e)", {"subset": "z > 1", "weights": "w"}),
    "strings": ("y ~ s + l", {}),
    "poly_before_subset": ("y ~ poly(z, 2)", {"subset": "z > 2"}),
    "scale_before_subset": ("y ~ scale(z)", {"subset": "z > 2"}),
}


def data(index: Any = None) -> pd.DataFrame:
    """R's data, its row names as labels."""
    out = pd.DataFrame({k: pd.Series(v, dtype=object if k in "sl" else None) for k, v in R["data"].items()})
    out["a"] = pd.Categorical(out["a"])
    out["b"] = pd.Categorical(out["b"])
    out["o"] = pd.Categorical(out["o"], ["lo", "mid", "hi", "top"], ordered=True)
    return out.set_axis([str(i + 1) for i in range(len(out))] if index is None else index)


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


@pytest.mark.parametrize("name", R["frames"])
def test_frame_equals_r(name: str) -> None:
    theirs, (formula, options) = R["frames"][name], CALLS[name]
    frame = design_frame(
        formula, data(), reading="binomial" if name == "everything" else "numbers", **options
    )
    assert list(frame.index) == [row.split(".")[0] for row in theirs["rows"]]
    assert {k: list(v) for k, v in frame.schema.xlevels.items()} == dict(theirs["xlevels"])
    for ours, r in ((frame.prior_weights, theirs["weights"]), (frame.offset, theirs["offset"])):
        assert (ours is None) == (r is None)
        if ours is not None:
            np.testing.assert_allclose(ours, numbers(r), rtol=DESIGN_VALUES)
    X = numbers(theirs["X"]).reshape(frame.nrows, -1, order="F")
    np.testing.assert_allclose(dense(frame.design), X, rtol=DESIGN_VALUES, atol=DESIGN_VALUES)
    y = numbers(theirs["y"]).reshape(frame.nrows, -1, order="F")
    assert frame.response is not None
    expected = y[:, 0] / y.sum(axis=1) if y.shape[1] == 2 else y[:, 0]
    np.testing.assert_array_equal(frame.response.y, expected)


def test_offsets_and_weights_pool_missing_rows_with_variables() -> None:
    frame = model_frame("y ~ x", data(), weights="w", offset="log(e)")
    assert dict(frame.lost) == {"y": 1, "x": 1, "(weights)": 1, "(offset)": 1}
    assert frame.omitted.tolist() == [1, 2, 3, 4]
    assert frame.kept is not None
    assert frame.kept.tolist() == [0, *range(5, 14)]


def test_nothing_missing_keeps_the_very_arrays() -> None:
    given = data()
    frame = model_frame("z ~ e", given.iloc[5:])
    assert frame.kept is None
    assert np.shares_memory(frame.response_value, given["z"].to_numpy())


def test_exclude_pads_as_rs_naresid() -> None:
    frame = model_frame("y ~ x + a", data(), na_action="na.exclude")
    padded = frame.labelled(np.arange(1.0, frame.nrows + 1))
    assert list(padded.index) == [str(i + 1) for i in range(14)]
    np.testing.assert_array_equal(padded, numbers(R["padded"]["values"]))


def test_exclude_pads_inside_a_subset_only() -> None:
    frame = model_frame("y ~ x", data(), na_action="na.exclude", subset="n1 < 4")
    padded = frame.labelled(np.zeros(frame.nrows))
    assert list(padded.index) == ["1", "2", "3", "7", "8", "9", "10", "11", "12"]
    assert padded.isna().tolist() == [False, True, True] + [False] * 6


def test_omit_does_not_pad() -> None:
    frame = model_frame("y ~ x", data())
    assert list(frame.labelled(np.zeros(frame.nrows)).index) == [str(i) for i in (1, *range(4, 15))]


def test_fail_names_variables_and_counts() -> None:
    with pytest.raises(
        DataError, match=rf"{R['refused']['fail']}: rows missing in y \(1\), x \(1\), a \(1\)"
    ):
        model_frame("y ~ x + a", data(), na_action="na.fail")


def test_fail_passes_where_nothing_is_missing() -> None:
    assert model_frame("z ~ e", data(), subset="n1 != 5", na_action="na.fail").nrows == 12


def test_pass_keeps_rows_but_a_fit_refuses_them() -> None:
    frame = model_frame("y ~ x", data(), na_action="na.pass")
    assert frame.nrows == 14
    with pytest.raises(
        DataError, match=r"NA/NaN/Inf in 'y': 'y' is missing in 1 of 14 rows, first rows: '3'"
    ):
        design_frame("y ~ x", data(), na_action="na.pass")


def test_unknown_na_action() -> None:
    with pytest.raises(DataError, match=r"na_action must be one of 'na.omit', .*, not 'drop'"):
        model_frame("y ~ x", data(), na_action="drop")


def test_all_rows_missing_counts_what_each_variable_loses() -> None:
    given = data().assign(x=np.nan)
    with pytest.raises(DataError, match=r"0 \(non-NA\) cases: all 14 rows .*rows missing: y 1, x 14"):
        model_frame("y ~ x", given)


def test_no_rows_at_all() -> None:
    with pytest.raises(DataError, match=r"0 \(non-NA\) cases: the data have no rows"):
        model_frame("y ~ x", data().iloc[:0])


def test_empty_subset() -> None:
    with pytest.raises(DataError, match=r"'subset' selects none of the 14 rows"):
        model_frame("y ~ x", data(), subset="z > 100")


def test_duplicate_labels_lose_no_row() -> None:
    frame = model_frame("y ~ x", data(index=[0] * 14))
    assert frame.nrows == 12
    assert (frame.index == 0).all()


def test_infinite_values_are_named_with_rows() -> None:
    given = data().assign(z=[1.0, np.inf, *range(12)])
    with pytest.raises(
        DataError, match=r"NA/NaN/Inf in 'x': 'z' is infinite in 1 of 14 rows, first rows: '2'"
    ):
        design_frame("n1 ~ z", given)
    with pytest.raises(DataError, match=r"'log\(n2\)' is infinite in 2 of 14 rows, first rows: '4', '12'"):
        design_frame("n1 ~ log(n2)", data())
    with pytest.raises(DataError, match=r"NA/NaN/Inf in 'y': 'log\(n1\)' is infinite in 1 of 14 rows"):
        design_frame("log(n1) ~ z", data())
    with pytest.raises(DataError, match=r"'\(offset\)' = log\(n2\) is infinite in 2 of 14 rows"):
        design_frame("n1 ~ z", data(), offset="log(n2)")


def test_infinite_values_in_rows_left_out_do_no_harm() -> None:
    assert design_frame("n1 ~ log(n2)", data(), subset="n2 > 0").nrows == 12


def test_only_used_columns_are_touched() -> None:
    given = pd.concat(
        [data(), pd.DataFrame({"when": pd.Period("2020-01-01", "D")}, index=data().index)], axis=1
    )
    given.insert(0, "e", given.pop("e"))
    twice = pd.concat([given, given[["w"]]], axis=1)
    assert model_frame("y ~ x", twice).nrows == 12
    with pytest.raises(DataError, match="2 columns called 'w'"):
        model_frame("y ~ w", twice)
    with pytest.raises(DataError, match="'when'"):
        model_frame("y ~ when", twice)


def test_unknown_variable_is_marked_with_the_nearest_names() -> None:
    with pytest.raises(FormulaError) as caught:
        model_frame("y ~ log(weight) + x", data().rename(columns={"w": "weights"}))
    assert "object 'weight' not found" in str(caught.value)
    assert "'weights'" in str(caught.value)
    assert str(caught.value).endswith("y ~ log(weight) + x\n          ^^^^^^")


def test_callers_variables_are_never_looked_up() -> None:
    outside = np.arange(14.0)
    assert len(outside) == 14
    with pytest.raises(FormulaError, match="object 'outside' not found"):
        model_frame("y ~ outside", data())


@pytest.mark.parametrize("formula", ["y ~ rep(1, 3)", "y ~ I(5)", "y ~ x + offset(1)"])
def test_wrong_length_in_rs_words(formula: str) -> None:
    with pytest.raises(
        DataError, match=r"variable lengths differ \(found for '.*'\): .* for 14 rows of data"
    ):
        model_frame(formula, data())


def test_data_of_another_kind() -> None:
    assert model_frame("y ~ x", {"y": [1.0, 2], "x": [2.0, 3]}).nrows == 2
    with pytest.raises(DataError, match=r"data must be a pandas DataFrame .* not list"):
        model_frame("y ~ x", [1, 2])


def test_as_a_dataframe() -> None:
    out = model_frame(
        "cbind(n1, n2) ~ poly(z, 2) + s + l + a + offset(e)", data(), weights="w"
    ).to_dataframe()
    assert list(out.columns) == [
        *(
            "cbind(n1, n2)n1",
            "cbind(n1, n2)n2",
            "poly(z, 2)1",
            "poly(z, 2)2",
            "s",
            "l",
            "a",
            "offset(e)",
            "(weights)",
        )
    ]
    assert out["s"].tolist()[:2] == ["b", "A"]
    assert out["l"].tolist()[:2] == [True, False]
    assert out["a"].cat.categories.tolist() == ["u", "v", "w"]
    assert list(out.index[:2]) == ["1", "2"]


def test_as_a_dataframe_with_missing_values() -> None:
    out = model_frame("l ~ l:z + s + o + x", data(), na_action="na.pass").to_dataframe()
    assert out["l"].isna().sum() == 2
    assert out["x"].isna().sum() == 1


def test_missing_values_of_every_kind_are_found() -> None:
    given = pd.DataFrame(
        {
            "y": [1.0, 2, 3, 4, 5, 6],
            "int": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
            "bool": pd.array([True, False, None, True, False, True], dtype="boolean"),
            "text": pd.Series(["a", "b", "a", None, "b", "a"]),
            "cat": pd.Categorical(["u", "v", "u", "v", None, "u"]),
        }
    )
    frame = model_frame("y ~ int + bool + text + cat", given)
    assert dict(frame.lost) == {"int": 1, "bool": 1, "text": 1, "cat": 1}
    assert list(frame.index) == [0, 5]
