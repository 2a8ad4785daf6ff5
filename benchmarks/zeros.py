"""What zero-inflated and hurdle models cost: fit and summary, beside statsmodels and pscl.

Ten columns in each part. R's clock leaves the reading of the data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

ROWS = 100_000
PSCL = "pscl"
KINDS = ("zip", "zinb", "hurdle")
# The ratios to meet, by model.
BARS = {
    "zip": {"statsmodels": 0.12, PSCL: 0.03},
    "zinb": {"statsmodels": 0.03, PSCL: 0.03},
    "hurdle": {PSCL: 0.05},
}
TITLES = {
    "zip": "zero-inflated Poisson",
    "zinb": "zero-inflated negative binomial",
    "hurdle": "hurdle negative binomial",
}


def ours(kind: str, data: pd.DataFrame) -> np.ndarray:
    """Coefficients of the count part, then of the zero part."""
    import glmformula

    right = " + ".join(data.columns[:-1])
    function = glmformula.hurdle if kind == "hurdle" else glmformula.zeroinfl
    fit = function(f"y ~ {right} | {right}", data, dist="poisson" if kind == "zip" else "negbin")
    str(fit.summary())
    return fit.coefficients.to_numpy()


def statsmodels(kind: str, data: pd.DataFrame) -> np.ndarray:
    from statsmodels.discrete import count_model

    design = np.column_stack([np.ones(len(data)), data.to_numpy()[:, :-1]])
    model = count_model.ZeroInflatedPoisson if kind == "zip" else count_model.ZeroInflatedNegativeBinomialP
    fit = model(data["y"].to_numpy(), design, exog_infl=design).fit(method="bfgs", maxiter=500, disp=0)
    str(fit.summary())
    p = design.shape[1]
    return np.append(fit.params[p : 2 * p], fit.params[:p])


R_SCRIPT = """
suppressMessages(library(pscl))
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
seconds <- system.time({
  fit <- FUNCTION(y ~ ., data, dist = "DIST")
  invisible(capture.output(print(summary(fit))))
})["elapsed"]
writeBin(c(seconds, coef(fit)), commandArgs(TRUE)[2])
"""


def field(kind: str, r: bool) -> Mapping[str, Contender]:
    found: dict[str, Contender] = {"glmformula": partial(ours, kind)}
    if kind != "hurdle" and find_spec("statsmodels") is not None:
        found["statsmodels"] = partial(statsmodels, kind)
    script = R_SCRIPT.replace("FUNCTION", "hurdle" if kind == "hurdle" else "zeroinfl")
    script = script.replace("DIST", "poisson" if kind == "zip" else "negbin")
    return found | {PSCL: RScript(script)} if r else found
