"""The data's columns as R's vectors, looked up by name; only the columns a formula uses are touched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import DataError, nearest
from ..formula.functions.convert import ColumnTypeError, column_value
from ..formula.values import Time, Value
from .interchange import arrow, arrow_frame, foreign_frame, foreign_names, is_foreign, is_text
from .schema import kind_of

R_SPELLING = {"True": "TRUE", "False": "FALSE", "None": "NULL"}


class UnknownColumn(DataError):
    """A name that is no column of the data."""


class Columns:
    """A function from column name to value that remembers what it has converted.

    Attributes
    ----------
    unknown : str or None
        The last name that was looked up in vain.
    """

    def __init__(self, data: pd.DataFrame) -> None:
        self.data = data
        self.unknown: str | None = None
        self._seen: dict[str, Value] = {}

    def __call__(self, name: str) -> Value:
        if name not in self._seen:
            self._seen[name] = self._convert(name)
        return self._seen[name]

    def kinds(self) -> dict[str, str]:
        """R's ``.MFclass`` of each column that was looked up; with its time zone where that is not UTC's."""
        return {
            name: f"{kind_of(value)} {value.unit}"
            if isinstance(value, Time) and value.unit not in ("", "UTC", "GMT")
            else kind_of(value)
            for name, value in self._seen.items()
        }

    def _convert(self, name: str) -> Value:
        data = self.data
        if name not in data.columns:
            self.unknown = name
            if name in R_SPELLING:
                raise UnknownColumn(
                    f"object '{name}' not found: no column of the data has this name, and formulas are R: "
                    f"write {R_SPELLING[name]}"
                )
            raise UnknownColumn(
                f"object '{name}' not found: no column of the data has this name"
                f"{nearest(name, data.columns)} (names outside the data are never looked up)"
            )
        return column_value(_plain(self._column(name), name), name)

    def _column(self, name: str) -> Any:
        """The data's own column."""
        return self.data[name]


def _plain(series: Any, name: str) -> Any:
    """A column that pandas keeps as Arrow's (dictionaries, decimals ...) as it would come from an Arrow table.

    Raises
    ------
    ColumnTypeError
        Arrow's type has no counterpart.
    """
    dtype = getattr(series, "dtype", None)
    if not isinstance(dtype, pd.ArrowDtype):
        return series
    pa, kind = arrow(), dtype.pyarrow_dtype
    numbers = pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_text(kind) or numbers or pa.types.is_date(kind):
        return series
    out = arrow_frame(pa.table([series.array.__arrow_array__()], names=["x"]))[0]["x"].set_axis(series.index)
    if isinstance(out.dtype, pd.ArrowDtype):
        raise ColumnTypeError(
            f"column '{name}' is of Arrow's type {kind}, which a model cannot use: take a number or a string "
            "from it, or leave it out of the formula"
        )
    return out


def as_frame(data: Any, wanted: Callable[[list[str]], Sequence[str]] | None = None) -> pd.DataFrame:
    """The data as a DataFrame with names in text: one already, a mapping of columns, a table of another library.

    ``wanted(names)`` says which columns of such a table are needed (None: all).

    Raises
    ------
    DataError
        Of another kind.
    """
    if isinstance(data, Mapping):
        data = _of_mapping(data)
    if isinstance(data, pd.DataFrame):
        texts = names_in_text(data.columns)
        if texts is None:
            return data
        named = data.copy(deep=False)
        named.columns = pd.Index(texts, dtype=object)
        return named
    if isinstance(data, pd.Series):
        raise DataError(
            "data must be a pandas DataFrame, not a Series: a column alone is a table as series.to_frame('name')"
        )
    if is_foreign(data):
        return foreign_frame(data, None if wanted is None else wanted(foreign_names(data)))
    raise DataError(
        "data must be a pandas DataFrame (or a dict of columns, a polars or Arrow table), "
        f"not {type(data).__name__}"
    )


def new_rows(newdata: Any, wanted: Collection[str]) -> pd.DataFrame:
    """New data as a DataFrame of at least the `wanted` columns; a row of a DataFrame, as ``data.iloc[0]`` gives it,
    is one row.

    Raises
    ------
    DataError
        As `as_frame`; a Series that is no row.
    """
    if not isinstance(newdata, pd.Series):
        return as_frame(newdata, lambda names: [name for name in names if name in wanted])
    row = as_frame(newdata.to_frame().T.infer_objects())
    if wanted and not set(wanted) & set(row.columns):
        shown = ", ".join(repr(label) for label in newdata.index[:3])
        raise DataError(
            "newdata: a Series is taken as one row, with the names of columns as labels; "
            f"its labels are {shown or 'none'}: a column alone is a table as series.to_frame('name')"
        )
    return row


def _of_mapping(data: Mapping[Any, Any]) -> pd.DataFrame:
    """Columns by name; single values are one row."""
    if data and all(pd.api.types.is_scalar(value) for value in data.values()):
        return pd.DataFrame({name: [value] for name, value in data.items()})
    try:
        return pd.DataFrame(dict(data))
    except (TypeError, ValueError) as error:
        lengths = ", ".join(
            f"'{name}' {len(value) if hasattr(value, '__len__') else 'a single value'}"
            for name, value in data.items()
        )
        raise DataError(f"data: the columns of a dict must have one length: {lengths}") from error


def names_in_text(columns: pd.Index) -> list[str] | None:
    """The columns' names as R would read them from a file: 0 is ``0``; None where all are text already.

    Raises
    ------
    DataError
        Names of several levels.
    """
    if columns.nlevels > 1:
        raise DataError(
            f"the columns of the data have names of {columns.nlevels} levels, the first {columns[0]!r}: make one "
            "text of each, data.columns = ['_'.join(map(str, name)) for name in data.columns]"
        )
    if columns.inferred_type in ("string", "empty"):
        return None
    return [str(name) for name in columns]
