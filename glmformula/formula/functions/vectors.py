"""R's vectors at work: coercion, recycling and the printing of numbers as ``as.character`` does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError
from ..values import Factor, Logical, Matrix, Text, Time, Value
from .calendar import labels
from .strings import number_text, objects, spread

NA = Logical(np.zeros(1, dtype=bool), np.ones(1, dtype=bool))
_EXACT_INTEGERS = 2.0**53


class ColumnText(Text):
    """A string column of the data: its array of objects and its distinct strings are made when asked for."""

    __slots__ = ("_array", "_factorized", "series")
    series: pd.Series
    _array: np.ndarray | None
    _factorized: tuple[np.ndarray, np.ndarray] | None

    def __init__(self, series: pd.Series) -> None:
        for name, item in (("series", series), ("_array", None), ("_factorized", None)):
            object.__setattr__(self, name, item)

    @classmethod
    def coded(cls, series: pd.Series, codes: np.ndarray, strings: Iterable[str]) -> ColumnText:
        """A string column that is there as codes into its strings (-1: missing)."""
        out = cls(series)
        object.__setattr__(out, "_factorized", (codes, objects(strings)))
        return out

    @property
    def values(self) -> np.ndarray:
        if self._array is not None:
            return self._array
        values = self.series.to_numpy(dtype=object)
        missing = self.series.isna().to_numpy(dtype=bool)
        if missing.any():
            values = values.copy()
            values[missing] = None
        object.__setattr__(self, "_array", values)
        return values

    @property
    def factorized(self) -> tuple[np.ndarray, np.ndarray]:
        if self._factorized is not None:
            return self._factorized
        codes, uniques = self.series.array.factorize()  # half the time of the Series' own
        out = codes, objects(uniques)
        object.__setattr__(self, "_factorized", out)
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        return Text, (self.values,)


def factorized(value: Any) -> tuple[np.ndarray, np.ndarray]:
    """Codes into the distinct strings (in order of appearance, -1 for NA) of ``as.character(value)``."""
    if isinstance(value, ColumnText):
        return value.factorized
    codes, uniques = pd.factorize(texts(value))
    return codes, uniques


def kind(value: Any) -> str:
    """R's name for the kind of a value, as its error sentences use it."""
    match value:
        case None:
            return "NULL"
        case bool() | Logical():
            return "logical"
        case str() | Text():
            return "character"
        case Factor():
            return "ordered factor" if value.ordered else "factor"
        case Matrix():
            return "matrix"
        case Time():
            return value.kind
        case float() | int() | np.ndarray():
            return "numeric"
        case _:
            return "function"


def is_scalar(value: Any) -> bool:
    return isinstance(value, float | int | str)


def size(value: Any) -> int:
    """R's ``length``."""
    match value:
        case None:
            return 0
        case float() | int() | str():
            return 1
        case ColumnText():
            return len(value.series)
        case Logical() | Text() | Time():
            return len(value.values)
        case Factor():
            return len(value.codes)
        case Matrix():
            return int(value.values.size)
        case np.ndarray():
            return len(value)
        case _:
            return 1


def rows(value: Any) -> int:
    """Length along the data's rows (``NROW``)."""
    return len(value.values) if isinstance(value, Matrix) else size(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str | Text)


def is_integer(value: Any) -> bool:
    """Whether R would hold the value as integer (or logical)."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iub"
    return isinstance(value, int) or (isinstance(value, Logical) and value.missing is None)


def is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray | float | int | Matrix | Logical)


def numbers(value: Any, message: str = "non-numeric argument to mathematical function") -> Any:
    """The value as float64: an array (1-d, 2-d for a Matrix) or a Python float; NA is NaN."""
    match value:
        case bool() | int() | float():
            return float(value)
        case np.ndarray():
            return np.asarray(value, dtype=np.float64)
        case Logical():
            out = value.values.astype(np.float64)
            if value.missing is not None:
                out[value.missing] = np.nan
            return out
        case Matrix() | Time():
            return value.values
        case None:
            return np.empty(0)
        case _:
            raise DataError(f"{message}: it is a {kind(value)}")


def vector(value: Any, message: str = "non-numeric argument to mathematical function") -> np.ndarray:
    """`numbers` as a 1-d array (a matrix column by column)."""
    return np.atleast_1d(np.ravel(numbers(value, message), order="F"))


def texts(value: Any) -> np.ndarray:
    """``as.character``: an object array of str, None for NA."""
    match value:
        case None:
            return np.empty(0, dtype=object)
        case str():
            return objects([value])
        case Text():
            return value.values
        case Factor():
            return spread(value.levels, value.codes)
        case bool():
            return objects(["TRUE" if value else "FALSE"])
        case Logical():
            out = np.where(value.values, "TRUE", "FALSE").astype(object)
            if value.missing is not None:
                out[value.missing] = None
            return out
        case float() | int():
            return objects([None if math.isnan(value) else number_text(value)])
        case np.ndarray():
            codes, uniques = pd.factorize(value)
            return spread((number_text(u) for u in uniques.tolist()), codes)
        case Matrix():
            return texts(np.ravel(value.values, order="F"))
        case Time():
            return labels(value)
        case _:
            raise FormulaError("cannot coerce a function to a character vector")


def truth(value: Any) -> tuple[Any, Any]:
    """(values, missing or None) of a value used as a condition; bool scalars for scalars."""
    match value:
        case bool():
            return value, None
        case Logical():
            return value.values, value.missing
        case float() | int():
            return (False, True) if math.isnan(value) else (value != 0, None)
        case np.ndarray():
            if value.dtype.kind != "f":
                return value != 0, None
            missing = np.isnan(value)
            return value != 0, (missing if missing.any() else None)
        case Matrix() if value.values.shape[1] == 1:
            return truth(value.values[:, 0])
        case None:
            return np.empty(0, dtype=bool), None
        case _:
            raise DataError(
                "operations are possible only for numeric, logical or complex types: "
                f"a {kind(value)} was given"
            )


def logical(values: Any, missing: Any = None) -> Value:
    """A Logical (a bool where `values` is a scalar and known)."""
    if missing is not None and not np.any(missing):
        missing = None
    if np.ndim(values) == 0:
        return bool(values) if missing is None else NA
    values = np.asarray(values, dtype=bool)
    if missing is None:
        return Logical(values)
    missing = np.broadcast_to(np.asarray(missing, dtype=bool), values.shape)
    return Logical(values & ~missing, missing)


def single_column(value: Any) -> Any:
    """A one-column matrix as a vector, anything else as it is."""
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return value.values[:, 0]
    return value


def common_rows(values: Iterable[Any]) -> int:
    """The common number of rows. Length one recycles, nothing else does (R recycles multiples in silence)."""
    lengths = sorted({rows(v) for v in values if not is_scalar(v)})
    longer = [n for n in lengths if n != 1]
    if len(longer) > 1:
        raise FormulaError(
            f"lengths {' and '.join(map(str, longer))} differ: vectors must have the same length or length 1 "
            "(longer object length is not a multiple of shorter object length)"
        )
    return longer[0] if longer else 1


def elementwise(
    op: Callable[..., Any], *values: Any, message: str = "non-numeric argument to mathematical function"
) -> Value:
    """`op` over float64 arrays with R's recycling; a Matrix keeps its shape and names."""
    for value in values:
        if isinstance(value, Time):
            raise DataError(
                f'not defined for "{value.kind}" objects: write as.numeric() around it for its number'
            )
    arrays = [numbers(v, message) for v in values]
    common_rows(values)
    matrices = [v for v in values if isinstance(v, Matrix)]
    if not matrices:
        out = op(*arrays)
        return float(out) if np.ndim(out) == 0 else out
    widths = {m.values.shape[1] for m in matrices}
    if len(widths) > 1:
        raise FormulaError(
            f"non-conformable arrays: matrices of {' and '.join(map(str, sorted(widths)))} columns"
        )
    arrays = [a[:, None] if np.ndim(a) == 1 else a for a in arrays]
    return Matrix(op(*arrays), next((m.names for m in matrices if any(m.names)), matrices[0].names))


def as_whole(value: Value) -> Value:
    """Integers again, after integer arithmetic done in float64 (which cannot overflow in silence)."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < _EXACT_INTEGERS else value
    if isinstance(value, np.ndarray) and value.size and np.abs(value).max() < _EXACT_INTEGERS:
        return value.astype(np.int64)
    return value


def simplify(array: np.ndarray) -> Value:
    """A numeric vector of length one as a Python number."""
    return array[0].item() if array.size == 1 else array


# ---- arguments that are one number, one flag, one word ----


def number_argument(value: Any, name: str) -> float:
    out = vector(value, f"invalid '{name}' argument") if not is_text(value) else np.empty(0)
    if out.size != 1 or np.isnan(out[0]):
        raise FormulaError(
            f"invalid '{name}' argument: one number was expected, a {kind(value)} of length "
            f"{size(value)} was given"
        )
    return float(out[0])


def whole_argument(value: Any, name: str) -> int:
    out = number_argument(value, name)
    if not math.isfinite(out):
        raise FormulaError(f"invalid '{name}' argument: a whole number was expected, {out} was given")
    return int(out)


def flag_argument(value: Any, name: str) -> bool:
    if size(value) == 1 and not is_text(value) and not isinstance(value, Factor):
        values, missing = truth(value)
        if missing is None:
            return bool(np.all(values))
    raise FormulaError(f"invalid '{name}' argument: TRUE or FALSE was expected")


def text_argument(value: Any, name: str) -> str:
    if is_text(value) and size(value) == 1 and texts(value)[0] is not None:
        return str(texts(value)[0])
    raise FormulaError(f"invalid '{name}' argument: one string was expected, a {kind(value)} was given")
