"""ROC areas, confusion, calibration, Gini coefficients, lift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import (
    DataError,
    FamilyError,
    calibration,
    calibration_plot,
    confusion,
    gini,
    glm,
    lift,
    roc,
    roc_plot,
)
from glmformula.inference.performance.discrimination import equal_bands, ordered_shares, wilson

REFERENCE = json.loads(
    (Path(__file__).parent.parent / "reference" / "discrimination" / "discrimination.json").read_text()
)
TRAIN, TEST = (pd.DataFrame(REFERENCE[part]) for part in ("train", "test"))


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("model", REFERENCE["models"], ids=lambda model: model["formula"])
def test_r_gives_the_same(model: dict[str, Any], part: str) -> None:
    fit = glm(model["formula"], TRAIN, family="binomial")
    expected = model[part]
    newdata = None if part == "train" else TEST
    found = roc(fit, newdata)
    assert found.auc == pytest.approx(expected["auc"], rel=1e-12)
    assert found.se == pytest.approx(expected["se"], rel=1e-10)
    assert [found.low, found.auc, found.high] == pytest.approx(expected["ci"], rel=1e-10)
    assert len(found.frame) == expected["thresholds"]
    rates = confusion(fit, 0.4, newdata)["rate"]
    sensitivity, specificity, ppv, npv, accuracy = map(float, expected["at"])
    assert rates.tolist() == pytest.approx([sensitivity, specificity, ppv, npv, accuracy], nan_ok=True)
    truth = calibration(fit, newdata=newdata)
    assert truth.brier == pytest.approx(expected["brier"], rel=1e-9)
    assert truth.slope == pytest.approx(expected["slope"], rel=1e-5)
    assert truth.intercept == pytest.approx(expected["intercept"], abs=1e-5)


def test_weights_are_repetitions() -> None:
    data = TRAIN.assign(w=np.arange(len(TRAIN)) % 3)
    repeated = data.loc[data.index.repeat(data["w"])].reset_index(drop=True)
    one, two = (
        glm("y ~ x + z", frame, family="binomial", weights=w) for frame, w in ((data, "w"), (repeated, None))
    )
    assert roc(one).auc == pytest.approx(roc(two).auc, rel=1e-10)
    assert roc(one).se == pytest.approx(roc(two).se, rel=1e-10)
    assert calibration(one).brier == pytest.approx(calibration(two).brier)
    assert gini(one) == pytest.approx(gini(two))
    np.testing.assert_allclose(lift(one, 4)["exposure"], lift(two, 4)["exposure"])


def test_counts_of_successes_are_rows() -> None:
    grouped = TRAIN.assign(x=TRAIN["x"].round()).groupby("x")["y"].agg(hit="sum", n="count").reset_index()
    grouped["miss"] = grouped["n"] - grouped["hit"]
    single = glm("y ~ x", TRAIN.assign(x=TRAIN["x"].round()), family="binomial")
    counts = glm("cbind(hit, miss) ~ x", grouped, family="binomial")
    assert roc(counts).auc == pytest.approx(roc(single).auc)
    assert roc(counts, newdata=grouped).auc == pytest.approx(roc(single).auc)
    assert calibration(counts).frame["n"].sum() == len(TRAIN)


def test_rows_in_files(tmp_path: Path) -> None:
    TRAIN.to_parquet(tmp_path / "d.parquet", row_group_size=40)
    fit, other = (glm("y ~ x + z", data, family="binomial") for data in (TRAIN, tmp_path / "d.parquet"))
    assert roc(other).auc == pytest.approx(roc(fit).auc)
    assert gini(other) == pytest.approx(gini(fit))


def test_levels_of_new_rows_are_those_of_the_fit() -> None:
    text = TRAIN.assign(y=np.where(TRAIN["y"] == 1, "yes", "no"))
    fit = glm("y ~ x", text, family="binomial")
    new = TEST.assign(y=np.where(TEST["y"] == 1, "yes", "no"))
    number = glm("y ~ x", TRAIN, family="binomial")
    assert roc(fit, new).auc == pytest.approx(roc(number, TEST).auc)
    with pytest.raises(
        DataError, match=r"roc\(\) needs successes and failures of 'y'; these .* failures only"
    ):
        roc(fit, new[new["y"] == "no"])
    missing = TEST.assign(x=TEST["x"].where(TEST.index % 2 == 0), y=TEST["y"].where(TEST.index % 3 > 0))
    assert roc(number, missing).auc == pytest.approx(roc(number, missing.dropna()).auc)
    with pytest.raises(DataError, match="no row without a missing value"):
        roc(number, TEST.assign(x=np.nan))


def test_gini_of_a_binary_response_is_that_of_the_area() -> None:
    fit = glm("y ~ x + z", TRAIN, family="binomial")
    share = 1 - TRAIN["y"].mean()
    assert gini(fit) == pytest.approx((2 * roc(fit).auc - 1) * share)


def test_gini_goes_by_exposure() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"x": rng.normal(size=400), "e": rng.uniform(0.1, 2, 400)})
    data["n"] = rng.poisson(data["e"] * np.exp(0.5 * data["x"] - 1))
    fit = glm("n ~ x + offset(log(e))", data, family="poisson")
    shares = ordered_shares(fit)
    assert shares.iloc[0].tolist() == [0, 0]
    assert shares.iloc[-1].tolist() == pytest.approx([1, 1])
    order = data.assign(rate=fit.fitted_values / data["e"]).sort_values("rate", ascending=False)
    k = 100
    assert shares["exposure"].iloc[k] == pytest.approx(order["e"].head(k).sum() / data["e"].sum())
    assert shares["response"].iloc[k] == pytest.approx(order["n"].head(k).sum() / data["n"].sum())
    table = lift(fit, 5)
    assert table["exposure"].sum() == pytest.approx(data["e"].sum())
    assert (table["observed"] * table["exposure"]).sum() == pytest.approx(data["n"].sum())
    assert table["lift"].iloc[-1] > table["lift"].iloc[0]
    assert table["exposure"].max() < 1.1 * data["e"].sum() / 5
    gaussian = glm("x ~ e", data)
    with pytest.raises(DataError, match="need a response that is nowhere negative"):
        gini(gaussian)


def test_bands_keep_equal_values_together() -> None:
    bands = equal_bands(np.array([1.0, 1, 1, 2, 3, 3]), np.ones(6), 3)
    assert bands.tolist() == [0, 0, 0, 1, 2, 2]
    assert equal_bands(np.ones(5), np.ones(5), 4).tolist() == [0] * 5


def test_wilson_limits() -> None:
    assert wilson(8, 10, 0.95) == pytest.approx(
        (0.4901625, 0.9433178), abs=1e-6
    )  # R: prop.test, no correction
    assert np.isnan(wilson(0, 0, 0.95)).all()


def test_what_is_wrong_is_said() -> None:
    fit = glm("y ~ x", TRAIN, family="binomial")
    other = glm("z ~ x", TRAIN)
    with pytest.raises(
        FamilyError,
        match=r"roc\(\) is of a binomial model or one of categories, this one has the family gaussian",
    ):
        roc(other)
    for ask, message in (
        (lambda: confusion(fit, 1.5), "threshold should be between 0 and 1; got 1.5"),
        (lambda: roc(fit, level=2), "level should be between 0 and 1; got 2"),
        (lambda: calibration(fit, bins=1), "bins should be 2 or more; got 1"),
        (lambda: calibration(fit, level=0), "level should be between 0 and 1; got 0"),
        (lambda: lift(fit, bins=1), "bins should be 2 or more; got 1"),
    ):
        with pytest.raises(ValueError, match=message):
            ask()
    with pytest.raises(DataError, match="holds no training rows"):
        roc(fit.strip_data())
    assert roc(fit.strip_data(), TEST).auc == roc(fit, TEST).auc


def test_pictures() -> None:
    fit = glm("y ~ x + z", TRAIN, family="binomial")
    assert roc_plot(roc(fit)).get_title().startswith("AUC 0.")
    assert calibration_plot(calibration(fit, 5, TEST)).get_xlabel() == "fitted"
