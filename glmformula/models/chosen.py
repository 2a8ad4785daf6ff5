"""What a model that `step` chose has beside the others: the path that led to it."""

from __future__ import annotations

from types import MethodType
from typing import Any

from .face import SINGLE_INDEX, Verb

ANOVA = Verb(SINGLE_INDEX["anova"], "anova")


class AnovaOrPath:
    """The method `anova`; of a model that `step` chose its path, which may be called as the method."""

    def __get__(self, fit: Any, owner: type[Any]) -> Any:
        from ..inference.step import StepPath

        if fit is None:
            return ANOVA.function
        return MethodType(ANOVA.function, fit) if fit.path is None else StepPath(fit.path, fit)
