"""Groups of rows as the engine takes them together: one evaluation of the formula, one design for groups alike.

Each group's columns are those that a fit to its rows alone would have: levels that it has not got are no columns, so
groups are worked on together only where the same levels of every factor occur. What cannot be evaluated for all rows at
once (``poly(x, 2)`` learns from the rows, a registered function may look around) or is wrong with some group's rows is
left to fits of one group after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..design.build import DesignFrame, with_design
from ..design.dense import dense
from ..engine.many.fit import ManyFits, fit_many
from ..engine.many.stack import GroupRows, part as part_of
from ..errors import DataError, FamilyError, FormulaError, hearing
from ..families import Family
from ..families.responses import findings
from ..formula.functions.contrasts import default_contrasts, set_contrasts
from ..formula.stateful import rounds, users_functions
from ..formula.terms import Terms
from ..formula.values import Factor, Value
from ..frame import rows as row_tools
from ..frame.columns import Columns
from ..frame.groups import Groups, alike
from ..frame.model_frame import NONE, ModelFrame, total_offset
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated, Recipe, cut, evaluated, recipe_for
from ..frame.response import Response, response_arrays
from ..frame.schema import Schema, kind_of
from ..frame.variables import described

MOST_CELLS = 2**20  # numbers of a design that are there at a time: memory is used again
ROWWISE = ("na.omit", "na.exclude")


@dataclass(frozen=True)
class Together:
    """Groups that have the same columns, and their fits.

    Attributes
    ----------
    schema : Schema
    names : tuple of str
        Of the columns.
    modelled : str or None
        As of `Response`.
    groups : ndarray of int
    fits : ManyFits
        Of these groups.
    rows, omitted : ndarray of int
        In use, and left out for missing values, of each.
    """

    schema: Schema
    names: tuple[str, ...]
    modelled: str | None
    groups: np.ndarray
    fits: ManyFits
    rows: np.ndarray
    omitted: np.ndarray

    def moved(self, by: int) -> Together:
        """With groups whose numbers begin there."""
        return replace(self, groups=self.groups + by)

    def part(self, which: np.ndarray) -> Together:
        own = {name: getattr(self, name)[which] for name in ("groups", "rows", "omitted")}
        return replace(self, fits=part_of(self.fits, which), **own)


def fitted_together(
    frame: pd.DataFrame, groups: Groups, formula: str, terms: Terms, arguments: Mapping[str, Any]
) -> list[Together]:
    """The fits of all groups that go as they should, by the columns that they have.

    Parameters
    ----------
    frame : DataFrame
        Rows as `groups` has them.
    formula : str
    terms : Terms
        Its terms.
    arguments : mapping
        Of `glm`, checked; those of the rows are names or expressions.
    """
    with set_contrasts(*getattr(arguments["contrasts"], "defaults", default_contrasts())):
        values = _evaluated(frame, formula, terms, arguments)
        if values is None:
            return []
        return list(_fits(frame, groups, *values, arguments))


def _evaluated(
    frame: pd.DataFrame, formula: str, terms: Terms, arguments: Mapping[str, Any]
) -> tuple[Recipe, Evaluated] | None:
    """All values, where each row's depend on the row alone."""
    named = ("weights", "offset", "subset")
    if any(arguments[name] is not None for name in ("start", "etastart", "mustart")):
        return None
    if arguments["na_action"] not in ROWWISE or arguments["method"] not in ("auto", "cholesky"):
        return None
    if arguments["family"].free is not None or terms.parts or not len(frame):
        return None
    columns = Columns(frame)
    given = {name: arguments[name] for name in named}
    try:
        recipe = recipe_for(formula, terms, columns, given, arguments["na_action"])
        nodes, empty = list(recipe.nodes()), recipe.scope(Piece(frame.iloc[:0]))
        factors = frozenset(
            name for name in recipe.columns if kind_of(columns(name)) in ("factor", "ordered")
        )
        if users_functions(nodes, empty) or any(rounds(nodes, empty, factors)):
            return None
        return recipe, evaluated(recipe, Piece(frame))
    except (FormulaError, DataError):
        return None  # the fits one by one say what is wrong, and with which


def _fits(
    frame: pd.DataFrame, groups: Groups, recipe: Recipe, values: Evaluated, arguments: Mapping[str, Any]
) -> Iterator[Together]:
    found = cut(recipe, values)
    order = groups.rows if found.kept is None else groups.rows[found.kept[groups.rows]]
    codes = groups.codes if found.kept is None else groups.codes[found.kept[groups.rows]]
    kept = np.bincount(codes, minlength=len(groups))
    chosen = np.diff(groups.starts)
    if values.chosen is not None:
        chosen = np.bincount(groups.codes, values.chosen[groups.rows], minlength=len(groups)).astype(int)
    possible = kept > 0
    for value in found.suspects.values():
        bad = row_tools.infinite(row_tools.take(value, order))
        if bad is not None:
            possible[codes[bad]] = False
    values = values.cut(None if (np.diff(order) == 1).all() and len(order) == len(frame) else order)
    weights = values.extra.get("weights")
    if weights is not None:
        possible[codes[weights < 0]] = False
    kinds = {name: (value, values.kinds[name]) for name, value in values.variables.items()}
    response = values.response
    if isinstance(response, Factor) and (values.response_kind == "character" or len(response.levels) > 2):
        kinds[""] = response, values.response_kind
    which = alike(kinds, codes, len(groups))
    if which is None or response is None:
        return
    starts = np.concatenate([[0], np.cumsum(kept)])
    counts = np.bincount(which[possible], minlength=which.max() + 1)
    for number in np.flatnonzero(counts > 1):
        members = np.flatnonzero(possible & (which == number))
        yield from _alike(recipe, values, members, starts, chosen - kept, arguments)


def _alike(
    recipe: Recipe,
    values: Evaluated,
    members: np.ndarray,
    starts: np.ndarray,
    omitted: np.ndarray,
    arguments: Mapping[str, Any],
) -> Iterator[Together]:
    """The fits of groups in which the same levels occur."""
    own = _places(members[:1], starts)
    try:
        with hearing() as heard:
            width = max(1, _frame(recipe, values, own, arguments).design.ncols)
    except (DataError, FormulaError, FamilyError):
        return
    if heard:  # which groups it is said of, their own fits know
        return
    sizes = starts[members + 1] - starts[members]
    parts = np.cumsum(sizes) * width // MOST_CELLS
    for part in np.split(members, np.flatnonzero(np.diff(parts)) + 1):
        made = _frame(recipe, values, _places(part, starts), arguments)
        response = made.response
        assert response is not None
        own = np.concatenate([[0], np.cumsum(starts[part + 1] - starts[part])])
        sound = _sound(arguments["family"], response, own)
        many = _counts(response.trials)
        if many is not None and "weights" in values.extra:
            sound &= np.maximum.reduceat(many, own[:-1]) > 1  # R asks each fit whether any is above 1
        X = np.ascontiguousarray(dense(made.design))
        together = GroupRows(X, response.y, own, response.prior_weights, made.offset, many)
        fits = fit_many(together, arguments["family"], made.terms.intercept, arguments["control"])
        names = tuple(made.design.names)
        out = Together(made.schema, names, made.modelled, part, fits, np.diff(own), omitted[part])
        yield out.part(np.flatnonzero(fits.done & sound))


def _places(members: np.ndarray, starts: np.ndarray) -> np.ndarray | slice:
    """The rows of groups: a slice, where the groups are neighbours."""
    if members[-1] - members[0] == len(members) - 1:
        return slice(starts[members[0]], starts[members[-1] + 1])
    return np.concatenate([np.arange(starts[k], starts[k + 1]) for k in members])


def _counts(trials: np.ndarray | None) -> np.ndarray | None:
    """Trials, where some are above 1."""
    return None if trials is None or not (trials > 1).any() else trials


def _sound(family: Family, response: Response, starts: np.ndarray) -> np.ndarray:
    """The groups against whose responses the family has nothing, bool (g,)."""

    def found(rows: slice) -> bool:
        parts = [
            None if a is None else a[rows] for a in (response.y, response.prior_weights, response.trials)
        ]
        y, weights, trials = parts
        assert y is not None
        return bool(findings(family.check_response, y, weights, _counts(trials), range(len(y))).problems)

    if not found(slice(None)):
        return np.ones(len(starts) - 1, bool)
    return np.array([not found(slice(a, b)) for a, b in zip(starts[:-1], starts[1:], strict=True)])


def _frame(
    recipe: Recipe, values: Evaluated, rows: np.ndarray | slice, arguments: Mapping[str, Any]
) -> DesignFrame:
    """The model frame and the design of some rows."""
    terms, variables, descriptions = recipe.terms, {}, {}
    for name, value in values.variables.items():
        variables[name], descriptions[name] = described(name, row_tools.take(value, rows), values.kinds[name])
    extra = {name: value[rows] for name, value in values.extra.items()}
    response: Value = row_tools.take(values.response, rows)  # type: ignore[arg-type]
    kind = values.response_kind
    if isinstance(response, Factor) and kind == "character":
        response, _ = described(terms.names[0], response, kind)
    weights = extra.get("weights")
    count = len(next(iter(extra.values()))) if extra else row_tools.length(response) or 0
    index = pd.RangeIndex(count)
    offset = recipe.extra.get("offset")
    frame = ModelFrame(
        terms,
        Schema(terms, descriptions, dict(recipe.state), offset),
        variables,
        response,
        kind,
        response_arrays(response, weights, arguments["family"].reading, terms.names[0], kind),
        terms.names[0],
        weights,
        total_offset(terms, variables, extra.get("offset")),
        None,
        None,
        index,
        None,
        NONE,
        arguments["na_action"],
        {},
        index,
        arguments["contrasts"],
    )
    return with_design(frame)
