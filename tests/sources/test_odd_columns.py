"""Columns of unusual types: harmless where no model uses them, right or refused by name where one does."""

from __future__ import annotations

import datetime
from contextlib import suppress
from decimal import Decimal

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from glmformula import DataError, glm

N = 40
HALVES = np.array([0, 1] * (N // 2), dtype=np.int8)


def extension(kind, storage):
    return pa.ExtensionArray.from_storage(kind, storage)


ODD = {
    "dense union": pa.UnionArray.from_dense(
        pa.array(np.zeros(N, np.int8)), pa.array(range(N), pa.int32()), [pa.array(range(N)), pa.array(["a"])]
    ),
    "sparse union": pa.UnionArray.from_sparse(pa.array(HALVES), [pa.array(range(N)), pa.array(["a"] * N)]),
    "run-end encoded": pa.RunEndEncodedArray.from_arrays(pa.array([N], pa.int32()), pa.array([1.5])),
    "bool8": extension(pa.bool8(), pa.array(HALVES)),
    "uuid": extension(pa.uuid(), pa.array([b"0" * 16] * N, pa.binary(16))),
    "tensor": extension(pa.fixed_shape_tensor(pa.int32(), [1]), pa.array([[1]] * N, pa.list_(pa.int32(), 1))),
    "no such zone": pa.array([datetime.datetime(2020, 1, 1)] * N, pa.timestamp("us", "Nowhere/Else")),
    "date": pa.array([datetime.date(9999, 1, 1)] * N),
    "duration": pa.array([datetime.timedelta(1)] * N),
    "list": pa.array([[1, 2]] * N),
    "list view": pa.array([[1]] * N, pa.list_view(pa.int64())),
    "struct": pa.array([{"a": 1}] * N),
    "map": pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(N),
    "decimal": pa.array([Decimal("1.5")] * N, pa.decimal256(50, 3)),
    "binary view": pa.array([b"a"] * N, pa.binary_view()),
    "dictionary with a missing value": pa.DictionaryArray.from_arrays(HALVES, pa.array(["a", None])),
    "dictionary with a repeated value": pa.DictionaryArray.from_arrays(HALVES, ["a", "a"]),
    "dictionary of records": pa.DictionaryArray.from_arrays(np.zeros(N, np.int8), pa.array([{"a": 1}])),
}
if hasattr(pa, "json_"):  # since pyarrow 19
    ODD["json"] = extension(pa.json_(), pa.array(["1"] * N))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    out = pd.DataFrame({"y": rng.poisson(2, N).astype(float), "x": rng.normal(size=N)})
    return out.assign(g=rng.choice(list("bacB"), N), k=rng.choice([10, 9, -1, 2], N))


def same(known, fit):
    assert list(known.coefficients.index) == list(fit.coefficients.index)
    np.testing.assert_allclose(known.coefficients, fit.coefficients, rtol=1e-10)


def ipc_file(table, path):
    with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True)) as file:
        file.write_table(table)
    return path


def parquet_file(table, path):
    pq.write_table(table, path, row_group_size=16)
    return path


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_column_that_is_not_used_harms_nobody(kind, data, tmp_path):
    table = pa.table(data).append_column("odd", ODD[kind])
    known = glm("y ~ x + g", data, "poisson")
    sources = [table, ds.dataset(table), ipc_file(table, tmp_path / "t.arrow")]
    with suppress(pa.ArrowNotImplementedError):  # Parquet has no place for some
        sources.append(parquet_file(table, tmp_path / "t.parquet"))
    for source in sources:
        same(known, glm("y ~ x + g", source, "poisson"))
    np.testing.assert_allclose(known.predict(table), known.predict(data))
    glm("y ~ x", source, "poisson").predict(table, out=tmp_path / "out.csv")


def test_two_columns_of_one_name_harm_nobody_who_does_not_use_them(data, tmp_path):
    table = pa.table(data).append_column("d", pa.array(HALVES)).append_column("d", pa.array(["a"] * N))
    csv = tmp_path / "t.csv"
    csv.write_text("y,x,x,k\n" + "".join(f"{k % 5},{k},{k},{k * k}\n" for k in range(9)))
    known = glm("y ~ x + g", data, "poisson")
    paths = parquet_file(table, tmp_path / "t.parquet"), ipc_file(table, tmp_path / "t.arrow")
    for source in (table, *paths, ds.dataset(table)):
        same(known, glm("y ~ x + g", source, "poisson"))
        with pytest.raises(DataError, match="the data have 2 columns called 'd'"):
            glm("y ~ d", source, "poisson")
    assert glm("y ~ k", csv).nobs == 9
    with pytest.raises(DataError, match=r"the data have 2 columns called 'x' \(t\.csv\)"):
        glm("y ~ x", csv)


@pytest.mark.parametrize("kind", ["dense union", "sparse union", "list", "struct", "map", "tensor"])
def test_an_odd_column_that_is_used_is_named(kind, data, tmp_path):
    table = pa.table(data).append_column("odd", ODD[kind])
    for source in (table, ipc_file(table, tmp_path / "t.arrow")):
        for formula in ("y ~ x + odd", "y ~ ."):
            with pytest.raises(DataError, match="'odd'"):
                glm(formula, source, "poisson")


@pytest.mark.parametrize("metadata", [b"no JSON", b"[1]", b"{}"])
def test_metadata_that_make_no_sense_are_passed_over(metadata, data, tmp_path):
    table = pa.table(data).replace_schema_metadata({b"pandas": metadata})
    for source in (table, parquet_file(table, tmp_path / "t.parquet"), ipc_file(table, tmp_path / "t.arrow")):
        same(glm("y ~ x + g", data, "poisson"), glm("y ~ x + g", source, "poisson"))


def test_unusual_types_give_the_fit_of_the_plain_ones(data, tmp_path):
    half = data["x"].to_numpy().astype(np.float16)
    data = data.assign(half=half.astype(float), b8=data["k"] > 3, decimal=data["k"] / 2)
    table = pa.table({
        "y": pa.array(data["y"]), "half": half, "b8": extension(pa.bool8(), pa.array(data["b8"].astype("int8"))),
        "g": pa.array(data["g"], pa.string_view()), "k": pc.run_end_encode(pa.array(data["k"])),
        "decimal": pa.array([Decimal(int(k)) / 2 for k in data["k"]]),
    })  # fmt: skip
    large = table.set_column(3, "g", pa.array(data["g"], pa.large_string()))
    for formula in ("y ~ half + b8 + g + k + decimal", "y ~ ."):
        for source in (table, ds.dataset(table), ipc_file(table, tmp_path / "t.arrow"), large):
            same(glm("y ~ half + b8 + g + k + decimal", data, "poisson"), glm(formula, source, "poisson"))


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="this polars has no such integers")
def test_wide_integers_and_decimals_of_polars(data):
    frame = pl.DataFrame({
        "y": data["y"].to_numpy(), "i": pl.Series(data["k"].to_numpy()).cast(pl.Int128),
        "u": pl.Series(data["k"].abs().to_numpy()).cast(getattr(pl, "UInt128", pl.Int128)),
        "d": pl.Series(data["x"].to_numpy()).cast(pl.Decimal(30, 20)),
    })  # fmt: skip
    known = glm("y ~ i + u + d", data.assign(i=data["k"], u=data["k"].abs(), d=data["x"]), "poisson")
    same(known, glm("y ~ i + u + d", frame, "poisson"))
    same(known, glm("y ~ i + u + d", frame.lazy(), "poisson"))


# ---- levels ----


def dictionaries(data, size=N):
    """Strings and numbers encoded, each chunk with the dictionary of its own rows."""
    columns = {"y": data["y"], "x": data["x"]}
    for name in ("g", "k"):
        values = data[name].to_numpy()
        chunks = [pa.array(values[a : a + size]).dictionary_encode() for a in range(0, N, size)]
        columns[name] = pa.chunked_array(chunks)
    return pa.table(columns)


def polars(data):
    return pl.DataFrame({c: data[c].to_numpy() for c in data}).with_columns(pl.col("g").cast(pl.Categorical))


def of_polars(data, folder, write):
    polars(data).write_parquet(folder / "p.parquet", row_group_size=9)
    polars(data).write_ipc(folder / "p.arrow")
    return folder / write


def partitions(data):
    frame = dd.from_pandas(data.assign(g=data["g"].astype("str")), npartitions=3)
    return frame.assign(g=frame["g"].astype("category"))


UNDECLARED = {
    "polars": lambda data, folder: polars(data),
    "polars lazy": lambda data, folder: polars(data).lazy(),
    "polars in Parquet": lambda data, folder: of_polars(data, folder, "p.parquet"),
    "polars in IPC": lambda data, folder: of_polars(data, folder, "p.arrow"),
    "arrow": lambda data, folder: dictionaries(data),
    "arrow in chunks": lambda data, folder: dictionaries(data, 7),
    "parquet": lambda data, folder: parquet_file(dictionaries(data, 7), folder / "t.parquet"),
    "ipc": lambda data, folder: ipc_file(dictionaries(data, 7), folder / "t.arrow"),
    "dataset": lambda data, folder: ds.dataset(parquet_file(dictionaries(data), folder / "t.parquet")),
    "dataset in memory": lambda data, folder: ds.dataset(dictionaries(data, 7)),
    "pandas on Arrow": lambda data, folder: dictionaries(data, 7).to_pandas(types_mapper=pd.ArrowDtype),
    "dask": lambda data, folder: partitions(data),
}


@pytest.mark.parametrize("kind", UNDECLARED)
def test_the_order_of_the_rows_does_not_change_the_levels(kind, data, tmp_path):
    known = glm("y ~ x + g + k", data, "poisson")
    assert known.xlevels == {"g": ("a", "b", "B", "c")}
    for rows in (data, data[::-1].reset_index(drop=True)):
        source = UNDECLARED[kind](rows, tmp_path)
        fit = glm("y ~ x + g + k", source, "poisson")
        same(known, fit)
        assert fit.xlevels == known.xlevels


DECLARED = {
    "pandas": lambda data, folder: data,
    "arrow": lambda data, folder: pa.Table.from_pandas(data),
    "parquet": lambda data, folder: parquet_file(pa.Table.from_pandas(data), folder / "t.parquet"),
    "ipc": lambda data, folder: ipc_file(pa.Table.from_pandas(data), folder / "t.arrow"),
    "dataset": lambda data, folder: ds.dataset(pa.Table.from_pandas(data)),
    "duckdb": lambda data, folder: duckdb.from_df(data.astype({"g": str})).project(
        "y, x, g::ENUM('c', 'b', 'B', 'a') as g"
    ),
    "dask": lambda data, folder: dd.from_pandas(data, npartitions=3),
    "polars": lambda data, folder: pl.from_pandas(data.astype({"g": str})).with_columns(
        pl.col("g").cast(pl.Enum(list("cbBa")))
    ),
}


@pytest.mark.parametrize("kind", DECLARED)
def test_an_order_that_was_declared_stays(kind, data, tmp_path):
    declared = data.assign(g=pd.Categorical(data["g"], list("cbBa")))
    fit = glm("y ~ g", DECLARED[kind](declared, tmp_path), "poisson")
    assert fit.xlevels == {"g": ("c", "b", "B", "a")}
    same(glm("y ~ g", declared, "poisson"), fit)


# ---- files that differ ----


@pytest.mark.parametrize(("write", "ending"), [(parquet_file, "parquet"), (ipc_file, "arrow")])
def test_files_of_one_table_may_differ_in_order_and_types(write, ending, data, tmp_path, monkeypatch):
    plain, coded = pa.table(data), dictionaries(data)
    write(plain.slice(0, 15).select(["g", "k", "y", "x"]), tmp_path / f"a.{ending}")
    whole = coded.slice(15, 10).set_column(0, "y", coded["y"].slice(15, 10).cast(pa.int32()))
    write(whole, tmp_path / f"b.{ending}")
    write(plain.slice(25), tmp_path / f"c.{ending}")
    monkeypatch.setenv("HOME", str(tmp_path))
    known = glm("y ~ x + g + k", data, "poisson")
    parts = [f"~/{name}.{ending}" for name in "abc"]
    for source in (tmp_path, f"~/*.{ending}", parts, [tmp_path / f"a.{ending}", f"~/[bc].{ending}"], ["~"]):
        same(known, glm("y ~ x + g + k", source, "poisson"))


def test_types_that_do_not_go_together_harm_nobody_who_does_not_use_them(data, tmp_path):
    for write, ending in ((parquet_file, "parquet"), (ipc_file, "arrow")):
        write(pa.table(data.iloc[:20]), tmp_path / f"a.{ending}")
        write(pa.table(data.iloc[20:].assign(k="ten")), tmp_path / f"b.{ending}")
        same(glm("y ~ x + g", data, "poisson"), glm("y ~ x + g", tmp_path / f"*.{ending}", "poisson"))
        sentence = rf"column 'k' is int64 in a\.{ending} and (large_)?string in b\.{ending}"
        with pytest.raises(DataError, match=sentence):
            glm("y ~ k", tmp_path / f"*.{ending}", "poisson")


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        (["a.csv", "s3://b.csv"], "'s3://b.csv' is none"),
        (["{here}/a.csv", "{here}/a.csv"], "a.csv' is in the list twice"),
        (["{here}/a.csv", "{here}/no.csv"], "no.csv': no such file"),
    ],
)
def test_lists_of_paths_that_are_refused(paths, sentence, data, tmp_path):
    data.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError, match=sentence):
        glm("y ~ x", [path.format(here=tmp_path) for path in paths])
