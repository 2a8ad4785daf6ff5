"""How well a model will predict rows it has not seen: cross-validation, and Harrell's bootstrap of optimism."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import ConvergenceWarning, DataError, DataWarning, FitError, give_warning, hearing
from ...fitted.protocols import is_mixed
from ...render.table import StatTable
from .measures import Measures, measures_of
from .observed import Classified, Outcome, chosen, joined, observed, of_rows

if TYPE_CHECKING:
    from ...fitted.protocols import MeanModel

FEWEST = 2


def cross_validate(fit: MeanModel, k: int = 10, seed: int | None = None, folds: Any = None) -> StatTable:
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
        the ROC curve, calibration slope; of categories: mean deviance, Brier's score (all categories), accuracy, mean
        area of each against the others, of ordered ones the ranked probability score and the concordance too; else
        mean deviance, root mean squared error, mean absolute error. ``.attrs["folds"]`` has each fold's.

    Raises
    ------
    FitError
        A path of penalties of which none is chosen: ``fit.at_penalty(s)``.
    DataError
        The rows are not in memory; folds that do not fit the rows.
    ValueError
        Fewer than two folds, or more than rows.

    Warns
    -----
    DataWarning
        Rows with a level, or a category, that their fold's model has not seen: they are left out.

    Notes
    -----
    Of a mixed model rows are predicted for the population (random effects of zero); name the grouping factor as `folds`
    to leave out whole groups, as new ones will come. `cv_glmnet` chooses its penalty again without each fold.

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
    fit = chosen(fit, "cross_validate()")
    place = _rows_in_use(fit)
    groups = _groups(fit, len(place), k, seed, folds)
    own = observed(fit)
    measures = measures_of(fit, own)
    data = _data(fit)
    held: list[Outcome] = []
    each: list[list[float]] = []
    lost = 0
    for fold in range(int(groups.max()) + 1):
        out = groups == fold
        keep = np.zeros(len(data), dtype=bool)
        keep[place[~out]] = True
        with hearing():
            part = fit.refit(subset=keep, **_no_start(fit))
        rows, missing = of_rows(part, data.iloc[place[out]], new_levels="na")
        lost += missing
        rows = _like(rows, own)
        if len(rows.weights):
            held.append(rows)
            each.append(_measured(measures, rows))
    if lost:
        give_warning(
            f"{lost} of {len(place)} rows have a level that no row of the other folds has: they are left out",
            DataWarning,
        )
    together = joined(held)
    table = pd.DataFrame(each, columns=list(measures))
    frame = pd.DataFrame(
        {
            "apparent": _measured(measures, own),
            "cross_validated": _measured(measures, together),
            "mean": table.mean().to_numpy(),
            "se": _standard_errors(table),
        },
        index=list(measures),
    )
    out_table = StatTable(frame, digits=4)
    out_table.attrs["folds"] = table
    return out_table


def validate(fit: MeanModel, B: int = 200, seed: int | None = None) -> StatTable:
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
    fit = chosen(fit, "validate()")
    if is_mixed(fit):
        raise FitError(
            "validate() draws single rows, and those of a mixed model are not independent of their group's: "
            "cross_validate(folds=), with the grouping factor, leaves out whole groups"
        )
    place = _rows_in_use(fit)
    rng = np.random.default_rng(seed)
    own = observed(fit)
    measures = measures_of(fit, own)
    prior = _weights_given(fit)
    apparent = _measured(measures, own)
    training, test, failed = [], [], 0
    for _ in range(B):
        drawn = np.bincount(rng.integers(0, len(place), len(place)), minlength=len(place)).astype(float)
        weights = np.zeros(len(prior))
        weights[place] = drawn
        try:
            with hearing():
                sample = fit.refit(weights=weights * prior, **_no_start(fit))
        except FitError:
            failed += 1
            continue
        whole = replace(_like(observed(sample), own), weights=own.weights)
        seen = replace(whole, weights=own.weights * drawn).rows(drawn > 0)
        training.append(_measured(measures, seen))
        test.append(_measured(measures, whole))
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


def _measured(measures: Measures, rows: Outcome) -> list[float]:
    """NaN where a measure means nothing, as an area without failures."""
    out = []
    with np.errstate(all="ignore"):
        for measure in measures.values():
            try:
                out.append(measure(rows))
            except (DataError, ZeroDivisionError):
                out.append(math.nan)
    return out


def _like(rows: Outcome, own: Outcome) -> Outcome:
    """With a column for each category of the fit; the probability of one that a part of the rows does not have is 0."""
    if not isinstance(rows, Classified) or not isinstance(own, Classified) or rows.levels == own.levels:
        return rows
    place = [own.levels.index(level) for level in rows.levels]
    seen, p = (np.zeros((len(rows.weights), len(own.levels))) for _ in range(2))
    seen[:, place], p[:, place] = rows.seen, rows.p
    return Classified(seen, p, rows.weights, own.levels, own.ordered)


def _no_start(fit: MeanModel) -> dict[str, None]:
    """Parts begin where a call without start values does."""
    return {} if fit.rows.arguments.get("start") is None else {"start": None}


def _rows_in_use(fit: MeanModel) -> np.ndarray:
    """Positions in the data of the rows of the fit."""
    training = fit.rows
    if training.streamed:
        raise DataError(
            "to fit parts of the rows again they must be in memory: load the data, or a part of them"
        )
    frame = training.frame
    return np.arange(len(frame.data_index)) if frame.kept is None else np.asarray(frame.kept)


def _data(fit: MeanModel) -> pd.DataFrame:
    """The data of the fit, all rows."""
    kept = fit.rows.arguments["data"]
    return kept.frame_with(lambda names: list(names))


def _weights_given(fit: MeanModel) -> np.ndarray:
    """The weights= argument on all rows of the data, 1 where there is none; not the trials."""
    frame = fit.rows.frame
    out = np.ones(len(frame.data_index))
    if frame.prior_weights is not None:
        out[_rows_in_use(fit)] = frame.prior_weights
    return out


def _groups(fit: MeanModel, n: int, k: int, seed: int | None, folds: Any) -> np.ndarray:
    """Number of each row's fold."""
    if folds is None:
        if not FEWEST <= k <= n:
            raise ValueError(f"k should be from 2 folds to the number of rows, {n}; got {k}")
        return np.random.default_rng(seed).permutation(np.arange(n) % k)
    from ..covariances.clusters import cluster_codes

    model: Any = fit
    ways = cluster_codes(model, folds)
    if len(ways) != 1:
        raise DataError(f"folds= should be one column or one set of values; got {len(ways)}")
    (groups,) = ways
    if groups.size < FEWEST:
        raise DataError("folds= puts all rows together: expected two groups or more")
    return np.asarray(groups.codes)
