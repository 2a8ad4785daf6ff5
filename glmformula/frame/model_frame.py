"""R's model.frame: every variable evaluated on all rows, then cut by `subset` and missing values, together.

Only the columns that the formula and the arguments name are touched; a column is copied only when rows go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..formula.evaluate import Scope, variables_used
from ..formula.parts import Parted, terms_of, text_of
from ..formula.reader import read
from ..formula.terms import Terms
from ..formula.tree import Node
from ..formula.values import Factor, Matrix, Value
from . import rows as row_tools
from .arguments import expression, numeric_argument, subset_positions
from .columns import Columns, as_frame
from .kept import Kept, KeptColumns
from .response import CATEGORIES, Response, response_arrays
from .schema import Schema, plain_name
from .variables import coded, described, evaluate_variable, response_name, variables_of

NA_ACTIONS = ("na.omit", "na.exclude", "na.fail", "na.pass")
ROWS_SHOWN = 5
NONE = np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class ModelFrame:
    """The rows in use, n of them.

    Attributes
    ----------
    terms : Terms
    schema : Schema
        What new data need; no rows.
    variables : dict of str to Value
        The right side by deparsed text, offsets included; strings and logicals are factors already.
    response_value : Value or None
        The left side as evaluated; a string or logical is a Factor already.
    response_kind : str
        What it was: R's ``.MFclass``, or "" where there is none.
    response : Response or None
        The left side as numbers for the model, when `reading` was said.
    response_name : str or None
    prior_weights, offset, etastart, mustart : ndarray of float64 (n,) or None
        `offset` is the sum of all ``offset()`` terms and the argument; of a formula in parts a column for each,
        (n, parts), the argument in the first.
    index : Index
        The data's row labels.
    kept : ndarray of int, (n,), or None
        Positions in the data; None means all, in order.
    omitted : ndarray of int
        Positions in the data of the rows lost to missing values.
    na_action : str
    lost : dict of str to int
        How many rows each variable loses.
    data_index : Index
        Labels of all rows of the data.
    contrasts : mapping or None
        The ``contrasts=`` argument.
    suspects : tuple of str
        Names of what may hold an infinite (with ``na.pass``: or missing) number.
    texts : mapping of str to str
        ``(weights)`` and ``(offset)`` as they were written.
    """

    terms: Terms
    schema: Schema
    variables: Mapping[str, Value]
    response_value: Value | None
    response_kind: str
    response: Response | None
    response_name: str | None
    prior_weights: np.ndarray | None
    offset: np.ndarray | None
    etastart: np.ndarray | None
    mustart: np.ndarray | None
    index: pd.Index
    kept: np.ndarray | None
    omitted: np.ndarray
    na_action: str
    lost: Mapping[str, int]
    data_index: pd.Index = field(repr=False)
    contrasts: Mapping[str, Any] | None = None
    suspects: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def nrows(self) -> int:
        return len(self.index)

    @property
    def modelled(self) -> str | None:
        """As of `Response`."""
        return None if self.response is None else self.response.modelled

    @property
    def n_omitted(self) -> int:
        return len(self.omitted)

    def labelled(self, values: np.ndarray) -> pd.Series:
        """A Series over the rows in use; with ``na.exclude`` the omitted rows are in their places, as NaN."""
        if self.na_action != "na.exclude" or not self.omitted.size:
            return pd.Series(values, index=self.index)
        kept = np.arange(len(self.data_index)) if self.kept is None else self.kept
        places = np.concatenate([kept, self.omitted])
        padded = np.concatenate([np.asarray(values, dtype=np.float64), np.full(self.omitted.size, np.nan)])
        order = np.argsort(places, kind="stable")
        return pd.Series(padded[order], index=self.data_index[places[order]])

    def to_dataframe(self) -> pd.DataFrame:
        """R's model.frame as a DataFrame: response, variables, then ``(weights)``, ``(offset)`` ..."""
        columns: dict[str, Any] = {}
        if self.response_value is not None and self.response_name is not None:
            _put(columns, self.response_name, self.response_value, self.response_kind)
        for name, value in self.variables.items():
            known = self.schema.variables.get(name)
            _put(columns, name, value, known.kind if known else "")
        for name in ("prior_weights", "etastart", "mustart"):
            if (values := getattr(self, name)) is not None:
                columns[f"({name.removeprefix('prior_')})"] = values
        return pd.DataFrame(columns, index=self.index)


def model_frame(
    formula: str | Node | Terms | Parted,
    data: Any,
    *,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    contrasts: Mapping[str, Any] | None = None,
    etastart: Any = None,
    mustart: Any = None,
    reading: str | None = None,
) -> ModelFrame:
    """Evaluate a formula's variables in `data`, R's ``model.frame``.

    Parameters
    ----------
    formula : str, Node, Terms or Parted
    data : DataFrame
    weights, offset, etastart, mustart : str, array, Series or None
        See `numeric_argument`; `offset` may be one number.
    subset : str, mask, row labels or None
        See `subset_positions`.
    na_action : {"na.omit", "na.exclude", "na.fail", "na.pass"}
    contrasts : mapping, optional
        Kept for the design.
    reading : {"numbers", "binomial", "categories"}, optional
        Also convert the response, as `response_arrays` says.

    Raises
    ------
    DataError
        Unknown or unusable columns, lengths that differ, missing values under ``na.fail``, no rows left.
    """
    if not isinstance(na_action, str) or na_action not in NA_ACTIONS:
        raise DataError(f"na_action must be one of {', '.join(map(repr, NA_ACTIONS))}, not {na_action!r}")
    kept = data if isinstance(data, Kept) else None
    wanted = partial(needed_columns, formula, (weights, offset, subset, etastart, mustart))
    data = as_frame(data, wanted) if kept is None else kept.frame_with(wanted)
    terms = terms_of(formula, data.columns)
    state: dict[Any, Any] = {}
    columns = Columns(data) if kept is None else KeptColumns(kept)
    n = len(data)
    scope = Scope(columns, n, state, False, source=text_of(formula))
    aside = Scope(columns, n, {}, False)

    response_value, response_kind = None, ""
    if terms.response is not None:
        response_value, response_kind = coded(evaluate_variable(terms.response, terms.names[0], scope))
    values, kinds = {}, {}
    for _, node, key, is_offset in variables_of(terms):
        values[key], kinds[key] = coded(evaluate_variable(node, key, scope, is_offset, reading == CATEGORIES))
    extra = {
        "weights": numeric_argument(weights, "weights", data, aside),
        "offset": numeric_argument(offset, "offset", data, scope, scalar=True),
        "etastart": numeric_argument(etastart, "etastart", data, aside),
        "mustart": numeric_argument(mustart, "mustart", data, aside),
    }
    chosen = subset_positions(subset, data, aside)
    name = response_name(terms)
    cut = _cut(_everything(name, response_value, values, extra), n, chosen, na_action)

    if response_value is not None:
        response_value = row_tools.take(response_value, cut.rows)
    arrays = {k: None if v is None else v if cut.kept is None else v[cut.rows] for k, v in extra.items()}
    _check_weights(arrays["weights"], data.index, cut.rows)
    variables: dict[str, Value] = {}
    descriptions = {}
    for key, value in values.items():
        variables[key], descriptions[key] = described(key, row_tools.take(value, cut.rows), kinds[key])
    offset_node = expression(offset, data) if isinstance(offset, str) else None
    constant = (
        float(np.asarray(offset).reshape(()))
        if offset is not None and offset_node is None and np.size(offset) == 1
        else None
    )
    schema = Schema(
        terms,
        descriptions,
        state,
        offset_node if offset_node is not None else constant,
        offset is not None and offset_node is None and constant is None,
        columns=columns.kinds(),
    )
    response = None
    if reading is not None and response_value is not None and name is not None:
        response = response_arrays(response_value, arrays["weights"], reading, name, response_kind)
    return ModelFrame(
        terms,
        schema,
        variables,
        response_value,
        response_kind,
        response,
        name,
        arrays["weights"],
        total_offset(terms, variables, arrays["offset"]),
        arrays["etastart"],
        arrays["mustart"],
        data.index if cut.kept is None else data.index[cut.kept],
        cut.kept,
        cut.omitted,
        na_action,
        cut.lost,
        data.index,
        contrasts,
        cut.suspects,
        {f"({k})": v for k, v in {"weights": weights, "offset": offset}.items() if isinstance(v, str)},
    )


def needed_columns(
    formula: str | Node | Terms | Parted, arguments: Sequence[Any], names: Sequence[str]
) -> list[str]:
    """Of a table's columns those that a fit reads."""
    terms = terms_of(formula, names)
    texts = [text for text in arguments if isinstance(text, str)]
    nodes = [*terms.variables, *(read(text) for text in texts if text not in names)]
    used = set(texts).union(*map(variables_used, nodes))
    return [name for name in names if name in used]


def check_finite(frame: ModelFrame) -> None:
    """Refuse what no fit can use: an infinite (or, with na.pass, missing) number in a row in use.

    Raises
    ------
    DataError
        R's "NA/NaN/Inf in 'x'", with the variable and the first rows.
    """
    if not frame.suspects:
        return
    extra = {k: getattr(frame, k) for k in ("etastart", "mustart")}
    extra["offset"] = by_row(frame.offset)
    extra["weights"] = frame.prior_weights
    for name, value in _everything(frame.response_name, frame.response_value, frame.variables, extra):
        if name not in frame.suspects:
            continue
        bad, what = row_tools.infinite(value), "infinite"
        if bad is None and frame.na_action == "na.pass":
            mask = row_tools.missing(value)
            bad, what = (None, "") if mask is None else (np.flatnonzero(mask), "missing")
        if bad is not None:
            where = "y" if name == frame.response_name else "x"
            text = f" = {frame.texts[name]}" if name in frame.texts else ""
            shown = ", ".join(repr(label) for label in frame.index[bad[:ROWS_SHOWN]].tolist())
            raise DataError(
                f"NA/NaN/Inf in '{where}': '{plain_name(name)}'{text} is {what} in {bad.size} of "
                f"{frame.nrows} rows, first rows: {shown}; drop them with subset= or change the variable"
            )


def total_offset(
    terms: Terms, variables: Mapping[str, Value], argument: np.ndarray | None
) -> np.ndarray | None:
    """The sum of the ``offset()`` terms and the argument; a column for each part of a formula in parts."""
    if terms.parts and not terms.one_offset:
        arguments = (argument, *[None] * (len(terms.parts) - 1))
        columns = [total_offset(part, variables, one) for part, one in zip(terms.parts, arguments)]
        known = next((column for column in columns if column is not None), None)
        if known is None:
            return None
        return np.stack([np.zeros_like(known) if c is None else c for c in columns], axis=1)
    total = argument
    for i in terms.offsets:
        value = variables[terms.names[i]]
        part = np.asarray(value.values if isinstance(value, Matrix) else value, dtype=np.float64)
        total = part if total is None else both_offsets(total, part)
    return total


def both_offsets(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Their sum, of vectors or of matrices with a column for each category.

    Raises
    ------
    DataError
        A vector and a matrix, or matrices of other widths.
    """
    if a.shape != b.shape:
        shapes = " and ".join(str(x.shape[1] if x.ndim == 2 else 1) for x in (a, b))
        raise DataError(
            f"offsets of {shapes} columns cannot be added: expected in each of them one, or one for each category"
        )
    return np.asarray(a + b)


def by_row(offset: np.ndarray | None) -> np.ndarray | None:
    """An offset (n,): not finite where that of some part is not."""
    return offset if offset is None or offset.ndim == 1 else offset.sum(axis=1)


@dataclass(frozen=True, slots=True)
class _Cut:
    rows: np.ndarray | None  # what to index with: a mask, which is faster, or positions
    kept: np.ndarray | None
    omitted: np.ndarray
    lost: dict[str, int]
    suspects: tuple[str, ...]


def _everything(
    name: str | None,
    response: Value | None,
    values: Mapping[str, Value],
    extra: Mapping[str, np.ndarray | None],
) -> list[tuple[str, Value]]:
    """All that is cut together, with the names R gives them."""
    named: list[tuple[str, Value]] = [] if response is None or name is None else [(name, response)]
    named.extend(values.items())
    named.extend((f"({key})", value) for key, value in extra.items() if value is not None)
    return named


def _cut(named: list[tuple[str, Value]], n: int, chosen: np.ndarray | None, na_action: str) -> _Cut:
    """Which rows stay."""
    if n == 0:
        raise DataError("0 (non-NA) cases: the data have no rows")
    if chosen is not None and not len(chosen):
        raise DataError(f"0 (non-NA) cases: 'subset' selects none of the {n} rows of data")
    lost: dict[str, int] = {}
    gone: np.ndarray | None = None
    flags = row_tools.suspicious([v for _, v in named])
    suspects = tuple(name for (name, _), flag in zip(named, flags) if flag)
    if na_action == "na.pass":
        return _Cut(chosen, chosen, NONE, {}, tuple(name for name, _ in named))
    for (name, value), suspect in zip(named, flags):
        mask = row_tools.missing(value, suspect)
        if mask is not None:
            lost[plain_name(name)] = int(np.count_nonzero(mask if chosen is None else mask[chosen]))
            gone = mask if gone is None else gone | mask
    lost = {name: count for name, count in lost.items() if count}
    if gone is None or not lost:
        return _Cut(chosen, chosen, NONE, {}, suspects)
    if na_action == "na.fail":
        counts = ", ".join(f"{name} ({count})" for name, count in lost.items())
        raise DataError(f'missing values in object: rows missing in {counts}; na_action="na.omit" drops them')
    positions = np.arange(n) if chosen is None else chosen
    dropped = gone[positions]
    kept = positions[~dropped]
    if not len(kept):
        counts = ", ".join(f"{name} {count}" for name, count in lost.items())
        raise DataError(
            f"0 (non-NA) cases: all {len(positions)} rows are lost to missing values (rows missing: {counts})"
        )
    return _Cut(~gone if chosen is None else kept, kept, positions[dropped], lost, suspects)


def _check_weights(weights: np.ndarray | None, labels: pd.Index, rows: Any) -> None:
    if weights is None or not len(weights) or not weights.min() < 0:
        return
    negative = np.flatnonzero(weights < 0)
    kept = labels if rows is None else labels[rows]
    raise DataError(
        f"negative weights not allowed: {negative.size} of {len(weights)} are below 0, "
        f"the first {weights[negative[0]]:g} in row {kept[negative[0]]}"
    )


def _put(columns: dict[str, Any], name: str, value: Value, kind: str) -> None:
    """Add a value's DataFrame columns; a matrix is one column per column, named as in a design."""
    name = plain_name(name)
    if isinstance(value, Matrix):
        for j, suffix in enumerate(value.names):
            columns[name + suffix] = value.values[:, j]
    elif isinstance(value, Factor):
        if kind == "logical":
            columns[name] = pd.array(
                [[False, True, None][c] for c in value.codes],
                dtype="boolean" if (value.codes < 0).any() else "bool",
            )
        elif kind == "character":
            columns[name] = np.array([*value.levels, None], dtype=object)[value.codes]
        else:
            dtype = pd.CategoricalDtype(list(value.levels), value.ordered)
            columns[name] = pd.Categorical.from_codes(value.codes, dtype=dtype)
    else:
        columns[name] = value
