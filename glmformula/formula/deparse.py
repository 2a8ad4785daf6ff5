"""Trees back to text, as R's deparse writes them: the names of variables, terms and columns."""

from __future__ import annotations

from .tokens import BINARY, COMPARISON, POWER, SPECIAL, UNARY, name_text
from .tree import Call, Literal, Name, Node

_TIGHT = frozenset(["^", ":", "/", "%%", "%/%"])
_INDEX = {"[": ("[", "]"), "[[": ("[[", "]]")}
_POSTFIX, _ATOM = 12, 13


def deparse(node: Node) -> str:
    """The expression as R (4.6) deparses it, on one line.

    Spaces around operators but ``^ : / %% %/%``, numbers to 15 significant digits, strings in double quotes,
    names that are not syntactic in backticks. Parentheses stay as written; a tree built by hand gets those it
    needs. R breaks lines at 60 (labels: 500) characters, we never.
    """
    tail: list[str] = []
    while True:  # down the left operands, so that a sum may have any length
        if isinstance(node, Name):
            tail.append(name_text(node.name))
            break
        if isinstance(node, Literal):
            tail.append(node.text)
            break
        function, args = node.function, node.args
        power = _binding(node)
        if power == _ATOM:
            tail.append(_atom(node))
            break
        if len(args) == 1:
            operand = deparse(args[0])
            needed = _binding(args[0]) < power and not _is_unary(args[0])
            tail.append(f"{function}({operand})" if needed else function + operand)
            break
        if power == _POSTFIX:
            if function == "$":
                tail.append("$" + deparse(args[1]))
            else:
                opening, closing = _INDEX[function]
                tail.append(opening + _arguments(args[1:], node.names[1:]) + closing)
        else:
            right, binding = deparse(args[1]), _binding(args[1])
            if not _is_unary(args[1]) and (binding < power or (binding == power and power != POWER)):
                right = f"({right})"
            tail.append(f"{function}{right}" if function in _TIGHT else f" {function} {right}")
        node = args[0]
        binding = _binding(node)
        if binding < power or (binding == power and power in (POWER, COMPARISON)):
            tail.append(f"({deparse(node)})")
            break
    return "".join(reversed(tail))


def _atom(call: Call) -> str:
    if call.function == "(" and len(call.args) == 1:
        return f"({deparse(call.args[0])})"
    prefix = name_text(call.namespace) + "::" if call.namespace else ""
    return f"{prefix}{name_text(call.function)}({_arguments(call.args, call.names)})"


def _arguments(args: tuple[Node, ...], names: tuple[str | None, ...]) -> str:
    if not names:
        return ", ".join([deparse(a) for a in args])
    return ", ".join([f"{name_text(n)} = {deparse(a)}" if n else deparse(a) for a, n in zip(args, names)])


def _is_unary(node: Node) -> bool:
    return isinstance(node, Call) and len(node.args) == 1 and node.function in UNARY


def _binding(node: Node) -> int:
    """How tightly the node's own operator binds; names, constants and calls most."""
    if not isinstance(node, Call) or node.namespace:
        return _ATOM
    function, count = node.function, len(node.args)
    if count == 2 and not node.names:
        if function in BINARY:
            return BINARY[function]
        if function[0] == "%" and len(function) > 1 and function[-1] == "%":
            return SPECIAL
        if function == "$" and isinstance(node.args[1], Name):
            return _POSTFIX
    if count == 1 and function in UNARY and not node.names:
        return UNARY[function]
    if function in _INDEX and count > 1:
        return _POSTFIX
    return _ATOM
