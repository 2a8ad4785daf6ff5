"""Every function of the table against R: on the data it is fitted to and on new data."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import pandas as pd
import pytest
from tolerances import FUNCTION_VALUES

from glmformula.errors import GLMFormulaError
from tests.formula.functions_support import assert_matches, both, frame, stored, value

_R = stored("4.2")
_R46 = stored("4.6")
# R >= 4.3 names the columns of C(f, contr.treatment) by level, and moves quantile knots off the boundary.
_NEWER = {
    case["expression"]: case
    for case in _R46["cases"]
    if case["group"] == "shoved" or "C(" in case["expression"]
}
_CASES = [*(c for c in _R["cases"] if c["expression"] not in _NEWER), *_NEWER.values()]


@functools.cache
def _data() -> tuple[pd.DataFrame, pd.DataFrame]:
    return frame(_R["fit"], _R["integers"]), frame(_R["new"], _R["integers"])


@pytest.mark.filterwarnings("ignore::glmformula.errors.DataWarning")
@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case['group']}: {case['expression']}")
def test_value_is_r(case: dict[str, Any]) -> None:
    first, second, _ = both(case["expression"], *_data())
    assert_matches(first, case["fit"], FUNCTION_VALUES)
    expected = case["new"]
    if case["group"] == "frozen" and expected["kind"] != case["fit"]["kind"]:
        expected = expected | {"kind": case["fit"]["kind"], "names": case["fit"].get("names")}
    assert_matches(second, expected, FUNCTION_VALUES)


def test_there_are_enough_cases() -> None:
    assert len(_CASES) > 400


@pytest.mark.parametrize("case", _R["errors"], ids=lambda case: case["expression"])
def test_error_keeps_r_sentence(case: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GLMFormulaError) as caught:
            value(case["expression"], _data()[0])
    if case["message"] is not None:
        for part in case["message"].split("; ")[:1]:
            assert part in str(caught.value)
