"""Comparisons that a user writes: a function of two predictions, row by row or of their means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataWarning, give_warning
from ...families.link import Array
from .compare import Compared, Comparison, comparison_of
from .steps import CRUDE, WIDTH, richardson

HIGH = np.array([0.31, 0.52, 0.18, 0.77])
LOW = np.array([0.24, 0.61, 0.09, 0.43])
"""Two predictions of four rows, probabilities and means alike, on which a function is tried."""


@dataclass(frozen=True)
class Written:
    """A function of a user with its derivatives.

    Attributes
    ----------
    function : callable, (hi, lo) arrays -> array of the same length, or one number
    name : str
    """

    function: Callable[[Array, Array], Any]
    name: str

    def value(self, hi: Array, lo: Array) -> Array:
        found: Array = np.asarray(self.function(hi, lo), dtype=np.float64)
        return found

    def __call__(self, hi: Array, lo: Array) -> Compared:
        """Derivatives by extrapolated steps; relative error near 1e-11, told above 1e-6."""
        shape = hi.shape
        hi, lo = hi.ravel(), lo.ravel()
        value = self.each(hi, lo)
        made, errors = zip(
            richardson(partial(self._moved, hi, lo, 0), hi, _scale(hi)),
            richardson(partial(self._moved, hi, lo, 1), lo, _scale(lo)),
        )
        doubtful = int((np.maximum(*errors) > CRUDE)[~np.isnan(value)].sum())
        if doubtful:
            give_warning(
                f"the derivatives of {self.name} are not sure for {doubtful} of {len(value)} predictions: it has a "
                f"corner there, or changes within steps of {WIDTH:.1g} of their size",
                DataWarning,
            )
        by_hi, by_lo = made
        return value.reshape(shape), by_hi.reshape(shape), by_lo.reshape(shape)

    def each(self, hi: Array, lo: Array) -> Array:
        """Of each pair of predictions; a function that gives one number is asked of one pair at a time."""
        found = self.value(hi, lo)
        if found.shape == hi.shape:
            return found
        return np.array([float(self.value(hi[k : k + 1], lo[k : k + 1])) for k in range(len(hi))])

    def _moved(self, hi: Array, lo: Array, which: int, rows: Array, x: Array) -> Array:
        return self.each(x, lo[rows]) if which == 0 else self.each(hi[rows], x)


def _scale(values: Array) -> float:
    """Of the steps: the predictions' own size."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0)) or 1.0


def asked_comparison(comparison: Any) -> tuple[Comparison, bool]:
    """The comparison of that name, or a user's, and whether it is one of means.

    Raises
    ------
    ValueError
        No such name; a function that cannot be called with two arrays, or whose one number is not a function of
        their means.
    """
    if not callable(comparison):
        return comparison_of(comparison)
    name = getattr(comparison, "__name__", type(comparison).__name__)
    name = "comparison" if name == "<lambda>" else name
    written = Written(comparison, name)
    whole = _tried(written, HIGH, LOW)
    label = f"{name}({{hi}}, {{lo}})"
    with np.errstate(all="ignore"):
        if whole.ndim == 0:
            means = _tried(written, HIGH.mean(keepdims=True), LOW.mean(keepdims=True))
            if not np.allclose(whole, means, rtol=1e-10, atol=0, equal_nan=True):
                raise ValueError(
                    f"comparison: {name}(hi, lo) gives one number for all rows, which is not that of their mean "
                    "predictions: write a function of each row, or one of np.mean(hi) and np.mean(lo)"
                )
            return Comparison(written, label), True
        if whole.shape != HIGH.shape:
            raise ValueError(
                f"comparison: {name}(hi, lo) should give a number for each row, or one number; of 4 rows it gave an "
                f"array of shape {whole.shape}"
            )
        alone = [_tried(written, HIGH[k : k + 1], LOW[k : k + 1]).item() for k in range(len(HIGH))]
    if not np.allclose(whole, alone, rtol=1e-10, atol=0, equal_nan=True):
        raise ValueError(
            f"comparison: what {name}(hi, lo) gives for a row depends on other rows: write a function of each row, "
            "or one number of np.mean(hi) and np.mean(lo)"
        )
    return Comparison(written, label, by_row=True), False


def _tried(written: Written, hi: Array, lo: Array) -> Array:
    with np.errstate(all="ignore"):
        try:
            return written.value(hi, lo)
        except Exception as error:  # whatever a user's function raises
            raise ValueError(
                f"comparison: {written.name}(hi, lo) is called with two arrays of predictions and should give one of "
                f"numbers; it raised {type(error).__name__}: {error}"
            ) from error
