"""What a question may ask of a fitted model: protocols, from the coefficients alone to the rows.

A verb in ``inference/`` names the smallest protocol that it needs, and so works for every model that has it;
the models in ``models/`` stand above and are never named here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard, cast

from ..errors import FitError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from typing_extensions import TypeIs

    from ..engine.likelihood.likelihood_fit import LikelihoodFit
    from ..engine.mixed.result import MixedFit
    from ..engine.mixed.structure import Structure
    from ..engine.result import Control, GlmFit
    from ..families import Family, Link
    from ..families.likelihood import Likelihood, Quantity
    from ..formula.terms import Terms
    from ..frame.schema import Schema
    from ..render.several import Printed
    from ..sources.base import Block, Source
    from .mixed import RandomEffects
    from .training import RowState, TrainingData


class Fit(Protocol):
    """A fitted model: coefficients with a covariance, a likelihood, and the way to fit it again.

    Enough for AIC, BIC, lrtest, waldtest, coeftest, Wald confint, linear_hypothesis, delta_method, tidy, update.

    Attributes
    ----------
    coefficients : Series (p,)
        By name; NaN where aliased.
    terms : Terms
    formula, call : str
    criterion : str
        What was made as large or small as can be: "ML", "firth" ...; fits by different ones are not compared.
    loglik : LogLik or float
    nobs : int
    df_residual : int or float
    test_df : float
        Degrees of freedom of Student's t in the tests of its coefficients; infinite for normal ones.
    """

    @property
    def coefficients(self) -> pd.Series: ...
    @property
    def terms(self) -> Terms: ...
    @property
    def formula(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def criterion(self) -> str: ...
    @property
    def loglik(self) -> float: ...
    @property
    def nobs(self) -> int: ...
    @property
    def df_residual(self) -> float: ...
    @property
    def test_df(self) -> float: ...
    @property
    def vcov(self) -> Callable[..., Any]:
        """``vcov()`` is the covariance of the coefficients, a matrix or DataFrame; it may take types and clusters."""

    def refit(self, **changes: Any) -> Self:
        """The same call with some arguments changed; a `formula` is a whole one."""


class Designed(Fit, Protocol):
    """A model whose coefficients are of the columns of designs.

    Attributes
    ----------
    schema : Schema
        What is frozen for new data.
    column_names : tuple of str
        Of the coefficients, aliased ones among them.
    assign : ndarray of int
        Coefficient to term, 0 the intercept.
    aliased : ndarray of bool
    covariance : ndarray (r, r)
        Of the coefficients that are not aliased.
    training : TrainingData or None
    response_name : str
    converged : bool
    n_omitted : int
        Rows that were left out.
    deviance, aic, bic : float
    """

    @property
    def schema(self) -> Schema: ...
    @property
    def column_names(self) -> tuple[str, ...]: ...
    @property
    def assign(self) -> np.ndarray: ...
    @property
    def aliased(self) -> np.ndarray: ...
    @property
    def covariance(self) -> np.ndarray: ...
    @property
    def training(self) -> TrainingData | None: ...
    @property
    def response_name(self) -> str: ...
    @property
    def converged(self) -> bool: ...
    @property
    def n_omitted(self) -> int: ...
    @property
    def deviance(self) -> float: ...
    @property
    def aic(self) -> float: ...
    @property
    def bic(self) -> float: ...
    @property
    def step_aic(self) -> float:
        """AIC as `drop1` and `step` print it."""


class Scored(Fit, Protocol):
    """A model whose estimates make the sum of its rows' estimating functions zero: sandwich covariances.

    Attributes
    ----------
    rows : TrainingData
        The rows of the fit; DataError where it holds none.
    inverse_information : ndarray (r, r)
        Inverse of minus the derivative of that sum; n times it is the bread.
    scores : callable, block -> (r, m)
        The estimating functions of a block's rows; picklable.
    """

    @property
    def rows(self) -> TrainingData: ...
    @property
    def inverse_information(self) -> np.ndarray: ...
    @property
    def scores(self) -> Callable[[Block], np.ndarray]: ...


@dataclass(frozen=True)
class LinearPredictor:
    """One of a model's linear predictors: X beta + offset, and the link of what it predicts.

    Attributes
    ----------
    name : str
        Of the part it is ("mean", "zero" ...).
    terms : Terms
    schema : Schema
        What is frozen for new data.
    columns : slice
        Its coefficients among the model's.
    assign : ndarray of int
        Column to term, 0 the intercept.
    link : Link
    """

    name: str
    terms: Terms
    schema: Schema
    columns: slice
    assign: np.ndarray
    link: Link


class Predicting(Fit, Protocol):
    """A model that says what to expect of new rows.

    Attributes
    ----------
    predictors : tuple of LinearPredictor
    """

    @property
    def predictors(self) -> tuple[LinearPredictor, ...]: ...
    def response(self, etas: tuple[np.ndarray, ...]) -> np.ndarray:
        """The mean (m,) at linear predictors (m,), or (m, K) of a response of K categories."""

    def jacobian(self, etas: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Derivatives of `response` by each linear predictor."""

    def distribution(self, etas: tuple[np.ndarray, ...], prior_weights: np.ndarray) -> Any:
        """The response's distribution, a frozen one of ``scipy.stats``."""


class Estimates(Protocol):
    """Coefficients by column of the design, NaN where aliased."""

    @property
    def coefficients(self) -> np.ndarray: ...


class MeanModel(Protocol):
    """A model that expects one mean of each row: what is observed can be laid beside it.

    Attributes
    ----------
    terms : Terms
    schema : Schema
    family : Family
    result : record with `coefficients`
    training : TrainingData or None
    rows : TrainingData
    response_name : str
    modelled : str or None
        The level whose probability it is, where the response is a factor or string.
    """

    @property
    def terms(self) -> Terms: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def family(self) -> Family: ...
    @property
    def result(self) -> Estimates: ...
    @property
    def training(self) -> TrainingData | None: ...
    @property
    def rows(self) -> TrainingData: ...
    @property
    def response_name(self) -> str: ...
    @property
    def modelled(self) -> str | None: ...
    def refit(self, **changes: Any) -> Self:
        """The same call with some arguments changed."""


class Simulating(Protocol):
    """A model that draws responses for its rows.

    Attributes
    ----------
    rows : TrainingData
    simulate : callable, (nsim, seed) -> DataFrame (n, nsim)
    """

    @property
    def rows(self) -> TrainingData: ...
    @property
    def simulate(self) -> Callable[..., pd.DataFrame]: ...


class PenaltyPath(Protocol):
    """A path of fits, of which one is asked."""

    def at_penalty(self, s: Any = None) -> MeanModel:
        """That at penalty `s`; None: the one that was chosen, an error where none was."""


class SingleIndex(Designed, Scored, Predicting, Protocol):
    """A model of one linear predictor with a family, fitted by weighted least squares.

    What leverages, Cook's distances, Rao's test, profiles, HC2 and up, drop1, add1 and step need beside.
    """

    @property
    def df_residual(self) -> int: ...
    @property
    def covariance(self) -> np.ndarray:
        """phi (X'WX)^-1 of the coefficients that are not aliased, as `result` holds it: perhaps in parts."""

    @property
    def family(self) -> Family: ...
    @property
    def result(self) -> GlmFit: ...
    @property
    def control(self) -> Control: ...
    @property
    def method(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def null_deviance(self) -> float: ...
    @property
    def df_null(self) -> int: ...
    @property
    def nobs_rows(self) -> int: ...
    @property
    def edge(self) -> Family | None:
        """The family that the model becomes where a parameter beside the coefficients runs to its end."""

    @property
    def other_distances(self) -> Mapping[str, float]:
        """How far parameters beside the coefficients are from their optimum, in standard errors."""

    @property
    def summary_footer(self) -> str:
        """What a printed summary says after a glm's text."""

    @property
    def dispersion(self) -> float: ...
    @property
    def iter(self) -> int: ...
    @property
    def boundary(self) -> bool: ...
    @property
    def modelled(self) -> str | None:
        """The level whose probability it is, where the response is a factor or string."""

    @property
    def xlevels(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def row_state(self) -> RowState: ...
    @property
    def column_means(self) -> np.ndarray: ...
    def on_terms(self, keep: Iterable[int]) -> Self:
        """The model with some of its terms (their numbers, 0 the intercept), its rows and columns kept."""

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same coefficients with other rows, or none."""

    def with_path(self, path: pd.DataFrame) -> Self:
        """The same model, chosen by `step` along this path."""


class Parametric(Designed, Scored, Protocol):
    """A model of a row-wise likelihood of a few linear predictors and constants.

    Attributes
    ----------
    likelihood : Likelihood
    result : LikelihoodFit
        Parameters, their layout, and where the search ended.
    joint_covariance : ndarray (r, r)
        Of all parameters, the constants too.
    """

    @property
    def likelihood(self) -> Likelihood: ...
    @property
    def result(self) -> LikelihoodFit: ...
    @property
    def design_names(self) -> tuple[str, ...]:
        """Of the columns of the design."""

    @property
    def joint_covariance(self) -> np.ndarray: ...
    @property
    def every_score(self) -> Callable[[Block], np.ndarray]:
        """As `scores`, of all parameters."""

    @property
    def n_parameters(self) -> int: ...
    @property
    def n_numbers(self) -> float:
        """What R counts residual degrees of freedom from: the rows, of `multinom` times (categories - 1), of `polr` the
        sum of the weights."""

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""

    @property
    def default_interval(self) -> str:
        """The intervals that `confint` gives if nobody says."""

    @property
    def constants_in_vcov(self) -> bool:
        """Whether the constants are rows of ``vcov()`` if nobody says."""

    def on_terms(self, keep: Iterable[int]) -> Self:
        """The model with some of its terms (their numbers in `assign`), its rows and columns kept."""

    def with_path(self, path: pd.DataFrame) -> Self:
        """The same model, chosen by `step` along this path."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Of all parameters that are not aliased, the constants too."""

    @property
    def residual_quantiles(self) -> tuple[float, ...] | None:
        """Least, quartiles and largest of the Pearson residuals, where the model has them."""

    def printed(self) -> Printed:
        """How the model prints."""

    def quantity(self, type: str | None, at: Any = None) -> Quantity:
        """What `predict` calls by that name; ValueError where there is none."""

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same estimates with other rows, or none."""


class Ordinal(Parametric, Protocol):
    """A model of ordered categories: coefficients of eta, thresholds as the constants.

    Attributes
    ----------
    parallel : tuple of str
        The terms with one coefficient for all thresholds.
    method : str
        The distribution of the latent variable.
    lev : tuple of str
        The categories in order.
    zeta : Series
        The thresholds.
    """

    @property
    def parallel(self) -> tuple[str, ...]: ...
    @property
    def method(self) -> str: ...
    @property
    def lev(self) -> tuple[str, ...]: ...
    @property
    def zeta(self) -> pd.Series: ...


class Mixed(Designed, Protocol):
    """A model with random effects.

    Attributes
    ----------
    random : RandomEffects
    structure : Structure
        The random-effects terms in lme4's order.
    result : MixedFit
    family : Family
    every_row : TrainingData
        The training rows with the columns of fixed and random effects.
    joint_schema : Schema
        Of fixed and random effects; `schema` has the fixed ones.
    fixef : Series
        The fixed effects that have an estimate.
    has_scale : bool
        Whether a residual variance is estimated.
    title : str
        What was fitted and how, as lme4 says it.
    shown_formula : str
        As a print has it.
    said : mapping of str to str
        Arguments that a print shows.
    models_name : str
        What several of them are called in a table.
    notes : list of str
        Lines under a print.
    """

    @property
    def random(self) -> RandomEffects: ...
    @property
    def structure(self) -> Structure: ...
    @property
    def result(self) -> MixedFit: ...
    @property
    def family(self) -> Family: ...
    @property
    def every_row(self) -> TrainingData: ...
    @property
    def rows(self) -> TrainingData: ...
    @property
    def joint_schema(self) -> Schema: ...
    @property
    def fixef(self) -> pd.Series: ...
    @property
    def coef(self) -> Callable[..., Any]:
        """``coef()`` gives the coefficients of each level of the grouping factors."""

    @property
    def has_scale(self) -> bool: ...
    @property
    def sigma(self) -> float: ...
    @property
    def n_parameters(self) -> int: ...
    @property
    def ngrps(self) -> pd.Series: ...
    @property
    def residual_quantiles(self) -> tuple[float, ...] | None: ...
    @property
    def title(self) -> str: ...
    @property
    def models_name(self) -> str: ...
    @property
    def shown_formula(self) -> str: ...
    @property
    def said(self) -> Mapping[str, str]: ...
    @property
    def notes(self) -> list[str]: ...
    def estimated(self, source: Source) -> MixedFit:
        """The estimates in other rows with the same columns."""


MOST_NAMED = 3
MOST_SHOWN = 60


def is_model(fit: object) -> bool:
    """Whether it looks like a fitted model at all: something with coefficients or a log-likelihood."""
    return any(
        hasattr(type(fit), name) or name in getattr(fit, "__dict__", {})
        for name in ("coefficients", "loglik")
    )


def no_model(fit: object, verb: str) -> FitError:
    """The error where a verb is asked of something else."""
    return FitError(f"{verb} is asked of a fitted model, such as glm() gives; got {shown(fit)}")


def shown(value: object) -> str:
    """A value as a message shows it: its type, if it is long."""
    text = repr(value)
    one_line = len(text) <= MOST_SHOWN and "\n" not in text and " object at 0x" not in text
    return text if one_line else f"an object of type {type(value).__name__}"


def lacking(fit: object, protocol: type) -> list[str]:
    """What the protocol asks for and `fit` has not got, sorted; no property is computed."""
    own, cls = getattr(fit, "__dict__", {}), cast(Any, type(fit))
    return [name for name in _not_in_class(cls, protocol) if name not in own]


@cache
def _not_in_class(cls: type, protocol: type) -> list[str]:
    parts = [
        part for part in protocol.__mro__ if getattr(part, "_is_protocol", False) and part is not Protocol
    ]
    names = {name for part in parts for name in vars(part) if not name.startswith("_")}
    return sorted(name for name in names if inspect.getattr_static(cls, name, cls) is cls)


def is_single_index(fit: object) -> TypeGuard[SingleIndex]:
    return not lacking(fit, SingleIndex)


def is_parametric(fit: object) -> TypeIs[Parametric]:
    return not lacking(fit, Parametric)


def is_mixed(fit: object) -> TypeIs[Mixed]:
    return not lacking(fit, Mixed)


def has_one_mean(fit: object) -> TypeGuard[SingleIndex]:
    """Whether it predicts one mean by one linear predictor: a `SingleIndex`, or the population of a mixed model.

    Of the latter what concerns the mean is there: coefficients, schema, rows, family.
    """
    return is_single_index(fit) or is_mixed(fit)


def require_prediction(fit: object, verb: str, instead: str) -> None:
    """The error of `require` where a model predicts nothing at given coefficients."""
    if not is_parametric(fit) and not has_one_mean(fit):
        require(fit, SingleIndex, verb, instead)


def single_index(fit: object, verb: str, instead: str) -> SingleIndex:
    """The fit, if it is a `SingleIndex`; else the error of `require`."""
    require(fit, SingleIndex, verb, instead)
    return cast(SingleIndex, fit)


def require(fit: object, protocol: type, verb: str, instead: str) -> None:
    """An error in one sentence where a verb means nothing for a model.

    Raises
    ------
    FitError
    """
    missing = lacking(fit, protocol)
    if missing:
        raise FitError(
            f"{verb} means nothing for a {type(fit).__name__}, which has no {', '.join(missing[:MOST_NAMED])}"
            f"{' ...' if len(missing) > MOST_NAMED else ''}: {instead}"
        )
