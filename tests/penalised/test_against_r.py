"""Paths and cross-validation against R's glmnet at thresh = 1e-14: coefficients, lambdas, printed tables."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from glmformula import DataWarning, Gamma, binomial, glmnet, quasipoisson
from tests.reference.glmnet.load import reference, table

PATHS, EXACT = reference()["paths"], reference("wide")
FAMILIES = {"Gamma": Gamma("log"), "probit": binomial("probit"), "quasipoisson": quasipoisson()}
NAMES = {"lambda": "lambda_", "lambda.min.ratio": "lambda_min_ratio", "penalty": "penalty_factor"}
NAMES |= {"lower": "lower_limits", "upper": "upper_limits"}


def call_of(problem):
    """The arguments of our call for a problem of R's."""
    data, rhs = table(problem["data"]), problem["rhs"]
    if problem["data"] == "wide":
        data = data[[name for name in data if name.startswith("z") or name == problem["y"]]]
    given = {NAMES.get(name, name): value for name, value in dict(problem["args"]).items()}
    given.pop("thresh", None)
    factors = given.get("penalty_factor")
    for name in [k for k, v in given.items() if v == []]:
        del given[name]
    if factors:
        given["penalty_factor"] = {k: np.inf if v == "Inf" else v for k, v in factors.items()}
    family = FAMILIES.get(problem["family"], problem["family"])
    return {"formula": f"{problem['y']} ~ {rhs}", "data": data, "family": family, **given}


@pytest.fixture(scope="module", params=PATHS)
def pair(request):
    problem = PATHS[request.param]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "non-integer #successes", DataWarning)
        return problem, glmnet(**call_of(problem))


def test_the_coefficients_are_those_of_the_minimum(pair):
    problem, fit = pair
    # with more columns than rows R's own stopping leaves 2e-5 of an error: there R has solved for the minimum
    want = np.array(EXACT.get(problem["name"], problem)["coefficients"]).T
    got = fit.coefficients.to_numpy().T[np.array(problem["which"]) - 1]
    if dict(problem["args"]).get("intercept") is False:
        want[:, 0] = 0.0
    assert list(fit.column_names) == problem["names"]
    np.testing.assert_allclose(fit.lambda_, np.atleast_1d(problem["lambda"]), rtol=1e-8)
    # in standard deviations of the columns: an error of 1e-7 in a slope is more in an intercept
    assert (np.abs(got - want) * fit.result.sd).max() < 1e-5


def test_what_is_explained_and_the_printed_table(pair):
    problem, fit = pair
    np.testing.assert_allclose(fit.dev_ratio, problem["dev_ratio"], rtol=0, atol=2e-7)
    np.testing.assert_allclose(fit.null_deviance, problem["nulldev"], rtol=1e-9)
    assert fit.df.tolist() == problem["df"]
    printed = str(fit).splitlines()
    start = next(k for k, line in enumerate(printed) if line.split() == ["Df", "%Dev", "Lambda"])
    assert "\n".join(printed[start:]).rstrip("\n") == problem["print"].rstrip("\n")


def test_between_the_lambdas_and_beyond_them(pair):
    problem, fit = pair
    want = np.array(problem["coef_s"])
    assert (np.abs(fit.coef(s=problem["s"]).to_numpy() - want).T * fit.result.sd).max() < 1e-5
    got = fit.predict(s=problem["s"], type="response").to_numpy()[:5]
    np.testing.assert_allclose(got, np.array(problem["response"]), rtol=2e-5, atol=1e-7)


def test_the_conditions_of_a_minimum_hold_along_the_whole_path(pair):
    assert pair[1].residual.max() <= 1e-9
