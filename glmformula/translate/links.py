"""Links' inverses and their derivatives, translated: by the function of the link, so that no name decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ..families import link as links
from ..families.link import CAUCHIT_LIMIT, EPS, LOGIT_LIMIT, PROBIT_LIMIT, TINY, Link
from ..families.tweedie import power_inverse, power_slope
from . import expressions as ex
from .arithmetic import expm1, power, sqrt
from .expressions import Node
from .probabilities import density, normal
from .symbols import Untranslatable


def at_least(low: float, x: Node) -> Node:
    return ex.case((ex.op("<", x, low), low), default=x)


def clipped(limit: float, x: Node) -> Node:
    return ex.case((ex.op(">", x, limit), limit), (ex.op("<", x, -limit), -limit), default=x)


def _logit(eta: Node) -> Node:
    odds = ex.op("exp", ex.negate(eta))
    return ex.case(
        (ex.op(">", eta, LOGIT_LIMIT), 1.0 / EPS / (1.0 + 1.0 / EPS)),
        (ex.op("<", eta, -LOGIT_LIMIT), EPS / (1.0 + EPS)),
        default=ex.op("/", ex.ONE, ex.add(ex.ONE, odds)),
    )


def _logit_slope(eta: Node) -> Node:
    mu = ex.op("/", ex.ONE, ex.add(ex.ONE, ex.op("exp", ex.negate(eta))))
    other = ex.op("/", ex.ONE, ex.add(ex.ONE, ex.op("exp", eta)))
    return ex.case((ex.op(">", ex.op("abs", eta), LOGIT_LIMIT), EPS), default=ex.multiply(mu, other))


def _probit(eta: Node) -> Node:
    return normal(clipped(PROBIT_LIMIT, eta))


def _probit_slope(eta: Node) -> Node:
    return at_least(EPS, density(eta))


def _cauchit(eta: Node) -> Node:
    eta = clipped(CAUCHIT_LIMIT, eta)
    pi = ex.number(math.pi)
    tail = ex.divide(ex.op("atan", ex.op("/", ex.ONE, ex.op("abs", eta))), pi)
    inner = ex.add(ex.Number(0.5), ex.divide(ex.op("atan", eta), pi))
    return ex.case(
        (ex.op("<", eta, -1.0), tail), (ex.op(">", eta, 1.0), ex.subtract(ex.ONE, tail)), default=inner
    )


def _cauchit_slope(eta: Node) -> Node:
    return at_least(
        EPS, ex.op("/", ex.ONE, ex.multiply(ex.number(math.pi), ex.add(ex.ONE, ex.multiply(eta, eta))))
    )


def _cloglog(eta: Node) -> Node:
    mu = ex.negate(expm1(ex.negate(ex.op("exp", eta))))
    top = 1.0 - EPS
    return ex.case((ex.op(">", eta, 4.0), top), (ex.op("<", eta, math.log(EPS)), EPS), default=mu)


def _cloglog_slope(eta: Node) -> Node:
    rate = ex.op("exp", ex.case((ex.op(">", eta, 700.0), 700.0), default=eta))
    return at_least(EPS, ex.multiply(rate, ex.op("exp", ex.negate(rate))))


def _identity(eta: Node) -> Node:
    return eta


def _one(eta: Node) -> Node:
    return ex.ONE


def _log(eta: Node) -> Node:
    return at_least(TINY, ex.op("exp", eta))


def _square(eta: Node) -> Node:
    return ex.multiply(eta, eta)


def _twice(eta: Node) -> Node:
    return ex.multiply(ex.Number(2.0), eta)


def _inverse(eta: Node) -> Node:
    return ex.divide(ex.ONE, eta)


def _inverse_slope(eta: Node) -> Node:
    return ex.negate(ex.divide(ex.ONE, ex.multiply(eta, eta)))


def _inverse_root(eta: Node) -> Node:
    return ex.divide(ex.ONE, sqrt(eta))


def _inverse_root_slope(eta: Node) -> Node:
    return ex.divide(ex.Number(-0.5), ex.multiply(eta, sqrt(eta)))


def _power(exponent: float, eta: Node) -> Node:
    return at_least(TINY, power(eta, ex.number(1.0 / exponent)))


def _power_slope(exponent: float, eta: Node) -> Node:
    slope = power(eta, ex.number(1.0 / exponent - 1.0))
    return at_least(TINY, ex.multiply(ex.number(1.0 / exponent), slope))


def _free_power(exponent: float, eta: Node) -> Node:
    return power(eta, ex.number(1.0 / exponent))


def _free_power_slope(exponent: float, eta: Node) -> Node:
    return ex.multiply(ex.number(1.0 / exponent), power(eta, ex.number(1.0 / exponent - 1.0)))


Written = Callable[[Node], Node]
_PLAIN: dict[Any, Written] = {
    links.logit_inv: _logit, links.logit_mu_eta: _logit_slope,
    links.probit_inv: _probit, links.probit_mu_eta: _probit_slope,
    links.cauchit_inv: _cauchit, links.cauchit_mu_eta: _cauchit_slope,
    links.cloglog_inv: _cloglog, links.cloglog_mu_eta: _cloglog_slope,
    links.identity_inv: _identity, links.identity_mu_eta: _one,
    links.log_inv: _log,
    links.sqrt_inv: _square, links.sqrt_mu_eta: _twice,
    links.inverse_fun: _inverse, links.inverse_mu_eta: _inverse_slope,
    links.inverse_squared_inv: _inverse_root, links.inverse_squared_mu_eta: _inverse_root_slope,
}  # fmt: skip
_OF_EXPONENT: dict[Any, Callable[[float, Node], Node]] = {
    links.power_inv: _power, links.power_mu_eta: _power_slope,
    power_inverse: _free_power, power_slope: _free_power_slope,
}  # fmt: skip


def _found(link: Link, function: Any) -> Written:
    if isinstance(function, partial) and function.func in _OF_EXPONENT and len(function.args) == 1:
        return partial(_OF_EXPONENT[function.func], float(function.args[0]))
    if function in _PLAIN:
        return _PLAIN[function]
    raise Untranslatable(
        f"cannot be written: the link '{link.name}' is Python's own; take type=\"link\" and its inverse by hand"
    )


def inverse(link: Link) -> Written:
    """The mean at a linear predictor."""
    return _found(link, link.linkinv)


def slope(link: Link) -> Written:
    """dmu/deta at a linear predictor."""
    return _found(link, link.mu_eta)
