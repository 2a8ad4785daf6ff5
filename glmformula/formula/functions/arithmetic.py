"""Operators and the functions that work number by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataError, DataWarning, FormulaError, give_warning
from ..values import Factor, Time, Value
from . import times
from .registry import RFunction, function
from .vectors import as_whole, elementwise, flag_argument, is_integer, is_scalar, kind, numbers

# ---- operators ----


def _modulo(a: Any, b: Any) -> Any:
    """R's ``%%``: the sign of the divisor."""
    return np.mod(a, b)


def _quotient(a: Any, b: Any) -> Any:
    """R's ``%/%``: rounds towards minus infinity; x %/% 0 is as x / 0."""
    return np.floor_divide(a, b)


EXACT = 2.0**50  # whole numbers below it and their neighbours are far enough apart to be told


def _power(a: Any, b: Any) -> Any:
    """R's ``^``: as C's pow, but a negative number to an infinite power is NaN.

    NumPy's pow is off by a bit on some processors (13^4, NumPy 1.26 with AVX-512); whole numbers are exact in C's.
    """
    out = np.power(a, b)
    if np.size(b) == 1 and np.asarray(b).item() >= 0 and float(np.asarray(b).item()).is_integer():
        out = np.where((np.abs(out) < EXACT) & (a == np.rint(a)), np.rint(out), out)
    return np.where((a < 0) & np.isinf(b), np.nan, out) if np.isinf(b).any() else out


_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "^": _power,
    "%%": _modulo, "%/%": _quotient,
}  # fmt: skip
_WHOLE = frozenset({"+", "-", "*", "%%", "%/%"})  # integer op integer is integer in R


def _arithmetic(operator: str, *values: Value) -> Value:
    for value in values:
        if isinstance(value, Factor):
            raise DataError(
                f"‘{operator}’ not meaningful for {'ordered factors' if value.ordered else 'factors'}: "
                "use as.numeric() for the codes or as.numeric(as.character()) for numbers written as levels"
            )
    if any(isinstance(value, Time) for value in values):
        return times.arithmetic(operator, *values)
    op = _OPERATORS[operator]
    if len(values) != 2 and (len(values) != 1 or operator not in "+-"):
        raise FormulaError(f"operator '{operator}' needs two arguments, not {len(values)}")
    if len(values) == 1:
        op = np.negative if operator == "-" else np.positive
    out = elementwise(op, *values, message="non-numeric argument to binary operator")
    return as_whole(out) if operator in _WHOLE and all(map(is_integer, values)) else out


def _same(x: Value) -> Value:
    return x


def _offset(object: Value) -> Value:
    return object


# ---- mathematical functions ----


def _gamma(x: Any) -> Any:
    from scipy.special import gamma

    return np.where((x <= 0) & (x == np.floor(x)), np.nan, gamma(x))


def _lgamma(x: Any) -> Any:
    from scipy.special import gammaln

    return gammaln(x)


def _digamma(x: Any) -> Any:
    from scipy.special import digamma

    return np.where((x <= 0) & (x == np.floor(x)), np.nan, digamma(x))


def _trigamma(x: Any) -> Any:
    from scipy.special import zeta

    x = np.asarray(x, dtype=np.float64)
    above = zeta(2, np.where(x > 0, x, 1 - x))
    reflected = (np.pi / np.sin(np.pi * x)) ** 2 - above
    return np.where(x > 0, above, np.where(x == np.floor(x), np.inf, reflected))


def _factorial(x: Any) -> Any:
    return _gamma(np.asarray(x) + 1.0)


def _lfactorial(x: Any) -> Any:
    return _lgamma(np.asarray(x) + 1.0)


def _beta(a: Any, b: Any) -> Any:
    from scipy.special import beta

    return np.where((np.minimum(a, b) < 0), np.nan, beta(a, b))


def _lbeta(a: Any, b: Any) -> Any:
    from scipy.special import betaln

    return np.where((np.minimum(a, b) < 0), np.nan, betaln(a, b))


def _choose(n: Any, k: Any) -> Any:
    """Binomial coefficients for real n; k is rounded, as in R."""
    from scipy.special import binom, poch

    n, k = np.asarray(n, dtype=np.float64), np.round(k)
    whole = n == np.round(n)
    positive = binom(n, k)
    falling = poch(n - k + 1, k) / _gamma(k + 1)  # n (n-1) ... (n-k+1) / k!
    sign = np.where(np.mod(k, 2) == 0, 1.0, -1.0)
    negative = sign * binom(k - n - 1, k)
    out = np.where(n < 0, negative, np.where(whole, np.round(positive), np.where(k < 30, falling, positive)))
    out = np.where((k < 0) | (whole & (n >= 0) & (k > n)), 0.0, out)
    return np.where(np.isnan(n) | np.isnan(k), np.nan, out)


def _sinpi(x: Any) -> Any:
    x = np.fmod(x, 2.0)
    x = np.where(x <= -1, x + 2, np.where(x > 1, x - 2, x))
    return np.where(np.isin(x, (0.0, 1.0)), 0.0, np.where(np.abs(x) == 0.5, np.sign(x), np.sin(np.pi * x)))


def _cospi(x: Any) -> Any:
    x = np.fmod(np.abs(x), 2.0)
    return np.where(np.fmod(x, 1) == 0.5, 0.0, np.where(x == 1, -1.0, np.cos(np.pi * x)))


def _tanpi(x: Any) -> Any:
    return _sinpi(x) / _cospi(x)


def _round_to(x: Any, digits: Any) -> Any:
    """R >= 4.0.0's rounding: of the two neighbours with so many decimals the nearer, in a tie the even."""
    x, digits = np.asarray(x, dtype=np.float64), np.floor(np.asarray(digits, dtype=np.float64) + 0.5)
    size = np.abs(x)
    magnitude = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    power = 10.0 ** np.abs(np.clip(digits, -308, 308))
    scaled = np.where(digits >= 0, size * power, size / power)
    low, high = np.floor(scaled), np.ceil(scaled)
    below = np.where(digits >= 0, low / power, low * power)
    above = np.where(digits >= 0, high / power, high * power)
    to_below, to_above = size - below, above - size
    even = np.mod(low, 2) == 0
    nearest = np.where((to_below < to_above) | ((to_below == to_above) & even), below, above)
    exact = (digits + magnitude + 1 > 15) | ~np.isfinite(x)  # no digits to lose
    out = np.where(digits < -308, 0.0, np.copysign(nearest, x))
    return np.where(np.isnan(digits), np.nan, np.where(exact, x, out))


def _significant(x: Any, digits: Any) -> Any:
    """R's ``signif``: half to even on the scaled number."""
    x, digits = np.asarray(x, dtype=np.float64), np.maximum(1.0, np.round(digits))
    size = np.abs(x)
    with np.errstate(all="ignore"):
        places = digits - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0)))
        power = 10.0 ** np.abs(np.clip(places, -300, 300))
        rounded = np.where(places >= 0, np.rint(x * power) / power, np.rint(x / power) * power)
    return np.where(~np.isfinite(x) | (digits > 22) | (size == 0), x, rounded)


def _round(x: Value, digits: Value = 0) -> Value:
    if isinstance(x, Time) and x.kind != "difftime":
        return times.rounded(x, digits)
    _not_for_factors("round", x)
    return _whole_like(x, elementwise(np.rint if _is_zero(digits) else _round_to, *_given(x, digits)))


def _signif(x: Value, digits: Value = 6) -> Value:
    _not_for_factors("signif", x)
    return _whole_like(x, elementwise(_significant, x, digits))


def _trunc(x: Value, units: Value = "days") -> Value:
    return times.truncated(x, units) if isinstance(x, Time) else checked(np.trunc, "trunc", x)


def _is_zero(digits: Value) -> bool:
    return is_scalar(digits) and digits == 0


def _given(x: Value, digits: Value) -> tuple[Value, ...]:
    return (x,) if _is_zero(digits) else (x, digits)


def _whole_like(x: Value, out: Value) -> Value:
    return as_whole(out) if is_integer(x) else out


def _log(x: Value, base: Value | None = None) -> Value:
    _not_for_factors("log", x)
    if base is None:
        return checked(np.log, "log", x)
    return checked(_log_to_base, "log", x, base)


def _log_to_base(x: Any, base: Any) -> Any:
    if np.ndim(base) == 0 and base in (2.0, 10.0):
        return np.log2(x) if base == 2.0 else np.log10(x)
    return np.log(x) / np.log(base)


def _not_for_factors(name: str, *values: Value) -> None:
    if any(isinstance(v, Factor) for v in values):
        raise DataError(
            f"‘{name}’ not meaningful for factors: use as.numeric() for the codes "
            "or as.numeric(as.character()) for numbers written as levels"
        )


def checked(op: Callable[..., Any], name: str, *values: Value) -> Value:
    """`op` number by number; R's warning where it makes NaNs of numbers."""
    _not_for_factors(name, *values)
    out = elementwise(op, *values)
    made = np.isnan(numbers(out))
    if made.any():
        for value in values:
            known = ~np.isnan(numbers(value))
            made = made & (known[:, None] if made.ndim == 2 and np.ndim(known) == 1 else known)
        if made.any():
            rows = np.flatnonzero(np.atleast_1d(made))
            give_warning(
                f"NaNs produced in {name}(): {len(rows)} of {made.size} values, the first at row {rows[0]}",
                DataWarning,
            )
    return out


def _checked_one(op: Callable[..., Any], name: str, x: Value) -> Value:
    return checked(op, name, x)


def _checked_two(op: Callable[..., Any], name: str, a: Value, b: Value) -> Value:
    return checked(op, name, a, b)


def _choose_two(n: Value, k: Value) -> Value:
    return checked(_choose, "choose", n, k)


def _arctangent(y: Value, x: Value) -> Value:
    return elementwise(np.arctan2, y, x)


def _abs(x: Value) -> Value:
    _not_for_factors("abs", x)
    return _whole_like(x, elementwise(np.abs, x))


def _measured(f: Callable[..., Value], x: Value, **named: Value) -> Value:
    """Functions that R has for differences of times too: the number changes, the unit stays."""
    if isinstance(x, Time) and x.kind == "difftime":
        return replace(x, values=np.asarray(f(x.values, **named)))
    return f(x, **named)


# ---- row-wise extremes ----


def _extreme(
    op: Callable[..., Any], skipping: Callable[..., Any], name: str, *values: Value, na_rm: Value = False
) -> Value:
    if not values:
        raise FormulaError("no arguments")
    _not_for_factors(name, *values)
    keep = skipping if flag_argument(na_rm, "na.rm") else op
    if all(isinstance(value, Time) for value in values):
        return times.together(keep, [value for value in values if isinstance(value, Time)])
    out = values[0]
    for value in values[1:]:
        both_whole = is_integer(out) and is_integer(value)
        out = elementwise(keep, out, value, message=f"invalid input type: {kind(value)}")
        out = as_whole(out) if both_whole else out
    return out


_ONE: dict[str, Callable[..., Any]] = {
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "exp": np.exp, "expm1": np.expm1, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "sinpi": _sinpi, "cospi": _cospi, "tanpi": _tanpi,
    "gamma": _gamma, "lgamma": _lgamma, "digamma": _digamma, "trigamma": _trigamma,
    "factorial": _factorial, "lfactorial": _lfactorial,
}  # fmt: skip
_ROUNDED: dict[str, Callable[..., Any]] = {
    "floor": np.floor, "ceiling": np.ceil, "sign": np.sign,
}  # fmt: skip

FUNCTIONS: tuple[RFunction, ...] = (
    *(function(name, partial(_arithmetic, name), "...") for name in _OPERATORS),
    *(function(name, partial(_checked_one, op, name), "x") for name, op in _ONE.items()),
    function("(", _same),
    function("I", _same),
    function("identity", _same),
    function("offset", _offset, "object", namespaces=("stats",)),
    function("log", _log, "x, base"),
    *(
        function(name, partial(_measured, partial(_checked_one, op, name)), "x")
        for name, op in _ROUNDED.items()
    ),
    function("abs", partial(_measured, _abs)),
    function("trunc", partial(_measured, _trunc), "x, units"),
    function("round", partial(_measured, _round), "x, digits"),
    function("signif", partial(_measured, _signif), "x, digits"),
    function("atan2", _arctangent, "y, x"),
    function("beta", partial(_checked_two, _beta, "beta"), "a, b"),
    function("lbeta", partial(_checked_two, _lbeta, "lbeta"), "a, b"),
    function("choose", _choose_two, "n, k"),
    function("pmin", partial(_extreme, np.minimum, np.fmin, "pmin"), "..., na.rm"),
    function("pmax", partial(_extreme, np.maximum, np.fmax, "pmax"), "..., na.rm"),
)
