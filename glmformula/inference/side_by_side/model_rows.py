"""The rows of a table of several models, and how numbers become the texts in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...frame.schema import plain_name
from ...render.model_table import GridRow, Span
from .model_columns import OBSERVATIONS, RANDOM, STATS, Entry, Key, ModelColumn


@dataclass(frozen=True)
class Row:
    """A row before it is text: a key with its label, a reference level, or a heading."""

    label: str
    key: Key | None = None
    indent: int = 0
    kind: str = "plain"
    level: tuple[str, str] | None = None  # variable and level, for counts
    others: tuple[Key, ...] = ()  # of a reference level: the coefficients that compare with it


def rows_of(
    fits: Sequence[Any],
    columns: Sequence[ModelColumn],
    reference: bool,
    labels: Mapping[str, str],
    shown: Callable[[str], bool],
) -> list[Row]:
    """Part by part, in the order in which the models have the coefficients."""
    keys: dict[Key, None] = {}
    for column in columns:
        keys |= dict.fromkeys(column.entries)
        keys |= dict.fromkeys(key for key in sorted(column.aliased) if shown(key[1]))
    factors = _factors(fits)
    groups = list(dict.fromkeys(group for group, _ in keys))
    rows: list[Row] = []
    for group in groups:
        if group:
            rows.append(Row(labels.get(group, group), kind="heading"))
        started: set[str] = set()
        own = [key for key in keys if key[0] == group]
        for _, name in sorted(own, key=lambda key: key == (RANDOM, OBSERVATIONS)):
            known = factors.get(name)
            if group == RANDOM:
                rows.append(Row(labels.get(name, name), (group, name), 1, "alone"))
                continue
            if known is None or not reference:
                rows.append(Row(_label(name, known, labels), (group, name), int(bool(group)), level=known))
                continue
            variable, _ = known
            if variable not in started:
                started.add(variable)
                rows += _levels(variable, group, factors, keys, labels)
    return rows


def _levels(
    variable: str,
    group: str,
    factors: Mapping[str, tuple[str, str]],
    keys: Iterable[Key],
    labels: Mapping[str, str],
) -> list[Row]:
    """A variable's heading and its levels, that of reference first among them."""
    base = int(bool(group))
    rows = [Row(labels.get(variable, variable), None, base, "variable")]
    own = {level: name for name, (owner, level) in factors.items() if owner == variable}
    present = {name for part, name in keys if part == group}
    for level, name in own.items():
        label = labels.get(f"{variable}={level}", level)
        place = (variable, level)
        if name.startswith(REFERENCE):
            others = tuple((group, other) for other in own.values() if other in present)
            rows.append(Row(label, None, base + 1, "reference", place, others))
        elif name in present:
            rows.append(Row(labels.get(name, label), (group, name), base + 1, level=place))
    return rows


REFERENCE = "\0"


def _factors(fits: Sequence[Any]) -> dict[str, tuple[str, str]]:
    """Coefficient to variable and level, of factors with treatment contrasts; that of reference under a mark."""
    out: dict[str, tuple[str, str]] = {}
    for fit in fits:
        schema = getattr(fit, "schema", None)
        for variable in schema.variables.values() if schema is not None else ():
            if not variable.categorical or variable.contrast_label != "contr.treatment":
                continue
            name = plain_name(variable.name)
            chosen = dict(zip(variable.contrast_names, range(len(variable.contrast_names))))
            for level in variable.levels:
                coefficient = f"{variable.name}{level}" if level in chosen else f"{REFERENCE}{name}{level}"
                out.setdefault(coefficient, (name, level))
    return out


def _label(name: str, known: tuple[str, str] | None, labels: Mapping[str, str]) -> str:
    if name in labels:
        return labels[name]
    if known is not None and (known[0] in labels or f"{known[0]}={known[1]}" in labels):
        level = labels.get(f"{known[0]}={known[1]}", known[1])
        return f"{labels.get(known[0], known[0])}: {level}"
    return " × ".join(labels.get(part, part) for part in name.split(":")) if ":" in name else name


@dataclass(frozen=True)
class Shape:
    """How entries become texts."""

    statistic: str
    layout: str
    digits: int
    marks: Mapping[str, float]
    exponentiate: bool
    level: float
    counts: bool

    def width(self, column: ModelColumn) -> int:
        return len(self.headings(column))

    def headings(self, column: ModelColumn) -> tuple[str, ...]:
        counted = (
            ("n", "events") if column.counts and _has_events(column) else ("n",) if column.counts else ()
        )
        if self.layout == "below":
            return (*counted, "")
        estimate = "exp(estimate)" if self.exponentiate else "Estimate"
        names = {"se": "SE", "ci": f"{100 * self.level:g}% CI", "t": "z or t"}
        more = (names[self.statistic],) if self.statistic in names else ()
        return (*counted, estimate, *more, "p")

    def spans(self, column: ModelColumn) -> list[Span]:
        return [Span(column.name, self.width(column))]

    def number(self, value: float) -> str:
        return "" if math.isnan(value) else f"{value:.{self.digits}f}"

    def probability(self, p: float) -> str:
        least = 10.0**-self.digits
        return "" if math.isnan(p) else f"<{least:g}" if p < least else f"{p:.{self.digits}f}"

    def starred(self, entry: Entry) -> str:
        mark = next((mark for mark, p in sorted(self.marks.items(), key=lambda m: m[1]) if entry.p < p), "")
        return f"{self.number(entry.estimate)}{mark}"

    def beside(self, entry: Entry) -> str:
        """The statistic of an entry."""
        match self.statistic:
            case "se":
                return self.number(entry.error)
            case "ci":
                return "" if math.isnan(entry.low) else f"{self.number(entry.low)}, {self.number(entry.high)}"
            case "p":
                return self.probability(entry.p)
            case "t":
                return self.number(entry.statistic)
        return ""

    def body(self, rows: Sequence[Row], columns: Sequence[ModelColumn]) -> list[GridRow]:
        out = []
        for row in rows:
            if row.kind in ("heading", "variable"):
                out.append(GridRow(row.label, (), row.kind, row.indent))
                continue
            texts = tuple(text for column in columns for text in self.texts(row, column))
            out.append(GridRow(row.label, texts, "plain", row.indent))
            if self.layout == "below" and self.statistic != "none" and row.kind == "plain":
                under = tuple(text for column in columns for text in self.under(row, column))
                out.append(GridRow("", under, "statistic", row.indent))
        return out

    def counted(self, row: Row, column: ModelColumn) -> tuple[str, ...]:
        if not column.counts:
            return ()
        known = column.counts.get(row.level) if row.level is not None else None
        if known is None:
            return ("",) * (1 + _has_events(column))
        events = (f"{known.events:g}",) if _has_events(column) and known.events is not None else ()
        return (f"{known.rows:g}", *events)

    def texts(self, row: Row, column: ModelColumn) -> tuple[str, ...]:
        counted = self.counted(row, column)
        blank = ("",) * (self.width(column) - len(counted) - 1)
        if row.kind == "reference":
            known = any(key in column.entries for key in row.others)
            return (*counted, "ref." if known else "", *blank)
        entry = column.entries.get(row.key) if row.key is not None else None
        if entry is None:
            return (*counted, "aliased" if row.key in column.aliased else "", *blank)
        if self.layout == "below":
            return (*counted, self.starred(entry))
        estimate = (
            self.starred(entry) if self.statistic == "se" and self.marks else self.number(entry.estimate)
        )
        more = (self.beside(entry),) if self.statistic in ("se", "ci", "t") else ()
        return (*counted, estimate, *more, self.probability(entry.p))

    def under(self, row: Row, column: ModelColumn) -> tuple[str, ...]:
        counted = ("",) * (self.width(column) - 1)
        entry = column.entries.get(row.key) if row.key is not None else None
        text = "" if entry is None else self.beside(entry)
        if text:
            text = f"[{text}]" if self.statistic == "ci" else f"({text})"
        return (*counted, text)

    def notes(self, columns: Sequence[ModelColumn]) -> list[str]:
        what = {
            "se": "Std. errors in parentheses",
            "ci": f"{100 * self.level:g}% confidence intervals in brackets",
            "p": "p-values in parentheses",
            "t": "z or t statistics in parentheses",
        }.get(self.statistic, "")
        what = what if self.layout == "below" else ""
        legend = ", ".join(f"{mark} p < {p:g}" for mark, p in sorted(self.marks.items(), key=lambda m: -m[1]))
        legend = legend if self.layout == "below" or self.statistic == "se" else ""
        first = ". ".join(part for part in (what, legend) if part)
        lines = [first] if first else []
        if self.exponentiate:
            lines.append("Estimates are exponentiated; their standard errors are by the delta method.")
        named = [column for column in columns if column.errors]
        if named and len({column.errors for column in columns}) == 1:
            lines.append(f"Standard errors: {named[0].errors}")
        else:
            lines += [f"{column.name}: standard errors {column.errors}" for column in named]
        return lines + [f"{column.name}: {column.remark}" for column in columns if column.remark]


def _has_events(column: ModelColumn) -> bool:
    return any(count.events is not None for count in column.counts.values())


def summary_rows(columns: Sequence[ModelColumn], stats: Sequence[str], shape: Shape) -> list[GridRow]:
    """One row for each statistic of a fit as a whole that some model has."""
    out = []
    responses = list(dict.fromkeys(column.response for column in columns if column.response))
    if len(responses) > 1:
        out.append(
            GridRow(
                "Response", tuple(t for c in columns for t in _last(c.response, shape.width(c))), "summary"
            )
        )
    for name in stats:
        if name == "groups":
            out += _groups(columns, shape)
        values = [column.stats.get(name) for column in columns]
        if all(value is None for value in values):
            continue
        texts = [
            text
            for column, value in zip(columns, values)
            for text in _last(_stat_text(name, value), shape.width(column))
        ]
        out.append(GridRow(STATS[name][0], tuple(texts), "summary"))
    return out


def _groups(columns: Sequence[ModelColumn], shape: Shape) -> list[GridRow]:
    """How many levels each grouping factor of random effects has."""
    out = []
    for name in dict.fromkeys(name for column in columns for name in column.groups):
        counts = [column.groups.get(name) for column in columns]
        texts = ["" if count is None else f"{count:,.0f}" for count in counts]
        cells = (text for column, own in zip(columns, texts) for text in _last(own, shape.width(column)))
        out.append(GridRow(f"Groups ({name})", tuple(cells), "summary"))
    return out


def _last(text: str, width: int) -> tuple[str, ...]:
    """In the column of the estimate, others empty."""
    return (text, *("",) * (width - 1))


def _stat_text(name: str, value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if math.isnan(value):
        return ""
    if name in ("nobs", "df_residual"):
        return f"{value:,.0f}"
    return f"{value:.3f}" if name in ("r_squared", "theta", "dispersion") else f"{value:.1f}"


def numbers_of(rows: Sequence[Row], columns: Sequence[ModelColumn]) -> pd.DataFrame:
    """The numbers behind the texts."""
    index, values = [], []
    for row in rows:
        if row.key is None:
            continue
        for part in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
            attribute = {
                "std_error": "error",
                "p_value": "p",
                "conf_low": "low",
                "conf_high": "high",
            }.get(part, part)
            index.append((*row.key, part))
            found = [column.entries.get(row.key) for column in columns]
            values.append([math.nan if entry is None else getattr(entry, attribute) for entry in found])
    return pd.DataFrame(
        values,
        index=pd.MultiIndex.from_tuples(index, names=["part", "term", "quantity"]) if index else None,
        columns=[column.name for column in columns],
    )
