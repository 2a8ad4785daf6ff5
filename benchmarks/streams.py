"""Data that is gone through in pieces: Parquet files, and a Dask cluster over the same files.

Each run is a process of its own, so that its peak of memory is its own; it says seconds and bytes in JSON. It
fits a few rows first, on each worker too: imports are not counted. Then it fits twice, with memory held ready (see
`reserve`).

    python -m benchmarks.streams memory|file|dask PATH [WORKERS]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import measure, portfolio
from .reserve import reserve

ROWS_A_FILE, ROWS_IN_MEMORY = 500_000, 1_000_000
MEMORY, ALONE = "glmformula, 1e6 rows in memory", "glmformula, files"
ONE, TWO = "glmformula, Dask, 1 process", "glmformula, Dask, 2 processes"
KINDS = {MEMORY: ("memory", 0), ALONE: ("file", 0), ONE: ("dask", 1), TWO: ("dask", 2)}


@dataclass(frozen=True)
class Run:
    """`peak` in bytes; seconds from formula to printed summary, of the first fit and `again`."""

    rows: int
    seconds: float
    again: float
    peak: int


def write(folder: Path, rows: int) -> None:
    """`rows` rows of the dense problem, half a million a file, as pandas writes them; and a few more."""
    for name, whole, a_file in ("rows", rows, ROWS_A_FILE), ("few", 4000, 2000):
        (folder / name).mkdir()
        for k, start in enumerate(range(0, whole, a_file)):
            part = portfolio.dense(min(a_file, whole - start), seed=100 + k)
            part.to_parquet(folder / name / f"part-{k:04d}.parquet", index=False)


def run(kind: str, path: str, workers: int = 0) -> Run:
    """A fresh process's fit."""
    command = [sys.executable, "-m", "benchmarks.streams", kind, path, str(workers)]
    done = subprocess.run(command, check=True, cwd=measure.ROOT, capture_output=True, text=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def race(rows: int, rounds: int) -> dict[str, list[Run]]:
    """Every kind over the same files, round after round, every second round in reverse order."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        runs: dict[str, list[Run]] = {who: [] for who in KINDS}
        for _, who in measure.turns(KINDS, rounds):
            kind, workers = KINDS[who]
            runs[who].append(run(kind, folder, workers))
    return runs


def fitted(table: object) -> tuple[int, float]:
    """Rows, and seconds from formula to printed summary."""
    import glmformula

    start = time.perf_counter()
    fit = glmformula.glm(portfolio.DENSE_FORMULA, data=table, family="binomial")
    str(fit.summary())
    return fit.nobs, time.perf_counter() - start


def measured(few: object, data: object, size: int) -> dict[str, float]:
    """The first fit and one more; `size`: bytes held ready."""
    fitted(few)
    with reserve(size):
        (rows, first), (_, again) = fitted(data), fitted(data)
    return {"rows": rows, "seconds": first, "again": again}


def main(kind: str, path: str, workers: str) -> None:
    few, rows = f"{path}/few", f"{path}/rows"
    size = 2 * sum(file.stat().st_size for file in Path(rows).iterdir())
    if kind == "memory":
        data = portfolio.dense(ROWS_IN_MEMORY)
        found = measured(data.head(2000), data, 0)
    elif kind == "file":
        found = measured(few, rows, size)
    else:
        from dask.dataframe import read_parquet
        from distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=int(workers), threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
        ):
            tables = [read_parquet(folder, filesystem="arrow") for folder in (few, rows)]
            found = measured(*tables, size)
    print(json.dumps({**found, "peak": measure.high_water()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
