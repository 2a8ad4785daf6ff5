"""A family as plain data: its registered name and its parameters, never its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from ..errors import FamilyError, nearest
from .family import Family
from .link import LINKS, Link, power
from .registry import FAMILIES, get_family
from .standard import estimated_negative_binomial, negative_binomial, quasi
from .tweedie import tweedie, tweedie_link

Record = dict[str, Any]
Describe = Callable[[Family], Record | None]

PARAMETERS = {
    "negative.binomial": {"theta", "link"},
    "tweedie": {"var_power", "link_power"},
    "quasi": {"link", "variance"},
}
"""What the record of a family holds beside its name; of the others it is the link."""
REGISTERED = "registered"
OTHER_PARAMETERS = {
    "negative.binomial": {"theta", "link", "estimated"},
    "tweedie": {"var_power", "link"},
}
"""The same of families that have another form: theta estimated, a link that is no power."""


def family_record(family: Family) -> Record:
    """Name and parameters of a family, from which `family_of` makes one that is alike in every function.

    Raises
    ------
    FamilyError
        It is no built-in family and none that is registered; or its link is not.
    """
    for describe in _DESCRIPTIONS:
        record = describe(family)
        if record is not None and alike(_made(record), family):
            return record
    if _link_record(family.link) is None:
        raise FamilyError(
            f"the link '{family.link.name}' cannot be written to a file: its functions are code; call "
            f"register_link({family.link.name!r}, link) first, and before load() too"
        )
    raise FamilyError(
        f"the family '{family.name}' cannot be written to a file: its functions are code; call "
        f"register_family({family.name!r}, constructor) first, and before load() too"
    )


def family_of(record: Any) -> Family:
    """The family that a record names.

    Raises
    ------
    FamilyError
        The record is not one of ours, or it names a family or link that is not registered.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("name"), str):
        raise FamilyError("a family is an object with a name")
    name, given = record["name"], set(record) - {"name"}
    if given == {REGISTERED}:
        if name not in FAMILIES:
            raise FamilyError(
                f"the family '{name}' is the user's own and is not registered here: call "
                f"register_family({name!r}, constructor) before load()"
            )
    elif name not in _DESCRIBED:
        raise FamilyError(f"there is no family '{name}'{nearest(name, _DESCRIBED)}")
    elif given not in (PARAMETERS.get(name, {"link"}), OTHER_PARAMETERS.get(name)):
        raise FamilyError(
            f"the family '{name}' has {', '.join(sorted(PARAMETERS.get(name, {'link'})))}; "
            f"found {', '.join(sorted(map(str, given))) or 'nothing'}"
        )
    return _made(record)


def alike(a: Any, b: Any) -> bool:
    """Whether two records, functions or values are the same, closures and partial functions looked into."""
    if a is b:
        return True
    if isinstance(a, CellType) and isinstance(b, CellType):
        return alike(a.cell_contents, b.cell_contents)
    if type(a) is not type(b):
        return False
    if isinstance(a, partial):
        return alike((a.func, a.args, a.keywords), (b.func, b.args, b.keywords))
    if isinstance(a, FunctionType):
        return alike(_function_parts(a), _function_parts(b))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if is_dataclass(a):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)


def _function_parts(function: FunctionType) -> tuple[CodeType, Any, Any, Any]:
    return function.__code__, function.__closure__, function.__defaults__, function.__kwdefaults__


def _made(record: Mapping[str, Any]) -> Family:
    name = record["name"]
    if REGISTERED in record:
        return get_family(name)
    if name == "negative.binomial":
        make = estimated_negative_binomial if record.get("estimated") else negative_binomial
        return make(record["theta"], _link_of(record["link"]))
    if name == "tweedie":
        if "link" in record:
            return tweedie(record["var_power"], link=_link_of(record["link"]))
        return tweedie(record["var_power"], record["link_power"])
    if name == "quasi":
        return quasi(_link_of(record["link"]), record["variance"])
    return FAMILIES[name](_link_of(record["link"]))


def _link_of(record: Any) -> Link:
    if isinstance(record, Mapping) and set(record) == {"power"}:
        return power(record["power"])
    if not isinstance(record, str):
        raise FamilyError('a link is a name or {"power": exponent}')
    if record not in LINKS:
        raise FamilyError(
            f"the link '{record}' is not registered here{nearest(record, LINKS)}; a link of your own: call "
            f"register_link({record!r}, link) before load()"
        )
    return LINKS[record]


def _link_record(link: Link) -> str | dict[str, float] | None:
    for name, known in LINKS.items():
        if alike(known, link):
            return name
    if isinstance(link.linkfun, partial) and link.linkfun.args:
        exponent = link.linkfun.args[0]
        if alike(power(exponent), link):
            return {"power": exponent}
    return None


def _standard(family: Family) -> Record | None:
    link = _link_record(family.link)
    usual = family.name in _DESCRIBED and family.name not in PARAMETERS
    return {"name": family.name, "link": link} if usual and link is not None else None


def _quasi(family: Family) -> Record | None:
    link = _link_record(family.link)
    if family.name != "quasi" or family.variance_name is None or link is None:
        return None
    return {"name": "quasi", "link": link, "variance": family.variance_name}


def _negative_binomial(family: Family) -> Record | None:
    link = _link_record(family.link)
    if link is None or set(family.parameters) != {"theta"}:
        return None
    known = {"name": "negative.binomial", **family.parameters, "link": link}
    return known if family.fixed_dispersion is None else known | {"estimated": True}


def _tweedie(family: Family) -> Record | None:
    if set(family.parameters) != {"var_power"}:
        return None
    known = {"name": "tweedie", **family.parameters}
    exponent = _first_argument(family.link.linkfun)
    for link_power in (0.0, 1.0) if exponent is None else (exponent,):
        if alike(tweedie_link(link_power), family.link):
            return known | {"link_power": link_power}
    link = _link_record(family.link)
    return None if link is None else known | {"link": link}


def _first_argument(function: Any) -> float | None:
    return float(function.args[0]) if isinstance(function, partial) and function.args else None


def _registered(family: Family) -> Record | None:
    for name in FAMILIES.keys() - _DESCRIBED:
        try:
            made = get_family(name)
        except FamilyError:  # its constructor needs arguments
            continue
        if alike(made, family):
            return {"name": name, REGISTERED: True}
    return None


_DESCRIBED = frozenset(FAMILIES)  # at import: the built-in ones
_DESCRIPTIONS: tuple[Describe, ...] = (_standard, _quasi, _negative_binomial, _tweedie, _registered)
