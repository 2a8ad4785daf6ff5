"""Dates and times of formulas, translated: numbers of days or seconds since 1970-01-01, as the evaluator has them."""

from __future__ import annotations

import calendar as months_and_days
import re
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from ..formula.functions import calendar, times
from ..formula.functions.vectors import flag_argument, is_text, size, text_argument, texts, vector
from ..formula.values import Time
from . import expressions as ex
from .expressions import Node
from .rounding import to_even
from .symbols import Moment, Numeric, Untranslatable, Words, is_symbol, name_of, numeric

DAY = ex.Number(calendar.DAY)
POINTS = ("Date", "POSIXct")
ZONE = "the clock of a time zone: databases do not share them; make the column a time of UTC, or a number, in the data"


def moment(value: Any) -> Moment:
    """A time, a constant too."""
    if isinstance(value, Time) and size(value) == 1:
        return Moment(ex.number(float(value.values[0])), value.kind, value.unit)
    if isinstance(value, Moment):
        return value
    raise Untranslatable(f"a date or a time was expected, a {name_of(value)} is there")


def arithmetic(operator: str, *values: Any) -> Any:
    if len(values) == 1:
        only = moment(values[0])
        if only.kind != "difftime":
            raise _undefined(operator, only)
        return Moment(ex.negate(only.node) if operator == "-" else only.node, only.kind, only.unit)
    a, b = (moment(v) if isinstance(v, Moment | Time) else v for v in values)
    one, two = (v.kind if isinstance(v, Moment) else "number" for v in (a, b))
    x, y = (v.node if isinstance(v, Moment) else numeric(v) for v in (a, b))
    operators: dict[str, Callable[[Node, Node], Node]] = {
        "+": ex.add, "-": ex.subtract, "*": ex.multiply, "/": ex.divide,
    }  # fmt: skip
    f = operators.get(operator)
    if f is None:
        raise _undefined(operator, a)
    if two == "number" and (operator in "+-" or one == "difftime"):
        return Moment(f(x, y), a.kind, a.unit)
    if one == "number" and operator in "+*" and (operator == "+" or two == "difftime"):
        return Moment(f(x, y), b.kind, b.unit)
    if one in POINTS and two == "difftime" and operator in "+-":
        step = calendar.SECONDS[b.unit] / (calendar.DAY if one == "Date" else 1.0)
        return Moment(f(x, ex.multiply(y, ex.number(step))), a.kind, a.unit)
    if one == "difftime" and two in POINTS and operator == "+":
        return arithmetic("+", b, a)
    if one == two == "Date" and operator == "-":
        return Moment(f(x, y), "difftime", "days")
    if one == two == "difftime" and operator in "+-" and a.unit == b.unit:
        return Moment(f(x, y), a.kind, a.unit)
    raise _undefined(operator, a if isinstance(a, Moment) else b)


def _undefined(what: str, value: Any) -> Untranslatable:
    return Untranslatable(f'{what} not defined for "{name_of(value)}" objects: write as.numeric() around it')


def aligned(e1: Any, e2: Any) -> tuple[Node, Node]:
    """Two sides of a comparison as numbers; a constant text is read as the other side's kind."""
    known = next(v for v in (e1, e2) if isinstance(v, Moment | Time))
    like = moment(known)
    nodes = []
    for value in (e1, e2):
        if is_text(value):
            nodes.append(ex.number(read(like, text_argument(value, "date"))))
        elif isinstance(value, Moment | Time):
            other = moment(value)
            if other.kind != like.kind or (like.kind == "difftime" and other.unit != like.unit):
                raise Untranslatable(
                    f"comparison of a {like.kind} and a {other.kind}: make them the same kind"
                )
            nodes.append(other.node)
        elif not is_symbol(value) or isinstance(value, Numeric):
            nodes.append(numeric(value))
        else:
            raise Untranslatable(f"comparison of a {like.kind} and a {name_of(value)}")
    return nodes[0], nodes[1]


def read(like: Moment, text: str) -> float:
    """A text as a number of the same kind."""
    return float(times.read_as(Time(np.zeros(1), like.kind, like.unit), text).values[0])


def elements(like: Moment, table: Any) -> list[Any]:
    """The times of a constant vector, one by one."""
    if isinstance(table, Time):
        return [Time(np.array([v]), table.kind, table.unit) for v in table.values.tolist()]
    return [str(v) for v in texts(table)] if is_text(table) else vector(table).tolist()


# ---- the calendar ----


def utc(x: Moment) -> None:
    if x.kind == "POSIXct" and x.unit not in ("", "UTC", "GMT"):
        raise Untranslatable(ZONE)


def day_of(x: Moment) -> Node:
    """Whole days since 1970-01-01."""
    utc(x)
    return ex.op("floor", x.node if x.kind == "Date" else ex.divide(x.node, DAY))


def second_of_day(x: Moment) -> Node:
    if x.kind == "Date":
        return ex.ZERO
    return ex.subtract(x.node, ex.multiply(DAY, day_of(x)))


def weekday(x: Moment) -> Node:
    """0 on Mondays; 1970-01-01 was a Thursday."""
    since = ex.add(day_of(x), ex.Number(3.0))
    return ex.subtract(since, ex.multiply(ex.Number(7.0), ex.op("floor", ex.divide(since, ex.Number(7.0)))))


def _of_day(part: str, x: Moment) -> Node:
    return ex.op(part, day_of(x))


def _of_clock(unit: float, modulus: float, x: Moment) -> Node:
    count = ex.op("floor", ex.divide(second_of_day(x), ex.Number(unit)))
    whole = ex.op("floor", ex.divide(count, ex.Number(modulus)))
    return ex.subtract(count, ex.multiply(ex.Number(modulus), whole))


def quarter(x: Moment) -> Node:
    return ex.op("ceiling", ex.divide(_of_day("month", x), ex.Number(3.0)))


def _named(names: Sequence[str], number: Callable[[Moment], Node], first: int, x: Moment) -> Node:
    node = number(x)
    tests = ((ex.op("=", node, float(first + k)), ex.Word(name)) for k, name in enumerate(names))
    return ex.case(*tests, default=ex.Missing("text"))


def _padded(width: int, number: Callable[[Moment], Node], x: Moment) -> Node:
    node = number(x)
    text = ex.op("digits", node)
    zeros = (
        (ex.op("<", node, 10.0**k), ex.op("||", ex.Word("0" * (width - k)), text)) for k in range(1, width)
    )
    return ex.case(*zeros, default=text)


_DAYS, _MONTHS = list(months_and_days.day_name), list(months_and_days.month_name)[1:]
_hour, _minute, _second = (partial(_of_clock, *pair) for pair in ((3600.0, 24.0), (60.0, 60.0), (1.0, 60.0)))
_year, _month, _day, _yearday = (partial(_of_day, part) for part in ("year", "month", "day", "day_of_year"))
CODES: dict[str, Callable[[Moment], Node]] = {
    "Y": partial(_padded, 1, _year), "m": partial(_padded, 2, _month), "d": partial(_padded, 2, _day),
    "H": partial(_padded, 2, _hour), "M": partial(_padded, 2, _minute), "S": partial(_padded, 2, _second),
    "j": partial(_padded, 3, _yearday), "q": partial(_padded, 1, quarter),
    "a": partial(_named, [name[:3] for name in _DAYS], weekday, 0), "A": partial(_named, _DAYS, weekday, 0),
    "b": partial(_named, [name[:3] for name in _MONTHS], _month, 1), "B": partial(_named, _MONTHS, _month, 1),
    "u": partial(_named, list("1234567"), weekday, 0), "w": partial(_named, list("1234560"), weekday, 0),
}  # fmt: skip


def written(x: Moment, form: str) -> Node:
    """A time by R's format."""
    form = re.sub("%([FTRh])", lambda m: calendar.SHORT[m[1]], form)
    pieces: list[Node] = []
    for piece in re.findall("%.|[^%]+", form, re.S):
        if piece[0] == "%" and piece[1] not in (*CODES, "%"):
            raise Untranslatable(
                f"the format '{piece}' of times; known are {' '.join('%' + c for c in CODES)}"
            )
        pieces.append(
            CODES[piece[1]](x) if piece[0] == "%" and piece[1] != "%" else ex.Word(piece.replace("%%", "%"))
        )
    return reduce(partial(ex.op, "||"), pieces) if pieces else ex.Word("")


# ---- functions ----


def in_units(x: Moment, units: Any) -> Node:
    """``as.numeric``."""
    if units is None or x.kind != "difftime":
        return x.node
    wanted = calendar.SECONDS[calendar.unit_named(text_argument(units, "units"))]
    return ex.multiply(x.node, ex.number(calendar.SECONDS[x.unit] / wanted))


def as_date(x: Any, format: Any = None, tryFormats: Any = None, tz: Any = None, **_: Any) -> Moment:
    if isinstance(x, Moment) and x.kind == "Date":
        return x
    if isinstance(x, Moment) and x.kind == "POSIXct":
        if tz is not None and text_argument(tz, "tz") not in ("", "UTC", "GMT"):
            raise Untranslatable(ZONE)
        return Moment(day_of(Moment(x.node, x.kind)), "Date")
    if isinstance(x, Numeric):
        return Moment(x.node, "Date")
    raise Untranslatable(f"a {name_of(x)} read as a date: make the column a date in the data")


def as_posixct(x: Any, tz: Any = "", format: Any = None, **_: Any) -> Moment:
    zone = text_argument(tz, "tz")
    if isinstance(x, Moment) and x.kind == "Date":
        return Moment(ex.multiply(x.node, DAY), "POSIXct", zone)
    if isinstance(x, Moment) and x.kind == "POSIXct":
        return Moment(x.node, x.kind, zone or x.unit)
    if isinstance(x, Numeric):
        return Moment(x.node, "POSIXct", zone)
    raise Untranslatable(f"a {name_of(x)} read as a time: make the column a time in the data")


def _point(x: Any, name: str) -> Moment:
    if isinstance(x, Moment) and x.kind in POINTS:
        return x
    raise Untranslatable(f"{name}() needs dates or times, a {name_of(x)} was given")


def format_time(x: Any, format: Any = None, tz: Any = "", **_: Any) -> Words:
    time = _point(x, "format")
    if text_argument(tz, "tz") not in ("", "UTC", "GMT"):
        raise Untranslatable(ZONE)
    return Words(written(time, "%Y-%m-%d" if format is None else text_argument(format, "format")))


def _by_code(name: str, long: str, short: str, x: Any, abbreviate: Any = False) -> Words:
    return Words(written(_point(x, name), short if flag_argument(abbreviate, "abbreviate") else long))


def julian(x: Any, origin: Any = None) -> Any:
    time = _point(x, "julian")
    since = time.node if origin is None else ex.subtract(*aligned(time, origin))
    return Numeric(since) if time.kind == "Date" else Moment(ex.divide(since, DAY), "difftime", "days")


def difftime(time1: Any, time2: Any, tz: Any = "UTC", units: Any = None) -> Moment:
    unit = text_argument(units, "units")
    both = [v if is_symbol(v) else _constant(v, text_argument(tz, "tz")) for v in (time1, time2)]
    a, b = (as_posixct(v).node for v in both)
    return Moment(ex.divide(ex.subtract(a, b), ex.number(calendar.SECONDS[unit])), "difftime", unit)


def _constant(value: Any, tz: str) -> Moment:
    return moment(times.as_posixct(value, tz))


def truncated(x: Moment, units: Any = "days") -> Moment:
    unit = calendar.unit_named(text_argument(units, "units"))
    if x.kind == "difftime" or unit in ("weeks", "quarters"):
        raise Untranslatable(f"trunc() of a {x.kind} to {unit}")
    utc(x)
    if unit in ("days", "months", "years"):
        days = day_of(x)
        if unit != "days":
            of = _day(x) if unit == "months" else _yearday(x)
            days = ex.subtract(days, ex.subtract(of, ex.ONE))
        return Moment(days if x.kind == "Date" else ex.multiply(DAY, days), x.kind, x.unit)
    if x.kind == "Date":
        return Moment(day_of(x), x.kind, x.unit)
    seconds = ex.number(calendar.SECONDS[unit])
    return Moment(ex.multiply(seconds, ex.op("floor", ex.divide(x.node, seconds))), x.kind, x.unit)


def rounded(x: Moment, units: Any = 0) -> Moment:
    if x.kind == "POSIXct":
        unit = calendar.unit_named(text_argument(units, "units"))
        half = ex.add(x.node, ex.number(calendar.SECONDS[unit] / 2))
        return truncated(Moment(half, x.kind, x.unit), unit)
    return Moment(to_even(x.node), x.kind, x.unit)


TRANSLATIONS: dict[str, Any] = {
    "as.Date": as_date, "as.POSIXct": as_posixct, "format": format_time, "strftime": format_time,
    "weekdays": partial(_by_code, "weekdays", "%A", "%a"), "months": partial(_by_code, "months", "%B", "%b"),
    "quarters": partial(_by_code, "quarters", "Q%q", "Q%q"), "julian": julian, "difftime": difftime,
}  # fmt: skip
