"""The references for lmer and glmer as Python sees them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


@cache
def _read(name: str) -> dict[str, Any]:
    path = HERE / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    return json.loads(gzip.decompress((HERE / f"{name}.json.gz").read_bytes()))


def models() -> dict[str, dict[str, Any]]:
    """Numbers of each model of table.R at the exact minimum of lme4's deviance function."""
    return _read("models")["models"]


def texts() -> dict[str, dict[str, dict[str, Any]]]:
    """`print`, `summary`, `VarCorr` of each model: `text` at the minimum; `same`, `same_tight`: lme4's own fit prints it too."""
    return _read("texts")["texts"]


def after(name: str) -> dict[str, Any]:
    """What follows a fit: `name` is tests, satterthwaite, r2, profile or marginal."""
    return _read(name)


@cache
def schema() -> dict[str, Any]:
    return json.loads((HERE / "data" / "schema.json").read_text(encoding="utf-8"))


@cache
def load(name: str) -> pd.DataFrame:
    """A data set of this folder, typed as in R."""
    path = HERE / "data" / f"{name}.csv"
    raw = pd.read_csv(
        path if path.exists() else f"{path}.gz", dtype=str, na_values=["NA"], keep_default_na=False
    )
    return pd.DataFrame({c["name"]: _typed(raw[c["name"]], c) for c in schema()[name]["columns"]})


def _typed(text: pd.Series, column: dict[str, Any]) -> Any:
    if column["kind"] in ("factor", "ordered"):
        return pd.Categorical(text, categories=column["levels"], ordered=column["kind"] == "ordered")
    return text.astype(
        np.int64 if column["kind"] == "integer" and not text.isna().any() else float
    ).to_numpy()


def new_rows(name: str) -> pd.DataFrame:
    """The rows at which `predict` was asked: four of the data, fractional columns moved a little."""
    data = load(name)
    n = len(data)
    out = data.iloc[[0, n // 3, 2 * n // 3, n - 1]].copy()
    for column in out.columns:
        x = data[column]
        if x.dtype == float and (x.dropna() != x.dropna().round()).any():
            out[column] = out[column] * 1.0625
    return out


def symmetric(lower: list[float]) -> np.ndarray:
    """The matrix whose lower triangle, column by column, is given."""
    size = int((np.sqrt(8 * len(lower) + 1) - 1) / 2)
    out = np.zeros((size, size))
    column, row = np.triu_indices(size)
    out[row, column] = out[column, row] = lower
    return out
