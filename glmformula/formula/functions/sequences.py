"""Vectors made, joined, cut and rearranged: ``c``, ``:``, ``seq``, ``rep``, ``[``, ``rev``, ``cumsum`` ..."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError
from ..values import Factor, Logical, Matrix, Text, Time, Value
from .collation import collation_key
from .convert import as_factor
from .registry import RFunction, function
from .vectors import (
    as_whole,
    factorized,
    flag_argument,
    is_integer,
    is_scalar,
    is_text,
    kind,
    logical,
    number_argument,
    simplify,
    size,
    texts,
    truth,
    vector,
    whole_argument,
)

_FUZZ = 1e-10


def combine(*values: Value) -> Value | None:
    """``c``: text if any is text, else numbers, else logical; factors give a factor (R >= 4.1)."""
    parts = [v for v in values if v is not None]
    if not parts:
        return None
    if len(parts) == 1 and not isinstance(parts[0], Matrix):
        return parts[0]
    _check_length(sum(map(size, parts)))
    times = [v for v in parts if isinstance(v, Time)]
    if len(times) == len(parts) and len({v.kind for v in times}) == 1:
        return replace(times[0], values=np.concatenate([v.values for v in times]))
    if any(map(is_text, parts)):
        return Text(np.concatenate([texts(v) for v in parts]))
    if all(isinstance(v, Factor) for v in parts):
        levels = tuple(dict.fromkeys(level for v in parts for level in as_factor(v).levels))
        labels = np.concatenate([texts(v) for v in parts])
        return Factor(pd.Categorical(labels, categories=list(levels)).codes, levels)
    if all(isinstance(v, bool | Logical) for v in parts):
        pairs = [truth(v) for v in parts]
        known = [np.atleast_1d(a) for a, _ in pairs]
        hidden = [np.zeros(len(k), bool) if m is None else m for k, (_, m) in zip(known, pairs, strict=True)]
        return logical(np.concatenate(known), np.concatenate(hidden))
    parts = [np.asarray(v.codes) + 1 if isinstance(v, Factor) else v for v in parts]
    out = np.concatenate([vector(v) for v in parts])
    return as_whole(out) if all(map(is_integer, parts)) else out


def colon(from_: Value, to: Value) -> Value:
    """``a:b``, by steps of one up or down."""
    if isinstance(from_, Factor) or isinstance(to, Factor):
        raise FormulaError(
            "':' of factors is an interaction: use it outside of function calls, or interaction()"
        )
    if size(from_) != 1 or size(to) != 1:
        raise FormulaError(
            f"':' needs one number on each side, lengths {size(from_)} and {size(to)} were given"
        )
    first, last = float(vector(from_)[0]), float(vector(to)[0])
    if not (math.isfinite(first) and math.isfinite(last)):
        raise FormulaError("NA/NaN argument: ':' needs finite numbers")
    count = math.floor(abs(last - first) + _FUZZ) + 1
    _check_length(count)
    steps = np.arange(count, dtype=np.float64)
    out = first + steps if last >= first else first - steps
    return simplify(out.astype(np.int64) if first == math.floor(first) else out)


def _check_length(count: float, of: Value = 0) -> int:
    if not 0 <= count <= (1e6 if is_text(of) else 1e7):
        raise FormulaError(f"a sequence of length {count:g} is too long")
    return int(count)


def seq(
    from_: Value | None = None,
    to: Value | None = None,
    by: Value | None = None,
    length_out: Value | None = None,
    along_with: Value | None = None,
) -> Value:
    """``seq``: two of from, to, by and length.out settle the others (each is 1 otherwise)."""
    if along_with is not None:
        length_out = size(along_with)
    if from_ is not None and to is None and by is None and length_out is None:
        return colon(1, from_ if size(from_) == 1 else size(from_))
    given = {k: number_argument(v, k) for k, v in (("from", from_), ("to", to), ("by", by)) if v is not None}
    whole = all(v is None or is_integer(v) for v in (from_, by))
    if length_out is None:
        start, stop = given.get("from", 1.0), given.get("to", 1.0)
        if "by" not in given:
            return colon(start, stop)
        step = given["by"]
        if step == 0 and start == stop:
            return start
        if step == 0 or (stop - start) / step < 0:
            raise FormulaError("wrong sign in 'by' argument")
        count = _check_length(math.floor((stop - start) / step + _FUZZ) + 1)
        out = start + np.arange(count) * step
        out = np.minimum(out, stop) if step > 0 else np.maximum(out, stop)
        return simplify(out.astype(np.int64) if whole or (start == int(start) and step == int(step)) else out)
    n = _check_length(math.ceil(number_argument(length_out, "length.out")))
    if len(given) == 3:
        raise FormulaError("too many arguments: give only three of from, to, by and length.out")
    if "from" in given and "to" in given:
        out = np.linspace(given["from"], given["to"], n)
        return simplify(out)
    step = given.get("by", 1.0)
    start = given["to"] - (n - 1) * step if "to" in given else given.get("from", 1.0)
    out = start + np.arange(n) * step
    return simplify(out.astype(np.int64) if start == int(start) and step == int(step) else out)


def seq_len(length_out: Value) -> Value:
    return simplify(np.arange(1, _check_length(number_argument(length_out, "length.out")) + 1))


def seq_along(along_with: Value) -> Value:
    return simplify(np.arange(1, size(along_with) + 1))


def take(x: Any, index: np.ndarray) -> Value:
    """Elements of any vector, by position (from 0)."""
    match x:
        case Text():
            return Text(x.values[index])
        case Logical():
            return logical(x.values[index], None if x.missing is None else x.missing[index])
        case Factor():
            return Factor(x.codes[index], x.levels, x.ordered, x.contrasts)
        case Time():
            return replace(x, values=x.values[index])
        case str():
            return Text(np.array([x], dtype=object)[index])
        case bool():
            return logical(np.array([x])[index])
        case None:
            raise FormulaError("NULL has no elements")
        case _:
            flat = np.ravel(x.values if isinstance(x, Matrix) else x, order="F")
            return np.asarray(flat[index])


def rep(x: Value, times: Value = 1, length_out: Value | None = None, each: Value = 1) -> Value:
    n, many = size(x), max(0, whole_argument(each, "each"))
    _check_length(n * many, x)
    index = np.repeat(np.arange(n), many)
    if not index.size:
        return take(x, index)
    if length_out is not None:
        return take(x, np.resize(index, _check_length(number_argument(length_out, "length.out"), x)))
    counts = vector(times).astype(np.int64)
    if counts.size == 1:
        _check_length(len(index) * max(0, int(counts[0])), x)
        return take(x, np.tile(index, max(0, int(counts[0]))))
    if counts.size != len(index) or (counts < 0).any():
        raise FormulaError(f"invalid 'times' argument: length {counts.size} for {len(index)} elements")
    _check_length(int(counts.sum()))
    return take(x, np.repeat(index, counts))


def rep_len(x: Value, length_out: Value) -> Value:
    return rep(x, length_out=length_out)


def subset(x: Value, i: Value, drop: Value = True) -> Value:
    """``x[i]``: positions from 1, negative to leave out, logical to select."""
    if x is None:
        raise FormulaError("NULL has no elements")
    if isinstance(x, Matrix):
        x = np.ravel(x.values, order="F")
    return take(x, positions(i, size(x)))


def columns(x: Value, i: Value | None = None, j: Value | None = None, drop: Value = True) -> Value:
    """``m[, j]``: some columns of a matrix; a single one is a vector unless `drop` is FALSE."""
    if not isinstance(x, Matrix):
        raise FormulaError(f"incorrect number of dimensions: a {kind(x)} has no columns")
    if i is not None:
        raise FormulaError("rows of a matrix cannot be picked inside a formula: use subset=")
    if j is None:
        return x
    if is_text(j):
        unknown = [name for name in texts(j) if name not in x.names]
        if unknown:
            raise FormulaError(f"subscript out of bounds: no column '{unknown[0]}'")
        chosen = np.array([x.names.index(name) for name in texts(j)])
    else:
        chosen = positions(j, x.values.shape[1])
    if len(chosen) == 1 and flag_argument(drop, "drop"):
        return x.values[:, chosen[0]]
    return Matrix(x.values[:, chosen], tuple(x.names[c] for c in chosen))


def positions(i: Value, n: int) -> np.ndarray:
    """Which of n elements a subscript takes, from 0."""
    if isinstance(i, bool | Logical):
        values, missing = truth(i)
        if missing is not None and np.any(missing):
            raise FormulaError("a logical subscript has missing values: add & !is.na() to it")
        values = np.atleast_1d(values)
        if values.size not in (1, n):
            raise FormulaError(f"a logical subscript of length {values.size} for {n} elements")
        return np.flatnonzero(np.broadcast_to(values, (n,)))
    if is_text(i):
        raise FormulaError("elements have no names here: use positions")
    index = np.trunc(vector(i, "invalid subscript type"))
    if np.isnan(index).any() or (index.size and (index > 0).any() and (index < 0).any()):
        raise FormulaError("subscripts must be all positive or all negative, and not missing")
    if index.size and np.abs(index).max() > n:
        raise FormulaError(f"subscript out of bounds: {np.abs(index).max():g} of {n} elements")
    if (index < 0).any():
        return np.setdiff1d(np.arange(n), (-index - 1).astype(np.intp))
    return np.asarray(index[index > 0], dtype=np.intp) - 1


def unique(x: Value) -> Value:
    """Each value once, in order of appearance; NA is a value."""
    if isinstance(x, Matrix):
        raise FormulaError("unique() of a matrix is not a variable: name one column")
    if is_scalar(x):
        return x
    codes, _ = factorized(x) if is_text(x) or isinstance(x, Factor) else pd.factorize(vector(x))
    return take(x, np.sort(np.unique(codes, return_index=True)[1]))


# ---- order ----


def rev(x: Value) -> Value:
    return x if is_scalar(x) else take(x, np.arange(size(x) - 1, -1, -1))


def _sortable(x: Value) -> tuple[np.ndarray, np.ndarray]:
    """Numbers in the values' order, and which are NA."""
    if isinstance(x, Factor):
        return np.asarray(x.codes, dtype=np.float64), x.codes < 0
    if is_text(x):
        codes, uniques = pd.factorize(texts(x))
        rank = np.empty(len(uniques) + 1)
        rank[sorted(range(len(uniques)), key=lambda k: collation_key(str(uniques[k])))] = np.arange(
            len(uniques)
        )
        rank[-1] = -1
        return rank[codes], codes < 0
    values = vector(x)
    return values, np.isnan(values)


def order(*keys: Value, decreasing: Value = False) -> Value:
    """Positions that sort the first key, ties by the next; NA last."""
    sign = -1.0 if flag_argument(decreasing, "decreasing") else 1.0
    columns: list[np.ndarray] = []
    if len({size(key) for key in keys}) != 1:
        raise FormulaError("order(): argument lengths differ" if keys else "order() needs an argument")
    for key in keys:
        values, missing = _sortable(key)
        columns += [missing, np.where(missing, 0.0, sign * values)]
    return np.lexsort(columns[::-1]) + 1


def sort(x: Value, decreasing: Value = False) -> Value:
    values, missing = _sortable(x)
    known = np.flatnonzero(~missing)
    sign = -1.0 if flag_argument(decreasing, "decreasing") else 1.0
    return take(x, known[np.argsort(sign * values[known], kind="stable")])


def rank(x: Value) -> Value:
    """Mean ranks; NA last."""
    values, missing = _sortable(x)
    out = (
        pd.Series(np.where(missing, np.inf, values))
        .rank(method="average")
        .to_numpy(dtype=np.float64, copy=True)
    )
    if missing.any():
        out[missing] = np.arange((~missing).sum() + 1, missing.size + 1)
    return out


def _cumulate(op: Callable[..., Any], name: str, x: Value) -> Value:
    if isinstance(x, Time):
        raise DataError(f'{name} not defined for "{x.kind}" objects: write as.numeric() around it')
    values = vector(x, f"‘{name}’ not meaningful for this")
    out = op(values)
    return as_whole(out) if is_integer(x) and name != "cumprod" else out


def diff(x: Value, lag: Value = 1, differences: Value = 1) -> Value:
    step, times = whole_argument(lag, "lag"), whole_argument(differences, "differences")
    if step < 1 or times < 1:
        raise FormulaError("'lag' and 'differences' must be integers >= 1")
    if isinstance(x, Time) and x.kind == "POSIXct":
        raise FormulaError("diff() of times: write as.numeric() around them for seconds")
    out = vector(x)
    for _ in range(times):
        out = out[step:] - out[:-step]
    return as_whole(out) if is_integer(x) else out


def lag(x: Value, k: Value = 1) -> Value:
    raise FormulaError(
        "lag() moves the time stamps of a series in R and leaves the values where they are: "
        "make a shifted column in the data (pandas: df['x'].shift(1))"
    )


FUNCTIONS: tuple[RFunction, ...] = (
    function("c", combine, "..."),
    function(":", colon, "from, to"),
    function("seq", seq, "from, to, by, length.out, along.with"),
    function("seq.int", seq, "from, to, by, length.out, along.with"),
    function("seq_len", seq_len, "length.out"),
    function("seq_along", seq_along, "along.with", order_dependent=True),
    function("rep", rep, "x, times, length.out, each"),
    function("rep_len", rep_len, "x, length.out"),
    function("[", subset, "x, i, drop", order_dependent=True),
    function("[,", columns, "x, i, j, drop"),
    function("unique", unique, reduction=True),
    function("rev", rev, order_dependent=True),
    function("order", order, "..., decreasing", order_dependent=True),
    function("sort", sort, "x, decreasing", order_dependent=True),
    function("rank", rank, order_dependent=True),
    function("cumsum", partial(_cumulate, np.cumsum, "cumsum"), order_dependent=True),
    function("cumprod", partial(_cumulate, np.cumprod, "cumprod"), order_dependent=True),
    function("cummax", partial(_cumulate, np.maximum.accumulate, "cummax"), order_dependent=True),
    function("cummin", partial(_cumulate, np.minimum.accumulate, "cummin"), order_dependent=True),
    function("diff", diff, "x, lag, differences", order_dependent=True),
    function("lag", lag, "x, k", order_dependent=True, namespaces=("stats",)),
)
