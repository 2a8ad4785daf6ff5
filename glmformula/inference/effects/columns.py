"""Columns of a design of which a few differ from those of the rows as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...design.pieces import Design
from ...engine.likelihood.layout import Layout
from ...families.link import Array

Owners = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of some rows: ``base`` (if `whole`), and added to it those that differ.

    Attributes
    ----------
    whole : bool
    rest : ndarray (q, c)
        What is added to them.
    owners : tuple of (ndarray, ndarray)
        For each predictor: which of these it has, and the places of their parameters.
    """

    whole: bool
    rest: Array
    owners: Owners


@dataclass(frozen=True)
class Moved:
    """A scene that differs from the rows as they are.

    Attributes
    ----------
    design : Design
        The columns that differ.
    which : ndarray of int (q,)
        Their places.
    offset : ndarray or None
        All of it.
    """

    design: Design
    which: np.ndarray
    offset: np.ndarray | None


def owners_of(layout: Layout, places_: np.ndarray) -> Owners:
    """For each predictor: which of these columns of the design it has, and the places of their parameters."""
    out = []
    for which, place in zip(layout.columns, layout.slices(), strict=True):
        if which is None:
            out.append((np.empty(0, dtype=int), np.empty(0, dtype=int)))
            continue
        if isinstance(which, slice):
            inside = np.flatnonzero((places_ >= which.start) & (places_ < which.stop))
            out.append((inside, place.start + places_[inside] - which.start))
            continue
        order = {int(column): k for k, column in enumerate(which)}
        found = [k for k, column in enumerate(places_.tolist()) if column in order]
        places = [place.start + order[column] for column in places_[found].tolist()]
        out.append((np.array(found, dtype=int), np.array(places, dtype=int)))
    return tuple(out)
