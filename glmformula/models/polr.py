"""``polr``: proportional odds and other cumulative link models of ordered categories, MASS's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..engine.likelihood.newton import NewtonControl
from ..errors import DataWarning, FormulaError, RankWarning, choice, give_warning
from ..families.categories import UNKNOWN
from ..families.cumulative import METHODS, check_levels, ordinal
from ..families.likelihood import Levels, Likelihood
from ..formula.terms import Terms
from ..formula.tokens import string_text
from .face import OrdinalVerbs
from .likelihood_model import LikelihoodModel, estimated, whole

if TYPE_CHECKING:
    from ..sources.base import Block


@dataclass(frozen=True, eq=False)
class Polr(OrdinalVerbs, LikelihoodModel):
    """A fitted cumulative link model, MASS's class ``polr``; see :func:`glmformula.polr`.

    `coefficients` are those of eta; `zeta` has the thresholds, `estimates` and ``vcov()`` both.

    Examples
    --------
    >>> from glmformula import datasets, polr
    >>> data = datasets.attrition()
    >>> fit = polr("cut(sick_days, c(-1, 3, 7, 100), labels = c('few', 'some', 'many')) ~ overtime_hours", data)
    >>> fit.edf, round(fit.deviance, 3), fit.lev
    (3, 964.561, ('few', 'some', 'many'))
    >>> fit.estimates.round(3)
    overtime_hours    0.089
    few|some         -1.319
    some|many         1.144
    dtype: float64
    """

    @property
    def method(self) -> str:
        """The distribution of the latent variable: "logistic", "probit", "loglog", "cloglog" or "cauchit"."""
        return str(self.likelihood.parameters["method"])

    @property
    def lev(self) -> tuple[str, ...]:
        """The categories in order."""
        return self.likelihood.levels

    @property
    def coefficients(self) -> pd.Series:
        """Coefficients of eta, NaN where aliased; the larger eta, the higher the category."""
        return pd.Series(self.result.coefficients, index=list(self.column_names))

    @property
    def zeta(self) -> pd.Series:
        """The thresholds, "Low|Medium" ..., R's ``fit$zeta``."""
        return self.constants

    @cached_property
    def estimates(self) -> pd.Series:
        """Coefficients, then thresholds."""
        return pd.concat([self.coefficients, self.constants])

    @property
    def edf(self) -> int:
        """Coefficients that are not aliased, and thresholds."""
        return self.n_parameters

    @property
    def n(self) -> float:
        """The sum of the weights, which MASS counts as the observations."""
        return whole(self.result.weight_sum)

    _observations = n

    @property
    def df_residual(self) -> float:  # type: ignore[override]
        """The sum of the weights minus the parameters, as MASS has it."""
        return self.n - self.n_parameters

    @property
    def n_numbers(self) -> float:
        """The sum of the weights."""
        return self.n

    @property
    def parallel(self) -> tuple[str, ...]:
        """The terms with one coefficient for all thresholds."""
        shared = self.likelihood.shares[0].terms & set(self.assign.tolist())
        return tuple(label for k, label in enumerate(self.terms.labels) if k + 1 in shared)

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments; of another formula its further terms are parallel."""
        if "formula" in changes and self.likelihood.parameters["nominal"]:
            labels = self.terms.labels
            free = Free(labels[k - 1] for k in self.likelihood.parameters["nominal"])
            changes = {"parallel": free, **changes}
        return super().refit(**changes)

    @property
    def fitted_values(self) -> Any:
        """Probabilities of the rows of the fit, a column for each category."""
        return self.predict(type="probs")

    @property
    def lp(self) -> Any:
        """eta of the rows of the fit, without thresholds: R's ``fit$lp``."""
        return self.predict(type="link")

    @property
    def inverse_information(self) -> np.ndarray:
        """Of coefficients and thresholds, as sandwich's methods for polr have it."""
        return self.joint_covariance

    @property
    def scores(self) -> Callable[[Block], np.ndarray]:
        """Of coefficients and thresholds."""
        return self.every_score

    @property
    def default_interval(self) -> str:
        """Profile likelihood, as MASS's ``confint``."""
        return "profile"

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        return "ordinal regression models"

    @property
    def constants_in_vcov(self) -> bool:
        """Thresholds are rows of ``vcov()``."""
        return True

    def __str__(self) -> str:
        from ..inference.summaries.ordinal_summary import texts_of
        from ..render.ordinal import blocks_of
        from ..render.report import to_text

        return to_text(blocks_of(texts_of(self))).removesuffix("\n")

    __repr__ = __str__

    @classmethod
    def _likelihood(cls, parameters: Mapping[str, Any]) -> Likelihood:
        method, levels = parameters["method"], tuple(parameters["levels"])
        return ordinal(method, levels, frozenset(parameters["terms"]), frozenset(parameters["nominal"]))

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        method, parallel = choice("method", arguments["method"], METHODS), arguments["parallel"]
        made = estimated(
            UNKNOWN,
            arguments,
            prefix=_named,
            function="polr",
            extra={
                "method": None if method == "logistic" else string_text(method),
                "parallel": None if parallel is None else "parallel",
            },
            complete=partial(_known, method, parallel),
        )
        fit = cls(**made)
        if not fit.terms.intercept:
            give_warning("an intercept is needed and assumed", DataWarning)
        if fit.aliased.any():
            lost = fit.coefficients.index[fit.aliased]
            give_warning(
                "design appears to be rank-deficient, so dropping some coefs: "
                f"{', '.join(lost)} are combinations of the columns before them and have no estimate",
                RankWarning,
            )
        return fit


class Free(tuple[str, ...]):
    """Labels of the terms that are not parallel, those of them that there are: what a changed formula keeps."""


def _known(method: str, parallel: Any, terms: Terms, levels: Levels) -> Likelihood:
    every = frozenset(range(1, len(terms.labels) + 1))
    check_levels(terms.names[0], levels)
    return ordinal(method, tuple(levels), every, not_parallel(parallel, terms))


def not_parallel(parallel: Any, terms: Terms) -> frozenset[int]:
    """Numbers of the terms with a coefficient for each threshold.

    Raises
    ------
    ValueError
        A name that is no term.
    """
    if parallel is None or parallel is True:
        return frozenset()
    if isinstance(parallel, Free):
        return frozenset(k + 1 for k, label in enumerate(terms.labels) if label in parallel)
    if parallel is False:
        return frozenset(range(1, len(terms.labels) + 1))
    named = [parallel] if isinstance(parallel, str) else parallel
    if not isinstance(named, Iterable) or not all(isinstance(name, str) for name in named):
        raise ValueError(f"parallel should be names of terms, True or False; got {parallel!r}")
    wanted = list(named)
    for name in wanted:
        if name not in terms.labels:
            raise FormulaError(
                f"parallel names {name!r}, which is no term of the model; its terms are "
                f"{', '.join(map(repr, terms.labels)) or 'none'}"
            )
    return frozenset(k + 1 for k, label in enumerate(terms.labels) if label not in wanted)


def _named(predictor: str, column: str) -> str:
    return column if predictor == "eta" else f"{predictor}:{column}"


def polr(
    formula: str,
    data: Any,
    *,
    method: str = "logistic",
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    parallel: Any = None,
    start: Any = None,
    control: NewtonControl | None = None,
    progress: bool | None = None,
) -> Polr:
    """Fit a cumulative link model of ordered categories by maximum likelihood, MASS's ``polr``.

    With thresholds zeta_1 < ... < zeta_{K-1} (McCullagh 1980):  P(y <= k) = F(zeta_k - eta),  eta = X beta + offset.
    With the logistic F the odds are proportional: exp(beta_j) multiplies the odds of any higher category.

    Parameters
    ----------
    formula : str
        The left side is a factor, ordered or not, of three or more levels, which stand in their order; strings are
        taken in alphabetical order, with a warning. For numbers write ``factor(y)``.
    data : DataFrame, other table, path or query
        As of :func:`glmformula.glm`.
    method : {"logistic", "probit", "loglog", "cloglog", "cauchit"}
        F: logistic, normal, exp(-exp(-x)), 1 - exp(-exp(x)), Cauchy.
    weights, subset, na_action, contrasts, progress
        As of `glm`.
    offset : str, array or Series, optional
        Of eta.
    parallel : str, list of str or bool, optional
        The terms with one coefficient for all thresholds; default (True) all. The others get one for each threshold,
        ``"Low|Medium:x"``:  P(y <= k) = F(zeta_k - eta - x gamma_k), partial proportional odds (Peterson & Harrell
        1990). False: none is parallel. :func:`nominal_test` says which terms ask for it. Lines that are not parallel
        cross somewhere: rows beyond have no probabilities, and are predicted as NaN.
    start : sequence of float, optional
        Where the search begins: coefficients, then thresholds.
    control : NewtonControl, optional

    Returns
    -------
    Polr
        ``.coefficients`` of eta, ``.zeta`` the thresholds, ``.deviance .edf .df_residual .lev``.

    Raises
    ------
    FormulaError, DataError, FitError
        With what was expected, what arrived and where: numbers, fewer than three categories.

    Warns
    -----
    DataWarning
        Categories that no row has are left out; the formula has no intercept (the thresholds are there all the same).
    RankWarning
        Columns that are combinations of others: their coefficients are NaN.
    SeparationWarning
        Coefficients and thresholds without a finite estimate are named.

    Notes
    -----
    Newton's method with the exact observed information, to full digits, from the thresholds without covariates: it
    does not fail to start, and does not cut zeta - eta at +-100, as MASS does, whose cauchit fits are therefore not
    the maximum. The likelihood of the Cauchy distribution may have several maxima where columns have values far out:
    try another `start`; those of the others have one (Pratt 1981).

    Examples
    --------
    >>> from glmformula import datasets, polr
    >>> data = datasets.attrition()
    >>> days = "cut(sick_days, c(-1, 3, 7, 100), labels = c('few', 'some', 'many'))"
    >>> fit = polr(f"{days} ~ overtime_hours + left", data)
    >>> fit.coefficients.round(3)
    overtime_hours    0.092
    left             -0.333
    dtype: float64
    >>> fit.zeta.round(3)
    few|some    -1.309
    some|many    1.156
    dtype: float64
    >>> fit.predict({"overtime_hours": [2, 15], "left": 0}, type="probs").round(3)
         few   some   many
    0  0.183  0.542  0.274
    1  0.063  0.380  0.556
    """
    return Polr._fitted(dict(locals()))
