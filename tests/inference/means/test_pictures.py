"""Marginal means drawn: what stands where."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, FitError, emmeans, emmeans_plot, emmip, glm, lm, pairs

matplotlib.use("Agg")
FILE = Path(__file__).parents[2] / "reference" / "means" / "emmeans.json.gz"


@cache
def table(name):
    columns = json.loads(gzip.decompress(FILE.read_bytes()))["data"][name]
    return pd.DataFrame(
        {
            column: pd.Categorical(kept["values"], kept["levels"]) if "levels" in kept else kept["values"]
            for column, kept in columns.items()
        }
    )


@cache
def fit(name):
    return {
        "wb": lambda: lm("breaks ~ wool * tension", table("warpbreaks")),
        "wbpois": lambda: glm("breaks ~ wool * tension", table("warpbreaks"), "poisson"),
        "sprays": lambda: glm("count ~ spray", table("sprays"), "poisson"),
        "cov": lambda: lm("mpg ~ cyl * wt + am", table("mt")),
    }[name]()


def em(name, specs):
    return emmeans(fit(name), specs)


@pytest.fixture(autouse=True)
def no_figure_stays():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def test_a_panel_for_each_group_and_a_row_for_each_mean():
    figure = emmeans_plot(em("wb", "~ tension | wool"))
    assert [axis.get_title() for axis in figure.axes] == ["wool = A", "wool = B"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["L", "M", "H"]
    drawn = figure.axes[0].lines[0].get_xdata()
    np.testing.assert_allclose(drawn, em("wb", "~ tension | wool").frame["emmean"][:3])


def test_contrasts_have_a_line_where_there_is_no_difference():
    figure = emmeans_plot(pairs(em("sprays", "~ spray")), type="response")
    assert figure.axes[0].get_xlabel() == "ratio"
    assert any(list(line.get_xdata()) == [1.0, 1.0] for line in figure.axes[0].lines)
    figure = emmeans_plot(pairs(em("wb", "~ tension | wool")))
    assert any(list(line.get_xdata()) == [0.0, 0.0] for line in figure.axes[0].lines)


def test_lines_of_one_factor_over_another():
    figure = emmip(fit("wb"), "wool ~ tension")
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["A", "B"]
    means = em("wb", "~ wool * tension").frame.set_index(["wool", "tension"])["emmean"]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [means["A", t] for t in "LMH"])
    assert axis.get_ylabel() == "linear prediction"


def test_lines_over_a_number_in_panels():
    figure = emmip(fit("cov"), "cyl ~ wt | am", at={"wt": [2, 3, 4]}, intervals=False)
    assert [axis.get_title() for axis in figure.axes] == ["am = 0", "am = 1"]
    assert figure.axes[0].lines[0].get_xdata().tolist() == [2, 3, 4]


def test_means_that_are_made_can_be_drawn():
    figure = emmip(em("wbpois", "~ wool * tension"), "~ tension | wool", type="response")
    assert figure.axes[0].get_ylabel() == "rate"
    with pytest.raises(DataError, match="the means have wool too"):
        emmip(em("wb", "~ wool * tension"), "~ tension")
    with pytest.raises(DataError, match="these means are made"):
        emmip(em("wb", "~ wool * tension"), "wool ~ tension", at={"wool": "A"})


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(FitError, match=r"emmeans_plot\(\) is asked of marginal means"):
        emmeans_plot(fit("wb"))
    with pytest.raises(DataError, match="there are 22 lines"):
        emmip(fit("cov"), "wt ~ cyl", at={"wt": np.linspace(2, 5, 22)})
