"""Parquet files: row groups shared out to threads, each read in batches, only the columns asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from ..frame.interchange import arrow, is_text, needed
from ..frame.pieces import Piece
from .reading import Files, InOrder, Part, meta_of, over_parts, piece_of, piece_rows, reading, short
from .schemas import Together, conformed, together

T = TypeVar("T")

BUFFERED = 2**27  # bytes of a row group beyond which what is not a local file is read through a buffer
BUFFER, LOCAL_BUFFER = 2**22, 2**18
_choosing = threading.Lock()


@contextmanager
def _plain_memory() -> Iterator[None]:
    """Readers opened inside take memory from the system, not from Arrow's pool.

    The pool gives a piece's memory back to the system before the next piece needs it: 4e6 rows x 20 numbers took
    2.5 s of processor for that alone, decoding them 0.4 s.
    """
    pa = arrow()
    with _choosing:
        before = pa.default_memory_pool()
        pa.set_memory_pool(pa.system_memory_pool())
        try:
            yield
        finally:
            pa.set_memory_pool(before)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One file: its footer, columns, the values of the directories it is in, and the number of its first row."""

    path: str
    metadata: Any
    names: frozenset[str]
    keys: dict[str, Any]
    first: int


@dataclass(frozen=True)
class ParquetTable(InOrder):
    """One table in one or more Parquet files.

    Parameters
    ----------
    files : Files
    parts : tuple of ParquetFile
    together : Together
        The schema of all files; directories named ``key=value`` are columns.
    """

    files: Files
    parts: tuple[ParquetFile, ...]
    together: Together
    meta: pd.DataFrame = field(repr=False)

    @classmethod
    def of(cls, dataset: Any) -> ParquetTable:
        """Of a ``pyarrow.dataset`` of Parquet files.

        Raises
        ------
        DataError
            A footer cannot be read.
        """
        pa = arrow()
        fragments = list(dataset.get_fragments())
        files = Files.seen(dataset.filesystem, [fragment.path for fragment in fragments])
        keys_of = needed("pyarrow.dataset", "arrow").get_partition_keys
        parts, schemas, first = [], [], 0
        for fragment in fragments:
            with reading(short(fragment.path)):
                metadata = fragment.metadata
                schemas.append(fragment.physical_schema)
            keys = keys_of(fragment.partition_expression)
            parts.append(ParquetFile(fragment.path, metadata, frozenset(schemas[-1].names), keys, first))
            first += metadata.num_rows
        keys = pa.schema([f for f in dataset.schema if any(f.name in part.keys for part in parts)])
        found = together([*(part.path for part in parts), ""], [*schemas, keys], lacking=True)
        schema = found.schema.with_metadata(dataset.schema.metadata)
        return cls(files, tuple(parts), replace(found, schema=schema), meta_of(schema))

    @property
    def identity(self) -> Hashable:
        return self.files.state

    def results(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> Generator[T | None, None, None]:
        self.together.check(columns)
        self.files.check()
        yield from over_parts(list(self._parts(tuple(columns))), function, merge)
        self.files.check()

    def parts_in(self, columns: Sequence[str]) -> int | None:
        return sum(1 for _ in self._parts(tuple(columns)))

    def _parts(self, columns: tuple[str, ...]) -> Iterator[Part]:
        """A part for each row group; small neighbours in one file go together."""
        least, number = piece_rows(len(columns)) // 2, 0
        for file in self.parts:
            groups: list[int] = []
            rows, first = 0, file.first
            for k in range(file.metadata.num_row_groups):
                groups.append(k)
                rows += file.metadata.row_group(k).num_rows
                if rows >= least or k == file.metadata.num_row_groups - 1:
                    yield self._part(file, columns, tuple(groups), first, number)
                    number += 1
                    groups, rows, first = [], 0, first + rows

    def _part(
        self, file: ParquetFile, columns: tuple[str, ...], groups: tuple[int, ...], first: int, number: int
    ) -> Part:
        which = f"row group {groups[0]}" if len(groups) == 1 else f"row groups {groups[0]} to {groups[-1]}"
        place = f"{short(file.path)}, {which}"
        return Part(place, partial(self._pieces, replace(file, first=first), columns, groups, place, number))

    def _pieces(
        self, file: ParquetFile, columns: tuple[str, ...], groups: tuple[int, ...], place: str, number: int
    ) -> Iterator[Piece]:
        parquet = needed("pyarrow.parquet", "arrow")
        first = file.first
        with reading(place):
            local = self.files.filesystem.type_name == "local"
            large = any(file.metadata.row_group(k).total_byte_size > BUFFERED for k in groups)
            with _plain_memory():
                opened = parquet.ParquetFile(
                    file.path,
                    metadata=file.metadata,
                    filesystem=self.files.filesystem,
                    read_dictionary=[name for name in columns if name in file.names and self._is_text(name)],
                    buffer_size=LOCAL_BUFFER if local else BUFFER if large else 0,
                    pre_buffer=False,
                )
            rows = sum(file.metadata.row_group(k).num_rows for k in groups)
            batches = opened.iter_batches(
                -(-rows // -(-rows // piece_rows(len(columns)))) if rows else 1,  # all of one size
                list(groups),
                [name for name in columns if name in file.names],
                use_threads=False,
            )
        with opened:
            while True:
                with reading(place):
                    batch = next(batches, None)
                    if batch is None:
                        return
                    table = self._table(batch, file, columns)
                yield piece_of(table, first, place, number)
                first += batch.num_rows

    def _is_text(self, name: str) -> bool:
        kind = self.together.schema.field(name).type
        return is_text(kind) and not arrow().types.is_string_view(kind)

    def _table(self, batch: Any, file: ParquetFile, columns: tuple[str, ...]) -> Any:
        """The batch with exactly these columns: what this file lacks is missing, or its directory's value."""
        pa = arrow()
        fields, arrays = [], []
        for name in columns:
            known = self.together.schema.field(name)
            kind = known.type
            if name in file.keys:
                array = pa.repeat(pa.scalar(file.keys[name], kind), batch.num_rows)
            elif name not in batch.schema.names:
                array = pa.nulls(batch.num_rows, kind)
            else:
                array = conformed(batch.column(name), kind)
            fields.append(pa.field(name, array.type, metadata=known.metadata))
            arrays.append(array)
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
