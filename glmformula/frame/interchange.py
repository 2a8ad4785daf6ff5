"""Tables of other libraries as DataFrames, by Arrow's interchange; numbers are not copied."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataError
from ..formula.functions.collation import sort_texts

if TYPE_CHECKING:
    import pyarrow as pa


def is_foreign(data: Any) -> bool:
    """Whether the data are a table in memory that Arrow's interchange can read (or a polars LazyFrame).

    Raises
    ------
    DataError
        They can be read only once, or their library is too old.
    """
    if hasattr(data, "read_next_batch"):
        raise DataError(
            f"data: a {type(data).__name__} can be read only once, and a model is asked about its data again; "
            "give the table that data.read_all() returns"
        )
    if _is_polars(data):
        needed("polars", "polars")
    return hasattr(data, "__arrow_c_stream__") or is_lazy(data)


def foreign_names(data: Any) -> list[str]:
    """The names of its columns."""
    if is_lazy(data):
        return list(data.collect_schema().names())
    if hasattr(data, "column_names"):  # pyarrow
        return list(data.column_names)
    return list(data.columns) if hasattr(data, "columns") else list(arrow_table(data).column_names)


def foreign_frame(data: Any, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table in memory as a DataFrame with these columns (None: all) and row numbers as labels.

    Parameters
    ----------
    data : polars DataFrame or LazyFrame, pyarrow Table or RecordBatch, anything with ``__arrow_c_stream__``
    columns : sequence of str, optional

    Returns
    -------
    DataFrame
        Numbers without missing values in one piece of memory are the data's own array. Dictionaries whose order
        was declared (see `declared`) are categories in that order; a polars Enum, which always has one, is a plain
        factor. Of others, those of strings are categories sorted as strings are, those of numbers are numbers.

    Raises
    ------
    DataError
        What was given is no table.
    """
    if columns is not None and hasattr(data, "select"):
        places = [k for k, name in enumerate(foreign_names(data)) if name in columns]
        data = data.select(
            places if hasattr(data, "column_names") else list(columns)
        )  # names may occur twice
    if is_lazy(data):
        data = data.collect()
    frame, _ = arrow_frame(arrow_table(data))
    return frame


def arrow_frame(table: pa.Table, coded: bool = False, first: int = 0) -> tuple[pd.DataFrame, frozenset[str]]:
    """An Arrow table as a DataFrame whose rows are numbered from `first`.

    With `coded`, strings become categories of the strings that occur; the second value names those columns. What
    pandas has no place for stays an Arrow column: it harms nobody who does not use it.
    """
    pa = arrow()
    texts = []
    names, columns, odd = [], [], []
    for place, (field, column) in enumerate(zip(table.schema, table.columns, strict=True)):
        column = _stored(column)
        kind = column.type
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
        elif is_text(kind) and coded:
            column = column.dictionary_encode()
            texts.append(field.name)
        elif _is_view(kind):
            column = column.cast(pa.large_string())  # as pandas holds strings
        elif pa.types.is_dictionary(kind) and not pa.types.is_nested(kind.value_type):
            fixed, strings = declared(field, table.schema), is_text(kind.value_type)
            if coded and strings and not fixed:
                texts.append(field.name)
                fixed = True  # the order of its strings means nothing until all are known
            column = _categories(column, field, fixed) if fixed or strings else column.cast(kind.value_type)
        if not _holdable(column.type):
            odd.append((place, field.name, column))
            continue
        names.append(field.name)
        columns.append(column)
    numbered = pa.table(columns, names=[str(k) for k in range(len(names))])  # a name may occur twice
    out = numbered.to_pandas(split_blocks=True, types_mapper=_TYPES.get, ignore_metadata=True)
    out.columns = pd.Index(names)
    for place, name, column in odd:
        out.insert(place, name, pd.arrays.ArrowExtensionArray(column), allow_duplicates=True)
    out.index = pd.RangeIndex(first, first + table.num_rows)
    return out, frozenset(texts)


OLDEST = {"pyarrow": "18", "polars": "1.3", "dask": "2025.5", "distributed": "2025.5", "pyspark": "3.5"}
"""What they can do since then is used; pyproject.toml says what it is."""


def arrow() -> Any:
    """pyarrow, or how to get it."""
    return needed("pyarrow", "arrow")


def needed(module: str, extra: str, what: str = "these data need") -> Any:
    """A module that only some kinds of data need.

    Raises
    ------
    DataError
        It is not installed, or it is too old: which extra brings it.
    """
    import importlib

    package = module.partition(".")[0]
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"{what} {package}, which is not installed: pip install 'glmformula[{extra}]'"
        ) from error
    oldest, version = OLDEST.get(package, ""), str(getattr(sys.modules[package], "__version__", ""))
    if () < _numbers(version) < _numbers(oldest):
        raise DataError(
            f"{what} {package} {oldest} or newer, and {version} is installed: "
            f"pip install --upgrade 'glmformula[{extra}]'"
        )
    return found


@cache
def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


class _Types(dict[Any, Any]):
    """Arrow type to the pandas type that holds it best; made when first asked for."""

    def get(self, kind: Any, default: Any = None) -> Any:
        pa = arrow()
        if kind == pa.bool_():
            return pd.BooleanDtype()
        if pa.types.is_date(kind):
            return pd.ArrowDtype(kind)
        return pd.StringDtype("pyarrow") if is_text(kind) else default


_TYPES = _Types()


def is_text(kind: Any) -> bool:
    pa = arrow()
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind)


def _is_view(kind: Any) -> bool:
    view = getattr(arrow().types, "is_string_view", None)
    return bool(view and view(kind))


def _holdable(kind: Any) -> bool:
    """Whether pandas has a place for an Arrow type."""
    pa = arrow()
    types = pa.types
    if types.is_floating(kind) or types.is_integer(kind) or is_text(kind) or types.is_dictionary(kind):
        return True
    try:
        pa.table([empty_column(kind)], names=["x"]).to_pandas(types_mapper=_TYPES.get)
    except (pa.ArrowException, KeyError, NotImplementedError, TypeError, ValueError):
        return False
    return True


def empty_column(kind: Any) -> Any:
    """No rows of an Arrow type."""
    pa = arrow()
    try:
        return pa.schema([("x", kind)]).empty_table().column(0)  # with a chunk: some types fail without
    except pa.ArrowException:
        return pa.chunked_array([], kind)


def _stored(column: Any) -> Any:
    """A column without its extension type, and run-end encoding written out."""
    pa = arrow()
    column = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    if not column.num_chunks:
        column = empty_column(column.type)
    if isinstance(column.type, pa.BaseExtensionType):
        kind = column.type.storage_type
        name = column.type.extension_name
        storage = pa.chunked_array([chunk.storage for chunk in column.chunks], kind)
        return storage.cast(pa.bool_()) if name == "arrow.bool8" else storage
    if pa.types.is_run_end_encoded(column.type):
        decode = needed("pyarrow.compute", "arrow").run_end_decode
        return pa.chunked_array([decode(chunk) for chunk in column.chunks], column.type.value_type)
    return column


DECLARED = b"glmformula:declared"  # marks a dictionary whose order its source has declared
ENUM = (b"_PL_ENUM", b"POLARS.CATEGORICAL_TYPE")  # polars before 1.18 says the second, and of no other kind


def declared(field: Any, schema: Any) -> bool:
    """Whether somebody has said in which order a dictionary's values are: Arrow's own mark, a polars Enum, an
    enumeration of a database, a pandas Categorical. In all others they stand as they first appear in the rows.
    """
    metadata = field.metadata or {}
    if field.type.ordered or DECLARED in metadata or any(key.startswith(ENUM) for key in metadata):
        return True
    return any(
        column.get("field_name") == field.name and column.get("pandas_type") == "categorical"
        for column in pandas_metadata(schema).get("columns", [])
    )


def pandas_metadata(schema: Any) -> dict[str, Any]:
    """What pandas wrote beside a schema; nothing where that cannot be read."""
    try:
        found = schema.pandas_metadata
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def marked(schema: Any, everything: bool = False) -> Any:
    """A schema in which only dictionaries whose order was declared are dictionaries; with `everything`, all are."""
    pa = arrow()
    fields = []
    for field in schema:
        if pa.types.is_dictionary(field.type):
            if everything or declared(field, schema):
                field = field.with_metadata({**(field.metadata or {}), DECLARED: b""})
            else:
                kind = field.type.value_type
                field = field.with_type(pa.large_string() if is_text(kind) else kind)
        fields.append(field)
    return pa.schema(fields, metadata=schema.metadata)


def _categories(column: Any, field: Any, fixed: bool) -> Any:
    """A chunked dictionary column as pandas can hold it: no missing and no repeated values; sorted unless `fixed`."""
    pa, compute = arrow(), needed("pyarrow.compute", "arrow")
    kind = column.type
    ordered = kind.ordered and not any(key.startswith(ENUM) for key in field.metadata or {})
    plain = all(
        not c.dictionary.null_count and len(c.dictionary.unique()) == len(c.dictionary) for c in column.chunks
    )
    values = pa.large_string() if _is_view(kind.value_type) else kind.value_type
    wanted = pa.dictionary(_signed(kind.index_type), values, ordered)
    if plain and fixed:
        return column if kind == wanted else _recast(column, wanted)
    dictionaries = [chunk.dictionary.cast(values) for chunk in column.chunks]
    levels = pa.chunked_array(dictionaries, values).unique().drop_null()
    if not fixed:
        levels = pa.array(sort_texts(levels.to_pylist()), values)
    chunks = [
        pa.DictionaryArray.from_arrays(
            compute.index_in(own, value_set=levels).take(chunk.indices), levels, ordered=ordered
        )
        for own, chunk in zip(dictionaries, column.chunks, strict=True)
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), values, ordered))


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


def arrow_table(data: Any) -> pa.Table:
    """A table in memory as Arrow's, its numbers in types that Arrow has."""
    pa = arrow()
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if _is_polars(data) and hasattr(data, "dtypes"):
        data = _narrowed(data)
    try:
        return pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"data: a {type(data).__name__} could not be read as a table with named columns: "
            f"{str(error).splitlines()[0]}"
        ) from error


def _narrowed(data: Any) -> Any:
    """A polars DataFrame without the integers that Arrow does not have."""
    polars = sys.modules["polars"]
    wide = {kind: polars.Float64 for name in ("Int128", "UInt128") if (kind := getattr(polars, name, None))}
    return data.cast(wide) if any(kind in wide for kind in data.dtypes) else data


def is_stream(data: Any) -> bool:
    """Whether Arrow can read the data again and again, and they are no table that is there: none of known length."""
    if not hasattr(type(data), "__arrow_c_stream__") or hasattr(data, "read_next_batch"):
        return False
    return not any(hasattr(type(data), name) for name in ("__len__", "num_rows", "shape"))


def is_lazy(data: Any) -> bool:
    """Whether it is a query of polars."""
    return type(data).__name__ == "LazyFrame" and _is_polars(data)


def _is_polars(data: Any) -> bool:
    return type(data).__module__.startswith("polars")
