"""The models that ``anova``, ``lrtest`` and ``waldtest`` compare: fits, or changes to the fit before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

from ...design.selection import positions
from ...errors import DataError, DataWarning, FitError, give_warning
from ...fitted.coefficients import response_of
from ...fitted.loglik import loglik_of
from ...fitted.protocols import is_mixed
from ...formula.lines import formula_lines
from .update import update

if TYPE_CHECKING:
    from ...fitted.protocols import Fit
    from ...fitted.training import TrainingData

F = TypeVar("F", bound="Fit")


def compared_models(fit: Fit, others: Iterable[object], default: str = ". ~ 1") -> list[Fit]:
    """The models in order; by default `fit` and the one with nothing but the intercept.

    A change is made to the model before it, and that is fitted to the rows of `fit`, also where it would have
    more of them for want of missing values.

    Raises
    ------
    DataError
        A term that is not in the model.
    FitError
        The models are not fitted to the same rows.
    """
    if is_mixed(fit):  # the random effects stay
        default = " + ".join([default, *(f"({bar.text})" for bar in fit.random.formula.bars)])
    models: list[Fit] = [fit]
    for other in list(others) or [default]:
        models.append(changed(models[-1], other))
    check_same_rows(models)
    return models


def changed(fit: Fit, change: object) -> Fit:
    """`fit` without some terms or with another formula, on its own rows; a fit as it is."""
    if is_fit(change):
        return change
    formula = change if isinstance(change, str) and "~" in change else without(fit, change)
    smaller, rows_used = update(fit, formula), training_of(fit)
    if rows_used is None or same_rows(smaller, fit):
        return smaller
    frame = rows_used.frame
    rows = np.zeros(len(frame.data_index), dtype=bool)
    rows[slice(None) if frame.kept is None else frame.kept] = True
    return update(fit, formula, subset=rows)


def is_fit(change: object) -> TypeGuard[Fit]:
    return hasattr(change, "terms") and hasattr(change, "vcov")


def without(fit: Fit, terms: object) -> str:
    """``. ~ . - a - b``."""
    labels = fit.terms.labels
    try:
        places = [] if terms is None else positions(terms, labels, "term")
    except (DataError, TypeError) as error:
        raise DataError(
            f"terms specified that are not in the model: {terms!r}; expected a fit, a formula such as "
            f"'. ~ . - x', or terms of {fit.formula!r} (it has {len(labels)}, counted from 0): {error}"
        ) from None
    if not places:
        raise DataError("empty model specification: no term is named")
    return " - ".join([". ~ .", *(labels[k] for k in places)])


def model_lines(fits: list[Fit]) -> str:
    """``Model 1: y ~ x`` ... on lines as R breaks them."""
    widest = len(str(len(fits)))
    return "\n".join(
        f"Model {k:>{widest}}: " + "\n".join(formula_lines(fit.formula)) for k, fit in enumerate(fits, 1)
    )


def of_one_response(fits: list[F]) -> list[F]:
    """The fits that have the response of the first; a warning names the others."""
    wanted = response_of(fits[0])
    other = [response_of(f) for f in fits if response_of(f) != wanted]
    if other:
        quoted = ", ".join(f"‘{name}’" for name in other)
        give_warning(
            f"models with response {quoted} removed because response differs from model 1", DataWarning
        )
    return [f for f in fits if response_of(f) == wanted]


def check_same_rows(fits: Sequence[Fit]) -> None:
    """An error where models were fitted by several criteria, or to different rows."""
    if len({fit.criterion for fit in fits}) > 1:
        reduced = ", ".join(str(k) for k, fit in enumerate(fits, start=1) if fit.criterion == "firth")
        found = ", ".join(f"model {k}: {fit.criterion}" for k, fit in enumerate(fits, start=1))
        raise FitError(
            f"bias-reduced fits (method='firth': model {reduced}) and maximum-likelihood fits cannot be compared: "
            "fit all models by one method"
            if reduced
            else f"fits by different criteria cannot be compared ({found}): fit all models by one method"
        )
    check_rows(fits)


def check_rows(fits: Sequence[Fit]) -> None:
    """An error where models were not fitted to the same rows."""
    counts = [loglik_of(fit).nobs for fit in fits]
    for number, (other, count) in enumerate(zip(fits[1:], counts[1:]), start=2):
        if count != counts[0] or not same_rows(fits[0], other):
            raise FitError(
                "models were not all fitted to the same size of dataset: model 1 has "
                f"{counts[0]} rows, model {number} has {count}"
                + (" other ones" if count == counts[0] else "")
                + "; fit all models to data without the rows that have missing values in any of them"
            )


def check_restricted(fits: Sequence[Fit]) -> None:
    """An error where restricted likelihoods (REML) of different fixed effects would be compared."""
    if all(fit.criterion != "REML" for fit in fits):
        return
    if len({(fit.terms.intercept, frozenset(fit.terms.labels)) for fit in fits}) > 1:
        raise FitError(
            "restricted likelihoods of models with different fixed effects cannot be compared: use anova(), which fits "
            "them again by maximum likelihood, or fit them with REML=False"
        )


def same_rows(fit: Fit, other: Fit) -> bool:
    """Whether two fits used the same rows; True where one of them cannot tell."""
    mine, theirs = training_of(fit), training_of(other)
    return mine is None or theirs is None or mine.same_rows(theirs)


def training_of(fit: Any) -> TrainingData | None:
    """The training rows of a model that knows them."""
    return getattr(fit, "training", None)
