"""Long work shows itself: one line on stderr that says which pass over the rows is under way and how far it is."""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 2.0  # seconds before anything is shown
EVERY = 0.1  # seconds between two states of the line
COUNTED = "{desc} [{bar:20}] {percentage:3.0f}% {elapsed_s:.0f} s"
UNCOUNTED = "{desc} {state} {elapsed_s:.0f} s"
UNSAID = object()


@cache
def _drawn() -> type:
    """tqdm's bar: in a notebook with widgets a widget, otherwise a line; without a thread or a lock of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a notebook has no widgets
        from tqdm.auto import tqdm

    class Drawn(tqdm):  # type: ignore[misc]
        monitor_interval = 0

        @property
        def format_dict(self) -> dict[str, Any]:
            found: dict[str, Any] = super().format_dict
            return {**found, "state": f"{found['n']} parts" if found["n"] else "under way"}

    Drawn.set_lock(threading.RLock())
    return Drawn


class Bar:
    """What is shown of the passes of one piece of work; nothing stays on the screen."""

    def __init__(self, patience: float) -> None:
        self.passes = 0
        self.start, self.patience = time.time(), patience
        self.shown: Any = None

    def begin(self, total: int | None) -> Any:
        """The bar of the next pass."""
        self.clear()
        self.passes += 1
        form = COUNTED if total else UNCOUNTED
        self.shown = _drawn()(
            desc=f"glm: pass {self.passes}", total=total, bar_format=form, ascii=" #", leave=False,
            delay=self.patience, mininterval=EVERY, miniters=1,
        )  # fmt: skip
        self.shown.start_t = self.start  # patience and seconds are those of all passes together
        return self.shown

    def clear(self) -> None:
        if self.shown is not None:
            self.shown.close()
            self.shown = None


_bar: ContextVar[Bar | None] = ContextVar("bar")  # not set: nobody has said; None: nothing is shown


@contextmanager
def showing(wanted: bool | None) -> Iterator[None]:
    """Passes made inside show themselves, as the outermost of these contexts says.

    Parameters
    ----------
    wanted : bool or None
        None: in a terminal or a notebook, once the work has taken `PATIENCE` seconds.
    """
    if _bar.get(UNSAID) is not UNSAID:
        yield
        return
    bar = Bar(0.0 if wanted else PATIENCE) if wanted or (wanted is None and _watched()) else None
    token = _bar.set(bar)
    try:
        yield
    finally:
        _bar.reset(token)
        if bar is not None:
            bar.clear()


def watched(parts: Iterable[T], total: int | None = None) -> Iterator[T]:
    """The parts of one pass, counted as they are done; `total` is how many there will be, if that is known."""
    bar = _bar.get(None)
    if bar is None:
        yield from parts
        return
    shown = bar.begin(total)
    for part in parts:
        shown.update()
        yield part
    bar.clear()


def _watched() -> bool:
    """Whether somebody looks on: a terminal, or a notebook."""
    shell = sys.modules.get("IPython")
    if shell is not None and (running := shell.get_ipython()) is not None:
        return "IPKernelApp" in running.config
    return bool(sys.stderr is not None and sys.stderr.isatty())
