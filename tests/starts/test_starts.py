"""Fits that R cannot start or cannot finish: the best valid fit, without a start of the user's."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tolerances import EDGE_COEFFICIENT, EDGE_DEVIANCE

import glmformula as g
from glmformula.engine.eta_limits import eta_interval, far_ends
from glmformula.errors import ConvergenceWarning, FitError, GLMFormulaWarning

HERE = Path(__file__).parent.parent / "reference" / "starts"


@cache
def reference():
    return json.loads((HERE / "starts.json").read_text(encoding="utf-8"))


def fit(formula, data, family, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = g.glm(formula, data, family, **options)
    assert all(issubclass(w.category, GLMFormulaWarning) for w in caught)
    return out, [str(w.message) for w in caught]


def family_of(case):
    return getattr(g, case["family"].replace(".", "_"))(case["link"])


@pytest.mark.parametrize("id_", list(reference()["cases"]))
def test_the_constrained_optimum(id_):
    """constrOptim's deviance or better, from no start; what R's glm() says of most of them is an error."""
    case = reference()["cases"][id_]
    data = pd.DataFrame(reference()["data"][case["data"]])
    ours, said = fit(case["formula"], data, family_of(case))
    assert ours.converged
    assert ours.deviance <= case["deviance"] * (1 + EDGE_DEVIANCE)
    least = np.inf if case["least"] is None else case["least"]
    at_the_edge = least < 1e-9
    assert ours.boundary is at_the_edge
    assert ("glm.fit: algorithm stopped at boundary value" in said) is at_the_edge
    np.testing.assert_allclose(
        ours.coefficients, case["coef"], atol=EDGE_COEFFICIENT * np.abs(case["coef"]).max()
    )
    mu = ours.fitted_values.to_numpy()
    assert ours.family.valid_mu(mu).all()


@pytest.mark.parametrize("id_", [i for i, c in reference()["cases"].items() if c["least"] is not None])
def test_the_multipliers_are_those_of_an_optimum(id_):
    """Karush-Kuhn-Tucker: the score is a non-negative combination of the rows at the edge."""
    from scipy.optimize import nnls

    case = reference()["cases"][id_]
    data = pd.DataFrame(reference()["data"][case["data"]])
    family = family_of(case)
    ours, _ = fit(case["formula"], data, family, epsilon=1e-12, maxit=200)
    X, eta = ours.model_matrix().to_numpy(), ours.linear_predictors.to_numpy()
    mu, slope, variance = family.working(eta)
    score = X.T @ (ours.prior_weights.to_numpy() * (ours.y.to_numpy() - mu) * slope / variance)
    low, high = eta_interval(family)
    inward = np.vstack([X[eta - low < 1e-6], -X[high - eta < 1e-6]])
    scale = np.sqrt(np.diag(X.T @ X))
    _, rest = (
        nnls(-(inward / scale).T, score / scale) if len(inward) else (None, np.linalg.norm(score / scale))
    )
    assert rest < 1e-4


def test_crabs():
    """glm2's crabs (Marschner 2011): the deviance of its paper, at the edge."""
    crabs = pd.read_csv(HERE / "crabs.csv")
    crabs["Width"] -= crabs["Width"].min()
    crabs["Dark"] = np.where(crabs["Color"] > 2, "yes", "no")
    crabs["GoodSpine"] = np.where(crabs["Spine"] < 3, "yes", "no")
    ours, _ = fit("Satellites ~ Width + Dark + GoodSpine", crabs, g.poisson("identity"))
    assert ours.deviance == pytest.approx(551.1339, abs=5e-5)
    assert ours.boundary


def test_glm2s_null_model():
    data = pd.DataFrame({"y": [1, 1, 1, 0]})
    ours, _ = fit("y ~ 1", data, "binomial", start=[-1.81])
    assert ours.coefficients.iloc[0] == pytest.approx(np.log(3), rel=1e-7)
    assert ours.deviance == pytest.approx(4.49868, abs=5e-6)


def test_the_impossible_fit():
    """R's reg-tests-2: a row without any column has mu = 1 whatever the coefficient, and 13 of 13 successes."""
    data = pd.DataFrame(
        {
            "success": [13, 12, 11, 14, 14, 11, 13, 11, 12],
            "failure": [0, 0, 0, 0, 0, 0, 0, 2, 2],
            "predictor": [0, *(5.0 ** np.arange(8))],
        }
    )
    ours, _ = fit("cbind(success, failure) ~ 0 + predictor", data, g.binomial("log"))
    assert ours.coefficients.iloc[0] == pytest.approx(-3.20152e-06, abs=5e-12)
    assert ours.deviance == pytest.approx(2.88949, abs=5e-6)
    assert ours.fitted_values.iloc[0] == 1.0
    assert ours.nobs == 9


@pytest.mark.parametrize("power", [-1.0, 1.0])
def test_where_there_is_no_valid_fit_it_is_proved(power):
    data = pd.DataFrame({"y": [1.0, 2.0, 5.0], "x": [-1.0, 1.0, 2.0]})
    family = g.tweedie(1.5, power)
    if power == 1.0:
        ours, _ = fit("y ~ 0 + x", data, g.gaussian())
        assert ours.converged
    with pytest.raises(FitError, match="no valid set of coefficients has been found: there is none"):
        g.glm("y ~ 0 + x", data, g.poisson("identity") if power == 1.0 else family)


def test_a_start_of_the_users_is_the_users():
    data = pd.DataFrame({"y": [1.0, 2.0, 5.0], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(FitError, match="cannot find valid starting values: please specify some"):
        g.glm("y ~ x", data, "Gamma", start=[-1.0, 0.0])


def test_no_intercept_and_an_offset():
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"y": rng.poisson(2.0, 50), "x": rng.uniform(1, 2, 50), "o": rng.uniform(-0.5, 0.5, 50)}
    )
    ours, _ = fit("y ~ 0 + x + offset(o)", data, g.poisson("identity"))
    assert ours.converged
    assert ours.fitted_values.min() > 0


def test_many_rows():
    """Only rows that matter enter the programme for a start: distinct ones, block by block."""
    rng = np.random.default_rng(6)
    n = 100_000
    data = pd.DataFrame({"x": rng.uniform(size=n), "f": rng.choice(list("abc"), n)})
    data["y"] = rng.poisson(0.3 * data["x"] * (data["f"] != "b"))
    ours, _ = fit("y ~ 0 + x:f", data, g.poisson("identity"))
    by_hand = data.groupby("f")["y"].sum() / data.groupby("f")["x"].sum()
    np.testing.assert_allclose(ours.coefficients, by_hand, rtol=1e-6, atol=1e-6)
    assert ours.boundary


def test_too_few_iterations_are_still_too_few():
    data = pd.DataFrame(reference()["data"]["crabs"])
    with pytest.warns(ConvergenceWarning, match="algorithm did not converge"):
        g.glm("Satellites ~ Width", data, "poisson", maxit=1)


PAIRS = [
    ("binomial", "logit", (-np.inf, np.inf), 2),
    ("binomial", "log", (-np.inf, 0.0), 1),
    ("binomial", "identity", (0.0, 1.0), 0),
    ("binomial", "inverse", (1.0, np.inf), 1),
    ("poisson", "log", (-np.inf, np.inf), 1),
    ("poisson", "identity", (0.0, np.inf), 0),
    ("poisson", "sqrt", (0.0, np.inf), 0),
    ("Gamma", "inverse", (0.0, np.inf), 1),
    ("inverse_gaussian", "1/mu^2", (0.0, np.inf), 1),
    ("gaussian", "identity", (-np.inf, np.inf), 0),
    ("gaussian", "inverse", (-np.inf, np.inf), 0),  # two valid intervals: no end of one
    ("gaussian", "sqrt", (0.0, np.inf), 0),
]


@pytest.mark.parametrize(("family", "link", "ends", "far"), PAIRS)
def test_ends_of_eta(family, link, ends, far):
    made = getattr(g, family)(link)
    assert eta_interval(made) == ends
    assert len(far_ends(made)) == far
