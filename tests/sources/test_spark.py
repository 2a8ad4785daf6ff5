"""Spark DataFrames: partitions where they are, the fit of the rows in memory. A session takes its time to start."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sources.tables import policies
from tolerances import SAME_ROWS

import glmformula
from glmformula import DataError, DataWarning, FamilyError, glm
from glmformula.sources import spark as module
from glmformula.sources.compressed import CompressedSource

KINDS = os.environ.get("GLMFORMULA_SPARK", "")
if KINDS not in ("classic", "connect"):
    pytest.skip(
        "Spark takes minutes: GLMFORMULA_SPARK=classic (or connect) runs its tests", allow_module_level=True
    )
pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: pip install -e '.[test,spark]'")
if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
    pytest.skip("Java, which Spark runs on, is not installed", allow_module_level=True)
pytestmark = [pytest.mark.filterwarnings("ignore:.*pandas.*:FutureWarning", "ignore::ResourceWarning")]

FORMULA = "claims ~ poly(size, 2) + age + area + urban:w + `a.b`"


@pytest.fixture(scope="module")
def data():
    data = policies(600).drop(columns="band")
    return data.assign(**{"a.b": np.arange(len(data)) % 7 / 7})


@pytest.fixture(scope="module")
def session():
    """On two threads of this machine; with GLMFORMULA_SPARK=connect by Spark Connect."""
    from pyspark.sql import SparkSession

    here = str(Path(glmformula.__file__).parents[1])
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    builder = SparkSession.builder.config("spark.sql.shuffle.partitions", "2")
    if KINDS == "connect":
        builder = builder.remote("local[2]")
    else:
        builder = builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1").config(
            "spark.ui.showConsoleProgress", "false"
        )
    session = builder.getOrCreate()
    if KINDS != "connect":
        session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(session, data):
    """In three partitions, in the order of the rows."""
    plain = data.astype(object).where(data.notna(), None)
    types = {"O": "string", "f": "double", "i": "long", "b": "boolean"}
    kinds = {n: types.get(data[n].dtype.kind, "string") for n in data}
    schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
    rows = [tuple(row) for row in plain.itertuples(index=False, name=None)]
    return session.createDataFrame(rows, schema).repartition(3).persist()


@pytest.fixture(scope="module")
def fit(frame):
    return glm(FORMULA, frame, "poisson", weights="w")


@pytest.fixture(scope="module")
def expected(data):
    return glm(FORMULA, data, "poisson", weights="w")


def assert_same(a, b):
    assert list(a.coefficients.index) == list(b.coefficients.index)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    assert a.iter == b.iter
    assert str(a.summary()) == str(b.summary())


def test_the_fit_is_that_of_the_rows(fit, expected):
    assert_same(expected, fit)
    assert fit.n_omitted == expected.n_omitted > 0


def test_few_values_are_fetched_once(fit, expected):
    assert fit.training.source.store.here
    assert str(fit.anova()) == str(expected.anova())
    np.testing.assert_allclose(fit.vcov("HC3"), expected.vcov("HC3"), rtol=1e-8)


def test_many_stay_in_sparks_cache(frame, expected, monkeypatch):
    monkeypatch.setattr(module, "MOST_HERE", -1)
    fit = glm(FORMULA, frame, "poisson", weights="w")
    assert fit.training.source.store.here is None
    assert fit.training.source.store.complete
    assert_same(expected, fit)


def test_too_many_are_read_again(frame, data, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", -1)
    fit = glm("claims ~ w", frame, "poisson")
    assert not fit.training.source.store.complete
    assert_same(glm("claims ~ w", data, "poisson"), fit)


def test_clusters_are_columns(fit, expected):
    np.testing.assert_allclose(fit.vcov(cluster="years"), expected.vcov(cluster="years"), rtol=1e-8)


def test_answers_are_spark_dataframes(frame, data, fit, expected):
    found = fit.predict(frame, type="response", se_fit=True)
    assert found.columns == [*data.columns, "fit", "se_fit"]
    key = ["age", "size"]
    own = data.assign(**expected.predict(data, type="response", se_fit=True)).sort_values(
        key, ignore_index=True
    )
    rows = pd.DataFrame([row.asDict() for row in found.collect()]).sort_values(key, ignore_index=True)
    np.testing.assert_allclose(rows["fit"], own["fit"], rtol=1e-9)
    np.testing.assert_allclose(rows["se_fit"], own["se_fit"], rtol=1e-9)
    left = fit.residuals("pearson").select("residual").collect()
    values = np.sort([row[0] for row in left if row[0] is not None])
    np.testing.assert_allclose(values, np.sort(expected.residuals("pearson")), rtol=1e-7)


def test_answers_that_have_no_place(frame, fit):
    with pytest.raises(DataError, match="it has one of that name: rename it"):
        fit.predict(frame.withColumn("fit", frame["w"]))
    with pytest.raises(DataError, match="leave out= out"):
        fit.predict(frame, out="answer.parquet")


@pytest.mark.parametrize("compress", [True, "auto"])
def test_equal_rows_are_counted_by_spark(frame, data, compress):
    fit = glm("won ~ area + years", frame, "binomial", compress=compress)
    assert isinstance(fit.training.source, CompressedSource)
    assert_same(glm("won ~ area + years", data, "binomial"), fit)


def test_a_fit_for_each_group(frame, data):
    fits, own = (glm("claims ~ size", table, "poisson", by=["years", "urban"]) for table in (frame, data))
    pd.testing.assert_frame_equal(fits.tidy(), own.tidy(), check_dtype=False)


def test_errors_of_the_workers_are_ours(session, frame, data):
    from pyspark.sql import functions

    with pytest.raises(FamilyError, match="negative values not allowed for the 'Poisson' family"):
        glm("I(claims - 5) ~ w", frame, "poisson")
    with pytest.raises(DataError, match="'size' is infinite in 600 of 600 rows"):
        glm("claims ~ size", frame.withColumn("size", functions.lit(float("inf"))), "poisson")
    with pytest.warns(DataWarning, match="non-integer x = "):
        glm("I(claims / 2) ~ w", frame, "poisson")
    broken = frame.withColumn("z", functions.expr("raise_error('no such thing')").cast("double"))
    with pytest.raises(DataError, match=r"Spark could not do the work: .*no such thing"):
        glm("claims ~ z", broken, "poisson")
    with pytest.raises(DataError, match="two columns called 'w': rename one"):
        glm("claims ~ w", frame.select("w", "claims", "w"), "poisson")


def test_rows_that_change_are_noticed(frame):
    from pyspark.sql import functions

    draw = functions.udf(lambda w: random.random() + w, "double").asNondeterministic()
    drawn = frame.withColumn("z", draw("w"))
    with pytest.raises(DataError, match="the data have changed during the fit"):
        glm("claims ~ poly(z, 2)", drawn, "poisson")


def test_no_row(frame):
    with pytest.raises(DataError, match="the data have no rows"):
        glm("claims ~ w", frame.limit(0), "poisson")
