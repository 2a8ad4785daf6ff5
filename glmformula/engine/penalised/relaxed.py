"""Relaxed fits of a path: the columns that are not zero at a penalty, fitted again without it."""

from __future__ import annotations

import numpy as np

from .surface import Surface

# With more coefficients than rows less this there is no relaxed fit, as in glmnet.
SPARE = 3


def relaxed(surface: Surface, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (L, q), inside their bounds, and the shares of the deviance that are explained; NaN where none is.

    `b` (L, q) are the coefficients of the path, of a problem without groups.
    """
    problem = surface.problem
    first = 1 if problem.has_intercept else 0
    out, made = np.full(b.shape, np.nan), dict[bytes, np.ndarray]()
    inside = b != 0
    inside[:, :first] = True
    for k, chosen in enumerate(inside):
        if chosen[first:].sum() > problem.rows - SPARE:
            continue
        key = chosen.tobytes()
        if key not in made:
            some = np.flatnonzero(chosen)
            made[key] = np.zeros(b.shape[1])
            made[key][some] = surface.freed(some, b[k, some]) if chosen[first:].any() else b[k, some]
        out[k] = made[key]
    there = ~np.isnan(out[:, 0])
    explained = np.full(len(b), np.nan)
    if there.any():
        explained[there] = surface.seen(out[there], False)[1]
    return out, explained
