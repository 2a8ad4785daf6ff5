"""R's answers for glm_nb, and our fits of the same calls."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from reference.models.load import load

import glmformula

HERE = Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text())
MODELS: dict[str, dict[str, Any]] = CASES["models"]


@cache
def answers() -> dict[str, dict[str, Any]]:
    return json.loads((HERE / "glm_nb.json").read_text())["models"]


@cache
def thetas() -> dict[str, float]:
    return json.loads((HERE / "glm_nb.json").read_text())["thetas"]


@cache
def texts() -> dict[str, dict[str, str]]:
    return json.loads((HERE / "texts.json").read_text())["texts"]


@cache
def fitted(id_: str) -> Any:
    case = dict(MODELS[id_])
    return glmformula.glm_nb(case.pop("formula"), load(case.pop("data")), **case)
