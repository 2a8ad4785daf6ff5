"""Cross-validation of penalised paths: fits without a fold, and losses on its rows.

The numbers of the folds are the blocks' `etastart`, which a penalised fit has no other use for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np

from ...families import Family
from ...families.link import quiet
from ...sources.base import Block, Source
from ...sources.mapped import Mapped, collect
from ...sources.memory import MemorySource, rows_at
from .rows import predictors, rows_of

# glmnet keeps probabilities so far from 0 and 1 before it takes logarithms.
LEAST_PROBABILITY = 1e-5


def folds_of(source: Source) -> np.ndarray:
    """The fold numbers that rows have, sorted."""
    return np.unique(np.concatenate(collect(source, _folds)))


def _folds(block: Block) -> np.ndarray:
    assert block.etastart is not None
    return np.unique(block.etastart)


def without_fold(source: Source, fold: float) -> Source:
    """The rows of the other folds; where rows are in files those of the fold weigh nothing."""
    if isinstance(source, MemorySource) and source.etastart is not None:
        return rows_at(source, np.flatnonzero(source.etastart != fold))
    return Mapped(source, partial(_weightless, fold))


def _weightless(fold: float, block: Block) -> Block:
    own = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return replace(block, prior_weights=np.where(block.etastart == fold, 0.0, own))


# ---------------------------------------------------------------- losses of rows (m, L) at eta (m, L)

Loss = Callable[[Family, np.ndarray, np.ndarray], np.ndarray]


def squared(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return np.asarray((y[:, None] - mu) ** 2)


def absolute(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(y[:, None] - mu))


def deviance(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    tall = np.broadcast_to(y[:, None], mu.shape).ravel()
    return np.asarray(family.unit_deviance(tall, mu.ravel())).reshape(mu.shape)


def twice_squared(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return 2 * squared(family, y, mu)


def twice_absolute(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return 2 * absolute(family, y, mu)


def bounded_deviance(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return deviance(family, y, np.clip(mu, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))


def misclassified(family: Family, y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return np.where(mu > 0.5, 1 - y[:, None], y[:, None])


@dataclass(frozen=True)
class FoldRows:
    """Weighted sums of losses (K, L) and of weights (K,); and, where they are kept, rows: (fold, y, weight, values)."""

    losses: np.ndarray
    weights: np.ndarray
    rows: int
    kept: tuple[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], ...] = ()

    def __add__(self, other: FoldRows) -> FoldRows:
        return FoldRows(
            self.losses + other.losses,
            self.weights + other.weights,
            self.rows + other.rows,
            self.kept + other.kept,
        )


def losses(
    source: Source, family: Family, folds: np.ndarray, betas: np.ndarray, loss: Loss | None, keep: bool
) -> FoldRows:
    """Losses of each fold's rows at its own coefficients (K, L, p); with `keep` of rows too; no `loss`: their eta."""
    return source.map_reduce(partial(_losses, family, folds, betas, loss, keep), add)


@quiet
def _losses(
    family: Family, folds: np.ndarray, betas: np.ndarray, loss: Loss | None, keep: bool, block: Block
) -> FoldRows:
    K, L, p = betas.shape
    sums, weights, kept = np.zeros((K, L)), np.zeros(K), []
    for part in rows_of(block, max(L, p)):
        assert part.folds is not None
        for k, fold in enumerate(folds.tolist()):
            which = np.flatnonzero(part.folds == fold)
            if not len(which):
                continue
            some = part.some(which)
            values = predictors(some, betas[k]).T
            y, own = some.y, some.weights
            if loss is not None:
                mu = family.link.linkinv(np.ascontiguousarray(values).ravel()).reshape(values.shape)
                values = loss(family, y, mu)
                sums[k] += own @ values
            weights[k] += own.sum()
            if keep:
                kept.append((np.full(len(which), k), y, own, values))
    return FoldRows(sums, weights, len(block.y), tuple(kept))


def area(y: np.ndarray, weights: np.ndarray, eta: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a success has the larger eta than a failure, ties half."""
    _, place = np.unique(eta, return_inverse=True)
    ones = np.bincount(place, weights * y)
    zeros = np.bincount(place, weights * (1 - y))
    below = np.cumsum(zeros) - zeros / 2
    total = ones.sum() * zeros.sum()
    return float(ones @ below / total) if total > 0 else float("nan")


def summarised(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means of the rows of `values` (N, L), and glmnet's standard errors of them."""
    good = ~np.isnan(values)
    w = np.where(good, weights[:, None], 0.0)
    total = w.sum(axis=0)
    filled = np.where(good, values, 0.0)
    mean = (w * filled).sum(axis=0) / total
    spread = (w * (filled - mean) ** 2).sum(axis=0) / total
    return mean, np.sqrt(spread / (len(values) - 1))
