"""Dates and times: written by a format, read by a format, cut down to a unit, counted on in units.

A `Time` holds R's numbers: days (Date) or seconds (POSIXct) since 1970-01-01, in `unit`s (difftime). The words of
formats are English, as in R's C locale.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError
from ..values import Time
from .strings import number_text, objects, spread

DAY = 86400.0
SECONDS = {"secs": 1.0, "mins": 60.0, "hours": 3600.0, "days": DAY, "weeks": 7 * DAY}
"""Units of a difference, in seconds."""
_MONTHS = {"months": 1, "quarters": 3, "years": 12}
_SINGULAR = {"sec": "secs", "min": "mins", "hour": "hours", "day": "days", "week": "weeks", "month": "months",
             "quarter": "quarters", "year": "years"}  # fmt: skip

DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d")
TIME_FORMATS = tuple(
    f"{date}{clock}" for clock in (" %H:%M:%S", " %H:%M", "T%H:%M:%S", "") for date in DATE_FORMATS
)


def moments(time: Time) -> pd.DatetimeIndex:
    """Calendar and clock of each element, in its time zone (without a mark of it); NaT for NA."""
    values = time.values
    seconds = np.floor(values) * DAY if time.kind == "Date" else values
    whole = np.floor(np.where(np.isfinite(seconds), seconds, 0))
    if (np.abs(whole) > 2.5e11).any():
        raise DataError(f"a {time.kind} lies beyond the years 1 to 9999")
    stamps = whole.astype(np.int64).astype("datetime64[s]")
    stamps[~np.isfinite(seconds)] = np.datetime64("NaT", "s")
    index = pd.DatetimeIndex(stamps)
    if time.kind == "POSIXct" and time.unit not in ("", "UTC", "GMT"):
        index = index.tz_localize("UTC").tz_convert(zone(time.unit)).tz_localize(None)
    return index


def zone(name: str) -> Any:
    """A time zone that Python knows by this name."""
    try:
        pd.Timestamp(0).tz_localize(name or "UTC")
    except Exception:
        raise FormulaError(f"unknown time zone '{name}': names are such as \"Europe/Berlin\"") from None
    return name or "UTC"


def from_clock(index: pd.DatetimeIndex, unit: str) -> np.ndarray:
    """Seconds since 1970-01-01 UTC of what clocks in a time zone show."""
    if unit not in ("", "UTC", "GMT"):
        # R takes the first of two equal clock times and moves what the clock skips
        local = index.tz_localize(
            zone(unit), ambiguous=np.ones(len(index), bool), nonexistent="shift_forward"
        )
        index = local.tz_convert("UTC").tz_localize(None)
    return seconds_of(index)


def seconds_of(index: pd.DatetimeIndex) -> np.ndarray:
    stamps = index.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e6)


# ---- writing ----


def _two(numbers: Any) -> list[str]:
    return [f"{n:02d}" for n in numbers]


def _monday_based(i: pd.DatetimeIndex) -> np.ndarray:
    return i.day_of_week.to_numpy()


_CODES: dict[str, Callable[[pd.DatetimeIndex], Any]] = {
    "Y": lambda i: [str(y) for y in i.year],
    "y": lambda i: _two(i.year % 100),
    "C": lambda i: _two(i.year // 100),
    "m": lambda i: _two(i.month),
    "d": lambda i: _two(i.day),
    "e": lambda i: [f"{d:2d}" for d in i.day],
    "H": lambda i: _two(i.hour),
    "I": lambda i: _two((i.hour + 11) % 12 + 1),
    "M": lambda i: _two(i.minute),
    "S": lambda i: _two(i.second),
    "p": lambda i: ["AM" if h < 12 else "PM" for h in i.hour],
    "j": lambda i: [f"{d:03d}" for d in i.day_of_year],
    "a": lambda i: [calendar.day_name[d][:3] for d in _monday_based(i)],
    "A": lambda i: [calendar.day_name[d] for d in _monday_based(i)],
    "b": lambda i: [calendar.month_name[m][:3] for m in i.month],
    "B": lambda i: [calendar.month_name[m] for m in i.month],
    "u": lambda i: [str(d + 1) for d in _monday_based(i)],
    "w": lambda i: [str((d + 1) % 7) for d in _monday_based(i)],
    "U": lambda i: _two((i.day_of_year.to_numpy() + 6 - (_monday_based(i) + 1) % 7) // 7),
    "W": lambda i: _two((i.day_of_year.to_numpy() + 6 - _monday_based(i)) // 7),
    "V": lambda i: _two(i.isocalendar().week),
    "G": lambda i: [str(y) for y in i.isocalendar().year],
    "q": lambda i: [str(q) for q in i.quarter],
    "%": lambda i: ["%"] * len(i),
}  # fmt: skip
SHORT = {"F": "%Y-%m-%d", "D": "%m/%d/%y", "T": "%H:%M:%S", "R": "%H:%M", "h": "%b"}


def written(time: Time, form: str) -> np.ndarray:
    """Each element by R's format, None for NA; each distinct one is written once."""
    codes, distinct = pd.factorize(time.values)
    index = moments(Time(distinct.astype(np.float64), time.kind, time.unit))
    form = re.sub("%([FDTRh])", lambda m: SHORT[m[1]], form)
    unknown = next((c for c in re.findall("%(.?)", form) if c not in _CODES), None)
    if unknown is not None:
        raise FormulaError(
            f"format '%{unknown}' is not known here; known are {' '.join('%' + c for c in _CODES)}"
        )
    pieces = [
        _CODES[piece[1]](index) if piece[0] == "%" else [piece] * len(index)
        for piece in re.findall("%.|[^%]+", form, re.S)
    ]
    return spread(["".join(parts) for parts in zip(*pieces)] if pieces else [""] * len(index), codes)


def labels(time: Time) -> np.ndarray:
    """``as.character``: the date, and the clock where it is not midnight (R >= 4.3); None for NA."""
    if time.kind == "difftime":
        return objects([None if np.isnan(v) else number_text(v) for v in time.values])
    dates = written(time, "%Y-%m-%d")
    if time.kind == "Date":
        return dates
    clocks = written(time, " %H:%M:%S")
    parts = time.values - np.floor(time.values)
    out = [
        None
        if date is None
        else date + ("" if clock == " 00:00:00" and not part else clock + _fraction(part))
        for date, clock, part in zip(dates, clocks, parts, strict=True)
    ]
    return objects(out)


def _fraction(part: float) -> str:
    return "" if not part > 0 else f"{part:.6f}"[1:].rstrip("0")


# ---- reading ----

_NAMES = {name[:3].lower(): k for k, name in enumerate(calendar.month_name) if k}
_PATTERNS = {
    "Y": r"(?P<Y>\d{1,4})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "e": r"\s*(?P<d>\d{1,2})",
    "y": r"(?P<y>\d{2})", "j": r"(?P<j>\d{1,3})", "H": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2}(?:\.\d+)?)", "B": r"(?P<B>[A-Za-z]{3,9})", "b": r"(?P<B>[A-Za-z]{3,9})", "%": "%",
}  # fmt: skip


def reader(form: str) -> Callable[[str], float]:
    """A function from text to seconds (clock time) by R's format; NaN where it does not fit.

    What follows the format in a text is ignored, as by R.
    """
    form = re.sub("%([FDTRh])", lambda m: SHORT[m[1]], form.replace("%OS", "%S"))
    pieces = []
    for piece in re.findall(r"%.?|\s+|[^%\s]+", form, re.S):
        if piece[0] == "%" and piece[1:] not in _PATTERNS:
            raise FormulaError(f"format '{piece}' is not known for reading dates here")
        pieces.append(
            _PATTERNS[piece[1]] if piece[0] == "%" else r"\s*" if piece.isspace() else re.escape(piece)
        )
    pattern = re.compile(r"\s*" + r"\s*".join(pieces))

    def read(text: str) -> float:
        match = pattern.match(text)
        return np.nan if match is None else _instant(match.groupdict())

    return read


def _instant(found: dict[str, str]) -> float:
    year = int(found["Y"]) if "Y" in found else None
    if "y" in found:
        year = int(found["y"])
        year += 2000 if year < 69 else 1900
    month = _NAMES.get(found["B"][:3].lower()) if "B" in found else int(found["m"]) if "m" in found else None
    clock = [float(found.get(key, 0)) for key in "HMS"]
    if clock[0] > 24 or clock[1] > 59 or clock[2] > 61 or year is None:
        return np.nan
    try:
        if "j" in found:
            date = datetime.date(year, 1, 1) + datetime.timedelta(int(found["j"]) - 1)
        elif month is None or "d" not in found:
            return np.nan
        else:
            date = datetime.date(year, month, int(found["d"]))
    except (ValueError, OverflowError):
        return np.nan
    return (date - datetime.date(1970, 1, 1)).days * DAY + clock[0] * 3600 + clock[1] * 60 + clock[2]


def read_texts(texts: np.ndarray, form: str | None, formats: tuple[str, ...], every: bool) -> np.ndarray:
    """Seconds (clock time) that texts say, NaN where they say none.

    Without a format, the first of `formats` that fits the first text (or `every` one).

    Raises
    ------
    DataError
        R's "character string is not in a standard unambiguous format".
    """
    codes, distinct = pd.factorize(texts)
    known = [str(text) for text in distinct]
    if form is not None:
        formats = (form,)
    for candidate in formats if known else ():
        read = reader(candidate)
        values = np.array([read(text) for text in known])
        if form is not None or not np.isnan(values if every else values[:1]).any():
            return np.append(values, np.nan)[codes]
    if known:
        raise DataError(
            f"character string is not in a standard unambiguous format: '{known[0]}'; write a date as "
            '"2020-12-31", or give its format: as.Date(x, "%d.%m.%Y")'
        )
    return np.full(len(texts), np.nan)


# ---- units ----


def unit_named(text: str) -> str:
    """``"month"`` and ``"months"`` are "months"."""
    name = _SINGULAR.get(text, text)
    if name not in SECONDS and name not in _MONTHS:
        raise FormulaError(
            f"'{text}' is no unit of time; units are secs, mins, hours, days, weeks, months, quarters and years"
        )
    return name


def floored(time: Time, unit: str) -> Time:
    """Down to the last full second, minute ... year of its calendar and clock; weeks begin on Monday."""
    index = moments(time)
    if unit in _MONTHS:
        step = _MONTHS[unit]
        months = index.to_numpy().astype("datetime64[M]").astype(np.int64)
        start = pd.DatetimeIndex((months // step * step).astype("datetime64[M]").astype("datetime64[s]"))
        start = pd.DatetimeIndex(start.where(index.notna()))
    else:
        seconds = seconds_of(index)
        shift = 4 * DAY if unit == "weeks" else 0.0  # 1970-01-05 was a Monday
        down = np.floor((seconds - shift) / SECONDS[unit]) * SECONDS[unit] + shift
        start = index_of(down)
    return at_clock(start, time)


def later(time: Time, count: int, unit: str) -> Time:
    """`count` units on in the calendar."""
    index = moments(time)
    if unit in _MONTHS:
        moved = index + pd.DateOffset(months=count * _MONTHS[unit])
    else:
        moved = index_of(seconds_of(index) + count * SECONDS[unit])
    return at_clock(pd.DatetimeIndex(moved), time)


def at_clock(index: pd.DatetimeIndex, like: Time) -> Time:
    """What a calendar and clock show as a value of the same kind."""
    if like.kind == "Date":
        return Time(np.floor(seconds_of(index) / DAY), "Date")
    return Time(from_clock(index, like.unit), like.kind, like.unit)


def index_of(seconds: np.ndarray) -> pd.DatetimeIndex:
    stamps = np.where(np.isnan(seconds), 0, seconds).astype(np.int64).astype("datetime64[s]")
    stamps[np.isnan(seconds)] = np.datetime64("NaT", "s")
    return pd.DatetimeIndex(stamps)


def breaks_by(ends: Time, spec: str) -> tuple[Time, bool]:
    """The starts of the units (``"month"``, ``"2 weeks"``) from the first value to beyond the last.

    The second value says whether they are shorter than a day.
    """
    match = re.fullmatch(r"(?:(\d+)\s+)?([A-Za-z]+)", spec.strip())
    if match is None:
        raise FormulaError(f"invalid specification of 'breaks': '{spec}'; write \"month\" or \"2 weeks\"")
    try:
        count, unit = int(match[1] or 1), unit_named(match[2])
    except FormulaError as error:
        raise FormulaError(f"invalid specification of 'breaks': {error}") from None
    if ends.kind == "Date" and unit in ("secs", "mins", "hours"):
        raise FormulaError(f"invalid specification of 'breaks': dates have no {unit}")
    known = ends.values[np.isfinite(ends.values)]
    if not known.size or count < 1:
        raise DataError("cut() of dates needs at least one that is not missing, and one unit or more")
    start = floored(Time(known.min(keepdims=True), ends.kind, ends.unit), unit)
    points = [start.values[0]]
    while points[-1] <= known.max():
        points.append(later(start, len(points) * count, unit).values[0])
        if len(points) > 100_000:
            raise FormulaError(f"cut() into '{spec}' gives over 100,000 intervals")
    return Time(np.array(points), ends.kind, ends.unit), unit in ("secs", "mins", "hours")


def stamps_of(dates: np.ndarray) -> pd.DatetimeIndex:
    """Python's dates (or missing values) as time stamps at midnight."""
    return pd.DatetimeIndex(np.array([None if pd.isna(d) else d for d in dates], dtype="datetime64[s]"))
