"""Checks of the numbers a family or link is made with."""

from __future__ import annotations

import math
import numbers

from ..errors import FamilyError


def real_number(name: str, where: str, value: object) -> float:
    """`value` as a finite float, or a FamilyError that names the argument and the call it belongs to."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(float(value)):
        raise FamilyError(f"invalid argument '{name}': {where} takes one finite number, not {value!r}")
    return float(value)


def positive_number(name: str, where: str, value: object) -> float:
    """`value` as a positive finite float, or a FamilyError."""
    number = real_number(name, where, value)
    if number <= 0.0:
        raise FamilyError(f"invalid argument '{name}': {where} takes a positive number, not {number:g}")
    return number


def shortest(x: float) -> str:
    """R's format(x) of one number: 7 significant digits, fixed unless the scientific form is shorter."""
    mantissa, exponent = f"{x:.6e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    digits = len(mantissa.replace(".", "").lstrip("-"))
    fixed = f"{x:.{max(0, digits - 1 - int(exponent))}f}"
    scientific = f"{mantissa}e{exponent}"
    return fixed if len(fixed) <= len(scientific) else scientific
