"""Dask: partitions of any kind give the fit of the rows in memory; on a cluster the data stay where they are."""

from __future__ import annotations

import gc
import os
import pickle
from operator import add
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from sources.tables import directory, policies
from tolerances import SAME_ROWS

from glmformula import DataError, DataWarning, FormulaError, glm
from glmformula.sources import cluster as module
from glmformula.sources.cluster import ClusterStore, DaskTable
from glmformula.sources.store import Store

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

FORMULA = "claims ~ poly(size, 2) + age + area + urban:w"


@pytest.fixture(scope="module")
def data():
    return policies()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two workers, each a process; a task that ends one is not tried on the other."""
    folder = str(tmp_path_factory.mktemp("workers"))
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.worker.daemon": True}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", local_directory=folder
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def assert_same(a, b):
    assert list(a.coefficients.index) == list(b.coefficients.index)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    assert a.iter == b.iter
    assert str(a.summary()) == str(b.summary())


def none(frame):
    return frame.iloc[:0]


def lazy(data, folder) -> dict[str, dd.DataFrame]:
    """The same rows, cut in all ways."""
    whole = dd.from_pandas(data, npartitions=4)
    unordered = dd.from_pandas(data.sample(frac=1, random_state=1), npartitions=3, sort=False)
    empty = whole.map_partitions(none)
    return {
        "one partition": dd.from_pandas(data, npartitions=1),
        "files": dd.read_parquet(directory(data, folder)),
        "unknown divisions": whole.clear_divisions(),
        "empty first": dd.concat([empty.partitions[0], whole]),
        "empty between": dd.concat([whole.partitions[:2], empty, whole.partitions[2:]]),
        "another order": unordered,
        "repartitioned": whole.repartition(npartitions=2),
        "labels twice": dd.concat([whole.partitions[:2].reset_index(drop=True), whole.partitions[2:]]),
        "filtered": whole[whole["claims"] >= 0],
    }


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_partitions_of_any_kind(scheduler, data, tmp_path):
    known = glm(FORMULA, data, "poisson")
    with dask.config.set(scheduler=scheduler):
        for name, table in lazy(data, tmp_path).items():
            fit = glm(FORMULA, table, "poisson")
            assert fit.xlevels == known.xlevels, name
            assert_same(known, fit)
            assert isinstance(fit.training.source.store, Store)


def test_a_partition_for_each_row(data):
    some = data.dropna().head(30)
    with dask.config.set(scheduler="sync"):
        fit = glm("claims ~ size + urban", dd.from_pandas(some, npartitions=30), "poisson")
    assert_same(glm("claims ~ size + urban", some, "poisson"), fit)


def test_only_empty_partitions(data):
    with dask.config.set(scheduler="sync"), pytest.raises(DataError, match="the data have no rows"):
        glm("claims ~ size", dd.from_pandas(data, npartitions=2).map_partitions(none), "poisson")


def test_without_a_place_for_values_partitions_are_computed_again(data, monkeypatch):
    monkeypatch.setattr(DaskTable, "store", lambda self: None)
    with dask.config.set(scheduler="sync"):
        fit = glm(FORMULA, dd.from_pandas(data, npartitions=3), "poisson")
        assert fit.training.source.store is None
        assert_same(glm(FORMULA, data, "poisson"), fit)


# ---- workers that are processes ----


def counted(frame, folder, partition_info=None):
    """Leaves a file behind each time that it is computed."""
    if partition_info is not None:
        (Path(folder) / f"{partition_info['number']}-{os.urandom(8).hex()}").touch()
    return frame


def test_on_two_workers(client, data, tmp_path):
    known = glm(FORMULA, data, "poisson")
    tables = lazy(data, tmp_path)
    for name in ("files", "empty between"):
        fit = glm(FORMULA, tables[name], "poisson")
        assert isinstance(fit.training.source.store, ClusterStore)
        assert fit.training.source.store.complete
        assert_same(known, fit)
    np.testing.assert_allclose(fit.anova().frame, known.anova().frame, **SAME_ROWS)
    np.testing.assert_allclose(fit.vcov(cluster="years"), known.vcov(cluster="years"), **SAME_ROWS)


def test_partitions_are_computed_once_and_nothing_is_left(client, data, tmp_path):
    table = dd.from_pandas(data, npartitions=3).map_partitions(counted, str(tmp_path))
    fit = glm("claims ~ age + area", table, "poisson")
    fit.anova()
    assert sorted(name[0] for name in os.listdir(tmp_path)) == ["0", "1", "2"]
    del fit
    gc.collect()
    client.run(gc.collect)  # goes through the scheduler, after what was let go
    held = [client.has_what() for _ in range(50)]
    assert not any(held[-1].values())


def test_what_the_user_has_persisted_is_not_computed_again(client, data, tmp_path):
    table = dd.from_pandas(data, npartitions=3).map_partitions(counted, str(tmp_path)).persist()
    distributed.wait(table)
    before = len(os.listdir(tmp_path))
    assert_same(glm(FORMULA, data, "poisson"), glm(FORMULA, table, "poisson"))
    assert len(os.listdir(tmp_path)) == before


def test_values_that_would_fill_the_workers_are_not_kept(client, data, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 0.0)
    table = dd.from_pandas(data, npartitions=2).map_partitions(counted, str(tmp_path))
    fit = glm("claims ~ age + area", table, "poisson")
    assert not fit.training.source.store.complete
    assert len(os.listdir(tmp_path)) > 2
    assert_same(glm("claims ~ age + area", data, "poisson"), fit)


def test_only_small_records_travel(client, monkeypatch):
    n, sizes = 20_000, []
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n)})
    data["y"] = rng.poisson(np.exp(0.3 * data["x"]))
    found = module._computed

    def weighed(compute):
        out = found(compute)
        sizes.append(len(pickle.dumps(out)))
        return out

    monkeypatch.setattr(module, "_computed", weighed)
    fit = glm("y ~ x + z", dd.from_pandas(data, npartitions=4), "poisson")
    fit.vcov("HC3")
    assert len(sizes) > 5
    assert max(sizes) < 10_000  # bytes; the rows are 480,000
    assert len(pickle.dumps(fit.training.source.store)) < 200


def test_warnings_come_along_once(client, data):
    table = dd.from_pandas(data, npartitions=3)
    with pytest.warns(DataWarning, match=r"NaNs produced in log") as caught:
        glm("claims ~ log(age - 40)", table, "poisson")
    assert len(caught) == 1


def broken(frame, how, partition_info=None):
    if partition_info is None or partition_info["number"] != 1:
        return frame
    if how == "end":
        os._exit(1)
    raise OSError("the disk is gone")


def two_types(frame, partition_info=None):
    return frame.astype({"size": str}) if partition_info and partition_info["number"] == 1 else frame


def test_what_fails_on_a_worker_names_the_partition(client, data):
    table = dd.from_pandas(data, npartitions=3)
    with pytest.raises(
        DataError, match=r"the work on partition 1 failed: OSError: the disk is gone"
    ) as caught:
        glm("claims ~ size", table.map_partitions(broken, "raise", meta=table._meta), "poisson")
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(FormulaError, match=r"cumsum\(\) cannot be used here"):
        glm("claims ~ cumsum(size)", table, "poisson")
    with pytest.raises(DataError, match='"character" in some rows of the data and "numeric" in others'):
        glm("claims ~ size", table.map_partitions(two_types, meta=table._meta), "poisson")


def test_a_file_of_a_partition_that_is_damaged(client, data, tmp_path):
    folder = directory(data, tmp_path)
    table = dd.read_parquet(folder)
    path = sorted(folder.iterdir())[1]
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="the work on partition 1 failed: "):
        glm("claims ~ size", table, "poisson")


def test_a_worker_that_dies(client, data):
    table = dd.from_pandas(data, npartitions=3)
    with pytest.raises(DataError, match=r"a worker died with partition \d under way.*smaller partitions"):
        glm("claims ~ size", table.map_partitions(broken, "end", meta=table._meta), "poisson")
    assert_same(glm("claims ~ size", data, "poisson"), glm("claims ~ size", table, "poisson"))


class Part:
    """What `shares_of` asks of a future."""

    def __init__(self, key):
        self.key = key


@pytest.mark.parametrize(
    ("places", "threads", "expected"),
    [
        ("aabb", {"a": 1, "b": 1}, ["0 to 1", "2 to 3"]),
        ("aaaab", {"a": 2, "b": 8}, ["0 to 1", "2 to 3", "4"]),
        ("abaabb", {"a": 1, "b": 1}, ["0, 2 to 3", "1, 4 to 5"]),
        ("aaa", {"a": 2}, ["0", "1 to 2"]),
        ("a??", {"a": 1}, ["0", "1 to 2"]),
        ("abababababab", {"a": 1, "b": 2}, ["0, 2, 4, 6, 8, ...", "1, 3, 5", "7, 9, 11"]),
    ],
)
def test_what_is_on_a_worker_is_one_task_for_each_thread(places, threads, expected):
    parts = [Part(("part", k)) for k in range(len(places))]
    where = {("part", k): (place,) for k, place in enumerate(places) if place != "?"}
    shares = module.shares_of(parts, where, threads)
    assert [share.place for share in shares] == expected
    assert sorted(number for share in shares for number in share.numbers) == list(range(len(parts)))
    assert all(share.parts == tuple(parts[k] for k in share.numbers) for share in shares)


def test_the_survey_is_merged_in_the_order_of_the_partitions():
    job = module.Job(None, add)
    one, other = [[(k, k + 1, ([k], [])) for k in numbers] for numbers in ((0, 3, 4, 6), (1, 2, 5))]
    assert [(a, b) for a, b, _ in module._in_order(job, one)] == [(0, 1), (3, 5), (6, 7)]
    nested = module._in_order(job, module._in_order(job, one), module._in_order(job, other))
    assert [(a, b, value) for a, b, (value, _) in nested] == [(0, 7, list(range(7)))]


@pytest.mark.parametrize(
    ("task", "named"),
    [
        ("glm-partition-3-0f1e", "partition 3"),
        ("glm-partition-4 to 7-0f1e", "partitions 4 to 7"),
        ("glm-partition-0, 2, 4 to 5, ...-0f1e", r"partitions 0, 2, 4 to 5, \.\.\."),
        ("('map', 2)", "partition 2"),
        ("x", "a partition"),
    ],
)
def test_a_worker_that_dies_names_what_it_had(task, named):
    KilledWorker = type("KilledWorker", (Exception,), {"task": task, "allowed_failures": 3})
    with (
        pytest.raises(DataError, match=f"a worker died with {named} under way, 4 times over"),
        module._failures(),
    ):
        raise KilledWorker


def test_a_fit_outlives_its_cluster(data, tmp_path):
    """Fitted on one worker; asked again without it, it computes the partitions anew where it can."""
    table = dd.read_parquet(directory(data, tmp_path))
    with (
        distributed.LocalCluster(n_workers=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster, set_as_default=True),
    ):
        fit = glm("claims ~ age + area", table, "poisson")
        assert fit.training.source.store.complete
        assert_same(glm("claims ~ age + area", data, "poisson"), fit)
    assert not fit.training.source.store.complete
    with dask.config.set(scheduler="sync"):
        np.testing.assert_allclose(
            fit.anova().frame, glm("claims ~ age + area", data, "poisson").anova().frame, **SAME_ROWS
        )
