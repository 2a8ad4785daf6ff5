"""What it costs that a fitted model notices writes into its data: the fit with and without the fingerprint."""

from __future__ import annotations

import time
from unittest import mock

import pandas as pd

from .portfolio import DENSE_FORMULA


def with_and_without(data: pd.DataFrame, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of a fit, of one that takes no fingerprint, and of one look at the fingerprint by a verb."""
    from glmformula import glm
    from glmformula.frame.kept import Kept

    marked: list[float] = []
    plain: list[float] = []
    looks: list[float] = []
    for turn in range(2 * rounds):
        without = (turn % 4) in (1, 2)
        replaced = mock.patch.object(Kept, "mark", (lambda self, spread: None) if without else Kept.mark)
        with replaced:
            start = time.perf_counter()
            fit = glm(DENSE_FORMULA, data, "binomial")
            (plain if without else marked).append(time.perf_counter() - start)
        start = time.perf_counter()
        fit.rows  # noqa: B018  # every verb that needs rows begins with this
        if not without:
            looks.append(time.perf_counter() - start)
    return marked, plain, looks
