"""A fit as marginaleffects asks for models. The package is not needed here: its abstract class has a stand-in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glmformula as g
from glmformula import DataError, FitError


@dataclass
class ModelVault:
    """The fields of marginaleffects' own that are used."""

    coef: Any = None
    coefnames: Any = None
    formula: Any = None
    modeldata: Any = None
    package: Any = None
    variable_names: Any = None


class ModelAbstract:
    """What marginaleffects' own does of it."""

    def __init__(self, model: Any, vault: ModelVault) -> None:
        self.model, self.vault = model, vault


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["marginaleffects", "marginaleffects.classes", "marginaleffects.classes.model"]
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules[names[-1]].__dict__.update(ModelVault=ModelVault, ModelAbstract=ModelAbstract)


@cache
def data() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 120
    d = pd.DataFrame({"x": rng.normal(size=n), "z": rng.uniform(1, 3, n), "f": rng.choice(list("abc"), n)})
    d["e"] = rng.uniform(1, 2, n)
    d["y"] = (rng.random(n) < 1 / (1 + np.exp(-d["x"]))).astype(int)
    d["n"] = rng.poisson(d["e"] * np.exp(0.3 * d["x"])) * (rng.random(n) > 0.2)
    d["k"] = np.where(d["x"] + rng.normal(size=n) > 0.4, "hi", np.where(rng.random(n) < 0.5, "lo", "mid"))
    return d


FITS = {
    "glm": lambda: g.glm("y ~ x*f + log(z)", data(), family="binomial"),
    "offset": lambda: g.glm("n ~ x + I(2*x) + f + offset(log(e))", data(), family="poisson"),
    "multinom": lambda: g.multinom("k ~ x + f", data()),
    "offsets": lambda: g.multinom("k ~ x + offset(cbind(e, z, 2 * e))", data()),
    "zeroinfl": lambda: g.zeroinfl("n ~ x + f + offset(log(e)) | z", data()),
    "polr": lambda: g.polr("factor(k) ~ x + f", data()),
}


@pytest.mark.parametrize("name", FITS)
def test_it_predicts_what_the_fit_predicts(package: None, name: str) -> None:
    fit = FITS[name]()
    model = g.to_marginaleffects(fit)
    new = pl.from_pandas(data().head(7))
    found = model.get_predict(model.vault.coef, model.get_exog(new))
    kind = "probs" if name in ("multinom", "offsets", "polr") else "response"
    expected = fit.predict(data().head(7), type=kind)
    np.testing.assert_allclose(found["estimate"], expected.to_numpy().T.ravel(), rtol=1e-12)
    assert found["rowid"].to_list() == list(range(7)) * (3 if kind == "probs" else 1)
    if kind == "probs":
        assert found["group"].to_list() == [name for name in expected for _ in range(7)]
    assert len(model.vault.coef) == len(model.vault.coefnames) == len(model.get_vcov())
    assert model.get_df() == fit.df_residual


def test_its_derivatives_are_those_of_the_effects(package: None) -> None:
    """What the package computes by differences of the coefficients."""
    fit = FITS["multinom"]()
    model = g.to_marginaleffects(fit)
    X, b, V = model.get_exog(data()), model.vault.coef, model.get_vcov()

    def means(coefficients: np.ndarray) -> np.ndarray:
        return model.get_predict(coefficients, X)["estimate"].to_numpy().reshape(3, -1).mean(axis=1)

    gradient = np.array([(means(b + h) - means(b - h)) / 2e-5 for h in 1e-5 * np.eye(len(b))])
    found = g.avg_predictions(fit)
    np.testing.assert_allclose(means(b), found["estimate"], rtol=1e-12)
    np.testing.assert_allclose(
        np.sqrt(np.einsum("rk,rs,sk->k", gradient, V, gradient)), found["std_error"], rtol=1e-6
    )


def test_data_and_covariances(package: None) -> None:
    fit = FITS["glm"]()
    model = g.to_marginaleffects(fit)
    assert model.vault.modeldata.columns == ["x", "z", "f", "y"]
    assert model.vault.modeldata["f"].dtype == pl.Categorical
    assert model.vault.variable_names == ["y", "x", "z", "f"]
    assert model.get_vcov(False) is None
    np.testing.assert_allclose(model.get_vcov("HC1"), fit.vcov(type="HC1"))
    link = g.to_marginaleffects(fit, type="link")
    np.testing.assert_allclose(
        link.get_predict(link.vault.coef, link.get_exog(data()))["estimate"], fit.predict(type="link")
    )


@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_a_mixed_model_is_its_population(package: None) -> None:
    fit = g.glmer("n ~ x + f + offset(log(e)) + (1 | k)", data(), family="poisson")
    model = g.to_marginaleffects(fit)
    new = data().head(7)
    found = model.get_predict(model.vault.coef, model.get_exog(pl.from_pandas(new)))["estimate"]
    np.testing.assert_allclose(found, fit.predict(new, type="response", re_form="~0"), rtol=1e-12)
    np.testing.assert_allclose(model.get_vcov(), fit.vcov())
    assert model.vault.formula == "n ~ x + f + offset(log(e))"  # bars are not read there
    assert model.get_df() == np.inf


def test_what_cannot_be_given(package: None, tmp_path: Any) -> None:
    data().to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match="works on rows in memory, and those of this fit arrive in blocks"):
        g.to_marginaleffects(g.glm("y ~ x", tmp_path / "d.parquet", family="binomial"))
    with pytest.raises(FitError, match="Glmnet"):
        g.to_marginaleffects(g.glmnet("y ~ x + z", data(), "binomial"))


def test_without_the_package() -> None:
    if "marginaleffects" in sys.modules:
        del sys.modules["marginaleffects"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "marginaleffects", None)
        with pytest.raises(DataError, match=r"pip install marginaleffects 'polars<2'"):
            g.to_marginaleffects(FITS["glm"]())
