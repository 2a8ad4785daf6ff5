"""The syntax tree of an R expression: three kinds of node, operators are calls as in R."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol: ``x``, ``x.1``, or ``x 1`` (written in backticks)."""

    name: str
    start: int = field(default=0, compare=False)
    stop: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; value is float, int (``3L``), str, bool, or None for NULL; NA is float nan with text 'NA'."""

    value: float | int | str | bool | None = field(compare=False)  # NaN is not equal to itself; the text is
    text: str  # as R deparses it
    start: int = field(default=0, compare=False)
    stop: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """``function(args)``; operators too: ``a + b`` is Call('+', (a, b)), ``(a)`` is Call('(', (a,)),

    ``-a`` is Call('-', (a,)), ``a ~ b`` Call('~', (a, b)), ``x[i]`` Call('[', (x, i)), ``x$a`` Call('$', (x, a)).
    ``splines::ns(x)`` has function 'ns' and namespace 'splines'.
    """

    function: str
    args: tuple[Node, ...]
    names: tuple[str | None, ...] = ()  # argument names, same length as args (or empty: none named)
    namespace: str | None = None
    start: int = field(default=0, compare=False)
    stop: int = field(default=0, compare=False)


Node = Name | Literal | Call

EMPTY = Literal(None, "")
"""An argument left out between commas: the first of ``x[, 1]``."""


def is_empty(node: Node) -> bool:
    return isinstance(node, Literal) and not node.text
