"""A variable's fitted effect with its band and the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..fitted.protocols import SingleIndex, require
from ..inference.predict import predict
from ..render.numbers import format_number
from .canvas import (
    BAND,
    COLOURS,
    LINE,
    MARKERS,
    NAME_SIZE,
    NO_BREAK,
    POINTS,
    STYLES,
    axes_for,
    letters_in,
    name_ticks,
    note,
    shortened,
    time_ticks,
    window,
)
from .grid import Column, Grid, effect_grid, offset_only, places

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 12
WIDEST = 16.0  # inches
MOST_LINES = 20


def effect_plot(
    fit: SingleIndex,
    variable: str,
    at: Mapping[str, Any] | None = None,
    type: str = "response",
    level: float = 0.95,
    points: bool = True,
    axis: Any = None,
    by: str | None = None,
) -> Axes:
    """Predictions over one variable, the others held fixed, with a confidence band and the data.

    Parameters
    ----------
    variable : str
        A column of the data that the right side uses. A number or time gives a line; a factor, or a number of
        which the formula makes one (``factor(i)``), gives a point for each level.
    at : mapping, optional
        Where other variables are held; default: the mean of a number or time, the commonest level of a factor.
        What only offsets use is held too. For `variable` and `by`: a list of the values to draw.
    type : {"response", "link"}
    level : float
        Of the pointwise confidence band.
    points : bool
        Also the data (response scale only, not adjusted for where the others are held): each row, and for a
        binomial the observed proportions in bins of about equal numbers of rows.
    axis : matplotlib axes, optional
        Best of a figure that makes room for long names, ``layout="constrained"``; default: a new figure.
    by : str, optional
        A second variable: a line, or a row of points, for each of its levels; of a number for its values, or
        its quartiles where there are more than five.

    Returns
    -------
    Axes
        Under it stands at what the other variables are held.

    Raises
    ------
    DataError
        A name that the right side does not use; a model without rows in memory (stripped, loaded or streamed),
        where `at` does not say all that they would.
    ValueError
        An unknown type.

    Examples
    --------
    >>> from glmformula import datasets, effect_plot, glm
    >>> fit = glm("left ~ overtime_hours + salary", datasets.attrition(), family="binomial")
    >>> axis = effect_plot(fit, "overtime_hours", at={"salary": 60_000})
    >>> axis.get_xlabel(), axis.get_ylabel()
    ('overtime_hours', 'left')
    """
    require(fit, SingleIndex, "effect_plot()", "draw what predict(newdata, interval='confidence') gives")
    if type not in ("response", "link"):
        raise ValueError(f"type should be 'response' or 'link'; got {type!r}")
    grid = effect_grid(fit, variable, by, {} if at is None else dict(at))
    lines, count = grid.shape
    if lines > MOST_LINES:
        raise DataError(
            f"by='{by}' has {lines} levels, and more than {MOST_LINES} lines cannot be told apart: choose some, "
            f"at={{'{by}': [...]}}"
        )
    limits = predict(fit, grid.rows, type=type, interval="confidence", level=level, new_levels="na")
    fitted, lower, upper = (limits[name].to_numpy().reshape(lines, count) for name in ("fit", "lwr", "upr"))
    own = axis is None
    width = 5.5 if grid.across.line else max(5.5, min(0.22 * count * lines**0.5, WIDEST))
    beside = (
        0.0
        if grid.by is None
        else 0.6 + 0.07 * max(map(len, map(shortened, (grid.by.name, *grid.by.labels))))
    )
    _, (axis,) = axes_for(axis, 1, (width + beside, 4.95))
    colours = [COLOURS[j % len(COLOURS)] for j in range(lines)]
    show = points and type == "response" and grid.seen is not None
    y = fit.row_state.y if show else np.empty(0)
    low, high, cut = window(fitted, lower, upper, y)
    handles = []
    for j, colour in enumerate(colours):
        draw = _line if grid.across.line else _levels
        colour = colour if lines > 1 else LINE
        handles.append(draw(axis, grid.across, fitted[j], lower[j], upper[j], (low, high), j, lines, colour))
    if show:
        _observed(axis, fit, grid, y, colours)
    if cut:
        axis.set_ylim(low, high)
    axis.set_xlabel(shortened(variable), parse_math=False)
    response = shortened(fit.response_name)
    axis.set_ylabel(response if type == "response" else f"linear predictor of {response}", parse_math=False)
    if not grid.across.line:
        name_ticks(axis, grid.across.labels)
    elif places(grid.across.values).dtype.kind == "M":
        time_ticks(axis)
    if grid.by is not None:
        _legend(axis, grid.by, handles, own)
    note(axis, caption(fit, grid.held))
    return axis


def caption(fit: SingleIndex, held: Mapping[str, str]) -> str:
    """At what the variables are held that do not move, and the offset if it is a constant."""
    offsets = offset_only(fit)
    parts = [f"{shortened(n)} = {shortened(v)}{' (offset)' if n in offsets else ''}" for n, v in held.items()]
    if isinstance(fit.schema.offset, float):
        parts.append(f"offset = {format_number(fit.schema.offset, 4)}")
    return "held at " + ", ".join(part.replace(" ", NO_BREAK) for part in parts) if parts else ""


def _line(
    axis: Axes,
    across: Column,
    fitted: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    shown: tuple[float, float],
    j: int,
    lines: int,
    colour: str,
) -> Any:
    x = places(across.values)
    band, alpha = (colour, min(0.25, 0.5 / lines)) if lines > 1 else (BAND, 0.25)
    axis.fill_between(x, lower.clip(*shown), upper.clip(*shown), color=band, alpha=alpha, linewidth=0)
    style = STYLES[j // len(COLOURS) % len(STYLES)]
    return axis.plot(x, fitted, color=colour, linewidth=1.6, linestyle=style)[0]


def _levels(
    axis: Axes,
    across: Column,
    fitted: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    shown: tuple[float, float],
    j: int,
    lines: int,
    colour: str,
) -> Any:
    x = np.arange(len(across.values)) + _aside(j, lines)
    for beyond, edge, marker in zip((lower < shown[0], upper > shown[1]), shown, "v^", strict=True):
        axis.plot(x[beyond], np.full(beyond.sum(), edge), marker, color=colour, clip_on=False, zorder=4)
    return axis.errorbar(
        x,
        fitted,
        yerr=np.nan_to_num(np.abs(np.array([lower, upper]).clip(*shown) - fitted)),
        fmt=MARKERS[j % len(MARKERS)] if lines > 1 else "o",
        color=colour,
        capsize=4 if lines < 4 else 2,
        zorder=3,
    )


def _aside(j: int, lines: int) -> float:
    """How far from its level the j-th of several points stands."""
    return 0.0 if lines == 1 else (j - (lines - 1) / 2) * 0.7 / lines


def _observed(axis: Axes, fit: SingleIndex, grid: Grid, y: np.ndarray, colours: list[str]) -> None:
    assert grid.seen is not None
    weights = fit.row_state.prior_weights
    codes = None if grid.by is None else grid.by.codes
    groups = np.zeros(len(y), dtype=int) if codes is None else codes
    lines = 1 if codes is None else len(colours)
    rng = np.random.default_rng(0)  # the same picture every time
    across = grid.across
    x: np.ndarray
    if across.line:
        x = places(grid.seen[across.name])
    elif across.codes is None:
        return
    else:
        x = np.where(across.codes < 0, np.nan, across.codes) + rng.uniform(-0.12, 0.12, len(y)) / lines
        x = x + np.array([_aside(j, lines) for j in range(lines)])[groups]
    height = np.clip(y, 0, 1) + rng.uniform(-0.015, 0.015, len(y)) if fit.family.is_binomial else y
    for j in range(lines):
        rows = groups == j
        colour = "#333333" if codes is None else colours[j]
        if not fit.family.is_binomial:
            axis.scatter(x[rows], height[rows], **POINTS | {"edgecolor": colour}, alpha=0.5)
            continue
        axis.scatter(x[rows], height[rows], s=6, color=colour, alpha=0.25, linewidth=0)
        if across.line and rows.any():
            centre, share, size = binned(x[rows], y[rows], weights[rows])
            area = 12 + 60 * size / size.max()
            axis.scatter(centre, share, s=area, facecolor="white", edgecolor=colour, zorder=3)


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


def _legend(axis: Axes, by: Column, handles: list[Any], own: bool) -> None:
    """Beside the axes in a figure of our own, else in them; texts as they are, also those that begin with ``_``."""
    where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)} if own else {"loc": "best"}
    letters = 40 if own else max(8, letters_in(axis.bbox.width / 2.5, axis))
    legend = axis.legend(
        handles, [str(k) for k in range(len(handles))], fontsize=NAME_SIZE, title_fontsize=NAME_SIZE, **where
    )
    for text, label in zip(legend.get_texts(), by.labels, strict=True):
        text.set(text=shortened(label, letters), parse_math=False)
    legend.set_title(shortened(by.name, letters))
    legend.get_title().set_parse_math(False)
