"""Writes the saved models of the current format version, once for each version: older ones are kept as they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

import glmformula as gf
from glmformula.models.saved import VERSION

HERE = Path(__file__).parent


def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=60), rng.gamma(2.0, size=60)
    g = np.array(["a", "b", "c"])[np.arange(60) % 3]
    return pd.DataFrame(
        {"y": rng.poisson(np.exp(0.5 * x + (g == "b"))), "t": z * np.exp(x), "x": x, "z": z, "g": g}
    )


MODELS = {
    "poisson": (
        "y ~ g * poly(x, 2) + I(3 * z) + z + offset(log(z) / 10)",
        gf.poisson(),
        {"contrasts": {"g": "contr.sum"}},
    ),
    "gamma": (
        "t ~ ns(x, 3) + scale(z) + cut(x, 3)",
        gf.Gamma(gf.power(1 / 3)),
        {"offset": "x / 1000", "weights": "y + 1"},
    ),
}

if __name__ == "__main__":
    for name, (formula, family, options) in MODELS.items():
        target = HERE / f"version{VERSION}_{name}.json"
        if target.exists():
            continue
        table = data()
        fit = gf.glm(formula, table, family, **options)
        new = table.iloc[[1, 20, 42]].reset_index(drop=True)
        predicted = fit.predict(new, type="response", se_fit=True)
        fit.save(target)
        answers = {
            "newdata": new.to_dict(orient="list"),
            "summary": str(fit.summary()),
            "coefficients": [None if np.isnan(b) else float(b) for b in fit.coefficients],
            "fit": predicted["fit"].tolist(),
            "se_fit": predicted["se_fit"].tolist(),
        }
        target.with_name(f"version{VERSION}_{name}_answers.json").write_text(
            json.dumps(answers, indent=1) + "\n"
        )
