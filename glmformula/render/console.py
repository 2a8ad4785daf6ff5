"""R's console layout: width 80, wrapped column blocks, laid out by tabulate with a table format of our own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from glmformula.render.cells import Cells, NamedVector

WIDTH = 80


def console(cells: Cells, width: int = WIDTH) -> str:
    """The table as R prints a character matrix, with the legend under a rule; lines end in a newline."""
    lines = "".join(_block(cells, part) for part in _column_blocks(cells, width))
    return f"{lines}---\n{cells.note}\n" if cells.note else lines


def console_vector(vector: NamedVector, width: int = WIDTH) -> str:
    """A named vector as R prints it: names over values, both flush right, as many a line as fit."""
    names = [printable(n) for n in vector.names]
    cell = max((display_width(t) for t in (*names, *vector.texts)), default=0)
    per_line = max(1, width // (cell + vector.gap))
    gap = " " * vector.gap
    lines = [
        "".join(_padded(t, cell, "right") + gap for t in texts[start : start + per_line]) + "\n"
        for start in range(0, len(names), per_line)
        for texts in (names, vector.texts)
    ]
    return "".join(lines)


def _column_blocks(cells: Cells, width: int) -> Iterator[range]:
    """Column ranges that fit side by side: R leaves the last place of the line free."""
    labels = max(map(display_width, map(printable, cells.rows)), default=0)
    start, used = 0, labels
    for j, (heading, column) in enumerate(zip(cells.columns, cells.body, strict=True)):
        cell = 1 + max(map(display_width, map(printable, (heading, *column))))
        if j > start and used + cell >= width:
            yield range(start, j)
            start, used = j, labels
        used += cell
    yield range(start, len(cells.columns))


def _block(cells: Cells, part: range) -> str:
    from tabulate import tabulate

    # The headings go in as a row: tabulate would widen real headers by two blanks.
    columns = [[printable(t) for t in (cells.columns[j], *cells.body[j])] for j in part]
    labels = ["", *map(printable, cells.rows)]
    align = ("left", *("left" if j in cells.left else "right" for j in part))
    plain = all(t.isascii() for c in (labels, *columns) for t in c)
    widths = None if plain else tuple(max(map(display_width, c)) for c in (labels, *columns))
    rows = list(zip(labels, *columns, strict=True))
    return tabulate(rows, tablefmt=_console_format(widths), colalign=align, disable_numparse=True) + "\n"


@cache
def _console_format(widths: tuple[int, ...] | None) -> Any:
    """R's layout as a TableFormat: one blank between cells, no rules, trailing blanks kept.

    With `widths` the cells are padded again to these display widths (tabulate knows them only where wcwidth is there).
    """
    from tabulate import TableFormat

    def row(padded: Sequence[str], _: Sequence[int], aligns: Sequence[str]) -> str:
        if widths is None:
            return " ".join(padded)
        return " ".join(_padded(c.strip(), w, a) for c, w, a in zip(padded, widths, aligns, strict=True))

    return TableFormat(None, None, None, None, row, row, 0, None)


def _padded(text: str, width: int, align: str) -> str:
    blanks = " " * (width - display_width(text))
    return text + blanks if align == "left" else blanks + text


def display_width(text: str) -> int:
    """Columns the text takes on a console: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def printable(text: str) -> str:
    """R's escapes for control characters and backslashes in labels."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c.isprintable() and c != "\\" else repr(c)[1:-1].replace("\\x", "\\u00") if ord(c) > 126 else repr(c)[1:-1]
        for c in text
    )
