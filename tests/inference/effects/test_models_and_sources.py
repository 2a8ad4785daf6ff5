"""Effects of every class of models and kind of rows: derivatives by differences, pieces against memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.fitted.asked import asked
from glmformula.inference.effects.averages import averages, each_row
from glmformula.inference.effects.table import Asking
from glmformula.inference.effects.tables import Question, comparison_table, prediction_table, slope_table

N = 600


@cache
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=N), "z": rng.uniform(1, 5, N), "e": rng.uniform(1, 3, N)})
    data["f"] = rng.choice(["a", "b", "c"], N)
    data["i"] = rng.integers(0, 4, N)
    data["b"] = data["x"] + rng.normal(size=N) > 0.2
    data["w"] = rng.uniform(0.5, 2, N)
    mean = np.exp(0.2 * data["x"] + 0.3 * np.log(data["z"]) + 0.4 * (data["f"] == "b")) * data["e"]
    data["y"] = rng.poisson(mean) * (rng.random(N) > 0.25)
    data["one"] = (data["y"] > 2).astype(int)
    data["c"] = pd.cut(data["y"], [-1, 1, 3, 99], labels=["lo", "mid", "hi"]).astype("object")
    data["c"] = pd.Categorical(data["c"], ["lo", "mid", "hi"])
    return data


FITS: dict[str, Callable[[], Any]] = {
    "glm": lambda: g.glm("one ~ x * f + log(z) + ns(e, 3) + b", rows(), family="binomial"),
    "offset": lambda: g.glm("y ~ x * f + I(z^2) + offset(log(e))", rows(), family="poisson", weights="w"),
    "lm": lambda: g.lm("y ~ poly(x, 2) * f + factor(i) + b", rows()),
    "glm_nb": lambda: g.glm_nb("y ~ x * f + log(z)", rows()),
    "zeroinfl": lambda: g.zeroinfl("y ~ x * f + offset(log(e)) | log(z) + x", rows()),
    "hurdle": lambda: g.hurdle("y ~ x + ns(z, 3) | f + log(z)", rows()),
    "multinom": lambda: g.multinom("c ~ x * f + log(z)", rows()),
    "polr": lambda: g.polr("c ~ x + poly(z, 2) + f", rows()),
}
fitted = cache(lambda name: FITS[name]())


class Keeping(Question):
    """A call whose table has the gradients of rows too."""

    keeps = True  # type: ignore[assignment]


def question(fit: Any, by: Any = True, newdata: Any = None) -> Question:
    return Keeping(fit, None, by, newdata, None, None, None, Asking())


def estimates_at(table: Callable[[Question], Any], asking: Question, parameters: np.ndarray) -> np.ndarray:
    """The estimates that the model would give with other parameters."""
    import glmformula.inference.effects.tables as module

    own = module.asked
    try:
        module.asked = lambda *args: replace(own(*args), parameters=parameters)  # type: ignore[assignment]
        return table(asking)["estimate"].to_numpy()
    finally:
        module.asked = own


@pytest.mark.parametrize("by", ["f", None], ids=["groups", "rows"])
@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize(
    "table",
    [
        lambda q: slope_table(q, "dydx"),
        lambda q: slope_table(q, "eyex"),
        lambda q: comparison_table(q, "ratio", False),
        prediction_table,
    ],
    ids=["slopes", "elasticities", "comparisons", "predictions"],
)
def test_gradients_are_those_by_differences(name: str, table: Callable[[Question], Any], by: Any) -> None:
    fit = fitted(name)
    asking = question(fit, by, None if by else rows().head(4))
    found = table(asking)
    beta = asked(fit, "probs" if name in ("multinom", "polr") else None).parameters
    scale = np.sqrt(np.diag(found.covariance))
    for seed in (1, 2):
        way = np.random.default_rng(seed).normal(size=len(beta)) * scale
        h = 1e-3
        shifted = [estimates_at(table, asking, beta + k * h * way) for k in (-2, -1, 1, 2)]
        along = (shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / (12 * h)
        size = np.abs(found["estimate"].to_numpy()) + found["std_error"].to_numpy()
        np.testing.assert_allclose(found.estimates.gradient @ way / size, along / size, rtol=1e-7, atol=3e-8)
        spread = np.einsum(
            "er,rs,es->e", found.estimates.gradient, found.covariance, found.estimates.gradient
        )
        np.testing.assert_allclose(found["std_error"], np.sqrt(spread), rtol=1e-9)


@pytest.mark.parametrize("name", FITS)
def test_slopes_are_differences_of_average_predictions(name: str) -> None:
    fit, data, h = fitted(name), rows(), 1e-4

    def mean(variable: str, step: float) -> np.ndarray:
        moved = data.assign(**{variable: data[variable] + step})
        return fit.avg_predictions(newdata=moved)["estimate"].to_numpy()

    found = fit.avg_slopes()
    for variable in {"x", "z"} & set(found["term"]):
        by_steps = (
            8 * (mean(variable, h) - mean(variable, -h)) - (mean(variable, 2 * h) - mean(variable, -2 * h))
        ) / (12 * h)
        ours = found.loc[found["term"] == variable, "estimate"]
        np.testing.assert_allclose(ours, by_steps, rtol=1e-7, atol=1e-10)


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("avg_slopes", {}),
    ("avg_slopes", {"by": "f", "slope": "eyex"}),
    ("avg_comparisons", {"by": ["i", "f"], "wts": True}),
    ("avg_comparisons", {"variables": {"x": "sd", "z": "minmax", "f": "pairwise"}, "vcov": "HC1"}),
    ("avg_comparisons", {"variables": ["x", "f"], "cross": True, "comparison": "ratio", "wts": "w"}),
    ("avg_predictions", {"variables": {"f": None, "x": [0, 1]}, "hypothesis": "revpairwise"}),
    ("avg_predictions", {"newdata": "balanced"}),
    ("slopes", {"newdata": "mean"}),
    ("risk_ratio", {"treatment": "f", "by": "b"}),
]


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "dask"])
def test_rows_in_pieces_say_what_rows_in_memory_say(kind: str, tmp_path: Path) -> None:
    data = rows()
    path = tmp_path / "rows.parquet"
    data.drop(columns="c").to_parquet(path, row_group_size=170)
    source: Any = path
    if kind == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        source = (f"SELECT * FROM '{path}'", duckdb.connect())
    if kind == "dask":
        source = pytest.importorskip("dask.dataframe").from_pandas(data.drop(columns="c"), npartitions=3)
    call = {
        "formula": "y ~ x * f + log(z) + ns(e, 3) + b + offset(log(e))",
        "family": "poisson",
        "weights": "w",
    }
    memory, pieces = g.glm(data=data, **call), g.glm(data=source, **call)
    for verb, options in CALLS:
        ours, theirs = getattr(memory, verb)(**options), getattr(pieces, verb)(**options)
        np.testing.assert_allclose(theirs["estimate"], ours["estimate"], rtol=1e-10)
        np.testing.assert_allclose(theirs["conf_low"], ours["conf_low"], rtol=1e-9)
    new = memory.avg_slopes(newdata=source)
    np.testing.assert_allclose(new["estimate"], memory.avg_slopes()["estimate"], rtol=1e-10)


def test_many_blocks_of_rows_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import glmformula.inference.effects.population as population
    import glmformula.inference.effects.views as views

    fit = fitted("glm")
    whole = fit.avg_comparisons(by=["f", "b"])
    each = fit.slopes("z")
    monkeypatch.setattr(population, "ROWS", 97)
    monkeypatch.setattr(views, "FEWEST", 10)
    monkeypatch.setattr(views, "CELLS", 100)
    cut = fit.avg_comparisons(by=["f", "b"])
    pd.testing.assert_frame_equal(
        cut.frame[["term", "contrast", "f", "b"]], whole.frame[["term", "contrast", "f", "b"]]
    )
    np.testing.assert_allclose(cut["std_error"], whole["std_error"], rtol=1e-12)
    np.testing.assert_allclose(fit.slopes("z")["std_error"], each["std_error"], rtol=1e-12)


def test_a_model_without_rows_needs_new_ones() -> None:
    fit = fitted("glm").strip_data()
    with pytest.raises(g.DataError, match=r"no training rows.*newdata="):
        fit.avg_slopes()
    ours = fit.avg_slopes(newdata=rows())
    np.testing.assert_allclose(ours["estimate"], fitted("glm").avg_slopes()["estimate"], rtol=1e-12)
    with pytest.raises(g.DataError, match="a grid needs a value of b, f, x, z"):
        fit.datagrid(e=2)
    grid = fit.datagrid(b=True, f=["a", "b"], x=0, z=2, e=2)
    assert len(fit.predictions(newdata=grid)) == 2


def test_effects_that_the_data_do_not_identify_are_missing() -> None:
    data = rows().assign(double=lambda d: 2 * d["x"])
    fit = g.glm("y ~ x + double + f", data, family="poisson")
    with pytest.warns(g.RankWarning, match="3 of 9 effects are not estimable and are NaN: term double"):
        found = fit.comparisons(["double", "f"], newdata=data.head(3))
    numbers = found[["estimate", "std_error"]]
    assert numbers[found["term"] == "double"].isna().all(axis=None)
    assert numbers[found["term"] == "f"].notna().all(axis=None)


def test_estimates_of_averages_and_rows_agree() -> None:
    fit = fitted("multinom")
    made = question(fit)
    population = made.rows()
    from glmformula.inference.effects.tasks import Task

    plan = made.plan([Task(())], {})
    whole = averages(plan, population)
    unit = each_row(plan, population, np.eye(plan.model.layout.size), True)
    assert unit.gradient is not None
    np.testing.assert_allclose(unit.value.reshape(3, -1).mean(axis=1), whole.value, rtol=1e-12)
    np.testing.assert_allclose(
        unit.gradient.reshape(3, N, -1).mean(axis=1), whole.gradient, rtol=1e-9, atol=1e-14
    )


def test_unconditional_errors() -> None:
    data = rows()
    saturated = g.glm("one ~ f", data, family="binomial")
    found = saturated.avg_predictions(unconditional=True)
    assert found["std_error"][0] == pytest.approx(data["one"].std(ddof=0) / np.sqrt(N), rel=1e-9)
    by = saturated.avg_predictions(by="f", unconditional=True)
    shares = data.groupby("f")["one"].agg(["mean", "size"])
    np.testing.assert_allclose(
        by["std_error"], np.sqrt(shares["mean"] * (1 - shares["mean"]) / shares["size"]), rtol=1e-9
    )
    ratio = saturated.avg_comparisons({"f": ("a", "b")}, comparison="lnratio", unconditional=True)
    a, b = shares.loc["a"], shares.loc["b"]
    expected = np.sqrt((1 - a["mean"]) / a["mean"] / a["size"] + (1 - b["mean"]) / b["mean"] / b["size"])
    assert ratio["std_error"][0] == pytest.approx(expected, rel=1e-9)
    assert fitted("zeroinfl").avg_slopes("x", unconditional=True)["std_error"].between(0.001, 1).all()
    for options, text in (
        ({"newdata": "mean"}, "leave newdata= out"),
        ({"vcov": "HC1"}, "leave vcov= out"),
    ):
        with pytest.raises(g.DataError, match=text):
            saturated.avg_predictions(unconditional=True, **options)


def test_unconditional_errors_need_rows_in_memory(tmp_path: Path) -> None:
    rows().drop(columns="c").to_parquet(tmp_path / "rows.parquet")
    fit = g.glm("one ~ f", tmp_path / "rows.parquet", family="binomial")
    with pytest.raises(g.DataError, match="needs the rows in memory"):
        fit.avg_slopes(unconditional=True)
    with pytest.raises(g.DataError, match="there is an effect for each row, and the rows are not held"):
        fit.slopes("f")
    with pytest.raises(g.DataError, match="quartiles"):
        g.glm("one ~ x", tmp_path / "rows.parquet", family="binomial").avg_comparisons({"x": "iqr"})
    with pytest.raises(g.DataError, match="the median of 'x' needs all rows together"):
        g.glm("one ~ x", tmp_path / "rows.parquet", family="binomial").slopes(newdata="median")
    with pytest.raises(g.DataError, match="a counterfactual grid copies all rows"):
        fit.datagrid(f="a", grid_type="counterfactual")
    with pytest.raises(g.DataError, match="have their weights in a column"):
        fit.avg_slopes(wts=[1.0, 2.0])
    with pytest.raises(g.DataError, match="by a function of the column needs rows in memory"):
        fit.datagrid(f=lambda column: ["a"])
