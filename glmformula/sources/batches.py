"""Tables that are read from the first batch to the last: Arrow IPC, CSV, datasets of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from ..errors import DataError
from ..frame.interchange import needed
from ..frame.pieces import Piece
from .reading import Files, InOrder, ReadAgain, meta_of, over_pieces, piece_of, piece_rows, reading, short
from .schemas import Together, conformed, together
from .steady import Marks, Steady, added

T = TypeVar("T")
Batches = Iterator[tuple[Any, str]]
"""Arrow batches, and where each is from."""

CSV_BLOCK = 2**22  # bytes
BYTE_ORDERS = (b"\xff\xfe", b"\xfe\xff")  # what UTF-16 begins with
BROKEN = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?CSV conversion error to ([\w\[\]]+)")


@dataclass(frozen=True)
class BatchTable(InOrder):
    """A table of which only a sequence of batches is known.

    Parameters
    ----------
    read : callable
        ``read(columns)`` begins at the first row.
    meta : DataFrame
    identity : hashable
    files : Files or None
        What must not change.
    together : Together or None
        The columns that cannot be read.
    steady : Steady
        Tells where there are no files whether the rows have changed.
    """

    read: Callable[[tuple[str, ...]], Batches]
    meta: pd.DataFrame = field(repr=False)
    identity: Hashable = None
    files: Files | None = None
    together: Together | None = None
    steady: Steady = field(default_factory=Steady, repr=False, compare=False)

    def results(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> Generator[T | None, None, None]:
        if self.together is not None:
            self.together.check(columns)
        if self.files is not None:
            self.files.check()
            with closing(self._pieces(tuple(columns))) as pieces:
                yield from over_pieces(pieces, function)
            self.files.check()
            return
        marks: Marks = {}
        watched, _ = self.steady.watched(function, merge)
        with closing(self._pieces(tuple(columns))) as pieces:
            for found in over_pieces(pieces, watched):
                if found is not None:
                    marks = added(marks, found[0])
                    yield found[1]
        self.steady.compare(marks)

    def _pieces(self, columns: tuple[str, ...]) -> Generator[Piece, None, None]:
        first = number = 0
        size = piece_rows(len(columns))
        for batch, place in self.read(columns):
            for start in range(0, batch.num_rows, size):
                part = batch.slice(start, size)
                yield piece_of(part, first, place, number)
                first, number = first + part.num_rows, number + 1


# ---- Arrow IPC ----


def ipc_table(files: Files) -> BatchTable:
    """Files in Arrow's IPC format (Feather, version 2)."""
    schemas = []
    for path in files.paths:
        with reading(short(path)), _ipc(files, path) as opened:
            schemas.append(opened.schema)
    found = together(files.paths, schemas, lacking=False)
    read = partial(_ipc_batches, files, found.schema)
    return BatchTable(read, meta_of(found.schema), files.state, files, found)


def _ipc_batches(files: Files, schema: Any, columns: tuple[str, ...]) -> Batches:
    pa = needed("pyarrow", "arrow")
    options = pa.ipc.IpcReadOptions
    for path in files.paths:
        place = short(path)
        with reading(place), _ipc(files, path) as whole:
            names, count = whole.schema.names, whole.num_record_batches
        chosen = options(included_fields=[names.index(name) for name in columns])
        with reading(place), _ipc(files, path, chosen) as opened:
            for k in range(count):
                batch = opened.get_batch(k)
                arrays = [conformed(batch.column(name), schema.field(name).type) for name in columns]
                fields = [
                    schema.field(name).with_type(array.type)
                    for name, array in zip(columns, arrays, strict=True)
                ]
                known = pa.schema(fields)
                made = pa.RecordBatch.from_arrays(arrays, schema=known) if columns else batch.select([])
                yield made, f"{place}, batch {k}"


def _ipc(files: Files, path: str, options: Any = None) -> Any:
    pa = needed("pyarrow", "arrow")
    return pa.ipc.open_file(files.filesystem.open_input_file(path), options=options)


# ---- CSV ----


def csv_table(files: Files) -> BatchTable:
    """CSV files with a header.

    A column is what its values in all files allow, as in R: whole numbers, numbers, TRUE and FALSE, else
    strings (dates too). Arrow tells the type from the beginning of a file; when a later value does not fit,
    the pass is begun again with the next wider type.
    """
    pa, types, schemas = needed("pyarrow", "arrow"), dict[str, Any](), []
    for path in files.paths:
        with reading(short(path)):
            with files.filesystem.open_input_stream(path) as begin:
                if begin.read(2) in BYTE_ORDERS:
                    raise DataError(
                        f"{short(path)} is UTF-16 text, expected UTF-8: write it anew in UTF-8, or give glm the "
                        "DataFrame of pandas.read_csv(path, encoding='utf-16')"
                    )
            with _csv(files, path, None, types) as opened:
                schemas.append(pa.schema(list(zip(opened.schema.names, opened.schema.types, strict=True))))
    for schema in schemas:
        for f in schema:
            types[f.name] = _wider(types.get(f.name), f.type)
    schemas = [pa.schema([(name, types[name]) for name in schema.names]) for schema in schemas]
    found = together(files.paths, schemas, lacking=False)
    return BatchTable(partial(_csv_batches, files, types), meta_of(found.schema), files.state, files, found)


def _csv_batches(files: Files, types: dict[str, Any], columns: tuple[str, ...]) -> Batches:
    pa = needed("pyarrow", "arrow")
    for path in files.paths:
        place = short(path)
        with reading(place), _csv(files, path, None, types) as opened:
            header = opened.schema.names
        with reading(place):
            try:
                with _csv(files, path, columns, types) as opened:
                    for batch in opened:
                        yield batch.select(list(columns)), place
            except pa.ArrowInvalid as error:
                broken = BROKEN.search(str(error))
                name = None if broken is None else header[int(broken[1])]
                if name is None or types[name] == pa.string():
                    raise
                types[name] = _next_type(types[name])
                raise ReadAgain from None


def _csv(files: Files, path: str, columns: Sequence[str] | None, types: dict[str, Any]) -> Any:
    csv = needed("pyarrow.csv", "arrow")
    convert = csv.ConvertOptions(
        column_types={name: kind for name, kind in types.items() if columns is None or name in columns},
        include_columns=None if columns is None else list(columns),
        strings_can_be_null=True,
        check_utf8=columns is not None,  # a column that is not used may hold anything
    )
    return csv.open_csv(
        files.filesystem.open_input_stream(path),
        read_options=csv.ReadOptions(block_size=CSV_BLOCK),
        parse_options=csv.ParseOptions(delimiter="\t" if ".tsv" in short(path).lower() else ","),
        convert_options=convert,
    )


def _wider(a: Any, b: Any) -> Any:
    """The type that holds what Arrow took for `a` in one file and for `b` in another."""
    pa = needed("pyarrow", "arrow")
    ladder = _ladder()
    a, b = (pa.string() if t is not None and t not in ladder else t for t in (a, b))
    if a is None or a == b:
        return b
    if pa.bool_() in (a, b) and pa.null() not in (a, b):
        return pa.string()
    return max(a, b, key=ladder.index)


def _next_type(kind: Any) -> Any:
    pa = needed("pyarrow", "arrow")
    ladder = _ladder()
    return pa.string() if kind == pa.bool_() else ladder[min(ladder.index(kind) + 1, len(ladder) - 1)]


def _ladder() -> list[Any]:
    pa = needed("pyarrow", "arrow")
    return [pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string()]


# ---- datasets ----


def dataset_table(dataset: Any) -> BatchTable:
    """A ``pyarrow.dataset`` of any kind: filtered, in memory, a union, other formats."""
    paths = getattr(dataset, "files", None)
    files = Files.seen(dataset.filesystem, paths) if paths else None
    identity = (files.state if files else (), str(getattr(dataset, "_scan_options", "")), id(dataset))
    found = together(["the dataset"], [dataset.schema], lacking=False)
    names = dataset.schema.names
    if len(set(names)) < len(names):
        once = [f for f in dataset.schema if names.count(f.name) == 1]
        dataset = dataset.replace_schema(needed("pyarrow", "arrow").schema(once))
    return BatchTable(partial(_dataset_batches, dataset), meta_of(found.schema), identity, files, found)


def _dataset_batches(dataset: Any, columns: tuple[str, ...]) -> Batches:
    with reading("the dataset"):
        batches = dataset.to_batches(
            columns=list(columns),
            batch_size=piece_rows(len(columns)),
            batch_readahead=4,
            fragment_readahead=1,
        )
        for batch in batches:
            yield batch, "the dataset"
