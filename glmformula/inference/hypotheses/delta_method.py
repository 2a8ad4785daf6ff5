"""Standard errors of functions of the coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.selection import listed, order_of, several, shared
from ...errors import DataError, FormulaError
from ...fitted.coefficients import kept_of, names_of, values_of
from ...formula.algebra import variables_used
from ...formula.deparse import deparse
from ...formula.reader import read
from ...formula.tree import Node
from ...frame.variables import place_of
from ...render.table import StatTable
from ..intervals.limits import percent_names
from ..wald import Vcov, Wald
from .derivatives import Dual, evaluate

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

INTERCEPT = "(Intercept)"


def delta_method(
    fit: Fit,
    expression: str | Sequence[str] | Mapping[str, str],
    level: float = 0.95,
    names: Sequence[str] | pd.Series | Mapping[str, str] | None = None,
    *,
    vcov: Vcov = None,
    rhs: float | None = None,
) -> StatTable:
    """Functions of the coefficients with standard errors by the delta method, car's ``deltaMethod``.

    g(b) with standard error sqrt(grad' V grad), the gradient exact (forward differentiation of the
    expression; nothing is run as Python).

    Parameters
    ----------
    expression : str, list of them, or mapping of label to expression
        R syntax: ``"exp(b1) / b2"``, ``"-`(Intercept)` / dose"``, ``"(Intercept) / x"``. Names of
        coefficients that are not words stand in backticks; `pi` is known.
    level : float
    names : sequence (p,), Series or mapping, optional
        Other names for the coefficients: one for each (a Series goes by its labels, where they are the
        coefficients), or new name to coefficient.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``).
    rhs : float, optional
        Also test whether the expression has this value.

    Returns
    -------
    StatTable
        A row for each expression: Estimate, SE, the limits of the normal interval, and with `rhs` Hypothesis,
        z value, Pr(>|z|).

    Raises
    ------
    FormulaError
        What cannot be read, is unknown or has no derivative: points at it.
    DataError
        `names` of another length.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.delta_method("-(Intercept) / overtime_hours")  # hours at which half of them leave
                              Estimate      SE   2.5 % 97.5 %
    -Intercept/overtime_hours  24.0409  6.5102 11.2811 36.801
    """
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if rhs is not None and np.ndim(rhs):
        raise DataError(f"rhs should be one number, for every expression; got {rhs!r}")
    texts = {expression: expression} if isinstance(expression, str) else expression
    labelled = texts if isinstance(texts, Mapping) else {text: text for text in texts}
    wald = Wald.of(fit, vcov)
    values = coefficient_values(fit, names)
    found, index = [], []
    for label, text in labelled.items():
        node = read(text)
        refuse_shared(fit, node, values, text)
        found.append(evaluate(node, values, text))
        index.append(label.replace(INTERCEPT, "Intercept") if label != text else written(deparse(node)))
    gradients = np.array([dual.gradient for dual in found]).reshape(len(found), len(wald.names))
    made = Wald(tuple(index), np.array([dual.value for dual in found]), wald.linear(gradients).cov)
    table = {"Estimate": made.estimate, "SE": made.error} | dict(
        zip(percent_names(level), made.limits(level))
    )
    if rhs is not None:
        z = {"z value": made.statistic(rhs), "Pr(>|z|)": made.p_value(null=rhs)}
        table |= {"Hypothesis": np.full(len(found), rhs), **z}
    return StatTable(pd.DataFrame(table, index=index), kind="coefmat", footer=wald.note)


def written(text: str) -> str:
    return text.replace("`(Intercept)`", "Intercept").replace(INTERCEPT, "Intercept")


def coefficient_values(fit: Fit, names: Any) -> dict[str, Dual]:
    """Each coefficient that is not aliased, under its names (not one that several have); the intercept as
    ``Intercept`` too.
    """
    kept, estimate = np.flatnonzero(kept_of(fit)), values_of(fit).tolist()
    unit = np.eye(len(kept))
    duals = {j: Dual(estimate[j], unit[i]) for i, j in enumerate(kept.tolist())}
    own = list(names_of(fit))
    twice = shared(own)
    known = {own[j]: dual for j, dual in duals.items() if own[j] not in twice}
    for name, dual in list(known.items()):
        if (bare := name.replace("`", "")) not in twice:
            known.setdefault(bare, dual)  # as the reader gives a name in backticks
    if INTERCEPT in known:
        known.setdefault("Intercept", known[INTERCEPT])
    if names is None:
        return known
    if isinstance(names, Mapping):
        for name in names.values():
            if name in twice:
                raise DataError(f"names: {several(name, twice[name])}: give a list with a name for each")
            if name not in known:
                raise DataError(f"names: {name!r} is not a coefficient of the model: {', '.join(own)}")
        return {**known, **{new: known[old] for new, old in names.items()}}
    if len(names) != len(own):
        raise DataError(f"names should have {len(own)} entries, one for each coefficient; got {len(names)}")
    given = listed(names)
    if isinstance(names, pd.Series) and (order := order_of(names.index, own, "names")) is not None:
        given = [given[k] for k in order]
    if again := shared(given):
        raise DataError(f"names: {next(iter(again))!r} stands there {len(next(iter(again.values())))} times")
    return {**known, **{given[j]: dual for j, dual in duals.items()}}


def refuse_shared(fit: Fit, node: Node, values: Mapping[str, Dual], text: str) -> None:
    """An error where the expression asks for a name that several coefficients have."""
    twice = shared(names_of(fit))
    for name in variables_used(node):
        if name in twice and name not in values:
            message = f"{several(name, twice[name])}: give each a name of its own, names=[...]"
            raise FormulaError(message, text, *place_of(node, name))
