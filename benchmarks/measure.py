"""Clocks and memory: interleaved rounds in one process, fresh processes for imports and peaks."""

from __future__ import annotations

import gc
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from .contenders import Contender

ROOT = Path(__file__).parent.parent


def seconds(run: Contender, data: pd.DataFrame, in_a_row: int = 1) -> tuple[float, np.ndarray]:
    """A timed call, of some in a row; a contender that has a clock of its own (R) is believed.

    Garbage is collected first, which leaves the processor's caches empty: 2 ms, measured, for the next call.
    """
    gc.collect()
    start = time.perf_counter()
    for _ in range(in_a_row):
        answer = run(data)
    return getattr(run, "seconds", (time.perf_counter() - start) / in_a_row), answer


def turns(names: Iterable[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Round and name, round after round, every second round in reverse order."""
    names = list(names)
    for turn in range(rounds):
        for name in names[:: -1 if turn % 2 else 1]:
            yield turn, name


def race(
    contenders: Mapping[str, Contender],
    data: pd.DataFrame,
    rounds: int,
    few: Mapping[str, int] | None = None,
    warm_up: pd.DataFrame | None = None,
    in_a_row: int = 1,
) -> dict[str, list[float]]:
    """Seconds of each contender, round after round, every second round in reverse order.

    Each runs on `warm_up` first, untimed, so that nobody pays for imports. A contender named in `few` runs in
    that many rounds only. The coefficients must agree to 1e-3 with the first contender's (glum stops early by
    default): a race of different answers means nothing. One with fewer coefficients (factors swept out) must
    have its own among them.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    answers: dict[str, np.ndarray] = {}
    for run in contenders.values() if warm_up is not None else ():
        run(warm_up)
    for turn, name in turns(contenders, rounds):
        if turn < (few or {}).get(name, rounds):
            took, answers[name] = seconds(contenders[name], data, in_a_row)
            times[name].append(took)
    first = next(iter(answers))
    for name, answer in answers.items():
        same = len(answer) == len(answers[first])
        apart = np.sort(answer) - np.sort(answers[first]) if same else nearest(answer, answers[first])
        worst = np.max(np.abs(apart))
        if not worst < 1e-3:
            raise RuntimeError(f"{name} and {first} disagree: coefficients differ by up to {worst:.2g}")
    return times


def nearest(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each value from the nearest of the others."""
    return np.abs(values[:, None] - others).min(axis=1)


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """Median over the rounds that both ran; rounds are pairs, so a slow moment of the machine hits both."""
    return median(a / b for a, b in zip(ours, theirs, strict=False))


def fresh(code: str, *arguments: str) -> str:
    """Standard output of `code` in a fresh interpreter, with bytecode kept as in an installed package."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True, env=environment)
    return run.stdout


IMPORT = "import sys, time; t = time.perf_counter(); __import__(sys.argv[1]); print(time.perf_counter() - t)"


def import_seconds(modules: Iterable[str], rounds: int) -> dict[str, list[float]]:
    """Import times in fresh processes, interleaved; the first round warms the disk and is not counted."""
    modules = list(modules)
    times: dict[str, list[float]] = {name: [] for name in modules}
    for turn, name in turns(modules, rounds + 1):
        took = float(fresh(IMPORT, name))
        if turn:
            times[name].append(took)
    return times


PEAK = """
import json, sys
from benchmarks import contenders, measure, portfolio
data = getattr(portfolio, sys.argv[1])()
loaded = measure.high_water()
getattr(contenders, sys.argv[1].upper())[sys.argv[2]](data)
peak = measure.high_water()
print(json.dumps({"data": int(data.memory_usage().sum()), "loaded": loaded, "peak": peak}))
"""


def stated(file: Path, name: str) -> int:
    """Bytes that Linux states in kilobytes, a name a line."""
    line = next(line for line in file.read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


def high_water() -> int:
    """Bytes: the process's own peak (`ru_maxrss` begins at the peak of the process that started it)."""
    status = Path("/proc/self/status")
    if status.exists():
        return stated(status, "VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_memory(race_name: str, contender: str) -> dict[str, int]:
    """Bytes of the data, peak of the process that made them, and its peak after fit and summary.

    The data are made in the process, so that no reader's copies count. `ru_maxrss` is in kilobytes, as on
    Linux.
    """
    return dict(json.loads(fresh(PEAK, race_name, contender)))


def machine() -> str:
    """One line on what the numbers were taken on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = (
        "numpy",
        "scipy",
        "pandas",
        "formulaic",
        "glum",
        "tabmat",
        "statsmodels",
        "scikit-learn",
        "pyfixest",
    )
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB; Python {platform.python_version()}, "
        + ", ".join(f"{name} {_version(name)}" for name in names)
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
