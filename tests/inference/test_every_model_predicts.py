"""How well models of any class predict: categories, counts with many zeros, penalised fits."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula import DataError, FamilyError, FitError


@cache
def data() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 160
    d = pd.DataFrame({"x": rng.normal(size=n), "f": rng.choice(list("abc"), n), "w": rng.integers(1, 4, n)})
    place = np.clip(np.round(1.2 * d["x"] + rng.logistic(size=n)).astype(int) + 1, 0, 2)
    d["k"] = pd.Categorical.from_codes(place, ["low", "mid", "high"], ordered=True)
    d["u"] = d["k"].astype(str)
    d["n"] = rng.poisson(np.exp(0.5 * d["x"])) * (rng.random(n) > 0.3)
    d["o"] = rng.negative_binomial(2, 0.3, n)
    d["y"] = (d["x"] + rng.normal(size=n) > 0).astype(int)
    return d


@cache
def models() -> dict[str, Any]:
    d = data()
    return {
        "polr": g.polr("k ~ x + f", d),
        "multinom": g.multinom("u ~ x + f", d),
        "weighted": g.multinom("u ~ x", d, weights="w"),
        "pair": g.multinom("y ~ x", d),
        "zeroinfl": g.zeroinfl("n ~ x + f | x", d),
        "hurdle": g.hurdle("n ~ x", d),
        "glm_nb": g.glm_nb("o ~ x", d),
        "lm": g.lm("x ~ f + n", d),
        "cv_glmnet": g.cv_glmnet("y ~ x + f", d, "binomial", seed=1),
        "glmnet": g.glmnet("n ~ x + f", d, "poisson").at_penalty(0.02),
    }


def area(y: np.ndarray, mu: np.ndarray, weights: np.ndarray) -> float:
    """P(a success has the larger mu), pair by pair."""
    up, down = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    gap = mu[up][:, None] - mu[down][None, :]
    pairs = weights[up][:, None] * weights[down][None, :]
    return float((pairs * ((gap > 0) + 0.5 * (gap == 0))).sum() / pairs.sum())


@pytest.mark.parametrize("name", ["polr", "multinom", "weighted"])
def test_each_category_against_the_others(name: str) -> None:
    fit, d = models()[name], data()
    p = fit.predict(d, type="probs")
    weights = d["w"].to_numpy(float) if name == "weighted" else np.ones(len(d))
    own = fit.roc()
    assert list(own.curves) == (["low", "mid", "high"] if name == "polr" else ["high", "low", "mid"])
    for level, curve in own.curves.items():
        y = (d["u"] == level).to_numpy(int)
        assert curve.auc == pytest.approx(area(y, p[level].to_numpy(), weights), rel=1e-12)
        one = fit.calibration(category=level)
        assert one.brier == pytest.approx(np.average((y - p[level]) ** 2, weights=weights), rel=1e-12)
        assert one.ratio == pytest.approx((weights * y).sum() / (weights * p[level]).sum(), rel=1e-12)
        assert fit.gini(category=level) == pytest.approx(
            (2 * curve.auc - 1) * (1 - np.average(y, weights=weights)), rel=1e-9
        )
    assert own.auc == pytest.approx(np.mean([curve.auc for curve in own.curves.values()]))
    assert fit.roc(category="mid").auc == own.curves["mid"].auc
    assert fit.roc(d).auc == pytest.approx(own.auc, rel=1e-12)
    assert fit.calibration().frame.loc["mid", "slope"] == fit.calibration(category="mid").slope


def test_the_likeliest_category() -> None:
    fit, d = models()["multinom"], data()
    table = fit.confusion()
    counts = pd.crosstab(d["u"], fit.predict(d, type="class").astype(str))
    for seen in counts.index:
        for said in counts.columns:
            assert table.attrs["counts"].loc[seen, said] == counts.loc[seen, said]
    assert table.loc["low", "sensitivity"] == pytest.approx(
        counts.loc["low", "low"] / counts.loc["low"].sum()
    )
    assert "accuracy" in str(table)


def test_measures_of_categories_by_their_definitions() -> None:
    fit, d = models()["polr"], data()
    p, place = fit.predict(d, type="probs").to_numpy(), d["k"].cat.codes.to_numpy()
    seen = np.eye(3)[place]
    apparent = fit.cross_validate(4, seed=1)["apparent"]
    assert apparent["deviance"] == pytest.approx(fit.deviance / len(d), rel=1e-9)
    assert apparent["brier"] == pytest.approx(((seen - p) ** 2).sum(axis=1).mean())
    assert apparent["accuracy"] == pytest.approx((p.argmax(axis=1) == place).mean())
    below = np.cumsum(seen - p, axis=1)[:, :2]
    assert apparent["ranked_score"] == pytest.approx((below**2).sum(axis=1).mean())
    mean = p @ np.arange(3)
    agreed = [
        (mean[i] < mean[j]) == (place[i] < place[j]) if mean[i] != mean[j] else 0.5
        for i, j in combinations(range(len(d)), 2)
        if place[i] != place[j]
    ]
    assert apparent["concordance"] == pytest.approx(np.mean(agreed))


def test_folds_of_a_model_of_categories_by_hand() -> None:
    d = data().assign(fold=np.arange(len(data())) % 3)
    table = g.multinom("u ~ x + f", d).cross_validate(folds="fold")
    p = np.empty((len(d), 3))
    for fold in range(3):
        part = g.multinom("u ~ x + f", d[d["fold"] != fold])
        p[d["fold"] == fold] = part.predict(d[d["fold"] == fold], type="probs")[["high", "low", "mid"]]
    own = p[np.arange(len(d)), pd.Categorical(d["u"]).codes]
    assert table.loc["deviance", "cross_validated"] == pytest.approx(np.mean(-2 * np.log(own)), rel=1e-6)


def test_two_categories_are_as_a_binomial_model() -> None:
    pair, logit = models()["pair"], g.glm("y ~ x", data(), family="binomial")
    assert pair.roc(category="1").auc == pytest.approx(logit.roc().auc)
    assert pair.calibration(category="1").brier == pytest.approx(logit.calibration().brier, rel=1e-7)
    ours, theirs = pair.cross_validate(4, seed=2), logit.cross_validate(4, seed=2)
    np.testing.assert_allclose(ours.loc["deviance"], theirs.loc["deviance"], rtol=1e-5)


@pytest.mark.parametrize("name", ["zeroinfl", "hurdle"])
def test_counts_with_many_zeros(name: str) -> None:
    fit, d = models()[name], data()
    mu = fit.predict(d, type="response").to_numpy()
    apparent = fit.cross_validate(4, seed=1)["apparent"]
    assert apparent["deviance"] == pytest.approx(fit.deviance / len(d))
    assert apparent["rmse"] == pytest.approx(np.sqrt(np.mean((d["n"] - mu) ** 2)))
    bands = fit.lift(4)
    assert bands["exposure"].sum() == len(d)
    assert (bands["fitted"] * bands["exposure"]).sum() == pytest.approx(mu.sum())
    order = np.argsort(-mu, kind="stable")
    shares = np.r_[0, np.cumsum(d["n"].to_numpy()[order]) / d["n"].sum()]
    if len(np.unique(mu)) == len(mu):
        assert fit.gini() == pytest.approx(np.mean(shares[1:] + shares[:-1]) - 1)
    assert fit.validate(3, seed=1).loc["rmse", "n"] == 3
    assert (
        fit.simulate_residuals(40, seed=1).tests.shape == (4, 2)
        if hasattr(fit, "simulate_residuals")
        else True
    )


def test_linear_models_and_counts_with_theta() -> None:
    fit = models()["lm"]
    table = fit.cross_validate(len(data()), seed=1)
    leverage = fit.hatvalues().to_numpy()
    press = fit.residuals().to_numpy() / (1 - leverage)
    assert table.loc["rmse", "cross_validated"] == pytest.approx(np.sqrt(np.mean(press**2)))
    assert fit.lift(3)[["actual_expected", "lift"]].isna().all().all()
    counts = models()["glm_nb"]
    assert counts.cross_validate(3, seed=1).loc["deviance", "apparent"] == pytest.approx(
        counts.deviance / len(data())
    )


def test_penalised_fits() -> None:
    d, cv = data(), models()["cv_glmnet"]
    mu = cv.predict(d, s="lambda.1se", type="response").to_numpy()
    assert cv.roc().auc == pytest.approx(area(d["y"].to_numpy(), mu, np.ones(len(d))))
    least = cv.at_penalty("lambda.min")
    assert least.roc().auc == pytest.approx(
        area(d["y"].to_numpy(), cv.predict(d, s="lambda.min", type="response").to_numpy(), np.ones(len(d)))
    )
    at = models()["glmnet"]
    assert at.cross_validate(3, seed=1).loc["rmse", "apparent"] == pytest.approx(
        np.sqrt(np.mean((d["n"] - at.path.predict(d, s=0.02, type="response")) ** 2))
    )
    assert repr(at).endswith("at penalty 0.02")
    pd.testing.assert_series_equal(at.coefficients, at.path.coef(0.02))
    folds = cv.cross_validate(3, seed=1)  # each fold chooses its own penalty
    assert folds.loc["auc", "cross_validated"] <= 1


def test_residuals_by_simulation_of_ordered_categories() -> None:
    found = g.simulate_residuals(models()["polr"], 200, seed=3)
    assert list(found.tests.index) == ["uniformity", "dispersion", "outliers"]
    assert found.tests.loc["uniformity", "p_value"] > 0.01
    # of a model that knows nothing of x the residuals go with x, of the true one they do not
    blind = g.simulate_residuals(g.polr("k ~ f", data()), 200, seed=3)
    assert np.corrcoef(blind.residuals, data()["x"])[0, 1] > 0.4
    assert abs(np.corrcoef(found.residuals, data()["x"])[0, 1]) < 0.15


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (
            lambda m: m["multinom"].gini(),
            DataError,
            r"gini\(\) orders rows by one number.*3 categories.*category=",
        ),
        (lambda m: m["polr"].lift(category="hihg"), DataError, r"'hihg' is none of the response's.*'high'"),
        (lambda m: m["polr"].roc(category="none"), DataError, "'low', 'mid', 'high'"),
        (lambda m: m["cv_glmnet"].roc(category="1"), DataError, "category= is of a model of categories"),
        (
            lambda m: m["hurdle"].roc(),
            FamilyError,
            r"roc\(\) is of a binomial model or one of categories.*counts",
        ),
        (lambda m: m["lm"].calibration(), FamilyError, "the family gaussian"),
        (
            lambda m: m["polr"].confusion(0.5),
            ValueError,
            "threshold= is of two categories, here the likeliest of 3",
        ),
        (
            lambda m: m["glmnet"].path.roc(),
            FitError,
            r"a path of \d+ penalties.*at_penalty\(s\), or cv_glmnet\(\)",
        ),
        (lambda m: m["glmnet"].path.at_penalty([1, 2]), ValueError, "s should be one penalty"),
        (lambda m: g.simulate_residuals(m["multinom"]), FamilyError, "those of 'u' have no order"),
        (lambda m: g.simulate_residuals(m["cv_glmnet"]), FamilyError, "refit_selected"),
        (
            lambda m: m["multinom"].roc(data().assign(u="other")),
            DataError,
            "categories 'other', which the fit",
        ),
        (lambda m: g.roc(3), FitError, r"roc\(\) is asked of a fitted model"),
    ],
)
def test_what_cannot_be_asked(ask: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(models())


def test_pictures() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    axis = g.roc_plot(models()["polr"].roc())
    assert [text.get_text()[:4] for text in axis.get_legend().get_texts()] == ["low:", "mid:", "high"]
    panels = g.calibration_plot(models()["multinom"].calibration(5))
    assert [one.get_title().split(":")[0] for one in panels] == ["high", "low", "mid"]
    assert len(g.check_model(models()["polr"], 40, seed=1).axes) == 3
    plt.close("all")
