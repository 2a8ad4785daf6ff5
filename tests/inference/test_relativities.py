"""Rating tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, FitError, glm, relativities, relativities_plot


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


def test_an_excel_sheet_has_the_numbers(data: pd.DataFrame, tmp_path: Path) -> None:
    table = relativities(glm(FORMULA, data.assign(region=data["region"] + "=1+1"), family="poisson"))
    table.to_excel(tmp_path / "rates.xlsx")
    sheet = pd.read_excel(tmp_path / "rates.xlsx", nrows=len(table), dtype={"level": str})
    assert list(zip(sheet["factor"], sheet["level"])) == list(table.index)
    np.testing.assert_allclose(sheet[list(table.columns)], table, rtol=1e-12)
    import openpyxl

    book = openpyxl.load_workbook(tmp_path / "rates.xlsx")
    assert book.active["B2"].data_type == "s"  # a level that looks like a formula is none
    assert "claims ~ region" in str(book.active.cell(len(table) + 3, 1).value)
    assert len(book.active.conditional_formatting) == 3
    with pytest.raises(ValueError, match=r"an Excel workbook ends in \.xlsx; got .*rates\.csv"):
        table.to_excel(tmp_path / "rates.csv")


def test_what_is_not_known_is_an_empty_cell(data: pd.DataFrame, tmp_path: Path) -> None:
    table = relativities(glm("claims ~ region * fuel + offset(log(e))", data, family="poisson"))
    table.to_excel(tmp_path / "rates.xlsx")
    assert pd.read_excel(tmp_path / "rates.xlsx", nrows=len(table))["relativity"].isna().all()
    assert "nan" not in table.to_html().lower()


def test_html_has_a_block_for_each_factor(data: pd.DataFrame) -> None:
    table = relativities(
        glm(FORMULA, data.assign(fuel=data["fuel"] + "<b>"), family="poisson"), base="largest"
    )
    text = table.to_html()
    assert text.count("font-weight:bold") == 3
    assert "d&lt;b&gt;" in text
    assert "<b>" not in text
    assert "relativity to the level with the largest exposure" in text
    assert table._repr_html_() == text


def test_a_picture_of_each_factor(data: pd.DataFrame) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    table = relativities(glm(FORMULA, data, family="poisson"))
    axes = relativities_plot(table)
    assert [axis.get_title() for axis in axes] == ["region", "age", "fuel"]
    drawn = axes[0].containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, table.loc["region", "relativity"])
    own = [one for one in axes[0].figure.axes if one.get_ylabel() == "exposure"]
    bars = [patch.get_height() for patch in own[0].patches]
    np.testing.assert_allclose(bars, table.loc["region", "exposure"])
    (one,) = relativities_plot(table, "fuel", axes=plt.figure().gca())
    assert [text.get_text() for text in one.get_legend().get_texts()] == [
        "exposure",
        "relativity",
        "observed (base 1)",
    ]
    crossed = relativities(glm("claims ~ region * fuel + offset(log(e))", data, family="poisson"))
    axis = relativities_plot(crossed)[0]
    assert any("in an interaction" in text.get_text() for text in axis.texts)
    with pytest.raises(DataError, match=r"factors: 'regoin' is not in the table.*'region'"):
        relativities_plot(table, ["regoin"])
    with pytest.raises(FitError, match=r"draws what fit\.relativities\(\) gives"):
        relativities_plot(table.frame)
    plt.close("all")
