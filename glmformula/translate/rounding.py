"""Sign and rounding, put together of comparisons and ``floor``: databases differ in halves and in zeros."""

from __future__ import annotations

from . import expressions as ex
from .expressions import Node


def sign(x: Node) -> Node:
    return ex.case((ex.op(">", x, 0.0), 1.0), (ex.op("<", x, 0.0), -1.0), (ex.op("=", x, 0.0), 0.0))


def truncated(x: Node) -> Node:
    """Towards zero."""
    return ex.case((ex.op("<", x, 0.0), ex.op("ceiling", x)), default=ex.op("floor", x))


def is_even(whole: Node) -> Node:
    half = ex.op("floor", ex.multiply(ex.Number(0.5), whole))
    return ex.op("=", ex.multiply(ex.Number(2.0), half), whole)


def to_even(x: Node) -> Node:
    """The nearest whole number, halves to the even one."""
    below = ex.op("floor", x)
    left, up = ex.subtract(x, below), ex.add(below, ex.ONE)
    return ex.case(
        (ex.op("<", left, 0.5), below), (ex.op(">", left, 0.5), up), (is_even(below), below), default=up
    )


def rounded_to(digits: int, x: Node) -> Node:
    """R >= 4.0.0's rounding: of the two neighbours with so many decimals the nearer, in a tie the even."""
    size, unit = ex.op("abs", x), ex.Number(10.0 ** abs(digits))
    scaled = ex.multiply(size, unit) if digits >= 0 else ex.divide(size, unit)
    low, high = ex.op("floor", scaled), ex.op("ceiling", scaled)
    below, above = (ex.divide(n, unit) if digits >= 0 else ex.multiply(n, unit) for n in (low, high))
    down, up = ex.subtract(size, below), ex.subtract(above, size)
    nearer = ex.either(ex.op("<", down, up), ex.both(ex.op("=", down, up), is_even(low)))
    nearest = ex.case((nearer, below), default=above)
    return ex.case((ex.op(">=", size, 10.0 ** (15 - digits)), x), default=ex.multiply(sign(x), nearest))
