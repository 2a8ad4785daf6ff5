"""Rating tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, glm, relativities


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 2000
    out = pd.DataFrame(
        {
            "region": rng.choice(["A", "B", "C"], n, p=[0.2, 0.5, 0.3]),
            "age": rng.integers(18, 80, n),
            "fuel": rng.choice(["d", "p"], n),
            "e": rng.uniform(0.1, 1, n),
        }
    )
    mu = out["e"] * np.exp(-1 + 0.4 * (out["region"] == "C") - 0.01 * out["age"])
    out["claims"] = rng.poisson(mu)
    return out


FORMULA = "claims ~ region + age + fuel + offset(log(e))"


def test_levels(data: pd.DataFrame) -> None:
    fit = glm(FORMULA, data, family="poisson")
    table = relativities(fit)
    own = data.groupby("region")
    np.testing.assert_allclose(table.loc["region", "exposure"], own["e"].sum())
    np.testing.assert_allclose(table.loc["region", "observed"], own["claims"].sum() / own["e"].sum())
    np.testing.assert_allclose(table.loc["region", "actual_expected"], 1, rtol=1e-7)
    np.testing.assert_allclose(
        table.loc["region", "relativity"], np.exp([0, *fit.coefficients[["regionB", "regionC"]]])
    )
    limits = np.exp(fit.confint("regionC", method="wald").to_numpy()[0])
    np.testing.assert_allclose(table.loc[("region", "C"), ["lower", "upper"]].astype(float), limits)
    assert "region: B" in str(table)
    assert table.loc[("region", "A"), "lower"] == table.loc[("region", "A"), "upper"] == 1


def test_the_base_may_be_the_largest_level(data: pd.DataFrame) -> None:
    fit = glm(FORMULA, data, family="poisson")
    table = relativities(fit, base="largest")
    assert table.loc[("region", "B"), "relativity"] == 1
    releveled = data.assign(region=pd.Categorical(data["region"], ["B", "A", "C"]))
    other = glm(FORMULA, releveled, family="poisson").relativities()
    for level in "AC":
        columns = ["relativity", "lower", "upper"]
        np.testing.assert_allclose(
            table.loc[("region", level), columns].astype(float),
            other.loc[("region", level), columns].astype(float),
            rtol=1e-7,
        )


def test_numbers_are_shown_in_bands(data: pd.DataFrame) -> None:
    fit = glm(FORMULA, data, family="poisson")
    table = relativities(fit, bands=4).loc["age"]
    assert len(table) == 4
    assert table["exposure"].sum() == pytest.approx(data["e"].sum())
    band = pd.cut(data["age"], np.linspace(18, 79, 5), include_lowest=True)
    middle = (data["age"] * data["e"]).groupby(band, observed=True).sum() / data["e"].groupby(
        band, observed=True
    ).sum()
    np.testing.assert_allclose(
        table["relativity"], np.exp(fit.coefficients["age"] * (middle - middle.iloc[0]))
    )


@pytest.mark.parametrize("contrast", ["contr.sum", "contr.helmert"])
def test_contrasts_do_not_matter(data: pd.DataFrame, contrast: str) -> None:
    plain = glm(FORMULA, data, family="poisson").relativities()
    other = glm(FORMULA, data, family="poisson", contrasts={"region": contrast}).relativities()
    pd.testing.assert_frame_equal(plain.frame, other.frame, rtol=1e-6)


def test_weights_interactions_and_robust_errors(data: pd.DataFrame) -> None:
    crossed = glm("claims ~ region * fuel + offset(log(e))", data, family="poisson").relativities()
    assert crossed["relativity"].isna().all()
    assert crossed["observed"].notna().all()
    rate = glm("I(claims / e) ~ region", data, family="quasipoisson", weights="e")
    count = glm("claims ~ region + offset(log(e))", data, family="poisson")
    np.testing.assert_allclose(
        rate.relativities()["relativity"], count.relativities()["relativity"], rtol=1e-6
    )
    robust = count.relativities(vcov="HC1").loc[("region", "C")]
    se = count.vcov("HC1").loc["regionC", "regionC"] ** 0.5
    assert robust["upper"] / robust["relativity"] == pytest.approx(np.exp(1.959963985 * se))
    bare = glm("claims ~ 0 + region + offset(log(e))", data, family="poisson").relativities()
    np.testing.assert_allclose(bare["relativity"], count.relativities()["relativity"], rtol=1e-7)


def test_rows_in_files(data: pd.DataFrame, tmp_path: Path) -> None:
    data.to_parquet(tmp_path / "d.parquet", row_group_size=333)
    one, two = (glm(FORMULA, source, family="poisson") for source in (data, tmp_path / "d.parquet"))
    pd.testing.assert_frame_equal(one.relativities().frame, two.relativities().frame, rtol=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": "smallest"}, "base should be one of 'reference', 'largest'; got 'smallest'"),
        ({"bands": 1}, "bands should be 2 or more; got 1"),
        ({"level": 3}, "level should be between 0 and 1; got 3"),
    ],
)
def test_wrong_options(data: pd.DataFrame, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        relativities(glm(FORMULA, data, family="poisson"), **options)


def test_other_models(data: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="this model has the identity link"):
        relativities(glm("claims ~ region", data))
    with pytest.raises(DataError, match="no factor or number to show"):
        relativities(glm("claims ~ 1", data, family="poisson"))
