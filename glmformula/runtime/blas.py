"""One BLAS thread while a model is fitted.

Row blocks run on several threads, and both at once mostly wait for each other: five times slower, measured on two
processors. The small matrices that are left would have other last digits with another number of threads, so a fit
among others would not be the fit that it is alone.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import cache

# Names under which wheels and distributions ship OpenBLAS, and MKL's.
PREFIXES, SUFFIXES = ("scipy_openblas_", "openblas_"), ("64_", "", "_64")
NAMES = [(f"{a}get_num_threads{b}", f"{a}set_num_threads{b}") for a in PREFIXES for b in SUFFIXES]
NAMES.append(("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"))

_lock = threading.Lock()
_inside = 0
_before: list[int] = []


@cache
def controls() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """(get, set) of the BLAS under NumPy and of the one under SciPy; empty where none is known."""
    import numpy.linalg._umath_linalg as under_numpy
    import scipy.linalg._flapack as under_scipy

    found = []
    for module in (under_numpy, under_scipy):
        try:
            library = ctypes.CDLL(module.__file__)
        except (OSError, TypeError):
            continue
        for get, set_ in NAMES:
            if hasattr(library, get) and hasattr(library, set_):
                found.append((getattr(library, get), getattr(library, set_)))
                break
    return found


def _in_child() -> None:
    """After a fork no other thread is inside, and none will leave."""
    global _inside
    if _inside:
        _inside = 0
        _set(_before)
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child)


def _set(counts: list[int]) -> None:
    for (_, set_), count in zip(controls(), counts):
        set_(count)


class one_blas_thread(ContextDecorator):
    """BLAS calls made inside, by any thread of the process, use one thread; nests, and restores what was."""

    def __enter__(self) -> None:
        global _inside, _before
        with _lock:
            if _inside == 0:
                _before = [get() for get, _ in controls()]
                _set([1] * len(_before))
            _inside += 1

    def __exit__(self, *failure: object) -> None:
        global _inside
        with _lock:
            _inside -= 1
            if _inside == 0:
                _set(_before)
