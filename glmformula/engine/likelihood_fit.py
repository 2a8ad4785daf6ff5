"""From a likelihood and rows to its maximum: which columns are aliased, where the search begins, what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np

from ..errors import FitError, hearing
from ..families.likelihood import Likelihood, StartFit
from ..families.link import Array
from ..sources.base import Block, Source
from ..sources.mapped import Mapped
from .irls import fit_glm
from .newton import Columns, Layout, NewtonControl, Solved, maximum
from .result import Control

STARTING = Control(epsilon=1e-4, maxit=8)
"""The generalized linear models at the start need few digits: Newton's method finds the others."""
FAR = 20.0
"""Starting coefficients beyond this, of columns of length 1, are of a separated fit, and no start."""


@dataclass(frozen=True)
class Part:
    """A part of a formula among the columns of a design.

    Attributes
    ----------
    names : tuple of str
    terms : frozenset of int
        Its terms, as `assign` has them.
    first : int
        Its first column.
    intercept : bool
    offset : int or None
        Its column of the blocks' offsets; -1 where they have only one.
    """

    names: tuple[str, ...]
    terms: frozenset[int]
    first: int
    intercept: bool
    offset: int | None

    @property
    def stop(self) -> int:
        return self.first + len(self.names)


@dataclass(frozen=True)
class LikelihoodFit:
    """The maximum of a likelihood; no data, no methods.

    Attributes
    ----------
    layout : Layout
        Of the parameters: the coefficients that are not aliased, predictor by predictor, then the constants.
    solved : Solved
    aliased : ndarray of bool (p,)
        Of the columns of all predictors one after another, constants left out.
    rows, nobs : int
        All rows, and those of non-zero weight.
    weight_sum : float
    """

    layout: Layout
    solved: Solved
    aliased: np.ndarray
    rows: int
    nobs: int
    weight_sum: float

    @property
    def constants(self) -> np.ndarray:
        """bool (r,): which parameters are no coefficients."""
        flags = [np.full(size, which is None) for which, size in zip(self.layout.columns, self.layout.sizes)]
        return np.concatenate([np.empty(0, bool), *flags])

    @property
    def coefficients(self) -> np.ndarray:
        """(p,), NaN where aliased."""
        out = np.full(len(self.aliased), np.nan)
        out[~self.aliased] = self.solved.parameters[~self.constants]
        return out


def fit_likelihood(
    source: Source,
    likelihood: Likelihood,
    parts: tuple[Part, ...],
    start: np.ndarray | None = None,
    control: NewtonControl | None = None,
) -> LikelihoodFit:
    """Maximum likelihood on any source.

    Parameters
    ----------
    source : Source
        Its designs have the columns of all parts side by side.
    likelihood : Likelihood
    parts : tuple of Part
    start : ndarray (r,), optional
        Where to begin: parameters that are not aliased, then constants.

    Raises
    ------
    FitError
        No row with a weight; no valid start; `start` of another length.
    """
    rows, nobs, weight_sum = source.map_reduce(_counted, _added)
    if not nobs:
        raise FitError(f"no row to fit: all {rows} weights are 0")
    begun = [_started(source, one, parts[one.part]) for one in likelihood.starts]
    kept = {one.part: k for one, (k, _) in zip(likelihood.starts, begun)}
    at = {one.part: beta for one, (_, beta) in zip(likelihood.starts, begun)}
    columns: list[Columns | None] = []
    sizes: list[int] = []
    offsets: list[int | None] = []
    first: list[np.ndarray] = []
    for place in likelihood.parts:
        if place is None:
            columns.append(None)
            sizes.append(1)
            offsets.append(None)
            continue
        which = kept[place]
        columns.append(as_slice(parts[place].first + np.flatnonzero(which)))
        sizes.append(int(which.sum()))
        offsets.append(parts[place].offset)
        first.append(at[place][which])
    layout = Layout(tuple(columns), tuple(sizes), tuple(offsets))
    beginning = np.concatenate([*first, np.array(likelihood.constants, dtype=float)])
    if start is not None:
        if start.shape != beginning.shape:
            raise FitError(f"length of 'start' should equal {len(beginning)}; got {len(start)} values")
        beginning = start
    solved = maximum(source, likelihood, layout, beginning, control or NewtonControl())
    aliased = np.concatenate(
        [np.empty(0, bool), *(~kept[place] for place in likelihood.parts if place is not None)]
    )
    return LikelihoodFit(layout, solved, aliased, rows, nobs, weight_sum)


def as_slice(places: np.ndarray) -> Columns:
    """Adjacent places as a slice, which takes no copy."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def part_source(
    source: Source,
    part: Part,
    response: Callable[[Array, Array | None], tuple[Array, Array | None]],
) -> Source:
    """The same rows with the columns and the offset of one part, and another response."""
    return Mapped(source, partial(_of_part, part.terms, part.offset, response))


def _of_part(
    terms: frozenset[int],
    offset: int | None,
    response: Callable[[Array, Array | None], tuple[Array, Array | None]],
    block: Block,
) -> Block:
    y, weights = response(block.y, block.prior_weights)
    own = block.offset if block.offset is None or offset is None or offset < 0 else block.offset[:, offset]
    return replace(
        block,
        design=block.design.select_terms(terms),
        y=y,
        prior_weights=weights,
        offset=None if own is None or offset is None or not own.any() else own,
        etastart=None,
        mustart=None,
        trials=None,
    )


def _started(source: Source, one: StartFit, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Which columns are not aliased, bool (p,), and coefficients to begin with (p,), 0 where they are no use."""
    mapped = part_source(source, part, one.response)
    if not part.names:
        return np.empty(0, dtype=bool), np.empty(0)
    with hearing():
        try:
            fit = fit_glm(mapped, one.family, names=part.names, intercept=part.intercept, control=STARTING)
            beta = fit.coefficients
        except FitError:
            beta = np.full(len(part.names), np.nan)
    kept = ~np.isnan(beta)
    if not kept.any():
        kept[:] = True
        beta = np.zeros(len(part.names))
    beta = np.nan_to_num(beta)
    return kept, beta


def _counted(block: Block) -> tuple[int, int, float]:
    weights = block.prior_weights
    if weights is None:
        return len(block.y), len(block.y), float(len(block.y))
    return len(block.y), int(np.count_nonzero(weights)), float(weights.sum())


def _added(a: tuple[int, int, float], b: tuple[int, int, float]) -> tuple[int, int, float]:
    return a[0] + b[0], a[1] + b[1], add(a[2], b[2])
