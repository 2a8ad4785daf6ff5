"""R's console layout: 80 wide, wrapped blocks of columns; laid out by tabulate with a format of our own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .cells import Cells, NamedVector

if TYPE_CHECKING:
    from tabulate import TableFormat

WIDTH = 80


def console(cells: Cells, width: int = WIDTH) -> str:
    """The table as R prints a character matrix, with the legend under a rule; lines end in a newline."""
    # The headings go in as a row: tabulate would widen real headers by two blanks.
    columns = [_printable(("" if cells.rows else " " * 4, *cells.rows))]  # R leaves four blanks for no rows
    columns += [_printable((heading, *column)) for heading, column in zip(cells.columns, cells.body)]
    left = (True, *(j in cells.left for j in range(len(cells.columns))))
    lines = "".join(
        _block((columns[0], *(columns[j] for j in part)), (True, *(left[j] for j in part)))
        for part in _column_blocks(columns, width)
    )
    return f"{lines}---\n{cells.note}\n" if cells.note else lines


def console_vector(vector: NamedVector, width: int = WIDTH) -> str:
    """A named vector as R prints it: names over values, both flush right, as many a line as fit."""
    names = _printable(vector.names)
    cell = max((display_width(t) for t in (*names, *vector.texts)), default=0)
    per_line = max(1, width // (cell + vector.gap))
    gap = " " * vector.gap
    lines = [
        "".join(_padded(t, cell, False) + gap for t in texts[start : start + per_line]) + "\n"
        for start in range(0, len(names), per_line)
        for texts in (names, vector.texts)
    ]
    return "".join(lines)


def _column_blocks(columns: Sequence[Sequence[str]], width: int) -> Iterator[range]:
    """Ranges of columns (labels are column 0) that fit side by side: R leaves the line's last place free."""
    labels, *cells = [_widest(column) for column in columns]
    start, used = 1, labels
    for j, cell in enumerate(cells, 1):
        if j > start and used + cell + 1 >= width:
            yield range(start, j)
            start, used = j, labels
        used += cell + 1
    yield range(start, len(columns))


def _block(columns: Sequence[Sequence[str]], left: Sequence[bool]) -> str:
    from tabulate import tabulate

    layout = _layout([_widest(column) for column in columns], left)
    rows = list(zip(*columns))
    text: str = tabulate(rows, tablefmt=layout, disable_numparse=True, numalign=None, stralign=None)
    return text + "\n"


def _layout(widths: Sequence[int], left: Sequence[bool]) -> TableFormat:
    """R's layout as a TableFormat: one blank between cells, no rules, trailing blanks kept.

    The cells are padded here and not by tabulate, which strips them first and knows display widths only where
    wcwidth is installed.
    """
    from tabulate import TableFormat

    line = " ".join(f"%{'-' if flush else ''}{width}s" for width, flush in zip(widths, left))

    def row(texts: Sequence[str], *_: object) -> str:
        padded = line % tuple(texts)
        return padded if padded.isascii() else " ".join(map(_padded, texts, widths, left))

    return TableFormat(None, None, None, None, row, row, 0, None)


def _widest(texts: Sequence[str]) -> int:
    return max(map(len if "".join(texts).isascii() else display_width, texts))


def _padded(text: str, width: int, left: bool) -> str:
    blanks = " " * (width - display_width(text))
    return text + blanks if left else blanks + text


def display_width(text: str) -> int:
    """Columns the text takes on a console: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _printable(texts: Sequence[str]) -> list[str]:
    together = "".join(texts)
    if together.isprintable() and "\\" not in together:
        return list(texts)
    return [printable(t) for t in texts]


def printable(text: str) -> str:
    """R's escapes for control characters and backslashes in labels."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)
