"""Work shared out to threads, a few pieces under way at once, results in order; nothing is left behind."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from functools import cache, partial
from itertools import count
from typing import TypeVar

import numpy as np

from .blas import one_blas_thread

T = TypeVar("T")

NUMBERS = count()
# Rows of an elementwise function: so many at a time, and so many for a thread.
FEW_ROWS, MANY_ROWS = 2**13, 2**16


def processors() -> int:
    """How many of the machine's this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Team:
    """Threads that begin with the first work for them, and end together."""

    def __init__(self) -> None:
        self.name = f"glmformula-{next(NUMBERS)}-"
        self.pools: dict[int, ThreadPoolExecutor] = {}

    def of(self, workers: int) -> ThreadPoolExecutor:
        if workers not in self.pools:
            self.pools[workers] = ThreadPoolExecutor(workers, thread_name_prefix=self.name)
        return self.pools[workers]

    def close(self) -> None:
        for pool in self.pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        while self.pools and any(thread.name.startswith(self.name) for thread in threading.enumerate()):
            time.sleep(0.001)  # Ctrl-C met a thread that was just beginning: its pool does not know it


TEAM: ContextVar[Team | None] = ContextVar("TEAM", default=None)


@cache
def keep_freed_memory() -> None:
    """Freed memory stays with the process: taking a pass's arrays anew, page by page, cost up to a sixth of it.

    The GNU C library keeps as much as twice the largest block that was ever freed, up to 32 MB (mallopt(3)); this one
    is not touched, and costs nothing.
    """
    np.empty(2**25 - 2**16, dtype=np.uint8)


@contextmanager
def one_team() -> Iterator[None]:
    """All passes inside share their threads; BLAS keeps to one, for the matrices between them are small."""
    if TEAM.get() is not None:
        yield
        return
    keep_freed_memory()
    team = Team()
    token = TEAM.set(team)
    try:
        with one_blas_thread():
            yield
    finally:
        TEAM.reset(token)
        team.close()


def in_order(tasks: Iterable[Callable[[], T]], workers: int, ahead: int) -> Iterator[T]:
    """The results of tasks, in their order; at most ``workers + ahead`` of them are taken up at once.

    When the caller stops (an error, Ctrl-C) tasks that have not begun are dropped; no thread is left at work.
    """
    waiting: deque[Future[T]] = deque()
    with ExitStack() as stack:
        stack.enter_context(one_blas_thread())
        if workers <= 1:
            yield from (task() for task in tasks)
            return
        team = TEAM.get()
        if team is None:
            team = Team()
            stack.callback(team.close)
        stack.callback(_dropped, waiting)
        pool = team.of(workers)
        for task in tasks:
            if len(waiting) >= workers + ahead:
                yield waiting.popleft().result()
            context = copy_context()
            context.run(TEAM.set, None)  # a task that shares out work of its own must not wait for itself
            waiting.append(pool.submit(context.run, task))
        while waiting:
            yield waiting.popleft().result()


def shared_out(tasks: Sequence[Callable[[], T]]) -> Iterator[T]:
    """The results of tasks that are there already, in their order, by all processors."""
    workers = min(processors(), len(tasks))
    return in_order(tasks, workers, workers)


def by_rows(function: Callable[..., tuple[np.ndarray, ...]], *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """What an elementwise function says of long arrays, a cacheful of rows at a time, by all processors."""
    n = len(arrays[0])
    if n <= MANY_ROWS:
        return function(*arrays)
    out = tuple([np.empty(n, dtype=one.dtype) for one in function(*(a[:1] for a in arrays))])

    def some(first: int, last: int) -> None:
        for start in range(first, last, FEW_ROWS):
            rows = slice(start, min(start + FEW_ROWS, last))
            with np.errstate(all="ignore"):
                for whole, part in zip(out, function(*(a[rows] for a in arrays)), strict=True):
                    whole[rows] = part

    for _ in shared_out([partial(some, k, min(k + MANY_ROWS, n)) for k in range(0, n, MANY_ROWS)]):
        pass
    return out


def _dropped(waiting: deque[Future[T]]) -> None:
    for future in waiting:
        future.cancel()
    wait(waiting)
