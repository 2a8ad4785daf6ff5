"""The references for zeroinfl, hurdle, multinom and polr as Python sees them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from reference.models import load as models_of_glm
from reference.tables import four_rows, typed_table

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
    return typed_table(HERE / "data", name, schema()[name])


def new_rows(name: str) -> pd.DataFrame:
    """The rows at which `predict` was asked."""
    return four_rows(load(name))
