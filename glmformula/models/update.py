"""The same call again, with another formula or other arguments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formula.algebra import update_formula
from .glm import glm

if TYPE_CHECKING:
    from .model import GLM


def same_table(fit: GLM) -> dict[str, Any]:
    """For a further fit to the rows of `fit`: the table itself, which notices rows that have changed."""
    rows = fit.rows
    if not rows.streamed or isinstance(rows.arguments["data"], str | Path | list):  # paths stand in the call
        return {}
    return {"data": rows.table}  # type: ignore[attr-defined]


def update(fit: GLM, formula: str | None = None, **changes: Any) -> GLM:
    """Fit the model again with changes, R's ``update``.

    Parameters
    ----------
    fit : GLM
    formula : str, optional
        ``". ~ . - x"``: each dot is that side of the model's own formula; without a left side (``"~ . + x"``)
        the response stays.
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
    """
    arguments = dict(fit.rows.arguments)
    if formula is not None:
        arguments["formula"] = update_formula(fit.formula, formula)
        if arguments["formula"] != fit.formula:
            arguments["start"] = None
    arguments |= same_table(fit) | changes
    return glm(arguments.pop("formula"), arguments.pop("data"), arguments.pop("family"), **arguments)
