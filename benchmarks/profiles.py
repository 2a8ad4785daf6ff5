"""What the profile likelihood intervals of 20 coefficients cost on 100,000 rows, beside R.

The fit is not timed. R refits the model from scratch at each of some ten points of each profile: minutes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd

from .contenders import Contender, RScript
from .portfolio import DENSE_FORMULA

ROWS = 100_000


class Intervals:
    """glmformula's confint of a fitted logistic model; `seconds` is its time alone."""

    seconds = np.nan

    def __init__(self, method: str) -> None:
        self.method = method

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        import glmformula

        fit = glmformula.glm(DENSE_FORMULA, data=data, family="binomial")
        start = time.perf_counter()
        table = fit.confint(method=self.method)
        self.seconds = time.perf_counter() - start
        return table.frame.to_numpy().ravel()


R_SCRIPT = """
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
fit <- glm(y ~ ., data = data, family = binomial())
if (getRversion() < "4.4") loadNamespace("MASS")
seconds <- system.time(limits <- suppressMessages(confint(fit)))["elapsed"]
writeBin(c(seconds, t(limits)), commandArgs(TRUE)[2])
"""


def field(r: bool) -> Mapping[str, Contender]:
    ours: dict[str, Contender] = {
        "glmformula": Intervals("profile"),
        "glmformula, exact roots": Intervals("profile-exact"),
    }
    return ours | {"R": RScript(R_SCRIPT)} if r else ours
