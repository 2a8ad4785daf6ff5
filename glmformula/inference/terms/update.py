"""The same call again, with another formula or other arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ...formula.algebra import update_formula
from ...formula.parts import update_parts

if TYPE_CHECKING:
    from ...fitted.protocols import Fit


F = TypeVar("F", bound="Fit")


def update(fit: F, formula: str | None = None, **changes: Any) -> F:
    """Fit the model again with changes, R's ``update``.

    Parameters
    ----------
    fit : GLM
    formula : str, optional
        ``". ~ . - x"``: each dot is that side of the model's own formula; without a left side (``"~ . + x"``)
        the response stays. Of a formula in parts: ``". ~ . - x | ."``; a change without a bar is made to each part.
    **changes
        Arguments of `glm` that replace those of the call (``data=``, ``family=``, ``weights=None`` ...).

    Returns
    -------
    GLM

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, TypeError
        As `glm`.

    Notes
    -----
    A `start` of the call belongs to its columns: it is not used with another formula (R stops: "length of
    'start' should equal ...").

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.update(". ~ . + salary").formula
    'left ~ overtime_hours + salary'
    >>> fit.update(family="quasibinomial").family.name
    'quasibinomial'
    """
    if formula is not None:
        parts = len(fit.terms.parts)
        new = update_parts(fit.formula, formula, parts) if parts else update_formula(fit.formula, formula)
        changes = {"formula": new} | changes
    return fit.refit(**changes)
