"""Rating tables as HTML and as an Excel sheet: a block for each factor, exposure as bars."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .model_table import HEAVY, RULE
from .numbers import format_numbers

FORMATS = {
    "exposure": "#,##0.##",
    "observed": "0.0000",
    "fitted": "0.0000",
    "actual_expected": "0.000",
    "relativity": "0.000",
    "lower": "0.000",
    "upper": "0.000",
}
RATIOS = frozenset({"actual_expected", "relativity", "lower", "upper"})
BAR = "#c9d7e6"
WIDEST = 60  # letters of a column in Excel


@dataclass(frozen=True)
class RatingBlock:
    """The levels of one factor."""

    factor: str
    levels: tuple[str, ...]
    frame: pd.DataFrame


def blocks_of(frame: pd.DataFrame) -> list[RatingBlock]:
    """A block for each factor, in their order."""
    names = list(dict.fromkeys(frame.index.get_level_values(0)))
    out = []
    for name in names:
        own = frame.loc[[name]]
        out.append(RatingBlock(str(name), tuple(map(str, own.index.get_level_values(1))), own))
    return out


def html_of(frame: pd.DataFrame, notes: Sequence[str], digits: int = 4) -> str:
    """A fragment with its styles inside, as the tables of models have them."""
    columns = [str(name) for name in frame.columns]
    out = ['<div class="glmformula">', '<table style="border-collapse:collapse;">', "<thead>"]
    heads = "".join(_cell(name.replace("_", " / "), "th", "right", HEAVY) for name in columns)
    out += [f"<tr>{_cell('', 'th', 'left', HEAVY)}{heads}</tr>", "</thead>", "<tbody>"]
    for block in blocks_of(frame):
        texts = {name: _texts(name, block.frame[name].tolist(), digits) for name in columns}
        most = float(block.frame["exposure"].max())
        first = html.escape(block.factor)
        out.append(
            f'<tr><td colspan="{len(columns) + 1}" style="text-align:left;font-weight:bold;padding:4px 8px 1px;{RULE}">'
            f"{first}</td></tr>"
        )
        for k, level in enumerate(block.levels):
            share = 100 * float(block.frame["exposure"].iloc[k]) / most if most else 0.0
            bar = f"background:linear-gradient(to left, {BAR} {share:.0f}%, transparent {share:.0f}%);"
            cells = "".join(
                _cell(_shown(texts[name][k]), "td", "right", bar if name == "exposure" else "")
                for name in columns
            )
            out.append(f"<tr>{_cell(level, 'td', 'left', 'padding-left:1.5em;')}{cells}</tr>")
    out += ["</tbody>", "</table>"]
    out += [f'<p style="margin:2px 0;"><small>{html.escape(note)}</small></p>' for note in notes]
    return "\n".join([*out, "</div>"])


def _texts(name: str, values: list[float], digits: int) -> list[str]:
    """To so many digits; ratios, which are near 1, all to as many decimals."""
    if name in RATIOS:
        return ["NA" if math.isnan(v) else f"{v:.{max(digits - 1, 0)}f}" for v in values]
    return format_numbers(values, digits)


def _shown(text: str) -> str:
    return "" if text.strip() in ("NA", "NaN") else text.strip()


def _cell(text: str, tag: str, side: str, style: str) -> str:
    return f'<{tag} style="text-align:{side};padding:1px 8px;{style}">{html.escape(text)}</{tag}>'


def excel_of(frame: pd.DataFrame, notes: Sequence[str], path: str | os.PathLike[str], openpyxl: Any) -> None:
    """A workbook of one sheet; `openpyxl` is the library. Numbers stay numbers, what is not known an empty cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "relativities"
    columns = [str(name) for name in frame.columns]
    bold = openpyxl.styles.Font(bold=True)
    line = openpyxl.styles.Border(bottom=openpyxl.styles.Side(style="thin"))
    sheet.append(["factor", "level", *columns])
    for cell in sheet[1]:
        cell.font, cell.border = bold, line
    for block in blocks_of(frame):
        start = sheet.max_row + 1
        for k, level in enumerate(block.levels):
            numbers = [_number(value) for value in block.frame.iloc[k].tolist()]
            sheet.append([None, None, *numbers])
            row = sheet.max_row
            # as texts, that no name is read as a formula, a date or a number
            for column, text in ((1, block.factor), (2, level)):
                cell = sheet.cell(row, column)
                cell.value, cell.data_type, cell.number_format = text, "s", "@"
            for j, name in enumerate(columns):
                sheet.cell(row, j + 3).number_format = FORMATS.get(name, "General")
        sheet.cell(start, 1).font = bold
        for cell in sheet[sheet.max_row]:
            cell.border = line
        place = 3 + columns.index("exposure")
        letter = openpyxl.utils.get_column_letter(place)
        bars = openpyxl.formatting.rule.DataBarRule(
            start_type="num", start_value=0, end_type="max", color=BAR.removeprefix("#").upper()
        )
        sheet.conditional_formatting.add(f"{letter}{start}:{letter}{sheet.max_row}", bars)
    last = sheet.max_row
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{openpyxl.utils.get_column_letter(len(columns) + 2)}{last}"
    for j, name in enumerate(["factor", "level", *columns]):
        texts = (
            [name, *(str(sheet.cell(r, j + 1).value or "") for r in range(2, last + 1))] if j < 2 else [name]
        )
        width = max(10, min(WIDEST, max(map(len, texts)) + 2))
        sheet.column_dimensions[openpyxl.utils.get_column_letter(j + 1)].width = width
    for k, note in enumerate(notes):
        cell = sheet.cell(last + 2 + k, 1)
        cell.value, cell.data_type = note, "s"
    book.save(os.fspath(path))


def _number(value: Any) -> float | None:
    number = float(np.float64(value))
    return number if math.isfinite(number) else None
