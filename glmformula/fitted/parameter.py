"""A parameter of the family that was estimated with the coefficients."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True)
class FamilyParameter:
    """Its maximum-likelihood estimate and profile interval.

    Attributes
    ----------
    name : str
        As in ``family.parameters``.
    estimate, lower, upper : float
        The interval has the level `LEVEL`.
    dispersion : float
        The dispersion of maximum likelihood, at which the log-likelihood is taken.
    """

    name: str
    estimate: float
    lower: float
    upper: float
    dispersion: float

    def __str__(self) -> str:
        """The line under a summary."""
        return (
            f"{self.name} {self.estimate:.5g} by maximum likelihood, {100 * LEVEL:g} % profile interval "
            f"{self.lower:.5g} to {self.upper:.5g}"
        )
