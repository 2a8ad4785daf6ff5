"""Models of a row-wise likelihood with several linear predictors: what they share, from the call to the answers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import accumulate, compress
from operator import add
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..design.contrast import kept as own_contrasts
from ..engine.likelihood.layout import Layout
from ..engine.likelihood.likelihood_fit import LikelihoodFit, Part, as_slice, fit_likelihood
from ..engine.likelihood.newton import NewtonControl, Solved
from ..errors import ConvergenceWarning, FormulaError, SeparationWarning, choice, give_warning
from ..families.likelihood import Levels, Likelihood, Quantity
from ..fitted.loglik import LogLik
from ..fitted.protocols import shown
from ..fitted.rows import same_table, training_rows
from ..fitted.separation import infinite_names, lost_names
from ..fitted.training import TrainingData, held
from ..formula.parts import Parted
from ..formula.terms import Terms
from ..frame.schema import Schema
from ..runtime.progress import showing
from ..sources.mapped import select_terms
from .calls import call_of, spoken
from .face import LikelihoodVerbs

if TYPE_CHECKING:
    from ..render.several import Printed
    from ..sources.base import Block, Source

SHARED = frozenset(
    "formula call terms likelihood column_names design_names assign result schema n_omitted training kept_quantiles "
    "path".split()
)
UNUSED = {"start": None, "etastart": None, "mustart": None}


@dataclass(frozen=True, eq=False)
class LikelihoodModel(LikelihoodVerbs):
    """A fitted model of several linear predictors.

    Attributes
    ----------
    formula, call : str
    terms : Terms
        Of all parts; `terms.parts` has each.
    likelihood : Likelihood
    column_names : tuple of str
        Of the coefficients, aliased ones too.
    design_names : tuple of str
        Of the columns of the design, those of all parts side by side.
    assign : ndarray of int
        Column of the design to term; of a further part they count on.
    result : LikelihoodFit
    schema : Schema
    n_omitted : int
        Rows left out for missing values.
    training : TrainingData or None
        The rows; None after ``strip_data()``.
    """

    formula: str
    call: str
    terms: Terms
    likelihood: Likelihood
    column_names: tuple[str, ...]
    design_names: tuple[str, ...]
    assign: np.ndarray
    result: LikelihoodFit
    schema: Schema
    n_omitted: int
    training: TrainingData | None
    kept_quantiles: tuple[float, ...] | None = None
    path: pd.DataFrame | None = None  # the models that `step` saw on the way to this one

    @cached_property
    def estimates(self) -> pd.Series:
        """The coefficients of all predictors one after another, by name; NaN where aliased."""
        return pd.Series(self.result.coefficients, index=list(self.column_names))

    @property
    def coefficients(self) -> Any:
        """Estimates of all predictors, link scale; NaN where aliased."""
        return self.estimates

    @cached_property
    def constants(self) -> pd.Series:
        """The estimates beside the coefficients, such as Log(theta)."""
        names = self.likelihood.constant_names
        return pd.Series(self.result.solved.parameters[self.result.constants], index=list(names))

    @property
    def aliased(self) -> np.ndarray:
        """bool (p,): the coefficient is not defined because of singularities."""
        return self.result.aliased

    @property
    def rank(self) -> int:
        """Coefficients that are not aliased."""
        return int((~self.aliased).sum())

    @property
    def n_numbers(self) -> float:
        """What R counts residual degrees of freedom from."""
        return self.nobs

    @property
    def n_parameters(self) -> int:
        """Coefficients that are not aliased, and constants."""
        return self.result.layout.size

    @property
    def _observations(self) -> Any:
        """How many `loglik` and `bic` count."""
        return self.nobs

    @property
    def loglik(self) -> LogLik:
        """The log-likelihood; it knows its parameters and observations: rows, of categories the sum of the weights."""
        return LogLik(self.result.solved.loglik, df=self.n_parameters, nobs=self._observations)

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 parameters."""
        return self.deviance + 2.0 * self.n_parameters

    step_aic = aic  # what `step` chooses by

    @property
    def bic(self) -> float:
        """-2 log-likelihood + log(observations) parameters."""
        return self.deviance + math.log(self._observations) * self.n_parameters

    @property
    def deviance(self) -> float:
        """-2 log-likelihood."""
        return -2.0 * self.result.solved.loglik

    @property
    def nobs(self) -> int:
        """Rows of non-zero weight."""
        return self.result.nobs

    @property
    def df_residual(self) -> int:
        """Rows of non-zero weight minus parameters."""
        return self.nobs - self.n_parameters

    @property
    def iter(self) -> int:
        """Iterations of Newton's method."""
        return self.result.solved.iter

    @property
    def converged(self) -> bool:
        """Whether a maximum was found."""
        return self.result.solved.converged

    @property
    def criterion(self) -> str:
        """What the estimates make as large as can be: "ML", the likelihood."""
        return "ML"

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        return f"{self.likelihood.name} models"

    @property
    def constants_in_vcov(self) -> bool:
        """Whether the constants are rows of ``vcov()`` if nobody says."""
        return False

    @property
    def default_interval(self) -> str:
        """The intervals that `confint` gives if nobody says: "wald" or "profile"."""
        return "wald"

    @property
    def test_df(self) -> float:
        """Infinite: tests are normal and chi-squared ones."""
        return math.inf

    @property
    def response_name(self) -> str:
        """The response as R deparses it."""
        return self.terms.names[0]

    # -- covariance ----------------------------------------------------------------------------------------

    @property
    def joint_covariance(self) -> np.ndarray:
        """Inverse of the observed information of all parameters that are not aliased, constants too."""
        return self.result.solved.covariance

    @property
    def covariance(self) -> np.ndarray:
        """That of the coefficients which are not aliased."""
        own = ~self.result.constants
        return self.joint_covariance[np.ix_(own, own)]

    @property
    def inverse_information(self) -> np.ndarray:
        """The same, as sandwich covariances ask for it."""
        return self.covariance

    @property
    def scores(self) -> Callable[[Block], np.ndarray]:
        """Derivatives of a block's log-likelihoods by the coefficients that are not aliased, (rank, m)."""
        return partial(_of_coefficients, self.every_score, ~self.result.constants)

    @property
    def every_score(self) -> Callable[[Block], np.ndarray]:
        """Derivatives of a block's log-likelihoods by all parameters, the constants too."""
        from ..engine.likelihood.row_sums import row_scores

        return partial(row_scores, self.likelihood, self.result.layout, self.result.solved.parameters)

    # -- rows ----------------------------------------------------------------------------------------------

    @property
    def rows(self) -> TrainingData:
        """The training rows; DataError when the model has been stripped of them, or they are not what they were."""
        return held(self.training, "summary, vcov, Wald confint, predict(newdata)")

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Of all parameters that are not aliased, the constants too."""
        kept = [name for name, gone in zip(self.column_names, self.aliased) if not gone]
        return (*kept, *self.likelihood.constant_names)

    @cached_property
    def residual_quantiles(self) -> tuple[float, ...] | None:
        """Least, quartiles and largest of the Pearson residuals, where the model has them."""
        if self.kept_quantiles is not None or self.training is None or self.likelihood.mean is None:
            return self.kept_quantiles
        from ..inference.rows.quantities import row_residuals

        return tuple(np.quantile(row_residuals(self, "pearson"), np.linspace(0, 1, 5)).tolist())

    @property
    def fitted_values(self) -> Any:
        """The mean of the response of each row of the fit."""
        return self.predict()

    def quantity(self, type: str | None, at: Any = None) -> Quantity:
        """What `predict` calls by that name."""
        known = self.likelihood.quantities
        name = next(iter(known)) if type is None else choice("type", type, known)
        if at is not None:
            raise ValueError(f"at= goes with type='prob'; got type={name!r}")
        return known[name]

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same estimates with other rows, or none."""
        return replace(self, training=training, kept_quantiles=self.residual_quantiles)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, without its rows, to a file that `load` reads; no code is in it.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        DataError
            The file is one that the model's data are read from, or cannot be written.
        """
        from .saved import save

        save(self, path)

    def saved_fields(self) -> dict[str, Any]:
        """What a file holds of the model beside the formula and the schema, as plain data."""
        result, solved = self.result, self.result.solved
        layout = [
            None if which is None else np.arange(len(self.design_names))[which]
            for which in result.layout.columns
        ]
        extra = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in SHARED}
        return {
            "likelihood": dict(self.likelihood.parameters),
            "columns": layout,
            "sizes": result.layout.sizes,
            "offsets": result.layout.offsets,
            "solved": {f.name: getattr(solved, f.name) for f in fields(solved)},
            "fit": {
                name: getattr(result, name) for name in ("aliased", "places", "rows", "nobs", "weight_sum")
            },
            "quantiles": self.residual_quantiles,
            "extra": extra,
        }

    @classmethod
    def from_saved(cls, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """The model of what a file holds."""
        columns = tuple(None if which is None else as_slice(which) for which in own["columns"])
        likelihood = cls._likelihood(own["likelihood"])
        layout = Layout(columns, tuple(own["sizes"]), tuple(own["offsets"]), reference=likelihood.simplex)
        result = LikelihoodFit(layout, Solved(**own["solved"]), **own["fit"])
        return cls(
            **shared,
            likelihood=likelihood,
            result=result,
            training=None,
            kept_quantiles=own["quantiles"],
            **own["extra"],
        )

    @classmethod
    def _likelihood(cls, parameters: Mapping[str, Any]) -> Likelihood:
        """The likelihood with these parameters, as its record has them."""
        raise NotImplementedError

    def on_terms(self, keep: Iterable[int]) -> Self:
        """The model with some of its terms (their numbers in `assign`), its rows and columns kept."""
        wanted = frozenset(keep)
        columns = np.isin(self.assign, list(wanted))
        kept = columns[self.result.places]
        training = self.rows
        source = select_terms(training.source, wanted)
        names = tuple(compress(self.design_names, columns.tolist()))
        offsets = any(own is not None for own in self.result.layout.offsets)
        start = np.concatenate(
            [self.result.coefficients[kept], self.result.solved.parameters[self.result.constants]]
        )
        result = fit_likelihood(
            source,
            self.likelihood,
            parts_of(self.terms, names, self.assign[columns], offsets),
            start,
            training.arguments["control"],
        )
        return replace(
            self,
            column_names=tuple(compress(self.column_names, kept.tolist())),
            design_names=names,
            assign=self.assign[columns],
            result=result,
            training=replace(training, source=source),
            kept_quantiles=None,
            path=None,
        )

    def with_path(self, path: pd.DataFrame) -> Self:
        """The same model, chosen by `step` along this path."""
        return replace(self, path=path)

    def strip_data(self) -> Self:
        """The same model without a single training row."""
        return self.on_rows(None)

    def printed(self) -> Printed:
        """How the model prints."""
        raise NotImplementedError

    def __str__(self) -> str:
        from ..inference.summaries.several_summary import print_text

        return print_text(self)

    __repr__ = __str__

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments."""
        own = {k: v for k, v in self.rows.arguments.items() if k not in UNUSED and k != "family"}
        return type(self)._fitted(own | same_table(self.rows) | changes)

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        raise NotImplementedError


def _of_coefficients(scores: Callable[[Block], np.ndarray], own: np.ndarray, block: Block) -> np.ndarray:
    return scores(block)[own]


def parts_of(terms: Terms, names: Sequence[str], assign: np.ndarray, offsets: bool) -> tuple[Part, ...]:
    """Each part's columns among those of the design."""
    if not terms.parts:
        whole = frozenset(range(len(terms.labels) + 1))
        own_terms = tuple(assign.tolist())
        return (Part(tuple(names), whole, 0, own_terms, terms.intercept, -1 if offsets else None),)
    bases = [0, *accumulate(len(part.labels) + 1 for part in terms.parts)]
    out = []
    for k, part in enumerate(terms.parts):
        own = np.flatnonzero((assign >= bases[k]) & (assign < bases[k + 1]))
        first = int(own[0]) if len(own) else 0
        out.append(
            Part(
                tuple(names[j] for j in own.tolist()),
                frozenset(range(bases[k], bases[k + 1])),
                first,
                tuple(assign[own].tolist()),
                part.intercept,
                k if offsets else None,
            )
        )
    return tuple(out)


def estimated(
    likelihood: Likelihood,
    arguments: Mapping[str, Any],
    *,
    parts: tuple[str, ...] = (),
    prefix: Callable[[str, str], str],
    function: str,
    extra: Mapping[str, Any],
    complete: Callable[[Terms, Levels], Likelihood] | None = None,
    check: Callable[[Source], None] | None = None,
) -> dict[str, Any]:
    """The fields of a fitted model for the arguments of its call.

    Parameters
    ----------
    likelihood : Likelihood
    arguments : mapping
        formula, data, weights, subset, na_action, offset, contrasts, control, progress; and the model's own.
    parts : tuple of str
        Names of the formula's parts, if it has several.
    prefix : callable
        ``prefix(predictor, column)`` names a coefficient.
    function : str
        What the call is of.
    extra : mapping
        The model's own arguments as the printed call has them.
    complete : callable, optional
        ``complete(terms, levels)`` makes the likelihood once the levels of the response are known; what
        `likelihood` says of reading and checking it holds before.
    check : callable, optional
        What must hold of all rows together; it raises.

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
    """
    formula = arguments["formula"]
    if not isinstance(formula, str):
        raise FormulaError(f'the formula must be a str such as "y ~ x + z", not {type(formula).__name__}')
    control = NewtonControl() if arguments["control"] is None else arguments["control"]
    if not isinstance(control, NewtonControl):
        raise TypeError(
            f"control should be a NewtonControl, such as NewtonControl(maxit=200); got {control!r}"
        )
    read = Parted(formula, parts) if parts else formula
    asked = {
        **UNUSED,
        **arguments,
        "formula": read,
        "family": likelihood,
        "contrasts": own_contrasts(arguments["contrasts"]),
    }
    with showing(arguments["progress"]):
        training = training_rows(asked)
        training = replace(training, arguments={**training.arguments, "formula": formula})
        frame = training.frame
        design = frame.design
        if check is not None:
            check(training.source)
        offsets = training.source.map_reduce(_has_offset, max)
        layout = parts_of(frame.terms, design.names, design.assign, offsets)
        if complete is not None:
            likelihood = complete(frame.terms, response_levels(training))
        result = fit_likelihood(
            training.source,
            likelihood,
            layout,
            start_of(arguments.get("start")),
            control,
        )
    names = tuple(
        prefix(predictor, layout[part].names[j])
        for k, (predictor, part) in enumerate(zip(likelihood.predictors, likelihood.parts))
        if part is not None
        for j in layout[part].own(likelihood.shares.get(k)).tolist()
    )
    warn_of(result, likelihood, names)
    return {
        "formula": frame.terms.text,
        "call": call_of(
            function,
            formula,
            **extra,
            **spoken(arguments),
        ),
        "terms": frame.terms,
        "likelihood": likelihood,
        "column_names": names,
        "design_names": design.names,
        "assign": design.assign,
        "result": result,
        "schema": frame.schema,
        "n_omitted": frame.n_omitted,
        "training": training,
    }


def whole(total: float) -> float:
    """A sum of weights, as an int where it is one."""
    return int(total) if float(total).is_integer() else total


def start_of(start: Any) -> np.ndarray | None:
    """Numbers to begin the search with."""
    if start is None:
        return None
    given = np.asarray(start)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise ValueError(f"start should be numbers, coefficients and then constants; got {shown(start)}")
    return given.astype(np.float64)


def response_levels(training: TrainingData) -> Levels:
    """The categories of the response."""
    frame: Any = training.frame
    if training.streamed:
        levels, kind = frame.response_levels, frame.response_kind
    else:
        levels, kind = frame.response.levels, frame.response.kind
    return Levels(levels, kind, training.source.map_reduce(partial(_totals, len(levels)), add).tolist())


def _totals(k: int, block: Block) -> np.ndarray:
    weights = block.prior_weights
    if block.y.ndim == 2:
        return np.asarray((block.y if weights is None else block.y * weights[:, None]).sum(axis=0))
    return np.bincount(block.y.astype(np.intp), weights, minlength=k).astype(np.float64)


def _has_offset(block: Block) -> bool:
    return block.offset is not None


def without_estimate(limits: np.ndarray, names: tuple[str, ...]) -> str:
    """What a warning says of parameters that run to infinity, and of those that are not determined."""
    lost = lost_names(limits, names)
    if not np.isinf(limits).any():
        return (
            f"the likelihood does not determine {lost}: it is flat along them; what is given for them is where the "
            "search stopped, and they have no standard errors"
        )
    more = f"; {lost} {'is' if ',' not in lost else 'are'} not determined there" if lost else ""
    return (
        f"no finite maximum-likelihood estimate of {infinite_names(limits, names)}{more}: the likelihood rises as they "
        "grow; what is given for them is where the search stopped, and they have no standard errors"
    )


def warn_of(result: LikelihoodFit, likelihood: Likelihood, names: tuple[str, ...]) -> None:
    """What the search ran into."""
    limits = result.solved.limits
    if limits.any():
        coefficients = np.zeros(len(names))
        coefficients[~result.aliased] = limits[~result.constants]
        every = np.concatenate([coefficients, limits[result.constants]])
        give_warning(without_estimate(every, (*names, *likelihood.constant_names)), SeparationWarning)
    elif not result.solved.converged:
        give_warning(
            f"the search for the maximum of the likelihood did not converge in {result.solved.iter} iterations; "
            "look at the data, or at a simpler model",
            ConvergenceWarning,
        )
