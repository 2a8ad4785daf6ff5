"""Formats against R 4.6's own output, byte for byte (tests/reference/numbers.R wrote the cases)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula.render import cells, numbers
from glmformula.render.console import console, console_vector
from glmformula.render.table import StatTable

Case = dict[str, Any]
REFERENCE = Path(__file__).parent.parent / "reference" / "numbers.json"
CASES: list[Case] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
KINDS = sorted({case["what"][0] for case in CASES})


def number(text: str) -> float:
    return math.nan if text == "NA" else float(text)


def values(case: Case) -> list[float]:
    return [number(t) for t in case["x"]]


def words(case: Case) -> list[str]:
    """What R prints for each missing number: it tells NA from NaN, a Python float cannot."""
    return ["NaN" if t == "NaN" else "NA" for t in case["x"]]


def scalar(case: Case, name: str) -> int:
    value = case[name]
    return int(value[0]) if isinstance(value, list) else int(value)


def by_column(case: Case, flat: list[Any]) -> list[list[Any]]:
    n = len(case["rows"])
    return [flat[i * n : (i + 1) * n] for i in range(len(case["columns"]))]


def is_nan(case: Case) -> list[list[bool]]:
    return by_column(case, [t == "NaN" for t in case["x"]])


def same_numbers(ours: list[float], case: Case) -> bool:
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(ours, map(number, case["out"])))


def lines(text: str) -> list[str]:
    return text.split("\n")[:-1]


def check_format(case: Case) -> bool:
    digits, nsmall = scalar(case, "digits"), scalar(case, "nsmall")
    return numbers.format_numbers(values(case), digits, nsmall, na=words(case)) == case["out"]


def check_round(case: Case) -> bool:
    return same_numbers(numbers.round_half(values(case), scalar(case, "digits")), case)


def check_signif(case: Case) -> bool:
    return same_numbers(numbers.signif(values(case), scalar(case, "digits")), case)


def check_zapsmall(case: Case) -> bool:
    return same_numbers(numbers.zapsmall(values(case), scalar(case, "digits")), case)


def check_format_c(case: Case) -> bool:
    how = {name: scalar(case, name) for name in ("digits", "width")}
    ours = numbers.formatC(
        values(case), format=case["format"][0], flag=case["flag"][0], na=words(case), **how
    )
    return ours == case["out"]


def check_format_pval(case: Case) -> bool:
    ours = numbers.format_pval(values(case), scalar(case, "digits"), number(case["eps"][0]))
    return ours == case["out"]


def check_coefmat(case: Case) -> bool:
    table = cells.coefmat(
        by_column(case, values(case)),
        case["columns"],
        case["rows"],
        scalar(case, "digits"),
        nan=is_nan(case),
        signif_stars=case["stars"],
    )
    return lines(console(table)) == case["text"]


def check_anova(case: Case) -> bool:
    frame = pd.DataFrame(dict(enumerate(by_column(case, values(case)))), index=case["rows"])
    frame.columns = case["columns"]
    nan = np.array(is_nan(case)).T
    table = StatTable(frame, "anova", heading=("Heading\n", "of two lines"), nan=nan)
    return f"{table}".split("\n") == case["text"]


def check_matrix(case: Case) -> bool:
    words_by_column = by_column(case, words(case))
    body = tuple(
        tuple(numbers.format_numbers(column, na=names))
        for column, names in zip(by_column(case, values(case)), words_by_column)
    )
    return lines(console(cells.Cells(tuple(case["rows"]), tuple(case["columns"]), body))) == case["text"]


def check_vector(case: Case) -> bool:
    texts = numbers.format_numbers(values(case), na=words(case))
    return lines(console_vector(cells.NamedVector(tuple(case["names"]), tuple(texts)))) == case["text"]


def check_data_frame(case: Case) -> bool:
    frame = pd.DataFrame(dict(zip(case["columns"], by_column(case, values(case)))), index=case["rows"])
    return str(StatTable(frame, "data.frame")).split("\n") == case["text"]


CHECKS: dict[str, Callable[[Case], bool]] = {
    "format": check_format,
    "round": check_round,
    "signif": check_signif,
    "zapsmall": check_zapsmall,
    "formatC": check_format_c,
    "format.pval": check_format_pval,
    "coefmat": check_coefmat,
    "anova": check_anova,
    "matrix": check_matrix,
    "vector": check_vector,
    "data.frame": check_data_frame,
}


@pytest.mark.parametrize("kind", KINDS)
def test_equals_r(kind: str) -> None:
    cases = [case for case in CASES if case["what"][0] == kind]
    assert len(cases) >= 12
    wrong = [case for case in cases if not CHECKS[kind](case)]
    assert not wrong, f"{len(wrong)} of {len(cases)}; first: {wrong[0]}"


def test_reference_is_large() -> None:
    assert len(CASES) >= 400
    assert set(CHECKS) == set(KINDS)
