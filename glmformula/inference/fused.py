"""Which neighbouring levels share a coefficient, and what each group adds: the tariff of a fused fit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FitError
from ..frame.schema import named_in
from ..render.table import StatTable

# What exp of a difference of linear predictors is called, by link.
RATIOS = {"log": "relativity", "logit": "odds_ratio"}


def fused_table(fit: Any, coefficients: pd.Series, s: float, gamma: float) -> StatTable:
    """Groups of levels with the same coefficient; see ``Glmnet.fused``."""
    names = fit.options.get("fuse") or ()
    if not names:
        raise FitError("no factor of this fit was fused: name one, as in fit.update(fuse='age_band')")
    beta, ratio = coefficients.to_numpy(), RATIOS.get(fit.family.link.name)
    rows, index = [], []
    for name in names:
        variable = next(v for v in fit.schema.variables.values() if named_in(v.name, [name]))
        steps = beta[fit.assign == fit.terms.labels.index(variable.name) + 1]
        first = np.flatnonzero(np.concatenate([[1.0], steps]))
        effects = np.concatenate([[0.0], np.cumsum(steps)])[first]
        ends = pairwise([*first.tolist(), len(variable.levels)])
        for group, ((low, high), effect) in enumerate(zip(ends, effects, strict=True), 1):
            row = {"first": variable.levels[low], "last": variable.levels[high - 1], "levels": high - low}
            rows.append(row | {"effect": effect} | ({ratio: np.exp(effect)} if ratio else {}))
            index.append((name, group))
    at = f"lambda {s:.4g}" + ("" if gamma == 1 else f", gamma {gamma:g}")
    return StatTable(
        pd.DataFrame(rows, pd.MultiIndex.from_tuples(index, names=["factor", "group"])),
        "data.frame",
        heading=(f"\nLevels that share a coefficient at {at}\n",),
        digits=4,
    )
