"""Estimates with bands over one variable, in lines and panels: what effect, slope and comparison plots share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .canvas import (
    BAND,
    COLOURS,
    LINE,
    MARKERS,
    NAME_SIZE,
    STYLES,
    axes_for,
    letters_in,
    name_ticks,
    note,
    plain_legend,
    shortened,
    time_ticks,
    window,
)
from .grid import Column, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

WIDEST = 16.0  # inches
PANELS = 3  # in a row
NO_DATA = np.empty(0)


@dataclass(frozen=True)
class Course:
    """Estimates over a variable.

    Attributes
    ----------
    across : Column
        Along the x axis.
    lines : Column or None
        A line, or a row of points, for each of its labels.
    panels : tuple of str
        Titles; one that is empty for a single panel.
    middle, lower, upper : ndarray (panels, lines, values of `across`)
    alike : bool
        Whether the panels have one scale.
    """

    across: Column
    lines: Column | None
    panels: tuple[str, ...]
    middle: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    alike: bool = True

    @property
    def count(self) -> int:
        """How many lines."""
        return self.middle.shape[1]

    def colours(self) -> list[str]:
        """One for each line."""
        if self.lines is None:
            return [LINE]
        return [COLOURS[j % len(COLOURS)] for j in range(self.count)]


def axes_of(course: Course, axis: Any) -> list[Axes]:
    """The axes given, or new ones with room for the names beside them."""
    panels, count = len(course.panels), len(course.across.values)
    width = 5.5 if course.across.line else max(5.5, min(0.22 * count * course.count**0.5, WIDEST))
    if panels > 1:
        width = max(3.4, 0.6 * width)
    beside = 0.0
    if course.lines is not None:
        names = (course.lines.name, *course.lines.labels)
        beside = (0.6 + 0.07 * max(map(len, map(shortened, names)))) / min(panels, PANELS)
    size = (width + beside, 4.95 if panels == 1 else 3.9)
    made: list[Axes] = axes_for(axis, panels, size, columns=PANELS)[1]
    return made


def draw(course: Course, axes: Sequence[Axes], seen: np.ndarray = NO_DATA, own: bool = True) -> bool:
    """The estimates; whether some of their bands go beyond the picture.

    Parameters
    ----------
    seen : ndarray
        Other values that the y axis should reach.
    own : bool
        Whether the axes are of a figure of our own, which has room for a legend beside them.
    """
    colours = course.colours()
    handles: list[Any] = []
    any_cut = False
    for k, (axis, title) in enumerate(zip(axes, course.panels)):
        which = slice(None) if course.alike else slice(k, k + 1)
        low, high, cut = window(course.middle[which], course.lower[which], course.upper[which], seen)
        any_cut |= cut
        handles = []
        for j, colour in enumerate(colours):
            one = _line if course.across.line else _levels
            rows = (course.middle[k, j], course.lower[k, j], course.upper[k, j])
            handles.append(one(axis, course.across, *rows, (low, high), j, course.count, colour))
        if cut or (course.alike and len(axes) > 1):
            axis.set_ylim(low, high)
        if title:
            axis.set_title(shortened(title, 48), fontsize=9, parse_math=False)
        axis.set_xlabel(shortened(course.across.name), parse_math=False)
        if not course.across.line:
            axis.set_xlim(-0.5, len(course.across.labels) - 0.5)
            name_ticks(axis, course.across.labels)
        elif places(course.across.values).dtype.kind == "M":
            time_ticks(axis)
    if course.lines is not None:
        _legend(axes, course.lines, handles, own)
    return any_cut


def finished(axes: Sequence[Axes], label: str, told: str) -> Any:
    """The axes as a plot returns them, named along y, with a note below the middle of the first row."""
    axes[0].set_ylabel(label, parse_math=False)
    note(axes[min(len(axes), PANELS) // 2 if len(axes) > 1 else 0], told)
    return axes[0] if len(axes) == 1 else np.array(axes, dtype=object)


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
    x = np.arange(len(across.values)) + aside(j, lines)
    for beyond, edge, marker in zip((lower < shown[0], upper > shown[1]), shown, "v^", strict=True):
        if beyond.any():
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


def aside(j: int, lines: int) -> float:
    """How far from its level the j-th of several points stands."""
    return 0.0 if lines == 1 else (j - (lines - 1) / 2) * 0.7 / lines


def _legend(axes: Sequence[Axes], by: Column, handles: list[Any], own: bool) -> None:
    """Beside the axes in a figure of our own, else in the first; texts as they are, also where ``_`` begins them."""
    where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1)} if own else {"loc": "best"}
    holder: Any = axes[0]
    if own and len(axes) > 1:
        holder, where = axes[0].figure, {"loc": "outside right upper"}
    letters = 40 if own else max(8, letters_in(axes[0].bbox.width / 2.5, axes[0]))
    names = [shortened(label, letters) for label in by.labels]
    legend = plain_legend(holder, handles, names, title_fontsize=NAME_SIZE, **where)
    legend.set_title(shortened(by.name, letters))
    legend.get_title().set_parse_math(False)
