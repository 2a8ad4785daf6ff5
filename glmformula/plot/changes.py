"""Predictions, comparisons and slopes over other variables, drawn: marginaleffects' ``plot_slopes`` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..inference.effects.compare import comparison_of
from ..inference.effects.public import (
    avg_comparisons,
    avg_predictions,
    avg_slopes,
    comparisons,
    predictions,
    slopes,
)
from ..inference.wald import Vcov
from .canvas import REFERENCE
from .course import Course, axes_of, draw, finished
from .effects import MOST_LINES, caption, drawn_type, label_of
from .grid import Column, Grid, effect_grid, texts

if TYPE_CHECKING:
    from ..inference.effects.table import Effects

MOST_POINTS = 8
"""Values of a number that are drawn as points; of more a line."""
Ask = Callable[..., "Effects"]


def plot_predictions(
    fit: Any,
    condition: Any = None,
    by: Any = None,
    *,
    at: Mapping[str, Any] | None = None,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    axis: Any = None,
) -> Any:
    """Predictions over one or two variables, drawn; marginaleffects' ``plot_predictions``.

    Parameters
    ----------
    condition : str or list of str
        Predict over these, the rest held where it is typical: the first along the axis, the second in lines (its
        levels, or the quartiles of a number).
    by : str or list of str
        Instead: average the rows of the fit in groups by these.
    at : mapping, optional
        With `condition`: where other variables are held, and the values to draw of those that move.
    type, vcov, conf_level
        As of `predictions`.
    axis : matplotlib axes, optional
        As many as there are panels.

    Returns
    -------
    Axes, or an array of them
        A panel for each category of the response, where there are lines already.

    Raises
    ------
    ValueError
        Neither `condition` nor `by`, or both; more than two variables.
    DataError
        A variable that the model does not use.

    Examples
    --------
    >>> from glmformula import datasets, glm, plot_predictions
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> plot_predictions(fit, "overtime_hours").get_ylabel()
    'left'
    """
    options: dict[str, Any] = {"type": type, "vcov": vcov, "conf_level": conf_level}

    def ask(**rows: Any) -> Effects:
        return (predictions if "newdata" in rows else avg_predictions)(fit, **rows, **options)

    label = _predicted(fit, "plot_predictions()", type)
    return _drawn(fit, ask, condition, by, at, axis, label, None)


def plot_comparisons(
    fit: Any,
    variables: Any = None,
    condition: Any = None,
    by: Any = None,
    *,
    comparison: Any = "difference",
    at: Mapping[str, Any] | None = None,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    axis: Any = None,
) -> Any:
    """Comparisons of predictions over one or two other variables, drawn; marginaleffects' ``plot_comparisons``.

    Parameters
    ----------
    variables : str, list, or mapping of variable to contrast
        As of `comparisons`; a panel for each contrast.
    condition, by, at, axis
        As of `plot_predictions`.
    comparison, type, vcov, conf_level
        As of `comparisons`.

    Returns
    -------
    Axes, or an array of them

    Raises
    ------
    ValueError, DataError
        As of `plot_predictions` and `comparisons`.

    Examples
    --------
    >>> from glmformula import datasets, glm, plot_comparisons
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior * overtime_hours", data, family="binomial")
    >>> plot_comparisons(fit, "senior", "overtime_hours").get_title()
    'senior: TRUE - FALSE'
    """
    options: dict[str, Any] = {"comparison": comparison, "type": type, "vcov": vcov, "conf_level": conf_level}

    def ask(**rows: Any) -> Effects:
        return (comparisons if "newdata" in rows else avg_comparisons)(fit, variables, **rows, **options)

    response = _predicted(fit, "plot_comparisons()", type)
    what = getattr(comparison, "__name__", comparison)
    null = comparison_of(comparison)[0].null if isinstance(comparison, str) else None
    label = f"{'comparison' if what == '<lambda>' else str(what).removesuffix('avg')} of {response}"
    return _drawn(fit, ask, condition, by, at, axis, label, null)


def plot_slopes(
    fit: Any,
    variables: Any = None,
    condition: Any = None,
    by: Any = None,
    *,
    slope: str = "dydx",
    at: Mapping[str, Any] | None = None,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    axis: Any = None,
) -> Any:
    """Slopes over one or two other variables (moderators), drawn; marginaleffects' ``plot_slopes``.

    Parameters
    ----------
    variables : str or list of str
        By which slopes are taken; a panel for each.
    condition, by, at, axis
        As of `plot_predictions`.
    slope, type, vcov, conf_level
        As of `slopes`.

    Returns
    -------
    Axes, or an array of them

    Raises
    ------
    ValueError, DataError
        As of `plot_predictions` and `slopes`.

    Examples
    --------
    >>> from glmformula import datasets, glm, plot_slopes
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior * overtime_hours", data, family="binomial")
    >>> plot_slopes(fit, "overtime_hours", by="senior").get_ylabel()
    'slope of left'
    """
    options: dict[str, Any] = {"slope": slope, "type": type, "vcov": vcov, "conf_level": conf_level}

    def ask(**rows: Any) -> Effects:
        return (slopes if "newdata" in rows else avg_slopes)(fit, variables, **rows, **options)

    response = _predicted(fit, "plot_slopes()", type)
    what = "slope" if slope == "dydx" else f"{slope} slope"
    return _drawn(fit, ask, condition, by, at, axis, f"{what} of {response}", 0.0)


def _predicted(fit: Any, verb: str, type: str | None) -> str:
    """What is predicted, for the label of an axis."""
    return label_of(fit, *drawn_type(fit, type, verb))


def _drawn(
    fit: Any,
    ask: Ask,
    condition: Any,
    by: Any,
    at: Mapping[str, Any] | None,
    axis: Any,
    label: str,
    null: float | None,
) -> Any:
    if (condition is None) == (by is None):
        raise ValueError(
            "give condition=, the variables to draw over with all others held, or by=, the groups of rows to average: "
            "one of them"
        )
    name = "condition" if by is None else "by"
    names = _names(condition if by is None else by, name)
    if by is None:
        grid = effect_grid(fit, names[0], names[1] if len(names) > 1 else None, dict(at or {}))
        table = ask(newdata=grid.rows)
        compared = (
            set()
            if "term" not in table
            else {str(term) for term in table["term"] if term not in grid.numbers}
        )
        held = {name: value for name, value in grid.held.items() if name not in compared}
        across, lines, told = grid.across, grid.by, caption(fit, held)
        cells = _of_grid(grid)
    else:
        if at:
            raise ValueError(
                "at= holds variables where condition= moves others; by= averages the rows as they are"
            )
        table = ask(by=list(names))
        across, lines = _column(table, names[0]), None if len(names) == 1 else _column(table, names[1])
        told = "averages of the rows in each group"
        cells = _of_groups(table, names, across, lines)
    course = _course(table, across, lines, cells, names if condition is None else ())
    if course.count > MOST_LINES:
        raise DataError(
            f"{name}= makes {course.count} lines, and more than {MOST_LINES} cannot be told apart: choose some values, "
            f"or take a variable of fewer"
        )
    axes = axes_of(course, axis)
    draw(course, axes, np.array([] if null is None else [null]), axis is None)
    for one in axes:
        if null is not None:
            one.axhline(null, color=REFERENCE, linestyle=":", linewidth=1, zorder=0)
    return finished(axes, label, told)


def _names(given: Any, what: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not 1 <= len(names) <= 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"{what} should be one variable, or two (along the axis, and in lines); got {given!r}"
        )
    return names


def _of_grid(grid: Grid) -> np.ndarray:
    """Place of each row of the grid among lines and values, (n, 2)."""
    lines, count = grid.shape
    return np.stack(np.divmod(np.arange(lines * count), count), axis=1)


def _of_groups(table: Effects, names: Sequence[str], across: Column, lines: Column | None) -> np.ndarray:
    """The same of the groups that were averaged, of each row of the table."""
    place = {label: k for k, label in enumerate(across.labels)}
    x = [place[text] for text in texts(pd.Series(table[names[0]]).reset_index(drop=True))]
    if lines is None:
        return np.stack([np.zeros(len(x), dtype=int), x], axis=1)
    row = {label: k for k, label in enumerate(lines.labels)}
    return np.stack([[row[t] for t in texts(pd.Series(table[names[1]]).reset_index(drop=True))], x], axis=1)


def _column(table: Effects, name: str) -> Column:
    """The groups' values, in the order of the table."""
    values = pd.Series(table[name].drop_duplicates().to_list())
    line = bool(pd.api.types.is_numeric_dtype(values) and len(values) > MOST_POINTS)
    return Column(name, values, texts(values), line and not pd.api.types.is_bool_dtype(values))


def _course(
    table: Effects, across: Column, lines: Column | None, cells: np.ndarray, by: Sequence[str]
) -> Course:
    """Panels and lines of a table: tasks in panels, categories of the response in lines, or in panels beside them."""
    frame = table.frame
    labels = [name for name in frame.columns[: frame.columns.get_loc("estimate")] if name not in by]
    tasks = _texts_of(frame, [name for name in labels if name not in ("rowid", "group")])
    groups = _texts_of(frame, [name for name in labels if name == "group"])
    known_groups = list(dict.fromkeys(groups))
    alone = lines is None and len(known_groups) > 1
    titles = tasks if alone else [": ".join(filter(None, pair)) for pair in zip(tasks, groups)]
    panels = list(dict.fromkeys(titles))
    if alone:
        lines = Column("", pd.Series(known_groups, dtype=object), tuple(known_groups), False)
    shape = (len(panels), 1 if lines is None else len(lines.values), len(across.values))
    three = np.full((3, *shape), np.nan)
    repeats = len(frame) // len(cells)
    for k, (row, x) in enumerate(np.tile(cells, (repeats, 1)).tolist()):
        line = known_groups.index(groups[k]) if alone else row
        place = (panels.index(titles[k]), line, x)
        for values, column in zip(three, ("estimate", "conf_low", "conf_high")):
            values[place] = frame[column].iat[k]
    middle, lower, upper = three
    return Course(across, lines, tuple(panels), middle, lower, upper, len(set(tasks)) == 1)


def _texts_of(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Of each row these columns in one text."""
    if not names:
        return [""] * len(frame)
    return [": ".join(map(str, row)) for row in frame[list(names)].itertuples(index=False)]
