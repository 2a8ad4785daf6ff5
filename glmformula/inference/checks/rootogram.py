"""Observed and expected numbers of each count: the table of a rootogram."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ...fitted.protocols import is_model, no_model
from ...render.table import StatTable
from ...sources.base import Block
from .counted import Question, count_probabilities

MOST = 100


def rootogram(fit: Any, at: Any = None) -> StatTable:
    """How many rows have each count, and how many the model expects (Kleiber & Zeileis 2016).

    Parameters
    ----------
    at : list of int, optional
        Which counts; default 0 to the largest, but to 100 at most.

    Returns
    -------
    StatTable
        ``count``, ``observed``, ``expected``: sums of prior weights, and of weight times P(Y = count).

    Raises
    ------
    FitError
        The model has no probabilities of counts.
    ValueError
        `at` is no list of counts.

    Examples
    --------
    >>> from glmformula import datasets, glm, rootogram
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> rootogram(fit, at=range(4))
      count observed   expected
    0     0        1  0.6055697
    1     1       10  4.0148771
    2     2       12 13.3582656
    3     3       37 29.7413490
    """
    if not is_model(fit):
        raise no_model(fit, "rootogram()")
    counts = whole_counts(range(MOST + 1) if at is None else at)
    probabilities = count_probabilities(fit, counts, "rootogram()")
    question = partial(_tally, probabilities, np.array(counts, dtype=float))
    tally, largest = fit.rows.source.map_reduce(question, _added)
    table = pd.DataFrame({"count": counts, "observed": tally[0], "expected": tally[1]})
    if at is None:
        table = table[table["count"] <= largest]
    return StatTable(table, kind="data.frame")


def whole_counts(at: Any) -> tuple[int, ...]:
    """`at` as counts; ValueError where it is something else."""
    values = np.atleast_1d(np.asarray(list(at) if np.iterable(at) else at))
    if values.dtype.kind not in "iuf" or (values != np.rint(values)).any() or (values < 0).any():
        raise ValueError(f"at should be counts: whole numbers from 0 on; got {at!r}")
    return tuple(int(k) for k in values)


def _tally(probabilities: Question, counts: np.ndarray, block: Block) -> tuple[np.ndarray, float]:
    w = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    observed = w @ (block.y[:, None] == counts) if len(counts) < MOST // 4 else _binned(block.y, w, counts)
    return np.array([observed, w @ probabilities(block)]), float(block.y[w > 0].max(initial=0.0))


def _binned(y: np.ndarray, w: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.array([w[y == k].sum() for k in counts])


def _added(a: tuple[np.ndarray, float], b: tuple[np.ndarray, float]) -> tuple[np.ndarray, float]:
    return a[0] + b[0], max(a[1], b[1])
