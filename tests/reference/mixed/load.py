"""The references for lmer and glmer as Python sees them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from reference.tables import four_rows, typed_table

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
    return typed_table(HERE / "data", name, schema()[name])


def new_rows(name: str) -> pd.DataFrame:
    """The rows at which `predict` was asked."""
    return four_rows(load(name))
