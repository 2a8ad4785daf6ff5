"""What a path of penalised fits costs: 100,000 rows and 100 columns, or three factors; 2,000 rows and 5,000 columns.

R's clock leaves the reading of the data and the making of its matrix out; ours has the formula and the design in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

ROWS, COLUMNS, LEVELS = 100_000, 100, 100
WIDE = (2_000, 5_000)
GLMNET, SKLEARN = "R glmnet", "scikit-learn lasso_path"
# The ratios to meet, by family.
BARS = {
    "gaussian": 0.3,
    "binomial": 0.6,
    "poisson": 0.7,
    "factors": 1.2,
    "wide gaussian": 3.0,
    "wide binomial": 3.0,
}


def people(family: str, rows: int = ROWS) -> pd.DataFrame:
    """Correlated columns of which 20 matter, or codes of three factors and five numbers; the response last."""
    rng = np.random.default_rng(1)
    if family == "factors":
        data = pd.DataFrame({f"f{j}": rng.integers(0, LEVELS, rows) for j in range(3)}, dtype=float)
        eta = np.full(rows, -1.0)
        for name in data:
            effect = 0.4 * rng.normal(size=LEVELS) * (rng.random(LEVELS) < 0.4)
            eta += effect[data[name].astype(int)]
        for j in range(5):
            data[f"x{j}"] = rng.normal(size=rows)
    else:
        columns = COLUMNS
        if family.startswith("wide"):
            rows, columns = WIDE if rows == ROWS else (WIDE[0] // 10, WIDE[1] // 10)
        X = rng.normal(size=(rows, columns)) + 0.5 * rng.normal(size=(rows, 1))
        eta = X[:, :20] @ (0.3 * rng.normal(size=20))
        data = pd.DataFrame(X, columns=[f"x{j}" for j in range(columns)])
    if family.endswith("gaussian"):
        y = eta + rng.normal(size=rows)
    elif family == "poisson":
        y = rng.poisson(np.exp(np.clip(eta / 4, -5, 3))).astype(float)
    else:
        y = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)
    return data.assign(y=y)


def ours(family: str, data: pd.DataFrame) -> np.ndarray:
    """Coefficients at the tenth penalty."""
    import glmformula

    if family == "factors":
        data = data.assign(**{f"f{j}": pd.Categorical(data[f"f{j}"].astype(int)) for j in range(3)})
    kind = "binomial" if family == "factors" else family.removeprefix("wide ")
    fit = glmformula.glmnet("y ~ .", data, kind)
    return np.asarray(fit.coefficients.iloc[:, 9])


def lasso_path(data: pd.DataFrame) -> np.ndarray:
    """The same by scikit-learn, which has least squares alone: on columns that were scaled for it."""
    from sklearn.linear_model import lasso_path as path

    X, y = data.iloc[:, :-1].to_numpy(), data["y"].to_numpy()
    mean, sd = X.mean(axis=0), X.std(axis=0)
    Z, centred = np.asfortranarray((X - mean) / sd), y - y.mean()
    least = 1e-2 if X.shape[0] < X.shape[1] else 1e-4
    alphas = np.abs(centred @ Z).max() / len(y) * least ** (np.arange(100) / 99)
    _, b, _ = path(Z, centred, alphas=alphas)
    slopes = b[:, 9] / sd
    return np.concatenate([[y.mean() - mean @ slopes], slopes])


R_SCRIPT = """
suppressPackageStartupMessages(library(glmnet))
arguments <- commandArgs(TRUE); size <- as.integer(arguments[3:4]); family <- arguments[5]
data <- matrix(readBin(arguments[1], "double", prod(size)), size[1])
y <- data[, size[2]]; X <- data[, -size[2]]
if (family == "factors") {
  frame <- as.data.frame(X)
  names(frame) <- c("f0", "f1", "f2", paste0("x", 0:4))
  for (f in c("f0", "f1", "f2")) frame[[f]] <- factor(frame[[f]])
  X <- Matrix::sparse.model.matrix(~ ., frame)[, -1]
  family <- "binomial"
}
family <- sub("wide ", "", family)
seconds <- system.time(fit <- glmnet(X, y, family = family))["elapsed"]
writeBin(c(seconds, as.numeric(coef(fit)[, 10])), arguments[2])
"""


def field(family: str, r: bool) -> Mapping[str, Contender]:
    def own(data: pd.DataFrame) -> np.ndarray:
        return ours(family, data)

    found: dict[str, Contender] = {"glmformula": own}
    # of the wide one it takes minutes, and warns that it has not converged
    if family == "gaussian" and find_spec("sklearn"):
        found[SKLEARN] = lasso_path
    return found | {GLMNET: RScript(R_SCRIPT, family)} if r else found
