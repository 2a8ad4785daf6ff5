"""Column names as R's model.matrix makes them."""

from __future__ import annotations

from collections.abc import Sequence

from ..frame.schema import Variable

INTERCEPT = "(Intercept)"


def column_names(variable: Variable, code: int) -> tuple[str, ...]:
    """Names of a variable's own columns: ``x``, ``poly(x, 2)1``, ``fB`` (dummies) or ``f.L`` (contrasts)."""
    if variable.categorical:
        suffixes = variable.contrast_names if code == 1 else variable.levels
    else:
        suffixes = variable.columns or ("",)
    return tuple(variable.name + suffix for suffix in suffixes)


def product_names(parts: Sequence[Sequence[str]]) -> list[str]:
    """Names of an interaction's columns, the first factor fastest: ``a2:b2``, ``a3:b2``, ``a2:b3`` ..."""
    names = list(parts[0])
    for part in parts[1:]:
        names = [f"{left}:{right}" for right in part for left in names]
    return names
