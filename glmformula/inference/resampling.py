"""How well a model will predict rows it has not seen: cross-validation, and Harrell's bootstrap of optimism."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import ConvergenceWarning, DataError, DataWarning, FitError, give_warning, hearing
from ..families import Family
from ..render.table import StatTable
from .calibration import slope_of
from .discrimination import area_of
from .observed import Observed, observed, of_rows

if TYPE_CHECKING:
    from ..fitted.protocols import SingleIndex

Measure = Callable[[Observed, Family], float]
FEWEST = 2


def _deviance(rows: Observed, family: Family) -> float:
    each = family.unit_deviance(rows.y, rows.mu)
    return float(rows.weights @ each / rows.weights.sum())


def _rmse(rows: Observed, family: Family) -> float:
    return math.sqrt(float(rows.weights @ (rows.y - rows.mu) ** 2 / rows.weights.sum()))


def _mae(rows: Observed, family: Family) -> float:
    return float(rows.weights @ np.abs(rows.y - rows.mu) / rows.weights.sum())


def _brier(rows: Observed, family: Family) -> float:
    squares = rows.y * (1 - rows.mu) ** 2 + (1 - rows.y) * rows.mu**2
    return float(rows.weights @ squares / rows.weights.sum())


def _auc(rows: Observed, family: Family) -> float:
    return area_of(rows)


def _slope(rows: Observed, family: Family) -> float:
    return slope_of(rows)[0]


BINOMIAL: Mapping[str, Measure] = {"deviance": _deviance, "brier": _brier, "auc": _auc, "slope": _slope}
OTHER: Mapping[str, Measure] = {"deviance": _deviance, "rmse": _rmse, "mae": _mae}


def measures_of(fit: SingleIndex) -> Mapping[str, Measure]:
    """What is measured, by the family."""
    return BINOMIAL if fit.family.is_binomial else OTHER


def cross_validate(fit: SingleIndex, k: int = 10, seed: int | None = None, folds: Any = None) -> StatTable:
    """Fit all folds but one and predict that one, for each in turn.

    Parameters
    ----------
    k : int
        Folds of rows drawn at random; as many as there are rows leave out one at a time.
    seed : int, optional
        The same seed gives the same folds.
    folds : str, array or Series, optional
        Which rows go together, by a column's name or values for the rows of the fit: whole groups are left out.

    Returns
    -------
    StatTable
        A row for each measure: ``apparent`` (on the rows of the fit), ``cross_validated`` (of all rows, each predicted
        without its fold), ``mean`` and ``se`` of the folds. Of a binomial: mean deviance, Brier's score, area under
        the ROC curve, calibration slope; else mean deviance, root mean squared error, mean absolute error.
        ``.attrs["folds"]`` has each fold's.

    Raises
    ------
    DataError
        The rows are not in memory; folds that do not fit the rows.
    ValueError
        Fewer than two folds, or more than rows.

    Warns
    -----
    DataWarning
        Rows with a level that their fold's model has not seen: they are left out.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.cross_validate(5, seed=1).iloc[:, :2].round(3)
              apparent  cross_validated
    deviance     0.372            0.382
    brier        0.045            0.046
    auc          0.657            0.602
    slope        1.000            0.606
    """
    place = _rows_in_use(fit)
    groups = _groups(fit, len(place), k, seed, folds)
    measures = measures_of(fit)
    data = _data(fit)
    held: list[Observed] = []
    each: list[list[float]] = []
    lost = 0
    for fold in range(int(groups.max()) + 1):
        out = groups == fold
        keep = np.zeros(len(data), dtype=bool)
        keep[place[~out]] = True
        with hearing():
            part = fit.refit(subset=keep, start=None)
        rows, missing = of_rows(part, data.iloc[place[out]], new_levels="na")
        lost += missing
        if len(rows.y):
            held.append(rows)
            each.append([_or_nan(measure, rows, fit.family) for measure in measures.values()])
    if lost:
        give_warning(
            f"{lost} of {len(place)} rows have a level that no row of the other folds has: they are left out",
            DataWarning,
        )
    together = Observed(
        *(np.concatenate([getattr(r, n) for r in held]) for n in ("y", "mu", "weights", "exposure"))
    )
    own = observed(fit)
    table = pd.DataFrame(each, columns=list(measures))
    frame = pd.DataFrame(
        {
            "apparent": [measure(own, fit.family) for measure in measures.values()],
            "cross_validated": [_or_nan(measure, together, fit.family) for measure in measures.values()],
            "mean": table.mean().to_numpy(),
            "se": _standard_errors(table),
        },
        index=list(measures),
    )
    out_table = StatTable(frame, digits=4)
    out_table.attrs["folds"] = table
    return out_table


def validate(fit: SingleIndex, B: int = 200, seed: int | None = None) -> StatTable:
    """Optimism by the bootstrap: fit samples of the rows, and see how much worse they do on all rows (Harrell 2015).

    Parameters
    ----------
    B : int
        Samples.
    seed : int, optional
        The same seed gives the same samples.

    Returns
    -------
    StatTable
        A row for each measure of `cross_validate`: ``apparent``, ``training`` (of the samples on themselves),
        ``test`` (on all rows), ``optimism`` (their mean difference), ``corrected`` (apparent less optimism), ``n``
        (samples that could be fitted). rms's ``validate``.

    Raises
    ------
    DataError
        The rows are not in memory.
    ValueError
        Fewer than two samples.
    FitError
        No sample could be fitted.

    Notes
    -----
    A sample is the rows with the number of times they were drawn as weights. Terms are not chosen again.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.validate(20, seed=1)[["apparent", "corrected"]].round(3)
              apparent  corrected
    deviance     0.372      0.396
    brier        0.045      0.047
    auc          0.657      0.625
    slope        1.000      0.939
    """
    if B < FEWEST:
        raise ValueError(f"B should be 2 or more samples; got {B}")
    place = _rows_in_use(fit)
    rng = np.random.default_rng(seed)
    measures = measures_of(fit)
    own = observed(fit)
    prior = _weights_given(fit)
    apparent = [measure(own, fit.family) for measure in measures.values()]
    training, test, failed = [], [], 0
    for _ in range(B):
        drawn = np.bincount(rng.integers(0, len(place), len(place)), minlength=len(place)).astype(float)
        weights = np.zeros(len(prior))
        weights[place] = drawn
        try:
            with hearing():
                sample = fit.refit(weights=weights * prior, start=None)
        except FitError:
            failed += 1
            continue
        mu = observed(sample).mu
        seen = Observed(own.y, mu, own.weights * drawn, own.exposure).rows(drawn > 0)
        whole = Observed(own.y, mu, own.weights, own.exposure)
        training.append([_or_nan(measure, seen, fit.family) for measure in measures.values()])
        test.append([_or_nan(measure, whole, fit.family) for measure in measures.values()])
    if not training:
        raise FitError("no bootstrap sample could be fitted: the rows are too few, or say too little")
    if failed:
        give_warning(
            f"{failed} of {B} bootstrap samples could not be fitted and are left out", ConvergenceWarning
        )
    a, b = np.array(training), np.array(test)
    known = ~np.isnan(a - b)
    optimism = np.nanmean(a - b, axis=0)
    frame = pd.DataFrame(
        {
            "apparent": apparent,
            "training": np.nanmean(a, axis=0),
            "test": np.nanmean(b, axis=0),
            "optimism": optimism,
            "corrected": np.array(apparent) - optimism,
            "n": known.sum(axis=0),
        },
        index=list(measures),
    )
    return StatTable(frame, digits=4)


def _standard_errors(table: pd.DataFrame) -> np.ndarray:
    """Of the means over folds; infinite where a fold's slope, of one that separates, is without bound."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (table.std(ddof=1) / np.sqrt(table.notna().sum())).to_numpy()


def _or_nan(measure: Measure, rows: Observed, family: Family) -> float:
    """NaN where a measure means nothing, as an area without failures."""
    with np.errstate(all="ignore"):
        try:
            return measure(rows, family)
        except (DataError, ZeroDivisionError):
            return math.nan


def _rows_in_use(fit: SingleIndex) -> np.ndarray:
    """Positions in the data of the rows of the fit."""
    training = fit.rows
    if training.streamed:
        raise DataError(
            "to fit parts of the rows again they must be in memory: load the data, or a part of them"
        )
    frame = training.frame
    return np.arange(len(frame.data_index)) if frame.kept is None else np.asarray(frame.kept)


def _data(fit: SingleIndex) -> pd.DataFrame:
    """The data of the fit, all rows."""
    kept = fit.rows.arguments["data"]
    return kept.frame_with(lambda names: list(names))


def _weights_given(fit: SingleIndex) -> np.ndarray:
    """The weights= argument on all rows of the data, 1 where there is none; not the trials."""
    frame = fit.rows.frame
    out = np.ones(len(frame.data_index))
    if frame.prior_weights is not None:
        out[_rows_in_use(fit)] = frame.prior_weights
    return out


def _groups(fit: SingleIndex, n: int, k: int, seed: int | None, folds: Any) -> np.ndarray:
    """Number of each row's fold."""
    if folds is None:
        if not FEWEST <= k <= n:
            raise ValueError(f"k should be from 2 folds to the number of rows, {n}; got {k}")
        return np.random.default_rng(seed).permutation(np.arange(n) % k)
    from .clusters import cluster_codes

    ways = cluster_codes(fit, folds)
    if len(ways) != 1:
        raise DataError(f"folds= should be one column or one set of values; got {len(ways)}")
    (groups,) = ways
    if groups.size < FEWEST:
        raise DataError("folds= puts all rows together: expected two groups or more")
    return np.asarray(groups.codes)
