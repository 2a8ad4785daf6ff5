"""Values kept from the survey of a table, so that the passes of a fit neither read nor evaluate the data again.

The first `HELD` bytes stay in memory, the rest goes to temporary files that have no name, one for each thread
(a file is written by one at a time): nothing is left behind however the process ends. They are not put where files
are memory (tmpfs), and given up where the disk is nearly full; then every pass reads the table. The first pass of
the fit makes of each piece the source that all passes go over: its arrays are maps of the files, and what is not
there yet (recoded levels, joint codes) is written too. Maps are made for each use: their pages are not held.

Measured, 4e6 rows x 20 numbers of Parquet, logistic, ns a row by the clock: in memory 44 a pass; from here 50;
reading the file 110. Writing takes 25, once; many times that where a virtual machine is given memory page by page
(20 µs each), which the page cache takes too.
"""

from __future__ import annotations

import mmap
import os
import pickle
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from ..design.pieces import Design
from ..design.streamed import Streamed
from ..formula.functions.vectors import rows
from ..formula.values import Factor, Matrix, Value
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated
from ..runtime.progress import watched
from ..runtime.tasks import in_order, processors
from .base import Block
from .memory import MemorySource
from .reading import InOrder

T = TypeVar("T")
HELD = 2**26  # bytes in memory
RESERVE = 2**31  # bytes that are left free on the disk
ALIGN = 64
NONE = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of a file."""

    file: IO[bytes]
    start: int
    stop: int

    def mapped(self) -> mmap.mmap:
        size = self.stop - self.start
        return mmap.mmap(self.file.fileno(), size, access=mmap.ACCESS_READ, offset=self.start)


@dataclass(frozen=True, slots=True)
class Spilled:
    """An object: `bare` is all but its arrays, whose bytes are (run, first, size) of the runs."""

    bare: bytes
    places: tuple[tuple[int, int, int], ...]
    runs: tuple[Run, ...]

    def maps(self) -> list[mmap.mmap]:
        return [run.mapped() for run in self.runs]

    def loaded(self, maps: Sequence[mmap.mmap]) -> Any:
        """The object as it was; its arrays are the maps' own bytes, unmapped with the last array on them."""
        whole = [memoryview(m) for m in maps]
        return pickle.loads(self.bare, buffers=[whole[k][at : at + size] for k, at, size in self.places])


class Store:
    """Pieces by the number of their first row; filled by the threads of one pass.

    Attributes
    ----------
    complete : bool
        All pieces are here.
    """

    def __init__(self) -> None:
        self.complete = False
        self._values: dict[tuple[int, int], Evaluated | Spilled] = {}
        self._sources: dict[tuple[int, int], MemorySource | Spilled] = {}
        self._made: Callable[[Evaluated], MemorySource] | None = None
        self._names: Design | None = None
        self._files: list[IO[bytes]] = []
        self._mine = threading.local()  # this thread's file
        self._held = 0
        self._rows: dict[tuple[int, int], int] = {}
        self._given_up = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def __reduce__(self) -> tuple[type[Store], tuple[()]]:
        return Store, ()

    def survey(
        self, table: Any, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        """A pass in which `function` calls `put`."""
        found: T | None = table.map_reduce(function, merge, columns)
        return found

    def put(self, piece: Piece, values: Evaluated, kept: np.ndarray | None) -> None:
        """Keep the values of a piece's rows in use; a piece that comes again replaces itself."""
        values = values.cut(kept)
        if self._given_up or values.response is None or not rows(values.response):
            return
        here = self._away(_solid_values(replace(values, chosen=None)))
        if here is None:
            self._give_up()
        if here is not None and not self._given_up:
            key = piece.number, _first(piece)
            self._values[key], self._rows[key] = here, rows(values.response)

    def settle(self, streamed: Streamed, made: Callable[[Evaluated], MemorySource]) -> None:
        """The survey is done; `made` gives what the passes go over.

        The store is not complete where it was given up, or has not the rows that the survey counted.
        """
        self._made, self._names = made, streamed.design
        self.complete = not self._given_up and sum(self._rows.values()) == streamed.nrows
        if not self.complete:
            self._give_up()

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block, merged in the order of the rows."""

        def work(key: tuple[int, int]) -> T:
            return self._source(key).map_reduce(block_fn, merge_fn)

        workers = processors()
        results = in_order((partial(work, key) for key in sorted(self._rows)), workers, workers)
        return reduce(merge_fn, watched(results, len(self._rows)))

    def _source(self, key: tuple[int, int]) -> MemorySource:
        """A piece for a pass; the first pass that comes to it makes it, and has the values let go."""
        # there is always one of them, in this order
        values, here = self._values.get(key), self._sources.get(key)
        if isinstance(here, MemorySource):
            return here
        if here is not None:
            return self._named(here.loaded(here.maps()))
        assert self._made is not None
        assert values is not None
        maps = values.maps() if isinstance(values, Spilled) else []
        source = self._made(values.loaded(maps) if isinstance(values, Spilled) else values)
        kept: MemorySource | Spilled = source
        if isinstance(values, Spilled):
            nameless = replace(source.design, names=(), assign=NONE, term_labels=())
            apart = taken_apart(replace(source, design=nameless))
            kept = self._written(*apart, values.runs, maps) or source
        self._sources[key] = kept
        self._values.pop(key, None)
        return source

    def _named(self, source: MemorySource) -> MemorySource:
        """With the names of the fit, which are there once for all pieces."""
        assert self._names is not None
        names = {name: getattr(self._names, name) for name in ("names", "assign", "term_labels")}
        return replace(source, design=replace(source.design, **names))

    def _away(self, values: Evaluated) -> Evaluated | Spilled | None:
        """The values themselves while there is room in memory, else where they are in a file, if that has room."""
        bare, arrays = taken_apart(values)
        size = sum(array.nbytes for array in arrays)
        with self._lock:
            if self._held + size <= HELD:
                self._held += size
                return values
        return self._written(bare, arrays, (), ())

    def _written(
        self, bare: bytes, arrays: list[memoryview], runs: tuple[Run, ...], maps: Sequence[mmap.mmap]
    ) -> Spilled | None:
        """Arrays that are in no map of the runs yet go to this thread's file; None where there is no room."""
        known = [(address(m), len(m)) for m in maps]
        places: list[tuple[int, int, int]] = []
        fresh: list[tuple[int, memoryview]] = []
        size = 0
        for array in arrays:
            begins = address(array) if array.nbytes else 0
            there = [(k, begins - at) for k, (at, length) in enumerate(known) if 0 <= begins - at < length]
            if array.nbytes and not there:
                size += -size % ALIGN
                there = [(len(runs), size)]
                fresh.append((size, array))
                size += array.nbytes
            places.append((*(there[0] if there else (0, 0)), array.nbytes))
        if not size:
            return Spilled(bare, tuple(places), runs)
        file = self._file(size)
        if file is None:
            return None
        start = file.seek(0, os.SEEK_END)
        start += -start % mmap.ALLOCATIONGRANULARITY
        try:
            for at, array in fresh:
                file.seek(start + at)
                while array.nbytes:  # a write may take less than all
                    array = array[file.write(array) :]
        except OSError:  # others have filled the disk
            return None
        return Spilled(bare, tuple(places), (*runs, Run(file, start, start + size)))

    def _file(self, size: int) -> IO[bytes] | None:
        """This thread's file, where it can be had and the disk has room."""
        file: IO[bytes] | None = getattr(self._mine, "file", None)
        if file is None and (folder := spill_folder()) is not None:
            file = tempfile.TemporaryFile(prefix="glmformula-", dir=folder, buffering=0)  # noqa: SIM115
            weakref.finalize(self, file.close)
            self._mine.file = file
            self._files.append(file)
        return file if file and shutil.disk_usage(file.fileno()).free - size >= RESERVE else None

    def _give_up(self) -> None:
        self._given_up = True
        self._values.clear()
        self._rows.clear()
        for file in self._files:  # closed with the store: another thread may be writing
            file.truncate(0)


def taken_apart(value: Any) -> tuple[bytes, list[memoryview]]:
    """An object without its arrays, and these."""
    buffers: list[pickle.PickleBuffer] = []
    bare = pickle.dumps(value, 5, buffer_callback=buffers.append)
    return bare, [buffer.raw() for buffer in buffers]


def address(buffer: Any) -> int:
    """Of its first byte."""
    first: int = np.frombuffer(buffer, dtype=np.uint8).__array_interface__["data"][0]
    return first


def _first(piece: Piece) -> int:
    """The label of its first row where that is a number, as it is of rows in order."""
    label = piece.frame.index[0]
    return int(label) if isinstance(label, int | np.integer) else 0


def store_for(table: Any) -> Any:
    """What keeps the values of a table's rows where they are worked on; None where nothing can."""
    if isinstance(table, InOrder):
        return Store()
    store = getattr(table, "store", None)
    return None if store is None else store()


def _solid_values(values: Evaluated) -> Evaluated:
    """With arrays that are one run of memory, as the file wants them."""
    return replace(
        values,
        response=None if values.response is None else _solid(values.response),
        variables={name: _solid(value) for name, value in values.variables.items()},
        extra={name: np.ascontiguousarray(value) for name, value in values.extra.items()},
    )


def _solid(value: Value) -> Value:
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value)
    if isinstance(value, Factor):
        return replace(value, codes=np.ascontiguousarray(value.codes))
    if isinstance(value, Matrix) and not value.values.flags.f_contiguous:
        return replace(value, values=np.asfortranarray(value.values))
    return value


def spill_folder() -> Path | None:
    """Where large temporary files go: a folder on a disk, or None."""
    for folder in dict.fromkeys([os.environ.get("TMPDIR"), tempfile.gettempdir(), "/var/tmp"]):
        if folder and os.access(folder, os.W_OK) and not _is_memory(folder):
            return Path(folder)
    return None


def _is_memory(folder: str) -> bool:
    """Whether a folder's files are memory, as far as one can see."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    mounts = {fields[1]: fields[2] for fields in map(str.split, lines) if len(fields) > 2}
    path = Path(folder).resolve()
    nearest = next((str(p) for p in (path, *path.parents) if str(p) in mounts), "")
    return mounts.get(nearest, "") in ("tmpfs", "ramfs")
