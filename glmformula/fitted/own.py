"""A verb asked from within another one: of the fit's own class, where that defines another answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])


def own(fit: object, verb: V) -> V:
    """The method of that name of the fit's class, as a function of the fit; the verb where it has none.

    So a table that is made of another verb's, such as the steps of `step`, is that of the model at hand.
    """
    found: V = getattr(type(fit), verb.__name__, verb)
    return found
