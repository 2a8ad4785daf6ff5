"""A formula's variables: evaluated in data, described for the schema, made to fit the schema on new data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ..errors import DataError, DataWarning, FormulaError, give_warning
from ..formula.algebra import response_term
from ..formula.deparse import deparse
from ..formula.evaluate import Scope, evaluate
from ..formula.functions.convert import as_factor
from ..formula.terms import Terms
from ..formula.tree import Call, Name, Node
from ..formula.values import Factor, Logical, Matrix, Text, Time, Value
from .arguments import numeric_value
from .columns import UnknownColumn
from .rows import length
from .schema import Variable, kind_of, plain_name

LEVELS_SHOWN = 6
FIRST_ROWS = 4096
AS_TEXT = " (the levels are numbers read as text: for one slope make the column numeric, pandas.to_numeric)"


def evaluate_variable(
    node: Node, name: str, scope: Scope, offset: bool = False, matrix: bool = False
) -> Value:
    """One variable on all rows; ``offset(e)`` gives e as float64, where `matrix` says so also several columns.

    Raises
    ------
    DataError
        "variable lengths differ" when the value has not one element a row.
    FormulaError
        An unknown name, with its place where the scope knows the formula's text.
    """
    if offset and isinstance(node, Call):
        node = node.args[0]
    try:
        value = evaluate(node, scope)
    except UnknownColumn as error:
        if scope.source is None:
            raise
        raise FormulaError(
            str(error), scope.source, *place_of(node, getattr(scope.column, "unknown", None))
        ) from None
    found = length(value)
    if found != scope.nrows:
        given = "a single value" if found is None else f"{found} values"
        raise DataError(
            f"variable lengths differ (found for '{plain_name(name)}'): {given} "
            f"for {scope.nrows} rows of data"
        )
    if offset and matrix and isinstance(value, Matrix) and value.values.shape[1] > 1:
        return value
    return numeric_value(value, name) if offset else value


def coded(value: Value) -> tuple[Value, str]:
    """A value with strings and logicals as factors, times as numbers, and R's name for what it was."""
    kind = kind_of(value)
    if isinstance(value, Text):
        return as_factor(value), kind
    if isinstance(value, Logical):
        codes = value.values.astype(np.int8)
        if value.missing is not None:
            codes[value.missing] = -1
        return Factor(codes, ("FALSE", "TRUE")), kind
    return (value.values if isinstance(value, Time) else value), kind


def described(name: str, value: Value, kind: str) -> tuple[Value, Variable]:
    """A coded value of the rows in use with its description; unused levels go (a logical keeps both)."""
    if isinstance(value, Factor):
        value = value if kind == "logical" else drop_unused(value, name)
        return value, Variable(name, kind, levels=value.levels)
    return value, Variable(name, kind, columns=value.names if isinstance(value, Matrix) else ())


def drop_unused(value: Factor, name: str) -> Factor:
    """Without the levels that no row has.

    Warns
    -----
    DataWarning
        R's "contrasts dropped from factor ...": contrasts set by ``C()`` go with the levels.
    """
    codes = value.codes
    seen = np.zeros(len(value.levels) + 1, dtype=bool)
    for rows in slice(FIRST_ROWS), slice(FIRST_ROWS, None):  # mostly the first rows have them all
        seen[codes[rows]] = True  # -1 marks the place after the last
        if seen[:-1].all():
            return value
    keep = np.flatnonzero(seen[:-1])
    table = np.full(len(value.levels) + 1, -1, dtype=codes.dtype)
    table[keep] = np.arange(len(keep))
    if value.contrasts is not None:
        dropped = ", ".join(level for k, level in enumerate(value.levels) if k not in set(keep.tolist()))
        give_warning(
            f"contrasts dropped from factor {plain_name(name)} due to missing levels: no row has {dropped}",
            DataWarning,
        )
    return Factor(table[codes], tuple(value.levels[k] for k in keep), value.ordered)


def conform(value: Value, variable: Variable, new_levels: str = "error") -> Value:
    """A value from new data in the form of the fit: the same type, a factor's codes into the fit's levels.

    Parameters
    ----------
    new_levels : {"error", "na"}
        What a level not seen at the fit becomes.

    Raises
    ------
    DataError
        R's "variable 'x' was fitted with type ..." and "factor f has new levels ...".
    """
    kind = kind_of(value)
    if not _same_type(kind, variable.kind):
        if all_missing(value):
            return _nothing(variable, length(value) or 0)
        raise DataError(
            f"variable '{plain_name(variable.name)}' was fitted with type \"{variable.kind}\" "
            f'but type "{kind}" was supplied'
            + (f" (levels of the fit: {listed(variable.levels)})" if variable.levels else "")
        )
    value, _ = coded(value)
    if not isinstance(value, Factor):
        return value
    return into_levels(value, variable, new_levels)


def variables_of(terms: Terms) -> list[tuple[int, Node, str, bool]]:
    """(position, node, name, is an offset) of the right side's variables.

    The response is one of them when it stands in an interaction there.
    """
    first = 0
    if terms.response is not None:
        alone = response_term(terms)
        first = int(not any(use and j != alone for j, use in enumerate(terms.factors[0].tolist())))
    places = range(first, len(terms.variables))
    return [(i, terms.variables[i], terms.names[i], i in terms.offsets) for i in places]


def response_name(terms: Terms) -> str | None:
    """The left side as R deparses it."""
    return None if terms.response is None else deparse(terms.response)


def listed(levels: tuple[str, ...]) -> str:
    """The first few levels, quoted."""
    shown = ", ".join(f"'{level}'" for level in levels[:LEVELS_SHOWN])
    return f"{shown}, ... ({len(levels)} in all)" if len(levels) > LEVELS_SHOWN else shown


def place_of(node: Node, name: str | None) -> tuple[int, int] | tuple[None, None]:
    """Where a name stands in the formula's text."""
    if isinstance(node, Name) and node.name == name and node.stop:
        return node.start, node.stop
    for arg in node.args if isinstance(node, Call) else ():
        found = place_of(arg, name)
        if found[0] is not None:
            return found
    return None, None


def _same_type(new: str, fitted: str) -> bool:
    """R's .MFclass check: strings and factors stand for each other, an ordered factor for a plain one."""
    texts = ("factor", "ordered", "character")
    return new == fitted or (new in texts and fitted in texts)


def into_levels(value: Factor, variable: Variable, new_levels: str) -> Factor:
    """Codes into the levels of the fit."""
    if value.levels == variable.levels:
        return replace(value, contrasts=None)
    place = {level: k for k, level in enumerate(variable.levels)}
    table = np.array([place.get(level, -1) for level in value.levels] + [-1], dtype=np.intp)
    codes = table[value.codes]
    if new_levels == "error":
        unseen = np.unique(value.codes[(codes < 0) & (value.codes >= 0)])
        if unseen.size:
            names = tuple(value.levels[k] for k in unseen)
            row = int(np.flatnonzero(value.codes == unseen[0])[0])
            plural = "s" if len(names) > 1 else ""
            raise DataError(
                f"factor {plain_name(variable.name)} has new level{plural} {', '.join(names[:LEVELS_SHOWN])} "
                f"(first at position {row}); the fit has {listed(variable.levels)}; "
                'new_levels="na" makes them missing' + (AS_TEXT if variable.numbers_as_text else "")
            )
    return Factor(codes, variable.levels, value.ordered)


def all_missing(value: Value) -> bool:
    """Whether no row has a value, so that it could be of any type."""
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, Logical):
        return value.missing is not None and bool(value.missing.all())
    if isinstance(value, Text):
        return all(v is None for v in value.values)
    if isinstance(value, Time):
        return bool(np.isnan(value.values).all())
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return bool(np.isnan(value).all())
    return isinstance(value, Factor) and bool((value.codes < 0).all())


def _nothing(variable: Variable, nrows: int) -> Value:
    """A column of missing values of the fit's type."""
    if variable.categorical:
        return Factor(np.full(nrows, -1, dtype=np.int8), variable.levels)
    if variable.kind.startswith("nmatrix"):
        return Matrix(np.full((nrows, len(variable.columns)), np.nan), variable.columns)
    return np.full(nrows, np.nan)
