"""``python -m benchmarks.scaling``: how cost grows, measured, and what follows for 150 million rows; scaling.md.

Times are processor seconds of the whole process (all threads), which other work on the machine changes less
than the clock; where workers are compared the clock is meant.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np

import glmformula
from glmformula.design.pieces import Indicators, Piece
from glmformula.engine.irls import fit_glm
from glmformula.families import Family, binomial, poisson
from glmformula.sources.memory import MemorySource

from . import measure, portfolio
from .engine import design

HERE = Path(__file__).parent
REPEATS = 3
FULL_ROWS, FULL_COLUMNS = 150_000_000, 70
WORKERS = 32


@dataclass(frozen=True)
class Cost:
    """Processor and clock seconds of a fit, and its iterations."""

    processor: float
    clock: float
    iterations: int


def numbers(n: int, p: int) -> tuple[MemorySource, Family]:
    """A logistic regression on an intercept and p - 1 normal columns."""
    draw = np.random.default_rng(1)
    X = draw.standard_normal((p - 1, n))
    eta = draw.normal(0, 1 / np.sqrt(p), p - 1) @ X - 1.0
    y = (draw.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return MemorySource(design([Piece(()), *(Piece((x,)) for x in X)], n), y), binomial()


def levels(n: int, counts: Sequence[int]) -> tuple[MemorySource, Family]:
    """A Poisson regression on crossed factors, and one normal column so that rows do not repeat."""
    draw = np.random.default_rng(2)
    x = draw.standard_normal(n)
    pieces, eta = [Piece(()), Piece((x,))], 0.1 * x + 0.5
    for key, count in enumerate(counts):
        codes = draw.integers(0, count, n).astype(np.int32)
        pieces.append(Piece((), codes, Indicators(count, np.arange(1, count)), key))
        eta += draw.normal(0, 0.2, count)[codes]
    return MemorySource(design(pieces, n), draw.poisson(np.exp(eta)).astype(float)), poisson()


def cost(rows: MemorySource, family: Family) -> Cost:
    """The median of some fits."""
    taken = []
    for _ in range(REPEATS):
        processor, clock = time.process_time(), time.perf_counter()
        fit = fit_glm(rows, family, names=rows.design.names, intercept=True, method="cholesky")
        taken.append(Cost(time.process_time() - processor, time.perf_counter() - clock, fit.iter))
    return sorted(taken, key=lambda one: one.processor)[REPEATS // 2]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in cells) + " |" for cells in lines)


def per_row_and_pass(one: Cost, n: int) -> str:
    """The start, each iteration and the report are a pass."""
    return f"{1e9 * one.processor / n / (one.iterations + 1):.0f}"


def by_rows() -> str:
    rows = []
    for n in (100_000, 300_000, 1_000_000, 3_000_000):
        one = cost(*numbers(n, 21))
        rows.append((f"{n:,}", f"{one.processor:.2f}", one.iterations, per_row_and_pass(one, n)))
    return table(("rows", "processor seconds", "iterations", "ns a row and pass"), rows)


def by_columns() -> str:
    rows, n = [], 200_000
    for p in (5, 10, 20, 40, 70, 140, 280):
        one = cost(*numbers(n, p))
        rows.append((p, f"{one.processor:.2f}", one.iterations, per_row_and_pass(one, n)))
    return table(("columns", "processor seconds", "iterations", "ns a row and pass"), rows)


def by_levels() -> str:
    rows, n = [], 1_000_000
    for counts in (
        (10,),
        (100,),
        (1000,),
        (5000,),
        (100, 100),
        (1000, 1000),
        (2400, 2400),
        (10,) * 4,
        (50,) * 8,
    ):
        one = cost(*levels(n, counts))
        wide = sum(counts) - len(counts) + 2
        rows.append((" × ".join(map(str, counts)), wide, f"{one.processor:.2f}", per_row_and_pass(one, n)))
    return table(("levels of the factors", "columns", "processor seconds", "ns a row and pass"), rows)


def by_blocks() -> str:
    rows, n = [], 1_000_000
    whole, family = numbers(n, 21)
    for size in (2_000, 8_000, 32_000, 128_000, 512_000):
        one = cost(replace(whole, block_rows=size), family)
        rows.append((f"{size:,}", f"{one.clock:.2f}", f"{one.processor:.2f}", per_row_and_pass(one, n)))
    return table(("rows of a block", "seconds by the clock", "processor seconds", "ns a row and pass"), rows)


def by_threads() -> str:
    rows, n = [], 1_000_000
    whole, family = numbers(n, 21)
    for threads in range(1, (os.cpu_count() or 1) + 1):
        one = cost(replace(whole, threads=threads), family)
        rows.append((threads, f"{one.clock:.2f}", f"{one.processor:.2f}"))
    return table(("threads", "seconds by the clock", "processor seconds"), rows)


def files_of(columns: int, rows: int, folder: Path) -> None:
    for k in range(max(1, rows // 500_000)):
        data = portfolio.dense(min(rows, 500_000), columns, seed=100 + k)
        data.to_parquet(folder / f"part-{k:04d}.parquet", index=False)


def large(rows: int = 1_000_000) -> dict[str, float]:
    """Seconds by the clock for each row of 70 columns: from files, from memory; and what a row takes."""
    formula = "y ~ " + " + ".join(f"x{j}" for j in range(1, FULL_COLUMNS + 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files_of(FULL_COLUMNS, rows, folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        seconds: dict[str, list[float]] = {"files": [], "memory": []}
        data = portfolio.dense(rows, FULL_COLUMNS)
        for _ in range(REPEATS):
            for where, given in (("files", str(folder)), ("memory", data)):
                start = time.perf_counter()
                fit = glmformula.glm(formula, data=given, family="binomial")
                seconds[where].append((time.perf_counter() - start) / fit.nobs)
    return {where: median(taken) for where, taken in seconds.items()} | {"bytes": size / rows}


def arithmetic(row: dict[str, float]) -> str:
    cores, p = os.cpu_count() or 1, FULL_COLUMNS
    files, memory = (f"{1e6 * row[where]:.2f} µs" for where in ("files", "memory"))
    long, short = (f"{FULL_ROWS * row[where] / 3600:.2f} hours" for where in ("files", "memory"))
    disk, held = FULL_ROWS * row["bytes"] / 1e9, FULL_ROWS * 8 * (p + 1) / 1e9
    minutes = f"{FULL_ROWS * row['files'] * cores / WORKERS / 60:.1f} minutes"
    alone = FULL_ROWS * row["files"]
    record = 8 * (p + 1) ** 2
    travels = WORKERS * record / 1e6
    return f"""Measured on 1,000,000 rows × {p} columns (logistic, from formula to fit, by the clock,
{cores} cores): {files} a row from Parquet, {memory} a row in memory; {row["bytes"]:.0f} bytes a row in the files.

* **One machine of {cores} cores, files**: {FULL_ROWS:,} × {files} = **{long}**. The files are {disk:.0f} GB;
  memory stays that of the blocks under way (the race `streamed`). What the first pass learned is kept
  on local disk, in the size of the columns used, so that later passes need not decode again.
* **One machine that holds them in memory**, {held:.0f} GB: **{short}**.
* **A cluster of {WORKERS} such cores**: {alone:.0f} s × {cores} / {WORKERS} = **{minutes}** of computing.
  What travels in a pass is a record of {p + 1} × {p + 1} numbers, {record / 1e3:.0f} kB, for each core:
  {travels:.1f} MB, merged in a tree, never more than a few records in one place. The step itself,
  {p}³/3 operations, takes well under a millisecond."""


def text() -> str:
    row = large()
    return f"""# How cost grows

`python -m benchmarks.scaling` on {measure.machine()}; {date.today()}. Medians of {REPEATS} fits by the engine alone;
processor seconds count all threads.

## With rows: in proportion

Logistic regression, 21 columns. A pass is one walk over the rows: one for the start values, one for each iteration.

{by_rows()}

## With columns: in proportion, then with the square

200,000 rows. Up to some tens of columns a row costs its `exp`, its `log` and the reading of its
numbers; then X'WX takes over.

{by_columns()}

## With levels: by the number of factors, not of levels

1,000,000 rows, Poisson, one numeric column beside the factors. Each factor is counted once and each pair
of factors once, whatever their levels; what grows with the levels is the p × p step itself (p³/3 operations
an iteration: at 4,800 columns it is most of the time).

{by_levels()}

## With the length of blocks

1,000,000 rows × 21 columns, all threads. Short blocks pay for calls, and at each call the threads take turns at
the interpreter; very long ones leave the cache, and too few of them leave threads without work.

{by_blocks()}

## With threads

1,000,000 rows × 21 columns; the answers are the same bit for bit. Processes of a Dask cluster: see the race `streamed`.

{by_threads()}

## From here to 150 million rows × 70 columns

{arithmetic(row)}
"""


if __name__ == "__main__":
    written = text()
    print(written)
    HERE.joinpath("scaling.md").write_text(written, encoding="utf-8")
