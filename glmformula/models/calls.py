"""The call of a model's function, as R would print it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..families import Family
from ..formula.deparse import deparse
from ..formula.lines import formula_lines
from ..formula.reader import read
from ..formula.tokens import name_text, number_text, string_text


def spoken(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a printed call has, if they were given."""
    names = ("weights", "subset", "offset")
    return {name: arguments[name] for name in names} | {"contrasts": arguments["contrasts"] or None}


def call_text(formula: str, family: Family, arguments: Mapping[str, Any], function: str = "glm") -> str:
    """The call with a family as R would print it, on R's lines; arrays and tables are named, not printed."""
    return calling(function, formula, {"family": _family_text(family), "data": "data"}, arguments)


def call_of(function: str, formula: str, **arguments: Any) -> str:
    """The call without one."""
    return calling(function, formula, {"data": "data"}, arguments)


def calling(function: str, formula: str, first: Mapping[str, str], arguments: Mapping[str, Any]) -> str:
    """The call of a function of a formula: arguments as texts, then those that were given."""
    parts = [
        f"formula = {formula.strip()}",
        *(f"{name} = {text}" for name, text in first.items()),
        *(f"{name} = {_argument(name, value)}" for name, value in arguments.items() if value is not None),
    ]
    return on_lines(f"{function}({', '.join(parts)})")


@lru_cache(maxsize=64)
def on_lines(call: str) -> str:
    """A call on the lines on which R prints it; kept, for one model is often fitted to many tables."""
    return "\n".join(formula_lines(deparse(read(call))))


def _argument(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values()):
        return f"list({', '.join(f'{name_text(str(k))} = {string_text(v)}' for k, v in value.items())})"
    return name


def _family_text(family: Family) -> str:
    """``poisson("log")``, ``negative.binomial(theta = 2, link = "log")``: R's function and what it was given."""
    link = string_text(family.link.name)
    estimated = None if family.free is None else family.free.name
    given = [
        f"{name} = {string_text('ml') if name == estimated else number_text(value)}"
        for name, value in family.parameters.items()
    ]
    if given:
        function = family.name.partition("(")[0].lower().replace(" ", ".")
        return f"{function}({', '.join(given)}, link = {link})"
    variance = "" if family.variance_name is None else f", variance = {string_text(family.variance_name)}"
    return f"{name_text(family.name)}({link}{variance})"
