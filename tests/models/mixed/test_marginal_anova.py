"""`Anova` of mixed models against car's, at the exact minimum of lme4's deviance."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
import tolerances
from reference.mixed.fits import fitted
from reference.mixed.load import after, load, models

import glmformula as gf
from glmformula.errors import DataError, FitError, GLMFormulaWarning, RankWarning

TESTED = after("marginal")["models"]
TYPES = ["II", "III"]
COLUMNS = ["Chisq", "Df", "Pr(>Chisq)"]
SUM = {"FoodTreatment": "contr.sum", "SexParent": "contr.sum"}


@cache
def fit_of(id_):
    if id_ in models():
        return fitted(id_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RankWarning)
        return {
            "cake sum": lambda: gf.lmer(
                "angle ~ recipe * temp + (1 | recipe:replicate)",
                load("cake"),
                contrasts={"recipe": "contr.sum"},
            ),
            "owls sum": lambda: gf.glmer(
                "SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest)",
                load("Owls"),
                "poisson",
                contrasts=SUM,
            ),
            "sleep aliased": lambda: gf.lmer(
                "Reaction ~ Days + I(2 * Days) + I(Days^2) + (1 | Subject)", load("sleepstudy")
            ),
            "orthodont aliased": lambda: gf.lmer(
                "distance ~ I(age - 11) + age * Sex + (1 | Subject)", load("Orthodont"), REML=False
            ),
            "cake empty cell": lambda: gf.lmer(
                "angle ~ recipe * temperature + (1 | replicate)",
                load("cake").query("recipe != 'A' or temp != 185"),
            ),
            "machines no intercept": lambda: gf.lmer("score ~ 0 + Machine + (1 | Worker)", load("Machines")),
        }[id_]()


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("id_", TESTED)
def test_numbers_and_text_are_cars(id_, type):
    expected = TESTED[id_][type]
    table = fit_of(id_).Anova(type)
    wanted = np.array([expected["table"][name] for name in COLUMNS], dtype=float).T
    assert list(table.frame.index) == expected["rows"]
    assert list(table.frame.columns) == COLUMNS
    found, statistic = table.frame.to_numpy(), np.nan_to_num(wanted[:, 0])
    np.testing.assert_allclose(found[:, :2], wanted[:, :2], rtol=tolerances.MIXED_TEST, atol=0)
    assert (np.isnan(found) == np.isnan(wanted)).all()
    # Far out the log of a probability is minus half the statistic, so it has as many digits as that and no more.
    bound = tolerances.MIXED_TEST * (1 + statistic) * wanted[:, 2]
    assert (np.abs(found[:, 2] - wanted[:, 2]) <= bound)[~np.isnan(bound)].all()
    assert str(table).split("\n") == expected["text"]


def test_type_by_number_function_and_model_without_rows():
    fit = fitted("orthodont")
    assert str(gf.Anova(fit, 3)) == str(fit.strip_data().Anova("III"))
    assert str(gf.Anova(fit)) == str(fit.Anova(2))
    assert str(gf.Anova(fit)) != str(fit.Anova(3))


def test_another_covariance():
    fit = fitted("orthodont")
    table = fit.Anova(vcov=4 * fit.vcov())
    np.testing.assert_allclose(table["Chisq"], fit.Anova()["Chisq"] / 4, rtol=1e-12)
    assert str(table).endswith("Standard errors: of a matrix that was given")


def test_an_intercept_alone():
    fit = fitted("sleep mean")
    with pytest.warns(GLMFormulaWarning, match="only an intercept: Type III test substituted"):
        table = fit.Anova()
    assert list(table.frame.index) == ["(Intercept)"]
    z = fit.coefficients.iloc[0] / np.sqrt(fit.vcov().iloc[0, 0])
    assert table.frame.loc["(Intercept)", "Chisq"] == pytest.approx(z**2, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "I"}, "type should be 'II', 'III', 2 or 3; got 'I'"),
        ({"test": "F"}, r"test should be 'Chisq' .*got 'F': .*Kenward and Roger.*Satterthwaite's"),
        ({"test": "LR"}, "test should be 'Chisq' for a mixed model; got 'LR'"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fitted("orthodont").Anova(**options)


def test_a_covariance_that_it_does_not_have():
    fit = fitted("orthodont")
    with pytest.raises(FitError, match=r"vcov='HC1': the vcov\(\) of a LMM does not take 'type'"):
        fit.Anova(vcov="HC1")
    with pytest.raises(FitError, match="covariance of what is tested has no inverse"):
        fit.Anova(vcov=np.zeros((4, 4)))
    with pytest.raises(DataError, match=r"shape \(4, 4\).*got shape \(3, 3\)"):
        fit.Anova(vcov=np.eye(3))
