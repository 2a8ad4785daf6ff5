"""What drop1 costs: beside the fit it starts from on the whole portfolio, beside R's on a small one.

R's drop1 of the whole portfolio would be some sixty QR decompositions of 678,000 x 323: an hour. The race
with R has 20,000 rows, three factors and the numeric column; R's clock leaves the reading of the data out.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .contenders import Contender
from .portfolio import PORTFOLIO_FORMULA

SMALL_ROWS = 20_000
SMALL_PORTFOLIO_FORMULA = "claims ~ area + power + region + log_density + offset(log(exposure))"


class Drop1:
    """glmformula's drop1 of a fitted model; `seconds` is its time, `fit_seconds` that of the fit before."""

    seconds = fit_seconds = np.nan

    def __init__(self, formula: str) -> None:
        self.formula = formula

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        import glmformula

        start = time.perf_counter()
        fit = glmformula.glm(self.formula, data=data, family="poisson")
        fitted = time.perf_counter()
        table = fit.drop1(test="LRT")
        self.fit_seconds, self.seconds = fitted - start, time.perf_counter() - fitted
        return np.asarray(table.frame["Deviance"])


R_SCRIPT = """
data <- read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE)
fit <- glm(as.formula(commandArgs(TRUE)[3]), data = data, family = poisson())
seconds <- system.time(table <- drop1(fit, test = "LRT"))["elapsed"]
writeBin(c(seconds, table$Deviance), commandArgs(TRUE)[2])
"""


class RDrop1:
    """R's drop1 of a fitted model; `seconds` is what R's own clock said of the last run."""

    seconds = np.nan

    def __init__(self, formula: str) -> None:
        self.formula = formula

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            script, values, answer = (Path(folder) / name for name in ("run.R", "in.csv", "out.bin"))
            script.write_text(R_SCRIPT)
            data.to_csv(values, index=False)
            subprocess.run(["Rscript", script, values, answer, self.formula], check=True)
            self.seconds, *deviances = np.fromfile(answer)
        return np.asarray(deviances)


def field(r: bool) -> Mapping[str, Contender]:
    """The race on the small portfolio."""
    ours: dict[str, Contender] = {"glmformula": Drop1(SMALL_PORTFOLIO_FORMULA)}
    return ours | {"R": RDrop1(SMALL_PORTFOLIO_FORMULA)} if r else ours


def beside_its_fit(data: pd.DataFrame, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of the fit and of drop1 over the portfolio's factors, round by round."""
    run = Drop1(PORTFOLIO_FORMULA)
    fits, drops = [], []
    for _ in range(rounds):
        run(data)
        fits.append(run.fit_seconds)
        drops.append(run.seconds)
    return fits, drops
