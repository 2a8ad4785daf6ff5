"""Robust standard errors on the dense data, HC3 and clusters, fit included; and their peak of memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from . import measure, portfolio
from .contenders import Contender, RScript

CLUSTERS = 10_000
KINDS = ("HC3", "cluster")


def data(n: int = 1_000_000) -> pd.DataFrame:
    """The dense logistic problem and the firm of each row, at random."""
    frame = portfolio.dense(n)
    frame["firm"] = np.random.default_rng(5).integers(0, CLUSTERS, n)
    return frame


def _ours(kind: str) -> Contender:
    vcov: Any = "HC3" if kind == "HC3" else {"cluster": "firm"}

    def run(data: pd.DataFrame) -> np.ndarray:
        import glmformula

        fit = glmformula.glm(portfolio.DENSE_FORMULA, data=data, family="binomial")
        return np.asarray(fit.summary(vcov=vcov).coefficients["Std. Error"])

    return run


def _statsmodels(kind: str) -> Contender:
    def run(data: pd.DataFrame) -> np.ndarray:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        how = {} if kind == "HC3" else {"cov_kwds": {"groups": data["firm"]}}
        model = smf.glm(portfolio.DENSE_FORMULA, data, family=sm.families.Binomial())
        return np.asarray(model.fit(cov_type=kind, **how).bse)

    return run


R_SCRIPT = """
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 2)), "y", "firm")
loadNamespace("sandwich")
seconds <- system.time({
  fit <- glm(y ~ . - firm, data = data, family = binomial())
  v <- if (commandArgs(TRUE)[5] == "HC3") sandwich::vcovHC(fit) else sandwich::vcovCL(fit, data$firm)
})["elapsed"]
writeBin(c(seconds, sqrt(diag(v))), commandArgs(TRUE)[2])
"""


def field(kind: str, with_r: bool) -> dict[str, Contender]:
    """Who takes part in the race of standard errors of a kind."""
    rivals: dict[str, Contender] = {"R": RScript(R_SCRIPT, kind)} if with_r else {}
    return {"glmformula": _ours(kind), "statsmodels": _statsmodels(kind), **rivals}


PEAK = """
import json, sys
import glmformula
from benchmarks import measure, portfolio, robust
data = robust.data()
fit = glmformula.glm(portfolio.DENSE_FORMULA, data=data, family="binomial")
before = measure.high_water()
fit.vcov(cluster="firm") if sys.argv[1] == "cluster" else fit.vcov(sys.argv[1])
print(json.dumps([before, measure.high_water()]))
"""


def peak_memory(kind: str) -> tuple[float, float]:
    """Bytes: the peak of a fresh process after the fit, and after the covariance too."""
    before, after = json.loads(measure.fresh(PEAK, kind))
    return before, after
