"""What a model that `step` chose has beside the others: the path that led to it."""

from __future__ import annotations

from types import MethodType
from typing import Any


class AnovaOrPath:
    """The method `anova`; of a model that `step` chose its path, which may be called as the method."""

    def __get__(self, fit: Any, owner: type[Any]) -> Any:
        from ..inference.anova import anova
        from ..inference.step import StepPath

        if fit is None:
            return anova
        return MethodType(anova, fit) if fit.path is None else StepPath(fit.path, fit)
