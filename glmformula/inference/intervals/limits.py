"""Tables of confidence limits, and how their columns are called."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...fitted.coefficients import kept_of, names_of
from ...render.numbers import format_numbers, round_half
from ...render.table import StatTable
from ..wald import Wald

if TYPE_CHECKING:
    from ...fitted.protocols import Fit


def wald_limits(fit: Fit, wald: Wald, level: float, df: float = math.inf) -> dict[int, tuple[float, float]]:
    """Limits estimate +- z se (t where `df` is finite) of the coefficients that are not aliased."""
    low, high = wald.limits(level, df)
    kept = np.flatnonzero(kept_of(fit)).tolist()
    return dict(zip(kept, zip(low.tolist(), high.tolist())))


def limits_table(
    fit: Fit,
    which: Sequence[int],
    level: float,
    limits: Mapping[int, tuple[float, float]],
    method: str,
    footer: tuple[str, ...] = (),
) -> StatTable:
    """The limits as R prints them; a single profile interval as a named vector."""
    names = names_of(fit)
    rows = [limits.get(j, (math.nan, math.nan)) for j in which]
    frame = pd.DataFrame(
        np.array(rows).reshape(-1, 2),
        index=[names[k] for k in which],
        columns=percent_names(level, method),
    )
    kind = "vector" if len(which) == 1 and method != "wald" else "matrix"
    return StatTable(frame, kind=kind, footer=footer)


def percent_names(level: float, method: str = "wald") -> list[str]:
    """``2.5 %``, ``97.5 %``: three digits for Wald's intervals, one decimal for a profile's, as R."""
    tail = (1 - level) / 2
    percent = [100 * tail, 100 * (1 - tail)]
    if method == "wald":
        return [f"{text} %" for text in three_digits(percent)]
    return [f"{format_numbers([v], 15)[0].strip()} %" for v in round_half(percent, 1)]


def three_digits(values: Sequence[float]) -> list[str]:
    """R's ``format(digits = 3, scientific = FALSE)``: as many decimals for all as any needs."""
    decimals = 0
    for value in values:
        mantissa, exponent = f"{value:.2e}".split("e")
        decimals = max(decimals, len(mantissa.rstrip("0").rstrip(".").replace(".", "")) - 1 - int(exponent))
    return [f"{value:.{decimals}f}" for value in values]
