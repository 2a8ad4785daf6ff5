"""Standard errors of functions of the coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import DataError
from ..formula.deparse import deparse
from ..formula.reader import read
from ..render.table import StatTable
from .confint import three_digits
from .derivatives import Dual, evaluate
from .distributions import two_sided
from .summary import Vcov, covariance_of

if TYPE_CHECKING:
    from ..models.model import GLM

INTERCEPT = "(Intercept)"


def delta_method(
    fit: GLM,
    expression: str | Sequence[str] | Mapping[str, str],
    level: float = 0.95,
    names: Sequence[str] | Mapping[str, str] | None = None,
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
    names : sequence (p,) or mapping, optional
        Other names for the coefficients: one for each, or new name to coefficient.
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
    """
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    texts = {expression: expression} if isinstance(expression, str) else expression
    labelled = texts if isinstance(texts, Mapping) else {text: text for text in texts}
    cov = fit.dispersion * fit.result.cov_unscaled if vcov is None else covariance_of(fit, vcov)
    values = coefficient_values(fit, names)
    low, high = (1 - level) / 2, (1 + level) / 2
    percent = [f"{text} %" for text in three_digits([100 * low, 100 * high])]
    rows, index = [], []
    for label, text in labelled.items():
        node = read(text)
        found = evaluate(node, values, text)
        with np.errstate(invalid="ignore"):
            error = float(np.sqrt(found.gradient @ cov @ found.gradient))
        half = float(ndtri(high)) * error
        row = [found.value, error, found.value - half, found.value + half]
        if rhs is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                z = float(np.float64(found.value - rhs) / error)
            row += [rhs, z, float(two_sided(np.array(z), math.inf))]
        rows.append(row)
        index.append(label.replace(INTERCEPT, "Intercept") if label != text else written(deparse(node)))
    columns = [
        "Estimate",
        "SE",
        *percent,
        *(["Hypothesis", "z value", "Pr(>|z|)"] if rhs is not None else []),
    ]
    return StatTable(pd.DataFrame(rows, index=index, columns=columns), kind="coefmat")


def written(text: str) -> str:
    return text.replace("`(Intercept)`", "Intercept").replace(INTERCEPT, "Intercept")


def coefficient_values(fit: GLM, names: Sequence[str] | Mapping[str, str] | None) -> dict[str, Dual]:
    """Each coefficient that is not aliased, under its names; the intercept as ``Intercept`` too."""
    kept = np.flatnonzero(~fit.aliased)
    unit = np.eye(len(kept))
    duals = {j: Dual(float(fit.result.coefficients[j]), unit[i]) for i, j in enumerate(kept.tolist())}
    own = list(fit.column_names)
    known = {own[j]: dual for j, dual in duals.items()}
    if INTERCEPT in known:
        known.setdefault("Intercept", known[INTERCEPT])
    if names is None:
        return known
    if isinstance(names, Mapping):
        missing = [name for name in names.values() if name not in known]
        if missing:
            raise DataError(f"names: {missing[0]!r} is not a coefficient of the model: {', '.join(own)}")
        return {**known, **{new: known[old] for new, old in names.items()}}
    if len(names) != len(own):
        raise DataError(f"names should have {len(own)} entries, one for each coefficient; got {len(names)}")
    return {**known, **{names[j]: dual for j, dual in duals.items()}}
