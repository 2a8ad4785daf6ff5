"""What the profile intervals of a small mixed model cost (lme4's cbpp: 56 rows, 15 herds), beside lme4.

The fit is not timed, nor R's reading of the data.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

DATA = Path(__file__).parents[1] / "tests" / "reference" / "mixed" / "data" / "cbpp.csv"
FORMULA = "cbind(incidence, size - incidence) ~ factor(period) + (1 | herd)"
LME4 = "lme4"
BARS = {LME4: 0.05}


def data() -> pd.DataFrame:
    return pd.read_csv(DATA, usecols=["herd", "incidence", "size", "period"])


class Intervals:
    """glmformula's confint of a fitted model; `seconds` is its time alone."""

    seconds = np.nan

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        import glmformula

        fit = glmformula.glmer(FORMULA, data, "binomial")
        start = time.perf_counter()
        table = fit.confint()
        self.seconds = time.perf_counter() - start
        return table.frame.to_numpy().ravel()


R_SCRIPT = """
suppressMessages(library(lme4))
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c("herd", "incidence", "size", "period")
fit <- glmer(cbind(incidence, size - incidence) ~ factor(period) + (1 | herd), data, binomial)
seconds <- system.time(limits <- suppressMessages(confint(fit, quiet = TRUE)))["elapsed"]
writeBin(c(seconds, t(limits)), commandArgs(TRUE)[2])
"""


def field(r: bool) -> Mapping[str, Contender]:
    ours: dict[str, Contender] = {"glmformula": Intervals()}
    return ours | {LME4: RScript(R_SCRIPT)} if r else ours
