"""Texts of formulas, translated."""

from __future__ import annotations

import re
from functools import partial, reduce
from typing import Any

from ..formula.functions.vectors import flag_argument, text_argument, whole_argument
from . import expressions as ex
from .expressions import Node
from .symbols import Numeric, Truth, Untranslatable, Words, is_symbol, words

NO_PATTERN = re.compile(r"[\w\s,;:'\"#%&@!~<>=/-]*")


def nchar(x: Any, type: Any = "chars") -> Numeric:
    return Numeric(ex.op("length", words(x)))


def substring(text: Any, first: Any, last: Any = 1000000) -> Words:
    if is_symbol(first) or is_symbol(last):
        raise Untranslatable("a part of a text whose place differs from row to row")
    start, stop = max(whole_argument(first, "start"), 1), max(whole_argument(last, "stop"), 0)
    return Words(_part(words(text), ex.number(start), ex.number(max(stop - start + 1, 0))))


def substr(x: Any, start: Any, stop: Any) -> Words:
    return substring(x, start, stop)


def _part(text: Node, start: Node, count: Node) -> Node:
    return ex.op("substring", text, start, count)


def case_of(name: str, x: Any) -> Words:
    return Words(ex.op(name, words(x)))


def trimws(x: Any, which: Any = "both") -> Words:
    side = text_argument(which, "which")
    names = {"both": "trim", "left": "trim_left", "right": "trim_right"}
    return Words(ex.op(names[side], words(x), ex.Word(" \t\r\n")))


def paste(*parts: Any, sep: Any = " ", collapse: Any = None) -> Words:
    if collapse is not None:
        raise Untranslatable("paste(collapse =) of rows")
    glue = text_argument(sep, "sep")
    nodes: list[Node] = []
    for part in parts:
        node = words(part)
        nodes += [ex.Word(glue)] if nodes and glue else []
        nodes.append(ex.case((ex.missing(node), ex.Word("NA")), default=node))
    return Words(reduce(partial(ex.op, "||"), nodes) if nodes else ex.Word(""))


def paste0(*parts: Any, collapse: Any = None) -> Words:
    return paste(*parts, sep="", collapse=collapse)


def starts_with(x: Any, prefix: Any) -> Truth:
    affix = text_argument(prefix, "prefix")
    return Truth(ex.op("=", _part(words(x), ex.ONE, ex.number(len(affix))), ex.Word(affix)))


def ends_with(x: Any, suffix: Any) -> Truth:
    affix, text = text_argument(suffix, "suffix"), words(x)
    length = ex.op("length", text)
    start = ex.subtract(length, ex.number(len(affix) - 1))
    found = ex.op("=", _part(text, start, ex.number(len(affix))), ex.Word(affix))
    long = ex.op(">=", length, float(len(affix)))
    return Truth(ex.case((ex.missing(text), ex.UNKNOWN), (long, found), default=ex.FALSE))


def grepl(pattern: Any, x: Any, ignore_case: Any = False, fixed: Any = False) -> Truth:
    """A missing text is FALSE."""
    wanted = text_argument(pattern, "pattern")
    if flag_argument(ignore_case, "ignore.case"):
        raise Untranslatable("grepl(ignore.case =): capitals are not the same everywhere")
    if not flag_argument(fixed, "fixed") and not NO_PATTERN.fullmatch(wanted):
        raise Untranslatable(f"the pattern '{wanted}': regular expressions differ; use fixed = TRUE")
    if not wanted:
        return Truth(ex.contrary(ex.missing(words(x))))
    return Truth(ex.op("surely", ex.op("contains", words(x), ex.Word(wanted))))


TRANSLATIONS: dict[str, Any] = {
    "nchar": nchar, "substr": substr, "substring": substring, "trimws": trimws, "paste": paste, "paste0": paste0,
    "toupper": partial(case_of, "toupper"), "tolower": partial(case_of, "tolower"), "startsWith": starts_with,
    "endsWith": ends_with, "grepl": grepl,
}  # fmt: skip
