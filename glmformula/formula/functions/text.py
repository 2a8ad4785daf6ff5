"""Strings: ``nchar``, ``substr``, ``paste``, ``toupper`` ..."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataError, FormulaError
from ..values import Factor, Logical, Matrix, Text, Value
from .registry import RFunction, function
from .strings import objects, spread
from .vectors import (
    common_rows,
    factorized,
    flag_argument,
    is_scalar,
    logical,
    single_column,
    text_argument,
    texts,
    vector,
)

MOST_CHARACTERS = 1_000_000  # of a text that paste(collapse = ) makes
MOST_STEPS = 10**8  # of one search: a pattern with k repeats may take length^(k + 1)


def _mapped(f: Callable[[str], Any], x: Value) -> np.ndarray:
    """`f` of every string, once for each distinct one; None stays None."""
    codes, uniques = factorized(x)
    return spread((f(u) for u in uniques), codes)


def _text(values: np.ndarray, *sources: Value) -> Value:
    if all(map(is_scalar, sources)) and len(values) == 1 and values[0] is not None:
        return str(values[0])
    return Text(values)


def nchar(x: Value, type: Value = "chars") -> Value:
    if isinstance(x, Factor):
        raise DataError("'nchar()' requires a character vector: write as.character() around the factor")
    counts = _mapped(len, x)
    if is_scalar(x):
        return int(counts[0])
    missing = np.array([c is None for c in counts], dtype=bool)
    return counts.astype(np.float64) if missing.any() else counts.astype(np.int64)


def _slice(text: str | None, start: float, stop: float) -> str | None:
    if text is None or math.isnan(start) or math.isnan(stop):
        return None
    return text[int(min(max(start, 1), 1e9)) - 1 : int(min(max(stop, 0), 1e9))]


def substring(text: Value, first: Value, last: Value = 1000000) -> Value:
    """Characters `first` to `last`, counted from 1."""
    starts, stops = vector(first), vector(last)
    if starts.size == 1 and stops.size == 1:
        cut = partial(_slice, start=starts[0], stop=stops[0])
        return _text(_mapped(cut, text), text)
    n = common_rows((Text(texts(text)), starts, stops))
    columns = (np.broadcast_to(a, (n,)) for a in (texts(text), starts, stops))
    return Text(objects(_slice(t, i, j) for t, i, j in zip(*columns, strict=True)))


def substr(x: Value, start: Value, stop: Value) -> Value:
    return substring(x, start, stop)


def _case(f: Callable[[str], str], x: Value) -> Value:
    return _text(_mapped(f, x), x)


def trimws(x: Value, which: Value = "both") -> Value:
    side = text_argument(which, "which")
    strips: dict[str, Callable[..., str]] = {"both": str.strip, "left": str.lstrip, "right": str.rstrip}
    if side not in strips:
        raise FormulaError('\'which\' should be one of "both", "left", "right"')
    return _text(_mapped(partial(_strip, strips[side]), x), x)


def _strip(strip: Callable[..., str], text: str) -> str:
    return strip(text, " \t\r\n")


def paste(*parts: Value, sep: Value = " ", collapse: Value | None = None) -> Value:
    """Strings joined row by row; NA is written NA."""
    glue = text_argument(sep, "sep")
    parts = tuple(single_column(p) for p in parts if p is not None)
    if any(isinstance(p, Matrix) for p in parts):
        raise FormulaError("paste() of a matrix with several columns: name one column")
    n = common_rows(parts) if parts else 0
    columns = [np.broadcast_to(texts(p), (n,)) for p in parts]
    out = objects(glue.join("NA" if t is None else t for t in row) for row in zip(*columns, strict=True))
    if collapse is not None:
        between = text_argument(collapse, "collapse")
        length = sum(map(len, out)) + len(between) * len(out)
        if length > MOST_CHARACTERS:
            raise FormulaError(f"a text of {length:,} characters is too long: at most {MOST_CHARACTERS:,}")
        return between.join(out)
    return _text(out, *parts)


def paste0(*parts: Value, collapse: Value | None = None) -> Value:
    return paste(*parts, sep="", collapse=collapse)


def starts_with(x: Value, prefix: Value) -> Value:
    return _has(str.startswith, x, text_argument(prefix, "prefix"))


def ends_with(x: Value, suffix: Value) -> Value:
    return _has(str.endswith, x, text_argument(suffix, "suffix"))


def _has(test: Callable[[str, str], bool], x: Value, affix: str) -> Value:
    found = _mapped(partial(_tested, test, affix), x)
    missing = np.array([f is None for f in found], dtype=bool)
    out = logical(np.where(missing, False, found).astype(bool), missing)
    return bool(out.values[0]) if is_scalar(x) and isinstance(out, Logical) else out


def _tested(test: Callable[[str, str], bool], wanted: str, text: str) -> bool:
    return test(text, wanted)


# Patterns whose meaning is the same in R's and Python's regular expressions; what can be repeated is counted.
_PLAIN_PATTERN = re.compile(r"\^?(?:[\w\s,;:'\"#%&@!~<>=/-]|\.|\.\*|\\[.()\[\]*+?^$|]|\||\[[\w-]+\]\+?)*\$?")


def grepl(pattern: Value, x: Value, ignore_case: Value = False, fixed: Value = False) -> Value:
    """Whether a pattern occurs in each string; a missing string is FALSE."""
    wanted = text_argument(pattern, "pattern")
    if flag_argument(fixed, "fixed"):
        expression = re.escape(wanted)
    elif len(wanted) <= 200 and _PLAIN_PATTERN.fullmatch(wanted):
        expression = wanted
    else:
        raise FormulaError(
            f"grepl() in a formula knows plain patterns only (letters, . .* ^ $ | [abc]), not '{wanted}': "
            "use fixed = TRUE, or make the column in the data"
        )
    repeats = 0 if expression is not wanted else wanted.count(".*") + wanted.count("]+")
    longest = max(map(len, filter(None, texts(x))), default=0)
    if repeats and longest ** (repeats + 1) > MOST_STEPS:
        raise FormulaError(
            f"grepl() would take too long with {repeats} repeats (.* or ]+) in a text of {longest:,} characters: "
            "use fixed = TRUE, or make the column in the data"
        )
    search = re.compile(expression, re.I if flag_argument(ignore_case, "ignore.case") else 0).search
    found = [bool(f) for f in _mapped(partial(_found, search), x)]
    return found[0] if is_scalar(x) else Logical(np.array(found, dtype=bool))


def _found(search: Callable[[str], Any], text: str) -> bool:
    return search(text) is not None


FUNCTIONS: tuple[RFunction, ...] = (
    function("nchar", nchar, "x, type"),
    function("substr", substr, "x, start, stop"),
    function("substring", substring, "text, first, last"),
    function("toupper", partial(_case, str.upper)),
    function("tolower", partial(_case, str.lower)),
    function("trimws", trimws, "x, which"),
    function("paste", paste, "..., sep, collapse"),
    function("paste0", paste0, "..., collapse"),
    function("startsWith", starts_with, "x, prefix"),
    function("endsWith", ends_with, "x, suffix"),
    function("grepl", grepl, "pattern, x, ignore.case, fixed"),
)
