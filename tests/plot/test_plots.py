"""The data in the artists, not the pixels."""

from __future__ import annotations

import json

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from glmformula import (
    DataError,
    binomial,
    coefficient_plot,
    effect_plot,
    gaussian,
    glm,
    lm,
    load,
    poisson,
    profile_plot,
)
from glmformula.datasets import attrition
from glmformula.plot.canvas import LINE, shortened, smooth

mpl.use("Agg")
from matplotlib import pyplot as plt


@pytest.fixture(scope="module")
def left():
    return glm("left ~ salary + overtime_hours", attrition(), binomial())


@pytest.fixture(scope="module")
def sick():
    data = attrition()
    data["site"] = pd.Categorical(np.array(list("abcd"))[data.index % 4])
    return glm("sick_days ~ overtime_hours + site", data, poisson())


def points(axis, k=0):
    return np.asarray(axis.collections[k].get_offsets())


def test_panels_show_the_residuals(sick):
    figure = sick.plot((1, 2, 3, 4, 5, 6))
    fitted, qq, scale, cook, leverage, _ = figure.axes
    np.testing.assert_allclose(
        points(fitted), np.column_stack([sick.linear_predictors, sick.residuals("pearson")])
    )
    np.testing.assert_allclose(np.sort(points(qq)[:, 1]), np.sort(np.abs(sick.rstandard("deviance"))))
    n = sick.nobs
    np.testing.assert_allclose(np.sort(points(qq)[:, 0]), ndtri(((np.arange(n) + 0.5) / n + 1) / 2))
    assert (np.argsort(points(qq)[:, 0]) == np.argsort(points(qq)[:, 1], kind="stable")).all()
    np.testing.assert_allclose(points(scale)[:, 1], np.sqrt(np.abs(sick.rstandard("pearson"))))
    heights = [path.vertices[1, 1] for path in cook.collections[0].get_paths()]
    np.testing.assert_allclose(heights, sick.cooks_distance())
    np.testing.assert_allclose(
        points(leverage), np.column_stack([sick.hatvalues(), sick.rstandard("pearson")])
    )
    worst = set(sick.cooks_distance().sort_values().index[-3:].astype(str))
    assert {t.get_text() for t in cook.texts} == worst


def test_cook_contours_hold_their_level(sick):
    axis = sick.plot(5).axes[0]
    lines = [line for line in axis.lines if line.get_gid() == "cook 0.5"]
    h, r = lines[0].get_data()
    np.testing.assert_allclose(r**2 * h / (1 - h) / sick.rank, 0.5)


def test_panels_go_where_they_are_told(sick):
    figure, axes = plt.subplots(1, 2)
    assert sick.plot((1, 2), axes=axes) is figure
    with pytest.raises(ValueError, match="axes should be 3 matplotlib axes"):
        sick.plot((1, 2, 3), axes=axes)
    with pytest.raises(ValueError, match="which should be numbers from 1 to 6; got 7"):
        sick.plot(7)


def test_effect_of_a_number(left):
    axis = effect_plot(left, "overtime_hours", at={"salary": 40_000})
    x, y = axis.lines[0].get_data()
    new = pd.DataFrame({"salary": 40_000.0, "overtime_hours": x})
    expected = left.predict(new, type="response", interval="confidence")
    np.testing.assert_allclose(y, expected["fit"])
    band = axis.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(expected["upr"].max())
    assert band[:, 1].min() == pytest.approx(expected["lwr"].min())
    data = attrition()
    assert len(points(axis, 1)) == len(data)
    shares = points(axis, 2)
    assert ((shares[:, 1] >= 0) & (shares[:, 1] <= 1)).all()
    assert axis.get_xlabel() == "overtime_hours"


def test_effect_of_a_factor(sick):
    axis = effect_plot(sick, "site")
    assert [t.get_text() for t in axis.get_xticklabels()] == list("abcd")
    new = pd.DataFrame({"site": list("abcd"), "overtime_hours": attrition()["overtime_hours"].mean()})
    np.testing.assert_allclose(
        axis.containers[0].lines[0].get_ydata().astype(float), sick.predict(new, type="response")
    )
    effect_plot(sick, "site", type="link", points=False)
    with pytest.raises(DataError, match="'sites' is not a variable of the model's right side; the nearest"):
        effect_plot(sick, "sites")


def test_coefficients_with_their_intervals(sick):
    axis = coefficient_plot(sick, exponentiate=True, method="wald")
    table = sick.tidy(conf_int=True, exponentiate=True, conf_method="wald").iloc[1:]
    np.testing.assert_allclose(axis.containers[0].lines[0].get_xdata().astype(float), table["estimate"])
    segments = np.array(axis.containers[0].lines[2][0].get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], table["conf_low"])
    np.testing.assert_allclose(segments[:, 1, 0], table["conf_high"])
    assert [t.get_text() for t in axis.get_yticklabels()] == list(table["term"])


def test_profiles(left):
    curves = left.profile(["overtime_hours"])
    axis = profile_plot(curves).axes[0]
    x, z = axis.lines[0].get_data()
    assert z.min() == 0
    assert x[np.argmin(z)] == pytest.approx(left.coefficients["overtime_hours"])


@pytest.mark.parametrize("case", ["two", "three", "most_on_one", "six", "two_clusters", "many"])
def test_the_smooth_is_lowess(reference, case):
    stored = json.loads((reference / "lowess.json").read_text(encoding="utf-8"))["cases"][case]
    at, fitted = smooth(np.array(stored["x"]), np.array(stored["y"]))
    np.testing.assert_array_equal(at, stored["at"])
    np.testing.assert_allclose(fitted, stored["line"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("right", ["1", "one", "rare", "half * third"])
def test_few_distinct_fitted_values_give_a_line_through_their_means(right):
    data = attrition().assign(one=lambda d: d.index % 2, rare=lambda d: (d.index % 50 == 0) + 0.0)
    data = data.assign(half=data.index % 2, third=(data.index % 3).astype(str))
    fit = glm(f"sick_days ~ {right}", data, poisson())
    for axis in fit.plot((1, 3, 5, 6)).axes:
        (line,) = [line for line in axis.lines if line.get_color() == LINE]
        x, y = (np.asarray(v, dtype=float) for v in line.get_data())
        shown = points(axis).astype(float)
        assert set(x) <= set(shown[:, 0])
        assert len(x) == 0 or (y.min() >= shown[:, 1].min() and y.max() <= shown[:, 1].max())


def overlaps(axis):
    boxes = [text.get_window_extent() for text in axis.texts]
    return [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


@pytest.mark.parametrize("names", ["{}", "the one and only row that is called {}", "$a_{}$"])
def test_labels_of_rows_do_not_collide(names):
    data = pd.DataFrame({"y": [1.0, 1, 1, 9, 9, 9, 2, 3], "x": [0.0, 0, 0, 0, 0, 0, 1, 1]})
    data.index = [names.format(k) for k in range(8)]
    figure = glm("y ~ x", data, gaussian()).plot((1, 2, 3, 4, 5, 6), label=6)
    figure.canvas.draw()
    for axis in figure.axes:
        assert len(axis.texts) >= 6
        assert not overlaps(axis)
        frame = axis.get_window_extent()
        for text in axis.texts:
            box = text.get_window_extent()
            assert frame.x0 - 1 <= box.x0
            assert box.x1 <= frame.x1 + 1
    assert {t.get_text() for t in figure.axes[3].texts} <= {shortened(name, 20) for name in data.index}


def test_texts_of_others_are_left_alone(left):
    _, axis = plt.subplots()
    axis.text(0.5, 0.5, "mine", transform=axis.transAxes)
    left.plot(1, axes=axis)
    assert axis.texts[0].get_position() == (0.5, 0.5)


def test_a_leverage_near_one_has_contours():
    data = pd.DataFrame({"x": [1, 2, 3, 4, 5, 30.0], "y": [1, 2, 3, 4, 5.5, 3]})
    axis = glm("y ~ x", data, gaussian()).plot(5).axes[0]
    lines = [line for line in axis.lines if line.get_gid() == "cook 1"]
    assert all(np.isfinite(line.get_ydata()).all() and line.get_xdata().max() <= 1 for line in lines)
    assert not overlaps(axis)


def test_panels_say_that_they_need_rows(left):
    with pytest.raises(
        DataError, match=r"holds no training rows .* coefficient_plot\(fit\), and effect_plot"
    ):
        left.strip_data().plot()


def test_a_smooth_of_a_line_is_the_line():
    x = np.linspace(0, 1, 50)
    at, fitted = smooth(x, 3 * x - 1)
    np.testing.assert_allclose(fitted, 3 * at - 1, atol=1e-12)
    assert len(smooth(np.ones(5), x[:5])[0]) == 0


def test_rows_of_leverage_one_and_zero_weight_are_left_out():
    data = pd.DataFrame({"y": [1.0, 2, 3, 5, 9], "x": [0.0, 0, 0, 0, 1], "w": [1, 1, 1, 0, 1]})
    fit = glm("y ~ x", data, gaussian(), weights="w")
    figure = fit.plot((1, 5))
    assert len(points(figure.axes[0])) == 4
    assert np.isfinite(points(figure.axes[1]).astype(float)).all(axis=1).sum() == 3


def test_coefficients_of_a_model_without_its_rows(sick, tmp_path):
    """Nothing of the rows is needed: Wald's intervals, where profiles are the default."""
    sick.save(tmp_path / "model.json")
    axis = coefficient_plot(load(tmp_path / "model.json"))
    wald = coefficient_plot(sick, method="wald")
    for ours, theirs in zip(axis.containers[0].lines[2], wald.containers[0].lines[2], strict=True):
        np.testing.assert_allclose(ours.get_segments(), theirs.get_segments())


@pytest.mark.parametrize("fit", [lm, glm])
def test_rows_that_all_have_leverage_one_have_nothing_to_draw(fit):
    with pytest.raises(
        DataError, match="every one has leverage 1, as there are as many coefficients as rows"
    ):
        fit("y ~ x", {"x": [0.0, 1.0], "y": [1.0, 3.0]}).plot()
