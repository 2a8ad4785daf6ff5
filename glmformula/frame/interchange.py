"""Tables of other libraries as DataFrames, by Arrow's interchange; numbers are not copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def is_foreign(data: Any) -> bool:
    """Whether the data are a table in memory that Arrow's interchange can read (or a polars LazyFrame).

    Raises
    ------
    DataError
        They can be read only once.
    """
    if hasattr(data, "read_next_batch"):
        raise DataError(
            f"data: a {type(data).__name__} can be read only once, and a model is asked about its data again; "
            "give the table that data.read_all() returns"
        )
    return hasattr(data, "__arrow_c_stream__") or _is_lazy(data)


def foreign_names(data: Any) -> list[str]:
    """The names of its columns."""
    if _is_lazy(data):
        return list(data.collect_schema().names())
    if hasattr(data, "column_names"):  # pyarrow
        return list(data.column_names)
    return list(data.columns) if hasattr(data, "columns") else list(_table(data).column_names)


def foreign_frame(data: Any, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table in memory as a DataFrame with these columns (None: all) and row numbers as labels.

    Parameters
    ----------
    data : polars DataFrame or LazyFrame, pyarrow Table or RecordBatch, anything with ``__arrow_c_stream__``
    columns : sequence of str, optional

    Returns
    -------
    DataFrame
        Numbers without missing values in one piece of memory are the data's own array. Dictionaries and
        polars categoricals are categories in the order of the dictionary; a polars Enum, which always has an
        order, is a plain factor with its levels in that order.
    """
    if columns is not None and hasattr(data, "select"):
        data = data.select(list(columns))
    if _is_lazy(data):
        data = data.collect()
    frame, _ = arrow_frame(_table(data))
    return frame


def arrow_frame(table: pa.Table, coded: bool = False, first: int = 0) -> tuple[pd.DataFrame, frozenset[str]]:
    """An Arrow table as a DataFrame whose rows are numbered from `first`.

    With `coded`, strings become categories of the strings that occur; the second value names those columns.
    """
    pa = arrow()
    texts = []
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = field.type
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
        elif _is_text(kind) and coded:
            column = column.dictionary_encode()
            texts.append(field.name)
        elif pa.types.is_dictionary(kind):
            column, text = _plain_dictionary(field, column)
            if text and coded:
                texts.append(field.name)
        fields.append(pa.field(field.name, column.type))
        columns.append(column)
    out = pa.table(columns, schema=pa.schema(fields)).to_pandas(
        split_blocks=True, types_mapper=_TYPES.get, ignore_metadata=True
    )
    out.index = pd.RangeIndex(first, first + len(out))
    return out, frozenset(texts)


def arrow() -> Any:
    """pyarrow, or how to get it."""
    return needed("pyarrow", "arrow")


def needed(module: str, extra: str) -> Any:
    """A module that only some kinds of data need.

    Raises
    ------
    DataError
        It is not installed: which extra brings it.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"these data need {module.partition('.')[0]}, which is not installed: "
            f"pip install 'glmformula[{extra}]'"
        ) from error


class _Types(dict[Any, Any]):
    """Arrow type to the pandas type that holds it best; made when first asked for."""

    def get(self, kind: Any, default: Any = None) -> Any:
        pa = arrow()
        if kind == pa.bool_():
            return pd.BooleanDtype()
        return pd.StringDtype("pyarrow") if _is_text(kind) else default


_TYPES = _Types()


def _is_text(kind: Any) -> bool:
    pa = arrow()
    view = getattr(pa.types, "is_string_view", None)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or bool(view and view(kind))


def _plain_dictionary(field: Any, column: Any) -> tuple[Any, bool]:
    """A dictionary column that pandas can hold, and whether it is only a string column read as codes."""
    pa = arrow()
    values, metadata = field.type.value_type, field.metadata or {}
    ordered = field.type.ordered and not any(key.startswith(b"_PL_ENUM") for key in metadata)
    if hasattr(pa.types, "is_string_view") and pa.types.is_string_view(values):
        values = pa.large_string()
    wanted = pa.dictionary(_signed(field.type.index_type), values, ordered)
    return (column if column.type == wanted else _recast(column, wanted)), TEXT in metadata


TEXT = b"glmformula:text"  # marks a string column that a reader was told to give as codes


def _signed(index: Any) -> Any:
    """pandas holds codes in signed integers."""
    pa = arrow()
    if not pa.types.is_unsigned_integer(index):
        return index
    return {8: pa.int16(), 16: pa.int32()}.get(index.bit_width, pa.int64())


def _recast(column: Any, wanted: Any) -> Any:
    """A chunked dictionary column with another type of codes or strings, or without its order."""
    pa = arrow()
    chunks = []
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        indices, values = chunk.indices.cast(wanted.index_type), chunk.dictionary.cast(wanted.value_type)
        chunks.append(pa.DictionaryArray.from_arrays(indices, values, ordered=wanted.ordered))
    return pa.chunked_array(chunks, type=wanted)


def _table(data: Any) -> pa.Table:
    pa = arrow()
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    return pa.table(data)


def _is_lazy(data: Any) -> bool:
    return type(data).__name__ == "LazyFrame" and type(data).__module__.startswith("polars")
