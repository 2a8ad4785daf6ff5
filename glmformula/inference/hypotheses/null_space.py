"""The combinations of a design's columns that are zero in all rows of a fit: what no row may need."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...design.dense import dense
from ...fitted.protocols import is_mixed
from ...sources.base import Block

NOTHING = 1e-10  # of the largest eigenvalue of X'X, its columns of unit length


def null_space(fit: Any) -> np.ndarray | None:
    """(p, p - rank) of a model of one mean, orthonormal where it is dense; None where no column is aliased.

    Raises
    ------
    DataError
        A mixed model that holds no rows, of which it is computed.
    """
    if not fit.aliased.any():
        return None
    if not is_mixed(fit):
        known: np.ndarray = fit.result.null_space
        return known
    gram = fit.rows.source.map_reduce(_gram, np.add)
    size = np.sqrt(np.diag(gram))
    size[size == 0] = 1.0
    values, vectors = np.linalg.eigh(gram / np.outer(size, size))
    lost = vectors[:, values < NOTHING * values[-1]] / size[:, None]
    return np.asarray(np.linalg.qr(lost)[0])


def _gram(block: Block) -> np.ndarray:
    X = dense(block.design)
    return np.asarray(X.T @ X)
