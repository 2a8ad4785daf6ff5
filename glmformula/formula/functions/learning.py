"""A call's frozen state learned from rows that come in blocks: which questions to ask of the blocks.

Each function that keeps state has a *learner* here, a generator. It yields a question, a pass over the rows
answers it (a block answers for its rows, two answers merge into one), and in the end it returns the same
state that the function learns from all rows at once. Most learners ask for a few values that stand in for all
of them, and call the function itself on these: the distinct values for levels, the extremes for ``cut``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError
from ..values import Factor, Logical, Matrix, Text, Time, Value
from .matrices import scale_state
from .polynomials import recurrence_of, too_few_points
from .registry import RFunction
from .samples import Ranges, Sample, Tally
from .sequences import combine, take
from .summaries import quantiles
from .vectors import (
    as_whole,
    factorized,
    flag_argument,
    is_integer,
    is_numeric,
    is_text,
    kind,
    number_argument,
    simplify,
    size,
    vector,
    whole_argument,
)

MOST_DISTINCT = 1_000_000


class Question(Protocol):
    """What a pass asks of the values of a call's arguments that have one for each row; picklable."""

    def of(self, *rows: Value) -> Any:
        """The answer of some rows."""
        ...

    def merge(self, a: Any, b: Any) -> Any:
        """The answer of the rows of both."""
        ...


Learning = Generator[Question, Any, dict[str, Any]]
Fill = Callable[..., tuple[list[Any], dict[str, Any]]]
"""``fill(*values)``: the call's arguments with these in place of those that have a value for each row."""
Learner = Callable[[RFunction, Fill], Learning]


# ---- stand-ins ----


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct rows of the arguments together, in order of appearance."""

    def of(self, *rows: Value) -> tuple[Value, ...]:
        joint = np.zeros(size(rows[0]), dtype=np.int64)
        for value in rows:
            codes, uniques = _codes(value)
            joint, _ = pd.factorize(joint * (len(uniques) + 1) + codes + 1)
        first = np.unique(joint, return_index=True)[1]
        if len(first) > MOST_DISTINCT:
            raise DataError(f"over {MOST_DISTINCT:,} different values are too many levels")
        return tuple(take(value, first) for value in rows)

    def merge(self, a: tuple[Value, ...], b: tuple[Value, ...]) -> tuple[Value, ...]:
        return self.of(*(joined(x, y) for x, y in zip(a, b, strict=True)))


@dataclass(frozen=True, slots=True)
class Extremes:
    """The smallest and the largest number of each argument, and a NaN where there is one."""

    def of(self, *rows: Value) -> tuple[Value, ...]:
        return tuple(self.one(value) for value in rows)

    def one(self, value: Value) -> Value:
        if isinstance(value, Matrix):
            value = np.ravel(value.values, order="F")
        if isinstance(value, Time):
            return replace(value, values=np.asarray(self.one(value.values)))
        if not isinstance(value, np.ndarray):
            return Distinct().of(value)[0]
        known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
        ends = np.array([known.min(), known.max()] if known.size else [], dtype=value.dtype)
        return ends if known.size == value.size else np.append(ends, np.nan)

    def merge(self, a: tuple[Value, ...], b: tuple[Value, ...]) -> tuple[Value, ...]:
        return self.of(*(joined(x, y) for x, y in zip(a, b, strict=True)))


def joined(a: Value, b: Value) -> Value:
    """Rows of `a` followed by those of `b`, of one kind."""
    if isinstance(a, Factor) and isinstance(b, Factor):
        if a.levels == b.levels:
            return replace(a, codes=np.concatenate([a.codes, b.codes]))
        levels = tuple(dict.fromkeys([*a.levels, *b.levels]))
        table = np.array([*(levels.index(level) for level in b.levels), -1])
        return Factor(np.concatenate([a.codes.astype(np.int64), table[b.codes]]), levels, a.ordered)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.concatenate([a, b])
    if isinstance(a, Text) and isinstance(b, Text):
        return Text(np.concatenate([a.values, b.values]))
    out = combine(a, b)
    assert out is not None
    return out


def _codes(value: Value) -> tuple[np.ndarray, Any]:
    if isinstance(value, Factor):
        return value.codes.astype(np.int64), value.levels
    if isinstance(value, Logical):
        hidden = np.zeros(len(value.values), bool) if value.missing is None else value.missing
        return np.where(hidden, -1, value.values.astype(np.int64)), (False, True)
    if is_text(value):
        return factorized(value)
    return pd.factorize(value if isinstance(value, np.ndarray) else vector(value))


def _stands_in(question: Question, function: RFunction, fill: Fill) -> Learning:
    """The function itself, on the few values that the question brings."""
    args, named = fill(*(yield question))
    return _state(function, args, named)


def _state(function: RFunction, args: list[Any], named: dict[str, Any]) -> dict[str, Any]:
    if function.learn is None:
        return {"value": function.call(*args, **named)}
    return function.learn(*args, **named)


def _cut(function: RFunction, fill: Fill) -> Learning:
    """Breaks that are given need no pass."""
    args, named = fill(np.empty(0))
    if size(named.get("breaks")) == 1:
        args, named = fill(*(yield Extremes()))
    return _state(function, args, named)


# ---- moments ----


@dataclass(frozen=True, slots=True)
class Moment:
    """Of each column: how many values, how many known, the total, the mean, the cross products about it.

    The cross products of two columns (``var(x, y)``) are those of the rows that have both.
    """

    rows: int
    known: np.ndarray  # (k,)
    total: np.ndarray  # (k,)
    mean: np.ndarray  # (k,)
    squares: np.ndarray  # (k, k)
    whole: bool  # all integers

    def plus(self, other: Moment) -> Moment:
        """Chan, Golub & LeVeque (1983)."""
        known = self.known + other.known
        share = other.known / np.maximum(known, 1)
        step = np.where(other.known > 0, other.mean - self.mean, 0.0)
        step = np.where(self.known > 0, step, 0.0)
        mean = np.where(self.known > 0, self.mean + step * share, other.mean)
        squares = self.squares + other.squares + np.outer(step, step * self.known * share)
        return Moment(
            self.rows + other.rows, known, self.total + other.total, mean, squares, self.whole and other.whole
        )


@dataclass(frozen=True, slots=True)
class Moments:
    """Means and squares of the columns of the arguments; `name` is the function that asks, for messages."""

    name: str

    def of(self, *rows: Value) -> Moment:
        columns = [c for value in rows for c in self.columns(value)]
        known = [c[~np.isnan(c)] for c in columns]
        counts = np.array([len(c) for c in known])
        with np.errstate(invalid="ignore"):
            total = np.array([c.sum() for c in known])
            mean = np.array([c.mean() if len(c) else 0.0 for c in known])
            if self.name == "var" and len(columns) == 2:
                gone = np.isnan(columns[0] + columns[1])
                both = [np.where(gone, 0.0, c - m) for c, m in zip(columns, mean)]
                squares = np.array([[float(a @ b) for a in both] for b in both])
            else:
                squares = np.diag([float(((c - m) ** 2).sum()) for c, m in zip(known, mean)])
        whole = all(map(is_integer, rows))
        return Moment(len(columns[0]) if columns else 0, counts, total, mean, squares, whole)

    def columns(self, value: Value) -> list[np.ndarray]:
        if isinstance(value, Factor):
            raise DataError(f"‘{self.name}’ not meaningful for factors: need numeric data")
        if is_text(value) or (isinstance(value, Time) and self.name not in ("var", "sd", "scale")):
            raise DataError(f"{self.name}(): need numeric data, a {kind(value)} was given")
        if isinstance(value, Matrix):
            return [*value.values.T] if self.name == "scale" else [np.ravel(value.values)]
        return [vector(value)]

    def merge(self, a: Moment, b: Moment) -> Moment:
        return a.plus(b)


def _skips(named: dict[str, Any]) -> bool:
    return flag_argument(named.get("na_rm", False), "na.rm")


def _mean(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None)
    trim = number_argument(named.get("trim", 0), "trim")
    if trim > 0:
        return (yield from _trimmed(trim, named))
    found: Moment = yield Moments("mean")
    known = found.known[0] == found.rows or _skips(named)
    return {"value": float(found.mean[0]) if known and found.known[0] else math.nan}


def _trimmed(trim: float, named: dict[str, Any]) -> Learning:
    sample = yield from _sample()
    if sample.missing and not _skips(named):
        return {"value": math.nan}
    if trim >= 0.5:
        return {"value": (yield from _settled(sample, _middle))}
    values = sample.expand()
    if values is None:
        raise FormulaError(
            "mean(trim =) of so many different numbers needs all rows at once: "
            "compute it before the fit, or load the data into memory"
        )
    cut = int(values.size * trim)
    return {"value": float(values[cut : values.size - cut].mean())}


def _variance(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None, None)
    found: Moment = yield Moments(function.name)
    pair = len(found.known) == 2
    skip = _skips(named) and not pair
    value = math.nan
    if found.known[0] >= 2 and (skip or (found.known == found.rows).all()):
        value = float(found.squares[0, -1]) / (int(found.known[0]) - 1)
    return {"value": math.sqrt(value) if function.name == "sd" else value}


def _sum(function: RFunction, fill: Fill) -> Learning:
    args, named = fill()
    found: Moment = yield Moments("sum")
    constants = [value for value in args if value is not None]
    total = float(found.total.sum()) if _skips(named) or (found.known == found.rows).all() else math.nan
    out: Value = total + sum(float(vector(c).sum()) for c in constants)
    return {"value": as_whole(out) if found.whole and all(map(is_integer, constants)) else out}


def _scale(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None)
    found: Moment = yield Moments("scale")
    about = np.diag(found.squares)
    return scale_state(
        named.get("center", True),
        named.get("scale", True),
        found.known,
        np.where(found.known > 0, found.mean, np.nan),
        lambda middle: about + np.where(found.known > 0, found.known * (found.mean - middle) ** 2, 0.0),
    )


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows."""

    def of(self, *rows: Value) -> int:
        return size(rows[0])

    def merge(self, a: int, b: int) -> int:
        return a + b


@dataclass(frozen=True, slots=True)
class Product:
    """The product of all numbers, and how many are NaN."""

    def of(self, *rows: Value) -> tuple[float, int]:
        values = np.concatenate([vector(v) for v in rows])
        known = values[~np.isnan(values)]
        return float(np.prod(known)), values.size - known.size

    def merge(self, a: tuple[float, int], b: tuple[float, int]) -> tuple[float, int]:
        return a[0] * b[0], a[1] + b[1]


def _length(function: RFunction, fill: Fill) -> Learning:
    return {"value": (yield Count())}


def _product(function: RFunction, fill: Fill) -> Learning:
    args, named = fill()
    value, missing = yield Product()
    constants = [float(np.prod(vector(c))) for c in args if c is not None]
    return {"value": math.nan if missing and not _skips(named) else value * math.prod(constants)}


# ---- order statistics ----


@dataclass(frozen=True, slots=True)
class Numbers:
    """A tally of the numbers, all of them or within ranges; of |x - about| where that is given."""

    within: Ranges | None = None
    about: float | None = None

    def of(self, *rows: Value) -> tuple[Tally, int]:
        if not is_numeric(rows[0]):
            raise DataError(f"need numeric data, a {kind(rows[0])} was given")
        values = vector(rows[0])
        known = values[~np.isnan(values)]
        if self.about is not None:
            known = np.abs(known - self.about)
        return Tally.of(known, self.within), values.size - known.size

    def merge(self, a: tuple[Tally, int], b: tuple[Tally, int]) -> tuple[Tally, int]:
        return a[0].merged(b[0]), a[1] + b[1]


Asking = Generator[Question, Any, Any]


def _sample(about: float | None = None) -> Asking:
    tally, missing = yield Numbers(about=about)
    return Sample(tally, missing)


def _settled(sample: Sample, compute: Callable[[Sample], Any], about: float | None = None) -> Asking:
    """``compute(sample)`` once every number that it looks at is known."""
    while True:
        try:
            out = compute(sample)
        except DataError:  # of numbers that were not yet known
            if not sample.wanted:
                raise
        if not sample.wanted:
            return out
        tally, _ = yield Numbers(sample.ranges(), about)
        sample.refined(tally)


def _middle(sample: Sample) -> float:
    return float(quantiles(sample, np.array([0.5]))[0]) if sample.size else math.nan


def _median(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None)
    sample = yield from _sample()
    known = _skips(named) or not sample.missing
    return {"value": (yield from _settled(sample, _middle)) if known else math.nan}


def _mad(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None)
    center = named.get("center")
    sample = yield from _sample()
    if sample.missing and not _skips(named):
        return {"value": math.nan}
    if center is None:
        middle = yield from _settled(sample, _middle)
    else:
        middle = number_argument(center, "center")
    away = yield from _sample(middle)
    constant = number_argument(named.get("constant", 1.4826), "constant")
    return {"value": constant * (yield from _settled(away, _middle, middle))}


def _quantile(function: RFunction, fill: Fill) -> Learning:
    args, named = fill(np.zeros(1))
    function.call(*args, **named)  # its checks of the other arguments
    between = function.name == "IQR"
    given = np.array([0.25, 0.75]) if between else named.get("probs")
    probs = np.linspace(0, 1, 5) if given is None else np.clip(vector(given), 0, 1)
    which = whole_argument(named.get("type", 7), "type")
    sample = yield from _sample()
    if sample.missing and not _skips(named):
        raise DataError("missing values and NaN's not allowed if 'na.rm' is FALSE")
    out = yield from _settled(sample, partial(quantiles, probs=probs, type_=which))
    return {"value": float(out[1] - out[0]) if between else simplify(out)}


def _spline(function: RFunction, fill: Fill) -> Learning:
    _, named = fill(None)
    if named.get("knots") is not None and named.get("boundary_knots") is not None:
        return _state(function, *fill(np.zeros(1)))
    sample = yield from _sample()

    def learn(sample: Sample) -> dict[str, Any]:
        return _state(function, *fill(sample))

    return (yield from _settled(sample, learn))


# ---- polynomials ----


@dataclass(frozen=True, slots=True)
class Points:
    """Of each variable: how many NaN, infinite numbers, the extremes, and up to `most` distinct values."""

    most: int

    def of(self, *rows: Value) -> list[tuple[int, int, np.ndarray]]:
        return [self.one(c) for value in rows for c in _polynomial_columns(value)]

    def one(self, values: np.ndarray) -> tuple[int, int, np.ndarray]:
        known = values[np.isfinite(values)]
        missing = int(np.isnan(values).sum())
        return missing, values.size - known.size - missing, self.few(known)

    def few(self, known: np.ndarray) -> np.ndarray:
        """Some distinct values, the smallest and the largest among them."""
        some = np.unique(known[: 10 * self.most])
        if len(some) < self.most:
            some = np.unique(known)
        ends = [known.min(), known.max()] if known.size else []
        return np.unique(np.concatenate([some[: self.most], ends]))

    def merge(
        self, a: list[tuple[int, int, np.ndarray]], b: list[tuple[int, int, np.ndarray]]
    ) -> list[tuple[int, int, np.ndarray]]:
        return [
            (x[0] + y[0], x[1] + y[1], self.few(np.concatenate([x[2], y[2]])))
            for x, y in zip(a, b, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Powers:
    """Triangular factors of 1, t, t^2 ... of each variable, t = (x - middle) / unit."""

    degree: int
    middle: tuple[float, ...]
    unit: tuple[float, ...]

    def of(self, *rows: Value) -> list[np.ndarray]:
        columns = [c for value in rows for c in _polynomial_columns(value)]
        return [
            triangle(np.vander((c - m) / u, self.degree + 1, increasing=True))
            for c, m, u in zip(columns, self.middle, self.unit, strict=True)
        ]

    def merge(self, a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
        return [triangle(np.vstack(pair)) for pair in zip(a, b, strict=True)]


def triangle(rows: np.ndarray) -> np.ndarray:
    """R of the QR factorisation."""
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _polynomial_columns(value: Value) -> list[np.ndarray]:
    if isinstance(value, Factor) or is_text(value):
        raise DataError(f"poly() needs numbers, a {kind(value)} was given")
    return [*value.values.T] if isinstance(value, Matrix) else [vector(value)]


def _poly(function: RFunction, fill: Fill) -> Learning:
    stand_in = np.arange(102.0)
    args, named = fill(stand_in)
    raw = flag_argument(named.get("raw", False), "raw")
    named["raw"] = True
    state = _state(function, args, named)  # its checks of the other arguments
    if raw:
        return state
    degree = int(state["degree"])
    points = yield Points(degree + 1)
    for missing, infinite, few in points:
        if missing:
            raise DataError(f"missing values are not allowed in 'poly': {missing} rows are missing")
        if infinite:
            raise DataError(f"infinite values are not allowed in 'poly': {infinite} rows are infinite")
        if len(few) <= degree:
            raise too_few_points(degree, len(few))
    middle = tuple(float(few[0] / 2 + few[-1] / 2) for *_, few in points)
    unit = tuple(float(few[-1] / 2 - few[0] / 2) for *_, few in points)
    factors = yield Powers(degree, middle, unit)
    return {
        "degree": degree,
        "raw": False,
        "coefs": [recurrence_of(R, m, u) for R, m, u in zip(factors, middle, unit, strict=True)],
    }


# ---- columns ----


@dataclass(frozen=True, slots=True)
class Levels:
    """The declared levels of a categorical column, in the order in which blocks declare them."""

    def of(self, *rows: Value) -> dict[str, Any]:
        (value,) = rows
        if not isinstance(value, Factor):
            raise DataError(f"a column that is a factor is {kind(value)} in some rows")
        return {"levels": list(value.levels), "ordered": value.ordered}

    def merge(self, a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
        return {"levels": list(dict.fromkeys([*a["levels"], *b["levels"]])), "ordered": a["ordered"]}


def column_levels() -> Learning:
    """State of a categorical column that a call uses."""
    return (yield Levels())


_LEVELS = partial(_stands_in, Distinct())
_ENDS = partial(_stands_in, Extremes())

LEARNERS: dict[str, Learner] = {
    **dict.fromkeys(("factor", "ordered", "as.factor", "as.ordered", "droplevels", "relevel"), _LEVELS),
    **dict.fromkeys(("[drop", "addNA", "unique"), _LEVELS),
    **dict.fromkeys(("interaction", "C", "levels", "nlevels", "all", "any"), _LEVELS),
    **dict.fromkeys(("min", "max", "range"), _ENDS),
    **dict.fromkeys(("var", "sd"), _variance),
    **dict.fromkeys(("bs", "ns"), _spline),
    **dict.fromkeys(("quantile", "IQR"), _quantile),
    "cut": _cut,
    "mean": _mean,
    "sum": _sum,
    "prod": _product,
    "length": _length,
    "median": _median,
    "mad": _mad,
    "scale": _scale,
    **dict.fromkeys(("poly", "polym"), _poly),
}
