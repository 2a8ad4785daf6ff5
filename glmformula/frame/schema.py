"""What a fit remembers of its variables: types, levels, contrasts and state, and no row of the data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..formula.terms import Terms
from ..formula.tree import Name, Node
from ..formula.values import Factor, Logical, Matrix, Text, Time, Value

_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*")
_INTERVAL = re.compile(r"[\[(][^,]+, [^,]+[\])]")
CATEGORICAL = frozenset({"factor", "ordered", "character", "logical"})


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a formula as the fit saw it.

    Attributes
    ----------
    name : str
        R's deparsed text, the key of `Terms.names`.
    kind : str
        R's ``.MFclass``: "numeric", "logical", "character", "factor", "ordered", "nmatrix.<columns>",
        "Date", "POSIXct" or "difftime" (R says "other" to the last three).
    levels : tuple of str
        Of a categorical variable, in coding order; unused levels are dropped already.
    columns : tuple of str
        Of a matrix variable: what R appends to `name`.
    contrast : ndarray of float, (levels, m), or None
        The contrast matrix in force, set when the design is built; None for the treatment contrasts of very many
        levels.
    contrast_names : tuple of str
        What R appends to `name` for the m columns.
    contrast_label : object
        What R keeps in ``fit$contrasts``: the function's name, or the matrix that was given.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    contrast: np.ndarray | None = None
    contrast_names: tuple[str, ...] = ()
    contrast_label: Any = None

    @property
    def categorical(self) -> bool:
        return self.kind in CATEGORICAL

    @property
    def numbers_as_text(self) -> bool:
        """Whether it is a column of text that holds numbers only."""
        return self.kind == "character" and all(map(_NUMBER.fullmatch, self.levels))

    @property
    def intervals(self) -> bool:
        """Whether its levels are intervals as pandas writes them."""
        return self.kind == "ordered" and all(map(_INTERVAL.fullmatch, self.levels))


@dataclass(frozen=True)
class Schema:
    """Everything that is needed to build the same columns on other rows; plain data, small when pickled.

    Attributes
    ----------
    terms : Terms
    variables : mapping of str to Variable
        Of the right side, by deparsed text (``offset()`` calls included, the response not).
    state : dict
        The evaluator's frozen state (poly's coefficients, knots, breaks, means ...).
    offset : Node, float or None
        The ``offset=`` argument where it can be evaluated again: an expression or a constant.
    offset_lost : bool
        True when ``offset=`` was an array, which new data cannot have.
    spec : formulaic.ModelSpec or None
        The design's frozen state, once there is a design: the same variables and state, and the column names.
    columns : mapping of str to str
        Of the data's columns that the fit has read: the kind, as `Variable.kind`.
    """

    terms: Terms
    variables: Mapping[str, Variable]
    state: dict[Any, Any] = field(default_factory=dict)
    offset: Node | float | None = None
    offset_lost: bool = False
    spec: Any = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def xlevels(self) -> dict[str, tuple[str, ...]]:
        """R's ``fit$xlevels``: levels of the factors and strings on the right side."""
        return {
            plain_name(v.name): v.levels
            for v in self.variables.values()
            if v.kind in ("factor", "ordered", "character")
        }

    @property
    def contrasts(self) -> dict[str, Any]:
        """R's ``fit$contrasts``: contrast function or matrix of each categorical variable."""
        return {plain_name(v.name): v.contrast_label for v in self.variables.values() if v.categorical}


def plain_name(text: str) -> str:
    """A variable's name without the backticks that deparsing puts around an odd one."""
    inner = text[1:-1]
    return inner if len(text) > 2 and text[0] == text[-1] == "`" and "`" not in inner else text


def named_in(variable: str, names: Collection[str]) -> bool:
    """Whether a variable is one of `names`, as a user writes them: with its backticks or without."""
    return variable in names or plain_name(variable) in names


def kind_of(value: Value) -> str:
    """R's ``.MFclass`` of a value."""
    if isinstance(value, Factor):
        return "ordered" if value.ordered else "factor"
    if isinstance(value, Matrix):
        return f"nmatrix.{value.values.shape[1]}"
    if isinstance(value, Time):
        return value.kind
    if isinstance(value, Logical | bool):
        return "logical"
    return "character" if isinstance(value, Text | str) else "numeric"


def right_side(terms: Terms) -> tuple[int, ...]:
    """Positions in ``terms.variables`` of what the right side evaluates, in order."""
    return tuple(range(0 if terms.response is None else 1, len(terms.variables)))


def data_name(node: Node) -> str | None:
    """The column a variable is, when it is just a name."""
    return node.name if isinstance(node, Name) else None
