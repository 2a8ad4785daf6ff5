"""Rows of values: taking some, finding the missing, the infinite. One pass per column where all is well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..formula.functions.vectors import is_scalar, rows as nrow
from ..formula.values import Factor, Logical, Matrix, Text, Value

BLOCK = 1 << 14  # rows of a strided column looked at together, so that neighbours share the cache lines


def length(value: Value) -> int | None:
    """Number of rows; None for a scalar."""
    return None if is_scalar(value) else nrow(value)


def take(value: Value, rows: np.ndarray | slice | None) -> Value:
    """The value on some rows (a boolean mask, positions or a slice); None keeps the very same arrays."""
    if rows is None:
        return value
    if isinstance(value, np.ndarray):
        return value[rows]
    if isinstance(value, Logical):
        missing = None if value.missing is None else value.missing[rows]
        return Logical(value.values[rows], missing if missing is not None and missing.any() else None)
    if isinstance(value, Text):
        return Text(value.values[rows])
    if isinstance(value, Matrix):
        return replace(value, values=value.values[rows])
    if isinstance(value, Factor):
        return replace(value, codes=value.codes[rows])
    return value


def arrays_of(value: Value) -> tuple[np.ndarray, ...]:
    """The numeric arrays in a value, those that can hold NaN or Inf."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return (value,)
    if isinstance(value, Matrix):
        return tuple(value.values[:, j] for j in range(value.values.shape[1]))
    return ()


def suspicious(values: Sequence[Value]) -> list[bool]:
    """For each value whether its numbers may hold NaN or Inf: their sum is not finite."""
    columns = [(k, array) for k, value in enumerate(values) for array in arrays_of(value)]
    totals = [0.0] * len(columns)
    strided = [j for j, (_, c) in enumerate(columns) if c.size > BLOCK and c.strides[0] != c.itemsize]
    with np.errstate(invalid="ignore", over="ignore"):
        for j, (_, column) in enumerate(columns):
            if j not in strided:
                totals[j] = np.add.reduce(column)
        for start in range(0, len(columns[strided[0]][1]) if strided else 0, BLOCK):
            for j in strided:
                totals[j] += np.add.reduce(columns[j][1][start : start + BLOCK])
    flags = [False] * len(values)
    for (k, _), total in zip(columns, totals):
        flags[k] |= not math.isfinite(total)
    return flags


def missing(value: Value, suspect: bool = True) -> np.ndarray | None:
    """Rows that are NA as a boolean mask, or None where there is none; `suspect` as `suspicious` said."""
    if isinstance(value, Logical):
        return value.missing if value.missing is not None and value.missing.any() else None
    if isinstance(value, Factor):
        return value.codes < 0 if value.codes.size and value.codes.min() < 0 else None
    if isinstance(value, Text):
        mask = np.fromiter((v is None for v in value.values), dtype=bool, count=len(value.values))
        return mask if mask.any() else None
    if not suspect:
        return None
    arrays = arrays_of(value)
    if not arrays:
        return None
    mask = np.isnan(arrays[0])
    for array in arrays[1:]:
        mask |= np.isnan(array)
    return mask if mask.any() else None


def infinite(value: Value) -> np.ndarray | None:
    """Positions of rows with an infinite number, or None."""
    rows: np.ndarray | None = None
    for array in arrays_of(value):
        mask = np.isinf(array)
        rows = mask if rows is None else rows | mask
    return None if rows is None or not rows.any() else np.flatnonzero(rows)
