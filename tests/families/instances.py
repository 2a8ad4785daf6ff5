"""Every registered family and link, as tests walk over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glmformula.families import (
    Family,
    Gamma,
    Link,
    binomial,
    gaussian,
    inverse_gaussian,
    make_link,
    negative_binomial,
    poisson,
    power,
    quasi,
    quasibinomial,
    quasipoisson,
    tweedie,
)

REFERENCE = Path(__file__).parent.parent / "reference"

LINKS: dict[str, Link] = {
    name: make_link(name)
    for name in ("logit", "probit", "cauchit", "cloglog", "identity", "log", "sqrt", "inverse", "1/mu^2")
} | {f"power({p:.3g})": power(p) for p in (1 / 3, 0.5, 2.0, 3.14159)}

FAMILIES: dict[str, Family] = {
    "gaussian": gaussian(),
    "binomial": binomial(),
    "poisson": poisson(),
    "Gamma": Gamma(),
    "inverse.gaussian": inverse_gaussian(),
    "quasibinomial": quasibinomial(),
    "quasipoisson": quasipoisson(),
    **{f"quasi {v}": quasi(variance=v) for v in ("constant", "mu(1-mu)", "mu", "mu^2", "mu^3")},
    **{f"negative.binomial {t:g}": negative_binomial(t) for t in (1e-3, 0.7, 2.0, 50.0, 2e5)},
    **{f"tweedie {p:g}": tweedie(p, 0.0) for p in (-0.5, 0.0, 0.5, 1.0, 1.0001, 1.5, 1.9, 2.0, 2.5, 3.0)},
}

COUNTS = np.array([0.0, 1, 2, 3, 7, 15, 16, 17, 100, 12345, 1e6, 1e9])
COUNT_MEANS = np.array([1e-12, 1e-3, 0.3, 1, 2.5, 7.1, 15.5, 30, 101, 12000, 1.0001e6, 1e9 + 1e5, 1e12])
POSITIVE = np.array([1e-12, 1e-3, 0.1, 0.5, 1, 1.0001, 3, 10, 1e3, 1e8])
POSITIVE_MEANS = np.array([1e-10, 1e-3, 0.11, 0.4, 1, 1.0002, 1.5, 3.0001, 12, 1e3, 1.1e8])
PROPORTIONS = np.array([0, 1e-9, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1])
UNIT = np.array(
    [1e-300, 1e-20, 1e-8, 1e-3, 0.0011, 0.1, 0.4, 0.500001, 0.75, 0.9, 0.999, 1 - 1e-8, 1 - 1e-15]
)
REALS = np.array([-1e8, -3.5, -1, -1e-6, 0, 1e-6, 0.5, 1, 2.25, 1e8])


def grid(family: Family) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a response the family allows and a mean, far tails included."""
    if family.mu_interval == (0.0, 1.0):
        y, mu = PROPORTIONS, UNIT
    elif family.mu_interval[0] == -np.inf:
        y, mu = REALS, REALS
    elif family.variance(np.array([2.0]))[0] == 2.0 or family.name.startswith("Negative"):
        y, mu = COUNTS, COUNT_MEANS
    else:
        y, mu = POSITIVE, POSITIVE_MEANS
    first, second = np.meshgrid(y, mu)
    return first.ravel(), second.ravel()
