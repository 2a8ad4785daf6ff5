"""Drawing a case: a small data set, a formula, a family and link, a response fit for them or hostile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .oracle import Model, Spec, model

Generator = np.random.Generator

LINKS: tuple[str | float, ...] = (
    "logit", "probit", "cauchit", "cloglog", "identity", "log", "sqrt", "inverse", "1/mu^2",
    0.0, 1.0, 0.5, 2.0, 3.0, 0.25, -1.0,
)  # fmt: skip
FAMILIES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("gaussian", (None,)),
    ("binomial", (None,)),
    ("poisson", (None,)),
    ("Gamma", (None,)),
    ("inverse_gaussian", (None,)),
    ("quasi", ("constant", "mu", "mu^2", "mu^3", "mu(1-mu)")),
    ("quasibinomial", (None,)),
    ("quasipoisson", (None,)),
    ("negative_binomial", (0.1, 1.0, 5.0, 1e4)),
    ("tweedie", (-0.5, 0.0, 1.0, 1.2, 1.5, 1.9, 2.0, 2.5, 3.0)),
)
COUNTS, SIZES, SHARES = (
    ("log", "sqrt", "identity"),
    ("inverse", "log", "identity"),
    ("logit", "probit", "cloglog"),
)
USUAL_LINKS: dict[Any, tuple[str | float, ...]] = {
    "gaussian": SIZES, "constant": SIZES, "Gamma": SIZES, "mu^2": SIZES,
    "inverse_gaussian": ("1/mu^2", "log"), "mu^3": ("1/mu^2", "log"),
    "poisson": COUNTS, "quasipoisson": COUNTS, "negative_binomial": COUNTS, "mu": COUNTS,
    "binomial": (*SHARES, "log"), "quasibinomial": SHARES, "mu(1-mu)": SHARES,
}  # fmt: skip
LINK_POWERS = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, -0.5)
TERMS = (
    "x",
    "z",
    "f",
    "g",
    "x2",
    "s",
    "near",
    "zero",
    "wide",
    "tiny",
    "far",
    "one",
    "x:f",
    "f:g",
    "x:z",
    "I(x^2)",
)
TERM_CHANCES = np.array([9, 6, 9, 4, 0.7, 0.7, 0.4, 0.5, 1, 1, 0.4, 0.3, 2, 2, 1, 1])
RESPONSES = (
    "drawn",
    "noise",
    "few",
    "split",
    "constant",
    "zeros",
    "ones",
    "outlier",
    "perfect",
    "invalid",
    "huge",
    "small",
)
RESPONSE_CHANCES = np.array([10, 4, 3, 2, 0.7, 0.4, 0.4, 1, 1.5, 0.5, 0.5, 0.5])


@dataclass(frozen=True)
class Case:
    """One draw: what `glm` is called with, and how the response was made."""

    seed: int
    index: int
    formula: str
    data: pd.DataFrame
    spec: Spec
    response: str
    terms: tuple[str, ...]
    intercept: bool
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.options.items())
        what = f"{self.formula}, {self.spec}, n={len(self.data)}, y {self.response}; {options}"
        return f"--seed {self.seed} --only {self.index}: {what}"


def draw(seed: int, index: int) -> Case:
    """The case of that number."""
    rng = np.random.default_rng([seed, index])
    spec = draw_spec(rng)
    data = draw_columns(rng)
    n = len(data)
    terms = draw_terms(rng, n)
    intercept = bool(rng.random() < 0.85)
    if not terms and not intercept:
        intercept = True
    options: dict[str, Any] = {}
    if rng.random() < 0.3:
        options["weights"] = "w"
        data["w"] = draw_weights(rng, n)
    if rng.random() < 0.25:
        options["offset"] = "o"
        data["o"] = draw_offset(rng, n, model(spec))
    response = str(rng.choice(RESPONSES, p=RESPONSE_CHANCES / RESPONSE_CHANCES.sum()))
    data["y"] = draw_response(rng, response, spec, data, terms)
    if rng.random() < 0.15:
        options["na_action"] = str(rng.choice(["na.omit", "na.exclude"]))
        for name in ("y", "x", "z", "w", "o"):
            if name in data and rng.random() < 0.5:
                data[name] = data[name].where(rng.random(n) > 0.1)
    if rng.random() < 0.1:
        options["method"] = str(rng.choice(["qr", "cholesky"]))
    formula = f"y ~ {' + '.join((('1',) if intercept else ('0',)) + terms)}"
    return Case(seed, index, formula, data, spec, response, terms, intercept, options)


def draw_spec(rng: Generator) -> Spec:
    name, parameters = FAMILIES[rng.integers(len(FAMILIES))]
    parameter = parameters[rng.integers(len(parameters))]
    if name == "tweedie":
        powers = (*LINK_POWERS, 1.0 - parameter)
        return Spec(name, float(powers[rng.integers(len(powers))]), parameter)
    links = USUAL_LINKS.get(parameter if name == "quasi" else name, LINKS) if rng.random() < 0.4 else LINKS
    return Spec(name, links[rng.integers(len(links))], parameter)


def draw_columns(rng: Generator) -> pd.DataFrame:
    n = int(
        rng.integers(1, 5)
        if rng.random() < 0.05
        else rng.integers(5, 16)
        if rng.random() < 0.4
        else rng.integers(16, 60)
    )
    kind = rng.integers(5)
    x = (
        rng.normal(size=n) if kind < 2
        else rng.uniform(0, 1, n) if kind == 2
        else rng.integers(0, 4, n).astype(float) if kind == 3
        else np.exp(rng.normal(0, 2, n))
    )  # fmt: skip
    z = rng.normal(size=n) if rng.random() < 0.6 else rng.uniform(0.5, 2, n)
    levels_f, levels_g = (
        int(rng.integers(1, 7) if rng.random() < 0.2 else rng.integers(2, 5)),
        int(rng.integers(2, 4)),
    )
    f, h = rng.integers(0, levels_f, n), rng.integers(0, levels_g, n)
    if rng.random() < 0.2:
        h[f == 0] = 0  # an empty cell
    return pd.DataFrame(
        {
            "x": x, "z": z, "x2": 2 * x, "s": x + z, "near": x + 1e-9 * rng.normal(size=n), "zero": 0.0,
            "wide": 1e8 * rng.normal(size=n), "tiny": 1e-8 * rng.normal(size=n), "far": 1e6 + rng.normal(size=n),
            "one": 1.0, "f": pd.Categorical.from_codes(f, list("abcdefg")[:max(levels_f, 1)]),
            "g": pd.Categorical.from_codes(h, list("pqr")[:levels_g]),
        }
    )  # fmt: skip


def draw_terms(rng: Generator, n: int) -> tuple[str, ...]:
    count = int(rng.choice([0, 1, 2, 3, 4], p=[0.08, 0.37, 0.33, 0.15, 0.07]))
    drawn = rng.choice(TERMS, size=count, replace=False, p=TERM_CHANCES / TERM_CHANCES.sum())
    if "x:f" in drawn:  # R takes x of x:z for x itself, and leaves a column out
        drawn = [t for t in drawn if t not in ("x:z", "f:g")]
    return tuple(str(t) for t in drawn)


def draw_weights(rng: Generator, n: int) -> np.ndarray:
    kind = rng.integers(5)
    if kind == 0:
        return rng.integers(0, 4, n).astype(float)
    if kind == 1:
        return rng.uniform(0.1, 3, n)
    if kind == 2:
        return rng.integers(1, 20, n).astype(float)
    if kind == 3:
        return np.where(rng.random(n) < 0.5, 0.0, 1.0)
    return np.exp(rng.normal(0, 4, n))


def draw_offset(rng: Generator, n: int, m: Model) -> np.ndarray:
    kind = rng.integers(5)
    if kind == 0:
        return rng.normal(0, 0.3, n)
    if kind == 1:
        return np.full(n, float(rng.normal()))
    if kind == 2:
        return rng.uniform(0, 2, n)
    if kind == 3:
        return np.log(rng.uniform(1, 100, n))
    return rng.normal(0, 10, n) * (10 if rng.random() < 0.2 else 1)


def predictor(rng: Generator, data: pd.DataFrame, terms: tuple[str, ...]) -> np.ndarray:
    """A linear predictor of size 1 or so."""
    eta = np.zeros(len(data))
    for block in (design(data, (t,), False) for t in terms):
        size = np.abs(block).max(initial=0) or 1.0
        eta += block / size @ rng.normal(size=block.shape[1])
    return eta


def draw_response(
    rng: Generator, kind: str, spec: Spec, data: pd.DataFrame, terms: tuple[str, ...]
) -> np.ndarray:
    m, n = model(spec), len(data)
    eta = predictor(rng, data, terms) * rng.choice([0.3, 1.0, 3.0])
    low, high = m.mu_interval
    unit, positive = high == 1.0, low == 0.0
    counts = spec.family in ("poisson", "quasipoisson", "negative_binomial") or spec.parameter in ("mu", 1.0)
    if kind == "perfect":
        eta = eta / (1 + np.abs(eta).max()) * 0.5
        ends = m.interval
        centre = (
            0.0
            if not np.isfinite(ends).any()
            else ends[0] + 1
            if np.isinf(ends[1])
            else ends[1] - 1
            if np.isinf(ends[0])
            else 0.5
        )
        with np.errstate(all="ignore"):
            return np.nan_to_num(
                m.means((1.5 if m.split else centre) + eta * (0.9 if np.isinf(ends).any() else 0.5))[0],
                nan=1.0,
            )
    if kind == "constant":
        return np.full(n, float(rng.choice([1.0, 0.5, 2.0] if not unit else [0.5, 1.0, 0.3])))
    if kind in ("zeros", "ones"):
        return np.full(n, 1.0 if kind == "ones" else 0.0)
    if kind == "split":
        cut = data["x"] > data["x"].median() if rng.random() < 0.6 else data["f"].cat.codes == 0
        return np.where(cut, 0.0, 1.0 if unit else rng.integers(1, 5, n))
    if kind == "invalid":
        return rng.normal(0, 3, n).round(int(rng.integers(0, 3)))
    mu = 1 / (1 + np.exp(-eta)) if unit else np.exp(eta) if positive else eta
    if kind == "noise":
        mu = np.full(n, 0.5 if unit else 1.0)
    if kind == "few":
        mu = np.full(n, 0.08 if unit else 0.3)
    if unit:
        y = (rng.random(n) < mu).astype(float)
        if "w" in data and rng.random() < 0.5 and (data["w"] % 1 == 0).all():
            trials = np.maximum(data["w"].to_numpy(), 1)
            y = rng.binomial(trials.astype(int), mu) / trials
        elif rng.random() < 0.15:
            y = rng.uniform(0, 1, n)
        return y
    if counts or kind == "few":
        y = rng.poisson(np.minimum(mu, 1e6)).astype(float)
    elif positive:
        y = mu * rng.gamma(2.0, 0.5, n) + 1e-12
        if spec.family == "tweedie" and isinstance(spec.parameter, float) and 1 < spec.parameter < 2:
            y = np.where(rng.random(n) < 0.3, 0.0, y)
    else:
        y = mu + rng.normal(size=n)
        if rng.random() < 0.4:
            y = np.exp(mu / 2) + rng.normal(size=n) * 0.3
    if kind == "outlier":
        y[rng.integers(n)] *= 1000.0
    if kind == "huge":
        y = y * 1e8
    if kind == "small":
        y = y * 1e-6
    return y


def design(data: pd.DataFrame, terms: tuple[str, ...], intercept: bool) -> np.ndarray:
    """Columns that span the model's: every level of every factor has its own."""
    blocks = [np.ones((len(data), 1))] if intercept else []
    for term in terms:
        if term == "I(x^2)":
            blocks.append(data[["x"]].to_numpy() ** 2)
            continue
        block = np.ones((len(data), 1))
        for name in term.split(":"):
            column = data[name]
            values = (
                np.equal.outer(column.cat.codes.to_numpy(), np.arange(len(column.cat.categories))).astype(
                    float
                )
                if isinstance(column.dtype, pd.CategoricalDtype)
                else column.to_numpy()[:, None]
            )
            block = (block[:, :, None] * values[:, None, :]).reshape(
                len(data), block.shape[1] * values.shape[1]
            )
        blocks.append(block)
    return np.concatenate(blocks, axis=1) if blocks else np.empty((len(data), 0))
