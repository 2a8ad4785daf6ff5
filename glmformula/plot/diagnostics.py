"""The six panels of R's ``plot.lm`` for a glm (R >= 4.6: Pearson residuals, half-normal Q-Q)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..design.selection import listed, mask
from ..errors import DataError
from ..inference.deletions.deletion import deletion
from .canvas import BAND, LINE, POINTS, REFERENCE, axes_for, beside, label_rows, smooth, spread_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..fitted.protocols import SingleIndex

COOK_LEVELS = (0.5, 1.0)
Panel = Callable[[Any, "Diagnostics", int], None]


@dataclass(frozen=True)
class Diagnostics:
    """Arrays over the rows of non-zero prior weight, with their labels; `rank` of the fit."""

    eta: np.ndarray
    raw: np.ndarray
    pearson: np.ndarray
    standard_pearson: np.ndarray
    standard_deviance: np.ndarray
    hat: np.ndarray
    cook: np.ndarray
    labels: Sequence[Any]
    rank: int


def plot(
    fit: SingleIndex, which: int | Sequence[int] = (1, 2, 3, 5), axes: Any = None, label: int = 3
) -> Figure:
    """Diagnostic panels, R's ``plot.lm``.

    Parameters
    ----------
    which : int or sequence of int, from 1 to 6, or mask of six
        1 residuals against the linear predictor, 2 half-normal Q-Q, 3 scale-location, 4 Cook's distances,
        5 residuals against leverage with Cook's contours, 6 Cook's distance against leverage.
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
        The model holds no rows, or as many coefficients as rows.
    ValueError
        A panel that is not there.

    Notes
    -----
    Pearson residuals and absolute standardised deviance residuals, as R >= 4.6. The red line is a locally
    linear smooth of two thirds of the rows, as R's ``panel.smooth``. Rows of leverage one are not drawn.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> figure = fit.plot()
    >>> [axis.get_title() for axis in figure.axes]
    ['Residuals vs Fitted', 'Q-Q Residuals', 'Scale-Location', 'Residuals vs Leverage']
    """
    return drawn(fit, which, axes, label, PANELS, diagnostics)


def drawn(
    fit: SingleIndex,
    which: int | Sequence[int],
    axes: Any,
    label: int,
    known: Mapping[int, Panel],
    values_of: Callable[[Any], Diagnostics],
) -> Figure:
    """The panels asked for, of those that are `known`."""
    panels = listed(which) if np.ndim(which) else [which]
    if (chosen := mask(panels, len(known), "panels")) is not None:
        panels = [k + 1 for k in chosen]
    unknown = [k for k in panels if k not in known]
    if unknown or not panels:
        raise ValueError(f"which should be numbers from 1 to 6; got {which!r}")
    if fit.training is None:
        raise DataError(
            "every panel draws the rows, and this model holds no training rows (strip_data() or load()): fit it "
            "again; coefficient_plot(fit), and effect_plot(fit, ..., at=...) with all variables, need none"
        )
    values = values_of(fit)
    if not (values.hat < 1).any():
        raise DataError(
            "no row has a residual to draw: every one has leverage 1, as there are as many coefficients as rows; leave "
            "terms out, or fit more rows"
        )
    figure, flat = axes_for(axes, len(panels))
    for axis, k in zip(flat, panels, strict=True):
        known[k](axis, values, label)
    spread_labels(figure, flat)
    return figure


def diagnostics(fit: SingleIndex) -> Diagnostics:
    """The arrays that the panels show."""
    d = deletion(fit, "deviance")
    rows = d.counted
    with np.errstate(all="ignore"):
        unit = np.where(d.hat < 1, np.sqrt(fit.dispersion * (1 - d.hat)), np.nan)
        cook = (d.pearson / (1 - d.hat)) ** 2 * d.hat / (fit.dispersion * fit.rank)
        return Diagnostics(
            eta=fit.row_state.eta[rows],
            raw=fit.row_state.y[rows] - fit.row_state.mu[rows],
            pearson=d.pearson[rows],
            standard_pearson=(d.pearson / unit)[rows],
            standard_deviance=(d.deviance / unit)[rows],
            hat=d.hat[rows],
            cook=cook[rows],
            labels=fit.rows.frame.index[rows].tolist(),
            rank=fit.rank,
        )


def residuals_fitted(axis: Axes, d: Diagnostics, label: int) -> None:
    axis.axhline(0, color=REFERENCE, linestyle=":", linewidth=1)
    scatter(axis, d.eta, d.pearson, d, label, np.abs(d.pearson), line=True)
    axis.set(title="Residuals vs Fitted", xlabel="Predicted values", ylabel="Pearson residuals")


def half_normal(axis: Axes, d: Diagnostics, label: int) -> None:
    size = np.abs(d.standard_deviance)
    finite = np.isfinite(size)
    n = int(finite.sum())
    x = np.full(len(size), np.nan)
    a = 3 / 8 if n <= 10 else 1 / 2  # R's ppoints
    places = (np.arange(1, n + 1) - a) / (n + 1 - 2 * a)
    x[np.flatnonzero(finite)[np.argsort(size[finite], kind="stable")]] = ndtri((places + 1) / 2)
    quartiles, theory = np.quantile(size[finite], [0.25, 0.75]), ndtri((np.array([0.25, 0.75]) + 1) / 2)
    slope = (quartiles[1] - quartiles[0]) / (theory[1] - theory[0])
    axis.axline((theory[0], quartiles[0]), slope=slope, color=REFERENCE, linestyle=":", linewidth=1)
    scatter(axis, x, size, d, label, size)
    axis.set(title="Q-Q Residuals", xlabel="Theoretical quantiles", ylabel="|Std. deviance resid.|")
    axis.set_ylim(bottom=0)


def scale_location(axis: Axes, d: Diagnostics, label: int) -> None:
    root = np.sqrt(np.abs(d.standard_pearson))
    scatter(axis, d.eta, root, d, label, root, line=True)
    axis.set(
        title="Scale-Location", xlabel="Predicted values", ylabel=r"$\sqrt{|\mathrm{Std.\ Pearson\ resid.}|}$"
    )
    axis.set_ylim(bottom=0)


def cook_distances(axis: Axes, d: Diagnostics, label: int) -> None:
    number = np.arange(1, len(d.cook) + 1)
    axis.vlines(number, 0, d.cook, color="#333333", linewidth=0.8)
    axis.set(title="Cook's distance", xlabel="Obs. number", ylabel="Cook's distance")
    axis.set_ylim(bottom=0)
    label_rows(axis, number, d.cook, d.labels, largest(d.cook, label))


def residuals_leverage(axis: Axes, d: Diagnostics, label: int) -> None:
    hat = np.where(d.hat < 1, d.hat, np.nan)
    axis.axhline(0, color=REFERENCE, linestyle=":", linewidth=1)
    scatter(axis, hat, d.standard_pearson, d, label, d.cook, line=True)
    limits = axis.get_ylim()
    top = np.nanmax(hat) * 1.05
    at = np.linspace(max(np.nanmin(hat), top / 100), min(top, 1), 101)
    for level in COOK_LEVELS:
        contour = np.sqrt(level * d.rank * (1 - at) / at)
        for sign in (1, -1):
            axis.plot(at, sign * contour, color=BAND, linestyle="--", linewidth=0.8, gid=f"cook {level:g}")
        seen = np.flatnonzero(contour < limits[1])
        if seen.size:
            beside(axis, f"Cook's distance {level:g}", (at[seen[0]], contour[seen[0]]), 7, BAND)
    axis.set(title="Residuals vs Leverage", xlabel="Leverage", ylabel="Std. Pearson resid.")
    axis.set(xlim=(0, top), ylim=limits)


def cook_leverage(axis: Axes, d: Diagnostics, label: int) -> None:
    with np.errstate(divide="ignore"):
        ratio = np.where(d.hat < 1, d.hat / (1 - d.hat), np.nan)
    scatter(axis, ratio, d.cook, d, label, d.cook, line=True)
    axis.set(title="Cook's dist vs Leverage", xlabel=r"Leverage  $h / (1 - h)$", ylabel="Cook's distance")
    axis.set_xlim(left=0)
    axis.set_ylim(bottom=0)


PANELS: dict[int, Panel] = {
    1: residuals_fitted,
    2: half_normal,
    3: scale_location,
    4: cook_distances,
    5: residuals_leverage,
    6: cook_leverage,
}


def scatter(
    axis: Axes,
    x: np.ndarray,
    y: np.ndarray,
    d: Diagnostics,
    label: int,
    extreme: np.ndarray,
    line: bool = False,
) -> None:
    axis.scatter(x, y, **POINTS)
    axis.margins(0.06)
    if line:
        axis.plot(*smooth(x, y), color=LINE, linewidth=1.2)
    label_rows(axis, x, y, d.labels, largest(np.where(np.isfinite(x), extreme, np.nan), label))


def largest(values: np.ndarray, count: int) -> np.ndarray:
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    return order[: min(count, int(np.isfinite(values).sum()))]
