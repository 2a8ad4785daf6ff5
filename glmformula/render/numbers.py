"""R's number formatting: pure functions from numbers to strings, equal to R 4.6's to the byte.

R prints a vector in one common format: the fewest significant digits (at most `digits`) that show every
element to `digits` significant digits, fixed notation unless scientific is narrower (``scipen = 0``). The
digits are those of the exactly rounded decimal expansion, which is what C's (and Python's) ``%e`` gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np

Numbers = Iterable[float]

EPS = float(np.finfo(float).eps)
_MAX_DIGITS = 15  # what a double holds
_LARGEST_POWER = 308
_STAR_CUTS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
STAR_LEGEND = "0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1"


def format_numbers(
    x: Numbers, digits: int = 7, nsmall: int = 0, width: int = 0, na: str | Sequence[str] = "NA"
) -> list[str]:
    """R's ``format(x, digits, nsmall, width)``: one common format for the whole vector, padded to its width.

    Parameters
    ----------
    x : numbers (n,)
    digits : int
        Significant digits wanted, 1 to 22.
    nsmall : int
        At least so many decimals in fixed notation.
    width : int
        At least so wide.
    na : str, or one str per element
        Text for NaN: Python has one NaN where R has NA and NaN.

    Returns
    -------
    list of str (n,)
    """
    values = _floats(x)
    spec = _common_format([v for v in values if math.isfinite(v)], digits, nsmall)
    words = repeat(na) if isinstance(na, str) else na
    return pad_left(
        [
            spec % (v or 0.0) if math.isfinite(v) else _not_finite(v, word)
            for v, word in zip(values, words, strict=False)
        ],
        width,
    )


def format_number(x: float, digits: int = 7, na: str = "NA") -> str:
    """R's ``format`` of one number."""
    return format_numbers((x,), digits, na=na)[0]


def pad_left(texts: Sequence[str], width: int = 0) -> list[str]:
    """Pad to the common width, text to the right."""
    widest = max(map(len, texts), default=0)
    widest = max(widest, width)
    return [t.rjust(widest) for t in texts]


def round_half(x: Numbers, digits: float = 0) -> list[float]:
    """R 4's ``round(x, digits)``: the nearer of the two short decimals around x, ties to even."""
    return [_round_one(v, digits) for v in _floats(x)]


def signif(x: Numbers, digits: int = 6) -> list[float]:
    """R's ``signif(x, digits)``."""
    return [_signif_one(v, max(1, digits)) for v in _floats(x)]


def zapsmall(x: Numbers, digits: int = 7) -> list[float]:
    """R's ``zapsmall`` (R >= 4.4): round to `digits` significant digits of the largest absolute value."""
    values = _floats(x)
    largest = max((abs(v) for v in values if not math.isnan(v)), default=0.0)
    return round_half(values, max(0.0, digits - math.log10(largest)) if largest > 0 else digits)


def formatC(
    x: Numbers,
    digits: int | None = None,
    format: str = "g",
    width: int = 0,
    flag: str = "",
    na: str | Sequence[str] = "NA",
) -> list[str]:
    """R's ``formatC`` for numbers: each element by itself through C's ``%f``, ``%e`` or ``%g``.

    `flag` may hold ``-`` (left), ``0`` (zero padded), ``+``, a blank and ``#`` as in C.
    """
    spec = f"%{flag}{width or ''}{'' if digits is None else f'.{digits}'}{format}"
    other = f"%{'-' if '-' in flag else ''}{width or ''}s"
    words = repeat(na) if isinstance(na, str) else na
    return [
        spec % v if math.isfinite(v) else other % _not_finite(v, word) for v, word in zip(_floats(x), words)
    ]


def format_pval(pv: Numbers, digits: int = 5, eps: float = EPS, na: str = "NA") -> list[str]:
    """R's ``format.pval`` (R >= 4.4): large and small ones each in a common format, ``< eps`` below `eps`."""
    values = _floats(pv)
    border = -4 if digits > 1 else -3
    large: list[float] = []
    small: list[float] = []
    for v in values:
        if v >= eps:
            (large if v == 0 or math.floor(math.log10(v)) >= border else small).append(v)
    shown = format_numbers(large, digits) + format_numbers(small, digits)
    texts = dict(zip(large + small, shown))
    widest = max(map(len, shown), default=None)
    below = _below(eps, max(1, digits - 2), widest) if any(v < eps for v in values) else ""
    return [na if math.isnan(v) else below if v < eps else texts[v] for v in values]


def _below(eps: float, digits: int, widest: int | None) -> str:
    """The text '<2e-16', with a blank and more digits where its neighbours are wide enough."""
    if widest is None:
        blank = digits > 1
    else:
        if digits > 1 and digits + 6 > widest:
            digits = max(1, widest - 7)
        blank = not (digits == 1 and widest <= 6)
    return f"<{' ' if blank else ''}{format_number(eps, digits)}"


def stars(pv: Numbers) -> list[str]:
    """R's significance stars (``symnum`` at 0.001, 0.01, 0.05, 0.1), '' where not significant or missing."""
    return [next((symbol for cut, symbol in _STAR_CUTS if p <= cut), "") for p in _floats(pv)]


def _floats(x: Numbers) -> list[float]:
    return x.tolist() if isinstance(x, np.ndarray) and x.dtype == float else [float(v) for v in x]


def _not_finite(v: float, na: str) -> str:
    return na if math.isnan(v) else "Inf" if v > 0 else "-Inf"


def _common_format(finite: Sequence[float], digits: int, nsmall: int) -> str:
    """The C format of R's formatReal for these finite numbers."""
    if not finite:
        return "%.0f"
    digits = max(1, digits)
    spec = f"%#.{digits - 1}e"
    texts = [spec % abs(v) for v in finite]  # d.ddde+xx, always with the point
    point = digits + 1
    powers = [int(t[point + 1 :]) for t in texts]
    shown = [len(t[:point].rstrip("0")) - 1 for t in texts]
    left = max([(v < 0) + (p + 1 if p > 0 else 1) for v, p in zip(finite, powers)])
    decimals = max(0, max([k - p - 1 for k, p in zip(shown, powers)]))
    significant = max(shown)
    fixed_width = left + decimals + (decimals > 0)
    exponent_width = 2 if max(powers) >= 100 or min(powers) <= -100 else 1
    scientific_width = (min(finite) < 0) + (significant > 1) + significant + 3 + exponent_width
    if fixed_width <= scientific_width:
        return f"%.{max(decimals, nsmall)}f"
    return f"%.{significant - 1}e"


def _round_one(x: float, digits: float) -> float:
    if not math.isfinite(x) or digits > _LARGEST_POWER + _MAX_DIGITS or x == 0:
        return x
    if digits < -_LARGEST_POWER:
        return 0.0
    d = math.floor(digits + 0.5)
    if d == 0:
        return float(round(x))
    size = abs(x)
    if d + math.floor(math.log10(size)) + 1 > _MAX_DIGITS:
        return x
    return math.copysign(_nearer_decimal(size, d), x)


def _nearer_decimal(size: float, d: int) -> float:
    """The nearer of floor and ceiling of `size` at `d` decimals, both as doubles; the even one on a tie."""
    if d > _LARGEST_POWER:
        power, scale = 10.0 ** (d - _LARGEST_POWER), 1e308
    else:
        power, scale = 1.0, 10.0 ** abs(d)
    scaled = size * scale * power if d > 0 else size / scale
    low, high = float(math.floor(scaled)), float(math.ceil(scaled))
    below, above = (low / scale / power, high / scale / power) if d > 0 else (low * scale, high * scale)
    down, up = size - below, above - size
    return below if down < up or (down == up and low % 2 == 0) else above


def _signif_one(x: float, digits: int) -> float:
    if not math.isfinite(x) or x == 0 or digits > 22:
        return x
    size = abs(x)
    power = digits - 1 - math.floor(math.log10(size))
    if abs(power) < _LARGEST_POWER - 2:
        scaled = (
            round(size * 10.0**power) / 10.0**power
            if power > 0
            else round(size / 10.0**-power) * 10.0**-power
        )
        return math.copysign(scaled, x)
    return float(f"{x:.{digits - 1}e}")
