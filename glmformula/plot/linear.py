"""The six panels of R's ``plot.lm`` for a linear model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from . import diagnostics as of_glm
from .canvas import REFERENCE
from .diagnostics import Diagnostics, Panel, drawn, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..fitted.linear import LinearModel

STANDARDISED = "Standardized residuals"


def plot(
    fit: LinearModel, which: int | Sequence[int] = (1, 2, 3, 5), axes: Any = None, label: int = 3
) -> Figure:
    """Diagnostic panels of a linear model, R's ``plot.lm``.

    Parameters
    ----------
    fit : LM
    which : int or sequence of int, from 1 to 6, or mask of six
        1 residuals against fitted values, 2 normal Q-Q, 3 scale-location, 4 Cook's distances, 5 residuals against
        leverage with Cook's contours, 6 Cook's distance against leverage.
    axes : matplotlib axes, optional
        As many as panels; default: a new figure.
    label : int
        How many of the most extreme rows get their label.

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        The model holds no rows.
    ValueError
        A panel that is not there.

    Notes
    -----
    Standardised residuals are sqrt(weight) r / (sigma sqrt(1 - h)). The red line is a locally linear smooth of two
    thirds of the rows, as R's ``panel.smooth``. Rows of leverage one are not drawn.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> figure = lm("salary ~ experience_years", datasets.attrition()).plot()
    >>> [axis.get_ylabel() for axis in figure.axes[:2]]
    ['Residuals', 'Standardized residuals']
    """
    return drawn(fit, which, axes, label, PANELS, of_glm.diagnostics)


def residuals_fitted(axis: Axes, d: Diagnostics, label: int) -> None:
    of_glm.residuals_fitted(axis, replace(d, pearson=d.raw), label)
    axis.set(xlabel="Fitted values", ylabel="Residuals")


def normal(axis: Axes, d: Diagnostics, label: int) -> None:
    """Standardised residuals against normal quantiles, and the line through their quartiles."""
    values = d.standard_pearson
    finite = np.isfinite(values)
    n = int(finite.sum())
    x = np.full(len(values), np.nan)
    a = 3 / 8 if n <= 10 else 1 / 2  # R's ppoints
    places = (np.arange(1, n + 1) - a) / (n + 1 - 2 * a)
    x[np.flatnonzero(finite)[np.argsort(values[finite], kind="stable")]] = ndtri(places)
    low, high = np.quantile(values[finite], [0.25, 0.75])
    width = float(ndtri(0.75))
    axis.axline((-width, low), slope=(high - low) / (2 * width), color=REFERENCE, linestyle=":", linewidth=1)
    scatter(axis, x, values, d, label, np.abs(values))
    axis.set(title="Q-Q Residuals", xlabel="Theoretical quantiles", ylabel=STANDARDISED)


def scale_location(axis: Axes, d: Diagnostics, label: int) -> None:
    of_glm.scale_location(axis, d, label)
    axis.set(xlabel="Fitted values", ylabel=r"$\sqrt{|\mathrm{Standardized\ residuals}|}$")


def residuals_leverage(axis: Axes, d: Diagnostics, label: int) -> None:
    of_glm.residuals_leverage(axis, d, label)
    axis.set(ylabel=STANDARDISED)


PANELS: dict[int, Panel] = of_glm.PANELS | {
    1: residuals_fitted,
    2: normal,
    3: scale_location,
    5: residuals_leverage,
}
