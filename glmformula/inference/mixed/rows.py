"""What a mixed model says of rows: linear predictors and residuals, with all, some or none of its random effects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...engine.mixed.structure import Structure
from ...families import Family
from ...sources.mapped import collect

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed
    from ...sources.base import Block

RESIDUALS = ("response", "pearson", "deviance", "working")


def linear_predictor(
    structure: Structure, beta: np.ndarray, modes: Sequence[np.ndarray], block: Block
) -> np.ndarray:
    """X beta + Z b + offset of a block's rows; a level that is not known adds nothing."""
    eta = structure.layout.fixed.columns(block.design) @ beta
    if block.offset is not None:
        eta = eta + block.offset
    return eta + random_part(structure, modes, block.design)


def random_part(structure: Structure, modes: Sequence[np.ndarray], design: Any) -> np.ndarray:
    """Z b."""
    out = np.zeros(design.nrows)
    codes, columns = structure.codes(design), structure.varying(design)
    for code, Z, b in zip(codes, columns, modes, strict=True):
        if not b.any():
            continue
        padded = np.vstack([b, np.zeros(b.shape[1])])  # -1, of a level that is not known
        for k, column in enumerate(Z):
            own = padded[code, k]
            out += own if column is None else own * column
    return out


def some_modes(fit: Mixed, terms: Sequence[int] | None) -> list[np.ndarray]:
    """The modes with those of other terms than these at zero; None takes all."""
    if terms is None:
        return list(fit.result.modes)
    return [b * kept for b, kept in zip(fit.result.modes, fit.structure.of_terms(terms), strict=True)]


def filled(fit: Mixed) -> np.ndarray:
    """The fixed effects, zero where aliased."""
    return np.nan_to_num(fit.result.coefficients, nan=0.0)


def row_parts(fit: Mixed, terms: Sequence[int] | None = None) -> tuple[np.ndarray, ...]:
    """(eta, y, prior weights) of the rows of the fit, in order."""
    work = partial(_row_parts, fit.structure, filled(fit), some_modes(fit, terms))
    pieces = collect(fit.every_row.source, work)
    return tuple(np.concatenate(part) for part in zip(*pieces, strict=True))


def _row_parts(
    structure: Structure, beta: np.ndarray, modes: list[np.ndarray], block: Block
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weights = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return linear_predictor(structure, beta, modes, block), block.y, weights


def conditional_deviance(fit: Mixed) -> float:
    """The sum of the squared deviance residuals given the random effects, lme4's ``deviance`` of a glmer."""
    work = partial(_deviance, fit.family, fit.structure, filled(fit), some_modes(fit, None))
    return float(fit.every_row.source.map_reduce(work, add))


def _deviance(
    family: Family, structure: Structure, beta: np.ndarray, modes: list[np.ndarray], block: Block
) -> float:
    eta, y, weights = _row_parts(structure, beta, modes, block)
    return float(np.nansum(residuals_at(family, "deviance", eta, y, weights) ** 2))


def scaled_residuals(fit: Mixed) -> np.ndarray:
    """Pearson residuals over sigma."""
    eta, y, weights = row_parts(fit)
    return residuals_at(fit.family, "pearson", eta, y, weights) / fit.sigma


def residuals_at(
    family: Family, type: str, eta: np.ndarray, y: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Residuals of rows."""
    mu, slope, variance = family.working(eta)
    raw = y - mu
    if type == "response":
        return raw
    if type == "working":
        return np.asarray(raw / slope)
    if type == "pearson":
        return np.asarray(raw * np.sqrt(weights / variance))
    return np.asarray(np.sign(raw) * np.sqrt(np.maximum(weights * family.deviance_at(y, eta, mu), 0.0)))


def residuals(fit: Mixed, type: str | None = None, *, scaled: bool = False) -> pd.Series:
    """Residuals given the random effects, lme4's ``residuals``.

    Parameters
    ----------
    type : {"response", "pearson", "deviance", "working"}, optional
        Default "response" of `lmer`, "deviance" of `glmer`.
    scaled : bool
        Divide by sigma.

    Returns
    -------
    Series (n,), with the data's row labels.

    Raises
    ------
    ValueError
        An unknown type.
    DataError
        The model holds no rows.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.residuals("pearson", scaled=True).head(2).round(3)
    0    0.738
    1   -0.063
    dtype: float64
    """
    name = type or ("response" if fit.family.is_normal_linear else "deviance")
    if name not in RESIDUALS:
        raise ValueError(f"type should be one of {', '.join(map(repr, RESIDUALS))}; got {type!r}")
    values = residuals_at(fit.family, name, *row_parts(fit))
    return fit.every_row.labelled(values / fit.sigma if scaled else values)
