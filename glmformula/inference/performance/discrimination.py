"""How well fitted values tell rows apart: ROC curve, confusion, Gini coefficient, lift."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError, FamilyError, nearest
from ...render.cells import matrix
from ...render.numbers import format_number, signif
from ...render.report import Block, Rendered
from ...render.table import StatTable
from ..distributions import quantile
from .observed import Classified, Observed, Outcome, chosen, observed

if TYPE_CHECKING:
    from ...fitted.protocols import MeanModel


@dataclass(frozen=True, repr=False, eq=False)
class Roc(Rendered):
    """A ROC curve with its area.

    Attributes
    ----------
    auc : float
        P(a success has a larger fitted value than a failure), ties counted half.
    se : float
        DeLong's standard error of it.
    low, high : float
        Its confidence limits.
    level : float
    successes, failures : float
    frame : DataFrame
        threshold, sensitivity, specificity: from the largest threshold on.
    """

    auc: float
    se: float
    low: float
    high: float
    level: float
    successes: float
    failures: float
    frame: pd.DataFrame = field(repr=False)

    def blocks(self, digits: int | None = None) -> list[Block]:
        """The text.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> len(fit.roc().blocks())
        1
        """
        auc, low, high = (format_number(signif((v,), 4)[0]) for v in (self.auc, self.low, self.high))
        text = (
            f"Area under the ROC curve: {auc}\n"
            f"{100 * self.level:g}% confidence interval: {low} to {high} (DeLong)\n"
            f"{self.successes:g} successes, {self.failures:g} failures\n"
        )
        return [text]


@dataclass(frozen=True, repr=False, eq=False)
class Rocs(Rendered):
    """A ROC curve for each category of a response, against all others.

    Attributes
    ----------
    curves : dict of str to Roc
    auc : float
        Mean of their areas (Hand & Till's M is the mean over pairs of categories instead).
    frame : DataFrame
        By category: n, auc, se, lower, upper.
    """

    curves: dict[str, Roc]

    @property
    def auc(self) -> float:
        """Mean of the areas of all categories."""
        return float(np.mean([curve.auc for curve in self.curves.values()]))

    @property
    def frame(self) -> pd.DataFrame:
        """Areas by category."""
        rows = [(c.successes, c.auc, c.se, c.low, c.high) for c in self.curves.values()]
        return pd.DataFrame(rows, index=list(self.curves), columns=["n", "auc", "se", "lower", "upper"])

    def blocks(self, digits: int | None = None) -> list[Block]:
        """The text.

        Examples
        --------
        >>> from glmformula import datasets, polr
        >>> data = datasets.attrition().assign(sick=lambda d: d["sick_days"].clip(5, 8).astype(str))
        >>> len(polr("factor(sick) ~ overtime_hours", data).roc().blocks())
        2
        """
        level = next(iter(self.curves.values())).level
        text = (
            f"Area under the ROC curve of each category against the others, with {100 * level:g}% intervals\n"
            f"(DeLong); their mean is {format_number(signif((self.auc,), 4)[0])}:\n\n"
        )
        frame = self.frame
        names = [str(name) for name in frame]
        return [text, matrix([frame[n].tolist() for n in names], names, list(frame.index), digits or 4)]


def roc(fit: MeanModel, newdata: Any = None, level: float = 0.95, category: str | None = None) -> Roc | Rocs:
    """The ROC curve of a binomial model, its area and DeLong's interval (DeLong, DeLong & Clarke-Pearson 1988).

    Parameters
    ----------
    newdata : DataFrame, optional
        Rows with the response. Default: those of the fit, which flatter it; see `validate` and `cross_validate`.
    level : float
    category : str, optional
        Of a model of categories: this one against all others. Default: each, one after another.

    Returns
    -------
    Roc, or Rocs for all categories
        ``.auc``, ``.low``, ``.high``, ``.frame``; `roc_plot` draws it; pROC's ``roc``.

    Raises
    ------
    FamilyError
        The response is neither binomial nor a category.
    FitError
        A path of penalties of which none is chosen.
    DataError
        Only successes, or only failures; no rows; no such category.

    Notes
    -----
    Weights (trials) count as so many rows. Of a mixed model the predictions are those of the population (random effects
    of zero): what a row's group adds is not told apart, here and in `calibration`, `confusion`, `gini` and `lift`.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> fit.roc()
    Area under the ROC curve: 0.6567
    95% confidence interval: 0.5383 to 0.7751 (DeLong)
    24 successes, 476 failures
    """
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    each = outcomes(fit, newdata, "roc()", category)
    curves = {name: _roc_of(rows, level) for name, rows in each.items()}
    return next(iter(curves.values())) if category is not None or "" in curves else Rocs(curves)


def _roc_of(rows: Observed, level: float) -> Roc:
    curve, own_up, own_down = _curve(rows)
    success, failure = float(own_up.sum()), float(own_down.sum())
    auc, spread = _area(own_up, own_down)
    se = math.sqrt(spread)
    half = float(quantile((1 + level) / 2, math.inf)) * se
    return Roc(auc, se, max(0.0, auc - half), min(1.0, auc + half), level, success, failure, curve)


def area_of(rows: Observed) -> float:
    """The area under the ROC curve of some rows; NaN without a success or a failure."""
    _, own_up, own_down = _curve(rows)
    with np.errstate(all="ignore"):
        return _area(own_up, own_down)[0]


def _curve(rows: Observed) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Thresholds with both rates, and the successes and failures at each threshold."""
    order = np.argsort(-rows.mu, kind="stable")
    mu, hits, misses = rows.mu[order], (rows.weights * rows.y)[order], (rows.weights * (1 - rows.y))[order]
    ends = np.flatnonzero(np.append(np.diff(mu) != 0, True))
    success, failure = float(hits.sum()), float(misses.sum())
    up, down = np.cumsum(hits)[ends], np.cumsum(misses)[ends]  # at or above each threshold
    with np.errstate(all="ignore"):
        frame = pd.DataFrame(
            {
                "threshold": np.concatenate([[math.inf], mu[ends]]),
                "sensitivity": np.concatenate([[0.0], up / success]),
                "specificity": 1 - np.concatenate([[0.0], down / failure]),
            }
        )
    return frame, np.diff(up, prepend=0.0), np.diff(down, prepend=0.0)


def _area(own_up: np.ndarray, own_down: np.ndarray) -> tuple[float, float]:
    """The area and DeLong's variance of it, by placement values.

    Of a success the share of failures below it, of a failure that of successes above it, ties counted half.
    """
    success, failure = float(own_up.sum()), float(own_down.sum())
    of_success = 1 - (np.cumsum(own_down) - own_down / 2) / np.float64(failure)
    of_failure = (np.cumsum(own_up) - own_up / 2) / np.float64(success)
    auc = float(own_up @ of_success / np.float64(success))
    spread = sum(
        float(count @ (place - auc) ** 2) / (total - 1) / total if total > 1 else math.nan
        for count, place, total in ((own_up, of_success, success), (own_down, of_failure, failure))
    )
    return auc, spread


def outcomes(fit: MeanModel, newdata: Any, verb: str, category: str | None = None) -> dict[str, Observed]:
    """Successes and failures: of a binomial response, under the name ""; of categories, each against the others.

    Raises
    ------
    FamilyError, DataError
    """
    fit = chosen(fit, verb)
    rows = of_categories(fit, newdata, verb)
    if isinstance(rows, Classified):
        names = rows.levels if category is None else (known_category(rows, category, verb),)
        found = {name: rows.one(name) for name in names}
        for name, one in found.items():
            _both_kinds(one, verb, f"'{fit.response_name}' = '{name}'")
        return found
    no_category(category, verb)
    _both_kinds(rows, verb, f"'{fit.response_name}'")
    return {"": rows}


def of_categories(fit: MeanModel, newdata: Any, verb: str) -> Outcome:
    """Rows of a binomial response or of categories, those without weight left out."""
    fit = chosen(fit, verb)
    rows = observed(fit, newdata, verb)
    if isinstance(rows, Observed) and (rows.deviance is not None or not fit.family.is_binomial):
        what = "counts" if rows.deviance is not None else f"the family {fit.family.name}"
        raise FamilyError(
            f"{verb} is of a binomial model or one of categories, this one has {what}; lift() and gini() take any"
        )
    return rows.rows(rows.weights > 0)


def known_category(rows: Classified, category: str, verb: str) -> str:
    if category not in rows.levels:
        raise DataError(
            f"{verb}: category={category!r} is none of the response's: "
            f"{', '.join(map(repr, rows.levels))}{nearest(str(category), rows.levels)}"
        )
    return category


def no_category(category: str | None, verb: str) -> None:
    if category is not None:
        raise DataError(
            f"{verb}: category= is of a model of categories, such as multinom() and polr() give; got {category!r}"
        )


def _both_kinds(rows: Observed, verb: str, what: str) -> None:
    successes, failures = float(rows.weights @ rows.y), float(rows.weights @ (1 - rows.y))
    if successes <= 0 or failures <= 0:
        kind = "failures" if successes <= 0 else "successes"
        raise DataError(
            f"{verb} needs successes and failures of {what}; these {len(rows.y)} rows have {kind} only"
        )


def confusion(
    fit: MeanModel, threshold: float | None = None, newdata: Any = None, level: float = 0.95
) -> StatTable:
    """Successes and failures by whether the fitted probability reaches a threshold, and the rates they make.

    Parameters
    ----------
    threshold : float, optional
        Default 0.5. Of a model of categories there is none: the likeliest is taken.
    newdata : DataFrame, optional
        As of `roc`.
    level : float
        Of Wilson's intervals.

    Returns
    -------
    StatTable
        sensitivity, specificity, predictive values, accuracy: estimate and limits; ``.attrs["counts"]`` has the
        four counts. Of a model of categories: of each the rows observed and predicted, sensitivity and positive
        predictive value, then the accuracy of all; ``.attrs["counts"]`` is the table of observed by predicted.

    Raises
    ------
    FamilyError, DataError
        As of `roc`.
    ValueError
        A threshold or level that is not between 0 and 1.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.confusion(0.05).round(3)
                                rate  lower  upper
    sensitivity                0.542  0.351  0.721
    specificity                0.651  0.607  0.693
    positive predictive value  0.073  0.043  0.120
    negative predictive value  0.966  0.940  0.981
    accuracy                   0.646  0.603  0.687
    """
    for name, value in (("threshold", threshold), ("level", level)):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{name} should be between 0 and 1; got {value!r}")
    rows = of_categories(fit, newdata, "confusion()")
    if isinstance(rows, Classified):
        if threshold is not None:
            raise ValueError(
                f"threshold= is of two categories, here the likeliest of {len(rows.levels)} is taken: leave it out"
            )
        return _confused(rows, level)
    threshold = 0.5 if threshold is None else threshold
    _both_kinds(rows, "confusion()", f"'{chosen(fit, 'confusion()').response_name}'")
    above = rows.mu >= threshold
    hits, misses = rows.weights * rows.y, rows.weights * (1 - rows.y)
    tp, fp = float(hits[above].sum()), float(misses[above].sum())
    fn, tn = float(hits[~above].sum()), float(misses[~above].sum())
    shares = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "positive predictive value": (tp, tp + fp),
        "negative predictive value": (tn, tn + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
    }
    table = pd.DataFrame(
        [(k / n if n else math.nan, *wilson(k, n, level)) for k, n in shares.values()],
        index=list(shares),
        columns=["rate", "lower", "upper"],
    )
    heading = (
        f"Fitted probability of at least {threshold:g} taken as success:\n",
        f"{tp:g} of {tp + fn:g} successes and {fp:g} of {fp + tn:g} failures\n",
    )
    out = StatTable(table, heading=heading, digits=4)
    out.attrs["counts"] = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    return out


def _confused(rows: Classified, level: float) -> StatTable:
    levels = list(rows.levels)
    predicted = rows.p.argmax(axis=1)
    counts = np.zeros((len(levels), len(levels)))
    np.add.at(counts.T, predicted, rows.seen * rows.weights[:, None])
    hits, seen, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    table = pd.DataFrame(
        {
            "observed": seen,
            "predicted": said,
            "correct": hits,
            "sensitivity": [k / n if n else math.nan for k, n in zip(hits, seen)],
            "positive predictive value": [k / n if n else math.nan for k, n in zip(hits, said)],
        },
        index=levels,
    )
    total = float(seen.sum())
    low, high = wilson(float(hits.sum()), total, level)
    shown = [format_number(signif((v,), 4)[0]) for v in (hits.sum() / total, low, high)]
    heading = (
        "The likeliest category taken:\n",
        f"accuracy {shown[0]} ({100 * level:g}% interval {shown[1]} to {shown[2]}), {hits.sum():g} of {total:g} rows\n",
    )
    out = StatTable(table, heading=heading, digits=4)
    out.attrs["counts"] = pd.DataFrame(
        counts, index=pd.Index(levels, name="observed"), columns=pd.Index(levels, name="predicted")
    )
    return out


def wilson(count: float, total: float, level: float) -> tuple[float, float]:
    """Wilson's (1927) limits of a proportion."""
    if not total:
        return math.nan, math.nan
    z = float(quantile((1 + level) / 2, math.inf))
    share, more = count / total, z * z / total
    middle = (share + more / 2) / (1 + more)
    half = z / (1 + more) * math.sqrt(share * (1 - share) / total + more / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def gini(fit: MeanModel, newdata: Any = None, category: str | None = None) -> float:
    """Gini coefficient of the fitted means: how unevenly they, per unit of exposure, order what was observed.

    Twice the area between the diagonal and the curve of the cumulative share of the response against that of
    exposure, rows ordered by fitted mean per exposure, the largest first (Frees, Meyers & Cummings 2011, without a
    base premium). Of a binomial 0/1 response it is (2 AUC - 1) times the share of failures.

    Parameters
    ----------
    newdata : DataFrame, optional
        As of `roc`.
    category : str, optional
        Of a model of categories: that one against all others, which has to be named.

    Returns
    -------
    float

    Raises
    ------
    DataError
        The response adds up to nothing, or is negative somewhere.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> round(fit.gini(), 4)
    0.0368
    """
    curve = ordered_shares(fit, newdata, category)
    x, y = curve["exposure"].to_numpy(), curve["response"].to_numpy()
    return float(np.sum((y[1:] + y[:-1]) * np.diff(x)) - 1.0)


def ordered_shares(fit: MeanModel, newdata: Any = None, category: str | None = None) -> pd.DataFrame:
    """Cumulative shares of exposure and of the response, largest fitted mean first; ties together."""
    rows = of_numbers(fit, newdata, "gini()", category)
    weight = rows.weights * rows.exposure
    response = rows.weights * rows.y
    if response.min(initial=0.0) < 0 or response.sum() <= 0:
        raise DataError(
            f"shares of '{chosen(fit, 'gini()').response_name}' need a response that is nowhere negative and not all 0"
        )
    rate = rows.mu / rows.exposure
    order = np.argsort(-rate, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(rate[order]) != 0, True))
    return pd.DataFrame(
        {
            "exposure": np.concatenate([[0.0], np.cumsum(weight[order])[ends] / weight.sum()]),
            "response": np.concatenate([[0.0], np.cumsum(response[order])[ends] / response.sum()]),
        }
    )


def of_numbers(fit: MeanModel, newdata: Any, verb: str, category: str | None) -> Observed:
    """Rows of a number, or of one category against the others.

    Raises
    ------
    DataError
        Categories of which none is named.
    """
    rows = observed(fit, newdata, verb)
    if isinstance(rows, Observed):
        no_category(category, verb)
        return rows
    if category is None:
        raise DataError(
            f"{verb} orders rows by one number, and this model has {len(rows.levels)} categories: name one, "
            f"category={rows.levels[-1]!r}"
        )
    return rows.one(known_category(rows, category, verb))


def lift(fit: MeanModel, bins: int = 10, newdata: Any = None, category: str | None = None) -> StatTable:
    """Bands of equal exposure by fitted mean: what was observed and expected in each, and how they stand to the whole.

    Parameters
    ----------
    bins : int
    newdata : DataFrame, optional
        As of `roc`.
    category : str, optional
        As of `gini`.

    Returns
    -------
    StatTable
        rows, exposure, observed, fitted (per exposure), actual_expected, lift (observed over that of all rows; NaN
        where the response is negative somewhere); the band of the smallest means first.

    Raises
    ------
    ValueError
        Fewer than two bins.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> fit.lift(3).round(3)
       rows  exposure  observed  fitted  actual_expected   lift
    1   155     155.0     6.445   6.333            1.018  0.947
    2   166     166.0     6.512   6.736            0.967  0.957
    3   179     179.0     7.397   7.286            1.015  1.086
    """
    if bins < 2:
        raise ValueError(f"bins should be 2 or more; got {bins}")
    rows = of_numbers(fit, newdata, "lift()", category)
    rows = rows.rows(rows.weights > 0)
    weight = rows.weights * rows.exposure
    band = equal_bands(rows.mu / rows.exposure, weight, bins)
    count = int(band.max()) + 1
    exposure = np.bincount(band, weight, count)
    seen, expected = (np.bincount(band, rows.weights * v, count) for v in (rows.y, rows.mu))
    ratios = 1.0 if (rows.y >= 0).all() else math.nan  # of numbers below 0 they mean nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        table = pd.DataFrame(
            {
                "rows": np.bincount(band, minlength=count),
                "exposure": exposure,
                "observed": seen / exposure,
                "fitted": expected / exposure,
                "actual_expected": ratios * seen / expected,
                "lift": ratios * (seen / exposure) / (seen.sum() / exposure.sum()),
            },
            index=[str(k + 1) for k in range(count)],
        )
    return StatTable(table, kind="data.frame", digits=4)


def equal_bands(values: np.ndarray, weight: np.ndarray, bins: int) -> np.ndarray:
    """Number of each row's band, 0 for the smallest values; equal values are in one band, whatever it then holds."""
    order = np.argsort(values, kind="stable")
    ends = np.append(np.diff(values[order]) != 0, True)
    group = np.cumsum(ends) - ends  # the number of distinct values below
    total = np.bincount(group, weight[order])
    middle = (np.cumsum(total) - total / 2) / total.sum()
    place = np.minimum((middle * bins).astype(int), bins - 1)
    _, place = np.unique(place, return_inverse=True)
    out = np.empty(len(values), dtype=int)
    out[order] = place[group]
    return out
