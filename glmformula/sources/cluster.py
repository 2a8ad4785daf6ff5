"""Dask: each partition is worked on where it is, on the user's scheduler; results are merged in a tree."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, TypeVar

import pandas as pd

from ..errors import Heard, give_warning, hearing
from ..frame.interchange import needed
from ..frame.pieces import Piece
from .blas import one_blas_thread
from .progress import watched
from .reading import either, working

T = TypeVar("T")

BRANCHES = 8  # results merged at a time


@dataclass(frozen=True)
class DaskTable:
    """A Dask DataFrame; its partitions in order are the rows in order."""

    frame: Any
    meta: pd.DataFrame = field(repr=False)

    @property
    def identity(self) -> Hashable:
        return ("dask", self.frame._name)

    def map_reduce(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        dask = needed("dask", "dask")
        job = dask.delayed(_Job(function, merge), traverse=False)
        run, join = (dask.delayed(f, pure=False, traverse=False) for f in (_run, _join))
        parts = self.frame[list(columns)].to_delayed()
        level = [run(job, part, k) for k, part in enumerate(parts)]
        while len(level) > 1:
            level = [join(job, *level[k : k + BRANCHES]) for k in range(0, len(level), BRANCHES)]
        with one_blas_thread():
            (((found, heard),),) = watched((dask.compute(*level) for _ in range(1)), 1)
        for category, text in heard:
            give_warning(text, category, stacklevel=2)
        return found


def open_dask(frame: Any) -> DaskTable:
    return DaskTable(frame, frame._meta)


@dataclass(frozen=True)
class _Job:
    """What every task needs; sent to a worker once."""

    function: Callable[[Piece], Any]
    merge: Callable[[Any, Any], Any]


def _run(job: _Job, frame: pd.DataFrame, number: int) -> tuple[Any, Heard]:
    """The function of a partition; None where it has no row. Warnings come along."""
    if not len(frame):
        return None, []
    place = f"partition {number}"
    work = partial(working, place, job.function, Piece(frame, frozenset(), place, number))
    with hearing() as heard:
        return work(), heard


def _join(job: _Job, *results: tuple[Any, Heard]) -> tuple[Any, Heard]:
    values = [value for value, _ in results]
    heard = list(dict.fromkeys(w for _, more in results for w in more))
    return reduce(partial(either, job.merge), values), heard
