"""Factors that stand in one term alone: averaged over at once, so that they do not multiply the reference grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError, nearest
from ...formula.terms import Terms
from .nests import term_table
from .rows import Facts, weight_of

WEIGHTS = ("equal", "proportional")


@dataclass(frozen=True)
class Nuisance:
    """Which factors, or all but which, and how their levels are weighed."""

    names: tuple[str, ...]
    but: bool
    weights: str


def nuisance_of(names: Any, but: Any, wt_nuis: str | None, weights: Any) -> Nuisance | None:
    """What was asked of `emmeans`.

    Raises
    ------
    ValueError
    """
    given = [one for one in (names, but) if one is not None]
    if len(given) == 2:
        raise ValueError("nuisance= and non_nuisance= say the same from two sides: give one of them")
    if wt_nuis is not None and wt_nuis not in WEIGHTS:
        raise ValueError(f"wt_nuis should be one of {', '.join(map(repr, WEIGHTS))}; got {wt_nuis!r}")
    if not given:
        return None
    usual = "equal" if not isinstance(weights, str) or weights == "equal" else "proportional"
    listed = (given[0],) if isinstance(given[0], str) else tuple(given[0])
    return Nuisance(listed, but is not None, usual if wt_nuis is None else wt_nuis)


def standing_apart(
    asked: Nuisance, levels: Mapping[str, tuple[Any, ...]], terms: Terms
) -> dict[str, tuple[Any, ...]]:
    """Those of them that are in one term alone, with their levels; the others stay in the grid, as in R.

    Raises
    ------
    DataError
        A name that is none of the model's.
    """
    for name in asked.names:
        if name not in levels:
            which = "non_nuisance" if asked.but else "nuisance"
            raise DataError(f"{which}: '{name}' is none of the factors of the model{nearest(name, levels)}")
    wanted = [name for name in levels if (name in asked.names) != asked.but]
    names, table = term_table(terms)
    uses = dict(zip(names, np.asarray(table).sum(axis=1).tolist()))
    alone = {name for name in wanted if uses.get(name) == 1 and not _beside(names, table, name)}
    return {name: levels[name] for name in wanted if name in alone}


def _beside(names: Any, table: Any, name: str) -> bool:
    """Whether its one term has another variable too."""
    columns = np.asarray(table)[:, np.asarray(table)[list(names).index(name)] > 0]
    return bool((columns > 0).sum() > 1)


def shares_of(name: str, levels: tuple[Any, ...], facts: Facts, weights: str) -> np.ndarray:
    """The weights of its levels, summing to 1."""
    if weights == "equal" or name not in facts.crossed:
        return np.full(len(levels), 1 / len(levels))
    weight = weight_of(facts, [name])
    own = np.array([weight.get((level,), 0.0) for level in levels])
    out: np.ndarray = own / own.sum()
    return out
