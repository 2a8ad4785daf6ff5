"""Passes over the rows at many coefficient vectors at once: gradients, deviances and a few information matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import Literal

import numpy as np

from ...design.pieces import Indicators
from ...families import Family, link as links, variances
from ...families.link import quiet
from ...sources.base import Block, Source
from ..columns import dense_indices, row_product
from ..counts import by_level
from ..gram import Tables, assemble, tables
from .deviances import deviance_sums
from .levels import codes_of
from .rows import Rows, predictors, rows_of, transposed_product


@dataclass(frozen=True)
class Sweep:
    """What to sum, and at which coefficients.

    Attributes
    ----------
    family : Family
    betas : ndarray (L, p)
    score : bool
        The derivatives of half the deviance.
    deviance : tuple of int
        Rows of `betas` at which it is wanted.
    informed : tuple of int
        Rows of `betas` at which X'WX is wanted.
    thin : int
        X'WX from one in so many rows, for all alike; 0 for all rows in double precision, which others (thin >= 1) need
        not be: half the time.
    single : bool
        Linear predictors and scores in single precision, where the columns are at hand in it.
    """

    family: Family
    betas: np.ndarray
    score: bool = True
    deviance: tuple[int, ...] = ()
    informed: tuple[int, ...] = ()
    thin: int = 0
    single: bool = False


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
    return source.map_reduce(partial(_swept, task), add)


@quiet
def _swept(task: Sweep, block: Block) -> Swept:
    return reduce(add, (_of_rows(task, rows) for rows in rows_of(block, len(task.betas))))


def _of_rows(task: Sweep, rows: Rows) -> Swept:
    L, m = len(task.betas), len(rows.y)
    y, w = rows.y, rows.prior_weights
    quick = replace(rows, columns=rows.single) if task.single and rows.single is not None else rows
    eta = predictors(quick, task.betas)
    order: Literal["C", "F"] = "C" if rows.formed else "F"
    flat = eta.ravel(order)
    found = working(task, flat)
    same = found[1] is found[2]
    mu, slope, variance = (values.reshape(eta.shape, order=order) for values in found)
    scores, deviances = np.zeros(task.betas.shape), np.zeros(L)
    if task.deviance:
        at = list(task.deviance)
        deviances[at] = deviance_sums(task.family, y, w, eta[at], mu[at])
    if task.score:
        r = mu - y
        if not same:
            r *= slope / variance
        if w is not None:
            r *= w
            r[:, w == 0] = 0.0
        scores = transposed_product(quick, r)
    information = []
    if task.informed:
        few = slice(0, -(-m // max(1, task.thin)))  # the first: others would have to be gathered
        some = rows if task.thin <= 1 else rows.some(few)
        kept, share = some.columns, m / max(1, len(some.y))
        if task.thin and rows.formed:
            kept = some.columns.astype(np.float32) if some.single is None else some.single
        for i in task.informed:
            own = slope[i, few] * share
            if not same:
                own *= slope[i, few] / variance[i, few]
            if some.prior_weights is not None:
                own *= some.prior_weights
                own[some.prior_weights == 0] = 0.0
            information.append(weighted(some, kept, own))
    low, high = task.family.mu_interval
    valid = np.ones(L, bool)
    if m and not (low < mu.min() and mu.max() < high):
        valid = np.asarray((mu > low).all(axis=1) & (mu < high).all(axis=1))
    return Swept(scores, deviances, tuple(information), valid)


def weighted(rows: Rows, columns: np.ndarray, w: np.ndarray | None) -> Tables:
    """X'WX; `columns` are those of the rows, or single precision of them."""
    if not rows.formed:
        return tables(rows.pieces, rows.parts, columns, np.ones(len(rows.y)) if w is None else w)
    rooted = columns if w is None else columns * np.sqrt(w).astype(columns.dtype)
    return Tables(rows.parts, np.dot(rooted, rooted.T).astype(float, copy=False))


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


# ---------------------------------------------------------------- means and lengths of the columns


@dataclass(frozen=True)
class Moments:
    """Weighted sums: of the weights, of the response less offset and its square, of columns, and of their squares.

    `products` are of the columns and the response; those of columns are (p,). `gram`: all products of columns, if
    they were asked for.
    """

    rows: int
    weight: float
    response: float
    square: float
    columns: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    gram: Tables | None = None

    def __add__(self, other: Moments) -> Moments:
        added = {f: getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__ if f != "gram"}
        gram = None if self.gram is None or other.gram is None else self.gram + other.gram
        return Moments(**added, gram=gram)


def moments(source: Source, centre: np.ndarray | None = None, gram: bool = False) -> Moments:
    """The sums, of the columns less `centre` (p,) if there is one; X'WX with them, if asked for."""
    return source.map_reduce(partial(_moments, centre, gram), add)


def _moments(centre: np.ndarray | None, gram: bool, block: Block) -> Moments:
    return reduce(add, (_moments_of(centre, gram, rows) for rows in rows_of(block)))


def _moments_of(centre: np.ndarray | None, gram: bool, rows: Rows) -> Moments:
    formed, w = dense_indices(rows.parts), rows.weights
    if centre is not None:
        about = np.append(centre[formed], 0.0)
        rows = replace(rows, columns=rows.columns - about[:, None])
    columns = rows.columns[:-1]
    y = rows.y if rows.offset is None else rows.y - rows.offset
    y = np.where(w > 0, y, 0.0)
    sums = transposed_product(rows, np.stack([w, w * y]))
    products = weighted(rows, rows.columns, rows.prior_weights) if gram else None
    squares = np.empty(sums.shape[1])
    if products is None:
        squares[formed] = np.einsum("ij,ij,j->i", columns, columns, w)
    else:
        squares[formed] = np.diag(products.dense)[:-1]
    for piece, part, contrast in rows.counted:
        product = row_product(piece)
        one = w if product is None else w * product * product
        codes = codes_of(piece)
        totals = by_level(codes, len(contrast), one[None])[0]
        place = slice(part.start, part.stop)
        squares[place] = totals[contrast.chosen] if isinstance(contrast, Indicators) else totals @ contrast**2
        if centre is not None:
            own, total = centre[place], w.sum()
            squares[place] += own * (own * total - 2 * sums[0, place])
            sums[0, place] -= own * total
            sums[1, place] -= own * (w @ y)
    return Moments(
        int(np.count_nonzero(w)),
        float(w.sum()),
        float(w @ y),
        float(w @ (y * y)),
        sums[0],
        squares,
        sums[1],
        products,
    )


def weighted_gram(source: Source, p: int) -> np.ndarray:
    """X'WX with the prior weights, (p, p)."""
    return assemble(source.map_reduce(_gram, add))[0]


def _gram(block: Block) -> Tables:
    return reduce(add, (weighted(rows, rows.columns, rows.prior_weights) for rows in rows_of(block)))


def gram_rows(source: Source, some: np.ndarray) -> np.ndarray:
    """The rows of X'WX that belong to some columns, (k, p)."""
    return source.map_reduce(partial(_gram_rows, some), add)


def _gram_rows(some: np.ndarray, block: Block) -> np.ndarray:
    p = block.design.ncols
    out = np.zeros((len(some), p))
    for rows in rows_of(block):
        rows = replace(rows, offset=None)
        own = rows.columns[some] if rows.formed else predictors(rows, np.eye(p)[some])
        if rows.prior_weights is not None:
            own = own * rows.prior_weights
        out += transposed_product(rows, own)
    return out
