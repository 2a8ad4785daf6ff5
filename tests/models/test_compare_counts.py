"""Models of counts side by side, against R; and how a model that comes later gets its row."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from reference.models.load import load
from tolerances import COMPARISON, PSCL_ROWS as PSCL

import glmformula as gf
from glmformula.errors import DataWarning, FitError
from glmformula.models import compare_counts as module
from glmformula.models.compare_counts import COUNT_MODELS, CountModel

CALLS = {
    "articles": ("articles ~ kids + mentor", {}),
    "weighted": ("articles ~ mentor", {"weights": "w"}),
}


@pytest.fixture(scope="module")
def answers(reference):
    return json.loads((reference / "counts" / "counts.json").read_text())


@pytest.fixture(scope="module")
def articles():
    data = load("PhDPublications")
    return data.assign(w=np.resize([1, 2], len(data)))


ROWS = {
    "Poisson": "poisson",
    "negative binomial": "negbin",
    "zero-inflated Poisson": "zip",
    "zero-inflated negative binomial": "zinb",
    "hurdle Poisson": "hurdle",
    "hurdle negative binomial": "hurdle_nb",
}


@pytest.mark.parametrize("call", CALLS)
def test_against_r(call, answers, articles):
    formula, options = CALLS[call]
    table, known = gf.compare_counts(formula, articles, **options), answers[call]
    for label, name in ROWS.items():
        stops_early = PSCL if name not in ("poisson", "negbin") else COMPARISON
        wanted = np.array(known[name], dtype=float)
        np.testing.assert_allclose(table.loc[label].iloc[:4], wanted[:4], rtol=COMPARISON)
        np.testing.assert_allclose(table.loc[label].iloc[4:], wanted[4:], rtol=stops_early)
    quasi = table.loc["quasi-Poisson"]
    assert quasi[["logLik", "AIC", "BIC", "Zeros"]].isna().all()
    assert quasi["Dispersion"] == pytest.approx(known["poisson"][4], rel=COMPARISON)
    assert table.heading[1] == f"Observed zeros: {known['observed']} of {known['total']}"


def test_models_of_two_parts_take_the_whole_formula(articles):
    table = gf.compare_counts(
        "articles ~ gender + kids | mentor", articles, models=["Poisson", "hurdle Poisson"]
    )
    assert table.fits["Poisson"].formula == "articles ~ gender + kids"
    assert len(table.fits["hurdle Poisson"].coefficients) == 5
    assert "articles ~ gender + kids | mentor" in str(table)


def test_some_of_the_models(articles):
    table = gf.compare_counts("articles ~ gender", articles, models="Poisson")
    assert list(table.fits) == ["Poisson"]
    assert table.footer == ()
    assert table.frame.shape == (1, 6)


def test_rows_in_files(articles, tmp_path):
    articles.to_parquet(tmp_path / "rows.parquet", row_group_size=200)
    ours = gf.compare_counts("articles ~ kids + mentor", tmp_path / "rows.parquet")
    here = gf.compare_counts("articles ~ kids + mentor", articles)
    pd.testing.assert_frame_equal(ours.frame, here.frame, rtol=1e-7)
    assert str(ours).splitlines()[-1] == str(here).splitlines()[-1]
    assert "Poisson against negative binomial (theta infinite is the boundary): Chisq = 1" in str(here)


def test_a_model_that_fails_has_an_empty_row(articles, monkeypatch):
    def fail(formula, data, **options):
        raise FitError("no valid set of coefficients")

    rows = [COUNT_MODELS[0], CountModel("other", fail)]
    monkeypatch.setattr(module, "COUNT_MODELS", rows)
    with pytest.warns(DataWarning, match="the other model could not be fitted: no valid set"):
        table = gf.compare_counts("articles ~ gender", articles)
    assert table.loc["other"].isna().all()
    monkeypatch.setattr(module, "COUNT_MODELS", rows[1:])
    with pytest.warns(DataWarning), pytest.raises(FitError, match="no valid set of coefficients"):
        gf.compare_counts("articles ~ gender", articles)


@pytest.mark.parametrize(
    ("formula", "options", "error", "text"),
    [
        ("articles ~ gender", {"models": ["Poisson", "ZINB"]}, ValueError, "'quasi-Poisson', .*; got 'ZINB'"),
        ("articles ~ gender", {"models": []}, ValueError, "models should be some of .*; got none"),
        ("-articles ~ gender", {}, gf.FamilyError, "negative values not allowed"),
        (3, {}, gf.FormulaError, "must be a str"),
        ("articles ~ gender | kids | mentor", {}, gf.FormulaError, "has 3 parts"),
    ],
)
def test_what_goes_wrong_is_said(formula, options, error, text, articles):
    with pytest.raises(error, match=text):
        gf.compare_counts(formula, articles, **options)


def test_rows_are_data():
    assert [model.label for model in COUNT_MODELS][:3] == ["Poisson", "quasi-Poisson", "negative binomial"]
    assert isinstance(COUNT_MODELS[0].fit, partial)
