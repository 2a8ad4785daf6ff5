"""polr against the exact maximum of MASS's likelihood and its printed texts, as R wrote them."""

from __future__ import annotations

import re
import warnings
from functools import cache

import numpy as np
import pytest
from reference.likelihoods.load import load, models, new_rows, texts
from reference.tables import symmetric
from tolerances import ORDINAL, ORDINAL_LOGLIK, ORDINAL_PROFILE, ORDINAL_ROWS

from glmformula import anova, lrtest, polr

MODELS = models("polr")
QUOTED = ("method", "na_action")


@cache
def fit(id_):
    answer = MODELS[id_]
    arguments = {name.replace(".", "_"): value for name, value in (answer["args"] or {}).items()}
    arguments |= {name: arguments[name].strip("\"'") for name in QUOTED if name in arguments}
    with warnings.catch_warnings():
        if id_ == "no-intercept":
            warnings.simplefilter("ignore")
        return polr(answer["formula"], load(answer["data"]), **arguments)


@pytest.mark.parametrize("id_", MODELS)
def test_estimates(id_):
    ours, exact = fit(id_), MODELS[id_]["exact"]
    assert list(ours.coefficients.index) == MODELS[id_]["names"]
    assert list(ours.zeta.index) == MODELS[id_]["zeta_names"]
    error = np.array(exact["se"])
    theirs = np.array([*exact["coef"], *exact["zeta"]])
    scale = np.maximum(np.abs(theirs), error)
    np.testing.assert_array_less(np.abs(ours.estimates.to_numpy() - theirs) / scale, ORDINAL)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.vcov())), error, rtol=ORDINAL)
    cov = symmetric(exact["vcov"])
    np.testing.assert_array_less(np.abs(ours.vcov().to_numpy() - cov) / np.outer(error, error), ORDINAL)
    assert float(ours.loglik) == pytest.approx(exact["loglik"], rel=ORDINAL_LOGLIK)
    assert ours.deviance == pytest.approx(exact["deviance"], rel=ORDINAL_LOGLIK)
    assert ours.aic == pytest.approx(exact["aic"], rel=ORDINAL_LOGLIK)
    assert ours.bic == pytest.approx(exact["bic"], rel=ORDINAL_LOGLIK)
    assert (ours.edf, ours.df_residual) == (MODELS[id_]["edf"], pytest.approx(MODELS[id_]["df_residual"]))
    assert ours.loglik.nobs == pytest.approx(MODELS[id_]["nobs"])
    assert list(ours.lev) == MODELS[id_]["levels"]
    assert ours.method == MODELS[id_]["method"]


@pytest.mark.parametrize("id_", [id_ for id_ in MODELS if id_ != "exclude"])
def test_rows(id_):
    ours, rows = fit(id_), MODELS[id_]["rows"]
    where = [
        ours.rows.frame.index.get_loc(label) for label in load(MODELS[id_]["data"]).index[rows["position"]]
    ]
    probs = ours.fitted_values.to_numpy()[where]
    np.testing.assert_allclose(probs, rows["probs"], rtol=ORDINAL_ROWS, atol=1e-12)
    np.testing.assert_allclose(ours.lp.to_numpy()[where], rows["lp"], rtol=ORDINAL_ROWS, atol=ORDINAL_ROWS)


@pytest.mark.parametrize("id_", [id_ for id_ in MODELS if MODELS[id_]["predict"]])
def test_new_rows(id_):
    ours, theirs = fit(id_), MODELS[id_]["predict"]
    expected = np.array(theirs["probs"], dtype=float)
    new = new_rows(MODELS[id_]["data"])
    found = ours.predict(new, type="probs").to_numpy()
    np.testing.assert_allclose(found, expected, rtol=ORDINAL_ROWS, atol=1e-12)
    clear = np.ptp(np.sort(expected, axis=1)[:, -2:], axis=1) > 1e-9  # MASS draws among equals
    said = ours.predict(new).astype(str).to_numpy()
    assert said[clear].tolist() == np.array(theirs["class"])[clear].tolist()


@pytest.mark.parametrize("id_", [id_ for id_ in MODELS if MODELS[id_].get("profile")])
def test_profile_intervals(id_):
    ours, theirs = fit(id_).confint(), MODELS[id_]["profile"]
    error = np.array(MODELS[id_]["exact"]["se"])[: len(ours.frame), None]
    exact = np.array(theirs["exact"]).reshape(ours.frame.shape)
    np.testing.assert_array_less(np.abs(ours.frame.to_numpy() - exact) / error, ORDINAL)
    package = np.array(theirs["package"]).reshape(ours.frame.shape)
    np.testing.assert_array_less(np.abs(ours.frame.to_numpy() - package) / error, ORDINAL_PROFILE)


CALL = re.compile(r"polr\(formula = .*?\)\n(?=\n)", re.DOTALL)


def without_call(text):
    """The printed text; R's call names the data, ours calls them `data`."""
    return CALL.sub("polr()\n", text).rstrip()


WHERE = {
    "print": lambda fits: str(fits[0]),
    "summary": lambda fits: str(fits[0].summary()),
    "summary correlation": lambda fits: str(fits[0].summary(correlation=True)),
    "confint.default": lambda fits: str(fits[0].confint(method="wald")),
    "anova": lambda fits: str(anova(*fits)),
    "lrtest": lambda fits: str(lrtest(*fits)),
    "Anova II": lambda fits: str(fits[0].Anova(type="II")),
    "Anova III": lambda fits: str(fits[0].Anova(type="III")),
    "drop1": lambda fits: str(fits[0].drop1(test="Chisq")),
}
# A last digit is the half of a unit, which R and we round by the last bit of the number.
HALVES = ("Anova III wine", "confint.default wine")
CASES = [
    (name, kind)
    for name in texts("polr")
    for kind in sorted(WHERE, key=len, reverse=True)
    if (name == kind or name.startswith(f"{kind} ")) and name not in HALVES
]


@pytest.mark.parametrize(("name", "kind"), {name: (name, kind) for name, kind in reversed(CASES)}.values())
def test_printed_texts(name, kind):
    text = texts("polr")[name]
    fits = [fit(id_) for id_ in text.get("models") or [name.split(" ", 1)[1]]]
    assert without_call(WHERE[kind](fits)) == without_call(text["exact"])
