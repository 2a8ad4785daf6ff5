"""Numbers, texts and arrays as JSON and back, to the last bit; everything that is read is checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DataError

Json = Any
DTYPES = frozenset(
    {"float64", "float32", "bool", "text"} | {f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)}
)
ARRAY_FIELDS = {"dtype", "shape", "values"}
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NAMES = ("array", "tuple", "dict", "float")


def packed(value: Any, where: str) -> Json:
    """A value of plain data as JSON.

    None, bool, int, float, str; lists, tuples and dicts of such; NumPy numbers and arrays. JSON has no NaN
    and no infinity: they are words.

    Raises
    ------
    DataError
        Anything else.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case np.bool_() | np.integer() | np.floating():
            return packed(value.item(), where)
        case float():
            return value if math.isfinite(value) else {"float": _word(value)}
        case list():
            return [packed(v, where) for v in value]
        case tuple():
            return {"tuple": [packed(v, where) for v in value]}
        case dict() if all(k is None or isinstance(k, str | bool | int | float) for k in value):
            return {"dict": [[packed(k, where), packed(v, where)] for k, v in value.items()]}
        case np.ndarray():
            return {"array": _array(value, where)}
    raise DataError(
        f"{where} cannot be written to a file: expected numbers, texts, arrays, lists and dicts of them, "
        f"found a {type(value).__name__}"
    )


def unpacked(value: Json, where: str) -> Any:
    """What `packed` wrote.

    Raises
    ------
    DataError
        It was not written by `packed`.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [unpacked(v, where) for v in value]
    if isinstance(value, dict) and len(value) == 1:
        ((kind, content),) = value.items()
        if kind == "float" and isinstance(content, str) and content in _WORDS:
            return _WORDS[content]
        if kind == "tuple" and isinstance(content, list):
            return tuple(unpacked(v, where) for v in content)
        if kind == "dict" and isinstance(content, list) and all(_is_item(v) for v in content):
            return {unpacked(k, where): unpacked(v, where) for k, v in content}
        if kind == "array":
            return _unpacked_array(content, where)
    raise DataError(f"{where}: expected plain data (a number, text, list, or one of {', '.join(_NAMES)})")


def array(value: Json, where: str, shape: Sequence[int], kinds: str = "f") -> np.ndarray:
    """An array of the given shape and kinds of dtype ('f' float, 'iu' integers).

    Raises
    ------
    DataError
    """
    found = unpacked(value, where)
    if not isinstance(found, np.ndarray) or found.dtype.kind not in kinds or found.shape != tuple(shape):
        got = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
        wanted = "integers" if kinds == "iu" else "float64"
        raise DataError(f"{where}: expected an array of {wanted} of shape {tuple(shape)}, found {got}")
    return found


def typed(value: Json, where: str, kind: type) -> Any:
    """A number, text, list ... of that type; an int is a float too, a bool is no number.

    Raises
    ------
    DataError
    """
    if kind is float:
        value = unpacked(value, where) if isinstance(value, dict) else value
        if isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DataError(f"{where}: expected {_spelled(kind)}, found {_spelled(type(value))}")
    return value


def texts(value: Json, where: str) -> tuple[str, ...]:
    """A list of texts.

    Raises
    ------
    DataError
    """
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise DataError(f"{where}: expected a list of texts")
    return tuple(value)


def member(value: Mapping[str, Json], name: str, where: str) -> Json:
    """A field of an object.

    Raises
    ------
    DataError
        There is no such field.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: expected an object with the field {name!r}, found {type(value).__name__}")
    if name not in value:
        raise DataError(f"{where}: the field {name!r} is missing")
    return value[name]


def _spelled(kind: type) -> str:
    return _SPELLED.get(kind, kind.__name__)


_SPELLED: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
}


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _array(value: np.ndarray, where: str) -> dict[str, Json]:
    flat = value.ravel(order="K" if value.flags.forc else "C").tolist()
    if value.dtype.kind in "OU":
        dtype = "text"
        if not all(v is None or isinstance(v, str) for v in flat):
            raise DataError(f"{where} cannot be written to a file: an array of objects that are not texts")
    else:
        dtype = value.dtype.name
        if dtype not in DTYPES:
            raise DataError(f"{where} cannot be written to a file: an array of {dtype}")
    values = [v if not isinstance(v, float) or math.isfinite(v) else _word(v) for v in flat]
    out = {"dtype": dtype, "shape": list(value.shape), "values": values}
    # sums over rows run in the order of memory: kept, so that the last bit of a product is the same
    return out | {"order": "F"} if value.flags.fnc else out


def _unpacked_array(content: Json, where: str) -> np.ndarray:
    problem = DataError(f"{where}: the array is damaged: expected dtype, shape and as many values")
    if not isinstance(content, dict) or not ARRAY_FIELDS <= set(content) <= {*ARRAY_FIELDS, "order"}:
        raise problem
    dtype, shape, values = content["dtype"], content["shape"], content["values"]
    sizes = isinstance(shape, list) and all(type(s) is int and s >= 0 for s in shape)
    if (
        not isinstance(dtype, str)
        or dtype not in DTYPES
        or not sizes
        or not isinstance(values, list)
        or math.prod(shape) != len(values)
    ):
        raise problem
    if not all(_fits(v, dtype) for v in values):
        raise problem
    if dtype == "text":
        flat = np.empty(len(values), dtype=object)
        flat[:] = values
    else:
        try:
            flat = np.array([_WORDS.get(v, v) if isinstance(v, str) else v for v in values], dtype=dtype)
        except OverflowError:
            raise problem from None
    try:
        return flat.reshape(shape, order="F" if content.get("order") == "F" else "C")
    except ValueError:  # too many dimensions, or too long a one
        raise problem from None


def _fits(value: Json, dtype: str) -> bool:
    if dtype == "text":
        return value is None or isinstance(value, str)
    if dtype == "bool":
        return isinstance(value, bool)
    if dtype.startswith("float"):
        return type(value) in (int, float) or (isinstance(value, str) and value in _WORDS)
    return type(value) is int


def _is_item(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 2 and not isinstance(value[0], dict | list)
