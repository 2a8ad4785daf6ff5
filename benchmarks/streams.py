"""Data that is gone through in pieces: Parquet files, and a Dask cluster over the same files.

Each run is a process of its own, so that its peak of memory is its own; it says seconds and bytes in JSON.

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

ROWS_A_FILE, ROWS_IN_MEMORY = 1_000_000, 1_000_000
ALONE, ONE, TWO = "glmformula, files", "glmformula, Dask, 1 process", "glmformula, Dask, 2 processes"


@dataclass(frozen=True)
class Run:
    """`peak` in bytes; `seconds` from formula to printed summary."""

    rows: int
    seconds: float
    peak: int


def write(folder: Path, rows: int) -> None:
    """`rows` rows of the dense problem, a million a file, made and written file by file."""
    for k, start in enumerate(range(0, rows, ROWS_A_FILE)):
        part = portfolio.dense(min(ROWS_A_FILE, rows - start), seed=100 + k)
        part.to_parquet(folder / f"part-{k:04d}.parquet", index=False, row_group_size=2**17)


def run(kind: str, path: str, workers: int = 0) -> Run:
    """A fresh process's fit."""
    command = [sys.executable, "-m", "benchmarks.streams", kind, path, str(workers)]
    done = subprocess.run(command, check=True, cwd=measure.ROOT, capture_output=True, text=True)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def files_beside_memory(rows: int, rounds: int) -> dict[str, list[Run]]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        runs: dict[str, list[Run]] = {"memory": [], "file": []}
        for _ in range(rounds):
            for kind, taken in runs.items():
                taken.append(run(kind, folder))
    return runs


def clusters_beside_files(rows: int, rounds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        times: dict[str, list[float]] = {ALONE: [], ONE: [], TWO: []}
        for _ in range(rounds):
            for who, (kind, workers) in {ALONE: ("file", 0), ONE: ("dask", 1), TWO: ("dask", 2)}.items():
                times[who].append(run(kind, folder, workers).seconds)
    return times


def fitted(data: object) -> tuple[int, float]:
    """Rows, and seconds from formula to printed summary."""
    import glmformula

    start = time.perf_counter()
    fit = glmformula.glm(portfolio.DENSE_FORMULA, data=data, family="binomial")
    str(fit.summary())
    return fit.nobs, time.perf_counter() - start


def main(kind: str, path: str, workers: str) -> None:
    if kind == "memory":
        data = portfolio.dense(ROWS_IN_MEMORY)
        fitted(data.head(2000))
        rows, seconds = fitted(data)
    elif kind == "file":
        rows, seconds = fitted(path)
    else:
        import dask.dataframe
        from distributed import Client, LocalCluster

        with (
            LocalCluster(int(workers), threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster),
        ):
            rows, seconds = fitted(dask.dataframe.read_parquet(path))
    print(json.dumps({"rows": rows, "seconds": seconds, "peak": measure.high_water()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
