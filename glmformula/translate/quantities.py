"""What models say of a row, translated: by the function that computes it, so that no class of models is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..families import categories, cumulative, hurdles, zero_inflation
from ..families.likelihood import Quantity
from ..families.link import LINKS
from . import expressions as ex
from .arithmetic import expm1, log1p
from .expressions import Node
from .links import inverse
from .probabilities import logistic, normal
from .symbols import Untranslatable

Etas = Sequence[Node]


def _first(etas: Etas) -> list[Node]:
    return [etas[0]]


def _all(etas: Etas) -> list[Node]:
    return list(etas)


def _second_probability(etas: Etas) -> list[Node]:
    return [logistic(etas[0])]


def _baseline(place: int, etas: Etas) -> list[Node]:
    """exp(eta_k) / (1 + sum of exp(eta_j)), the reference first; each as 1 / sum of exp(eta_j - eta_k)."""
    every = [ex.ZERO, *etas]
    out: list[Node] = []
    for own in every:
        odds = [ex.op("exp", ex.subtract(other, own)) for other in every if other is not own]
        out.append(ex.op("/", ex.ONE, ex.add(ex.ONE, ex.total(odds))))
    return out


def _ordered(method: str, K: int, etas: Etas) -> list[Node]:
    """F(zeta_k - eta) - F(zeta_k-1 - eta)."""
    if len(etas) > K:
        raise Untranslatable(
            'cannot be written: probabilities of partial proportional odds; take type="link"'
        )
    if method not in ("logistic", "probit"):
        raise Untranslatable(
            f'cannot be written: probabilities of polr with method="{method}"; take type="link"'
        )
    F = logistic if method == "logistic" else normal
    eta, zeta = etas[0], etas[-(K - 1) :]
    above = [ex.subtract(z, eta) for z in zeta]
    below = [ex.subtract(eta, z) for z in zeta]
    inner = []
    for k in range(K - 2):
        if method == "logistic":  # F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)): no digits are lost
            share = ex.negate(expm1(ex.subtract(zeta[k], zeta[k + 1])))
            inner.append(ex.multiply(ex.multiply(F(above[k + 1]), F(below[k])), share))
        else:
            low = ex.subtract(F(above[k + 1]), F(above[k]))
            high = ex.subtract(F(below[k]), F(below[k + 1]))
            inner.append(ex.case((ex.op("<", above[k], 0.0), low), default=high))
    return [F(above[0]), *inner, F(below[-1])]


def _count_mean(etas: Etas) -> list[Node]:
    return [ex.op("exp", etas[0])]


def _double_negation(eta: Node) -> Node:
    return ex.op("exp", ex.negate(ex.op("exp", eta)))


def _not_normal(eta: Node) -> Node:
    return normal(ex.negate(eta))


def _not_logistic(eta: Node) -> Node:
    return logistic(ex.negate(eta))


COMPLEMENTS: dict[str, Callable[[Node], Node]] = {
    "logit": _not_logistic, "probit": _not_normal, "cloglog": _double_negation,
}  # fmt: skip
SHARES: dict[str, Callable[[Node], Node]] = {"logit": logistic, "probit": normal}


def _complement(link: str, eta: Node) -> Node:
    if link not in COMPLEMENTS:
        raise Untranslatable(f"cannot be written: a zero part with the link '{link}'; take type=\"link\"")
    return COMPLEMENTS[link](eta)


def _share(link: str, eta: Node) -> Node:
    return SHARES[link](eta) if link in SHARES else inverse(LINKS[link])(eta)


def _inflated_mean(link: str, etas: Etas) -> list[Node]:
    return [ex.multiply(_complement(link, etas[1]), ex.op("exp", etas[0]))]


def _zero_share(link: str, etas: Etas) -> list[Node]:
    return [_share(link, etas[1])]


def _above_zero(dist: str, eta: Node, log_theta: Node | None = None) -> Node:
    """P(y > 0) of a count."""
    mu = ex.op("exp", eta)
    if dist == "poisson":
        return ex.negate(expm1(ex.negate(mu)))
    if log_theta is None:
        return logistic(eta)  # theta = 1
    assert isinstance(log_theta, ex.Number)
    theta = ex.number(math.exp(log_theta.value))
    return ex.negate(expm1(ex.negate(ex.multiply(theta, log1p(ex.divide(mu, theta))))))


def _crossed(dist: str, zero_dist: str, link: str, etas: Etas) -> Node:
    """P(y > 0) of the hurdle over that of the count."""
    own, others = hurdles.split(dist, tuple(etas))
    count = _above_zero(dist, *own)
    zero = _share(link, others[0]) if zero_dist == "binomial" else _above_zero(zero_dist, *others)
    return ex.op("/", zero, count)


def _crossed_mean(dist: str, zero_dist: str, link: str, etas: Etas) -> list[Node]:
    return [ex.multiply(_crossed(dist, zero_dist, link, etas), ex.op("exp", etas[0]))]


def _crossed_ratio(dist: str, zero_dist: str, link: str, etas: Etas) -> list[Node]:
    return [_crossed(dist, zero_dist, link, etas)]


WRITTEN: dict[Any, Callable[..., list[Node]]] = {
    categories.log_odds_of: _all, categories.second_probability: _second_probability,
    categories.probabilities: _baseline,
    cumulative.predictor: _first, cumulative.probabilities: _ordered,
    zero_inflation.count_mean: _count_mean, zero_inflation.inflated_mean: _inflated_mean,
    zero_inflation.zero_share: _zero_share,
    hurdles.crossed_mean: _crossed_mean, hurdles.crossed_ratio: _crossed_ratio,
}  # fmt: skip


def written(quantity: Quantity, name: str, etas: Etas) -> list[Node]:
    """The quantity at linear predictors: one node, or one for each of its columns.

    Raises
    ------
    Untranslatable
    """
    function: Any = quantity.value
    args: tuple[Any, ...] = ()
    if isinstance(function, partial):
        function, args = function.func, function.args
    if function not in WRITTEN:
        raise Untranslatable(f'cannot be written: type="{name}" of this model')
    return WRITTEN[function](*args, etas)
