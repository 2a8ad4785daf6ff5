"""Means on other scales, with nuisance factors and weights, as R's emmeans gives and prints them."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from reference.means import load

from glmformula import (
    DataError,
    DataWarning,
    FitError,
    binomial,
    contrast,
    emmeans,
    glm,
    joint_tests,
    lm,
    multinom,
    pairs,
    regrid,
)

stored, table = partial(load.stored, "regrid.json.gz"), partial(load.table, "regrid.json.gz")

MODELS = {
    "pois": lambda: glm("breaks ~ wool * tension", table("warpbreaks"), "poisson"),
    "log": lambda: lm("log(breaks) ~ wool * tension", table("warpbreaks")),
    "sqrt": lambda: lm("sqrt(breaks + 1) ~ wool + tension", table("warpbreaks")),
    "lin": lambda: lm("breaks ~ wool + tension", table("warpbreaks")),
    "gamma": lambda: glm("breaks ~ wool + tension", table("warpbreaks"), "Gamma"),
    "logit": lambda: glm("am ~ cyl + wt", table("mt").assign(am=lambda d: d["am"].astype(int)), "binomial"),
    "probit": lambda: glm("case ~ education + spontaneous", table("infert"), binomial("probit")),
    "cloglog": lambda: glm("case ~ factor(induced) + spontaneous", table("infert"), binomial("cloglog")),
    "holes": lambda: glm("breaks ~ wool * tension", table("holes"), "poisson"),
    "offset": lambda: glm(
        "Claims ~ District + Group + Age + offset(log(Holders))", table("claims"), "poisson"
    ),
    "many": lambda: lm("mpg ~ cyl + gear + vs + am * wt", table("mt")),
    "manyw": lambda: lm("mpg ~ cyl * am + gear + vs + wt", table("mt")),
    "rare": lambda: glm("carb ~ cyl + gear + vs + wt", table("mt"), "poisson"),
}


@cache
def fit(name):
    return MODELS[name]()


def em(name, specs, **options):
    return emmeans(fit(name), specs, **options)


def on(name, specs, scale="response", **options):
    return regrid(em(name, specs), scale, **options)


R = {"type": "response"}
CASES = {
    "logit_response": lambda: on("logit", "~ cyl"),
    "logit_differences": lambda: pairs(on("logit", "~ cyl")),
    "logit_log": lambda: pairs(on("logit", "~ cyl", "log")),
    "logit_risk_ratios": lambda: pairs(on("logit", "~ cyl", "log"), **R),
    "logit_risk_ratio_limits": lambda: pairs(on("logit", "~ cyl", "log"), **R).confint(),
    "logit_in_grid": lambda: em("logit", "~ cyl", regrid="response"),
    "logit_log_in_grid": lambda: em("logit", "~ cyl", regrid="log", **R),
    "logit_pass": lambda: on("logit", "~ cyl", "pass"),
    "logit_none": lambda: on("logit", "~ cyl", "none"),
    "logit_probit": lambda: on("logit", "~ cyl", "probit"),
    "logit_control": lambda: contrast(on("logit", "~ cyl"), "trt.vs.ctrl"),
    "probit_differences": lambda: pairs(on("probit", "~ education")),
    "probit_odds": lambda: pairs(on("probit", "~ education", "logit"), **R),
    "probit_cauchit": lambda: on("probit", "~ education", "cauchit"),
    "cloglog_ratios": lambda: pairs(on("cloglog", "~ induced", "log"), **R),
    "pois_in_grid": lambda: em("pois", "~ tension", regrid="response"),
    "pois_bias_in_grid": lambda: em("pois", "~ tension", regrid="response", bias_adjust=True, sigma=0.5),
    "pois_bias": lambda: on("pois", "~ tension | wool", bias_adjust=True, sigma=0.5),
    "pois_of_ratios": lambda: pairs(em("pois", "~ tension | wool")).regrid(),
    "pois_differences": lambda: pairs(on("pois", "~ tension | wool")),
    "pois_cells": lambda: em("pois", "~ tension", regrid="response", weights="cells"),
    "pois_overall": lambda: em("pois", "~ 1", regrid="response"),
    "pois_effects": lambda: contrast(on("pois", "~ wool * tension"), "eff"),
    "pois_inverse": lambda: on("pois", "~ wool", "inverse"),
    "log_response": lambda: on("log", "~ tension"),
    "log_sqrt": lambda: on("log", "~ tension", "sqrt"),
    "log_in_grid": lambda: em("log", "~ tension", regrid="response"),
    "log_bias": lambda: on("log", "~ tension", bias_adjust=True),
    "log_log2": lambda: pairs(on("log", "~ tension", "log2"), **R),
    "log_joint": lambda: joint_tests(regrid(em("log", "~ wool * tension"))),
    "sqrt_differences": lambda: pairs(on("sqrt", "~ tension")),
    "sqrt_log10": lambda: pairs(on("sqrt", "~ tension", "log10"), **R),
    "lin_log": lambda: pairs(on("lin", "~ tension", "log"), **R),
    "lin_log_in_grid": lambda: em("lin", "~ tension", regrid="log"),
    "gamma_differences": lambda: pairs(on("gamma", "~ tension")),
    "gamma_in_grid": lambda: em("gamma", "~ tension", regrid="response"),
    "holes_cells": lambda: on("holes", "~ wool * tension"),
    "holes_differences": lambda: pairs(on("holes", "~ wool | tension")),
    "offset_differences": lambda: pairs(regrid(em("offset", "~ Age", offset=np.log(100)))),
    "nuisance": lambda: em("many", "~ cyl", nuisance=["gear", "vs"]),
    "nuisance_by": lambda: em("many", "~ cyl | am", nuisance=["gear", "vs"], wt_nuis="proportional"),
    "nuisance_but": lambda: em("many", "~ cyl", non_nuisance="cyl"),
    "nuisance_pairs": lambda: pairs(em("many", "~ cyl", nuisance="vs")),
    "nuisance_weights": lambda: em("many", "~ cyl", nuisance=["gear", "vs"], weights="proportional"),
    "nuisance_at": lambda: em("many", "~ cyl", nuisance=["gear", "vs"], at={"wt": 3}),
    "nuisance_interacts": lambda: em("manyw", "~ am", nuisance=["cyl", "gear", "vs"]),
    "nuisance_response": lambda: em("rare", "~ cyl", nuisance=["gear", "vs"], **R),
    "nuisance_regrid": lambda: em("rare", "~ cyl", nuisance=["gear", "vs"], regrid="response"),
    "outer": lambda: em("many", "~ cyl", weights="outer"),
    "cells": lambda: em("many", "~ cyl", weights="cells"),
    "flat": lambda: em("many", "~ cyl", weights="flat"),
    "numbers": lambda: em("many", "~ cyl + am + vs", weights=[1, 2, 3]),
    "at_levels": lambda: em("many", "~ cyl | gear", at={"gear": ["3", "5"], "wt": [2, 3]}),
}


answer = load.answers_of(CASES)


def test_every_answer_of_r_is_asked_for():
    assert set(CASES) == set(stored()["cases"])


@pytest.mark.parametrize("name", CASES)
def test_printed_text_is_r_s(name):
    assert str(answer(name)) + "\n" == stored()["cases"][name]["text"]


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_r_s(name):
    frame = answer(name).frame
    theirs = stored()["cases"][name]["frame"]
    names = [column.strip(".").replace(".", "_").replace(" ", "_") for column in theirs]
    assert list(frame.columns) == names
    for column, values in zip(names, theirs.values()):
        values = values if isinstance(values, list) else [values]
        if frame[column].dtype.kind == "f":
            want = np.array([np.nan if v in (None, "NA") else float(v) for v in values])
            np.testing.assert_allclose(frame[column], want, rtol=1e-8, atol=1e-9, err_msg=column)
        else:
            assert [str(v) for v in frame[column]] == [str(v) for v in values]


def test_a_grid_on_the_response_scale_averages_means():
    options = {"regrid": "response", "weights": "proportional"}
    ours = em("offset", "~ Age", **options).frame
    cells = em("offset", "~ Age * District * Group", **R).frame
    counts = table("claims").groupby(["District", "Group"], observed=True).size().rename("n").reset_index()
    cells = cells.merge(counts, on=["District", "Group"])
    want = cells.groupby("Age", observed=True)[["rate", "n"]].apply(
        lambda d: np.average(d["rate"], weights=d["n"])
    )
    np.testing.assert_allclose(ours["rate"], want.loc[ours["Age"]], rtol=1e-12)


def test_regrid_of_several_predictors_is_already_on_the_response():
    data = table("mt").assign(gear=lambda d: d["gear"].astype(str))
    choices = multinom("gear ~ wt", data)
    means = emmeans(choices, "~ gear")
    pd.testing.assert_frame_equal(regrid(means).frame, means.frame)
    ratios = pairs(regrid(means, "log"), **R).frame
    own = means.frame["prob"].to_numpy()
    np.testing.assert_allclose(ratios["ratio"], [own[0] / own[1], own[0] / own[2], own[1] / own[2]])
    with pytest.raises(DataError, match="nuisance= averages linear predictors"):
        emmeans(choices, "~ gear", nuisance="wt")


def test_means_that_a_scale_does_not_have_are_told():
    means = emmeans(lm("I(breaks - 25) ~ tension", table("warpbreaks")), "~ tension")
    with pytest.warns(DataWarning, match="1 of 3 means have no log: they are flagged as non-estimable"):
        found = regrid(means, "log")
    assert found.frame["emmean"].isna().tolist() == [False, False, True]
    np.testing.assert_allclose(found.frame["emmean"][:2], np.log(means.frame["emmean"][:2]))


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: on("logit", "~ cyl", "logg"), ValueError, "transform should be one of .*'logg'.*'log'"),
        (lambda: regrid(fit("logit")), FitError, "regrid\\(\\) is asked of marginal means"),
        (lambda: on("probit", "~ education", bias_adjust=True, sigma="a"), ValueError, "sigma"),
        (lambda: em("many", "~ cyl", nuisance="gaer"), DataError, "nuisance: 'gaer' is none.*'gear'"),
        (lambda: em("many", "~ cyl", nuisance="vs", non_nuisance="cyl"), ValueError, "give one of them"),
        (lambda: em("many", "~ cyl", nuisance="vs", wt_nuis="cells"), ValueError, "wt_nuis should be one of"),
        (lambda: em("many", "~ vs", nuisance="vs"), DataError, "specs: 'vs' is none of the factors"),
    ],
)
def test_what_cannot_be_asked(ask, error, words):
    with pytest.raises(error, match=words):
        ask()
