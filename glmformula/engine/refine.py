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

# Exact sums cost little for designs of at most MOST_CELLS numbers. What is left of a column beside those before it, as
# a share of its own length, says how many digits QR lost: above WELL none that matter, below ILL so many that the step
# itself has none. Both are taken for the worst column.
MOST_CELLS, WELL, ILL = 20_000, 1e-2, 1e-6
# Dekker's constant: it cuts the 53 bits of a float64 into two halves whose products are exact.
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
    """The score X'W(y - offset - X beta) of a block, (p,), W the prior weights, each sum rounded once."""
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
    """The sum of each row, rounded once."""
    return np.array([math.fsum(row) for row in rows.tolist()])


def product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The elementwise product a * b as rounded, and the error of that rounding, exactly (Dekker 1971)."""
    out = a * b
    (a_high, a_low), (b_high, b_low) = halves(a), halves(b)
    return out, ((a_high * b_high - out) + a_high * b_low + a_low * b_high) + a_low * b_low


def halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 26 leading bits of each number, and the rest of it: their sum is the number, exactly."""
    big = SPLITTER * x
    high = big - (big - x)
    return high, x - high
