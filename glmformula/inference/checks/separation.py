"""Which coefficients have no finite estimate: R's ``detect_separation`` and ``detect_infinite_estimates``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...engine.infinity.separation import separation_of_rows
from ...engine.result import Control
from ...families import Family, get_family
from ...fitted.rows import training_rows
from ...render.cells import named_numbers
from ...render.report import Block, Rendered
from ...sources.base import Source

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


@dataclass(frozen=True, repr=False, eq=False)
class DetectedSeparation(Rendered):
    """Where each coefficient's maximum-likelihood estimate is.

    Attributes
    ----------
    coefficients : Series (p,)
        0 for a finite estimate, inf or -inf, NaN where aliased.
    separation : bool
        Whether any estimate is infinite.
    complete : bool
        Whether the responses are separated on every row.
    """

    coefficients: pd.Series
    separation: bool
    complete: bool

    @property
    def frame(self) -> pd.DataFrame:
        """`coefficients` as a table of one column."""
        return self.coefficients.to_frame("estimate")

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        names = [str(name) for name in self.coefficients.index]
        return [
            f"Separation: {'TRUE' if self.separation else 'FALSE'} \n",
            "Existence of maximum likelihood estimates\n",
            named_numbers(self.coefficients.tolist(), names, digits or 7),
            "0: finite value, Inf: infinity, -Inf: -infinity\n",
        ]


def detect_separation(
    formula: str,
    data: Any,
    family: Any = "binomial",
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
) -> DetectedSeparation:
    """Look for separation before fitting, R's ``detect_separation`` (package detectseparation).

    The arguments are those of :func:`glmformula.glm`; nothing is fitted. A linear programme on the rows
    decides (Konis 2007), for every family and link whose linear predictor may run to infinity.

    Returns
    -------
    DetectedSeparation

    Raises
    ------
    FormulaError, DataError, FamilyError
        As `glm`.

    Notes
    -----
    R looks at binomial models only; it solves one programme, here further ones are solved for the rows that
    the first left unseparated. With several ways to separate the rows the signs are those of one of them.
    Of more than 5,000 columns only levels whose rows all pull one way are found.

    Examples
    --------
    >>> from glmformula import detect_separation
    >>> detect_separation("y ~ x", {"x": [1, 2, 3, 4], "y": [0, 0, 1, 1]})
    Separation: TRUE
    Existence of maximum likelihood estimates
    (Intercept)           x
           -Inf         Inf
    0: finite value, Inf: infinity, -Inf: -infinity
    """
    family = get_family(family)
    arguments = {
        "formula": formula,
        "data": data,
        "family": family,
        "weights": weights,
        "subset": subset,
        "na_action": na_action,
        "offset": offset,
        "contrasts": contrasts,
        "start": None,
        "etastart": None,
        "mustart": None,
        "control": Control(),
        "method": "auto",
    }
    training = training_rows(arguments)
    design = training.frame.design
    return _detected(training.source, family, design.names)


def separation(fit: SingleIndex) -> DetectedSeparation:
    """Look for separation in the rows of a fit; see `detect_separation`, which asks before fitting.

    Returns
    -------
    DetectedSeparation
        Which coefficients have no finite maximum-likelihood estimate (Konis 2007).

    Raises
    ------
    DataError
        The model holds no rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.separation().separation
    False
    """
    return _detected(fit.rows.source, fit.family, fit.column_names)


def _detected(source: Source, family: Family, names: tuple[str, ...]) -> DetectedSeparation:
    p = len(names)
    found, kept = separation_of_rows(source, family, p)
    limits = np.zeros(p) if found is None else found.limits
    limits[np.setdiff1d(np.arange(p), kept)] = np.nan
    return DetectedSeparation(
        pd.Series(limits, index=list(names)), found is not None, found is not None and found.complete
    )
