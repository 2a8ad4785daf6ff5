"""Predictors of the same columns: the sums in few products are those of the general pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glmformula import multinom
from glmformula.engine.likelihood import some_rows
from glmformula.engine.likelihood.newton import NewtonControl
from glmformula.engine.likelihood.row_sums import at


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    n = 3000
    d = pd.DataFrame(
        {"x": rng.normal(size=n), "z": rng.exponential(size=n), "w": rng.integers(0, 3, n).astype(float)}
    )
    eta = np.column_stack([np.zeros(n), d.x, 0.5 - 0.3 * d.z, -0.4 * d.x])
    d["y"] = np.array(list("abcd"))[(eta + rng.gumbel(size=eta.shape)).argmax(axis=1)]
    return d


@pytest.mark.parametrize("weights", [None, "w"])
def test_sums_are_those_of_the_general_pass(data, weights):
    fit = multinom("y ~ x + z", data, weights=weights)
    point = fit.result.solved.parameters + 0.1
    general = replace(fit.likelihood, simplex=None)
    ours, theirs = (at(fit.rows.source, one, fit.result.layout, point) for one in (fit.likelihood, general))
    assert ours.loglik == pytest.approx(theirs.loglik, rel=1e-13)
    np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(ours.information, theirs.information, rtol=1e-11, atol=1e-9)


def test_many_rows_begin_at_the_fit_of_some(data, monkeypatch):
    alone = multinom("y ~ x + z", data)
    monkeypatch.setattr(some_rows, "FEWEST_EACH", 1)
    begun = multinom("y ~ x + z", data)
    assert begun.iter < alone.iter
    np.testing.assert_allclose(begun.estimates, alone.estimates, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(begun.vcov(), alone.vcov(), rtol=1e-9, atol=1e-12)


def test_the_information_is_that_at_the_estimates(data):
    """However long the last step was."""
    fit = multinom("y ~ x + z", data.head(300))
    exact = at(fit.rows.source, fit.likelihood, fit.result.layout, fit.result.solved.parameters).information
    np.testing.assert_allclose(fit.vcov(), np.linalg.inv(exact), rtol=1e-8)
    rough = multinom("y ~ x + z", data.head(300), control=NewtonControl(next_tolerance=0.0, tolerance=1e-24))
    np.testing.assert_allclose(fit.estimates, rough.estimates, rtol=1e-9)
