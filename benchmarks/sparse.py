"""Data as they come: rare events, levels and cells without any, empty cells; and what rows cost after the fit.

Each race is between two fits, or a fit and a question after it, of our own: the bar is their ratio. The ordinary
data are the same rows without the levels (cells) that see no event.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

ROWS = 1_000_000
LEVELS, MANY_LEVELS = 1_000, 3_000
EVENTS = 0.02
COLUMNS = 60


@dataclass(frozen=True)
class Pair:
    """Seconds of two runs, round by round, and the bar of their ratio (0: none), or (`other` empty) of the seconds."""

    title: str
    names: tuple[str, str]
    seconds: list[float]
    other: list[float]
    bar: float


def factor(rng: np.random.Generator, n: int, levels: int, name: str, spread: float | None) -> pd.Categorical:
    shares = None if spread is None else rng.dirichlet(np.full(levels, spread))
    return pd.Categorical.from_codes(
        rng.choice(levels, n, p=shares), [f"{name}{i:04d}" for i in range(levels)]
    )


def rare(n: int = ROWS, levels: int = LEVELS) -> pd.DataFrame:
    """2 % events; a factor of many levels, most of them rare, one of 100, one of 10."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"x": rng.normal(size=n), "g": factor(rng, n, levels, "l", 0.5)})
    data["g10"], data["g100"] = factor(rng, n, 10, "a", None), factor(rng, n, 100, "b", 0.5)
    data["y"] = 1.0 * (rng.random(n) < EVENTS * np.exp(0.3 * data["x"] - 0.045))
    return data


def without_separation(data: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The rows of the levels (cells) that see an event, and a row without one."""
    mean = data.groupby(by, observed=False)["y"].transform("mean")
    return data[(mean > 0) & (mean < 1)].reset_index(drop=True)


def holes(n: int = ROWS) -> pd.DataFrame:
    """Two factors of 28 and 30 levels, a quarter of whose cells are empty; half of the responses are 1."""
    rng = np.random.default_rng(2)
    full = np.sort(rng.choice(840, 622, replace=False))
    cells = rng.choice(np.union1d(full, np.arange(28)), n)
    data = pd.DataFrame({"x": rng.normal(size=n), "y": rng.integers(0, 2, n).astype(float)})
    data["a"], data["b"] = (
        pd.Categorical([f"{name}{i:02d}" for i in codes])
        for name, codes in (("a", cells % 28), ("b", cells // 28))
    )
    return data


def wide(n: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(n, COLUMNS - 1)), columns=[f"x{i}" for i in range(1, COLUMNS)])
    data["y"] = 1.0 * (rng.random(n) < 1 / (1 + np.exp(0.2 * data["x2"] - 0.3 * data["x1"])))
    return data


def fit(formula: str, data: pd.DataFrame) -> tuple[float, Any]:
    import glmformula

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", glmformula.SeparationWarning)
        start = time.perf_counter()
        out = glmformula.glm(formula, data, family="binomial")
        return time.perf_counter() - start, out


def fits(
    rounds: int, one: tuple[str, pd.DataFrame], other: tuple[str, pd.DataFrame]
) -> tuple[list[float], list[float]]:
    """Seconds of two fits, round by round, every second round in reverse order."""
    times: tuple[list[float], list[float]] = [], []
    fit(one[0], one[1][:20_000])
    for turn in range(rounds):
        for which in (0, 1) if turn % 2 else (1, 0):
            times[which].append(fit(*(one, other)[which])[0])
    return times


def pairs(rounds: int) -> Iterator[Pair]:
    data = rare()
    for title, formula, by in (
        (f"{LEVELS} levels, some without events", "y ~ g + x", ["g"]),
        ("g10*g100 + x, cells without events", "y ~ g10*g100 + x", ["g10", "g100"]),
    ):
        ordinary = without_separation(data, by)
        taken = fits(rounds, (formula, data), (formula, ordinary))
        yield Pair(f"sparse: {title}", ("separated", "ordinary"), *taken, 3)
    for formula, plain in (("y ~ g100:cut(x, 20)", "y ~ g100 + x"), ("y ~ ns(x, 5) + g100", "y ~ x + g100")):
        taken = fits(rounds, (formula, data), (plain, data))
        yield Pair(f"sparse: {formula}", (formula, plain), *taken, 0)
    del data
    empty = holes()
    taken = fits(rounds, ("y ~ a*b + x", empty), ("y ~ a + b + x", empty))
    yield Pair("sparse: empty cells", ("y ~ a*b + x", "y ~ a + b + x"), *taken, 5)
    many = rare(levels=MANY_LEVELS)
    seconds = [fit("y ~ g + x", many)[0] for _ in range(min(rounds, 2))]
    yield Pair(f"sparse: {MANY_LEVELS} levels, some without events", ("separated", ""), seconds, [], 20)
    del many, empty
    rows = wide()
    before: list[float] = []
    after: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        taken_by, model = fit(f"y ~ {' + '.join(rows.columns[:-1])}", rows)
        before.append(taken_by)
        start = time.perf_counter()
        model.predict(se_fit=True)
        predicted = time.perf_counter()
        model.augment()
        after[0].append(predicted - start)
        after[1].append(time.perf_counter() - predicted)
    for name, bar, taken_after in zip(("predict(se_fit=True)", "augment()"), (1.0, 3.0), after, strict=True):
        yield Pair(f"rows: 1e6 × {COLUMNS} logistic", (name, "its fit"), taken_after, before, bar)
