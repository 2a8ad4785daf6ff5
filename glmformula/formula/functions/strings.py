"""Arrays of strings, and numbers as strings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def number_text(x: float, digits: int = 15) -> str:
    """A number as R's ``as.character`` writes it: 15 significant digits, fixed unless that is wider."""
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        return str(int(x))
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Inf" if x > 0 else "-Inf"
    if x == 0:
        return "0"
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    significant = sum(c.isdigit() for c in mantissa)
    decimals = max(0, significant - power - 1)
    fixed = max(power + 1, 1) + (decimals + 1 if decimals else 0)
    scientific = (significant + 1 if significant > 1 else 1) + (5 if abs(power) >= 100 else 4)
    if fixed <= scientific:
        return f"{x:.{decimals}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def objects(items: Iterable[Any]) -> np.ndarray:
    """A 1-d object array (NumPy would guess a width or a second dimension)."""
    items = list(items)
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out


def spread(items: Iterable[Any], codes: np.ndarray) -> np.ndarray:
    """The item of each code, None for -1."""
    out: np.ndarray = objects([*items, None])[codes]
    return out
