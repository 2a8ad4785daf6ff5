"""What an expression evaluates to: R's vectors, as NumPy arrays and three small records.

A numeric vector is a 1-d ndarray of any real dtype (NaN is NA; the data's own array, never copied without need);
a scalar is a Python float/int/bool/str. The rest:
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical vector with R's three values; `missing` marks NA (None: there is none)."""

    values: np.ndarray  # bool, (n,)
    missing: np.ndarray | None = None  # bool, (n,)


@dataclass(frozen=True, slots=True)
class Text:
    """A character vector: object array of str, None for NA."""

    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Factor:
    """R's factor: codes into levels (-1 is NA)."""

    codes: np.ndarray  # any signed integer dtype, (n,)
    levels: tuple[str, ...]
    ordered: bool = False
    contrasts: Any = None  # set by C(): a contrast function's name or a (levels, m) matrix / DataFrame
    known: int | None = (
        None  # new data only: levels from this one on were not there when fitted (None: all were)
    )


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix variable: poly(), ns(), cbind() ...; `names` are what R appends to the variable's text."""

    values: np.ndarray  # float64, (n, k)
    names: tuple[str, ...]  # '' for a single unnamed column


@dataclass(frozen=True, slots=True)
class Time:
    """R's Date, POSIXct and difftime: numbers that know what they count. One element is a scalar."""

    values: (
        np.ndarray
    )  # float64, (n,): days or seconds since 1970-01-01 (UTC), units of a difference; NaN is NA
    kind: str  # "Date", "POSIXct", "difftime"
    unit: str = ""  # of a difftime: "secs" ... "weeks"; of a POSIXct: the time zone of its clock ("": UTC)


Value = np.ndarray | Logical | Text | Factor | Matrix | Time | float | int | bool | str
