"""``vuong``, ``zero_test`` and ``rootogram``: pscl's numbers and texts, and definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import load, models, texts
from scipy import stats
from tolerances import COMPARISON

from glmformula import glm, glm_nb, hurdle, multinom, rootogram, rootogram_plot, vuong, zero_test, zeroinfl
from glmformula.errors import FamilyError, FitError

matplotlib.use("Agg")
FUNCTIONS: dict[str, Any] = {"zeroinfl": zeroinfl, "hurdle": hurdle}


def fitted(kind: str, id_: str) -> Any:
    entry = models(kind)[id_]
    given = {name: text.strip('"') for name, text in (entry["args"] or {}).items()}
    return FUNCTIONS[kind](entry["formula"], load(entry["data"]), **given)


@pytest.mark.parametrize("kind", ["zeroinfl", "hurdle"])
@pytest.mark.parametrize(
    ("one", "two", "name"), [("parts", "constant-zero", "parts"), ("all", "negbin", "dist")]
)
def test_vuong_is_pscls(kind: str, one: str, two: str, name: str) -> None:
    table = vuong(fitted(kind, one), fitted(kind, two))
    np.testing.assert_allclose(table["Vuong z-statistic"], models(kind)[one]["vuong"][two], rtol=COMPARISON)
    assert str(table) + "\n" == texts(kind)[f"vuong {name}"]["exact"]
    turned = vuong(fitted(kind, two), fitted(kind, one))
    np.testing.assert_allclose(turned["Vuong z-statistic"], -table["Vuong z-statistic"], rtol=1e-12)


def test_vuong_takes_a_glm() -> None:
    data = load("bioChemists")
    poisson = glm("art ~ .", data, "poisson", epsilon=1e-14)
    assert str(vuong(poisson, fitted("zeroinfl", "all"))) + "\n" == texts("zeroinfl")["vuong glm"]["exact"]
    table = vuong(glm_nb("art ~ .", data), poisson)
    assert (table["H_A"] == "model1 > model2").all()
    logit, probit = (glm("fem ~ ment", data, f) for f in ("binomial", "quasibinomial"))
    assert vuong(logit, logit)["Vuong z-statistic"].isna().all()
    with pytest.raises(
        FitError, match=r"vuong\(\) is asked of models of counts.*got a GLM of family 'quasibinomial'"
    ):
        vuong(logit, probit)


def test_models_that_cannot_be_compared() -> None:
    data = load("bioChemists")
    poisson = glm("art ~ ment", data, "poisson")
    with pytest.raises(
        FitError, match=r"different values on dependent variables: art and kid5; fit both to one"
    ):
        vuong(poisson, glm("kid5 ~ ment", data, "poisson"))
    with pytest.raises(FitError, match="models were not all fitted to the same size of dataset"):
        vuong(poisson, hurdle("art ~ ment", data.head(900)))
    with pytest.raises(FitError, match=r"vuong\(\) is asked of a fitted model, such as glm\(\) gives; got 3"):
        vuong(poisson, 3)
    with pytest.raises(
        FitError, match=r"rootogram\(\) is asked of models of counts.*got a GLM of family 'gaussian'"
    ):
        rootogram(glm("art ~ ment", data))
    with pytest.raises(FitError, match=r"rootogram\(\) is asked of models of counts.*got a Multinom"):
        rootogram(multinom("mar ~ ment", data))
    with pytest.raises(FitError, match=r"rootogram\(\) is asked of a fitted model"):
        rootogram("x")
    with pytest.raises(FamilyError, match=r"zero_test\(\) is asked of Poisson models.*got family 'gaussian'"):
        zero_test(glm("art ~ ment", data))


@pytest.mark.parametrize("id_", [i for i in models("zeroinfl") if models("zeroinfl")[i].get("zero_test")])
def test_zero_test_is_van_den_broeks(id_: str) -> None:
    entry = models("zeroinfl")[id_]
    own = ("dist", "link")
    given = {k.replace(".", "_"): text for k, text in (entry["args"] or {}).items() if k not in own}
    fit = glm(entry["formula"].partition("|")[0], load(entry["data"]), "poisson", epsilon=1e-14, **given)
    found = zero_test(fit)
    assert found.statistic == pytest.approx(entry["zero_test"]["statistic"], rel=COMPARISON)
    assert found.p_value == pytest.approx(entry["zero_test"]["p"], rel=1e-4, abs=1e-300)


def test_the_estimate_of_a_zero_test_is_observed_over_expected() -> None:
    data = load("bioChemists")
    fit = glm("art ~ ment", data, "poisson")
    expected = stats.poisson(fit.fitted_values).pmf(0).sum()
    assert zero_test(fit).estimate == pytest.approx((data["art"] == 0).sum() / expected, rel=1e-8)


def test_a_rootogram_sums_probabilities() -> None:
    data = load("bioChemists").assign(w=lambda d: 1.0 + (d.index % 3))
    for fit in (
        glm("art ~ ment", data, "poisson", weights="w"),
        glm_nb("art ~ ment", data, weights="w"),
        zeroinfl("art ~ ment | 1", data, weights="w"),
        hurdle("art ~ ment", data, weights="w"),
    ):
        table = rootogram(fit)
        assert list(table) == ["count", "observed", "expected"]
        assert table["count"].tolist() == list(range(20))
        np.testing.assert_allclose(table["observed"].sum(), data["w"].sum())
        assert table["observed"].iloc[1] == data["w"][data["art"] == 1].sum()
        whole = rootogram(fit, at=range(400))
        np.testing.assert_allclose(whole["expected"].sum(), data["w"].sum(), rtol=1e-6)
    np.testing.assert_allclose(
        table["expected"].iloc[0], table["observed"].iloc[0], rtol=1e-8
    )  # a hurdle's zeros
    poisson = glm("art ~ ment", data, "poisson")
    np.testing.assert_allclose(
        rootogram(poisson, at=[2])["expected"], stats.poisson(poisson.fitted_values).pmf(2).sum(), rtol=1e-10
    )
    for at in ([1.5], [-1], "ab"):
        with pytest.raises(ValueError, match="at should be counts: whole numbers from 0 on; got"):
            rootogram(poisson, at=at)
    with pytest.raises(ValueError, match="at should be counts: whole numbers from 0 on; got"):
        fit.predict(type="prob", at=[0.5])


def test_a_rootogram_is_drawn() -> None:
    fit = zeroinfl("art ~ ment | 1", load("bioChemists"))
    table = rootogram(fit)
    for style in ("hanging", "standing", "suspended"):
        axis = rootogram_plot(fit, style=style)
        tops = np.array([bar.get_y() + bar.get_height() for bar in axis.patches])
        lows = np.array([bar.get_y() for bar in axis.patches])
        observed, expected = np.sqrt(table["observed"]), np.sqrt(table["expected"])
        np.testing.assert_allclose(axis.lines[0].get_ydata(), expected)
        if style == "hanging":
            np.testing.assert_allclose(tops, expected)
            np.testing.assert_allclose(lows, expected - observed)
        elif style == "standing":
            np.testing.assert_allclose(tops, observed)
            np.testing.assert_allclose(lows, 0, atol=1e-12)
        else:
            np.testing.assert_allclose(tops, expected - observed)
        matplotlib.pyplot.close(axis.figure)
    with pytest.raises(
        ValueError, match="style should be one of 'hanging', 'standing', 'suspended'; got 'flying'"
    ):
        rootogram_plot(fit, style="flying")


def test_from_files(tmp_path: Path) -> None:
    data = load("bioChemists")
    path = tmp_path / "counts.parquet"
    data.to_parquet(path, row_group_size=200)
    two = zeroinfl("art ~ ment | 1", path), zeroinfl("art ~ ment | 1", data)
    others = hurdle("art ~ ment", path), hurdle("art ~ ment", data)
    pd.testing.assert_frame_equal(rootogram(two[0]).frame, rootogram(two[1]).frame, rtol=1e-9)
    pd.testing.assert_frame_equal(vuong(two[0], others[0]).frame, vuong(two[1], others[1]).frame, rtol=1e-7)
    assert zero_test(glm("art ~ ment", path, "poisson")).statistic == pytest.approx(
        zero_test(glm("art ~ ment", data, "poisson")).statistic, rel=1e-9
    )
