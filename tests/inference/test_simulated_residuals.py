"""Residuals by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import (
    DataError,
    FamilyError,
    check_model,
    glm,
    glm_nb,
    hurdle,
    lm,
    lmer,
    multinom,
    simulate_residuals,
    zeroinfl,
)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    n = 500
    x = rng.normal(size=n)
    mu = np.exp(0.8 + 0.5 * x)
    out = pd.DataFrame({"x": x, "poisson": rng.poisson(mu), "nb": rng.poisson(rng.gamma(1.0, mu))})
    out["zeros"] = np.where(rng.random(n) < 0.4, 0, out["poisson"])
    out["normal"] = 1 + x + rng.normal(size=n)
    out["binary"] = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    out["hit"], out["miss"] = rng.binomial(8, 1 / (1 + np.exp(-x))), 0
    out["miss"] = 8 - out["hit"]
    out["gamma"] = rng.gamma(2, mu / 2)
    return out


TRUE: dict[str, Any] = {
    "poisson": lambda d: glm("poisson ~ x", d, "poisson"),
    "nb": lambda d: glm_nb("nb ~ x", d),
    "zeros": lambda d: zeroinfl("zeros ~ x | 1", d),
    "hurdle": lambda d: hurdle("zeros ~ x", d),
    "normal": lambda d: lm("normal ~ x", d),
    "binary": lambda d: glm("binary ~ x", d, "binomial"),
    "binomial": lambda d: glm("cbind(hit, miss) ~ x", d, "binomial"),
    "gamma": lambda d: glm("gamma ~ x", d, glm_family()),
}


def glm_family() -> Any:
    from glmformula import Gamma

    return Gamma("log")


@pytest.mark.parametrize("name", TRUE)
def test_of_a_true_model_they_are_uniform(name: str, data: pd.DataFrame) -> None:
    found = simulate_residuals(TRUE[name](data), 100, seed=3)
    assert found.residuals.between(0, 1).all()
    assert (found.tests["p_value"].drop("outliers") > 0.005).all(), found.tests
    assert found.tests.loc["dispersion", "statistic"] == pytest.approx(1, abs=0.25)
    assert abs(np.corrcoef(found.residuals, data["x"])[0, 1]) < 0.12


def test_what_is_wrong_with_a_model_shows(data: pd.DataFrame) -> None:
    spread = simulate_residuals(glm("nb ~ x", data, "poisson"), 100, seed=1).tests
    assert spread.loc["dispersion", "statistic"] > 1.5
    assert spread.loc["dispersion", "p_value"] < 0.05
    assert spread.loc["uniformity", "p_value"] < 1e-4
    zeros = simulate_residuals(glm("zeros ~ x", data, "poisson"), 100, seed=1).tests
    assert zeros.loc["zeros", "statistic"] > 1.4
    assert zeros.loc["zeros", "p_value"] < 0.05
    assert "zeros" not in simulate_residuals(glm("binary ~ x", data, "binomial"), 50, seed=1).tests.index


def test_a_seed_gives_the_same(data: pd.DataFrame) -> None:
    fit = TRUE["poisson"](data)
    one, two, three = (simulate_residuals(fit, 40, seed=seed).residuals for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(three)


def test_missing_rows_keep_their_places(data: pd.DataFrame) -> None:
    holes = data.assign(x=data["x"].where(data.index != 7))
    found = simulate_residuals(glm("poisson ~ x", holes, "poisson", na_action="na.exclude"), 30, seed=1)
    assert np.isnan(found.residuals[7])
    assert found.residuals.notna().sum() == len(data) - 1


def test_the_picture_and_the_text(data: pd.DataFrame) -> None:
    figure = check_model(TRUE["nb"](data), 50, seed=1)
    assert [axis.get_xlabel() for axis in figure.axes] == ["expected", "fitted value (rank)", "residual"]
    assert "zeros: observed / expected" in figure.axes[2].get_title()
    text = str(simulate_residuals(TRUE["nb"](data), 50, seed=1))
    assert text.startswith("Residuals by simulation, 50 draws of each of 500 rows")
    assert "uniformity" in text


def test_what_cannot_be_asked(data: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nsim should be 20 draws or more; got 5"):
        simulate_residuals(TRUE["poisson"](data), 5)
    with pytest.raises(FamilyError, match=r"no distribution|quasi"):
        simulate_residuals(glm("poisson ~ x", data, "quasipoisson"))
    text = data.assign(c=np.where(data["x"] > 0.5, "a", np.where(data["normal"] > 1, "b", "c")))
    with pytest.raises(FamilyError, match="those of 'c' have no order"):
        simulate_residuals(multinom("c ~ normal", text))
    data.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match="need the rows in memory"):
        simulate_residuals(glm("poisson ~ x", tmp_path / "d.parquet", "poisson"))


def test_outliers_of_a_binary_response_are_as_many_as_they_should_be() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=2000)
    rows = pd.DataFrame({"x": x, "y": (rng.random(2000) < 1 / (1 + np.exp(-x))).astype(int)})
    found = simulate_residuals(glm("y ~ x", rows, "binomial"), 60, seed=101).tests.loc["outliers"]
    assert found["statistic"] == pytest.approx(2 / 61, rel=0.25)
    assert found["p_value"] > 0.05


def test_mixed_models_draw_their_random_effects_anew() -> None:
    rng = np.random.default_rng(13)
    group = np.repeat(np.arange(20), 10)
    rows = pd.DataFrame({"x": rng.normal(size=200), "g": group.astype(str)})
    rows["y"] = rows["x"] + rng.normal(size=20)[group] + rng.normal(size=200)
    fit = lmer("y ~ x + (1 | g)", rows)
    found = simulate_residuals(fit, 60, seed=4)
    assert found.residuals.between(0, 1).all()
    assert (found.tests["p_value"] > 0.01).all()
    limits = fit.tidy(conf_int=True, conf_method="wald")
    np.testing.assert_allclose(
        limits[["conf_low", "conf_high"]], fit.confint(method="wald").loc[["(Intercept)", "x"]]
    )
