"""The texts of R's print.infl and summary.infl, and R's abbreviated names that head them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from .cells import Cells
from .numbers import format_numbers, round_half
from .report import Block

MAX_PRINT = 99_999  # R's getOption("max.print"): so many cells, then a line on how many rows are left out
VOWELS = frozenset("aeiou")


def measures_blocks(
    call: str,
    names: Sequence[str],
    rows: Sequence[str],
    values: np.ndarray,
    starred: np.ndarray,
    absent: np.ndarray,
    digits: int = 3,
) -> list[Block]:
    """R's ``print.infl`` as blocks.

    Parameters
    ----------
    call : str
    names, rows : headings (k,) and row labels (n,)
    values : ndarray (n, k)
    starred, absent : ndarray of bool (n,)
        Rows with a star; rows padded by ``na.exclude``, whose missing values print as NA and not NaN.
    """
    shown = min(len(rows), MAX_PRINT // (len(names) + 1))
    words = ["NA" if gone else "NaN" for gone in absent[:shown]]
    body = [tuple(format_numbers(column, digits, na=words)) for column in values[:shown].T]
    body.append(tuple("*" if star else " " for star in starred[:shown]))
    headings = (*make_names([*names, "inf"]),)
    blocks: list[Block] = [f"Influence measures of\n\t {call} :\n\n"]
    blocks.append(Cells(tuple(rows[:shown]), headings, tuple(body)))
    if shown < len(rows):
        left = len(rows) - shown
        blocks.append(f" [ reached 'max' / getOption(\"max.print\") -- omitted {left} rows ]\n")
    return blocks


def summary_blocks(
    call: str,
    names: Sequence[str],
    rows: Sequence[str],
    values: np.ndarray,
    influential: np.ndarray,
    digits: int = 2,
) -> list[Block]:
    """R's ``summary.infl`` as blocks; `values` and `influential` (k starred rows)."""
    blocks: list[Block] = [f"Potentially influential observations of\n\t {call} :\n"]
    if not len(rows):
        return [*blocks, "NONE\n"]
    rounded = round_half(values.T.ravel(), digits)
    texts = np.array(format_numbers(rounded, na="NaN"), dtype=object).reshape(values.T.shape)
    marks = np.where(influential.T, "_*", "")
    body = tuple(tuple(a + b for a, b in zip(*column)) for column in zip(texts, marks))
    return [*blocks, "\n", Cells(tuple(rows), tuple(names), body, left=frozenset(range(len(names))))]


def abbreviate(names: Sequence[str], minlength: int = 4) -> list[str]:
    """R's ``abbreviate``: names cut to `minlength`, to more where two would be equal."""
    unique = list(dict.fromkeys(name.strip(" ") for name in names))
    short = [shortened(name, minlength) for name in unique]
    while again := _repeated(short):
        minlength += 1
        for k in again:
            short[k] = shortened(unique[k], minlength)
    known = dict(zip(unique, short))
    return [known[name.strip(" ")] for name in names]


def _repeated(short: list[str]) -> list[int]:
    """Positions of all names that occur more than once."""
    seen: dict[str, list[int]] = {}
    for k, name in enumerate(short):
        seen.setdefault(name, []).append(k)
    return [k for places in seen.values() if len(places) > 1 for k in places]


def shortened(text: str, length: int) -> str:
    """Without lower-case vowels, lower-case letters, anything, from the end; words keep their initials."""
    c = list(text)
    if len(c) <= length:
        return text

    def initial(i: int) -> bool:
        return c[i - 1].isspace()

    def final(i: int) -> bool:
        return not initial(i) and (i + 1 == len(c) or c[i + 1].isspace())

    rules: tuple[Callable[[int], bool], ...] = (
        lambda i: c[i] in VOWELS and final(i),
        lambda i: c[i] in VOWELS and not initial(i),
        lambda i: c[i].islower() and final(i),
        lambda i: c[i].islower() and not initial(i),
        lambda i: not initial(i) and not c[i].isspace(),
    )
    excess = len(c) - sum(x.isspace() for x in c) - length
    for rule in rules:
        for i in range(len(c) - 1, 0, -1):
            if excess <= 0:
                break
            if rule(i):
                del c[i]
                excess -= 1
    return "".join(x for x in c if not x.isspace()) if len(c) > length else "".join(c)


def make_names(names: Sequence[str]) -> list[str]:
    """R's ``make.names(unique = TRUE)`` for names that begin with a letter."""
    valid = [re.sub(r"[^\w.]", ".", name) for name in names]
    return make_unique(valid, sorted(range(len(names)), key=lambda k: valid[k] != names[k]))


def make_unique(names: Sequence[str], order: Sequence[int] | None = None) -> list[str]:
    """R's ``make.unique``: ``x``, ``x.1``, ``x.2``, numbered in this order of positions."""
    out, taken = list(names), set(names)
    seen: set[str] = set()
    for k in range(len(out)) if order is None else order:
        name, count = out[k], 0
        while out[k] in seen or (count and out[k] in taken):
            count += 1
            out[k] = f"{name}.{count}"
        seen.add(out[k])
    return out
