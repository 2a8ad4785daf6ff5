"""The usual distributions: log density, probability of either tail, quantile of either tail."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ...errors import FormulaError
from ..values import Value
from .arithmetic import checked
from .distribution import KINDS, Array, Distribution, called, formals, polished
from .registry import RFunction, function
from .vectors import is_scalar

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _special() -> Any:
    import scipy.special

    return scipy.special


def _signed(z: Array, lower: bool) -> Array:
    return z if lower else -z


def _normal() -> Distribution:
    def z(x: Array, lower: bool, mean: Array, sd: Array) -> Array:
        return _signed(np.where((sd == 0) & (x == mean), np.inf, (x - mean) / sd), lower)

    def log_density(x: Array, mean: Array, sd: Array) -> Array:
        usual = -0.5 * ((x - mean) / sd) ** 2 - _HALF_LOG_2PI - np.log(sd)
        return np.where(sd == 0, np.where(x == mean, np.inf, -np.inf), usual)

    return Distribution(
        {"mean": 0.0, "sd": 1.0},
        lambda mean, sd: sd >= 0,
        log_density,
        lambda *a: _special().ndtr(z(*a)),
        lambda p, lower, mean, sd: mean + sd * _signed(_special().ndtri(p), lower),
        log_tail=lambda *a: _special().log_ndtr(z(*a)),
        log_quantile=lambda p, lower, mean, sd: mean + sd * _signed(_special().ndtri_exp(p), lower),
    )


def _lognormal() -> Distribution:
    normal = _normal()
    assert normal.quantile
    assert normal.log_tail
    assert normal.log_quantile
    quantile, log_tail, log_quantile = normal.quantile, normal.log_tail, normal.log_quantile
    return Distribution(
        {"meanlog": 0.0, "sdlog": 1.0},
        normal.valid,
        lambda x, m, s: np.where(x > 0, normal.log_density(np.log(x), m, s) - np.log(x), -np.inf),
        lambda x, lower, m, s: normal.tail(np.log(x), lower, m, s),
        lambda p, lower, m, s: np.exp(quantile(p, lower, m, s)),
        lambda m, s: (0.0, np.inf),
        log_tail=lambda x, lower, m, s: log_tail(np.log(x), lower, m, s),
        log_quantile=lambda p, lower, m, s: np.exp(log_quantile(p, lower, m, s)),
    )


def _logistic() -> Distribution:
    def log_density(x: Array, location: Array, scale: Array) -> Array:
        z = np.abs((x - location) / scale)
        return -z - 2 * np.log1p(np.exp(-z)) - np.log(scale)

    def z(x: Array, lower: bool, location: Array, scale: Array) -> Array:
        return _signed((x - location) / scale, lower)

    return Distribution(
        {"location": 0.0, "scale": 1.0},
        lambda location, scale: scale > 0,
        log_density,
        lambda *a: _special().expit(z(*a)),
        lambda p, lower, location, scale: location + scale * _signed(_special().logit(p), lower),
        log_tail=lambda *a: _special().log_expit(z(*a)),
        log_quantile=lambda p, lower, location, scale: (
            location + scale * _signed(p - np.log(-np.expm1(p)), lower)
        ),
    )


def _cauchy() -> Distribution:
    def quantile(p: Array, lower: bool, location: Array, scale: Array) -> Array:
        z = np.where(p < 0.5, -1 / np.tan(np.pi * p), 1 / np.tan(np.pi * (1 - p)))
        return location + scale * _signed(np.where(p == 0.5, 0.0, z), lower)

    return Distribution(
        {"location": 0.0, "scale": 1.0},
        lambda location, scale: scale > 0,
        lambda x, location, scale: -np.log(np.pi * scale * (1 + ((x - location) / scale) ** 2)),
        lambda x, lower, location, scale: np.arctan2(1.0, -_signed((x - location) / scale, lower)) / np.pi,
        quantile,
    )


def _uniform() -> Distribution:
    def tail(x: Array, lower: bool, low: Array, high: Array) -> Array:
        return ((x - low) if lower else (high - x)) / (high - low)

    return Distribution(
        {"min": 0.0, "max": 1.0},
        lambda low, high: low < high,
        lambda x, low, high: -np.log(high - low) + 0 * x,
        tail,
        lambda p, lower, low, high: low + p * (high - low) if lower else high - p * (high - low),
        lambda low, high: (low, high),
    )


def _weibull() -> Distribution:
    def log_tail(x: Array, lower: bool, shape: Array, scale: Array) -> Array:
        hazard = (x / scale) ** shape
        return np.log(-np.expm1(-hazard)) if lower else -hazard

    def tail(x: Array, lower: bool, shape: Array, scale: Array) -> Array:
        hazard = (x / scale) ** shape
        return -np.expm1(-hazard) if lower else np.exp(-hazard)

    return Distribution(
        {"shape": None, "scale": 1.0},
        lambda shape, scale: (shape > 0) & (scale > 0),
        lambda x, shape, scale: (
            np.log(shape / scale) + _special().xlogy(shape - 1, x / scale) - (x / scale) ** shape
        ),
        tail,
        lambda p, lower, shape, scale: scale * (-np.log1p(-p) if lower else -np.log(p)) ** (1 / shape),
        lambda shape, scale: (0.0, np.inf),
        log_tail=log_tail,
    )


def _exponential() -> Distribution:
    weibull = _weibull()
    assert weibull.quantile
    assert weibull.log_tail
    quantile, log_tail = weibull.quantile, weibull.log_tail
    return Distribution(
        {"rate": 1.0},
        lambda rate: rate > 0,
        lambda x, rate: np.log(rate) - rate * x,
        lambda x, lower, rate: weibull.tail(x, lower, 1.0, 1 / rate),
        lambda p, lower, rate: quantile(p, lower, 1.0, 1 / rate),
        lambda rate: (0.0, np.inf),
        log_tail=lambda x, lower, rate: log_tail(x, lower, 1.0, 1 / rate),
    )


def _gamma() -> Distribution:
    def log_density(x: Array, shape: Array, scale: Array) -> Array:
        t = x / scale
        return _special().xlogy(shape - 1, t) - t - _special().gammaln(shape) - np.log(scale)

    def tail(x: Array, lower: bool, shape: Array, scale: Array) -> Array:
        return (_special().gammainc if lower else _special().gammaincc)(shape, x / scale)

    def quantile(p: Array, lower: bool, shape: Array, scale: Array) -> Array:
        inverse = _special().gammaincinv if lower else _special().gammainccinv
        return polished(out, scale * inverse(shape, p), p, lower, shape, scale)

    def standard(given: dict[str, Value]) -> dict[str, Value]:
        if "rate" in given and "scale" in given:
            raise FormulaError("specify 'rate' or 'scale' but not both")
        if "rate" in given:
            rate: Any = given.pop("rate")
            given["scale"] = checked(np.reciprocal, "1/rate", rate)
        return given

    out = Distribution(
        {"shape": None, "scale": 1.0},
        lambda shape, scale: (shape > 0) & (scale > 0),
        log_density,
        tail,
        quantile,
        lambda shape, scale: (0.0, np.inf),
        standard=standard,
        formals=("shape", "rate", "scale"),
    )
    return out


def _central(*names: str) -> dict[str, Any]:
    """R's further argument `ncp`: only the central distributions are here."""

    def standard(given: dict[str, Value]) -> dict[str, Value]:
        ncp = given.pop("ncp", 0.0)
        if isinstance(ncp, bool) or not is_scalar(ncp) or ncp != 0:
            raise FormulaError("'ncp': noncentral distributions are not available in a formula")
        return given

    return {"standard": standard, "formals": (*names, "ncp")}


def _chi_squared() -> Distribution:
    gamma = _gamma()
    assert gamma.quantile
    quantile = gamma.quantile
    return Distribution(
        {"df": None},
        lambda df: df > 0,
        lambda x, df: gamma.log_density(x, df / 2, 2.0),
        lambda x, lower, df: gamma.tail(x, lower, df / 2, 2.0),
        lambda p, lower, df: quantile(p, lower, df / 2, 2.0),
        lambda df: (0.0, np.inf),
        **_central("df"),
    )


def _beta() -> Distribution:
    def tail(x: Array, lower: bool, a: Array, b: Array) -> Array:
        return _special().betainc(a, b, x) if lower else _special().betainc(b, a, 1 - x)

    def quantile(p: Array, lower: bool, a: Array, b: Array) -> Array:
        x = _special().betaincinv(a, b, p) if lower else 1 - _special().betaincinv(b, a, p)
        return polished(out, x, p, lower, a, b)

    out = Distribution(
        {"shape1": None, "shape2": None},
        lambda a, b: (a > 0) & (b > 0),
        lambda x, a, b: _special().xlogy(a - 1, x) + _special().xlog1py(b - 1, -x) - _special().betaln(a, b),
        tail,
        quantile,
        lambda a, b: (0.0, 1.0),
        **_central("shape1", "shape2"),
    )
    return out


def _f() -> Distribution:
    def log_density(x: Array, m: Array, n: Array) -> Array:
        return (
            _special().xlogy(m / 2, m / n)
            + _special().xlogy(m / 2 - 1, x)
            - (m + n) / 2 * np.log1p(m * x / n)
            - _special().betaln(m / 2, n / 2)
        )

    def tail(x: Array, lower: bool, m: Array, n: Array) -> Array:
        if lower:
            return _special().betainc(m / 2, n / 2, m * x / (m * x + n))
        return _special().betainc(n / 2, m / 2, n / (m * x + n))

    def quantile(p: Array, lower: bool, m: Array, n: Array) -> Array:
        small = _special().betaincinv(m / 2, n / 2, p) if lower else _special().betaincinv(n / 2, m / 2, p)
        ratio = small / (1 - small) if lower else (1 - small) / small
        return polished(out, ratio * n / m, p, lower, m, n)

    out = Distribution(
        {"df1": None, "df2": None},
        lambda m, n: (m > 0) & (n > 0) & np.isfinite(m) & np.isfinite(n),
        log_density,
        tail,
        quantile,
        lambda m, n: (0.0, np.inf),
        **_central("df1", "df2"),
    )
    return out


def _t() -> Distribution:
    def log_density(x: Array, df: Array) -> Array:
        return -(df + 1) / 2 * np.log1p(x * x / df) - 0.5 * np.log(df) - _special().betaln(df / 2, 0.5)

    def tail(x: Array, lower: bool, df: Array) -> Array:
        z = _signed(x, lower)
        half = 0.5 * _special().betainc(df / 2, 0.5, df / (df + z * z))
        return np.where(z < 0, half, 0.5 + 0.5 * _special().betainc(0.5, df / 2, z * z / (df + z * z)))

    def quantile(p: Array, lower: bool, df: Array) -> Array:
        small = np.minimum(p, 1 - p)
        far = _special().betaincinv(df / 2, 0.5, 2 * small)
        near = _special().betaincinv(0.5, df / 2, 1 - 2 * small)
        size = np.where(small < 0.25, np.sqrt(df * (1 - far) / far), np.sqrt(df * near / (1 - near)))
        z = polished(out, np.where(p < 0.5, -size, size), p, True, df)
        return _signed(np.where(p == 0.5, 0.0, z), lower)

    out = Distribution(
        {"df": None},
        lambda df: (df > 0) & np.isfinite(df),
        log_density,
        tail,
        quantile,
        **_central("df"),
    )
    return out


def _whole(n: Array) -> Array:
    return np.abs(n - np.round(n)) <= 1e-7 * np.maximum(1, np.abs(n))


def _poisson() -> Distribution:
    def tail(k: Array, lower: bool, mean: Array) -> Array:
        return (_special().gammaincc if lower else _special().gammainc)(k + 1, mean)

    return Distribution(
        {"lambda": None},
        lambda mean: mean >= 0,
        lambda k, mean: _special().xlogy(k, mean) - mean - _special().gammaln(k + 1),
        tail,
        support=lambda mean: (0.0, np.inf),
        discrete=True,
    )


def _binomial() -> Distribution:
    def log_density(k: Array, n: Array, p: Array) -> Array:
        choose = -_special().betaln(k + 1, n - k + 1) - np.log(n + 1)
        return choose + _special().xlogy(k, p) + _special().xlog1py(n - k, -p)

    def tail(k: Array, lower: bool, n: Array, p: Array) -> Array:
        inner = np.minimum(k, n - 1)  # at n the lower tail is 1
        if lower:
            return np.where(k >= n, 1.0, _special().betainc(n - inner, inner + 1, 1 - p))
        return np.where(k >= n, 0.0, _special().betainc(inner + 1, n - inner, p))

    return Distribution(
        {"size": None, "prob": None},
        lambda n, p: (n >= 0) & _whole(n) & (p >= 0) & (p <= 1),
        log_density,
        tail,
        support=lambda n, p: (0.0, n),
        discrete=True,
    )


def _negative_binomial() -> Distribution:
    def log_density(k: Array, size: Array, prob: Array) -> Array:
        choose = -_special().betaln(k + 1, size) - np.log(k + size)
        return choose + _special().xlogy(size, prob) + _special().xlog1py(k, -prob)

    def tail(k: Array, lower: bool, size: Array, prob: Array) -> Array:
        betainc = _special().betainc
        return betainc(size, k + 1, prob) if lower else betainc(k + 1, size, 1 - prob)

    def standard(given: dict[str, Value]) -> dict[str, Value]:
        if "mu" in given:
            if "prob" in given:
                raise FormulaError("'prob' and 'mu' both specified")
            given["prob"] = checked(
                lambda size, mu: size / (size + mu), "prob", given["size"], given.pop("mu")
            )
        return given

    return Distribution(
        {"size": None, "prob": None},
        lambda size, prob: (size > 0) & (prob > 0) & (prob <= 1),
        log_density,
        tail,
        support=lambda size, prob: (0.0, np.inf),
        discrete=True,
        standard=standard,
        formals=("size", "prob", "mu"),
    )


def _geometric() -> Distribution:
    def log_tail(k: Array, lower: bool, prob: Array) -> Array:
        above = (k + 1) * np.log1p(-prob)
        return np.log(-np.expm1(above)) if lower else above

    return Distribution(
        {"prob": None},
        lambda prob: (prob > 0) & (prob <= 1),
        lambda k, prob: np.log(prob) + _special().xlog1py(k, -prob),
        lambda k, lower, prob: np.exp(log_tail(k, lower, prob)),
        support=lambda prob: (0.0, np.inf),
        discrete=True,
        log_tail=log_tail,
    )


DISTRIBUTIONS: dict[str, Distribution] = {
    "norm": _normal(),
    "lnorm": _lognormal(),
    "logis": _logistic(),
    "cauchy": _cauchy(),
    "unif": _uniform(),
    "exp": _exponential(),
    "weibull": _weibull(),
    "gamma": _gamma(),
    "chisq": _chi_squared(),
    "beta": _beta(),
    "f": _f(),
    "t": _t(),
    "pois": _poisson(),
    "binom": _binomial(),
    "nbinom": _negative_binomial(),
    "geom": _geometric(),
}


def _called(name: str, **given: Any) -> Value:
    return called(DISTRIBUTIONS[name[1:]], name, **given)


FUNCTIONS: tuple[RFunction, ...] = tuple(
    function(letter + name, partial(_called, letter + name), formals(letter, d), namespaces=("stats",))
    for name, d in DISTRIBUTIONS.items()
    for letter in KINDS
)
