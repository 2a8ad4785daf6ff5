"""R's Date, POSIXct and difftime in formulas: arithmetic, comparison, reading and writing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError
from ..values import Factor, Text, Time, Value
from . import calendar
from .registry import RFunction, function
from .vectors import common_rows, flag_argument, is_text, kind, numbers, text_argument, texts, vector

_EPOCH = Time(np.zeros(1), "Date")


def arithmetic(operator: str, *values: Value) -> Value:
    """``+ - * /`` where one side is a time, by R's rules: only what has a meaning."""
    if len(values) != 2:
        (value,) = values
        if isinstance(value, Time) and value.kind == "difftime":
            return replace(value, values=-value.values) if operator == "-" else value
        raise _undefined(f"unary {operator}", value)
    a, b = values
    kinds = tuple(v.kind if isinstance(v, Time) else "number" for v in values)
    x, y = (_plain(v) for v in values)
    common_rows((x, y))
    point = ("Date", "POSIXct")
    match (operator, *kinds):
        case ("+", k, "number") | ("-", k, "number") if k in point or k == "difftime":
            assert isinstance(a, Time)
            return replace(a, values=x + y if operator == "+" else x - y)
        case ("+", "number", _):
            assert isinstance(b, Time)
            return replace(b, values=x + y)
        case ("+" | "-", k, "difftime") if k in point:
            assert isinstance(a, Time)
            assert isinstance(b, Time)
            step = y * calendar.SECONDS[b.unit] / (calendar.DAY if k == "Date" else 1.0)
            return replace(a, values=x + step if operator == "+" else x - step)
        case ("+", "difftime", k) if k in point:
            return arithmetic("+", b, a)
        case ("-", "Date", "Date"):
            return Time(np.atleast_1d(x - y), "difftime", "days")
        case ("-", "POSIXct", "POSIXct"):
            raise FormulaError(
                "the difference of two times has the unit that R picks from the smallest difference in the "
                'data: name it, as in difftime(a, b, units = "days")'
            )
        case ("-", "Date", "POSIXct") | ("-", "POSIXct", "Date"):
            raise _mixed()
        case ("+" | "-", "difftime", "difftime"):
            assert isinstance(a, Time)
            assert isinstance(b, Time)
            if a.unit != b.unit:
                raise FormulaError(f"differences in {a.unit} and in {b.unit}: give both the same units")
            return replace(a, values=x + y if operator == "+" else x - y)
        case ("*" | "/", "difftime", "number"):
            assert isinstance(a, Time)
            return replace(a, values=x * y if operator == "*" else x / y)
        case ("*", "number", "difftime"):
            assert isinstance(b, Time)
            return replace(b, values=x * y)
        case _:
            raise _undefined(operator, a if isinstance(a, Time) else b)


def _plain(value: Value) -> Any:
    return numbers(value, "non-numeric argument to binary operator")


def _undefined(what: str, value: Value) -> DataError:
    name = kind(value)
    return DataError(
        f'{what} not defined for "{name}" objects: write as.numeric() around it for the number of '
        f"{'seconds' if name == 'POSIXct' else value.unit if isinstance(value, Time) and value.unit else 'days'}"
    )


def _mixed() -> DataError:
    return DataError(
        "a Date (days) and a POSIXct (seconds) do not go together: turn one into the other with as.Date() "
        "or as.POSIXct()"
    )


def aligned(e1: Value, e2: Value) -> tuple[Value, Value]:
    """Two sides of a comparison as numbers; text is read as the other side's kind."""
    time = e1 if isinstance(e1, Time) else e2
    assert isinstance(time, Time)
    out: list[Value] = []
    for value in (e1, e2):
        if is_text(value) or isinstance(value, Factor):
            value = read_as(time, value)
        if isinstance(value, Time) and value.kind != time.kind:
            if "difftime" in (value.kind, time.kind):
                raise DataError(f"comparison of a {time.kind} and a {value.kind}: make them the same kind")
            raise _mixed()
        if isinstance(value, Time) and value.kind == "difftime" and value.unit != time.unit:
            raise FormulaError(f"differences in {time.unit} and in {value.unit}: give both the same units")
        out.append(value.values if isinstance(value, Time) else value)
    return out[0], out[1]


def read_as(like: Time, value: Value) -> Time:
    """Text as a value of the same kind; a clock is that of the time zone."""
    if like.kind == "Date":
        return as_date(value)
    if like.kind == "POSIXct":
        return as_posixct(value, like.unit)
    raise DataError("a difference of times is compared with a number")


def together(op: Any, times: list[Time]) -> Time:
    """``pmin`` and its like of times of one kind."""
    first = times[0]
    if len({(t.kind, t.unit if t.kind == "difftime" else "") for t in times}) > 1:
        raise _mixed()
    out = first.values
    for time in times[1:]:
        common_rows((out, time.values))
        out = op(out, time.values)
    return replace(first, values=out)


# ---- as.Date, as.POSIXct, ISOdate ----


def as_date(
    x: Value,
    format: Value | None = None,
    tryFormats: Value | None = None,
    tz: Value | None = None,
    **_: Value,
) -> Time:
    """Text by its format, days since 1970-01-01, or the date of a time (in UTC unless `tz` is given)."""
    if isinstance(x, Time):
        if x.kind == "Date":
            return x
        if x.kind == "difftime":
            raise DataError('do not know how to convert a "difftime" to class “Date”')
        zone = "UTC" if tz is None else text_argument(tz, "tz")
        return calendar.at_clock(calendar.moments(replace(x, unit=zone)), _EPOCH)
    if is_text(x) or isinstance(x, Factor):
        form = None if format is None else text_argument(format, "format")
        seconds = calendar.read_texts(texts(x), form, calendar.DATE_FORMATS, False)
        return Time(np.floor(seconds / calendar.DAY), "Date")
    if kind(x) == "logical" and not np.isnan(vector(x)).all():
        raise DataError("do not know how to convert a logical to class “Date”")
    return Time(vector(x), "Date")


def as_posixct(x: Value, tz: Value = "", format: Value | None = None, **_: Value) -> Time:
    """Text by its format, or seconds since 1970-01-01 UTC; without `tz` a clock is UTC's."""
    zone = text_argument(tz, "tz") or "UTC"
    calendar.zone(zone)
    if isinstance(x, Time):
        if x.kind == "difftime":
            raise DataError('do not know how to convert a "difftime" to class “POSIXct”')
        if x.kind == "Date":
            return Time(x.values * calendar.DAY, "POSIXct", zone)
        return replace(x, unit=zone) if tz != "" else x
    if is_text(x) or isinstance(x, Factor):
        form = None if format is None else text_argument(format, "format")
        clock = calendar.read_texts(texts(x), form, calendar.TIME_FORMATS, True)
        return Time(_from_clock(clock, zone), "POSIXct", zone)
    return Time(vector(x), "POSIXct", zone)


def _from_clock(seconds: np.ndarray, zone: str) -> np.ndarray:
    if zone in ("UTC", "GMT"):
        return seconds
    whole = np.floor(seconds)
    return calendar.from_clock(calendar.index_of(whole), zone) + (seconds - whole)


def iso_datetime(
    year: Value, month: Value, day: Value, hour: Value = 12, min: Value = 0, sec: Value = 0, tz: Value = "GMT"
) -> Time:
    """``ISOdate``: noon of a day given in numbers; NA for a day that is none."""
    parts = [vector(v) for v in (year, month, day, hour, min, sec)]
    n = common_rows(parts)
    y, m, d, h, mi, s = (np.broadcast_to(p, (n,)) for p in parts)
    frame = pd.DataFrame({"year": y, "month": m, "day": d})
    dates = pd.to_datetime(frame, errors="coerce", cache=True)
    days = calendar.seconds_of(pd.DatetimeIndex(dates))
    clock = days + h * 3600 + mi * 60 + s
    clock[(h < 0) | (h > 24) | (mi < 0) | (mi > 59) | (s < 0) | (s > 61)] = np.nan
    zone = text_argument(tz, "tz") or "UTC"
    return Time(_from_clock(clock, zone), "POSIXct", zone)


# ---- what is said about a time ----


def _needed(x: Value, name: str, *kinds: str) -> Time:
    if isinstance(x, Time) and x.kind in (kinds or ("Date", "POSIXct")):
        return x
    raise DataError(f"{name}() needs dates or times, a {kind(x)} was given: write as.Date() around it")


def format_time(x: Value, format: Value | None = None, tz: Value = "", **_: Value) -> Value:
    time = _needed(x, "format")
    zone = text_argument(tz, "tz")
    if zone and time.kind == "POSIXct":
        time = replace(time, unit=calendar.zone(zone))
    if format is None and time.kind == "POSIXct":
        raise FormulaError('format() of times needs a format here, such as "%Y-%m-%d %H:%M"')
    return Text(calendar.written(time, "%Y-%m-%d" if format is None else text_argument(format, "format")))


def weekdays(x: Value, abbreviate: Value = False) -> Value:
    short = flag_argument(abbreviate, "abbreviate")
    return Text(calendar.written(_needed(x, "weekdays"), "%a" if short else "%A"))


def months(x: Value, abbreviate: Value = False) -> Value:
    short = flag_argument(abbreviate, "abbreviate")
    return Text(calendar.written(_needed(x, "months"), "%b" if short else "%B"))


def quarters(x: Value) -> Value:
    return Text(calendar.written(_needed(x, "quarters"), "Q%q"))


def julian(x: Value, origin: Value | None = None) -> Value:
    """Days since the origin; of times R's difference in days."""
    time = _needed(x, "julian")
    since = time.values if origin is None else time.values - np.asarray(aligned(time, origin)[1])
    return since if time.kind == "Date" else Time(since / calendar.DAY, "difftime", "days")


def difftime(time1: Value, time2: Value, tz: Value = "UTC", units: Value | None = None) -> Time:
    """The difference in the units that are named."""
    unit = "auto" if units is None else text_argument(units, "units")
    if unit not in calendar.SECONDS:
        raise FormulaError(
            "difftime(): name the units, secs, mins, hours, days or weeks; R picks them from the smallest "
            "difference in the data"
        )
    a, b = (as_posixct(v, tz).values for v in (time1, time2))
    common_rows((a, b))
    return Time((a - b) / calendar.SECONDS[unit], "difftime", unit)


def truncated(x: Time, units: Value = "days") -> Time:
    unit = calendar.unit_named(text_argument(units, "units"))
    if unit in ("weeks", "quarters"):
        raise FormulaError(f'trunc() to {unit} is not in R: use cut(x, "{unit[:-1]}")')
    return calendar.floored(_needed(x, "trunc"), unit)


def rounded(x: Time, units: Value = 0) -> Time:
    """To the nearest unit of the clock, halves up; a Date to the nearest day."""
    if x.kind == "Date":
        if is_text(units):
            raise DataError("non-numeric argument to mathematical function: round() of dates has no units")
        return replace(x, values=np.rint(x.values))
    if not is_text(units):
        raise FormulaError('round() of times needs a unit, as in round(x, "hours")')
    unit = calendar.unit_named(text_argument(units, "units"))
    if unit not in ("secs", "mins", "hours", "days"):
        raise FormulaError("round() of times knows secs, mins, hours and days here")
    half = replace(x, values=x.values + calendar.SECONDS[unit] / 2)
    return calendar.floored(half, unit)


def as_difference(x: Time, units: Value | None) -> np.ndarray:
    """``as.numeric(difference, units = "hours")``."""
    if units is None or x.kind != "difftime":
        return x.values
    unit = calendar.unit_named(text_argument(units, "units"))
    if unit not in calendar.SECONDS:
        raise FormulaError(f"a difference cannot be given in {unit}")
    return x.values * (calendar.SECONDS[x.unit] / calendar.SECONDS[unit])


FUNCTIONS: tuple[RFunction, ...] = (
    function("as.Date", as_date, "x, format, tryFormats, optional, tz, origin"),
    function("as.POSIXct", as_posixct, "x, tz, format, origin"),
    function("ISOdate", iso_datetime, "year, month, day, hour, min, sec, tz"),
    function("ISOdatetime", iso_datetime, "year, month, day, hour, min, sec, tz"),
    function("format", format_time, "x, format, tz, usetz"),
    function("strftime", format_time, "x, format, tz, usetz"),
    function("weekdays", weekdays, "x, abbreviate"),
    function("months", months, "x, abbreviate"),
    function("quarters", quarters),
    function("julian", julian, "x, origin"),
    function("difftime", difftime, "time1, time2, tz, units"),
)
