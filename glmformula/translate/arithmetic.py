"""Operators and mathematical functions of formulas, translated: one row of a table for each.

A function that most languages have is an `op` of that name, and the dialects' tables say how it is written; one
that few have is put together of others, by formulas that keep all digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..formula.functions.sequences import positions
from ..formula.functions.vectors import flag_argument, number_argument
from . import expressions as ex, moments
from .expressions import Node
from .rounding import rounded_to, sign, to_even, truncated
from .symbols import Columns, Moment, Numeric, Untranslatable, columns, is_symbol, name_of, numeric

Function = Callable[..., Any]


def each(f: Callable[..., Node], *values: Any) -> Any:
    """`f` of numbers; of matrices column by column."""
    for value in values:
        if isinstance(value, Moment):
            raise Untranslatable(
                f'not defined for "{value.kind}" objects: write as.numeric() around it for its number'
            )
    matrices = [v for v in values if isinstance(v, Columns)]
    if not matrices:
        return Numeric(f(*map(numeric, values)))
    width = max(m.width for m in matrices)
    if any(m.width != width for m in matrices):
        raise Untranslatable("non-conformable arrays: matrices of different numbers of columns")
    rows = [v.each() if isinstance(v, Columns) else [numeric(v)] * width for v in values]
    names = next((m.names for m in matrices if any(m.names)), matrices[0].names)
    return columns([f(*row) for row in zip(*rows, strict=True)], names)


def arithmetic(operator: str, *values: Any) -> Any:
    if any(isinstance(v, Moment) for v in values):
        return moments.arithmetic(operator, *values)
    if len(values) == 1:
        return each(ex.negate if operator == "-" else _same, *values)
    return each(OPERATORS[operator], *values)


def _same(x: Node) -> Node:
    return x


def power(a: Node, b: Node) -> Node:
    """R's ``^``; what has no value in R has none."""
    if isinstance(b, ex.Number):
        if b.value in (0.0, 1.0):
            return ex.case((ex.contrary(ex.missing(a)), 1.0)) if b.value == 0.0 else a
        if b.value.is_integer() and b.value > 0:
            return ex.op("power", a, b)
        if b.value.is_integer():
            return ex.divide(ex.ONE, power(a, ex.Number(-b.value)))
        at_zero = 0.0 if b.value > 0 else math.inf
        return ex.case((ex.op(">", a, 0.0), ex.op("power", a, b)), (ex.op("=", a, 0.0), at_zero))
    if isinstance(a, ex.Number) and a.value > 0:
        return ex.op("power", a, b)
    whole = ex.op("=", ex.op("floor", b), b)
    return ex.case(
        (ex.op(">", a, 0.0), ex.op("power", a, b)),
        (ex.op("=", b, 0.0), 1.0),
        (ex.op("=", a, 0.0), ex.case((ex.op(">", b, 0.0), 0.0), (ex.op("<", b, 0.0), math.inf))),
        (ex.both(ex.op("<", a, 0.0), whole), ex.op("power", a, b)),
    )


def _divided(x: Node, y: Node) -> tuple[Node, Node]:
    """Quotient rounded down, and what is left: exact where the products of the divisor are."""
    if not isinstance(y, ex.Number) or not (y.value and (y.value * 1024.0).is_integer()):
        raise Untranslatable(
            "%% and %/% are exact by a constant whole number, a half, a quarter ... only: by others the last bit "
            "decides, and databases do not agree on it; make the column in the data"
        )
    quotient = ex.op("floor", ex.divide(x, y))
    return quotient, ex.subtract(x, ex.multiply(y, quotient))


def modulo(x: Node, y: Node) -> Node:
    """R's ``%%``: the sign of the divisor. The quotient may have been rounded up to a whole number."""
    _, left = _divided(x, y)
    assert isinstance(y, ex.Number)
    wrong = ex.op("<" if y.value > 0 else ">", left, 0.0)
    return ex.case((wrong, ex.add(left, y)), default=left)


def quotient(x: Node, y: Node) -> Node:
    """R's ``%/%``."""
    whole, left = _divided(x, y)
    assert isinstance(y, ex.Number)
    wrong = ex.op("<" if y.value > 0 else ">", left, 0.0)
    return ex.case((wrong, ex.subtract(whole, ex.ONE)), default=whole)


OPERATORS: dict[str, Callable[[Node, Node], Node]] = {
    "+": ex.add, "-": ex.subtract, "*": ex.multiply, "/": ex.divide, "^": power, "%%": modulo, "%/%": quotient,
}  # fmt: skip


# ---- functions of one number, put together of others ----


def _based(name: str, x: Node) -> Node:
    return ex.case((ex.op(">", x, 0.0), ex.op(name, x)), (ex.op("=", x, 0.0), -math.inf))


def log(x: Node) -> Node:
    return _based("ln", x)


def log_to_base(x: Node, base: Node) -> Node:
    if isinstance(base, ex.Number) and base.value in (2.0, 10.0):
        return _based("log2" if base.value == 2.0 else "log10", x)
    if isinstance(base, ex.Number) and base.value > 0:
        return ex.divide(log(x), ex.number(math.log(base.value)))
    return ex.divide(log(x), log(base))


def log1p(x: Node) -> Node:
    """log(1 + x): ln(u) x / (u - 1) with u = 1 + x as it was rounded (Kahan)."""
    u = ex.add(ex.ONE, x)
    usual = ex.op("/", ex.multiply(ex.op("ln", u), x), ex.subtract(u, ex.ONE))
    return ex.case(
        (ex.op("=", u, 1.0), x),
        (ex.op(">", x, 1e17), ex.op("ln", x)),
        (ex.op(">", x, -1.0), usual),
        (ex.op("=", x, -1.0), -math.inf),
    )


def exp(x: Node) -> Node:
    return ex.op("exp", x)


def expm1(x: Node) -> Node:
    """exp(x) - 1: by its series where they cancel, (u - 1) x / ln(u) with u = exp(x) (Kahan) else."""
    series = ex.multiply(x, ex.horner([1 / math.factorial(k + 1) for k in range(5)], x))
    u = exp(x)
    usual = ex.op("/", ex.multiply(ex.subtract(u, ex.ONE), x), ex.op("ln", u))
    return ex.case(
        (ex.op("<", ex.op("abs", x), 1e-3), series),
        (ex.op("<", x, -40.0), -1.0),
        (ex.op("<", x, 40.0), usual),
        (ex.op(">=", x, 40.0), u),
    )


def _half(x: Node) -> Node:
    return ex.multiply(ex.Number(0.5), x)


def sinh(x: Node) -> Node:
    return _half(ex.subtract(expm1(x), expm1(ex.negate(x))))


def cosh(x: Node) -> Node:
    return _half(ex.add(exp(x), exp(ex.negate(x))))


def tanh(x: Node) -> Node:
    e = expm1(ex.multiply(ex.Number(2.0), x))
    return ex.case(
        (ex.op(">", x, 20.0), 1.0), (ex.op("<=", x, 20.0), ex.op("/", e, ex.add(e, ex.Number(2.0))))
    )


def asinh(x: Node) -> Node:
    size = ex.op("abs", x)
    root = ex.op("sqrt", ex.add(ex.multiply(x, x), ex.ONE))
    inner = ex.add(size, ex.op("/", ex.multiply(x, x), ex.add(ex.ONE, root)))
    return ex.multiply(sign(x), ex.case((ex.op("<", size, 1e8), log1p(inner)), default=_big(size)))


def _big(size: Node) -> Node:
    return ex.add(ex.op("ln", size), ex.number(math.log(2.0)))


def acosh(x: Node) -> Node:
    t = ex.subtract(x, ex.ONE)
    root = ex.op("sqrt", ex.multiply(t, ex.add(t, ex.Number(2.0))))
    return ex.case(
        (ex.op(">", x, 1e8), _big(x)), (ex.op(">", x, 1.0), log1p(ex.add(t, root))), (ex.op("=", x, 1.0), 0.0)
    )


def atanh(x: Node) -> Node:
    inner = ex.op("/", ex.multiply(ex.Number(2.0), x), ex.subtract(ex.ONE, x))
    return ex.case(
        (ex.op("<", ex.op("abs", x), 1.0), _half(log1p(inner))),
        (ex.op("=", x, 1.0), math.inf),
        (ex.op("=", x, -1.0), -math.inf),
    )


def sqrt(x: Node) -> Node:
    return ex.case((ex.op(">=", x, 0.0), ex.op("sqrt", x)))


def _within_one(name: str, x: Node) -> Node:
    return ex.case((ex.op("<=", ex.op("abs", x), 1.0), ex.op(name, x)))


def _wrapped(x: Node) -> Node:
    """x less the even number nearest to it: in [-1, 1]."""
    two = ex.Number(2.0)
    return ex.subtract(x, ex.multiply(two, ex.op("floor", _half(ex.add(x, ex.ONE)))))


def sinpi(x: Node) -> Node:
    t = _wrapped(x)
    return ex.case(
        (ex.op("=", ex.op("abs", t), 0.5), sign(t)),
        (ex.either(ex.op("=", t, 0.0), ex.op("=", ex.op("abs", t), 1.0)), 0.0),
        default=ex.op("sin", ex.multiply(ex.Number(math.pi), t)),
    )


def cospi(x: Node) -> Node:
    t = ex.op("abs", _wrapped(x))
    return ex.case(
        (ex.op("=", t, 0.5), 0.0),
        (ex.op("=", t, 1.0), -1.0),
        default=ex.op("cos", ex.multiply(ex.Number(math.pi), t)),
    )


def tanpi(x: Node) -> Node:
    return ex.divide(sinpi(x), cospi(x))


# Exact in every language that has them; a table of a dialect may lack some.
NATIVE = ("sin", "cos", "tan", "atan", "floor", "ceiling", "abs")
ONE: dict[str, Callable[[Node], Node]] = {
    **{name: partial(ex.op, name) for name in NATIVE},
    **{name: partial(_within_one, name) for name in ("asin", "acos")},
    **{name: partial(_based, name) for name in ("log2", "log10")},
    "log1p": log1p, "exp": exp, "expm1": expm1, "sqrt": sqrt, "sinh": sinh, "cosh": cosh, "tanh": tanh,
    "asinh": asinh, "acosh": acosh, "atanh": atanh, "sinpi": sinpi, "cospi": cospi, "tanpi": tanpi, "sign": sign,
}  # fmt: skip
MEASURED = frozenset({"floor", "ceiling", "abs", "sign"})
"""What R has for differences of times too."""


def of_one(name: str, x: Any) -> Any:
    if name in MEASURED and isinstance(x, Moment) and x.kind == "difftime":
        return Moment(ONE[name](x.node), x.kind, x.unit)
    return each(ONE[name], x)


def _log(x: Any, base: Any = None) -> Any:
    return each(log, x) if base is None else each(log_to_base, x, base)


def _round(x: Any, digits: Any = 0) -> Any:
    if isinstance(x, Moment):
        return moments.rounded(x, digits)
    if is_symbol(digits):
        raise Untranslatable("round() to a number of digits that differs from row to row")
    places = math.floor(number_argument(digits, "digits") + 0.5)
    return each(partial(rounded_to, places) if places else to_even, x)


def _trunc(x: Any, units: Any = "days") -> Any:
    return moments.truncated(x, units) if isinstance(x, Moment) else each(truncated, x)


def _arctangent(y: Any, x: Any) -> Any:
    return each(partial(ex.op, "atan2"), y, x)


def extreme(name: str, *values: Any, na_rm: Any = False) -> Any:
    """``pmin`` and ``pmax``: missing where one is, unless `na_rm`."""
    if all(isinstance(v, Moment) for v in values):
        first = values[0]
        if len({(v.kind, v.unit) for v in values}) > 1:
            raise Untranslatable(f"{name}() of times of different kinds")
        node = extreme(name, *(Numeric(v.node) for v in values), na_rm=na_rm).node
        return Moment(node, first.kind, first.unit)
    skip = flag_argument(na_rm, "na.rm")
    out = values[0]
    for value in values[1:]:
        out = each(partial(_nearer, "<=" if name == "pmin" else ">=", skip), out, value)
    return out


def _nearer(comparison: str, skip: bool, a: Node, b: Node) -> Node:
    taken = ex.compare(comparison, a, b)
    if skip:
        return ex.case((ex.missing(a), b), (ex.missing(b), a), (taken, a), default=b)
    known = ex.every(ex.contrary(ex.missing(node)) for node in (a, b))
    return ex.case((taken, a), (known, b))


def unchanged(x: Any) -> Any:
    return x


def matrix_of(*parts: Any, labels: tuple[str, ...] = (), deparse_level: Any = 1) -> Columns:
    """``cbind``."""
    nodes: list[Node] = []
    names: list[str] = []
    for part, label in zip(parts, labels, strict=True):
        if isinstance(part, Columns):
            nodes += part.each()
            names += part.names
        else:
            nodes.append(numeric(part))
            names.append(label)
    return columns(nodes, names)


def scaled(state: dict[str, Any], x: Any, center: Any = True, scale: Any = True) -> Columns:
    """``scale``: shifted and divided by what the fitted rows gave."""
    matrix = x if isinstance(x, Columns) else columns([numeric(x)], ("",))
    middle, spread = (
        np.ravel(np.asarray(state[name], dtype=np.float64)).tolist() for name in ("center", "scale")
    )
    nodes = [
        ex.divide(ex.subtract(node, ex.number(m)), ex.number(s))
        for node, m, s in zip(matrix.each(), middle, spread, strict=True)
    ]
    return columns(nodes, matrix.names)


def picked(x: Any, i: Any = None, j: Any = None, drop: Any = True) -> Any:
    """``m[, j]``."""
    if not isinstance(x, Columns):
        raise Untranslatable(f"incorrect number of dimensions: a {name_of(x)} has no columns")
    if j is None:
        return x
    if isinstance(j, str):
        chosen = [x.names.index(j)]
    else:
        chosen = positions(j, x.width).tolist()
    if len(chosen) == 1 and flag_argument(drop, "drop"):
        return Numeric(x.column(chosen[0]))
    return columns([x.column(k) for k in chosen], [x.names[k] for k in chosen])


def joined(*values: Any) -> Any:
    """``c`` of one vector is that vector."""
    given = [v for v in values if v is not None]
    if len(given) != 1:
        raise Untranslatable("c() of several columns: it puts rows behind one another")
    return given[0]


TRANSLATIONS: dict[str, Function] = {
    **{name: partial(arithmetic, name) for name in OPERATORS},
    **{name: partial(of_one, name) for name in ONE},
    **dict.fromkeys(("(", "I", "identity", "offset"), unchanged),
    "log": _log, "round": _round, "trunc": _trunc, "atan2": _arctangent,
    "pmin": partial(extreme, "pmin"), "pmax": partial(extreme, "pmax"),
    "cbind": matrix_of, "scale": scaled, "[,": picked, "c": joined,
}  # fmt: skip
