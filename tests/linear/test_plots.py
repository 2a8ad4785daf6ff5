"""The panels of a linear model: R's labels, R's points (qqnorm, rstandard of R 4.2.2)."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from reference.linear.load import data_of, fit_of

import glmformula as gf

matplotlib.use("Agg")
X, Y = [-0.9467817563, -0.5334097062, -1.229858759], [-0.9830123118, -0.6223108246, -1.025234044]


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


@pytest.fixture(scope="module")
def fit():
    return gf.lm("mpg ~ wt + hp", data_of("mtcars"), weights="qsec")


def points(axis):
    return np.asarray(axis.collections[0].get_offsets())


def test_labels_are_those_of_plot_lm(fit):
    axes = fit.plot(which=range(1, 7)).axes
    assert [axis.get_title() for axis in axes] == [
        *("Residuals vs Fitted", "Q-Q Residuals", "Scale-Location"),
        *("Cook's distance", "Residuals vs Leverage", "Cook's dist vs Leverage"),
    ]
    assert [axis.get_xlabel() for axis in axes][:4] == [
        *("Fitted values", "Theoretical quantiles", "Fitted values", "Obs. number"),
    ]
    assert axes[1].get_ylabel() == axes[4].get_ylabel() == "Standardized residuals"


def test_points_are_those_of_r(fit):
    residuals, normal = (points(axis) for axis in fit.plot(which=(1, 2)).axes)
    np.testing.assert_allclose(residuals[:, 1], fit.residuals("response"))
    np.testing.assert_allclose(normal[:, 1], fit.rstandard())
    np.testing.assert_allclose(normal[:3, 0], X, rtol=1e-8)
    np.testing.assert_allclose(normal[:3, 1], Y, rtol=1e-8)


def test_a_panel_that_is_not_there(fit):
    with pytest.raises(ValueError, match="which should be numbers from 1 to 6"):
        fit.plot(which=7)


def test_coefficients_are_drawn_with_t_intervals(fit):
    axis = gf.coefficient_plot(fit)
    assert len(axis.get_yticklabels()) == 2
    assert gf.coefficient_plot(fit_of("mtcars").strip_data()) is not None
