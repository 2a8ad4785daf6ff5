"""Which coefficients have no finite estimate: R's ``detect_separation`` and ``detect_infinite_estimates``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..engine.irls import fit_glm
from ..engine.separation import Separation, separation
from ..families import Family, gaussian, get_family
from ..models.glm import glm_control, training_rows
from ..render.cells import named_numbers
from ..render.report import Block, Rendered
from ..sources.base import Block as Rows
from ..sources.base import Source
from ..sources.mapped import Mapped

if TYPE_CHECKING:
    from ..models.model import GLM


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
        return self.coefficients.to_frame("estimate")

    def blocks(self) -> Sequence[Block]:
        names = [str(name) for name in self.coefficients.index]
        return [
            f"Separation: {'TRUE' if self.separation else 'FALSE'} \n",
            "Existence of maximum likelihood estimates\n",
            named_numbers(self.coefficients.tolist(), names, 7),
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
        "control": glm_control(),
        "method": "auto",
    }
    training = training_rows(arguments)
    design = training.frame.design
    p = len(design.names)
    linear = fit_glm(Mapped(training.source, _linear), gaussian(), names=design.names, intercept=False)
    kept = linear.pivot[: linear.rank]
    return _detected(training.source, family, kept, design.names, p)


def separation_of(fit: GLM) -> DetectedSeparation:
    """The same for the rows of a fit, ``fit.separation()``.

    Raises
    ------
    DataError
        The model holds no rows.
    """
    kept = fit.result.pivot[: fit.rank]
    return _detected(fit.rows.source, fit.family, kept, fit.column_names, len(fit.column_names))


def _detected(
    source: Source, family: Family, kept: np.ndarray, names: tuple[str, ...], p: int
) -> DetectedSeparation:
    found: Separation | None = separation(source, family, kept, p)
    limits = np.zeros(p) if found is None else found.limits
    limits[np.setdiff1d(np.arange(p), kept)] = np.nan
    return DetectedSeparation(
        pd.Series(limits, index=list(names)), found is not None, found is not None and found.complete
    )


def _linear(block: Rows) -> Rows:
    """Ones and zeros for weights, nothing to fit: only the rank matters."""
    weights = None if block.prior_weights is None else (block.prior_weights > 0).astype(float)
    return Rows(block.design, np.zeros(len(block.y)), weights, start=block.start)
