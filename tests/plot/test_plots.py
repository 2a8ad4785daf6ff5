"""The data in the artists, not the pixels."""

from __future__ import annotations

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
    poisson,
    profile_plot,
)
from glmformula.datasets import attrition
from glmformula.plot.canvas import smooth

mpl.use("Agg")
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


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
