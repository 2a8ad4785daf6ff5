"""Printed models against R 4.6, byte for byte, from the numbers R printed (tests/reference/printing.R)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula.render.anova import loglik_text, models_heading, scope_heading, sequential_heading
from glmformula.render.cells import named_numbers
from glmformula.render.console import console_vector
from glmformula.render.report import to_text
from glmformula.render.summary import PrintParts, SummaryParts, print_blocks, summary_blocks
from glmformula.render.table import StatTable

Case = dict[str, Any]
REFERENCE = Path(__file__).parent.parent / "reference" / "printing.json"
CASES: list[Case] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def array(texts: list[str] | None) -> np.ndarray:
    return np.array([math.nan if t == "NA" else float(t) for t in texts or ()])


def value(case: Case, name: str) -> float:
    return float(array(case[name])[0])


def frame(case: Case) -> pd.DataFrame:
    x = array(case["x"]).reshape(len(case["columns"]), -1).T
    return pd.DataFrame(x, index=case["rows"], columns=case["columns"])


def is_nan(case: Case) -> np.ndarray:
    return np.array([t == "NaN" for t in case["x"]]).reshape(len(case["columns"]), -1).T


def square(texts: list[str] | None) -> np.ndarray | None:
    return None if texts is None else array(texts).reshape(math.isqrt(len(texts)), -1)


def summary_text(case: Case) -> str:
    names = tuple(case["names"] or ())
    columns = tuple(case["columns"])
    parts = SummaryParts(
        call=case["call"][0],
        names=names,
        coefficients=array(case["coefficients"]).reshape(len(columns), -1).T,
        columns=columns,
        aliased=array(case["aliased"]).astype(bool),
        family=case["family"][0],
        dispersion=value(case, "dispersion"),
        null_deviance=array(case["deviances"])[0],
        deviance=array(case["deviances"])[1],
        df_null=array(case["dfs"])[0],
        df_residual=array(case["dfs"])[1],
        aic=value(case, "aic"),
        iter=int(value(case, "iter")),
        n_omitted=int(value(case, "n_omitted")),
        correlation=square(case["correlation"]),
    )
    return to_text(summary_blocks(parts))


def print_text(case: Case) -> str:
    parts = PrintParts(
        call=case["call"][0],
        names=tuple(case["names"] or ()),
        coefficients=array(case["coefficients"]),
        null_deviance=array(case["deviances"])[0],
        deviance=array(case["deviances"])[1],
        df_null=array(case["dfs"])[0],
        df_residual=array(case["dfs"])[1],
        aic=value(case, "aic"),
        n_omitted=int(value(case, "n_omitted")),
    )
    return to_text(print_blocks(parts))


def anova_text(case: Case) -> str:
    formulas = case["formulas"]
    if len(formulas) > 1:
        heading = models_heading(formulas)
    else:
        heading = sequential_heading(case["family"][0], case["link"][0], case["response"][0])
    return to_text(StatTable(frame(case), "anova", heading, nan=is_nan(case)).blocks())


def scope_text(case: Case) -> str:
    what = "deletions" if case["deletions"] == ["1"] else "additions"
    heading = scope_heading(what, "\n".join(case["formula"]), value(case, "scale") or None)
    return to_text(StatTable(frame(case), "anova", heading, nan=is_nan(case)).blocks())


def matrix_text(case: Case) -> str:
    return to_text(StatTable(frame(case), nan=is_nan(case)).blocks())


def vector_text(case: Case) -> str:
    return console_vector(named_numbers(array(case["x"]).tolist(), case["names"]))


def loglik(case: Case) -> str:
    return loglik_text(value(case, "x"), value(case, "df")) + "\n"


TEXTS: dict[str, Callable[[Case], str]] = {
    "summary": summary_text,
    "print": print_text,
    "anova": anova_text,
    "scope": scope_text,
    "matrix": matrix_text,
    "vector": vector_text,
    "loglik": loglik,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['what'][0]}-{case['name'][0]}")
def test_equals_r(case: Case) -> None:
    assert TEXTS[case["what"][0]](case).split("\n") == [*case["text"], ""]


def test_reference_is_large() -> None:
    assert len(CASES) >= 300
    assert {case["what"][0] for case in CASES} == set(TEXTS)
