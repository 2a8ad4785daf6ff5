"""`StatTable`: numbers in a DataFrame that print as R prints them, and go to HTML, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import cells
from .cells import Cells, NamedVector, named_numbers
from .numbers import format_numbers
from .report import Block, Rendered


@dataclass(frozen=True, repr=False, eq=False)
class StatTable(Rendered):
    """A table of results.

    Attributes
    ----------
    frame : DataFrame (n, k)
        Full-precision numbers under R's column names; the index holds R's row names.
    kind : str
        How it prints: ``"coefmat"`` (printCoefmat), ``"anova"`` (print.anova), ``"matrix"`` (numeric matrix),
        ``"data.frame"``, ``"vector"`` (one row or column, as a named vector).
    heading, footer : tuple of str
        Lines before and after the table, each with a newline after it (R's ``cat(heading, sep = "\\n")``).
    digits : int, optional
        Significant digits; by default R's for the kind.
    nan : ndarray of bool (n, k), optional
        Where a NaN is a failed computation (printed ``NaN``) and not R's NA.
    signif_stars : bool
    """

    frame: pd.DataFrame
    kind: str = "matrix"
    heading: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    digits: int | None = None
    nan: np.ndarray | None = None
    signif_stars: bool = True

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, _KINDS))}, got {self.kind!r}")

    def cells(self) -> Cells | NamedVector:
        """The table as text, not laid out."""
        return _KINDS[self.kind](self)

    def blocks(self) -> Sequence[Block]:
        above = "".join(f"{line}\n" for line in self.heading)
        below = "".join(f"{line}\n" for line in self.footer)
        return [block for block in (above, self.cells(), below) if block]


def _numbers(frame: pd.DataFrame) -> list[list[float]]:
    values: list[list[float]] = frame.to_numpy(dtype=float, na_value=np.nan).T.tolist()
    return values


def _labels(frame: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(map(str, frame.columns)), tuple(map(str, frame.index))


def _failed(table: StatTable) -> list[list[bool]] | None:
    return None if table.nan is None else np.asarray(table.nan, dtype=bool).T.tolist()


def _tested(make: Callable[..., Cells]) -> Callable[[StatTable], Cells]:
    def build(table: StatTable) -> Cells:
        return make(
            _numbers(table.frame),
            *_labels(table.frame),
            table.digits or 5,
            nan=_failed(table),
            signif_stars=table.signif_stars,
        )

    return build


def _matrix(table: StatTable) -> Cells:
    return cells.matrix(_numbers(table.frame), *_labels(table.frame), table.digits or 7, _failed(table))


def _data_frame(table: StatTable) -> Cells:
    frame = table.frame
    names, rows = _labels(frame)
    return Cells(
        rows, names, tuple(_texts(frame.iloc[:, j], table.digits or 7) for j in range(frame.shape[1]))
    )


def _texts(column: pd.Series, digits: int) -> tuple[str, ...]:
    """One column as print.data.frame shows it."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return tuple("NA" if pd.isna(v) else "TRUE" if v else "FALSE" for v in column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return tuple(format_numbers(column.to_numpy(dtype=float, na_value=np.nan), digits))
    return tuple("<NA>" if pd.isna(v) else str(v) for v in column)


def _vector(table: StatTable) -> NamedVector:
    frame = table.frame if len(table.frame.columns) == 1 else table.frame.T
    numbers = frame.iloc[:, 0].astype(float).tolist()
    return named_numbers(numbers, [str(name) for name in frame.index], table.digits or 7)


_KINDS: dict[str, Callable[[StatTable], Cells | NamedVector]] = {
    "coefmat": _tested(cells.coefmat),
    "anova": _tested(cells.anova),
    "matrix": _matrix,
    "data.frame": _data_frame,
    "vector": _vector,
}
