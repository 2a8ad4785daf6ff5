"""The fitted model: records of what was said and found, and one-line delegates to the questions one asks."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..fitted.loglik import LogLik
from ..fitted.protocols import LinearPredictor
from ..fitted.rows import same_table
from ..fitted.training import RowState, TrainingData, held
from .chosen import AnovaOrPath
from .estimate import Estimate, checked, estimate, fields_of, on_terms
from .face import SingleIndexVerbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..families import Family
    from ..sources.base import Block

# What the verbs ask of a model and a user has no need of: it is there, but not among what dir(fit) lists.
HOOKS = frozenset(
    "column_means covariance default_interval distribution edge inverse_information jacobian joint_limits kept "
    "kept_means on_rows on_terms other_distances path predictors refit response result robust_df row_state "
    "row_summary rows schema scores step_aic summary_footer test_df training weighted with_path".split()
)


@dataclass(frozen=True, eq=False)
class GLM(Estimate, SingleIndexVerbs):
    """A fitted generalized linear model, R's object of class ``glm``.

    Made by :func:`glmformula.glm`; see there for the arguments. Coefficients, their covariance and everything
    about the fit as a whole are numbers held here; row-level quantities are computed from the training rows
    when asked for, so a model of a million rows costs nothing extra to keep.

    Attributes
    ----------
    formula, call : str
    terms : Terms
    family : Family
    column_names : tuple of str
        R's coefficient names, one for each column of the model matrix.
    assign : ndarray of int
        Column to term, 0 for the intercept.
    result : GlmFit
        What the engine found.
    schema : Schema
        Levels, contrasts, knots ... frozen for new data.
    control : Control
    n_omitted : int
        Rows left out for missing values.
    training : TrainingData or None
        The rows; None after ``strip_data()``.
    parameter : FamilyParameter or None
        A parameter of the family that was estimated with the coefficients (``tweedie(var_power="ml")``).
    path : DataFrame or None
        The models that `step` saw on the way to this one.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit
    <BLANKLINE>
    Call:  glm(formula = left ~ overtime_hours, family = binomial("logit"),
        data = data)
    <BLANKLINE>
    Coefficients:
       (Intercept)  overtime_hours
           -4.5936          0.1911
    <BLANKLINE>
    Degrees of Freedom: 499 Total (i.e. Null);  498 Residual
    Null Deviance:        192.6
    Residual Deviance: 187.1     AIC: 191.1
    >>> round(fit.deviance, 3), fit.df_residual, fit.converged
    (187.072, 498, True)
    """

    # -- numbers of the whole fit ------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> pd.Series:
        """Estimates on the link scale, NaN where aliased."""
        return pd.Series(self.result.coefficients, index=pd.Index(self.column_names))

    @property
    def rank(self) -> int:
        """Coefficients that are not aliased."""
        return self.result.rank

    @property
    def deviance(self) -> float:
        """Residual deviance, not divided by the dispersion."""
        return self.result.deviance

    @property
    def null_deviance(self) -> float:
        """Deviance of the model with the intercept (if there is one) and the offset alone."""
        return self.result.null_deviance

    @property
    def df_residual(self) -> int:
        """Rows of non-zero weight minus rank."""
        return self.result.n_ok - self.result.rank

    @property
    def df_null(self) -> int:
        """Rows of non-zero weight minus one for an intercept."""
        return self.result.n_ok - int(self.terms.intercept)

    @property
    def nobs(self) -> int:
        """Rows of non-zero prior weight (R's ``nobs``)."""
        return self.result.n_ok

    @property
    def nobs_rows(self) -> int:
        """All rows of the fit, those of zero weight too."""
        return self.result.nobs

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 (rank + 1 if the likelihood has a dispersion); NaN for quasi families."""
        return self.result.minus2_loglik + 2 * (self.rank + self._extra_df)

    @property
    def loglik(self) -> LogLik:
        """The log-likelihood as a number that knows its ``df`` and ``nobs`` (R's ``logLik``)."""

        return LogLik(-self.result.minus2_loglik / 2, df=self.rank + self._dispersion_df, nobs=self.nobs_rows)

    @property
    def _dispersion_df(self) -> int:
        """Parameters besides the coefficients; R counts a quasi family's dispersion, likelihood or none."""
        if self.family.has_likelihood:
            return self._extra_df
        return int(self.family.fixed_dispersion is None)

    @property
    def _extra_df(self) -> int:
        """Parameters of the likelihood besides the coefficients: the dispersion, one of the family's."""
        return self.family.extra_df + int(self.parameter is not None)

    @property
    def var_power(self) -> float | None:
        """The power of the variance function of a Tweedie family, given or estimated; None of another family."""
        return self.family.parameters.get("var_power")

    @property
    def var_power_interval(self) -> tuple[float, float] | None:
        """The 95 % profile likelihood interval of a power that was estimated (``tweedie(var_power="ml")``)."""
        return None if self.parameter is None else (self.parameter.lower, self.parameter.upper)

    @property
    def step_aic(self) -> float:
        """AIC as R's ``extractAIC`` has it: what `drop1` and `step` print."""
        return self.aic

    @property
    def edge(self) -> Family | None:
        """The family that the model becomes where a parameter beside the coefficients has no finite estimate."""
        return None

    @property
    def other_distances(self) -> Mapping[str, float]:
        """How far parameters beside the coefficients are from their optimum, in standard errors."""
        return {}

    @property
    def summary_footer(self) -> str:
        """What a printed summary says after a glm's text."""
        return "" if self.parameter is None else f"\n{self.parameter}\n"

    @property
    def bic(self) -> float:
        """As R: log of all rows of the fit, zero weights counted."""
        df = self.rank + self._extra_df
        return self.result.minus2_loglik + math.log(self.nobs_rows) * df if self.nobs_rows else math.nan

    @cached_property
    def dispersion(self) -> float:
        """phi as `summary` takes it: 1 where fixed, else Pearson's."""
        from ..inference.dispersion import dispersion

        return dispersion(self)

    @property
    def iter(self) -> int:
        """Iterations of the weighted least squares."""
        return self.result.iter

    @property
    def converged(self) -> bool:
        """Whether the criterion of `glm_control` was met."""
        return self.result.converged

    @property
    def boundary(self) -> bool:
        """Whether the iterations ended at the edge of the valid coefficients."""
        return self.result.boundary

    @property
    def method(self) -> str:
        """How the least squares were solved: "qr" or "cholesky"; "firth" for mean bias reduction."""
        return self.result.method

    @property
    def xlevels(self) -> Mapping[str, tuple[str, ...]]:
        """Levels of the factors, in order."""
        return self.schema.xlevels

    @property
    def contrasts(self) -> Mapping[str, Any]:
        """Contrasts of the factors: R's name of them, or the matrix given."""
        return self.schema.contrasts

    @property
    def response_name(self) -> str:
        """The response as R deparses it."""
        return self.terms.names[0] if self.terms.response is not None else ""

    @property
    def aliased(self) -> np.ndarray:
        """bool (p,): the coefficient is not defined because of singularities."""
        return np.isnan(self.result.coefficients)

    # -- rows --------------------------------------------------------------------------------------------

    @property
    def rows(self) -> TrainingData:
        """The training rows; DataError when the model has been stripped of them, or they are not what they were."""
        return held(self.training, "summary, vcov, Wald confint, predict(newdata)")

    @cached_property
    def row_state(self) -> RowState:
        """y, weights, offset, eta, mu ... of every row of the fit (arrays, in row order)."""
        return self.rows.state(self.result, self.family)

    @cached_property
    def column_means(self) -> np.ndarray:
        """Means of the design's columns over the training rows: the centre of ``type="terms"``."""
        if self.kept_means is not None:
            return self.kept_means
        from ..inference.rows.predict import column_means

        return column_means(self.rows.source, len(self.column_names))

    def _by_row(self, name: str) -> Any:
        from ..inference.rows.output import row_values

        return row_values(self, name)

    @property
    def fitted_values(self) -> Any:
        """mu, response scale."""
        return self._by_row("mu")

    @property
    def linear_predictors(self) -> Any:
        """eta with the offset, link scale."""
        return self._by_row("eta")

    @property
    def weights(self) -> Any:
        """Working weights of the last solved iteration."""
        return self._by_row("working_weights")

    @property
    def prior_weights(self) -> Any:
        """The weights given; the number of trials of a binomial in two columns."""
        return self._by_row("prior_weights")

    @property
    def y(self) -> Any:
        """The response as fitted: a proportion for a binomial."""
        return self._by_row("y")

    @property
    def offset(self) -> Any:
        """The known part of the linear predictor, link scale; None where there is none."""
        return self._by_row("offset")

    @property
    def na_action(self) -> pd.Series:
        """Positions in the data, under their row labels, of the rows left out for missing values."""
        frame = self.rows.frame
        return pd.Series(frame.omitted, index=frame.data_index[frame.omitted], name=frame.na_action)

    def strip_data(self) -> Self:
        """The same model without a single training row: smaller, and safe to hand on.

        What needs the rows (residuals, profiles, refits) is refused with a DataError; the column means that
        ``predict(type="terms")`` needs are kept.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial").strip_data()
        >>> fit.predict({"overtime_hours": [10]}, type="response").round(3).tolist()
        [0.064]
        """
        return self.on_rows(None, self.column_means)

    anova = AnovaOrPath()

    # -- what the verbs ask: see fitted/protocols.py -----------------------------------------------------

    @property
    def criterion(self) -> str:
        """What the estimates make as large as can be: "ML", the likelihood, or "firth", the penalised one."""
        return "firth" if self.method == "firth" else "ML"

    @property
    def test_df(self) -> float:
        """Degrees of freedom of t and F statistics: infinite (normal, chi-squared) where phi is known."""
        return math.inf if self.family.fixed_dispersion is not None else float(self.df_residual)

    @property
    def covariance(self) -> np.ndarray:
        """phi (X'WX)^-1 (rank, rank); of very many coefficients held in parts."""
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # coefficients without end have covariances to match
            return self.dispersion * self.result.cov_unscaled

    @property
    def inverse_information(self) -> np.ndarray:
        """phi (X'WX)^-1, phi as `scores` has it."""
        from ..inference.covariances.sandwich import score_dispersion

        return score_dispersion(self) * self.result.cov_unscaled

    @property
    def scores(self) -> Callable[[Block], np.ndarray]:
        """Derivatives of a block's log-likelihoods by the coefficients that are not aliased, (rank, m)."""
        from ..inference.covariances.sandwich import glm_scores

        return glm_scores(self)

    @property
    def predictors(self) -> tuple[LinearPredictor, ...]:
        """The one linear predictor, of the mean."""
        columns = slice(0, len(self.column_names))
        return (LinearPredictor("mean", self.terms, self.schema, columns, self.assign, self.family.link),)

    def response(self, etas: tuple[np.ndarray, ...]) -> np.ndarray:
        """The mean at a linear predictor."""
        return self.family.link.linkinv(etas[0])

    def jacobian(self, etas: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """dmu/deta there."""
        return (self.family.link.mu_eta(etas[0]),)

    def distribution(self, etas: tuple[np.ndarray, ...], prior_weights: np.ndarray) -> Any:
        """The response's distribution there, at the fit's dispersion."""
        return self.family.response_distribution(self.response(etas), prior_weights, self.dispersion)

    # -- other fits of the same kind ---------------------------------------------------------------------

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments; `update` reads formulas, this takes them as they are."""
        if changes.get("formula", self.formula) != self.formula:
            changes = {"start": None} | changes  # it belongs to the columns of the old one
        arguments = checked(dict(self.rows.arguments) | same_table(self.rows) | changes)
        return replace(self, **fields_of(estimate(arguments)))

    def on_terms(self, keep: Iterable[int]) -> Self:
        """The model with some of its terms (their numbers, 0 the intercept), its rows and columns kept."""
        return on_terms(self, self.rows, keep)

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same coefficients with other rows, or none; `column_means` are then what the design had."""
        means = self.kept_means if column_means is None else column_means
        return replace(self, training=training, kept_means=means)

    def with_path(self, path: pd.DataFrame) -> Self:
        """The same model, chosen by `step` along this path."""
        return replace(self, path=path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, without its rows, to a file that `load` reads; no code is in it.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        DataError
            The model holds what a file cannot: a link or family of one's own that is not registered.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from glmformula import datasets, glm, load
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.save(Path(folder) / "left.glm")
        ...     loaded = load(Path(folder) / "left.glm")
        >>> loaded.formula
        'left ~ overtime_hours'
        """
        from .saved import save

        save(replace(self, kept_means=self.column_means), path)

    def __dir__(self) -> Iterable[str]:
        return sorted(name for name in super().__dir__() if name not in HOOKS)

    # -- printing ----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        from ..inference.summaries.summary import print_text

        return print_text(self)

    __repr__ = __str__
