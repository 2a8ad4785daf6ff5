"""The models of table.R fitted here, each once."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

import glmformula as gf
from glmformula.errors import GLMFormulaWarning

from .load import load, models

FAMILIES = {"inverse.gaussian": "inverse_gaussian", "negative.binomial": "negative_binomial"}


def arguments(id_: str) -> dict[str, Any]:
    """The call of table.R in Python."""
    given = dict(models()[id_]["parts"])
    given.pop("fun")
    out: dict[str, Any] = {"formula": given.pop("formula"), "data": load(given.pop("data"))}
    if "family" in given:
        out["family"] = family(given.pop("family"))
    if "contrasts" in given:
        out["contrasts"] = dict(re.findall(r'(\w+) = "([\w.]+)"', given.pop("contrasts")))
    return out | given


def family(text: str) -> Any:
    """``binomial("probit")`` and ``negative.binomial(2)`` of R."""
    name, _, inside = text.partition("(")
    inside = inside.rstrip(")")
    make = getattr(gf, FAMILIES.get(name, name))
    if not inside:
        return make()
    return make(link=inside.strip('"')) if inside.startswith('"') else make(float(inside))


@cache
def fitted(id_: str) -> Any:
    """The model; what it warns of is not said (`singular` of the reference tells)."""
    function = getattr(gf, models()[id_]["parts"]["fun"].replace(".", "_"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GLMFormulaWarning)
        return function(**arguments(id_))
