"""Effects against R: predictions of counterfactual rows and numDeriv's derivatives, no package of effects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glmformula as g

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "effects.json").read_text())
FAMILIES = {"inverse.gaussian": "inverse_gaussian"}
KEYS = ("formula", "family", "link", "weights", "offset")


def frame(name: str) -> pd.DataFrame:
    """A data set of R's, factors as categories."""
    given = REFERENCE["data"][name]
    out = pd.DataFrame(given["columns"])
    for column, levels in given["levels"].items():
        out[column] = pd.Categorical(out[column], levels)
    return out


DATA = {name: frame(name) for name in REFERENCE["data"]}
FITS: dict[str, Any] = {}


def fitted(call: dict[str, Any]) -> Any:
    key = json.dumps(call, sort_keys=True)
    if key not in FITS:
        options = {k: call[k] for k in ("weights", "offset") if k in call}
        if call["call"] == "glm":
            name = FAMILIES.get(call["family"], call["family"])
            link = {"link": call["link"]} if "link" in call else {}
            options |= {"family": getattr(g, name)(**link), "epsilon": 1e-14, "maxit": 100}
        if call["call"] == "glm_nb":
            options["control"] = g.glm_control(epsilon=1e-14, maxit=200)
        FITS[key] = getattr(g, call["call"])(call["formula"], DATA[call["data"]], **options)
    return FITS[key]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["name"])
def test_estimates_and_errors_are_those_of_first_principles(case: dict[str, Any]) -> None:
    fit = fitted(case["fit"])
    found = getattr(g, case["verb"])(fit, **case["args"])
    np.testing.assert_allclose(found["estimate"], case["estimate"], rtol=2e-7, atol=1e-10)
    np.testing.assert_allclose(found["std_error"], case["std_error"], rtol=1e-6, atol=1e-10)
