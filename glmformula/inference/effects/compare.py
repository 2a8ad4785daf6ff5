"""How two predictions are compared: a difference, a ratio, log odds; slopes and elasticities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import choice, nearest
from ...families.link import Array

Compared = tuple[Array, Array, Array]
"""The comparison of high and low, and its derivatives by both."""


@dataclass(frozen=True)
class Comparison:
    """A function of two predictions.

    Attributes
    ----------
    function : callable, (hi, lo) -> Compared
    label : str
        Of the contrast, ``{hi}`` and ``{lo}`` in it.
    null : float
        Its value where nothing changes.
    by_row : bool
        Whether an average is that of the rows' values, and not the value of mean predictions.
    """

    function: Callable[[Array, Array], Compared]
    label: str
    null: float = 0.0
    by_row: bool = False


def difference(hi: Array, lo: Array) -> Compared:
    one = np.ones_like(hi)
    return hi - lo, one, -one


def ratio(hi: Array, lo: Array) -> Compared:
    value = hi / lo
    return value, 1 / lo, -value / lo


def log_ratio(hi: Array, lo: Array) -> Compared:
    return np.log(hi / lo), 1 / hi, -1 / lo


def log_odds_ratio(hi: Array, lo: Array) -> Compared:
    value = np.log(hi / (1 - hi)) - np.log(lo / (1 - lo))
    return value, 1 / (hi * (1 - hi)), -1 / (lo * (1 - lo))


def lift(hi: Array, lo: Array) -> Compared:
    return hi / lo - 1, 1 / lo, -hi / lo**2


COMPARISONS = {
    "difference": Comparison(difference, "{hi} - {lo}"),
    "ratio": Comparison(ratio, "{hi} / {lo}", 1.0),
    "lnratio": Comparison(log_ratio, "ln({hi} / {lo})"),
    "lnor": Comparison(log_odds_ratio, "ln(odds({hi}) / odds({lo}))"),
    "lift": Comparison(lift, "lift({hi}, {lo})"),
}
"""Of predictions; with ``avg`` behind its name a function is that of mean predictions."""

SLOPES = {"dydx": "dY/dX", "eyex": "eY/eX", "eydx": "eY/dX", "dyex": "dY/eX"}
"""Of slopes: as they are, or relative to y, to x, or to both."""


def comparison_of(name: str) -> tuple[Comparison, bool]:
    """The comparison of that name, and whether it is one of means.

    Raises
    ------
    ValueError
        There is none.
    """
    known = [*COMPARISONS, *(f"{one}avg" for one in COMPARISONS)]
    if not isinstance(name, str) or name not in known:
        hint = nearest(name, known) if isinstance(name, str) else ""
        raise ValueError(f"comparison should be one of {', '.join(map(repr, known))}; got {name!r}{hint}")
    stem = name.removesuffix("avg")
    return COMPARISONS[stem], stem != name


def slope_of(name: str) -> str:
    """The name of a slope, checked.

    Raises
    ------
    ValueError
    """
    choice("slope", name, SLOPES)
    return name
