"""The models that ``lrtest`` and ``waldtest`` compare: fits, or changes to the fit before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from ..design.selection import positions
from ..errors import DataError
from ..formula.lines import formula_lines
from .anova import check_same_rows

if TYPE_CHECKING:
    from ..models.model import GLM

# What may stand for a model: a fit, an updating formula, or terms to leave out (labels, positions from 0, or a mask).
Change = "GLM | str | int | Iterable[str | int]"


def compared_models(fit: GLM, others: Iterable[object], default: str = ". ~ 1") -> list[GLM]:
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
    models = [fit]
    for other in list(others) or [default]:
        models.append(changed(models[-1], other))
    check_same_rows(models)
    return models


def changed(fit: GLM, change: object) -> GLM:
    """`fit` without some terms or with another formula, on its own rows; a fit as it is."""
    if is_fit(change):
        return change
    formula = change if isinstance(change, str) and "~" in change else without(fit, change)
    smaller = fit.update(formula)
    if smaller.rows.same_rows(fit.rows):
        return smaller
    frame = fit.rows.frame
    rows = np.zeros(len(frame.data_index), dtype=bool)
    rows[slice(None) if frame.kept is None else frame.kept] = True
    return fit.update(formula, subset=rows)


def is_fit(change: object) -> TypeGuard[GLM]:
    return hasattr(change, "terms") and hasattr(change, "result")


def without(fit: GLM, terms: object) -> str:
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


def model_lines(fits: list[GLM]) -> str:
    """``Model 1: y ~ x`` ... on lines as R breaks them."""
    widest = len(str(len(fits)))
    return "\n".join(
        f"Model {k:>{widest}}: " + "\n".join(formula_lines(fit.formula)) for k, fit in enumerate(fits, 1)
    )
