"""Who runs in each race: each takes the same data frame and returns its coefficients.

A contender does what its users do to see estimates *with standard errors*: glmformula and statsmodels print
their summary, glum fits and asks for its coefficient table (covariance stored in the fit, its cheapest way).
scikit-learn has no standard errors; its time is the fit alone. pyfixest sweeps the factors out and has no
coefficients for their levels. R's time is taken inside R, without
reading the data.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from .portfolio import (
    CROSSED_FORMULA,
    CROSSED_LEVELS,
    CROSSED_NUMBERS,
    DENSE_FORMULA,
    FACTORS,
    LEVELS_FORMULA,
    MIXED_FORMULA,
    MIXED_LEVELS,
    MIXED_NUMBERS,
    PORTFOLIO_FORMULA,
    SMALL_FORMULA,
)

Contender = Callable[[pd.DataFrame], np.ndarray]


def _ours(formula: str, family: str) -> Contender:
    def run(data: pd.DataFrame) -> np.ndarray:
        import glmformula

        fit = glmformula.glm(formula, data=data, family=family)
        str(fit.summary())
        return np.asarray(fit.coefficients)

    return run


def _statsmodels(formula: str, family: str) -> Contender:
    def run(data: pd.DataFrame) -> np.ndarray:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        fit = smf.glm(formula, data, family=getattr(sm.families, family)()).fit()
        str(fit.summary())
        return np.asarray(fit.params)

    return run


def _glum(columns: list[str], response: str, family: str, exposure: str | None = None) -> Contender:
    def run(data: pd.DataFrame) -> np.ndarray:
        from glum import GeneralizedLinearRegressor

        offset = None if exposure is None else np.log(data[exposure])
        model = GeneralizedLinearRegressor(family=family, alpha=0, drop_first=True)
        model.fit(data[columns], data[response], offset=offset, store_covariance_matrix=True)
        return np.asarray(model.coef_table()["coef"])

    return run


def _pyfixest(family: str, numbers: list[str], levels: list[str], response: str = "y") -> Contender:
    def run(data: pd.DataFrame) -> np.ndarray:
        import pyfixest

        formula = f"{response} ~ {' + '.join(numbers)}" + (f" | {' + '.join(levels)}" if levels else "")
        if "exposure" in data:
            fit = pyfixest.fepois(
                formula, data.assign(log_exposure=np.log(data["exposure"])), vcov="iid", offset="log_exposure"
            )
        elif family == "poisson":
            fit = pyfixest.fepois(formula, data, vcov="iid")
        else:
            fit = pyfixest.feglm(formula, data, family=family, vcov="iid")
        return np.asarray(fit.tidy()["Estimate"])

    return run


def _sklearn(data: pd.DataFrame) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(data.drop(columns="y"), data["y"])
    return np.append(model.intercept_, model.coef_)


def _statsmodels_portfolio(data: pd.DataFrame) -> np.ndarray:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    formula = "claims ~ " + " + ".join(FACTORS) + " + log_density"
    fit = smf.glm(formula, data, family=sm.families.Poisson(), offset=np.log(data["exposure"])).fit()
    str(fit.summary())
    return np.asarray(fit.params)


R_SCRIPT = """
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- c(paste0("x", seq_len(size[2] - 1)), "y")
seconds <- system.time({
  fit <- glm(y ~ ., data = data, family = binomial())
  invisible(capture.output(print(summary(fit))))
})["elapsed"]
writeBin(c(seconds, coef(fit)), commandArgs(TRUE)[2])
"""


class RScript:
    """A script of R on numeric data; `seconds` is what R's own clock said of the last run.

    Parameters
    ----------
    text : str
        Its arguments: a file of the columns, a file for the answer (seconds first), rows, columns, `more`.
    more : str
    """

    seconds = np.nan

    def __init__(self, text: str, *more: str) -> None:
        self.text, self.more = text, more

    def __call__(self, data: pd.DataFrame) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            script, values, answer = (Path(folder) / name for name in ("run.R", "in.bin", "out.bin"))
            script.write_text(self.text)
            data.to_numpy(dtype=float).T.tofile(values)
            size = [str(k) for k in data.shape]
            subprocess.run(["Rscript", script, values, answer, *size, *self.more], check=True)
            self.seconds, *numbers = np.fromfile(answer)
        return np.asarray(numbers)


def has_r(package: str = "stats") -> bool:
    """Whether R is there, and a package of it."""
    rscript = shutil.which("Rscript")
    code = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
    return rscript is not None and subprocess.run([rscript, "-e", code]).returncode == 0


ABSORBING = "pyfixest (levels swept out)"


def _lm(data: pd.DataFrame) -> np.ndarray:
    import glmformula

    fit = glmformula.lm(DENSE_FORMULA, data=data)
    str(fit.summary())
    return np.asarray(fit.coefficients)


def _ols(data: pd.DataFrame) -> np.ndarray:
    import statsmodels.formula.api as smf

    fit = smf.ols(DENSE_FORMULA, data).fit()
    str(fit.summary())
    return np.asarray(fit.params)


LINEAR: dict[str, Contender] = {"glmformula": _lm, "statsmodels": _ols}
R_LINEAR = R_SCRIPT.replace("glm(y ~ ., data = data, family = binomial())", "lm(y ~ ., data = data)")

DENSE: dict[str, Contender] = {
    "glmformula": _ours(DENSE_FORMULA, "binomial"),
    "glum": _glum([f"x{j}" for j in range(1, 21)], "y", "binomial"),
    "scikit-learn (no std. errors)": _sklearn,
    "pyfixest": _pyfixest("logit", [f"x{j}" for j in range(1, 21)], []),
    "statsmodels": _statsmodels(DENSE_FORMULA, "Binomial"),
}
PORTFOLIO: dict[str, Contender] = {
    "glmformula": _ours(PORTFOLIO_FORMULA, "poisson"),
    "glum": _glum([*FACTORS, "log_density"], "claims", "poisson", "exposure"),
    ABSORBING: _pyfixest("poisson", ["log_density"], [*FACTORS], "claims"),
    "statsmodels": _statsmodels_portfolio,
}
MIXED: dict[str, Contender] = {
    "glmformula": _ours(MIXED_FORMULA, "poisson"),
    "glum": _glum([*MIXED_LEVELS, *MIXED_NUMBERS], "y", "poisson"),
    ABSORBING: _pyfixest("poisson", MIXED_NUMBERS, [*MIXED_LEVELS]),
}
CROSSED: dict[str, Contender] = {
    "glmformula": _ours(CROSSED_FORMULA, "poisson"),
    "glum": _glum([*CROSSED_LEVELS, *CROSSED_NUMBERS], "y", "poisson"),
    ABSORBING: _pyfixest("poisson", CROSSED_NUMBERS, [*CROSSED_LEVELS]),
}
LEVELS: dict[str, Contender] = {
    "glmformula": _ours(LEVELS_FORMULA, "poisson"),
    "glum": _glum(["buyer", *CROSSED_NUMBERS], "y", "poisson"),
}
MANY_LEVELS = LEVELS
SMALL: dict[str, Contender] = {
    "glmformula": _ours(SMALL_FORMULA, "binomial"),
    "statsmodels": _statsmodels(SMALL_FORMULA, "Binomial"),
}
