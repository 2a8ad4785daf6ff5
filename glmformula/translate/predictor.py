"""Linear predictors as expressions: terms times coefficients, offsets, what is missing and what is unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from ..design.coding import codes_in_force, contrast_for
from ..errors import DataError
from ..formula.algebra import response_term
from ..formula.terms import Terms
from ..frame.schema import Schema, Variable, plain_name
from ..frame.variables import variables_of
from . import expressions as ex
from .compiler import Compiler
from .expressions import Node
from .symbols import Category, Columns, Numeric, absent, by_level, numeric

ESTIMABLE = 1e-12  # the square of what `predict` allows a row's part in the null space, relative to the row
Member = tuple[Category | Numeric | Columns, Variable, int]


@dataclass(frozen=True)
class Predictors:
    """The variables of a formula, translated, and the linear predictors that are made of them.

    Attributes
    ----------
    schema : Schema
    """

    schema: Schema

    @cached_property
    def compiler(self) -> Compiler:
        return Compiler.of(self.schema)

    @cached_property
    def symbols(self) -> Mapping[str, Category | Numeric | Columns]:
        """The variables of the right side, offsets among them."""
        out = {}
        for _, node, name, is_offset in variables_of(self.schema.terms):
            described = self.schema.variables[name]
            out[name] = self.compiler.variable(
                node.args[0] if is_offset and hasattr(node, "args") else node, described
            )
        return out

    def linear(self, terms: Terms, coefficients: np.ndarray) -> Node:
        """X beta of one part of the formula, (columns of the part,); the rows that miss something not seen to."""
        variables = {name: self.schema.variables[name] for name in self.symbols}
        factors = codes_in_force(terms, variables)
        at = int(terms.intercept)
        nodes: list[Node] = [ex.number(coefficients[0])] if terms.intercept else []
        dropped = response_term(terms)
        for j, uses in enumerate(factors.T.tolist()):
            if j == dropped:
                continue
            names = [(terms.names[i], code) for i, code in enumerate(uses) if code]
            members: list[Member] = [(self.symbols[name], variables[name], code) for name, code in names]
            shape = [_width(*member) for member in members]
            size = int(np.prod(shape))
            block = coefficients[at : at + size].reshape(shape, order="F")
            at += size
            if (found := _contracted(members, block)) is not None:
                nodes.append(found)
        return ex.total(nodes)

    def columns(self, terms: Terms) -> list[str]:
        """Names of the variables that some term of a part uses."""
        return [name for i, name in enumerate(terms.names) if terms.factors[i].any() and name in self.symbols]

    def offset(self, terms: Terms, argument: bool) -> Node:
        """The ``offset()`` terms of a part; with `argument` the ``offset=`` argument too.

        Raises
        ------
        DataError
            The argument was an array.
        """
        parts = [numeric(self.symbols[terms.names[i]]) for i in terms.offsets]
        given = self.schema.offset
        if argument and self.schema.offset_lost:
            raise DataError(
                "the fit's offset= was an array, which a database cannot have: fit with offset(column) in the "
                'formula or offset="column"'
            )
        if argument and given is not None:
            parts.append(
                ex.number(given) if isinstance(given, float) else numeric(self.compiler.value(given))
            )
        return ex.total(parts)

    def lost(self, terms: Terms, coefficients: np.ndarray | None = None) -> Node:
        """Whether some variable of a part has no value, or an unseen level.

        With the coefficients of X beta, only of the variables that are not missed there by themselves.
        """
        shown = set() if coefficients is None else self._alone(terms, coefficients)
        return ex.some(_lost(self.symbols[name]) for name in self.columns(terms) if name not in shown)

    def _alone(self, terms: Terms, coefficients: np.ndarray) -> set[str]:
        """The variables that are a term of their own, with a coefficient that is not 0: NULL makes the sum NULL."""
        variables = {name: self.schema.variables[name] for name in self.symbols}
        at, out = int(terms.intercept), set()
        dropped = response_term(terms)
        for j, uses in enumerate(codes_in_force(terms, variables).T.tolist()):
            names = [(terms.names[i], code) for i, code in enumerate(uses) if code and j != dropped]
            size = (
                int(np.prod([_width(self.symbols[n], variables[n], code) for n, code in names]))
                if names
                else 0
            )
            if len(names) == 1 and coefficients[at : at + size].any():
                out.add(names[0][0])
            at += size
        return out

    def unseen(self, terms: Terms) -> list[tuple[str, Node, Node]]:
        """For each factor of a part: its name, whether a row has a level that the fit has not seen, and that level."""
        out = []
        for name in self.columns(terms):
            symbol = self.symbols[name]
            if isinstance(symbol, Category):
                new = ex.both(ex.contrary(symbol.absent), ex.contrary(ex.op("surely", ex.some(symbol.tests))))
                out.append((plain_name(name), new, symbol.label))
        return out


def roots(cov: np.ndarray) -> list[np.ndarray]:
    """Vectors l_j with V = sum of l_j l_j': a quadratic form as a sum of squares, which does not cancel."""
    try:
        return list(scipy.linalg.cholesky(cov, lower=True).T)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(cov)
        return [np.sqrt(v) * vectors[:, j] for j, v in enumerate(values.tolist()) if v > 0]


def squares(nodes: Sequence[Node]) -> Node:
    return ex.total(ex.op("square", node) for node in nodes if node != ex.ZERO)


def _lost(symbol: Category | Numeric | Columns) -> Node:
    if isinstance(symbol, Category):
        return ex.contrary(ex.op("surely", ex.some(symbol.tests)))
    return absent(symbol)


def _width(symbol: Category | Numeric | Columns, variable: Variable, code: int) -> int:
    if isinstance(symbol, Category):
        return contrast_for(variable, code).shape[1]
    return symbol.width if isinstance(symbol, Columns) else 1


def _contracted(members: Sequence[Member], block: np.ndarray) -> Node | None:
    """Sum over the columns of a term, `block` (width of each member ...) their coefficients; None for nothing."""
    if not block.any():
        return None
    if not members:
        return ex.number(float(block))
    order = sorted(range(len(members)), key=lambda k: _rank(members[k][0]))
    first = order[0]
    symbol, variable, code = members[first]
    rest = [member for k, member in enumerate(members) if k != first]
    if isinstance(symbol, Category):
        contrast = contrast_for(variable, code)
        flat = np.moveaxis(block, first, 0).reshape(block.shape[first], -1)
        values = np.stack([contrast @ column for column in flat.T], axis=-1)
        others = [n for k, n in enumerate(block.shape) if k != first]
        cells = values.reshape([len(values), *others])
        results = [_contracted(rest, cell) or ex.ZERO for cell in cells]
        return by_level(symbol, results, ex.NOTHING)
    if isinstance(symbol, Columns) and not rest:
        return symbol.combined(block)
    slices = np.moveaxis(block, first, 0)
    each = symbol.each() if isinstance(symbol, Columns) else [numeric(symbol)]
    parts = []
    for node, part in zip(each, slices, strict=True):
        if (inner := _contracted(rest, part)) is not None:
            parts.append(ex.multiply(inner, node))
    return ex.total(parts)


def _rank(symbol: Category | Numeric | Columns) -> int:
    """Factors outside, then numbers, then matrices, which are shortest as sums."""
    return 0 if isinstance(symbol, Category) else 1 if isinstance(symbol, Numeric) else 2
