"""The references for zeroinfl, hurdle, multinom and polr as Python sees them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reference.models import load as models_of_glm

HERE = Path(__file__).parent


@cache
def _answers(kind: str) -> dict[str, Any]:
    return json.loads(gzip.decompress((HERE / f"{kind}.json.gz").read_bytes()))


def models(kind: str) -> dict[str, dict[str, Any]]:
    """R's answers by id; `kind` is zeroinfl, hurdle, multinom or polr."""
    return _answers(kind)["models"]


def degenerate(kind: str) -> dict[str, dict[str, Any]]:
    """Fits whose maximum lies at infinity, with what the package makes of them."""
    return _answers(kind)["degenerate"]


def errors(kind: str) -> list[dict[str, Any]]:
    """Calls in R's words with bad input: `call`, `error` (R's sentence, or null where it went on), `warnings`."""
    return _answers(kind)["errors"]


@cache
def texts(kind: str) -> dict[str, dict[str, Any]]:
    """Printed texts by name ("summary negbin"): `exact`, `same`, `same_tight`, `package`, `models`."""
    return json.loads((HERE / f"{kind}_texts.json").read_text(encoding="utf-8"))["texts"]


@cache
def schema() -> dict[str, Any]:
    return json.loads((HERE / "data" / "schema.json").read_text(encoding="utf-8"))


@cache
def load(name: str) -> pd.DataFrame:
    """A data set of this folder, or of ../models, typed as in R."""
    if name not in schema():
        return models_of_glm.load(name)
    raw = pd.read_csv(HERE / "data" / f"{name}.csv", dtype=str, na_values=["NA"], keep_default_na=False)
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
