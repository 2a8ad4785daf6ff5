"""Blends of a penalised path with its relaxed fits, and coefficients between its penalties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..engine.penalised.fit import PenalisedPath
from ..errors import FitError
from .penalties import numbers_of


def checked_gamma(gamma: Any) -> float:
    """A share from 0 to 1.

    Raises
    ------
    ValueError
    """
    value = float(numbers_of(gamma, "gamma", single=True)[0])
    if not 0 <= value <= 1:
        raise ValueError(f"gamma should be between 0 (relaxed) and 1 (penalised); got {value:g}")
    return value


def extended(rows: np.ndarray) -> np.ndarray:
    """The rows with those that are NaN replaced by the last that is not: glmnet's blends beyond the relaxed fits."""
    there = ~np.isnan(rows.reshape(len(rows), -1)).any(axis=1)
    last = int(np.flatnonzero(there)[-1])
    return np.where(there.reshape(-1, *[1] * (rows.ndim - 1)), rows, rows[last])


def blended(result: PenalisedPath, gamma: Any) -> PenalisedPath:
    """`gamma` times the path and the rest of its relaxed fits, glmnet's ``blend.relaxed``.

    Raises
    ------
    ValueError, FitError
        No share; the path has no relaxed fits.
    """
    share = checked_gamma(gamma)
    if share == 1:
        return result
    if result.relaxed_beta is None or result.relaxed_dev_ratio is None:
        raise FitError(
            f"gamma={share:g} is of a path with relaxed fits: fit it with relax=True, as in fit.update(relax=True)"
        )
    again, explained = extended(result.relaxed_beta), extended(result.relaxed_dev_ratio)
    return replace(
        result,
        beta=share * result.beta + (1 - share) * again,
        dev_ratio=share * result.dev_ratio + (1 - share) * explained,
    )


def interpolated(lambdas: np.ndarray, beta: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Rows of `beta` (L, p) at `s`, linear between the lambdas, constant beyond them (glmnet's ``lambda.interp``)."""
    if len(lambdas) == 1:
        return np.repeat(beta, len(s), axis=0)
    upward = lambdas[::-1]
    at = np.clip(s, upward[0], upward[-1])
    right = np.clip(np.searchsorted(upward, at), 1, len(upward) - 1)
    below, above = upward[right - 1], upward[right]
    share = np.where(above > below, (at - below) / np.where(above > below, above - below, 1.0), 1.0)
    rows = beta[::-1]
    low, high = rows[right - 1], rows[right]
    # a penalty of the path has its own coefficients, to the last bit
    mixed = low + share[:, None] * (high - low)
    return np.where(share[:, None] == 1, high, np.where(share[:, None] == 0, low, mixed))
