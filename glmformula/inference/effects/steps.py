"""Derivatives of a design's columns by a variable of the data.

The columns are products of the formula's variables, so the chain rule needs the derivatives of these alone: 1 for the
variable itself, and for ``log(x)``, ``poly(x, 2)``, ``ns(x, 3)`` ... central differences at three widths, extrapolated
(Richardson): with f analytic the error is of the order of width^6, near 1e-12 of f' here. The last two extrapolations
tell the error of each row; rows where it is above `TOLERANCE` are taken again with other widths (near a knot, near the
end of a domain), and what stays above `CRUDE` is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from ...design.pieces import Design
from ...errors import DataWarning, give_warning, hearing
from ...formula.algebra import variables_used
from ...formula.tree import Name, Node
from .scenes import Changes, Scene

WIDTH = 2.0**-7
"""The first width, as a share of a variable's standard deviation."""
FINER = (1.0, 2.0**-4, 2.0**-8, 2.0**-12, 2.0**-16)
TOLERANCE = 1e-10
CRUDE = 1e-6

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``f(rows, x)``: the values (k,) or (k, q) of these rows at x (k,)."""


@dataclass(frozen=True)
class Derivative:
    """How a design changes with a variable.

    Attributes
    ----------
    parts : tuple of (Design, ndarray of int)
        The derivatives of its columns are the sums of these designs', each with its places among the columns.
    offset : ndarray or None
        The derivative of the offset.
    error : float
        The largest error of a step, relative to the derivative's size.
    """

    parts: tuple[tuple[Design, np.ndarray], ...]
    offset: np.ndarray | None
    error: float

    @cached_property
    def which(self) -> np.ndarray:
        """The columns of the design that change."""
        return np.unique(np.concatenate([np.empty(0, dtype=int), *(part for _, part in self.parts)]))


def derivative(scene: Scene, name: str, spread: float) -> Derivative:
    """By the column `name` of the data, whose standard deviation is `spread`.

    Warns
    -----
    DataWarning
        Rows without a derivative, or where a step is too crude.
    """
    value = scene.columns(name)
    x = np.asarray(getattr(value, "values", value), dtype=np.float64)
    parts, offset, worst, rows = [], None, 0.0, 0
    for node, text, off in scene.nodes:
        if name not in variables_used(node):
            continue
        slope = np.ones(scene.nrows)
        if off or not isinstance(node, Name):
            few = scene.rows(slice(0, min(1, scene.nrows)))
            if few.nrows and few.numbers(node, text, off, {}) is None:
                continue  # a factor made of it, which jumps
            at = _at_rows(scene, name, partial(_numbers, node, text, off))
            slope, error = richardson(at, x, spread)
            worst, rows = max(worst, float(error.max(initial=0.0))), max(rows, int((error > CRUDE).sum()))
        if off:
            offset = _added(scene, offset, slope, text)
        else:
            parts.append(scene.replaced(text, slope))
    argument = scene.schema.offset
    if argument is not None and not isinstance(argument, float) and name in variables_used(argument):
        at = _at_rows(scene, name, Scene.argument_offset)
        slope, error = richardson(at, x, spread)
        worst, rows = max(worst, float(error.max(initial=0.0))), max(rows, int((error > CRUDE).sum()))
        offset = _added(scene, offset, slope, None)
    if rows:
        give_warning(
            f"the slope by '{name}' is not sure in {rows} of {scene.nrows} rows: there the formula's functions "
            f"of '{name}' have no derivative, or change faster than the steps of {WIDTH * FINER[-1]:.1g} standard "
            "deviations resolve; comparisons() with a step of your own need none",
            DataWarning,
        )
    return Derivative(tuple(parts), offset, worst)


def _at_rows(scene: Scene, name: str, value: Callable[[Scene, Changes], np.ndarray | None]) -> Function:
    def at(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        part = scene if len(rows) == scene.nrows else scene.rows(rows)
        found = value(part, {name: x})
        assert found is not None
        return found

    return at


def _numbers(node: Node, text: str, off: bool, scene: Scene, changes: Changes) -> np.ndarray | None:
    return scene.numbers(node, text, off, changes)


def richardson(f: Function, x: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """df/dx of each row, (n,) or (n, q), and its relative error (n,).

    Parameters
    ----------
    spread : float
        Of x: the scale of the steps.
    """
    spread = spread if np.isfinite(spread) and spread > 0 else 1.0
    rows = np.arange(len(x))
    with hearing(), np.errstate(all="ignore"):
        own = np.where(x == 0, spread, np.minimum(np.abs(x), spread))
        best, error = _extrapolated(f, rows, x, np.full(len(x), spread * WIDTH))
        for finer in FINER:
            for scale in (own, np.full(len(x), spread)):
                if finer == 1.0 and scale is not own:
                    continue
                todo = rows[~(error <= TOLERANCE) & ~np.isnan(x)]
                if not todo.size:
                    return best, error
                slope, doubt = _extrapolated(f, todo, x[todo], scale[todo] * (WIDTH * finer))
                better = ~(doubt >= error[todo])
                best[todo[better]], error[todo[better]] = slope[better], doubt[better]
    error[np.isnan(x)] = 0.0
    return best, error


def _extrapolated(
    f: Function, rows: np.ndarray, x: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Richardson's third column, and how far it is from the second, relative; infinite where it is no number."""
    differences, bends = [], []
    value = f(rows, x)
    for halving in (1.0, 0.5, 0.25):
        up, down = x + width * halving, x - width * halving
        above, below = f(rows, up), f(rows, down)
        gap = up - down
        gap = gap if above.ndim == 1 else gap[:, None]
        differences.append((above - below) / gap)
        bends.append(np.abs(above - 2 * value + below) / gap)
    wide, mid, narrow = differences
    first, second = (4 * mid - wide) / 3, (4 * narrow - mid) / 3
    third = (16 * second - first) / 15
    size, doubt = np.abs(third), np.abs(third - second)
    # slopes to both sides that differ as much at a quarter of the width: a corner
    corner = bends[2] > 0.7 * bends[0]
    doubt = np.where(corner, np.maximum(doubt, bends[2]), doubt)
    if third.ndim == 2:
        size, doubt = size.max(axis=1, initial=0.0), doubt.max(axis=1, initial=0.0)
    level = np.abs(value) if value.ndim == 1 else np.abs(value).max(axis=1, initial=0.0)
    relative = doubt / np.maximum(size, 1e-3 * level / np.maximum(width / WIDTH, 1e-300))
    relative[doubt == 0] = 0.0
    return third, np.where(np.isfinite(relative), relative, np.inf)


def _added(scene: Scene, total: np.ndarray | None, slope: np.ndarray, text: str | None) -> np.ndarray:
    """The derivative of the offset with that of one of its parts; (n, parts) for a formula in parts.

    `text` is that of an ``offset()`` in the formula, None for the argument, which is the first part's.
    """
    parts = scene.schema.terms.parts
    if not parts:
        return slope if total is None else total + slope
    total = np.zeros((scene.nrows, len(parts))) if total is None else total.copy()
    for k, part in enumerate(parts):
        own = k == 0 if text is None else any(part.names[i] == text for i in part.offsets)
        if own:
            total[:, k] += slope
    return total
