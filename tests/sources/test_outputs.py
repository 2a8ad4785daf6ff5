"""``out=`` is never a file that the model or the new data are read from, and is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest
from sources.tables import connected

from glmformula import DataError, glm
from glmformula.inference.rows import output

FORMULA = "y ~ x"


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame({"y": rng.poisson(2.0, 50), "x": rng.normal(size=50)})


@pytest.fixture
def file(rows: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "data" / "rows.parquet"
    path.parent.mkdir()
    rows.to_parquet(path)
    return path


def _duckdb_file(file: Path) -> Any:
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW rows AS SELECT * FROM '{file}'")
    return "SELECT * FROM rows", connection


KINDS: dict[str, Callable[[Path], Any]] = {
    "path": str,
    "Path": Path,
    "list": lambda file: [str(file)],
    "directory": lambda file: str(file.parent),
    "pattern": lambda file: str(file.parent / "*.parquet"),
    "nested pattern": lambda file: str(file.parent.parent / "**" / "*.parquet"),
    "dataset": lambda file: ds.dataset(file),
    "filtered": lambda file: ds.dataset(file).filter(ds.field("x") > -9),
    "relation": lambda file: connected().read_parquet(str(file)),
    "query": lambda file: (f"SELECT * FROM read_parquet('{file}') WHERE x > -9", duckdb.connect()),
    "pattern in a query": lambda file: (f"SELECT * FROM '{file.parent}/*.parquet'", duckdb.connect()),
    "view": _duckdb_file,
    "lazy": lambda file: pl.scan_parquet(file),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_the_model_reads(kind: str, file: Path) -> None:
    before = file.read_bytes()
    fit = glm(FORMULA, KINDS[kind](file), "poisson")
    link, hard = file.parent.parent / "link.parquet", file.parent.parent / "hard.parquet"
    link.symlink_to(file)
    os.link(file, hard)
    for name in (file, file.parent / ".." / "data" / "rows.parquet", link, hard, os.path.relpath(file)):
        with pytest.raises(DataError, match=r"out=.* is a file that the model or the new data are read from"):
            fit.predict(out=name)
    with pytest.raises(DataError, match="is a file that the model"):
        fit.residuals(out=str(file))
    with pytest.raises(DataError, match="is a file that the model"):
        fit.save(file)
    assert file.read_bytes() == before
    assert sorted(os.listdir(file.parent)) == ["rows.parquet"]
    out = file.parent.parent / "answer.csv"
    fit.predict(out=out)
    assert len(pd.read_csv(out)) == 50


def test_a_file_of_new_data(rows: pd.DataFrame, file: Path) -> None:
    fit = glm(FORMULA, rows, "poisson")
    with pytest.raises(DataError, match="is a file that the model or the new data are read from"):
        fit.predict(str(file), out=file)


def test_a_database(rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "base.parquet"  # any name will do
    connection = duckdb.connect(str(path))
    connection.register("given", rows)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    fit = glm(FORMULA, connection.table("rows"), "poisson")
    with pytest.raises(DataError, match="is a file that the model"):
        fit.predict(out=path)
    connection.close()


def test_a_dask_frame_of_a_file(file: Path) -> None:
    fit = glm(FORMULA, dd.read_parquet(file), "poisson")
    with pytest.raises(DataError, match="is a file that the model"):
        fit.predict(str(file.parent), out=file)
    with pytest.raises(DataError, match="is a file that the model"):
        fit.save(file)


@pytest.mark.parametrize("kind", ["directory", "pattern", "nested pattern"])
def test_a_new_file_that_would_be_data(kind: str, file: Path) -> None:
    fit = glm(FORMULA, KINDS[kind](file), "poisson")
    with pytest.raises(DataError, match=r"would be one of the files that .* stands for"):
        fit.predict(out=file.parent / "answer.parquet")
    assert os.listdir(file.parent) == ["rows.parquet"]


def test_a_write_that_fails_leaves_the_old_file(file: Path, tmp_path: Path, monkeypatch) -> None:
    fit = glm(FORMULA, str(file), "poisson")
    out = tmp_path / "answer.parquet"
    fit.predict(out=out)
    before = out.read_bytes()

    def failing(frames: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "_to_parquet", failing)
    with pytest.raises(KeyboardInterrupt):
        fit.predict(type="response", out=out)
    assert out.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["answer.parquet", "data"]


def test_a_link_to_another_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    glm(FORMULA, str(file), "poisson").predict(out=link)
    assert link.is_symlink()
    assert len(pd.read_csv(target)) == 50
