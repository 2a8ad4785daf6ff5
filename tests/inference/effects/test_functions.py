"""Comparisons that a user writes, against the same by name and by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.errors import DataWarning

NAMED = {
    "difference": lambda hi, lo: hi - lo,
    "ratio": lambda hi, lo: hi / lo,
    "lnratio": lambda hi, lo: np.log(hi) - np.log(lo),
    "lnor": lambda hi, lo: np.log(hi / (1 - hi)) - np.log(lo / (1 - lo)),
    "lift": lambda hi, lo: (hi - lo) / lo,
}


@cache
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 200
    data = pd.DataFrame(
        {"x": rng.normal(size=n), "f": rng.choice(["a", "b", "c"], n), "w": rng.uniform(1, 3, n)}
    )
    data["g"] = rng.choice(["u", "v"], n)
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-data["x"]))).astype(int)
    data["k"] = np.where(rng.random(n) < 0.4, "low", np.where(data["x"] > 0, "mid", "high"))
    data["n"] = rng.poisson(np.exp(0.5 * data["x"]))
    return data


@cache
def models() -> dict[str, Any]:
    return {
        "binomial": g.glm("y ~ x + f", rows(), family="binomial"),
        "poisson": g.glm("n ~ x * f", rows(), family="poisson"),
        "multinom": g.multinom("k ~ x + f", rows()),
        "zeroinfl": g.zeroinfl("n ~ x + f | x", rows()),
    }


OF_COUNTS = [name for name in NAMED if name != "lnor"]
PAIRS = [(model, name) for model in ("binomial", "multinom") for name in NAMED] + [
    (model, name) for model in ("poisson", "zeroinfl") for name in OF_COUNTS
]


@pytest.mark.parametrize(("model", "name"), PAIRS)
def test_a_function_gives_what_its_name_gives(model: str, name: str) -> None:
    fit, function = models()[model], NAMED[name]
    vcov = None if model == "zeroinfl" else "HC0"
    of_means = lambda hi, lo: function(np.mean(hi), np.mean(lo))  # noqa: E731
    pairs = [
        (fit.comparisons(comparison=name), fit.comparisons(comparison=function)),
        (fit.avg_comparisons(comparison=name), fit.avg_comparisons(comparison=of_means)),
        (
            fit.avg_comparisons("x", by="g", comparison=name, wts="w", vcov=vcov),
            fit.avg_comparisons("x", by="g", comparison=of_means, wts="w", vcov=vcov),
        ),
    ]
    for named, written in pairs:
        np.testing.assert_allclose(written["estimate"], named["estimate"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(written["std_error"], named["std_error"], rtol=1e-9)


def test_averages_of_a_function_of_rows_are_means_of_its_values() -> None:
    fit = models()["binomial"]
    each = fit.comparisons("x", comparison=NAMED["ratio"])
    whole = fit.avg_comparisons("x", comparison=NAMED["ratio"])
    assert whole["estimate"][0] == pytest.approx(each["estimate"].mean(), rel=1e-12)
    # the delta method by differences of the coefficients, with predictions written out
    X = g.model_matrix(fit).to_numpy()
    move = np.zeros(X.shape[1])
    move[1] = 1.0

    def mean_ratio(beta: np.ndarray) -> float:
        hi, lo = (1 / (1 + np.exp(-(Z @ beta))) for Z in (X + move, X))
        return float(np.mean(hi / lo))

    beta, V = fit.coefficients.to_numpy(), fit.vcov().to_numpy()
    gradient = np.array(
        [(mean_ratio(beta + h) - mean_ratio(beta - h)) / 2e-5 for h in 1e-5 * np.eye(len(beta))]
    )
    assert whole["std_error"][0] == pytest.approx(np.sqrt(gradient @ V @ gradient), rel=1e-6)
    assert whole["contrast"][0] == "+1"


def test_a_function_is_named_in_the_contrast() -> None:
    def excess(hi: np.ndarray, lo: np.ndarray) -> np.ndarray:
        return np.maximum(hi - lo, 0)

    found = models()["binomial"].avg_comparisons({"f": "reference"}, comparison=excess)
    assert found["contrast"].tolist() == ["excess(b, a)", "excess(c, a)"]


def test_a_corner_is_told() -> None:
    same = lambda hi, lo: np.abs(hi - lo)  # noqa: E731
    with pytest.warns(DataWarning, match="derivatives of comparison are not sure for 2 of 2 predictions"):
        models()["binomial"].comparisons({"x": 0.0}, newdata=rows().head(2), comparison=same)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda hi: hi, "is called with two arrays of predictions .* it raised TypeError"),
        (
            lambda hi, lo: np.median(hi) - np.median(lo),
            "one number for all rows, which is not that of their mean",
        ),
        (lambda hi, lo: hi - lo.mean(), "depends on other rows"),
        (lambda hi, lo: hi[:2], r"of 4 rows it gave an array of shape \(2,\)"),
        (lambda hi, lo: "more", "could not convert|it raised ValueError"),
    ],
)
def test_functions_of_neither_rows_nor_means(function: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        models()["binomial"].comparisons(comparison=function)
