"""Means of sub-models, as R's emmeans gives and prints them."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
from reference.means import load

from glmformula import FormulaError, emmeans, glm, lm, multinom, pairs, regrid

stored, table = partial(load.stored, "submodel.json"), partial(load.table, "submodel.json")


MODELS = {
    "lm": lambda: lm("breaks ~ wool * tension", table("warp")),
    "pois": lambda: glm("breaks ~ wool * tension", table("warp"), "poisson", epsilon=1e-14, maxit=50),
    "more": lambda: lm("mpg ~ cyl * am + gear + wt", table("mt")),
}
fit = cache(lambda name: MODELS[name]())


def em(name, specs, submodel, **options):
    return emmeans(fit(name), specs, submodel=submodel, **options)


CASES = {
    "tension": lambda: em("lm", "~ tension", "~ tension"),
    "minimal": lambda: em("lm", "~ tension", "minimal"),
    "type2": lambda: em("lm", "~ tension", "type2"),
    "type2_pairs": lambda: pairs(em("lm", "~ tension", "type2")),
    "additive": lambda: em("lm", "~ wool | tension", "~ wool + tension"),
    "additive_pairs": lambda: pairs(em("lm", "~ wool | tension", "~ wool + tension")),
    "pois": lambda: em("pois", "~ tension", "~ tension", type="response"),
    "pois_additive": lambda: pairs(em("pois", "~ tension", "~ wool + tension")),
    "more": lambda: em("more", "~ cyl", "~ cyl + wt"),
    "more_minimal": lambda: em("more", "~ cyl * am", "minimal"),
    "more_type2": lambda: pairs(em("more", "~ cyl", "type2")),
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
    for column, values in zip(frame, stored()["cases"][name]["frame"].values()):
        if frame[column].dtype.kind == "f":
            want = np.array([np.nan if v in (None, "NA") else float(v) for v in values])
            np.testing.assert_allclose(frame[column], want, rtol=1e-7, atol=1e-9, err_msg=column)


def test_a_submodel_is_that_of_the_fitted_values():
    data = table("warp").assign(fitted=fit("lm").fitted_values)
    small = emmeans(lm("fitted ~ wool + tension", data), "~ wool * tension").frame
    np.testing.assert_allclose(answer("additive").frame["emmean"], small["emmean"], rtol=1e-10)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: em("lm", "~ wool | tension", "wool"), FormulaError, "submodel should be a formula such as"),
        (
            lambda: em("lm", "~ wool | tension", "~ cyl"),
            FormulaError,
            "no term of the model is in '~ cyl'; it has 'wool'",
        ),
        (lambda: em("lm", "~ wool * tension", "minimal", regrid="log"), ValueError, "taken to another scale"),
    ],
)
def test_what_cannot_be_asked(ask, error, words):
    with pytest.raises(error, match=words):
        ask()


def test_several_predictors_have_none():
    data = table("mt").assign(gear=lambda d: d["gear"].astype(str))
    with pytest.raises(ValueError, match="submodel= is of one linear predictor"):
        emmeans(multinom("gear ~ wt", data), "~ gear", submodel="minimal")
    assert regrid(em("lm", "~ wool | tension", "~ wool + tension")).frame["emmean"].notna().all()
