"""Drawings for a report: the same bytes at each run, no file beside the page, readable on paper and on a phone."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plot.canvas import BAND, LINE, name_ticks, pyplot, shortened
from .records import Picture
from .subject import attempt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: Any = {
    "svg.hashsalt": "glmformula",  # names inside the drawing are hashes: salted by chance unless told
    "svg.fonttype": "path",  # letters as outlines: no font need be there, on a phone or at a printer's
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
MOST_MARKS = 700  # points from which on they are an image inside the drawing, which would have megabytes
DOTS = 150
COLOURS = ("#c1272d", "#4878a8", "#3a923a", "#e1812c", "#845b97", "#84584e", "#d684bd", "#7f7f7f")


def drawn(draw: Callable[[], Any], alt: str, caption: str, wide: bool = False) -> list[Picture]:
    """The picture of what `draw` draws; none where that is refused."""
    made = attempt(_picture, draw, alt, caption, wide).value
    return [] if made is None else [made]


def _picture(draw: Callable[[], Any], alt: str, caption: str, wide: bool) -> Picture:
    """Of a figure or axes that it makes."""
    import matplotlib

    plt = pyplot()
    with matplotlib.rc_context(STYLE):
        before = set(plt.get_fignums())
        made = draw()
        made = made.flat[0] if isinstance(made, np.ndarray) else made
        figure = getattr(made, "figure", made)
        for axis in figure.axes:
            for marks in axis.collections:
                if len(marks.get_offsets()) > MOST_MARKS:
                    marks.set_rasterized(True)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", dpi=DOTS, metadata={"Date": None, "Creator": None})
        for new in set(plt.get_fignums()) - before:
            plt.close(new)
    return Picture(_address(stream.getvalue()), alt, caption, wide)


def _address(drawing: bytes) -> str:
    """An address that holds the drawing itself: its names then cannot meet those of another drawing in the page."""
    small = re.sub(rb">\s+<", b"><", drawing)
    return "data:image/svg+xml;base64," + base64.b64encode(small).decode("ascii")


def curves(table: Any, variable: str, response: str) -> Axes:
    """Average predictions over the values of one variable, with their limits: lines of a number, points of levels.

    Parameters
    ----------
    table : DataFrame
        Columns `variable`, estimate, conf_low, conf_high and perhaps group, of a response of categories.
    """
    _, axis = pyplot().subplots(figsize=(4.2, 3.2), layout="constrained")
    groups = list(dict.fromkeys(table["group"])) if "group" in table else [None]
    line = table[variable].dtype.kind in "iuf"
    for k, group in enumerate(groups):
        part = table if group is None else table[table["group"] == group]
        colour = LINE if group is None else COLOURS[k % len(COLOURS)]
        middle, low, high = (
            part[name].to_numpy(dtype=float) for name in ("estimate", "conf_low", "conf_high")
        )
        if line:
            x = part[variable].to_numpy(dtype=float)
            axis.fill_between(x, low, high, color=BAND if group is None else colour, alpha=0.2, linewidth=0)
            axis.plot(x, middle, color=colour, linewidth=1.6, label=group, marker="o" if len(x) < 6 else "")
        else:
            x = np.arange(len(part)) + (0.12 * (k - (len(groups) - 1) / 2) if len(groups) > 1 else 0)
            # limits that are infinite, or on the wrong side by rounding, have no bar
            bars = np.nan_to_num(np.maximum([middle - low, high - middle], 0), posinf=0.0)
            axis.errorbar(x, middle, yerr=bars, fmt="o", color=colour, capsize=3, label=group, markersize=5)
    if not line:
        first = table if groups == [None] else table[table["group"] == groups[0]]
        axis.set_xlim(-0.5, len(first) - 0.5)
        name_ticks(axis, [str(level) for level in first[variable]])
    axis.set_xlabel(shortened(variable), parse_math=False)
    axis.set_ylabel(shortened(response), parse_math=False)
    if groups != [None]:
        axis.legend(fontsize=8, frameon=False)
    return axis
