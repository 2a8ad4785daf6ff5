"""A few rows at a time, in all the scenes that are asked for: formed when they are first looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...design.pieces import Design
from ...engine.columns import fill
from ...engine.likelihood.layout import etas_of
from ...engine.likelihood.likelihood_fit import as_slice
from ...families.link import Array
from ..rows.predict import ESTIMABLE
from .columns import Columns, Moved, Owners, owners_of
from .evaluation import Model, View, changes_of, with_offsets

CELLS, FEWEST = 2**17, 2**10
"""Numbers in the columns of the rows that are gone through together, and their least number."""


class Views:
    """Some rows of all scenes; what a scene says is found when it is first asked for.

    Attributes
    ----------
    base : ndarray (p, c)
        The columns of the rows as they are.
    """

    def __init__(
        self,
        model: Model,
        base: Array,
        offset: Array | None,
        scenes: Mapping[Any, Moved],
        owners: Mapping[Any, Owners],
        rows: slice,
    ) -> None:
        self.model, self.base, self.scenes, self.owners, self.rows = model, base, scenes, owners, rows
        self.count = rows.stop - rows.start
        layout, parameters = model.layout, model.asked.parameters
        none = np.empty(0, dtype=int)
        nothing = Columns(True, np.empty((0, self.count)), ((none, none),) * len(layout.columns))
        self.plain = etas_of(layout, parameters, base, None)
        etas = self._estimable(with_offsets(layout, self.plain, offset), base)
        self._seen: dict[Any, View] = {(): View(model, nothing, etas, self.count)}

    def __getitem__(self, key: Any) -> View:
        if key not in self._seen:
            scene, layout = self.scenes[key], self.model.layout
            rest = self.columns(scene.design)
            rest -= self.base[as_slice(scene.which)]
            columns = Columns(True, rest, self.owners[key])
            changes = changes_of(self.model.asked.parameters, columns)
            etas = tuple(
                eta if which is None else eta + change
                for which, eta, change in zip(layout.columns, self.plain, changes)
            )
            offset = None if scene.offset is None else scene.offset[self.rows]
            etas = with_offsets(layout, etas, offset)
            if self.model.null_space is not None:
                whole = self.base.copy()
                whole[scene.which] += columns.rest
                etas = self._estimable(etas, whole)
            self._seen[key] = View(self.model, columns, etas, self.count)
        return self._seen[key]

    def columns(self, design: Design) -> Array:
        """(q, c): the columns of a design on these rows."""
        return formed(design, self.rows)

    def _estimable(self, etas: tuple[Array, ...], columns: Array) -> tuple[Array, ...]:
        if self.model.null_space is None:
            return etas
        size = np.sqrt(np.einsum("pc,pc->c", columns, columns))
        reach = np.linalg.norm(self.model.null_space.T @ columns, axis=0)
        lost = ~(reach < ESTIMABLE * np.maximum(size, np.finfo(float).tiny))
        return tuple(np.where(lost, np.nan, eta) for eta in etas) if lost.any() else etas


def formed(design: Design, rows: slice) -> Array:
    """(p, c): the columns of some rows."""
    out, stop = np.empty((design.ncols, rows.stop - rows.start)), 0
    for piece in design.pieces:
        start, stop = stop, stop + piece.width
        fill(piece.rows(rows), out[start:stop])
    return out


def views(
    model: Model, design: Design, offset: np.ndarray | None, scenes: Mapping[Any, Moved]
) -> Iterator[Views]:
    """A few rows at a time, so that their columns stay in a processor's cache."""
    chunk = max(FEWEST, CELLS // (design.ncols + 1))
    owners = {key: owners_of(model.layout, scene.which) for key, scene in scenes.items()}
    for start in range(0, design.nrows, chunk):
        rows = slice(start, min(start + chunk, design.nrows))
        own = None if offset is None else offset[rows]
        yield Views(model, formed(design, rows), own, scenes, owners, rows)
