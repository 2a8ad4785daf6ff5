"""The smooth part of a penalised fit, as a path of them asks it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .problem import Point, Scaled
from .sums import Sweep, Swept, sweep


class Surface(Protocol):
    """What a path asks: the solutions of some lambdas, and slopes and shares of the deviance at any coefficients.

    `passes` counts sweeps over the rows; `narrows` says whether fewer columns are cheaper.
    """

    problem: Scaled
    null_deviance: float
    passes: int

    @property
    def narrows(self) -> bool: ...

    def unpenalised(self, penalised: np.ndarray) -> tuple[Point, np.ndarray]:
        """The minimum where what is penalised is zero, and the share of the deviance that it explains (1,)."""
        ...

    def freed(self, some: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The minimum without a penalty where only some coefficients (their places) are not zero."""
        ...

    def seen(self, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives (L, q), if asked for, and the shares of the deviance that are explained."""
        ...

    def solve(
        self, problem: Scaled, lambdas: np.ndarray, here: Point, at_lambda: float, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Coefficients and derivatives (L, q), residuals (L,), from a point solved before.

        And the shares of the deviance that are explained (L,), if they came along.
        """
        ...


def swept(surface: Surface, problem: Scaled, b: np.ndarray, **asked: Any) -> Swept:
    surface.passes += 1
    return sweep(problem.source, Sweep(problem.family, problem.own(b), **asked))


def seen_by_rows(surface: Surface, b: np.ndarray, score: bool) -> tuple[np.ndarray, np.ndarray]:
    at = swept(surface, surface.problem, b, score=score, deviance=tuple(range(len(b))))
    return surface.problem.scores(at.scores), 1 - at.deviances / surface.null_deviance
