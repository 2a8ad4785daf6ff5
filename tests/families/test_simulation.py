"""simulate(): mean and variance of each family, weights, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from glmformula.errors import DataWarning, FamilyError
from glmformula.families import (
    Gamma,
    binomial,
    gaussian,
    inverse_gaussian,
    negative_binomial,
    poisson,
    quasi,
    quasibinomial,
    quasipoisson,
    tweedie,
)

N = 200_000
# (family, mean, prior weight, dispersion)
DRAWN = [
    (gaussian(), 3.0, 2.0, 0.8),
    (binomial(), 0.3, 7.0, 1.0),
    (binomial(), 0.3, 1.0, 1.0),
    (poisson(), 4.5, 1.0, 1.0),
    (Gamma(), 2.5, 3.0, 0.6),
    (inverse_gaussian(), 1.5, 2.0, 0.3),
    (negative_binomial(1.7), 3.0, 1.0, 1.0),
]


@pytest.mark.parametrize(
    ("family", "mean", "weight", "dispersion"), DRAWN, ids=lambda v: getattr(v, "name", str(v))
)
def test_mean_and_variance(family, mean: float, weight: float, dispersion: float) -> None:
    mu = np.full(N, mean)
    y = family.simulate(np.random.default_rng(1), mu, np.full(N, weight), dispersion)
    assert y.dtype == np.float64
    variance = dispersion * family.variance(np.array([mean]))[0] / weight
    assert abs(y.mean() - mean) < 5 * np.sqrt(variance / N)
    assert y.var() == pytest.approx(variance, rel=0.03)
    family.check_response(y, np.full(N, weight))
    again = family.simulate(np.random.default_rng(1), mu, np.full(N, weight), dispersion)
    np.testing.assert_array_equal(y, again)
    if weight == 1.0:
        np.testing.assert_array_equal(y, family.simulate(np.random.default_rng(1), mu, None, dispersion))


def test_rows_without_weight_have_no_draw() -> None:
    weights = np.array([0.0, 4.0])
    for family in (gaussian(), binomial(), Gamma(), inverse_gaussian()):
        y = family.simulate(np.random.default_rng(2), np.array([0.5, 0.5]), weights, 0.1)
        assert np.isnan(y).tolist() == [True, False]


@pytest.mark.parametrize(
    "family", [quasi(), quasibinomial(), quasipoisson(), tweedie(1.5)], ids=lambda f: f.name
)
def test_quasi_families_have_nothing_to_draw_from(family) -> None:
    with pytest.raises(FamilyError, match=f"family '{family.name}' not implemented"):
        family.simulate(np.random.default_rng(3), np.full(2, 0.5))


def test_binomial_needs_whole_trials() -> None:
    with pytest.raises(
        FamilyError, match=r"cannot simulate from non-integer prior.weights: 1 of 2 .* position 1 \(0.5\)"
    ):
        binomial().simulate(np.random.default_rng(4), np.full(2, 0.5), np.array([1.0, 0.5]))


@pytest.mark.parametrize("family", [poisson(), negative_binomial(2.0)], ids=lambda f: f.name)
def test_counts_ignore_weights(family) -> None:
    with pytest.warns(DataWarning, match="ignoring prior weights"):
        family.simulate(np.random.default_rng(5), np.full(2, 0.5), np.array([1.0, 2.0]))
