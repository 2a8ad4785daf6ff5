"""R's formulas for formulaic: ``formulaic.Formula("y ~ a*b", _parser=RParser())``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from formulaic.formula import Formula, SimpleFormula, StructuredFormula
from formulaic.parser.types import Factor, FormulaParser, OperatorResolver, OrderedSet, Term
from formulaic.utils.structured import Structured
from formulaic.utils.variables import Variable

from ..errors import DataWarning, give_warning
from .algebra import response_term, terms, variables_used
from .terms import Terms, used
from .tree import Node

RESPONSE_DROPPED = "the response appeared on the right-hand side and was dropped"


class RFactor(Factor):  # type: ignore[misc]  # formulaic is untyped here
    """A variable: `expr` is R's deparsed text, `node` its tree."""

    __slots__ = ("node",)

    def __init__(self, expr: str, node: Node) -> None:
        super().__init__(expr, eval_method="python")
        self.node = node

    @property
    def required_variables(self) -> set[Variable]:
        return {Variable(name, roles={Variable.Role.VALUE}) for name in variables_used(self.node)}

    def __repr__(self) -> str:
        return str(self.expr)


class RTerm(Term):  # type: ignore[misc]
    """A term that knows its formula.

    Attributes
    ----------
    terms : Terms
        The whole formula.
    index : int
        `assign`'s number: 0 for the intercept, 1 + position in ``terms.labels``; -1 for the response.
    """

    def __init__(self, factors: list[Factor], terms: Terms, index: int) -> None:
        super().__init__(factors)
        self.terms, self.index = terms, index


@dataclass
class RParser(FormulaParser):  # type: ignore[misc]
    """Formulaic's parser interface over this package's reader and term algebra.

    Attributes
    ----------
    data_names : tuple of str, optional
        What ``.`` stands for.
    """

    operator_resolver: OperatorResolver | None = None  # formulaic's own grammar is not used
    context: Mapping[str, Any] | None = None
    data_names: tuple[str, ...] | None = None

    def get_terms(
        self, formula: str, *, context: Mapping[str, Any] | None = None
    ) -> Structured[OrderedSet[Term]]:
        """Formulaic's terms of an R formula: `lhs` and `rhs`, or the right side alone when there is no left.

        Raises
        ------
        FormulaError
            As `terms`.

        Warns
        -----
        DataWarning
            R's sentence, when the response is among the terms; it is then left out.
        """
        found = terms(formula, self.data_names)
        right = OrderedSet(right_side(found))
        if found.response is None:
            return Structured(right)
        left = RTerm([RFactor(found.names[0], found.response)], found, -1)
        return Structured(lhs=OrderedSet((left,)), rhs=right)


def right_side(found: Terms) -> list[RTerm]:
    """The terms in R's order, the intercept first; without the response, with R's warning."""
    if response_term(found) is not None:
        give_warning(RESPONSE_DROPPED, DataWarning)
    return list(_right_side(found))


@lru_cache(maxsize=16)
def _right_side(found: Terms) -> tuple[RTerm, ...]:
    dropped = response_term(found)
    factors = [RFactor(name, node) for name, node in zip(found.names, found.variables)]
    out = [RTerm([Factor("1", eval_method="literal")], found, 0)] if found.intercept else []
    for j, places in enumerate(used(found)):
        if j != dropped:
            out.append(RTerm([factors[i] for i in places], found, j + 1))
    return tuple(out)


def terms_of(formula: Formula) -> Terms | None:
    """The `Terms` behind a formula that `RParser` read (None when it has no term at all, as ``~ 0``)."""
    sides = [formula.lhs, formula.rhs] if isinstance(formula, StructuredFormula) else [formula]
    for side in sides:
        for term in side if isinstance(side, SimpleFormula) else ():
            if isinstance(term, RTerm):
                return term.terms
    return None
