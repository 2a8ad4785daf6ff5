"""The normal distribution function to all digits, and what formulas may call of the usual distributions.

Cody, W. J. (1969). Rational Chebyshev approximations for the error function. Mathematics of Computation 23,
631-637: three ranges, each a ratio of polynomials; the exponential of the square is taken of two parts, so that
its argument's rounding is not magnified.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ..formula.functions.vectors import flag_argument
from . import expressions as ex
from .arithmetic import each
from .expressions import Node
from .symbols import Untranslatable, is_symbol

_SMALL = (
    (3.20937758913846947e03, 3.77485237685302021e02, 1.13864154151050156e02, 3.16112374387056560e00,
     1.85777706184603153e-1),
    (2.84423683343917062e03, 1.28261652607737228e03, 2.44024637934444173e02, 2.36012909523441209e01, 1.0),
)  # fmt: skip
_MIDDLE = (
    (1.23033935479799725e03, 2.05107837782607147e03, 1.71204761263407058e03, 8.81952221241769090e02,
     2.98635138197400131e02, 6.61191906371416295e01, 8.88314979438837594e00, 5.64188496988670089e-1,
     2.15311535474403846e-8),
    (1.23033935480374942e03, 3.43936767414372164e03, 4.36261909014324716e03, 3.29079923573345963e03,
     1.62138957456669019e03, 5.37181101862009858e02, 1.17693950891312499e02, 1.57449261107098347e01, 1.0),
)  # fmt: skip
_LARGE = (
    (6.58749161529837803e-4, 1.60837851487422766e-2, 1.25781726111229246e-1, 3.60344899949804439e-1,
     3.05326634961232344e-1, 1.63153871373020978e-2),
    (2.33520497626869185e-3, 6.05183413124413191e-2, 5.27905102951428412e-1, 1.87295284992346725e00,
     2.56852019228982242e00, 1.0),
)  # fmt: skip
"""Numerators and denominators, lowest power first: of erf(x) / x in x^2 below 0.46875, of erfc(x) exp(x^2) in x up to
4, and of how much erfc(x) x exp(x^2) is below 1 / sqrt(pi) in 1 / x^2 beyond, times x^2."""


def _ratio(pair: tuple[tuple[float, ...], tuple[float, ...]], x: Node) -> Node:
    return ex.op("/", ex.horner(pair[0], x), ex.horner(pair[1], x))


def _square_exp(y: Node) -> Node:
    """exp(-y^2), y >= 0."""
    near = ex.multiply(ex.Number(1 / 16), ex.op("floor", ex.multiply(ex.Number(16.0), y)))
    rest = ex.multiply(ex.subtract(y, near), ex.add(y, near))
    return ex.multiply(ex.op("exp", ex.negate(ex.multiply(near, near))), ex.op("exp", ex.negate(rest)))


def _upper(y: Node) -> Node:
    """erfc(y) of y > 0.46875."""
    middle = ex.multiply(_square_exp(y), _ratio(_MIDDLE, y))
    inverse = ex.op("/", ex.ONE, ex.multiply(y, y))
    tail = ex.op(
        "/",
        ex.subtract(ex.number(1 / math.sqrt(math.pi)), ex.multiply(inverse, _ratio(_LARGE, inverse))),
        y,
    )
    return ex.case((ex.op("<=", y, 4.0), middle), default=ex.multiply(_square_exp(y), tail))


def normal(x: Node) -> Node:
    """Phi(x) = erfc(-x / sqrt(2)) / 2."""
    z = ex.multiply(ex.number(math.sqrt(0.5)), x)
    size = ex.op("abs", z)
    half = ex.Number(0.5)
    erf = ex.multiply(z, _ratio(_SMALL, ex.multiply(z, z)))
    tail = ex.multiply(half, _upper(size))
    return ex.case(
        (ex.op("<=", size, 0.46875), ex.add(half, ex.multiply(half, erf))),
        (ex.op("<", z, -26.5), 0.0),
        (ex.op("<", z, 0.0), tail),
        (ex.op(">", z, 6.0), 1.0),
        (ex.op(">", z, 0.0), ex.subtract(ex.ONE, tail)),
    )


def density(x: Node) -> Node:
    """Of the standard normal distribution."""
    half = ex.op("exp", ex.multiply(ex.Number(-0.5), ex.multiply(x, x)))
    return ex.multiply(ex.number(1 / math.sqrt(2 * math.pi)), half)


def logistic(x: Node) -> Node:
    """1 / (1 + exp(-x)), by the exponential that does not overflow."""
    up, down = ex.op("exp", ex.negate(x)), ex.op("exp", x)
    return ex.case(
        (ex.op(">=", x, 0.0), ex.op("/", ex.ONE, ex.add(ex.ONE, up))),
        (ex.op("<", x, 0.0), ex.op("/", down, ex.add(ex.ONE, down))),
    )


def _standard(x: Node, location: Node, scale: Node) -> Node:
    return ex.divide(ex.subtract(x, location), scale)


def _called(kind: str, f: Any, a: str, b: str, x: Any, **named: Any) -> Any:
    location, scale = named.pop(a, 0.0), named.pop(b, 1.0)
    for flag in ("lower_tail", "log_p", "log"):
        if flag in named and flag_argument(named.pop(flag), flag) is not (flag == "lower_tail"):
            raise Untranslatable(f"{kind} with {flag.replace('_', '.')} other than by default")
    if is_symbol(location) or is_symbol(scale):
        raise Untranslatable(f"{kind} with parameters that differ from row to row")
    return each(f, x, location, scale)


def _normal_probability(x: Node, location: Node, scale: Node) -> Node:
    return normal(_standard(x, location, scale))


def _normal_density(x: Node, location: Node, scale: Node) -> Node:
    return ex.divide(density(_standard(x, location, scale)), scale)


def _logistic_probability(x: Node, location: Node, scale: Node) -> Node:
    return logistic(_standard(x, location, scale))


def _logistic_quantile(p: Node, location: Node, scale: Node) -> Node:
    odds = ex.op("ln", ex.op("/", p, ex.subtract(ex.ONE, p)))
    inside = ex.both(ex.op(">", p, 0.0), ex.op("<", p, 1.0))
    z = ex.case((inside, odds), (ex.op("=", p, 0.0), -math.inf), (ex.op("=", p, 1.0), math.inf))
    return ex.add(location, ex.multiply(scale, z))


def by_name(kind: str, f: Any, a: str, b: str, first: str, **named: Any) -> Any:
    return _called(kind, f, a, b, named.pop(first), **named)


TRANSLATIONS: dict[str, Any] = {
    "pnorm": partial(by_name, "pnorm", _normal_probability, "mean", "sd", "q"),
    "dnorm": partial(by_name, "dnorm", _normal_density, "mean", "sd", "x"),
    "plogis": partial(by_name, "plogis", _logistic_probability, "location", "scale", "q"),
    "qlogis": partial(by_name, "qlogis", _logistic_quantile, "location", "scale", "p"),
}
