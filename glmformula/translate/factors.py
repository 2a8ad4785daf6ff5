"""Factors, comparisons and logic of formulas, translated."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import partial, reduce
from typing import Any

import numpy as np

from ..errors import nearest
from ..formula.functions.coercion import number_in
from ..formula.functions.vectors import flag_argument, is_text, texts, vector
from ..formula.values import Factor, Time
from . import expressions as ex, moments
from .expressions import Node
from .rounding import truncated
from .symbols import (
    Category,
    Columns,
    Moment,
    Numeric,
    Truth,
    Untranslatable,
    Words,
    absent,
    by_level,
    condition,
    is_symbol,
    name_of,
    numeric,
    two_levels,
    words,
)

DIGITS = 15  # with which R writes a number as a level


def matches(node: Node, text: str) -> Node:
    """Whether a number is written like that: all numbers that agree with it in 15 digits are."""
    value = float(text)
    if value.is_integer() or not math.isfinite(value):
        return ex.compare("=", node, ex.number(value))
    written = Decimal(text)
    half = Decimal(5).scaleb(written.adjusted() - DIGITS)
    low, high = (ex.number(float(end)) for end in (written - half, written + half))
    return ex.both(ex.compare(">=", node, low), ex.compare("<=", node, high))


def tests_of(x: Any, keys: list[str]) -> tuple[Node, ...]:
    """For each key whether ``as.character(x)`` is that."""
    match x:
        case Category():
            place = dict(zip(x.levels, x.tests))
            return tuple(place.get(key, ex.FALSE) for key in keys)
        case Words(of=Category() as factor):
            return tests_of(factor, keys)
        case Words():
            return tuple(ex.compare("=", x.node, ex.Word(key)) for key in keys)
        case Truth():
            return tests_of(two_levels(x.node), keys)
        case Moment():
            return tuple(ex.compare("=", x.node, ex.number(moments.read(x, key))) for key in keys)
        case Columns(width=1) | Numeric():
            return tuple(matches(numeric(x), key) for key in keys)
    raise Untranslatable(f"a factor was expected, a {name_of(x)} was given")


def labelled(x: Any, levels: list[str], tests: tuple[Node, ...]) -> Node:
    if isinstance(x, Category | Words | Truth):
        return words(x)
    pairs = zip(tests, levels, strict=True)
    return ex.case(*((test, ex.Word(level)) for test, level in pairs), default=ex.Missing("text"))


def coded(x: Any, levels: list[str], ordered: bool = False) -> Category:
    """The value as a factor with these levels."""
    tests = tests_of(x, levels)
    return Category(tuple(levels), tests, absent(x), labelled(x, levels, tests), ordered)


def recoded(state: dict[str, Any], x: Any, *_: Any, **__: Any) -> Category:
    return coded(x, [str(v) for v in state["levels"]], bool(state["ordered"]))


def factor(state: dict[str, Any], x: Any, *_: Any, **__: Any) -> Category:
    """``factor``, ``ordered``, ``addNA``: which text becomes which level is in the state."""
    levels = [str(v) for v in state["levels"]]
    keys = [str(key) for key in state["keys"]]
    of_key = tests_of(x, keys)
    tests: list[Node] = [ex.FALSE] * len(levels)
    for test, place in zip(of_key, state["codes"], strict=True):
        tests[int(place)] = ex.either(tests[int(place)], test)
    none = absent(x)
    if state["na"] >= 0:
        tests[int(state["na"])] = ex.either(tests[int(state["na"])], none)
        none = ex.FALSE
    if not state["open"] or state["dropped"]:  # what is no key is missing, not new
        none = ex.contrary(ex.op("surely", ex.some(tests)))
    renamed = keys != [levels[int(place)] for place in state["codes"]] or state["na"] >= 0
    label = (
        ex.case(*((t, ex.Word(v)) for t, v in zip(tests, levels)), default=ex.Missing("text"))
        if renamed
        else labelled(x, levels, tuple(tests))
    )
    return Category(tuple(levels), tuple(tests), none, label, bool(state["ordered"]))


def interaction(state: dict[str, Any], *factors: Any, sep: Any = ".", **_: Any) -> Category:
    """The labels put together, and found among those that the fit has kept."""
    parts: list[Node] = []
    for x in factors:
        parts += [ex.Word(str(sep))] if parts and str(sep) else []
        parts.append(words(x))
    return recoded(state, Words(reduce(partial(ex.op, "||"), parts)))


def contrasted(state: dict[str, Any], object: Any, *_: Any, **__: Any) -> Category:
    """``C``: its contrasts are those of the design."""
    return recoded(state, object)


# ---- numbers into intervals ----


def cut(
    state: dict[str, Any],
    x: Any,
    breaks: Any,
    labels: Any = None,
    include_lowest: Any = False,
    right: Any = None,
    dig_lab: Any = 3,
    ordered_result: Any = False,
) -> Any:
    node = x.node if isinstance(x, Moment) else numeric(x)
    edges = np.asarray(state["breaks"], dtype=np.float64).tolist()
    closed_right = not isinstance(x, Moment) if right is None else flag_argument(right, "right")
    lowest = flag_argument(include_lowest, "include.lowest")
    above, below = (">", "<=") if closed_right else (">=", "<")
    tests = []
    last = len(edges) - 2
    for k, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        first = ">=" if lowest and k == 0 and closed_right else above
        end = "<=" if lowest and k == last and not closed_right else below
        tests.append(ex.both(_beside(first, node, low), _beside(end, node, high)))
    if not state["labels"]:
        return Numeric(ex.case(*((test, float(k + 1)) for k, test in enumerate(tests))))
    found: dict[str, Node] = {}
    for name, test in zip(state["labels"], tests, strict=True):  # equal labels are one level
        found[str(name)] = ex.either(found[str(name)], test) if str(name) in found else test
    own = tuple(found.values())
    label = ex.case(*((t, ex.Word(v)) for t, v in zip(own, found)), default=ex.Missing("text"))
    outside = ex.contrary(ex.op("surely", ex.some(own)))
    return Category(tuple(found), own, outside, label, flag_argument(ordered_result, "ordered_result"))


def _beside(comparison: str, node: Node, edge: float) -> Node:
    """A comparison with a break, which may be infinite: everything is above minus infinity."""
    if math.isinf(edge) and (edge > 0) == (comparison[0] == "<"):
        return ex.contrary(ex.missing(node)) if "=" in comparison else ex.compare("<>", node, ex.number(edge))
    return ex.compare(comparison, node, ex.number(edge))


def find_interval(
    x: Any, vec: Any, rightmost_closed: Any = False, all_inside: Any = False, left_open: Any = False
) -> Numeric:
    node, edges = numeric(x), vector(vec).tolist()
    left = flag_argument(left_open, "left.open")
    below = [ex.compare("<=" if left else "<", node, ex.number(edge)) for edge in edges]
    counts: list[tuple[Node, float]] = [(test, float(k)) for k, test in enumerate(below)]
    if edges and flag_argument(rightmost_closed, "rightmost.closed"):
        end, value = (edges[0], 1.0) if left else (edges[-1], float(len(edges) - 1))
        counts = [(ex.compare("=", node, ex.number(end)), value), *counts]
    if flag_argument(all_inside, "all.inside"):
        counts = [(test, min(max(k, 1.0), len(edges) - 1.0)) for test, k in counts]
    most = float(len(edges)) if not flag_argument(all_inside, "all.inside") else len(edges) - 1.0
    return Numeric(ex.case(*counts, (ex.contrary(ex.missing(node)), most)))


# ---- comparison and logic ----

SYMBOLS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def compare(symbol: str, e1: Any, e2: Any) -> Truth:
    e1, e2 = (Numeric(v.column(0)) if isinstance(v, Columns) and v.width == 1 else v for v in (e1, e2))
    for one in (e1, e2):
        if isinstance(one, Columns):
            raise Untranslatable("comparison is possible only for vectors: a matrix was given")
    if any(isinstance(v, Moment | Time) for v in (e1, e2)):
        a, b = moments.aligned(e1, e2)
        return Truth(ex.compare(SYMBOLS[symbol], a, b))
    if any(isinstance(v, Category | Factor) for v in (e1, e2)):
        return _compare_levels(symbol, e1, e2)
    if any(isinstance(v, Words) or is_text(v) for v in (e1, e2)):
        if symbol not in ("==", "!="):
            raise Untranslatable(f"'{symbol}' of texts: databases do not sort them as R does")
        return Truth(ex.compare(SYMBOLS[symbol], words(e1), words(e2)))
    return Truth(ex.compare(SYMBOLS[symbol], numeric(e1), numeric(e2)))


def _compare_levels(symbol: str, e1: Any, e2: Any) -> Truth:
    factors = [v for v in (e1, e2) if isinstance(v, Category)]
    if symbol in ("==", "!="):
        if len(factors) == 2 or any(is_symbol(v) and not isinstance(v, Category) for v in (e1, e2)):
            return Truth(ex.compare(SYMBOLS[symbol], words(e1), words(e2)))
        (factor,) = factors
        other = texts(e2 if factor is e1 else e1)
        if len(other) != 1 or other[0] is None:
            raise Untranslatable("a factor is compared with one label")
        same = tests_of(factor, [str(other[0])])[0]
        known = ex.contrary(factor.absent)
        yes, no = (ex.TRUE, ex.FALSE) if symbol == "==" else (ex.FALSE, ex.TRUE)
        return Truth(ex.case((same, yes), (known, no), default=ex.UNKNOWN))
    ranked = next((f for f in factors if f.ordered), None)
    if ranked is None:
        raise Untranslatable(f"‘{symbol}’ not meaningful for factors: only ordered() factors have an order")
    return Truth(ex.compare(SYMBOLS[symbol], _place(e1, ranked), _place(e2, ranked)))


def _place(value: Any, factor: Category) -> Node:
    if isinstance(value, Category):
        if value.levels != factor.levels:
            raise Untranslatable("level sets of factors are different")
        return codes(value)
    label = str(texts(value)[0])
    if label not in factor.levels:
        raise Untranslatable(f"'{label}' is not a level of the ordered factor{nearest(label, factor.levels)}")
    return ex.number(float(factor.levels.index(label) + 1))


def codes(value: Category) -> Node:
    return by_level(value, [ex.number(float(k + 1)) for k in range(len(value.levels))], ex.NOTHING)


def logic(name: str, e1: Any, e2: Any) -> Truth:
    return Truth((ex.both if name == "and" else ex.either)(condition(e1), condition(e2)))


def negation(x: Any) -> Truth:
    if isinstance(x, Category | Words):
        raise Untranslatable(f"‘!’ not meaningful for a {name_of(x)}")
    return Truth(ex.contrary(condition(x)))


def exclusive(x: Any, y: Any) -> Truth:
    a, b = condition(x), condition(y)
    return Truth(ex.either(ex.both(a, ex.contrary(b)), ex.both(ex.contrary(a), b)))


def is_missing(x: Any) -> Truth:
    if isinstance(x, Columns) and x.width != 1:
        raise Untranslatable("is.na() of a matrix with several columns is not a variable: test one column")
    return Truth(ex.op("surely", absent(x)))


def is_finite(which: str, x: Any) -> Truth:
    """``is.finite``, ``is.infinite``, ``is.nan``: what is NaN has no value in a database."""
    if isinstance(x, Words):
        return Truth(ex.FALSE)
    if isinstance(x, Category):
        return Truth(ex.contrary(ex.op("surely", x.absent)) if which == "is.finite" else ex.FALSE)
    node = numeric(x)
    endless = ex.op("surely", ex.op("=", ex.op("abs", node), math.inf))
    if which == "is.infinite":
        return Truth(endless)
    if which == "is.finite":
        return Truth(ex.both(ex.contrary(ex.missing(node)), ex.contrary(endless)))
    return Truth(ex.missing(node))


def is_kind(kinds: tuple[str, ...], x: Any) -> bool:
    return name_of(x) in kinds


def among(x: Any, table: Any) -> Truth:
    """``%in%``: never missing."""
    if is_symbol(table):
        raise Untranslatable("%in% a column: name the values")
    if isinstance(x, Moment):
        known = [moments.aligned(x, v)[1] for v in moments.elements(x, table)]
        return Truth(ex.op("surely", ex.some(ex.compare("=", x.node, v) for v in known)))
    if isinstance(x, Category | Words | Truth) or is_text(table) or isinstance(table, Factor):
        found = texts(table).tolist()
        tests = tests_of(x, [str(v) for v in found if v is not None])
        none = absent(x) if None in found else ex.FALSE
    else:
        values = np.unique(vector(table))
        tests = tuple(ex.compare("=", numeric(x), ex.number(v)) for v in values.tolist() if v == v)
        none = absent(x) if np.isnan(values).any() else ex.FALSE
    return Truth(ex.either(ex.op("surely", ex.some(tests)), none))


def if_else(test: Any, yes: Any, no: Any) -> Any:
    """``ifelse``: missing where the test is."""
    holds = condition(test)
    for value in (yes, no):
        if isinstance(value, Category | Factor):
            raise Untranslatable("ifelse() of a factor: write as.character() or as.integer() around it")
    against = ex.contrary(holds)
    if any(isinstance(v, Words) or is_text(v) for v in (yes, no)):
        return Words(ex.case((holds, words(yes)), (against, words(no)), default=ex.Missing("text")))
    if all(name_of(v) == "logical" for v in (yes, no)):
        return Truth(ex.case((holds, condition(yes)), (against, condition(no)), default=ex.UNKNOWN))
    return Numeric(ex.case((holds, _number(yes)), (against, _number(no))))


def _number(value: Any) -> Node:
    return value.node if isinstance(value, Moment) else numeric(value)


# ---- coercion ----


def as_numeric(x: Any, units: Any = None) -> Any:
    match x:
        case Moment():
            return Numeric(moments.in_units(x, units))
        case Category():
            return Numeric(codes(x))
        case Words(of=Category() as factor):
            return Numeric(by_level(factor, [ex.number(number_in(v)) for v in factor.levels], ex.NOTHING))
        case Words():
            raise Untranslatable("numbers written in a text: make the column a number in the data")
    return Numeric(numeric(x))


def as_integer(x: Any) -> Any:
    if isinstance(x, Category):
        return Numeric(codes(x))
    node = as_numeric(x).node
    return Numeric(ex.case((ex.op("<", ex.op("abs", node), math.inf), truncated(node))))


def as_character(x: Any) -> Any:
    if isinstance(x, Moment):
        return Words(moments.written(x, "%Y-%m-%d")) if x.kind == "Date" else Words(words(x))
    return Words(words(x), x if isinstance(x, Category) else x.of if isinstance(x, Words) else None)


def as_logical(x: Any) -> Any:
    if isinstance(x, Category | Words):
        yes, no = (
            ex.some(tests_of(x, names))
            for names in (["T", "TRUE", "true", "True"], ["F", "FALSE", "false", "False"])
        )
        return Truth(ex.case((yes, ex.TRUE), (no, ex.FALSE), default=ex.UNKNOWN))
    return Truth(condition(x))


def as_vector(x: Any) -> Any:
    if isinstance(x, Category):
        return as_character(x)
    return Numeric(x.node) if isinstance(x, Moment) else Numeric(numeric(x)) if isinstance(x, Columns) else x


def unclass(x: Any) -> Any:
    return Numeric(codes(x)) if isinstance(x, Category) else Numeric(x.node) if isinstance(x, Moment) else x


TRANSLATIONS: dict[str, Any] = {
    **{symbol: partial(compare, symbol) for symbol in SYMBOLS},
    "&": partial(logic, "and"), "|": partial(logic, "or"), "!": negation, "xor": exclusive,
    "%in%": among, "is.element": among, "is.na": is_missing, "ifelse": if_else,
    **{name: partial(is_finite, name) for name in ("is.nan", "is.finite", "is.infinite")},
    "is.factor": partial(is_kind, ("factor", "ordered factor")), "is.ordered": partial(is_kind, ("ordered factor",)),
    "is.numeric": partial(is_kind, ("numeric", "matrix")), "is.character": partial(is_kind, ("character",)),
    "is.logical": partial(is_kind, ("logical",)),
    "as.numeric": as_numeric, "as.double": as_numeric, "as.integer": as_integer, "as.character": as_character,
    "as.logical": as_logical, "as.vector": as_vector, "unclass": unclass,
    "factor": factor, "ordered": factor, "addNA": factor, "as.factor": recoded, "as.ordered": recoded,
    "droplevels": recoded, "[drop": recoded, "relevel": recoded, "interaction": interaction, "C": contrasted,
    "cut": cut, "findInterval": find_interval,
}  # fmt: skip
