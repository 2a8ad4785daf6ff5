"""The pass that fixes a fit's schema: levels in use, missing rows, what no fit can use, over all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from ..errors import DataError, FormulaError
from ..formula.deparse import deparse
from ..formula.functions.collation import sort_texts
from ..formula.functions.vectors import rows as nrow
from ..formula.stateful import looks_around
from ..formula.values import Factor, Matrix, Value
from . import rows as row_tools
from .pieces import Piece, Table
from .recipe import Cut, Evaluated, Recipe, cut, evaluated
from .response import CATEGORIES, Response, response_arrays
from .schema import Schema, Variable, plain_name
from .variables import described

T = TypeVar("T")
ROWS_SHOWN = 5
MOST_LEVELS = 1_000_000


class Findings(Protocol):
    """What was wrong with the response of some rows."""

    def plus(self, other: Any) -> Any: ...


Check = Callable[[Response | None, Any], Findings]
"""``check(response, row_labels)``; there may be no response to check."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One variable over some rows.

    Attributes
    ----------
    kind : str
        As `Variable.kind`; "" where every row is missing, so that it could be any.
    levels : dict of str to bool
        Declared levels in order, and whether a row in use has them.
    columns : tuple of str
    ordered : bool
    contrasts : object
        What ``C()`` has set.
    """

    kind: str
    levels: dict[str, bool] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    ordered: bool = False
    contrasts: Any = None

    @classmethod
    def of(cls, value: Value, kind: str, kept: np.ndarray | None) -> Facts:
        """Of a piece's values."""
        if isinstance(value, Factor):
            levels = dict(zip(value.levels, _seen(value, kept).tolist(), strict=True))
            if kind == "character":  # codes may be into strings that no row has
                levels = {k: levels[k] for k, here in zip(value.levels, _seen(value, None)) if here}
            return cls(kind, levels, (), value.ordered, value.contrasts)
        if isinstance(value, Matrix):
            return cls(kind, columns=value.names)
        return cls("" if _blank(value) else kind)

    def plus(self, other: Facts, name: str) -> Facts:
        if not other.kind or not self.kind:
            return self if self.kind else other
        if self.kind != other.kind:
            one, two = sorted((self.kind, other.kind))
            raise DataError(
                f'variable \'{plain_name(name)}\' is "{one}" in some rows of the data and "{two}" in others: '
                "make it one type"
            )
        levels = {**self.levels, **{k: seen or self.levels.get(k, False) for k, seen in other.levels.items()}}
        if len(levels) > MOST_LEVELS:
            raise DataError(
                f"variable '{plain_name(name)}' has over {MOST_LEVELS:,} different values: too many levels"
            )
        return replace(self, levels=levels)

    def value(self) -> tuple[Value, str]:
        """A few rows that stand for all: each level in use, once."""
        if self.levels or self.kind in ("factor", "ordered", "character", "logical"):
            declared = sort_texts(self.levels) if self.kind == "character" else list(self.levels)
            codes = np.array([k for k, level in enumerate(declared) if self.levels[level]], dtype=np.intp)
            return Factor(codes, tuple(declared), self.ordered, self.contrasts), self.kind
        if self.columns or self.kind.startswith("nmatrix"):
            return Matrix(np.zeros((1, len(self.columns))), self.columns), self.kind
        return np.zeros(1), self.kind or "numeric"


def _blank(value: Value) -> bool:
    """Whether all values are missing, so that they could be of any type."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return False
    return bool(np.isnan(value[:1]).all() and np.isnan(value).all())


def _seen(value: Factor, kept: np.ndarray | None) -> np.ndarray:
    """Which levels some row in use has."""
    seen = np.zeros(len(value.levels) + 1, dtype=bool)
    seen[value.codes if kept is None else value.codes[kept]] = True  # -1 marks the place after the last
    return seen[:-1]


@dataclass(frozen=True)
class Survey:
    """What a pass over some rows has found.

    Attributes
    ----------
    rows, chosen, kept : int
        All rows, those of the subset, those in use.
    lost : dict of str to int
        Rows of the subset in which a variable is missing.
    facts : dict of str to Facts
        By variable; the response under its name.
    bad : dict of str to (str, int, list)
        What no fit can use: "infinite" or "missing", in how many rows in use, the first labels.
    negative : tuple of int and float
        How many weights are below 0, and the first of them.
    many_trials : bool
        Whether some row has more than one trial.
    dropped : int
        A digest of which rows are not in use, so that two fits can tell whether theirs are the same.
    findings : tuple
        Of the response's checks: with the prior weights as they are, and with the trials.
    """

    rows: int
    chosen: int
    kept: int
    lost: dict[str, int]
    facts: dict[str, Facts]
    bad: dict[str, tuple[str, int, list[Any]]]
    negative: tuple[int, float]
    many_trials: bool
    dropped: int
    findings: tuple[Any, ...]

    def plus(self, other: Survey) -> Survey:
        bad = dict(self.bad)
        for name, (what, count, first) in other.bad.items():
            _, before, shown = bad.get(name, (what, 0, []))
            bad[name] = what, before + count, [*shown, *first][:ROWS_SHOWN]
        return Survey(
            self.rows + other.rows,
            self.chosen + other.chosen,
            self.kept + other.kept,
            {k: self.lost.get(k, 0) + other.lost.get(k, 0) for k in {**self.lost, **other.lost}},
            {name: facts.plus(other.facts[name], name) for name, facts in self.facts.items()},
            bad,
            (self.negative[0] + other.negative[0], (self if self.negative[0] else other).negative[1]),
            self.many_trials or other.many_trials,
            (self.dropped + other.dropped) % 2**64,
            tuple(a.plus(b) for a, b in zip(self.findings, other.findings, strict=True)),
        )


Keep = Callable[[Piece, Evaluated, "np.ndarray | None"], None]
"""``keep(piece, values, kept)``: may put a piece's values away, to be used again."""


class Keeper(Protocol):
    """Keeps the values that the survey sees."""

    put: Keep

    def survey(
        self, table: Any, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """``table.map_reduce`` of a function that calls `put`."""
        ...


def survey(recipe: Recipe, table: Table, reading: str, check: Check, keeper: Keeper | None = None) -> Survey:
    """The survey of a table; its state must be learned.

    Raises
    ------
    DataError
        No rows, negative weights, infinite numbers, missing ones with ``na.fail``; a response that the family
        cannot use.
    """
    if keeper is None:
        function = partial(survey_piece, recipe, reading, check, None)
        found = table.map_reduce(function, Survey.plus, recipe.columns)
    else:
        function = partial(survey_piece, recipe, reading, check, keeper.put)
        found = keeper.survey(table, function, Survey.plus, recipe.columns)
    return usable(recipe, found)


def survey_of(piece: Piece, recipe: Recipe, reading: str, check: Check) -> Survey:
    """The survey of a table of which all rows are in one piece."""
    return usable(recipe, survey_piece(recipe, reading, check, None, piece))


def usable(recipe: Recipe, found: Survey | None) -> Survey:
    """What was found, unless no fit can use it."""
    if found is None or not found.rows:
        raise DataError("0 (non-NA) cases: the data have no rows")
    if not found.chosen:
        raise DataError(f"0 (non-NA) cases: 'subset' selects none of the {found.rows} rows of data")
    counts = {plain_name(name): count for name, count in found.lost.items() if count}
    if counts and recipe.na_action == "na.fail":
        listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
        raise DataError(f'missing values in object: rows missing in {listed}; na_action="na.omit" drops them')
    if not found.kept:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise DataError(
            f"0 (non-NA) cases: all {found.chosen} rows are lost to missing values (rows missing: {listed})"
        )
    if found.negative[0]:
        raise DataError(
            f"negative weights not allowed: {found.negative[0]} of {found.kept} are below 0, "
            f"the first {found.negative[1]:g}"
        )
    for name, (what, count, first) in found.bad.items():
        where = "y" if name == recipe.terms.names[0] and recipe.terms.response is not None else "x"
        text = f" = {recipe.texts[name]}" if name in recipe.texts else ""
        shown = ", ".join(repr(label) for label in first)
        raise DataError(
            f"NA/NaN/Inf in '{where}': '{plain_name(name)}'{text} is {what} in {count} of {found.kept} rows, "
            f"first rows: {shown}; drop them with subset= or change the variable"
        )
    return found


def survey_piece(recipe: Recipe, reading: str, check: Check, keep: Keep | None, piece: Piece) -> Survey:
    """What one piece tells."""
    values = evaluated(recipe, piece)
    if recipe.functions:
        _refuse_looking_around(recipe, piece)
    found = cut(recipe, values)
    kept, masks = found.kept, found.masks
    if keep is not None:
        keep(piece, values, kept)
    chosen, index = values.chosen, piece.frame.index
    index = index if kept is None else index[kept]
    facts = {name: Facts.of(value, values.kinds[name], kept) for name, value in values.variables.items()}
    weights = values.extra.get("weights")
    weights = weights if weights is None or kept is None else weights[kept]
    negative = np.empty(0) if weights is None else weights[weights < 0]
    many, findings = False, (check(None, index), check(None, index))
    if values.response is not None:
        name, kind = recipe.terms.names[0], values.response_kind
        facts[RESPONSE] = Facts.of(values.response, kind, kept)
        levels = isinstance(values.response, Factor) and (kind != "logical" or reading == CATEGORIES)
        if not levels:
            y = response_arrays(row_tools.take(values.response, kept), weights, reading, name, kind)
            many = y.trials is not None and bool((y.trials > 1).any())
            plain = check(replace(y, trials=None), index)
            findings = plain, plain if y.trials is None else check(y, index)
    return Survey(
        piece.rows(),
        piece.rows(chosen),
        piece.rows(kept),
        {k: piece.rows(m if chosen is None else m & chosen) for k, m in masks.items()},
        facts,
        _unusable(recipe, found, index),
        (len(negative), float(negative[0]) if len(negative) else 0.0),
        many,
        _digest(piece, kept),
        findings,
    )


def _refuse_looking_around(recipe: Recipe, piece: Piece) -> None:
    """A registered function that is not row by row would give wrong numbers in silence."""
    half = len(piece.frame) // 2
    parts = (replace(piece, frame=piece.frame.iloc[:half]), replace(piece, frame=piece.frame.iloc[half:]))
    if not half:
        return
    first, second = (recipe.scope(part) for part in parts)
    call = looks_around(recipe.nodes(), recipe.scope(piece), (first, second))
    if call is not None:
        raise FormulaError(
            f"the registered function '{call.function}' gives a row another value when other rows are there "
            f"(in {deparse(call)}), and these data arrive in blocks of rows: compute the column before the fit, "
            "or load the data into memory"
        )


def _unusable(recipe: Recipe, found: Cut, index: pd.Index) -> dict[str, tuple[str, int, list[Any]]]:
    """Infinite (with ``na.pass`` also missing) numbers in rows in use, as `Survey.bad`."""
    bad: dict[str, tuple[str, int, list[Any]]] = {}
    for name, value in found.suspects.items():
        value = row_tools.take(value, found.kept)
        rows, what = row_tools.infinite(value), "infinite"
        if rows is None and recipe.na_action == "na.pass":
            mask = row_tools.missing(value)
            rows, what = (None, "") if mask is None else (np.flatnonzero(mask), "missing")
        if rows is not None:
            bad[name] = what, len(rows), index[rows[:ROWS_SHOWN]].tolist()
    return bad


RESPONSE = ""  # where the facts of the response are


def _digest(piece: Piece, kept: np.ndarray | None) -> int:
    """The sum of well mixed labels (splitmix64) of the rows that are not in use."""
    if kept is None or piece.copies is not None:
        return 0
    labels = piece.frame.index[~kept]
    if labels.dtype.kind not in "iu":
        return int(np.count_nonzero(~kept))
    z = labels.to_numpy().astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return int((z ^ (z >> np.uint64(31))).sum())


def schema_of(recipe: Recipe, found: Survey) -> tuple[Schema, dict[str, Value]]:
    """The frozen schema (contrasts come with the design), and values that stand for all rows."""
    variables: dict[str, Variable] = {}
    values: dict[str, Value] = {}
    for name, facts in found.facts.items():
        if name != RESPONSE:
            value, kind = facts.value()
            values[name], variables[name] = described(name, value, kind)
    longest = max([1, *(nrow(value) for value in values.values())])
    values = {name: _cycled(value, longest) for name, value in values.items()}
    offset = recipe.extra.get("offset")
    return Schema(recipe.terms, variables, recipe.state, offset, columns=recipe.kinds), values


def _cycled(value: Value, n: int) -> Value:
    """Again and again, up to n rows."""
    return row_tools.take(value, np.arange(n) % max(1, nrow(value))) if nrow(value) else value


def response_of(recipe: Recipe, found: Survey, reading: str) -> tuple[str, tuple[str, ...]]:
    """Kind and levels of the response: its levels in the data, of more than two those in use.

    Raises
    ------
    DataError
        As `response_arrays`.
    """
    facts = found.facts[RESPONSE]
    value, kind = facts.value()
    if isinstance(value, Factor):
        response = response_arrays(value, None, reading, recipe.terms.names[0], kind)
        return response.kind, response.levels
    if reading == CATEGORIES and not facts.columns:
        raise DataError(
            f"the response '{recipe.terms.names[0]}' is {kind or 'numeric'}; data that arrive in blocks need to know "
            f"its categories: write factor({recipe.terms.names[0]})"
        )
    return kind, facts.columns if reading == CATEGORIES else ()
