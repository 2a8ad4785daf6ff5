"""The counted columns of some rows as one sparse matrix of levels, so that a pass goes over the rows once for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...design.pieces import Contrast, Indicators, Piece
from ..columns import Part, row_product
from ..counts import add_from, checked_codes, sums_at
from ..gram import encoded


@dataclass(frozen=True, slots=True)
class Levels:
    """Which levels rows have, of all counted pieces one after the other.

    Attributes
    ----------
    codes : ndarray of int32 (m, c)
        Their places among the levels of all c pieces.
    values : ndarray (m, c) or None
        What numbers multiply them; None for 1.
    pieces : tuple of (Part, Contrast, int)
        Their columns, and where their levels begin.
    count : int
        Of all levels.
    """

    codes: np.ndarray
    values: np.ndarray | None
    pieces: tuple[tuple[Part, Contrast, int], ...]
    count: int

    def rows(self, which: slice | np.ndarray) -> Levels:
        values = None if self.values is None else self.values[which]
        return replace(self, codes=self.codes[which], values=values)

    def add(self, betas: np.ndarray, out: np.ndarray) -> None:
        """Add the columns times `betas` (L, p) to `out` (m, L)."""
        table = np.zeros((self.count, len(betas)))
        for part, contrast, start in self.pieces:
            own = betas[:, part.start : part.stop].T
            if isinstance(contrast, Indicators):
                table[start + contrast.chosen] = own
            else:
                table[start : start + len(contrast)] = contrast @ own
        add_from(self.codes, self.values, table, out)

    def sums(self, r: np.ndarray, out: np.ndarray) -> None:
        """Write the columns' products with `r` (m, L) into their places of `out` (L, p)."""
        table = sums_at(self.codes, self.values, self.count, r)
        for part, contrast, start in self.pieces:
            out[:, part.start : part.stop] = encoded(table[start : start + len(contrast)].T, contrast)


def codes_of(piece: Piece) -> np.ndarray:
    """Levels of a counted piece, checked."""
    assert piece.codes is not None
    assert piece.contrast is not None
    return checked_codes(piece.codes, len(piece.contrast))


def levels_of(pieces: tuple[Piece, ...], parts: tuple[Part, ...]) -> Levels:
    """Those of the counted pieces, of which there is at least one."""
    listed, codes, values, start = [], [], [], 0
    for piece, part in zip(pieces, parts):
        if part.counted:
            assert piece.contrast is not None
            listed.append((part, piece.contrast, start))
            codes.append(codes_of(piece) + start)
            values.append(row_product(piece))
            start += len(piece.contrast)
    product = None
    if any(value is not None for value in values):
        product = np.stack([np.ones(len(codes[0])) if v is None else v for v in values], axis=1)
    return Levels(np.stack(codes, axis=1).astype(np.int32), product, tuple(listed), start)
