"""Families and links once more, by the textbook and in extended precision: what the fuzzer judges by.

A `Spec` names a family and link; `model(spec)` is what the checks need: the interval of eta, mu and its slope,
the variance, the deviance. Nothing of `glmformula` is used but the public constructors in `build`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special

import glmformula as g

Array = np.ndarray
LONG = np.longdouble
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Spec:
    """A family and link: `parameter` is theta, the variance's power or name; a number for a link is a power."""

    family: str
    link: str | float
    parameter: float | str | None = None

    def __str__(self) -> str:
        more = "" if self.parameter is None else f"[{self.parameter}]"
        return f"{self.family}{more}({self.link})"


def build(spec: Spec) -> g.Family:
    """The family under test."""
    if spec.family == "tweedie":
        return g.tweedie(spec.parameter, spec.link)
    link = g.power(spec.link) if isinstance(spec.link, float) else spec.link
    if spec.family == "negative_binomial":
        return g.negative_binomial(spec.parameter, link)
    if spec.family == "quasi":
        return g.quasi(link, spec.parameter)
    return getattr(g, spec.family)(link)


@dataclass(frozen=True)
class Model:
    """`means(eta)` is mu, 1 - mu, dmu/deta; `deviances(y, mu, 1 - mu)` per unit of weight."""

    interval: tuple[float, float]
    split: bool  # eta may be negative or positive, not 0
    means: Callable[[Array], tuple[Array, Array, Array]]
    variance: Callable[[Array, Array], Array]
    deviances: Callable[[Array, Array, Array], Array]
    mu_interval: tuple[float, float]
    refuses: Callable[[Array], Array]  # responses that the family does not allow

    def valid(self, eta: Array) -> Array:
        low, high = self.interval
        inside = (eta > low) & (eta < high) & np.isfinite(eta)
        return inside & (eta != 0) if self.split else inside

    def deviance(self, y: Array, w: Array, eta: Array) -> float:
        """The deviance of rows of positive weight; inf where a mean is not valid."""
        with np.errstate(all="ignore"):
            if not self.valid(eta).all():
                return np.inf
            total = float(self.units(y, w, eta).sum())
        return total if np.isfinite(total) else np.inf

    def units(self, y: Array, w: Array, eta: Array) -> Array:
        """What each row adds to the deviance."""
        mu, rest, _ = self.means(eta)
        return w * self.deviances(y.astype(LONG), mu.astype(LONG), rest.astype(LONG))

    def score(self, y: Array, w: Array, eta: Array) -> tuple[Array, Array]:
        """-1/2 d deviance / d eta and the expected information, by rows."""
        with np.errstate(all="ignore"):
            mu, rest, slope = self.means(eta)
            v = self.variance(mu, rest)
            residual = np.where(y > 0.5, rest - (1.0 - y), y - mu)  # 1 - mu has its own digits
            residual = residual if self.mu_interval == (0.0, 1.0) else y - mu
            return w * residual * slope / v, w * slope**2 / v


# -- links ----------------------------------------------------------------------------------------------------


def logit(eta: Array) -> tuple[Array, Array, Array]:
    mu, rest = special.expit(eta), special.expit(-eta)
    slope = mu * rest
    return np.where(eta < -30, EPS, mu), np.where(eta > 30, EPS, rest), slope  # R takes 30 for the end


def probit(eta: Array) -> tuple[Array, Array, Array]:
    return (
        np.maximum(special.ndtr(eta), EPS),
        np.maximum(special.ndtr(-eta), EPS),
        np.exp(-(eta**2) / 2) / np.sqrt(2 * np.pi),
    )


def cauchit(eta: Array) -> tuple[Array, Array, Array]:
    tail = np.maximum(np.arctan(1 / np.maximum(np.abs(eta), 1e-300)) / np.pi, EPS)
    return (
        np.where(eta < 0, tail, 1 - tail),
        np.where(eta < 0, 1 - tail, tail),
        1 / (np.pi * (1 + eta**2)),
    )


def cloglog(eta: Array) -> tuple[Array, Array, Array]:
    rate = np.exp(eta)
    return np.maximum(-np.expm1(-rate), EPS), np.maximum(np.exp(-rate), EPS), np.exp(eta - rate)


def log(eta: Array) -> tuple[Array, Array, Array]:
    mu = np.exp(eta)
    return np.maximum(mu, EPS), -np.expm1(eta), mu


def raised(exponent: float, floor: float, eta: Array) -> tuple[Array, Array, Array]:
    """mu = eta ** exponent; R's power() links do not go below `floor`."""
    mu = np.maximum(eta if exponent == 1 else eta**exponent, floor)
    return mu, 1 - mu, np.ones_like(eta) if exponent == 1 else exponent * eta ** (exponent - 1)


SIGMOIDS = {"logit": logit, "probit": probit, "cauchit": cauchit, "cloglog": cloglog}
POWERS = {"identity": 1.0, "sqrt": 0.5, "inverse": -1.0, "1/mu^2": -2.0}


def link_power(spec: Spec) -> float | None:
    """lambda of mu^lambda = eta, 0 for log; None for the sigmoids."""
    if spec.link in SIGMOIDS:
        return None
    power = 0.0 if spec.link == "log" else POWERS.get(spec.link, spec.link)
    assert not isinstance(power, str)
    return max(0.0, power) if spec.family != "tweedie" and isinstance(spec.link, float) else power


def eta_interval(power: float | None, mu_interval: tuple[float, float]) -> tuple[float, float]:
    if power is None:
        return -np.inf, np.inf
    if power == 0.0:
        return -np.inf, 0.0 if mu_interval[1] == 1.0 else np.inf
    if power == 1.0:
        return mu_interval
    if power > 0:
        return 0.0, 1.0 if mu_interval[1] == 1.0 else np.inf
    if power == -1.0 and mu_interval[0] == -np.inf:
        return -np.inf, np.inf
    return 1.0 if mu_interval[1] == 1.0 else 0.0, np.inf


# -- families -------------------------------------------------------------------------------------------------


def xlogy(y: Array, ratio: Array) -> Array:
    return np.where(y > 0, y * np.log(np.where(y > 0, ratio, 1)), 0)


def power_deviance(p: float, y: Array, mu: Array, rest: Array) -> Array:
    if p == 0:
        return (y - mu) ** 2
    if p == 1:
        return 2 * (xlogy(y, y / mu) - (y - mu))
    if p == 2:
        return 2 * ((y - mu) / mu - np.log(y / mu))
    first = np.where(y > 0, np.where(y > 0, y, 1) ** LONG(2 - p), 0 if p < 2 else np.inf)
    return 2 * (
        first / ((1 - p) * LONG(2 - p)) - y * mu ** LONG(1 - p) / (1 - p) + mu ** LONG(2 - p) / (2 - p)
    )


def bernoulli_deviance(y: Array, mu: Array, rest: Array) -> Array:
    return 2 * (xlogy(y, y / mu) + xlogy(1 - y, (1 - y) / rest))


def power_variance(p: float, mu: Array, rest: Array) -> Array:
    return mu**p


def bernoulli_variance(mu: Array, rest: Array) -> Array:
    return mu * rest


def negative_binomial_variance(theta: float, mu: Array, rest: Array) -> Array:
    return mu + mu**2 / theta


def no_tweedie(p: float, y: Array) -> Array:
    return (y < 0) & (p > 0) | (y == 0) & (p > 2)


def negative_binomial_deviance(theta: float, y: Array, mu: Array, rest: Array) -> Array:
    t = LONG(theta)
    step = (y - mu) / (mu + t)
    ratio = np.where(np.abs(step) < 0.5, np.log1p(step), np.log((y + t) / (mu + t)))
    return 2 * (xlogy(y, y / mu) - (y + t) * ratio)


def any_response(y: Array) -> Array:
    return np.zeros(len(y), bool)


NO_RESPONSE = {
    "binomial": lambda y: (y < 0) | (y > 1),
    "quasibinomial": lambda y: (y < 0) | (y > 1),
    "poisson": lambda y: y < 0,
    "quasipoisson": lambda y: y < 0,
    "negative_binomial": lambda y: y < 0,
    "Gamma": lambda y: y <= 0,
    "inverse_gaussian": lambda y: y <= 0,
}
QUASI_LIKE = {"mu": "poisson", "mu^2": "poisson", "mu^3": "poisson", "mu(1-mu)": "binomial"}
VARIANCE_POWERS = {
    "gaussian": 0.0,
    "poisson": 1.0,
    "quasipoisson": 1.0,
    "Gamma": 2.0,
    "inverse_gaussian": 3.0,
}
QUASI_POWERS = {"constant": 0.0, "mu": 1.0, "mu^2": 2.0, "mu^3": 3.0}


def variance_power(spec: Spec) -> float | None:
    if spec.family == "tweedie":
        return float(spec.parameter)  # type: ignore[arg-type]
    if spec.family == "quasi":
        return QUASI_POWERS.get(str(spec.parameter))
    return VARIANCE_POWERS.get(spec.family)


def model(spec: Spec) -> Model:
    """What a spec means."""
    p = variance_power(spec)
    bernoulli = spec.family in ("binomial", "quasibinomial") or spec.parameter == "mu(1-mu)"
    name = QUASI_LIKE.get(str(spec.parameter), "") if spec.family == "quasi" else spec.family
    refuses = NO_RESPONSE.get(name, any_response)
    mu_interval = (-np.inf if p == 0 else 0.0, 1.0 if bernoulli else np.inf)
    if bernoulli:
        variance, deviances = bernoulli_variance, bernoulli_deviance
    elif p is not None:
        variance, deviances = partial(power_variance, p), partial(power_deviance, p)
        if spec.family == "tweedie":
            refuses = partial(no_tweedie, p)
    else:
        theta = float(spec.parameter)  # type: ignore[arg-type]
        variance = partial(negative_binomial_variance, theta)
        deviances = partial(negative_binomial_deviance, theta)
    power = link_power(spec)
    if power is None:
        means = SIGMOIDS[str(spec.link)]
    elif power == 0.0:
        means = log
    else:
        floor = EPS if isinstance(spec.link, float) and power != 1 and spec.family != "tweedie" else -np.inf
        means = partial(raised, 1 / power, floor)
    split = power == -1.0 and mu_interval[0] == -np.inf
    return Model(eta_interval(power, mu_interval), split, means, variance, deviances, mu_interval, refuses)


def pulls(spec: Spec, m: Model, y: Array, w: Array) -> Array:
    """+1 or -1 where the deviance of a row falls all the way as eta goes to that end, by looking far out."""
    out = np.zeros(len(y), int)
    if m.split:
        return out
    power = link_power(spec)
    low, high = m.interval
    for sign, end in ((-1, low), (1, high)):
        if np.isfinite(end):
            continue
        if power is None:
            limit = 0.0 if sign < 0 else 1.0
        elif power == 0.0 and sign < 0 or power is not None and power < 0 and sign > 0:
            limit = 0.0
        else:
            continue
        above = limit == 1.0
        out[(y >= limit) if above else (y <= limit)] = sign
    out[w == 0] = 0
    return out
