"""An orthonormal basis of each predictor's columns, for columns that depend on each other nearly.

The information is a Gram matrix, which has the condition of the columns squared: from a condition of 1e4 on it loses
digits that the columns still have. With X = QR, from QR factors of row blocks merged, Newton's method runs in Q and
the coefficients are R^-1 times what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.linalg import lapack

from ...sources.base import Block, Source
from .layout import Layout, rows_in_columns

LARGEST_CONDITION = 1e4
"""Of columns scaled to length 1, above which a basis is taken."""


@dataclass(frozen=True)
class Basis:
    """The layout in the basis; ``parameters = out @ inner``, ``inner = into @ parameters``, (r, r) each."""

    layout: Layout
    out: np.ndarray
    into: np.ndarray


def ill_conditioned(information: np.ndarray, layout: Layout) -> bool:
    """Whether the information (r, r) of some predictor says that its columns nearly depend on each other."""
    for which, place in zip(layout.columns, layout.slices(), strict=True):
        H = information[place, place]
        if which is None or len(H) < 2 or not np.isfinite(H).all():
            continue
        scale = np.sqrt(np.abs(np.diag(H)))
        scale[scale == 0] = 1.0
        values = np.abs(np.linalg.eigvalsh(H / np.outer(scale, scale)))
        if values.min() * LARGEST_CONDITION**2 < values.max():
            return True
    return False


def basis_of(source: Source, layout: Layout) -> Basis | None:
    """An orthonormal basis over the rows of a source; None where predictors share only some of their columns."""
    groups: list[np.ndarray] = []
    ncols = source.map_reduce(_columns, max)
    for which in layout.columns:
        own = np.empty(0, dtype=int) if which is None else np.arange(ncols)[which]
        if any(np.array_equal(own, group) for group in groups) or not len(own):
            continue
        if any(len(np.intersect1d(own, group)) for group in groups):
            return None
        groups.append(own)
    triangles = source.map_reduce(partial(_triangles, groups), _merged)
    columns, factors = np.eye(ncols), {}
    for group, R in zip(groups, triangles, strict=True):
        if len(R) < len(group) or not np.diag(R).all():
            return None
        inverse = lapack.dtrtri(R)[0]
        columns[np.ix_(group, group)] = inverse
        factors[tuple(group.tolist())] = R, inverse
    out, into = np.eye(layout.size), np.eye(layout.size)
    for which, place in zip(layout.columns, layout.slices(), strict=True):
        if which is not None and place.stop > place.start:
            into[place, place], out[place, place] = factors[tuple(np.arange(ncols)[which].tolist())]
    return Basis(replace(layout, basis=columns), out, into)


def _columns(block: Block) -> int:
    return block.design.ncols


def _triangles(groups: list[np.ndarray], block: Block) -> list[np.ndarray]:
    """A triangular factor of each group's columns on the rows of a block that count."""
    out = [np.empty((0, len(group))) for group in groups]
    for rows, columns in rows_in_columns(block):
        if block.prior_weights is not None:
            columns = columns[:, block.prior_weights[rows] > 0]
        out = _merged(out, [columns[group].T for group in groups])
    return out


def _merged(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(np.linalg.qr(np.concatenate(both), mode="r")) for both in zip(a, b, strict=True)]
