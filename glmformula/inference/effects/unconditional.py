"""Errors of averages where the rows are a sample too: of their covariates as well as of the coefficients.

An average over rows, theta, moves with each row by what the row adds to the mean and by what it adds to the
coefficients:  t_i = w_i (e_i - theta) / sum(w) + g' A^-1 s_i,  g the mean gradient, s_i the row's score and A the
information. The covariance is sum t_i t_i' (Hansen & Overgaard 2024; Stata's ``vce(unconditional)`` has n / (n - 1)
times that), robust as HC0 is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError, FitError
from ...fitted.protocols import is_parametric
from ...runtime.blas import one_blas_thread
from ...sources.memory import MemorySource
from .averages import Estimates, composed, groups
from .population import ROWS, Population
from .tasks import Plan, parts_of

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def unconditional(fit: SingleIndex, plan: Plan, rows: Population) -> tuple[Estimates, np.ndarray]:
    """The averages as their own parameters, and their covariance (E, E).

    Raises
    ------
    DataError
        Rows that are not the fit's own, or not in memory.
    FitError
        A model without scores.
    """
    if not rows.own:
        raise DataError("unconditional=True takes the rows of the fit as a sample: leave newdata= out")
    source = fit.rows.source
    if rows.scene is None or not isinstance(source, MemorySource):
        raise DataError(
            "unconditional=True needs the rows in memory, and they arrive in blocks: fit a part of them"
        )
    model: Any = fit
    scores = model.every_score if is_parametric(model) else getattr(model, "scores", None)
    if scores is None:
        raise FitError(
            f"unconditional=True is made of the scores of single rows, which a {type(fit).__name__} has not: leave it "
            "out"
        )
    inverse = model.joint_covariance if is_parametric(model) else model.inverse_information
    estimates, made, found = composed(plan, rows)
    assert estimates.gradient is not None
    with np.errstate(all="ignore"):
        means = found.value / found.weight[:, None, None]
    codes, keys = groups(rows.scene.data, plan.by)
    place = {key: g for g, key in enumerate(found.keys)}
    codes = np.array([*(place[key] for key in keys), -1])[codes]
    pull = estimates.gradient @ inverse
    total = np.zeros((len(made), len(made)))
    with one_blas_thread():
        for start in range(0, rows.scene.nrows, ROWS):
            part = slice(start, min(start + ROWS, rows.scene.nrows))
            scene, own = rows.scene.rows(part), scores(source.block(part))
            weights = np.ones(scene.nrows) if scene.weights is None else scene.weights
            for here, parts in parts_of(plan, scene):
                at, w = codes[part][here.rows], weights[here.rows]
                moves = pull @ own[:, here.rows]
                for e, one in enumerate(made):
                    g, k = one.group, one.column
                    inside = (at == g) * w / found.weight[g]
                    for p, factor in one.factors:
                        moves[e] += factor * inside * (parts[p].value[:, k] - means[g, p, k])
                total += moves @ moves.T
    return Estimates(estimates.labels, estimates.value, np.eye(len(made))), total
