"""What `lmer` and `glmer` share: from the call to a fitted model of fixed and random effects."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..design.contrast import kept as own_contrasts
from ..engine.mixed.checks import single_level
from ..engine.mixed.result import MixedFit
from ..engine.mixed.structure import Structure, structure_of
from ..errors import DataError, FormulaError
from ..families import Family
from ..fitted.loglik import LogLik
from ..fitted.mixed import RandomEffects, fixed_terms, part_schema, random_effects
from ..fitted.protocols import LinearPredictor, shown
from ..fitted.rows import same_table, training_rows
from ..fitted.training import TrainingData, held
from ..formula.bars import Barred, mixed_formula
from ..formula.terms import Terms
from ..frame.schema import Schema
from ..sources.mapped import select_terms
from .face import MixedVerbs
from .mixed_saved import read_fields, saved_view

if TYPE_CHECKING:
    from ..sources.base import Source

UNUSED = {"etastart": None, "mustart": None}


@dataclass(frozen=True, eq=False, repr=False)
class MixedModel(MixedVerbs):
    """A fitted model with fixed and random effects.

    Attributes
    ----------
    formula, call : str
    terms : Terms
        Of the fixed effects.
    family : Family
    column_names : tuple of str
        Of the fixed effects, aliased ones too.
    assign : ndarray of int
        Fixed column to term, 0 the intercept.
    random : RandomEffects
    result : MixedFit
    joint_schema : Schema
        Of fixed and random effects.
    n_omitted : int
        Rows left out for missing values.
    training : TrainingData or None
        The rows; None after ``strip_data()``.
    """

    formula: str
    call: str
    terms: Terms
    family: Family
    column_names: tuple[str, ...]
    assign: np.ndarray
    random: RandomEffects
    result: MixedFit
    joint_schema: Schema
    n_omitted: int
    training: TrainingData | None
    said: Mapping[str, str] = field(default_factory=dict)  # arguments of the call that a print shows
    kept_quantiles: tuple[float, ...] | None = None
    kept_means: np.ndarray | None = None  # of the fixed columns, once there are no rows
    kept_level: str | None = None  # that is modelled, likewise

    # -- numbers of the whole fit ------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> pd.Series:
        """Fixed effects, link scale; NaN where aliased. (R's ``coef`` of such a model is the method `coef`.)"""
        return pd.Series(self.result.coefficients, index=list(self.column_names))

    @property
    def fixef(self) -> pd.Series:
        """Fixed effects that have an estimate, lme4's ``fixef``."""
        return self.coefficients.dropna()

    @cached_property
    def theta(self) -> pd.Series:
        """The relative Cholesky factors of the random effects' covariances, lme4's ``getME(fit, "theta")``."""
        return pd.Series(self.result.theta, index=list(self.random.theta_names))

    @property
    def sigma(self) -> float:
        """Residual standard deviation; 1 where the family has no scale."""
        return self.result.sigma

    @property
    def structure(self) -> Structure:
        """The random-effects terms in lme4's order."""
        return self.random.structure

    @property
    def aliased(self) -> np.ndarray:
        """bool (p,): the coefficient is not defined because of singularities."""
        return self.result.aliased

    @property
    def rank(self) -> int:
        """Fixed effects that are not aliased."""
        return int((~self.aliased).sum())

    @property
    def nobs(self) -> int:
        """Rows of the fit."""
        return self.result.nobs

    @property
    def n_parameters(self) -> int:
        """Fixed effects, theta, and what the family has beside: sigma, or the theta of a negative binomial."""
        return self.rank + self.structure.n_theta + int(self.family.fixed_dispersion is None)

    @property
    def has_scale(self) -> bool:
        """Whether a residual variance is estimated."""
        return self.family.likelihood_has_dispersion

    @property
    def loglik(self) -> LogLik:
        """The log-likelihood (of a REML fit the restricted one), which knows its parameters and rows."""
        return LogLik(-self.result.deviance / 2, df=self.n_parameters, nobs=self.nobs)

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 parameters."""
        return self.result.deviance + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        """-2 log-likelihood + log(rows) parameters."""
        return self.result.deviance + math.log(self.nobs) * self.n_parameters

    step_aic = aic

    @property
    def deviance(self) -> float:
        """What lme4's ``deviance`` gives."""
        raise NotImplementedError

    @property
    def criterion(self) -> str:
        """What the estimates make as large as can be: "ML" or "REML"."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What was fitted and how, as lme4 says it."""
        raise NotImplementedError

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        raise NotImplementedError

    @property
    def df_residual(self) -> int:
        """Rows minus parameters, as lme4."""
        return self.nobs - self.n_parameters

    @property
    def ngrps(self) -> pd.Series:
        """Levels of each grouping factor, in lme4's order."""
        order = self.random.shown
        groupings = self.structure.groupings
        return pd.Series([groupings[g].count for g in order], index=[groupings[g].name for g in order])

    @property
    def is_singular(self) -> bool:
        """Whether a standard deviation is nothing or a correlation is 1, lme4's ``isSingular``."""
        return self.isSingular()

    @property
    def converged(self) -> bool:
        """Whether a minimum of the deviance was found."""
        return self.result.converged

    @property
    def test_df(self) -> float:
        """Infinite: tests are normal and chi-squared ones."""
        return math.inf

    @property
    def default_interval(self) -> str:
        """The intervals that `confint` gives if nobody says."""
        return "wald"

    @property
    def response_name(self) -> str:
        """The response as R deparses it."""
        return self.terms.names[0]

    @property
    def modelled(self) -> str | None:
        """The level whose probability it is, where the response is a factor or string."""
        return self.kept_level if self.training is None else self.training.frame.modelled

    @cached_property
    def column_means(self) -> np.ndarray:
        """Means of the fixed columns over the rows of the fit."""
        if self.kept_means is not None:
            return self.kept_means
        from ..inference.rows.predict import column_means

        return column_means(self.rows.source, len(self.column_names))

    @property
    def covariance(self) -> np.ndarray:
        """Of the fixed effects which are not aliased."""
        return self.result.covariance

    # -- what the verbs ask ------------------------------------------------------------------------------

    @cached_property
    def schema(self) -> Schema:
        """What is frozen of the fixed part for new data."""
        return part_schema(self.joint_schema, 0)

    @property
    def predictors(self) -> tuple[LinearPredictor, ...]:
        """The linear predictor of the population: random effects at zero."""
        columns = slice(0, len(self.column_names))
        return (LinearPredictor("mean", self.terms, self.schema, columns, self.assign, self.family.link),)

    def response(self, etas: tuple[np.ndarray, ...]) -> np.ndarray:
        """The mean at a linear predictor."""
        return self.family.link.linkinv(etas[0])

    def jacobian(self, etas: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """dmu/deta there."""
        return (self.family.link.mu_eta(etas[0]),)

    def distribution(self, etas: tuple[np.ndarray, ...], prior_weights: np.ndarray) -> Any:
        """The response's distribution there, given the random effects."""
        return self.family.response_distribution(self.response(etas), prior_weights, self.sigma**2)

    @property
    def every_row(self) -> TrainingData:
        """The training rows with the columns of fixed and random effects; DataError where the model holds none."""
        return held(self.training, "summary, vcov, Wald confint, ranef, predict(newdata)")

    @cached_property
    def rows(self) -> TrainingData:
        """The training rows with the fixed columns alone."""
        training = self.every_row
        return replace(training, source=self.fixed_source(training.source))

    @property
    def fitted_values(self) -> Any:
        """Means of the rows of the fit, given the random effects."""
        from ..inference.mixed.predict import fitted_values

        return fitted_values(self)

    @property
    def linear_predictors(self) -> Any:
        """eta with offset and random effects, link scale."""
        from ..inference.mixed.predict import fitted_values

        return fitted_values(self, "link")

    def fixed_source(self, source: Source) -> Source:
        """The rows with the fixed columns alone."""
        return select_terms(source, fixed_terms(self.joint_schema.terms))

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same estimates with other rows, or none."""
        means = self.kept_means if column_means is None else column_means
        quantiles, level = self.residual_quantiles, self.modelled
        return replace(self, training=training, kept_means=means, kept_quantiles=quantiles, kept_level=level)

    @property
    def shown_formula(self) -> str:
        """The formula as a print has it."""
        return self.formula

    @property
    def notes(self) -> list[str]:
        """Lines under a print."""
        lines = []
        lost = int(self.aliased.sum())
        if lost:
            columns, coefficients = ("column", "coefficient") if lost == 1 else ("columns", "coefficients")
            lines += [
                "fit warnings:",
                f"fixed-effect model matrix is rank deficient so dropping {lost} {columns} / {coefficients}",
            ]
        if not self.converged:
            lines.append("Note: the search for the minimum of the deviance did not converge")
        elif self.is_singular:
            lines += [
                "optimizer (exact gradient) convergence code: 0 (OK)",
                "boundary (singular) fit: see help('isSingular')",
                "",
            ]
        return lines

    @cached_property
    def residual_quantiles(self) -> tuple[float, ...] | None:
        """Least, quartiles and largest of the scaled residuals; None where the rows are not held."""
        if self.kept_quantiles is not None or self.training is None or self.training.streamed:
            return self.kept_quantiles
        from ..inference.mixed.rows import scaled_residuals

        return tuple(np.nanquantile(scaled_residuals(self), np.linspace(0, 1, 5)).tolist())

    def strip_data(self) -> Self:
        """The same model without a single training row."""
        return self if self.training is None else self.on_rows(None, self.column_means)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, without its rows, to a file that `load` reads; no code is in it.

        Parameters
        ----------
        path : str or path
        """
        from .saved import save

        held = self.training is not None
        view = replace(self, kept_means=self.column_means, kept_level=self.modelled) if held else self
        save(saved_view(view), path)

    @classmethod
    def from_saved(cls, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """The model of what a file holds."""
        return cls(**read_fields(shared, own))

    def __str__(self) -> str:
        from ..inference.mixed.summary import print_text

        return print_text(self)

    __repr__ = __str__

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments; a `formula` is a whole one."""
        arguments = {k: v for k, v in self.every_row.arguments.items() if k not in UNUSED}
        if changes.get("formula", self.formula) != self.formula:
            changes = {"start": None} | changes
        return self._fitted(arguments | same_table(self.every_row) | changes)

    def estimated(self, source: Source) -> MixedFit:
        """The same model in other rows with the same columns, from the theta of this one."""
        raise NotImplementedError

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        raise NotImplementedError


@dataclass(frozen=True)
class Prepared:
    """The rows of a call, and what varies over which groups."""

    training: TrainingData
    random: RandomEffects
    fixed: Source


def prepared(arguments: Mapping[str, Any], family: Family) -> Prepared:
    """The rows that a call fits.

    Raises
    ------
    FormulaError, DataError, FamilyError
    """
    formula = arguments["formula"]
    if not isinstance(formula, str):
        raise FormulaError(
            f'the formula must be a str such as "y ~ x + (1 | g)", not {type(formula).__name__}'
        )
    found = mixed_formula(formula)
    asked = {
        **UNUSED,
        **arguments,
        "formula": Barred(formula),
        "family": family,
        "contrasts": own_contrasts(arguments["contrasts"]),
    }
    try:
        training = training_rows(asked)
    except DataError as error:
        for name in found.members:
            if f"variable 'factor({name})' has only" in str(error):
                raise single_level(name) from None
        raise
    own = {**training.arguments, "formula": formula, "family": arguments.get("family", family)}
    training = replace(training, arguments=own)
    layout, levels = random_effects(found, training.frame)
    random = RandomEffects(found, structure_of(layout, training.source), levels)
    fixed = select_terms(training.source, fixed_terms(training.frame.terms))
    return Prepared(training, random, fixed)


def fields_of(made: Prepared, family: Family, result: MixedFit, call: str) -> dict[str, Any]:
    """The fields of a fitted model."""
    frame = made.training.frame
    fixed = made.random.structure.layout.fixed
    return {
        "formula": frame.terms.text,
        "call": call,
        "terms": frame.terms.parts[0],
        "family": family,
        "column_names": fixed.names,
        "assign": frame.design.assign[: len(fixed.names)],
        "random": made.random,
        "result": result,
        "joint_schema": frame.schema,
        "n_omitted": frame.n_omitted,
        "training": made.training,
        "said": said_of(made.training.arguments),
    }


def said_of(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Weights, offset and subset as a print shows them."""
    given = {name: arguments[name] for name in ("weights", "offset", "subset")}
    return {k: v if isinstance(v, str) else k for k, v in given.items() if v is not None}


def start_of(start: Any, structure: Structure) -> np.ndarray | None:
    """theta to begin the search with.

    Raises
    ------
    ValueError
    """
    if start is None:
        return None
    given = np.asarray(start)
    if given.dtype.kind not in "iuf" or given.shape != (structure.n_theta,):
        raise ValueError(
            f"start should be the {structure.n_theta} numbers of theta to begin with; got {shown(start)}"
        )
    return given.astype(np.float64)
