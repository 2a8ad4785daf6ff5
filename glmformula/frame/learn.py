"""State that calls keep (poly's coefficients, knots, means ...), learned in passes over a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..formula.evaluate import variables_used
from ..formula.functions.learning import Distinct, Extremes, Learning, Levels, Question
from ..formula.stateful import learning, rounds, row_values, users_functions
from ..formula.tree import Call, Node
from .columns import Columns
from .pieces import Piece, Table
from .recipe import Recipe
from .schema import kind_of

Questions = Mapping[str, tuple[Node, Question]]
FACTORS = frozenset({"factor", "ordered"})
SORTED = frozenset(
    {"factor", "as.factor", "ordered", "as.ordered"}
)  # order of appearance means nothing to them


def learned(recipe: Recipe, table: Table, alike: Piece | None = None) -> Recipe:
    """The recipe with the state of all its calls.

    A call nested in another is learned before it; how many passes that takes depends on the formula, not on
    the data, and each reads only the columns it needs: ``poly(log(x - mean(x)), 2)`` takes three over `x`. Of rows that
    are alike, once in `alike`, levels and extremes are asked, for which it does not matter how many there are.

    Raises
    ------
    FormulaError
        A function that needs all rows at once, or in their order.
    DataError
        What the function itself refuses.
    """
    empty = Piece(table.meta)
    nodes = list(recipe.nodes())
    recipe = replace(recipe, functions=users_functions(nodes, recipe.scope(empty)), state=dict(recipe.state))
    scope = recipe.scope(empty)
    columns = Columns(table.meta)
    factors = frozenset(name for name in recipe.columns if kind_of(columns(name)) in FACTORS)
    for depth in rounds(nodes, scope, factors):
        _learn(recipe, table, alike, depth)
    return recipe


def _learn(recipe: Recipe, table: Table, alike: Piece | None, nodes: Mapping[str, Node]) -> None:
    """Passes until each of the learners has what it wants; `recipe.state` grows by what they found."""
    scope = recipe.scope(Piece(table.meta))
    asking: dict[str, Learning] = {key: learning(node, scope) for key, node in nodes.items()}
    answers: dict[str, Any] = dict.fromkeys(asking)
    while asking:
        questions: dict[str, tuple[Node, Question]] = {}
        for key, learner in list(asking.items()):
            try:
                with np.errstate(all="ignore"):
                    questions[key] = nodes[key], learner.send(answers[key])
            except StopIteration as done:
                recipe.state[key] = {**recipe.state.get(key, {}), **done.value}
                del asking[key]
        here = {} if alike is None else {k: q for k, q in questions.items() if _by_occurrence(*q)}
        answers = {} if alike is None or not here else _ask(recipe, here, alike)
        questions = {k: q for k, q in questions.items() if k not in here}
        if questions:
            used = {name for node, _ in questions.values() for name in variables_used(node)}
            read = [name for name in recipe.columns if name in used]
            found = table.map_reduce(partial(_ask, recipe, questions), partial(_merge, questions), read)
            answers |= found if found is not None else _ask(recipe, questions, Piece(table.meta))


def _by_occurrence(node: Node, question: Question) -> bool:
    """Whether the answer says which values occur, not how often or where."""
    if isinstance(question, Distinct):
        return isinstance(node, Call) and node.function in SORTED
    return isinstance(question, Extremes | Levels)


def _ask(recipe: Recipe, questions: Questions, piece: Piece) -> dict[str, Any]:
    scope = recipe.scope(piece)
    with np.errstate(all="ignore"):
        return {key: question.of(*row_values(node, scope)) for key, (node, question) in questions.items()}


def _merge(questions: Questions, a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {key: question.merge(a[key], b[key]) for key, (_, question) in questions.items()}
