"""Curves of how well fitted values tell rows apart, and how true they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FitError
from ..fitted.protocols import shown
from ..inference.performance.calibration import Calibration, Calibrations
from ..inference.performance.discrimination import Roc, Rocs
from .canvas import BAND, COLOURS, LINE, NAME_SIZE, REFERENCE, axes_for, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes


NEW_LINE = "\n"


def roc_plot(curve: Roc | Rocs, axis: Any = None) -> Axes:
    """Sensitivity against 1 - specificity, the area in the title; of several categories a curve each.

    Parameters
    ----------
    curve : Roc or Rocs
        As ``fit.roc()`` gives.
    axis : matplotlib axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from glmformula import datasets, glm, roc_plot
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> roc_plot(fit.roc()).get_xlabel()
    '1 - specificity'
    """
    if not isinstance(curve, Roc | Rocs):
        raise FitError(f"roc_plot() draws what fit.roc() gives; got {shown(curve)}")
    _, (axis,) = axes_for(axis, 1)
    axis.plot([0, 1], [0, 1], color=REFERENCE, linewidth=0.8, linestyle="--")
    curves = getattr(curve, "curves", None)
    each: dict[str, Any] = {"": curve} if curves is None else curves
    for k, (name, one) in enumerate(each.items()):
        frame = one.frame
        colour = LINE if curves is None else COLOURS[k % len(COLOURS)]
        label = f"{shortened(name)}: {one.auc:.3f}"
        axis.plot(1 - frame["specificity"], frame["sensitivity"], color=colour, linewidth=1.4, label=label)
    axis.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    if curves is None:
        one = each[""]
        axis.set_title(f"AUC {one.auc:.3f} ({one.low:.3f} to {one.high:.3f})", fontsize=9)
    else:
        axis.set_title(f"each category against the others: mean AUC {curve.auc:.3f}", fontsize=9)
        axis.legend(fontsize=NAME_SIZE, loc="lower right", frameon=False)
    axis.set_aspect("equal")
    return axis


def calibration_plot(found: Calibration | Calibrations, axis: Any = None) -> Axes | np.ndarray:
    """Observed against fitted by band, with Wilson's limits; of several categories a panel each.

    Parameters
    ----------
    found : Calibration or Calibrations
        As ``fit.calibration()`` gives.
    axis : matplotlib axes, optional
        Of several categories as many.

    Returns
    -------
    Axes, or an array of them

    Examples
    --------
    >>> from glmformula import calibration_plot, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> calibration_plot(fit.calibration(5)).get_ylabel()
    'observed'
    """
    if not isinstance(found, Calibration | Calibrations):
        raise FitError(f"calibration_plot() draws what fit.calibration() gives; got {shown(found)}")
    each = getattr(found, "each", None)
    if each is None:
        _, (axis,) = axes_for(axis, 1)
        return _calibration(found, axis, "")
    _, axes = axes_for(axis, len(each), (3.6, 3.5), columns=3)
    made = [_calibration(one, own, f"{shortened(name)}: ") for (name, one), own in zip(each.items(), axes)]
    return np.array(made, dtype=object)


def _calibration(found: Any, axis: Axes, name: str) -> Axes:
    frame = found.frame
    low, high = frame["lower"].min(), frame["upper"].max()
    reach = (min(0.0, low), max(frame["fitted"].max(), high) * 1.05)
    axis.plot(reach, reach, color=REFERENCE, linewidth=0.8, linestyle="--")
    errors = [  # a limit at an observed 0 or 1 may be rounding away on its wrong side
        (frame["observed"] - frame["lower"]).clip(lower=0),
        (frame["upper"] - frame["observed"]).clip(lower=0),
    ]
    axis.errorbar(
        frame["fitted"],
        frame["observed"],
        yerr=errors,
        fmt="o",
        markersize=4,
        color=LINE,
        ecolor=BAND,
        linewidth=1,
    )
    axis.set(xlabel="fitted", ylabel="observed", xlim=reach, ylim=reach)
    title = (
        f"{name}slope {found.slope:.3f},{' ' if not name else NEW_LINE}observed / expected {found.ratio:.3f}"
    )
    axis.set_title(title, fontsize=9, parse_math=False)
    return axis
