"""Work on rows that are elsewhere: what is sent to workers, what comes back with its warnings, what they put aside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, TypeVar

from ..errors import Heard, give_warning, hearing
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated
from .reading import either

T = TypeVar("T")
ASIDE = threading.local()


@dataclass(frozen=True)
class Job:
    """What every task needs."""

    function: Callable[..., Any]
    merge: Callable[[Any, Any], Any]


def run(job: Job, *arguments: Any) -> tuple[Any, Heard]:
    """Warnings come along."""
    with hearing() as heard:
        return job.function(*arguments), heard


def join(job: Job, *results: tuple[Any, Heard]) -> tuple[Any, Heard]:
    """Results merged, each warning once."""
    values = [value for value, _ in results]
    heard = list(dict.fromkeys(w for _, more in results for w in more))
    return reduce(partial(either, job.merge), values), heard


def heard_here(result: tuple[T, Heard]) -> T:
    """The value of a result; the warnings of its tasks are given here."""
    found, heard = result
    for category, text in heard:
        give_warning(text, category)
    return found


def put_aside(piece: Piece, values: Evaluated, kept: Any) -> None:
    """Where the survey sees a piece's values, for the task that called it."""
    ASIDE.values = values.cut(kept)
