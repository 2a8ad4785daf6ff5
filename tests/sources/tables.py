"""Data for the tests of sources: one DataFrame, and the same rows in every kind of table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq

from glmformula.frame.pieces import Piece
from glmformula.sources.reading import InOrder

LEVELS = ["low", "mid", "high", "never"]
CONNECTIONS: list[Any] = []


def policies(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Numbers, strings, a category with an unused level, logicals; some missing; a level of the last rows only."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "size": rng.gamma(2.0, size=n),
            "area": rng.choice(["b", "A", "c", "a b"], n),
            "band": pd.Categorical(rng.choice(LEVELS[:3], n), LEVELS),
            "years": rng.integers(1, 5, n),
            "urban": rng.random(n) < 0.4,
            "w": rng.integers(1, 4, n).astype(float),
        }
    )
    eta = 0.02 * (data["age"] - 40) + 0.3 * (data["area"] == "A") - 0.2 * data["urban"]
    data["claims"] = rng.poisson(np.exp(eta + 0.3)).astype(float)
    data["won"] = np.where(rng.random(n) < 0.5, "yes", "no")
    data["hits"] = rng.integers(0, 4, n).astype(float)
    data["misses"] = rng.integers(1, 4, n).astype(float)
    data.loc[n - 5 :, "area"] = "zz"
    data.loc[[3, 77], "age"] = np.nan
    data.loc[[5, n - 1], "area"] = None
    data.loc[11, "band"] = None
    return data


@dataclass(frozen=True)
class Cut(InOrder):
    """A DataFrame in pieces of the lengths one likes, empty ones too."""

    frame: pd.DataFrame
    ends: tuple[int, ...]
    fail: int = -1

    @property
    def meta(self) -> pd.DataFrame:
        return self.frame.iloc[:0]

    @property
    def identity(self) -> int:
        return id(self.frame)

    def results(self, function: Callable[[Piece], Any], merge: Any, columns: Sequence[str]) -> Any:
        starts = [0, *self.ends]
        for k, (a, b) in enumerate(zip(starts, [*self.ends, len(self.frame)], strict=True)):
            yield function(Piece(self.frame.iloc[a:b][list(columns)], place=f"piece {k}", number=k))


def arrow(data: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(data, preserve_index=False)


def parquet(data: pd.DataFrame, folder: Path, rows: int = 70) -> Path:
    path = folder / "policies.parquet"
    pq.write_table(arrow(data), path, row_group_size=rows)
    return path


def directory(data: pd.DataFrame, folder: Path) -> Path:
    """Three Parquet files."""
    out = folder / "policies"
    out.mkdir()
    for k, part in enumerate(np.array_split(np.arange(len(data)), 3)):
        pq.write_table(arrow(data.iloc[part]), out / f"part-{k}.parquet", row_group_size=50)
    return out


def ipc(data: pd.DataFrame, folder: Path) -> Path:
    path = folder / "policies.arrow"
    feather.write_feather(arrow(data), path, chunksize=90)
    return path


def csv(data: pd.DataFrame, folder: Path) -> Path:
    path = folder / "policies.csv"
    data.to_csv(path, index=False)
    return path


def filtered(data: pd.DataFrame, folder: Path) -> Any:
    return ds.dataset(parquet(data, folder)).filter(ds.field("w") > 0)


def connected() -> Any:
    """A connection that stays: a relation of an older DuckDB does not keep its own."""
    CONNECTIONS.append(duckdb.connect())
    return CONNECTIONS[-1]


def relation(data: pd.DataFrame, folder: Path) -> Any:
    connection = connected()
    connection.register("rows", arrow(data))
    return connection.sql("select * from rows")


def query(data: pd.DataFrame, folder: Path) -> Any:
    connection = duckdb.connect()
    connection.register("rows", arrow(data))
    return ("select * from rows", connection)


def lazily(data: pd.DataFrame, folder: Path) -> Any:
    """Partitions, two of them empty."""
    whole = dd.from_pandas(data, npartitions=5)
    return dd.concat([whole, whole.map_partitions(_none)])


def _none(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:0]


TABLES: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "pandas": lambda data, folder: data,
    "polars": lambda data, folder: pl.from_arrow(arrow(data)),
    "polars lazy": lambda data, folder: pl.from_arrow(arrow(data)).lazy(),
    "arrow": lambda data, folder: arrow(data),
    "parquet": parquet,
    "directory": directory,
    "pattern": lambda data, folder: str(directory(data, folder) / "*.parquet"),
    "dataset": lambda data, folder: ds.dataset(parquet(data, folder)),
    "filtered dataset": filtered,
    "dataset in memory": lambda data, folder: ds.dataset(arrow(data)),
    "ipc": ipc,
    "csv": csv,
    "duckdb": relation,
    "sql": query,
    "dask": lazily,
}
# Kinds that have no categories of their own, or number them as they appear.
PLAIN = ("csv", "duckdb", "sql", "polars", "polars lazy")
