"""Cross-validation and the bootstrap of optimism."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, DataWarning, cross_validate, glm, roc, validate


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 120
    x, z = rng.normal(size=n), rng.normal(size=n)
    out = pd.DataFrame({"x": x, "z": z, "firm": np.arange(n) // 10, "g": rng.choice(list("abc"), n)})
    out["y"] = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    out["c"] = rng.poisson(np.exp(0.3 * x))
    out.loc[[3, 77], "x"] = np.nan
    return out


def test_leaving_out_one_row_at_a_time(data: pd.DataFrame) -> None:
    whole = data.dropna().reset_index(drop=True)
    fit = glm("c ~ x + z", whole, family="poisson")
    table = cross_validate(fit, k=len(whole), seed=1)
    mu = [
        glm("c ~ x + z", whole.drop(index=i), family="poisson")
        .predict(whole.iloc[[i]], type="response")
        .iloc[0]
        for i in range(len(whole))
    ]
    error = whole["c"] - np.array(mu)
    assert table.loc["rmse", "cross_validated"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-6)
    assert table.loc["mae", "cross_validated"] == pytest.approx(error.abs().mean(), rel=1e-6)
    assert table.loc["deviance", "apparent"] == pytest.approx(fit.deviance / len(whole))
    assert table.loc["deviance", "cross_validated"] > table.loc["deviance", "apparent"]


def test_folds_by_a_column_leave_whole_groups_out(data: pd.DataFrame) -> None:
    fit = glm("y ~ x + z", data, family="binomial")
    table = cross_validate(fit, folds="firm")
    folds = table.attrs["folds"]
    assert len(folds) == 12
    first = data[data["firm"] != 0]
    other = glm("y ~ x + z", first, family="binomial")
    held = data[data["firm"] == 0].dropna()
    assert np.isclose(folds["auc"], roc(other, held).auc).any()
    assert table.loc["auc", "apparent"] == pytest.approx(roc(fit).auc)
    assert table.loc["brier", "mean"] == pytest.approx(folds["brier"].mean())


def test_a_seed_gives_the_same_folds(data: pd.DataFrame) -> None:
    fit = glm("y ~ x", data, family="binomial")
    one, two, three = (cross_validate(fit, 5, seed=seed).frame for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(three)


def test_levels_that_other_folds_have_not(data: pd.DataFrame) -> None:
    rare = data.assign(g=data["g"].where(data.index != 50, "rare"))
    with pytest.warns(DataWarning, match="1 of 118 rows have a level that no row of the other folds has"):
        cross_validate(glm("z ~ x + g", rare), 4, seed=3)


def test_optimism(data: pd.DataFrame) -> None:
    fit = glm("y ~ x + z + g", data, family="binomial")
    table = validate(fit, 30, seed=5)
    np.testing.assert_allclose(table["corrected"], table["apparent"] - table["optimism"])
    np.testing.assert_allclose(table["optimism"], table["training"] - table["test"])
    assert table.loc["auc", "optimism"] > 0
    assert table.loc["slope", "apparent"] == pytest.approx(1)
    assert table.loc["slope", "corrected"] < 1
    assert table.frame.equals(validate(fit, 30, seed=5).frame)


def test_a_sample_is_rows_repeated(data: pd.DataFrame) -> None:
    whole = data.dropna().reset_index(drop=True)
    fit = glm("y ~ x + z", whole, family="binomial")
    table = validate(fit, 2, seed=11)
    rng = np.random.default_rng(11)
    slopes, areas = [], []
    for _ in range(2):
        rows = rng.integers(0, len(whole), len(whole))
        sample = glm("y ~ x + z", whole.iloc[rows].reset_index(drop=True), family="binomial")
        areas.append(roc(sample).auc)
        slopes.append(sample.calibration(newdata=whole).slope)
    assert table.loc["auc", "training"] == pytest.approx(np.mean(areas))
    assert table.loc["slope", "test"] == pytest.approx(np.mean(slopes), rel=1e-6)


def test_what_is_wrong_is_said(data: pd.DataFrame, tmp_path: Path) -> None:
    fit = glm("y ~ x", data, family="binomial")
    asked: list[tuple[Any, str]] = [
        (lambda: cross_validate(fit, 1), "k should be from 2 folds to the number of rows, 118; got 1"),
        (lambda: cross_validate(fit, 500), "k should be from 2 folds to the number of rows, 118; got 500"),
        (lambda: validate(fit, 1), "B should be 2 or more samples; got 1"),
    ]
    for ask, message in asked:
        with pytest.raises(ValueError, match=message):
            ask()
    with pytest.raises(DataError, match="folds= puts all rows together"):
        cross_validate(fit, folds=np.zeros(len(data)))
    data.to_parquet(tmp_path / "d.parquet")
    stream = glm("y ~ x", tmp_path / "d.parquet", family="binomial")
    with pytest.raises(DataError, match="to fit parts of the rows again they must be in memory"):
        validate(stream)
