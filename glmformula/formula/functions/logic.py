"""Comparison and three-valued logic, ``ifelse``, ``%in%`` and the tests for missing values."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError, nearest
from ..values import Factor, Logical, Matrix, Text, Time, Value
from . import times
from .collation import collation_key
from .convert import refuse_unknown
from .registry import RFunction, function
from .strings import objects
from .vectors import (
    common_rows,
    factorized,
    is_integer,
    is_scalar,
    is_text,
    kind,
    logical,
    numbers,
    rows,
    single_column,
    size,
    texts,
    truth,
)

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _compare(symbol: str, e1: Value, e2: Value) -> Value:
    """Numbers as numbers; as soon as one side is text or a factor, labels (R's rules)."""
    e1, e2 = _comparable(e1), _comparable(e2)
    if isinstance(e1, Time) or isinstance(e2, Time):
        e1, e2 = times.aligned(e1, e2)
    common_rows((e1, e2))
    op = _COMPARISONS[symbol]
    if isinstance(e1, Factor) or isinstance(e2, Factor):
        return _compare_factors(symbol, e1, e2)
    if is_text(e1) or is_text(e2):
        return _compare_texts(symbol, e1, e2)
    a, b = numbers(e1), numbers(e2)
    return logical(op(a, b), np.isnan(a) | np.isnan(b))


def _comparable(value: Value) -> Value:
    value = single_column(value)
    if isinstance(value, Matrix) or value is None or callable(value):
        raise FormulaError(f"comparison is possible only for vectors: a {kind(value)} was given")
    return value


def _compare_factors(symbol: str, e1: Value, e2: Value) -> Value:
    ranked = symbol not in ("==", "!=")
    factors = [v for v in (e1, e2) if isinstance(v, Factor)]
    if ranked and not any(f.ordered for f in factors):
        raise DataError(f"‘{symbol}’ not meaningful for factors: only ordered() factors have an order")
    if len(factors) == 2 and (
        set(factors[0].levels) != set(factors[1].levels)
        or (ranked and factors[0].levels != factors[1].levels)
    ):
        raise DataError("level sets of factors are different")
    if ranked:
        for factor in factors:
            refuse_unknown(factor)
    first = next(f for f in factors if f.ordered or not ranked)
    a, b = (_positions(v, first, ranked) for v in (e1, e2))
    missing = (a == -1) | (b == -1)
    return logical(_COMPARISONS[symbol](a, b), missing)


def _positions(value: Value, factor: Factor, ranked: bool) -> np.ndarray:
    """Codes into the factor's levels; -1 is NA, -2 a label that is none of the levels."""
    if isinstance(value, Factor) and value.levels == factor.levels:
        return value.codes
    labels = texts(value) if not isinstance(value, Factor) else objects(value.levels)
    place = {level: i for i, level in enumerate(factor.levels)}
    if ranked:
        unknown = next((lab for lab in labels if lab is not None and lab not in place), None)
        if unknown is not None:
            raise FormulaError(
                f"'{unknown}' is not a level of the ordered factor{nearest(unknown, factor.levels)}"
            )
    table = np.array([-1 if lab is None else place.get(lab, -2) for lab in labels] or [-1], dtype=np.intp)
    return np.append(table, -1)[value.codes] if isinstance(value, Factor) else table


def _compare_texts(symbol: str, e1: Value, e2: Value) -> Value:
    both_scalar = is_scalar(e1) and is_scalar(e2)
    for column, word, op in ((e1, e2, _COMPARISONS[symbol]), (e2, e1, _COMPARISONS[_MIRRORED[symbol]])):
        if isinstance(column, Text) and isinstance(word, str):
            own, distinct = factorized(column)
            key = collation_key if symbol not in ("==", "!=") else str
            found = np.array([*(op(key(t), key(word)) for t in distinct), False], dtype=bool)
            return logical(found[own], own == -1)
    a, b = texts(e1), texts(e2)
    codes, uniques = pd.factorize(np.concatenate([a, b]))
    if symbol not in ("==", "!="):
        order = sorted(range(len(uniques)), key=lambda i: collation_key(str(uniques[i])))
        rank = np.empty(len(uniques) + 1, dtype=np.intp)
        rank[order] = np.arange(len(uniques))
        rank[-1] = -1
        codes = rank[codes]
    left, right = codes[: len(a)], codes[len(a) :]
    out = logical(_COMPARISONS[symbol](left, right), (left == -1) | (right == -1))
    return bool(out.values[0]) if both_scalar and isinstance(out, Logical) and out.missing is None else out


def _and(e1: Value, e2: Value) -> Value:
    common_rows((e1, e2))
    (a, a_missing), (b, b_missing) = truth(e1), truth(e2)
    if a_missing is None and b_missing is None:
        return logical(np.logical_and(a, b))
    a_missing, b_missing = (False if m is None else m for m in (a_missing, b_missing))
    false = (np.logical_not(a) & np.logical_not(a_missing)) | (np.logical_not(b) & np.logical_not(b_missing))
    missing = np.logical_or(a_missing, b_missing) & ~false
    return logical(~np.asarray(false), missing)


def _or(e1: Value, e2: Value) -> Value:
    common_rows((e1, e2))
    (a, a_missing), (b, b_missing) = truth(e1), truth(e2)
    if a_missing is None and b_missing is None:
        return logical(np.logical_or(a, b))
    a_missing, b_missing = (False if m is None else m for m in (a_missing, b_missing))
    true = (np.asarray(a) & np.logical_not(a_missing)) | (np.asarray(b) & np.logical_not(b_missing))
    missing = np.logical_or(a_missing, b_missing) & ~true
    return logical(true, missing)


def _xor(x: Value, y: Value) -> Value:
    common_rows((x, y))
    (a, a_missing), (b, b_missing) = truth(x), truth(y)
    if a_missing is None and b_missing is None:
        return logical(np.logical_xor(a, b))
    missing = np.logical_or(
        False if a_missing is None else a_missing, False if b_missing is None else b_missing
    )
    return logical(np.logical_xor(a, b), missing)


def _not(x: Value) -> Value:
    if isinstance(x, Factor):
        raise DataError("‘!’ not meaningful for factors")
    if is_text(x):
        raise DataError("invalid argument type: '!' of a character vector")
    values, missing = truth(x)
    return logical(np.logical_not(values), missing)


def missing_mask(x: Any) -> np.ndarray:
    """True where a value is NA, by row (any column of a matrix)."""
    match x:
        case Logical(values=values, missing=missing):
            return np.zeros(len(values), dtype=bool) if missing is None else missing
        case Time():
            return np.asarray(np.isnan(x.values))
        case Text():
            return np.asarray(pd.isna(x.values))
        case Factor():
            return np.asarray(x.codes < 0)
        case Matrix():
            return np.asarray(np.isnan(x.values).any(axis=1))
        case None:
            return np.empty(0, dtype=bool)
        case str():
            return np.zeros(1, dtype=bool)
        case np.ndarray():
            return np.isnan(x) if x.dtype.kind == "f" else np.zeros(len(x), dtype=bool)
        case _:
            return np.array([np.isnan(x)])


def _is_na(x: Value) -> Value:
    x = single_column(x)
    if isinstance(x, Matrix):
        raise FormulaError("is.na() of a matrix with several columns is not a variable: test one column")
    mask = missing_mask(x)
    return bool(mask[0]) if is_scalar(x) else Logical(mask)


def _is_finite(test: Callable[[Any], Any], x: Value) -> Value:
    if is_text(x):
        return logical(np.zeros(size(x), dtype=bool))
    if isinstance(x, Factor):
        return Logical((x.codes >= 0) & (test is np.isfinite))
    return logical(test(numbers(single_column(x))))


def _is_kind(kinds: tuple[str, ...], x: Value) -> Value:
    return kind(x) in kinds


def _in(x: Value, table: Value) -> Value:
    """``%in%``: never NA; NA is in a table that holds NA."""
    if isinstance(x, Time) and isinstance(table, Time):
        x, table = times.aligned(x, table)
    x, table = (Text(texts(v)) if isinstance(v, Time) else v for v in (x, table))
    if any(is_text(v) or isinstance(v, Factor) for v in (x, table)):
        if isinstance(x, Factor):
            found = set(texts(table).tolist())
            by_level = np.array([lev in found for lev in x.levels] + [None in found])
            return Logical(by_level[x.codes])
        codes, distinct = factorized(x)
        found = set(texts(table).tolist())
        found_mask = np.array([*(text in found for text in distinct), None in found], dtype=bool)[codes]
    else:
        values, known = (np.atleast_1d(np.ravel(numbers(v), order="F")) for v in (x, table))
        found_mask = np.isin(values, known) | (np.isnan(values) & np.isnan(known).any())
    return bool(found_mask[0]) if is_scalar(x) else Logical(found_mask)


def _ifelse(test: Value, yes: Value, no: Value) -> Value:
    """R's ``ifelse``: NA where the test is NA. The answers must have the test's length or length 1."""
    for value in (yes, no):
        if isinstance(value, Factor):
            raise DataError(
                "ifelse() drops the labels of a factor in R and returns its codes: "
                "write as.character() or as.integer() around it"
            )
    values, missing = truth(single_column(test))
    yes, no = single_column(yes), single_column(no)
    n = 1 if np.ndim(values) == 0 else len(values)
    for name, value in (("yes", yes), ("no", no)):
        if rows(value) not in (1, n) or isinstance(value, Matrix):
            raise FormulaError(f"ifelse(): '{name}' has length {rows(value)}, the test has length {n}")
    if is_text(yes) or is_text(no):
        out = np.where(values, texts(yes), texts(no)).astype(object)
        out[np.broadcast_to(False if missing is None else missing, out.shape)] = None
        return str(out[0]) if np.ndim(values) == 0 and out[0] is not None else Text(out)
    if all(isinstance(v, bool | Logical) for v in (yes, no)):
        (a, a_missing), (b, b_missing) = truth(yes), truth(no)
        unknown = np.where(
            values, False if a_missing is None else a_missing, False if b_missing is None else b_missing
        )
        return logical(np.where(values, a, b), unknown if missing is None else unknown | missing)
    if missing is None and is_integer(yes) and is_integer(no):
        whole = np.where(
            values,
            *(np.asarray(v.values if isinstance(v, Logical) else v, dtype=np.int64) for v in (yes, no)),
        )
        return int(whole) if np.ndim(whole) == 0 else whole
    out = np.where(values, numbers(yes), numbers(no))
    if missing is not None:
        out = np.where(missing, np.nan, out)
    return float(out) if np.ndim(out) == 0 else out


def _reduce_truth(initial: bool, *values: Value, na_rm: Value = False) -> Value:
    """``all`` (initial True) and ``any`` (initial False)."""
    unknown = False
    for value in values:
        known, missing = truth(single_column(value))
        known = np.atleast_1d(known)
        hidden = (
            np.zeros(known.shape, dtype=bool) if missing is None else np.broadcast_to(missing, known.shape)
        )
        if ((known != initial) & ~hidden).any():
            return not initial
        unknown = unknown or bool(hidden.any())
    return logical(np.asarray(initial), unknown and not bool(na_rm))


FUNCTIONS: tuple[RFunction, ...] = (
    *(function(symbol, partial(_compare, symbol), "e1, e2") for symbol in _COMPARISONS),
    function("&", _and, "e1, e2"),
    function("|", _or, "e1, e2"),
    function("!", _not),
    function("xor", _xor, "x, y"),
    function("%in%", _in, "x, table"),
    function("is.element", _in, "x, table"),
    function("is.na", _is_na),
    function("is.nan", partial(_is_finite, np.isnan)),
    function("is.finite", partial(_is_finite, np.isfinite)),
    function("is.infinite", partial(_is_finite, np.isinf)),
    function("is.factor", partial(_is_kind, ("factor", "ordered factor"))),
    function("is.ordered", partial(_is_kind, ("ordered factor",))),
    function("is.numeric", partial(_is_kind, ("numeric", "matrix"))),
    function("is.character", partial(_is_kind, ("character",))),
    function("is.logical", partial(_is_kind, ("logical",))),
    function("ifelse", _ifelse, "test, yes, no"),
    function("all", partial(_reduce_truth, True), "..., na.rm", reduction=True),
    function("any", partial(_reduce_truth, False), "..., na.rm", reduction=True),
)
