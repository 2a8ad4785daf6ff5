"""One BLAS thread while row blocks run on several.

Both at once mostly wait for each other: five times slower, measured on two processors.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS calls made inside, by any thread of the process, use one thread; nests, and restores what was."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = [get() for get, _ in controls()]
            for _, set_ in controls():
                set_(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                for (_, set_), count in zip(controls(), _before):
                    set_(count)
