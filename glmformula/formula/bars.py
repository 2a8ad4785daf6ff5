"""Formulas with random effects, ``y ~ x + (x | g)``: the fixed part, and what varies over which groups.

Bates, Mächler, Bolker & Walker (2015), Journal of Statistical Software 67(1), section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import NoReturn

from ..errors import FormulaError
from .algebra import is_offset, terms as read_terms, variables_used
from .deparse import deparse
from .parts import Parted, together
from .reader import read
from .terms import Terms
from .tree import Call, Literal, Node

BARS = ("|", "||")


@dataclass(frozen=True)
class Bar:
    """One random-effects term, ``(left | group)``.

    Attributes
    ----------
    text : str
        As lme4 writes it in messages: ``x | g``.
    left : Terms
        What varies, ``~ x``.
    group : str
        The grouping factor's name as lme4 has it: ``g``, ``a:b``, of ``a/b`` ``b:a``.
    members : tuple of str
        The factors whose combinations are the groups, as `MixedFormula.members` has them.
    """

    text: str
    left: Terms
    group: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class MixedFormula:
    """What a formula with bars says.

    Attributes
    ----------
    text : str
        The whole, ``(x || g)`` written out as lme4 does: ``((1 | g) + (0 + x | g))``.
    written : str
        The whole as it was written.
    fixed : Node
        The formula without its bars.
    bars : tuple of Bar
        In order of appearance, ``a/b`` and ``x || g`` written out.
    members : mapping of str to Node
        Each factor that is a group or part of one.
    """

    text: str
    written: str
    fixed: Node
    bars: tuple[Bar, ...]
    members: dict[str, Node]


@dataclass(frozen=True)
class Barred(Parted):
    """The text of a formula with random effects.

    Its terms have parts: the fixed effects, the left side of each bar, and each member of a grouping factor alone.
    """

    names: tuple[str, ...] = ()

    def terms(self, data: tuple[str, ...] | None) -> Terms:
        """What it says of data with these columns."""
        found = mixed_formula(self.text)
        fixed = read_terms(found.fixed, data)
        right = found.text.partition("~")[2].strip() if "." in self.text else None
        text = found.text if right is None else with_bars(fixed.text, found)
        groups = [read_terms(Call("~", (_sum_without_intercept(node),))) for node in found.members.values()]
        lefts = [bar.left for bar in found.bars]
        return replace(together((fixed, *lefts, *groups), text), one_offset=True)


def with_bars(fixed: str, formula: MixedFormula) -> str:
    """The text of a fixed part, with the bars of a formula behind it."""
    return " + ".join([fixed, *(f"({bar.text})" for bar in formula.bars)])


def has_bars(formula: str) -> bool:
    """Whether some term of the formula is a bar."""
    if "|" not in formula:
        return False
    node = _inner(read(formula))
    return (
        isinstance(node, Call)
        and node.function == "~"
        and any(_bar_of(part) for part in _summands(node.args[-1]))
    )


@lru_cache(maxsize=32)
def mixed_formula(text: str) -> MixedFormula:
    """The fixed part and the bars of a formula.

    Raises
    ------
    FormulaError
        No `~` or response; no bar ("No random effects terms specified in formula"); a bar without parentheses; a bar
        that is multiplied or taken away; an offset or ``.`` left of a bar.
    """
    node = _inner(read(text))
    if not isinstance(node, Call) or node.function != "~":
        raise FormulaError("invalid formula: there is no `~`; write `response ~ terms + (1 | group)`", text)
    if len(node.args) == 1:
        raise FormulaError(f"the formula has no response: expected 'y ~ ...', got {deparse(node)!r}", text)
    right = node.args[-1]
    if isinstance(right, Call) and right.function in BARS:
        _fail(
            f"`{deparse(right)}`: the bar takes in all that stands left of it; put random effects in parentheses, as "
            f"in `... + (1 {right.function} {deparse(right.args[1])})`",
            text,
            right,
        )
    bars: list[Bar] = []
    members: dict[str, Node] = {}
    fixed, shown = _split(right, text, bars, members)
    if not bars:
        raise FormulaError(
            "No random effects terms specified in formula: add one such as `(1 | group)`; a model without any is "
            "lm()'s or glm()'s",
            text,
        )
    left = node.args[0]
    return MixedFormula(
        deparse(Call("~", (left, shown))),
        deparse(node),
        Call("~", (left, fixed or Literal(1.0, "1"))),
        tuple(bars),
        members,
    )


def _split(node: Node, text: str, bars: list[Bar], members: dict[str, Node]) -> tuple[Node | None, Node]:
    """The sum without its bars (None where nothing stays), and as it is shown."""
    chain: list[Call] = []
    while (
        isinstance(node, Call) and node.function in ("+", "-") and len(node.args) == 2 and not _bar_of(node)
    ):
        chain.append(node)
        node = node.args[0]
    fixed, shown = _atom(node, text, bars, members)
    for call in reversed(chain):
        right = call.args[1]
        if call.function == "-" and any(_bar_of(part) for part in _summands(right)):
            _fail("a random-effects term cannot be taken away: leave it out", text, right)
        own, own_shown = _split(right, text, bars, members)
        shown = replace(call, args=(shown, own_shown))
        if own is not None and fixed is not None:
            fixed = replace(call, args=(fixed, own))
        elif own is not None:
            fixed = own if call.function == "+" else Call("-", (own,))
    return fixed, shown


def _atom(node: Node, text: str, bars: list[Bar], members: dict[str, Node]) -> tuple[Node | None, Node]:
    bar = _bar_of(node)
    if bar is not None:
        made = [_bar(left, group, text, members) for left, group in _written_out(bar)]
        bars.extend(made)
        if bar.function == "|":
            return None, Call("(", (bar,))
        pieces = [Call("(", (Call("|", (left, bar.args[1])),)) for left in _apart(bar.args[0])]
        whole = reduce(lambda a, b: Call("+", (a, b)), pieces)
        return None, Call("(", (whole,)) if len(pieces) > 1 else whole
    if isinstance(node, Call) and node.function == "(":
        own, shown = _split(node.args[0], text, bars, members)
        return (None if own is None else Call("(", (own,))), Call("(", (shown,))
    if isinstance(node, Call) and node.function in ("*", ":", "/", "^", "%in%", "-", "+"):
        for arg in node.args:
            if any(_bar_of(part) for part in _summands(arg)):
                _fail(
                    f"`{deparse(node)}`: random-effects terms are added with `+`, and enter no interaction; for slopes "
                    "that vary write (x | g)",
                    text,
                    node,
                )
    if isinstance(node, Call) and node.function in BARS:
        _fail(f"`{deparse(node)}`: put random effects in parentheses, as in `({deparse(node)})`", text, node)
    return node, node


def _bar_of(node: Node) -> Call | None:
    """The bar that a parenthesis holds."""
    if not isinstance(node, Call) or node.function != "(":
        return None
    inside = _inner(node)
    return inside if isinstance(inside, Call) and inside.function in BARS else None


def _inner(node: Node) -> Node:
    while isinstance(node, Call) and node.function == "(":
        node = node.args[0]
    return node


def _summands(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call) and not _bar_of(node) and node.function in ("+", "-", "(", "*", ":", "/"):
            stack.extend(node.args)


def _written_out(bar: Call) -> list[tuple[Node, Node]]:
    """(left, group) of the terms that a bar stands for: ``x || g`` by its terms, ``a/b`` by its groups."""
    lefts = [bar.args[0]] if bar.function == "|" else _apart(bar.args[0])
    return [(left, group) for left in lefts for group in _nested(bar.args[1])]


def _apart(left: Node) -> list[Node]:
    """What ``left || g`` correlates with nothing, each alone."""
    found = read_terms(Call("~", (left,)))
    own = [read(f"0 + {label}") for label in found.labels]
    return [Literal(1.0, "1"), *own] if found.intercept else own


def _nested(group: Node) -> list[Node]:
    """``a/b``: ``b:a``, then ``a``."""
    group = _inner(group)
    if not isinstance(group, Call) or group.function != "/":
        return [group]
    outer = _nested(group.args[0])
    return [Call(":", (group.args[1], outer[0])), *outer]


def _bar(left: Node, group: Node, text: str, members: dict[str, Node]) -> Bar:
    if isinstance(left, Call) and left.function in BARS:
        _fail(f"`{deparse(left)} | {deparse(group)}`: a term has one bar; write a term for each", text, left)
    if "." in variables_used(left) or "." in variables_used(group):
        _fail("`.` in a random-effects term: name its variables", text, left)
    terms = read_terms(Call("~", (left,)))
    if any(map(is_offset, terms.variables)):
        _fail("an offset() does not vary over groups: put it among the fixed effects", text, left)
    if not terms.labels and not terms.intercept:
        _fail(f"`({deparse(left)} | {deparse(group)})` has nothing that varies: write (1 | ...)", text, left)
    own = []
    for member in _factors(group):
        if isinstance(member, Literal):
            _fail(f"`{deparse(member)}` is no grouping factor: write a column behind the bar", text, group)
        name = deparse(member)
        made = isinstance(member, Call) and member.function in ("factor", "as.factor")
        members.setdefault(name, member if made else Call("factor", (member,)))
        own.append(name)
    return Bar(f"{deparse(left)} | {deparse(group)}", terms, deparse(group), tuple(own))


def _factors(group: Node) -> list[Node]:
    """The members of ``a:b``."""
    group = _inner(group)
    if isinstance(group, Call) and group.function == ":":
        return [*_factors(group.args[0]), *_factors(group.args[1])]
    return [group]


def _sum_without_intercept(node: Node) -> Node:
    return Call("+", (Literal(0.0, "0"), node))


def _fail(message: str, text: str, node: Node) -> NoReturn:
    raise FormulaError(message, text, node.start or None, node.stop or None)
