"""What follows the fit of a mixed model against lme4, lmerTest and emmeans."""

from __future__ import annotations

import re

import numpy as np
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import after, models

import glmformula as gf
from glmformula.errors import FitError

TESTED = after("satterthwaite")["models"]
COMPARED = after("tests")["compare"]
DELETED = after("tests")["drop1"]
SEQUENTIAL = after("tests")["sequential"]
# Probabilities far out in the tail lose digits to the statistic's.
RELATIVE = 2e-6


def known(ids):
    return all(hasattr(gf, models()[id_]["parts"]["fun"].replace(".", "_")) for id_ in ids)


def as_ours(text, *ids):
    for id_ in ids:
        name = models()[id_]["parts"]["data"]
        text = re.sub(rf"^( *)Data: {name}$", r"\1Data: data", text, flags=re.M)
    return text.rstrip("\n")


def numbers(table, columns):
    return np.array([table[name] for name in columns], dtype=float).T


def close(found, expected, columns):
    wanted = numbers(expected, columns)
    assert list(found.index) == expected["rows"]
    assert list(found.columns) == list(columns)
    size = 1e-9 * np.nan_to_num(np.abs(wanted)).max(axis=0)
    assert (np.abs(found.to_numpy() - wanted) <= RELATIVE * np.abs(wanted) + size)[~np.isnan(wanted)].all()
    assert (np.isnan(found.to_numpy()) == np.isnan(wanted)).all()


@pytest.mark.parametrize("id_", TESTED)
def test_summary_with_degrees_of_freedom(id_):
    summary, expected = fitted(id_).summary(ddf="Satterthwaite"), TESTED[id_]
    close(summary.coefficients, expected["table"], ["Estimate", "Std. Error", "df", "t value", "Pr(>|t|)"])
    assert str(summary).rstrip("\n") == as_ours(expected["summary"], id_)


F_COLUMNS = ["Sum Sq", "Mean Sq", "NumDF", "DenDF", "F value", "Pr(>F)"]


@pytest.mark.parametrize("type", ["I", "II", "III"])
@pytest.mark.parametrize("id_", [id_ for id_, own in TESTED.items() if "anova_III" in own])
def test_f_tests_of_terms(id_, type):
    table, expected = fitted(id_).anova(type=type), TESTED[id_][f"anova_{type}"]
    close(table.frame, expected["table"], F_COLUMNS)
    assert str(table) == expected["text"].rstrip("\n")


@pytest.mark.parametrize("id_", [id_ for id_, own in TESTED.items() if "drop1" in own])
def test_f_tests_of_single_deletions(id_):
    table, expected = fitted(id_).drop1(ddf="Satterthwaite"), TESTED[id_]["drop1"]
    close(table.frame, expected["table"], F_COLUMNS)
    assert str(table) == expected["text"].rstrip("\n")


@pytest.mark.parametrize(
    "case", [c for c in COMPARED if known(c["models"])], ids=lambda c: " vs ".join(c["models"])
)
def test_models_compared(case):
    fits = [fitted(id_) for id_ in case["models"]]
    table = fits[0].anova(*fits[1:], model_names=["m0", "m1"])
    columns = ["npar", "AIC", "BIC", "logLik", "deviance", "Chisq", "Df", "Pr(>Chisq)"]
    close(table.frame, case["table"], columns)
    said = "refitting model(s) with ML (instead of REML)\n" if case["refitted"] else ""
    assert str(table) == said + as_ours(case["text"], *case["models"])


@pytest.mark.parametrize("case", [c for c in DELETED if known([c["model"]])], ids=lambda c: c["model"])
def test_single_deletions(case):
    fit = fitted(case["model"])
    table = fit.drop1(test="Chisq")
    close(table.frame, case["table"], ["npar", "AIC", "LRT", "Pr(Chi)"])
    assert str(table) == case["text"].rstrip("\n")
    assert str(fit.drop1()) == case["plain"].rstrip("\n")


@pytest.mark.parametrize("case", [c for c in SEQUENTIAL if known([c["model"]])], ids=lambda c: c["model"])
def test_terms_in_sequence(case):
    table = fitted(case["model"]).anova()
    close(table.frame, case["table"], ["npar", "Sum Sq", "Mean Sq", "F value"])
    assert str(table) == case["text"].rstrip("\n")


def test_what_cannot_be_compared_says_so():
    fit = fitted("sleep")
    with pytest.raises(FitError, match="restricted likelihoods of models with different fixed effects"):
        gf.lrtest(fit, fit.update(". ~ . - Days"))
    assert gf.lrtest(fit, fitted("sleep intercept")).frame["Df"].iloc[1] == -2
    with pytest.raises(FitError, match="models were not all fitted to the same size of dataset"):
        fit.anova(fitted("dyestuff"))
    with pytest.raises(FitError, match="some models fit with REML = TRUE, some not"):
        fit.anova(fitted("sleep ML"), refit=False)
    with pytest.raises(ValueError, match="model_names should be 2 names"):
        fit.anova(fitted("sleep intercept"), model_names=["one"])
    with pytest.raises(ValueError, match="model_names are of several models"):
        fit.anova(model_names=["one"])
    with pytest.raises(ValueError, match="type should be 'I', 'II', 'III'"):
        fit.anova(type="IV")
    with pytest.raises(ValueError, match="ddf should be 'Satterthwaite' or 'lme4'"):
        fit.anova(ddf="Kenward")
    with pytest.raises(ValueError, match="ddf='lme4' has tests in sequence"):
        fit.anova(type="III", ddf="lme4")
    with pytest.raises(ValueError, match="of the terms of one model"):
        fit.anova(fitted("sleep ML"), type="III")
    with pytest.raises(ValueError, match="test should be 'none', 'Chisq' or 'LRT'"):
        fit.drop1(test="F")
    with pytest.raises(ValueError, match="ddf should be 'Satterthwaite' or 'lme4'"):
        fit.summary(ddf="KR")
    with pytest.raises(ValueError, match="leave out vcov, or ddf"):
        fit.summary(fit.vcov(), ddf="Satterthwaite")
