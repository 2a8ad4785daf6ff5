"""Rows of a fit or of new data as they are, and as they would be with some variables moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ...design.build import design_of
from ...design.pieces import Design
from ...errors import DataError
from ...formula.algebra import variables_used
from ...formula.evaluate import Scope, evaluate
from ...formula.functions.strings import objects
from ...formula.terms import Terms
from ...formula.tree import Name, Node
from ...formula.values import Factor, Logical, Matrix, Text, Time, Value
from ...frame.arguments import numeric_value
from ...frame.columns import Columns
from ...frame.model_frame import total_offset
from ...frame.newdata import NewFrame
from ...frame.rows import take
from ...frame.schema import Schema, Variable
from ...frame.variables import conform, evaluate_variable, variables_of
from .columns import Moved

Changes = Mapping[str, Value]
"""Columns of the data by name, and their new values (n,)."""


@dataclass(frozen=True)
class Scene:
    """Some rows with their variables evaluated.

    Attributes
    ----------
    schema : Schema
    data : DataFrame (n rows)
        The columns of the data.
    variables : mapping of str to Value
        Of the right side, by deparsed text.
    offset : ndarray or None
        All of it, the ``offset=`` argument too.
    design : Design
    weights : ndarray of float64 (n,) or None
        Prior weights, where the rows are a fit's own.
    missing : ndarray of bool (n,) or None
        Rows with a missing variable.
    """

    schema: Schema
    data: pd.DataFrame
    variables: Mapping[str, Value]
    offset: np.ndarray | None
    design: Design
    weights: np.ndarray | None = None
    missing: np.ndarray | None = None

    @property
    def nrows(self) -> int:
        return len(self.data)

    @cached_property
    def columns(self) -> Columns:
        """The columns of the data as R's vectors."""
        return Columns(self.data)

    @cached_property
    def nodes(self) -> list[tuple[Node, str, bool]]:
        """(expression, text, is an offset) of the right side's variables."""
        return [(node, name, off) for _, node, name, off in variables_of(self.schema.terms)]

    def rows(self, which: slice | np.ndarray) -> Scene:
        """Some of the rows."""
        part = {name: _taken(value, which) for name, value in self.variables.items()}
        return replace(
            self,
            data=self.data.iloc[which],
            variables=part,
            offset=None if self.offset is None else self.offset[which],
            design=self.design.rows(which),
            weights=None if self.weights is None else self.weights[which],
            missing=None if self.missing is None else self.missing[which],
        )

    def present(self) -> Scene:
        """The rows that miss nothing."""
        if self.missing is None or not self.missing.any():
            return replace(self, missing=None)
        return replace(self.rows(np.flatnonzero(~self.missing)), missing=None)

    def moved(self, changes: Changes) -> Moved:
        """The rows with other values of some columns."""
        variables, touched = self._variables(changes)
        terms = self.terms_with(touched)
        offset = self._offset(variables, changes)
        design = self._design(variables, offset).select_terms(terms)
        return Moved(design, self._places(terms), offset)

    def _variables(self, changes: Changes) -> tuple[dict[str, Value], list[str]]:
        """The variables with other values of some columns, and which have changed."""
        scope = self._scope(changes)
        out, touched = dict(self.variables), []
        for node, name, off in self.nodes:
            if not changes.keys() & variables_used(node):
                continue
            if isinstance(node, Name) and not off:
                value: Value = changes[node.name]
            else:
                value = evaluate_variable(node, name, scope, off)
            out[name] = _conformed(value, self.schema.variables[name])
            touched.append(name)
        return out, touched

    def numbers(self, node: Node, name: str, off: bool, changes: Changes) -> np.ndarray | None:
        """A variable as numbers (n,) or (n, q), with other values of some columns; None where it is categorical."""
        value = evaluate_variable(node, name, self._scope(changes), off)
        if isinstance(value, Matrix):
            return value.values
        if isinstance(value, np.ndarray):
            return np.asarray(value, dtype=np.float64)
        return value.values if isinstance(value, Time) else None

    def replaced(self, name: str, values: np.ndarray) -> tuple[Design, np.ndarray]:
        """The columns with a variable, these numbers in its place, and where they are in the design."""
        old = self.variables[name]
        value: Value = replace(old, values=values) if isinstance(old, Matrix) else values
        terms = self.terms_with([name])
        design = self._design({**self.variables, name: value}, self.offset)
        return design.select_terms(terms), self._places(terms)

    def terms_with(self, names: list[str]) -> frozenset[int]:
        """The terms that have one of these variables, numbered as `assign`."""
        return frozenset(term for name in names for term in terms_with(self.schema.terms, name))

    def _places(self, terms: frozenset[int]) -> np.ndarray:
        return np.flatnonzero(np.isin(self.design.assign, list(terms)))

    def argument_offset(self, changes: Changes) -> np.ndarray | None:
        """The ``offset=`` argument, where it is an expression, with other values of some columns."""
        node = self.schema.offset
        if node is None or isinstance(node, float):
            return None
        value = numeric_value(evaluate(node, self._scope(changes)), "offset")
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (self.nrows,))

    def _offset(self, variables: Mapping[str, Value], changes: Changes) -> np.ndarray | None:
        """The offset of moved rows: that of the rows as they are, and what has changed of its parts."""
        if self.offset is None:
            return None
        terms, node = self.schema.terms, self.schema.offset
        out = self.offset
        if any(off and changes.keys() & variables_used(n) for n, _, off in self.nodes):
            before = total_offset(terms, self.variables, None)
            after = total_offset(terms, variables, None)
            assert before is not None
            assert after is not None
            out = out + (after - before)
        if node is not None and not isinstance(node, float) and changes.keys() & variables_used(node):
            after, before = self.argument_offset(changes), self.argument_offset({})
            assert before is not None
            assert after is not None
            change = after - before
            if out.ndim == 1:
                return out + change
            out = out.copy()
            out[:, 0] += change
        return out

    def _scope(self, changes: Changes) -> Scope:
        return Scope(_Replaced(self.columns, changes), self.nrows, self.schema.state, True)

    def _design(self, variables: Mapping[str, Value], offset: np.ndarray | None) -> Design:
        nothing = np.zeros(self.nrows, dtype=bool)
        index = pd.RangeIndex(self.nrows)
        frame = NewFrame(self.schema.terms, variables, offset, index, nothing)
        return design_of(self.schema.terms, self.schema.spec, frame)


@dataclass
class _Replaced:
    """The columns of the data, some of them with other values."""

    columns: Columns
    changes: Changes
    unknown: str | None = field(default=None)

    def __call__(self, name: str) -> Value:
        if name not in self.changes:
            return self.columns(name)
        value = self.changes[name]
        if isinstance(value, Factor) and isinstance(self.columns(name), Text):
            return Text(objects([*value.levels, None])[np.asarray(value.codes)])
        return value


def _conformed(value: Value, variable: Variable) -> Value:
    """In the form of the fit; one level for all rows is looked up once."""
    if not isinstance(value, Factor) or len(value.levels) > 1 or variable.kind == "logical":
        return conform(value, variable)
    first = conform(replace(value, codes=value.codes[:1]), variable)
    assert isinstance(first, Factor)
    return replace(
        first, codes=np.broadcast_to(first.codes, len(value.codes)) if len(value.codes) else first.codes
    )


def _taken(value: Value, which: slice | np.ndarray) -> Value:
    return replace(value, values=value.values[which]) if isinstance(value, Time) else take(value, which)


def terms_with(terms: Terms, name: str) -> list[int]:
    """The numbers that `assign` gives to the terms with a variable."""
    found: list[int] = []
    shift = 0
    for part in terms.parts or (terms,):
        if name in part.names and len(part.labels):
            uses = np.flatnonzero(part.factors[part.names.index(name)])
            found += (uses + 1 + shift).tolist()
        shift += len(part.labels) + 1
    return found


def constant(value: object, like: Value, n: int) -> Value:
    """One value for n rows, in the kind of a column of the data.

    Raises
    ------
    DataError
        Something else than the column holds.
    """
    if isinstance(like, Factor | Text):
        ordered = isinstance(like, Factor) and like.ordered
        return Factor(np.broadcast_to(np.int8(0), n), (_text(value),), ordered)
    if isinstance(like, Logical):
        if not isinstance(value, bool | np.bool_) and value not in (0, 1):
            raise DataError(f"expected True or False; got {value!r}")
        return Logical(np.full(n, bool(value)))
    if isinstance(like, Time):
        from ...formula.functions.convert import column_value

        moment = column_value(pd.Series([value]))
        if not isinstance(moment, Time):
            raise DataError(f"expected a date or time such as pandas.Timestamp('2024-01-31'); got {value!r}")
        return replace(moment, values=np.full(n, moment.values[0]))
    if isinstance(value, str) or not np.isscalar(value):
        raise DataError(f"expected a number; got {value!r}")
    return np.full(n, float(value))  # type: ignore[arg-type]


def _text(value: object) -> str:
    """A level as text: 4.0 is the level 4."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
