"""The tables of R's package emmeans: estimates under their labels, in groups, with the lines below."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .cells import Cells
from .numbers import format_number, format_numbers, round_half, zapsmall
from .report import Block, Rendered

TESTS = ("t.ratio", "z.ratio", "F.ratio")
LEAST_DIGITS = 3
NOT_ESTIMABLE = "nonEst"


def as_text(value: Any) -> str:
    """R's ``as.character`` of a level."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else format_number(float(value), 15)


@dataclass(frozen=True, eq=False)
class Label:
    """A column of levels.

    Attributes
    ----------
    name : str
    values : tuple
        A level for each row: str, bool or float.
    levels : tuple
        In their order; () for plain text, which has none.
    """

    name: str
    values: tuple[Any, ...]
    levels: tuple[Any, ...] = ()

    @property
    def numeric(self) -> bool:
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)

    def take(self, rows: Sequence[int]) -> Label:
        return Label(self.name, tuple(self.values[k] for k in rows), self.levels)

    def ranks(self) -> list[int]:
        """Of each row's level in the order in which groups are printed."""
        known = self.levels
        if not known:
            known = tuple(sorted(dict.fromkeys(self.values)))
        elif self.numeric:
            known = tuple(sorted(known))
        place = {level: k for k, level in enumerate(known)}
        return [place[value] for value in self.values]


@dataclass(frozen=True, repr=False, eq=False)
class MeansTable(Rendered):
    """Estimates with errors, intervals and tests; prints as R's class ``summary_emm``.

    Attributes
    ----------
    labels : tuple of Label
    columns : dict of str to ndarray or list of str
        Under the names of R's package.
    estimate : str
        Which column is the estimate.
    by : tuple of str
        Labels that make groups.
    messages : tuple of str
        The lines under the table.
    """

    labels: tuple[Label, ...]
    columns: Mapping[str, Any]
    estimate: str
    by: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each estimate: its levels, then the numbers, ``_`` for ``.`` in their names."""
        columns: dict[str, Any] = {label.name.replace(" ", "_"): list(label.values) for label in self.labels}
        for name, values in self.columns.items():
            columns[name.strip(".").replace(".", "_").replace(" ", "_")] = values
        return pd.DataFrame(columns)

    @property
    def nrows(self) -> int:
        """Rows of the table."""
        return len(next(iter(self.columns.values())))

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        heads, body, left = self._texts(digits)
        out: list[Block] = []
        shown = [j for j, name in enumerate(self._names()) if name not in self.by]
        for title, rows in self._groups(heads, body):
            if title is not None:
                out.append(f"{title}:\n")
            columns = tuple(heads[j] for j in shown)
            cells = tuple(tuple(body[j][k] for k in rows) for j in shown)
            flush = frozenset(i for i, j in enumerate(shown) if j in left)
            out += [Cells(("",) * len(rows), columns, cells, left=flush), "\n"]
        return [*out, "".join(f"{line} \n" for line in self.messages)]

    def _names(self) -> list[str]:
        return [*(label.name for label in self.labels), *self.columns]

    def _groups(self, heads: list[str], body: list[list[str]]) -> list[tuple[str | None, list[int]]]:
        n = self.nrows
        if not self.by:
            return [(None, list(range(n)))]
        labels = [label for name in self.by for label in self.labels if label.name == name]
        ranks = [label.ranks() for label in labels]
        order = sorted(range(n), key=lambda k: [rank[k] for rank in reversed(ranks)])
        groups: dict[tuple[int, ...], list[int]] = {}
        for k in order:
            groups.setdefault(tuple(rank[k] for rank in ranks), []).append(k)
        places = [self._names().index(name) for name in self.by]
        return [
            (
                ", ".join(
                    f"{name} = {body[j][rows[0]] if label.numeric else as_text(label.values[rows[0]])}"
                    for name, label, j in zip(self.by, labels, places)
                ),
                rows,
            )
            for rows in groups.values()
        ]

    def _texts(self, digits: int | None) -> tuple[list[str], list[list[str]], set[int]]:
        numbers = {
            name: zapsmall(np.asarray(values, dtype=float))
            for name, values in self.columns.items()
            if not _is_text(values)
        }
        if digits is None and "SE" in numbers and self.estimate in numbers:
            spread = zip(numbers[self.estimate], numbers["SE"])
            digits = max((digits_for(b - 2 * e, b, b + 2 * e) for b, e in spread), default=LEAST_DIGITS)
        heads: list[str] = []
        body: list[list[str]] = []
        left = set()
        for label in self.labels:
            if label.numeric:
                texts = format_numbers(zapsmall(np.array(label.values, dtype=float)), digits or 7)
            else:
                texts = [as_text(value) for value in label.values]
                if any(isinstance(value, bool) for value in label.values):
                    texts = [text.rjust(max(map(len, texts))) for text in texts]
                left.add(len(body))
            heads.append(label.name)
            body.append(_padded(texts, len(body) in left))
        for name, values in self.columns.items():
            flush = name not in numbers
            if flush:
                left.add(len(body))
            texts = list(values) if flush else self._column(name, numbers[name], digits or 7)
            heads.append(name)
            body.append(_padded(texts, flush))
        return heads, body, left

    def _column(self, name: str, values: list[float], digits: int) -> list[str]:
        if name in TESTS:
            return _fixed(values, 3)
        if name == "p.value":
            return ["<.0001" if text == "0.0000" else text for text in _fixed(values, 4)]
        if name == "df":
            values = round_half(values, 2)
        texts = format_numbers(values, digits)
        if name == self.estimate:
            texts = [NOT_ESTIMABLE if math.isnan(v) else text for v, text in zip(values, texts)]
        return texts


def _is_text(values: Any) -> bool:
    return len(values) > 0 and isinstance(values[0], str)


def _fixed(values: list[float], decimals: int) -> list[str]:
    rounded = round_half(values, decimals)
    return [
        "NA" if math.isnan(v) else f"{v or 0.0:.{decimals}f}" if math.isfinite(v) else format_number(v)
        for v in rounded
    ]


def _padded(texts: list[str], left: bool) -> list[str]:
    own = max(map(len, texts), default=0)  # of all groups together
    return [text.ljust(own) if left else text.rjust(own) for text in texts]


def digits_for(*x: float) -> int:
    """Significant digits that tell an estimate from its limits."""
    if any(math.isnan(v) for v in x):
        return LEAST_DIGITS
    largest = max(map(abs, x))
    if largest == 0 or math.isinf(largest):
        return LEAST_DIGITS
    low, high = min(x) / largest, max(x) / largest
    apart = zapsmall([high - low, low, high], 8)[0]
    if apart <= 0:
        return LEAST_DIGITS
    return max(LEAST_DIGITS, round(1.51 - math.log10(apart)))


@dataclass(frozen=True, repr=False, eq=False)
class TableList(Rendered):
    """Several tables by name; prints as R prints a list."""

    tables: Mapping[str, Rendered]

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        out: list[Block] = []
        for name, table in self.tables.items():
            out += [f"${name}\n", *table.blocks(digits), "\n"]
        return out
