"""A formula on the lines R's deparse breaks it into: what tables and traces print above their numbers."""

from __future__ import annotations

from .deparse import deparse
from .reader import read
from .tokens import BINARY, name_text
from .tree import Call, Literal, Name, Node

CUTOFF = 60
_SPACED = frozenset(BINARY) - {"^", ":", "/"}
_BRACKETS = {"[": ("[", "]"), "[[": ("[[", "]]")}


def formula_lines(text: str, cutoff: int = CUTOFF) -> list[str]:
    """The lines of ``deparse(formula)`` in R, joined by newlines when printed.

    A line ends after the operator or comma that takes it past `cutoff` bytes; what follows is indented by
    four blanks for each expression that is broken. ``^ : / %% %/%`` never end a line.

    Parameters
    ----------
    text : str
        A formula as R deparses it, on one line.
    """
    if len(text.encode()) <= cutoff:
        return [text]
    page = _Page(cutoff)
    _write(read(text), page)
    return [*page.lines, page.line]


class _Page:
    """Lines under construction."""

    def __init__(self, cutoff: int) -> None:
        self.cutoff, self.lines, self.line, self.indent = cutoff, list[str](), "", 0

    def add(self, text: str) -> None:
        if not self.line and self.lines:
            self.line = "    " * min(self.indent, 4) + "  " * max(0, self.indent - 4)
        self.line += text

    def may_break(self, broken: bool) -> bool:
        """End the line if it is long enough; an expression that is broken for the first time is indented."""
        if len(self.line.encode()) <= self.cutoff:
            return broken
        self.indent += not broken
        self.lines.append(self.line)
        self.line = ""
        return True


def _write(node: Node, page: _Page) -> None:
    chain: list[Call] = []
    while isinstance(node, Call) and _is_operator(node):
        chain.append(node)
        node = node.args[0]
    _write_atom(node, page)
    for call in reversed(chain):
        spaced = call.function in _SPACED or (call.function[0] == "%" and call.function not in ("%%", "%/%"))
        page.add(f" {call.function} " if spaced else call.function)
        broken = spaced and page.may_break(False)
        _write(call.args[1], page)
        page.indent -= broken


def _is_operator(call: Call) -> bool:
    if len(call.args) != 2 or call.names or call.namespace:
        return False
    return call.function in BINARY or (
        call.function[0] == "%" == call.function[-1] and len(call.function) > 1
    )


def _write_atom(node: Node, page: _Page) -> None:
    if isinstance(node, Name | Literal):
        page.add(deparse(node))
        return
    function, args = node.function, node.args
    if function in _BRACKETS and len(args) > 1:
        opening, closing = _BRACKETS[function]
        _write(args[0], page)
        page.add(opening)
        _write_arguments(args[1:], node.names[1:], page)
        page.add(closing)
    elif function == "$" and len(args) == 2:
        _write(args[0], page)
        page.add("$" + deparse(args[1]))
    elif len(args) == 1 and function in ("-", "+", "!", "~") and not node.names:
        page.add(function)
        _write(args[0], page)
    else:
        prefix = name_text(node.namespace) + "::" if node.namespace else ""
        page.add(f"{prefix}{'' if function == '(' else name_text(function)}(")
        _write_arguments(args, node.names, page)
        page.add(")")


def _write_arguments(args: tuple[Node, ...], names: tuple[str | None, ...], page: _Page) -> None:
    broken = False
    for place, argument in enumerate(args):
        if place:
            page.add(", ")
            broken = page.may_break(broken)
        if names and names[place]:
            page.add(f"{name_text(str(names[place]))} = ")
        _write(argument, page)
    page.indent -= broken
