"""What each family asks of its response, in R's sentences, and where IRLS starts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from ..errors import DataWarning, FamilyError
from .likelihoods import is_count
from .link import Array, Mask, quiet

Labels = Sequence[object] | None
# R's tolerance for "non-integer #successes"
BINOMIAL_TOLERANCE = 1e-3


def _where(bad: Mask, values: Array, labels: Labels) -> str:
    """'3 of 40 values, the first in rows 2 (-1), 5 (-0.5), ...'"""
    rows = np.flatnonzero(bad)
    shown = [
        f"{rows[i] if labels is None else labels[rows[i]]} ({values[rows[i]]:g})"
        for i in range(min(3, rows.size))
    ]
    place = "position" if labels is None else "row"
    plural = "" if rows.size == 1 else "s"
    more = ", ..." if rows.size > 3 else ""
    return f"{rows.size} of {np.size(values)} values, at {place}{plural} {', '.join(shown)}{more}"


def refuse(sentence: str, bad: Mask, values: Array, labels: Labels, remedy: str) -> NoReturn:
    raise FamilyError(f"{sentence}: {_where(bad, values, labels)}. {remedy}")


def warn(sentence: str, bad: Mask, values: Array, labels: Labels, remedy: str) -> None:
    warnings.warn(f"{sentence}: {_where(bad, values, labels)}. {remedy}", DataWarning, stacklevel=4)


@quiet
def check_binomial(
    quasi: bool,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """Proportions in [0, 1]; for the binomial proper, whole numbers of successes."""
    y = np.asarray(y, dtype=np.float64)
    outside = (y < 0.0) | (y > 1.0)
    if prior_weights is not None:
        outside &= np.asarray(prior_weights) != 0.0
    if np.any(outside):
        refuse(
            "y values must be 0 <= y <= 1",
            outside,
            y,
            labels,
            "Give counts as cbind(successes, failures), or the proportion with weights= the number of trials",
        )
    if quasi:
        return
    totals = trials if trials is not None else prior_weights
    successes = y if totals is None else y * totals
    broken = np.abs(successes - np.round(successes)) > BINOMIAL_TOLERANCE
    if trials is not None:
        broken |= np.abs(trials - np.round(trials)) > BINOMIAL_TOLERANCE
    if np.any(broken):
        what = "non-integer #successes" if trials is None else "non-integer counts"
        warn(
            f"{what} in a binomial glm!",
            broken,
            successes,
            labels,
            "For proportions give weights= the number of trials; quasibinomial() asks for no whole numbers",
        )


@quiet
def check_counts(
    family: str,
    whole: bool,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """No negative values; where `whole`, a warning for values that are no integers."""
    y = np.asarray(y, dtype=np.float64)
    if np.any(y < 0.0):
        refuse(
            f"negative values not allowed for the {family} family",
            y < 0.0,
            y,
            labels,
            "Counts are 0, 1, 2, ...; remove or correct these rows, or choose another family",
        )
    broken = ~is_count(y) & np.isfinite(y) if whole else None
    if broken is not None and np.any(broken):
        first = float(y[np.flatnonzero(broken)[0]])
        warn(
            f"non-integer x = {first:.6f}",
            broken,
            y,
            labels,
            "A Poisson likelihood needs counts, so the AIC will be infinite; quasipoisson() gives the same"
            " coefficients, and for rates use the counts with offset(log(exposure))",
        )


@quiet
def check_positive(
    sentence: str,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """Every value above zero."""
    y = np.asarray(y, dtype=np.float64)
    if np.any(y <= 0.0):
        refuse(
            sentence,
            y <= 0.0,
            y,
            labels,
            "Remove these rows, or use a family that allows them (gaussian, tweedie)",
        )


@quiet
def start_binomial(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    """(n y + 1/2) / (n + 1), n the trials or the prior weights."""
    n = 1.0 if prior_weights is None else prior_weights
    if trials is not None:
        n = trials
    elif prior_weights is not None:
        y = np.where(prior_weights == 0.0, 0.0, y)
    return (n * y + 0.5) / (n + 1.0)


def start_plus_tenth(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    return y + 0.1


def start_zeros_moved(
    by: float, y: Array, prior_weights: Array | None = None, trials: Array | None = None
) -> Array:
    """y, with `by` in place of zeros."""
    return np.where(y == 0.0, by, y)


def start_inside(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    """y held between 0.001 and 0.999."""
    return np.clip(y, 0.001, 0.999)
