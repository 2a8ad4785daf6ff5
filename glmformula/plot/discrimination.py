"""Curves of how well fitted values tell rows apart, and how true they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .canvas import BAND, LINE, REFERENCE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..inference.calibration import Calibration
    from ..inference.discrimination import Roc


def roc_plot(curve: Roc, axis: Any = None) -> Axes:
    """Sensitivity against 1 - specificity, the area in the title.

    Parameters
    ----------
    curve : Roc
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
    _, (axis,) = axes_for(axis, 1)
    axis.plot([0, 1], [0, 1], color=REFERENCE, linewidth=0.8, linestyle="--")
    frame = curve.frame
    axis.plot(1 - frame["specificity"], frame["sensitivity"], color=LINE, linewidth=1.4)
    axis.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axis.set_title(f"AUC {curve.auc:.3f} ({curve.low:.3f} to {curve.high:.3f})", fontsize=9)
    axis.set_aspect("equal")
    return axis


def calibration_plot(found: Calibration, axis: Any = None) -> Axes:
    """Observed against fitted by band, with Wilson's limits.

    Parameters
    ----------
    found : Calibration
        As ``fit.calibration()`` gives.
    axis : matplotlib axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from glmformula import calibration_plot, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> calibration_plot(fit.calibration(5)).get_ylabel()
    'observed'
    """
    _, (axis,) = axes_for(axis, 1)
    frame = found.frame
    low, high = frame["lower"].min(), frame["upper"].max()
    reach = (min(0.0, low), max(frame["fitted"].max(), high) * 1.05)
    axis.plot(reach, reach, color=REFERENCE, linewidth=0.8, linestyle="--")
    errors = [frame["observed"] - frame["lower"], frame["upper"] - frame["observed"]]
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
    axis.set_title(f"slope {found.slope:.3f}, observed / expected {found.ratio:.3f}", fontsize=9)
    return axis
