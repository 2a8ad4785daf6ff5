"""The gamma function and its kin, which few databases have, by expansions that keep some 13 digits.

Lanczos' approximation with g = 607/128 and fifteen terms (Godfrey 2001; relative error near 1e-15) for
log gamma(x), x >= 1/2; Euler's reflection below; digamma and trigamma by their asymptotic series from x + 8 on
(Abramowitz & Stegun 1964, 6.3.18 and 6.4.12), and the recurrence down to x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..formula.functions.vectors import number_argument
from . import expressions as ex
from .arithmetic import cospi, each, log, sinpi
from .expressions import Node
from .symbols import Untranslatable, is_symbol

_G = 607.0 / 128.0
_LANCZOS = (
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
    -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4,
    0.15808870322491248884e-3, -0.21026444172410488319e-3, 0.21743961811521264320e-3, -0.16431810653676389022e-3,
    0.84418223983852743293e-4, -0.26190838401581408670e-4, 0.36899182659531622704e-5,
)  # fmt: skip
_SHIFT = 8
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_HALF = ex.Number(0.5)


def _sum(x: Node) -> Node:
    terms = [ex.op("/", ex.number(c), ex.add(x, ex.number(k - 1.0))) for k, c in enumerate(_LANCZOS) if k]
    return ex.total([ex.number(_LANCZOS[0]), *terms])


def _shifted(x: Node) -> Node:
    return ex.add(x, ex.number(_G - 0.5))


def _log_gamma(x: Node) -> Node:
    """Of x >= 1/2."""
    t = _shifted(x)
    power = ex.subtract(ex.multiply(ex.subtract(x, _HALF), ex.op("ln", t)), t)
    return ex.total([power, ex.op("ln", _sum(x)), ex.number(0.5 * math.log(2 * math.pi))])


def _gamma(x: Node) -> Node:
    """Of x >= 1/2, the power in two halves, which do not overflow before their product does."""
    t = _shifted(x)
    half = ex.op("power", t, ex.multiply(_HALF, ex.subtract(x, _HALF)))
    scaled = ex.multiply(ex.multiply(half, ex.op("exp", ex.negate(t))), half)
    return ex.multiply(ex.multiply(ex.number(math.sqrt(2 * math.pi)), scaled), _sum(x))


def _reflected(x: Node) -> tuple[Node, Node]:
    """1 - x and sin(pi x)."""
    return ex.subtract(ex.ONE, x), sinpi(x)


def _is_pole(x: Node) -> Node:
    return ex.both(ex.op("<=", x, 0.0), ex.op("=", ex.op("floor", x), x))


def gamma(x: Node) -> Node:
    other, sine = _reflected(x)
    below = ex.op("/", ex.number(math.pi), ex.multiply(sine, _gamma(other)))
    return ex.case(
        (ex.op(">", x, 171.62), math.inf),
        (ex.op(">=", x, 0.5), _gamma(x)),
        (_is_pole(x), ex.NOTHING),
        (ex.op("<", x, -170.0), 0.0),
        (ex.op("<", x, 0.5), below),
    )


def log_gamma(x: Node) -> Node:
    other, sine = _reflected(x)
    below = ex.subtract(ex.subtract(ex.number(math.log(math.pi)), log(ex.op("abs", sine))), _log_gamma(other))
    return ex.case((ex.op(">=", x, 0.5), _log_gamma(x)), (_is_pole(x), math.inf), (ex.op("<", x, 0.5), below))


def _down(power: int, x: Node) -> list[Node]:
    """1 / (x + k)^power, k = 0 ... 7."""
    out: list[Node] = []
    for k in range(_SHIFT):
        at = ex.add(x, ex.number(float(k)))
        out.append(ex.op("/", ex.ONE, at if power == 1 else ex.multiply(at, at)))
    return out


def _series(coefficients: Sequence[float], y: Node) -> Node:
    return ex.horner([0.0, *coefficients], ex.op("/", ex.ONE, ex.multiply(y, y)))


def _digamma(x: Node) -> Node:
    """Of x > 0."""
    y = ex.add(x, ex.number(float(_SHIFT)))
    series = _series([b / (2 * k + 2) for k, b in enumerate(_BERNOULLI)], y)
    far = ex.subtract(ex.subtract(ex.op("ln", y), ex.op("/", _HALF, y)), series)
    return ex.subtract(far, ex.total(_down(1, x)))


def _trigamma(x: Node) -> Node:
    y = ex.add(x, ex.number(float(_SHIFT)))
    inverse = ex.op("/", ex.ONE, y)
    far = ex.total(
        [
            inverse,
            ex.multiply(_HALF, ex.multiply(inverse, inverse)),
            ex.multiply(inverse, _series(_BERNOULLI, y)),
        ]
    )
    return ex.add(far, ex.total(_down(2, x)))


def digamma(x: Node) -> Node:
    other, sine = _reflected(x)
    cotangent = ex.op("/", cospi(x), sine)
    below = ex.subtract(_digamma(other), ex.multiply(ex.number(math.pi), cotangent))
    return ex.case((ex.op(">", x, 0.0), _digamma(x)), (_is_pole(x), ex.NOTHING), (ex.op("<=", x, 0.0), below))


def trigamma(x: Node) -> Node:
    other, sine = _reflected(x)
    square = ex.op("square", ex.op("/", ex.number(math.pi), sine))
    below = ex.subtract(square, _trigamma(other))
    return ex.case((ex.op(">", x, 0.0), _trigamma(x)), (_is_pole(x), math.inf), (ex.op("<=", x, 0.0), below))


def _factorial(x: Node) -> Node:
    return gamma(ex.add(x, ex.ONE))


def _log_factorial(x: Node) -> Node:
    return log_gamma(ex.add(x, ex.ONE))


def _of_positive(a: Node, b: Node, value: Node) -> Node:
    """Both are above 0: infinite where one is 0, nothing below."""
    least = ex.case((ex.op("<", a, b), a), default=b)
    return ex.case((ex.op(">", least, 0.0), value), (ex.op("=", least, 0.0), math.inf))


def log_beta(a: Node, b: Node) -> Node:
    value = ex.subtract(ex.add(log_gamma(a), log_gamma(b)), log_gamma(ex.add(a, b)))
    return _of_positive(a, b, value)


def beta(a: Node, b: Node) -> Node:
    both = ex.add(a, b)
    ratio = ex.multiply(ex.op("/", gamma(a), gamma(both)), gamma(b))
    far = ex.op("exp", ex.subtract(ex.add(log_gamma(a), log_gamma(b)), log_gamma(both)))
    return _of_positive(a, b, ex.case((ex.op("<", both, 171.0), ratio), default=far))


def _one(f: Callable[[Node], Node], x: Any) -> Any:
    return each(f, x)


def _two(f: Callable[[Node, Node], Node], a: Any, b: Any) -> Any:
    return each(f, a, b)


def choose(n: Any, k: Any) -> Any:
    """n (n - 1) ... (n - k + 1) / k! of a constant k."""
    if is_symbol(k):
        raise Untranslatable("choose() with a number below that differs from row to row")
    count = round(number_argument(k, "k"))
    if count > 30:
        raise Untranslatable("choose() of more than 30")
    return each(partial(_falling, count), n)


def _falling(count: int, n: Node) -> Node:
    if count < 0:
        return ex.case((ex.contrary(ex.missing(n)), 0.0))
    out: Node = ex.ONE
    for i in range(count):
        out = ex.divide(ex.multiply(out, ex.subtract(n, ex.number(float(i)))), ex.number(float(i + 1)))
    return out if count else ex.case((ex.contrary(ex.missing(n)), 1.0))


_ONE: dict[str, Callable[[Node], Node]] = {
    "gamma": gamma, "lgamma": log_gamma, "factorial": _factorial, "lfactorial": _log_factorial,
    "digamma": digamma, "trigamma": trigamma,
}  # fmt: skip
TRANSLATIONS: dict[str, Any] = {
    **{name: partial(_one, f) for name, f in _ONE.items()},
    "beta": partial(_two, beta), "lbeta": partial(_two, log_beta), "choose": choose,
}  # fmt: skip
