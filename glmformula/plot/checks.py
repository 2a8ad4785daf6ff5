"""One picture of whether a model can be trusted: residuals by simulation in four panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..inference.checks.simulated_residuals import SimulatedResiduals, simulate_residuals
from .canvas import BAND, LINE, POINTS, REFERENCE, axes_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

QUARTILES = (0.25, 0.5, 0.75)
BINS = 10


def check_model(fit: Any, nsim: int = 250, seed: int | None = None, axes: Any = None) -> Figure:
    """Residuals by simulation: their quantiles, their course over the fitted values, their distribution, the tests.

    Parameters
    ----------
    nsim, seed
        As of `simulate_residuals`.
    axes : three matplotlib axes, optional

    Returns
    -------
    Figure

    Raises
    ------
    FamilyError, DataError, ValueError
        As of `simulate_residuals`.

    Examples
    --------
    >>> from glmformula import check_model, datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> len(check_model(fit, 50, seed=1).axes)
    3
    """
    return residual_panels(simulate_residuals(fit, nsim, seed), axes)


def residual_panels(found: SimulatedResiduals, axes: Any = None) -> Figure:
    """The picture of residuals that were simulated."""
    figure, (first, second, third) = axes_for(axes, 3, (3.9, 3.6), columns=3)
    values = found.residuals.dropna().to_numpy()
    n = len(values)
    expected = (np.arange(n) + 0.5) / n
    first.plot([0, 1], [0, 1], color=REFERENCE, linewidth=0.8, linestyle="--")
    first.scatter(expected, np.sort(values), **POINTS)
    first.set(xlabel="expected", ylabel="residual", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    first.set_title(_said(found.tests, "uniformity", "distance"), fontsize=8)
    rank = np.argsort(np.argsort(found.fitted, kind="stable"), kind="stable") / max(1, n - 1)
    second.scatter(rank, values, **POINTS)
    places = np.linspace(0, 1, min(BINS, max(2, n // 10)) + 1)
    middle = (places[:-1] + places[1:]) / 2
    band = np.clip(np.digitize(rank, places) - 1, 0, len(middle) - 1)
    for q in QUARTILES:
        second.axhline(q, color=REFERENCE, linewidth=0.8, linestyle="--")
        course = [
            np.quantile(values[band == k], q) if (band == k).any() else np.nan for k in range(len(middle))
        ]
        second.plot(middle, course, color=LINE, linewidth=1.3)
    second.set(xlabel="fitted value (rank)", ylabel="residual", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    second.set_title(_said(found.tests, "dispersion", "ratio"), fontsize=8)
    third.hist(values, bins=20, range=(0, 1), color=BAND, edgecolor="white")
    third.axhline(n / 20, color=REFERENCE, linewidth=0.8, linestyle="--")
    third.set(xlabel="residual", ylabel="rows", xlim=(0, 1))
    title = _said(found.tests, "outliers", "share")
    if "zeros" in found.tests.index:
        title += "\n" + _said(found.tests, "zeros", "observed / expected")
    third.set_title(title, fontsize=8)
    return figure


def _said(tests: Any, name: str, what: str) -> str:
    statistic, p = tests.loc[name, "statistic"], tests.loc[name, "p_value"]
    return f"{name}: {what} {statistic:.3g}, p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"
