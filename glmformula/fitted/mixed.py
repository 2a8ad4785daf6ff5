"""Random effects as a fitted model has them: its terms, its groups by name, and what is frozen for new data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ..design.pieces import Design
from ..engine.mixed.structure import Layout, Part, Structure, Term
from ..formula.bars import MixedFormula
from ..formula.terms import Terms
from ..frame.schema import Schema

if TYPE_CHECKING:
    from ..design.build import DesignFrame


@dataclass(frozen=True)
class RandomEffects:
    """The random effects of a formula in a set of rows.

    Attributes
    ----------
    formula : MixedFormula
    structure : Structure
    levels : tuple of tuple of str
        Of each member of a grouping factor.
    """

    formula: MixedFormula
    structure: Structure
    levels: tuple[tuple[str, ...], ...]

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Names of the levels of each grouping factor, in order; of ``a:b`` "a1:b1"."""
        return tuple(self._names(g.members, g.used) for g in self.structure.groupings)

    def _names(self, members: tuple[int, ...], used: np.ndarray | None) -> tuple[str, ...]:
        if used is None:
            return self.levels[members[0]]
        sizes = [len(self.levels[m]) for m in members]
        codes = np.unravel_index(used, sizes)
        return tuple(
            ":".join(self.levels[m][c] for m, c in zip(members, one))
            for one in zip(*(c.tolist() for c in codes))
        )

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """The grouping factors in lme4's order."""
        first = [
            next(t for t, term in enumerate(self.structure.terms) if t in g.terms)
            for g in self.structure.groupings
        ]
        return tuple(sorted(range(len(first)), key=first.__getitem__))

    @cached_property
    def term_names(self) -> tuple[str, ...]:
        """What each term is called: its grouping factor; a further one of the same "g.1", "g.2"."""
        out: list[str] = []
        for term in self.structure.terms:
            name, k = term.group, 0
            while name in out:
                k += 1
                name = f"{term.group}.{k}"
            out.append(name)
        return tuple(out)

    @cached_property
    def theta_names(self) -> tuple[str, ...]:
        """As lme4 names theta: ``Subject.(Intercept)``, ``Subject.Days.(Intercept)``, ``Subject.Days``."""
        out = []
        for term in self.structure.terms:
            names = term.part.names
            for b, column in enumerate(names):
                for row in names[b:]:
                    out.append(f"{term.group}.{row}" if row == column else f"{term.group}.{row}.{column}")
        return tuple(out)

    def columns_of(self, grouping: int) -> tuple[str, ...]:
        """Names of the columns that vary over a grouping factor."""
        terms = self.structure.groupings[grouping].terms
        return tuple(name for t in terms for name in self.structure.terms[t].part.names)


def random_effects(
    formula: MixedFormula, frame: DesignFrame | Any
) -> tuple[Layout, tuple[tuple[str, ...], ...]]:
    """Where the columns of each part of a design in parts are, and the levels of the members of grouping factors."""
    terms, design = frame.terms, frame.design
    parts = parts_of(terms, design)
    bars = len(formula.bars)
    names = list(formula.members)
    found = tuple(
        Term(bar.text, parts[1 + k], bar.group, tuple(names.index(m) for m in bar.members))
        for k, bar in enumerate(formula.bars)
    )
    members = parts[1 + bars :]
    keys = [part.names[0] for part in terms.parts[1 + bars :]]
    levels = tuple(frame.schema.variables[key].levels for key in keys)
    sizes = tuple(map(len, levels))
    return Layout(parts[0], found, tuple(part.pieces for part in members), sizes), levels


def parts_of(terms: Terms, design: Design) -> list[Part]:
    """The pieces and the column names of each part."""
    assign = design.assign
    bases = list(accumulate((len(part.labels) + 1 for part in terms.parts), initial=0))
    first = list(accumulate((piece.width for piece in design.pieces), initial=0))
    owner = np.searchsorted(bases, assign[first[:-1]], side="right") - 1 if len(first) > 1 else np.empty(0)
    out = []
    for k in range(len(terms.parts)):
        start, stop = (int(np.searchsorted(owner, k, side=side)) for side in ("left", "right"))
        out.append(Part(slice(start, stop), design.names[first[start] : first[stop]]))
    return out


def fixed_terms(terms: Terms) -> frozenset[int]:
    """Numbers in a joint design's `assign` of the fixed part's terms."""
    return frozenset(range(len(terms.parts[0].labels) + 1))


def part_schema(schema: Schema, which: int) -> Schema:
    """The schema of one part of a formula in parts; the offset is that of the first."""
    first = which == 0
    return replace(
        schema,
        terms=schema.terms.parts[which],
        offset=schema.offset if first else None,
        offset_lost=schema.offset_lost and first,
        spec=schema.spec[which],
    )
