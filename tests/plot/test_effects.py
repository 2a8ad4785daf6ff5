"""Effect plots: every kind of column, at what the others are held, a second variable, fits without rows."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, RankWarning, effect_plot, glm, load

from matplotlib import pyplot as plt  # isort: skip

N = 240
LONG = [
    "a very long level name of a department",
    "another, quite long name too",
    "short",
    "third level, long as well",
]


def rows():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"i": rng.integers(1, 6, N), "x": rng.normal(size=N), "t": rng.random(N) > 0.5})
    data["s"] = np.array(LONG)[np.arange(N) % 4]
    data["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 400, N), "D")
    data["date"] = [stamp.date() for stamp in data["day"]]
    data["zoned"] = data["day"].dt.tz_localize("Europe/Berlin")
    data["number"] = pd.Categorical(np.array([10, 2, 5])[np.arange(N) % 3])
    data["fraction"] = pd.Categorical(np.array([0.25, 3.0])[np.arange(N) % 2])
    data["interval"] = pd.cut(data["x"], [-9, -0.5, 0.5, 9])
    data["quarter"] = pd.Categorical(data["day"].dt.to_period("Q").dt.start_time)
    data["answer"] = pd.Categorical(data["t"])
    data["whole"] = data["i"].astype("Int64")
    data["exposure"] = rng.random(N) + 0.5
    data["y"] = rng.poisson(np.exp(0.3 * data["x"] + 0.1 * data["i"]))
    data["b"] = (rng.random(N) < 0.4).astype(int)
    return data


@pytest.fixture(scope="module")
def data():
    return rows()


def caption(axis):
    return next((t.get_text().replace("\n", " ") for t in axis.texts if t.get_gid() == "note"), "")


def ticks(axis):
    return [t.get_text().replace("\n", " ") for t in axis.get_xticklabels()]


def drawn(axis, k=0):
    return axis.containers[k].lines[0].get_ydata().astype(float)


@pytest.mark.parametrize(
    ("formula", "variable", "labels"),
    [
        ("y ~ factor(i) + x", "i", list("12345")),
        ("y ~ factor(i):x", "i", list("12345")),
        ("y ~ as.factor(i) + i", "i", list("12345")),
        ("y ~ ordered(i)", "i", list("12345")),
        ("y ~ as.character(i)", "i", list("12345")),
        ("y ~ C(i) + x", "i", list("12345")),
        ("log(y + 1) ~ addNA(factor(i))", "i", list("12345")),
        ("y ~ factor(whole)", "whole", list("12345")),
        ("b ~ factor(i)", "i", list("12345")),
        ("y ~ interaction(i, t)", "i", list("12345")),
        ("y ~ number + x", "number", ["2", "5", "10"]),
        ("y ~ fraction", "fraction", ["0.25", "3"]),
        ("y ~ interval + t", "interval", ["(-9.0, -0.5]", "(-0.5, 0.5]", "(0.5, 9.0]"]),
        ("y ~ quarter", "quarter", ["2020-01-01", "2020-04-01", "2020-07-01", "2020-10-01", "2021-01-01"]),
        ("y ~ answer", "answer", ["FALSE", "TRUE"]),
        ("y ~ t + x", "t", ["FALSE", "TRUE"]),
        ("y ~ factor(t)", "t", ["FALSE", "TRUE"]),
        ("y ~ s + day", "s", LONG),
    ],
)
def test_a_point_for_each_level(data, formula, variable, labels):
    family = {"b": "binomial", "l": "gaussian"}.get(formula[0], "poisson")
    fit = glm(formula, data, family)
    axis = effect_plot(fit, variable)
    assert ticks(axis) == labels
    held = {
        name: data[name].mean() for name in ("x", "day") if name in formula.split("~")[1] and name != variable
    }
    codes = pd.factorize(data[variable], sort=True)[0]
    new = data.iloc[[int(np.argmax(codes == k)) for k in range(len(labels))]].assign(**held)
    if "t" in formula.split("~")[1] and variable != "t":
        new["t"] = data["t"].mode()[0]
    np.testing.assert_allclose(drawn(axis), fit.predict(new, type="response"), rtol=1e-5)
    shown = np.asarray(axis.collections[-1].get_offsets())
    np.testing.assert_array_equal(np.round(shown[:, 0]), codes)


@pytest.mark.parametrize("column", ["day", "date", "zoned"])
@pytest.mark.parametrize("formula", ["y ~ {} + x", "b ~ {} + x", "y ~ months({}) + x"])
def test_a_line_over_time(data, column, formula):
    fit = glm(formula.format(column), data, "binomial" if formula[0] == "b" else "poisson")
    axis = effect_plot(fit, column)
    x, y = axis.lines[0].get_data()
    days = pd.Series(pd.DatetimeIndex(x))
    assert (days.iloc[0], days.iloc[-1]) == (data["day"].min(), data["day"].max())
    back = {"day": days, "date": days.dt.date, "zoned": days.dt.tz_localize("Europe/Berlin")}[column]
    if column != "zoned":  # whose clock is put forward in spring
        new = pd.DataFrame({column: back, "x": data["x"].mean()})
        np.testing.assert_allclose(y, fit.predict(new, type="response"), rtol=1e-12)
    assert caption(axis) == f"held at x = {data['x'].mean():.4g}"


@pytest.mark.parametrize("size", [(2.5, 2.5), (5, 4), (10, 3)])
@pytest.mark.parametrize("days", [1, 30, 400, 9000])
def test_times_do_not_collide(size, days):
    data = pd.DataFrame(
        {"when": pd.date_range("2019-11-03", periods=50, freq=f"{days * 1440 // 50}min"), "y": 1.0}
    )
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    effect_plot(glm("y ~ when", data, "poisson"), "when", axis=axis)
    figure.canvas.draw()
    low, high = axis.get_xlim()
    shown = [t for t in axis.get_xticklabels() if low <= t.get_position()[0] <= high]
    boxes = [t.get_window_extent() for t in shown]
    assert len(boxes) >= 1
    assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))


def test_a_time_is_a_factor_where_the_formula_says_so(data):
    few = data[data["day"].dt.day == 1]
    axis = effect_plot(glm("y ~ factor(day)", few, "gaussian"), "day")
    assert ticks(axis) == sorted(few["day"].dt.strftime("%Y-%m-%d").unique())


def test_it_says_at_what_the_others_are_held(data):
    fit = glm("y ~ x + factor(i) + s + day + offset(log(exposure))", data, "poisson")
    i, s = data["i"].mode()[0], sorted(LONG)[0]
    day = data["day"].mean().floor("s")
    exposure = f"{data['exposure'].mean():.4g}"
    axis = effect_plot(fit, "x")
    assert caption(axis) == f"held at i = {i}, s = {s}, day = {day}, exposure = {exposure} (offset)"
    given = {"day": "2020-05-01", "exposure": 1, "i": 2, "s": "short"}
    axis = effect_plot(fit, "x", at=given)
    assert caption(axis) == "held at i = 2, s = short, day = 2020-05-01, exposure = 1 (offset)"
    x, y = axis.lines[0].get_data()
    new = pd.DataFrame(given | {"x": x, "day": pd.Timestamp("2020-05-01")})
    np.testing.assert_allclose(y, fit.predict(new, type="response"), rtol=1e-12)
    assert caption(effect_plot(glm("y ~ x", data, "poisson", offset=2.0), "x")) == "held at offset = 2"
    named = effect_plot(glm("y ~ x", data, "poisson", offset="log(exposure)"), "x")
    assert caption(named) == f"held at exposure = {exposure} (offset)"
    assert caption(effect_plot(glm("y ~ x", data, "poisson"), "x")) == ""


@pytest.mark.parametrize("size", [(3, 3), (5.5, 4.5), (9, 3)])
@pytest.mark.parametrize("levels", [LONG, [f"number {k}" for k in range(60)], [f"{k}" for k in range(400)]])
def test_names_of_levels_do_not_collide(size, levels):
    data = pd.DataFrame({"s": levels * 3, "y": np.arange(3 * len(levels)) % 7, "x": 1.0})
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    effect_plot(glm("y ~ s", data, "poisson"), "s", axis=axis)
    axis.set_title("a title beside the caption")
    figure.canvas.draw()
    labels = axis.get_xticklabels()
    assert axis.bbox.height > figure.bbox.height / 5
    if all(label.get_rotation() == 0 for label in labels):
        boxes = [label.get_window_extent() for label in labels]
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))
    else:
        apart = np.diff([axis.transData.transform((label.get_position()[0], 0))[0] for label in labels])
        assert (apart >= 0.8 * labels[0].get_fontsize() * figure.dpi / 72).all()


def test_a_line_for_each_level_of_another(data):
    fit = glm("y ~ x * s", data, "poisson")
    axis = effect_plot(fit, "x", by="s")
    legend = axis.get_legend()
    assert legend.get_title().get_text() == "s"
    assert [t.get_text() for t in legend.get_texts()] == LONG
    for line, level in zip(axis.lines, LONG, strict=True):
        x, y = line.get_data()
        np.testing.assert_allclose(
            y, fit.predict(pd.DataFrame({"x": x, "s": level}), type="response"), rtol=1e-12
        )
    sizes = [len(c.get_offsets()) for c in axis.collections[len(LONG) :]]
    assert sizes == [60] * 4  # each level's rows in its colour


def test_points_for_each_level_of_another(data):
    fit = glm("b ~ factor(i) * t", data, "binomial")
    axis = effect_plot(fit, "i", by="t", type="link")
    for k, t in enumerate([False, True]):
        new = pd.DataFrame({"i": np.arange(1, 6), "t": t})
        np.testing.assert_allclose(drawn(axis, k), fit.predict(new), rtol=1e-12)
    x = [c.lines[0].get_xdata() for c in axis.containers]
    assert (x[0] < x[1]).all()
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["FALSE", "TRUE"]


def test_a_number_is_divided_at_its_quartiles(data):
    fit = glm("y ~ x * exposure + i", data, "poisson")
    quartiles = np.quantile(data["exposure"], [0.25, 0.5, 0.75])
    texts = [t.get_text() for t in effect_plot(fit, "x", by="exposure").get_legend().get_texts()]
    assert [float(t) for t in texts] == pytest.approx(quartiles, rel=1e-3)
    texts = [t.get_text() for t in effect_plot(fit, "x", by="i").get_legend().get_texts()]
    assert texts == list("12345")
    texts = effect_plot(fit, "x", by="i", at={"i": [2, 2.5]}).get_legend().get_texts()
    assert [t.get_text() for t in texts] == ["2", "2.5"]


def test_some_levels_are_drawn(data):
    fit = glm("y ~ factor(i) + s", data, "poisson")
    axis = effect_plot(fit, "i", at={"i": [4, 2]}, by="s")
    assert ticks(axis) == ["4", "2"]
    axis = effect_plot(fit, "i", by="s", at={"s": ["short"]})
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["short"]


def test_combinations_that_no_row_has_are_gaps(data):
    some = data[~((data["i"] == 2) & data["t"])]
    fit = glm("y ~ factor(i) * t", some, "poisson")
    with pytest.warns(RankWarning, match="1 of 10 rows are not estimable"):
        axis = effect_plot(fit, "i", by="t")
    assert np.isnan(drawn(axis, 1)).tolist() == [False, True, False, False, False]
    axis = effect_plot(glm("y ~ interaction(i, t)", some, "poisson"), "i", by="t")
    assert np.isnan(drawn(axis, 1)).tolist() == [False, True, False, False, False]


@pytest.mark.parametrize("type", ["response", "link"])
def test_an_endless_interval_leaves_the_rest_readable(data, type):
    some = data.assign(y=np.where(data["t"], 0, data["y"]))
    with pytest.warns(match="separat"):
        fit = glm("y ~ t", some, "poisson")
    axis = effect_plot(fit, "t", type=type)
    low, high = axis.get_ylim()
    assert np.isfinite([low, high]).all()
    assert high - low < 40
    markers = {line.get_marker() for line in axis.lines if len(line.get_xdata())}
    assert "^" in markers


def test_names_are_written_as_they_are(data):
    odd = data.assign(**{"$x$ y": np.where(data["t"], "_$a$_", "_b")})
    axis = effect_plot(glm("y ~ x * `$x$ y`", odd, "poisson"), "x", by="$x$ y")
    axis.figure.canvas.draw()
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["_$a$_", "_b"]
    effect_plot(glm("y ~ x * `$x$ y`", odd, "poisson"), "$x$ y").figure.canvas.draw()


def test_rows_of_one_label_are_rows(data):
    same = data.set_index(np.zeros(N, dtype=int))
    axis = effect_plot(glm("y ~ x + s", same, "poisson", subset="x > 0"), "x")
    assert len(axis.collections[1].get_offsets()) == (data["x"] > 0).sum()


def test_a_model_without_rows_is_drawn_where_at_says_all(data, tmp_path):
    fit = glm("y ~ x + s + factor(i) + offset(log(exposure))", data, "poisson")
    fit.save(tmp_path / "model.json")
    for bare in (load(tmp_path / "model.json"), fit.strip_data()):
        at = {"x": 0.5, "i": 2, "exposure": 1}
        np.testing.assert_array_equal(
            drawn(effect_plot(bare, "s", at=at)), drawn(effect_plot(fit, "s", at=at))
        )
        at = {"x": [-1, 0, 1], "i": 2, "exposure": 1}
        one, two = (effect_plot(model, "x", at=at, by="s") for model in (bare, fit))
        for a, b in zip(one.lines, two.lines, strict=True):
            np.testing.assert_array_equal(a.get_ydata(), b.get_ydata())
        with pytest.raises(
            DataError,
            match=r"holds no training rows: at= lacks 'exposure', 'i', 'x' \(a list of values to draw\); or predict",
        ):
            effect_plot(bare, "x", at={"s": "short"})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"at": {"s": "shrt"}}, DataError, "factor s has new level shrt"),
        ({"at": {"i": 9}}, DataError, r"factor factor\(i\) has new level 9"),
        ({"at": {"x": 3}}, ValueError, "'x' moves, so it takes a list of the values to draw; got 3"),
        (
            {"at": {"i": [1, 2]}},
            ValueError,
            r"'i' is held at one value; got \[1, 2\] \(by='i' draws several\)",
        ),
        ({"by": "x"}, ValueError, "by should be another variable than the one that moves, 'x'"),
        ({"by": "ss"}, DataError, "'ss' is not a variable of the model's right side"),
        ({"by": "i", "at": {"i": [1, 9]}}, DataError, r"factor factor\(i\) has new level 9"),
        ({"by": "many"}, DataError, "by='many' has 40 levels, and more than 20 lines cannot be told apart"),
        ({"type": "terms"}, ValueError, "type should be 'response' or 'link'; got 'terms'"),
    ],
)
def test_what_cannot_be_drawn_is_told(data, options, error, message):
    fit = glm("y ~ x + s + factor(i) + many", data.assign(many=(np.arange(N) % 40).astype(str)), "poisson")
    with pytest.raises(error, match=message):
        effect_plot(fit, "x", **options)


def test_dates_of_objects_are_held_at_a_day(data):
    axis = effect_plot(glm("y ~ x + date", data, "poisson"), "x", at={"date": datetime.date(2020, 3, 1)})
    assert caption(axis) == "held at date = 2020-03-01"
