"""What all tables on disk have in common: pieces from Arrow batches, files that must not change."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import PurePath
from typing import Any, TypeVar

import pandas as pd

from ..errors import DataError, GLMFormulaError
from ..frame.interchange import arrow, arrow_frame, empty_column, marked, pandas_metadata
from ..frame.pieces import Piece
from ..runtime.progress import watched
from ..runtime.tasks import in_order, processors

T = TypeVar("T")

# Rows of a piece: enough that the cost of a call is small beside it, and at most so many numbers.
MOST_ROWS, FEWEST_ROWS, PIECE_CELLS = 2**18, 2**14, 2**23


def piece_rows(columns: int) -> int:
    return max(FEWEST_ROWS, min(MOST_ROWS, PIECE_CELLS // max(columns, 1)))


def piece_of(batch: Any, first: int = 0, place: str = "", number: int = 0) -> Piece:
    """An Arrow batch or table as a piece whose rows are numbered from `first`."""
    frame, texts = arrow_frame(batch, coded=True, first=first)
    return Piece(frame, texts, place, number)


def meta_of(schema: Any) -> pd.DataFrame:
    """A DataFrame without rows of an Arrow schema; columns that hold pandas' row labels are left out."""
    schema = marked(schema)
    described = pandas_metadata(schema).get("index_columns", [])
    labels = {name for name in described if isinstance(name, str)}
    kept = [f for f in schema if f.name not in labels or not f.name.startswith("__index_level_")]
    columns = [empty_column(f.type) for f in kept]
    frame, _ = arrow_frame(arrow().table(columns, schema=arrow().schema(kept)))
    return frame


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Names the place where a file could not be read."""
    try:
        yield
    except (OSError, arrow().ArrowException, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in str(error):
            raise DataError(
                f"{place} is not UTF-8 text: {first_line(error)}; write it anew in UTF-8, or give glm the "
                "DataFrame of pandas.read_csv(path, encoding='latin-1') or what its encoding is"
            ) from error
        raise DataError(
            f"{place} could not be read: {first_line(error)} (is the file complete, and what its name says?)"
        ) from error


def working(place: str, function: Callable[[Piece], T], piece: Piece) -> T:
    """The function of a piece; a failure that is no message of ours names the place."""
    try:
        return function(piece)
    except GLMFormulaError as error:
        if place:
            error.add_note(f"in {place}")
        raise
    except Exception as error:
        where = place or "a block of rows"
        raise DataError(f"the work on {where} failed: {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that one worker goes through, piece after piece."""

    place: str
    pieces: Callable[[], Iterator[Piece]]

    def reduced(self, function: Callable[[Piece], T], merge: Callable[[T, T], T]) -> T | None:
        results = (working(self.place, function, piece) for piece in self.pieces())
        return reduce(partial(either, merge), results, None)


class ReadAgain(Exception):
    """A column's type turned out to be another than it seemed: what was read so far does not count."""


class InOrder:
    """A table whose pieces come in the order of its rows; `results` is what a kind of table adds."""

    def results(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> Generator[T | None, None, None]:
        """``function`` of the pieces, in order; those that one worker had are merged.

        Raises
        ------
        ReadAgain
            Begin again.
        """
        raise TypeError(f"{type(self).__name__} gives no results in order")

    def parts_in(self, columns: Sequence[str]) -> int | None:
        """How many results there will be, where that is known."""
        return None

    def map_reduce(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        while True:
            try:
                results = self.results(function, merge, columns)
                with closing(results):
                    out: T | None = None
                    for result in watched(results, self.parts_in(columns)):
                        out = either(merge, out, result)
                    return out
            except ReadAgain:
                continue


def over_parts(
    parts: Sequence[Part], function: Callable[[Piece], T], merge: Callable[[T, T], T]
) -> Iterator[T | None]:
    """Parts shared out to threads."""
    workers = min(processors(), len(parts))
    tasks = [partial(part.reduced, function, merge) for part in parts]
    return in_order(tasks, workers, workers)


def over_pieces(pieces: Iterable[Piece], function: Callable[[Piece], T]) -> Iterator[T | None]:
    """Pieces that come one after another, read here and worked on by threads."""
    workers = processors()
    tasks = (partial(working, piece.place, function, piece) for piece in pieces)
    return in_order(tasks, workers, 1)


def either(merge: Callable[[T, T], T], a: T | None, b: T | None) -> T | None:
    """`merge` where both are there."""
    if a is None or b is None:
        return b if a is None else a
    return merge(a, b)


@dataclass(frozen=True)
class Files:
    """Files of a filesystem (Arrow's) as they were when they were found."""

    filesystem: Any
    state: tuple[tuple[str, int, int], ...]  # path, bytes, time of the last change (ns)

    @classmethod
    def seen(cls, filesystem: Any, paths: Sequence[str]) -> Files:
        return cls(filesystem, _state(filesystem, paths))

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.state]

    def check(self) -> None:
        """DataError when a file is not what it was."""
        for (path, size, when), (_, now, then) in zip(
            self.state, _state(self.filesystem, self.paths), strict=True
        ):
            if (size, when) != (now, then):
                raise DataError(
                    f"{short(path)} has changed during the fit (it had {size:,} bytes, now {now:,}): "
                    "fit again, to a file that stays as it is"
                )


def short(path: str) -> str:
    """A file's name, for messages."""
    return PurePath(path).name


def _state(filesystem: Any, paths: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    return tuple(
        (info.path, -1 if info.size is None else info.size, info.mtime_ns or 0)
        for info in filesystem.get_file_info(list(paths))
    )


def first_line(error: BaseException) -> str:
    """What an error says first, for messages."""
    return (str(error) or type(error).__name__).splitlines()[0]
