"""What mixed models cost: fit and summary, beside lme4 and glmmTMB. R's clock leaves the reading of the data out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from .contenders import Contender, RScript

LME4, GLMMTMB = "lme4", "glmmTMB"
VERBAGG = Path(__file__).parents[1] / "tests" / "reference" / "mixed" / "data" / "VerbAgg.csv.gz"
FORMULAS = {
    "verbagg": "y ~ anger + woman + scold + shout + selfish + (1 | id) + (1 | item)",
    "crossed": "y ~ x1 + (1 | a) + (1 | b) + (1 | c)",
    "binomial": "y ~ x1 + x2 + x3 + x4 + (1 | g)",
    "poisson": "y ~ x1 + x2 + x3 + x4 + (1 | g)",
    "slopes": "y ~ x1 + x2 + x3 + x4 + (x1 | g)",
}
FAMILIES = {
    "verbagg": "binomial",
    "crossed": "gaussian",
    "slopes": "gaussian",
    "binomial": "binomial",
    "poisson": "poisson",
}
TITLES = {
    "verbagg": "glmer binomial, VerbAgg: 7,584 rows, 316 × 24 crossed",
    "crossed": "lmer ML: 73,421 rows, 2,972 × 1,128 × 14 crossed",
    "slopes": "lmer REML: 1e5 rows, 1e4 groups, intercept and slope",
    "binomial": "glmer binomial: 1e5 rows, 1e4 groups",
    "poisson": "glmer poisson: 1e5 rows, 1e4 groups",
}
KINDS = tuple(TITLES)
# The ratios to meet.
BARS = {
    "verbagg": {LME4: 0.1},
    "crossed": {LME4: 0.1},
    "slopes": {},
    "binomial": {LME4: 0.02},
    "poisson": {LME4: 0.02, GLMMTMB: 0.02},
}


def rows(kind: str, n: int = 100_000, groups: int = 10_000) -> pd.DataFrame:
    """The data of a race, all numbers."""
    rng = np.random.default_rng(6)
    if kind == "verbagg":
        raw = pd.read_csv(VERBAGG)
        out = pd.DataFrame({"y": (raw["r2"] == "Y").astype(float), "anger": raw["Anger"]})
        out["woman"] = (raw["Gender"] == "F").astype(float)
        for name in ("scold", "shout"):
            out[name] = (raw["btype"] == name).astype(float)
        out["selfish"] = (raw["situ"] == "self").astype(float)
        for name in ("id", "item"):
            out[name] = pd.factorize(raw[name])[0].astype(float)
        return out
    if kind == "crossed":
        n = min(n, 73_421)
        sizes = {"a": 2972, "b": 1128, "c": 14} if n == 73_421 else {"a": 100, "b": 40, "c": 5}
        out = pd.DataFrame({name: rng.integers(0, size, n) for name, size in sizes.items()})
        effects = sum(sd * rng.normal(size=sizes[k])[out[k]] for k, sd in zip("abc", (0.33, 0.52, 0.08)))
        out["x1"] = rng.integers(0, 2, n)
        out["y"] = 3.3 - 0.1 * out["x1"] + effects + 1.18 * rng.normal(size=n)
        return out.astype(float)
    g, X = rng.integers(0, groups, n), rng.normal(size=(n, 4))
    own = 0.9 * rng.normal(size=groups)
    slope = 0.3 * own + 0.4 * rng.normal(size=groups)
    eta = X @ [0.5, -0.3, 0.2, 0.0] - 0.4 + own[g] + (slope[g] * X[:, 0] if kind == "slopes" else 0.0)
    out = pd.DataFrame(X, columns=["x1", "x2", "x3", "x4"]).assign(g=g.astype(float))
    if kind == "binomial":
        return out.assign(y=(rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float))
    return out.assign(
        y=rng.poisson(np.exp(0.4 * eta)).astype(float) if kind == "poisson" else eta + rng.normal(size=n)
    )


def ours(kind: str, data: pd.DataFrame) -> np.ndarray:
    """Fixed effects."""
    import glmformula

    if FAMILIES[kind] == "gaussian":
        fit = glmformula.lmer(FORMULAS[kind], data, REML=kind != "crossed")
    else:
        fit = glmformula.glmer(FORMULAS[kind], data, FAMILIES[kind])
    str(fit.summary())
    return fit.fixef.to_numpy()


R_SCRIPT = """
who <- commandArgs(TRUE)[5]; formula <- as.formula(commandArgs(TRUE)[6]); family <- commandArgs(TRUE)[7]
names <- strsplit(commandArgs(TRUE)[8], ",")[[1]]; reml <- commandArgs(TRUE)[9] == "TRUE"
suppressMessages(library(who, character.only = TRUE))
size <- as.integer(commandArgs(TRUE)[3:4])
data <- as.data.frame(matrix(readBin(commandArgs(TRUE)[1], "double", prod(size)), size[1]))
names(data) <- names
seconds <- system.time({
  fit <- if (who == "glmmTMB") glmmTMB(formula, data, family = family) else
    if (family == "gaussian") lmer(formula, data, REML = reml) else glmer(formula, data, family = family)
  text <- capture.output(print(summary(fit)))
})["elapsed"]
beta <- if (who == "glmmTMB") fixef(fit)$cond else fixef(fit)
writeBin(c(seconds, unname(beta)), commandArgs(TRUE)[2])
"""


def field(kind: str, data: pd.DataFrame, packages: tuple[str, ...]) -> Mapping[str, Contender]:
    more = (FORMULAS[kind], FAMILIES[kind], ",".join(data.columns), str(kind != "crossed").upper())
    theirs = {who: RScript(R_SCRIPT, who, *more) for who in packages if who == LME4 or kind == "poisson"}
    mine: dict[str, Contender] = {"glmformula": partial(ours, kind)}
    return mine | theirs
