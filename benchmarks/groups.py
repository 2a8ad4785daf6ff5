"""``glm(..., by=)``: ten thousand logistic fits of 100 rows and 5 columns, beside a loop of ``glm``."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

GROUPS, ROWS, COLUMNS = 10_000, 100, 5
LOOPED = 200  # groups that the loop fits: its time is that of all, in proportion
FORMULA = "y ~ " + " + ".join(f"x{k}" for k in range(COLUMNS))


def people(groups: int = GROUPS) -> pd.DataFrame:
    """Groups whose intercepts differ."""
    rng = np.random.default_rng(1)
    n = groups * ROWS
    X = rng.normal(size=(n, COLUMNS))
    eta = X @ np.linspace(-0.4, 0.4, COLUMNS) + np.repeat(0.3 * rng.normal(size=groups), ROWS) - 0.3
    frame = pd.DataFrame({f"x{k}": X[:, k] for k in range(COLUMNS)})
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    frame["group"] = np.repeat(np.arange(groups), ROWS)
    return frame


def beside_a_loop(data: pd.DataFrame, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds for all groups: together, and one after the other."""
    from glmformula import glm

    glm(FORMULA, data.iloc[: 100 * ROWS], "binomial", by="group")
    together, looped = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        glm(FORMULA, data, "binomial", by="group").tidy()
        together.append(time.perf_counter() - start)
        start = time.perf_counter()
        for k in range(LOOPED):
            glm(FORMULA, data.iloc[k * ROWS : (k + 1) * ROWS], "binomial").tidy()
        looped.append((time.perf_counter() - start) * (len(data) / ROWS / LOOPED))
    return together, looped
