"""Rootograms: square roots of observed and expected counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import choice
from ..inference.checks.rootogram import rootogram
from .canvas import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("hanging", "standing", "suspended")


def rootogram_plot(fit: Any, at: Any = None, style: str = "hanging", axis: Any = None) -> Axes:
    """Bars of the observed counts against the curve of the expected ones, on the scale of square roots.

    Parameters
    ----------
    at : list of int, optional
        As of `rootogram`.
    style : {"hanging", "standing", "suspended"}
        Bars hang from the curve (their ends off the line at 0 are what the model misses), stand on the line, or are
        those differences alone.
    axis : matplotlib axes, optional
        Default: a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    FitError, ValueError
        As `rootogram`; an unknown style.

    Examples
    --------
    >>> from glmformula import datasets, glm, rootogram_plot
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> axis = rootogram_plot(fit)
    >>> axis.get_xlabel(), axis.get_ylabel()
    ('sick_days', 'sqrt(frequency)')
    """
    choice("style", style, STYLES)
    table = rootogram(fit, at).frame
    _, (axis,) = axes_for(axis, 1, (6.4, 4.2))
    counts = table["count"].to_numpy()
    observed, expected = np.sqrt(table["observed"].to_numpy()), np.sqrt(table["expected"].to_numpy())
    tops = {"hanging": expected, "standing": observed, "suspended": expected - observed}[style]
    heights = expected - observed if style == "suspended" else observed
    axis.bar(
        counts, heights, bottom=tops - heights, width=0.9, color="0.75", edgecolor="0.3", label="observed"
    )
    axis.plot(counts, expected, "o-", color="tab:red", markersize=4, label="expected")
    axis.axhline(0.0, color="black", linewidth=0.8)
    axis.use_sticky_edges = False  # bars below the line keep off the frame
    axis.autoscale_view()
    axis.set_xlabel(fit.response_name)
    axis.set_ylabel("sqrt(frequency)")
    axis.legend()
    axis.xaxis.get_major_locator().set_params(integer=True)
    return axis
