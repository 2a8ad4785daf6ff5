"""The references' data sets, typed as in R, and what their scripts make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def typed_table(folder: Path, name: str, entry: dict[str, Any]) -> pd.DataFrame:
    """A data set of `folder`: factors are categoricals with R's level order; names as index where R has them."""
    path = folder / f"{name}.csv"
    raw = pd.read_csv(
        path if path.exists() else f"{path}.gz", dtype=str, na_values=["NA"], keep_default_na=False
    )
    columns = {c["name"]: _typed(raw[c["name"]], c) for c in entry["columns"]}
    return pd.DataFrame(columns, index=raw[".row"].to_list() if entry.get("named_rows") else None)


def _typed(text: pd.Series, column: dict[str, Any]) -> Any:
    kind = column["kind"]
    if kind in ("factor", "ordered"):
        return pd.Categorical(text, categories=column["levels"], ordered=kind == "ordered")
    return text.astype(np.int64 if kind == "integer" and not text.isna().any() else float).to_numpy()


def four_rows(data: pd.DataFrame) -> pd.DataFrame:
    """The rows at which `predict` was asked: four of the data, fractional columns moved a little."""
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
