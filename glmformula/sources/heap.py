"""Temporary arrays of a block from the heap: as new pages from the system they took half of the time of a pass.

glibc takes a large array from the system, and the heap from then on once an array of that size was freed. Dask's
workers are told to give every freed array back (MALLOC_TRIM_THRESHOLD_, which also ends glibc's own adjustment).
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

TOLD, CHOSEN = "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # mallopt's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD
USUAL, LARGEST = 2**17, 2**25  # bytes: where glibc begins, and where its adjustment ends
KEPT = 2**27  # bytes of free memory that are not given back inside

_lock = threading.Lock()
_inside = 0


@cache
def large_arrays_from_heap() -> None:
    """Free one array of the largest size that glibc's adjustment takes up; its pages are never touched."""
    np.empty(LARGEST - 2**14, dtype=np.uint8)


@cache
def control() -> Callable[[int, int], int] | None:
    """glibc's ``mallopt``, where it is needed and there."""
    if TOLD not in os.environ or CHOSEN in os.environ:
        return None
    try:
        found: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "mallopt", None)
    except (OSError, TypeError):
        return None
    return found


@contextmanager
def arrays_from_heap() -> Iterator[None]:
    """Memory that is freed inside is used again inside; nests, over all threads of the process."""
    global _inside
    mallopt = control()
    if mallopt is None:
        yield
        return
    with _lock:
        _inside += 1
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, KEPT)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                mallopt(MMAP_THRESHOLD, USUAL)
                mallopt(TRIM_THRESHOLD, int(os.environ[TOLD]))
