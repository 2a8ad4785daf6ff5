"""Every formula of reference/formulas against R: names, assign and values, on fitted and on new data."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tolerances import DESIGN_VALUES

from glmformula.design.build import design_for, design_frame
from glmformula.design.dense import dense
from glmformula.errors import DataWarning, FormulaError
from glmformula.formula.algebra import terms

HERE = Path(__file__).parent.parent / "reference" / "formulas"

# Where we differ from R, with the reason. "fit": on both; "new": on new data; "error": new data are refused.
DIFFERENT = {
    "log(z) ~ .": ("fit", "R takes column `log` out of `.` because a function of that name is on the left"),
    "y ~ I(1L * k)": ("fit", "R writes the integer constant 1L as 1 in names; we keep what was written"),
    "y ~ I(rep(1, length(x)) * z)": ("error", "summaries are frozen, length(x) among them"),
    "y ~ I(x/max(x))": ("new", "R takes the maximum of the new rows; ours is the fitted one"),
}
NEW_REFUSED_BY_R = {
    'y ~ factor(l, labels = c("no", "yes"))': "new data have one of two values, and R counts anew",
    "y ~ C(a, contr.sum) * C(b, contr.helmert)": "new data have one level of b: R asks for contrasts anew",
}
SETS = {"plain": ("d", "nd"), "missing": ("dna", "ndna"), "random": ("d", "nd")}


@cache
def reference() -> dict[str, Any]:
    with gzip.open(HERE / "reference.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


@cache
def data(name: str) -> pd.DataFrame:
    return pd.DataFrame({k: column(v) for k, v in reference()["data"][name].items()})


def column(described: dict[str, Any]) -> Any:
    kind, values = described["kind"], described["values"]
    if kind in ("factor", "ordered"):
        return pd.Categorical(values, categories=described["levels"], ordered=kind == "ordered")
    if kind == "character":
        return pd.Series(values, dtype=object)
    if kind == "logical":
        return pd.array(values, dtype="boolean") if None in values else np.array(values)
    if kind == "integer" and None not in values:
        return np.array(values)
    return np.array(values, dtype=float)


def cases() -> list[tuple[dict[str, Any], str, str]]:
    return [(case, *names) for kind, names in SETS.items() for case in reference()[kind]]


def name_of(argument: Any) -> str:
    return argument["formula"] if isinstance(argument, dict) else argument


def by_level(name: str) -> str:
    """R 4.2 numbers the columns of C(f, contr.treatment) and contr.SAS; R 4.6 and we name the levels."""

    def level(match: re.Match[str]) -> str:
        return match[1] + data("d")[match[2]].cat.categories[int(match[3]) - 1]

    return re.sub(r"(C\((\w), contr\.(?:treatment|SAS)[^()]*\))(\d)", level, name)


def same(design: Any, theirs: dict[str, Any]) -> None:
    assert list(design.names) == [by_level(name) for name in theirs["names"]]
    assert design.assign.tolist() == theirs["assign"]
    values = np.array(theirs["values"], dtype=float).reshape(theirs["dim"], order="F")
    np.testing.assert_allclose(dense(design), values, rtol=DESIGN_VALUES, atol=DESIGN_VALUES)


@pytest.mark.parametrize(("case", "fitted", "new"), cases(), ids=name_of)
def test_formula_equals_r(case: dict[str, Any], fitted: str, new: str) -> None:
    formula = case["formula"]
    differs = DIFFERENT.get(formula, ("", ""))[0]
    if "error" in case:
        with pytest.raises(ValueError):
            design_frame(formula, data(fitted))
        return
    with warnings.catch_warnings():
        if response_on_the_right(formula):
            warnings.simplefilter("ignore", DataWarning)
        ours = design_frame(formula, data(fitted), finite=False)
    if differs != "fit":
        same(ours.design, case["fit"])
    assert (ours.offset is not None) == ("offset" in case)
    if ours.offset is not None:
        np.testing.assert_allclose(ours.offset, case["offset"], rtol=DESIGN_VALUES)
    if differs == "error":
        with pytest.raises(FormulaError, match="lengths 8 and 26 differ"):
            design_for(ours.schema, data(new))
        return
    again = design_for(ours.schema, data(new))
    assert again.design.names == ours.design.names
    if "new" in case and not differs and not response_on_the_right(formula):
        same(again.design, case["new"])


def response_on_the_right(formula: str) -> bool:
    """R's delete.response() then leaves terms without their variable, and predict() uses wrong columns."""
    found = terms(formula, list(data("d").columns))
    return found.response is not None and bool(found.factors[0].any())


def test_bar_of_600_formulas() -> None:
    compared = {case["formula"] for case, _, _ in cases() if "error" not in case} - DIFFERENT.keys()
    assert len(compared) >= 900
    assert {case["formula"] for case, _, _ in cases() if "new_error" in case} >= NEW_REFUSED_BY_R.keys()


def test_constant_in_a_term_is_refused_as_in_r() -> None:
    with pytest.raises(FormulaError, match="invalid power in formula"):
        design_frame("y ~ x^1", data("d"))
