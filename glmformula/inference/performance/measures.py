"""Numbers that say how well predictions go with what was observed, by the kind of response."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ...families import Family
from .calibration import slope_of
from .discrimination import area_of
from .observed import Classified, Observed, Outcome

Measure = Callable[[Any], float]
Measures = Mapping[str, Measure]


def measures_of(fit: Any, rows: Outcome) -> Measures:
    """What is measured of a model's rows."""
    if isinstance(rows, Classified):
        return CATEGORIES | ORDERED if rows.ordered else CATEGORIES
    if rows.deviance is not None:
        return {"deviance": own_deviance} | ERRORS
    deviance = partial(family_deviance, fit.family)
    if fit.family.is_binomial:
        return {"deviance": deviance, "brier": brier, "auc": area_of, "slope": slope}
    return {"deviance": deviance} | ERRORS


def mean(rows: Outcome, values: np.ndarray) -> float:
    """Weighted mean of a number of each row."""
    return float(rows.weights @ values / rows.weights.sum())


def family_deviance(family: Family, rows: Observed) -> float:
    return mean(rows, family.unit_deviance(rows.y, rows.mu))


def own_deviance(rows: Observed) -> float:
    """-2 log-likelihood."""
    assert rows.deviance is not None
    return mean(rows, rows.deviance)


def rmse(rows: Observed) -> float:
    return math.sqrt(mean(rows, (rows.y - rows.mu) ** 2))


def mae(rows: Observed) -> float:
    return mean(rows, np.abs(rows.y - rows.mu))


def brier(rows: Observed) -> float:
    """Mean squared difference of outcome and probability (Brier 1950)."""
    return mean(rows, rows.y * (1 - rows.mu) ** 2 + (1 - rows.y) * rows.mu**2)


def slope(rows: Observed) -> float:
    return slope_of(rows)[0]


def category_deviance(rows: Classified) -> float:
    """-2 log p of the category that was observed."""
    logs = np.where(rows.seen > 0, np.log(np.where(rows.seen > 0, rows.p, 1.0)), 0.0)
    return mean(rows, -2 * (rows.seen * logs).sum(axis=1))


def category_brier(rows: Classified) -> float:
    """The sum over all categories of squared differences of outcome and probability; of two it is twice `brier`."""
    squares = rows.seen * (1 - rows.p) ** 2 + (1 - rows.seen) * rows.p**2
    return mean(rows, squares.sum(axis=1))


def accuracy(rows: Classified) -> float:
    """The share whose likeliest category was observed."""
    likeliest = rows.p.argmax(axis=1)
    return mean(rows, np.take_along_axis(rows.seen, likeliest[:, None], axis=1)[:, 0])


def mean_area(rows: Classified) -> float:
    """Of the ROC curves of each category against the others."""
    return float(np.mean([area_of(rows.one(level)) for level in rows.levels]))


def ranked_score(rows: Classified) -> float:
    """Ranked probability score: squared differences of cumulative outcome and probability (Epstein 1969)."""
    p, seen = (np.cumsum(values, axis=1)[:, :-1] for values in (rows.p, rows.seen))
    return mean(rows, (seen * (1 - p) ** 2 + (1 - seen) * p**2).sum(axis=1))


def concordance(rows: Classified) -> float:
    """P(of two rows of different categories the higher one has the higher mean place), ties counted half."""
    places = rows.p @ np.arange(len(rows.levels))
    agreed, pairs = 0.0, 0.0
    for low in range(len(rows.levels)):
        for high in range(low + 1, len(rows.levels)):
            both = rows.seen[:, [low, high]] * rows.weights[:, None]
            weight = both.sum(axis=1)
            used = weight > 0
            count = float(both[:, 0].sum() * both[:, 1].sum())
            if count:
                one = Observed(both[used, 1] / weight[used], places[used], weight[used], weight[used])
                agreed += count * area_of(one)
                pairs += count
    return agreed / pairs if pairs else math.nan


ERRORS: dict[str, Measure] = {"rmse": rmse, "mae": mae}
CATEGORIES: dict[str, Measure] = {
    "deviance": category_deviance,
    "brier": category_brier,
    "accuracy": accuracy,
    "auc": mean_area,
}
ORDERED: dict[str, Measure] = {"ranked_score": ranked_score, "concordance": concordance}
