"""Rows, and for every function that formulas may call a formula that uses it on them."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

N = 80


def rows(seed: int = 7) -> pd.DataFrame:
    """Numbers of both signs, positive and small ones, whole ones, texts, factors, truths, dates and times."""
    rng = np.random.default_rng(seed)
    day = [datetime.date(2019, 12, 1) + datetime.timedelta(int(k)) for k in rng.integers(0, 900, N)]
    clock = pd.Timestamp("2020-02-27") + pd.to_timedelta(rng.integers(0, 10**8, N), unit="s")
    return pd.DataFrame(
        {
            "y": rng.normal(5.0, 1.0, N),
            "x": np.round(rng.normal(0.0, 1.2, N), 3),
            "p": rng.gamma(2.0, 1.0, N) + 0.01,
            "u": rng.uniform(-0.99, 0.99, N),
            "half": rng.integers(-9, 10, N) / 2.0,
            "k": rng.integers(0, 7, N),
            "f": rng.choice(["red", "green", "blue"], N),
            "g": pd.Categorical(rng.choice(["low", "mid", "high"], N), ["low", "mid", "high"], ordered=True),
            "b": rng.random(N) < 0.4,
            "w": rng.choice([" ab", "abc ", "xbc", "xy"], N),
            "d": day,
            "t": clock,
        }
    )


def holes(data: pd.DataFrame) -> pd.DataFrame:
    """The same with a missing value in every column, each in a row of its own, and an unseen level."""
    out = data.astype({"k": "float64", "b": "object"})
    out["d"] = out["d"].astype(object)
    for row, name in enumerate(n for n in out.columns if n != "y"):
        out.loc[row, name] = None
    out.loc[len(out.columns), "f"] = "violet"
    return out


# Function to the right side of a formula that calls it.
CASES: dict[str, str] = {
    "+": "I(x + p)", "-": "I(x - p) + I(-u)", "*": "I(x * p)", "/": "I(x / p) + I(1 / p)",
    "^": "I(x^2) + I(p^1.5) + I(x^-1)",
    "%%": "I(half %% 2) + I(k %% 3)", "%/%": "I(half %/% 2)", "(": "I((x))", "I": "I(x)", "identity": "identity(x)",
    "offset": "x + offset(p)", "log": "log(p) + log(p, 3)", "log2": "log2(p)", "log10": "log10(p)",
    "log1p": "log1p(u)", "exp": "exp(x)", "expm1": "expm1(x)", "sqrt": "sqrt(p)", "sin": "sin(x)", "cos": "cos(x)",
    "tan": "tan(u)", "asin": "asin(u)", "acos": "acos(u)", "atan": "atan(x)", "sinh": "sinh(x)", "cosh": "cosh(x)",
    "tanh": "tanh(x)", "asinh": "asinh(x)", "acosh": "acosh(I(p + 1))", "atanh": "atanh(u)", "sinpi": "sinpi(half)",
    "cospi": "cospi(half)", "tanpi": "tanpi(u)", "floor": "floor(x)", "ceiling": "ceiling(x)", "sign": "sign(x)",
    "abs": "abs(x)", "trunc": "trunc(x) + trunc(as.numeric(k))", "round": "round(half) + round(x, 1) + round(p, -1)",
    "atan2": "atan2(x, p)", "pmin": "pmin(x, u)", "pmax": "pmax(x, u, na.rm = TRUE)",
    "==": 'I(f == "red") + I(k == 3)', "!=": 'I(f != "red")', "<": "I(x < u)", "<=": "I(k <= 3)", ">": "I(x > 0.5)",
    ">=": 'I(g >= "mid")', "&": "I(x > 0 & p > 1)", "|": "I(x > 0 | p > 2)", "!": "I(!b)", "xor": "xor(b, x > 0)",
    "%in%": 'I(f %in% c("red", "blue")) + I(k %in% c(1, 2))', "is.element": 'is.element(w, c("xy", "xbc"))',
    "is.na": "I(ifelse(is.na(x), 0, x)) + p", "is.nan": "I(ifelse(is.nan(x), 1, x))",
    "is.finite": "I(ifelse(is.finite(p), p, 0))", "is.infinite": "I(ifelse(is.infinite(p), 0, p))",
    "is.factor": "I(x * is.factor(g))", "is.ordered": "I(x * is.ordered(g))",
    "is.numeric": "I(x * is.numeric(x))", "is.character": "I(x * is.character(f))",
    "is.logical": "I(x * is.logical(b))", "ifelse": 'I(ifelse(x > 0, x, -p)) + ifelse(b, "yes", f)',
    "all": "I(x * all(p > 0))", "any": "I(p - x * any(x > 0))",
    "as.numeric": "as.numeric(b) + as.numeric(g) + as.numeric(as.character(factor(k)))", "as.double": "as.double(b)",
    "as.integer": "as.integer(x)", "as.character": "as.character(g)", "as.logical": "as.logical(k)",
    "as.vector": "as.vector(x)", "unclass": "unclass(g)",
    "factor": 'factor(k) + factor(f, levels = c("blue", "red", "green"), labels = c("B", "R", "R"))',
    "ordered": "ordered(k)", "as.factor": "as.factor(b) + as.factor(half)", "as.ordered": "as.ordered(f)",
    "droplevels": "droplevels(g)", "relevel": 'relevel(factor(f), ref = "green")', "addNA": "addNA(f)",
    "interaction": "interaction(f, b)", "levels": 'I(g == levels(g)[1])', "nlevels": "I(x / nlevels(g))",
    "cut": "cut(x, 4) + cut(p, c(0, 1, 3, Inf), right = FALSE) + cut(u, 3, labels = FALSE)",
    "findInterval": "findInterval(x, c(-1, 0, 1)) + findInterval(u, c(-2, 0, 2), all.inside = TRUE, left.open = TRUE)",
    "poly": "poly(x, 3) + poly(p, 2, raw = TRUE)", "polym": "polym(x, p, degree = 2)", "bs": "bs(x, df = 5)",
    "ns": "ns(p, df = 4)", "scale": "scale(x) + scale(p, scale = FALSE)", "cbind": "cbind(x, p)",
    "[": "I(x - p[2])", "[,": "poly(x, 3)[, 2]", "[drop": "g[, drop = TRUE]", "c": "I(c(x))",
    **{name: f"I(x - {name}(p))" for name in ("mean", "var", "sd", "median", "mad", "IQR", "min", "max", "length")},
    "sum": "I(x / sum(p))", "prod": "I(x + prod(u))", "range": "I(x - range(p)[2])",
    "quantile": "I(x - quantile(p, 0.3))",
    "C": "C(factor(f), contr.sum)",
    **{name: f'C(factor(f), "{name}")' for name in ("contr.treatment", "contr.sum", "contr.helmert", "contr.SAS")},
    "contr.poly": 'C(g, "contr.poly")',
    "nchar": "nchar(w)", "substr": "substr(w, 1, 2)", "substring": "substring(w, 3)", "toupper": "toupper(w)",
    "tolower": "tolower(w)", "trimws": 'trimws(w) + trimws(w, "left")', "paste": "paste(f, b)",
    "paste0": 'paste0(f, "-", w)',
    "startsWith": 'startsWith(w, "x")', "endsWith": 'endsWith(w, "bc")', "grepl": 'grepl("bc", w)',
    "as.Date": "as.numeric(as.Date(t))", "as.POSIXct": "as.numeric(as.POSIXct(d))",
    "format": 'format(d, "%Y") + format(t, "%H")', "strftime": 'strftime(d, "%b")', "weekdays": "weekdays(d)",
    "months": "months(t)", "quarters": "quarters(d)", "julian": 'julian(d, as.Date("2020-01-01"))',
    "difftime": 'as.numeric(difftime(t, as.POSIXct("2020-01-01"), units = "days"))',
    "gamma": "gamma(u) + gamma(p)", "lgamma": "lgamma(p) + lgamma(u)", "digamma": "digamma(p) + digamma(u)",
    "trigamma": "trigamma(p) + trigamma(u)", "factorial": "factorial(k)", "lfactorial": "x + offset(lfactorial(k))",
    "beta": "beta(p, 1.5) + beta(1 + k, p)", "lbeta": "lbeta(p, 200)", "choose": "choose(k, 2) + choose(p, 3)",
    "pnorm": "pnorm(x) + pnorm(p, 1, 2)", "dnorm": "dnorm(x)", "plogis": "plogis(x)",
    "qlogis": "qlogis(I((u + 1) / 2))",
}  # fmt: skip

# Of the design rather than of one function.
DESIGNS = (
    "x * f", "f * g", "0 + f + x", "f:x", "f:b:p", "poly(x, 2) * f", "ns(x, 3):g", "x %in% f", "b", "d", "t",
    'I(d > "2020-06-01")', "cut(d, 'quarter')", "trunc(d, 'months')", "I(as.numeric(trunc(t, 'hours')))",
    "log(p) * b + k",
    "bs(x, degree = 1, knots = c(-1, 0)) + bs(p, df = 6, intercept = TRUE)", "poly(x, p, degree = 2)", "1", "0 + x",
    "factor(f):poly(x, 2):p", "x + offset(log(p)) + offset(2 * k)", "I(x^k)", "poly(x, 7)", "poly(log(p), 2):f",
)  # fmt: skip
