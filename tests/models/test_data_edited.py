"""Data that are written into after the fit: the model answers for the rows that it was fitted to, or refuses."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import GLM, DataError, glm
from glmformula.frame.kept import CHUNK, fingerprints


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 60
    data = pd.DataFrame(
        {
            "y": rng.poisson(3.0, n),
            "x": rng.normal(size=n),
            "size": rng.gamma(2.0, size=n),
            "g": rng.choice(["a", "b", "c"], n),
            "band": pd.Categorical(rng.choice(["low", "high"], n)),
            "years": pd.array(rng.integers(1, 5, n), dtype="Int64"),
            "urban": rng.random(n) < 0.5,
            "firm": np.arange(n) % 11,
        },
        index=[f"r{k}" for k in range(n)],
    )
    data.loc["r4", "x"] = np.nan
    return data


FORMULA = "y ~ x + log(size) + g + band + years + urban"
VERBS: dict[str, Callable[[GLM], Any]] = {
    "residuals": lambda m: m.residuals("pearson"),
    "fitted": lambda m: m.fitted_values,
    "y": lambda m: m.y,
    "drop1": lambda m: m.drop1(test="Chisq").frame,
    "add1": lambda m: m.add1("~ . + I(x^2) + firm").frame,
    "step": lambda m: m.step({"lower": "~ x"}, trace=0).coefficients,
    "confint": lambda m: m.confint().frame,
    "HC0": lambda m: m.vcov("HC0"),
    "cluster": lambda m: m.vcov(cluster="firm"),
    "clusters": lambda m: m.vcov(cluster=["firm", "g"]),
    "anova": lambda m: m.anova().frame,
    "Anova": lambda m: m.Anova().frame,
    "predict": lambda m: m.predict(se_fit=True).se_fit,
    "terms": lambda m: m.predict(type="terms"),
    "augment": lambda m: m.augment(),
    "influence": lambda m: m.influence_measures().frame,
    "hatvalues": lambda m: m.hatvalues(),
    "simulate": lambda m: m.update(weights=None).simulate(2, seed=1),
    "model_frame": lambda m: m.model_frame(),
    "model_matrix": lambda m: m.model_matrix(),
    "update": lambda m: m.update(". ~ . - x").coefficients,
    "refit": lambda m: m.update().residuals(),
    "estfun": lambda m: m.estfun(),
}


def fitted(data: Any, weights: Any, offset: Any) -> GLM:
    return glm(FORMULA, data, "poisson", weights=weights, offset=offset, na_action="na.exclude")


def edited(data: pd.DataFrame) -> None:
    data.loc[data["x"] > 0, "x"] = 0.5
    data.iloc[5:9, data.columns.get_loc("size")] = 9.0
    data["y"] += 1
    data.loc["r1", ["g", "band"]] = ["c", "low"]
    data.loc["r2":"r7", "years"] = 1
    data["band"].array[3] = "low"
    data["years"].array[3] = 4
    data["urban"] = ~data["urban"]
    data.index = pd.RangeIndex(len(data))
    del data["firm"]


@pytest.mark.parametrize("verb", VERBS)
def test_edits_do_not_reach_the_model(verb: str) -> None:
    data, weights, offset = rows(), np.linspace(1, 2, 60), pd.Series(0.1, index=rows().index)
    before = VERBS[verb](fitted(rows(), weights.copy(), offset.copy()))
    model = fitted(data, weights, offset)
    edited(data)
    weights[:] = 7
    offset[:] = 7
    after = VERBS[verb](model)
    same = pd.testing.assert_series_equal if isinstance(before, pd.Series) else pd.testing.assert_frame_equal
    same(after, before)


@pytest.mark.parametrize("argument", ["subset", "etastart", "mustart", "start", "contrasts"])
def test_arguments_that_are_written_into(argument: str) -> None:
    data = rows()
    given: dict[str, Any] = {
        "subset": np.arange(60) % 3 > 0,
        "etastart": np.zeros(60),
        "mustart": np.ones(60),
        "start": np.zeros(3),
        "contrasts": {"g": np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])},
    }
    value = given[argument]
    model = glm("y ~ g", data, "poisson", **{argument: value})
    before = model.update().coefficients
    (value["g"] if argument == "contrasts" else value)[:] = 50
    pd.testing.assert_series_equal(model.update().coefficients, before)


def test_a_dict_of_arrays() -> None:
    data = {"y": np.array([1.0, 3, 2, 5, 4]), "x": np.arange(5.0)}
    model = glm("y ~ x", data)
    before = model.residuals()
    data["x"][:] = 0
    pd.testing.assert_series_equal(model.residuals(), before)
    assert model.update("~ 0 + x").coefficients["x"] != 0


def test_subset_from_a_generator_is_there_again() -> None:
    model = glm("y ~ x", rows(), "poisson", subset=(f"r{k}" for k in range(20)))
    assert model.update().nobs == model.nobs == 19


def shared() -> tuple[np.ndarray, pd.DataFrame]:
    array = np.column_stack([np.arange(1.0, 9), [1, 2, 3, 4, 5, 9, 2, 7]])
    return array, pd.DataFrame(array, columns=["x", "y"], copy=False)


def test_memory_that_an_array_shares() -> None:
    array, data = shared()
    model = glm("y ~ x", data, "poisson")
    model.residuals()
    array[2, 0] = 50.0
    if np.shares_memory(model.training.source.design.pieces[1].numeric[0], array):
        for verb in (VERBS["fitted"], VERBS["drop1"], VERBS["update"], VERBS["HC0"]):
            with pytest.raises(DataError, match="column 'x' of the data was written into since the fit"):
                verb(model)
    assert model.summary().coefficients.shape == (2, 4)
    assert model.predict(data).shape == (8,)


def test_an_arrow_table_made_of_an_array() -> None:
    pa = pytest.importorskip("pyarrow")
    array = np.arange(1.0, 9)
    model = glm("y ~ x", pa.table({"y": [1, 2, 3, 4, 5, 9, 2, 7], "x": array}), "poisson")
    model.residuals()
    array[:2] = array[1::-1].copy()
    with pytest.raises(DataError, match="column 'x' of the data was written into since the fit"):
        model.residuals()


def test_polars_writes_in_place_into_its_own() -> None:
    pl = pytest.importorskip("polars")
    data = pl.DataFrame(
        {"y": [1, 2, 3, 4, 5, 9, 2, 7], "x": np.arange(1.0, 9), "z": [1.0, 0, 2, 0, 1, 3, 1, 0]}
    )
    model = glm("y ~ x", data, "poisson")
    before = model.update("~ . + z").coefficients
    data[0, "x"] = 50.0
    data[0, "z"] = 50.0
    pd.testing.assert_series_equal(model.update("~ . + z").coefficients, before)


def test_new_columns_are_found() -> None:
    data = rows()
    model = glm("y ~ x", data, "poisson")
    data["twice"] = data["size"] * 2
    data["house"] = data["firm"] // 2
    expected = glm("y ~ x + twice", data, "poisson")
    pd.testing.assert_series_equal(model.update("~ . + twice").coefficients, expected.coefficients)
    assert list(model.add1("~ . + twice").frame.index) == ["<none>", "twice"]
    pd.testing.assert_frame_equal(
        model.vcov(cluster="house"), glm("y ~ x", data, "poisson").vcov(cluster="house")
    )


@pytest.mark.parametrize("what", ["column 'x'", "their row labels"])
def test_new_columns_of_other_rows_are_refused(what: str) -> None:
    data = rows()
    model = glm("y ~ x", data, "poisson")
    data["twice"] = data["size"] * 2
    if "labels" in what:
        data.index = data.index[::-1]
    else:
        data.loc["r3", "x"] = 8.0
    with pytest.raises(
        DataError, match=f"'twice' came to the data after the fit, and {what} changed since.*data="
    ):
        model.update("~ . + twice")
    assert model.update("~ . + twice", data=data).nobs == len(data) - 1
    with pytest.raises(Exception, match="object 'nowhere' not found"):
        model.update("~ . + nowhere")


def test_copies_of_a_model_have_their_own_rows() -> None:
    array, data = shared()
    model = glm("y ~ x", data, "poisson")
    before = model.residuals()
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    array[2, 0] = 50.0
    for other in copies:
        pd.testing.assert_series_equal(other.residuals(), before)
        assert other.update("~ 1").nobs == 8


@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u2", "?"])
@pytest.mark.parametrize("n", [0, 5, 3000, CHUNK + 2000])
@pytest.mark.parametrize("step", [1, 3])
def test_a_fingerprint_sees_every_change(kind: str, n: int, step: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 2, n * step).astype(kind)[::step]
    (before,) = fingerprints([values])
    assert fingerprints([values.copy()]) == [before]
    for _ in range(20 if n else 0):
        changed, k = values.copy(), rng.integers(0, n)
        changed[k] = not changed[k]
        assert fingerprints([changed]) != [before]
        j = rng.integers(0, n)  # two rows that change places
        swapped = values.copy()
        swapped[[j, k]] = swapped[[k, j]]
        assert (fingerprints([swapped]) == [before]) == (values[j] == values[k])
