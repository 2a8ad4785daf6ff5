"""Quantile residuals, tests of overdispersion and fit, pseudo R^2: against statmod, AER and pscl."""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models import load as models
from scipy import special, stats
from tolerances import GOODNESS

from glmformula import (
    DataError,
    FamilyError,
    Gamma,
    dispersiontest,
    glm,
    hosmer_lemeshow,
    overdispersion,
    pseudo_r2,
)

HERE = Path(__file__).parents[1] / "reference" / "goodness"
CASES = {m["id"]: m for m in json.loads((HERE / "cases.json").read_text())}


@cache
def answers():
    return json.loads((HERE / "goodness.json").read_text(encoding="utf-8"))["models"]


@cache
def fit_of(id_):
    m = CASES[id_]
    options = {k: m[k] for k in ("weights", "na_action") if k in m}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return glm(m["formula"], models.load(m["data"]), models.family_of(m), **options)


def having(key):
    return [i for i in CASES if key in answers()[i]]


def ends(x):
    x = np.asarray(x)
    x = x[~np.isnan(x)]
    return np.concatenate([x[:4], x[-4:], [np.abs(x).sum()]])


def same_test(ours, r):
    assert ours.statistic == pytest.approx(r["statistic"], rel=GOODNESS)
    assert ours.parameter == r.get("parameter") or ours.parameter == pytest.approx(r["parameter"])
    assert ours.p_value == pytest.approx(r["p"], rel=100 * GOODNESS, abs=1e-300)
    if "estimate" in r and r["estimate"] is not None:
        assert ours.estimate == pytest.approx(r["estimate"], rel=GOODNESS)
    assert str(ours).strip() == r["text"].strip()


@pytest.mark.parametrize(
    "id_", [i for i in having("quantile") if "exact" in (answers()[i]["quantile"] or {})]
)
def test_quantile_residuals_of_continuous_families(id_):
    ours = fit_of(id_).residuals("quantile")
    np.testing.assert_allclose(ends(ours), answers()[id_]["quantile"]["exact"], rtol=GOODNESS)


@pytest.mark.parametrize(
    "id_", [i for i in having("quantile") if "lower" in (answers()[i]["quantile"] or {})]
)
def test_quantile_residuals_of_discrete_families(id_):
    """Phi(residual) is uniform between F(y - 1) and F(y): our draw, turned back, is the generator's."""
    fit, r = fit_of(id_), answers()[id_]["quantile"]
    lower, upper = models.numbers(r["lower"]), models.numbers(r["upper"])
    p = special.ndtr(fit.residuals("quantile", seed=7).dropna().to_numpy())
    u = np.random.default_rng(7).random(len(p))
    drawn = np.concatenate([u[:4], u[-4:]])
    expected = lower[:8] + drawn * (upper[:8] - lower[:8])
    np.testing.assert_allclose(ends(p)[:8], expected, rtol=1e-6, atol=1e-12)


def test_quantile_residuals_are_seeded():
    fit = fit_of("poisson-warp")
    pd.testing.assert_series_equal(fit.residuals("quantile", seed=1), fit.residuals("quantile", seed=1))
    assert not fit.residuals("quantile", seed=1).equals(fit.residuals("quantile", seed=2))


def test_quantile_residuals_are_normal_for_the_true_model():
    draw = np.random.default_rng(11)
    x = draw.normal(size=4000)
    data = pd.DataFrame({"x": x, "y": draw.poisson(np.exp(-1 + 0.5 * x))})
    r = glm("y ~ x", data, "poisson").residuals("quantile", seed=5)
    assert stats.kstest(r, "norm").pvalue > 0.05


def test_quantile_residuals_far_out_stay_finite():
    data = pd.DataFrame({"y": [1, 0, 2, 1, 0, 90], "x": [0, 1, 2, 3, 4, 5]})
    fit = glm("y ~ 1", data, "poisson")
    r = fit.residuals("quantile", seed=1)
    assert np.isfinite(r).all()
    assert r.iloc[5] > 10


def test_quantile_residuals_need_a_distribution():
    with pytest.raises(FamilyError, match="family 'quasipoisson' has no distribution of the response"):
        fit_of("quasipoisson").residuals("quantile")


def test_rows_of_zero_weight_have_no_quantile_residual():
    data = models.load("mtcars").assign(w=lambda d: (d["cyl"] != 6).astype(float))
    fit = glm("am ~ wt", data, "binomial", weights="w")
    assert list(fit.residuals("quantile", seed=1).isna()) == list(data["cyl"] == 6)


@pytest.mark.parametrize("alternative", ["greater", "less", "two.sided"])
@pytest.mark.parametrize("id_", having("pearson"))
def test_pearson(id_, alternative):
    same_test(overdispersion(fit_of(id_), alternative), answers()[id_]["pearson"][alternative])


@pytest.mark.parametrize("id_", having("cameron_trivedi"))
def test_cameron_trivedi(id_):
    trafos = {"none": None, "1": 1, "2": 2, "root": np.sqrt}
    for name, r in answers()[id_]["cameron_trivedi"].items():
        trafo, alternative = name.split(" ")
        same_test(dispersiontest(fit_of(id_), trafos[trafo], alternative), r)


@pytest.mark.parametrize("id_", having("hosmer_lemeshow"))
@pytest.mark.parametrize("g", [4, 10])
def test_hosmer_lemeshow(id_, g):
    ours, r = hosmer_lemeshow(fit_of(id_), g), answers()[id_]["hosmer_lemeshow"][str(g)]
    same_test(ours, r)
    np.testing.assert_allclose(ours.observed, models.numbers(r["observed"]))
    np.testing.assert_allclose(ours.expected, models.numbers(r["expected"]), rtol=GOODNESS)
    assert list(ours.observed.index) == r["groups"]


def test_hosmer_lemeshow_of_counts_is_that_of_the_single_trials():
    data = pd.DataFrame({"x": np.arange(12.0), "s": [1, 0, 2, 1, 3, 2, 4, 3, 5, 4, 5, 6], "n": [6] * 12})
    counts = glm("cbind(s, n - s) ~ x", data, "binomial")
    single = pd.DataFrame(
        [(x, k < s) for x, s, n in data.to_numpy() for k in range(int(n))], columns=["x", "y"]
    )
    trials = glm("y ~ x", single, "binomial")
    assert hosmer_lemeshow(counts, 6).observed.to_numpy().sum() == 72
    assert hosmer_lemeshow(trials, 3).statistic == pytest.approx(
        hosmer_lemeshow(counts, 3).statistic, rel=0.5
    )


@pytest.mark.parametrize("id_", list(CASES))
def test_pseudo_r2(id_):
    ours, r = pseudo_r2(fit_of(id_)).frame.iloc[:, 0], answers()[id_]
    names = {"McFadden": "McFadden", "Nagelkerke": "r2CU", "Cox-Snell": "r2ML"}
    assert ours["deviance"] == pytest.approx(r["deviance_r2"], rel=GOODNESS)
    for source in ("pseudo", "pscl"):
        for name, theirs in names.items():
            if source in r:
                expected = np.nan if r[source][theirs] is None else r[source][theirs]
                assert ours[name] == pytest.approx(expected, rel=GOODNESS, nan_ok=True)
    assert str(pseudo_r2(fit_of(id_))).splitlines()[0].endswith("pseudo R^2")


def test_frames():
    fit = fit_of("poisson-warp")
    assert list(overdispersion(fit).frame.columns) == ["estimate", "statistic", "parameter", "p_value"]
    assert list(dispersiontest(fit).frame.columns) == ["estimate", "statistic", "p_value"]
    assert "Overdispersion test" in dispersiontest(fit)._repr_html_()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: overdispersion(fit_of("quasipoisson")),
            FamilyError,
            "'quasipoisson' estimates its dispersion",
        ),
        (lambda: overdispersion(fit_of("bernoulli"), "more"), ValueError, "alternative should be one of"),
        (lambda: dispersiontest(fit_of("bernoulli")), FamilyError, "only Poisson GLMs can be tested, not"),
        (lambda: dispersiontest(fit_of("poisson-warp"), "2"), ValueError, "trafo should be a power"),
        (lambda: dispersiontest(fit_of("poisson-warp"), sum), ValueError, "a value for each of 54 means"),
        (lambda: hosmer_lemeshow(fit_of("poisson-warp")), FamilyError, "is for binomial models, not"),
        (lambda: hosmer_lemeshow(fit_of("bernoulli"), 2), ValueError, "3 or more; got 2"),
        (lambda: fit_of("bernoulli").strip_data().residuals("quantile"), DataError, "holds no training rows"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


ROWS = 200
RNG = np.random.default_rng(1)
SCHOOLS = pd.DataFrame({
    "rank": RNG.integers(1, 5, ROWS), "gpa": RNG.normal(3, 0.4, ROWS), "time": RNG.uniform(1, 3, ROWS),
    "w": RNG.integers(0, 4, ROWS), "admit": (RNG.random(ROWS) < 0.4) * 1.0, "count": RNG.poisson(2, ROWS),
    "cost": RNG.gamma(2, 1, ROWS), "none": RNG.integers(1, 10, ROWS),
})  # fmt: skip
SCHOOLS.loc[3:9, "gpa"] = np.nan  # rows that `count ~ 1` alone would have


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("offset", ["", " + offset(log(time))"])
@pytest.mark.parametrize(
    ("response", "family"),
    [
        ("admit", "binomial"),
        ("cbind(count, none)", "binomial"),
        ("count", "poisson"),
        ("count", "quasipoisson"),
        ("cost", "gaussian"),
        ("cost", Gamma("log")),
    ],
)
def test_pseudo_r2_without_an_intercept(response, family, offset, weights):
    """The same model, coded with and without: pscl's null model is `~ 1` for both."""
    without, with_ = (
        pseudo_r2(glm(f"{response} ~ {terms}{offset}", SCHOOLS, family, weights=weights))
        for terms in ("0 + factor(rank) + gpa", "factor(rank) + gpa")
    )
    np.testing.assert_allclose(without, with_, rtol=1e-6)
    assert (without.loc["deviance"] > 0).all()
