"""One penalty of a path of penalised fits, as a model that expects a mean of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .face import PredictiveVerbs

if TYPE_CHECKING:
    from ..families import Family
    from ..fitted.training import TrainingData
    from ..formula.terms import Terms
    from ..frame.schema import Schema


@dataclass(frozen=True)
class PenalisedCoefficients:
    """Coefficients by column of the design."""

    coefficients: np.ndarray


@dataclass(frozen=True, eq=False)
class AtPenalty(PredictiveVerbs):
    """A penalised fit at one penalty, made by ``fit.at_penalty(s)``: how well it predicts.

    Attributes
    ----------
    path : Glmnet or CvGlmnet
    s : float or str
        The penalty, or "lambda.min", "lambda.1se": chosen again wherever the path is fitted again.

    Examples
    --------
    >>> from glmformula import datasets, glmnet
    >>> fit = glmnet("left ~ salary + overtime_hours + experience_years", datasets.attrition(), family="binomial")
    >>> round(fit.at_penalty(0.01).roc().auc, 3)
    0.681
    """

    path: Any
    s: Any

    @property
    def coefficients(self) -> Any:
        """Of the columns, at this penalty."""
        return self.path.coef(self.s)

    @property
    def result(self) -> PenalisedCoefficients:
        """The same, as an array."""
        return PenalisedCoefficients(self.coefficients.to_numpy(dtype=float))

    @property
    def terms(self) -> Terms:
        """Those of the path."""
        terms: Terms = self.path.terms
        return terms

    @property
    def schema(self) -> Schema:
        """What is frozen for new data."""
        schema: Schema = self.path.schema
        return schema

    @property
    def family(self) -> Family:
        """That of the path."""
        family: Family = self.path.family
        return family

    @property
    def training(self) -> TrainingData | None:
        """The rows of the path, or None."""
        training: TrainingData | None = self.path.training
        return training

    @property
    def rows(self) -> TrainingData:
        """The rows of the path; DataError where it has none."""
        rows: TrainingData = self.path.rows
        return rows

    @property
    def response_name(self) -> str:
        """The response as R deparses it."""
        name: str = self.path.terms.names[0]
        return name

    @property
    def modelled(self) -> str | None:
        """The level whose probability it is, where the response is a factor or string."""
        level: str | None = self.path.options["modelled"]
        return level

    def refit(self, **changes: Any) -> AtPenalty:
        """The path fitted again, at the penalty of that number or name."""
        return AtPenalty(self.path.refit(**changes), self.s)

    def __repr__(self) -> str:
        return f"{self.path.call} at penalty {self.s}"
