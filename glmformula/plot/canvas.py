"""What every picture needs: matplotlib found or a clear error, axes, a smooth line, row labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS: dict[str, Any] = {"s": 18, "facecolor": "none", "edgecolor": "#333333", "linewidth": 0.8}
LINE, REFERENCE, BAND = "#c1272d", "#999999", "#4878a8"


def pyplot() -> Any:
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib: install it with the extra, pip install 'glmformula[plot]'"
        ) from error
    return plt


def axes_for(axes: Any, count: int, size: float = 4.2) -> tuple[Figure, list[Axes]]:
    """`count` axes: those given (one, or an array of them), or new ones two in a row."""
    if axes is None:
        columns = min(2, count)
        rows = -(-count // columns)
        figure, grid = pyplot().subplots(
            rows, columns, figsize=(size * columns, 0.9 * size * rows), squeeze=False, layout="constrained"
        )
        flat = list(grid.ravel())
        for spare in flat[count:]:
            spare.set_visible(False)
        return figure, flat[:count]
    flat = list(np.atleast_1d(np.asarray(axes, dtype=object)).ravel())
    if len(flat) != count:
        raise ValueError(f"axes should be {count} matplotlib axes, one for each panel; got {len(flat)}")
    return flat[0].figure, flat


def smooth(
    x: np.ndarray, y: np.ndarray, share: float = 2 / 3, points: int = 101
) -> tuple[np.ndarray, np.ndarray]:
    """A locally linear smooth with tricube weights over the nearest `share` of the rows (Cleveland 1979).

    Evaluated at `points` places; R's ``panel.smooth`` draws ``lowess`` with the same share, for a glm without
    robustness iterations as here.
    """
    ok = np.isfinite(x) & np.isfinite(y)
    x, y = x[ok], y[ok]
    if len(np.unique(x)) < 3:
        return np.empty(0), np.empty(0)
    near = max(2, int(share * len(x) + 1e-7))
    at = np.linspace(x.min(), x.max(), points)
    fitted = np.empty(points)
    for k, centre in enumerate(at):
        distance = np.abs(x - centre)
        width = np.partition(distance, near - 1)[near - 1]
        weight = np.clip(1 - (distance / max(width, np.finfo(float).tiny)) ** 3, 0, None) ** 3
        total = weight.sum()
        mean = weight @ x / total
        spread = weight @ (x - mean) ** 2
        slope = weight @ ((x - mean) * y) / spread if spread > 1e-9 * total * np.ptp(x) ** 2 else 0.0
        fitted[k] = weight @ y / total + slope * (centre - mean)
    return at, fitted


def label_rows(axis: Axes, x: np.ndarray, y: np.ndarray, labels: Iterable[Any], which: np.ndarray) -> None:
    """Write the row labels beside some points."""
    names = list(labels)
    middle = np.mean(axis.get_xlim())
    for k in which:
        right = x[k] > middle
        axis.annotate(
            str(names[k]),
            (x[k], y[k]),
            xytext=(-4 if right else 4, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            fontsize=8,
        )
