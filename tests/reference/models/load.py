"""The reference models as Python sees them: data, table, R's answers, and our fits of the same calls."""

from __future__ import annotations

import gzip
import json
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reference.tables import four_rows, typed_table

import glmformula

HERE = Path(__file__).parent


def _json(name: str) -> Any:
    path = HERE / name
    text = (
        gzip.decompress(path.read_bytes()).decode()
        if path.suffix == ".gz"
        else path.read_text(encoding="utf-8")
    )
    return json.loads(text)


@cache
def schema() -> dict[str, Any]:
    return _json("data/schema.json")


@cache
def table() -> dict[str, dict[str, Any]]:
    """The models R fits, by id, with the starting values it needed."""
    answers = reference()
    entries = {m["id"]: m for m in _json("models.json") if m["id"] in answers}
    for id_, entry in entries.items():
        if answers[id_]["start"] is not None:
            entry["start"] = answers[id_]["start"]
    return entries


@cache
def reference() -> dict[str, dict[str, Any]]:
    return _json("models_reference.json.gz")["models"]


@cache
def refused() -> dict[str, dict[str, Any]]:
    """The models R refuses without starting values, each with R's sentence."""
    return _json("models_errors.json")


@cache
def default_anova() -> dict[str, dict[str, Any]]:
    return _json("anova_reference.json.gz")["default"]


@cache
def texts() -> dict[str, str]:
    return _json("texts_reference.json")["texts"]


def text_cases() -> list[dict[str, Any]]:
    return _json("texts.json")


@cache
def load(name: str) -> pd.DataFrame:
    """A data set typed as in R: factors are categoricals with R's level order; names as index where R has them."""
    return typed_table(HERE / "data", name, schema()[name])


@cache
def new_rows(name: str) -> pd.DataFrame:
    """The rows at which `predict` was asked (common.R has its twin)."""
    return four_rows(load(name))


def family_of(entry: dict[str, Any]) -> Any:
    args = {
        k: glmformula.power(v["power"]) if isinstance(v, dict) else v
        for k, v in entry["family"]["args"].items()
    }
    return getattr(glmformula, entry["family"]["name"])(**args)


@dataclass(frozen=True)
class Fitted:
    fit: Any
    warned: tuple[str, ...]


@cache
def fitted(id_: str, sharp: bool = False) -> Fitted:
    """Our fit of a table entry (`sharp`: at epsilon 1e-14) and the warnings it gave."""
    return _fit(table()[id_], sharp)


def fitted_without_start(id_: str) -> Fitted:
    """The same for one of the `refused`, with no starting values."""
    entries = {m["id"]: m for m in _json("models.json")}
    return _fit(entries[id_])


def _fit(entry: dict[str, Any], sharp: bool = False) -> Fitted:
    names = (
        "weights",
        "offset",
        "subset",
        "na_action",
        "contrasts",
        "start",
        "etastart",
        "mustart",
        "epsilon",
        "maxit",
    )
    options = {k: entry[k] for k in names if k in entry}
    if sharp:
        options |= {"epsilon": 1e-14, "maxit": 100}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = glmformula.glm(entry["formula"], load(entry["data"]), family_of(entry), **options)
    return Fitted(fit, tuple(str(w.message) for w in caught))


def numbers(values: Any) -> np.ndarray:
    """R's numbers: null is NaN (also for a vector of no numbers: write ``x or []``), "Inf" infinite."""
    if isinstance(values, np.ndarray) and values.dtype == float:
        return values
    return np.array(_floats(values), dtype=float)


def _floats(values: Any) -> Any:
    return (
        [_floats(v) for v in values]
        if isinstance(values, list)
        else np.nan
        if values is None
        else float(values)
    )
