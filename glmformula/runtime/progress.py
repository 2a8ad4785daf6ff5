"""Long work shows itself: one line on stderr that says which pass over the rows is under way and how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 2.0  # seconds before anything is shown
EVERY = 0.1  # seconds between two states of the line
WIDTH = 20
UNSAID = object()


class Bar:
    """The line: `begin` a pass, `tick` after each of its parts, `clear` leaves nothing on the screen."""

    def __init__(self, patience: float) -> None:
        self.passes = 0
        self.start = time.monotonic()
        self.next = self.start + patience
        self.shown = 0

    def tick(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + EVERY
        if total:
            full = min(WIDTH, WIDTH * done // total)
            state = f"[{'#' * full}{' ' * (WIDTH - full)}] {min(100, 100 * done // total):3d}%"
        else:
            state = f"{done} parts" if done else "under way"
        self.show(f"glm: pass {self.passes} {state} {now - self.start:.0f} s")

    def show(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self.shown}}")
        sys.stderr.flush()
        self.shown = len(text)

    def clear(self) -> None:
        if self.shown:
            self.show("")
            self.shown = 0
            sys.stderr.write("\r")
            sys.stderr.flush()


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
    bar.passes += 1
    bar.tick(0, total)
    for done, part in enumerate(parts, start=1):
        bar.tick(done, total)
        yield part
    bar.clear()


def _watched() -> bool:
    """Whether somebody looks on: a terminal, or a notebook."""
    shell = sys.modules.get("IPython")
    if shell is not None and (running := shell.get_ipython()) is not None:
        return "IPKernelApp" in running.config
    return bool(sys.stderr is not None and sys.stderr.isatty())
