"""The baseline-category logit: rows, scores and information against 400-digit arithmetic, far tails too."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from tolerances import LIKELIHOOD_ABSOLUTE, LIKELIHOOD_ROWS

from glmformula.families.categories import (
    baseline_logit,
    draw_category,
    likeliest,
    log_odds_jacobian,
    multinomial,
    probabilities,
    probability_jacobian,
    second_jacobian,
    second_probability,
)
from glmformula.families.likelihood import Levels

ETAS = (-700.0, -300.0, -30.0, -6.0, 0.0, 0.7, 5.0, 30.0, 300.0, 700.0)
STEP = mp.mpf(10) ** -60


def exact_rows(place: int, y: list[Any], etas: list[Any]) -> Any:
    full = [*etas[:place], mp.mpf(0), *etas[place:]]
    top = max(full)
    log_sum = top + mp.log(mp.fsum(mp.exp(e - top) for e in full))
    return mp.fsum(share * (e - log_sum) for share, e in zip(y, full) if share)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("y", [0, 1, 2, (0.25, 0.75, 0.0), (0.2, 0.3, 0.5)])
def test_rows_and_derivatives(place: int, y: Any) -> None:
    shares = [float(k == y) for k in range(3)] if isinstance(y, int) else list(y)
    response = np.array([float(y)]) if isinstance(y, int) else np.array([y])
    with mp.workdps(400):
        for etas in itertools.islice(itertools.product(ETAS, repeat=2), 0, None, 3):
            found = baseline_logit(place, response, (np.array([etas[0]]), np.array([etas[1]])))
            at = [mp.mpf(e) for e in etas]

            def moved(*moves: tuple[int, int], at: list[Any] = at) -> Any:
                point = list(at)
                for k, sign in moves:
                    point[k] += sign * STEP
                return exact_rows(place, shares, point)

            middle = moved()
            close(found.loglik[0], middle, etas)
            assert found.outer is not None
            for k in range(2):
                up, down = moved((k, 1)), moved((k, -1))
                close(found.score[k][0], (up - down) / (2 * STEP), etas)
                for l in range(k + 1):
                    corners = [moved((k, a), (l, b)) * a * b for a in (1, -1) for b in (1, -1)]
                    own = (
                        found.information.get((l, k), np.zeros(1))[0] - found.outer[k][0] * found.outer[l][0]
                    )
                    close(-own, mp.fsum(corners) / (4 * STEP**2), etas)


def close(ours: float, exact: Any, where: Any) -> None:
    size = LIKELIHOOD_ABSOLUTE + LIKELIHOOD_ROWS * abs(float(exact))
    assert abs(float(ours) - float(exact)) <= size, (where, float(ours), float(exact))


@pytest.mark.parametrize("eta", [30.0, 300.0, 700.0])
def test_what_is_nearly_zero_keeps_its_digits(eta: float) -> None:
    """log P and 1 - P of the category that is all but certain: relative to themselves."""
    found = baseline_logit(0, np.array([1.0]), (np.array([eta]), np.array([0.3 * eta])))
    with mp.workdps(700):
        others = 1 + mp.exp(mp.mpf(0.3 * eta))
        p = mp.exp(mp.mpf(eta)) / (mp.exp(mp.mpf(eta)) + others)
        assert float(found.loglik[0]) == pytest.approx(float(mp.log(p)), rel=1e-12)
        assert float(found.score[0][0]) == pytest.approx(float(1 - p), rel=1e-12)


def test_quantities_and_their_derivatives() -> None:
    rng = np.random.default_rng(3)
    etas = tuple(rng.normal(size=(3, 40)) * 3)
    for place in range(4):
        p = probabilities(place, etas)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        slopes = probability_jacobian(place, etas)
        for j in range(3):
            up = tuple(e + 1e-6 * (k == j) for k, e in enumerate(etas))
            down = tuple(e - 1e-6 * (k == j) for k, e in enumerate(etas))
            difference = (probabilities(place, up) - probabilities(place, down)) / 2e-6
            np.testing.assert_allclose(slopes[j], difference, atol=1e-9)
        np.testing.assert_array_equal(likeliest(place, etas), p.argmax(axis=1))
    single = (etas[0],)
    np.testing.assert_allclose(second_probability(single), probabilities(0, single)[:, 1])
    np.testing.assert_allclose(
        second_jacobian(single)[0], probability_jacobian(0, single)[0][:, 1], rtol=1e-10
    )
    assert [j[:, k].tolist() for k, j in enumerate(log_odds_jacobian(etas))] == [[1.0] * 40] * 3


def test_a_category_is_drawn_as_often_as_it_is_likely() -> None:
    etas = (np.full(200_000, 0.5), np.full(200_000, -1.0))
    drawn = draw_category(1, np.random.default_rng(2), etas)
    np.testing.assert_allclose(
        np.bincount(drawn.astype(int)) / len(drawn), probabilities(1, etas)[0], atol=5e-3
    )


def test_where_the_predictor_is_missing_so_is_the_category() -> None:
    etas = (np.array([0.2, np.nan]), np.array([0.1, 0.3]))
    assert np.isnan(likeliest(0, etas)).tolist() == [False, True]
    assert np.isnan(draw_category(0, np.random.default_rng(1), etas)).tolist() == [False, True]


def test_the_search_begins_at_the_shares() -> None:
    likelihood = multinomial("b", "y", Levels(("a", "b", "c"), "counts", (1.0, 2.0, 0.0)))
    assert likelihood.intercepts == pytest.approx((np.log(0.5), np.log(0.25)))
    assert likelihood.levels == ("b", "a", "c")
