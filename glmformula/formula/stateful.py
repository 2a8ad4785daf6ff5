"""Which calls of an expression keep state, in the order in which it must be learned, and how it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..errors import FormulaError, GLMFormulaError
from .deparse import deparse
from .evaluate import (
    BLOCKS,
    Scope,
    argument,
    depends_on_rows,
    find,
    freeze,
    is_summary,
    matched,
    place,
    placed,
    value_of,
)
from .functions.learning import LEARNERS, Learning, column_levels, joined
from .functions.registry import RFunction
from .functions.vectors import is_numeric, numbers, rows, texts
from .tree import Call, Name, Node
from .values import Value

Rounds = list[dict[str, Node]]
"""By depth of nesting: what is learned of the rows, by the key of its state."""


def rounds(nodes: Iterable[Node], scope: Scope, factors: frozenset[str]) -> Rounds:
    """The stateful calls of expressions, innermost first: a call comes after those among its arguments.

    A categorical column that a call uses is among them, since blocks may declare different levels; one that
    is a variable by itself is not: its levels are learned with the rows in use.

    Parameters
    ----------
    nodes : iterable of Node
    scope : Scope
        Of the data that come in blocks.
    factors : frozenset of str
        Categorical columns.

    Raises
    ------
    FormulaError
        A function whose value depends on the rows' order, or whose state cannot be learned in passes.
    """
    found: Rounds = []

    def put(depth: int, node: Node) -> int:
        while len(found) <= depth:
            found.append({})
        found[depth][deparse(node)] = node
        return depth + 1

    def visit(node: Node, inside: bool) -> int:
        if isinstance(node, Name):
            return put(0, node) if inside and node.name in factors else 0
        if not isinstance(node, Call):
            return 0
        function = find(node, scope)
        depth = max([0, *(visit(arg, True) for arg in node.args)])
        if not any(depends_on_rows(arg, scope) for arg in node.args):
            return depth
        _refuse(node, function, scope)
        return put(depth, node) if function.keeps_state or is_summary(node, function, scope) else depth

    for node in nodes:
        visit(node, False)
    return found


def users_functions(nodes: Iterable[Node], scope: Scope) -> dict[str, RFunction]:
    """The registered functions that expressions call: a worker in another process has not got them."""
    found: dict[str, RFunction] = {}
    for call in _calls(nodes):
        function = scope.functions.get(call.function)
        if function is not None and function.user:
            found[function.name] = function
    return found


def looks_around(nodes: Iterable[Node], whole: Scope, halves: tuple[Scope, Scope]) -> Call | None:
    """A call of a registered function whose value for a row depends on other rows; None where there is none.

    Nobody knows what a user's function does: its values on some rows are compared with those on their halves.
    """
    for call in _calls(nodes):
        function = whole.functions.get(call.function)
        if function is None or not function.user or not any(depends_on_rows(arg, whole) for arg in call.args):
            continue
        with np.errstate(all="ignore"):
            all_rows, *parts = (value_of(call, scope) for scope in (whole, *halves))
        if not _alike(all_rows, joined(*parts)):
            return call
    return None


def _alike(a: Value, b: Value) -> bool:
    if rows(a) != rows(b):
        return False
    if is_numeric(a) and is_numeric(b):
        return bool(np.allclose(numbers(a), numbers(b), rtol=1e-9, equal_nan=True))
    return bool(np.array_equal(texts(a), texts(b)))


def learning(node: Node, scope: Scope) -> Learning:
    """The learner of a call, or of a column's levels."""
    if not isinstance(node, Call):
        return column_levels()
    return _learning(node, find(node, scope), scope)


def _learning(node: Call, function: RFunction, scope: Scope) -> Learning:
    try:
        state = yield from LEARNERS[function.name](function, _filler(node, function, scope))
    except GLMFormulaError as error:
        raise placed(error, node, scope) from error.__cause__
    return {"value": freeze(state["value"])} if function.learn is None else state


def row_values(node: Node, scope: Scope) -> list[Value]:
    """The values, on the rows of `scope`, of a call's arguments that have one for each row."""
    if not isinstance(node, Call):
        return [value_of(node, scope)]
    function = find(node, scope)
    which = [i for i, arg in enumerate(node.args) if depends_on_rows(arg, scope)]
    try:
        with np.errstate(all="ignore"):
            return [argument(node, function, i, scope) for i in which]
    except GLMFormulaError as error:
        raise placed(error, node, scope) from error.__cause__


def _filler(node: Call, function: RFunction, scope: Scope) -> Callable[..., tuple[list[Any], dict[str, Any]]]:
    def fill(*values: Any) -> tuple[list[Any], dict[str, Any]]:
        given = iter(values)
        last = values[-1] if values else None
        out = [
            next(given, last) if depends_on_rows(arg, scope) else argument(node, function, i, scope)
            for i, arg in enumerate(node.args)
        ]
        return matched(node, function, out)

    return fill


def _refuse(node: Call, function: RFunction, scope: Scope) -> None:
    if function.order_dependent:
        raise FormulaError(
            f"{function.name}() cannot be used here: {BLOCKS} (in {deparse(node)})", *place(node, scope)
        )
    if function.keeps_state and function.name not in LEARNERS:
        raise FormulaError(
            f"{function.name}() cannot be used here: it learns from all rows at once, and these data arrive "
            "in blocks of rows: compute the column before the fit, or load the data into memory",
            *place(node, scope),
        )


def _calls(nodes: Iterable[Node]) -> Iterator[Call]:
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, Call):
            yield node
            stack.extend(node.args)
