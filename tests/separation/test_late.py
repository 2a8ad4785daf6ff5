"""Rows that still stride to an infinite end when R's iterations end: its iterates stand, and nothing is searched."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tolerances import COEFFICIENT, DEVIANCE, STANDARD_ERROR

import glmformula as g
from glmformula.engine import best
from glmformula.engine.boundary import convex
from glmformula.engine.infinity import separation
from glmformula.errors import SeparationWarning

LATE = json.loads((Path(__file__).parent.parent / "reference" / "separation" / "late.json").read_text())
WHOLE_LINE = (-np.inf, np.inf)


@pytest.fixture
def no_search(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a constrained optimum was searched for")

    monkeypatch.setattr(best, "mended", refuse)


@pytest.mark.parametrize("case", LATE["fits"], ids=lambda case: f"{case['formula']}, {case['link']}")
def test_iterates_are_those_of_r(case, no_search):
    family = g.poisson() if case["link"] == "log" else g.binomial(case["link"])
    with pytest.warns(SeparationWarning, match=r"estimate of gd \("):
        fit = g.glm(case["formula"], pd.DataFrame(LATE["data"]), family=family, weights="w")
    assert (fit.result.iter, fit.result.converged) == (case["iter"], True)
    np.testing.assert_allclose(fit.result.coefficients, case["coefficients"], rtol=COEFFICIENT)
    np.testing.assert_allclose(np.sqrt(fit.vcov().to_numpy().diagonal()), case["se"], rtol=STANDARD_ERROR)
    np.testing.assert_allclose(fit.deviance, case["deviance"], rtol=DEVIANCE)


def cells(n=30_000, seed=3):
    """Two factors whose 40 x 30 cells see 2 % events, some of them none, the last one none for sure."""
    rng = np.random.default_rng(seed)
    first = rng.choice(40, n, p=rng.dirichlet(np.full(40, 0.7)))
    second = rng.choice(30, n, p=rng.dirichlet(np.full(30, 0.7)))
    first[:40], second[:40] = 39, 29
    last = (first == 39) & (second == 29)
    events = np.where(last, 0.0, 1.0 * (rng.random(n) < 0.3))
    codes = [pd.Categorical([f"l{code:02d}" for code in factor]) for factor in (first, second)]
    return pd.DataFrame({"a": codes[0], "b": codes[1], "y": events})


def test_cells_that_fade_leave_the_rank_to_counts(no_search, monkeypatch):
    """The last cell depends on the intercept and the others: so little as its rows weigh in the end, no QR is asked."""
    monkeypatch.setattr(separation, "independent", None)
    data = cells()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        fit = g.glm("y ~ a:b", data, family="binomial")
    result, relations = fit.result, fit.result.null_space
    assert result.method == "cholesky"
    seen = data.groupby(["a", "b"], observed=True)["y"].agg(["min", "max"])
    assert result.rank == len(seen)
    several = relations[:, np.count_nonzero(relations, axis=0) > 1]
    assert several.shape[1] == 1
    assert set(np.unique(several)) == {-1.0, 0.0, 1.0}
    # the intercept is the last cell's, without events: it goes to -Inf, and every other cell where that leads it
    assert result.limits[0] == -np.inf
    sees_both = (seen["min"] == 0) & (seen["max"] == 1)
    limits = pd.Series(result.limits[1:], fit.coefficients.index[1:])
    both = [f"a{one}:b{other}" for one, other in seen.index[sees_both]]
    assert (limits[both] == np.inf).all()


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "cauchit"])
def test_convex_on_the_whole_line(link):
    assert convex(g.binomial(link), WHOLE_LINE, 1.0, np.linspace(0, 1, 5)) == (link != "cauchit")


def test_convex_families():
    assert convex(g.poisson(), WHOLE_LINE, 1.0, np.linspace(0, 50, 5))
    assert convex(g.Gamma("log"), WHOLE_LINE, 1.0, np.linspace(1e-3, 50, 5))
    assert not convex(g.inverse_gaussian("log"), WHOLE_LINE, 1.0, np.linspace(0.1, 9, 5))
    assert not convex(g.gaussian("log"), WHOLE_LINE, 1.0, np.linspace(0.1, 9, 5))
