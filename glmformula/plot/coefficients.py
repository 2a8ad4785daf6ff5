"""Coefficients with their intervals, and their profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import DataError
from ..fitted.protocols import has_one_mean, is_model, is_single_index, no_model
from ..inference.summaries.tidy import tidy
from .canvas import (
    COLOURS,
    LINE,
    MARKERS,
    REFERENCE,
    axes_for,
    letters_in,
    note,
    plain_legend,
    row_names,
    shortened,
    window,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..inference.intervals.profile import Profile

ROW, TALLEST = 0.17, 100.0  # inches
MOST_FITS = 10
MOST_PROFILES, PANEL = 12, (2.2, 2.0)  # two in a row up to here; inches of one of more


def coefficient_plot(
    fits: Any,
    level: float = 0.95,
    exponentiate: bool = False,
    method: str | None = None,
    intercept: bool = False,
    axis: Any = None,
) -> Axes:
    """Estimates with their confidence intervals, one line each; of several fits side by side.

    Parameters
    ----------
    fits : Fit, list of Fit, or mapping of name to Fit
        Of any classes.
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
        There is no coefficient to draw; too many fits.
    FitError
        Something that is no fit.

    Examples
    --------
    >>> from glmformula import coefficient_plot, datasets, glm
    >>> fit = glm("left ~ overtime_hours + experience_years", datasets.attrition(), family="binomial")
    >>> axis = coefficient_plot(fit, exponentiate=True)
    >>> axis.get_xscale(), len(axis.get_yticklabels())
    ('log', 2)
    """
    fits = named_fits(fits)
    made = {name: _estimates(one, level, method, intercept) for name, one in fits.items()}
    rows = list(dict.fromkeys(key for one in made.values() for key in one.table.index))
    if not rows:
        aliased = [name for one in made.values() for name in one.aliased]
        raise DataError(
            "there is no coefficient to draw: "
            + (
                f"all are aliased ({', '.join(aliased)})"
                if aliased
                else "the model has none but the intercept"
            )
            + ("" if intercept else "; intercept=True draws the intercept")
        )
    several = len(fits) > 1
    height = ROW * len(rows) * (1 + 0.5 * (len(fits) - 1)) + 1
    _, (axis,) = axes_for(axis, 1, (5.5, min(max(4.95, height), TALLEST)))
    middle, low, high = np.concatenate([one.table.to_numpy() for one in made.values()]).T
    least, greatest, cut = window(middle, low, high, [0.0])
    scale = np.exp if exponentiate else np.asarray
    edges = scale(np.array([least, greatest]))
    axis.axvline(float(scale(np.array(0.0))), color=REFERENCE, linestyle=":", linewidth=1)
    room = axis.bbox.height * 72 / axis.figure.dpi / len(rows)  # points for each
    places = {key: len(rows) - 1 - k for k, key in enumerate(rows)}
    handles = []
    for j, one in enumerate(made.values()):
        place = np.array([places[key] for key in one.table.index], dtype=float)
        place += 0.0 if not several else 0.7 * ((len(made) - 1) / 2 - j) / len(made)
        style = (COLOURS[j % len(COLOURS)], MARKERS[j % len(MARKERS)]) if several else (LINE, "o")
        handles.append(_drawn(axis, one.table, place, scale, (least, greatest), room / len(made), *style))
    names = [term for term, _ in rows]
    row_names(axis, np.arange(len(rows))[::-1], names, room)
    if exponentiate:
        _ratio_axis(axis, edges)
    if cut:
        axis.set_xlim(*edges)
    links = {one.family.link.name for one in fits.values() if has_one_mean(one)}
    scale_name = (
        f" ({links.pop()} scale)" if len(links) == 1 and all(map(has_one_mean, fits.values())) else ""
    )
    axis.set_xlabel("ratio" if exponentiate else f"coefficient{scale_name}")
    if several:
        plain_legend(axis, handles, [shortened(name) for name in fits], loc="best")
    note(axis, _told(made, level, cut, several))
    return axis


@dataclass(frozen=True)
class Estimates:
    """What is drawn of a fit.

    Attributes
    ----------
    table : DataFrame
        estimate, conf_low, conf_high by (term, which of that name).
    aliased : tuple of str
    method : str
    formula : str
    """

    table: pd.DataFrame
    aliased: tuple[str, ...]
    method: str
    formula: str


def named_fits(given: Any) -> dict[str, Any]:
    """Fits by name; those of a list are numbered.

    Raises
    ------
    DataError, FitError
    """
    if isinstance(given, Mapping):
        fits = {str(name): one for name, one in given.items()}
    elif isinstance(given, list | tuple):
        fits = {f"({k + 1})": one for k, one in enumerate(given)}
    else:
        fits = {"": given}
    if not fits:
        raise no_model(given, "coefficient_plot()")
    if len(fits) > MOST_FITS:
        raise DataError(f"coefficient_plot() draws up to {MOST_FITS} fits beside each other; got {len(fits)}")
    for one in fits.values():
        if not is_model(one):
            raise no_model(one, "coefficient_plot()")
    return fits


def _estimates(fit: Any, level: float, method: str | None, intercept: bool) -> Estimates:
    if method is None:
        usual = "profile" if is_single_index(fit) and fit.training is not None else "wald"
        method = str(getattr(fit, "default_interval", usual))
    table = tidy(fit, conf_int=True, conf_level=level, conf_method=method)
    if not intercept:
        table = table[table["term"] != "(Intercept)"]
    known = table["estimate"].notna()
    kept = table[known]
    again = kept.groupby("term").cumcount()
    index = pd.MultiIndex.from_arrays([kept["term"].astype(str), again])
    numbers = kept[["estimate", "conf_low", "conf_high"]].set_axis(index, axis=0)
    return Estimates(numbers, tuple(map(str, table.loc[~known, "term"])), method, fit.formula)


def _drawn(
    axis: Axes,
    table: pd.DataFrame,
    place: np.ndarray,
    scale: Any,
    shown: tuple[float, float],
    room: float,
    colour: str,
    marker: str,
) -> Any:
    """The estimates of one fit, an arrow where one goes on beyond the picture."""
    middle, low, high = table.to_numpy().T
    least, greatest = shown
    with np.errstate(over="ignore"):
        ends = scale(np.clip([low, high], least, greatest))
        middle_shown = scale(np.where(np.isfinite(middle), middle, np.nan))
        edges = scale(np.array(shown))
    error = np.nan_to_num(np.abs(ends - middle_shown))
    sizes = {"markersize": np.clip(room / 2, 1, 5), "linewidth": np.clip(room / 5, 0.4, 1.5)}
    drawn = axis.errorbar(
        middle_shown, place, xerr=error, fmt=marker, color=colour, capsize=min(3, room / 4), **sizes
    )
    for beyond, edge, arrow in zip(_beyond(middle, low, high, least, greatest), edges, "<>", strict=True):
        if beyond.any():
            axis.plot(
                np.full(beyond.sum(), edge), place[beyond], arrow, color=colour, clip_on=False, zorder=4
            )
    return drawn


def _ratio_axis(axis: Axes, edges: np.ndarray) -> None:
    from matplotlib import ticker

    axis.set_xscale("log")
    few = min(5, max(2, letters_in(axis.bbox.width, axis) // 10))
    range_ = edges[1] / edges[0]
    steps = (1.0, 2.0, 5.0) if range_ < 100 else (1.0,)  # few powers of ten are there to be named
    axis.xaxis.set_major_locator(ticker.MaxNLocator(few) if range_ < 10 else ticker.LogLocator(subs=steps))
    axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(ticker.NullFormatter())


def _told(made: Mapping[str, Estimates], level: float, cut: bool, several: bool) -> str:
    """The small print: the kind of the intervals, what is beyond, what is aliased, which fit is which."""
    kinds = list(dict.fromkeys("Wald" if one.method == "wald" else "profile" for one in made.values()))
    told = f"{100 * level:g} % {' and '.join(kinds)} intervals" + (
        "; arrows: beyond the picture" if cut else ""
    )
    lost = [f"{name} {term}".strip() for name, one in made.items() for term in one.aliased]
    told += f"; aliased: {', '.join(map(shortened, lost))}" if lost else ""
    if several and all(name == f"({k + 1})" for k, name in enumerate(made)):
        told += "".join(f"; {name} {shortened(one.formula, 60)}" for name, one in made.items())
    return told


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
