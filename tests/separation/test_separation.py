"""Separation: found where there is some, nowhere else, and named."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import load

import glmformula as g
from glmformula.engine.infinity import separation as engine
from glmformula.errors import DataError, FamilyError, SeparationWarning
from glmformula.sources.memory import MemorySource

HERE = Path(__file__).parent.parent / "reference" / "separation"


@cache
def cases():
    return json.loads((HERE / "separation.json").read_text(encoding="utf-8"))["cases"]


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def fit(formula, data, family, **options):
    """The fit and its separation warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = g.glm(formula, data, family, **options)
    return out, [str(w.message) for w in caught if issubclass(w.category, SeparationWarning)]


@pytest.mark.parametrize("id_", list(cases()))
def test_against_the_cone_of_directions(id_):
    """Where the data decide the sign, it is that; where no direction moves a coefficient, it is finite."""
    case = cases()[id_]
    family = getattr(g, case["family"])(case["link"])
    found = g.detect_separation(case["formula"], load(case["data"]), family)
    low, high = numbers(case["low"]), numbers(case["high"])
    ours = np.sign(found.coefficients.to_numpy())
    assert list(found.coefficients.index) == case["names"]
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(low))
    assert found.separation is bool(np.nanmax(np.abs([low, high])) > 0)
    still, up, down = (low == 0) & (high == 0), (low == 0) & (high > 0), (low < 0) & (high == 0)
    assert (ours[still] == 0).all()
    assert (ours[up] == 1).all()
    assert (ours[down] == -1).all()


@pytest.mark.parametrize("id_", list(cases()))
def test_the_fit_warns_where_there_is_separation_and_nowhere_else(id_):
    case = cases()[id_]
    family = getattr(g, case["family"])(case["link"])
    separated = any(v for v in [*case["low"], *case["high"]])
    ours, said = fit(case["formula"], load(case["data"]), family)
    assert len(said) == int(separated)
    assert (ours.result.limits is not None) is separated
    assert ("no finite maximum-likelihood estimate" in str(ours.summary())) is separated
    if separated:
        limits = ours.separation().coefficients.fillna(0.0)
        np.testing.assert_array_equal(ours.result.limits, limits)
        for name in limits.index[np.isinf(limits)][:3]:
            assert f"{name} ({'+' if limits[name] > 0 else '-'}Inf)" in said[0]


def test_endometrial():
    ours, said = fit("HG ~ NV + PI + EH", load("endometrial"), "binomial")
    assert len(said) == 1
    assert said[0] == (
        "separation: no finite maximum-likelihood estimate of NV (+Inf); what is given for these coefficients is "
        "where the iterations stopped. Fit with method='firth' for finite estimates, or leave out or merge what "
        "separates the responses"
    )
    finite = ours.coefficients.drop("NV")
    np.testing.assert_allclose(finite, [4.3045, -0.04218, -2.9026], atol=5e-5)
    assert ours.deviance == pytest.approx(55.3933, abs=5e-5)
    assert str(ours.summary()).endswith(
        "\nNote: separation, no finite maximum-likelihood estimate: NV (+Inf)"
    )


def test_the_text_is_that_of_r():
    found = g.detect_separation("HG ~ NV + PI + EH", load("endometrial"))
    assert str(found) == (
        "Separation: TRUE \n"
        "Existence of maximum likelihood estimates\n"
        "(Intercept)          NV          PI          EH \n"
        "          0         Inf           0           0 \n"
        "0: finite value, Inf: infinity, -Inf: -infinity"
    )
    assert not found.complete
    assert list(found.frame.columns) == ["estimate"]


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit", "cloglog"])
def test_complete_separation(link):
    data = pd.DataFrame({"y": [0, 0, 0, 1, 1, 1], "x": [1.0, 2, 3, 4, 5, 6]})
    family = g.binomial(link)
    assert g.detect_separation("y ~ x", data, family).complete
    _, said = fit("y ~ x", data, family)
    assert len(said) == 1
    assert said[0].startswith("complete separation: ")
    assert "(Intercept) (-Inf), x (+Inf)" in said[0]


def test_all_zero_counts():
    data = pd.DataFrame({"y": np.zeros(12), "f": list("abc") * 4})
    _, said = fit("y ~ 1", data, "poisson")
    assert "(Intercept) (-Inf)" in said[0]


FAMILIES = [
    g.poisson(),
    g.quasipoisson(),
    g.negative_binomial(1.5),
    g.tweedie(1.5, 0.0),
    g.poisson("inverse"),
]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f"{f.name} {f.link.name}")
def test_a_level_without_counts(family):
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"f": np.repeat(list("abcd"), 25)})
    data["y"] = (rng.poisson(3.0, 100) + 1) * (data["f"] != "c")
    _, said = fit("y ~ f", data, family)
    assert len(said) == 1
    assert f"fc ({'+' if family.link.name == 'inverse' else '-'}Inf)" in said[0]
    data.loc[60, "y"] = 1
    _, said = fit("y ~ f", data, family)
    assert said == []


def test_log_binomial_has_one_end():
    data = pd.DataFrame({"f": list("aaaabbbbcccc"), "y": [0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0]})
    found = g.detect_separation("y ~ 0 + f", data, g.binomial("log"))
    assert list(found.coefficients) == [-np.inf, 0.0, 0.0]
    data["y"] = 1 - data["y"]  # all successes: mu = 1 is reached at eta = 0
    assert not g.detect_separation("y ~ 0 + f", data, g.binomial("log")).separation


def test_weights_of_zero_and_grouped_rows():
    data = pd.DataFrame({"s": [0, 3, 2, 5], "n": [5, 5, 5, 5], "x": [1.0, 2, 3, 4], "w": [1.0, 0, 0, 1]})
    assert not g.detect_separation("cbind(s, n - s) ~ x", data).separation
    found = g.detect_separation("cbind(s, n - s) ~ x", data, weights="w")
    assert found.complete
    _, said = fit("s/n ~ x", data, "binomial", weights="n")
    assert said == []


def test_the_offset_separates_nothing():
    data = pd.DataFrame({"y": [0, 1, 0, 1], "x": [1.0, 2, 2, 3], "o": [-50.0, 50, -50, 50]})
    assert not g.detect_separation("y ~ 1", data, offset="o").separation


def test_columns_of_many_sizes():
    rng = np.random.default_rng(3)
    n = 200
    data = pd.DataFrame(
        {"big": 1e8 * rng.normal(size=n), "small": 1e-8 * rng.normal(size=n), "f": ["a", "b"] * 100}
    )
    data["y"] = np.where(data["f"] == "a", 1.0, rng.integers(0, 2, n))
    found = g.detect_separation("y ~ big + small + f", data)
    assert list(found.coefficients) == [np.inf, 0.0, 0.0, -np.inf]


def test_a_rare_level_in_many_rows():
    """The sample that begins the programme does not contain it; block by block, the answer is the same."""
    rng = np.random.default_rng(4)
    n = 60_000
    data = pd.DataFrame({"f": rng.choice(list("abc"), n), "x": rng.normal(size=n)})
    data.loc[[7, 30_007], "f"] = "rare"
    data["y"] = rng.binomial(1, 1 / (1 + np.exp(1 - data["x"])))
    data.loc[data["f"] == "rare", "y"] = 0
    ours, said = fit("y ~ f + x", data, "binomial")
    assert "of frare (-Inf);" in said[0]
    source = ours.rows.source
    assert isinstance(source, MemorySource)
    blocks = MemorySource(source.design, source.y, block_rows=1500, threads=2)
    found = engine.separation(blocks, ours.family, ours.result.pivot, 5)
    assert list(found.limits) == [0, 0, 0, -np.inf, 0]
    assert not found.complete


def test_an_ordinary_fit_asks_no_programme(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a linear programme was solved")

    monkeypatch.setattr(engine, "recession", refuse)
    for formula, data, family in (
        ("am ~ wt", "mtcars", "binomial"),
        ("count ~ spray", "InsectSprays", "poisson"),
        ("low ~ age + lwt + smoke", "birthwt", "binomial"),
        ("Claims ~ District + Group + Age + offset(log(Holders))", "Insurance", "poisson"),
        ("breaks ~ wool * tension", "warpbreaks", "quasipoisson"),
        ("mpg ~ wt", "mtcars", "gaussian"),
    ):
        _, said = fit(formula, load(data), family)
        assert said == []


def test_sub_models_have_their_own_columns():
    """A refit of fewer terms does not inherit what the full model found."""
    ours, _ = fit("HG ~ NV + PI + EH", load("endometrial"), "binomial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours.anova().frame.shape[0] == 4
    assert ours.update(". ~ . - NV").result.limits is None


def test_a_fit_without_rows_cannot_be_asked():
    ours, _ = fit("HG ~ NV", load("endometrial"), "binomial")
    stripped = ours.strip_data()
    with pytest.raises(DataError, match="holds no training rows"):
        stripped.separation()
    assert "NV (+Inf)" in str(stripped.summary())


def test_many_names_are_cut():
    data = pd.DataFrame({"f": np.repeat([f"level{k:02d}" for k in range(20)], 3), "y": [1, 2, 3] + [0] * 57})
    _, said = fit("y ~ f", data, "poisson")
    assert "level10 (-Inf) and 9 more;" in said[0]


def test_responses_are_checked():
    with pytest.raises(FamilyError, match="y values must be 0 <= y <= 1"):
        g.detect_separation("y ~ 1", pd.DataFrame({"y": [2.0, 3.0]}))


def test_log_binomial_at_the_edge_and_without_an_end():
    """Both at once: all of level c are successes (mu = 1), none of level a (eta to -Inf)."""
    data = pd.DataFrame({"f": np.repeat(list("abc"), 4), "y": [0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1]})
    ours, said = fit("y ~ 0 + f", data, g.binomial("log"))
    assert len(said) == 1
    assert "of fa (-Inf);" in said[0]
    assert ours.coefficients["fb"] == pytest.approx(np.log(0.5), rel=1e-6)
    assert ours.coefficients["fc"] == pytest.approx(0.0, abs=1e-6)
