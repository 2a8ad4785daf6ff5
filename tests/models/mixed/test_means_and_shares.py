"""Marginal means of mixed models against emmeans; shares of the variance against performance and insight."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import after, load

import glmformula as gf
from glmformula.errors import FamilyError, FitError
from glmformula.inference.mixed.explained import mean_alone

LINEAR = after("satterthwaite")["models"]
MEANS = after("satterthwaite")["means"]
SHARES = after("r2")["models"]
# insight 0.19 leaves out the further terms of a factor ((x || g)), and slopes of columns that are not fixed effects.
LEFT_OUT = {
    "sleep bars",
    "sleep bars ML",
    "sleep poly",
    "sleep square",
    "machines factor slope",
    "positive poisson bars",
    "positive gamma slope",
}
# It holds theta of the negative binomial in the model without fixed effects, we estimate it anew.
HELD = {"ticks nb", "positive nb"}
# Its null model is what lme4 fits by default; `null`, the coefficient at the exact minimum, is compared to 1e-6.
NULL_BY_DEFAULT = 5e-3


@pytest.mark.filterwarnings("ignore::glmformula.DataWarning")
@pytest.mark.parametrize("id_", [id_ for id_, own in LINEAR.items() if "emmeans" in own])
def test_means_of_linear_models(id_):
    own, fit = LINEAR[id_], fitted(id_)
    means = gf.emmeans(fit, own["emmeans"]["spec"])
    assert str(means) == own["emmeans"]["text"].rstrip("\n")
    df = np.atleast_1d(own["emmeans"]["table"]["df"]).astype(float)
    assert means.frame["df"].to_numpy() == pytest.approx(df, rel=1e-6)
    if "pairs" in own:
        assert str(gf.pairs(means)) == own["pairs"]["text"].rstrip("\n")


@pytest.mark.filterwarnings("ignore::glmformula.DataWarning")
@pytest.mark.parametrize("id_", [id_ for id_, own in LINEAR.items() if "joint" in own])
def test_joint_tests_of_linear_models(id_):
    assert str(gf.joint_tests(fitted(id_))).rstrip("\n") == LINEAR[id_]["joint"].rstrip("\n")


@pytest.mark.parametrize("case", MEANS, ids=lambda c: c["model"])
def test_means_of_generalized_models(case):
    means = gf.emmeans(fitted(case["model"]), case["spec"])
    assert str(means.summary(type="response")) == case["text"].rstrip("\n")
    assert str(gf.pairs(means)) == case["pairs"].rstrip("\n")


def test_degrees_of_freedom_are_asked_for():
    fit = fitted("oats")
    assert np.isinf(gf.emmeans(fit, "~ N", lmer_df="asymptotic").frame["df"]).all()
    assert np.isinf(gf.emmeans(fit, "~ N", vcov=fit.vcov()).frame["df"]).all()
    assert (gf.emmeans(fit, "~ N", df=3).frame["df"] == 3).all()
    holm = gf.emmeans(fit, "~ N").contrast("pairwise", adjust="holm")
    assert (holm.frame["p_value"] >= gf.pairs(gf.emmeans(fit, "~ N"), adjust="none").frame["p_value"]).all()
    with pytest.raises(ValueError, match="lmer_df should be 'satterthwaite' or 'asymptotic'"):
        gf.emmeans(fit, "~ N", lmer_df="kenward-roger")
    with pytest.raises(ValueError, match="lmer_df goes with models of lmer"):
        gf.emmeans(gf.lm("Y ~ N", load("oats")), "~ N", lmer_df="satterthwaite")


def test_back_transformed_means_are_adjusted_by_the_residual_standard_deviation():
    fit = gf.lmer("log(Reaction) ~ Days + (1 | Subject)", load("sleepstudy"))
    assert fit.loglik > 0  # -2 log-likelihood has no square root
    means = gf.emmeans(fit, "~ Days", at={"Days": [0, 5]}, type="response", bias_adjust=True)
    assert "Bias adjustment applied based on sigma = 0.097135" in str(means)  # emmeans 1.8.4.1
    plain = gf.emmeans(fit, "~ Days", at={"Days": [0, 5]}, type="response")
    ratio = means.frame["response"] / plain.frame["response"]
    assert ratio.to_numpy() == pytest.approx(1 + fit.sigma**2 / 2, rel=1e-6)


@pytest.mark.parametrize("id_", SHARES)
def test_shares_of_the_variance(id_):
    answer, fit = SHARES[id_], fitted(id_)
    if id_ in ("positive ig log", "positive gaussian log"):
        with pytest.raises(FamilyError, match="has no known variance on the scale of the linear predictor"):
            fit.r2()
        return
    if answer["null"] is not None and id_ not in HELD:
        assert math.log(mean_alone(fit)) == pytest.approx(answer["null"], rel=1e-6, abs=1e-6)
    if id_ in LEFT_OUT | HELD or answer["r2_conditional"] is None:
        return
    relative = 1e-5 if answer["null"] is None else NULL_BY_DEFAULT
    shares = [*fit.r2().to_numpy()[0], *fit.icc().to_numpy()[0]]
    names = ("r2_conditional", "r2_marginal", "icc_adjusted", "icc_unadjusted")
    assert shares == pytest.approx([answer[name] for name in names], rel=relative, abs=1e-9)
    groups = fit.icc(by_group=True)["ICC"]
    assert list(groups.index) == answer["by_group"]["group"]
    assert groups.tolist() == pytest.approx(answer["by_group"]["icc"], rel=relative, abs=1e-9)


@pytest.mark.parametrize("id_", [id_ for id_, own in SHARES.items() if own["overdispersion"]])
def test_overdispersion(id_):
    answer, test = SHARES[id_]["overdispersion"], fitted(id_).overdispersion()
    assert test.statistic == pytest.approx(answer["chisq"], rel=1e-5)
    assert (test.parameter, test.estimate) == pytest.approx((answer["df"], answer["ratio"]), rel=1e-5)
    assert test.p_value == pytest.approx(answer["p"], rel=1e-3, abs=1e-12)


def test_a_singular_fit_has_shares():
    assert fitted("dyestuff2").icc().to_numpy().tolist() == [[0.0, 0.0]]
    assert fitted("dyestuff2").r2().to_numpy().tolist() == [[0.0, 0.0]]


def test_what_has_no_test_says_so():
    for verb in (gf.r2, gf.icc):
        with pytest.raises(FitError, match=r"r2\(\) and icc\(\) are of mixed models"):
            verb(gf.lm("Y ~ N", load("oats")))
    with pytest.raises(FamilyError, match="estimates its dispersion"):
        fitted("sleep").overdispersion()
    with pytest.raises(ValueError, match="alternative should be one of"):
        fitted("cbpp").overdispersion("more")
    with pytest.raises(FitError, match="Satterthwaite's degrees of freedom are of linear mixed models"):
        fitted("cbpp").summary(ddf="Satterthwaite")
