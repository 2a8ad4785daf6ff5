"""Formulas of several parts, ``y ~ x | z``: one Terms for all variables, and one for each part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..errors import FormulaError
from .algebra import is_offset, refuse_bars, terms as read_terms, update_formula
from .deparse import deparse
from .reader import read
from .terms import Terms
from .tree import Call, Node


@dataclass(frozen=True)
class Parted:
    """A formula's text, and what its parts are called, the first that of the left of the bar.

    A formula without a bar stands for all parts, its offsets too.
    """

    text: str
    names: tuple[str, ...]

    def terms(self, data: tuple[str, ...] | None) -> Terms:
        """What it says of data with these columns."""
        return _parted(self, data)


def terms_of(formula: str | Node | Terms | Parted, data: Iterable[str] | None = None) -> Terms:
    """The terms of a formula, in parts where it has them.

    Raises
    ------
    FormulaError
        As `terms`; more bars than parts; nothing on one side of a bar.
    """
    if isinstance(formula, Terms):
        return formula
    if not isinstance(formula, Parted):
        return read_terms(formula, data)
    return formula.terms(None if data is None else tuple(map(str, data)))


def _parted(formula: Parted, names: tuple[str, ...] | None) -> Terms:
    node = read(formula.text)
    while isinstance(node, Call) and node.function == "(":
        node = node.args[0]
    if not isinstance(node, Call) or node.function != "~":
        return read_terms(formula.text, names)  # its error says what is missing
    sides = _sides(node.args[-1])
    count = len(formula.names)
    if len(sides) not in (1, count):
        raise FormulaError(
            f"the formula has {len(sides)} parts, the model {count}: {' | '.join(formula.names)}; write "
            f"`y ~ x | z`, or `y ~ x` for the same right side in each",
            formula.text,
            node.args[-1].start,
            node.args[-1].stop,
        )
    parts = tuple(read_terms(replace(node, args=(*node.args[:-1], side)), names) for side in sides)
    for part in parts:
        refuse_bars(part)
    left, _, right = parts[0].text.partition("~")
    text = " | ".join([f"{left}~{right}", *(part.text.partition("~")[2].strip() for part in parts[1:])])
    return together(parts if len(parts) == count else parts * count, text)


def text_of(formula: object) -> str | None:
    """The formula as it was written, to mark the place of an error; None where it is not at hand."""
    return formula.text if isinstance(formula, Parted) else formula if isinstance(formula, str) else None


def _sides(node: Node) -> list[Node]:
    if isinstance(node, Call) and node.function == "|":
        return [*_sides(node.args[0]), node.args[1]]
    return [node]


def together(parts: tuple[Terms, ...], text: str) -> Terms:
    """All variables of the parts, each once; it has no terms of its own."""
    variables = {name: node for part in parts for name, node in zip(part.names, part.variables, strict=True)}
    first = 0 if parts[0].response is None else 1
    nodes = tuple(variables.values())
    return Terms(
        text=text,
        response=parts[0].response,
        variables=nodes,
        names=tuple(variables),
        labels=(),
        factors=np.zeros((len(nodes), 0), dtype=np.int8),
        order=(),
        intercept=True,
        offsets=tuple(i for i, node in enumerate(nodes) if i >= first and is_offset(node)),
        parts=parts,
    )


def with_right_sides(formulas: list[str]) -> str:
    """One formula in parts of formulas with the same response."""
    left, _, right = formulas[0].partition("~")
    return " | ".join([f"{left}~{right}", *(text.partition("~")[2].strip() for text in formulas[1:])])


def update_parts(old: str, change: str, count: int) -> str:
    """`update_formula` of a formula in parts: a change without a bar is made to each part.

    Raises
    ------
    FormulaError
    """
    response, parts = _texts(old)
    left, changes = _texts(change)
    parts, changes = (texts * count if len(texts) == 1 else texts for texts in (parts, changes))
    if len(changes) != len(parts):
        raise FormulaError(
            f"the change has {len(changes)} parts, the model {len(parts)}: give each, as in '. ~ . - x | .'",
            change,
        )
    made = [
        update_formula(f"{response} ~ {part}", f"{left} ~ {new}")
        for part, new in zip(parts, changes, strict=True)
    ]
    return with_right_sides(made)


def _texts(formula: str) -> tuple[str, list[str]]:
    """Left side and right sides as R deparses them."""
    node = read(formula)
    while isinstance(node, Call) and node.function == "(":
        node = node.args[0]
    if not isinstance(node, Call) or node.function != "~":
        raise FormulaError("invalid formula: there is no `~`; write `. ~ . + x`", formula)
    left = deparse(node.args[0]) if len(node.args) == 2 else "."
    return left, [deparse(side) for side in _sides(node.args[-1])]
