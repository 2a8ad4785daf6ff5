"""A variable's fitted effect with its band and the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..fitted.protocols import is_mixed, is_parametric, require_prediction
from ..inference.mixed.predict import of_population
from ..inference.performance.observed import Classified, Outcome, observed
from ..inference.rows.predict import predict
from ..inference.rows.quantities import predict as predict_quantity
from ..render.numbers import format_number
from .canvas import NO_BREAK, POINTS, shortened
from .course import NO_DATA, Course, aside, axes_of, draw, finished
from .grid import Column, Grid, effect_grid, offset_only, places

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 12
JITTER = 0.08  # of the distance of two levels
MOST_LINES = 20
TYPES = ("response", "link")


def effect_plot(
    fit: Any,
    variable: str,
    at: Mapping[str, Any] | None = None,
    type: str | None = None,
    level: float = 0.95,
    points: bool = True,
    axis: Any = None,
    by: str | None = None,
) -> Any:
    """Predictions over one variable, the others held fixed, with a confidence band and the data.

    Of a mixed model those of the population: random effects of zero.

    Parameters
    ----------
    variable : str
        A column of the data that the right side uses. A number or time gives a line; a factor, or a number of
        which the formula makes one (``factor(i)``), gives a point for each level.
    at : mapping, optional
        Where other variables are held; default: the mean of a number or time, the commonest level of a factor.
        What only offsets use is held too. For `variable` and `by`: a list of the values to draw.
    type : str, optional
        "response" (default) or "link"; of models of several linear predictors also what their `predict` names:
        "count", "zero" ... Of a model of categories the default is "probs": a line for each category, with `by` a
        panel.
    level : float
        Of the pointwise confidence band.
    points : bool
        Also the data (response scale only, not adjusted for where the others are held): each row, and for a
        binomial or categories the observed proportions in bins of about equal numbers of rows.
    axis : matplotlib axes, optional
        Best of a figure that makes room for long names, ``layout="constrained"``; default: a new figure. As many
        as there are panels.
    by : str, optional
        A second variable: a line, or a row of points, for each of its levels; of a number for its values, or
        its quartiles where there are more than five.

    Returns
    -------
    Axes, or an array of them for several panels
        Under it stands at what the other variables are held.

    Raises
    ------
    DataError
        A name that the right side does not use; a model without rows in memory (stripped, loaded or streamed),
        where `at` does not say all that they would.
    ValueError
        An unknown type.
    FitError
        The model has no predictions with limits.

    Examples
    --------
    >>> from glmformula import datasets, effect_plot, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> axis = effect_plot(fit, "overtime_hours", at={"salary": 60_000})
    >>> axis.get_xlabel(), axis.get_ylabel()
    ('overtime_hours', 'left')
    """
    kind, categories = drawn_type(fit, type, "effect_plot()")
    grid = effect_grid(fit, variable, by, {} if at is None else dict(at))
    lines = grid.shape[0] if grid.by is not None else max(1, len(categories))
    if lines > MOST_LINES:
        which = "the response" if grid.by is None else f"by='{by}'"
        raise DataError(
            f"{which} has {lines} levels, and more than {MOST_LINES} lines cannot be told apart"
            + ("" if grid.by is None else f": choose some, at={{'{by}': [...]}}")
        )
    course = course_of(fit, grid, kind, categories, level)
    axes = axes_of(course, axis)
    show = points and kind in ("response", "probs") and grid.seen is not None
    rows = observed(fit) if show else None
    proportions = rows is not None and _proportions(fit, rows)
    if isinstance(rows, Classified) and len(categories) == 1:
        rows = rows.one(categories[0])
    draw(course, axes, NO_DATA if rows is None or isinstance(rows, Classified) else rows.y, axis is None)
    if rows is not None:
        for own, title in zip(axes, course.panels):
            _observed(own, rows, course, grid, title, proportions)
    return finished(axes, label_of(fit, kind, categories), caption(fit, grid.held))


def drawn_type(fit: Any, type: str | None, verb: str) -> tuple[str, tuple[str, ...]]:
    """What is predicted, and the categories that it is of.

    Raises
    ------
    FitError
        The model has no predictions with limits.
    ValueError
    """
    require_prediction(fit, verb, "draw what its predict(newdata) gives")
    if not is_parametric(fit):
        kind = "response" if type is None else type
        if kind not in TYPES:
            raise ValueError(f"type should be 'response' or 'link'; got {type!r}")
        return kind, ()
    known = {name: one for name, one in fit.likelihood.quantities.items() if one.jacobian is not None}
    kind = next(iter(known)) if type in (None, "response") and "response" not in known else type or "response"
    if kind not in known:
        raise ValueError(f"type should be one of {', '.join(map(repr, known))}; got {type!r}")
    own = known[kind].columns
    return kind, own or (tuple(fit.likelihood.levels[1:2]) if kind == "probs" else ())


def label_of(fit: Any, kind: str, categories: tuple[str, ...]) -> str:
    """What is drawn along the y axis."""
    response = shortened(fit.response_name)
    if kind == "probs":
        return f"P({response} = {shortened(categories[0])})" if len(categories) == 1 else f"P({response})"
    return {"response": response, "link": f"linear predictor of {response}"}.get(
        kind, f"{kind} of {response}"
    )


def course_of(fit: Any, grid: Grid, kind: str, categories: tuple[str, ...], level: float) -> Course:
    """The predictions of a grid with their limits: lines, and panels of categories where there are lines already."""
    if is_parametric(fit):
        found = predict_quantity(
            fit, grid.rows, type=kind, interval="confidence", level=level, new_levels="na"
        )
    elif is_mixed(fit):
        found = of_population(fit, grid.rows, kind, level)
    else:
        found = predict(fit, grid.rows, type=kind, interval="confidence", level=level, new_levels="na")
    lines, count = grid.shape
    several = isinstance(found.columns, pd.MultiIndex)
    three = [found[name].to_numpy().reshape(lines, count, -1) for name in ("fit", "lwr", "upr")]
    if not several:
        return Course(grid.across, grid.by, ("",), *(one.transpose(2, 0, 1) for one in three))
    names = _in_order(fit, categories)
    order = [categories.index(name) for name in names]
    three = [one[..., order] for one in three]
    if grid.by is None:
        column = Column(fit.response_name, pd.Series(names, dtype=object), names, False)
        return Course(grid.across, column, ("",), *(one.transpose(0, 2, 1) for one in three))
    return Course(grid.across, grid.by, names, *(one.transpose(2, 0, 1) for one in three))


def _in_order(fit: Any, categories: tuple[str, ...]) -> tuple[str, ...]:
    """Categories as the response has them; some models have the reference first."""
    known = fit.likelihood.parameters.get("levels", ())
    return (
        tuple(name for name in known if name in categories) if set(categories) <= set(known) else categories
    )


def _proportions(fit: Any, rows: Outcome) -> bool:
    return isinstance(rows, Classified) or (not is_parametric(fit) and bool(fit.family.is_binomial))


def caption(fit: Any, held: Mapping[str, str]) -> str:
    """At what the variables are held that do not move, and the offset if it is a constant."""
    offsets = offset_only(fit)
    parts = [f"{shortened(n)} = {shortened(v)}{' (offset)' if n in offsets else ''}" for n, v in held.items()]
    if isinstance(fit.schema.offset, float):
        parts.append(f"offset = {format_number(fit.schema.offset, 4)}")
    return "held at " + ", ".join(part.replace(" ", NO_BREAK) for part in parts) if parts else ""


def _observed(axis: Axes, rows: Outcome, course: Course, grid: Grid, title: str, proportions: bool) -> None:
    """What was observed, in the colours of the lines: in a panel of a category that category, else in a line of it."""
    assert grid.seen is not None
    across = grid.across
    if across.line:
        x = places(grid.seen[across.name])
    elif across.codes is None:
        return
    else:
        x = np.where(across.codes < 0, np.nan, across.codes)
    rng = np.random.default_rng(0)  # the same picture every time
    every = np.ones(len(x), dtype=bool)
    sets = _shown_rows(rows, course, grid, title, every)
    for j, (category, own, colour) in enumerate(sets):
        y = rows.one(category).y if isinstance(rows, Classified) else rows.y
        seen = (x[own], y[own], rows.weights[own])
        at = aside(j, len(sets))
        _points(axis, across.line, seen, at, colour, rng, proportions, isinstance(rows, Classified))


def _shown_rows(
    rows: Outcome, course: Course, grid: Grid, title: str, every: np.ndarray
) -> list[tuple[str, np.ndarray, str]]:
    """Category, rows and colour of each set of points."""
    if grid.by is not None and grid.by.codes is not None:
        return [(title, grid.by.codes == j, colour) for j, colour in enumerate(course.colours())]
    if grid.by is None and isinstance(rows, Classified):
        assert course.lines is not None
        return [(name, every, colour) for name, colour in zip(course.lines.labels, course.colours())]
    return [(title, every, "#333333")]


def _points(
    axis: Axes,
    line: bool,
    seen: tuple[np.ndarray, np.ndarray, np.ndarray],
    at: float,
    colour: str,
    rng: np.random.Generator,
    proportions: bool,
    shares_only: bool,
) -> None:
    """The rows of one line, and proportions in bins."""
    x, y, weights = seen
    if not len(x):
        return
    moved = x if line else x + rng.uniform(-JITTER, JITTER, len(x)) + at
    if not proportions:
        axis.scatter(moved, y, **POINTS | {"edgecolor": colour}, alpha=0.5)
        return
    if not shares_only:
        height = np.clip(y, 0, 1) + rng.uniform(-0.015, 0.015, len(y))
        axis.scatter(moved, height, s=6, color=colour, alpha=0.25, linewidth=0)
    if line:
        centre, share, size = binned(x, y, weights)
    elif shares_only:
        kept = ~np.isnan(x)
        centre, share, size = by_level(x[kept].astype(int), y[kept], weights[kept])
        centre = centre + at
    else:
        return
    area = 12 + 60 * size / size.max()
    axis.scatter(centre, share, s=area, facecolor="white", edgecolor=colour, zorder=3)


def by_level(
    codes: np.ndarray, y: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The levels that there are, the weighted mean of y and the number of rows of each."""
    n, w = np.bincount(codes), np.bincount(codes, weights)
    kept = (n > 0) & (w > 0)
    return (
        np.flatnonzero(kept).astype(float),
        np.bincount(codes, weights * y)[kept] / w[kept],
        n[kept].astype(float),
    )


def binned(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of x (numbers or times), weighted mean of y and number of rows in bins of about equal numbers of rows."""
    if x.dtype.kind == "M":
        centre, share, size = binned(x.astype(np.int64).astype(float), y, weights)
        return centre.astype(np.int64).astype(x.dtype), share, size
    edges = np.unique(np.quantile(x, np.linspace(0, 1, BINS + 1)))
    which = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(len(edges) - 2, 0))
    n = np.bincount(which)
    w = np.bincount(which, weights)
    kept = (n > 0) & (w > 0)
    centre = np.bincount(which, weights * x)[kept] / w[kept]
    return centre, np.bincount(which, weights * y)[kept] / w[kept], n[kept].astype(float)
