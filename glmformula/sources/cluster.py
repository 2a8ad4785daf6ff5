"""Dask: each partition is worked on where it is, on the user's scheduler; results are merged in a tree.

On a cluster the values that the survey has seen stay on the workers for the passes of the fit, as results that
Dask knows of: it spills them to disk, and makes them again when a worker is lost. Only jobs travel to the
workers, and small records back. A task costs some 5 ms of scheduling (measured), so a worker's thread goes through all
that it has there in one. Nothing of the user's own is persisted, and nothing is kept where it would take
more than `MOST_KEPT` of the workers' memory: then each pass computes the partitions again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, TypeVar

import pandas as pd

from ..design.streamed import Streamed
from ..errors import DataError, GLMFormulaError, Heard
from ..formula.functions.vectors import rows
from ..frame.columns import names_in_text
from ..frame.interchange import is_text, needed
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated
from ..runtime.blas import one_blas_thread
from ..runtime.progress import watched
from .base import Block
from .memory import MemorySource
from .reading import either, working
from .remote import ASIDE, Job, heard_here, join, put_aside, run
from .steady import Marks, Steady
from .store import Store, taken_apart

T = TypeVar("T")

BRANCHES = 8  # results merged at a time
MOST_NAMED = 5  # groups of neighbours, of the partitions that a task has
MERGED_HERE = 2  # results that need no merging on the workers
MOST_KEPT = 0.5  # of the workers' memory
RUNNING = ("running", "connecting")
UNKNOWN = "__UNKNOWN_CATEGORIES__"  # Dask's only category where it does not know them


@dataclass(frozen=True)
class DaskTable:
    """A Dask DataFrame; its partitions in order are the rows in order.

    `texts` are its columns of codes into strings whose order nobody has declared: each partition has its own.
    """

    frame: Any
    meta: pd.DataFrame = field(repr=False)
    texts: frozenset[str] = frozenset()
    steady: Steady = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steady", Steady(_fixed_borders(self.frame)))

    @property
    def identity(self) -> Hashable:
        return ("dask", self.frame._name)

    def tasks(self, columns: Sequence[str], function: Callable[..., Any], job: Any) -> list[Any]:
        """``function(frame, job, partition_info)`` of each partition with these columns.

        One task with what makes the partition, where Dask can do that: then no partition goes to another worker.
        The columns in the frame's order: pandas copies a partition to have them in another.
        """
        wanted = [name for name in self.frame.columns if name in columns]
        made = self.frame[wanted].map_partitions(
            function, job, meta=pd.Series([], dtype=object), enforce_metadata=False
        )
        tasks: list[Any] = made.to_delayed()
        return tasks

    def map_reduce(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        watched, merged = self.steady.watched(function, merge)
        dask, job = needed("dask", "dask"), Job(partial(_of_partition, self.texts, watched), merged)
        with _failures(self, columns):
            there = dask.delayed(job, traverse=False)
            root = _root(self.tasks(columns, _run_frame, there), there)
            (found,) = _computed(partial(dask.compute, root))
        return self.compared(heard_here(found))

    def compared(self, found: tuple[Marks, T] | None) -> T | None:
        """The result of a pass, if it went over the rows of those before."""
        self.steady.compare({} if found is None else found[0])
        return None if found is None else found[1]

    def store(self) -> Store | ClusterStore | None:
        """What keeps the values of the rows: this process for its own threads, the workers of a cluster."""
        dask = needed("dask.base", "dask")
        get = dask.get_scheduler(collections=[self.frame]) or self.frame.__dask_scheduler__
        module = getattr(get, "__module__", "")
        if module in ("dask.threaded", "dask.local"):
            return Store()
        client = getattr(get, "__self__", None)
        return ClusterStore(client) if module.startswith("distributed") and client is not None else None


def open_dask(frame: Any) -> DaskTable:
    """A Dask DataFrame, its columns' names in text.

    Raises
    ------
    DataError
        Two names are one in text, or Dask is too old.
    """
    needed("dask", "dask")
    frame = _named_in_text(frame)
    meta = frame._meta
    texts = [name for name, kind in zip(meta.columns, meta.dtypes, strict=True) if _undeclared(kind)]
    if not meta.columns.is_unique:
        return DaskTable(frame, meta)
    return DaskTable(frame, meta.astype(dict.fromkeys(texts, "str")), frozenset(texts))


def _named_in_text(frame: Any) -> Any:
    names = list(frame.columns)
    texts = names_in_text(frame.columns)
    if texts is None:
        return frame
    for name, text in zip(names, texts, strict=True):
        alike = [repr(other) for other in names if str(other) == text]
        if len(alike) > 1 and not isinstance(name, str):
            raise DataError(f"the columns {' and '.join(alike)} have one name in a formula: rename one")
    return frame.rename(columns=dict(zip(names, texts, strict=True)))


def _undeclared(kind: Any) -> bool:
    """Whether a column's type is of categories that each partition numbers for itself."""
    if isinstance(kind, pd.CategoricalDtype):
        return not kind.ordered and UNKNOWN in kind.categories
    if not isinstance(kind, pd.ArrowDtype):
        return False
    stored = kind.pyarrow_dtype
    dictionary = needed("pyarrow", "arrow").types.is_dictionary(stored)
    return dictionary and not stored.ordered and is_text(stored.value_type)


class ClusterStore:
    """Values of the rows in use, a result on the cluster for each partition.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any = None) -> None:
        self.client = client
        self.shares: list[Share] = []
        self.made: Any = None

    def __reduce__(self) -> tuple[type[ClusterStore], tuple[()]]:
        return ClusterStore, ()

    @property
    def complete(self) -> bool:
        return bool(self.shares) and self.client.status in RUNNING

    put = staticmethod(put_aside)

    def survey(
        self,
        table: DaskTable,
        function: Callable[[Piece], T],
        merge: Callable[[T, T], T],
        columns: Sequence[str],
    ) -> T | None:
        """A pass in which `function` calls `put`."""
        watched, merged = table.steady.watched(function, merge)
        dask, job = needed("dask", "dask"), Job(partial(_of_partition, table.texts, watched), merged)
        with _failures(table, columns):
            both = table.tasks(columns, _run_and_keep, dask.delayed(job, traverse=False))
            parts = _persisted(both)
            self.shares = shares_of(parts, self.client.who_has(parts), self.client.nthreads())
            ((_, _, found),) = _in_order(job, *self._shared_out(_firsts, partial(_in_order, job), job))
        return table.compared(heard_here(found))

    def settle(self, streamed: Streamed, made: Callable[[Evaluated], MemorySource]) -> None:
        """The survey is done: keep nothing that is too large."""
        self.made = made
        values = streamed.nrows * (1 + len(streamed.schema.variables) + len(streamed.recipe.extra))
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        limit = sum(worker.get("memory_limit") or 0 for worker in workers)
        if limit and 8 * values > MOST_KEPT * limit:
            self.shares = []

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block of the sources made of the values, merged in any order."""
        job = Job(partial(_of_parts, block_fn, merge_fn), merge_fn)
        with _failures():
            if not isinstance(self.made, needed("distributed", "dask").Future):
                self.made = self.client.submit(_itself, self.made, pure=False)  # the schema travels once
            found = join(job, *self._shared_out(_run_parts, partial(join, job), job, self.made))
        return heard_here(found)

    def _shared_out(self, task: Callable[..., T], joined: Callable[..., T], *more: Any) -> list[T]:
        """``task(*more, numbers, *parts)`` of every share, merged in a tree until few are left."""
        submit, token = partial(self.client.submit, pure=False), os.urandom(8).hex()
        level = [
            submit(task, *more, share.numbers, *share.parts, key=f"{NAME}-{share.place}-{token}")
            for share in self.shares
        ]
        level = _tree(level, partial(submit, joined), MERGED_HERE)
        return _computed(partial(self.client.gather, level))


@dataclass(frozen=True)
class Share:
    """Partitions that are on one worker: what one of its threads goes through in a pass."""

    numbers: tuple[int, ...]
    parts: tuple[Any, ...]

    @property
    def place(self) -> str:
        """The numbers in a few words, neighbours together."""
        cuts = [k for k in range(1, len(self.numbers)) if self.numbers[k] != self.numbers[k - 1] + 1]
        groups = [self.numbers[i:j] for i, j in pairwise([0, *cuts, len(self.numbers)])]
        texts = [str(g[0]) if len(g) == 1 else f"{g[0]} to {g[-1]}" for g in groups]
        return ", ".join(texts[:MOST_NAMED]) + ", ..." * (len(texts) > MOST_NAMED)


def shares_of(
    parts: Sequence[Any], where: Mapping[Any, Sequence[str]], threads: Mapping[str, int]
) -> list[Share]:
    """What is on a worker together, shared out to its threads.

    Parameters
    ----------
    parts : sequence of distributed.Future
    where : mapping
        The workers that have a part, by its key.
    threads : mapping
        How many threads a worker has.
    """
    groups: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(next(iter(where.get(part.key, ())), ""), []).append(number)
    shares = []
    for worker, numbers in groups.items():
        count = min(len(numbers), max(1, threads.get(worker, 1)))
        cuts = [len(numbers) * k // count for k in range(count + 1)]
        shares += [
            Share(tuple(numbers[a:b]), tuple(parts[k] for k in numbers[a:b])) for a, b in pairwise(cuts)
        ]
    return shares


class Held:
    """A partition's values, and what the first pass makes of them, whose size Dask can see: tasks go where it is."""

    def __init__(self, value: Evaluated) -> None:
        self.value: Evaluated | MemorySource = value
        bare, arrays = taken_apart(value)
        self.size = len(bare) + sum(array.nbytes for array in arrays)

    def source(self, made: Callable[[Evaluated], MemorySource]) -> MemorySource:
        """One thread: the scheduler has other tasks for the other cores."""
        if not isinstance(self.value, MemorySource):
            self.value = replace(made(self.value), threads=1)
        return self.value

    def __sizeof__(self) -> int:
        return self.size


def _of_parts(
    block_fn: Callable[[Block], T],
    merge_fn: Callable[[T, T], T],
    made: Callable[[Evaluated], MemorySource],
    parts: Sequence[Held | None],
) -> T | None:
    found: T | None = None
    for held in parts:
        if held is not None:
            found = either(merge_fn, found, held.source(made).map_reduce(block_fn, merge_fn))
    return found


def _fixed_borders(frame: Any) -> bool:
    """Whether a partition is the same rows whichever columns are asked for: of Parquet, Dask joins small ones."""
    return not any(type(made).__name__.startswith("ReadParquet") for made in frame.expr.walk())


def _of_partition(
    texts: frozenset[str], function: Callable[[Piece], T], frame: pd.DataFrame, number: int
) -> T | None:
    """The function of a partition; None where it has no row."""
    if not len(frame):
        return None
    place = f"partition {number}"
    return working(place, function, Piece(frame, texts, place, number))


# ---- graphs ----


NAME = "glm-partition"
KEY = re.compile(rf"{NAME}-([\d to,.]+)-|, (\d+)\)$")  # ours, or Dask's: (name, partition)


def _tree(level: list[Any], joined: Callable[..., Any], most: int = 1) -> list[Any]:
    """Results merged, `BRANCHES` at a time, until there are at most so many."""
    while len(level) > most:
        level = [joined(*level[k : k + BRANCHES]) for k in range(0, len(level), BRANCHES)]
    return level


def _root(tasks: list[Any], job: Any) -> Any:
    """The one delayed result of delayed tasks."""
    return _tree(tasks, partial(needed("dask", "dask").delayed(join, pure=False, traverse=False), job))[0]


def _persisted(tasks: Sequence[Any]) -> list[Any]:
    """The futures of delayed tasks, when they are done; what failed first is raised."""
    distributed = needed("distributed", "dask")
    persisted = needed("dask", "dask").persist(*tasks)
    parts = [future for one in persisted for future in distributed.futures_of(one)]
    with one_blas_thread():
        for part in watched(distributed.as_completed(parts), len(parts)):
            if part.status != "finished":
                part.result()
    return parts


def _computed(compute: Callable[[], T]) -> T:
    with one_blas_thread():
        (found,) = watched(compute() for _ in range(1))
    return found


def _run_parts(
    job: Job, made: Any, numbers: tuple[int, ...], *parts: tuple[Any, Held | None]
) -> tuple[Any, Heard]:
    return run(job, made, [held for _, held in parts])


def _run_frame(frame: pd.DataFrame, job: Job, partition_info: Any = None) -> tuple[Any, Heard]:
    return run(job, frame, partition_info["number"] if partition_info else 0)


def _run_and_keep(
    frame: pd.DataFrame, job: Job, partition_info: Any = None
) -> tuple[tuple[Any, Heard], Held | None]:
    """The result, and what the function has put aside: None where there is no row."""
    ASIDE.values = None
    try:
        result = _run_frame(frame, job, partition_info)
        values = ASIDE.values
    finally:
        ASIDE.values = None
    return result, Held(values) if values is not None and rows(values.response) else None


def _firsts(
    job: Job, numbers: tuple[int, ...], *parts: tuple[tuple[Any, Heard], Any]
) -> list[tuple[int, int, tuple[Any, Heard]]]:
    """What the survey found in these partitions."""
    return _in_order(job, [(k, k + 1, first) for k, (first, _) in zip(numbers, parts, strict=True)])


def _in_order(
    job: Job, *lists: Sequence[tuple[int, int, tuple[Any, Heard]]]
) -> list[tuple[int, int, tuple[Any, Heard]]]:
    """Results of partitions (from, to, result), neighbours merged: of levels the order counts."""
    out: list[tuple[int, int, tuple[Any, Heard]]] = []
    for first, stop, result in sorted(chain.from_iterable(lists), key=itemgetter(0)):
        if out and out[-1][1] == first:
            out[-1] = out[-1][0], stop, join(job, out[-1][2], result)
        else:
            out.append((first, stop, result))
    return out


def _itself(value: T) -> T:
    return value


@contextmanager
def _failures(table: DaskTable | None = None, columns: Sequence[str] = ()) -> Iterator[None]:
    """What fails in the graph, and is no message of ours, names the partition."""
    try:
        yield
    except GLMFormulaError:
        raise
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            which = KEY.search(str(getattr(error, "task", "")))
            number = which[1] or which[2] if which else ""
            place = f"partition{'s' * (' ' in number)} {number}" if number else "a partition"
            raise DataError(
                f"a worker died with {place} under way{_times(error)} (out of memory?): smaller partitions or "
                "workers with more memory may help"
            ) from error
        where, cause = (None, None) if table is None else _first_failure(table, columns)
        place = "the Dask graph" if where is None else f"partition {where}"
        text = str(cause or error).splitlines() or [""]
        raise DataError(f"the work on {place} failed: {type(cause or error).__name__}: {text[0]}") from (
            cause or error
        )


def _times(error: Any) -> str:
    failed = getattr(error, "allowed_failures", None)
    return "" if not failed else f", {failed + 1} times over"


def _first_failure(table: DaskTable, columns: Sequence[str]) -> tuple[int | None, Exception | None]:
    """Compute the partitions one by one, to see which one cannot be."""
    dask = needed("dask", "dask")
    for number, task in enumerate(table.tasks(columns, _nothing, None)):
        try:
            dask.compute(task)
        except Exception as error:
            return number, error
    return None, None


def _nothing(frame: pd.DataFrame, job: None) -> None:
    return None
