"""Random effects drawn: the caterpillar of each column over its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from ..errors import DataError, FitError, nearest
from ..fitted.protocols import is_mixed, shown
from ..inference.mixed.ranef import ranef
from .canvas import BAND, NAME_SIZE, REFERENCE, axes_for, note, row_names, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..fitted.protocols import Mixed

ROW, LEAST, UNNAMED, WIDE = 0.15, 2.2, 6.0, 3.6  # inches: of a row with its name, of a panel
MOST_NAMED = 80  # rows with names
MOST_BARS = 400  # intervals drawn one by one; a band beyond


def ranef_plot(
    fit: Mixed, group: Any = None, level: float = 0.95, sort: bool = True, axes: Any = None
) -> np.ndarray:
    """Conditional modes of the random effects with their intervals, a row a group: lme4's ``dotplot(ranef(fit))``.

    Parameters
    ----------
    fit : LMM or GLMM
    group : str or list of str, optional
        Which grouping factors; default all.
    level : float
        Of the intervals, mode +- z conditional standard deviations.
    sort : bool
        Groups in the order of the first column's modes; else in that of their levels.
    axes : matplotlib axes, optional
        As many as there are columns of all factors.

    Returns
    -------
    ndarray of Axes
        One for each column of each factor.

    Raises
    ------
    FitError
        The model has no random effects.
    DataError
        No such grouping factor.
    ValueError
        A level that is not between 0 and 1.

    Notes
    -----
    The intervals are given theta and the fixed effects, as estimated: they tell groups apart by eye, and are no test of
    one against another. Modes are drawn to the middle, the more so the fewer rows a group has.

    Examples
    --------
    >>> from glmformula import datasets, lmer, ranef_plot
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> [axis.get_title() for axis in ranef_plot(fit)]
    ['sick_days: (Intercept)']
    """
    if not is_mixed(fit):
        raise FitError(f"ranef_plot() draws the random effects of lmer() and glmer(); got {shown(fit)}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    effects = ranef(fit, cond_var=True)
    names = list(effects)
    if group is not None:
        wanted = [group] if isinstance(group, str) else list(group)
        for name in wanted:
            if name not in names:
                raise DataError(f"'{name}' is no grouping factor of the model{nearest(str(name), names)}")
        names = [name for name in names if name in wanted]
    panels = [(name, k) for name in names for k in range(effects[name].shape[1])]
    longest = max((len(effects[name]) for name in names if len(effects[name]) <= MOST_NAMED), default=0)
    crowded = any(len(effects[name]) > MOST_NAMED for name in names)
    size = (WIDE, max(ROW * longest, UNNAMED if crowded else LEAST) + 0.9)
    _, made = axes_for(axes, len(panels), size, columns=min(4, len(panels)))
    assert effects.cond_var is not None
    for axis, (name, k) in zip(made, panels):
        table, spread = effects[name], np.sqrt(effects.cond_var[name][:, k, k])
        order = (
            np.argsort(table.iloc[:, 0].to_numpy(), kind="stable") if sort else np.arange(len(table))[::-1]
        )
        modes, errors = table.iloc[:, k].to_numpy()[order], spread[order] * float(ndtri((1 + level) / 2))
        labels = [str(table.index[j]) for j in order.tolist()]
        _caterpillar(axis, modes, errors, labels)
        axis.set_title(shortened(f"{name}: {table.columns[k]}", 34), fontsize=9, parse_math=False)
        if k == 0:
            note(axis, f"mode and {100 * level:g} % given the estimates")
    return np.array(made, dtype=object)


def _caterpillar(axis: Axes, modes: np.ndarray, errors: np.ndarray, labels: list[str]) -> None:
    places = np.arange(len(modes))
    axis.axvline(0, color=REFERENCE, linewidth=1, linestyle=":")
    if len(modes) <= MOST_BARS:
        axis.hlines(places, modes - errors, modes + errors, color=BAND, linewidth=1.2, alpha=0.8)
    else:
        axis.fill_betweenx(places, modes - errors, modes + errors, color=BAND, alpha=0.25, linewidth=0)
    axis.plot(modes, places, "o", color="#1f3d66", markersize=3.2 if len(modes) <= MOST_NAMED else 1.4)
    axis.set_ylim(-0.8, len(modes) - 0.2)
    axis.tick_params("x", labelsize=NAME_SIZE)
    if len(modes) <= MOST_NAMED:
        row_names(axis, places, [shortened(label, 22) for label in labels], 72 * ROW)
    else:
        axis.set_yticks([])
        axis.set_ylabel(f"{len(modes)} groups", fontsize=NAME_SIZE)
