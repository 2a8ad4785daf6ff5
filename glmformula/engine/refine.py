"""One step of iterative refinement for small least-squares fits: digits that QR in float64 leaves behind.

The score X'W(y - X beta) of a gaussian fit with the identity link is summed without rounding: products are split
into value and error (Dekker 1971), sums are Python's exact ``math.fsum``. The corrected semi-normal equations
R'R step = score  (Björck 1996, section 6.6.5) then need no digits of their own but those of the step. Their error
shrinks by condition^2 * 1e-16: beyond a condition of 1e6 nothing is changed. R has no such step; NIST's
Wampler4 and Wampler5 go from 8 and 6 correct digits to 13 and more.
"""

from __future__ import annotations

import math
from functools import partial
from operator import add

import numpy as np
from scipy.linalg import lapack

from ..design.dense import dense
from ..sources.base import Block, Source
from .solve import Solution

# Numbers in the design up to which the exact sums cost little, and where columns are so independent, or so
# dependent, that a step does not help (the smallest residual length of a column as a share of its own).
MOST_CELLS, WELL, ILL = 20_000, 1e-2, 1e-6
SPLITTER = 2.0**27 + 1


def refined(source: Source, solution: Solution, beta: np.ndarray, n: int) -> np.ndarray | None:
    """Better coefficients (p,) of a least-squares fit, None where there are none to be had."""
    factor, kept = solution.factor, solution.pivot[: solution.rank]
    if not solution.rank or n * len(beta) > MOST_CELLS:
        return None
    shares = np.abs(factor.diagonal()) / np.sqrt(np.square(factor).sum(axis=0))
    if not ILL < shares.min() < WELL:
        return None
    score = source.map_reduce(partial(exact_score, beta), add)[kept] / solution.scale
    step, failed = lapack.dpotrs(factor, score, lower=0)
    better = beta.copy()
    better[kept] += step / solution.scale
    return None if failed or not np.isfinite(better).all() else better


def exact_score(beta: np.ndarray, block: Block) -> np.ndarray:
    """X'W(y - offset - X beta), (p,), each sum rounded once."""
    X = dense(block.design)
    offset = np.zeros(len(X)) if block.offset is None else block.offset
    weights = np.ones(len(X)) if block.prior_weights is None else block.prior_weights
    fitted, lost = product(X, beta)
    terms = np.column_stack([block.y, -offset, -fitted, -lost])
    high = sums(terms)
    low = sums(np.column_stack([terms, -high]))
    value, error = product(weights, high)
    parts = [*product(X.T, value), X.T * (error + weights * low)]
    return sums(np.concatenate(parts, axis=1))


def sums(rows: np.ndarray) -> np.ndarray:
    return np.array([math.fsum(row) for row in rows.tolist()])


def product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a * b rounded, and what rounding left out."""
    out = a * b
    (a_high, a_low), (b_high, b_low) = halves(a), halves(b)
    return out, ((a_high * b_high - out) + a_high * b_low + a_low * b_high) + a_low * b_low


def halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """26 leading bits and the rest."""
    big = SPLITTER * x
    high = big - (big - x)
    return high, x - high
