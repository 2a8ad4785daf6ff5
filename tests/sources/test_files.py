"""Parquet, CSV and Arrow files: types and levels over all files, no wrong fit of a broken file."""

from __future__ import annotations

import os
import pickle
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from sources.tables import arrow, csv, directory, ipc, parquet, policies
from tolerances import SAME_ROWS

from glmformula import DataError, glm
from glmformula.sources import batches, store
from glmformula.sources.parquet import ParquetTable
from glmformula.sources.registry import opened

pytestmark = pytest.mark.usefixtures("small_pieces")


@pytest.fixture(scope="module")
def data():
    return policies()


def printed(fit):
    """The summary below the Call, in which the data are named."""
    return str(fit.summary()).partition("\n\nCoefficients:\n")[2]


def assert_same(a, b):
    assert list(a.coefficients.index) == list(b.coefficients.index)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    assert a.iter == b.iter
    assert a.formula == b.formula
    assert printed(a) == printed(b)


def test_a_level_that_only_the_last_row_group_has(data, tmp_path):
    fit = glm("claims ~ area", str(parquet(data, tmp_path)), "poisson")
    assert fit.xlevels == {"area": ("A", "a b", "b", "c", "zz")}
    assert_same(glm("claims ~ area", data, "poisson"), fit)


def test_only_the_columns_used_are_read(data, tmp_path, monkeypatch):
    seen = set()
    original = pq.ParquetFile.iter_batches

    def spied(self, batch_size, row_groups, columns, **options):
        seen.update(columns)
        return original(self, batch_size, row_groups, columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spied)
    glm("claims ~ log(size)", parquet(data, tmp_path), "poisson", weights="w", subset="years > 1")
    assert seen == {"claims", "size", "w", "years"}


def test_the_dot_stands_for_all_columns_but_pandas_row_labels(data, tmp_path):
    some = data[["claims", "size", "urban"]].set_axis(range(5, 405))
    some.iloc[::2].to_parquet(tmp_path / "a.parquet")
    fit = glm("claims ~ .", tmp_path / "a.parquet", "poisson")
    assert fit.formula == "claims ~ size + urban"


def test_columns_of_directories(data, tmp_path):
    halves = data.assign(
        year=np.where(np.arange(400) < 150, 2023, 2024), region=np.where(data["w"] > 1, "n", "s")
    )
    ds.write_dataset(
        arrow(halves),
        tmp_path / "d",
        format="parquet",
        partitioning=ds.partitioning(
            pa.schema([("year", pa.int64()), ("region", pa.string())]), flavor="hive"
        ),
    )
    a = glm("claims ~ size + region + factor(year)", halves, "poisson")
    assert_same(a, glm("claims ~ size + region + factor(year)", tmp_path / "d", "poisson"))


def test_a_column_that_some_files_lack_is_missing_there(data, tmp_path):
    first, last = data.iloc[:100], data.iloc[100:].drop(columns="age")
    for k, part in enumerate((first, last)):
        pq.write_table(arrow(part), tmp_path / f"{k}.parquet")
    fit = glm("claims ~ age", tmp_path, "poisson")
    assert (fit.nobs, fit.n_omitted) == (98, 302)


def test_numbers_of_files_of_different_types_go_together(data, tmp_path):
    table = arrow(data)
    whole = table.set_column(table.schema.get_field_index("w"), "w", table["w"].cast(pa.int32()))
    pq.write_table(whole.slice(0, 150), tmp_path / "a.parquet")
    pq.write_table(table.slice(150), tmp_path / "b.parquet")
    assert_same(glm("claims ~ w + area", data, "poisson"), glm("claims ~ w + area", tmp_path, "poisson"))


def test_types_that_do_not_go_together_are_refused(data, tmp_path):
    pq.write_table(arrow(data), tmp_path / "a.parquet")
    pq.write_table(arrow(data.assign(size="large")), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="the files are not parts of one table"):
        glm("claims ~ size", tmp_path, "poisson")


def test_categories_of_row_groups_are_joined(data, tmp_path):
    parts = [data.iloc[:200], data.iloc[200:]]
    for k, levels in enumerate((["low", "mid", "high"], ["high", "low", "mid"])):
        part = parts[k].assign(band=pd.Categorical(parts[k]["band"].astype(object), levels))
        pq.write_table(arrow(part), tmp_path / f"{k}.parquet", row_group_size=40)
    known = data.assign(band=pd.Categorical(data["band"].astype(object), ["low", "mid", "high"]))
    for formula in ("claims ~ band", "claims ~ as.numeric(band)", "claims ~ interaction(band, urban)"):
        assert_same(glm(formula, known, "poisson"), glm(formula, tmp_path, "poisson"))


def test_ordered_categories_stay_ordered(data, tmp_path):
    data = data.assign(band=data["band"].cat.as_ordered())
    fit = glm("claims ~ band", parquet(data, tmp_path), "poisson")
    assert list(fit.coefficients.index) == ["(Intercept)", "band.L", "band.Q"]
    assert_same(glm("claims ~ band", data, "poisson"), fit)


def test_types_that_pandas_holds_as_objects(tmp_path):
    n = 60
    rng = np.random.default_rng(1)
    table = pa.table({
        "y": pa.array(rng.poisson(2, n)),
        "price": pa.array([Decimal(int(k)) / 4 for k in rng.integers(0, 40, n)], pa.decimal128(10, 2)),
        "flag": pa.array([None if k == 3 else bool(k % 2) for k in range(n)]),
        "count": pa.array([None if k == 5 else int(k) for k in rng.integers(0, 9, n)]),
        "none": pa.nulls(n),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=20)
    frame = pd.DataFrame({
        "y": table["y"].to_numpy(),
        "price": [float(v) for v in table["price"].to_pylist()],
        "flag": pd.array(table["flag"].to_pylist(), "boolean"),
        "count": pd.array(table["count"].to_pylist(), "Int64"),
    })  # fmt: skip
    formula = "y ~ price + flag + count"
    assert_same(glm(formula, frame, "poisson"), glm(formula, tmp_path / "t.parquet", "poisson"))
    with pytest.raises(DataError, match=r"all 60 rows are lost to missing values \(rows missing: none 60\)"):
        glm("y ~ none", tmp_path / "t.parquet", "poisson")


def test_files_of_polars(data, tmp_path):
    frame = pl.from_arrow(arrow(data)).with_columns(
        pl.col("area").cast(pl.Enum(["zz", "c", "b", "a b", "A"]))
    )
    frame.write_parquet(tmp_path / "p.parquet", row_group_size=64)
    frame.write_ipc(tmp_path / "p.arrow")
    fit = glm("claims ~ size + area", frame, "poisson")
    assert fit.xlevels["area"] == ("zz", "c", "b", "a b", "A")
    for name in ("p.parquet", "p.arrow"):
        assert_same(fit, glm("claims ~ size + area", tmp_path / name, "poisson"))


# ---- CSV ----


def test_csv_types_are_what_all_rows_allow(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CSV_BLOCK", 256)
    n = 200
    frame = pd.DataFrame({
        "y": np.arange(n) % 7 / 3,
        "x": [str(k) for k in range(n - 1)] + ["7.5"],
        "late": [str(k % 2) for k in range(n - 1)] + ["two"],
        "empty": [""] * (n - 1) + ["4"],
        "day": ["2020-01-01", "2020-01-02"] * (n // 2),
        "ok": ["true", "false"] * (n // 2 - 1) + ["true", "maybe"],
    })  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    fit = glm("y ~ x + late + day + ok", tmp_path / "t.csv")
    assert fit.xlevels == {
        "late": ("0", "1", "two"), "day": ("2020-01-01", "2020-01-02"), "ok": ("false", "maybe", "true")
    }  # fmt: skip
    known = frame.assign(x=frame["x"].astype(float))
    assert_same(glm("y ~ x + late + day + ok", known), fit)
    assert glm("y ~ 1", tmp_path / "t.csv", subset="is.na(empty)").nobs == n - 1


def test_csv_strings_may_be_missing_and_packed(data, tmp_path):
    fit = glm("claims ~ area + size", csv(data, tmp_path), "poisson")
    assert fit.n_omitted == 2
    data.to_csv(tmp_path / "p.csv.gz", index=False)
    assert_same(fit, glm("claims ~ area + size", tmp_path / "p.csv.gz", "poisson"))
    data.to_csv(tmp_path / "p.tsv", index=False, sep="\t")
    assert_same(fit, glm("claims ~ area + size", tmp_path / "p.tsv", "poisson"))


def test_csv_files_of_different_types_go_together(data, tmp_path):
    data = data.assign(w=data["w"].astype(int))
    data.iloc[:200].to_csv(tmp_path / "a.csv", index=False)
    data.iloc[200:].assign(w=data["w"] + 0.0).to_csv(tmp_path / "b.csv", index=False)
    assert_same(glm("claims ~ w", data, "poisson"), glm("claims ~ w", str(tmp_path / "*.csv"), "poisson"))


# ---- files that are not what they seem ----


def test_a_truncated_file_is_an_error(data, tmp_path):
    path = parquet(data, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"policies\.parquet could not be read: .*is the file complete"):
        glm("claims ~ size", path, "poisson")


@pytest.mark.parametrize("kind", [parquet, ipc, csv])
def test_a_file_that_changes_during_the_fit_is_an_error(kind, data, tmp_path, monkeypatch):
    path = kind(data, tmp_path)
    table = opened(path)
    original = table.results

    def changing(function, merge, columns):
        for k, result in enumerate(original(function, merge, columns)):
            if k == 0:
                kind(data.iloc[:-1], tmp_path)
            yield result

    monkeypatch.setattr(type(table), "results", lambda self, *args: checked(self, changing(*args)))
    with pytest.raises(DataError, match=f"{path.name} has changed during the fit|could not be read"):
        glm("claims ~ poly(size, 2)", path, "poisson")


def checked(table, results):
    yield from results
    table.files.check()


def test_a_file_that_changes_after_the_fit_is_an_error_where_it_is_read_again(data, tmp_path):
    path = parquet(data, tmp_path)
    fit = glm("claims ~ size + years", path, "poisson")
    parquet(data.iloc[:-1], tmp_path)
    assert fit.anova().frame.shape[0] == 3  # of what the fit has kept
    with pytest.raises(DataError, match=r"policies\.parquet has changed during the fit"):
        fit.predict(out=tmp_path / "out.parquet")


def test_a_damaged_row_group_is_named(data, tmp_path):
    path = parquet(data, tmp_path)
    table = opened(path)
    column = table.parts[0].metadata.row_group(3).column(data.columns.get_loc("size"))
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"policies.parquet, row group 3 could not be read"):
        glm("claims ~ size", path, "poisson")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a.txt"], r"whose names end in one of \.arrow, \.csv.*found \.txt"),
        (["a.csv", "b.parquet"], "expected files of one kind"),
        ([], "found none"),
    ],
)
def test_directories_of_other_files(names, sentence, tmp_path):
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=sentence):
        glm("y ~ x", tmp_path if names != ["a.txt"] else tmp_path / "a.txt")


def test_files_without_rows(data, tmp_path):
    parquet(data.iloc[:0], tmp_path)
    with pytest.raises(DataError, match="the data have no rows"):
        glm("claims ~ size", tmp_path / "policies.parquet", "poisson")


@pytest.mark.parametrize("write", [ipc, csv])
def test_a_column_that_one_file_lacks_is_refused_where_it_is_used(data, tmp_path, write):
    first = write(data, tmp_path)
    first.rename(first.with_name(f"a{first.suffix}"))
    write(data.drop(columns="age"), tmp_path)
    with pytest.raises(
        DataError, match=rf"policies\{first.suffix} has no column 'age', which a\{first.suffix} has"
    ):
        glm("claims ~ age", tmp_path, "poisson")
    assert_same(
        glm("claims ~ size", pd.concat([data, data]), "poisson"), glm("claims ~ size", tmp_path, "poisson")
    )


# ---- what is kept and what is left behind ----


def test_a_fit_to_files_can_be_pickled(data, tmp_path):
    for path in (parquet(data, tmp_path), csv(data, tmp_path), directory(data, tmp_path)):
        fit = glm("claims ~ age + area", path, "poisson")
        again = pickle.loads(pickle.dumps(fit))
        assert str(again.summary()) == str(fit.summary())
        np.testing.assert_allclose(again.drop1().frame, fit.drop1().frame, **SAME_ROWS)


def test_kept_values_beyond_memory_go_to_a_file_without_a_name(data, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "HELD", 1000)
    monkeypatch.setattr(store, "RESERVE", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(store, "_is_memory", lambda folder: False)
    formula = "claims ~ poly(size, 2) + area * urban + band + cbind(w, years)"
    options = {"family": "poisson", "weights": "w", "offset": "years / 9", "subset": "size < 6"}
    path = parquet(data, tmp_path)
    fit = glm(formula, path, **options)
    assert fit.training.source.store._files
    assert sorted(os.listdir(tmp_path)) == ["policies.parquet"]
    assert_same(glm(formula, data, **options), fit)


def test_a_disk_that_fills_up_while_values_are_kept(data, tmp_path, monkeypatch):
    """Half of an array is written, then nothing more: the file is read again in each pass."""

    class Full:
        def __init__(self, file):
            self.file, self.left = file, 3000

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, array):
            if not self.left:
                raise OSError(28, "No space left on device")
            taken = min(self.left, array.nbytes)
            self.left -= taken
            return self.file.write(array[:taken])

    monkeypatch.setattr(store, "HELD", 0)
    monkeypatch.setattr(store, "RESERVE", 0)
    monkeypatch.setattr(store, "_is_memory", lambda folder: False)
    made = store.tempfile.TemporaryFile
    monkeypatch.setattr(store.tempfile, "TemporaryFile", lambda **options: Full(made(**options)))
    fit = glm("claims ~ size + area", parquet(data, tmp_path), "poisson")
    assert not fit.training.source.store.complete
    assert_same(glm("claims ~ size + area", data, "poisson"), fit)


@pytest.mark.parametrize("reason", ["memory", "full"])
def test_without_a_place_to_keep_values_the_file_is_read_again(reason, data, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "HELD", 1000)
    if reason == "memory":
        monkeypatch.setattr(store, "_is_memory", lambda folder: True)
    else:
        monkeypatch.setattr(store, "RESERVE", 2**80)
    fit = glm("claims ~ size + area", parquet(data, tmp_path), "poisson")
    assert not fit.training.source.store.complete
    assert_same(glm("claims ~ size + area", data, "poisson"), fit)


def test_kept_pieces_are_maps_of_a_file_for_each_thread(data, tmp_path, monkeypatch):
    """What the first pass makes of a piece (joint codes, an offset's sum) is written once, not held."""
    monkeypatch.setattr(store, "HELD", 0)
    monkeypatch.setattr(store, "RESERVE", 0)
    monkeypatch.setattr(store, "_is_memory", lambda folder: False)
    formula = "claims ~ urban:band + size + offset(log(years))"
    fit = glm(formula, parquet(data, tmp_path), "poisson", offset="years / 9")
    kept = fit.training.source.store
    assert not kept._values
    assert all(isinstance(source, store.Spilled) for source in kept._sources.values())
    assert any(len(source.runs) > 1 for source in kept._sources.values())
    for key in kept._sources:
        source = kept._source(key)
        assert source.design.names is fit.training.frame.design.names
        for array in (source.y, source.offset, *(a for p in source.design.pieces for a in p.numeric)):
            assert not array.flags.owndata
    assert_same(glm(formula, data, "poisson", offset="years / 9"), fit)


def test_folders_that_are_memory_are_known(tmp_path):
    mounts = "/proc/mounts"
    if not os.path.exists(mounts):
        pytest.skip("no list of mounts here")
    lines = Path(mounts).read_text(encoding="utf-8").splitlines()
    in_memory = [line.split()[1] for line in lines if line.split()[2] == "tmpfs"]
    for folder in in_memory[:1]:
        assert store._is_memory(folder)


def test_an_interrupt_leaves_no_thread_and_no_file(data, tmp_path, monkeypatch):
    path, before = parquet(data, tmp_path), set(threading.enumerate())
    calls = []

    def interrupted(self, piece):
        calls.append(piece)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return frame(self, piece)

    from glmformula.design.streamed import Streamed

    frame = Streamed.frame
    fit = glm("claims ~ size", path, "poisson")
    monkeypatch.setattr(Streamed, "frame", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit.predict(out=tmp_path / "out.parquet")
    assert not set(threading.enumerate()) - before
    assert sorted(os.listdir(tmp_path)) == ["policies.parquet"]


def test_one_table_is_one_table(data, tmp_path):
    path = parquet(data, tmp_path)
    assert opened(path).identity == opened(str(path)).identity
    assert isinstance(opened(path), ParquetTable)
