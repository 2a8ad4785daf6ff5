"""What a negative binomial costs whose theta is estimated: fit and summary, beside statsmodels and MASS.

R's clock leaves the reading of the data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

ROWS = (100_000, 1_000_000)
MASS = "MASS::glm.nb"
# The ratios to meet, by rows.
BARS = {100_000: {"statsmodels": 0.25, MASS: 0.05}, 1_000_000: {MASS: 0.05}}


def ours(data: pd.DataFrame) -> np.ndarray:
    """Coefficients, then theta."""
    import glmformula

    fit = glmformula.glm_nb("y ~ " + " + ".join(data.columns[:-1]), data)
    str(fit.summary())
    return np.append(fit.coefficients, fit.theta)


def statsmodels(data: pd.DataFrame) -> np.ndarray:
    import statsmodels.api as sm

    design = np.column_stack([np.ones(len(data)), data.to_numpy()[:, :-1]])
    fit = sm.NegativeBinomial(data["y"].to_numpy(), design).fit(disp=0)
    str(fit.summary())
    return np.append(fit.params[:-1], 1 / fit.params[-1])


R_SCRIPT = """
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
seconds <- system.time({
  fit <- MASS::glm.nb(y ~ ., data)
  invisible(capture.output(print(summary(fit))))
})["elapsed"]
writeBin(c(seconds, coef(fit), fit$theta), commandArgs(TRUE)[2])
"""


def field(r: bool) -> Mapping[str, Contender]:
    found: dict[str, Contender] = {"glmformula": ours}
    if find_spec("statsmodels") is not None:
        found["statsmodels"] = statsmodels
    return found | {MASS: RScript(R_SCRIPT)} if r else found
