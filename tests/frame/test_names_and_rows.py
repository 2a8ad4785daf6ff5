"""Columns called by numbers, subsets of every kind, AIC of models on different rows: against R."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError, DataWarning, FormulaError, glm

R = json.loads((Path(__file__).parents[1] / "reference" / "naming" / "naming.json").read_text())
KEEP = R["data"]["keep"]


def rows():
    """R's data, the columns called as those of an array are."""
    return pd.DataFrame({"y": R["data"]["y"], 0: R["data"]["0"], 1: R["data"]["1"]})


def close(found, expected):
    assert list(found.index) == list(expected)
    np.testing.assert_allclose(found.to_numpy(), list(expected.values()), rtol=1e-9)


# ---- columns called by numbers ----


def test_numbers_as_names_are_those_of_a_file():
    fit = glm("y ~ .", rows(), "poisson")
    close(fit.coefficients, R["named"])
    assert fit.terms.labels == ("`0`", "`1`")
    np.testing.assert_allclose(fit.predict(rows().drop(columns="y").head(3)), R["predicted"], rtol=1e-9)
    close(glm("y ~ `0`", rows(), "poisson", offset="log(`1`)").coefficients, R["written"])


def test_numbers_as_names_everywhere():
    data, text = rows(), rows().rename(columns=str)
    fits = [
        glm("y ~ `0`", d, "poisson", weights="1", offset="0", subset="`1` > 1", start=[1.0, 0.0])
        for d in (data, text)
    ]
    pd.testing.assert_series_equal(fits[0].coefficients, fits[1].coefficients)
    pd.testing.assert_frame_equal(fits[0].vcov(cluster="1"), fits[1].vcov(cluster="~ `1`"))
    pd.testing.assert_frame_equal(fits[0].model_frame(), fits[1].model_frame())
    assert list(gf.model_frame("y ~ .", data).columns) == ["y", "0", "1"]
    assert list(gf.model_matrix("y ~ .", data).columns) == ["(Intercept)", "`0`", "`1`"]
    assert list(fits[0].augment(data.head(2)).columns) == ["y", "0", "1", "_fitted"]
    assert fits[0].update(". ~ . + `1`").terms.labels == ("`0`", "`1`")
    assert list(data.columns) == ["y", 0, 1]  # the caller's frame stays as it is


def test_numbers_as_names_are_saved(tmp_path):
    fit = glm("y ~ .", rows(), "poisson")
    fit.save(tmp_path / "fit.json")
    np.testing.assert_array_equal(gf.load(tmp_path / "fit.json").predict(rows()), fit.predict(rows()))


def test_numbers_as_names_of_a_dict_and_of_dask():
    dask = pytest.importorskip("dask.dataframe")
    close(glm("y ~ .", dict(rows()), "poisson").coefficients, R["named"])
    table = dask.from_pandas(rows(), npartitions=2)
    fit = glm("y ~ .", table, "poisson")
    close(fit.coefficients, R["named"])
    np.testing.assert_allclose(fit.predict(table).compute()[:3], R["predicted"], rtol=1e-9)
    assert fit.vcov(cluster="1").shape == (3, 3)
    with pytest.raises(DataError, match="the columns 0 and '0' have one name in a formula"):
        glm("y ~ .", dask.from_pandas(rows().assign(**{"0": 1.0}), npartitions=2))


def test_other_names_that_are_no_text():
    names = [1.5, None, pd.Timestamp("2020-01-01"), ("a", 1), True, float("nan")]
    rng = np.random.default_rng(0)
    data = pd.DataFrame(dict(enumerate(rng.normal(size=(7, 20)))))
    data.columns = pd.Index([*names, "y"], dtype=object, tupleize_cols=False)
    expected = ["`1.5`", "None", "`2020-01-01 00:00:00`", "`('a', 1)`", "True", "nan"]
    assert list(glm("y ~ .", data).terms.labels) == expected


@pytest.mark.parametrize(
    ("formula", "change", "error", "message"),
    [
        (
            "y ~ .",
            {"0": 1.0},
            DataError,
            r"2 columns called '0' \(in a formula the names 0 and '0' are one\)",
        ),
        ("y ~ `0`", {"0": 1.0}, DataError, "2 columns called '0'"),
        ("y ~ `2`", {}, FormulaError, "object '2' not found.*the names are: 'y', '0', '1'"),
    ],
)
def test_names_that_clash_are_refused(formula, change, error, message):
    with pytest.raises(error, match=message):
        glm(formula, rows().assign(**change))


def test_names_that_clash_unused_do_not_matter():
    data = rows().assign(**{"1": 9.0})
    close(glm("y ~ `0`", data, "poisson", offset=np.log(R["data"]["1"])).coefficients, R["written"])


def test_names_of_levels_are_refused():
    data = pd.DataFrame(np.ones((3, 2)), columns=pd.MultiIndex.from_tuples([("y", ""), ("x", "a")]))
    with pytest.raises(DataError, match=r"names of 2 levels, the first \('y', ''\): make one text of each"):
        glm("y ~ 1", data)


# ---- AIC of models on different rows ----


@pytest.mark.parametrize("name", ["AIC", "BIC"])
def test_criteria_warn_as_R_of_different_rows(name):
    one = glm("y ~ `0`", rows(), "poisson", offset="log(`1`)")
    other = glm("y ~ `0`", rows(), "poisson", subset=KEEP)
    criterion = getattr(gf, name)
    with pytest.warns(DataWarning, match=R[name] + r" \(10, 7\)"):
        table = criterion(one, other)
    if name == "AIC":
        np.testing.assert_allclose(table["AIC"], R["values"], rtol=1e-9)
    assert len(criterion(one, one)) == 2  # and no warning


# ---- subset ----


def masks():
    objects = np.array(KEEP, dtype=object)
    yield KEEP
    yield tuple(KEEP)
    yield objects
    yield np.array([np.nan if v is None else np.bool_(v) for v in KEEP], dtype=object)
    yield np.array([v is True for v in KEEP])
    yield np.array([[v is True] for v in KEEP])
    yield pd.Series(objects)
    yield pd.Series(objects, dtype="boolean")
    yield pd.Series(objects, dtype="boolean").iloc[::-1]
    yield pd.array(KEEP, dtype="boolean")
    yield pd.Index(objects)
    yield pd.Series([pd.NA if v is None else v for v in KEEP], dtype=object)


@pytest.mark.parametrize("mask", list(masks()), ids=lambda mask: type(mask).__name__)
def test_masks_with_missing_values_drop_the_row_as_R(mask):
    fit = glm("y ~ `0`", rows(), "poisson", subset=mask)
    assert fit.nobs == R["some"]["nobs"]
    close(fit.coefficients, R["some"]["coefficients"])


def test_masks_of_other_libraries_are_masks():
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for mask in (
        pl.Series(KEEP),
        pa.array(KEEP),
        pa.chunked_array([KEEP]),
        pd.Series(KEEP, dtype="bool[pyarrow]"),
    ):
        close(glm("y ~ `0`", rows(), "poisson", subset=mask).coefficients, R["some"]["coefficients"])
    assert glm("y ~ 1", rows(), subset=pl.Series([0, 3, 5])).nobs == 3


@pytest.mark.parametrize(
    ("index", "subset", "places"),
    [
        (pd.MultiIndex.from_product([list("ab"), range(5)]), [("a", 1), ("b", 4)], [1, 9]),
        (pd.MultiIndex.from_product([list("ab"), range(5)]), pd.Series([("b", 0)]), [5]),
        (
            pd.Index([1, "a", 2.5, ("t", 1), *range(10, 16)], dtype=object, tupleize_cols=False),
            [1, "a"],
            [0, 1],
        ),
        (
            pd.Index([1, "a", 2.5, ("t", 1), *range(10, 16)], dtype=object, tupleize_cols=False),
            [("t", 1), 2.5],
            [3, 2],
        ),
        (pd.date_range("2020", periods=10), [pd.Timestamp("2020-01-03")], [2]),
        (pd.Index(list("aabbccddee")), ["a", "c"], [0, 1, 4, 5]),
        (pd.Index(list("aabbccddee")), slice(0, 3), [0, 1, 2]),
        (pd.RangeIndex(10), {4, 2}, [2, 4]),
        (pd.RangeIndex(10), True, list(range(10))),
    ],
)
def test_labels_of_every_kind(index, subset, places):
    data = rows().set_index(index)
    fit = glm("y ~ 1", data, subset=subset)
    assert sorted(fit.y.tolist()) == sorted(data["y"].iloc[places].tolist())


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        (KEEP[:4], r"variable lengths differ \(found for '\(subset\)'\): 4 values for 10 rows"),
        ([True, 1, 2], "should hold booleans or row labels, not both"),
        ([0, "a"], "1 row labels that the data's index does not have: 'a'"),
        (5, "should be an R expression in a str, a boolean for each row, or a list of row labels; got a int"),
        (lambda d: d, "got a function"),
        (np.ones((10, 2), dtype=bool), r"got a ndarray of shape \(10, 2\)"),
        (pd.DataFrame({"y": [True] * 10}), r"got a DataFrame of shape \(10, 1\)"),
        ({"y": True}, "got a dict"),
        (False, "'subset' selects none of the 10 rows"),
        ("NA", "'subset' selects none of the 10 rows"),
        ("y > NA", "'subset' selects none of the 10 rows"),
    ],
)
def test_subsets_that_select_nothing_are_refused(subset, message):
    with pytest.raises(DataError, match=message):
        glm("y ~ 1", rows(), subset=subset)


def test_labels_of_another_number_of_levels_are_refused():
    data = rows().set_index(pd.MultiIndex.from_product([list("ab"), range(5)]))
    with pytest.raises(DataError, match=r"row labels of 2 levels.*got 'a'"):
        glm("y ~ 1", data, subset=["a"])


def test_conditions_that_are_NA_in_pieces(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    data = {"y": R["data"]["y"], "x": R["data"]["0"], "keep": pa.array(KEEP, pa.bool_())}
    parquet.write_table(pa.table(data), tmp_path / "rows.parquet", row_group_size=3)
    fit = glm("y ~ x", tmp_path / "rows.parquet", "poisson", subset="keep")
    np.testing.assert_allclose(fit.coefficients, list(R["some"]["coefficients"].values()), rtol=1e-9)
    for subset in ("NA", "y > NA", "keep & NA"):
        with pytest.raises(DataError, match="'subset' selects none of the 10 rows"):
            glm("y ~ x", tmp_path / "rows.parquet", "poisson", subset=subset)


def test_conditions_that_a_partition_has_no_value_of():
    dask = pytest.importorskip("dask.dataframe")
    data = pd.DataFrame({"y": R["data"]["y"], "keep": pd.Series([True] * 5 + [None] * 5, dtype=object)})
    parts = [data.iloc[:5].astype({"keep": bool}), data.iloc[5:].astype({"keep": float})]
    table = dask.from_map(lambda k: parts[k], [0, 1], meta=parts[0].iloc[:0], enforce_metadata=False)
    assert glm("y ~ 1", table, subset="keep").nobs == 5
