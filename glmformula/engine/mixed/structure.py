"""Which columns vary over which groups: the random-effects terms of a design, in lme4's order.

A block's design holds the fixed columns, the columns of each term, and a piece of codes for each member of a
grouping factor. Terms of one grouping factor stand together in a `Grouping`; its columns are `width` numbers a level.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate

import numpy as np

from ...design.dense import dense
from ...design.pieces import Design, Piece
from ...sources.base import Block, Source


@dataclass(frozen=True)
class Part:
    """Some adjacent columns of a design.

    Attributes
    ----------
    pieces : slice
        Of ``design.pieces``.
    names : tuple of str
    """

    pieces: slice
    names: tuple[str, ...]

    def columns(self, design: Design) -> np.ndarray:
        """(m, width), in Fortran order."""
        count = len(self.names)
        return dense(
            Design(design.nrows, design.pieces[self.pieces], self.names, np.zeros(count, dtype=int), ())
        )


@dataclass(frozen=True)
class Term:
    """One random-effects term.

    Attributes
    ----------
    text : str
        ``x | g``.
    part : Part
        What varies.
    group : str
    members : tuple of int
        Whose combinations are the groups: numbers among `Layout.members`.
    """

    text: str
    part: Part
    group: str
    members: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.part.names)

    @property
    def n_theta(self) -> int:
        return self.width * (self.width + 1) // 2


@dataclass(frozen=True)
class Grouping:
    """A grouping factor with all of its terms.

    Attributes
    ----------
    name : str
    members : tuple of int
    used : ndarray of int or None
        Sorted joint codes of the combinations that occur; None for a single member, whose levels all occur.
    count : int
        Levels.
    terms : tuple of int
        Numbers among `Structure.terms`.
    """

    name: str
    members: tuple[int, ...]
    used: np.ndarray | None
    count: int
    terms: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """What is known before any row is seen.

    Attributes
    ----------
    fixed : Part
    terms : tuple of Term
        In the formula's order.
    members : tuple of slice
        The piece of each.
    sizes : tuple of int
        Levels of each member.
    """

    fixed: Part
    terms: tuple[Term, ...]
    members: tuple[slice, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """The terms in lme4's order, by decreasing number of levels, and their grouping factors.

    Attributes
    ----------
    layout : Layout
    terms : tuple of Term
    groupings : tuple of Grouping
        The first is the one that is eliminated first: that of the most columns.
    """

    layout: Layout
    terms: tuple[Term, ...]
    groupings: tuple[Grouping, ...]

    @cached_property
    def n_theta(self) -> int:
        return sum(term.n_theta for term in self.terms)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Columns a level, of each grouping factor."""
        return tuple(sum(self.terms[t].width for t in g.terms) for g in self.groupings)

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """Of each term, its columns among those of its grouping factor."""
        out: dict[int, slice] = {}
        for grouping in self.groupings:
            ends = list(accumulate((self.terms[t].width for t in grouping.terms), initial=0))
            out.update(zip(grouping.terms, map(slice, ends, ends[1:])))
        return tuple(out[t] for t in range(len(self.terms)))

    def of_terms(self, chosen: Container[int]) -> list[np.ndarray]:
        """bool (width,) of each grouping factor: the columns of the terms of these numbers."""
        return [
            np.repeat([t in chosen for t in g.terms], [self.terms[t].width for t in g.terms])
            for g in self.groupings
        ]

    @cached_property
    def places(self) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
        """Of each grouping factor: which theta stand where in its factor Lambda, (theta, row, column)."""
        starts = list(accumulate((term.n_theta for term in self.terms), initial=0))
        out = []
        for grouping in self.groupings:
            which: list[int] = []
            rows: list[int] = []
            columns: list[int] = []
            for t in grouping.terms:
                own = range(self.columns[t].start, self.columns[t].stop)
                pairs = [(a, b) for b in own for a in range(b, own.stop)]
                which += range(starts[t], starts[t] + len(pairs))
                rows += [a for a, _ in pairs]
                columns += [b for _, b in pairs]
            out.append((np.array(which), np.array(rows), np.array(columns)))
        return tuple(out)

    @cached_property
    def diagonal(self) -> np.ndarray:
        """bool (n_theta,): a standard deviation's theta, which is not negative."""
        out = np.zeros(self.n_theta, dtype=bool)
        for which, rows, columns in self.places:
            out[which[rows == columns]] = True
        return out

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Lambda (width, width) of each grouping factor, lower triangular."""
        out = []
        for width, (which, rows, columns) in zip(self.widths, self.places, strict=True):
            lam = np.zeros((width, width))
            lam[rows, columns] = theta[which]
            out.append(lam)
        return out

    def thetas(self, lams: Sequence[np.ndarray]) -> np.ndarray:
        """The numbers at theta's places of a matrix for each grouping factor; zero where it has none."""
        out = np.zeros(self.n_theta)
        for lam, (which, rows, columns) in zip(lams, self.places, strict=True):
            out[which] = lam[rows, columns]
        return out

    def codes(self, design: Design) -> list[np.ndarray]:
        """Each row's level of each grouping factor; -1 where the combination was not there at the fit."""
        return [level_codes(self.layout, g.members, g.used, design) for g in self.groupings]

    def varying(self, design: Design) -> list[list[np.ndarray | None]]:
        """Each grouping factor's columns; None for a column of ones."""
        return [[c for t in g.terms for c in _columns(self.terms[t].part, design)] for g in self.groupings]


def level_codes(
    layout: Layout, members: tuple[int, ...], used: np.ndarray | None, design: Design
) -> np.ndarray:
    """Each row's level, or -1."""
    joint = joint_codes(layout, members, design)
    if used is None:
        return joint
    places = np.minimum(np.searchsorted(used, joint), len(used) - 1)
    return np.where(used[places] == joint, places, -1)


def joint_codes(layout: Layout, members: tuple[int, ...], design: Design) -> np.ndarray:
    """One number for each combination, the first member slowest, as R's ``a:b``; -1 where a level is not known."""
    out = np.zeros(design.nrows, dtype=np.int64)
    unknown: np.ndarray | None = None
    for member in members:
        (piece,) = design.pieces[layout.members[member]]
        if piece.codes is None:  # nobody asks for this factor
            return np.full(design.nrows, -1, dtype=np.int64)
        out = out * layout.sizes[member] + piece.codes
        for hole in piece.numeric:
            missing = np.isnan(hole)
            unknown = missing if unknown is None else unknown | missing
    if unknown is not None:
        out[unknown] = -1
    return out


def _columns(part: Part, design: Design) -> list[np.ndarray | None]:
    pieces = design.pieces[part.pieces]
    if all(_is_one(piece) for piece in pieces):
        return [None]
    X = part.columns(design)
    ones, at = set(), 0
    for piece in pieces:
        if _is_one(piece):
            ones.add(at)
        at += piece.width
    return [None if j in ones else X[:, j] for j in range(X.shape[1])]


def _is_one(piece: Piece) -> bool:
    return piece.codes is None and not piece.numeric


def structure_of(layout: Layout, source: Source) -> Structure:
    """The terms in order, once it is known which combinations of levels occur."""
    several = [m for m in distinct_members(layout) if len(m) > 1]
    used: dict[tuple[int, ...], np.ndarray] = {}
    if several:
        found = source.map_reduce(partial(_seen, layout, several), _union)
        used = dict(zip(several, found, strict=True))
    return ordered(layout, used)


def distinct_members(layout: Layout) -> list[tuple[int, ...]]:
    """Of each grouping factor its members, in the formula's order."""
    return list(dict.fromkeys(term.members for term in layout.terms))


def ordered(layout: Layout, used: Mapping[tuple[int, ...], np.ndarray]) -> Structure:
    """The terms in lme4's order, where the combinations that occur are known."""
    members = distinct_members(layout)
    counts = {m: len(used[m]) if m in used else layout.sizes[m[0]] for m in members}
    order = lme4_order([counts[term.members] for term in layout.terms])
    terms = tuple(layout.terms[t] for t in order)
    groupings = [
        Grouping(
            next(term.group for term in terms if term.members == m),
            m,
            used.get(m),
            counts[m],
            tuple(t for t, term in enumerate(terms) if term.members == m),
        )
        for m in dict.fromkeys(term.members for term in terms)
    ]
    columns = [g.count * sum(terms[t].width for t in g.terms) for g in groupings]
    groupings.insert(0, groupings.pop(int(np.argmax(columns))))
    return Structure(layout, terms, tuple(groupings))


def lme4_order(counts: Sequence[int]) -> list[int]:
    """The terms by decreasing number of levels where they are not already; R's ``rev(order(nl))`` turns ties round."""
    if all(b <= a for a, b in zip(counts, counts[1:])):
        return list(range(len(counts)))
    return sorted(range(len(counts)), key=lambda t: counts[t])[::-1]


def _seen(layout: Layout, several: list[tuple[int, ...]], block: Block) -> list[np.ndarray]:
    return [np.unique(joint_codes(layout, members, block.design)) for members in several]


def _union(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return [np.union1d(x, y) for x, y in zip(a, b, strict=True)]
