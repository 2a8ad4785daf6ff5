"""Values kept from the survey of a table, so that the passes of a fit neither read nor evaluate the data again.

The first `HELD` bytes stay in memory, the rest goes to one temporary file that has no name: nothing is left
behind however the process ends. It is not put where files are memory (tmpfs), and given up where the disk is
nearly full; then every pass reads the table.

Measured, 4e6 rows x 20 numbers of Parquet, logistic, seconds of processor: in memory 3.8; reading the file in
each of 7 passes 7.3; with this 4.9. Writing a value costs a third of decoding it, reading it back a tenth; more
than decoding it where a virtual machine is given memory page by page (20 µs each), which the page cache takes too.
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
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from ..design.streamed import Streamed
from ..formula.functions.vectors import rows
from ..formula.values import Factor, Matrix, Value
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated
from ..frame.variables import into_levels
from .base import Block, Source
from .progress import watched
from .reading import InOrder
from .tasks import in_order, processors

T = TypeVar("T")
HELD = 2**26  # bytes in memory
RESERVE = 2**31  # bytes that are left free on the disk
ALIGN = 64


@dataclass(frozen=True, slots=True)
class Spilled:
    """A value in the file: all but its arrays, and the first byte and length of each of these.

    `start` and `size` are the bytes in the file; the arrays' places count from `start`.
    """

    bare: bytes
    spans: tuple[tuple[int, int], ...]
    start: int
    size: int


@dataclass(slots=True)
class Kept:
    """The values of a piece's rows in use: `shell` has everything but the values themselves."""

    shell: Evaluated
    values: dict[str, Value | Spilled] = field(default_factory=dict)


class Store:
    """Pieces by the number of their first row; filled by the threads of one pass.

    Attributes
    ----------
    complete : bool
        All pieces are here, with the levels of the schema.
    """

    def __init__(self) -> None:
        self.complete = False
        self._pieces: dict[tuple[int, int], Kept] = {}
        self._file: IO[bytes] | None = None
        self._end = self._held = 0
        self._given_up = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pieces)

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
        shell = replace(values, response=None, variables={}, extra={}, chosen=None)
        here = Kept(shell)
        for key, value in _named(values).items():
            here.values[key] = self._away(value)
        if not self._given_up:
            self._pieces[piece.number, _first(piece)] = here

    def settle(self, streamed: Streamed) -> None:
        """The survey is done: give factors the levels of the schema.

        The store is not complete where it was given up, or has not the rows that the survey counted.
        """
        known = {VARIABLE + name: variable for name, variable in streamed.schema.variables.items()}
        count = 0
        for piece in list(self._pieces.values()):
            count += rows(self._back(piece.values[RESPONSE]))
            for key, value in piece.values.items():
                factor = self._back(value) if key in known and known[key].categorical else None
                if isinstance(factor, Factor) and factor.levels != known[key].levels:
                    piece.values[key] = self._away(into_levels(factor, known[key], "na"))
        self.complete = not self._given_up and count == streamed.nrows
        if not self.complete:
            self._give_up()

    def map_reduce(
        self,
        made: Callable[[Evaluated], Source],
        streamed: Streamed,
        block_fn: Callable[[Block], T],
        merge_fn: Callable[[T, T], T],
    ) -> T:
        """``block_fn`` of every block of what is `made` of the values, merged in the order of the rows."""

        def work(piece: Kept) -> T:
            return made(self._read(piece)).map_reduce(block_fn, merge_fn)

        tasks = (partial(work, piece) for _, piece in sorted(self._pieces.items()))
        workers = processors()
        results = in_order(tasks, workers, workers)
        return reduce(merge_fn, watched(results, len(self._pieces)))

    def _read(self, piece: Kept) -> Evaluated:
        values = {key: self._back(value) for key, value in piece.values.items()}
        parts: dict[str, dict[str, Any]] = {VARIABLE: {}, EXTRA: {}}
        for key, value in values.items():
            if key != RESPONSE:
                parts[key[:1]][key[1:]] = value
        return replace(piece.shell, response=values[RESPONSE], variables=parts[VARIABLE], extra=parts[EXTRA])

    def _away(self, value: Value) -> Value | Spilled:
        """The value itself while there is room in memory, else where it is in the file."""
        buffers: list[pickle.PickleBuffer] = []
        bare = pickle.dumps(_solid(value), 5, buffer_callback=buffers.append)
        size = sum(b.raw().nbytes + ALIGN for b in buffers)
        with self._lock:
            if self._held + size <= HELD:
                self._held += size
                return value
            start = -(-self._end // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
            if not self._room(size):
                return value
            assert self._file is not None
            self._file.seek(start)
            spans, at = [], 0
            for buffer in buffers:
                at += self._file.write(b"\0" * (-at % ALIGN))
                spans.append((at, buffer.raw().nbytes))
                at += self._file.write(buffer.raw())
            self._end = start + at
            return Spilled(bare, tuple(spans), start, at)

    def _back(self, value: Value | Spilled) -> Any:
        """A value as it was; its arrays are the file's own bytes, unmapped with the last array on them."""
        if not isinstance(value, Spilled):
            return value
        assert self._file is not None
        whole = memoryview(
            mmap.mmap(self._file.fileno(), value.size, access=mmap.ACCESS_READ, offset=value.start)
        )
        return pickle.loads(value.bare, buffers=[whole[at : at + size] for at, size in value.spans])

    def _room(self, size: int) -> bool:
        """Whether the file is there and the disk has room; if not, there will be no store."""
        if self._file is None and not self._given_up and (folder := spill_folder()) is not None:
            self._file = tempfile.TemporaryFile(prefix="glmformula-", dir=folder, buffering=0)  # noqa: SIM115
            weakref.finalize(self, self._file.close)
        if self._file is None or shutil.disk_usage(self._file.fileno()).free - size < RESERVE:
            self._give_up()
        return not self._given_up

    def _give_up(self) -> None:
        self._given_up = True
        self._pieces.clear()
        if self._file is not None:
            self._file.close()
            self._file = None


def _first(piece: Piece) -> int:
    """The label of its first row where that is a number, as it is of rows in order."""
    label = piece.frame.index[0]
    return int(label) if isinstance(label, int | np.integer) else 0


def conformed(values: Evaluated, streamed: Streamed) -> Evaluated:
    """The values with the levels of the schema."""
    known, variables = streamed.schema.variables, dict(values.variables)
    for name, value in variables.items():
        if isinstance(value, Factor) and known[name].categorical and value.levels != known[name].levels:
            variables[name] = into_levels(value, known[name], "na")
    return replace(values, variables=variables)


def store_for(table: Any) -> Any:
    """What keeps the values of a table's rows where they are worked on; None where nothing can."""
    if isinstance(table, InOrder):
        return Store()
    store = getattr(table, "store", None)
    return None if store is None else store()


RESPONSE, VARIABLE, EXTRA = "y", "v", "x"  # the first letter of a value's key


def _named(values: Evaluated) -> dict[str, Value]:
    assert values.response is not None
    return {
        RESPONSE: values.response,
        **{VARIABLE + name: value for name, value in values.variables.items()},
        **{EXTRA + name: value for name, value in values.extra.items()},
    }


def _solid(value: Value) -> Value:
    """With arrays that are one run of memory, as the file wants them."""
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
