"""What a fit says where some of its coefficients have no finite estimate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..engine.infinity.separation import separation_of_fit
from ..engine.result import GlmFit
from ..errors import ConvergenceWarning, SeparationWarning, give_warning
from ..families import Family
from ..sources.base import Source
from ..sources.mapped import for_sums

MOST_NAMES = 10
NO_MINIMUM = (
    "no minimum of the deviance was found at finite coefficients: it falls, or stays, as they grow, though no set of "
    "rows is separated; the coefficients are where the iterations stopped. Another link may suit the response"
)


def looked_at(source: Source, family: Family, fit: GlmFit, names: tuple[str, ...]) -> GlmFit:
    """The fit with its `limits`, and one warning, if separation is what it ran into, or coefficients without end."""
    found = separation_of_fit(for_sums(source), family, fit) if fit.near_end else None
    if found is None:
        if fit.runaway:
            give_warning(NO_MINIMUM, ConvergenceWarning)
        return fit
    kind = "complete separation" if found.complete else "separation"
    give_warning(
        f"{kind}: no finite maximum-likelihood estimate of {infinite_names(found.limits, names)}; what is "
        "given for these coefficients is where the iterations stopped. Fit with method='firth' for finite "
        "estimates, or leave out or merge what separates the responses",
        SeparationWarning,
    )
    return replace(fit, limits=found.limits)


def infinite_names(limits: np.ndarray, names: tuple[str, ...]) -> str:
    """``NV (+Inf), grade3 (-Inf)``."""
    found = [
        f"{name} ({'+' if limit > 0 else '-'}Inf)"
        for name, limit in zip(names, limits, strict=True)
        if np.isinf(limit)
    ]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return ", ".join(found[:MOST_NAMES]) + more


def lost_names(limits: np.ndarray, names: tuple[str, ...]) -> str:
    """Those of the parameters that are not determined where others are infinite."""
    found = [name for name, limit in zip(names, limits, strict=True) if np.isnan(limit)]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return ", ".join(found[:MOST_NAMES]) + more
