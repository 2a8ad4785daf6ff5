"""Hurdle likelihoods: whether there is a count at all, and how large one is that is not 0 (Mullahy 1986).

P(0) = 1 - p and P(y) = p f(y) / (1 - f(0)), where p is a binomial's probability, or 1 - g(0) of another count
distribution g. The two parts share no parameter.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

import numpy as np

from .counts import ZEROS, LogCount, nothing, positive, truncated
from .likelihood import Etas, Likelihood, Quantity, RowSums, StartFit
from .link import Array, make_link, quiet
from .log_probabilities import BY_LINK
from .standard import binomial, poisson
from .zero_inflation import DISTS, check_counts, count_mean, count_mean_jacobian, draw_counts

T = TypeVar("T")  # a predictor: numbers, or an expression of them
ZERO_DISTS = ("binomial", *DISTS)
START_LINKS = {"poisson": "cloglog", "negbin": "logit", "geometric": "logit"}
"""Links of binomial models: a Poisson's p is that of a complementary log-log, a geometric's that of a logit."""


def split(dist: str, etas: tuple[T, ...]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """The predictors of the count part, and of the zero part; a theta behind each."""
    own = (etas[0], *etas[2:3]) if dist == "negbin" else (etas[0],)
    return own, (etas[1], *etas[len(own) + 1 :])


def _above(zero_dist: str, link: str, etas: Etas) -> LogCount:
    """log p."""
    if zero_dist == "binomial":
        zero = BY_LINK[link](etas[0])
        return LogCount(zero.p, zero.dp, zero.ddp)
    return positive(zero_dist, *etas)


def _crossing(zero_dist: str, link: str, over: np.ndarray, etas: Etas) -> LogCount:
    """log p of the rows `over` the hurdle, log(1 - p) of the others."""
    if zero_dist == "binomial":
        zero = BY_LINK[link](etas[0])
        return LogCount(
            np.where(over, zero.p, zero.q),
            np.where(over, zero.dp, zero.dq),
            np.where(over, zero.ddp, zero.ddq),
        )
    return _chosen(over, positive(zero_dist, *etas), nothing(zero_dist, *etas))


def _chosen(which: np.ndarray, a: LogCount, b: LogCount) -> LogCount:
    pairs = zip(a, b, strict=True)
    return LogCount(*[None if x is None or y is None else np.where(which, x, y) for x, y in pairs])  # type: ignore[arg-type]


@quiet
def crossed(dist: str, zero_dist: str, link: str, y: Array, etas: Etas) -> RowSums:
    """Rows of a hurdle model."""
    own, others = split(dist, etas)
    over = y > 0
    zero = _crossing(zero_dist, link, over, others)
    rows = np.flatnonzero(over)
    few = truncated(dist, y[rows], *[eta[rows] if np.ndim(eta) else eta for eta in own])
    count = LogCount(*[None if part is None else _spread(part, rows, len(y)) for part in few])  # type: ignore[arg-type]
    score, information = [count.e, zero.e], {(0, 0): -count.ee, (1, 1): -zero.ee}
    for k, part in enumerate((count, zero)):
        if part.t is not None and part.tt is not None and part.et is not None:
            information |= {(k, len(score)): -part.et, (len(score), len(score)): -part.tt}
            score.append(part.t)
    return RowSums(zero.value + count.value, tuple(score), information)


def _spread(values: Array, rows: np.ndarray, n: int) -> Array:
    """Values of some rows among zeros."""
    out = np.zeros(n)
    out[rows] = values
    return out


# -- quantities ------------------------------------------------------------------------------------------------


def _ratio(dist: str, zero_dist: str, link: str, etas: Etas) -> tuple[Array, list[Array | float]]:
    """log of p / (1 - f(0)), what a count's probabilities are multiplied by, and its derivatives."""
    own, others = split(dist, etas)
    count, zero = positive(dist, *own), _above(zero_dist, link, others)
    slopes: list[Array | float] = [-count.e, zero.e]
    slopes += [sign * part.t for sign, part in ((-1.0, count), (1.0, zero)) if part.t is not None]
    return zero.value - count.value, slopes


@quiet
def crossed_ratio(dist: str, zero_dist: str, link: str, etas: Etas) -> Array:
    return np.exp(_ratio(dist, zero_dist, link, etas)[0])


@quiet
def crossed_ratio_jacobian(dist: str, zero_dist: str, link: str, etas: Etas) -> tuple[Array | float, ...]:
    log_ratio, slopes = _ratio(dist, zero_dist, link, etas)
    return tuple(np.exp(log_ratio) * slope for slope in slopes)


@quiet
def crossed_mean(dist: str, zero_dist: str, link: str, etas: Etas) -> Array:
    return np.exp(_ratio(dist, zero_dist, link, etas)[0] + etas[0])


@quiet
def crossed_mean_jacobian(dist: str, zero_dist: str, link: str, etas: Etas) -> tuple[Array | float, ...]:
    log_ratio, slopes = _ratio(dist, zero_dist, link, etas)
    mean = np.exp(log_ratio + etas[0])
    return tuple(mean * (slope + (k == 0)) for k, slope in enumerate(slopes))


@quiet
def crossed_variance(dist: str, zero_dist: str, link: str, etas: Etas) -> Array:
    ratio, mu = crossed_ratio(dist, zero_dist, link, etas), np.exp(etas[0])
    spread = {"poisson": 0.0, "geometric": 1.0}.get(dist)
    more = float(np.exp(-etas[2])) if spread is None else spread
    return np.asarray(ratio * mu * (1.0 + (1.0 - ratio + more) * mu))


@quiet
def draw_crossed(dist: str, zero_dist: str, link: str, rng: np.random.Generator, etas: Etas) -> Array:
    """A count above 0 is a count drawn until it is; the first event of a Poisson comes at a truncated time."""
    own, others = split(dist, etas)
    over = rng.random(len(etas[0])) < np.exp(_above(zero_dist, link, others).value)
    out = np.zeros(len(over))
    rows = np.flatnonzero(over)
    few = [eta[rows] if np.ndim(eta) else eta for eta in own]
    out[rows] = _draw_positive(dist, rng, *few)
    return out


def _draw_positive(dist: str, rng: np.random.Generator, eta: Array, tau: Array | None = None) -> Array:
    """Zero-truncated counts, also where nearly all counts are 0.

    A Poisson process over a time that is gamma distributed; its first event, given that there is one, by inverting
    the distribution; then the events after it.
    """
    u = rng.random(len(eta))
    theta = {"poisson": np.inf, "geometric": 1.0}.get(dist) or float(np.exp(tau))  # type: ignore[arg-type]
    zero = ZEROS[dist](*((eta,) if tau is None else (eta, tau)))
    # -log of the probability that nothing has happened up to the first event
    past = -np.log1p(u * np.expm1(-zero.x))
    mu = np.exp(eta)
    if dist == "poisson":
        return 1.0 + draw_counts(dist, rng, np.maximum(mu - past, 0.0), theta)
    # a negative binomial in time: after the first event theta is one more, the rest of the time is what is left
    passed = theta * np.expm1(past / theta)
    left = np.maximum(mu - passed, 0.0)
    return 1.0 + draw_counts(dist, rng, left * (theta + 1.0) / (theta + passed), theta + 1.0)


# -- the record ------------------------------------------------------------------------------------------------


def above_zero(y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    """Only the rows that have a count."""
    over = (y > 0).astype(np.float64)
    return y, over if prior_weights is None else over * prior_weights


def over_hurdle(y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    """1 where there is a count."""
    return (y > 0).astype(np.float64), prior_weights


def hurdle_likelihood(dist: str = "poisson", zero_dist: str = "binomial", link: str = "logit") -> Likelihood:
    """The hurdle likelihood; `link` is that of the probability of a count, where `zero_dist` is "binomial"."""
    thetas = [part for part, name in ((0, dist), (1, zero_dist)) if name == "negbin"]
    names = ("Log(theta)",) if len(thetas) < 2 else ("Log(theta_count)", "Log(theta_zero)")
    of = (dist, zero_dist, link)
    start_link = START_LINKS.get(zero_dist, link)
    return Likelihood(
        name="hurdle",
        predictors=("count", "zero", *names[: len(thetas)]),
        parts=(0, 1, *[None] * len(thetas)),
        evaluate=partial(crossed, *of),
        starts=(
            StartFit(0, poisson(), above_zero),
            StartFit(1, binomial(make_link(start_link)), over_hurdle),
        ),
        reading="numbers",
        check_response=check_counts,
        quantities={
            "response": Quantity(
                partial(crossed_mean, *of), partial(crossed_mean_jacobian, *of), scale="log"
            ),
            "count": Quantity(count_mean, count_mean_jacobian, scale="log"),
            "zero": Quantity(partial(crossed_ratio, *of), partial(crossed_ratio_jacobian, *of), scale="log"),
        },
        constants=(0.0,) * len(thetas),
        longest=2.0,
        mean=partial(crossed_mean, *of),
        variance=partial(crossed_variance, *of),
        draw=partial(draw_crossed, *of),
        parameters={"dist": dist, "zero_dist": zero_dist, "link": link},
    )
