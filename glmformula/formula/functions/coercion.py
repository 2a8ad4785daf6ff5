"""``as.numeric`` and its kin."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...errors import DataWarning, give_warning
from ..values import Factor, Matrix, Text, Time, Value
from . import times
from .convert import refuse_unknown
from .registry import RFunction, function
from .vectors import is_integer, is_scalar, is_text, logical, numbers, single_column, texts, truth

_TRUE = frozenset({"T", "TRUE", "true", "True"})
_FALSE = frozenset({"F", "FALSE", "false", "False"})
_NUMBER = re.compile(
    r"\s*[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|0[xX][0-9a-fA-F]+|inf|infinity|nan)\s*", re.I
)


def number_in(text: str | None) -> float:
    """A number written in text; NaN for anything that is none (Python's underscores are no numbers)."""
    if text is None or not _NUMBER.fullmatch(text):
        return np.nan
    return float(int(text, 16)) if "x" in text.lower() else float(text)


def _parsed(x: Value) -> np.ndarray:
    labels = texts(x)
    out = np.array([number_in(label) for label in labels], dtype=np.float64)
    lost = np.array(
        [lab is not None and lab.strip() not in ("NA", "NaN") for lab in labels], dtype=bool
    ) & np.isnan(out)
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        give_warning(
            f"NAs introduced by coercion: {int(lost.sum())} strings are no numbers, "
            f"the first '{labels[row]}' at row {row}",
            DataWarning,
        )
    return out


def _codes(x: Factor) -> Value:
    refuse_unknown(x)
    codes = x.codes.astype(np.int64) + 1
    return np.where(codes > 0, codes, np.nan) if (codes <= 0).any() else codes


def as_numeric(x: Value, units: Value | None = None) -> Value:
    """Days or seconds of a time, codes of a factor, 0/1 of a logical, numbers in text; a matrix by column."""
    if isinstance(x, Time):
        return times.as_difference(x, units)
    if isinstance(x, Factor):
        return np.asarray(_codes(x), dtype=np.float64)
    if is_text(x):
        parsed = _parsed(x)
        return float(parsed[0]) if isinstance(x, str) else parsed
    if isinstance(x, Matrix):
        return np.ravel(x.values, order="F")
    plain: np.ndarray | float = numbers(x)
    return plain


def as_integer(x: Value) -> Value:
    """Truncates towards zero."""
    if isinstance(x, Factor):
        return _codes(x)
    if is_integer(x) and not isinstance(x, bool) and isinstance(x, int | np.ndarray):
        return x
    out: Any = np.trunc(np.asarray(as_numeric(x)))
    if np.isfinite(out).all():
        return int(out) if np.ndim(out) == 0 else out.astype(np.int64)
    return np.where(np.isinf(out), np.nan, out)


def as_character(x: Value) -> Value:
    labels = texts(x)
    return str(labels[0]) if is_scalar(x) and labels[0] is not None else Text(labels)


def as_logical(x: Value) -> Value:
    if is_text(x) or isinstance(x, Factor):
        known = [
            None if t is None else True if t in _TRUE else False if t in _FALSE else None for t in texts(x)
        ]
        return logical(np.array([bool(k) for k in known]), np.array([k is None for k in known]))
    return logical(*truth(single_column(x)))


def as_vector(x: Value) -> Value:
    if isinstance(x, Factor):
        return Text(texts(x))
    return np.ravel(x.values, order="F") if isinstance(x, Matrix | Time) else x


def unclass(x: Value) -> Value:
    if isinstance(x, Time):
        return x.values
    return _codes(x) if isinstance(x, Factor) else x


FUNCTIONS: tuple[RFunction, ...] = (
    function("as.numeric", as_numeric, "x, units"),
    function("as.double", as_numeric, "x, units"),
    function("as.integer", as_integer),
    function("as.character", as_character),
    function("as.logical", as_logical),
    function("as.vector", as_vector),
    function("unclass", unclass),
)
