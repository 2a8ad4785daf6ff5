"""Relaxed fits and their cross-validation over gamma, against R's glmnet(relax = TRUE)."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, FitError, cv_glmnet, glm, glmnet, load
from tests.reference.glmnet.load import HERE, table

DATA = table("data")
NAMES = {"lower": "lower_limits", "upper": "upper_limits"}


@cache
def problems():
    with gzip.open(HERE / "relax.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)["problems"]


KINDS = ("gaussian", "weights", "binomial", "poisson", "limits")


def call_of(problem):
    given = {
        NAMES.get(k, k): problem[k] for k in ("weights", "offset", "alpha", "lower", "upper") if k in problem
    }
    return {"formula": f"{problem['y']} {problem['rhs']}", "data": DATA, "family": problem["family"], **given}


@pytest.fixture(scope="module", params=KINDS)
def pair(request):
    problem = problems()[request.param]
    return problem, glmnet(**call_of(problem), relax=True)


def test_relaxed_coefficients_are_rs(pair):
    problem, fit = pair
    np.testing.assert_allclose(fit.lambda_, problem["lambda"], rtol=1e-8)
    sd = fit.result.sd[1:]
    # R's relaxed fit ends its own path at lambda = 0, a little off
    got = fit.at_gamma(0).coefficients.to_numpy()
    assert (np.abs(got[1:] - np.array(problem["relaxed"])).T * sd).max() < 2e-5
    np.testing.assert_allclose(fit.result.relaxed_dev_ratio, problem["dev_ratio"], rtol=0, atol=1e-7)
    for gamma, want in zip(problem["gamma"], problem["coef"]):
        blend = fit.coef(s=problem["s"], gamma=gamma).to_numpy()
        assert (np.abs(blend - np.array(want)).T * fit.result.sd).max() < 3e-5
    shown = str(fit)
    assert "\nRelaxed\n" in shown
    lines = shown.splitlines()
    first = next(k for k, line in enumerate(lines) if line.split()[:2] == ["Df", "%Dev"])
    want = [line.split()[:4] for line in problem["print"].splitlines()[1:]]
    assert [line.split()[:4] for line in lines[first + 1 :] if line] == want


def test_gamma_is_cross_validated_as_r_does(pair):
    problem = pair[0]
    for measure, want in dict(problem["cv"]).items():
        fit = cv_glmnet(
            **call_of(problem), relax=True, gamma=want["gamma"], foldid="fold", type_measure=measure
        )
        # R takes gamma = 1e-5 for 0; an area jumps where two probabilities change places
        rtol = 3e-3 if measure == "auc" else 2e-5
        first = 1 if measure == "auc" else 0
        np.testing.assert_allclose(
            fit.gamma_cvm[:, first:], np.array([*want["cvm"].values()])[:, first:], rtol=rtol
        )
        np.testing.assert_allclose([fit.lambda_min, fit.lambda_1se], want["plain"], rtol=1e-8)
        printed = [line.split() for line in str(fit).splitlines() if line.startswith(("min", "1se"))]
        expected = [line.split() for line in want["print"].splitlines() if line.startswith(("min", "1se"))]
        for k, (pair_of, s, r, name) in enumerate(
            [
                (fit.relaxed_min, "lambda.min", want["best"], "coef_min"),
                (fit.relaxed_1se, "lambda.1se", want["near"], "coef"),
            ]
        ):
            assert pair_of[1] == r[1]
            if r[1] == 0 and pair_of[0] != pytest.approx(r[0], rel=1e-8):
                # without a penalty all lambdas with the same columns are alike: here the first, in R a later one
                assert fit.df[fit.lambda_ == pair_of[0]] == fit.df[np.isclose(fit.lambda_, r[0], rtol=1e-8)]
                assert pair_of[0] > r[0]
                continue
            np.testing.assert_allclose(pair_of, r, rtol=1e-8)
            assert (np.abs(fit.coef(s=s) - want[name]) * fit.result.sd).max() < 1e-4
            mine, theirs = ([float(x) for x in row[1:]] for row in (printed[k], expected[k]))
            np.testing.assert_allclose(mine, theirs, rtol=2e-3)


def test_without_a_penalty_it_is_the_glm_of_those_columns():
    fit = glmnet("b ~ x1 + x2 + x3 + x4", DATA, "binomial", relax=True)
    k = int(np.flatnonzero(fit.df == 2)[0])
    names = fit.nonzero(s=fit.lambda_[k])
    plain = glm(f"b ~ {' + '.join(names)}", DATA, "binomial", epsilon=1e-14)
    got = fit.coef(s=fit.lambda_[k], gamma=0)
    np.testing.assert_allclose(got[["(Intercept)", *names]], plain.coefficients, rtol=1e-7)
    half = (got + fit.coef(s=fit.lambda_[k])) / 2
    np.testing.assert_allclose(fit.predict(s=fit.lambda_[k], gamma=0.5, type="coefficients"), half)
    new = fit.predict(DATA[:3], s=0.02, gamma=0.5)
    want = (fit.predict(DATA[:3], s=0.02) + fit.predict(DATA[:3], s=0.02, gamma=0)) / 2
    np.testing.assert_allclose(new, want)


def test_terms_can_be_relaxed_whole():
    fit = glmnet("y ~ x1 + f + g", DATA, group="term", relax=True, nlambda=20)
    k = int(
        np.flatnonzero((fit.beta.loc["fb"] != 0) & (fit.beta.loc["x1"] != 0) & (fit.beta.loc["gg2"] == 0))[0]
    )
    plain = glm("y ~ x1 + f", DATA)
    got = fit.at_gamma(0).coefficients.iloc[:, k][list(plain.coefficients.index)]
    np.testing.assert_allclose(got, plain.coefficients, rtol=1e-6)


def test_more_columns_than_rows_have_no_relaxed_fit():
    wide = table("wide")
    data = wide[[*(f"z{k}" for k in range(1, 61)), "y"]].head(20)
    fit = glmnet("y ~ .", data, alpha=0.1, relax=True)
    none = np.isnan(fit.result.relaxed_dev_ratio)
    np.testing.assert_array_equal(none, fit.df > 17)
    assert none.any()
    last = int(np.flatnonzero(~none)[-1])
    blend = fit.at_gamma(0).coefficients
    np.testing.assert_array_equal(blend.iloc[:, -1], blend.iloc[:, last])


def test_saved_and_cross_validated(tmp_path):
    fit = cv_glmnet("k ~ x1 + x2 + f", DATA, "poisson", relax=True, foldid="fold", nlambda=20)
    fit.save(tmp_path / "fit.json")
    back = load(tmp_path / "fit.json")
    pd.testing.assert_series_equal(back.coef(), fit.coef())
    assert str(back) == str(fit)
    pd.testing.assert_series_equal(fit.coef(s=fit.relaxed_1se[0], gamma=fit.relaxed_1se[1]), fit.coef())
    np.testing.assert_array_equal(
        fit.predict(DATA[:4], s=0.1, gamma=0.25), fit.glmnet_fit.predict(DATA[:4], s=0.1, gamma=0.25)
    )


def test_bad_input_is_told():
    fit = glmnet("y ~ x1 + x2", DATA)
    with pytest.raises(FitError, match="gamma=0 is of a path with relaxed fits: fit it with relax=True"):
        fit.coef(s=0.1, gamma=0)
    with pytest.raises(ValueError, match=r"gamma should be between 0 \(relaxed\) and 1 \(penalised\); got 2"):
        fit.predict(s=0.1, gamma=2)
    with pytest.raises(ValueError, match="relax should be True or False; got 'yes'"):
        fit.update(relax="yes")
    with pytest.raises(FitError, match="no blends were cross-validated: fit with relax=True"):
        _ = cv_glmnet("y ~ x1 + x2", DATA, foldid="fold").relaxed_min


# ---------------------------------------------------------------- assess


@pytest.mark.filterwarnings("ignore:non-integer #successes")
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_rows_are_assessed_as_r_does(family):
    with gzip.open(HERE / "assess.json.gz", "rt", encoding="utf-8") as file:
        problem = json.load(file)["problems"][family]
    formula = f"{problem['y']} ~ {' + '.join(f'x{k}' for k in range(1, 9))}"
    train, new = DATA[:150], DATA[150:]
    fit = glmnet(formula, train, family)
    got = fit.assess(new, s=problem["s"])
    assert set(got) == {"lambda", *problem["new"]}
    # at the first penalty all rows are alike, but for rounding
    ties = {"class": 1, "auc": 1}
    for name, want in problem["new"].items():
        np.testing.assert_allclose(got[name][ties.get(name, 0) :], want[ties.get(name, 0) :], rtol=1e-6)
    # the weights of R's call are of the new rows alone: here those of the fit, on the same path
    weighted = replace(glmnet(formula, train, family, weights="w"), result=fit.result)
    got = weighted.assess(new, s=problem["s"])
    for name, want in problem["weighted"].items():
        np.testing.assert_allclose(got[name][ties.get(name, 0) :], want[ties.get(name, 0) :], rtol=1e-6)


def test_what_is_assessed():
    fit = cv_glmnet("b ~ x1 + x2 + f", DATA, "binomial", relax=True, foldid="fold", nlambda=20)
    assert fit.assess()["lambda"].tolist() == [fit.relaxed_1se[0]]
    np.testing.assert_allclose(
        fit.assess(s=0.05, gamma=0)["auc"], fit.glmnet_fit.at_gamma(0).at_penalty(0.05).roc().auc
    )
    whole = fit.glmnet_fit.assess(DATA[:50])
    assert len(whole) == len(fit.lambda_)
    with pytest.raises(DataError, match="no row"):
        fit.assess(DATA[:5].assign(b=np.nan))


def test_a_curve_for_each_gamma():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    fit = cv_glmnet(
        "y ~ x1 + x2 + x3 + x4", DATA, relax=True, gamma=[0, 0.5, 1], foldid="fold", lambda_=[1, 0.1, 0]
    )
    for sign in (1, -1):
        axis = fit.plot(sign)
        curves, marks = axis.lines[:3], axis.lines[3:]
        for line, loss in zip(curves, fit.gamma_cvm):
            np.testing.assert_allclose(line.get_xdata(), sign * np.log([1, 0.1]))
            np.testing.assert_allclose(line.get_ydata(), loss[:2])
        assert [text.get_text() for text in axis.get_legend().get_texts()] == ["0", "0.5", "1"]
        chosen = [s for s, _ in (fit.relaxed_min, fit.relaxed_1se) if s > 0]
        np.testing.assert_allclose([line.get_xdata()[0] for line in marks], sign * np.log(chosen))
    pyplot.close("all")


def test_the_selected_terms_are_those_of_the_blend():
    fit = cv_glmnet("y ~ x1 + x2 + x3 + x4 + x5 + x6", DATA, relax=True, foldid="fold")
    assert fit.relaxed_1se[0] > fit.lambda_1se
    names = fit.refit_selected("lambda.1se").column_names
    assert [*names[1:]] == fit.nonzero(fit.relaxed_1se[0])
