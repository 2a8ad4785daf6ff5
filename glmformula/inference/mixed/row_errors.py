"""Standard errors of X beta + Z b given the data, theta taken as known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.mixed.coupling import block_times
from ...engine.mixed.sums import (
    Basis,
    Sums,
    block_sums,
    gram_of,
    shape_of,
    stacked_columns,
)
from ...engine.mixed.system import System, factorised
from ...runtime.blas import one_blas_thread
from .rows import filled, linear_predictor, some_modes

if TYPE_CHECKING:
    from ...design.pieces import Design
    from ...families import Family
    from ...fitted.protocols import Mixed
    from ...sources.base import Block

CHUNK = 4096


def row_errors(fit: Mixed, terms: Sequence[int], design: Design) -> np.ndarray:
    """Standard errors (n,) of rows, link scale.

    Var = sigma^2 z'C z + (x - B'z)' V (x - B'z), C = Lambda H^-1 Lambda', B = C Z'WX, V the covariance of the fixed
    effects; of a group that is not known sigma^2 z'Lambda Lambda'z.
    """
    kept = np.flatnonzero(~fit.aliased)
    X = fit.structure.layout.fixed.columns(design)[:, kept]
    if not terms:
        return np.sqrt(np.maximum(np.einsum("ir,rs,is->i", X, fit.covariance, X, optimize=True), 0.0))
    system, shift = _solved(fit)
    lams = fit.structure.factors(fit.result.theta)
    codes, columns = fit.structure.codes(design), fit.structure.varying(design)
    taken = fit.structure.of_terms(terms)
    own = [_dense(Z, X.shape[0]) * kept for Z, kept in zip(columns, taken, strict=True)]
    variance = np.zeros(len(X))
    moved = X.copy()
    for f, (code, Z) in enumerate(zip(codes, own, strict=True)):
        known = code >= 0
        moved[known] -= np.einsum("ik,ikr->ir", Z[known], shift[f][code[known]])
        prior = lams[f] @ lams[f].T
        variance[~known] += np.einsum("ia,ab,ib->i", Z[~known], prior, Z[~known])
    variance += _given(system, codes, own)
    total = fit.sigma**2 * variance + np.einsum("ir,rs,is->i", moved, fit.covariance, moved, optimize=True)
    return np.asarray(np.sqrt(np.maximum(total, 0.0)))


def _dense(Z: list[np.ndarray | None], n: int) -> np.ndarray:
    return np.stack([np.ones(n) if z is None else z for z in Z], axis=1)


def _solved(fit: Mixed) -> tuple[System, tuple[np.ndarray, ...]]:
    """The system at the estimates, and B by grouping factor (J, K, r)."""
    kept = np.flatnonzero(~fit.aliased)
    r = len(kept)
    basis = Basis(kept, np.eye(r), np.zeros(r))
    work = partial(_weighted, fit.structure, basis, fit.family, filled(fit), some_modes(fit, None))
    with one_blas_thread():
        sums = fit.every_row.source.map_reduce(work, Sums.plus)
        shape = shape_of(fit.structure)
        lams = fit.structure.factors(fit.result.theta)
        system = factorised(gram_of(shape, sums.own, sums.pairs), lams)
        one, two = stacked_columns(shape, sums.columns)
        one, two = one[:, :, :r], two[:, :r]
        x1, x2 = system.solve(lams[0].T @ one, shape.scaled(lams, two, transpose=True))
        return system, shape.split(lams[0] @ x1, shape.scaled(lams, x2, transpose=False))


def _weighted(
    structure: Any, basis: Basis, family: Family, beta: np.ndarray, modes: list[np.ndarray], block: Block
) -> Sums:
    """The sums of a block with Fisher's weights."""
    eta = linear_predictor(structure, beta, modes, block)
    _, slope, variance = family.working(eta)
    weights = slope**2 / variance
    if block.prior_weights is not None:
        weights = weights * block.prior_weights
    return block_sums(structure, basis, replace(block, prior_weights=weights, offset=None))


def _given(system: System, codes: list[np.ndarray], Z: list[np.ndarray]) -> np.ndarray:
    """z'C z of each row; unknown levels add nothing."""
    known = [np.where(code >= 0, code, 0) for code in codes]
    own = [z * (code >= 0)[:, None] for z, code in zip(Z, codes, strict=True)]
    blocks = system.first_covariance[known[0]]
    out = np.einsum("ia,iab,ib->i", own[0], blocks, own[0], optimize=True)
    if system.root is None:
        return np.asarray(out)
    rest, shape = system.rest_covariance, system.gram.shape
    DC = block_times(system.scaled, system.gram.cross)
    width = shape.first[1]
    for start in range(0, len(out), CHUNK):
        here = slice(start, start + CHUNK)
        wide = np.zeros((len(known[0][here]), shape.columns))
        for f, (_, k) in enumerate(shape.others):
            places = shape.offsets[f] + known[f + 1][here, None] * k + np.arange(k)
            np.put_along_axis(wide, places, own[f + 1][here], axis=1)
        through = wide @ rest
        out[here] += (through * wide).sum(axis=1)
        rows = (known[0][here, None] * width + np.arange(width)).ravel()
        met = DC[rows]
        met = met if isinstance(met, np.ndarray) else met.toarray()
        cross = np.einsum("iaq,iq->ia", met.reshape(-1, width, shape.columns), through)
        out[here] -= 2.0 * (own[0][here] * cross).sum(axis=1)
    return np.asarray(out)
