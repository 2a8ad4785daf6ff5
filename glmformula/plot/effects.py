"""A variable's fitted effect with its band and the data, coefficients with their intervals, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import DataError, nearest
from ..formula.algebra import variables_used
from ..inference.predict import predict
from ..inference.tidy import tidy
from .canvas import BAND, LINE, POINTS, REFERENCE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..fitted.protocols import SingleIndex
    from ..inference.profile import Profile

GRID = 101
BINS = 12


def effect_plot(
    fit: SingleIndex,
    variable: str,
    at: Mapping[str, Any] | None = None,
    type: str = "response",
    level: float = 0.95,
    points: bool = True,
    axis: Any = None,
) -> Axes:
    """Predictions over one variable, the others held fixed, with a confidence band and the data.

    Parameters
    ----------
    variable : str
        A column of the data that the right side uses.
    at : mapping, optional
        Where other variables are held; default: the mean of a numeric one, the commonest level of a factor.
    type : {"response", "link"}
    level : float
        Of the pointwise confidence band.
    points : bool
        Also the data (response scale only): each row, and for a binomial the observed proportions in
        bins of about equal numbers of rows.

    Returns
    -------
    Axes
    """
    if fit.rows.streamed:
        raise DataError(
            "an effect plot reads the typical values of variables off the rows, and those of this fit arrive in "
            "blocks: predict a grid of new rows and draw that, or fit a part of the rows in memory"
        )
    data = fit.rows.arguments["data"].frame
    grid = effect_grid(fit, variable, {} if at is None else dict(at), data)
    limits = predict(fit, grid, type=type, interval="confidence", level=level)
    _, (axis,) = axes_for(axis, 1, size=5.5)
    x = grid[variable]
    if pd.api.types.is_numeric_dtype(x) and not pd.api.types.is_bool_dtype(x):
        axis.plot(x, limits["fit"], color=LINE, linewidth=1.6)
        axis.fill_between(x, limits["lwr"], limits["upr"], color=BAND, alpha=0.25, linewidth=0)
    else:
        place = np.arange(len(x))
        error = np.abs(limits[["lwr", "upr"]].to_numpy().T - limits["fit"].to_numpy())
        axis.errorbar(place, limits["fit"], yerr=yerror(error), fmt="o", color=LINE, capsize=4, zorder=3)
        axis.set_xticks(place, [str(v) for v in x])
    if points and type == "response":
        _observed(axis, fit, data.loc[fit.rows.frame.index, variable], list(x))
    axis.set(
        xlabel=variable,
        ylabel=fit.response_name if type == "response" else f"linear predictor of {fit.response_name}",
    )
    return axis


def yerror(sizes: np.ndarray) -> np.ndarray:
    """Error-bar lengths without the NaNs that matplotlib refuses."""
    return np.nan_to_num(sizes)


def effect_grid(fit: SingleIndex, variable: str, at: Mapping[str, Any], data: pd.DataFrame) -> pd.DataFrame:
    """New rows in which only `variable` moves."""
    terms = fit.terms
    first = 0 if terms.response is None else 1
    used = dict.fromkeys(n for node in terms.variables[first:] for n in variables_used(node) if n in data)
    if isinstance(fit.rows.arguments["offset"], str) and fit.rows.arguments["offset"] in data:
        used[fit.rows.arguments["offset"]] = None
    for name in (variable, *at):
        if name not in used:
            raise DataError(f"'{name}' is not a variable of the model's right side{nearest(name, used)}")
    rows = data.loc[fit.rows.frame.index]
    moving = rows[variable].dropna()
    if pd.api.types.is_numeric_dtype(moving) and not pd.api.types.is_bool_dtype(moving):
        values: Any = np.linspace(float(moving.min()), float(moving.max()), GRID)
    else:
        levels = fit.xlevels.get(variable) or [False, True]
        values = [v for v in levels if v in set(moving.astype(str))] if fit.xlevels.get(variable) else levels
    grid = {name: at.get(name, _typical(rows[name])) for name in used}
    return pd.DataFrame({**grid, variable: values})


def _typical(column: pd.Series) -> Any:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return float(column.mean())
    return column.mode().iloc[0]


def _observed(axis: Axes, fit: SingleIndex, column: pd.Series, places: list[Any]) -> None:
    y, weights = fit.row_state.y, fit.row_state.prior_weights
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    x = (
        column.to_numpy(dtype=float)
        if numeric
        else column.astype(str).map({str(v): k for k, v in enumerate(places)}).to_numpy(float)
    )
    rng = np.random.default_rng(0)  # the same picture every time
    if not numeric:
        x = x + rng.uniform(-0.12, 0.12, len(x))
    if fit.family.is_binomial:
        axis.scatter(
            x,
            np.clip(y, 0, 1) + rng.uniform(-0.015, 0.015, len(y)),
            s=6,
            color="#333333",
            alpha=0.25,
            linewidth=0,
        )
        if numeric:
            centre, share, size = binned(x, y, weights)
            axis.scatter(
                centre, share, s=12 + 60 * size / size.max(), facecolor="white", edgecolor="#333333", zorder=3
            )
    else:
        axis.scatter(x, y, **POINTS, alpha=0.5)


def binned(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of x, weighted mean of y and number of rows in bins of about equal numbers of rows."""
    edges = np.unique(np.quantile(x, np.linspace(0, 1, BINS + 1)))
    which = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, max(len(edges) - 2, 0))
    n = np.bincount(which)
    w = np.bincount(which, weights)
    kept = (n > 0) & (w > 0)
    centre = np.bincount(which, weights * x)[kept] / w[kept]
    return centre, np.bincount(which, weights * y)[kept] / w[kept], n[kept].astype(float)


def coefficient_plot(
    fit: SingleIndex,
    level: float = 0.95,
    exponentiate: bool = False,
    method: str = "profile",
    intercept: bool = False,
    axis: Any = None,
) -> Axes:
    """Estimates with their confidence intervals, one line each; with `exponentiate` ratios on a log scale."""
    table = tidy(fit, conf_int=True, conf_level=level, exponentiate=exponentiate, conf_method=method)
    table = table[table["estimate"].notna()]
    if not intercept:
        table = table[table["term"] != "(Intercept)"]
    _, (axis,) = axes_for(axis, 1, size=5.5)
    place = np.arange(len(table))[::-1]
    error = np.abs(table[["conf_low", "conf_high"]].to_numpy().T - table["estimate"].to_numpy())
    axis.axvline(1.0 if exponentiate else 0.0, color=REFERENCE, linestyle=":", linewidth=1)
    axis.errorbar(table["estimate"], place, xerr=yerror(error), fmt="o", color=LINE, capsize=3)
    axis.set_yticks(place, table["term"])
    if exponentiate:
        from matplotlib import ticker

        axis.set_xscale("log")
        narrow = table["conf_high"].max() < 10 * table["conf_low"].min()
        axis.xaxis.set_major_locator(ticker.MaxNLocator(5) if narrow else ticker.LogLocator())
        axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    axis.set_xlabel("ratio" if exponentiate else f"coefficient ({fit.family.link.name} scale)")
    return axis


def profile_plot(
    profile: Profile, axes: Any = None, levels: tuple[float, ...] = (0.5, 0.8, 0.9, 0.95, 0.99)
) -> Any:
    """|z| along each profile with the cut-offs of `levels`, as R's ``plot(profile(fit))``."""
    figure, flat = axes_for(axes, len(profile.grids), size=3.6)
    for axis, name, (j, frame) in zip(flat, profile.names, profile.grids.items(), strict=True):
        z, value = frame.iloc[:, 0].to_numpy(dtype=float), frame.iloc[:, 1 + j].to_numpy(dtype=float)
        order = np.argsort(value)
        axis.plot(value[order], np.abs(z[order]), color=LINE, marker="o", markersize=3, linewidth=1.2)
        for level in levels:
            cut = ndtri((1 + level) / 2)
            if cut < np.abs(z).max():
                axis.axhline(cut, color=REFERENCE, linestyle=":", linewidth=0.7)
        axis.set(xlabel=name, ylabel="|z|")
        axis.set_ylim(bottom=0)
    return figure
