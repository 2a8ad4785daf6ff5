"""Passes over the rows at many coefficient vectors at once: gradients, deviances and a few information matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...design.pieces import Indicators, Piece
from ...families import Family, link as links, variances
from ...families.link import quiet
from ...sources.base import Block, Source
from ..columns import Part, dense_columns, dense_indices, plan, row_product
from ..counts import add_by_level, by_level, checked_codes, each_by_level
from ..gram import Tables, assemble, encoded, tables

# Numbers of linear predictors, and of columns, that are worked on together: few enough for a processor's cache, and
# enough that the interpreter's turn for each column costs little.
CELLS = 2**17
FEWEST, MOST = 2**11, 2**14


@dataclass(frozen=True)
class Sweep:
    """What to sum, and at which coefficients.

    Attributes
    ----------
    family : Family
    betas : ndarray (L, p)
    score : bool
        The derivatives of half the deviance.
    deviance : bool
    informed : tuple of int
        Rows of `betas` at which X'WX is wanted.
    thin : int
        X'WX from every so many-th row, for those that count all alike; 0 for all rows in double precision, which
        others (thin >= 1) need not be: half the time.
    """

    family: Family
    betas: np.ndarray
    score: bool = True
    deviance: bool = False
    informed: tuple[int, ...] = ()
    thin: int = 0


@dataclass(frozen=True)
class Swept:
    """Sums over rows: scores (L, p), deviances (L,), what the information matrices are made of, valid means."""

    scores: np.ndarray
    deviances: np.ndarray
    information: tuple[Tables, ...]
    valid: np.ndarray

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.scores + other.scores,
            self.deviances + other.deviances,
            tuple([a + b for a, b in zip(self.information, other.information)]),
            self.valid & other.valid,
        )

    def matrix(self, i: int) -> np.ndarray:
        """X'WX at the i-th of those asked for, (p, p)."""
        return assemble(self.information[i])[0]


def sweep(source: Source, task: Sweep) -> Swept:
    """The sums over all rows."""
    return source.map_reduce(partial(_swept, task), _added)


def _added(a: Swept, b: Swept) -> Swept:
    return a + b


def chunks(block: Block, width: int) -> Iterator[Block]:
    """The rows of a block, so many at a time that their `width` columns are not too much memory."""
    size = max(FEWEST, min(MOST, CELLS // max(1, width)))
    m = len(block.y)
    if m <= size:
        yield replace(block, mustart=None)
        return
    for start in range(0, m, size):
        rows = slice(start, min(start + size, m))
        weights, offset, folds = (
            None if a is None else a[rows] for a in (block.prior_weights, block.offset, block.etastart)
        )
        yield replace(
            block,
            design=block.design.rows(rows),
            y=block.y[rows],
            prior_weights=weights,
            offset=offset,
            etastart=folds,
            mustart=None,
            trials=None if block.trials is None else block.trials[rows],
        )


@quiet
def _swept(task: Sweep, block: Block) -> Swept:
    out: Swept | None = None
    parts = plan(block.design.pieces, "gram")
    for part in chunks(block, max(len(task.betas), len(dense_indices(parts)))):
        new = _of_chunk(task, part, parts)
        out = new if out is None else out + new
    assert out is not None
    return out


def _of_chunk(task: Sweep, block: Block, parts: tuple[Part, ...]) -> Swept:
    pieces, L, m = block.design.pieces, len(task.betas), len(block.y)
    columns = dense_columns(pieces, parts, m)
    columns[-1] = 0.0
    y, w = block.y, block.prior_weights
    eta = predictors(pieces, parts, columns[:-1], task.betas, block.offset)
    mu, slope, variance = working(task, eta.ravel())
    scores, deviances = np.zeros(task.betas.shape), np.zeros(L)
    if task.deviance:
        flat = np.repeat(y, L)
        unit = task.family.deviance_at(flat, eta.ravel(), mu).reshape(m, L)
        deviances = unit.sum(axis=0) if w is None else np.dot(w, np.where(w[:, None] > 0, unit, 0.0))
    if task.score:
        r = mu.reshape(m, L) - y[:, None]
        if slope is not variance:
            r *= (slope / variance).reshape(m, L)
        if w is not None:
            r *= w[:, None]
            r[w == 0] = 0.0
        scores = transposed_product(pieces, parts, columns[:-1], r)
    information, formed = [], len(columns) > task.betas.shape[1]
    step, digits = (max(1, task.thin), np.float32 if task.thin else np.float64) if formed else (1, np.float64)
    kept = columns[:, ::step].astype(digits) if task.informed and formed else columns
    for i in task.informed:
        own = slope[i::L].copy() if slope is variance else slope[i::L] ** 2 / variance[i::L]
        if w is not None:
            own *= w
            own[w == 0] = 0.0
        if formed:
            rooted = kept * np.sqrt(own[::step] * (m / max(1, len(own[::step])))).astype(digits)
            information.append(Tables(parts, np.dot(rooted, rooted.T).astype(float)))
        else:
            information.append(tables(pieces, parts, columns.copy(), own))
    low, high = task.family.mu_interval
    valid = np.ones(L, bool)
    if m and not (low < mu.min() and mu.max() < high):
        means = mu.reshape(m, L)
        valid = np.asarray((means > low).all(axis=0) & (means < high).all(axis=0))
    return Swept(scores, deviances, tuple(information), valid)


def working(task: Sweep, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """mu, dmu/deta and V(mu); one array where the last two are the same, or no one asks for them."""
    family = task.family
    if family.variance is variances.bernoulli and family.link.mu_eta is links.logit_mu_eta:
        if not task.informed:
            mu = family.link.linkinv(eta)
            return mu, mu, mu
        mu, slope, _ = family.working(eta)
        return mu, slope, slope
    return family.working(eta)


def codes_of(piece: Piece) -> np.ndarray:
    assert piece.codes is not None
    return piece.codes


def predictors(
    pieces: tuple[Piece, ...],
    parts: tuple[Part, ...],
    columns: np.ndarray,
    betas: np.ndarray,
    offset: np.ndarray | None,
) -> np.ndarray:
    """offset + X beta for each row of `betas`, (m, L); `columns` (k, m) are those that are formed."""
    formed = betas if len(columns) == betas.shape[1] else betas[:, dense_indices(parts)]
    eta = np.ascontiguousarray(np.dot(columns.T, formed.T))
    if offset is not None:
        eta += offset[:, None]
    for piece, part in zip(pieces, parts):
        if not part.counted:
            continue
        assert piece.contrast is not None
        own = betas[:, part.start : part.stop]
        if own.any():
            product = row_product(piece)
            table = np.stack([piece.contrast @ beta for beta in own], axis=1)
            add_by_level(checked_codes(codes_of(piece), len(table)), table, product, eta)
    return np.asarray(eta)


def transposed_product(
    pieces: tuple[Piece, ...], parts: tuple[Part, ...], columns: np.ndarray, r: np.ndarray
) -> np.ndarray:
    """X' r for r (m, L), turned: (L, p)."""
    p = parts[-1].stop if parts else 0
    out = np.empty((r.shape[1], p))
    out[:, dense_indices(parts)] = np.dot(columns, r).T
    for piece, part in zip(pieces, parts):
        if not part.counted:
            continue
        assert piece.contrast is not None
        product = row_product(piece)
        codes = checked_codes(codes_of(piece), len(piece.contrast))
        sums = each_by_level(codes, len(piece.contrast), r if product is None else r * product[:, None])
        out[:, part.start : part.stop] = encoded(sums.T, piece.contrast)
    return out


# ---------------------------------------------------------------- means and lengths of the columns


@dataclass(frozen=True)
class Moments:
    """Weighted sums: of the weights, of the response less offset and its square, of columns, and of their squares.

    `products` are of the columns and the response; those of columns are (p,). `ends` are the least and the largest
    response.
    """

    rows: int
    weight: float
    response: float
    square: float
    columns: np.ndarray
    squares: np.ndarray
    products: np.ndarray

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))


def moments(source: Source, centre: np.ndarray) -> Moments:
    """The sums, of the columns less `centre` (p,)."""
    return source.map_reduce(partial(_moments, centre), _plus)


def _plus(a: Moments, b: Moments) -> Moments:
    return a + b


def _moments(centre: np.ndarray, block: Block) -> Moments:
    out: Moments | None = None
    for part in chunks(block, block.design.ncols):
        new = _moments_of(centre, part)
        out = new if out is None else out + new
    assert out is not None
    return out


def _moments_of(centre: np.ndarray, block: Block) -> Moments:
    pieces, m = block.design.pieces, len(block.y)
    parts = plan(pieces, "gram")
    columns = dense_columns(pieces, parts, m)[:-1]
    formed = dense_indices(parts)
    columns -= centre[formed, None]
    w = np.ones(m) if block.prior_weights is None else block.prior_weights
    y = block.y if block.offset is None else block.y - block.offset
    y = np.where(w > 0, y, 0.0)
    sums = transposed_product(pieces, parts, columns, np.stack([w, w * y], axis=1))
    squares = np.empty(len(centre))
    squares[formed] = np.dot(columns * columns, w)
    for piece, part in zip(pieces, parts):
        if part.counted:
            assert piece.contrast is not None
            product = row_product(piece)
            one = w if product is None else w * product * product
            codes = checked_codes(codes_of(piece), len(piece.contrast))
            totals = by_level(codes, len(piece.contrast), one[None])[0]
            contrast = piece.contrast
            squares[part.start : part.stop] = (
                totals[contrast.chosen] if isinstance(contrast, Indicators) else totals @ contrast**2
            )
            place = slice(part.start, part.stop)
            own, total = centre[place], w.sum()
            squares[place] += own * (own * total - 2 * sums[0, place])
            sums[0, place] -= own * total
            sums[1, place] -= own * (w @ y)
    return Moments(
        int(np.count_nonzero(w)), float(w.sum()), float(w @ y), float(w @ (y * y)), sums[0], squares, sums[1]
    )


def weighted_gram(source: Source, p: int) -> np.ndarray:
    """X'WX with the prior weights, (p, p)."""
    return assemble(source.map_reduce(_gram, _tables))[0]


def _tables(a: Tables, b: Tables) -> Tables:
    return a + b


def _gram(block: Block) -> Tables:
    out: Tables | None = None
    for part in chunks(block, block.design.ncols):
        pieces, m = part.design.pieces, len(part.y)
        parts = plan(pieces, "gram")
        columns = dense_columns(pieces, parts, m)
        columns[-1] = 0.0
        w = np.ones(m) if part.prior_weights is None else part.prior_weights
        new = tables(pieces, parts, columns, w)
        out = new if out is None else out + new
    assert out is not None
    return out


def gram_rows(source: Source, some: np.ndarray) -> np.ndarray:
    """The rows of X'WX that belong to some columns, (k, p)."""
    return source.map_reduce(partial(_gram_rows, some), _sum)


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a + b)


def _gram_rows(some: np.ndarray, block: Block) -> np.ndarray:
    p = block.design.ncols
    out = np.zeros((len(some), p))
    for part in chunks(block, p):
        pieces, m = part.design.pieces, len(part.y)
        parts = plan(pieces, "gram")
        columns = dense_columns(pieces, parts, m)[:-1]
        if len(columns) == p:
            own = columns[some].T
        else:
            own = predictors(pieces, parts, columns, np.eye(p)[some], None)
        if part.prior_weights is not None:
            own = own * part.prior_weights[:, None]
        out += transposed_product(pieces, parts, columns, own)
    return out
