"""One BLAS thread while a model is fitted.

Row blocks run on several threads, and both at once mostly wait for each other: five times slower, measured on two
processors. The small matrices that are left would have other last digits with another number of threads, so a fit
among others would not be the fit that it is alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from functools import cache
from typing import Any

_lock = threading.Lock()
_inside = 0
_before: list[int] = []


@cache
def controls() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """(get, set) of each BLAS in the process: NumPy and SciPy may bring one each."""
    import scipy.linalg  # noqa: F401 -- a BLAS that is not loaded yet would not be found
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [(library.get_num_threads, _setter(library)) for library in found]


def _setter(library: Any) -> Callable[[int], object]:
    """threadpoolctl (since 3.8) heeds only the first thread that sets a number, in silence; here the lock decides."""
    released = getattr(library, "clear_controlling_thread", lambda force: None)

    def set_(count: int) -> None:
        released(force=True)
        library.set_num_threads(count)
        released(force=True)

    return set_


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
