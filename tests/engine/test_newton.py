"""Newton's method on likelihoods whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from glmformula.design.pieces import Design, Piece
from glmformula.engine.likelihood.layout import Layout
from glmformula.engine.likelihood.newton import NewtonControl, inverse, maximum, newton_step
from glmformula.engine.likelihood.row_sums import at, row_scores
from glmformula.errors import FitError
from glmformula.families.likelihood import Etas, Likelihood, RowSums
from glmformula.families.link import Array
from glmformula.sources.memory import MemorySource


def normal(y: Array, etas: Etas) -> RowSums:
    """A normal distribution with mean eta and log standard deviation tau: location and scale."""
    mean, tau = etas
    u = (y - mean) * np.exp(-tau)
    ones = np.ones_like(y)
    return RowSums(
        -tau - 0.5 * u * u,
        (u * np.exp(-tau), u * u - 1.0),
        {(0, 0): np.exp(-2 * tau) * ones, (0, 1): 2 * u * np.exp(-tau), (1, 1): 2 * u * u},
    )


def anything(*_: Any) -> None:
    return None


RECORD = Likelihood(
    "normal", ("mean", "tau"), (0, None), normal, (), "numbers", anything, {}, constants=(0.0,)
)


@pytest.fixture(scope="module")
def source() -> MemorySource:
    rng = np.random.default_rng(3)
    x = rng.normal(size=500)
    y = 2.0 + 0.5 * x + 3.0 * rng.normal(size=500)
    design = Design(500, (Piece(()), Piece((x,))), ("(Intercept)", "x"), np.array([0, 1]), ("x",))
    return MemorySource(design, y, prior_weights=rng.integers(0, 3, 500).astype(float))


LAYOUT = Layout((slice(0, 2), None), (2, 1), (None, None))


def solution(source: MemorySource) -> tuple[np.ndarray, float]:
    X = np.column_stack([np.ones(500), source.design.pieces[1].numeric[0]])
    w = source.prior_weights
    assert w is not None
    beta = np.linalg.solve((X.T * w) @ X, (X.T * w) @ source.y)
    sigma = np.sqrt(np.sum(w * (source.y - X @ beta) ** 2) / w.sum())
    return beta, float(np.log(sigma))


def test_the_maximum_is_that_of_least_squares(source: MemorySource) -> None:
    found = maximum(source, RECORD, LAYOUT, np.zeros(3), NewtonControl())
    beta, tau = solution(source)
    np.testing.assert_allclose(found.parameters, [*beta, tau], rtol=1e-10)
    assert found.converged
    assert not found.limits.any()
    np.testing.assert_allclose(found.score, 0, atol=1e-5)
    w = source.prior_weights
    assert w is not None
    assert found.covariance[2, 2] == pytest.approx(1 / (2 * w.sum()))


@pytest.mark.parametrize("rows", [7, 64, 500])
def test_blocks_add_up(source: MemorySource, rows: int) -> None:
    parameters = np.array([1.0, 0.2, 0.7])
    whole = at(source, RECORD, LAYOUT, parameters)
    blocks = at(replace(source, block_rows=rows), RECORD, LAYOUT, parameters)
    np.testing.assert_allclose(blocks.information, whole.information, rtol=1e-12)
    np.testing.assert_allclose(blocks.score, whole.score, rtol=1e-12)
    scores = row_scores(RECORD, LAYOUT, parameters, source.block(slice(0, 500)))
    np.testing.assert_allclose(scores.sum(axis=1), whole.score, rtol=1e-10)


def test_derivatives_are_those_of_the_value(source: MemorySource) -> None:
    parameters, h = np.array([1.0, 0.2, 0.7]), 1e-5
    sums = at(source, RECORD, LAYOUT, parameters)
    for j in range(3):
        step = h * np.eye(3)[j]
        up, down = (at(source, RECORD, LAYOUT, parameters + sign * step) for sign in (1, -1))
        assert (up.loglik - down.loglik) / (2 * h) == pytest.approx(sums.score[j], rel=1e-6)
        np.testing.assert_allclose((down.score - up.score) / (2 * h), sums.information[j], rtol=1e-5)


def test_held_parameters_stay(source: MemorySource) -> None:
    start = np.array([0.0, 0.0, 0.3])
    found = maximum(source, RECORD, LAYOUT, start, NewtonControl(), np.array([False, False, True]))
    assert found.parameters[2] == 0.3
    np.testing.assert_allclose(found.parameters[:2], solution(source)[0], rtol=1e-10)
    assert np.isnan(found.covariance[2]).all()


def test_a_start_where_nothing_is_finite_is_an_error(source: MemorySource) -> None:
    with pytest.raises(FitError, match="where the search starts: no valid linear predictors"):
        maximum(source, RECORD, LAYOUT, np.array([0.0, np.inf, 0.0]), NewtonControl())


def test_negative_curvature_is_turned_around(source: MemorySource) -> None:
    far = np.array([50.0, -20.0, -1.0])  # far from the data with a small scale: not concave there
    sums = at(source, RECORD, LAYOUT, far)
    assert np.linalg.eigvalsh(sums.information).min() < 0
    step, promise, convex = newton_step(sums, np.ones(3, dtype=bool), NewtonControl())
    assert not convex
    assert promise > 0
    assert sums.score @ step > 0
    found = maximum(source, RECORD, LAYOUT, far, NewtonControl())
    np.testing.assert_allclose(found.parameters[:2], solution(source)[0], rtol=1e-8)


def test_an_information_without_inverse_gives_nothing() -> None:
    assert np.isnan(inverse(np.ones((2, 2)) - 2 * np.eye(2), np.array([True, True]))).all()
