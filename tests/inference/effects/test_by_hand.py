"""Effects of models of several linear predictors: predictions written out by hand, their derivatives by differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import glmformula as g

N = 300
Rows = pd.DataFrame
Mean = Callable[[np.ndarray, Rows], np.ndarray]
"""(r,) parameters and n rows to (n, K)."""


@cache
def data() -> Rows:
    rng = np.random.default_rng(21)
    d = pd.DataFrame({"x": rng.normal(size=N), "z": rng.uniform(1, 3, N), "e": rng.uniform(1, 3, N)})
    d["f"] = rng.choice(["a", "b", "c"], N)
    mean = np.exp(0.3 * d["x"] + 0.4 * (d["f"] == "b") + 0.2 * np.log(d["z"])) * d["e"]
    d["n"] = rng.negative_binomial(1.5, 1.5 / (1.5 + mean)) * (rng.random(N) > 0.3)
    place = np.clip(np.round(d["x"] + rng.logistic(size=N)).astype(int) + 1, 0, 2)
    d["k"] = pd.Categorical.from_codes(place, ["low", "mid", "high"], ordered=True)
    return d


def whole(d: Rows) -> np.ndarray:
    """1, x, fb, fc, x:fb, x:fc."""
    b, c = (d["f"] == "b").to_numpy(float), (d["f"] == "c").to_numpy(float)
    x = d["x"].to_numpy()
    return np.column_stack([np.ones(len(d)), x, b, c, x * b, x * c])


def curved(d: Rows) -> np.ndarray:
    """1, log(z), x, x^2."""
    return np.column_stack([np.ones(len(d)), np.log(d["z"]), d["x"], d["x"] ** 2])


def zip_(b: np.ndarray, d: Rows) -> np.ndarray:
    mu = np.exp(whole(d) @ b[:6] + np.log(d["e"].to_numpy()))
    return (special.expit(-(curved(d) @ b[6:10])) * mu)[:, None]


def hurdle_negbin(b: np.ndarray, d: Rows) -> np.ndarray:
    mu, theta = np.exp(whole(d) @ b[:6]), np.exp(b[10])
    some = 1 - (theta / (theta + mu)) ** theta
    return (special.expit(curved(d) @ b[6:10]) * mu / some)[:, None]


def softmax(b: np.ndarray, d: Rows) -> np.ndarray:
    eta = np.column_stack([np.zeros(len(d)), whole(d) @ b[:6], whole(d) @ b[6:]])
    return np.exp(eta - special.logsumexp(eta, axis=1, keepdims=True))


def cumulative(law: Callable[[np.ndarray], np.ndarray], b: np.ndarray, d: Rows) -> np.ndarray:
    eta = np.column_stack([whole(d)[:, 1:4], curved(d)[:, 1]]) @ b[:4]
    low, mid = law(b[4] - eta), law(b[5] - eta)
    return np.column_stack([low, mid - low, 1 - mid])


MODELS: dict[str, tuple[Callable[[], Any], Mean]] = {
    "zeroinfl": (lambda: g.zeroinfl("n ~ x * f + offset(log(e)) | log(z) + x + I(x^2)", data()), zip_),
    "hurdle": (lambda: g.hurdle("n ~ x * f | log(z) + x + I(x^2)", data(), dist="negbin"), hurdle_negbin),
    "multinom": (lambda: g.multinom("k ~ x * f", data()), softmax),
    "polr": (lambda: g.polr("k ~ x + f + log(z)", data()), lambda b, d: cumulative(special.expit, b, d)),
    "probit": (
        lambda: g.polr("k ~ x + f + log(z)", data(), method="probit"),
        lambda b, d: cumulative(stats.norm.cdf, b, d),
    ),
}
fitted = cache(lambda name: MODELS[name][0]())


def moved(d: Rows, **changes: Any) -> Rows:
    return d.assign(
        **{name: change(d[name]) if callable(change) else change for name, change in changes.items()}
    )


def slope(mean: Mean, b: np.ndarray, d: Rows) -> np.ndarray:
    h = 1e-3
    return sum(
        weight * mean(b, moved(d, x=d["x"] + step * h))
        for step, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1))
    ) / (12 * h)


def groups(values: np.ndarray, d: Rows) -> np.ndarray:
    """Means in groups of f, a category after another."""
    return np.array(
        [values[(d["f"] == f).to_numpy(), k].mean() for k in range(values.shape[1]) for f in "abc"]
    )


def several(mean: Mean) -> dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]]:
    """Ours, and the same by hand."""
    d, few = data(), data().head(4)

    def to(level: str, b: np.ndarray) -> np.ndarray:
        return mean(b, moved(d, f=level)).mean(axis=0)

    return {
        "predictions": (lambda m: g.avg_predictions(m), lambda b: mean(b, d).mean(axis=0)),
        "predictions by": (lambda m: g.avg_predictions(m, by="f"), lambda b: groups(mean(b, d), d)),
        "rows": (lambda m: g.predictions(m, newdata=few), lambda b: mean(b, few).T.ravel()),
        "counterfactual": (
            lambda m: g.avg_predictions(m, {"x": [-1, 1]}),
            lambda b: np.concatenate([mean(b, moved(d, x=v)).mean(axis=0) for v in (-1.0, 1.0)]),
        ),
        "slopes": (lambda m: g.avg_slopes(m, "x"), lambda b: slope(mean, b, d).mean(axis=0)),
        "slopes by": (lambda m: g.avg_slopes(m, "x", by="f"), lambda b: groups(slope(mean, b, d), d)),
        "elasticities": (
            lambda m: g.avg_slopes(m, "x", slope="eyex"),
            lambda b: (slope(mean, b, d) * d[["x"]].to_numpy() / mean(b, d)).mean(axis=0),
        ),
        "slopes of rows": (lambda m: g.slopes(m, "x", newdata=few), lambda b: slope(mean, b, few).T.ravel()),
        "one more": (
            lambda m: g.avg_comparisons(m, "x"),
            lambda b: (mean(b, moved(d, x=d["x"] + 1)) - mean(b, d)).mean(axis=0),
        ),
        "levels": (
            lambda m: g.avg_comparisons(m, "f"),
            lambda b: np.concatenate([to("b", b) - to("a", b), to("c", b) - to("a", b)]),
        ),
        "ratios": (
            lambda m: g.avg_comparisons(m, {"f": ("a", "c")}, comparison="lnratio"),
            lambda b: np.log(to("c", b) / to("a", b)),
        ),
        "ratios of rows": (
            lambda m: g.comparisons(m, {"x": (0, 2)}, newdata=few, comparison="ratio"),
            lambda b: (mean(b, moved(few, x=2.0)) / mean(b, moved(few, x=0.0))).T.ravel(),
        ),
        "hypothesis": (
            lambda m: g.avg_predictions(m, by="f", hypothesis="b1 = b2"),
            lambda b: -np.diff(groups(mean(b, d), d)[:2]),
        ),
    }


ASKED = list(several(zip_))


@pytest.mark.parametrize("name", MODELS)
def test_predictions_by_hand_are_the_model_s(name: str) -> None:
    fit = fitted(name)
    ours = fit.predict(type="probs" if name in ("multinom", "polr", "probit") else "response").to_numpy()
    by_hand = MODELS[name][1](fit.result.solved.parameters, data())
    np.testing.assert_allclose(ours.reshape(N, -1), by_hand, rtol=1e-10)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", MODELS)
def test_effects_are_those_by_hand(name: str, asked: str) -> None:
    fit = fitted(name)
    ours, by_hand = several(MODELS[name][1])[asked]
    found = ours(fit)
    b, V = fit.result.solved.parameters, fit.joint_covariance
    size = np.sqrt(np.diag(V))
    steps = 1e-3 * np.diag(size)
    gradient = (
        np.array(
            [
                (by_hand(b - 2 * h) - 8 * by_hand(b - h) + 8 * by_hand(b + h) - by_hand(b + 2 * h)) / 12e-3
                for h in steps
            ]
        )
        / size[:, None]
    )
    np.testing.assert_allclose(found["estimate"], by_hand(b), rtol=1e-6, atol=1e-9)
    errors = np.sqrt(np.einsum("re,rs,se->e", gradient, V, gradient))
    np.testing.assert_allclose(found["std_error"], errors, rtol=1e-6, atol=1e-10)
