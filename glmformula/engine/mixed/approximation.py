"""What the deviances of generalized mixed models share, whose integrals are approximated at the modes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ...families import Family
from .kernels import is_canonical, kernel_for, saturated
from .packed import Packed, criterion_of
from .structure import Structure
from .sums import Basis

Penalised = tuple[float, np.ndarray, np.ndarray, float, np.ndarray]
MOST = 100  # inner iterations
LOOSE = 1e-11  # what a further Newton step for the modes would bring
LEAST_STEP = 1e-10


class Approximation(ABC):
    """A deviance as a function of (gamma, theta), which knows its modes.

    Parameters
    ----------
    structure, rows, basis, family
    """

    TIGHT: float
    modes: Any

    def __init__(self, structure: Structure, rows: Packed, basis: Basis, family: Family) -> None:
        self.structure, self.rows, self.basis, self.family = structure, rows, basis, family
        self.kernel = kernel_for(family)
        self.canonical = is_canonical(family)
        self.criterion = criterion_of(family, rows)
        self.base = saturated(family, rows.y, rows.weights)
        self.evaluations = 0
        self.promise = LOOSE

    @property
    def n_fixed(self) -> int:
        return len(self.basis.kept)

    def tighten(self) -> None:
        """From now on the modes are exact to rounding, as differences of gradients ask for."""
        self.promise = self.TIGHT

    def value(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Deviance and gradient; infinity where it cannot be computed."""
        out = self.evaluated(x, "gradient")
        return out[0], out[1]

    @abstractmethod
    def restarted(self) -> None:
        """Modes from zero: of a link that is not monotone there may be others."""

    @abstractmethod
    def evaluated(self, x: np.ndarray, want: str) -> tuple[float, np.ndarray, np.ndarray]:
        """Deviance, gradient, and the information of gamma given theta."""

    @abstractmethod
    def penalised(self, x: np.ndarray) -> Penalised:
        """dev + u'u at the modes, minus half its gradient by gamma, the information; the deviance, its gradient."""

    @abstractmethod
    def moved(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Derivatives of v'X's by theta, the modes following."""

    @abstractmethod
    def final(self, x: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...], float, float]:
        """Modes b, their conditional covariances, the weighted squares of the residuals and u'u."""
