"""Unordered categories: the baseline-category logit likelihood (Agresti 2013, section 8.1)."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..errors import DataError
from .likelihood import Etas, Levels, Likelihood, Quantity, RowSums, StartFit, anything
from .link import Array, quiet
from .standard import gaussian

MOST_CATEGORIES = 200
"""A response of numbers with more distinct values than these is not one of categories."""


@quiet
def log_odds(place: int, etas: Etas) -> Array:
    """The linear predictors of all categories, 0 for the one at `place`, (K, m)."""
    out = np.empty((len(etas) + 1, *etas[0].shape))
    for k, eta in enumerate(etas):
        out[k + (k >= place)] = eta
    out[place] = 0.0
    return out


@quiet
def softmax(eta: Array) -> tuple[Array, Array]:
    """Probabilities (K, m), and the logarithm of their denominators less the largest eta, which becomes 0 in place.

    With the largest term 1, the others' sum keeps its digits where it is next to nothing.
    """
    eta -= eta.max(axis=0)
    odds = np.exp(eta)
    rest = odds.sum(axis=0)
    rest -= 1.0
    near = np.flatnonzero(rest < 1e-3)
    if near.size:
        few = odds[:, near]
        few[few.argmax(axis=0), np.arange(near.size)] = 0.0
        rest[near] = few.sum(axis=0)
    odds /= 1.0 + rest
    return odds, np.log1p(rest)


@quiet
def baseline_logit(place: int, y: Array, etas: Etas) -> RowSums:
    """Rows of  P(k) = exp(eta_k) / sum_l exp(eta_l),  eta = 0 for the category at `place`.

    `y` has the place of each row's category, (m,), or the share of each category, (m, K).
    """
    eta = log_odds(place, etas)
    p, log_sum = softmax(eta)
    if y.ndim == 2:
        loglik = np.einsum("mk,km->m", y, eta) - y.sum(axis=1) * log_sum
        left = y.T - y.sum(axis=1) * p
    else:
        own, rows = y.astype(np.intp), np.arange(len(y))
        loglik = eta[own, rows] - log_sum
        left = -p
        left[own, rows] = 0.0
        left[own, rows] = -left.sum(axis=0)  # 1 - P, which would cancel
    others = [k for k in range(len(p)) if k != place]
    score = tuple(left[k] for k in others)
    outer = p[others]
    return RowSums(loglik, score, {(k, k): outer[k] for k in range(len(others))}, outer)


# -- what is predicted ---------------------------------------------------------------------------------------


@quiet
def probabilities(place: int, etas: Etas) -> Array:
    """(m, K), the reference first."""
    p = softmax(log_odds(place, etas))[0]
    return np.concatenate([p[place : place + 1], np.delete(p, place, axis=0)]).T


@quiet
def probability_jacobian(place: int, etas: Etas) -> tuple[Array | float, ...]:
    """dP(k)/deta_j = P(k) (1[k = j] - P(j))."""
    p = probabilities(place, etas)
    out = []
    for j in range(1, p.shape[1]):
        slope = -p * p[:, j : j + 1]
        slope[:, j] = p[:, j] * (p.sum(axis=1) - p[:, j])
        out.append(slope)
    return tuple(out)


@quiet
def second_probability(etas: Etas) -> Array:
    """P of the second of two categories."""
    return np.asarray(1.0 / (1.0 + np.exp(-etas[0])))


@quiet
def second_jacobian(etas: Etas) -> tuple[Array | float, ...]:
    small = np.exp(-np.abs(etas[0]))
    return (small / np.square(1.0 + small),)


def log_odds_of(etas: Etas) -> Array:
    """The predictors themselves, (m, K - 1)."""
    return np.stack(np.broadcast_arrays(*etas), axis=-1)


def log_odds_jacobian(etas: Etas) -> tuple[Array | float, ...]:
    shape = (*np.broadcast(*etas).shape, len(etas))
    out = [np.zeros(shape) for _ in etas]
    for k, one in enumerate(out):
        one[:, k] = 1.0
    return tuple(out)


@quiet
def likeliest(place: int, etas: Etas) -> Array:
    """The place, among the categories with the reference first, of the most probable; NaN where that is not known."""
    p = probabilities(place, etas)
    lost = np.isnan(p).any(axis=1)
    return np.where(lost, np.nan, np.where(lost[:, None], 0.0, p).argmax(axis=1))


@quiet
def draw_category(place: int, rng: np.random.Generator, etas: Etas) -> Array:
    """Places among the categories with the reference first."""
    steps = probabilities(place, etas).cumsum(axis=1)
    u = rng.random(len(steps)) * steps[:, -1]
    return np.where(np.isnan(u), np.nan, (u[:, None] >= steps[:, :-1]).sum(axis=1))


# -- the record ----------------------------------------------------------------------------------------------


def some_number(y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    """A response for finding the columns that are aliased."""
    return (y[:, 0] if y.ndim == 2 else y), prior_weights


def multinomial(reference: str | None, name: str, levels: Levels) -> Likelihood:
    """The baseline-category logit likelihood of a response.

    Parameters
    ----------
    reference : str or None
        The baseline; None: the first.
    name : str
        Of the response, for messages.
    levels : Levels
        Each log odds begins at that of the totals.

    Raises
    ------
    DataError
        One category only, an unknown reference, or numbers that are not categories.
    """
    if len(levels) < 2:
        raise DataError(
            f"need two or more classes to fit a multinom model: '{name}' is '{levels[0]}' in every row in use; look at "
            "subset= and at missing values, or leave the model out"
            if levels
            else f"need two or more classes to fit a multinom model: '{name}' has none"
        )
    if levels.kind == "numeric" and len(levels) > MOST_CATEGORIES:
        raise DataError(
            f"the response '{name}' has {len(levels)} distinct numbers, and each would be a category: expected a "
            f"factor, strings or a few numbers; use glm() for a number, or cut({name}, ...) it first"
        )
    if reference is not None and reference not in levels:
        shown = ", ".join(map(repr, levels[:6])) + (", ..." if len(levels) > 6 else "")
        raise DataError(f"reference={reference!r} is not a category of '{name}': expected one of {shown}")
    place = 0 if reference is None else levels.index(reference)
    ordered = (levels[place], *levels[:place], *levels[place + 1 :])
    totals = np.array(levels.totals)
    totals[totals <= 0] = 0.5 * totals[totals > 0].min(initial=1.0)
    odds = np.delete(totals, place) / totals[place]
    counts = levels.kind == "counts"
    pair = len(levels) == 2 and not counts
    table = Quantity(
        partial(probabilities, place), partial(probability_jacobian, place), ordered, scale="logit"
    )
    single = Quantity(second_probability, second_jacobian, scale="logit")
    log_scale = Quantity(log_odds_of, log_odds_jacobian, ordered[1:])
    return Likelihood(
        name="multinomial",
        predictors=("",) if pair else ordered[1:],
        parts=(0,) * (len(levels) - 1),
        evaluate=partial(baseline_logit, place),
        starts=(StartFit(0, gaussian(), some_number, epsilon=1e-8),),
        reading="categories",
        check_response=anything,
        quantities={
            "class": Quantity(partial(likeliest, place), None, levels=ordered),
            "probs": single if pair else table,
            "link": log_scale,
        },
        draw=None if counts else partial(draw_category, place),
        parameters={
            "reference": levels[place],
            "name": name,
            "levels": tuple(levels),
            "kind": levels.kind,
            "totals": levels.totals,
        },
        intercepts=tuple(np.log(odds).tolist()),
        simplex=place,
        levels=ordered,
    )


UNKNOWN = multinomial(None, "", Levels(("0", "1"), "factor", (1.0, 1.0)))
"""What is asked of a response before its categories are known."""
