"""Counts with too many (or too few) zeros: zero-inflated and hurdle likelihoods (Lambert 1992; Mullahy 1986)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from .counts import COUNTS, LogCount
from .likelihood import Etas, Likelihood, Quantity, RowSums, StartFit
from .likelihoods import is_count
from .link import Array, make_link, quiet
from .log_probabilities import BY_LINK, LogProbabilities
from .responses import Labels, refuse
from .standard import binomial, poisson

DISTS = tuple(COUNTS)
LINKS = tuple(BY_LINK)
LogCounts = Callable[..., LogCount]


def check_counts(
    y: Array, prior_weights: Array | None = None, trials: Array | None = None, labels: Labels = None
) -> None:
    """Whole numbers from 0 on, in pscl's words."""
    negative = y < 0
    if negative.any():
        refuse(
            "invalid dependent variable, negative counts",
            negative, y, labels,
            "Counts are 0, 1, 2, ...; remove or correct these rows",
        )  # fmt: skip
    broken = ~is_count(y)
    if broken.any():
        refuse(
            "invalid dependent variable, non-integer values",
            broken, y, labels,
            "Counts are 0, 1, 2, ...; for rates use the counts with offset(log(exposure))",
        )  # fmt: skip


# -- zero inflation ------------------------------------------------------------------------------------------


@quiet
def inflated(dist: str, link: str, y: Array, etas: Etas) -> RowSums:
    """Rows of  P(0) = phi + (1 - phi) f(0),  P(y) = (1 - phi) f(y)."""
    count = COUNTS[dist](y, etas[0], *etas[2:])
    zero: LogProbabilities = BY_LINK[link](etas[1])
    loglik = zero.q + count.value
    score, second = [count.e, zero.dq], {(0, 0): count.ee, (1, 1): zero.ddq}
    if count.t is not None and count.tt is not None and count.et is not None:
        score.append(count.t)
        second |= {(0, 2): count.et, (2, 2): count.tt}
    none = np.flatnonzero(y == 0)
    of_none = _mixed_zeros(
        loglik[none],
        LogProbabilities(*[part[none] for part in zero]),
        [s[none] for s in score],
        {kl: h[none] for kl, h in second.items()},
    )
    loglik[none] = of_none.loglik
    for whole, part in zip(score, of_none.score, strict=True):
        whole[none] = part
    information = {}
    for kl, part in of_none.information.items():
        information[kl] = -second[kl] if kl in second else np.zeros(len(y))
        information[kl][none] = part
    return RowSums(loglik, tuple(score), information)


def _mixed_zeros(
    counted: Array, zero: LogProbabilities, score: list[Array], second: Mapping[tuple[int, int], Array]
) -> RowSums:
    """Rows without a count: a mixture of structural zeros and of `counted` ones, those with these derivatives."""
    loglik = np.logaddexp(zero.p, counted)
    # the probabilities, given the response, that the zero is a structural one, and that it is a count
    extra, own = np.exp(zero.p - loglik), np.exp(counted - loglik)
    both = extra * own
    apart = [zero.dp - s if k == 1 else -s for k, s in enumerate(score)]
    mixed = [own * s + extra * zero.dp if k == 1 else own * s for k, s in enumerate(score)]
    information = {}
    for k in range(len(score)):
        for l in range(k, len(score)):
            h = -both * apart[k] * apart[l]
            if (k, l) in second:
                h -= own * second[k, l]
            information[k, l] = h
    information[1, 1] -= extra * zero.ddp
    return RowSums(loglik, tuple(mixed), information)


def theta_of(dist: str, etas: Etas, place: int = 2) -> float:
    """1/theta is what the variance has more than a Poisson's: infinite, 1 or estimated theta."""
    return {"poisson": np.inf, "geometric": 1.0}.get(dist) or float(np.exp(etas[place]))


def _phi(link: str, etas: Etas) -> tuple[Array, Array]:
    zero = BY_LINK[link](etas[1])
    phi = np.exp(zero.p)
    return phi, phi * zero.dp


@quiet
def inflated_mean(link: str, etas: Etas) -> Array:
    return np.asarray((1.0 - _phi(link, etas)[0]) * np.exp(etas[0]))


@quiet
def inflated_mean_jacobian(link: str, etas: Etas) -> tuple[Array | float, ...]:
    (phi, slope), mu = _phi(link, etas), np.exp(etas[0])
    return ((1.0 - phi) * mu, -slope * mu, *[0.0] * (len(etas) - 2))


@quiet
def inflated_variance(dist: str, link: str, etas: Etas) -> Array:
    (phi, _), mu = _phi(link, etas), np.exp(etas[0])
    return np.asarray((1.0 - phi) * mu * (1.0 + (phi + 1.0 / theta_of(dist, etas)) * mu))


@quiet
def count_mean(etas: Etas) -> Array:
    return np.asarray(np.exp(etas[0]))


@quiet
def count_mean_jacobian(etas: Etas) -> tuple[Array | float, ...]:
    return (np.exp(etas[0]), *[0.0] * (len(etas) - 1))


@quiet
def zero_share(link: str, etas: Etas) -> Array:
    return _phi(link, etas)[0]


@quiet
def zero_share_jacobian(link: str, etas: Etas) -> tuple[Array | float, ...]:
    return (0.0, _phi(link, etas)[1], *[0.0] * (len(etas) - 2))


@quiet
def probabilities(evaluate: Callable[[Array, Etas], RowSums], at: tuple[int, ...], etas: Etas) -> Array:
    """P(y = k), (m, len(at)): of the likelihood itself."""
    ones = np.ones(np.broadcast(*etas).shape)
    return np.stack([np.exp(evaluate(k * ones, etas).loglik) for k in at], axis=-1)


@quiet
def probability_jacobian(
    evaluate: Callable[[Array, Etas], RowSums], at: tuple[int, ...], etas: Etas
) -> tuple[Array | float, ...]:
    ones = np.ones(np.broadcast(*etas).shape)
    rows = [evaluate(k * ones, etas) for k in at]
    return tuple(
        np.stack([np.exp(row.loglik) * row.score[k] for row in rows], axis=-1) for k in range(len(etas))
    )


def draw_counts(dist: str, rng: np.random.Generator, mu: Array, theta: float) -> Array:
    rate = mu if dist == "poisson" else rng.gamma(theta, mu / theta)
    return rng.poisson(rate).astype(np.float64)


@quiet
def draw_inflated(dist: str, link: str, rng: np.random.Generator, etas: Etas) -> Array:
    y = draw_counts(dist, rng, np.exp(etas[0]), theta_of(dist, etas))
    return np.where(rng.random(len(y)) < _phi(link, etas)[0], 0.0, y)


def counts_as_they_are(y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    return y, prior_weights


def zeros(y: Array, prior_weights: Array | None) -> tuple[Array, Array | None]:
    """1 where the count is 0."""
    return (y == 0).astype(np.float64), prior_weights


def zero_inflated(dist: str = "poisson", link: str = "logit") -> Likelihood:
    """The zero-inflated likelihood; `link` is that of the probability of a structural zero."""
    evaluate = partial(inflated, dist, link)
    negbin = dist == "negbin"
    return Likelihood(
        name="zero-inflated",
        predictors=("count", "zero", "Log(theta)")[: 2 + negbin],
        parts=(0, 1, None)[: 2 + negbin],
        evaluate=evaluate,
        starts=(
            StartFit(0, poisson(), counts_as_they_are),
            StartFit(1, binomial(make_link(link)), zeros),
        ),
        reading="numbers",
        check_response=check_counts,
        quantities={
            "response": Quantity(
                partial(inflated_mean, link), partial(inflated_mean_jacobian, link), scale="log"
            ),
            "count": Quantity(count_mean, count_mean_jacobian, scale="log"),
            "zero": Quantity(partial(zero_share, link), partial(zero_share_jacobian, link), scale="logit"),
        },
        constants=(0.0,) * negbin,
        longest=2.0,
        mean=partial(inflated_mean, link),
        variance=partial(inflated_variance, dist, link),
        draw=partial(draw_inflated, dist, link),
        parameters={"dist": dist, "link": link},
    )
