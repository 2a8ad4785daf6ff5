"""Work shared out to threads, a few pieces under way at once, results in order; nothing is left behind."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import count
from typing import TypeVar

from .blas import one_blas_thread

T = TypeVar("T")

POOLS = count()


def processors() -> int:
    """How many of the machine's this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(tasks: Iterable[Callable[[], T]], workers: int, ahead: int) -> Iterator[T]:
    """The results of tasks, in their order; at most ``workers + ahead`` of them are taken up at once.

    When the caller stops (an error, Ctrl-C) tasks that have not begun are dropped and the threads end.
    """
    waiting: deque[Future[T]] = deque()
    with one_blas_thread():
        name = f"glmformula-{next(POOLS)}-"
        pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        try:
            for task in tasks:
                if len(waiting) >= workers + ahead:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(copy_context().run, task))
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            while any(thread.name.startswith(name) for thread in threading.enumerate()):
                time.sleep(0.001)  # Ctrl-C met a thread that was just beginning: the pool does not know it
