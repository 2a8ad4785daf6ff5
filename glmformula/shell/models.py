"""The models that the shell fits, and what its options become among their arguments."""

from __future__ import annotations

import inspect
import json
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from ..errors import DataError, FamilyError, FormulaError
from ..families.family import Family
from ..families.registry import FAMILIES, get_family
from ..formula.reader import read
from ..formula.tree import Call, Literal, Name
from ..models.glm import glm
from ..models.glm_nb import glm_nb
from ..models.glmer import glmer
from ..models.glmer_nb import glmer_nb
from ..models.hurdle import hurdle
from ..models.lm import lm
from ..models.lmer import lmer
from ..models.multinom import multinom
from ..models.polr import polr
from ..models.zero_counts import zeroinfl
from .table import data_of

MODELS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (glm, lm, glm_nb, zeroinfl, hurdle, multinom, polr, lmer, glmer, glmer_nb)
}
OPTIONS = ("family", "weights", "offset", "subset", "na_action")
OUTS = ("save", "report", "what_if")


def fitted(formula: str, data: str, options: Namespace) -> Any:
    """The model of a formula and data.

    Raises
    ------
    DataError
        An option that means nothing for the model.
    """
    function = MODELS[options.model]
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    if "family" in given:
        given["family"] = family(given["family"])
    for pair in options.more:
        name, equals, value = pair.partition("=")
        if not equals:
            raise DataError(f"--with takes NAME=VALUE, such as method=firth; got {pair!r}")
        given[name.replace("-", "_")] = _value(value)
    known = inspect.signature(function).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        for name in given:
            if name not in known:
                own = ", ".join(n for n in known if n not in ("formula", "data"))
                raise DataError(f"{options.model}() has no argument {name}; it has {own}")
    outs = (getattr(options, name, None) for name in OUTS)
    return function(formula, data_of(data, *outs), **given)


def _value(text: str) -> Any:
    """A number, true, false, null or a list as JSON writes them; anything else is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def family(text: str) -> Family | str:
    """A family by its name, or by a call such as ``Gamma(log)`` and ``tweedie(var_power = 1.5)``: read, never run.

    Raises
    ------
    FamilyError
    """
    try:
        node = read(text)
    except FormulaError as error:
        raise FamilyError(f"the family {text!r} cannot be read: {error}") from None
    if isinstance(node, Name):
        return get_family(node.name)
    if not isinstance(node, Call):
        raise FamilyError(f"a family is a name or a call such as Gamma(log); got {text!r}")
    known = {name.replace("_", "."): f for name, f in FAMILIES.items()}
    name = node.function.replace("_", ".")
    if name not in known:
        get_family(node.function)  # the error that names the nearest
    names = node.names or (None,) * len(node.args)
    values = [_argument(arg, text) for arg in node.args]
    positional = [v for v, n in zip(values, names, strict=True) if n is None]
    named = {str(n).replace(".", "_"): v for v, n in zip(values, names, strict=True) if n is not None}
    try:
        return known[name](*positional, **named)
    except TypeError as error:
        raise FamilyError(f"the family {text!r}: {error}") from None


def _argument(node: Any, text: str) -> Any:
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call) and node.function == "-" and len(node.args) == 1:
        return -_argument(node.args[0], text)
    raise FamilyError(f"an argument of a family is a number or a name; got {text!r}")
