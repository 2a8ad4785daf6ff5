"""multinom on files, a database, Dask: the answers are those in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import load

from glmformula import DataError, DataWarning, multinom

MODELS = {
    "factor": ("mode ~ x + g", {}),
    "strings": ("text ~ x + age", {"reference": "walk"}),
    "counts": ("cbind(nbus, ncar, ntrain, nwalk) ~ x + h", {"weights": "v"}),
    "two": ("yes ~ xm + age", {"offset": "o2"}),
    "offsets": ("mode ~ x + offset(cbind(o1, o2, o3, o4))", {"reference": "train"}),
    "numbers": ("factor(w) ~ x", {}),
    "logical": ("(age > 40) ~ x", {"weights": "v"}),
}


@pytest.fixture(scope="module")
def data():
    d = load("choices")
    return d.assign(text=d["mode"].astype(str))


@pytest.fixture(scope="module")
def sources(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("choices") / "choices.parquet"
    data.to_parquet(path, row_group_size=50)
    dd = pytest.importorskip("dask.dataframe")
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute(f"create table choices as select * from read_parquet('{path}')")
    return {
        "parquet": str(path),
        "duckdb": connection.table("choices"),
        "dask": dd.from_pandas(data, npartitions=4),
        "connection": connection,
    }


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("source", ["parquet", "duckdb", "dask"])
def test_estimates(data, sources, source, model):
    formula, arguments = MODELS[model]
    here, there = (multinom(formula, d, **arguments) for d in (data, sources[source]))
    assert here.levels == there.levels
    np.testing.assert_allclose(there.estimates, here.estimates, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(there.vcov(), here.vcov(), rtol=1e-9, atol=1e-12)
    assert float(there.loglik) == pytest.approx(float(here.loglik), rel=1e-12)
    assert (there.loglik.nobs, there.nobs) == (pytest.approx(here.loglik.nobs), here.nobs)


def test_empty_categories(data, sources):
    for source in (data, sources["parquet"], sources["dask"]):
        with pytest.warns(DataWarning, match="group 'walk' is empty") as told:
            fit = multinom("mode ~ x", source, subset='mode != "walk"')
        assert len(told) == 1
        assert fit.levels == ("bus", "car", "train")


def test_numbers_that_arrive_in_blocks_are_asked_to_be_a_factor(sources):
    with pytest.raises(DataError, match=r"the response 'w' is numeric.*write factor\(w\)"):
        multinom("w ~ x", sources["parquet"])


def test_answers_for_each_row_are_written(data, sources, tmp_path):
    here, there = (multinom("mode ~ x + g", d) for d in (data, sources["parquet"]))
    out = tmp_path / "out.parquet"
    assert (
        pd.read_parquet(there.predict(out=out))["fit"].astype(str).tolist()
        == here.predict().astype(str).tolist()
    )
    np.testing.assert_allclose(
        pd.read_parquet(there.predict(type="probs", se_fit=True, out=out)).iloc[:, 1:],
        here.predict(type="probs", se_fit=True),
        rtol=1e-8,
    )
    np.testing.assert_allclose(
        pd.read_parquet(there.residuals(out=out)).iloc[:, 1:], here.residuals(), rtol=1e-8
    )
    drawn = pd.read_parquet(there.simulate(2, seed=1, out=out))
    assert set(drawn["sim_1"].astype(str)) == set(here.levels)
    lazily = multinom("mode ~ x + g", sources["dask"])
    assert lazily.predict().compute().astype(str).tolist() == here.predict().astype(str).tolist()
    with pytest.raises(DataError, match="say where to write it"):
        _ = there.fitted_values
