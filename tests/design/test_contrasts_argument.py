"""``contrasts=`` against R's contrasts.arg."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tolerances import DESIGN_VALUES

from glmformula.design.build import design_for, design_frame
from glmformula.design.dense import dense
from glmformula.errors import DataError, DataWarning, FormulaError

R = json.loads(
    (Path(__file__).parent.parent / "reference" / "frames" / "frames.json").read_text(encoding="utf-8")
)
MATRIX = np.array([[1, 1], [0, -2], [-1, 1]])
GIVEN: dict[str, dict[str, Any]] = {
    "sum": {"a": "contr.sum"},
    "both": {"a": "contr.sum", "b": "contr.helmert"},
    "ordered_treatment": {"o": "contr.treatment"},
    "SAS": {"a": "contr.SAS"},
    "poly": {"a": "contr.poly"},
    "string": {"s": "contr.sum"},
    "logical": {"l": "contr.sum"},
    "matrix": {"a": MATRIX},
    "named_matrix": {"a": pd.DataFrame(MATRIX, columns=[".lin", ".quad"])},
    "few_columns": {"a": np.array([[-1], [0], [1]])},
    "expression": {"factor(n1 > 2)": "contr.sum"},
    "over_C": {"C(a, contr.helmert)": "contr.sum"},
    "full_dummies": {"a": "contr.sum", "b": "contr.sum"},
}


def data() -> pd.DataFrame:
    out = pd.DataFrame({k: pd.Series(v, dtype=object if k in "sl" else None) for k, v in R["data"].items()})
    out["a"] = pd.Categorical(out["a"])
    out["b"] = pd.Categorical(out["b"])
    out["o"] = pd.Categorical(out["o"], ["lo", "mid", "hi", "top"], ordered=True)
    return out


@pytest.mark.parametrize("name", R["codings"])
def test_contrasts_equal_r(name: str) -> None:
    theirs = R["codings"][name]
    frame = design_frame(theirs["formula"], data(), contrasts=GIVEN[name])
    design = frame.design
    assert list(design.names) == theirs["names"]
    assert design.assign.tolist() == theirs["assign"]
    values = np.array(theirs["values"]).reshape(design.nrows, -1, order="F")
    np.testing.assert_allclose(dense(design), values, rtol=DESIGN_VALUES, atol=DESIGN_VALUES)
    np.testing.assert_array_equal(
        dense(design_for(frame.schema, data().loc[frame.index]).design), dense(design)
    )


def test_schema_tells_levels_and_contrasts() -> None:
    schema = design_frame(
        "y ~ a + s + l + o", data(), contrasts={"a": "contr.sum", "s": np.eye(4)[:, 1:]}
    ).schema
    assert schema.xlevels == {
        "a": ("u", "v", "w"),
        "s": ("a", "A", "b", "B"),
        "o": ("lo", "mid", "hi", "top"),
    }
    assert {k: v for k, v in schema.contrasts.items() if k != "s"} == {
        "a": "contr.sum",
        "l": "contr.treatment",
        "o": "contr.poly",
    }
    assert list(schema.contrasts["s"].index) == ["a", "A", "b", "B"]


def test_unknown_variable_only_warns_as_in_r() -> None:
    with pytest.warns(DataWarning, match=R["absent"]):
        design_frame("y ~ x", data(), contrasts={"nothing": "contr.sum"})


def test_not_a_factor_is_refused_in_rs_words() -> None:
    with pytest.raises(DataError, match=R["refused"]["not_factor"] + ": variable 'x' is numeric"):
        design_frame("y ~ x", data(), contrasts={"x": "contr.sum"})


def test_contrasts_must_be_a_mapping() -> None:
    with pytest.raises(DataError, match=r"contrasts must be a dict from variable to contrasts.*not str"):
        design_frame("y ~ a", data(), contrasts="contr.sum")


def test_unknown_contrast_function_and_wrong_rows_name_the_variable() -> None:
    with pytest.raises((DataError, FormulaError), match=r"'contr.sums'.*contr.sum"):
        design_frame("y ~ a", data(), contrasts={"a": "contr.sums"})
    with pytest.raises((DataError, FormulaError), match="rows"):
        design_frame("y ~ a", data(), contrasts={"a": np.eye(2)})


def test_matrix_contrasts_go_with_dropped_levels_as_in_r() -> None:
    with pytest.warns(
        DataWarning, match=r"contrasts dropped from factor C\(a, helmert\) due to missing levels"
    ):
        names = design_frame("y ~ C(a, helmert)", data(), subset="a != 'v'").design.names
    assert names == ("(Intercept)", "C(a, helmert)w")
