"""What a path of penalised fits says of rows, and its printed tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..engine.penalised.rows import predictors, rows_of
from ..engine.penalised.sums import Sweep, sweep
from ..errors import FitError
from ..fitted.training import TrainingData
from ..render.numbers import round_half, signif
from ..render.table import StatTable
from ..sources.base import Block
from ..sources.mapped import collect
from .rows.output import elsewhere, written
from .rows.predict import PredictedRows

if TYPE_CHECKING:
    from ..engine.penalised.fit import PenalisedPath
    from ..families import Family

TYPES = ("link", "response", "class", "nonzero", "coefficients")


def block_etas(betas: np.ndarray, block: Block) -> np.ndarray:
    """Linear predictors (m, L) of a block's rows at coefficients (L, p)."""
    return np.concatenate([predictors(rows, betas).T for rows in rows_of(block, max(betas.shape))])


def path_predictions(
    fit: Any,
    newdata: Any,
    s: np.ndarray | None,
    single: bool,
    type: str,
    na_action: str,
    new_levels: str,
    out: Any,
) -> Any:
    """Predictions of `type` at penalties; see ``Glmnet.predict``.

    Raises
    ------
    ValueError
        An unknown type, or classes of a family without.
    """
    if type not in TYPES:
        raise ValueError(f"type should be one of {', '.join(map(repr, TYPES))}; got {type!r}")
    if type == "class" and not fit.family.is_binomial:
        raise ValueError("type='class' is of a binomial family; take type='response'")
    question = partial(_predicted, s=s, single=single, type=type, na_action=na_action, new_levels=new_levels)
    if out is not None or elsewhere(fit, newdata) is not None:
        return written(fit, question, newdata, out)
    return question(fit, newdata)


def _predicted(
    fit: Any, newdata: Any, *, s: np.ndarray | None, single: bool, type: str, na_action: str, new_levels: str
) -> pd.Series | pd.DataFrame:
    rows = PredictedRows.of(fit, newdata, na_action, new_levels)
    betas = fit.result.beta if s is None else fit.at(s)
    eta = np.concatenate([np.empty((0, len(betas))), *collect(rows.source, partial(block_etas, betas))])
    if type == "link":
        values: np.ndarray = eta
    else:
        values = fit.family.link.linkinv(eta.ravel()).reshape(eta.shape)
    first = 0 if s is None else 1
    names = [f"s{k + first}" for k in range(len(betas))]
    if type == "class":
        values = np.where(np.isnan(values), np.nan, values > 0.5)
    return rows.series(values[:, 0]) if single else rows.table(values, names)


def path_table(fit: Any) -> StatTable:
    """Df, %Dev and Lambda of each step, glmnet's print."""
    digits, again = 4, fit.result.relaxed_dev_ratio
    more = {} if again is None else {"%Dev R": round_half((again * 100).tolist(), 2)}
    frame = pd.DataFrame(
        {
            "Df": fit.df,
            "%Dev": round_half((fit.dev_ratio * 100).tolist(), 2),
            **more,
            "Lambda": signif(fit.lambda_.tolist(), digits),
        },
        index=range(1, len(fit.lambda_) + 1),
    )
    return StatTable(
        frame, "anova", heading=(f"\nCall:  {fit.call} \n", *([] if not more else ["Relaxed\n"]))
    )


def ridge_summary(fit: Any, s: float) -> StatTable:
    """Estimates of a ridge path at `s` with penalised standard errors; see ``Glmnet.ridge_summary``."""
    if fit.options["alpha"] != 0:
        raise FitError(
            "standard errors of penalised estimates are there for ridge (alpha=0), not for "
            f"alpha={fit.options['alpha']:g}: where coefficients are set to zero no such formula holds; "
            "see fit.refit_selected(s=)"
        )
    one = fit.refit(lambda_=[float(s)])
    result: PenalisedPath = one.result
    rows: TrainingData = one.rows
    family: Family = one.family
    swept = sweep(rows.source, Sweep(family, result.beta, score=False, deviance=(0,), informed=(0,)))
    kept = np.flatnonzero(~np.isnan(result.factors))
    H = swept.matrix(0)[np.ix_(kept, kept)] / result.weight_sum
    penalty = float(s) / result.y_scale * result.factors[kept] * result.sd[kept] ** 2
    inverse = np.linalg.inv(H + np.diag(penalty))
    edf = float(np.trace(inverse @ H))
    dispersion = family.fixed_dispersion
    if dispersion is None:
        dispersion = float(swept.deviances[0]) / max(result.nobs - edf, 1e-300)
    cov = inverse @ H @ inverse * dispersion / result.weight_sum
    errors = np.sqrt(np.diag(cov))
    frame = pd.DataFrame(
        {"Estimate": result.beta[0, kept], "Penalised SE": errors},
        index=[fit.column_names[j] for j in kept],
    )
    frame.attrs["edf"] = edf
    frame.attrs["dispersion"] = dispersion
    return StatTable(
        frame,
        "matrix",
        heading=(f"\nRidge penalty {float(s):.4g}: effective degrees of freedom {edf:.2f}\n",),
        footer=(
            "\nPenalised SE: spread of the shrunken estimates at this fixed penalty; their bias is not in it, so that",
            "tests and intervals from them would not keep their level.",
        ),
    )


def cv_table(fit: Any) -> StatTable:
    """Lambda, Index, Measure, SE and Nonzero at the two penalties, glmnet's print; of blends their gamma too."""
    heading = (f"\nCall:  {fit.call} \n", f"Measure: {fit.name} \n")
    places, cvm, cvsd, first = list(fit.index), fit.cvm, fit.cvsd, {}
    if fit.gamma is not None:
        at, places = [list(pair) for pair in zip(*fit.relaxed_index)]
        first = {"Gamma": fit.gamma[at], "Index ": [g + 1 for g in at]}
        cvm, cvsd = (np.array([table[g] for g in at]) for table in (fit.gamma_cvm, fit.gamma_cvsd))
        values = cvm[[0, 1], places], cvsd[[0, 1], places]
    else:
        values = cvm[places], cvsd[places]
    frame = pd.DataFrame(
        {
            **first,
            "Lambda": fit.lambda_[places],
            "Index": [k + 1 for k in places],
            "Measure": values[0],
            "SE": values[1],
            "Nonzero": fit.nzero[places],
        },
        index=["min", "1se"],
    )
    return StatTable(frame, "anova", heading=heading, digits=4)
