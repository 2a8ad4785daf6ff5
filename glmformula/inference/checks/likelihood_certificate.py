"""How near the estimates of a likelihood are to its maximum: gradient, curvature and digits, computed afresh."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.likelihood.row_sums import at
from ...fitted.separation import infinite_names
from ...render.report import Block, Rendered

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric

NEAR = 1e-5  # standard errors from the maximum: far below what any use of an estimate can notice


@dataclass(frozen=True, repr=False, eq=False)
class LikelihoodCertificate(Rendered):
    """What a pass over the rows at the estimates says.

    Attributes
    ----------
    distance : float
        Length of the Newton step that is left, in standard errors: how far the maximum is.
    largest_step : float
        The longest change of a parameter in it, in its own standard errors.
    parameter : str
        Which one that is.
    condition : float
        Condition number of the observed information scaled to unit diagonal: about 1e16 / condition is known of
        standard errors.
    smallest_curvature : float
        The least eigenvalue of the scaled information; positive at a maximum.
    infinite : str
        Parameters without a finite estimate.
    """

    distance: float
    largest_step: float
    parameter: str
    condition: float
    smallest_curvature: float
    infinite: str

    @property
    def ok(self) -> bool:
        """Whether the estimates are a maximum, to far more digits than their standard errors."""
        return self.distance <= NEAR and self.smallest_curvature > 0 and not self.infinite

    def blocks(self, digits: int | None = None) -> list[Block]:
        """The text."""
        verdict = "a maximum of the likelihood" if self.ok else "NOT shown to be a maximum of the likelihood"
        longest = f"longest step: {self.parameter}, {self.largest_step:.2g}"
        lines = [
            f"The estimates are {verdict}.",
            f"  distance to the maximum: {self.distance:.2g} standard errors ({longest})",
            f"  curvature: condition {self.condition:.2g}, smallest eigenvalue {self.smallest_curvature:.2g}",
        ]
        if self.infinite:
            lines.append(f"  no finite estimate: {self.infinite}")
        return ["\n".join(lines) + "\n"]


def certificate(fit: Parametric) -> LikelihoodCertificate:
    """A pass over the rows that shows how near the estimates are to the maximum.

    Returns
    -------
    LikelihoodCertificate

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, zeroinfl
    >>> fit = zeroinfl("sick_days ~ overtime_hours | 1", datasets.attrition())
    >>> fit.certificate().ok
    True
    """
    solved = fit.result.solved
    sums = at(fit.rows.source, fit.likelihood, fit.result.layout, solved.parameters)
    free = np.flatnonzero(solved.limits == 0)
    information, score = sums.information[np.ix_(free, free)], sums.score[free]
    scale = np.sqrt(np.abs(np.diag(information)))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    least = float(values.min(initial=math.inf))
    with np.errstate(all="ignore"):
        step = vectors @ ((vectors.T @ (score / scale)) / values) / scale
        distance = math.sqrt(max(float(score @ step), 0.0))
        errors = np.sqrt(np.diag(solved.covariance))[free]
        steps = np.abs(step) / errors
    longest = int(np.nanargmax(steps)) if len(steps) and not np.isnan(steps).all() else 0
    names = fit.parameter_names
    return LikelihoodCertificate(
        distance=distance if least > 0 else math.inf,
        largest_step=float(steps[longest]) if len(steps) else 0.0,
        parameter=names[free[longest]] if len(free) else "",
        condition=float(values.max(initial=1.0) / least) if least > 0 else math.inf,
        smallest_curvature=least,
        infinite=infinite_names(solved.limits, names) if np.isinf(solved.limits).any() else "",
    )
