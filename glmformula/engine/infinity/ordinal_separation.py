"""Separation of ordered categories: which coefficients and thresholds of a cumulative link model are infinite.

A category k is chosen where zeta_{k-1} < latent - eta <= zeta_k. The likelihood never falls along a direction that
raises zeta_y - eta of every row or leaves it, and lowers zeta_{y-1} - eta or leaves it: the two ends of a row are two
rows of the linear programme of `separation`, a success and a failure.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from ...design.pieces import Design, Piece
from ...families import binomial
from ...runtime.tasks import one_team
from ...sources.base import Block, Source
from ...sources.mapped import Mapped
from ..likelihood.layout import Layout, rows_in_columns
from .separation import separation


@one_team()
def ordinal_separation(source: Source, layout: Layout) -> np.ndarray | None:
    """A direction (r,) along which the likelihood never falls, that has every infinite parameter; None if finite.

    Parameters
    ----------
    source : Source
        Rows whose response is the place of a category.
    layout : Layout
        eta, perhaps a predictor for each threshold, and the thresholds, which are constants.
    """
    r = layout.size
    found = separation(Mapped(source, partial(both_ends, layout)), binomial(), np.arange(r), r)
    return None if found is None else found.direction


def both_ends(layout: Layout, block: Block) -> Block:
    """A block with a row for each finite end of each row of non-zero weight, and a column for each parameter."""
    parts = [np.empty((layout.size, 0))]
    above = [np.empty(0)]
    for rows, columns in rows_in_columns(block):
        codes = block.y[rows].astype(np.intp)
        on = np.ones(len(codes), bool) if block.prior_weights is None else block.prior_weights[rows] > 0
        for shift, outcome in ((0, 1.0), (-1, 0.0)):
            ends = end_columns(layout, columns[:, on], codes[on] + shift)
            parts.append(ends)
            above.append(np.full(ends.shape[1], outcome))
    X, y = np.concatenate(parts, axis=1), np.concatenate(above)
    names = tuple(str(j) for j in range(layout.size))
    pieces = tuple([Piece((column,)) for column in X])
    design = Design(len(y), pieces, names, np.arange(1, layout.size + 1), names)
    nothing = {"prior_weights": None, "offset": None, "etastart": None, "mustart": None, "trials": None}
    return replace(block, design=design, y=y, **nothing)  # type: ignore[arg-type]


def end_columns(layout: Layout, columns: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Derivatives of zeta_k - eta by the parameters (r, q), for the rows whose threshold k (m,) is finite."""
    T = sum(which is None for which in layout.columns)
    some = (threshold >= 0) & (threshold < T)
    columns, threshold = columns[:, some], threshold[some]
    out = np.zeros((layout.size, columns.shape[1]))
    own = len(layout.columns) - T  # predictors that are no thresholds: eta, or eta and one for each threshold
    for k, (which, place) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        if which is None:
            out[place] = threshold == k - own
        elif k == 0:
            out[place] = -columns[which]
        else:
            out[place] = np.where(threshold == k - 1, -columns[which], 0.0)
    return out
