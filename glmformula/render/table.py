"""`StatTable`: numbers in a DataFrame that print as R prints them, and go to HTML, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd

from . import cells
from .cells import Cells, NamedVector, named_numbers
from .effects import effects
from .numbers import format_numbers, format_pval
from .report import Block, Rendered


class StatTable(Rendered, pd.DataFrame):  # type: ignore[misc]  # to_html() and its kin are ours, of all the text
    """A table of results: a DataFrame that prints as R prints it.

    What is taken out of it, or computed from it (``table["Estimate"]``, ``table.loc["x"]``, ``np.exp(table)``,
    ``pd.DataFrame(table)``), is plain pandas.

    Parameters
    ----------
    frame : DataFrame (n, k)
        Full-precision numbers under R's column names; the index holds R's row names.
    kind : str
        How it prints: ``"coefmat"`` (printCoefmat), ``"anova"`` (print.anova), ``"matrix"`` (numeric matrix),
        ``"data.frame"``, ``"blank"`` (a data frame, nothing where a number is missing), ``"vector"`` (one row or
        column, as a named vector), ``"effects"`` (each number to a few digits, long tables cut short).
    heading, footer : tuple of str
        Lines before and after the table, each with a newline after it (R's ``cat(heading, sep = "\\n")``).
    digits : int, optional
        Significant digits; by default R's for the kind.
    nan : ndarray of bool (n, k), optional
        Where a NaN is a failed computation (printed ``NaN``) and not R's NA.
    signif_stars : bool

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from glmformula import StatTable
    >>> table = StatTable(pd.DataFrame({"2.5 %": [0.1], "97.5 %": [0.9]}, index=["x"]))
    >>> print(table)
      2.5 % 97.5 %
    x   0.1    0.9
    >>> round(float(np.exp(table).loc["x", "2.5 %"]), 4)
    1.1052
    """

    _metadata: ClassVar[list[str]] = ["kind", "heading", "footer", "digits", "nan", "signif_stars"]

    def __init__(
        self,
        frame: pd.DataFrame,
        kind: str = "matrix",
        heading: tuple[str, ...] = (),
        footer: tuple[str, ...] = (),
        digits: int | None = None,
        nan: np.ndarray | None = None,
        signif_stars: bool = True,
    ) -> None:
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, _KINDS))}, got {kind!r}")
        super().__init__(frame)  # type: ignore[call-arg]  # the stubs know its __new__ only
        self.attrs.update(frame.attrs)
        self.kind, self.heading, self.footer = kind, heading, footer
        self.digits, self.nan, self.signif_stars = digits, nan, signif_stars

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The numbers without R's print."""
        plain = pd.DataFrame(self, copy=True)  # before pandas 3 a write would reach the table
        plain.attrs.update(self.attrs)
        return plain

    def cells(self, digits: int | None = None) -> Cells | NamedVector:
        """The table as text, not laid out.

        Examples
        --------
        >>> import pandas as pd
        >>> from glmformula import StatTable
        >>> StatTable(pd.DataFrame({"low": [0.1], "high": [0.9]}, index=["x"])).cells().body
        (('0.1',), ('0.9',))
        """
        return _KINDS[self.kind](self, digits or self.digits)

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        above = "".join(f"{line}\n" for line in self.heading)
        below = "".join(f"{line}\n" for line in self.footer)
        return [block for block in (above, self.cells(digits), below) if block]


Maker = Callable[[StatTable, int | None], Cells | NamedVector]


def _numbers(frame: pd.DataFrame) -> list[list[float]]:
    values: list[list[float]] = frame.to_numpy(dtype=float, na_value=np.nan).T.tolist()
    return values


def _labels(frame: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(map(str, frame.columns)), tuple(map(row_name, frame.index))


def row_name(key: object) -> str:
    """A row's name; the parts of a name of several, "region: A"."""
    return ": ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _failed(table: StatTable) -> list[list[bool]] | None:
    return None if table.nan is None else np.asarray(table.nan, dtype=bool).T.tolist()


def _tested(make: Callable[..., Cells]) -> Maker:
    def build(table: StatTable, digits: int | None) -> Cells:
        return make(
            _numbers(table.frame),
            *_labels(table.frame),
            digits or 5,
            nan=_failed(table),
            signif_stars=table.signif_stars,
        )

    return build


def _matrix(table: StatTable, digits: int | None) -> Cells:
    return cells.matrix(_numbers(table.frame), *_labels(table.frame), digits or 7, _failed(table))


def _data_frame(table: StatTable, digits: int | None) -> Cells:
    frame = table.frame
    names, rows = _labels(frame)
    return Cells(rows, names, tuple(_texts(frame.iloc[:, j], digits or 7) for j in range(frame.shape[1])))


def _texts(column: pd.Series, digits: int) -> tuple[str, ...]:
    """One column as print.data.frame shows it."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return tuple("NA" if pd.isna(v) else "TRUE" if v else "FALSE" for v in column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return tuple(format_numbers(column.to_numpy(dtype=float, na_value=np.nan), digits))
    return tuple("<NA>" if pd.isna(v) else str(v) for v in column)


def _blank(table: StatTable, digits: int | None) -> Cells:
    made = _data_frame(table, digits)
    missing = table.frame.isna().to_numpy().T
    body = (tuple("" if no else text for text, no in zip(*column)) for column in zip(made.body, missing))
    return Cells(made.rows, made.columns, tuple(body))


def _p_valued(table: StatTable, digits: int | None) -> Cells:
    """The last column as a data frame has it whose p-values went through format.pval."""
    made = _data_frame(table, digits)
    p = format_pval(table.frame.iloc[:, -1].tolist(), max(1, (digits or 7) - 2))
    width = max(map(len, p))
    return replace(made, body=(*made.body[:-1], tuple(text.rjust(width) for text in p)))


def _vector(table: StatTable, digits: int | None) -> NamedVector:
    frame = table.frame if len(table.frame.columns) == 1 else table.frame.T
    numbers = frame.iloc[:, 0].astype(float).tolist()
    return named_numbers(numbers, [str(name) for name in frame.index], digits or 7)


_KINDS: dict[str, Maker] = {
    "coefmat": _tested(cells.coefmat),
    "anova": _tested(cells.anova),
    "matrix": _matrix,
    "blank": _blank,
    "data.frame": _data_frame,
    "effects": lambda table, digits: effects(table.frame, digits or table.digits),
    "vector": _vector,
    "p-value": _p_valued,
}
