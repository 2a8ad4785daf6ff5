"""What a reference grid has to know of the rows of a fit: one pass over them, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...design.coding import joint_codes
from ...errors import DataError
from ...formula.algebra import variables_used
from ...formula.functions.collation import sort_texts
from ...formula.functions.convert import as_factor
from ...formula.terms import Terms
from ...formula.tree import Name
from ...formula.values import Factor, Logical, Matrix, Text, Time, Value
from ...frame.arguments import numeric_value
from ...frame.columns import Columns, as_frame
from ...frame.kept import Kept, KeptColumns
from ...frame.newdata import new_frame
from ...frame.pieces import Piece, PieceColumns
from ...frame.rows import take
from ...frame.variables import variables_of

if TYPE_CHECKING:
    from ...design.build import DesignFrame
    from ...design.streamed import Streamed
    from ...fitted.streams import StreamedTraining
    from ...fitted.training import TrainingData
    from ...frame.schema import Schema

FEW = 2  # a number with so many different values is taken at each of them, as emmeans' option cov.keep
HEAD = 4096
TIMES = frozenset({"Date", "POSIXct", "difftime"})
MOST_CELLS = 1 << 20


@dataclass(frozen=True)
class Seen:
    """One variable over some rows.

    Attributes
    ----------
    kind : {"factor", "logical", "numeric"}
    levels : dict of level to bool
        In order, and whether a row has it; of a number its values, where they are few or stand for levels.
    text : bool
        Levels are strings, whose order is theirs.
    total, least, most : float
        Of a number.
    values : ndarray or None
        All of them, where they were asked for.
    """

    kind: str
    levels: dict[Any, bool] | None
    text: bool = False
    total: float = 0.0
    least: float = np.inf
    most: float = -np.inf
    values: np.ndarray | None = None

    def plus(self, other: Seen, always: bool) -> Seen:
        levels = None
        if self.levels is not None and other.levels is not None:
            levels = {
                k: self.levels.get(k, False) or other.levels.get(k, False)
                for k in {**self.levels, **other.levels}
            }
            if self.kind == "numeric" and len(levels) > FEW and not always:
                levels = None
        return Seen(
            self.kind,
            levels,
            self.text,
            self.total + other.total,
            min(self.least, other.least),
            max(self.most, other.most),
        )

    def used(self) -> tuple[Any, ...]:
        """The levels that some row has, in order."""
        assert self.levels is not None
        found = [level for level, here in self.levels.items() if here]
        if self.text:
            found = sort_texts(found)
        return tuple(found if self.kind == "factor" else sorted(found))


@dataclass(frozen=True)
class Facts:
    """Of all rows of a fit.

    Attributes
    ----------
    rows : int
    seen : mapping of str to Seen
        By name of the variable, in the order of the formula.
    offset : float or None
        Sum of the offset.
    crossed : tuple of str
        The variables with levels, whose combinations `cells` counts.
    cells : dict of tuple to float
        Weight of the rows with each combination of levels that occurs.
    always : frozenset of str
        Numbers that stand for levels, however many.
    """

    rows: int
    seen: Mapping[str, Seen]
    offset: float | None
    crossed: tuple[str, ...]
    cells: dict[tuple[Any, ...], float]
    always: frozenset[str]

    def plus(self, other: Facts) -> Facts:
        seen = {name: one.plus(other.seen[name], name in self.always) for name, one in self.seen.items()}
        crossed = tuple(name for name in seen if seen[name].levels is not None)
        cells: dict[tuple[Any, ...], float] = {}
        for part in (self, other):
            places = [part.crossed.index(name) for name in crossed]
            for key, weight in part.cells.items():
                short = tuple(key[k] for k in places)
                cells[short] = cells.get(short, 0.0) + weight
        offset = None if self.offset is None or other.offset is None else self.offset + other.offset
        return Facts(self.rows + other.rows, seen, offset, crossed, cells, self.always)


@dataclass(frozen=True)
class Wanted:
    """The data's columns that the right side uses, in its order, and those of them that it makes factors of."""

    names: tuple[str, ...]
    factors: frozenset[str]
    kept: frozenset[str] = frozenset()  # numbers to be taken at all their values
    held: bool = False  # whether all values of numbers are asked for


def wanted_of(schema: Schema) -> Wanted:
    """Of a fit's frozen schema."""
    terms: Sequence[Terms] = schema.terms.parts or (schema.terms,)
    names: dict[str, None] = {}
    factors = set()
    for part in terms:
        for _, node, text, _ in variables_of(part):
            used = [name for name in variables_used(node) if name != "pi"]
            names.update(dict.fromkeys(used))
            described = schema.variables.get(text)
            if (
                described is not None
                and described.kind in ("factor", "ordered")
                and not isinstance(node, Name)
            ):
                factors.update(used)
    return Wanted(tuple(names), frozenset(factors))


def facts_of(rows: TrainingData, wanted: Wanted) -> Facts:
    """By a pass over the rows in use, wherever they are.

    Raises
    ------
    DataError
        All values of a number were asked for, and the rows are not held.
    """
    if rows.streamed:
        if wanted.held:
            raise DataError(
                "cov_reduce: a function of all values of a variable needs rows in memory, and the rows of this fit "
                "are gone through in pieces: give the values, at={'x': [...]}, or 'mean', 'range'"
            )
        training = cast("StreamedTraining", rows)
        streamed: Streamed = training.frame
        columns = tuple(dict.fromkeys([*streamed.recipe.columns, *wanted.names]))
        found = training.table.map_reduce(partial(_of_piece, streamed, wanted), _added, columns)
        assert found is not None
        return found
    data = rows.arguments["data"]
    assert isinstance(data, Kept)
    frame = rows.frame
    columns_of = KeptColumns(data)
    values = {
        name: frame.variables[name] if name in frame.variables else take(columns_of(name), frame.kept)
        for name in wanted.names
    }
    return _facts(values, wanted, frame)


def _of_piece(streamed: Streamed, wanted: Wanted, piece: Piece) -> Facts | None:
    frame = streamed.frame(piece)
    if not frame.nrows:
        return None
    columns = PieceColumns(piece)
    values = {
        name: frame.variables[name] if name in frame.variables else take(columns(name), frame.kept)
        for name in wanted.names
    }
    return _facts(values, wanted, frame)


def _added(a: Facts | None, b: Facts | None) -> Facts | None:
    return a.plus(b) if a is not None and b is not None else a or b


@dataclass(frozen=True)
class Rows:
    """Rows in use that are no fit's: what `_facts` asks of a frame."""

    schema: Schema
    nrows: int
    offset: np.ndarray | None
    prior_weights: np.ndarray | None = None


def facts_from(schema: Schema, data: Any, wanted: Wanted) -> Facts:
    """The same of data that are given, for a fit that holds no rows; they count alike.

    Raises
    ------
    DataError
        As of new data.
    """
    table = as_frame(data)
    new = new_frame(schema, table)
    used = np.flatnonzero(~new.missing)
    if not used.size:
        raise DataError("data: no row has a value of every variable")
    columns = Columns(table)
    values = {
        name: take(new.variables[name] if name in new.variables else columns(name), used)
        for name in wanted.names
    }
    return _facts(values, wanted, Rows(schema, len(used), None if new.offset is None else new.offset[used]))


def _facts(values: Mapping[str, Value], wanted: Wanted, frame: DesignFrame | Rows) -> Facts:
    seen: dict[str, Seen] = {}
    codes: dict[str, np.ndarray] = {}
    levels: dict[str, list[Any]] = {}
    for name, value in values.items():
        described = frame.schema.variables.get(name)
        logical = isinstance(value, Logical) or (described is not None and described.kind == "logical")
        if described is not None and described.kind in TIMES:
            raise _no_grid(name, f"of type {described.kind}")
        one, code = _seen(value, name, logical, wanted)
        seen[name] = one
        if code is not None and one.levels is not None:
            codes[name], levels[name] = code, list(one.levels)
    weights = frame.prior_weights
    cells = _cells(tuple(codes.values()), tuple(levels.values()), weights, frame.nrows)
    offset = (
        None if frame.offset is None else float(np.sum(frame.offset.reshape(frame.nrows, -1).sum(axis=1)))
    )
    always = wanted.factors | wanted.kept
    return Facts(frame.nrows, seen, offset, tuple(codes), cells, always)


def _seen(value: Value, name: str, logical: bool, wanted: Wanted) -> tuple[Seen, np.ndarray | None]:
    if isinstance(value, Logical):
        value = Factor(value.values.astype(np.int8), ("FALSE", "TRUE"))
    text = isinstance(value, Text)
    if isinstance(value, Text):
        value = as_factor(value)
    if isinstance(value, Factor):
        counts = np.bincount(value.codes, minlength=len(value.levels))
        if logical:
            used = {level == "TRUE": bool(n) for level, n in zip(value.levels, counts.tolist())}
            return Seen("logical", used), value.codes
        return Seen("factor", dict(zip(value.levels, (counts > 0).tolist())), text), value.codes
    if isinstance(value, Matrix | Time):
        raise _no_grid(name, "a matrix" if isinstance(value, Matrix) else f"of type {value.kind}")
    x = numeric_value(value, name)
    one = Seen("numeric", None, total=float(x.sum()), least=float(x.min()), most=float(x.max()))
    if wanted.held:
        one = replace(one, values=x)
    always = name in wanted.factors or name in wanted.kept
    distinct = _few(x) if not always else np.unique(x)
    if distinct is None:
        return one, None
    used = dict.fromkeys(distinct.tolist(), True)
    return replace(one, levels=used), np.searchsorted(distinct, x)


def _no_grid(name: str, kind: str) -> DataError:
    return DataError(
        f"'{name}' is {kind}, at which no reference grid can be made: give it in the data as a number"
    )


def _few(x: np.ndarray) -> np.ndarray | None:
    """The different values, if they are few."""
    for rows in (slice(HEAD), slice(None)):
        part = x[rows]
        low, high = part.min(), part.max()
        if not ((part == low) | (part == high)).all():
            return None
    return np.unique(np.array([low, high]))


def _cells(
    codes: tuple[np.ndarray, ...], levels: tuple[list[Any], ...], weights: np.ndarray | None, n: int
) -> dict[tuple[Any, ...], float]:
    if not codes:
        return {(): float(n if weights is None else weights.sum())}
    sizes = [len(one) for one in levels]
    size = int(np.prod([float(s) for s in sizes]))
    joint = joint_codes(codes, sizes)
    if size <= MOST_CELLS:
        counts = np.bincount(joint, weights=weights, minlength=size)
        there = np.bincount(joint, minlength=size) if weights is not None else counts
        found = np.flatnonzero(there)
        counts = counts[found]
    else:
        found, where = np.unique(joint, return_inverse=True)
        counts = np.bincount(where, weights=weights)
    places = np.unravel_index(found, sizes, order="F")
    keys = zip(*(map(one.__getitem__, place.tolist()) for one, place in zip(levels, places)))
    return dict(zip(keys, counts.astype(float).tolist()))


def weight_of(facts: Facts, names: Sequence[str]) -> dict[tuple[Any, ...], float]:
    """Weights of the combinations of some of the crossed variables."""
    places = [facts.crossed.index(name) for name in names]
    out: dict[tuple[Any, ...], float] = {}
    for key, weight in facts.cells.items():
        short = tuple(key[k] for k in places)
        out[short] = out.get(short, 0.0) + weight
    return out
