"""Expressions of another language before they are written: six kinds of node, and how they are put together.

A node has a value for each row, or none (R's NA and NaN, SQL's NULL). Numbers are doubles with IEEE arithmetic;
a truth has R's and SQL's three values. Constants are folded when a node is made, as the database would not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A double; never NaN."""

    value: float


@dataclass(frozen=True, slots=True)
class Word:
    """A text."""

    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """No value; `of` says of which type: "number", "truth" or "text"."""

    of: str = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data; `kind` as in `Schema.columns`, or "plain" for a number that is used as it is."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operator or function by the name that the dialects' tables have, and its arguments."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """The value beside the first condition that is true (a missing one is not), else the default."""

    branches: tuple[tuple[Node, Node], ...]
    default: Node = Missing()


Node = Number | Word | Missing | Column | Op | Case

ZERO, ONE, NOTHING = Number(0.0), Number(1.0), Missing()


def number(value: float) -> Node:
    return NOTHING if math.isnan(value) else Number(float(value))


def op(name: str, *args: Node | float) -> Op:
    return Op(name, tuple(number(a) if isinstance(a, int | float) else a for a in args))


def case(*branches: tuple[Node, Node | float], default: Node | float = NOTHING) -> Node:
    """The first of the branches whose condition holds, without those that never do."""
    kept: list[tuple[Node, Node]] = []
    last = number(default) if isinstance(default, int | float) else default
    for condition, value in branches:
        value = number(value) if isinstance(value, int | float) else value
        known = truth_of(condition)
        if known is False or isinstance(condition, Missing):
            continue
        if known is True:
            last = value
            break
        kept.append((condition, value))
    return Case(tuple(kept), last) if kept else last


# ---- arithmetic ----


def add(a: Node, b: Node) -> Node:
    if isinstance(a, Number) and isinstance(b, Number):
        return number(a.value + b.value)
    if ZERO in (a, b):
        return b if a == ZERO else a
    return Op("+", (a, b))


def subtract(a: Node, b: Node) -> Node:
    if isinstance(a, Number) and isinstance(b, Number):
        return number(a.value - b.value)
    return a if b == ZERO else Op("-", (a, b))


def multiply(a: Node, b: Node) -> Node:
    if isinstance(a, Number) and isinstance(b, Number):
        return number(a.value * b.value)
    if ONE in (a, b):
        return b if a == ONE else a
    return Op("*", (a, b))


def divide(a: Node, b: Node) -> Node:
    """IEEE's quotient: a number divided by zero is infinite, zero by zero missing; databases differ there."""
    if isinstance(b, Number) and b.value:
        return number(a.value / b.value) if isinstance(a, Number) else a if b == ONE else Op("/", (a, b))
    return case(
        (op("<>", b, ZERO), Op("/", (a, b))),
        (op("=", b, ZERO), case((op(">", a, ZERO), math.inf), (op("<", a, ZERO), -math.inf))),
    )


def negate(a: Node) -> Node:
    return Number(-a.value) if isinstance(a, Number) else Op("-", (ZERO, a))


def total(terms: Iterable[Node]) -> Node:
    """The sum; of very many in halves, since databases bound the depth of an expression."""
    terms = [t for t in terms if t != ZERO]
    if len(terms) > MOST_IN_A_ROW:
        middle = len(terms) // 2
        return add(total(terms[:middle]), total(terms[middle:]))
    out: Node = ZERO
    for term in terms:
        out = add(out, term)
    return out


MOST_IN_A_ROW = 100


def horner(coefficients: Sequence[float], x: Node) -> Node:
    """c0 + x (c1 + x (c2 + ...))."""
    out: Node = ZERO
    for c in reversed(coefficients):
        out = add(number(c), multiply(x, out)) if out != ZERO else number(c)
    return out


# ---- truths ----

TRUE, FALSE = Op("true", ()), Op("false", ())
UNKNOWN = Missing("truth")


def truth(value: bool) -> Node:
    return TRUE if value else FALSE


def truth_of(node: Node) -> bool | None:
    """The truth of a constant one."""
    return True if node == TRUE else False if node == FALSE else None


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": float.__eq__, "<>": float.__ne__, "<": float.__lt__, "<=": float.__le__, ">": float.__gt__,
    ">=": float.__ge__,
}  # fmt: skip


def compare(name: str, a: Node, b: Node) -> Node:
    if isinstance(a, Number) and isinstance(b, Number):
        return truth(COMPARISONS[name](a.value, b.value))
    if isinstance(a, Missing) or isinstance(b, Missing):
        return UNKNOWN
    return Op(name, (a, b))


def both(a: Node, b: Node) -> Node:
    if FALSE in (a, b):
        return FALSE
    return b if a == TRUE else a if b == TRUE else Op("and", (a, b))


def either(a: Node, b: Node) -> Node:
    if TRUE in (a, b):
        return TRUE
    return b if a == FALSE else a if b == FALSE else Op("or", (a, b))


def contrary(a: Node) -> Node:
    known = truth_of(a)
    return Op("not", (a,)) if known is None else truth(not known)


def every(conditions: Iterable[Node]) -> Node:
    out: Node = TRUE
    for condition in conditions:
        out = both(out, condition)
    return out


def some(conditions: Iterable[Node]) -> Node:
    out: Node = FALSE
    for condition in conditions:
        out = either(out, condition)
    return out


def missing(a: Node) -> Node:
    """Whether there is no value."""
    if isinstance(a, Number | Word) or a in (TRUE, FALSE):
        return FALSE
    return TRUE if isinstance(a, Missing) else Op("missing", (a,))


def always(a: Node) -> bool:
    """Whether it has a value in every row."""
    return missing(a) == FALSE
