"""What a proportional odds model of five categories costs: fit and summary, beside statsmodels, MASS and ordinal.

R's clock leaves the reading of the data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
import pandas as pd

from .contenders import Contender, RScript, has_r

ROWS = 100_000
MASS, CLM = "MASS::polr", "ordinal::clm"
# The ratios to meet.
BARS = {CLM: 0.05}


def ours(data: pd.DataFrame) -> np.ndarray:
    """Coefficients, then thresholds."""
    import glmformula

    data = data.assign(y=pd.Categorical(data["y"], ordered=True))
    fit = glmformula.polr("y ~ " + " + ".join(data.columns[:-1]), data)
    str(fit.summary())
    return fit.estimates.to_numpy()


def statsmodels(data: pd.DataFrame) -> np.ndarray:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    model = OrderedModel(data["y"].to_numpy(), data.iloc[:, :-1].to_numpy(), distr="logit")
    fit = model.fit(method="bfgs", disp=0)
    str(fit.summary())
    beta, first, *steps = np.split(fit.params, [data.shape[1] - 1, data.shape[1]])
    return np.concatenate([beta, np.cumsum(np.concatenate([first, np.exp(steps[0])]))])


def r_script(fit: str, estimates: str) -> RScript:
    return RScript(f"""
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
data$y <- factor(data$y, ordered = TRUE)
seconds <- system.time({{
  fit <- {fit}
  invisible(capture.output(print(summary(fit))))
}})["elapsed"]
writeBin(c(seconds, unname({estimates})), commandArgs(TRUE)[2])
""")


def field(r: bool) -> Mapping[str, Contender]:
    found: dict[str, Contender] = {"glmformula": ours}
    if find_spec("statsmodels") is not None:
        found["statsmodels"] = statsmodels
    if r and has_r("ordinal"):
        found[CLM] = r_script("ordinal::clm(y ~ ., data = data)", "c(fit$beta, fit$alpha)")
    if r and has_r("MASS"):
        found[MASS] = r_script("MASS::polr(y ~ ., data, Hess = TRUE)", "c(fit$coefficients, fit$zeta)")
    return found
