"""The variables of a fit evaluated in other data: same types, levels and frozen state. Missing rows stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..formula.evaluate import Scope, evaluate, variables_used
from ..formula.terms import Terms
from ..formula.values import Value
from . import rows as row_tools
from .arguments import numeric_value
from .columns import Columns, new_rows
from .model_frame import NA_ACTIONS, by_row, total_offset
from .schema import Schema, plain_name
from .variables import conform, evaluate_variable, variables_of

NEW_LEVELS = ("error", "na")


@dataclass(frozen=True)
class NewFrame:
    """Evaluated new rows.

    Attributes
    ----------
    terms : Terms
    variables : dict of str to Value
        Right side, by deparsed text.
    offset : ndarray of float64 (n,) or None
    index : Index
        Row labels of the rows that stay.
    missing : ndarray of bool (n,)
        Rows with a missing variable or offset.
    """

    terms: Terms
    variables: Mapping[str, Value]
    offset: np.ndarray | None
    index: pd.Index
    missing: np.ndarray

    @property
    def nrows(self) -> int:
        return len(self.index)


def new_frame(
    schema: Schema, newdata: Any, na_action: str = "na.pass", new_levels: str = "error"
) -> NewFrame:
    """Evaluate a fit's right side in new data.

    Parameters
    ----------
    schema : Schema
    newdata : DataFrame
        Needs the columns of the right side and of the offset, not the response.
    na_action : {"na.pass", "na.omit", "na.exclude", "na.fail"}
        "na.pass" and "na.exclude" keep a row with missing values; "na.omit" drops it.
    new_levels : {"error", "na"}

    Raises
    ------
    DataError
        A column is missing (with the nearest names), of another type, or has a new level; the fit's offset
        cannot be evaluated.
    """
    if not isinstance(na_action, str) or na_action not in NA_ACTIONS:
        raise DataError(f"na_action must be one of {', '.join(map(repr, NA_ACTIONS))}, not {na_action!r}")
    if not isinstance(new_levels, str) or new_levels not in NEW_LEVELS:
        raise DataError(f"new_levels must be one of {', '.join(map(repr, NEW_LEVELS))}, not {new_levels!r}")
    data = new_rows(newdata, columns_of(schema))
    scope = Scope(Columns(data), len(data), schema.state, True)
    values = {
        name: conform(evaluate_variable(node, name, scope, off, True), schema.variables[name], new_levels)
        for _, node, name, off in variables_of(schema.terms)
    }
    offset = total_offset(schema.terms, values, _offset_argument(schema, scope))
    known = by_row(offset)
    named = [*values.items(), *([] if known is None else [("(offset)", known)])]
    missing = np.zeros(len(data), dtype=bool)
    lost = {}
    for (name, value), suspect in zip(named, row_tools.suspicious([v for _, v in named])):
        mask = row_tools.missing(value, suspect)
        if mask is not None:
            missing |= mask
            lost[plain_name(name)] = int(np.count_nonzero(mask))
    if na_action == "na.fail" and lost:
        counts = ", ".join(f"{name} ({count})" for name, count in lost.items())
        raise DataError(f"missing values in object: rows of newdata missing in {counts}")
    if na_action != "na.omit" or not lost:
        return NewFrame(schema.terms, values, offset, data.index, missing)
    kept = np.flatnonzero(~missing)
    cut = {name: row_tools.take(value, kept) for name, value in values.items()}
    return NewFrame(
        schema.terms,
        cut,
        None if offset is None else offset[kept],
        data.index[kept],
        np.zeros(len(kept), dtype=bool),
    )


def columns_of(schema: Schema) -> set[str]:
    """The columns that new data need."""
    nodes = [node for _, node, _, _ in variables_of(schema.terms)]
    if schema.offset is not None and not isinstance(schema.offset, float):
        nodes.append(schema.offset)
    return set().union(*map(variables_used, nodes))


def _offset_argument(schema: Schema, scope: Scope) -> np.ndarray | None:
    """The ``offset=`` argument in new data."""
    if schema.offset_lost:
        raise DataError(
            "the fit's offset= was an array, which new data cannot have: fit with offset(column) in the "
            "formula or "
            'offset="column", and give newdata that column'
        )
    if schema.offset is None:
        return None
    if isinstance(schema.offset, float):
        return np.full(scope.nrows, schema.offset)
    values = numeric_value(evaluate(schema.offset, scope), "offset")
    return np.full(scope.nrows, float(values)) if values.ndim == 0 else values
