"""A source over a plain matrix, in as many blocks as asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import numpy as np

from glmformula.design.pieces import Design, Piece
from glmformula.sources.base import Block


def matrix_design(X, names=None):
    X = np.asarray(X, dtype=float)
    n, p = X.shape
    names = names or tuple(f"x{j}" for j in range(p))
    return Design(n, tuple(Piece((X[:, j],)) for j in range(p)), names, np.arange(p), names)


class Blocks:
    """`blocks` even row blocks of a problem, run by `threads` threads, merged in row order."""

    def __init__(self, design, y, *, blocks=1, threads=1, **arrays):
        cuts = np.linspace(0, design.nrows, blocks + 1).astype(int)
        self.threads = threads
        self.parts = [
            Block(
                design.rows(slice(a, b)),
                np.asarray(y, float)[a:b],
                **{k: None if v is None else np.asarray(v, float)[a:b] for k, v in arrays.items()},
            )
            for a, b in zip(cuts, cuts[1:])
        ]

    def map_reduce(self, block_fn, merge_fn):
        if self.threads == 1:
            return reduce(merge_fn, map(block_fn, self.parts))
        with ThreadPoolExecutor(self.threads) as pool:
            return reduce(merge_fn, pool.map(block_fn, self.parts))
