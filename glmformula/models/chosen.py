"""What a model that `step` chose has beside the others: the path that led to it."""

from __future__ import annotations

from types import MethodType
from typing import Any

from .face import SINGLE_INDEX, Verb

ANOVA = Verb(SINGLE_INDEX["anova"], "anova")


class AnovaOrPath:
    """The method `anova`; of a model that `step` chose its path, which may be called as the method."""

    def __init__(self, verb: Verb = ANOVA) -> None:
        self.verb = verb

    def __get__(self, fit: Any, owner: type[Any]) -> Any:
        from ..inference.terms.step import StepPath

        function = self.verb.function
        if fit is None:
            return function
        return MethodType(function, fit) if fit.path is None else StepPath(fit.path, fit)
