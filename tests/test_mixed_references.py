"""What tests/reference/mixed promises about its answers."""

from __future__ import annotations

import numpy as np
import pytest
from reference.mixed.load import load, models, new_rows, schema, texts
from reference.tables import symmetric

# Stored numbers have 15 digits.
AGREE = 1e-12


def test_there_are_enough_models_and_texts():
    assert len(models()) >= 75
    assert sum(t["same"] or t["same_tight"] for shown in texts().values() for t in shown.values()) >= 150


def test_every_model_is_a_minimum():
    for id_, answer in models().items():
        assert answer["far"] < 2e-9, id_  # the last Newton step in standard errors
        assert answer["gradient"] < 1e-8, id_  # the derivative along a standard error


@pytest.mark.parametrize("fun", ["lmer", "glmer", "glmer.nb"])
def test_no_fit_of_lme4_is_lower(fun):
    """An inverse gaussian is left out: lme4 ends its inner iterations early there, 0.002 below the deviance."""
    for id_, answer in models().items():
        if answer["parts"]["fun"] == fun and "inverse.gaussian" not in answer["call"]:
            assert answer["value"] <= answer["package"]["value"] + 1e-11 * abs(answer["value"]), id_


def test_covariance_of_a_glmer_is_the_block_of_its_inverted_hessian():
    for id_, answer in models().items():
        if answer["parts"]["fun"] == "lmer" or answer["parts"].get("nAGQ") == 0 or answer["singular"]:
            continue
        k = len(answer["theta"])
        block = np.linalg.inv(symmetric(answer["hessian"]) / 2)[k:, k:]
        np.testing.assert_allclose(symmetric(answer["vcov"]), block, rtol=1e-6, atol=1e-12, err_msg=id_)


def test_the_likelihood_counts_its_parameters():
    for id_, answer in models().items():
        aic = -2 * answer["loglik"] + 2 * answer["df"]
        assert answer["aic"] == pytest.approx(aic, rel=AGREE), id_
        bic = -2 * answer["loglik"] + np.log(answer["nobs"]) * answer["df"]
        assert answer["bic"] == pytest.approx(bic, rel=AGREE), id_


def test_every_model_has_its_data():
    for answer in models().values():
        data = load(answer["parts"]["data"])
        assert len(data) == schema()[answer["parts"]["data"]]["rows"] >= answer["nobs"]
        assert len(new_rows(answer["parts"]["data"])) == len(answer["predict"]["link"])
