"""Matrix variables: ``cbind``, ``matrix``, ``scale``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Matrix, Value
from .registry import RFunction, function
from .summaries import mean_of
from .vectors import common_rows, flag_argument, is_text, kind, numbers, vector, whole_argument


def cbind(*parts: Value, labels: tuple[str, ...] = (), deparse_level: Value = 1) -> Value:
    """Columns side by side; a vector is named when it is a bare name or was given one (deparse.level = 1)."""
    for part in parts:
        if isinstance(part, Factor) or is_text(part):
            raise DataError(
                f"cbind() of a {kind(part)}: columns must be numbers (a factor has only codes to give)"
            )
    pairs = [(p, label) for p, label in zip(parts, labels, strict=True) if p is not None]
    if not pairs:
        raise FormulaError("cbind() needs at least one column")
    n = common_rows([p for p, _ in pairs])
    columns: list[np.ndarray] = []
    names: list[str] = []
    for part, label in pairs:
        values = numbers(part)
        if isinstance(part, Matrix):
            columns.append(np.broadcast_to(values, (n, values.shape[1])))
            names.extend(part.names)
        else:
            columns.append(np.broadcast_to(np.asarray(values), (n,))[:, None])
            names.append(label)
    return Matrix(np.hstack(columns), tuple(names))


def matrix(data: Value, nrow: Value | None = None, ncol: Value | None = None, byrow: Value = False) -> Value:
    """A matrix filled column by column (or by row)."""
    values = vector(data)
    m = None if nrow is None else whole_argument(nrow, "nrow")
    k = None if ncol is None else whole_argument(ncol, "ncol")
    if m is None:
        m = values.size if k is None else -(-values.size // max(k, 1))
    if k is None:
        k = -(-values.size // max(m, 1))
    if m < 1 or k < 1 or m * k > 1e7 or (m * k) % max(values.size, 1):
        raise FormulaError(f"data length [{values.size}] does not fit {m} rows and {k} columns")
    order = "C" if flag_argument(byrow, "byrow") else "F"
    return Matrix(np.resize(values, m * k).reshape((m, k), order=order), ("",) * k)  # type: ignore[call-overload]


def _columns(x: Value) -> tuple[np.ndarray, tuple[str, ...]]:
    if isinstance(x, Matrix):
        return x.values, x.names
    if isinstance(x, Factor) or is_text(x):
        raise DataError(f"'x' must be numeric: it is a {kind(x)}")
    return vector(x)[:, None], ("",)


def _given(value: Value, name: str, width: int) -> np.ndarray | None:
    """TRUE is None (to be computed); a vector as it is."""
    if isinstance(value, bool):
        return None
    out = vector(value)
    if out.size != width:
        raise FormulaError(
            f"length of '{name}' must equal the number of columns of 'x': {out.size} and {width}"
        )
    return out


def learn_scale(x: Value, center: Value = True, scale: Value = True) -> dict[str, Any]:
    """Column means, and root mean squares (n - 1) of what is left; missing values are skipped."""
    values, _ = _columns(x)
    known = [column[~np.isnan(column)] for column in values.T]
    counts, means = np.array([len(c) for c in known]), np.array([mean_of(c) for c in known])

    def squares_about(middle: np.ndarray) -> np.ndarray:
        return np.array([float(((c - m) ** 2).sum()) for c, m in zip(known, middle, strict=True)])

    return scale_state(center, scale, counts, means, squares_about)


def scale_state(
    center: Value,
    scale: Value,
    counts: np.ndarray,
    means: np.ndarray,
    squares_about: Callable[[np.ndarray], np.ndarray],
) -> dict[str, Any]:
    """The state of ``scale``, of columns of which only counts, means and squares about a point are known."""
    width = len(counts)
    middle = _given(center, "center", width)
    if middle is None:
        middle = means if flag_argument(center, "center") else np.zeros(width)
    spread = _given(scale, "scale", width)
    if spread is None:
        if flag_argument(scale, "scale"):
            spread = np.sqrt(squares_about(middle) / np.maximum(1, counts - 1))
        else:
            spread = np.ones(width)
    return {"center": middle, "scale": spread}


def apply_scale(state: dict[str, Any], x: Value, center: Value = True, scale: Value = True) -> Value:
    values, names = _columns(x)
    return Matrix((values - np.asarray(state["center"])) / np.asarray(state["scale"]), names)


FUNCTIONS: tuple[RFunction, ...] = (
    function("cbind", cbind, "..., deparse.level", needs_labels=True),
    function("matrix", matrix, "data, nrow, ncol, byrow"),
    function("scale", apply_scale, "x, center, scale", learn=learn_scale),
)
