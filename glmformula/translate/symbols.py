"""R's values with an expression in place of the rows: what a formula's calls give when they are translated.

The counterparts of ``formula/values.py``. What does not depend on the rows stays the evaluator's own value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FormulaError
from ..formula.functions.vectors import (
    is_numeric,
    is_text,
    kind,
    size,
    texts,
    truth as truth_values,
    vector,
)
from ..formula.values import Factor
from . import expressions as ex
from .expressions import Node


class Untranslatable(FormulaError):
    """A function, or a use of it, that another language cannot write exactly."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """Numbers; `whole` where R would hold them as integers."""

    node: Node


@dataclass(frozen=True, slots=True)
class Truth:
    """R's logical."""

    node: Node


@dataclass(frozen=True, slots=True)
class Words:
    """Texts; `of` is the factor whose labels they are."""

    node: Node
    of: Category | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A factor: for each level the condition that a row has it.

    Attributes
    ----------
    levels : tuple of str
    tests : tuple of Node
        At most one of them is true in a row.
    absent : Node
        Whether the row has no level because the value is missing. A row without a level whose value is there
        has one that the fit has not seen.
    label : Node
        The level as a text.
    ordered : bool
    """

    levels: tuple[str, ...]
    tests: tuple[Node, ...]
    absent: Node
    label: Node
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """A matrix variable.

    Attributes
    ----------
    width : int
    combined : callable, (width,) -> Node
        The columns times coefficients, added up: less to write than the columns themselves.
    names : tuple of str
    absent : Node
        Whether a row has no value.
    """

    width: int
    combined: Callable[[np.ndarray], Node]
    names: tuple[str, ...]
    absent: Node

    def column(self, j: int) -> Node:
        return self.combined(np.eye(self.width)[j])

    def each(self) -> list[Node]:
        return [self.column(j) for j in range(self.width)]


@dataclass(frozen=True, slots=True)
class Moment:
    """Date, POSIXct or difftime: a number that knows what it counts, as `Time`."""

    node: Node
    kind: str
    unit: str = ""


Symbol = Numeric | Truth | Words | Category | Columns | Moment
SYMBOLS = (Numeric, Truth, Words, Category, Columns, Moment)


def columns(nodes: Sequence[Node], names: Sequence[str]) -> Columns:
    """A matrix of any columns."""

    def combined(coefficients: np.ndarray) -> Node:
        pairs = zip(nodes, coefficients.tolist(), strict=True)
        return ex.total(ex.multiply(ex.number(c), node) for node, c in pairs if c)

    return Columns(len(nodes), combined, tuple(names), ex.some(ex.missing(node) for node in nodes))


def is_symbol(value: Any) -> bool:
    return isinstance(value, SYMBOLS)


def name_of(value: Any) -> str:
    """R's name for the kind of a value."""
    match value:
        case Numeric():
            return "numeric"
        case Truth():
            return "logical"
        case Words():
            return "character"
        case Category():
            return "ordered factor" if value.ordered else "factor"
        case Columns():
            return "matrix"
        case Moment():
            return value.kind
    return kind(value)


def numeric(value: Any) -> Node:
    """The value as a number for each row."""
    match value:
        case Numeric():
            return value.node
        case Truth():
            return ex.case((value.node, 1.0), (ex.contrary(value.node), 0.0))
        case Columns(width=1):
            return value.column(0)
        case _ if is_symbol(value):
            raise Untranslatable(f"non-numeric argument to mathematical function: it is a {name_of(value)}")
        case _ if isinstance(value, Factor) or is_text(value) or not (is_numeric(value) and size(value) == 1):
            raise Untranslatable(
                f"a number was expected beside the rows, a {kind(value)} of length {size(value)} is there"
            )
    return ex.number(float(vector(value)[0]))


def condition(value: Any) -> Node:
    """The value as a truth for each row."""
    match value:
        case Truth():
            return value.node
        case Numeric():
            return ex.compare("<>", value.node, ex.ZERO)
        case Columns(width=1):
            return ex.compare("<>", value.column(0), ex.ZERO)
        case _ if is_symbol(value) or size(value) != 1:
            raise Untranslatable(
                "operations are possible only for numeric, logical or complex types: "
                f"a {name_of(value)} was given"
            )
    known, absent = truth_values(value)
    return ex.UNKNOWN if absent is not None and np.any(absent) else ex.truth(bool(np.all(known)))


def words(value: Any) -> Node:
    """``as.character`` of the value."""
    match value:
        case Words():
            return value.node
        case Category():
            return value.label
        case Truth():
            return ex.case(
                (value.node, ex.Word("TRUE")),
                (ex.contrary(value.node), ex.Word("FALSE")),
                default=ex.Missing("text"),
            )
        case _ if is_symbol(value):
            raise Untranslatable(
                f"a {name_of(value)} as a text: databases do not write numbers and times as R does; make the column "
                "a text in the data"
            )
    found = texts(value)
    if len(found) != 1:
        raise Untranslatable(f"one text was expected beside the rows, {len(found)} are there")
    return ex.Missing("text") if found[0] is None else ex.Word(str(found[0]))


def absent(value: Any) -> Node:
    """Whether a row has no value."""
    match value:
        case Numeric() | Truth() | Words() | Moment():
            return ex.missing(value.node)
        case Category() | Columns():
            return value.absent
    raise TypeError(f"no symbol: {value!r}")


def category(
    subject: Node, levels: Sequence[str], ordered: bool = False, keys: Sequence[str] | None = None
) -> Category:
    """A factor made of texts: of those in `keys` (default: the levels themselves)."""
    tests = tuple(ex.compare("=", subject, ex.Word(key)) for key in (levels if keys is None else keys))
    return Category(tuple(levels), tests, ex.missing(subject), subject, ordered)


def two_levels(node: Node) -> Category:
    """A logical as a factor."""
    tests = (ex.contrary(node), node)
    return Category(("FALSE", "TRUE"), tests, ex.missing(node), words(Truth(node)))


def by_level(value: Category, results: Sequence[Node], default: Node) -> Node:
    """One result for each level; rows without a level have the default."""
    return ex.case(*zip(value.tests, results, strict=True), default=default)
