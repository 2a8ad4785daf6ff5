"""Limits along profiles, and the deviance of a linear mixed model away from its optimum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference.mixed.fits import fitted

from glmformula.engine.mixed.limits import Minimum, least_aligned, least_with, limit
from glmformula.engine.mixed.unprofiled import hessian, jacobian, of_everything, of_variances
from glmformula.inference.mixed.profiles import profiled


def skewed(x):
    """(exp(a) - a - 1) + (b - a)^2 and its gradient; the least is 0 at (0, 0)."""
    a, b = x
    return math.exp(a) - a - 1 + (b - a) ** 2, np.array([math.exp(a) - 1 - 2 * (b - a), 2 * (b - a)])


AT = Minimum(skewed, np.zeros(2), 0.0, np.array([[3.0, -2.0], [-2.0, 2.0]]))


def coordinate(k):
    return lambda x: (float(x[k]), np.eye(2)[k])


@pytest.mark.parametrize("q", [0.3, 1.0, 1.96, 4.0])
@pytest.mark.parametrize("direction", [-1, 1])
def test_a_limit_is_where_the_deviance_has_risen(q, direction):
    # with b at its best, b = a, the deviance is exp(a) - a - 1
    found = limit(AT, coordinate(0), q, direction)
    assert math.copysign(1, found) == direction
    assert math.exp(found) - found - 1 == pytest.approx(q * q, rel=1e-7)


def test_the_limit_of_a_nonlinear_goal():
    # exp(a + b): the largest sum; at the limit the gradients are parallel
    def goal(x):
        c = math.exp(x.sum())
        return c, np.array([c, c])

    high = math.log(limit(AT, goal, 1.5, 1))
    grid = np.linspace(-3, 3, 200001)
    room = 1.5**2 - (np.exp(grid) - grid - 1)
    sums = 2 * grid + np.sqrt(np.where(room >= 0, room, np.nan))
    assert high == pytest.approx(np.nanmax(sums), abs=1e-7)


def test_no_path_is_no_limit():
    # a goal that stops at 1: no value of it costs the deviance its rise
    def bounded(x):
        c = math.tanh(40 * x[0])
        return c, np.array([40 * (1 - c * c), 0.0])

    assert limit(AT, bounded, 3.0, 1) is None
    assert limit(AT, lambda x: (0.0, np.zeros(2)), 1.0, 1) is None


def test_the_least_deviance_with_something_held():
    assert least_with(AT, np.array([1.0, 0.0]), np.array([0])) == pytest.approx(math.e - 2, rel=1e-9)
    assert least_with(AT, np.array([1.0, 3.0]), np.array([0, 1])) == pytest.approx(skewed((1.0, 3.0))[0])


@pytest.mark.parametrize("id_", ["sleep ML", "penicillin ML", "positive weights ML"])
def test_gradients_away_from_the_optimum_are_those_of_the_deviance(id_):
    fit = fitted(id_)
    function = profiled(fit, False)
    rng = np.random.default_rng(1)
    k, r = len(fit.theta), len(function.basis.kept)
    x = np.concatenate([fit.theta + 0.2, [math.log(fit.sigma) + 0.1], 0.3 * rng.normal(size=r)])
    for value, at in ((of_variances(function), x[: k + 1]), (of_everything(function), x)):
        differences = jacobian(lambda z, value=value: np.array(value(z)[0]), at)
        assert value(at)[1] == pytest.approx(differences, rel=1e-6, abs=1e-6)


def test_the_deviance_away_from_the_optimum_is_that_of_the_profile_there():
    fit = fitted("sleep")
    for reml in (True, False):
        function = profiled(fit, reml)
        at = function.at(fit.result.theta)
        sigma = math.sqrt(at.rss / function.degrees)
        x = np.append(fit.result.theta, math.log(sigma))
        d, g = of_variances(function)(x)
        assert d == pytest.approx(at.deviance, rel=1e-12)
        assert g[-1] == pytest.approx(0, abs=1e-8)
    whole = np.concatenate([fit.result.theta, [math.log(sigma)], at.gamma])
    assert of_everything(function)(whole)[0] == pytest.approx(at.deviance, rel=1e-12)
    H = hessian(of_everything(function), whole)
    assert np.linalg.eigvalsh(H)[0] > 0


def test_the_least_deviance_with_a_correlation_of_one():
    # rows (a) and (b, c): b = m a, c = 0; the deviance is least at a = 1, b = 1, c = 1
    target = np.ones(3)
    at = Minimum(
        lambda x: (float(np.sum((x - target) ** 2)), 2 * (x - target)), target.copy(), 0.0, 2 * np.eye(3)
    )
    first, second = np.array([0]), np.array([1, 2])
    assert least_aligned(at, first, second, 1) == pytest.approx(1.0, rel=1e-8)
    assert least_aligned(at, first, second, -1) == pytest.approx(2.0, rel=1e-8)


def test_every_limit_of_a_singular_term_is_told():
    table = fitted("crossed three").confint("theta_", old_names=False)
    assert table.loc["cor_I(x^2).(Intercept)|a"].iloc[1] == 1.0
    assert table.loc["cor_I(x^2).x|a"].iloc[0] == -1.0
    assert not table.isna().to_numpy().any()
