"""Where iterations ended, or why they could not go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import FitError
from .passes import Sums
from .solve import Solution


@dataclass(frozen=True, slots=True)
class Path:
    """Where the iterations ended.

    `solved_at` holds the coefficients of the last solved pass, None for the start values of the rows;
    `lowest` is the lowest deviance passed (at `lowest_at`), `rose` whether the deviance went up on the way,
    `own_start` whether the iterations began at coefficients that R would not have found, `lost_rank` whether they
    ended with fewer columns than they had on the way (weights that vanish), `promised` what the last step promised
    of the deviance, `runaway` whether the deviance was found to fall for ever.
    """

    beta: np.ndarray
    at: Sums
    solution: Solution
    solved_at: np.ndarray | None
    iter: int
    converged: bool
    boundary: bool
    lowest: float
    rose: bool
    messages: tuple[str, ...] = ()
    own_start: bool = False
    lost_rank: bool = False
    promised: float = 0.0
    runaway: bool = False
    lowest_at: np.ndarray | None = None


class Lost(FitError):
    """The iterations cannot go on; `rose` as in Path."""

    def __init__(self, message: str, rose: bool = False) -> None:
        super().__init__(message)
        self.rose = rose
