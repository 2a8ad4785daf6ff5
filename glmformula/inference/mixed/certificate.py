"""How near the estimates of a mixed model are to the minimum of its deviance: gradient and curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...render.report import Block, Rendered

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

NEAR = 1e-5  # standard errors
FLAT = 1e-8  # of the largest curvature: what has none


@dataclass(frozen=True, repr=False)
class MixedCertificate(Rendered):
    """What gradient and Hessian of the deviance say of the place where the search ended.

    Attributes
    ----------
    gradient : float
        The largest derivative of the deviance, by theta (and the fixed effects of `glmer`, each in standard errors).
    distance : float
        Length of the Newton step that is left, in standard errors.
    smallest_curvature, largest_curvature : float
        Eigenvalues of the Hessian scaled to unit diagonal; all positive at a minimum.
    singular : bool
        Whether the minimum is at the edge: a variance of zero or a correlation of 1.
    """

    gradient: float
    distance: float
    smallest_curvature: float
    largest_curvature: float
    singular: bool

    @property
    def ok(self) -> bool:
        """Whether the estimates are a minimum, to far more digits than their standard errors."""
        return self.distance <= NEAR and self.smallest_curvature > FLAT * self.largest_curvature

    def blocks(self, digits: int | None = None) -> list[Block]:
        """The text."""
        verdict = "a minimum of the deviance" if self.ok else "NOT shown to be a minimum of the deviance"
        lines = [
            f"The estimates are {verdict}.",
            f"  distance to the minimum: {self.distance:.2g} standard errors",
            f"  largest derivative: {self.gradient:.2g}",
            f"  curvature (scaled): {self.smallest_curvature:.2g} to {self.largest_curvature:.2g}",
        ]
        if self.singular:
            lines.append("  at the edge: a variance is zero or a correlation 1 (is_singular)")
        return ["\n".join(lines) + "\n"]


def certificate(fit: Mixed) -> MixedCertificate:
    """Whether the estimates are where the deviance is least: its exact gradient and its Hessian there.

    lme4 warns "Model failed to converge with max|grad|" by finite differences, of fits that are fine too.

    Returns
    -------
    MixedCertificate
        ``.ok``, and the numbers; it prints as text.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.certificate().ok
    True
    """
    H, g = fit.result.hessian, fit.result.gradient
    used = np.abs(np.diag(H)) > 0
    H, g = H[np.ix_(used, used)], g[used]
    singular = bool((np.abs(fit.result.theta[fit.structure.diagonal]) < 1e-4).any())
    if not len(g):
        return MixedCertificate(0.0, 0.0, 1.0, 1.0, singular)
    size = np.sqrt(np.abs(np.diag(H)))
    scaled = H / np.outer(size, size)
    values, vectors = np.linalg.eigh(scaled)
    turned = vectors.T @ (g / size)
    step = turned / np.maximum(np.abs(values), 1e-12)
    # the deviance is -2 log-likelihood: standard errors are sqrt(2 / curvature)
    distance = float(np.sqrt((step * turned).sum() / 2.0)) if (step * turned).sum() > 0 else 0.0
    return MixedCertificate(float(np.abs(g).max()), distance, float(values[0]), float(values[-1]), singular)
