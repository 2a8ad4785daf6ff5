"""Confidence intervals of the coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import DataError, nearest
from ..render.table import StatTable

if TYPE_CHECKING:
    from ..models.model import GLM


def confint(fit: GLM, parm: Any = None, level: float = 0.95, method: str = "wald") -> StatTable:
    """Confidence intervals, link scale.

    Parameters
    ----------
    parm : str, int or list of them, optional
        Coefficients by name or position (from 0); default all.
    level : float
    method : {"wald"}
        "wald": estimate +- z se, R's ``confint.default`` (normal quantiles, for t families too).

    Returns
    -------
    StatTable with columns such as ``2.5 %`` and ``97.5 %``; NaN where aliased.
    """
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    which = positions(fit, parm)
    return limits_table(fit, which, level, wald_limits(fit, which, level))


def positions(fit: GLM, parm: Any) -> np.ndarray:
    """Column positions of the coefficients named by `parm`."""
    names = list(fit.column_names)
    if parm is None:
        return np.arange(len(names))
    chosen: Sequence[Any] = [parm] if isinstance(parm, str | int | np.integer) else list(parm)
    out = []
    for item in chosen:
        if isinstance(item, str):
            if item not in names:
                raise DataError(f"'{item}' is not a coefficient of the model{nearest(item, names)}")
            out.append(names.index(item))
        elif -len(names) <= item < len(names):
            out.append(int(item) % len(names))
        else:
            raise DataError(f"coefficient {item} does not exist: the model has {len(names)}, counted from 0")
    return np.asarray(out, dtype=int)


def wald_limits(fit: GLM, which: np.ndarray, level: float) -> np.ndarray:
    """(k, 2) limits estimate +- z se."""
    se = np.sqrt(np.diag(fit.vcov().to_numpy()))[which]
    z = ndtri((1 + level) / 2)
    return fit.result.coefficients[which, None] + se[:, None] * np.array([-z, z])


def limits_table(fit: GLM, which: np.ndarray, level: float, limits: np.ndarray) -> StatTable:
    names = [fit.column_names[k] for k in which]
    return StatTable(pd.DataFrame(limits, index=names, columns=percent_names(level)))


def percent_names(level: float) -> list[str]:
    """``2.5 %``, ``97.5 %``: R's format.perc with 3 digits."""
    return [f"{100 * p:.3g} %" for p in ((1 - level) / 2, (1 + level) / 2)]
