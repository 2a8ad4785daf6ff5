"""From a likelihood and rows to its maximum: which columns are aliased, where the search begins, what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np

from ...design.pieces import Design, Piece
from ...errors import DataError, FitError, hearing
from ...families.likelihood import Likelihood, Share, StartFit
from ...families.link import Array
from ...runtime.tasks import one_team
from ...sources.base import Block, Source
from ...sources.mapped import Mapped
from ...sources.memory import MemorySource
from ..infinity.category_separation import category_separation
from ..infinity.ordinal_separation import ordinal_separation
from ..irls import fit_glm
from ..result import Control
from .layout import Columns, Layout
from .newton import NewtonControl, Solved, maximum, with_limits
from .some_rows import EACH, FEWEST_EACH, every, from_some_rows, in_small_blocks

STARTING = Control(maxit=8)
MOST_PARAMETERS = 10_000
"""Their information has 800 MB."""
MUCH_WORK, EXACT_ENOUGH = 1e8, 1e-7
"""Where a pass is so much work, standard errors need no digits beyond."""
NOTHING_LEFT = 1e-10
"""What the likelihood still rises, on the way to infinity, when the finite estimates are those at the end of it."""
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
    assign : tuple of int
        The term of each column.
    intercept : bool
    offset : int or None
        Its column of the blocks' offsets; -1 where they have only one.
    """

    names: tuple[str, ...]
    terms: frozenset[int]
    first: int
    assign: tuple[int, ...]
    intercept: bool
    offset: int | None

    def own(self, share: Share | None) -> np.ndarray:
        """Which of its columns a predictor with that share has."""
        which = range(len(self.assign))
        return np.array([j for j in which if share is None or self.assign[j] in share.terms], dtype=int)


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
    places : ndarray of int (p,)
        Which column of the design each coefficient belongs to.
    rows, nobs : int
        All rows, and those of non-zero weight.
    weight_sum : float
    """

    layout: Layout
    solved: Solved
    aliased: np.ndarray
    places: np.ndarray
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


@one_team()
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
    start : ndarray (p + constants,), optional
        Where to begin: all coefficients (NaN counts as 0), then the constants.

    Raises
    ------
    FitError
        No row with a weight; no valid start; `start` of another length.
    """
    rows, nobs, weight_sum = source.map_reduce(_counted, _added)
    if not nobs:
        raise FitError(f"no row to fit: all {rows} weights are 0")
    begun = begin(source, likelihood, parts)
    columns: list[Columns | None] = []
    sizes: list[int] = []
    offsets: list[int | None] = []
    places, kept, first = [np.empty(0, dtype=int)], [np.empty(0, dtype=bool)], [np.empty(0)]
    for k, place in enumerate(likelihood.parts):
        if place is None:
            columns.append(None)
            sizes.append(1)
            offsets.append(None)
            continue
        part, share = parts[place], likelihood.shares.get(k)
        own = part.own(share)
        which = begun.kept[place][own]
        columns.append(as_slice(part.first + own[which]))
        sizes.append(int(which.sum()))
        offsets.append(part.offset if share is None or share.offset else None)
        places.append(part.first + own)
        kept.append(which)
        first.append(begun.coefficients[place][own])
        if likelihood.intercepts:
            first[-1] = np.zeros(len(own))
            first[-1][: part.intercept] = likelihood.intercepts[k]
    if likelihood.simplex is not None and any(own is not None for own in offsets):
        check_offsets(source.map_reduce(_offset_columns, max), len(offsets) + 1)
    layout = Layout(tuple(columns), tuple(sizes), tuple(offsets), reference=likelihood.simplex)
    if layout.size > MOST_PARAMETERS:
        raise FitError(
            f"too many ({layout.size}) weights: {len(layout.sizes)} predictors of up to {max(layout.sizes)} columns "
            f"need a matrix of {8e-9 * layout.size**2:.0f} GB; expected at most {MOST_PARAMETERS} parameters. Merge "
            "categories or levels, or leave terms out"
        )
    aliased = ~np.concatenate(kept)
    beginning = np.concatenate([*first, begun.constants])
    if start is not None:
        if start.shape != beginning.shape:
            raise FitError(f"length of 'start' should equal {len(beginning)}; got {len(start)} values")
        beginning = np.nan_to_num(start)
    free = np.concatenate([~aliased, np.ones(len(begun.constants), dtype=bool)])
    control = control or NewtonControl()
    if rows * layout.size**2 > MUCH_WORK:
        control = replace(control, exact=max(control.exact, EXACT_ENOUGH))
    small = in_small_blocks(source, layout.size)
    begun_at, guess = from_some_rows(small, likelihood, layout, beginning[free], start is not None)
    try:
        solved = maximum(small, likelihood, layout, begun_at, control, guess=guess)
    except FitError:
        if start is not None or begun.alone is None:
            raise
        nothing = np.concatenate([np.zeros(len(beginning) - len(begun.alone)), begun.alone])
        solved = maximum(small, likelihood, layout, nothing[free], control)
    if solved.limits.any() or not solved.converged:
        if likelihood.simplex is not None:
            ends = category_separation(source, layout, likelihood.simplex)
            solved = decided(small, likelihood, layout, solved, ends, control)
        elif likelihood.ordered:
            ends = ordinal_separation(source, layout)
            solved = decided(small, likelihood, layout, solved, ends, control)
    return LikelihoodFit(layout, solved, aliased, np.concatenate(places), rows, nobs, weight_sum)


def decided(
    source: Source,
    likelihood: Likelihood,
    layout: Layout,
    solved: Solved,
    ends: np.ndarray | None,
    control: NewtonControl,
) -> Solved:
    """The search gone on with, when it is known which parameters run to infinity: those along `ends`, if any."""
    if ends is None and not solved.limits.any():
        return solved
    longer = replace(control, runs=control.maxit, maxit=2 * control.maxit)
    if ends is None:  # far out, and yet finite: the programme has the last word
        found = maximum(source, likelihood, layout, solved.parameters, replace(longer, stalled=0.0))
        return with_limits(found, np.zeros(layout.size)) if found.limits.any() else found
    further = replace(longer, tolerance=NOTHING_LEFT, stalled=0.0)
    try:
        far = maximum(source, likelihood, layout, solved.parameters, further)
    except FitError:  # it had come as far as numbers go
        far = replace(solved, iter=0)
    limits = np.zeros(len(ends))
    limits[ends > 0], limits[ends < 0], limits[np.isnan(ends)] = np.inf, -np.inf, np.nan
    return with_limits(replace(far, iter=solved.iter + far.iter, converged=True), limits)


@dataclass(frozen=True)
class Begun:
    """Of each part, by its number: which columns are not aliased, and coefficients to begin with; constants.

    `alone` are constants to go with coefficients of 0, if there are any.
    """

    kept: Mapping[int, np.ndarray]
    coefficients: Mapping[int, np.ndarray]
    constants: np.ndarray
    alone: np.ndarray | None = None


def begin(source: Source, likelihood: Likelihood, parts: tuple[Part, ...]) -> Begun:
    """Where the search begins, and which columns are aliased."""
    how = likelihood.beginning
    if how is None:
        columns = sum(len(part.names) for part in parts)
        many = isinstance(source, MemorySource) and source.nrows >= EACH * FEWEST_EACH * columns
        few = every(source, EACH) if many and isinstance(source, MemorySource) else source
        found = {one.part: _started(few, one, parts[one.part]) for one in likelihood.starts}
        if many and not all(kept.all() for kept, _ in found.values()):  # all rows may tell columns apart
            found = {one.part: _started(source, one, parts[one.part]) for one in likelihood.starts}
        constants = np.array(likelihood.constants, dtype=float)
        return Begun({k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()}, constants)
    tally = source.map_reduce(partial(_tally, how.tally), add)
    kept, coefficients, intercepts = {}, {}, []
    for one in how.starts(tally):
        part = parts[one.part]
        added = not part.intercept
        which, beta = _started(source, one, part, added)
        intercepts.append(float(beta[0]))
        kept[one.part], coefficients[one.part] = which[added:], beta[added:]
    alone = how.constants(tally, (0.0,) * len(intercepts))
    return Begun(kept, coefficients, how.constants(tally, tuple(intercepts)), alone)


def _tally(count: Callable[[Array, Array | None], Array], block: Block) -> Array:
    return count(block.y, block.prior_weights)


def as_slice(places: np.ndarray) -> Columns:
    """Adjacent places as a slice, which takes no copy."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def part_source(
    source: Source,
    part: Part,
    response: Callable[[Array, Array | None], tuple[Array, Array | None]],
    add_intercept: bool = False,
) -> Source:
    """The same rows with the columns and the offset of one part, and another response."""
    return Mapped(source, partial(_of_part, part.terms, part.offset, response, add_intercept))


def _of_part(
    terms: frozenset[int],
    offset: int | None,
    response: Callable[[Array, Array | None], tuple[Array, Array | None]],
    add_intercept: bool,
    block: Block,
) -> Block:
    y, weights = response(block.y, block.prior_weights)
    own = block.offset if block.offset is None or offset is None or offset < 0 else block.offset[:, offset]
    own = own if own is None or own.ndim == 1 else None  # a column for each category
    design = block.design.select_terms(terms)
    return replace(
        block,
        design=with_intercept(design) if add_intercept else design,
        y=y,
        prior_weights=weights,
        offset=None if own is None or offset is None or not own.any() else own,
        etastart=None,
        mustart=None,
        trials=None,
    )


def with_intercept(design: Design) -> Design:
    """The design with an intercept before its columns."""
    return replace(
        design,
        pieces=(Piece(()), *design.pieces),
        names=("(Intercept)", *design.names),
        assign=np.concatenate([[0], design.assign]),
    )


def _started(
    source: Source, one: StartFit, part: Part, add_intercept: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Which columns are not aliased, bool (p,), and coefficients to begin with (p,), 0 where they are no use."""
    mapped = part_source(source, part, one.response, add_intercept)
    names = ("(Intercept)",) * add_intercept + part.names
    if not names:
        return np.empty(0, dtype=bool), np.empty(0)
    with hearing():
        try:
            # nobody asks for the null model of a start, which is what an intercept is told for
            fit = fit_glm(
                mapped,
                one.family,
                names=names,
                intercept=False,
                control=replace(STARTING, epsilon=one.epsilon),
            )
            beta = fit.coefficients
        except FitError:
            beta = np.full(len(names), np.nan)
    kept = ~np.isnan(beta)
    if not kept.any():
        kept[:] = True
        beta = np.zeros(len(names))
    beta = np.nan_to_num(beta)
    return kept, beta


def check_offsets(columns: int, categories: int) -> None:
    """One offset for two categories, or one for each.

    Raises
    ------
    DataError
    """
    if columns not in ((1, 2) if categories == 2 else (categories,)):
        raise DataError(
            f"ncol(offset) is wrong: expected a column for each of the {categories} categories, "
            f"offset(cbind(a, b, ...)) in their order; got {columns}"
        )


def _offset_columns(block: Block) -> int:
    return 0 if block.offset is None else 1 if block.offset.ndim == 1 else block.offset.shape[1]


def _counted(block: Block) -> tuple[int, int, float]:
    weights = block.prior_weights
    if weights is None:
        return len(block.y), len(block.y), float(len(block.y))
    return len(block.y), int(np.count_nonzero(weights)), float(weights.sum())


def _added(a: tuple[int, int, float], b: tuple[int, int, float]) -> tuple[int, int, float]:
    return a[0] + b[0], a[1] + b[1], add(a[2], b[2])
