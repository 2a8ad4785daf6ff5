"""A fit's columns on one piece of a table after another: the frozen schema on rows that come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..formula.parts import Parted, terms_of
from ..formula.terms import Terms
from ..formula.values import Factor, Value
from ..frame.columns import Columns
from ..frame.learn import learned
from ..frame.model_frame import NONE, ModelFrame, total_offset
from ..frame.newdata import NewFrame
from ..frame.pieces import Piece, Table
from ..frame.recipe import Evaluated, Recipe, cut, evaluated, recipe_for
from ..frame.response import CATEGORIES, Response, modelled_level, response_arrays
from ..frame.schema import Schema
from ..frame.survey import Check, Keeper, Survey, response_of, schema_of, survey, survey_of
from .build import DesignFrame, design_of, with_design
from .pieces import Design


@dataclass(frozen=True)
class Streamed:
    """Everything that is frozen of a fit to a table; no rows, picklable.

    Attributes
    ----------
    recipe : Recipe
    schema : Schema
    design : Design
        Of a few rows: its `names`, `assign` and `term_labels` are those of every block.
    reading : str
        How the response is read: "numbers", "binomial" or "categories".
    response_kind : str
    response_levels : tuple of str
        Of a factor, string or logical response.
    trials : bool
        Whether the response is counts of which some are above 1.
    survey : Survey
    """

    recipe: Recipe
    schema: Schema
    design: Design
    reading: str
    response_kind: str
    response_levels: tuple[str, ...]
    trials: bool
    survey: Survey

    @property
    def terms(self) -> Terms:
        return self.schema.terms

    @property
    def modelled(self) -> str | None:
        """As of `Response`."""
        return modelled_level(self.response_kind, self.response_levels)

    @property
    def findings(self) -> Any:
        """What the `check` of `streamed` found in the rows, read as these responses are."""
        plain, with_trials = self.survey.findings
        return with_trials if self.trials else plain

    @property
    def nrows(self) -> int:
        """Rows in use."""
        return self.survey.kept

    @property
    def n_omitted(self) -> int:
        return self.survey.chosen - self.survey.kept

    @property
    def index(self) -> pd.Index:
        raise _no_rows("row labels")

    data_index = omitted = index

    def to_dataframe(self) -> pd.DataFrame:
        raise _no_rows("the model frame")

    def frame(self, piece: Piece) -> DesignFrame:
        """The model frame and design of a piece's rows."""
        values = evaluated(self.recipe, piece, self.schema.variables)
        mask = cut(self.recipe, values).kept
        index, kept, omitted = piece.frame.index, None, NONE
        if mask is not None:
            kept = np.flatnonzero(mask)
            omitted = np.flatnonzero(~mask if values.chosen is None else ~mask & values.chosen)
        frame = self.frame_of(values.cut(mask), index if kept is None else index[kept])
        return replace(frame, kept=kept, omitted=omitted, data_index=index)

    def frame_of(self, values: Evaluated, index: pd.Index) -> DesignFrame:
        """The same of values of rows in use, with the levels of the schema."""
        variables, extra = values.variables, values.extra
        offset = total_offset(self.terms, variables, extra.get("offset"))
        rows = NewFrame(self.terms, variables, offset, index, np.zeros(0, dtype=bool))
        name, weights = self.terms.names[0], extra.get("weights")
        assert values.response is not None
        return DesignFrame(
            terms=self.terms,
            schema=self.schema,
            variables=variables,
            response_value=values.response,
            response_kind=values.response_kind,
            response=self._response(values.response, values.response_kind, name, weights),
            response_name=name,
            prior_weights=weights,
            offset=offset,
            etastart=extra.get("etastart"),
            mustart=extra.get("mustart"),
            index=index,
            kept=None,
            omitted=NONE,
            na_action=self.recipe.na_action,
            lost={},
            data_index=index,
            design=design_of(self.terms, self.schema.spec, rows),
        )

    def _response(self, value: Value, kind: str, name: str, weights: np.ndarray | None) -> Response:
        if isinstance(value, Factor) and (kind != "logical" or self.reading == CATEGORIES):
            place = {level: k for k, level in enumerate(self.response_levels)}
            table = np.array([*(place.get(level, 0) for level in value.levels), -1], dtype=np.intp)
            value = Factor(table[value.codes], self.response_levels, value.ordered)
        if self.reading == CATEGORIES and isinstance(value, Factor):
            return Response(value.codes.astype(np.float64), weights, None, kind, self.response_levels, name)
        out = response_arrays(value, weights, self.reading, name, kind)
        return out if self.trials else replace(out, trials=None)


def streamed(
    formula: str | Terms | Parted,
    table: Table,
    *,
    reading: str,
    check: Check,
    contrasts: Mapping[str, Any] | None = None,
    na_action: str = "na.omit",
    keeper: Keeper | None = None,
    counted: Callable[[tuple[str, ...]], Piece | None] | None = None,
    **arguments: Any,
) -> Streamed:
    """Learn what a fit must know of all rows: state, then levels, missing rows and the response, in passes.

    Parameters
    ----------
    formula : str or Terms
    table : Table
    reading : {"numbers", "binomial", "categories"}
        How the response is read.
    check : callable
        ``check(response, row_labels)`` gives what the family has against some rows.
    contrasts, na_action
        As for `model_frame`.
    keeper : Keeper, optional
        May keep the values of pieces.
    counted : callable, optional
        ``counted(columns)`` gives the rows that differ, with their `copies`: the survey then goes over these.
    **arguments
        ``weights``, ``offset``, ``subset``, ``etastart``, ``mustart``: column names or R expressions.

    Raises
    ------
    FormulaError, DataError
        As `design_frame`, and where a function needs all rows at once.
    """
    meta = table.meta
    terms = terms_of(formula, meta.columns)
    recipe = recipe_for(formula, terms, Columns(meta), arguments, na_action)
    alike = None if counted is None else counted(recipe.columns)
    recipe = learned(replace(recipe, matrix_offsets=reading == CATEGORIES), table, alike)
    found = (
        survey_of(alike, recipe, reading, check) if alike else survey(recipe, table, reading, check, keeper)
    )
    recipe = replace(recipe, complete=not any(found.lost.values()))
    schema, values = schema_of(recipe, found)
    kind, levels = response_of(recipe, found, reading) if terms.response is not None else ("", ())
    frame = with_design(_stand_in(recipe, schema, values, found, contrasts))
    return Streamed(recipe, frame.schema, frame.design, reading, kind, levels, found.many_trials, found)


def _stand_in(
    recipe: Recipe,
    schema: Schema,
    values: Mapping[str, Value],
    found: Survey,
    contrasts: Mapping[str, Any] | None,
) -> ModelFrame:
    """A model frame whose few values stand for all rows: enough to set contrasts and to name the columns."""
    index = pd.RangeIndex(found.kept)
    return ModelFrame(
        recipe.terms, schema, values, None, "", None, None, None, None, None, None, index, None, NONE,
        recipe.na_action, {}, index, contrasts,
    )  # fmt: skip


def _no_rows(what: str) -> DataError:
    return DataError(
        f"{what}: the rows of this fit arrive in blocks and are not held; fit a part of them in memory"
    )
