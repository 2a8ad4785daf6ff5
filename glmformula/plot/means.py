"""Marginal means drawn: a row for each with its interval, and lines of one factor over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, FitError
from ..fitted.protocols import shown as as_shown
from ..inference.means.estimates import MarginalMeans, groups_of, label_in, with_options
from ..inference.means.means import Specs, emmeans, read_specs
from ..render.means import Label, MeansTable, as_text
from .canvas import (
    BAND,
    COLOURS,
    LINE,
    MARKERS,
    NAME_SIZE,
    REFERENCE,
    STYLES,
    axes_for,
    name_ticks,
    note,
    row_names,
    window,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, HEAD, WIDE = 0.28, 1.2, 5.2  # inches
APART = 0.06  # of the distance of two levels, between lines
MOST_LINES = 20


def emmeans_plot(
    em: MarginalMeans, *, type: str | None = None, level: float | None = None, axes: Any = None
) -> Figure:
    """Marginal means or contrasts with their intervals, a panel for each group; as R's ``plot`` of an ``emmGrid``.

    Parameters
    ----------
    em : MarginalMeans
        As of `emmeans`, `emtrends`, `contrast`.
    type : {"link", "response"}, optional
        Default: as of `em`.
    level : float, optional
        Of the intervals, which are adjusted as those of ``em.confint()``.
    axes : matplotlib axes, optional
        One for each group; default: a new figure.

    Returns
    -------
    Figure

    Raises
    ------
    FitError
        Something else than marginal means.

    Examples
    --------
    >>> from glmformula import datasets, emmeans, emmeans_plot, lm
    >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> figure = emmeans_plot(emmeans(lm("overtime_hours ~ senior", staff), "~ senior"))
    >>> figure.axes[0].get_xlabel()
    'emmean'
    """
    if not isinstance(em, MarginalMeans):
        raise FitError(
            f"emmeans_plot() is asked of marginal means, such as emmeans() gives; got {as_shown(em)}"
        )
    table = em.confint(level, type=type)
    groups = groups_of(table.labels, table.by, table.nrows)
    tallest = max(map(len, groups))
    figure, flat = axes_for(axes, len(groups), (WIDE, HEAD + ROW * tallest), columns=2)
    middle, low, high = _limits(table)
    nothing = _nothing(em, table)
    least, greatest, _ = window(middle, low, high, nothing)
    rows = [label for label in table.labels if label.name not in table.by]
    for k, (axis, which) in enumerate(zip(flat, groups, strict=True)):
        places = np.arange(len(which))[::-1]
        axis.hlines(places, low[which], high[which], color=BAND, linewidth=5, alpha=0.45)
        axis.plot(middle[which], places, "o", color=LINE, markersize=4.5)
        for value in nothing:
            axis.axvline(value, color=REFERENCE, linestyle=":", linewidth=0.8)
        axis.set_xlim(least, greatest)
        row_names(axis, places, _texts(rows, which), 72 * ROW)
        axis.set_xlabel(table.estimate)
        if table.by:
            axis.set_title(_title(table, which), fontsize=NAME_SIZE + 1, parse_math=False)
        if k == len(groups) - 1:
            note(axis, "; ".join(message for message in table.messages if not message.startswith("P value")))
    return figure


def emmip(
    fit: Any,
    formula: str,
    *,
    at: Mapping[str, Any] | None = None,
    type: str = "link",
    intervals: bool = True,
    level: float = 0.95,
    axes: Any = None,
    **options: Any,
) -> Figure:
    """An interaction plot of marginal means, R's ``emmip``: lines of one factor over another.

    Parameters
    ----------
    fit : a fitted model, or MarginalMeans
    formula : str
        ``"lines ~ x | panels"``; ``"~ x"`` for one line. `x` may be a number, with its values in `at`.
    at : mapping, optional
        As for `emmeans`.
    type : {"link", "response"}
    intervals : bool
        Draw the intervals of `level` too.
    level : float
    axes : matplotlib axes, optional
        One for each panel; default: a new figure.
    **options
        Of `emmeans`.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        A factor that is not there; more lines than can be told apart.

    Examples
    --------
    >>> from glmformula import datasets, emmip, glm
    >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("sick_days ~ senior * overtime_hours", staff, family="poisson")
    >>> figure = emmip(fit, "senior ~ overtime_hours", at={"overtime_hours": [2, 8, 14]}, type="response")
    >>> figure.axes[0].get_ylabel()
    'rate'
    """
    asked = read_specs(formula)
    lines = read_specs(f"~ {asked.method}").factors if asked.method else ()
    means = _means(fit, Specs((*lines, *asked.factors), asked.by), at, options)
    table = with_options(
        means, {"type": type, "infer": (True, False), "level": level, "by": asked.by}
    ).summary()
    groups = groups_of(table.labels, asked.by, table.nrows)
    figure, flat = axes_for(axes, len(groups), columns=2)
    over = [_label(table, name) for name in asked.factors]
    numeric = len(over) == 1 and over[0].numeric and len(set(over[0].values)) > 1
    along = _texts(over, range(table.nrows))
    ticks = list(dict.fromkeys(along))
    place = (
        np.array(over[0].values, dtype=float) if numeric else np.array([ticks.index(t) for t in along], float)
    )
    traces = (
        _texts([_label(table, name) for name in lines], range(table.nrows)) if lines else [""] * table.nrows
    )
    names = list(dict.fromkeys(traces))
    if len(names) > MOST_LINES:
        raise DataError(
            f"there are {len(names)} lines, and no more than {MOST_LINES} can be told apart: choose with at="
        )
    middle, low, high = _limits(table)
    bottom, top, _ = window(middle, low, high) if intervals else window(middle, middle, middle)
    spread = APART * (np.ptp(place) / max(len(ticks) - 1, 1) or 1.0) if intervals else 0.0
    for k, (axis, which) in enumerate(zip(flat, groups, strict=True)):
        for j, name in enumerate(names):
            own = np.array([i for i in which if traces[i] == name], dtype=int)
            own = own[np.argsort(place[own], kind="stable")]
            x = place[own] + spread * (j - (len(names) - 1) / 2)
            colour = COLOURS[j % len(COLOURS)]
            if intervals:
                axis.vlines(x, low[own], high[own], color=colour, linewidth=3, alpha=0.35)
            axis.plot(
                x, middle[own], STYLES[(j // len(COLOURS)) % 4], color=colour, marker=MARKERS[j % len(MARKERS)],
                markersize=4.5, linewidth=1.2, label=name,
            )  # fmt: skip
        axis.set_ylim(bottom, top)
        if not numeric:
            axis.set_xlim(-0.5, len(ticks) - 0.5)
            name_ticks(axis, ticks)
        axis.set_xlabel(" ".join(asked.factors), parse_math=False)
        axis.set_ylabel("linear prediction" if table.estimate == "emmean" else table.estimate)
        if asked.by:
            axis.set_title(_title(table, which), fontsize=NAME_SIZE + 1, parse_math=False)
        if lines and k == 0:
            axis.legend(title=" ".join(lines), fontsize=NAME_SIZE, title_fontsize=NAME_SIZE, framealpha=0.8)
        if k == len(groups) - 1:
            note(axis, "; ".join(table.messages) if intervals else "; ".join(table.messages[:1]))
    return figure


def _nothing(em: MarginalMeans, table: MeansTable) -> list[float]:
    """Where contrasts are that say of no difference: 0, or a ratio of 1."""
    if em.shown.kind == "prediction":
        return []
    return [0.0 if table.estimate == em.shown.estimate else 1.0]


def _means(fit: Any, specs: Specs, at: Mapping[str, Any] | None, options: Mapping[str, Any]) -> MarginalMeans:
    wanted = (*specs.factors, *specs.by)
    if not isinstance(fit, MarginalMeans):
        made: MarginalMeans = emmeans(fit, specs.factors, by=specs.by or None, at=at, **options)
        return made
    if at or options:
        raise DataError("at= and options of emmeans() go with a fitted model: these means are made")
    for name in wanted:
        label_in(fit, name)
    missing = [name for name in fit.names if name not in wanted]
    if missing:
        raise DataError(
            f"the means have {', '.join(missing)} too: name it in the formula, or ask the fitted model"
        )
    return fit


def _label(table: MeansTable, name: str) -> Label:
    return next(label for label in table.labels if label.name == name)


def _texts(labels: Sequence[Label], rows: Any) -> list[str]:
    return [" ".join(as_text(label.values[k]) for label in labels) for k in rows]


def _title(table: MeansTable, rows: np.ndarray) -> str:
    return ", ".join(f"{name} = {as_text(_label(table, name).values[int(rows[0])])}" for name in table.by)


def _limits(table: MeansTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = [name for name in table.columns if name.endswith((".LCL", ".UCL", ".CL"))]
    low, high = (np.asarray(table.columns[name], dtype=float) for name in names)
    return np.asarray(table.columns[table.estimate], dtype=float), low, high
