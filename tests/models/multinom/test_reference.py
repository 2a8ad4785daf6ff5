"""multinom against the exact maximum of nnet's likelihood, and nnet's printed texts, as R wrote them."""

from __future__ import annotations

import re
import warnings
from functools import cache

import numpy as np
import pytest
from reference.likelihoods.load import load, models, new_rows, texts
from reference.tables import symmetric

from glmformula import DataWarning, multinom

ANSWERS = models("multinom")
IDS = sorted(ANSWERS)
NO_TEXT = {"housing-interaction"}  # whose intercept is 0, printed as the rounding that is left of it
TEXTS = sorted(
    name
    for name in texts("multinom")
    if re.match("(print|summary) ", name) and name.split()[-1] not in NO_TEXT
)
COEFFICIENT, LOGLIK = 1e-6, 1e-9


@cache
def fitted(id_):
    r = ANSWERS[id_]
    arguments = {name.replace(".", "_"): value for name, value in (r["args"] or {}).items()}
    if "contrasts" in arguments:
        arguments["contrasts"] = dict(re.findall(r'(\w+) = "(.*?)"', arguments["contrasts"]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "group", DataWarning)  # R warns in the same words
        return multinom(r["formula"], load(r["data"]), **arguments)


def test_there_are_enough_models():
    assert len(IDS) >= 25
    assert len(TEXTS) >= 60


@pytest.mark.parametrize("id_", IDS)
def test_estimates_errors_and_likelihood(id_):
    fit, r = fitted(id_), ANSWERS[id_]
    exact = r["exact"]
    coef, se = np.array(exact["coef"]), np.array(exact["se"])
    assert list(fit.estimates.index) == r["names"]
    assert np.max(np.abs(fit.estimates.to_numpy() - coef) / np.maximum(np.abs(coef), se)) < COEFFICIENT
    np.testing.assert_allclose(np.sqrt(np.diag(fit.vcov())), se, rtol=COEFFICIENT)
    if exact["vcov"] is not None:  # of few coefficients
        scale = np.outer(se, se)
        np.testing.assert_allclose(fit.vcov() / scale, symmetric(exact["vcov"]) / scale, atol=1e-6)
    assert fit.vcov().to_numpy().sum() == pytest.approx(
        exact["vcov_sum"], rel=1e-5, abs=1e-6 * np.square(se).sum()
    )
    assert float(fit.loglik) == pytest.approx(exact["loglik"], rel=LOGLIK)
    assert fit.deviance == pytest.approx(exact["deviance"], rel=LOGLIK)
    assert (fit.aic, fit.bic) == pytest.approx((exact["aic"], exact["bic"]), rel=LOGLIK)
    assert (fit.edf, fit.loglik.nobs) == (r["edf"], pytest.approx(r["nobs"]))


@pytest.mark.parametrize("id_", IDS)
def test_rows_and_predictions(id_):
    fit, r = fitted(id_), ANSWERS[id_]
    rows = r["rows"]
    for at, expected in ((None, rows), (new_rows(r["data"]), r["predict"])):
        probabilities, kinds = fit.predict(at, type="probs"), fit.predict(at, type="class")
        if at is None:
            places = [
                list(probabilities.index).index(label) for label in load(r["data"]).index[rows["position"]]
            ]
            probabilities, kinds = probabilities.iloc[places], kinds.iloc[places]
        known = np.array(expected["probs"], dtype=float)
        if fit.coefficients.ndim == 1 and known.ndim == 2:
            known = known[:, 1]
        np.testing.assert_allclose(probabilities.to_numpy(), known, rtol=1e-6, atol=1e-9)
        if np.ndim(known) == 2:
            ahead = np.sort(known, axis=1)
            clear = ahead[:, -1] - ahead[:, -2] > 1e-4  # R draws lots between those nearer to each other
        else:
            clear = np.abs(known - 0.5) > 1e-4
        if at is None and id_ == "exclude":
            continue  # whose classes are those of other rows
        assert [k for k, c in zip(kinds, clear) if c] == [k for k, c in zip(expected["class"], clear) if c]


def without_call(text):
    return text.split("\n\n", 1)[1]


@pytest.mark.parametrize("name", TEXTS)
def test_printed_texts(name):
    kind, *options, id_ = name.split()
    fit = fitted(id_)
    if kind == "print":
        ours = str(fit)
    else:
        ours = str(fit.summary(wald_ratios="wald" in options, correlation="correlation" in options))
    assert without_call(ours + "\n") == without_call(texts("multinom")[name]["exact"])
