"""Memory that is there when it is asked for.

A virtual machine may be given its memory page by page, and give it back after two idle seconds: 20 µs a page,
measured, against 0.2 µs, which for what a fit keeps of 20 million rows is 16 s. So another process holds as much
from before the fit, and lets go of it piece by piece, as the machine's free memory goes down.

    python -m benchmarks.reserve BYTES
"""

from __future__ import annotations

import mmap
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .measure import ROOT, stated

MEMINFO = Path("/proc/meminfo")
STEP, AHEAD = 2**25, 2**29
MOST = 0.5  # of the free memory
SECONDS = 0.005


def free() -> int:
    """Bytes that nobody uses."""
    return stated(MEMINFO, "MemFree")


@contextmanager
def reserve(size: int) -> Iterator[None]:
    """So many bytes are ready for what is done inside; nothing happens where the system is no Linux."""
    if not size or not MEMINFO.exists():
        yield
        return
    command = [sys.executable, "-m", "benchmarks.reserve", str(min(size, int(MOST * free())))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()  # it holds them all
        try:
            yield
        finally:
            holder.kill()


def main(size: int) -> None:
    size -= size % STEP
    held = mmap.mmap(-1, max(size, STEP), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held.madvise(mmap.MADV_HUGEPAGE)
    for start in range(0, size, mmap.PAGESIZE):
        held[start] = 1
    level = free() + AHEAD
    print("held", flush=True)
    while size:
        if free() >= level:
            time.sleep(SECONDS)
            continue
        size -= STEP
        held.madvise(mmap.MADV_DONTNEED, size, STEP)


if __name__ == "__main__":
    main(int(sys.argv[1]))
