"""Ordered categories by cumulative link models: P(y <= k) = F(zeta_k - eta) (McCullagh 1980).

The predictors are eta, then for partial proportional odds one of each threshold (of the terms that are not parallel),
then the thresholds zeta_1 < ... < zeta_{K-1}, which are constants. Categories are counted from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import scipy  # scipy.special loads when it is first used, and not with this package

from ..errors import DataError, DataWarning, give_warning
from .family import Family
from .intervals import BY_METHOD, Gap, Interval, Places
from .likelihood import Beginning, Etas, Levels, Likelihood, Quantity, RowSums, Share, StartFit, anything
from .link import Array, make_link, quiet
from .standard import binomial, gaussian

METHODS = tuple(BY_METHOD)
LINKS = {
    "logistic": "logit",
    "probit": "probit",
    "loglog": "cloglog",
    "cloglog": "cloglog",
    "cauchit": "cauchit",
}


# -- rows ----------------------------------------------------------------------------------------------------


def ends(codes: Places, etas: Etas, K: int) -> tuple[Array, Array, Gap]:
    """Upper and lower end of the interval that each row's latent variable, less eta, falls in."""
    eta, thresholds = etas[0], etas[-(K - 1) :]
    if len(etas) == K and all(np.ndim(zeta) == 0 for zeta in thresholds):
        table = np.array([-np.inf, *map(float, thresholds), np.inf])
        return np.take(table, codes + 1) - eta, np.take(table, codes) - eta, Gap.of(np.diff(table), codes)
    rows, m = np.arange(len(codes)), len(codes)
    zeta = np.empty((K + 1, m))  # of each row
    zeta[0], zeta[K] = -np.inf, np.inf
    own = np.zeros((K + 1, m))  # the predictors of each threshold
    for k in range(K - 1):
        zeta[k + 1] = thresholds[k]
        if len(etas) > K:
            own[k + 1] = etas[1 + k]
    above, below = zeta[codes + 1, rows], zeta[codes, rows]
    upper, lower = own[codes + 1, rows], own[codes, rows]
    return above - eta - upper, below - eta - lower, Gap.of((above - below) - (upper - lower))


@quiet
def interval(method: str, K: int, codes: Places, etas: Etas) -> Interval:
    """log P(y) of rows of these categories (m,), with derivatives by both ends; -inf where they are not in order."""
    a, b, gap = ends(codes, etas, K)
    found = BY_METHOD[method](a, b, gap)
    wrong = ~(gap.length > 0.0)
    if wrong.any():
        return found._replace(value=np.where(gap.each(wrong.astype(np.float64)) > 0, -np.inf, found.value))
    return found


@quiet
def cumulative(method: str, K: int, y: Array, etas: Etas) -> RowSums:
    """Rows of  log P(y) = log(F(zeta_y - eta) - F(zeta_{y-1} - eta))."""
    codes = y.astype(np.intp)
    found = interval(method, K, codes, etas)
    m, T = len(codes), K - 1
    rows = np.arange(m)
    upper, lower = (codes + 1) * m + rows, codes * m + rows

    def by_threshold(up: Array, low: Array) -> Array:
        """(T, m): what a row says of its upper and its lower threshold, 0 of the others."""
        table = np.zeros((K + 1) * m)
        table[upper] = up
        table[lower] = low
        return table.reshape(K + 1, m)[1:K]

    both = found.up * found.low  # minus the mixed derivative by the two ends
    slopes = by_threshold(found.up, found.low)
    across = by_threshold(-found.su, -found.sl)
    own = by_threshold(found.su - both, found.sl - both)
    score: list[Array] = [-found.s]
    information: dict[tuple[int, int], Array] = {(0, 0): found.su + found.sl}
    first = len(etas) - T  # of the thresholds among the predictors
    partial_odds = first > 1
    for k in range(T):
        information[0, first + k] = across[k]
        information[first + k, first + k] = own[k]
        if partial_odds:
            score.append(-slopes[k])
            information[0, 1 + k] = -across[k]
            information[1 + k, 1 + k] = own[k]
            information[1 + k, first + k] = -own[k]
    score += list(slopes)
    for k in range(T - 1):
        beside = np.where(codes == k + 1, both, 0.0)
        information[first + k, first + k + 1] = beside
        if partial_odds:
            information[1 + k, 2 + k] = beside
            information[1 + k, first + k + 1] = -beside
            information[2 + k, first + k] = -beside
    return RowSums(found.value, tuple(score), information)


# -- what is said of a row -----------------------------------------------------------------------------------


def _each(method: str, K: int, etas: Etas) -> list[Interval]:
    m = len(np.atleast_1d(etas[0]))
    return [interval(method, K, np.full(m, k, dtype=np.intp), etas) for k in range(K)]


@quiet
def probabilities(method: str, K: int, etas: Etas) -> Array:
    """P(y = k), (m, K); NaN of rows whose thresholds are not in order, as lines that are not parallel may cross."""
    p = np.stack([np.exp(one.value) for one in _each(method, K, etas)], axis=-1)
    if len(etas) > K:
        own = np.stack([zeta - eta for zeta, eta in zip(etas[K:], etas[1:K])])
        p[(np.diff(own, axis=0) <= 0).any(axis=0)] = np.nan
    return p


@quiet
def probability_jacobian(method: str, K: int, etas: Etas) -> tuple[Array | float, ...]:
    found = _each(method, K, etas)
    p = [np.exp(one.value) for one in found]
    shared = np.stack([-pk * one.s for pk, one in zip(p, found)], axis=-1)
    thresholds = []
    for k in range(K - 1):
        column = np.zeros_like(shared)
        column[:, k] = p[k] * found[k].up
        column[:, k + 1] = p[k + 1] * found[k + 1].low
        thresholds.append(column)
    own = [-column for column in thresholds] if len(etas) > K else []
    return (shared, *own, *thresholds)


@quiet
def likeliest(method: str, K: int, etas: Etas) -> Array:
    """The category of the largest probability (m,), the first of equals; NaN where there is none."""
    p = probabilities(method, K, etas)
    return np.where(np.isnan(p).any(axis=1), np.nan, np.argmax(np.nan_to_num(p), axis=1))


@quiet
def beside(method: str, K: int, y: Array, etas: Etas) -> Array:
    """P(Y < y) - P(Y > y) of the category y of each row, between -1 and 1 (Li & Shepherd 2012)."""
    p = probabilities(method, K, etas)
    codes = y.astype(np.intp)[:, None]
    return np.asarray(
        np.where(np.arange(K) < codes, p, 0.0).sum(1) - np.where(np.arange(K) > codes, p, 0.0).sum(1)
    )


def predictor(etas: Etas) -> Array:
    return etas[0]


def predictor_jacobian(etas: Etas) -> tuple[Array | float, ...]:
    return (np.ones_like(etas[0]), *[0.0] * (len(etas) - 1))


def predictors(K: int, etas: Etas) -> Array:
    """Of partial proportional odds: eta of each threshold, (m, K - 1)."""
    return np.stack([etas[0] + own for own in etas[1:K]], axis=-1)


def predictors_jacobian(K: int, etas: Etas) -> tuple[Array | float, ...]:
    m = len(etas[0])
    own = [np.tile(np.eye(K - 1)[k], (m, 1)) for k in range(K - 1)]
    return (np.ones((m, K - 1)), *own, *[0.0] * (K - 1))


@quiet
def draw(method: str, K: int, rng: np.random.Generator, etas: Etas) -> Array:
    """A category drawn for each row."""
    below = np.cumsum(probabilities(method, K, etas), axis=1)[:, :-1]
    return (rng.random(len(below))[:, None] > below).sum(axis=1).astype(np.float64)


# -- where the search begins ---------------------------------------------------------------------------------


def tally(K: int, y: Array, prior_weights: Array | None) -> Array:
    """Weight in each category."""
    return np.bincount(y.astype(np.intp), weights=prior_weights, minlength=K).astype(np.float64)


@quiet
def quantiles(method: str, weights: Array) -> Array:
    """The thresholds of categories of these weights, without covariates, (K - 1,)."""
    share = np.cumsum(weights)[:-1] / weights.sum()
    rest = np.cumsum(weights[::-1])[::-1][1:] / weights.sum()
    if method == "logistic":
        return np.asarray(np.log(share / rest))
    if method == "probit":
        return np.asarray(np.where(share < 0.5, scipy.special.ndtri(share), -scipy.special.ndtri(rest)))
    if method == "loglog":
        return np.asarray(-np.log(-np.log(share)))
    if method == "cloglog":
        return np.asarray(np.log(-np.log(rest)))
    return np.asarray(-1.0 / np.tan(np.pi * share))


def category_scores(method: str, weights: Array) -> Array:
    """One number for each category, whose regression is a step of Fisher's scoring from beta = 0.

    Those of the logistic for cauchit too, whose own do not rise with the category.
    """
    K = len(weights)
    method = "logistic" if method == "cauchit" else method
    zeta = tuple(np.asarray(z) for z in quantiles(method, weights))
    codes = np.arange(K)
    s = -interval(method, K, codes, (np.zeros(K), *zeta)).s
    return np.asarray(s * weights.sum() / np.dot(weights, s * s))


def scored(values: tuple[float, ...], y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    """The categories' numbers as a response."""
    return np.take(np.array(values), y.astype(np.intp)), prior_weights


def starts(method: str, weights: Array) -> tuple[StartFit, ...]:
    values = tuple(category_scores(method, weights).tolist())
    return (StartFit(0, gaussian(), partial(scored, values)),)


def start_thresholds(method: str, weights: Array, intercepts: tuple[float, ...]) -> Array:
    """Those without covariates, moved by the mean of eta."""
    return quantiles(method, weights) - intercepts[0]


# -- the record ----------------------------------------------------------------------------------------------


def threshold_names(levels: Sequence[str]) -> tuple[str, ...]:
    """MASS's: ``Low|Medium``."""
    return tuple(f"{below}|{above}" for below, above in zip(levels, levels[1:]))


def ordinal(
    method: str, levels: Sequence[str], terms: frozenset[int], nominal: frozenset[int] = frozenset()
) -> Likelihood:
    """The likelihood of a cumulative link model.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    levels : sequence of str
        The categories in order, three or more.
    terms : frozenset of int
        All terms but the intercept.
    nominal : frozenset of int
        Those with a coefficient for each threshold.
    """
    K = len(levels)
    names = threshold_names(levels)
    shares = {0: Share(terms - nominal)}
    own = names if nominal else ()
    shares |= {1 + k: Share(nominal, offset=False) for k in range(len(own))}
    if nominal:
        link = Quantity(partial(predictors, K), partial(predictors_jacobian, K), names)
    else:
        link = Quantity(predictor, predictor_jacobian)
    return Likelihood(
        name="cumulative",
        predictors=("eta", *own, *names),
        parts=(0, *[0] * len(own), *[None] * len(names)),
        evaluate=partial(cumulative, method, K),
        starts=(),
        reading="categories",
        check_response=anything,
        quantities={
            "class": Quantity(partial(likeliest, method, K), None, levels=tuple(levels)),
            "probs": Quantity(
                partial(probabilities, method, K),
                partial(probability_jacobian, method, K),
                tuple(levels),
                "logit",
            ),
            "link": link,
        },
        draw=partial(draw, method, K),
        parameters={
            "method": method,
            "levels": tuple(levels),
            "terms": tuple(sorted(terms)),
            "nominal": tuple(sorted(nominal)),
        },
        shares=shares,
        beginning=Beginning(partial(tally, K), partial(starts, method), partial(start_thresholds, method)),
        ordered=True,
        levels=tuple(levels),
    )


def check_levels(name: str, levels: Levels) -> None:
    """Whether these can be the ordered categories of a response.

    Raises
    ------
    DataError
        The response is a number or counts, has less than three categories, or one that only rows of weight 0 have.

    Warns
    -----
    DataWarning
        They are strings, whose order is that of the alphabet.
    """
    if levels.kind not in ("factor", "ordered", "character", "logical"):
        what = "counts of each category" if levels.kind == "counts" else "numbers"
        remedy = (
            "give a row for each category and the counts as weights="
            if levels.kind == "counts"
            else f"write factor({name}) to take its values in increasing order as categories, or lm() for a number"
        )
        raise DataError(f"response must be a factor: '{name}' is {what}; {remedy}")
    shown = ", ".join(map(repr, levels))
    if len(levels) < 3:
        raise DataError(
            f"response must have 3 or more levels: '{name}' has {shown or 'none'} in the rows in use; two categories "
            "are a glm(..., family='binomial')"
        )
    if empty := [level for level, total in zip(levels, levels.totals) if not total > 0]:
        raise DataError(
            f"the category {', '.join(map(repr, empty))} of '{name}' has only rows of weight 0, so its thresholds are "
            "not there: leave these rows out with subset="
        )
    if levels.kind == "character":
        give_warning(
            f"the categories of '{name}' are strings, taken in alphabetical order: {' < '.join(levels)}; where this is "
            f"not their order write factor({name}, levels = c(...)), or make the column an ordered categorical",
            DataWarning,
        )


def binary(method: str) -> Family:
    """The binomial family of y <= k, P(y <= k) = F(zeta_k - eta), or of y > k where `counts_below` says so."""
    return binomial(make_link(LINKS[method]))


def counts_below(method: str) -> bool:
    """Whether `binary` is of y <= k: for loglog 1 - F(zeta_k - eta) is the complementary log-log of eta - zeta_k."""
    return method != "loglog"
