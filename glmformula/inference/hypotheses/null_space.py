"""The combinations of a design's columns that are zero in all rows of a fit: what no row may need."""

from __future__ import annotations

from typing import Any

import numpy as np


def null_space(fit: Any) -> np.ndarray | None:
    """(p, p - rank) of a model of one mean; None where no column is aliased."""
    return fit.result.null_space if fit.aliased.any() else None


def orthonormal_null_space(fit: Any) -> np.ndarray | None:
    """The same, dense, its columns orthonormal."""
    space: Any = null_space(fit)
    if space is None:
        return None
    return np.linalg.qr(space.toarray() if hasattr(space, "toarray") else np.asarray(space))[0]
