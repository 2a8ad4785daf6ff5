"""Coefficients with a valid constant mean, for the fits where R's own start leaves the valid region."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..families import Family
from ..sources.base import Block, Source


def intercept_starts(source: Source, family: Family, p: int, mean: float) -> Iterator[np.ndarray]:
    """Intercepts to try, all else 0: the mean response, less the mean or an end of the offset."""
    with np.errstate(all="ignore"):
        level = float(family.link.linkfun(np.array([mean]))[0])
    if not np.isfinite(level):
        return
    low, high, total, n = source.map_reduce(offset_range, wider)
    for shift in dict.fromkeys((total / n, low, high)):
        beta = np.zeros(p)
        beta[0] = level - shift
        yield beta


def offset_range(block: Block) -> tuple[float, float, float, int]:
    offset = np.zeros(1) if block.offset is None else block.offset
    return float(offset.min()), float(offset.max()), float(offset.sum()), len(offset)


def wider(
    a: tuple[float, float, float, int], b: tuple[float, float, float, int]
) -> tuple[float, float, float, int]:
    return min(a[0], b[0]), max(a[1], b[1]), a[2] + b[2], a[3] + b[3]
