"""``compare_counts``: the models of counts side by side, for one formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import pandas as pd

from ..errors import DataWarning, FitError, give_warning
from ..fitted.loglik import loglik_of
from ..formula.parts import Parted, terms_of
from ..inference.checks.zeros import (
    expected_zeros,
    expected_zeros_of_parts,
    observed_zeros,
    pearson_dispersion,
    pearson_dispersion_of_parts,
)
from ..inference.terms.lrtest import lrtest
from ..render.numbers import format_number, format_pval, signif
from ..render.table import StatTable
from .glm import glm
from .glm_nb import glm_nb
from .hurdle import hurdle
from .zero_counts import zeroinfl


@dataclass(frozen=True)
class CountModel:
    """A row of `compare_counts`.

    Attributes
    ----------
    label : str
    fit : callable, (formula, data, **options) -> fitted model
    zeros, dispersion : callable, fit -> float
        The zeros that the model expects; Pearson's X^2 over the residual degrees of freedom.
    two_parts : bool
        Whether it takes a formula ``y ~ x | z`` whole; the others take its left part.
    """

    label: str
    fit: Callable[..., Any]
    zeros: Callable[[Any], float] = expected_zeros
    dispersion: Callable[[Any], float] = pearson_dispersion
    two_parts: bool = False


def of_parts(label: str, fit: Callable[..., Any]) -> CountModel:
    """A row for a model with a zero part, which predicts ``type="prob"``."""
    return CountModel(label, fit, expected_zeros_of_parts, pearson_dispersion_of_parts, two_parts=True)


PARTS = ("count", "zero")
POISSON, NEGATIVE_BINOMIAL = "Poisson", "negative binomial"
COUNT_MODELS: list[CountModel] = [
    CountModel(POISSON, partial(glm, family="poisson")),
    CountModel("quasi-Poisson", partial(glm, family="quasipoisson")),
    CountModel(NEGATIVE_BINOMIAL, glm_nb),
    of_parts("zero-inflated Poisson", zeroinfl),
    of_parts("zero-inflated negative binomial", partial(zeroinfl, dist="negbin")),
    of_parts("hurdle Poisson", hurdle),
    of_parts("hurdle negative binomial", partial(hurdle, dist="negbin")),
]
"""The models that are compared, in the table's order: a model of counts that comes later adds its row here."""


class CountComparison(StatTable):
    """The table of `compare_counts`; `fits` has its models by label."""

    _metadata: ClassVar[list[str]] = [*StatTable._metadata, "fits"]

    def __init__(
        self,
        frame: pd.DataFrame,
        fits: Mapping[str, Any],
        heading: tuple[str, ...] = (),
        footer: tuple[str, ...] = (),
    ) -> None:
        super().__init__(frame, kind="data.frame", heading=heading, footer=footer, digits=5)
        self.fits = dict(fits)


def compare_counts(
    formula: str,
    data: Any,
    *,
    models: Iterable[str] | None = None,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    progress: bool | None = None,
) -> CountComparison:
    """Fit the models of counts to one formula and compare them: overdispersion and zeros in one table.

    Parameters
    ----------
    formula : str
        ``"y ~ x"``; of ``"y ~ x | z"`` a model of one part takes the left one.
    data : DataFrame, other table, path or query
        As for `glm`.
    models : list of str, optional
        Some of them, by label; default all: "Poisson", "quasi-Poisson", "negative binomial", "zero-inflated Poisson",
        "zero-inflated negative binomial", "hurdle Poisson", "hurdle negative binomial".
    weights, subset, na_action, offset, contrasts, progress
        As for `glm`. Weights count as numbers of rows in what is said of zeros.

    Returns
    -------
    CountComparison
        A StatTable with a row for each model: ``logLik``, ``Df`` (parameters of the likelihood), ``AIC``, ``BIC``,
        ``Dispersion`` (Pearson's X^2 over the residual degrees of freedom: near 1 for a model that suits), ``Zeros``
        (expected, the sum of P(Y = 0)); the heading tells the observed ones, the footer the likelihood ratio test of
        the Poisson against the negative binomial, with its boundary. NaN where a quasi family has no likelihood.
        ``.fits["Poisson"]`` is the model itself.

    Raises
    ------
    ValueError
        A model that is not there.
    FormulaError, DataError, FamilyError, FitError
        As `glm`, and where no model could be fitted.

    Warns
    -----
    DataWarning
        A model that could not be fitted: its row is empty.

    Notes
    -----
    Cameron & Trivedi (2013), Regression Analysis of Count Data, chapters 3 and 4.

    Examples
    --------
    >>> from glmformula import compare_counts, datasets
    >>> table = compare_counts("sick_days ~ overtime_hours", datasets.attrition())
    >>> table
    Models of counts: sick_days ~ overtime_hours
    Observed zeros: 1 of 500
    <BLANKLINE>
                                     logLik Df    AIC    BIC Dispersion   Zeros
    Poisson                         -1234.3  2 2472.6 2481.0    1.21152 0.60557
    quasi-Poisson                        NA  3     NA     NA    1.21152      NA
    negative binomial               -1229.4  3 2464.7 2477.4    0.99546 1.12420
    zero-inflated Poisson           -1233.2  4 2474.4 2491.3    1.20083 1.45671
    zero-inflated negative binomial -1228.9  5 2467.8 2488.8    1.00360 1.78297
    hurdle Poisson                  -1232.8  4 2473.5 2490.4    1.20795 1.00000
    hurdle negative binomial        -1228.1  5 2466.2 2487.2    1.00294 1.00000
    <BLANKLINE>
    Poisson against negative binomial (theta infinite is the boundary): Chisq = 9.8152, p-value = 0.0008654
    >>> round(table.fits["negative binomial"].theta, 2)
    31.38
    """
    chosen = _chosen(models)
    options = {
        "weights": weights,
        "subset": subset,
        "na_action": na_action,
        "offset": offset,
        "contrasts": contrasts,
        "progress": progress,
    }
    one_part = terms_of(Parted(formula, PARTS)).parts[0].text if isinstance(formula, str) else formula
    fits: dict[str, Any] = {}
    failure: FitError | None = None
    for model in chosen:
        try:
            fits[model.label] = model.fit(formula if model.two_parts else one_part, data, **options)
        except FitError as error:
            failure = error
            give_warning(f"the {model.label} model could not be fitted: {error}", DataWarning)
    if not fits:
        assert failure is not None
        raise failure
    rows = {model.label: _row(model, fits.get(model.label)) for model in chosen}
    zeros, total = (format_number(v) for v in observed_zeros(next(iter(fits.values()))))
    heading = (f"Models of counts: {formula}", f"Observed zeros: {zeros} of {total}", "")
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return CountComparison(frame, fits, heading, _boundary_test(fits))


COLUMNS = ("logLik", "Df", "AIC", "BIC", "Dispersion", "Zeros")


def _chosen(models: Iterable[str] | None) -> list[CountModel]:
    if models is None:
        return list(COUNT_MODELS)
    known = {model.label: model for model in COUNT_MODELS}
    labels = [models] if isinstance(models, str) else list(models)
    unknown = [label for label in labels if label not in known]
    if unknown or not labels:
        got = ", ".join(map(repr, unknown)) or "none"
        raise ValueError(f"models should be some of {', '.join(map(repr, known))}; got {got}")
    return [known[label] for label in labels]


def _row(model: CountModel, fit: Any) -> list[float]:
    if fit is None:
        return [math.nan] * len(COLUMNS)
    loglik = loglik_of(fit)
    value, df = float(loglik), float(loglik.df)
    return [
        value,
        df,
        -2 * value + 2 * df,
        -2 * value + math.log(loglik.nobs) * df,
        model.dispersion(fit),
        model.zeros(fit),
    ]


def _boundary_test(fits: Mapping[str, Any]) -> tuple[str, ...]:
    if POISSON not in fits or NEGATIVE_BINOMIAL not in fits:
        return ()
    tested = lrtest(fits[POISSON], fits[NEGATIVE_BINOMIAL]).frame.iloc[1]
    statistic, p = format_number(signif((tested["Chisq"],), 5)[0]), format_pval((tested["Pr(>Chisq)"],), 4)[0]
    equals = p if p.startswith("<") else f"= {p}"
    return (
        "",
        f"Poisson against negative binomial (theta infinite is the boundary): Chisq = {statistic}, p-value {equals}",
    )
