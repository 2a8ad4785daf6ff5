"""The training rows behind a fit, and what each row says once the fit is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..engine.result import GlmFit
from ..engine.rows import row_arrays
from ..errors import DataError
from ..families import Family
from ..frame.kept import Kept
from ..runtime.tasks import shared_out
from ..sources.base import Block, Source
from ..sources.mapped import collect

if TYPE_CHECKING:
    from ..design.build import DesignFrame


@dataclass(frozen=True, slots=True)
class RowState:
    """Arrays (n,) over the rows of the fit.

    `working_weights` are those of the last solved iteration, as R's ``fit$weights``; `working_residuals` are
    (y - mu) / (dmu/deta) at the final eta.
    """

    y: np.ndarray
    prior_weights: np.ndarray
    offset: np.ndarray | None
    eta: np.ndarray
    mu: np.ndarray
    working_residuals: np.ndarray
    working_weights: np.ndarray


@dataclass(frozen=True)
class Whole:
    """What all rows of a fit say together.

    Attributes
    ----------
    root : ndarray (rank, rank)
        T with T T' = (X'WX)^-1.
    squares : dict of str to float
        Sums of squared residuals, "deviance" and "pearson".
    levers : int
        Rows with a hat value above 0.
    """

    root: np.ndarray
    squares: Mapping[str, float]
    levers: int


@dataclass(frozen=True)
class Part:
    """Which part of a fit's rows it is: its place among them, and the whole where that matters."""

    place: tuple[int, ...]
    whole: Whole | None = None


@dataclass(frozen=True)
class TrainingData:
    """Where the rows are (`source`), how they are labelled (`frame`), and the call that chose them.

    `part` is there where the rows at hand are not all rows of the fit.
    """

    source: Source
    frame: DesignFrame
    arguments: Mapping[str, Any] = field(repr=False)
    part: Part | None = field(default=None, kw_only=True, repr=False)

    @property
    def whole(self) -> Whole | None:
        """Of a part: what it has been told of all rows."""
        return None if self.part is None else self.part.whole

    def generator(self, seed: int | None) -> np.random.Generator:
        """Random numbers for the rows; each part has its own."""
        if seed is None or self.part is None:
            return np.random.default_rng(seed)
        return np.random.default_rng([seed, *self.part.place])

    @property
    def streamed(self) -> bool:
        """Whether the rows are gone through in pieces and not held."""
        return False

    def check(self) -> None:
        """DataError when the rows were written into since the fit."""
        data = self.arguments.get("data")
        if isinstance(data, Kept):
            data.check(shared_out)

    def labelled(self, values: np.ndarray) -> pd.Series:
        """A Series with the data's row labels; ``na.exclude`` pads the omitted rows with NaN."""
        return self.frame.labelled(values)

    def same_rows(self, other: TrainingData) -> bool:
        """Whether the two fits used rows of the same labels; True where one of them cannot tell."""
        if type(self) is not type(other):
            return True
        mine, theirs = self.frame.index, other.frame.index
        return len(mine) == len(theirs) and (mine is theirs or mine.equals(theirs))

    def state(self, result: GlmFit, family: Family) -> RowState:
        pieces = collect(self.source, partial(_row_state, result, family))
        columns = [None if c[0] is None else np.concatenate(c) for c in zip(*pieces, strict=True)]
        return RowState(*columns)  # type: ignore[arg-type]


def held(training: TrainingData | None, ask: str) -> TrainingData:
    """The training rows of a model.

    Raises
    ------
    DataError
        It has been stripped of them (what it can be asked then: `ask`), or they are not what they were.
    """
    if training is None:
        raise DataError(
            "this model holds no training rows (strip_data() or load()): expected a fitted model with its data; "
            f"ask it for {ask}, or fit it again"
        )
    training.check()
    return training


def _row_state(result: GlmFit, family: Family, block: Block) -> tuple[np.ndarray | None, ...]:
    return row_arrays(block, result, family)
