"""Matrices of second derivatives between the places where they were summed."""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas

# The most that the shares of a polynomial may be in all, without their signs.
SWING = 4.0


def places(lambdas: np.ndarray, at_lambda: float) -> np.ndarray:
    """Where the lambdas are, from 0 at the one before to 1 at the last."""
    length = at_lambda - float(lambdas[-1])
    return np.clip((at_lambda - lambdas) / length, 0.0, 1.0) if length > 0 else np.zeros(len(lambdas))


def anchors_of(place: np.ndarray, count: int) -> set[int]:
    """The lambdas nearest to the places between which a polynomial errs least (Chebyshev's), the last among them."""
    ideal = (1 + np.cos(np.pi * np.arange(count) / count)) / 2
    return {int(np.abs(place - one).argmin()) for one in ideal.tolist()} | {len(place) - 1}


def between(i: int, place: np.ndarray, known: dict[int, np.ndarray]) -> np.ndarray:
    """The values at the i-th place, from those `known` (-1 is the place 0), by a polynomial through them."""
    if i in known:
        return known[i]
    at = np.array([0.0 if k < 0 else place[k] for k in known])
    first, *rest = zip(shares(at, float(place[i])).tolist(), known.values())
    out = np.multiply(*first, order="C")
    for share, value in rest:
        if share:
            blas.daxpy(value.ravel(), out.ravel(), a=share)  # in place
    return np.asarray(out)


def shares(at: np.ndarray, x: float) -> np.ndarray:
    """What the values at places `at` count at `x`; on a coarse grid, where a polynomial swings, those of a line."""
    gaps = at[:, None] - at
    np.fill_diagonal(gaps, 1.0)
    parts = np.tile(x - at, (len(at), 1))
    np.fill_diagonal(parts, 1.0)
    found = (parts / np.where(gaps == 0, np.nan, gaps)).prod(axis=1)
    if np.abs(found).sum() <= SWING:  # not with two at one place
        return np.asarray(found)
    order = np.argsort(at, kind="stable")
    return np.array([np.interp(x, at[order], row) for row in np.eye(len(at))[:, order]])
