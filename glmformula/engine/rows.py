"""What each row says at given coefficients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..design.pieces import Design
from ..families import Family
from ..sources.base import Block
from .columns import dense_columns, linear_predictor, plan
from .passes import QR_CELLS, weights_at
from .result import GlmFit


def evaluate_rows(block: Block, beta: np.ndarray, family: Family) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor and mean, each (m,), at coefficients (p,) of which aliased ones may be NaN."""
    eta = linear_predictor(block.design, np.nan_to_num(beta, nan=0.0), block.offset)
    return eta, family.link.linkinv(eta)


def working_weights(block: Block, result: GlmFit, family: Family) -> np.ndarray:
    """Working weights (m,) of the last solved iteration, R's ``fit$weights``.

    They are prior_weights (dmu/deta)^2 / V(mu).
    """
    with np.errstate(all="ignore"):
        return weights_at(result.solved_at, family, block)


def row_arrays(
    block: Block, result: GlmFit, family: Family
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """y, prior_weights, offset, eta, mu, working residuals and working weights on the rows of a block.

    Working residuals are (y - mu) / (dmu/deta) at the final coefficients, working weights those of the last
    solved iteration, as in R's fit.
    """
    eta, mu = evaluate_rows(block, result.coefficients, family)
    with np.errstate(all="ignore"):
        residuals = (block.y - mu) / family.link.mu_eta(eta)
    prior = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return block.y, prior, block.offset, eta, mu, residuals, working_weights(block, result, family)


def columns_by_chunks(design: Design) -> Iterator[tuple[slice, np.ndarray]]:
    """X' (p, c), a cacheful of rows of the design at a time."""
    parts, chunk = plan(design.pieces, "qr"), max(64, QR_CELLS // (design.ncols + 1))
    for start in range(0, design.nrows, chunk):
        rows = slice(start, min(start + chunk, design.nrows))
        pieces = tuple([piece.rows(rows) for piece in design.pieces])
        yield rows, dense_columns(pieces, parts, rows.stop - rows.start)[:-1]


def quadratic_forms(design: Design, matrix: np.ndarray) -> np.ndarray:
    """x' matrix x of each row x of the design, (n,); `matrix` (p, p)."""
    out = np.empty(design.nrows)
    for rows, X in columns_by_chunks(design):
        product = np.dot(matrix, X)  # np.matmul keeps the interpreter lock
        product *= X
        np.add.reduce(product, axis=0, out=out[rows])
    return out


def squared_images(design: Design, matrix: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """|matrix x size|^2 of each row x of the design, (n,); `matrix` (k, p), `sizes` (n,)."""
    out = np.empty(design.nrows)
    for rows, X in columns_by_chunks(design):
        product = np.dot(matrix, X)
        product *= sizes[rows]
        np.square(product, out=product)
        np.add.reduce(product, axis=0, out=out[rows])
    return out
