"""R's console layout: 80 wide, wrapped blocks of columns.

Reports are laid out by tabulate, this is not: with its cells padded here (it knows display widths only where
wcwidth is installed), a TableFormat of our own left tabulate nothing to do, for 0.35 ms of the 0.6 ms that
printing a small summary took, and over half of the 11 ms of 300 coefficients.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from .cells import Cells, NamedVector

WIDTH = 80


def console(cells: Cells, width: int = WIDTH) -> str:
    """The table as R prints a character matrix, with the legend under a rule; lines end in a newline."""
    columns = [_printable(("" if cells.rows else " " * 4, *cells.rows))]  # R leaves four blanks for no rows
    columns += [_printable((heading, *column)) for heading, column in zip(cells.columns, cells.body)]
    left = (True, *(j in cells.left for j in range(len(cells.columns))))
    lines: list[str] = []
    for part in _column_blocks(columns, width):
        lines += _block([columns[0], *(columns[j] for j in part)], [True, *(left[j] for j in part)])
    return "".join([*lines, f"---\n{cells.note}\n" if cells.note else ""])


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


def _block(columns: Sequence[Sequence[str]], left: Sequence[bool]) -> Iterator[str]:
    """Lines of columns side by side, one blank between them."""
    widths = [_widest(column) for column in columns]
    line = " ".join([f"%{'-' if flush else ''}{width}s" for width, flush in zip(widths, left)]) + "\n"
    for texts in zip(*columns):
        padded = line % texts
        yield padded if padded.isascii() else " ".join(map(_padded, texts, widths, left)) + "\n"


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
