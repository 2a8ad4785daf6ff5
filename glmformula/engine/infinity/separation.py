"""Separation: which coefficients have no finite maximum-likelihood estimate, decided by linear programmes.

Let a row pull its eta to +Inf or -Inf (`eta_limits.drift`: s = +1 or -1; a binomial row of successes only, a zero
count) or hold it (s = 0). There is no finite estimate where some direction delta of the coefficients has
X delta = 0 on the rows that hold and  s X delta >= 0  on those that pull, not 0 on all of them: the deviance
falls all the way along it (Albert & Anderson 1984). Konis (2007) finds it by the linear programme

    maximise sum(s X delta)   subject to   s X delta >= 0,   -1 <= delta <= 1,

and the sign of delta_j says where coefficient j goes; R's ``detectseparation`` does the same for binomial
models. Here any family and link with an infinite end of eta is decided, and where the optimum leaves rows
unseparated the programme is solved again for those, so no infinite coefficient is missed.

Only the rows that matter enter a programme: those that hold give a null space (one weighted least-squares
fit), and of many rows that pull a sample is taken, to which rows that contradict the answer are added
until none is left; so it works block by block on any source. After a fit of many rows most of those that
pull are proved to hold as well, and levels without the rare response are counted (`settled`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np
from scipy.linalg import lapack

from ...design.dense import dense
from ...errors import FitError
from ...families import Family, gaussian
from ...runtime.tasks import one_team
from ...sources.base import Block, Source
from ...sources.mapped import Mapped
from ..bordered import WIDE
from ..columns import linear_predictor, longest_move
from ..eta_limits import close_to, drift, far_ends
from ..irls import fit_glm
from ..levels import used_alike
from ..passes import count_rows
from ..problem import Problem
from ..result import Control, GlmFit
from ..thresholds import RUNAWAY
from .one_sided import one_sided
from .separation_lp import ZERO, Rows, distinct, joined, null_space, recession
from .settled import Separation, by_settled_rows

# One pass brings at most MOST_ROWS rows of a block into the programme; rows are added in at most ROUNDS passes.
MOST_ROWS, ROUNDS = 500, 60
# From so many rows on most are proved to hold before any programme; of fewer, all that pull enter one.
MANY_ROWS = 5_000
# A row that holds may move by this share of the sizes of what its eta is summed of: that is rounding.
HELD = 1e-6
# Of a direction whose unit is its effect on the rows, the size is that unit, or this share of those sizes if larger.
FINE = 1e-6
# No row runs away whose eta moved by less: it has 1 left to go (log, logit), or 0.02 before R's clamps (cloglog).
STILL = 1e-3
# Parts of eta so large that their rounding hides what the last step moved (cauchit doubles eta at every step).
BLURRED = 1e10


@one_team()
def separation_of_fit(source: Source, family: Family, fit: GlmFit) -> Separation | None:
    """The separation that a fit ran into, if there is any.

    The rows that ran away are known by their last step, as long as all they have left to go; none, no
    separation. Where the iterations did not settle, or were not R's, every row is a candidate.
    """
    if not fit.near_end or not far_ends(family):
        return None
    if len(fit.coefficients) > WIDE:
        levels = one_sided(source, family, fit)
        return None if levels is None else Separation(*levels)
    beta = np.nan_to_num(fit.coefficients, nan=0.0)
    step = np.zeros(len(beta)) if fit.solved_at is None else beta - fit.solved_at
    plain = fit.converged and not (fit.boundary or fit.runaway) and step.any()
    running = None
    plain = plain and source.map_reduce(partial(longest_move, beta), max) < BLURRED
    full = fit.rank == len(beta)
    kept = np.arange(len(beta)) if full else told_apart(source, fit)
    if plain and fit.rank == len(kept):
        if source.map_reduce(partial(longest_move, step), max) < STILL:
            return None
        decrease = promised(fit, step)
        if decrease is None:
            decrease = source.map_reduce(partial(squared_step, family, fit.solved_at, step), add)
        running = partial(runaways, family, beta, step, decrease)
        if not source.map_reduce(partial(any_row, running), max):
            return None
    if full and fit.method == "qr":  # where weights vanish, what rounding left of a column may look like one
        kept = independent(source, len(beta))
    if running is not None and fit.nobs >= MANY_ROWS:
        found = by_settled_rows(source, family, beta, np.setdiff1d(np.arange(len(beta)), kept), running)
        if found is not None:
            return found if found.direction.any() else None
    return separation(source, family, kept, len(beta))


@one_team()
def separation_of_rows(source: Source, family: Family, p: int) -> tuple[Separation | None, np.ndarray]:
    """The separation of the rows under a design of p columns, and the columns that are not aliased.

    Of many rows a fit says which ones matter.
    """
    kept = independent(source, p)
    wide = p > WIDE  # too many columns for a programme
    if wide or source.map_reduce(count_rows, add) >= MANY_ROWS:
        with nullcontext() if wide else suppress(FitError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return separation_of_fit(
                source, family, fit_glm(source, family, names=("",) * p, intercept=False)
            ), kept
    return separation(source, family, kept, p), kept


def told_apart(source: Source, fit: GlmFit) -> np.ndarray:
    """The same of a fit: what it dropped depends on the others on all rows, if the combinations vanish there."""
    p, kept = len(fit.pivot), fit.pivot[: fit.rank]
    if fit.method == "qr":
        return independent(source, p)
    relations, dropped = fit.null_space.T, fit.pivot[fit.rank :]
    several = np.count_nonzero(relations, axis=1) > 1
    own = np.zeros((np.count_nonzero(several), p))
    own[np.arange(len(own)), dropped[several]] = 1.0
    empty = np.zeros(
        (1, p)
    )  # columns of zeros, all of them at once: no row adds such shares of theirs up to 0
    empty[0, dropped[~several]] = np.sqrt(np.arange(2.0, 2.0 + np.count_nonzero(~several)))
    plain = Problem(Mapped(source, used_alike), gaussian(), p, False, Control(), "gram")
    lengths = plain.at(np.zeros(p), relations=np.concatenate([empty, relations[several], own])).lengths
    assert lengths is not None
    left, whole = np.split(lengths[1:], 2)
    vanish = lengths[0] == 0 and bool((left <= plain.tolerance**2 * whole).all())
    return kept if vanish else independent(source, p)


def independent(source: Source, p: int) -> np.ndarray:
    """The columns (r,) that are not aliased, whatever weights an iteration gives the rows."""
    fit = fit_glm(Mapped(source, used_alike), gaussian(), names=("",) * p, intercept=False)
    return fit.pivot[: fit.rank]


@one_team()
def separation(source: Source, family: Family, kept: np.ndarray, p: int) -> Separation | None:
    """The separation of the rows of a source, None where every coefficient has a finite estimate.

    Parameters
    ----------
    source : Source
    family : Family
    kept : ndarray of int (r,)
        The columns that are not aliased.
    p : int
        All columns.
    """
    if not far_ends(family) or not len(kept):
        return None
    basis = held_null_space(source, family, kept, p)
    rows = source.map_reduce(partial(pulling, family), joined)
    ask = partial(against, family)
    found = searched(source, ask, rows, basis, fine=False)
    if found is None:
        wider = few_held_null_space(source, family, kept, p)
        found = searched(source, ask, rows, basis if wider is None else wider, fine=True)
    return found


def searched(
    source: Source, ask: Callable[..., Contradiction], rows: Rows, basis: np.ndarray, fine: bool
) -> Separation | None:
    """Programmes on ever more rows; `fine`: for columns that nearly depend on each other, with margins for units.

    ``ask(direction, rest, fine, block)`` says what the rows of a block have against a direction.
    """
    for _ in range(ROUNDS if basis.shape[1] else 0):
        direction, rest = recession(rows, basis, fine)
        if not rest.shape[1]:
            return None
        found = source.map_reduce(partial(ask, direction, rest, fine), contradiction)
        if found.moved or (not len(found.rows.signs) and not found.separated):
            return None
        if not len(found.rows.signs):
            return Separation(direction, found.complete)
        known, rows = rows, joined(rows, found.rows)
        if len(known.signs) == len(rows.signs):  # beyond the programme's digits
            return None
    return None


# -- rows ---------------------------------------------------------------------------------------------------


def chosen(block: Block, signs: np.ndarray, which: np.ndarray) -> Rows:
    """The rows at these positions; at most MOST_ROWS of them, evenly spread."""
    if len(which) > MOST_ROWS:
        which = which[np.linspace(0, len(which) - 1, MOST_ROWS).astype(int)]
    X = dense(block.design.rows(which))
    return distinct(X, signs[which].astype(float), np.ones(len(which)))


def pulling(family: Family, block: Block) -> Rows:
    signs = drift(family, block.y, block.prior_weights)
    return chosen(block, signs, np.flatnonzero(signs))


def promised(fit: GlmFit, step: np.ndarray) -> float | None:
    """step' X'WX step from the covariance, None where that has not the digits."""
    kept = fit.pivot[: fit.rank]
    scale = np.sqrt(fit.cov_unscaled.diagonal())
    with np.errstate(all="ignore"):
        correlation, along = fit.cov_unscaled / (scale[:, None] * scale), step[kept] / scale
    if not (np.isfinite(correlation).all() and np.isfinite(along).all()):
        return None
    factor, failed = lapack.dpotrf(correlation, lower=0, clean=1)
    if failed or lapack.dpocon(factor, np.abs(correlation).sum(axis=0).max(), uplo="U")[0] < 1e-10:
        return None
    return float(along @ lapack.dpotrs(factor, along, lower=0)[0])


def squared_step(family: Family, solved_at: np.ndarray | None, step: np.ndarray, block: Block) -> float:
    """step' X'WX step, W of the last solved pass: the decrease in deviance that the step promised."""
    assert solved_at is not None
    with np.errstate(all="ignore"):
        _, slope, variance = family.working(linear_predictor(block.design, solved_at, block.offset))
        working = np.square(slope * linear_predictor(block.design, step, None)) / variance
        if block.prior_weights is not None:
            working = np.where(block.prior_weights > 0, working * block.prior_weights, 0.0)
    return float(working.sum())


def runaways(family: Family, beta: np.ndarray, step: np.ndarray, decrease: float, block: Block) -> np.ndarray:
    """Bool (m,): the rows at an end of their range that moved, at the last step, about as far as they had left to go.

    Few rows are near enough to an end for the `decrease` that the step promised; only they are looked at.
    """
    with np.errstate(all="ignore"):
        eta = linear_predictor(block.design, beta, block.offset)
        mu, slope, variance = family.working(eta)
        where = np.flatnonzero(close_to(family, mu, variance, decrease, block.prior_weights))
        signs = np.zeros(len(eta), dtype=np.int8)
        weights = None if block.prior_weights is None else block.prior_weights[where]
        signs[where] = drift(family, block.y[where], weights)
        where = where[signs[where] != 0]
        left = (block.y[where] - mu[where]) / slope[where]
        moved = linear_predictor(block.design.rows(where), step, None)
        away = (
            ~(np.abs(moved) < RUNAWAY * np.abs(left))
            | ~np.isfinite(left)
            | beyond(family, block.y[where], mu[where])
        )
    out = np.zeros(len(eta), bool)
    out[where[away]] = True
    return out


def any_row(which: Callable[[Block], np.ndarray], block: Block) -> bool:
    return bool(which(block).any())


def beyond(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Where the response is beyond the end that the mean has come to: it has for ever to go."""
    gaps = [np.abs(mu - end) < np.abs(y - end) for _, end, _ in far_ends(family)]
    return np.asarray(np.all(gaps, axis=0))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What the rows say of a direction: those to add to the programme, which it separates, if one that holds moves."""

    rows: Rows
    separated: bool
    complete: bool
    moved: bool


def contradiction(a: Contradiction, b: Contradiction) -> Contradiction:
    return Contradiction(
        joined(a.rows, b.rows), a.separated or b.separated, a.complete and b.complete, a.moved or b.moved
    )


def against(
    family: Family, direction: np.ndarray, rest: np.ndarray, fine: bool, block: Block
) -> Contradiction:
    """Rows that the direction takes the wrong way, or that it leaves alone though one in `rest` would not."""
    signs = drift(family, block.y, block.prior_weights)
    counted = np.ones(len(signs), bool) if block.prior_weights is None else block.prior_weights > 0
    size = 1.0 if fine else float(np.abs(direction).max(initial=0.0)) or 1.0
    move = linear_predictor(block.design, direction / size, None)
    margin = signs * move
    scale = row_sizes(block, direction / size, fine)
    moved = counted & (signs == 0) & (np.abs(move) > HELD * scale)
    wrong = margin < -ZERO * scale
    if not wrong.any():
        still = (signs != 0) & (margin <= ZERO * scale)
        if still.any():
            reach = np.zeros(len(signs))
            for column in rest.T:
                reach = np.maximum(reach, np.abs(linear_predictor(block.design, column, None)))
            wrong = still & (reach > ZERO * row_sizes(block, np.abs(rest).max(axis=1), fine))
    separated = margin > ZERO * scale
    return Contradiction(
        chosen(block, signs, np.flatnonzero(wrong)),
        bool(separated.any()),
        bool(separated[counted].all()),
        bool(moved.any()),
    )


def row_sizes(block: Block, coefficients: np.ndarray, fine: bool) -> np.ndarray:
    """sum_j |x_j coefficient_j| of each row: the scale of its rounding. `fine`: 1, which few such sums come near to."""
    pieces = tuple(
        replace(
            piece,
            numeric=tuple(np.abs(np.asarray(a, dtype=float)) for a in piece.numeric),
            contrast=np.abs(piece.contrast) if isinstance(piece.contrast, np.ndarray) else piece.contrast,
        )
        for piece in block.design.pieces
    )
    sizes = linear_predictor(replace(block.design, pieces=pieces), np.abs(coefficients), None)
    return np.maximum(1.0, FINE * sizes) if fine else sizes


# -- rows that hold -----------------------------------------------------------------------------------------


def held_null_space(source: Source, family: Family, kept: np.ndarray, p: int) -> np.ndarray:
    """(p, k): a basis of the directions, over the kept columns, that move no row that holds."""
    holds = source.map_reduce(partial(how_many_hold, family), add)
    unit = np.zeros((p, len(kept)))
    unit[kept, np.arange(len(kept))] = 1.0
    if not holds:
        return unit
    held = Mapped(source, partial(as_weights, family))
    fit = fit_glm(held, gaussian(), names=("",) * p, intercept=False)
    aliased = np.setdiff1d(np.arange(p), kept)
    return without(fit.null_space, aliased) if len(aliased) else fit.null_space


def few_held_null_space(source: Source, family: Family, kept: np.ndarray, p: int) -> np.ndarray | None:
    """The same with the digits of a singular value decomposition, if few rows hold."""
    if source.map_reduce(partial(how_many_hold, family), add) > MOST_ROWS:
        return None
    X = source.map_reduce(partial(holding, family), joined).X
    if not len(X):
        return None
    sizes = np.where(X.any(axis=0), np.abs(X).max(axis=0), 1.0)[kept]
    out = np.zeros((p, len(kept)))
    out[kept] = np.eye(len(kept)) / sizes[:, None]
    return np.asarray(out @ null_space(X[:, kept] / sizes, len(kept)))


def holding(family: Family, block: Block) -> Rows:
    signs = np.where(drift(family, block.y, block.prior_weights) == 0, 1.0, 0.0)
    if block.prior_weights is not None:
        signs[block.prior_weights == 0] = 0.0
    return chosen(block, signs, np.flatnonzero(signs))


def without(space: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A basis of the part of a space that vanishes in some coordinates."""
    if not space.shape[1]:
        return space
    _, sizes, right = np.linalg.svd(space[columns])
    rank = int((sizes > ZERO * max(1.0, sizes.max(initial=0.0))).sum())
    return np.asarray(space @ right[rank:].T)


def how_many_hold(family: Family, block: Block) -> int:
    weights = block.prior_weights
    counted = len(block.y) if weights is None else int(np.count_nonzero(weights))
    return counted - int(np.count_nonzero(drift(family, block.y, weights)))


def as_weights(family: Family, block: Block) -> Block:
    """The block with weight 1 for the rows that hold, 0 for the others."""
    weights = (drift(family, block.y, block.prior_weights) == 0).astype(float)
    if block.prior_weights is not None:
        weights[block.prior_weights == 0] = 0.0
    return Block(block.design, np.zeros(len(weights)), weights, start=block.start)
