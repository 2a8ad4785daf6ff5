"""What a logistic regression of five categories costs: fit and summary, beside scikit-learn, statsmodels and nnet.

scikit-learn has no standard errors; R's clock leaves the reading of the data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

ROWS = 100_000
NNET, SKLEARN = "nnet::multinom", "scikit-learn newton-cholesky (no std. errors)"
# The ratios to meet.
BARS = {SKLEARN: 0.3, NNET: 0.03}


def ours(data: pd.DataFrame) -> np.ndarray:
    """Coefficients, category by category."""
    import glmformula

    fit = glmformula.multinom("y ~ " + " + ".join(data.columns[:-1]), data)
    str(fit.summary())
    return fit.estimates.to_numpy()


def sklearn(data: pd.DataFrame) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8, max_iter=100)
    fit.fit(data.iloc[:, :-1].to_numpy(), data["y"].to_numpy().astype(int))
    every = np.column_stack([fit.intercept_, fit.coef_])
    return (every - every[0])[1:].ravel()


def statsmodels(data: pd.DataFrame) -> np.ndarray:
    import statsmodels.api as sm

    design = np.column_stack([np.ones(len(data)), data.to_numpy()[:, :-1]])
    fit = sm.MNLogit(data["y"].to_numpy(), design).fit(disp=0)
    str(fit.summary())
    return fit.params.T.ravel()


R_SCRIPT = """
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
seconds <- system.time({
  fit <- nnet::multinom(y ~ ., data, trace = FALSE, maxit = 1000)
  invisible(capture.output(print(summary(fit))))
})["elapsed"]
writeBin(c(seconds, t(coef(fit))), commandArgs(TRUE)[2])
"""


def field(r: bool) -> Mapping[str, Contender]:
    found: dict[str, Contender] = {"glmformula": ours}
    if find_spec("sklearn") is not None:
        found[SKLEARN] = sklearn
    if find_spec("statsmodels") is not None:
        found["statsmodels"] = statsmodels
    return found | {NNET: RScript(R_SCRIPT)} if r else found
