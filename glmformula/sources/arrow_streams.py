"""Tables that are computed anew whenever they are read: polars LazyFrames, and whatever gives Arrow streams of itself.

Each pass opens the stream again and reads it batch by batch; nothing is held. A polars LazyFrame runs its query for the
columns that are asked for, in its streaming engine.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from ..frame.interchange import arrow, arrow_table, marked, needed
from .batches import BatchTable
from .reading import first_line, meta_of, piece_rows

QUERY = "the polars query"


def open_lazy(frame: Any) -> BatchTable:
    """A polars LazyFrame.

    Raises
    ------
    DataError
        Its query has no schema, or polars is too old.
    """
    polars = needed("polars", "polars")
    with computing(QUERY):
        names = frame.collect_schema().names()
        schema = arrow_table(polars.DataFrame(schema=frame.collect_schema())).schema
    return BatchTable(LazyBatches(frame, names[:1]), meta_of(marked(schema)), ("polars", id(frame)))


def open_stream(data: Any) -> BatchTable:
    """An object with ``__arrow_c_stream__`` that can be opened again.

    Raises
    ------
    DataError
        What it gives is no table.
    """
    read = StreamBatches(data)
    with computing(read.place), closing(read.opened()) as reader:
        schema = reader.schema
    return BatchTable(read, meta_of(marked(schema)), ("stream", id(data)))


@dataclass(frozen=True)
class LazyBatches:
    """Batches of some columns of a LazyFrame; `first` is a column, by which rows are counted."""

    frame: Any
    first: list[str]

    def __call__(self, columns: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
        place = QUERY
        chosen = self.frame.select(list(columns) or self.first)
        with computing(place):
            for frame in self.frames(chosen, piece_rows(len(columns))):
                batch = arrow_table(frame)
                yield (batch if columns else batch.select([])), place

    @staticmethod
    def frames(chosen: Any, rows: int) -> Iterator[Any]:
        if hasattr(chosen, "collect_batches"):
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it is called unstable
                batches = chosen.collect_batches(chunk_size=rows, maintain_order=True)
            return iter(batches)
        return slices(chosen, rows)  # polars before 1.34


def slices(chosen: Any, rows: int) -> Iterator[Any]:
    """A slice of the query at a time."""
    start = 0
    while (frame := chosen.slice(start, rows).collect()).height:
        yield frame
        start += frame.height


@dataclass(frozen=True)
class StreamBatches:
    """Batches of some columns of what can be opened as an Arrow stream."""

    data: Any

    @property
    def place(self) -> str:
        return f"the {type(self.data).__name__}"

    def opened(self) -> Any:
        return arrow().RecordBatchReader.from_stream(self.data)

    def __call__(self, columns: tuple[str, ...]) -> Generator[tuple[Any, str], None, None]:
        with computing(self.place), closing(self.opened()) as reader:
            known = marked(reader.schema)
            schema = arrow().schema([known.field(name) for name in columns])
            for batch in reader:
                chosen = batch.select(list(columns))
                yield (chosen.cast(schema) if columns else chosen), self.place


@contextmanager
def computing(place: str) -> Iterator[None]:
    """Names the query that failed, or the stream that cannot be opened again."""
    try:
        yield
    except (DataError, GeneratorExit):
        raise
    except Exception as error:
        more = (
            ""
            if place == QUERY
            else "; a model reads its data again and again, so what can be read once is no data"
        )
        raise DataError(
            f"{place} could not be read: {type(error).__name__}: {first_line(error)}{more}"
        ) from error
