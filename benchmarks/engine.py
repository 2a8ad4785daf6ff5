"""The engine alone, on made-up data: seconds (best of `repeats`) and peak memory above the data.

python benchmarks/engine.py [dense] [factors] [small] [repeats=5]
"""

from __future__ import annotations

import resource
import sys
import time
import tracemalloc

import numpy as np

from glmformula.design.pieces import Design, Piece
from glmformula.engine.irls import fit_glm
from glmformula.families import binomial, poisson
from glmformula.sources.memory import MemorySource


def design(pieces: list[Piece], n: int) -> Design:
    p = sum(piece.width for piece in pieces)
    names = tuple(f"x{j}" for j in range(p))
    return Design(n, tuple(pieces), names, np.arange(p), names)


def dense(n: int = 1_000_000, p: int = 20) -> tuple[MemorySource, object]:
    """Logistic regression on `p` columns, the first of them ones."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(p - 1, n))
    eta = rng.normal(size=p - 1) * 0.3 @ X
    y = (rng.random(n) < 1 / (1 + np.exp(0.5 - eta))).astype(float)
    return MemorySource(design([Piece(()), *(Piece((x,)) for x in X)], n), y), binomial()


def factors(n: int = 678_000) -> tuple[MemorySource, object]:
    """Claim counts: eight factors, one numeric column, exposure as offset."""
    rng = np.random.default_rng(2)
    pieces, eta = [Piece(())], np.full(n, -2.4)
    for key, levels in enumerate((6, 12, 21, 60, 40, 90, 50, 50)):
        share = rng.dirichlet(np.full(levels, 3.0))
        codes = rng.choice(levels, n, p=share).astype(np.int32)
        eta += 0.2 * rng.normal(size=levels)[codes]
        pieces.append(Piece((), codes, np.eye(levels)[:, 1:], key))
    x = rng.normal(size=n)
    pieces.append(Piece((x,)))
    exposure = rng.uniform(0.1, 1, n)
    y = rng.poisson(exposure * np.exp(eta + 0.1 * x)).astype(float)
    return MemorySource(design(pieces, n), y, offset=np.log(exposure)), poisson()


def small(n: int = 200, p: int = 5) -> tuple[MemorySource, object]:
    return dense(n, p)


def main(names: list[str], repeats: int = 5) -> None:
    for name in names:
        source, family = {"dense": dense, "factors": factors, "small": small}[name]()
        times = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(repeats if name != "small" else 200):
            begin, cpu = time.perf_counter(), time.process_time()
            fit = fit_glm(source, family, names=source.design.names, intercept=True)
            times.append((time.perf_counter() - begin, time.process_time() - cpu))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        tracemalloc.start()
        fit_glm(source, family, names=source.design.names, intercept=True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(
            f"{name:8} {min(times)[0]:9.5f} s, of one processor {min(times)[1]:9.5f} s  "
            f"median {np.median([t for t, _ in times]):9.5f} s  {fit.iter} iterations  {fit.method}  "
            f"peak {peak / 1e6:6.1f} MB traced, {(after - before) / 1e3:6.1f} MB resident"
        )


if __name__ == "__main__":
    chosen = [a for a in sys.argv[1:] if "=" not in a] or ["small", "dense", "factors"]
    count = next((int(a.partition("=")[2]) for a in sys.argv[1:] if a.startswith("repeats=")), 5)
    main(chosen, count)
