"""The benchmarks' data, made here: dense, an insurance portfolio, mixed, of very many levels, small."""

from __future__ import annotations

import numpy as np
import pandas as pd

FACTORS = {
    "area": 6,
    "power": 12,
    "region": 21,
    "driver_age": 60,
    "vehicle_age": 40,
    "bonus": 90,
    "district": 50,
    "occupation": 50,
}
DENSE_FORMULA = "y ~ " + " + ".join(f"x{j}" for j in range(1, 21))
PORTFOLIO_FORMULA = "claims ~ " + " + ".join(FACTORS) + " + log_density + offset(log(exposure))"
MIXED_LEVELS, MIXED_NUMBERS = {"region": 10, "model": 100, "postcode": 1000}, [f"x{j}" for j in range(1, 11)]
MIXED_FORMULA = "y ~ " + " + ".join([*MIXED_LEVELS, *MIXED_NUMBERS])
CROSSED_LEVELS, CROSSED_NUMBERS = {"buyer": 2400, "seller": 2400}, [f"x{j}" for j in range(1, 6)]
LEVELS_FORMULA = "y ~ " + " + ".join(["buyer", *CROSSED_NUMBERS])
CROSSED_FORMULA = "y ~ " + " + ".join([*CROSSED_LEVELS, *CROSSED_NUMBERS])
SMALL_FORMULA = "y ~ age + dose + group"


def dense(n: int = 1_000_000, p: int = 20, seed: int = 1, slopes_seed: int = 1) -> pd.DataFrame:
    """n rows of p correlated normal columns x1..xp and a 0/1 response y, about three ones in ten."""
    draw = np.random.default_rng(seed)
    columns = np.empty((p + 1, n))
    common = draw.standard_normal(n)
    for j in range(p):
        columns[j] = draw.standard_normal(n) + 0.3 * common
    slopes = np.random.default_rng(slopes_seed).normal(0, 0.25, p)  # parts of one table share them
    eta = -1.0 + slopes @ columns[:p]
    columns[p] = draw.random(n) < 1 / (1 + np.exp(-eta))
    return pd.DataFrame(columns.T, columns=[f"x{j}" for j in range(1, p + 1)] + ["y"], copy=False)


def counts(n: int = 1_000_000, p: int = 19, seed: int = 9) -> pd.DataFrame:
    """n rows of p normal columns x1..xp and overdispersed counts y, theta 1.7."""
    draw = np.random.default_rng(seed)
    columns = np.empty((p + 1, n))
    columns[:p] = draw.standard_normal((p, n))
    mu = np.exp(0.7 + np.random.default_rng(1).normal(0, 0.15, p) @ columns[:p])
    columns[p] = draw.negative_binomial(1.7, 1.7 / (1.7 + mu))
    return pd.DataFrame(columns.T, columns=[f"x{j}" for j in range(1, p + 1)] + ["y"], copy=False)


def zeros(n: int = 100_000, p: int = 10, overdispersed: bool = False, seed: int = 2) -> pd.DataFrame:
    """n rows of p normal columns x1..xp and counts y of which a part, by the columns too, are 0."""
    draw = np.random.default_rng(seed)
    columns = np.empty((p + 1, n))
    columns[:p] = draw.standard_normal((p, n))
    effects = np.random.default_rng(1)
    mu = np.exp(0.8 + effects.normal(0, 0.15, p) @ columns[:p])
    none = draw.random(n) < 1 / (1 + np.exp(0.6 + effects.normal(0, 0.25, p) @ columns[:p]))
    y = draw.negative_binomial(1.5, 1.5 / (1.5 + mu)) if overdispersed else draw.poisson(mu)
    columns[p] = np.where(none, 0, y)
    return pd.DataFrame(columns.T, columns=[f"x{j}" for j in range(1, p + 1)] + ["y"], copy=False)


def choices(n: int = 100_000, p: int = 19, categories: int = 5, seed: int = 3) -> pd.DataFrame:
    """n rows of p normal columns x1..xp and the number y of a category."""
    draw = np.random.default_rng(seed)
    columns = np.empty((p + 1, n))
    columns[:p] = draw.standard_normal((p, n))
    beta = np.random.default_rng(1).normal(0, 0.3, (categories, p))
    columns[p] = (beta @ columns[:p] + draw.gumbel(size=(categories, n))).argmax(axis=0)
    return pd.DataFrame(columns.T, columns=[f"x{j}" for j in range(1, p + 1)] + ["y"], copy=False)


def ranks(n: int = 100_000, p: int = 20, seed: int = 4) -> pd.DataFrame:
    """n rows of p normal columns x1..xp and the number y of one of five categories in order."""
    draw = np.random.default_rng(seed)
    columns = np.empty((p + 1, n))
    columns[:p] = draw.standard_normal((p, n))
    beta = np.random.default_rng(1).normal(0, 0.4, p)
    columns[p] = np.searchsorted([-2.0, -0.5, 0.7, 2.5], beta @ columns[:p] + draw.logistic(size=n))
    return pd.DataFrame(columns.T, columns=[f"x{j}" for j in range(1, p + 1)] + ["y"], copy=False)


def portfolio(n: int = 678_000, seed: int = 2) -> pd.DataFrame:
    """A motor portfolio: eight factors of skewed level frequencies, one numeric column, exposure, claims.

    Every level is common enough to have claims, so that all coefficients are finite.
    """
    draw = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    log_density = draw.normal(6, 1.8, n)
    eta = -2.9 + 0.05 * log_density
    for name, levels in FACTORS.items():
        share = 1 / (np.arange(1, levels + 1) + 0.25 * levels)
        share = draw.permutation(share / share.sum())
        codes = draw.choice(levels, size=n, p=share)
        eta += draw.normal(0, 0.2, levels)[codes]
        labels = [f"{name[0]}{k:02d}" for k in range(1, levels + 1)]
        columns[name] = pd.Categorical.from_codes(codes, labels)
    exposure = np.clip(draw.beta(1.2, 0.8, n), 1 / 365, 1)
    columns["log_density"] = log_density
    columns["exposure"] = exposure
    columns["claims"] = draw.poisson(exposure * np.exp(eta)).astype(float)
    return pd.DataFrame(columns)


def _levels_and_numbers(n: int, seed: int, levels: dict[str, int], numbers: list[str]) -> pd.DataFrame:
    """Counts y on factors of equally frequent levels and normal columns."""
    draw = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    eta = np.full(n, 0.5)
    for name, count in levels.items():
        codes = draw.integers(0, count, n)
        columns[name] = pd.Categorical.from_codes(codes, [f"{name[0]}{k:04d}" for k in range(count)])
        eta += draw.normal(0, 0.3, count)[codes]
    for name in numbers:
        columns[name] = draw.standard_normal(n)
        eta += 0.1 * columns[name]
    columns["y"] = draw.poisson(np.exp(eta)).astype(float)
    return pd.DataFrame(columns)


def mixed(n: int = 1_000_000, seed: int = 4) -> pd.DataFrame:
    """Three factors of 10, 100 and 1000 levels beside ten numeric columns."""
    return _levels_and_numbers(n, seed, MIXED_LEVELS, MIXED_NUMBERS)


def crossed(n: int = 2_000_000, seed: int = 5) -> pd.DataFrame:
    """Two factors of 2,400 levels each, nearly all pairs of them seen, and five numeric columns."""
    return _levels_and_numbers(n, seed, CROSSED_LEVELS, CROSSED_NUMBERS)


def levels(n: int = 100_000, seed: int = 7) -> pd.DataFrame:
    """A factor of 10,000 levels beside five numeric columns."""
    return _levels_and_numbers(n, seed, {"buyer": 10_000}, CROSSED_NUMBERS)


def many_levels(n: int = 1_000_000, seed: int = 8) -> pd.DataFrame:
    """A factor of 100,000 levels beside five numeric columns."""
    return _levels_and_numbers(n, seed, {"buyer": 100_000}, CROSSED_NUMBERS)


def small(n: int = 200, seed: int = 3) -> pd.DataFrame:
    """200 patients: age, dose, a three-level group and a 0/1 outcome."""
    draw = np.random.default_rng(seed)
    age = draw.normal(50, 12, n)
    dose = draw.gamma(2.0, 1.5, n)
    group = draw.choice(["a", "b", "c"], n)
    eta = -2 + 0.02 * age + 0.3 * dose + 0.5 * (group == "b")
    y = (draw.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return pd.DataFrame({"y": y, "age": age, "dose": dose, "group": group})
