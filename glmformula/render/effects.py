"""Tables of effects as text: each number by itself to a few digits, the middle of long tables left out."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from .cells import Cells

DIGITS = 3
SMALLEST = 0.001
MOST, ENDS = 40, 10
APART = 4
HEADINGS = {
    "term": "Term",
    "contrast": "Contrast",
    "group": "Group",
    "hypothesis": "Hypothesis",
    "estimate": "Estimate",
    "std_error": "Std. Error",
    "s_value": "S",
    "p_value_noninf": "p (NonInf)",
    "p_value_nonsup": "p (NonSup)",
    "p_value_equiv": "p (Equiv)",
}
HIDDEN = frozenset({"rowid", "statistic_noninf", "statistic_nonsup"})


def effects(frame: pd.DataFrame, digits: int | None) -> Cells:
    """The columns of answers (``attrs["shown"]`` says how many); of those of the rows that they are of, which follow,
    only the ones that tell few rows apart, before the estimates.
    """
    shown = int(frame.attrs.get("shown", frame.shape[1]))
    places = [j for j in range(shown) if frame.columns[j] not in HIDDEN]
    if len(frame) <= MOST:
        apart = [j for j in range(shown, frame.shape[1]) if frame.iloc[:, j].nunique(dropna=False) > 1]
        first = next((k for k, j in enumerate(places) if frame.columns[j] == "estimate"), 0)
        places[first:first] = apart[:APART]
    names = [str(frame.columns[j]) for j in places]
    low, high = frame.attrs.get("limits", ("conf_low", "conf_high"))
    letter = frame.attrs.get("statistic", "z")
    headings = {
        **HEADINGS,
        "conf_low": low,
        "conf_high": high,
        "statistic": letter,
        "p_value": f"Pr(>|{letter}|)",
    }
    rows = list(range(len(frame)))
    if len(rows) > MOST:
        rows = rows[:ENDS] + rows[-ENDS:]
    body, left = [], []
    for k, (place, name) in enumerate(zip(places, names)):
        column = frame.iloc[rows, place]
        numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
        body.append(
            tuple(
                _number(name, float(value), digits or DIGITS) if numeric else _text(value) for value in column
            )
        )
        if not numeric:
            left.append(k)
    note = ""
    if len(rows) < len(frame):
        body = [(*column[:ENDS], "...", *column[ENDS:]) for column in body]
        note = f"({len(frame)} rows, {len(frame) - len(rows)} of them not shown)"
        rows = [*rows[:ENDS], -1, *rows[ENDS:]]
    labels = tuple("" if row < 0 else str(row + 1) for row in rows)
    return Cells(labels, tuple(headings.get(n, n) for n in names), tuple(body), note, frozenset(left))


def _text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _number(name: str, value: float, digits: int) -> str:
    """A number to so many digits; probabilities to three decimals."""
    if math.isnan(value):
        return "NA"
    if name.startswith("p_value"):
        return f"<{SMALLEST}" if value < SMALLEST else f"{value:.3f}"
    if name == "s_value":
        return f"{value:.1f}"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value and not 1e-5 <= abs(value) < 1e7:
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    if value.is_integer() and name not in HEADINGS:
        return str(int(value))
    return f"{value:.{max(0, decimals)}f}"
