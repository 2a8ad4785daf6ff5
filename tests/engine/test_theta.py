"""The sums behind theta: against many digits, and the same however the rows are cut."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from tolerances import FAMILY_WITH_SADDLE_POINT, NUMERICAL_DERIVATIVE

from glmformula.design.pieces import Design
from glmformula.engine.counted import MOST_COUNTED, counts_of, distinct, merged
from glmformula.engine.theta_likelihood import Likelihood, RowSums, best_theta
from glmformula.errors import FamilyError
from glmformula.families.records import alike, family_of, family_record
from glmformula.families.standard import estimated_negative_binomial, negative_binomial
from glmformula.sources.base import Block
from glmformula.sources.memory import MemorySource, every

THETAS = [1e-4, 0.7, 1.0, 50.0, 2e5, 1e9]
Y = np.array([0.0, 0, 1, 2, 2, 3, 7, 15, 40, 120])
W = np.array([1.0, 2, 1, 0.5, 1, 3, 1, 1, 0, 1])
MU = np.array([0.3, 1, 1.5, 2, 2.5, 4, 5, 12, 60, 90])


def block(y=Y, weights=None):
    return Block(Design(len(y), (), (), np.empty(0, int), ()), y, weights)


def logs(y, theta):
    return mp.loggamma(y + theta) - mp.loggamma(theta) - y * mp.log(theta)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("weights", [None, W])
def test_sums_over_distinct_counts(theta, weights):
    w = np.ones(len(Y)) if weights is None else weights
    with mp.workdps(60):
        at = mp.mpf(theta)
        theirs = [
            float(
                mp.fsum(
                    wi * mp.diff(lambda t, y=yi: logs(mp.mpf(y), t), at, k)
                    for yi, wi in zip(Y, w, strict=True)
                )
            )
            for k in range(3)
        ]
    np.testing.assert_allclose(distinct(Y, weights).at(theta), theirs, rtol=FAMILY_WITH_SADDLE_POINT)


@pytest.mark.parametrize("theta", [0.05, 3.0, 800.0])
def test_counts_beyond_the_table_and_values_that_are_no_counts(theta):
    for y in (np.array([0.0, 3, MOST_COUNTED + 5, 9]), np.array([0.5, 1.25, 7.0])):
        with mp.workdps(60):
            at = mp.mpf(theta)
            theirs = [
                float(mp.fsum(mp.diff(lambda t, y=yi: logs(mp.mpf(y), t), at, k) for yi in y))
                for k in range(3)
            ]
        np.testing.assert_allclose(distinct(y, None).at(theta), theirs, rtol=1e-9)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("weights", [None, W])
def test_likelihood_and_its_derivatives(theta, weights):
    """minus2 is the family's; score and curvature are its derivatives by log theta."""
    counts, rows = distinct(Y, weights), block(Y, weights)

    def at(t):
        return Likelihood.of(RowSums(t)(rows, MU), counts, t)

    here = at(theta)
    family = negative_binomial(theta)
    assert here.minus2 == pytest.approx(family.minus2_loglik(Y, MU, weights), rel=1e-11)
    h = 1e-3
    values = [at(theta * np.exp(k * h)) for k in (-2, -1, 1, 2)]

    def derivative(of):
        a, b, c, d = map(of, values)
        return (a - 8 * b + 8 * c - d) / (12 * h)

    size = abs(here.score) + abs(here.curvature)
    blur = 1e-15 * abs(here.minus2) / h
    assert derivative(lambda v: -v.minus2 / 2) == pytest.approx(
        here.score, abs=NUMERICAL_DERIVATIVE * size + blur
    )
    lost = 1e-14 * theta  # log(1 + q) less q / (1 + q), where q is mu / theta
    assert derivative(lambda v: v.score) == pytest.approx(here.curvature, rel=NUMERICAL_DERIVATIVE + lost)
    w = 1.0 if weights is None else weights
    assert here.excess == pytest.approx(np.sum(w * ((Y - MU) ** 2 - Y)))
    assert here.se == (pytest.approx(1 / np.sqrt(here.information)) if here.information > 0 else np.inf)


def test_distinct_counts_add_up():
    rng = np.random.default_rng(1)
    y, w = rng.poisson(3, 500).astype(float), rng.uniform(0, 2, 500)
    y[17] = 1e7
    whole, parts = distinct(y, w), merged(distinct(y[:200], w[:200]), distinct(y[200:], w[200:]))
    np.testing.assert_array_equal(whole.values, parts.values)
    np.testing.assert_allclose(whole.weights, parts.weights, rtol=1e-14)
    assert whole.total == pytest.approx(w @ y)
    source = MemorySource(block(y, w).design, y, prior_weights=w, block_rows=60)
    np.testing.assert_allclose(counts_of(source).weights, whole.weights, rtol=1e-14)
    assert list(distinct(np.array([4.0, 2.0]), np.array([0.0, 1.0])).values) == [2.0]


def test_theta_climbs_from_anywhere():
    counts, rows = distinct(Y, None), block()
    found = [best_theta(lambda t: RowSums(t)(rows, MU), counts, start)[0] for start in (1e-8, 1.0, 1e7)]
    np.testing.assert_allclose(found, found[1], rtol=1e-9)


def test_every_so_many_th_row():
    y = np.arange(10.0)
    source = MemorySource(block(y).design, y, prior_weights=y + 1, offset=-y, etastart=y)
    some = every(source, 4)
    np.testing.assert_array_equal(some.y, [0, 4, 8])
    np.testing.assert_array_equal(some.prior_weights, [1, 5, 9])
    np.testing.assert_array_equal(some.offset, [0, -4, -8])
    assert some.etastart is None
    assert some.nrows == 3


def test_the_family_with_estimated_theta():
    known, estimated = negative_binomial(2.5), estimated_negative_binomial(2.5)
    assert (estimated.fixed_dispersion, estimated.extra_df, known.fixed_dispersion, known.extra_df) == (
        1.0,
        1,
        None,
        0,
    )
    assert not estimated.likelihood_has_dispersion
    record = family_record(estimated)
    assert record == {"name": "negative.binomial", "theta": 2.5, "link": "log", "estimated": True}
    assert alike(family_of(record), estimated)
    assert alike(family_of(family_record(known)), known)
    with pytest.raises(FamilyError, match=r"the family 'negative\.binomial' has link, theta"):
        family_of({"name": "negative.binomial", "theta": 2.5, "estimated": True})
