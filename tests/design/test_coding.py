"""R's coding rules, on designs small enough to see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula.design.build import design_frame, model_matrix
from glmformula.design.coding import joint_codes
from glmformula.design.dense import dense
from glmformula.errors import DataError, DataWarning

DATA = pd.DataFrame(
    {
        "y": [1.0, 2, 3, 4, 5, 6],
        "x": [0.5, 1, 2, 3, 5, 8],
        "a": pd.Categorical(["u", "v", "w", "u", "v", "w"], categories=["t", "u", "v", "w"]),
        "b": ["q", "p", "q", "p", "p", "q"],
        "l": [True, False, True, True, False, False],
        "x 1": [1, 2, 3, 4, 5, 6],
        "log": [1.0, 2, 1, 2, 1, 2],
        "class": [2.0, 3, 2, 3, 2, 3],
    }
)


def test_columns_are_the_datas_own_arrays() -> None:
    design = design_frame("y ~ x * a", DATA).design
    assert np.shares_memory(design.pieces[1].numeric[0], DATA["x"].to_numpy())


def test_a_factor_without_unused_levels_keeps_its_codes() -> None:
    data = DATA.assign(a=DATA["a"].cat.remove_unused_categories())
    design = design_frame("y ~ a", data).design
    assert np.shares_memory(design.pieces[1].codes, data["a"].array.codes)


def test_pieces_of_one_factor_share_key_and_codes() -> None:
    design = design_frame("y ~ a + a:x", DATA).design
    own, slope = design.pieces[1], design.pieces[2]
    assert own.key == slope.key == ("a",)
    assert own.codes is slope.codes
    assert len(slope.numeric) == 1


def test_joint_codes_run_the_first_factor_fastest() -> None:
    assert joint_codes([np.array([0, 1, 0, 1]), np.array([0, 0, 2, 2])], [2, 3]).tolist() == [0, 1, 4, 5]


def test_joint_codes_of_many_levels_do_not_wrap() -> None:
    codes = np.array([99, 5], dtype=np.int8)
    assert joint_codes([codes, codes, codes], [100, 100, 100]).tolist() == [999_999, 50_505]


def test_interaction_of_two_factors_is_one_piece() -> None:
    design = design_frame("y ~ a:b - 1", DATA).design
    assert [p.width for p in design.pieces] == [6]
    assert design.names == ("au:bp", "av:bp", "aw:bp", "au:bq", "av:bq", "aw:bq")
    assert (dense(design).sum(axis=1) == 1).all()


def test_one_level_factor_is_named() -> None:
    data = DATA.assign(a="u")
    with pytest.raises(
        DataError, match=r"2 or more levels: variable 'a' has only the level 'u' in the 6 rows used"
    ):
        design_frame("y ~ x + a", data)


def test_one_level_left_by_missing_rows_is_named() -> None:
    data = DATA.assign(x=[1.0, np.nan, np.nan, 2, np.nan, np.nan])
    with pytest.raises(DataError, match=r"variable 'a' has only the level 'u' in the 2 rows used"):
        design_frame("y ~ x + a", data)


def test_interaction_of_identifiers_is_refused() -> None:
    ids = [f"k{i}" for i in range(300)]
    data = pd.DataFrame({"y": np.arange(300.0), "a": ids, "b": ids})
    with pytest.raises(DataError, match="interaction a:b of 300 x 300 levels needs 89401 columns"):
        design_frame("y ~ a * b", data)


@pytest.mark.parametrize("formula", ["y ~ 0", "y ~ -1"])
def test_empty_model_has_no_column(formula: str) -> None:
    design = design_frame(formula, DATA).design
    assert design.ncols == 0
    assert dense(design).shape == (6, 0)


def test_odd_names() -> None:
    names = design_frame("y ~ `x 1` + class + log + log(log)", DATA).design.names
    assert names == ("(Intercept)", "`x 1`", "class", "log", "log(log)")


def test_response_on_the_right_is_dropped_with_rs_warning() -> None:
    with pytest.warns(DataWarning, match="the response appeared on the right-hand side and was dropped"):
        design = design_frame("y ~ x + y", DATA).design
    assert design.names == ("(Intercept)", "x")
    assert design.term_labels == ("x", "y")


def test_model_matrix_is_a_frame_with_rs_names() -> None:
    out = model_matrix("y ~ x + b", DATA.set_axis(list("fedcba")))
    assert list(out.columns) == ["(Intercept)", "x", "bq"]
    assert list(out.index) == list("fedcba")
    assert out.attrs["assign"] == [0, 1, 2]


def test_model_matrix_on_new_data_is_frozen_and_keeps_missing_rows() -> None:
    new = pd.DataFrame({"x": [10.0, np.nan], "b": ["p", "q"]}, index=[7, 8])
    out = model_matrix("y ~ scale(x) + b", DATA, newdata=new)
    centre, spread = DATA["x"].mean(), DATA["x"].std()
    assert out.loc[7].tolist() == pytest.approx([1, (10 - centre) / spread, 0])
    assert np.isnan(out.loc[8, "scale(x)"])
    assert out.loc[8, "bq"] == 1


def test_dense_of_rows_is_rows_of_dense() -> None:
    design = design_frame("y ~ a * x + b:l", DATA).design
    whole = dense(design)
    for which in (slice(1, 4), np.array([5, 0, 0]), DATA["l"].to_numpy()):
        np.testing.assert_array_equal(dense(design.rows(which)), whole[which])


def test_select_terms_keeps_their_columns() -> None:
    design = design_frame("y ~ a * x", DATA).design
    part = design.select_terms(frozenset({0, 2}))
    assert part.names == ("(Intercept)", "x")
    np.testing.assert_array_equal(dense(part), dense(design)[:, np.isin(design.assign, [0, 2])])
