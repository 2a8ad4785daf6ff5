"""Factors whose levels stand within those of others, found in the data and in the formula, as emmeans does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...formula.algebra import variables_used
from ...formula.terms import Terms

Levels = Mapping[str, tuple[Any, ...]]
Nests = dict[str, tuple[str, ...]]
"""By name of the nested factor, those it stands in."""


def find_nests(cells: Sequence[Mapping[str, Any]], levels: Levels, terms: Terms | None) -> Nests:
    """Nests among the factors of more than one level.

    Parameters
    ----------
    cells : sequence of mappings of name to level
        The combinations that some row has.
    """
    names = [name for name, one in levels.items() if len(one) > 1]
    found: Nests = {}
    if len(names) < 2:
        return found
    for name in names:
        outside = [o for o in names if o != name and not (o in found and name in found[o])]
        partners: dict[str, dict[Any, set[Any]]] = {o: {} for o in outside}
        for cell in cells:
            for other in outside:
                partners[other].setdefault(cell[name], set()).add(cell[other])
        most = {o: max(len(partners[o].get(level, ())) for level in levels[name]) for o in outside}
        if 1 in most.values():
            found[name] = tuple(o for o in outside if most[o] == 1)
    if terms is not None:
        _by_formula(found, names, terms)
    for name in list(found):
        beyond = [deeper for other in found[name] for deeper in found.get(other, ())]
        found[name] = tuple(dict.fromkeys([*beyond, *found[name]]))
    return {name: within for name, within in found.items() if name not in within}


def term_table(terms: Terms) -> tuple[list[str], np.ndarray]:
    """The right side's variables under the names of the data's columns, and their rows of ``terms.factors``."""
    terms = terms.parts[0] if terms.parts else terms
    first = 0 if terms.response is None else 1
    rows = [i for i in range(first, len(terms.names)) if i not in terms.offsets]
    names = []
    for i in rows:
        used = [name for name in variables_used(terms.variables[i]) if name != "pi"]
        names.append(":".join(used) or terms.names[i])
    return names, terms.factors[rows]


def _by_formula(found: Nests, names: Sequence[str], terms: Terms) -> None:
    """Factors coded in full within others, as ``a %in% b`` or ``b/a``."""
    rows, table = term_table(terms)
    alone = {rows[int(np.flatnonzero(column)[0])] for column in table.T if np.count_nonzero(column) == 1}
    kept = [name for name in names if name in rows]
    table = table[[rows.index(name) for name in kept]]
    for i, name in enumerate(kept):
        if name in alone:
            continue
        columns = table[:, table[i] == 1]
        if not columns.shape[1]:
            columns = table[:, table[i] == 2].copy()
            if columns.shape[1]:
                columns[i] = 1
        sets = [tuple(kept[k] for k in np.flatnonzero(column == 2)) for column in columns.T]
        within = _smallest(sets)
        if within:
            found[name] = tuple(dict.fromkeys([*found.get(name, ()), *within]))


def _smallest(sets: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What is in those of the sets that hold no other set."""
    order = sorted(sets, key=len)
    for i in range(len(order) - 1, 0, -1):
        if any(set(one) <= set(order[i]) for one in order[:i]):
            del order[i]
    return tuple(dict.fromkeys(name for one in order for name in one))


def shown_nests(nests: Nests) -> str:
    """As R's package writes them."""
    return ", ".join(
        f"{name} %in% {within[0] if len(within) == 1 else '(' + '*'.join(within) + ')'}"
        for name, within in nests.items()
    )


def occurring(
    labels: Mapping[str, Sequence[Any]], weights: np.ndarray, nests: Nests, which: Sequence[str] | None = None
) -> np.ndarray:
    """Which rows of a grid are combinations of nested levels that some row of the data has."""
    if which is None:
        which = tuple(dict.fromkeys([*nests, *(name for within in nests.values() for name in within)]))
    keep = np.ones(len(weights), dtype=bool)
    for name in which:
        members = tuple(dict.fromkeys([name, *nests.get(name, ())]))
        keys = list(zip(*(labels[member] for member in members)))
        seen: dict[Any, float] = {}
        for key, weight in zip(keys, weights.tolist()):
            seen[key] = max(seen.get(key, 0.0), weight)
        keep &= np.array([seen[key] > 0 for key in keys], dtype=bool)
    return keep
