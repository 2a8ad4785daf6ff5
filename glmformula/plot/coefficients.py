"""Coefficients with their intervals, and their profiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..errors import DataError
from ..fitted.protocols import is_single_index
from ..inference.tidy import tidy
from .canvas import LINE, REFERENCE, axes_for, letters_in, note, row_names, shortened, window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..fitted.protocols import Fit
    from ..inference.profile import Profile

ROW, TALLEST = 0.17, 100.0  # inches
MOST_PROFILES, PANEL = 12, (2.2, 2.0)  # two in a row up to here; inches of one of more


def coefficient_plot(
    fit: Fit,
    level: float = 0.95,
    exponentiate: bool = False,
    method: str | None = None,
    intercept: bool = False,
    axis: Any = None,
) -> Axes:
    """Estimates with their confidence intervals, one line each.

    Parameters
    ----------
    level : float
    exponentiate : bool
        Ratios, exp(.), on a log scale.
    method : {None, "profile", "wald", "profile-exact"}
        Of the intervals; by default profile likelihood, Wald's where the model has no rows and for a linear model.
    intercept : bool
        Also the intercept.
    axis : matplotlib axes, optional
        Default: a new figure, as tall as the coefficients need.

    Returns
    -------
    Axes
        Under it stand the kind of the intervals and the names of aliased coefficients. An arrow marks an infinite
        estimate or limit, or one so far off that nothing else could be read.

    Raises
    ------
    DataError
        There is no coefficient to draw.

    Examples
    --------
    >>> from glmformula import coefficient_plot, datasets, glm
    >>> fit = glm("left ~ overtime_hours + experience_years", datasets.attrition(), family="binomial")
    >>> axis = coefficient_plot(fit, exponentiate=True)
    >>> axis.get_xscale(), len(axis.get_yticklabels())
    ('log', 2)
    """
    if method is None:
        usual = "profile" if is_single_index(fit) and fit.training is not None else "wald"
        method = getattr(fit, "default_interval", usual)
    table = tidy(fit, conf_int=True, conf_level=level, conf_method=method)
    if not intercept:
        table = table[table["term"] != "(Intercept)"]
    known = table["estimate"].notna()
    aliased, table = table.loc[~known, "term"], table[known]
    if table.empty:
        raise DataError(
            "there is no coefficient to draw: "
            + (
                f"all are aliased ({', '.join(aliased)})"
                if len(aliased)
                else "the model has none but the intercept"
            )
            + ("" if intercept else "; intercept=True draws the intercept")
        )
    _, (axis,) = axes_for(axis, 1, (5.5, min(max(4.95, ROW * len(table) + 1), TALLEST)))
    middle, low, high = table[["estimate", "conf_low", "conf_high"]].to_numpy().T
    least, greatest, cut = window(middle, low, high, [0.0])
    place = np.arange(len(table))[::-1]
    scale = np.exp if exponentiate else np.asarray
    with np.errstate(over="ignore"):
        ends = scale(np.clip([low, high], least, greatest))
        middle_shown = scale(np.where(np.isfinite(middle), middle, np.nan))
        edges = scale(np.array([least, greatest]))
        reference = scale(np.array(0.0))
    axis.axvline(float(reference), color=REFERENCE, linestyle=":", linewidth=1)
    error = np.nan_to_num(np.abs(ends - middle_shown))
    room = axis.bbox.height * 72 / axis.figure.dpi / len(place)  # points for each
    sizes = {"markersize": np.clip(room / 2, 1, 5), "linewidth": np.clip(room / 5, 0.4, 1.5)}
    axis.errorbar(middle_shown, place, xerr=error, fmt="o", color=LINE, capsize=min(3, room / 4), **sizes)
    for beyond, edge, marker in zip(_beyond(middle, low, high, least, greatest), edges, "<>", strict=True):
        if beyond.any():
            axis.plot(np.full(beyond.sum(), edge), place[beyond], marker, color=LINE, clip_on=False, zorder=4)
    row_names(axis, place, list(table["term"]), room)
    if exponentiate:
        from matplotlib import ticker

        axis.set_xscale("log")
        few = min(5, max(2, letters_in(axis.bbox.width, axis) // 10))
        range_ = edges[1] / edges[0]
        steps = (1.0, 2.0, 5.0) if range_ < 100 else (1.0,)  # few powers of ten are there to be named
        axis.xaxis.set_major_locator(
            ticker.MaxNLocator(few) if range_ < 10 else ticker.LogLocator(subs=steps)
        )
        axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    if cut:
        axis.set_xlim(*edges)
    scale_name = f" ({fit.family.link.name} scale)" if is_single_index(fit) else ""
    axis.set_xlabel("ratio" if exponentiate else f"coefficient{scale_name}")
    told = f"{100 * level:g} % {'Wald' if method == 'wald' else 'profile'} intervals"
    told += "; arrows: beyond the picture" if cut else ""
    note(axis, told + (f"; aliased: {', '.join(map(shortened, aliased))}" if len(aliased) else ""))
    return axis


def _beyond(
    middle: np.ndarray, low: np.ndarray, high: np.ndarray, least: float, greatest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which intervals go on to the left and to the right of the picture."""
    return (low < least) | (middle < least), (high > greatest) | (middle > greatest)


def profile_plot(
    profile: Profile, axes: Any = None, levels: tuple[float, ...] = (0.5, 0.8, 0.9, 0.95, 0.99)
) -> Figure:
    """|z| along each profile with the cut-offs of `levels`, as R's ``plot(profile(fit))``.

    Parameters
    ----------
    profile : Profile
        Aliased coefficients have none.
    axes : matplotlib axes, optional
        As many as there are profiles; default: a new figure.
    levels : tuple of float

    Returns
    -------
    Figure

    Raises
    ------
    DataError
        There is no profile to draw.

    Examples
    --------
    >>> from glmformula import datasets, glm, profile_plot
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> figure = profile_plot(fit.profile())
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['(Intercept)', 'overtime_hours']
    """
    count = len(profile.grids)
    if not count:
        raise DataError(
            "there is no profile to draw: none of the coefficients that were asked for has an estimate"
        )
    many = count > MOST_PROFILES  # matplotlib would take minutes to arrange hundreds of panels itself
    shape = (PANEL, min(8, math.ceil(math.sqrt(count))), "none") if many else ((3.6, 3.24), 2, "constrained")
    figure, flat = axes_for(axes, count, *shape)
    for axis, name, (j, frame) in zip(flat, profile.names, profile.grids.items(), strict=True):
        z, value = frame.iloc[:, 0].to_numpy(dtype=float), frame.iloc[:, 1 + j].to_numpy(dtype=float)
        order = np.argsort(value)
        axis.plot(value[order], np.abs(z[order]), color=LINE, marker="o", markersize=3, linewidth=1.2)
        cuts = ndtri((1 + np.array(sorted(levels))) / 2)
        top = 1.05 * max(np.abs(z).max(), *cuts[:1])  # a profile that stays flat is seen to
        for cut in cuts[cuts < top]:
            axis.axhline(cut, color=REFERENCE, linestyle=":", linewidth=0.7)
        axis.set_xlabel(shortened(name, 28 if many else 40), parse_math=False, fontsize=8 if many else None)
        axis.set_ylabel("" if many else f"|{profile.kind}|")
        axis.tick_params(labelsize=7 if many else None)
        axis.locator_params(axis="x", nbins=4 if many else 6)
        axis.set_ylim(0, top)
    return figure
