"""What a fit takes from each piece of the rows: variables, weights, offset, subset, evaluated and cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..errors import DataError, FormulaError
from ..formula.deparse import deparse
from ..formula.evaluate import CONSTANTS, Scope, evaluate, variables_used
from ..formula.functions import TABLE, RFunction
from ..formula.parts import Parted, text_of
from ..formula.reader import read
from ..formula.terms import Terms
from ..formula.tree import Name, Node
from ..formula.values import Value
from . import rows as row_tools
from .arguments import condition, lengths_differ, numeric_value
from .columns import Columns, UnknownColumn
from .model_frame import NA_ACTIONS
from .pieces import Piece, PieceColumns
from .schema import Variable
from .variables import all_missing, coded, conform, evaluate_variable, place_of, variables_of

EXTRA = ("weights", "offset", "etastart", "mustart")


@dataclass(frozen=True)
class Recipe:
    """The variables of a fit and what goes with them; picklable, small, no rows.

    Attributes
    ----------
    terms : Terms
    extra : mapping of str to Node or float
        ``weights``, ``offset``, ``etastart``, ``mustart``: those that are given.
    subset : Node or None
    na_action : str
    state : dict
        What calls have learned of all rows, by deparsed text.
    functions : mapping of str to RFunction
        The user's registered functions that are called.
    columns : tuple of str
        All columns that are read.
    texts : mapping of str to str
        ``(weights)``, ``(offset)`` as they were written.
    source : str or None
        The formula's text, to mark the place of an error.
    complete : bool
        No row of the subset misses anything, as the survey has found.
    matrix_offsets : bool
        An offset may have a column for each category.
    kinds : mapping of str to str
        Of the columns, as `Schema.columns`.
    """

    terms: Terms
    extra: Mapping[str, Node | float]
    subset: Node | None
    na_action: str
    state: dict[str, Any] = field(default_factory=dict)
    functions: Mapping[str, RFunction] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    complete: bool = False
    matrix_offsets: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)

    def scope(self, piece: Piece) -> Scope:
        """The piece's rows, seen through the state."""
        functions = {**TABLE, **self.functions} if self.functions else TABLE
        column = PieceColumns(piece)
        return Scope(column, len(piece.frame), self.state, True, True, functions, self.source)

    def nodes(self) -> Iterator[Node]:
        """Every expression that is evaluated."""
        if self.terms.response is not None:
            yield self.terms.response
        yield from (node for _, node, _, _ in variables_of(self.terms))
        yield from (node for node in self.extra.values() if not isinstance(node, float))
        if self.subset is not None:
            yield self.subset


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A piece's values before any row is cut; `chosen` marks the rows of the subset (None: all)."""

    response: Value | None
    response_kind: str
    variables: dict[str, Value]
    kinds: dict[str, str]
    extra: dict[str, np.ndarray]
    chosen: np.ndarray | None

    def cut(self, kept: np.ndarray | None) -> Evaluated:
        """On some rows; None for all."""
        if kept is None:
            return self
        response = None if self.response is None else row_tools.take(self.response, kept)
        variables = {name: row_tools.take(value, kept) for name, value in self.variables.items()}
        extra = {name: value[kept] for name, value in self.extra.items()}
        return Evaluated(response, self.response_kind, variables, self.kinds, extra, None)


def recipe_for(
    formula: str | Terms | Parted,
    terms: Terms,
    columns: Columns,
    arguments: Mapping[str, Any],
    na_action: str,
) -> Recipe:
    """The recipe of a call of ``glm`` on data that come in blocks.

    Parameters
    ----------
    columns : Columns
        Of a DataFrame without rows.
    arguments : mapping
        ``weights``, ``offset``, ``etastart``, ``mustart``, ``subset``, as the user gave them.

    Raises
    ------
    DataError
        An array where an expression is needed; an unknown column; a column of an unusable type.
    """
    if not isinstance(na_action, str) or na_action not in NA_ACTIONS:
        raise DataError(f"na_action must be one of {', '.join(map(repr, NA_ACTIONS))}, not {na_action!r}")
    extra: dict[str, Node | float] = {}
    for what in EXTRA:
        given = arguments.get(what)
        if what == "offset" and isinstance(given, int | float | np.number) and not isinstance(given, bool):
            extra[what] = float(given)
        elif given is not None:
            extra[what] = _expression(given, what, columns)
    subset = arguments.get("subset")
    recipe = Recipe(
        terms,
        extra,
        None if subset is None else _expression(subset, "subset", columns),
        na_action,
        texts={f"({k})": v for k in ("weights", "offset") if isinstance(v := arguments.get(k), str)},
        source=text_of(formula),
    )
    used: dict[str, None] = {}
    for node in recipe.nodes():
        for name in sorted(variables_used(node)):
            if _is_column(name, node, columns, recipe.source):
                used[name] = None
                if name in CONSTANTS or name in TABLE:
                    recipe.state[deparse(Name(name))] = {"column": True}
    return replace(recipe, columns=tuple(used), kinds=columns.kinds())


def evaluated(recipe: Recipe, piece: Piece, known: Mapping[str, Variable] | None = None) -> Evaluated:
    """All values of a piece; strings and logicals are factors, with the levels that are `known`.

    Raises
    ------
    DataError, FormulaError
        As `model_frame`.
    """
    scope, terms, n = recipe.scope(piece), recipe.terms, len(piece.frame)
    response, kind = None, ""
    if terms.response is not None:
        response, kind = coded(evaluate_variable(terms.response, terms.names[0], scope))
    variables, kinds = {}, {}
    for _, node, name, is_offset in variables_of(terms):
        value = evaluate_variable(node, name, scope, is_offset, recipe.matrix_offsets)
        if known is None:
            variables[name], kinds[name] = coded(value)
        else:
            variables[name] = conform(value, known[name], "na")
    extra = {what: _numbers(node, what, scope) for what, node in recipe.extra.items()}
    chosen = None
    if recipe.subset is not None:
        value = evaluate(recipe.subset, scope)
        chosen = np.zeros(n, dtype=bool) if all_missing(value) else condition(value, n)
        if chosen is None:
            raise DataError(
                "'subset' must be logical: of data that arrive in blocks of rows it is a condition, such as "
                '"age > 18"; row numbers and labels need the data in memory'
            )
        if len(chosen) != n:
            raise lengths_differ("subset", len(chosen), n)
    return Evaluated(response, kind, variables, kinds, extra, chosen)


def named_values(recipe: Recipe, values: Evaluated) -> list[tuple[str, Value]]:
    """All that is cut together, by the names R gives them."""
    named: list[tuple[str, Value]] = []
    if values.response is not None:
        named.append((recipe.terms.names[0], values.response))
    named.extend(values.variables.items())
    named.extend((f"({what})", value) for what, value in values.extra.items())
    return named


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows of a piece are in use.

    Attributes
    ----------
    kept : ndarray of bool or None
        None: all.
    masks : dict of str to ndarray of bool
        The rows that are missing, of the values that have some.
    suspects : dict of str to Value
        Values with a number that is not finite; with ``na.pass`` all.
    """

    kept: np.ndarray | None
    masks: dict[str, np.ndarray]
    suspects: dict[str, Value]


def cut(recipe: Recipe, values: Evaluated) -> Cut:
    """The rows of the subset that miss nothing."""
    if recipe.complete:
        return Cut(values.chosen, {}, {})
    named = named_values(recipe, values)
    flags = row_tools.suspicious([value for _, value in named])
    if recipe.na_action == "na.pass":
        return Cut(values.chosen, {}, dict(named))
    kept, masks = values.chosen, {}
    for (name, value), flag in zip(named, flags, strict=True):
        mask = row_tools.missing(value, flag)
        if mask is not None:
            masks[name] = mask
            kept = ~mask if kept is None else kept & ~mask
    suspects = {name: value for (name, value), flag in zip(named, flags, strict=True) if flag}
    return Cut(None if kept is None or kept.all() else kept, masks, suspects)


def _numbers(node: Node | float, what: str, scope: Scope) -> np.ndarray:
    if isinstance(node, float):
        return np.full(scope.nrows, node)
    value = numeric_value(evaluate(node, scope), what)
    if value.ndim == 0 and what == "offset":
        return np.full(scope.nrows, float(value))
    if value.shape != (scope.nrows,):
        raise lengths_differ(what, value.size, scope.nrows)
    return value


def _expression(given: Any, what: str, columns: Columns) -> Node:
    if not isinstance(given, str):
        raise DataError(
            f"'{what}' must be a column name or an R expression in a str where the data arrive in blocks of "
            f"rows, not {type(given).__name__}: an array has no place there, make it a column of the data"
        )
    return Name(given) if given in columns.data.columns else read(given)


def _is_column(name: str, node: Node, columns: Columns, source: str | None) -> bool:
    """Whether a name is a column; an error for a name that is nothing."""
    try:
        columns(name)
    except UnknownColumn as error:
        if name in CONSTANTS or name in TABLE:
            return False
        raise FormulaError(str(error), source, *place_of(node, name)) from None
    return True
