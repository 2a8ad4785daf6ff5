"""Names from MASS and lmtest: aliases, the dose of a response, Wald intervals of Student's t, small generics."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError, FitError, Gamma, binomial, glm

HERE = Path(__file__).parents[1] / "reference" / "mass"
R = json.loads((HERE / "mass_4.2.json").read_text())
R_46 = json.loads((HERE / "mass_4.6.json").read_text())
BUDWORM = pd.DataFrame({
    "ldose": list(range(6)) * 2, "dead": [1, 4, 9, 13, 18, 20, 0, 2, 6, 10, 12, 16], "sex": list("M" * 6 + "F" * 6),
    "cost": [3.1, 4.4, 2.2, 6.1, 7.7, 9.5, 3.3, 2.8, 4.1, 6.6, 8.2, 7.1], "w": [0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 0, 1],
}, index=[str(k) for k in range(1, 13)])  # fmt: skip


@cache
def fits():
    return {
        "logit": glm("cbind(dead, 20 - dead) ~ sex + ldose - 1", BUDWORM, "binomial"),
        "probit": glm("cbind(dead, 20 - dead) ~ ldose", BUDWORM, binomial("probit")),
        "gaussian": glm("cost ~ ldose + I(2 * ldose) + sex", BUDWORM, weights="w"),
        "Gamma": glm("cost ~ ldose", BUDWORM, Gamma("log")),
    }


@pytest.mark.parametrize(
    ("k", "name", "cf", "p"),
    [
        (0, "logit", (0, 2), [0.25, 0.5, 0.75]),
        (1, "logit", ["sexM", "ldose"], 0.5),
        (2, "probit", (0, 1), (0.1, 0.5, 0.975)),
    ],
)
def test_dose_p(k, name, cf, p):
    table, r = gf.dose_p(fits()[name], cf, p), R["dose"][k]
    np.testing.assert_allclose(table["Dose"], r["dose"], rtol=1e-7)
    np.testing.assert_allclose(table["SE"], r["se"], rtol=1e-5)
    assert str(table) == r["text"]
    assert fits()[name].dose_p(cf, p).equals(table)


def test_dose_p_with_another_covariance_and_aliased_columns():
    fit = glm("dead / 20 ~ I(0 * ldose) + ldose", BUDWORM, "quasibinomial")
    plain = glm("dead / 20 ~ ldose", BUDWORM, "quasibinomial")
    ours = gf.dose_p(fit, ("(Intercept)", "ldose"), vcov="HC1")
    np.testing.assert_allclose(ours, gf.dose_p(plain, vcov="HC1"), rtol=1e-9)
    by_hand = plain.delta_method("-(Intercept) / ldose", vcov="HC1")
    np.testing.assert_allclose(ours["SE"], by_hand["SE"], rtol=1e-9)
    assert str(ours).endswith("Standard errors: HC1")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cf": [0]}, r"cf should be two coefficients with an estimate, intercept and slope; got \[0\]"),
        ({"cf": [0, 2]}, "cf should be two coefficients with an estimate"),
        ({"p": [0.5, -1]}, r"p should be means that link 'log' can have; got \[0.5, -1\]"),
        ({"cf": [0, "dose"]}, "'dose' is not a coefficient of the model"),
    ],
)
def test_doses_that_mean_nothing(options, sentence):
    fit = glm("cost ~ ldose + I(2 * ldose)", BUDWORM, Gamma("log"))
    with pytest.raises(DataError, match=sentence):
        fit.dose_p(**options)


def test_coefci():
    gaussian, gamma = fits()["gaussian"], fits()["Gamma"]
    asked = [
        gf.coefci(gaussian),
        gf.coefci(gaussian, df=7),
        gf.coefci(gamma, level=0.9, vcov="HC1", df=3),
        gamma.coefci(df=0),
    ]
    for table, r in zip(asked, R["coefci"], strict=True):
        np.testing.assert_allclose(table.to_numpy().T, np.array(r, dtype=float), rtol=1e-6)
    assert list(asked[2].columns) == ["5 %", "95 %"]
    assert str(asked[2]).endswith("Standard errors: HC1")
    assert gf.coefci(gamma, vcov="HC1").equals(gamma.confint(vcov="HC1"))
    with pytest.raises(ValueError, match="level should be between 0 and 1; got 95"):
        gf.coefci(gamma, level=95)


def test_small_generics():
    gaussian = fits()["gaussian"]
    for name, fit in fits().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert gf.sigma(fit) == pytest.approx(R_46["sigma"][name], rel=1e-7)
    assert gf.variable_names(gaussian) == R["variables"][0]
    assert gf.variable_names(gaussian, full=True) == list(gaussian.coefficients.index)
    assert sorted(gf.variable_names(gaussian, full=True)) == sorted(R["variables"][1])  # R: as its QR pivots
    assert [gf.case_names(gaussian, full) for full in (False, True)] == R["cases"]
    assert gf.case_names(glm("cost ~ ldose", BUDWORM.reset_index(drop=True)))[:2] == [0, 1]
    gaps = BUDWORM.assign(ldose=[np.nan, *BUDWORM["ldose"][1:]])
    assert gf.case_names(glm("cost ~ ldose", gaps, na_action="na.exclude")) == list(BUDWORM.index[1:])


@pytest.mark.parametrize("other", [3.0, {"a": 1}])
def test_small_generics_of_something_else(other):
    for verb in (gf.sigma, gf.case_names, gf.variable_names):
        with pytest.raises(FitError, match="is asked of a fitted model"):
            verb(other)


def test_aliases():
    fit = fits()["Gamma"]
    np.testing.assert_allclose(gf.dropterm(fit)["AIC"], R["drops"][0], rtol=1e-7)
    np.testing.assert_allclose(gf.addterm(fit, "~ . + sex", test="F")["AIC"], R["drops"][1], rtol=1e-7)
    assert gf.dropterm(fit).equals(fit.drop1())
    assert gf.addterm(fit, "~ . + sex").equals(fit.add1("~ . + sex"))
    chosen = gf.stepAIC(fit.update(". ~ . + sex"), trace=0)
    assert chosen.formula == gf.step(fit.update(". ~ . + sex"), trace=0).formula
    assert gf.stepAIC.__name__ == "stepAIC"
