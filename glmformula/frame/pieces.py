"""Data too large to hold: pieces of rows, each a small DataFrame, that a table runs a function over."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd

from ..formula.functions.vectors import ColumnText
from ..formula.values import Factor, Value
from .columns import Columns

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table.

    Attributes
    ----------
    frame : DataFrame
        The columns asked for, and the row labels: where the order of the rows is known, their numbers.
    texts : frozenset of str
        Columns of strings that are held as codes into the strings that occur.
    place : str
        Where the rows are from, for messages: "policies.parquet, row group 3".
    number : int
        Of the piece among all, where they have an order.
    copies : ndarray of int (n,) or None
        How many rows of the data each stands for, where they were counted.
    """

    frame: pd.DataFrame
    texts: frozenset[str] = frozenset()
    place: str = ""
    number: int = 0
    copies: np.ndarray | None = None

    def rows(self, which: np.ndarray | None = None) -> int:
        """How many rows of the data there are (a mask, or positions: among these)."""
        if self.copies is None:
            return len(self.frame) if which is None else len(self.frame.index[which])
        return int((self.copies if which is None else self.copies[which]).sum())


class Table(Protocol):
    """Rows in pieces that can be gone through again and again."""

    @property
    def meta(self) -> pd.DataFrame:
        """A DataFrame without rows, of all columns by their types."""
        ...

    @property
    def identity(self) -> Hashable:
        """Equal for two tables that hold the same rows."""
        ...

    def map_reduce(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """``function`` of every piece with these columns, merged in row order; None where there is no piece.

        `function` and `merge` are picklable, as a source's are.
        """
        ...


class PieceColumns(Columns):
    """The columns of a piece as R's vectors."""

    def __init__(self, piece: Piece) -> None:
        super().__init__(piece.frame)
        self.texts = piece.texts

    def _convert(self, name: str) -> Value:
        value = super()._convert(name)
        if name in self.texts and isinstance(value, Factor):
            return ColumnText.coded(self.data[name], value.codes, value.levels)
        return value
