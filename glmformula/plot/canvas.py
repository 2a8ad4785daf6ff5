"""What every picture needs: matplotlib found or a clear error, axes, a smooth line, row labels."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS: dict[str, Any] = {"s": 18, "facecolor": "none", "edgecolor": "#333333", "linewidth": 0.8}
LINE, REFERENCE, BAND = "#c1272d", "#999999", "#4878a8"
COLOURS = (
    "#c1272d",
    "#4878a8",
    "#3a923a",
    "#e1812c",
    "#845b97",
    "#84584e",
    "#d684bd",
    "#7f7f7f",
    "#a9aa35",
    "#2eabb8",
)
MARKERS = "os^Dv"
STYLES = ("-", "--", "-.", ":")
FAR = 10.0  # see `window`
NAME_SIZE, LEAST_SIZE = 8.0, 5.0  # points, of letters
MOST_NOTES = 8  # lines
NO_BREAK = "\N{NO-BREAK SPACE}"
TRIES, BESIDE = 16, "beside"


def pyplot() -> Any:
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib: install it with the extra, pip install 'glmformula[plot]'"
        ) from error
    return plt


def axes_for(
    axes: Any,
    count: int,
    size: tuple[float, float] = (4.2, 3.78),
    columns: int = 2,
    layout: str = "constrained",
) -> tuple[Figure, list[Axes]]:
    """`count` axes: those given (one, or an array of them), or new ones of a size in inches, some in a row."""
    if axes is None:
        columns = min(columns, count)
        rows = -(-count // columns)
        wide, tall = size[0] * columns, size[1] * rows
        figure, grid = pyplot().subplots(rows, columns, figsize=(wide, tall), squeeze=False, layout=layout)
        if layout == "none":
            figure.subplots_adjust(
                0.4 / wide, 0.5 / tall, 1 - 0.1 / wide, 1 - 0.1 / tall, wspace=0.25, hspace=0.4
            )
        flat = list(grid.ravel())
        for spare in flat[count:]:
            spare.set_visible(False)
        return figure, flat[:count]
    flat = list(np.atleast_1d(np.asarray(axes, dtype=object)).ravel())
    if len(flat) != count:
        raise ValueError(f"axes should be {count} matplotlib axes, one for each panel; got {len(flat)}")
    return flat[0].figure, flat


def window(
    middle: np.ndarray, low: np.ndarray, high: np.ndarray, seen: np.ndarray | Sequence[float] = ()
) -> tuple[float, float, bool]:
    """The part of an axis that shows all finite estimates (and what is `seen`) with intervals of ordinary length.

    Returns
    -------
    least, greatest, and whether an interval goes beyond: one that is infinite, or so long (ten times the range of
    the estimates or the middle length of an interval) that nothing else could be read.
    """
    middle, ends = np.ravel(middle), np.array([np.ravel(low), np.ravel(high)])
    known = np.concatenate([middle[np.isfinite(middle)], np.asarray(seen, dtype=float)])
    with np.errstate(invalid="ignore"):
        length = np.where(np.isinf(ends), np.inf, np.abs(ends - middle))
    finite = np.sort(length[np.isfinite(length)])
    usual = finite[(len(finite) - 1) // 2] if len(finite) else 0.0
    reach = FAR * max(np.ptp(known) if len(known) else 0.0, usual)
    near = length <= reach
    shown = np.concatenate([known, ends[near & np.isfinite(ends)]])
    if not len(shown):
        return -1.0, 1.0, True
    margin = 0.05 * (np.ptp(shown) or 1.0)
    return float(shown.min() - margin), float(shown.max() + margin), bool((length > reach).any())


def plain_legend(holder: Any, handles: Sequence[Any], names: Sequence[str], **options: Any) -> Any:
    """A legend of axes, or of a figure, whose texts stand as they are, also where ``_`` begins them."""
    numbers = [str(k) for k in range(len(handles))]
    legend = holder.legend(handles, numbers, fontsize=NAME_SIZE, **options)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, parse_math=False)
    return legend


def shortened(name: str, width: int = 40) -> str:
    """A long name by its beginning and its end, midnight without its hours."""
    name = " ".join(str(name).split()).removesuffix(" 00:00:00")
    half = (width - 1) // 2
    return name if len(name) <= width else f"{name[: width - 1 - half]}…{name[-half:]}"


def name_ticks(axis: Axes, names: Sequence[str]) -> None:
    """Names of levels under an axis: in lines where there is room for it, else slanting, upright where there are many.

    Where not even the smallest letters fit, every second or third level is named.
    """
    room = axis.bbox.width * 72 / axis.figure.dpi / max(len(names), 1)  # points for each
    letters = letters_in(axis.bbox.width / max(len(names), 1), axis)
    lines = [
        textwrap.wrap(shortened(name, 60), max(letters, 1), break_long_words=False) or [""] for name in names
    ]
    style: dict[str, Any] = {"fontsize": NAME_SIZE}
    if all(len(part) <= 4 and max(map(len, part)) <= letters for part in lines):
        texts = ["\n".join(part) for part in lines]
    else:
        texts = [
            shortened(name, int(np.clip(letters_in(axis.bbox.height / 2, axis), 8, 32))) for name in names
        ]
        if room >= 2 * NAME_SIZE:
            style |= {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
        else:
            style |= {"rotation": 90, "fontsize": min(NAME_SIZE, max(0.85 * room, LEAST_SIZE))}
    step = max(1, math.ceil(LEAST_SIZE / room))
    axis.set_xticks(range(0, len(names), step), texts[::step], parse_math=False, **style)


def time_ticks(axis: Axes) -> None:
    """Times on the x axis written short, upright where there is little room."""
    from matplotlib import dates

    locator: Any = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axis.tick_params("x", labelsize=NAME_SIZE, rotation=0 if letters_in(axis.bbox.width, axis) >= 60 else 90)


def letters_in(pixels: float, axis: Axes) -> int:
    """How many letters of a name fit."""
    return int(pixels * 72 / axis.figure.dpi / (0.6 * NAME_SIZE))


def row_names(axis: Axes, places: np.ndarray, names: Sequence[str], room: float) -> None:
    """Names beside the rows of a picture, each with `room` points; where none fit, every second or third is named."""
    axis.set_ylim(-0.7, len(names) - 0.3)
    step = max(1, math.ceil(LEAST_SIZE / room))
    size = None if room > 2 * NAME_SIZE else min(NAME_SIZE, max(0.9 * room, LEAST_SIZE))
    texts = [shortened(name) for name in names[::step]]
    axis.set_yticks(places[::step], texts, parse_math=False, fontsize=size)


def note(axis: Axes, text: str) -> None:
    """Small print under the label of the x axis, wherever that comes to stand, as wide as the axes."""
    if not text:
        return
    lay_out(axis.figure)
    lines = textwrap.wrap(text, max(letters_in(1.1 * axis.bbox.width, axis), 24), break_on_hyphens=False)
    if len(lines) > MOST_NOTES:
        lines = [*lines[: MOST_NOTES - 1], lines[MOST_NOTES - 1] + " …"]
    axis.annotate(
        "\n".join(lines).replace(NO_BREAK, " "),
        (0.5, 0),
        xycoords=axis.xaxis.label,
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=NAME_SIZE,
        color="#555555",
        parse_math=False,
        gid="note",
    )


def smooth(
    x: np.ndarray, y: np.ndarray, share: float = 2 / 3, points: int = 101
) -> tuple[np.ndarray, np.ndarray]:
    """A locally linear smooth with tricube weights over the nearest `share` of the rows (Cleveland 1979).

    R's ``panel.smooth`` draws the same, ``lowess`` without robustness iterations for a glm. It is evaluated at the
    values of x (at `points` of them where there are more) and not between, where few distinct values would leave
    it to chance.
    """
    ok = np.isfinite(x) & np.isfinite(y)
    x, y = x[ok], y[ok]
    at = np.unique(x)
    if len(at) < 2:
        return np.empty(0), np.empty(0)
    if len(at) > points:
        at = at[np.linspace(0, len(at) - 1, points).round().astype(int)]
    near = max(2, int(share * len(x) + 1e-7))
    fitted = np.empty(len(at))
    for k, centre in enumerate(at):
        distance = np.abs(x - centre)
        width = np.partition(distance, near - 1)[near - 1]
        weight = (
            (1 - np.clip(distance / width, 0, 1) ** 3) ** 3 if width > 0 else (distance == 0).astype(float)
        )
        total = weight.sum()
        mean = weight @ x / total
        spread = weight @ (x - mean) ** 2 / total
        slope = weight @ ((x - mean) * y) / total / spread if spread > (0.001 * np.ptp(x)) ** 2 else 0.0
        fitted[k] = weight @ y / total + slope * (centre - mean)
    return at, fitted


def label_rows(axis: Axes, x: np.ndarray, y: np.ndarray, labels: Iterable[Any], which: np.ndarray) -> None:
    """Write the row labels beside some points."""
    names = list(labels)
    for k in which:
        beside(axis, shortened(names[k], 20), (x[k], y[k]))


def beside(
    axis: Axes, text: str, place: tuple[float, float], size: float = NAME_SIZE, color: str = "black"
) -> None:
    """Write beside a point, on the side where there is more room; `spread_labels` moves what would collide."""
    right = place[0] > np.mean(axis.get_xlim())
    axis.annotate(
        text,
        place,
        xytext=(-4 if right else 4, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        fontsize=size,
        color=color,
        parse_math=False,
        gid=BESIDE,
    )


def lay_out(figure: Any) -> None:
    """Give the axes of a figure their final places, if it arranges them itself."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def spread_labels(figure: Figure, axes: Iterable[Axes]) -> None:
    """Lay the figure out and move the labels of points to where they stand on no other and leave no axes.

    The places tried are left and right of the point, then further and further above and below it; at first those
    where no point is covered.
    """
    from matplotlib.transforms import Bbox

    lay_out(figure)
    for axis in axes:
        to_pixels = axis.transData.transform
        labels: list[Any] = [text for text in axis.texts if text.get_gid() == BESIDE]
        taken = [text.get_window_extent() for text in axis.texts if text not in labels]
        taken += [Bbox([at - 2, at + 2]) for at in (to_pixels(text.xy) for text in labels)]
        points = [to_pixels(np.asarray(drawn.get_offsets(), dtype=float)) for drawn in axis.collections]
        for text in labels:
            _move(text, axis.get_window_extent(), taken, np.concatenate([*points, np.empty((0, 2))]))
            taken.append(text.get_window_extent())


def _move(text: Any, frame: Any, taken: list[Any], points: np.ndarray) -> None:
    """Put a label to the best of the places about its point."""
    (across, _), side, size = text.get_position(), text.get_ha(), text.get_fontsize()
    other = "left" if side == "right" else "right"
    ups = [0.0, *(sign * 0.6 * size * step for step in range(1, TRIES) for sign in (-1, 1))]
    second = None
    for up in ups:
        for place in (((across, up), side), ((-across, up), other)):
            text.set(position=place[0], ha=place[1])
            box = text.get_window_extent()
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if not inside or any(box.overlaps(other_box) for other_box in taken):
                continue
            if not _within(points, box):
                return
            second = second or place
    place = second or ((across, 0.0), side)
    text.set(position=place[0], ha=place[1])


def _within(points: np.ndarray, box: Any) -> bool:
    x, y = points.T
    return bool(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any())
