"""The dose at which a given share responds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.selection import positions
from ...errors import DataError
from ...fitted.coefficients import kept_of, names_of, values_of
from ...render.numbers import format_numbers
from ...render.table import StatTable
from ..wald import Vcov, Wald

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def dose_p(
    fit: SingleIndex, cf: Sequence[Any] = (0, 1), p: float | Sequence[float] = 0.5, *, vcov: Vcov = None
) -> StatTable:
    """The dose x at which the mean is p, MASS's ``dose.p``:  (g(p) - b0) / b1  for the link g.

    Standard errors by the delta method (Venables & Ripley 2002, section 7.2).

    Parameters
    ----------
    cf : pair of str or int
        Intercept b0 and slope b1 of the dose, by name or position (from 0).
    p : float or sequence
        Means, response scale.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``).

    Returns
    -------
    StatTable with columns ``Dose`` and ``SE``, a row for each p.

    Raises
    ------
    DataError
        Not two coefficients; one that is aliased; means that the link does not know.

    Examples
    --------
    >>> from glmformula import dose_p, glm
    >>> data = {"dead": [1, 4, 9, 13, 18, 20], "n": [20] * 6, "ldose": range(6)}
    >>> fit = glm("cbind(dead, n - dead) ~ ldose", data, "binomial")
    >>> print(dose_p(fit, p=[0.25, 0.5]))
                  Dose        SE
    p = 0.25: 1.366173 0.2557599
    p = 0.50: 2.238815 0.2039871
    """
    places = positions(list(cf), names_of(fit))
    kept = kept_of(fit)
    if len(places) != 2 or not kept[places].all():
        raise DataError(f"cf should be two coefficients with an estimate, intercept and slope; got {cf!r}")
    means = np.atleast_1d(np.asarray(p, dtype=float))
    with np.errstate(all="ignore"):
        eta = fit.family.link.linkfun(means)
    if not np.isfinite(eta).all():
        raise DataError(f"p should be means that link '{fit.family.link.name}' can have; got {p!r}")
    intercept, slope = values_of(fit)[places]
    dose = (eta - intercept) / slope
    gradient = np.zeros((len(dose), int(kept.sum())))
    gradient[:, (np.cumsum(kept) - 1)[places]] = np.column_stack([np.ones_like(dose), dose]) / -slope
    made = Wald.of(fit, vcov).linear(gradient)
    rows = [f"p = {text}:" for text in format_numbers(means.tolist())]
    return StatTable(pd.DataFrame({"Dose": dose, "SE": made.error}, index=rows), footer=made.note)
