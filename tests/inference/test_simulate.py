"""simulate() of counts of successes and failures, in R's shape."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmformula import glm

R = json.loads((Path(__file__).parents[1] / "reference" / "simulate_counts.json").read_text())
DATA = pd.DataFrame({"s": [3, 1, 4, 0, 5], "f": [2, 4, 1, 3, 0], "x": range(1, 6), "n": [5, 5, 5, 3, 5]})
CASES = {
    "named": ("cbind(s, f) ~ x", None, ("s", "f")),
    "unnamed": ("cbind(s, n - s) ~ x", None, ("successes", "failures")),  # R: "s" and ""
    "weighted": ("cbind(s, f) ~ x", [1, 2, 1, 3, 1], ("s", "f")),
}


@pytest.mark.parametrize("case", CASES)
def test_counts_are_drawn_as_successes_and_failures(case):
    formula, weights, names = CASES[case]
    fit = glm(formula, DATA, "binomial", weights=weights)
    draws = fit.simulate(2, seed=1)
    assert draws.columns.tolist() == [(sim, name) for sim in R[case]["names"] for name in names]
    np.testing.assert_array_equal(draws["sim_1"].sum(axis=1), R[case]["sums"])
    assert (draws == draws.round()).all(axis=None)
    assert (draws >= 0).all(axis=None)


def test_counts_are_written_under_plain_names(tmp_path):
    fit = glm("cbind(s, f) ~ x", DATA, "binomial")
    fit.simulate(1, seed=1, out=tmp_path / "sim.parquet")
    assert list(pd.read_parquet(tmp_path / "sim.parquet")) == ["row", "sim_1.s", "sim_1.f"]
    DATA.to_parquet(tmp_path / "d.parquet")
    streamed = glm("cbind(s, f) ~ x", tmp_path / "d.parquet", "binomial")
    streamed.simulate(1, seed=1, out=tmp_path / "s.csv")
    again = pd.read_csv(tmp_path / "s.csv")
    assert list(again) == ["row", "sim_1.s", "sim_1.f"]
    np.testing.assert_array_equal(again["sim_1.s"] + again["sim_1.f"], DATA["n"])


def test_other_binomial_responses_are_drawn_as_proportions():
    fit = glm("I(s / n) ~ x", DATA, "binomial", weights="n")
    draws = fit.simulate(2, seed=1)
    assert list(draws) == ["sim_1", "sim_2"]
    assert draws.max(axis=None) <= 1
