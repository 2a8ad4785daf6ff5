"""A formula's variables as expressions of another language: the tree is walked as the evaluator walks it.

What does not depend on the rows, state that the fit has frozen among it, is evaluated by the evaluator itself; a
call that does is looked up in the tables of this room, by the name that the closed table of functions has for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, FormulaError
from ..formula.deparse import deparse
from ..formula.evaluate import Scope, argument, depends_on_rows, find, matched, value_of
from ..formula.functions.registry import RFunction
from ..formula.tree import Call, Name, Node as Tree
from ..frame.schema import Schema, Variable, plain_name
from . import arithmetic, bases, factors, moments, probabilities, special, texts
from .expressions import Column
from .symbols import (
    Category,
    Columns,
    Moment,
    Numeric,
    Symbol,
    Truth,
    Untranslatable,
    Words,
    category,
    is_symbol,
    numeric,
    two_levels,
)

TRANSLATIONS: dict[str, Callable[..., Any]] = {
    **arithmetic.TRANSLATIONS,
    **bases.TRANSLATIONS,
    **factors.TRANSLATIONS,
    **moments.TRANSLATIONS,
    **probabilities.TRANSLATIONS,
    **special.TRANSLATIONS,
    **texts.TRANSLATIONS,
}
"""Of the closed table's functions those that can be written in other languages."""

_ROWS = "a row's value depends on other rows, or on their order"
_ELEMENTS = "it puts values in rows of their own, which a column of the data cannot be"
_ITERATION = (
    "its probabilities and quantiles need special functions or iteration, which databases have not got"
)
REFUSED: dict[str, str] = {
    **dict.fromkeys("cumsum cumprod cummax cummin diff lag rev sort order rank unique".split(), _ROWS),
    **dict.fromkeys(": seq seq.int seq_len seq_along rep rep_len matrix [".split(), _ELEMENTS),
    "signif": "how many digits stand before the point is found by a logarithm, whose last bit decides",
    "ISOdate": "a day made of numbers: make the column a date in the data",
    "ISOdatetime": "a time made of numbers: make the column a time in the data",
    **{
        f"{letter}{name}": _ITERATION
        for letter in "dpq"
        for name in (
            *(
                "norm",
                "lnorm",
                "logis",
                "cauchy",
                "unif",
                "exp",
                "weibull",
                "gamma",
                "chisq",
                "beta",
                "f",
                "t",
            ),
            *("pois", "binom", "nbinom", "geom"),
        )
        if f"{letter}{name}" not in TRANSLATIONS
    },
}
"""Why the others cannot, of calls that depend on the rows (constants are evaluated here)."""


@dataclass(frozen=True)
class Compiler:
    """What a fit has frozen, and a scope of it that has no rows."""

    schema: Schema
    scope: Scope

    @classmethod
    def of(cls, schema: Schema) -> Compiler:
        return cls(schema, Scope(_no_rows, 1, schema.state, True))

    def value(self, node: Tree) -> Any:
        """A symbol, or the evaluator's value of what does not depend on the rows."""
        if not depends_on_rows(node, self.scope):
            with np.errstate(all="ignore"):
                return value_of(node, self.scope)
        if isinstance(node, Name):
            return self.column(node)
        assert isinstance(node, Call)
        function = find(node, self.scope)
        try:
            return self.called(node, function)
        except Untranslatable as error:
            raise Untranslatable(_with_call(str(error), node)) from None

    def called(self, node: Call, function: RFunction) -> Any:
        name = function.name
        if function.user:
            raise Untranslatable("a registered function is Python: make the column in the data")
        if name not in TRANSLATIONS:
            raise Untranslatable(REFUSED.get(name, "it has no counterpart in other languages"))
        values = [
            self.value(arg)
            if not (i and isinstance(arg, Name) and arg.name in function.words)
            else argument(node, function, i, self.scope)
            for i, arg in enumerate(node.args)
        ]
        args, named = matched(node, function, values)
        if function.keeps_state:
            state = self.scope.state.get(deparse(node))
            if state is None:
                raise FormulaError(f"{deparse(node)} has no state: the fit has not learned it")
            args = [state, *args]
        return TRANSLATIONS[name](*args, **named)

    def column(self, node: Name, kind: str | None = None) -> Symbol:
        """A column of the data, as the kind that it had at the fit."""
        name = node.name
        known = kind or self.schema.columns.get(name)
        if known is None:
            raise DataError(
                f"the fit does not know of which type the column '{name}' was (it comes from a file of an earlier "
                "version): fit the model again"
            )
        kind, _, zone = known.partition(" ")
        if kind in ("factor", "ordered"):
            state = self.scope.state.get(deparse(node), {})
            return category(
                Column(name, "text"), state.get("levels", ()), state.get("ordered", kind == "ordered")
            )
        if kind in ("Date", "POSIXct"):
            return Moment(Column(name, "date" if kind == "Date" else "time"), kind, zone)
        made: Mapping[str, Callable[[Any], Symbol]] = {
            "numeric": Numeric,
            "logical": Truth,
            "character": Words,
        }
        types = {"numeric": "number", "logical": "truth", "character": "text"}
        if kind not in made:
            raise Untranslatable(f"the column '{name}' is of the kind {kind}")
        return made[kind](Column(name, types[kind]))

    def variable(self, node: Tree, variable: Variable) -> Category | Numeric | Columns:
        """A variable of the formula in the form in which it makes columns of the design."""
        if isinstance(node, Name):
            value: Any = self.column(node, self.schema.columns.get(node.name) or _kind_of_column(variable))
        else:
            value = self.value(node)
        if not is_symbol(value):
            raise FormulaError(f"variable '{plain_name(variable.name)}' is the same in all rows")
        try:
            if variable.kind == "logical":
                return two_levels(value.node)
            if variable.categorical:
                if isinstance(value, Category) and isinstance(node, Name):
                    value = Words(value.label)
                return factors.coded(value, list(variable.levels), variable.kind == "ordered")
            if isinstance(value, Columns):
                return value
            return Numeric(value.node if isinstance(value, Moment) else numeric(value))
        except Untranslatable as error:
            raise Untranslatable(f"variable '{plain_name(variable.name)}': {error}") from None


def _kind_of_column(variable: Variable) -> str:
    return variable.kind


def _no_rows(name: str) -> Any:
    raise DataError(f"object '{name}' is a column, and there are no rows")


def _with_call(message: str, node: Call) -> str:
    """The message of the innermost call that has none of its own."""
    if message.startswith("cannot be written"):
        return message
    return f"cannot be written: {node.function}() in {deparse(node)}: {message}"
