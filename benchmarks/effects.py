"""What average effects of eight variables cost: slopes and comparisons with standard errors, beside marginaleffects.

Each fits first, by its own clock outside of the race: statsmodels for marginaleffects.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from .contenders import Contender
from .measure import fresh

ROWS = 100_000
PEER = "marginaleffects"
# The ratio to meet.
BARS = {PEER: 0.02}


def people(n: int = ROWS, seed: int = 6) -> pd.DataFrame:
    """n rows of five normal columns, factors of four and three levels, a logical, and a 0/1 response."""
    draw = np.random.default_rng(seed)
    data = pd.DataFrame({f"x{k}": draw.normal(size=n) for k in range(1, 6)})
    data["f"] = pd.Categorical(draw.choice(list("abcd"), n))
    data["h"] = pd.Categorical(draw.choice(list("uvw"), n))
    data["b"] = draw.random(n) > 0.4
    eta = -0.5 + 0.3 * data["x1"] - 0.2 * data["x2"] + 0.4 * (data["f"] == "b") + 0.3 * data["b"]
    return data.assign(y=(draw.random(n) < 1 / (1 + np.exp(-eta))).astype(int))


def by_term(table: pd.DataFrame) -> np.ndarray:
    """Estimates, in the order of the terms' names."""
    return table.sort_values(["term", "contrast"], kind="stable")["estimate"].to_numpy()


class Ours:
    """Slopes, then comparisons."""

    seconds = 0.0

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        import glmformula

        fit = glmformula.glm("y ~ x1 + x2 + x3 + x4 + x5 + f + h + b", data, family="binomial")
        start = time.perf_counter()
        slopes, differences = fit.avg_slopes(), fit.avg_comparisons()
        self.seconds = time.perf_counter() - start
        assert len(differences) == len(slopes)
        return by_term(slopes)


class Marginaleffects:
    """The same on statsmodels' logit."""

    seconds = 0.0

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        import marginaleffects
        import statsmodels.formula.api as models

        fit = models.logit("y ~ x1 + x2 + x3 + x4 + x5 + C(f) + C(h) + b", data).fit(disp=0)
        start = time.perf_counter()
        slopes = marginaleffects.avg_slopes(fit)
        marginaleffects.avg_comparisons(fit)
        self.seconds = time.perf_counter() - start
        return by_term(pd.DataFrame(slopes.to_dict(as_series=False)))


def after_the_fit(rounds: int, n: int = 1_000_000) -> dict[str, list[float]]:
    """Seconds of a fit and of what is asked after it, round by round."""
    import glmformula

    data, formula = people(n), "y ~ x1 + x2 + x3 + x4 + x5 + f + h + b"
    questions: dict[str, Callable[[Any], object]] = {
        "avg_slopes and avg_comparisons": lambda fit: (fit.avg_slopes(), fit.avg_comparisons()),
        "predict(se_fit=True)": lambda fit: fit.predict(se_fit=True),
        "predictions": lambda fit: fit.predictions(),
    }
    times: dict[str, list[float]] = {name: [] for name in ("fit", *questions)}
    for turn in range(rounds + 1):
        start = time.perf_counter()
        fit = glmformula.glm(formula, data, family="binomial")
        taken = {"fit": time.perf_counter() - start}
        for name, ask in questions.items():
            start = time.perf_counter()
            ask(fit)
            taken[name] = time.perf_counter() - start
        for name in times if turn else ():  # the first round pays for imports
            times[name].append(taken[name])
    return times


def streamed_peak(rows: int) -> dict[str, int]:
    """Bytes: the peaks of a fresh process after the fit of so many rows of Parquet, and after its average effects."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with TemporaryDirectory() as folder:
        path, writer = Path(folder) / "rows.parquet", None
        for k in range(0, rows, 1_000_000):
            part = pa.Table.from_pandas(people(min(1_000_000, rows - k), seed=k), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, part.schema)
            writer.write_table(part)
        assert writer is not None
        writer.close()
        return dict(json.loads(fresh(STREAMED, str(path))))


STREAMED = """
import json, sys
import glmformula
from benchmarks import measure
fit = glmformula.glm("y ~ x1 + x2 + x3 + x4 + x5 + f + h + b", sys.argv[1], family="binomial")
after_fit = measure.high_water()
fit.avg_slopes(), fit.avg_comparisons()
print(json.dumps({"fit": after_fit, "effects": measure.high_water()}))
"""


def field() -> Mapping[str, Contender]:
    found: dict[str, Contender] = {"glmformula": Ours()}
    if find_spec("marginaleffects") is not None and find_spec("statsmodels") is not None:
        found[PEER] = Marginaleffects()
    return found
