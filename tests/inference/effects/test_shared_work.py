"""Work that is done once: rows that do not move, elementwise functions of long arrays, surprise in the far tail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tolerances import CARRIED_OVER, SURPRISE

import glmformula as g
from glmformula.inference.effects.compare import COMPARISONS
from glmformula.inference.effects.contrasts import Facts, Known, contrasts
from glmformula.inference.effects.table import probabilities
from glmformula.runtime import tasks

DIFFERENCE = COMPARISONS["difference"]
X, F = Known("x", "numeric"), Known("f", "factor", ("a", "b"))


def test_rows_that_do_not_move_are_no_scene():
    """A step forward begins at the rows as they are; of two variables at once only those that move are named."""
    (step,) = contrasts({"x": 2}, {"x": X}, {}, DIFFERENCE)
    assert (step.hi[0][1].add, step.lo) == (2.0, ())
    (centred,) = contrasts({"x": {"center": 1}}, {"x": X}, {}, DIFFERENCE)
    assert [centred.hi[0][1].add, centred.lo[0][1].add] == [0.5, -0.5]
    (cross,) = contrasts({"x": 1, "f": None}, {"x": X, "f": F}, {}, DIFFERENCE, cross=True)
    assert [name for name, _ in cross.hi] == ["x", "f"]
    assert [(name, shift.value) for name, shift in cross.lo] == [("f", "a")]
    facts = {"x": Facts(0.0, 2.0, (np.nan,) * 5)}
    (spread,) = contrasts({"x": "sd"}, {"x": X}, facts, DIFFERENCE)
    assert [spread.hi[0][1].add, spread.lo[0][1].add] == [1.0, -1.0]


@pytest.mark.parametrize("n", [1, 5, 1_000, 2_345])
def test_functions_of_long_arrays(n, monkeypatch):
    monkeypatch.setattr(tasks, "FEW_ROWS", 64)
    monkeypatch.setattr(tasks, "MANY_ROWS", 500)
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=n), rng.normal(size=n)
    total, larger = tasks.by_rows(lambda a, b: (np.exp(a) + b, a > b), a, b)
    np.testing.assert_array_equal(total, np.exp(a) + b)
    np.testing.assert_array_equal(larger, a > b)
    assert larger.dtype == bool


def test_surprise_where_probabilities_underflow():
    """-log2 of 2 Phi(-z) as mpmath has it (60 digits)."""
    p, bits = probabilities(np.inf, np.array([0.0, 1.0, 37.0, -40.0, 100.0, np.nan]))
    exact = [0.0, 1.6560327974241060884, 993.06100883259857514, 1159.8046091506376642, 7220.4449529327824143]
    np.testing.assert_allclose(bits[:-1], exact, rtol=SURPRISE)
    assert p[4] == 0
    assert np.isnan(bits[5])


def test_predictions_of_rows_are_those_of_predict():
    """Mean and standard error, as predict() has them; limits are those of the link, carried back."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"x": rng.normal(size=90), "f": rng.choice(list("abc"), 90), "e": rng.uniform(1, 3, 90)}
    )
    data["y"] = rng.poisson(np.exp(0.3 * data["x"]) * data["e"])
    fit = g.glm("y ~ x * f + offset(log(e))", data, family="poisson")
    said, table = fit.predict(se_fit=True, type="response"), fit.predictions()
    np.testing.assert_allclose(table["estimate"], said.fit, rtol=CARRIED_OVER)
    np.testing.assert_allclose(table["std_error"], said.se_fit, rtol=CARRIED_OVER)
    eta = fit.predict(se_fit=True, type="link")
    z = 1.959963984540054
    np.testing.assert_allclose(table["conf_low"], np.exp(eta.fit - z * eta.se_fit), rtol=CARRIED_OVER)
    table["estimate"] = 0.0  # the table's own
    np.testing.assert_allclose(fit.predictions()["estimate"], said.fit, rtol=CARRIED_OVER)
