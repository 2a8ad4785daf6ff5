"""Rating factors drawn: relativities with their intervals over bars of exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, FitError, nearest
from ..fitted.protocols import shown
from ..inference.performance.relativities import Relativities
from ..render.relativities import RatingBlock, blocks_of
from .canvas import BAND, LINE, NAME_SIZE, REFERENCE, axes_for, name_ticks, note, shortened, window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = (4.4, 3.9)  # inches
HEADROOM = 2.5  # bars reach up to this part of the axes, below the points


def relativities_plot(
    table: Relativities, factors: Any = None, observed: bool = True, axes: Any = None
) -> np.ndarray:
    """Relativities of each factor with their limits, over bars of exposure.

    Parameters
    ----------
    table : Relativities
        As ``fit.relativities()`` gives.
    factors : str or list of str, optional
        Which to draw; default: all.
    observed : bool
        Also what was observed, per exposure and relative to the base's, before the model holds other factors fixed.
    axes : matplotlib axes, optional
        As many as factors.

    Returns
    -------
    ndarray of Axes
        One for each factor: relativities on the left scale, exposure on the right.

    Raises
    ------
    DataError
        No such factor.
    FitError
        Something else than a rating table.

    Examples
    --------
    >>> from glmformula import datasets, glm, relativities_plot
    >>> fit = glm("sick_days ~ factor(overtime_hours > 8)", datasets.attrition(), family="poisson")
    >>> [axis.get_ylabel() for axis in relativities_plot(fit.relativities())]
    ['relativity']
    """
    if not isinstance(table, Relativities):
        raise FitError(f"relativities_plot() draws what fit.relativities() gives; got {shown(table)}")
    blocks = blocks_of(table.frame)
    known = [block.factor for block in blocks]
    if factors is not None:
        wanted = [factors] if isinstance(factors, str) else list(factors)
        for name in wanted:
            if name not in known:
                raise DataError(f"factors: '{name}' is not in the table{nearest(str(name), known)}")
        blocks = [block for block in blocks if block.factor in wanted]
    figure, made = axes_for(axes, len(blocks), PANEL, columns=2)
    handles: dict[str, Any] = {}
    for axis, block in zip(made, blocks):
        own = {one.get_label(): one for one in _panel(axis, block, observed)}
        handles |= own
        if axes is not None:
            axis.legend(
                own.values(), own.keys(), fontsize=NAME_SIZE, loc="upper center", ncol=2, frameon=False
            )
    if axes is None:
        places: dict[str, Any] = {
            "loc": "outside upper center",
            "ncol": 2 if len(blocks) == 1 else len(handles),
        }
        figure.legend(list(handles.values()), list(handles), fontsize=NAME_SIZE, frameon=False, **places)
    return np.array(made, dtype=object)


def _panel(axis: Axes, block: RatingBlock, observed: bool) -> list[Any]:
    """What is drawn, for the legend."""
    frame = block.frame
    x = np.arange(len(frame))
    beside = axis.twinx()
    axis.set_zorder(beside.get_zorder() + 1)
    axis.patch.set_visible(False)
    exposure = frame["exposure"].to_numpy()
    bars = beside.bar(x, exposure, width=0.7, color=BAND, alpha=0.25, label="exposure")
    beside.set_ylim(0, HEADROOM * exposure.max())
    beside.set_ylabel("exposure")
    beside.tick_params("y", labelsize=NAME_SIZE)
    beside.ticklabel_format(axis="y", style="plain", useOffset=False)
    handles: list[Any] = [bars]
    middle, low, high = (frame[name].to_numpy() for name in ("relativity", "lower", "upper"))
    inside = np.isnan(middle).all()
    seen = frame["observed"].to_numpy()
    at_one = np.flatnonzero((low == 1) & (high == 1) & (middle == 1))
    base = seen[at_one[0]] if len(at_one) else np.average(seen, weights=exposure)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = seen / base
    if not inside:
        axis.axhline(1, color=REFERENCE, linestyle=":", linewidth=1)
        error = np.nan_to_num(np.abs(np.array([low, high]) - middle))
        handles.append(
            axis.errorbar(
                x, middle, yerr=error, fmt="o-", color=LINE, markersize=5, capsize=3, label="relativity"
            )
        )
        what = "observed (base 1)"
    else:
        what = "observed (average 1)"
    if observed or inside:
        handles += axis.plot(x, ratio, "D--", color="#333333", markersize=4, linewidth=0.8, label=what)
    drawn = ratio[np.isfinite(ratio)] if observed or inside else np.empty(0)
    least, greatest, cut = window(np.nan_to_num(middle, nan=1.0), low, high, [1.0, *drawn])
    span = greatest - least
    axis.set_ylim(least - 0.35 * span, greatest)  # room for the bars
    axis.set_ylabel("relativity" if not inside else "observed, relative")
    axis.set_xlim(-0.6, len(x) - 0.4)
    axis.set_title(shortened(block.factor), fontsize=9, parse_math=False)
    name_ticks(axis, list(block.levels))
    told = []
    if inside:
        told.append("in an interaction: no relativity of its own")
    if cut:
        told.append("limits beyond the axis are cut")
    note(axis, "; ".join(told))
    return handles
